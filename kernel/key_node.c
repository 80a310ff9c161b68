/* SPDX-License-Identifier: GPL-2.0-or-later */
/* key_node.c - orders on node, fetch, sense and segment keys. Called by invoke.c. Sources:
 * keykos.md 2.6.
 *
 * Invariants
 *  1. A node that is part of a cached domain is made plain before its slots are read or written;
 *     one that is part of the sender itself cannot be, and traps as an overlap.
 */
#include "kernel/keys.h"

#include "kernel/keeper.h"

/* The authority that a key made from this one starts with: restrictions only grow. */
static uint8_t made_data_byte(const struct invocation *invocation)
{
    uint8_t given, own = key_data_byte(invocation->key);
    if (invocation->message.length_bytes == 0)
        return own;
    (void)invoke_string(invocation, &given, 1);
    return given | (own & (KEY_READ_ONLY | KEY_NO_CALL));
}

static enum invoked make(struct invocation *invocation, enum key_type type)
{
    struct node_frame *node = invocation->node;
    uint8_t data_byte = made_data_byte(invocation);
    if (type == KEY_METER || type == KEY_FRONT_END)
        data_byte = 0;
    commit_point(invocation);
    invocation->reply.keys[0] =
        key_make(type, data_byte, node->object_id, node->allocation_count);
    return invoke_answer(invocation, RC_OK);
}

static enum invoked fetch(struct invocation *invocation, unsigned slot)
{
    const struct key *key = &invocation->node->slots[slot];
    commit_point(invocation);
    invocation->reply.keys[0] =
        key_type(invocation->key) == KEY_SENSE ? key_weaken(key) : *key;
    return invoke_answer(invocation, RC_OK);
}

static enum invoked swap(struct invocation *invocation, unsigned slot)
{
    commit_point(invocation);
    invocation->reply.keys[0] = invocation->node->slots[slot];
    node_slot_set(invocation->node, slot, &invocation->message.keys[0]);
    return invoke_answer(invocation, RC_OK);
}

static enum invoked clear(struct invocation *invocation)
{
    struct key zero = key_number(0);
    commit_point(invocation);
    for (unsigned slot = 0; slot < NODE_SLOTS; slot++)
        node_slot_set(invocation->node, slot, &zero);
    return invoke_answer(invocation, RC_OK);
}

/* The node of another node-like key in the message. INVOKED_DONE: *node is set, NULL for none. */
static enum invoked other_node(struct invocation *invocation, struct node_frame **node)
{
    struct key *key = &invocation->message.keys[0];
    *node = NULL;
    if (key_in(key, KEY_SET_NODE_LIKE) && key_node(key, node) == FETCH_STALL)
        return INVOKED_STALL;
    return INVOKED_DONE;
}

static enum invoked compare(struct invocation *invocation)
{
    struct node_frame *node;
    if (other_node(invocation, &node) == INVOKED_STALL)
        return INVOKED_STALL;
    return invoke_answer(invocation, node == invocation->node ? 0 : 1);
}

static enum invoked clone(struct invocation *invocation)
{
    struct node_frame *source;
    if (other_node(invocation, &source) == INVOKED_STALL)
        return INVOKED_STALL;
    if (!source || key_type(&invocation->message.keys[0]) == KEY_SEGMENT)
        return invoke_answer(invocation, RC_FORMAT);
    domain_plain(source);
    if (source->role != NODE_PLAIN)
        return invoke_answer(invocation, RC_FORMAT);
    bool weak = key_type(&invocation->message.keys[0]) == KEY_SENSE;
    commit_point(invocation);
    for (unsigned slot = 0; slot < NODE_SLOTS; slot++) {
        struct key key = weak ? key_weaken(&source->slots[slot]) : source->slots[slot];
        node_slot_set(invocation->node, slot, &key);
    }
    return invoke_answer(invocation, RC_OK);
}

static uint64_t alleged_type(const struct key *key)
{
    uint64_t read_only = key_data_byte(key) & KEY_READ_ONLY ? AKT_READ_ONLY : 0;
    if (key_type(key) == KEY_NODE)
        return AKT_NODE;
    if (key_type(key) == KEY_FETCH)
        return AKT_FETCH;
    if (key_type(key) == KEY_SENSE)
        return AKT_SENSE;
    return AKT_SEGMENT | (uint64_t)(key_data_byte(key) & KEY_SIZE_CODE) << 8 | read_only;
}

/* Orders that change nothing: all node-like keys but segment keys know them. */
static enum invoked read_order(struct invocation *invocation, uint64_t code)
{
    if (code < NODE_FETCH + NODE_SLOTS)
        return fetch(invocation, (unsigned)(code - NODE_FETCH));
    switch (code) {
    case NODE_MAKE_FETCH:
        return make(invocation, key_type(invocation->key) == KEY_SENSE ? KEY_SENSE : KEY_FETCH);
    case NODE_MAKE_SENSE:
        return make(invocation, KEY_SENSE);
    case NODE_DATA_BYTE:
        return invoke_answer(invocation, key_data_byte(invocation->key));
    case NODE_COMPARE:
        return compare(invocation);
    default:
        return invoke_answer(invocation, RC_BAD_ORDER);
    }
}

static enum invoked write_order(struct invocation *invocation, uint64_t code)
{
    if (code >= NODE_SWAP && code < NODE_SWAP + NODE_SLOTS)
        return swap(invocation, (unsigned)(code - NODE_SWAP));
    switch (code) {
    case NODE_MAKE_SEGMENT:
        return make(invocation, KEY_SEGMENT);
    case NODE_MAKE_METER:
        return make(invocation, KEY_METER);
    case NODE_MAKE_NODE:
        return make(invocation, KEY_NODE);
    case NODE_MAKE_FRONT_END:
        return make(invocation, KEY_FRONT_END);
    case NODE_CLEAR:
        return clear(invocation);
    case NODE_CLONE:
        return clone(invocation);
    default:
        return read_order(invocation, code);
    }
}

enum invoked node_invoke(struct invocation *invocation)
{
    enum key_type type = key_type(invocation->key);
    uint64_t code = invocation->message.code;
    if (code == ORDER_TYPE)
        return invoke_answer(invocation, alleged_type(invocation->key));
    if (type == KEY_SEGMENT)
        return invoke_answer(invocation, code == NODE_DATA_BYTE
                                             ? key_data_byte(invocation->key)
                                             : RC_BAD_ORDER);
    domain_plain(invocation->node);
    if (invocation->node->role != NODE_PLAIN) {
        keeper_call(invocation->sender, TRAP_DOMAIN_OVERLAP, code);
        return INVOKED_GONE;
    }
    if (type == KEY_NODE && !(key_data_byte(invocation->key) & KEY_READ_ONLY))
        return write_order(invocation, code);
    return read_order(invocation, code);
}
