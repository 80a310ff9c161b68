/* SPDX-License-Identifier: GPL-2.0-or-later */
/* key_domain_tool.c - the domain tool: opens the domains that carry a brand, for who holds both.
 * Called by order.c. Source: KeyKOS jmiscc.c.
 *
 * Invariants
 *  1. A root node's slot DOMAIN_SLOT_BRAND is compared as a key, with the one given; both are
 *     settled first, so that void keys, which are data keys, match nothing.
 */
#include "kernel/keys.h"
#include "kernel/red.h"

/* A node whose slots say what they are. NULL: it is part of a domain that cannot be dissolved. */
static struct node_frame *plain(struct node_frame *node)
{
    domain_plain(node);
    return node->role == NODE_PLAIN ? node : NULL;
}

/* The root that a key names, if it carries the brand of the message. FETCH_VOID: it does not. */
static enum fetch branded(struct invocation *invocation, struct key *key,
                          struct node_frame **root)
{
    struct key *brand = &invocation->message.keys[1];
    enum fetch fetch = key_node(key, root);
    if (fetch != FETCH_PRESENT)
        return fetch;
    if ((*root)->role == NODE_REGISTERS && !plain(*root))
        return FETCH_VOID;
    struct key *mark = &(*root)->slots[DOMAIN_SLOT_BRAND];
    if (!key_settle(brand) || !key_settle(mark))
        return FETCH_STALL;
    return key_type(brand) != KEY_DATA && key_equal(brand, mark) ? FETCH_PRESENT : FETCH_VOID;
}

/* The keeper of a segment or meter in the message. FETCH_VOID: there is none. */
static enum fetch keeper_slot(struct invocation *invocation, struct node_frame **node,
                              struct key **keeper)
{
    struct key *key = &invocation->message.keys[0];
    bool meter = invocation->message.code >= DOMAIN_TOOL_METER;
    if (!key_in(key, meter ? KEY_SET(KEY_METER) : KEY_SET(KEY_SEGMENT) | KEY_SET(KEY_FRONT_END)))
        return FETCH_VOID;
    bool red = !(key_data_byte(key) & KEY_SIZE_CODE);
    enum fetch fetch = key_node(key, node);
    if (fetch != FETCH_PRESENT)
        return fetch;
    *keeper = NULL;
    if (plain(*node))
        *keeper = meter ? &(*node)->slots[METER_SLOT_KEEPER] : red ? red_keeper(*node) : NULL;
    return *keeper ? FETCH_PRESENT : FETCH_VOID;
}

/* MAKE, and the three that identify a gate key; from SEGMENT and METER on those of a keeper. */
enum invoked domain_tool(struct invocation *invocation)
{
    static const uint8_t types[] = {KEY_NODE, KEY_START, KEY_RESUME, KEY_DOMAIN};
    uint64_t code = invocation->message.code;
    enum key_type wanted = (enum key_type)types[code % 4];
    struct key *key = &invocation->message.keys[0];
    struct node_frame *node = NULL, *root;
    enum fetch fetch = FETCH_PRESENT;
    if (code >= DOMAIN_TOOL_SEGMENT)
        fetch = keeper_slot(invocation, &node, &key);
    if (fetch == FETCH_PRESENT &&
        (key_type(key) != wanted || (wanted == KEY_NODE && (key_data_byte(key) & KEY_READ_ONLY))))
        fetch = FETCH_VOID;
    if (fetch == FETCH_PRESENT)
        fetch = branded(invocation, key, &root);
    if (fetch != FETCH_PRESENT)
        return invoke_unfetched(invocation, fetch, RC_NOT_THERE);
    if (node)
        invocation->reply.keys[1] = node_key(KEY_NODE, 0, node);
    return invoke_answer_key(invocation,
                             node_key(wanted == KEY_NODE ? KEY_DOMAIN : KEY_NODE, 0, root));
}
static_assert(DOMAIN_TOOL_MAKE % 4 == 0 && DOMAIN_TOOL_START % 4 == 1 &&
                  DOMAIN_TOOL_SEGMENT % 4 == 1 && DOMAIN_TOOL_METER % 4 == 1,
              "domain_tool() takes orders apart");
