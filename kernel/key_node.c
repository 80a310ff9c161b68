/* SPDX-License-Identifier: GPL-2.0-or-later */
/* key_node.c - orders on node, fetch, sense and segment keys, and comparing domain keys. Called by
 * order.c. Sources: KeyKOS jnodec.c, jsegmntc.c and jsensec.c.
 *
 * Invariants
 *  1. A node that is part of a cached domain is made plain before its slots are read or written;
 *     one that is part of the sender itself cannot be, and traps as an overlap.
 */
#include "kernel/keeper.h"
#include "kernel/keys.h"

#define RESTRICTIONS (KEY_READ_ONLY | KEY_NO_CALL)

/* Make the node plain. false: it traps. */
static bool opened(struct invocation *invocation)
{
    domain_plain(invocation->node);
    if (invocation->node->role == NODE_PLAIN)
        return true;
    keeper_call(invocation->sender, TRAP_DOMAIN_OVERLAP, invocation->message.code);
    return false;
}

/* The authority that a key made from this one starts with: restrictions only grow, and how a
 * segment is laid out does not change. */
static uint8_t made_data_byte(const struct invocation *invocation)
{
    uint8_t given, own = key_data_byte(invocation->key);
    if (invocation->message.length_bytes == 0)
        return own;
    (void)invoke_string(invocation, &given, 1);
    if (key_type(invocation->key) == KEY_SEGMENT)
        return own | (given & RESTRICTIONS);
    return given | (own & RESTRICTIONS);
}

enum invoked node_make(struct invocation *invocation)
{
    static const uint8_t types[] = {KEY_FETCH, KEY_SEGMENT, KEY_METER,
                                    KEY_NODE,  KEY_SENSE,   KEY_FRONT_END};
    enum key_type type = (enum key_type)types[invocation->message.code - NODE_MAKE_FETCH];
    uint8_t data_byte = made_data_byte(invocation);
    if (type == KEY_METER || type == KEY_FRONT_END)
        data_byte = 0;
    if (key_type(invocation->key) == KEY_SENSE)
        type = KEY_SENSE;
    return invoke_answer_key(invocation, node_key(type, data_byte, invocation->node));
}

enum invoked node_fetch(struct invocation *invocation)
{
    if (!opened(invocation))
        return INVOKED_GONE;
    const struct key *key = &invocation->node->slots[invocation->message.code - NODE_FETCH];
    bool weak = key_type(invocation->key) == KEY_SENSE;
    return invoke_answer_key(invocation, weak ? key_weaken(key) : *key);
}

enum invoked node_swap(struct invocation *invocation)
{
    unsigned slot = (unsigned)(invocation->message.code - NODE_SWAP);
    if (!opened(invocation))
        return INVOKED_GONE;
    commit_point(invocation);
    invocation->reply.keys[0] = invocation->node->slots[slot];
    node_slot_set(invocation->node, slot, &invocation->message.keys[0]);
    return invoke_answer(invocation, RC_OK);
}

enum invoked node_clear(struct invocation *invocation)
{
    struct key zero = key_number(0);
    if (!opened(invocation))
        return INVOKED_GONE;
    commit_point(invocation);
    for (unsigned slot = 0; slot < NODE_SLOTS; slot++)
        node_slot_set(invocation->node, slot, &zero);
    return invoke_answer(invocation, RC_OK);
}

enum invoked node_write_data(struct invocation *invocation)
{
    uint64_t words[2]; /* slot, number */
    (void)invoke_string(invocation, words, sizeof(words));
    if (words[0] >= NODE_SLOTS)
        return invoke_answer(invocation, RC_FORMAT);
    if (!opened(invocation))
        return INVOKED_GONE;
    struct key key = key_number(words[1]);
    commit_point(invocation);
    node_slot_set(invocation->node, (unsigned)words[0], &key);
    return invoke_answer(invocation, RC_OK);
}

/* The node of another such key in the message. INVOKED_DONE: *node is set, NULL for none. */
static enum invoked other_node(struct invocation *invocation, struct node_frame **node)
{
    struct key *key = &invocation->message.keys[0];
    bool domain = key_type(invocation->key) == KEY_DOMAIN;
    uint32_t set = domain ? KEY_SET(KEY_DOMAIN) : KEY_SET_NODE_LIKE;
    *node = NULL;
    if (key_in(key, set) && key_node(key, node) == FETCH_STALL)
        return INVOKED_STALL;
    return INVOKED_DONE;
}

enum invoked node_compare(struct invocation *invocation)
{
    struct node_frame *node;
    if (other_node(invocation, &node) == INVOKED_STALL)
        return INVOKED_STALL;
    return invoke_answer(invocation, node == invocation->node ? 0 : 1);
}

enum invoked node_clone(struct invocation *invocation)
{
    struct node_frame *source;
    if (other_node(invocation, &source) == INVOKED_STALL)
        return INVOKED_STALL;
    if (!source || key_type(&invocation->message.keys[0]) == KEY_SEGMENT)
        return invoke_answer(invocation, RC_FORMAT);
    domain_plain(source);
    if (source->role != NODE_PLAIN)
        return invoke_answer(invocation, RC_FORMAT);
    if (!opened(invocation))
        return INVOKED_GONE;
    bool weak = key_type(&invocation->message.keys[0]) == KEY_SENSE;
    commit_point(invocation);
    for (unsigned slot = 0; slot < NODE_SLOTS; slot++) {
        struct key key = weak ? key_weaken(&source->slots[slot]) : source->slots[slot];
        node_slot_set(invocation->node, slot, &key);
    }
    return invoke_answer(invocation, RC_OK);
}

enum invoked node_data_byte(struct invocation *invocation)
{
    return invoke_answer(invocation, key_data_byte(invocation->key));
}
