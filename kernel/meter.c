/* SPDX-License-Identifier: GPL-2.0-or-later */
/* meter.c - charging processor time. Called by sched at every tick and before idling; calls
 * object. */
#include "kernel/meter.h"

static struct {
    uint64_t pending_cycles; /* not yet taken off the node */
} meter;

void meter_charge(uint64_t cycles)
{
    meter.pending_cycles += cycles;
    struct node_frame *node = object_node_present(OBJECT_ID_PRIME_METER);
    if (!node || key_type(&node->slots[METER_SLOT_COUNTER]) != KEY_DATA)
        return;
    struct key counter = node->slots[METER_SLOT_COUNTER];
    counter.count -= counter.count < meter.pending_cycles ? counter.count : meter.pending_cycles;
    meter.pending_cycles = 0;
    node_slot_set(node, METER_SLOT_COUNTER, &counter);
}

enum invoked meter_invoke(struct invocation *invocation)
{
    switch (invocation->message.code) {
    case ORDER_TYPE:
        return invoke_answer(invocation, AKT_METER);
    default:
        return invoke_answer(invocation, RC_BAD_ORDER);
    }
}
