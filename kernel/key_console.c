/* SPDX-License-Identifier: GPL-2.0-or-later */
/* key_console.c - the console key: raw bytes to and from the uart. Called by order.c and, when
 * bytes have come, by driver.c.
 *
 * Invariants
 *  1. Bytes are handed out in the order in which they came, each once; when the ring is full new
 *     ones stay in the uart, which no longer interrupts for them.
 *  2. A reader that finds nothing waits with its pc at the call.
 */
#include "kernel/driver/devices.h"
#include "kernel/driver/uart.h"
#include "kernel/keys.h"
#include "kernel/sched.h"

static struct {
    uint32_t taken, put; /* counts; put - taken bytes are in the ring */
    struct queue readers;
} console;
static struct {
    uint8_t ring[LIMIT_CONSOLE_BYTES];
    uint8_t outgoing[LIMIT_CONSOLE_BYTES]; /* the bytes of the read being answered */
} kept;

/* Move what has come into the ring, as far as there is room. */
static void ring_fill(void)
{
    uint8_t byte;
    while (console.put - console.taken < LIMIT_CONSOLE_BYTES && uart_read(&byte))
        kept.ring[console.put++ % LIMIT_CONSOLE_BYTES] = byte;
    uart_listen(console.put - console.taken < LIMIT_CONSOLE_BYTES);
}

void console_received(void)
{
    ring_fill();
    if (console.put != console.taken)
        sched_wake_all(&console.readers);
}

enum invoked console_read(struct invocation *invocation)
{
    ring_fill();
    uint32_t count = console.put - console.taken;
    size_t most = invoke_reply_room(invocation);
    if (!uart_present() || most == 0)
        return invoke_answer(invocation, uart_present() ? RC_FORMAT : RC_DEVICE);
    if (count == 0)
        return invoke_wait(invocation, &console.readers);
    if (count > most)
        count = (uint32_t)most;
    commit_point(invocation);
    for (uint32_t i = 0; i < count; i++)
        kept.outgoing[i] = kept.ring[console.taken++ % LIMIT_CONSOLE_BYTES];
    uart_listen(true);
    return invoke_answer_string(invocation, kept.outgoing, count);
}

enum invoked console_write(struct invocation *invocation)
{
    if (!uart_present())
        return invoke_answer(invocation, RC_DEVICE);
    commit_point(invocation);
    for (unsigned i = 0; i < 2; i++) {
        const struct piece *piece = &invocation->message.string.piece[i];
        for (uint32_t at = 0; at < piece->size_bytes; at++)
            uart_write(piece->data[at]);
    }
    return invoke_answer(invocation, RC_OK);
}
