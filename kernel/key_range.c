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

/* An object of the range. */
struct held {
    struct node_frame *node; /* of a node range, else NULL */
    struct page_frame *page;
    uint64_t offset;
    uint64_t code; /* what is answered when it is not there */
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

static uint64_t count_of(const struct held *held)
{
    return held->node ? held->node->allocation_count : held->page->allocation_count;
}

/* Answer with a key to the object. */
static enum invoked answer_key(struct invocation *invocation, const struct held *held)
{
    if (count_of(held) >= ALLOCATION_COUNT_MAX)
        return answer_retired(invocation);
    uint64_t object_id = key_object_id(invocation->key) + held->offset;
    return invoke_answer_key(
        invocation, key_make(held->node ? KEY_NODE : KEY_PAGE, 0, object_id, count_of(held)));
}

/* The object at the offset that the string says. */
static enum fetch object_at(const struct invocation *invocation, struct held *held)
{
    (void)invoke_string(invocation, &held->offset, sizeof(held->offset));
    if (held->offset >= invocation->key->count)
        return FETCH_VOID;
    held->code = RC_DEVICE;
    uint64_t object_id = key_object_id(invocation->key) + held->offset;
    return of_nodes(invocation) ? object_node(object_id, &held->node)
                                : object_page(object_id, &held->page);
}

/* The object of the key in the message. */
static enum fetch object_of_key(struct invocation *invocation, struct held *held)
{
    struct key *key = &invocation->message.keys[0];
    held->offset = key_object_id(key) - key_object_id(invocation->key);
    if (held->offset >= invocation->key->count || (key_data_byte(key) & KEY_READ_ONLY))
        return FETCH_VOID;
    if (of_nodes(invocation) && key_type(key) == KEY_NODE)
        return key_node(key, &held->node);
    if (!of_nodes(invocation) && key_type(key) == KEY_PAGE)
        return key_page(key, &held->page);
    return FETCH_VOID;
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
    if (count_of(held) >= ALLOCATION_COUNT_MAX || checkpoint_no_space())
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

/* MAKE and CREATE say an offset; IDENTIFY and SEVER hold a key. */
enum invoked range_object(struct invocation *invocation)
{
    struct held held = {.code = RC_NOT_THERE};
    uint64_t code = invocation->message.code;
    bool by_key = code == RANGE_IDENTIFY || code == RANGE_SEVER;
    enum fetch fetch = by_key ? object_of_key(invocation, &held) : object_at(invocation, &held);
    if (fetch != FETCH_PRESENT)
        return invoke_unfetched(invocation, fetch, held.code);
    if (code == RANGE_MAKE)
        return answer_key(invocation, &held);
    if (code == RANGE_IDENTIFY)
        return invoke_answer_bytes(invocation, &held.offset, sizeof(held.offset));
    return sever(invocation, &held, code == RANGE_CREATE);
}

enum invoked range_count(struct invocation *invocation)
{
    const uint64_t *count = &invocation->key->count;
    return invoke_answer_bytes(invocation, count, sizeof(*count));
}

enum invoked range_subrange(struct invocation *invocation)
{
    const struct key *key = invocation->key;
    uint64_t words[2]; /* first offset, number */
    (void)invoke_string(invocation, words, sizeof(words));
    if (words[1] == 0 || words[1] > key->count || words[0] > key->count - words[1])
        return invoke_answer(invocation, RC_NOT_THERE);
    return invoke_answer_key(invocation,
                             key_make(key_type(key), 0, key_object_id(key) + words[0], words[1]));
}
