/* SPDX-License-Identifier: GPL-2.0-or-later */
/* key_peek.c - the kernel's counters and their names, for a domain to read. Called by order.c. */
#include "kernel/counter.h"
#include "kernel/keys.h"

uint64_t counters[COUNTER_COUNT];

#define COUNTER_TEXT(name, text) text "\0"
static const char names[] = COUNTERS(COUNTER_TEXT); /* one after another */

/* The index that the string says. false: there is no such counter; the order has been answered. */
static bool index_of(struct invocation *invocation, uint64_t *index)
{
    (void)invoke_string(invocation, index, sizeof(*index));
    if (*index >= COUNTER_COUNT)
        (void)invoke_answer(invocation, RC_NOT_THERE);
    return *index < COUNTER_COUNT;
}

static enum invoked answer_bytes(struct invocation *invocation, const void *bytes,
                                 size_t size_bytes)
{
    invocation->reply.string.piece[0] = (struct piece){(uint8_t *)bytes, (uint32_t)size_bytes};
    invocation->reply.length_bytes = size_bytes;
    return invoke_answer(invocation, RC_OK);
}

enum invoked peek_count(struct invocation *invocation)
{
    return invoke_answer(invocation, COUNTER_COUNT);
}

enum invoked peek_name(struct invocation *invocation)
{
    uint64_t index;
    const char *name = names;
    if (!index_of(invocation, &index))
        return INVOKED_DONE;
    while (index-- > 0)
        name += strlen(name) + 1;
    return answer_bytes(invocation, name, strlen(name));
}

enum invoked peek_read(struct invocation *invocation)
{
    uint64_t index;
    if (!index_of(invocation, &index))
        return INVOKED_DONE;
    return answer_bytes(invocation, &counters[index],
                        (COUNTER_COUNT - index) * sizeof(counters[0]));
}
