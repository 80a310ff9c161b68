/* SPDX-License-Identifier: GPL-2.0-or-later */
/* key_error_log.c - what the kernel printed, for a domain to read. Called by order.c; calls
 * print. */
#include "kernel/keys.h"
#include "kernel/print.h"

enum invoked error_log_read(struct invocation *invocation)
{
    uint64_t from;
    const char *bytes;
    size_t size_bytes;
    (void)invoke_string(invocation, &from, sizeof(from));
    from = print_log(from, &bytes, &size_bytes);
    if (size_bytes > STRING_BYTES_MAX - sizeof(from))
        size_bytes = STRING_BYTES_MAX - sizeof(from);
    enum invoked answered = invoke_answer_bytes(invocation, &from, sizeof(from));
    invocation->reply.string.piece[1] = (struct piece){(uint8_t *)bytes, (uint32_t)size_bytes};
    invocation->reply.length_bytes += size_bytes;
    return answered;
}
