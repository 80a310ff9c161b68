/* SPDX-License-Identifier: GPL-2.0-or-later */
/* main.c - fresh segments: one domain that keeps all of them. Protocol: rt/fresh.h.
 *
 * It has no state of its own: all that is to be known of a segment is in the segment's two nodes,
 * which come with each message. Each segment has a bank of its own below the one its creator gave,
 * so that destroying it is one order to the bank. Banks are verified before they are used, and no
 * other key of a client is invoked, so that one client cannot keep this domain from the others.
 *
 * Keys: enum fresh_slot.
 */
#include <string.h>

#include "disks/domains/fresh/segment.h"
#include "disks/domains/rt/front.h"

/* Slots of the state node. */
enum state_slot {
    STATE_BANK = 0, /* the segment's own */
    STATE_RED = 1,  /* the red node, all rights */
    STATE_LIMIT = 2,
    STATE_LENGTH = 3,
    STATE_FROZEN = 4,
    STATE_META = 5,
    STATE_SIZE_CODE = 6
};

static struct {
    struct words_message message;
    /* Of the segment in hand. */
    uint64_t limit, length;
    unsigned size_code;
    bool frozen, read_only;
} fresh;

static bool string_is(unsigned words)
{
    return fresh.message.in.length_bytes == words * sizeof(uint64_t);
}

static uint64_t answer_word(uint64_t word)
{
    fresh.message.out = (struct key_words){{word}, sizeof(word)};
    return RC_OK;
}

static uint64_t answer_key(uint64_t code)
{
    if (code == RC_OK)
        fresh.message.send_slots[0] = SLOT_KEY;
    return code;
}

static uint64_t state_read(enum state_slot slot)
{
    uint64_t number = 0;
    (void)node_fetch(SLOT_STATE, slot, SLOT_CHILD);
    (void)number_read(SLOT_CHILD, &number);
    return number;
}

static void state_write(enum state_slot slot, uint64_t number)
{
    (void)data_create_number(SLOT_DATA, number, SLOT_CHILD);
    (void)node_swap(SLOT_STATE, slot, SLOT_CHILD, SLOT_NONE);
}

/* Take the segment whose red node is in SLOT_NODE in hand. */
static void segment_open(void)
{
    fresh.read_only = (node_data_byte(SLOT_NODE) & KEY_READ_ONLY) != 0;
    (void)node_fetch(SLOT_NODE, SEGMENT_STATE, SLOT_STATE);
    (void)node_fetch(SLOT_STATE, STATE_RED, SLOT_RED);
    (void)node_fetch(SLOT_STATE, STATE_BANK, SLOT_BANK);
    fresh.limit = state_read(STATE_LIMIT);
    fresh.length = state_read(STATE_LENGTH);
    fresh.frozen = state_read(STATE_FROZEN) != 0;
    fresh.size_code = (unsigned)state_read(STATE_SIZE_CODE);
}

/* A bank below the one in SLOT_KEY, and two nodes from it: the red one and the state. */
static uint64_t space_buy(void)
{
    const uint8_t nodes[MESSAGE_KEYS] = {SLOT_RED, SLOT_STATE, SLOT_NONE, SLOT_NONE};
    if (bank_tool_verify(SLOT_BANK_TOOL, SLOT_KEY) != 0)
        return RC_NOT_PROMPT;
    if (bank_create_bank(SLOT_KEY, SLOT_BANK) != RC_OK)
        return RC_NO_SPACE;
    if (bank_create_two_nodes(SLOT_BANK, nodes) == RC_OK)
        return RC_OK;
    (void)bank_destroy_space(SLOT_BANK);
    return RC_NO_SPACE;
}

/* A new segment, in hand, from the bank in SLOT_KEY. Its key is the answer. */
static uint64_t segment_create(uint64_t limit)
{
    unsigned size_code = segment_size_code(limit);
    if (size_code == 0 || limit == 0)
        return RC_FORMAT;
    uint64_t code = space_buy();
    if (code != RC_OK)
        return code;
    const uint64_t format = (uint64_t)RED_NO_SLOT << 20 | (uint64_t)RED_NO_SLOT << 16 |
                            SEGMENT_KEEPER << 12 | SEGMENT_SLOTS << 4 | size_code;
    (void)node_swap(SLOT_STATE, STATE_BANK, SLOT_BANK, SLOT_NONE);
    (void)node_swap(SLOT_STATE, STATE_RED, SLOT_RED, SLOT_NONE);
    state_write(STATE_LIMIT, limit);
    state_write(STATE_SIZE_CODE, size_code);
    (void)node_swap(SLOT_RED, SEGMENT_STATE, SLOT_STATE, SLOT_NONE);
    (void)node_swap(SLOT_RED, SEGMENT_KEEPER, SLOT_SELF, SLOT_NONE);
    (void)data_create_number(SLOT_DATA, format, SLOT_CHILD);
    (void)node_swap(SLOT_RED, RED_FORMAT_SLOT, SLOT_CHILD, SLOT_NONE);
    fresh.limit = limit;
    fresh.length = 0;
    fresh.size_code = size_code;
    fresh.frozen = fresh.read_only = false;
    return answer_key(node_make_segment(SLOT_RED, 0, SLOT_KEY));
}

static void length_reaches(uint64_t length)
{
    if (length <= fresh.length)
        return;
    fresh.length = length;
    state_write(STATE_LENGTH, length);
}

/* Somebody touched memory that is not there. */
static uint64_t fault(void)
{
    uint64_t offset = fresh.message.in.word[0], why = fresh.message.in.word[1];
    if (!string_is(2))
        return RC_FORMAT;
    bool missing = why == MEMORY_NO_KEY || why == MEMORY_OUTSIDE;
    if (!missing || fresh.frozen || offset >= fresh.limit)
        return why ? why : MEMORY_OUTSIDE;
    if (segment_add(fresh.size_code, offset) != RC_OK)
        return why;
    length_reaches(offset / PAGE_BYTES * PAGE_BYTES + PAGE_BYTES);
    return RC_OK;
}

/* A key with these restrictions and those that the key used has. */
static uint64_t restricted(uint8_t data_byte)
{
    if (fresh.read_only)
        data_byte |= KEY_READ_ONLY;
    return answer_key(node_make_segment(SLOT_RED, data_byte, SLOT_KEY));
}

static uint64_t truncate(void)
{
    if (!string_is(1) || fresh.message.in.word[0] > fresh.limit)
        return RC_FORMAT;
    if (fresh.message.in.word[0] < fresh.length)
        segment_cut(fresh.size_code, fresh.message.in.word[0]);
    state_write(STATE_LENGTH, fresh.message.in.word[0]);
    return RC_OK;
}

static uint64_t limit_set(void)
{
    uint64_t limit = fresh.message.in.word[0];
    if (!string_is(1) || limit < fresh.length || limit == 0 ||
        limit > segment_capacity(fresh.size_code))
        return RC_FORMAT;
    state_write(STATE_LIMIT, limit);
    return RC_OK;
}

/* All that lies in the red node becomes read-only, and with it everybody's view of it. */
static uint64_t freeze(void)
{
    for (unsigned slot = 0; slot < SEGMENT_SLOTS; slot++) {
        (void)node_fetch(SLOT_RED, slot, SLOT_CHILD);
        uint64_t type = key_type_of(SLOT_CHILD);
        if (type == AKT_NODE)
            (void)node_make_node(SLOT_CHILD, (uint8_t)(node_data_byte(SLOT_CHILD) | KEY_READ_ONLY),
                                 SLOT_CHILD);
        else if (type == AKT_PAGE)
            (void)page_make_read_only(SLOT_CHILD, SLOT_CHILD);
        (void)node_swap(SLOT_RED, slot, SLOT_CHILD, SLOT_NONE);
    }
    state_write(STATE_FROZEN, 1);
    return restricted(KEY_READ_ONLY);
}

/* The segment in hand is the new one; the old one's red node is in SLOT_NODE. Copy the pages in
 * [first, end) of the old one. */
static uint64_t pages_copy(unsigned old_size_code, uint64_t first, uint64_t end)
{
    for (uint64_t offset = first;; offset += PAGE_BYTES) {
        (void)node_make_node(SLOT_NODE, 0, SLOT_RED);
        if (!segment_find(old_size_code, &offset) || offset >= end)
            return RC_OK;
        if (page_make_read_only(SLOT_CHILD, SLOT_SOURCE) != RC_OK)
            return RC_DEVICE;
        (void)node_fetch(SLOT_STATE, STATE_RED, SLOT_RED);
        if (segment_add(fresh.size_code, offset - first) != RC_OK)
            return RC_NO_SPACE;
        uint64_t code = page_copy(SLOT_CHILD, SLOT_SOURCE);
        if (code != RC_OK)
            return code;
    }
}

static uint64_t copy(void)
{
    uint64_t first = 0, end = fresh.length;
    if (!string_is(0)) {
        if (!string_is(2) || fresh.message.in.word[0] % PAGE_BYTES)
            return RC_FORMAT;
        first = fresh.message.in.word[0];
        if (fresh.message.in.word[1] < end - (first < end ? first : end))
            end = first + fresh.message.in.word[1];
    }
    if (first > end)
        first = end;
    unsigned size_code = fresh.size_code;
    (void)node_fetch(SLOT_STATE, STATE_RED, SLOT_NODE); /* with all rights */
    uint64_t code = segment_create(fresh.limit);
    if (code != RC_OK)
        return code;
    code = pages_copy(size_code, first, end);
    if (code == RC_OK && (end - first) % PAGE_BYTES) {
        (void)node_fetch(SLOT_STATE, STATE_RED, SLOT_RED);
        segment_cut(fresh.size_code, end - first);
    }
    length_reaches(end - first);
    if (code != RC_OK) {
        (void)bank_destroy_space(SLOT_BANK);
        fresh.message.send_slots[0] = SLOT_NONE;
    }
    return code;
}

static uint64_t meta_set(void)
{
    if (!string_is(1))
        return RC_FORMAT;
    state_write(STATE_META, fresh.message.in.word[0]);
    return RC_OK;
}

/* Orders that change the segment. */
static uint64_t serve_change(uint64_t order)
{
    if (fresh.read_only || (fresh.frozen && order != ORDER_DESTROY))
        return RC_READ_ONLY;
    switch (order) {
    case FRESH_TRUNCATE:
        return truncate();
    case FRESH_SET_LIMIT:
        return limit_set();
    case FRESH_FREEZE:
        return freeze();
    case FRESH_SET_META:
        return meta_set();
    default:
        return bank_destroy_space(SLOT_BANK);
    }
}

static uint64_t serve_segment(uint64_t order)
{
    segment_open();
    switch (order) {
    case ORDER_KEEPER:
        return fault();
    case ORDER_TYPE:
        return AKT_FRESH | (fresh.read_only ? AKT_READ_ONLY : 0);
    case FRESH_READ_ONLY:
        return restricted(KEY_READ_ONLY);
    case FRESH_NO_CALL:
        return restricted(KEY_NO_CALL);
    case FRESH_READ_ONLY_NO_CALL:
        return restricted(KEY_READ_ONLY | KEY_NO_CALL);
    case FRESH_LENGTH:
        return answer_word(fresh.length);
    case FRESH_GET_LIMIT:
        return answer_word(fresh.limit);
    case FRESH_GET_META:
        return answer_word(state_read(STATE_META));
    case FRESH_COPY:
        return copy();
    case FRESH_SIBLING:
        return segment_create(fresh.limit);
    case FRESH_TRUNCATE:
    case FRESH_SET_LIMIT:
    case FRESH_FREEZE:
    case FRESH_SET_META:
    case ORDER_DESTROY:
        return serve_change(order);
    default:
        return RC_BAD_ORDER;
    }
}

static uint64_t serve_factory(uint64_t order)
{
    if (order == ORDER_TYPE)
        return AKT_FRESH_FACTORY;
    if (order != FRESH_CREATE)
        return RC_BAD_ORDER;
    if (string_is(0))
        return segment_create(FRESH_LIMIT_DEFAULT);
    return string_is(1) ? segment_create(fresh.message.in.word[0]) : RC_FORMAT;
}

int domain_main(uint64_t argument_0, uint64_t argument_1)
{
    (void)argument_0;
    (void)argument_1;
    struct words_message *message = &fresh.message;
    *message = (struct words_message){.send_slots = NO_KEYS, .receive_slots = NO_KEYS};
    message->receive_slots[0] = SLOT_KEY;
    message->receive_slots[FRONT_NODE] = SLOT_NODE;
    for (;;) {
        uint64_t order = serve_words(SLOT_CALLER, SLOT_DISCRIM, message);
        message->out = (struct key_words){.length_bytes = 0};
        memset(message->send_slots, SLOT_NONE, sizeof(message->send_slots));
        message->code =
            message->data_byte == FRESH_KEEPER ? serve_segment(order) : serve_factory(order);
    }
}
