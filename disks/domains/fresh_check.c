/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fresh_check.c - tests fresh segments from outside: a child domain touches them, through keys of
 * all kinds, and this one asks, cuts, copies, freezes and destroys them.
 *
 * Keys: 0 factory, 1 prime bank, 2 creator of creators, 3 domain key of a domain whose memory the
 * child runs in (memory_child.c), 4 meter, 5 keeper of the child, 6 an echo for it; power, console.
 */
#include "disks/domains/memory_child.h"
#include "disks/domains/rt/check.h"
#include "disks/domains/rt/fresh.h"
#include "disks/domains/rt/layout.h"

enum check_slot {
    SLOT_FACTORY = 0,
    SLOT_PRIME = 1,
    SLOT_CREATORS = 2,
    SLOT_PATTERN = 3,
    SLOT_METER = 4,
    SLOT_KEEPER = 5,
    SLOT_PONG = 6,
    SLOT_SEGMENT = 7,
    SLOT_MEMORY = 8, /* node: the child's address space */
    SLOT_CHILD = 9,
    SLOT_BANK = SLOT_TIMER,
    SLOT_A = SLOT_CALLER, /* this domain serves nobody */
};
#define MEMORY_SIZE_CODE 8u
#define SEGMENT_INDEX 1u
#define AT 0x100000000ull /* where the child sees the segment: slot 1 of a node of that size */
#define LIMIT 100000u

static uint64_t touch(uint64_t order, uint64_t word, uint64_t value, uint64_t *answer)
{
    struct key_words words = {{word, value}, 2 * sizeof(word)};
    uint64_t code = key_order_words(SLOT_CHILD, order, &words);
    if (answer)
        *answer = words.word[0];
    return code;
}

static uint64_t load(uint64_t offset)
{
    uint64_t value = 0;
    uint64_t code = touch(MEMORY_LOAD, AT + offset, 0, &value);
    return code == RC_OK ? value : code;
}

static uint64_t store(uint64_t offset, uint64_t value)
{
    return touch(MEMORY_STORE, AT + offset, value, NULL);
}

/* The child sees the segment key in this slot from now on. */
static void show(unsigned slot)
{
    CHECK_CODE(RC_OK, node_swap(SLOT_MEMORY, SEGMENT_INDEX, slot, SLOT_NONE));
}

static uint64_t held(unsigned slot, bool pages)
{
    uint64_t count = UINT64_MAX;
    (void)(pages ? bank_query_pages(slot, &count) : bank_query_nodes(slot, &count));
    return count;
}

static uint64_t length(void)
{
    uint64_t bytes = UINT64_MAX;
    return fresh_length(SLOT_SEGMENT, &bytes) == RC_OK ? bytes : UINT64_MAX;
}

static bool void_key(unsigned slot)
{
    return key_type_of(slot) == RC_DATA_KEY;
}

static void segment_make(uint64_t limit)
{
    CHECK_CODE(RC_OK, fresh_create_limited(SLOT_FACTORY, SLOT_BANK, limit, SLOT_SEGMENT));
    show(SLOT_SEGMENT);
}

/* The segment ends; nothing of it is left. */
static void segment_end(void)
{
    CHECK_CODE(RC_OK, order_destroy(SLOT_SEGMENT));
    CHECK(void_key(SLOT_SEGMENT));
    CHECK(held(SLOT_BANK, false) == 0 && held(SLOT_BANK, true) == 0);
}

static void begin(void)
{
    CHECK_CODE(RC_OK, bank_create_node(SLOT_PRIME, SLOT_MEMORY));
    CHECK_CODE(RC_OK, domain_fetch_root(SLOT_PATTERN, DOMAIN_SLOT_MEMORY, SLOT_A));
    CHECK_CODE(RC_OK, node_swap(SLOT_MEMORY, 0, SLOT_A, SLOT_NONE));
    CHECK_CODE(RC_OK, creators_create(SLOT_CREATORS, SLOT_PRIME, SLOT_A));
    CHECK_CODE(RC_OK, creator_create(SLOT_A, SLOT_PRIME, SLOT_CHILD));
    CHECK_CODE(RC_OK, node_make_segment(SLOT_MEMORY, MEMORY_SIZE_CODE, SLOT_A));
    CHECK_CODE(RC_OK, domain_swap_root(SLOT_CHILD, DOMAIN_SLOT_MEMORY, SLOT_A, SLOT_NONE));
    CHECK_CODE(RC_OK, domain_swap_root(SLOT_CHILD, DOMAIN_SLOT_METER, SLOT_METER, SLOT_NONE));
    CHECK_CODE(RC_OK, domain_swap_root(SLOT_CHILD, DOMAIN_SLOT_KEEPER, SLOT_KEEPER, SLOT_NONE));
    CHECK_CODE(RC_OK, domain_swap(SLOT_CHILD, SLOT_ECHO, SLOT_PONG, SLOT_NONE));
    CHECK_CODE(RC_OK, creator_start_domain(SLOT_CHILD, LAYOUT_ENTRY, LAYOUT_STACK_END));
    CHECK_CODE(RC_OK, domain_make_start(SLOT_CHILD, 0, SLOT_CHILD));
    CHECK_CODE(RC_OK, bank_create_bank(SLOT_PRIME, SLOT_BANK));
}

static void the_factory_wants_a_bank_and_a_limit(void)
{
    uint64_t made, word = 0;
    CHECK_CODE(AKT_FRESH_FACTORY, key_type_of(SLOT_FACTORY));
    CHECK_CODE(RC_BAD_ORDER, key_order(SLOT_FACTORY, 1));
    CHECK_CODE(RC_NOT_PROMPT, fresh_create(SLOT_FACTORY, SLOT_VOID, SLOT_SEGMENT));
    CHECK_CODE(RC_NOT_PROMPT, fresh_create(SLOT_FACTORY, SLOT_PONG, SLOT_SEGMENT));
    CHECK_CODE(RC_FORMAT, fresh_create_limited(SLOT_FACTORY, SLOT_BANK, 0, SLOT_SEGMENT));
    CHECK_CODE(RC_FORMAT,
               fresh_create_limited(SLOT_FACTORY, SLOT_BANK, (1ull << 38) + 1, SLOT_SEGMENT));
    CHECK_CODE(RC_FORMAT,
               key_order_string(SLOT_FACTORY, FRESH_CREATE, &word, 4, NULL, NULL));
    CHECK_CODE(RC_OK, bank_limit_nodes(SLOT_BANK, (uint64_t)INT64_MIN, &made));
    for (unsigned nodes = 0; nodes < 3; nodes++) { /* the bank's door and two nodes */
        CHECK_CODE(RC_NO_SPACE, fresh_create(SLOT_FACTORY, SLOT_BANK, SLOT_SEGMENT));
        CHECK_CODE(RC_OK, bank_limit_nodes(SLOT_BANK, 1, &made));
        CHECK(held(SLOT_BANK, false) == 0);
    }
    CHECK_CODE(RC_OK, fresh_create(SLOT_FACTORY, SLOT_BANK, SLOT_SEGMENT));
    CHECK_CODE(RC_OK, fresh_get_limit(SLOT_SEGMENT, &word));
    CHECK(word == FRESH_LIMIT_DEFAULT);
    CHECK_CODE(RC_OK, bank_limit_nodes(SLOT_BANK, INT64_MAX, &made));
    segment_end();
}

static void what_was_not_touched_is_zero_and_costs_nothing(void)
{
    segment_make(LIMIT);
    CHECK_CODE(AKT_FRESH, key_type_of(SLOT_SEGMENT));
    CHECK(length() == 0 && held(SLOT_BANK, true) == 0);
    CHECK(load(0) == 0);
    CHECK(length() == 4096 && held(SLOT_BANK, true) == 1);
    CHECK_CODE(RC_OK, store(5000, 77));
    CHECK(load(5000) == 77 && load(8184) == 0);
    CHECK(length() == 8192 && held(SLOT_BANK, true) == 2);
    CHECK_CODE(RC_OK, store(65536, 78)); /* the tree grows */
    CHECK(load(65536) == 78 && load(5000) == 77);
    CHECK(length() == 65536 + 4096 && held(SLOT_BANK, true) == 3);
    CHECK_CODE(RC_OK, store(98304, 79));
    CHECK_CODE(RC_NOT_THERE, store(102400, 80));
    CHECK_CODE(RC_NOT_THERE, load(1 << 20));
    CHECK(held(SLOT_BANK, true) == 4 && load(98304) == 79);
    segment_end();
    CHECK_CODE(RC_NOT_THERE, load(0));
}

static void large_segments_are_sparse(void)
{
    static const uint64_t offsets[] = {0xbffffff8, 0, 0x12345678, 0x1000, 0x80000000, 0xfffff8,
                                       0x10000};
    const unsigned count = sizeof(offsets) / sizeof(offsets[0]);
    segment_make(0xc0000000); /* the largest that fits a slot of the child's address space */
    for (unsigned i = 0; i < count; i++)
        CHECK_CODE(RC_OK, store(offsets[i], 1000 + i));
    for (unsigned i = 0; i < count; i++)
        CHECK(load(offsets[i]) == 1000 + i);
    CHECK(held(SLOT_BANK, true) == count);
    CHECK_CODE(RC_OK, fresh_truncate(SLOT_SEGMENT, 0x80000000));
    CHECK(held(SLOT_BANK, true) == count - 2 && load(0xfffff8) == 1005);
    CHECK_CODE(RC_OK, fresh_truncate(SLOT_SEGMENT, 0));
    CHECK(held(SLOT_BANK, true) == 0 && held(SLOT_BANK, false) == 3);
    CHECK(load(0x1000) == 0);
    segment_end();
    segment_make(1ull << 38); /* larger than the slot that it is put into */
    CHECK_CODE(RC_NOT_THERE, load(0));
    segment_end();
}

static void weaker_keys_do_less(void)
{
    segment_make(LIMIT);
    CHECK_CODE(RC_OK, store(0, 1));
    CHECK_CODE(RC_OK, fresh_read_only(SLOT_SEGMENT, SLOT_A));
    CHECK_CODE(AKT_FRESH | AKT_READ_ONLY, key_type_of(SLOT_A));
    CHECK_CODE(RC_READ_ONLY, fresh_truncate(SLOT_A, 0));
    CHECK_CODE(RC_READ_ONLY, fresh_set_meta(SLOT_A, 0));
    CHECK_CODE(RC_READ_ONLY, fresh_freeze(SLOT_A, SLOT_NONE));
    CHECK_CODE(RC_READ_ONLY, order_destroy(SLOT_A));
    CHECK_CODE(RC_OK, fresh_no_call(SLOT_A, SLOT_TEMPORARY)); /* it stays what it was, too */
    CHECK_CODE(AKT_SEGMENT | AKT_READ_ONLY, key_type_of(SLOT_TEMPORARY));
    show(SLOT_A);
    CHECK(load(0) == 1 && load(4096) == 0);
    CHECK_CODE(RC_NOT_THERE, store(0, 2));
    CHECK_CODE(RC_NOT_THERE, store(8192, 2));
    CHECK_CODE(RC_OK, fresh_no_call(SLOT_SEGMENT, SLOT_A));
    show(SLOT_A);
    CHECK_CODE(RC_OK, store(0, 3));
    CHECK(load(0) == 3);
    CHECK_CODE(RC_NOT_THERE, load(20480));
    CHECK_CODE(AKT_SEGMENT, key_type_of(SLOT_A));
    CHECK_CODE(RC_OK, fresh_read_only_no_call(SLOT_SEGMENT, SLOT_A));
    show(SLOT_A);
    CHECK(load(0) == 3);
    CHECK_CODE(RC_OK, store(0, 4)); /* the child's keeper skips it */
    CHECK(load(0) == 3);
    segment_end();
}

static void an_empty_bank_is_told(void)
{
    uint64_t made;
    segment_make(LIMIT);
    CHECK_CODE(RC_OK, bank_limit_pages(SLOT_BANK, (uint64_t)INT64_MIN, &made));
    CHECK_CODE(RC_OK, bank_limit_pages(SLOT_BANK, 1, &made));
    CHECK_CODE(RC_OK, store(0, 1));
    CHECK_CODE(RC_NOT_THERE, store(4096, 1));
    CHECK_CODE(RC_OK, bank_limit_pages(SLOT_BANK, INT64_MAX, &made));
    CHECK_CODE(RC_OK, store(4096, 1));
    CHECK(load(0) == 1);
    segment_end();
}

static void what_is_cut_off_is_zero(void)
{
    segment_make(LIMIT);
    for (uint64_t offset = 0; offset < 98304; offset += 4096)
        CHECK_CODE(RC_OK, store(offset + 4088, offset + 1));
    uint64_t pages = held(SLOT_BANK, true);
    CHECK_CODE(RC_FORMAT, fresh_truncate(SLOT_SEGMENT, LIMIT + 1));
    CHECK_CODE(RC_OK, fresh_truncate(SLOT_SEGMENT, 70000));
    CHECK(length() == 70000 && held(SLOT_BANK, true) == pages - 6);
    CHECK(load(61440 + 4088) == 61441 && load(65536 + 4088) == 65537);
    CHECK(load(69632 + 4088) == 0); /* the rest of its page is clear */
    CHECK(load(73728 + 4088) == 0);
    CHECK(length() == 77824);
    CHECK_CODE(RC_OK, fresh_truncate(SLOT_SEGMENT, 65536));
    CHECK(held(SLOT_BANK, true) == 16);
    CHECK_CODE(RC_OK, fresh_truncate(SLOT_SEGMENT, 0));
    CHECK(held(SLOT_BANK, true) == 0 && held(SLOT_BANK, false) == 3);
    CHECK_CODE(RC_OK, fresh_truncate(SLOT_SEGMENT, 6000));
    CHECK(length() == 6000 && load(0) == 0);
    segment_end();
}

static void limits_and_notes_are_kept(void)
{
    uint64_t word;
    segment_make(LIMIT);
    CHECK_CODE(RC_OK, store(20480, 1));
    CHECK_CODE(RC_FORMAT, fresh_set_limit(SLOT_SEGMENT, 20480));
    CHECK_CODE(RC_FORMAT, fresh_set_limit(SLOT_SEGMENT, 1ull << 30));
    CHECK_CODE(RC_FORMAT, key_order(SLOT_SEGMENT, FRESH_SET_LIMIT));
    CHECK_CODE(RC_OK, fresh_set_limit(SLOT_SEGMENT, 24576));
    CHECK_CODE(RC_NOT_THERE, load(24576));
    CHECK_CODE(RC_OK, fresh_set_limit(SLOT_SEGMENT, 786432));
    CHECK_CODE(RC_OK, store(786432 - 8, 5));
    CHECK_CODE(RC_OK, fresh_get_limit(SLOT_SEGMENT, &word));
    CHECK(word == 786432);
    CHECK_CODE(RC_OK, fresh_set_meta(SLOT_SEGMENT, 0x123456789abcdef0));
    CHECK_CODE(RC_OK, fresh_get_meta(SLOT_SEGMENT, &word));
    CHECK(word == 0x123456789abcdef0);
    CHECK_CODE(RC_BAD_ORDER, key_order(SLOT_SEGMENT, 4));
    CHECK_CODE(RC_BAD_ORDER, key_order(SLOT_SEGMENT, 99));
    segment_end();
}

static void copies_are_their_own(void)
{
    const uint64_t part[2] = {4096, 5000};
    struct message message = MESSAGE(FRESH_COPY);
    segment_make(LIMIT);
    for (uint64_t offset = 0; offset < 5 * 4096; offset += 4096)
        CHECK_CODE(RC_OK, store(offset, offset + 7));
    CHECK_CODE(RC_OK, store(65536 + 8, 9));
    CHECK_CODE(RC_NOT_PROMPT, fresh_copy(SLOT_SEGMENT, SLOT_VOID, SLOT_A));
    CHECK_CODE(RC_OK, fresh_copy(SLOT_SEGMENT, SLOT_BANK, SLOT_A));
    CHECK(held(SLOT_BANK, true) == 12);
    show(SLOT_A);
    CHECK(load(4 * 4096) == 4 * 4096 + 7 && load(65536 + 8) == 9 && load(8) == 0);
    CHECK_CODE(RC_OK, store(0, 1));
    show(SLOT_SEGMENT);
    CHECK(load(0) == 7);
    CHECK_CODE(RC_OK, order_destroy(SLOT_A));
    CHECK_CODE(RC_OK, fresh_read_only(SLOT_SEGMENT, SLOT_A)); /* reading is enough for a copy */
    message.send = part;
    message.send_bytes = sizeof(part);
    message.send_slots[0] = SLOT_BANK;
    message.receive_slots[0] = SLOT_A;
    CHECK_CODE(RC_OK, key_call(SLOT_A, &message));
    show(SLOT_A);
    CHECK(load(0) == 4103 && load(4096) == 8199);
    CHECK_CODE(RC_OK, fresh_truncate(SLOT_A, 0));
    CHECK_CODE(RC_OK, order_destroy(SLOT_A));
    message.send_bytes = 9;
    message.code = FRESH_COPY;
    CHECK_CODE(RC_FORMAT, key_call(SLOT_SEGMENT, &message));
    CHECK_CODE(RC_OK, fresh_sibling(SLOT_SEGMENT, SLOT_BANK, SLOT_A));
    CHECK_CODE(AKT_FRESH, key_type_of(SLOT_A));
    CHECK_CODE(RC_OK, order_destroy(SLOT_A));
    segment_end();
}

static void frozen_is_frozen(void)
{
    segment_make(LIMIT);
    CHECK_CODE(RC_OK, store(0, 1));
    CHECK_CODE(RC_OK, store(65536, 2));
    CHECK_CODE(RC_OK, fresh_freeze(SLOT_SEGMENT, SLOT_A));
    CHECK_CODE(AKT_FRESH | AKT_READ_ONLY, key_type_of(SLOT_A));
    CHECK_CODE(RC_NOT_THERE, store(0, 3)); /* also through the old key */
    CHECK_CODE(RC_NOT_THERE, load(4096));
    CHECK(load(0) == 1 && load(65536) == 2);
    CHECK_CODE(RC_READ_ONLY, fresh_truncate(SLOT_SEGMENT, 0));
    CHECK_CODE(RC_READ_ONLY, fresh_set_limit(SLOT_SEGMENT, LIMIT));
    CHECK_CODE(RC_OK, fresh_copy(SLOT_A, SLOT_BANK, SLOT_A));
    show(SLOT_A);
    CHECK(load(65536) == 2);
    CHECK_CODE(RC_OK, store(0, 4));
    CHECK_CODE(RC_OK, order_destroy(SLOT_A));
    segment_end();
}

/* A message from untouched memory into untouched memory. */
static void strings_bring_pages_too(void)
{
    struct key_words words = {{AT + 4000, 4096, AT + 20000}, 24};
    segment_make(LIMIT);
    CHECK_CODE(RC_OK, key_order_words(SLOT_CHILD, MEMORY_SEND, &words));
    CHECK(load(20000) == 0x0101010101010101 && load(20000 + 4088) == 0x0101010101010101);
    CHECK(load(20000 + 4096) == 0 && load(4000) == 0);
    segment_end();
}

int domain_main(uint64_t argument_0, uint64_t argument_1)
{
    (void)argument_0;
    (void)argument_1;
    begin();
    the_factory_wants_a_bank_and_a_limit();
    what_was_not_touched_is_zero_and_costs_nothing();
    large_segments_are_sparse();
    weaker_keys_do_less();
    an_empty_bank_is_told();
    what_is_cut_off_is_zero();
    limits_and_notes_are_kept();
    copies_are_their_own();
    frozen_is_frozen();
    strings_bring_pages_too();
    check_end("fresh");
    return 0;
}
