/* SPDX-License-Identifier: GPL-2.0-or-later */
/* forward.c - a message to a front-end key, or to a red segment key that may call its keeper, goes
 * to the key in the keeper's slot. Called by invoke.c before it looks what kind of key it has.
 * Source: KeyKOS jsegmntc.c.
 *
 * Invariants
 *  1. Nothing but the invocation changes; a stall starts it again from the key that was invoked.
 *  2. The red nodes on the way stay in memory until the operation ends (object.h, invariant 4).
 */
#include "kernel/forward.h"

#include "kernel/counter.h"
#include "kernel/keeper.h"
#include "kernel/keys.h"
#include "kernel/red.h"

/* The slot of the key that is to have the message instead; NULL: this one has it. */
static struct key *keeper_of(const struct invocation *invocation)
{
    const struct key *key = invocation->key;
    if (key_type(key) != KEY_FRONT_END &&
        (key_type(key) != KEY_SEGMENT || (key_data_byte(key) & (KEY_NO_CALL | KEY_SIZE_CODE))))
        return NULL;
    domain_plain(invocation->node);
    return invocation->node->role == NODE_PLAIN ? red_keeper(invocation->node) : NULL;
}

/* Nobody is there. */
enum invoked front_end_any(struct invocation *invocation)
{
    return invoke_answer(invocation, RC_DATA_KEY);
}

bool forward(struct invocation *invocation)
{
    struct key *keeper;
    for (unsigned depth = 0; (keeper = keeper_of(invocation)) != NULL; depth++) {
        struct node_frame *red = invocation->node;
        if (depth == FRONT_END_DEPTH_MAX) {
            keeper_call(invocation->sender, TRAP_FRONT_END_LOOP, invocation->message.code);
            return false;
        }
        if (!(RED_FLAGS(red->slots[RED_FORMAT_SLOT].count) & RED_FLAG_NO_NODE))
            invocation->message.keys[2] = key_make(KEY_NODE, key_data_byte(invocation->key),
                                                   red->object_id, red->allocation_count);
        if (!invoke_key_replace(invocation, keeper))
            return false;
        count_one(FORWARD);
    }
    return true;
}
