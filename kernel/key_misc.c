/* SPDX-License-Identifier: GPL-2.0-or-later */
/* key_misc.c - keys without an object: data, returner, discrim, compare. Called by order.c.
 * Sources: KeyKOS jdatac.c and jmiscc.c. */
#include "kernel/keys.h"

enum invoked data_any(struct invocation *invocation)
{
    const struct key *key = invocation->key;
    const uint64_t words[2] = {key->head & ~0xffffull, key->count};
    unsigned first = invocation->message.code == 1 ? 0 : 1; /* the number: the second */
    (void)invoke_answer_bytes(invocation, &words[first], sizeof(words) - first * sizeof(words[0]));
    return invoke_answer(invocation, RC_DATA_KEY);
}

enum invoked returner_any(struct invocation *invocation)
{
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

enum invoked discrim_type(struct invocation *invocation)
{
    struct key *key = &invocation->message.keys[0];
    if (!key_settle(key))
        return INVOKED_STALL;
    if (key_in(key, KEY_SET_MEMORY))
        return invoke_answer(invocation, 3);
    if (key_type(key) == KEY_DATA)
        return invoke_answer(invocation, 1);
    if (key_type(key) == KEY_RESUME)
        return invoke_answer(invocation, 2);
    return invoke_answer(invocation, key_type(key) == KEY_METER ? 4 : 5);
}

/* Discreet: holding it gives no way to let anything out (what a sense key would hand out
 * unchanged). */
enum invoked discrim_discreet(struct invocation *invocation)
{
    struct key *key = &invocation->message.keys[0];
    if (!key_settle(key))
        return INVOKED_STALL;
    struct key weak = key_weaken(key);
    return invoke_answer(invocation, !key_equal(&weak, key));
}

enum invoked keys_compare(struct invocation *invocation)
{
    struct key *keys = invocation->message.keys;
    if (!key_settle(&keys[0]) || !key_settle(&keys[1]))
        return INVOKED_STALL;
    return invoke_answer(invocation, !key_equal(&keys[0], &keys[1]));
}
