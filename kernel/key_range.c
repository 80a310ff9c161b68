/* SPDX-License-Identifier: GPL-2.0-or-later */
/* key_range.c - node and page ranges: making keys to objects, and making all keys to one void.
 * Called by order.c; calls object, domain, depend. Orders and rules: abi.h. Sources: KeyKOS
 * jnrangec.c and jprangec.c.
 *
 * Invariants
 *  1. When an object's count has changed, no page-table entry, cached domain, queue of callers or
 *     device depends on a key with the old one.
 *  2. No key is ever made with the count ALLOCATION_COUNT_MAX.
 */
#include "kernel/checkpoint.h"
#include "kernel/counter.h"
#include "kernel/depend.h"
#include "kernel/gate.h"
#include "kernel/keeper.h"
#include "kernel/keys.h"
#include "kernel/sched.h"

/* An object of the range, in memory. */
struct held {
    struct node_frame *node; /* of a node range, else NULL */
    struct page_frame *page;
    uint64_t offset;
    uint64_t *count; /* its allocation count */
};

static bool of_nodes(const struct invocation *invocation)
{
    return key_type(invocation->key) == KEY_NODE_RANGE;
}

/* It is retired, or there is no room for changes. */
static enum invoked answer_retired(struct invocation *invocation)
{
    return invoke_answer(invocation, of_nodes(invocation) ? RC_NO_NODES : RC_NO_PAGES);
}

/* Answer with a key to the object. */
static enum invoked answer_key(struct invocation *invocation, const struct held *held)
{
    if (*held->count >= ALLOCATION_COUNT_MAX)
        return answer_retired(invocation);
    invocation->reply.keys[0] =
        key_make(held->node ? KEY_NODE : KEY_PAGE, 0,
                 key_object_id(invocation->key) + held->offset, *held->count);
    return invoke_answer(invocation, RC_OK);
}

/* Was it found? If not, *ended says how the order has ended. */
static bool object_found(struct invocation *invocation, struct held *held, enum fetch fetch,
                         uint64_t code_if_void, enum invoked *ended)
{
    *ended = INVOKED_STALL;
    if (fetch == FETCH_VOID)
        *ended = invoke_answer(invocation, code_if_void);
    if (fetch == FETCH_PRESENT)
        held->count = held->node ? &held->node->allocation_count : &held->page->allocation_count;
    return fetch == FETCH_PRESENT;
}

/* The object at the offset that the string says. false: *ended says how the order has ended. */
static bool object_at(struct invocation *invocation, struct held *held, enum invoked *ended)
{
    enum fetch fetch;
    *held = (struct held){.offset = 0};
    (void)invoke_string(invocation, &held->offset, sizeof(held->offset));
    if (held->offset >= invocation->key->count) {
        *ended = invoke_answer(invocation, RC_NOT_THERE);
        return false;
    }
    uint64_t object_id = key_object_id(invocation->key) + held->offset;
    if (of_nodes(invocation))
        fetch = object_node(object_id, &held->node);
    else
        fetch = object_page(object_id, &held->page);
    return object_found(invocation, held, fetch, RC_DEVICE, ended);
}

/* The object of the key in the message. false: *ended says how the order has ended. */
static bool object_of_key(struct invocation *invocation, struct held *held, enum invoked *ended)
{
    struct key *key = &invocation->message.keys[0];
    enum fetch fetch = FETCH_VOID;
    *held = (struct held){.offset = key_object_id(key) - key_object_id(invocation->key)};
    bool may = held->offset < invocation->key->count && !(key_data_byte(key) & KEY_READ_ONLY);
    if (may && of_nodes(invocation) && key_type(key) == KEY_NODE)
        fetch = key_node(key, &held->node);
    else if (may && !of_nodes(invocation) && key_type(key) == KEY_PAGE)
        fetch = key_page(key, &held->page);
    return object_found(invocation, held, fetch, RC_NOT_THERE, ended);
}

static void node_sever(struct node_frame *node, bool clear)
{
    const struct key zero = key_number(0);
    if (clear) { /* also the process that has this root */
        queue_remove(node);
        gate_grant_return(node);
    }
    sched_wake_all(&node->callers); /* their keys are void: they will be told */
    node_dirty(node);
    node->allocation_count++;
    node->stamp++;
    if (node->call_count < CALL_COUNT_MAX)
        node->call_count++;
    for (unsigned slot = 0; slot < NODE_SLOTS; slot++) {
        if (clear)
            node_slot_set(node, slot, &zero);
        else
            depend_undo(&node->slots[slot], &node->slots[slot].built);
    }
}

static void page_sever(struct page_frame *page, bool clear)
{
    page_dirty(page);
    page->allocation_count++;
    depend_undo(page, &page->built);
    if (clear)
        memset(page->data, 0, PAGE_BYTES);
}

static enum invoked sever(struct invocation *invocation, const struct held *held, bool clear)
{
    if (*held->count >= ALLOCATION_COUNT_MAX || checkpoint_no_space())
        return answer_retired(invocation);
    if (held->node && !domain_dissolve(held->node)) {
        keeper_call(invocation->sender, TRAP_DOMAIN_OVERLAP, invocation->message.code);
        return INVOKED_GONE;
    }
    if (held->page && (object_page_writable(held->page) == FETCH_STALL ||
                       !display_release(held->page)))
        return INVOKED_STALL;
    commit_point(invocation);
    count_one(SEVER);
    if (held->node)
        node_sever(held->node, clear);
    else
        page_sever(held->page, clear);
    return answer_key(invocation, held);
}

enum invoked range_make(struct invocation *invocation)
{
    struct held held;
    enum invoked ended;
    return object_at(invocation, &held, &ended) ? answer_key(invocation, &held) : ended;
}

enum invoked range_identify(struct invocation *invocation)
{
    struct held held;
    enum invoked ended;
    if (!object_of_key(invocation, &held, &ended))
        return ended;
    invoke_reply_bytes(invocation, &held.offset, sizeof(held.offset));
    return invoke_answer(invocation, RC_OK);
}

enum invoked range_sever(struct invocation *invocation)
{
    struct held held;
    enum invoked ended;
    return object_of_key(invocation, &held, &ended) ? sever(invocation, &held, false) : ended;
}

enum invoked range_create(struct invocation *invocation)
{
    struct held held;
    enum invoked ended;
    return object_at(invocation, &held, &ended) ? sever(invocation, &held, true) : ended;
}

enum invoked range_count(struct invocation *invocation)
{
    invoke_reply_bytes(invocation, &invocation->key->count, sizeof(invocation->key->count));
    return invoke_answer(invocation, RC_OK);
}

enum invoked range_subrange(struct invocation *invocation)
{
    const struct key *key = invocation->key;
    uint64_t words[2]; /* first offset, number */
    (void)invoke_string(invocation, words, sizeof(words));
    if (words[1] == 0 || words[1] > key->count || words[0] > key->count - words[1])
        return invoke_answer(invocation, RC_NOT_THERE);
    invocation->reply.keys[0] =
        key_make(key_type(key), 0, key_object_id(key) + words[0], words[1]);
    return invoke_answer(invocation, RC_OK);
}
