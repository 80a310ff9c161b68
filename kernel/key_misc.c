/* SPDX-License-Identifier: GPL-2.0-or-later */
/* key_misc.c - keys without an object: data, returner, discrim, compare; and the weakening of keys.
 * Called by invoke.c and key_node.c. Sources: keykos.md 2.6. */
#include "kernel/keys.h"

#define KEY_SET_HARMLESS                                                                           \
    (KEY_SET(KEY_DATA) | KEY_SET(KEY_RETURNER) | KEY_SET(KEY_DATA_CREATOR) | KEY_SET(KEY_DISCRIM))

struct key key_weaken(const struct key *key)
{
    struct key weak = *key;
    uint64_t read_only_no_call = (uint64_t)(KEY_READ_ONLY | KEY_NO_CALL) << 8;
    if (key_in(key, KEY_SET_HARMLESS))
        return weak;
    if (!key_in(key, KEY_SET_MEMORY))
        return key_number(0);
    if (key_type(key) == KEY_PAGE) {
        weak.head |= (uint64_t)KEY_READ_ONLY << 8;
        return weak;
    }
    weak.head |= read_only_no_call;
    if (key_type(key) != KEY_SEGMENT)
        weak.head = (weak.head & ~0xffull) | KEY_SENSE;
    return weak;
}

enum invoked data_invoke(struct invocation *invocation)
{
    uint8_t bytes[16] = {0};
    size_t size_bytes = 8, offset = 8;
    memcpy(bytes, invocation->key, sizeof(bytes));
    bytes[0] = bytes[1] = 0;
    if (invocation->message.code == 1)
        size_bytes = 16, offset = 0;
    invoke_reply_bytes(invocation, bytes + offset, size_bytes);
    return invoke_answer(invocation, RC_DATA_KEY);
}

enum invoked returner_invoke(struct invocation *invocation)
{
    if (invocation->message.code == ORDER_TYPE)
        return invoke_answer(invocation, AKT_RETURNER);
    invocation->reply.string = invocation->message.string;
    memset(invocation->reply.string.pinned, 0, sizeof(invocation->reply.string.pinned));
    invocation->reply.length_bytes = invocation->message.length_bytes;
    for (unsigned i = 0; i < MESSAGE_KEYS - 1; i++)
        invocation->reply.keys[i] = invocation->message.keys[i];
    return invoke_answer(invocation, invocation->message.code);
}

bool key_settle(struct key *key)
{
    struct node_frame *node;
    struct page_frame *page;
    if (key_names_node(key))
        return key_node(key, &node) != FETCH_STALL;
    return key_type(key) != KEY_PAGE || key_page(key, &page) != FETCH_STALL;
}

static bool keys_settle(struct invocation *invocation)
{
    return key_settle(&invocation->message.keys[0]) && key_settle(&invocation->message.keys[1]);
}

static unsigned discrim_class(const struct key *key)
{
    if (key_in(key, KEY_SET_MEMORY))
        return 3;
    if (key_type(key) == KEY_DATA)
        return 1;
    if (key_type(key) == KEY_RESUME)
        return 2;
    return key_type(key) == KEY_METER ? 4 : 5;
}

/* Discreet: holding it gives no way to let anything out (what a sense key would hand out
 * unchanged). */
static bool discreet(const struct key *key)
{
    struct key weak = key_weaken(key);
    return key_equal(&weak, key);
}

enum invoked discrim_invoke(struct invocation *invocation)
{
    const struct key *keys = invocation->message.keys;
    uint64_t code = invocation->message.code;
    if (code == ORDER_TYPE)
        return invoke_answer(invocation, AKT_DISCRIM);
    if (code > DISCRIM_COMPARE)
        return invoke_answer(invocation, RC_BAD_ORDER);
    if (!keys_settle(invocation))
        return INVOKED_STALL;
    if (code == DISCRIM_TYPE)
        return invoke_answer(invocation, discrim_class(&keys[0]));
    if (code == DISCRIM_DISCREET)
        return invoke_answer(invocation, !discreet(&keys[0]));
    return invoke_answer(invocation, !key_equal(&keys[0], &keys[1]));
}

enum invoked compare_invoke(struct invocation *invocation)
{
    if (invocation->message.code == ORDER_TYPE)
        return invoke_answer(invocation, AKT_COMPARE);
    if (invocation->message.code != 0)
        return invoke_answer(invocation, RC_BAD_ORDER);
    if (!keys_settle(invocation))
        return INVOKED_STALL;
    const struct key *keys = invocation->message.keys;
    return invoke_answer(invocation, !key_equal(&keys[0], &keys[1]));
}
