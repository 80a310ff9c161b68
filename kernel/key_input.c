/* SPDX-License-Identifier: GPL-2.0-or-later */
/* key_input.c - the input key: events of keyboard and pointer. Called by order.c and, when events
 * have come, by driver.c. A reader that finds nothing waits with its pc at the call. */
#include "kernel/driver/devices.h"
#include "kernel/driver/virtio_input.h"
#include "kernel/keys.h"
#include "kernel/sched.h"

static struct {
    struct input_event outgoing[LIMIT_INPUT_EVENTS]; /* the events of the read being answered */
    struct queue readers;
} input;

void input_received(void)
{
    sched_wake_all(&input.readers);
}

enum invoked input_read(struct invocation *invocation)
{
    enum input_select select = (enum input_select)key_data_byte(invocation->key);
    size_t most = invoke_reply_room(invocation) / sizeof(struct input_event);
    if (select > INPUT_BOTH || !virtio_input_present(select))
        return invoke_answer(invocation, RC_DEVICE);
    if (most == 0)
        return invoke_answer(invocation, RC_FORMAT);
    if (most > LIMIT_INPUT_EVENTS)
        most = LIMIT_INPUT_EVENTS;
    unsigned count = virtio_input_read(select, input.outgoing, (unsigned)most);
    if (count == 0)
        return invoke_wait(invocation, &input.readers);
    return invoke_answer_string(invocation, input.outgoing, count * sizeof(struct input_event));
}
