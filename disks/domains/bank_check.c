/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bank_check.c - tests the space bank from outside, order by order: what it sells, takes back and
 * refuses; limits, exhaustion, destroyed banks, keys of other kinds.
 *
 * Keys: 0 prime bank, 1 bank tool, 2 compare, 3 data creator, 4 a node that is not the bank's, 5 a
 * page that is not, 13 a start key of
 * this domain; power, console. */
#include <string.h>

#include "disks/domains/parts/books.h"
#include "disks/domains/rt/bank.h"
#include "disks/domains/rt/check.h"
#include "disks/domains/rt/slots.h"

enum check_slot {
    SLOT_PRIME = 0,
    SLOT_BANK_TOOL = 1,
    SLOT_COMPARE = 2,
    SLOT_CREATOR = 3,
    SLOT_FOREIGN_NODE = 4,
    SLOT_FOREIGN_PAGE = 5,
    SLOT_A = 6,
    SLOT_B = 7,
    SLOT_C = 8,
    SLOT_BANK = 9,
    SLOT_LOWER = SLOT_TIMER, /* no timer here */
};
static const uint8_t abc[MESSAGE_KEYS] = {SLOT_A, SLOT_B, SLOT_C, SLOT_NONE};
static const uint8_t aab[MESSAGE_KEYS] = {SLOT_A, SLOT_A, SLOT_B, SLOT_NONE};
static const uint8_t abx[MESSAGE_KEYS] = {SLOT_A, SLOT_B, SLOT_FOREIGN_NODE, SLOT_NONE};

static uint64_t held(unsigned slot, enum space kind)
{
    uint64_t count = UINT64_MAX;
    uint64_t code = kind ? bank_query_pages(slot, &count) : bank_query_nodes(slot, &count);
    return code == RC_OK ? count : UINT64_MAX;
}

static uint64_t available(unsigned slot, enum space kind)
{
    uint64_t count = UINT64_MAX;
    uint64_t code = kind ? bank_available_pages(slot, &count) : bank_available_nodes(slot, &count);
    return code == RC_OK ? count : UINT64_MAX;
}

static bool void_key(unsigned slot)
{
    return key_type_of(slot) == RC_DATA_KEY;
}

static void nodes_are_sold_empty_and_taken_back(void)
{
    uint64_t before = held(SLOT_PRIME, SPACE_NODES);
    CHECK_CODE(AKT_BANK, key_type_of(SLOT_PRIME));
    CHECK_CODE(RC_OK, bank_create_node(SLOT_PRIME, SLOT_A));
    CHECK_CODE(AKT_NODE, key_type_of(SLOT_A));
    CHECK(held(SLOT_PRIME, SPACE_NODES) == before + 1);
    for (unsigned slot = 0; slot < NODE_SLOTS; slot++) {
        uint64_t number = 1;
        CHECK_CODE(RC_OK, node_fetch(SLOT_A, slot, SLOT_B));
        CHECK_CODE(RC_DATA_KEY, number_read(SLOT_B, &number));
        CHECK(number == 0);
    }
    CHECK_CODE(RC_OK, node_make_fetch(SLOT_A, 0, SLOT_B));
    CHECK_CODE(RC_OK, node_swap(SLOT_A, 3, SLOT_PRIME, SLOT_NONE));
    CHECK_CODE(RC_OK, bank_sever_node(SLOT_PRIME, SLOT_A, SLOT_C));
    CHECK(void_key(SLOT_A) && void_key(SLOT_B));
    CHECK_CODE(RC_OK, node_fetch(SLOT_C, 3, SLOT_A));
    CHECK_CODE(AKT_BANK, key_type_of(SLOT_A));
    CHECK_CODE(RC_OK, bank_destroy_node(SLOT_PRIME, SLOT_C));
    CHECK(void_key(SLOT_C));
    CHECK_CODE(RC_NOT_THERE, bank_destroy_node(SLOT_PRIME, SLOT_C));
    CHECK(held(SLOT_PRIME, SPACE_NODES) == before);
    CHECK_CODE(RC_OK, bank_create_node(SLOT_PRIME, SLOT_A));
    CHECK_CODE(RC_OK, node_fetch(SLOT_A, 3, SLOT_B));
    CHECK(void_key(SLOT_B));
    CHECK_CODE(RC_OK, bank_destroy_node(SLOT_PRIME, SLOT_A));
}

static void pages_are_sold_zero_and_taken_back(void)
{
    uint64_t before = held(SLOT_PRIME, SPACE_PAGES);
    static const char text[] = "secret";
    CHECK_CODE(RC_OK, bank_create_page(SLOT_PRIME, SLOT_A));
    CHECK_CODE(AKT_PAGE, key_type_of(SLOT_A));
    CHECK_CODE(0, page_test_zero(SLOT_A));
    CHECK_CODE(RC_OK,
               key_order_string(SLOT_A, PAGE_WRITE + 100, text, sizeof(text), NULL, NULL));
    CHECK_CODE(1, page_test_zero(SLOT_A));
    CHECK_CODE(RC_OK, page_make_read_only(SLOT_A, SLOT_B));
    CHECK_CODE(RC_NOT_THERE, bank_destroy_page(SLOT_PRIME, SLOT_B));
    CHECK_CODE(RC_NOT_THERE, bank_sever_page(SLOT_PRIME, SLOT_B, SLOT_C));
    CHECK_CODE(RC_OK, bank_sever_page(SLOT_PRIME, SLOT_A, SLOT_C));
    CHECK(void_key(SLOT_A) && void_key(SLOT_B));
    CHECK_CODE(1, page_test_zero(SLOT_C));
    CHECK_CODE(RC_OK, bank_destroy_page(SLOT_PRIME, SLOT_C));
    CHECK(void_key(SLOT_C));
    CHECK_CODE(RC_OK, bank_create_page(SLOT_PRIME, SLOT_A));
    CHECK_CODE(0, page_test_zero(SLOT_A));
    CHECK_CODE(RC_OK, bank_destroy_page(SLOT_PRIME, SLOT_A));
    CHECK(held(SLOT_PRIME, SPACE_PAGES) == before);
}

static void twos_and_threes_are_all_or_nothing(void)
{
    uint64_t nodes = held(SLOT_PRIME, SPACE_NODES), pages = held(SLOT_PRIME, SPACE_PAGES);
    CHECK_CODE(RC_OK, bank_create_two_nodes(SLOT_PRIME, abc));
    CHECK_CODE(AKT_NODE, key_type_of(SLOT_B));
    CHECK(void_key(SLOT_C));
    CHECK_CODE(RC_NOT_THERE, bank_destroy_two_nodes(SLOT_PRIME, aab));
    CHECK_CODE(RC_NOT_THERE, key_order_slots(SLOT_PRIME, BANK_DESTROY_THREE, abx, NULL));
    CHECK(held(SLOT_PRIME, SPACE_NODES) == nodes + 2);
    CHECK_CODE(RC_OK, bank_destroy_two_nodes(SLOT_PRIME, abc));
    CHECK_CODE(RC_OK, bank_create_three_nodes(SLOT_PRIME, abc));
    CHECK(held(SLOT_PRIME, SPACE_NODES) == nodes + 3);
    CHECK_CODE(1, node_compare(SLOT_A, SLOT_B));
    CHECK_CODE(RC_OK, key_order_slots(SLOT_PRIME, BANK_DESTROY_THREE, abc, NULL));
    CHECK_CODE(RC_OK, bank_create_three_pages(SLOT_PRIME, abc));
    CHECK_CODE(RC_OK, bank_destroy_three_pages(SLOT_PRIME, abc));
    CHECK_CODE(RC_OK, bank_create_two_pages(SLOT_PRIME, abc));
    CHECK_CODE(RC_OK, bank_destroy_two_pages(SLOT_PRIME, abc));
    CHECK(held(SLOT_PRIME, SPACE_NODES) == nodes);
    CHECK(held(SLOT_PRIME, SPACE_PAGES) == pages);
}

/* Keys of the wrong kind, of other objects and of none, to every order that takes one. */
static void foreign_keys_are_refused(void)
{
    static const uint8_t wrong[] = {SLOT_FOREIGN_NODE, SLOT_FOREIGN_PAGE, SLOT_VOID, SLOT_PRIME,
                                    SLOT_CONSOLE, SLOT_C};
    CHECK_CODE(RC_OK, bank_create_node(SLOT_PRIME, SLOT_A));
    CHECK_CODE(RC_OK, node_make_sense(SLOT_A, 0, SLOT_C));
    for (unsigned i = 0; i < sizeof(wrong); i++) {
        check_note("with key %lu:\n", i);
        for (unsigned kind = 0; kind <= BANK_PAGES; kind += BANK_PAGES)
            for (unsigned order = BANK_DESTROY; order <= BANK_SEVER; order++)
                CHECK_CODE(RC_NOT_THERE,
                           key_order_keys(SLOT_PRIME, kind + order, wrong[i], SLOT_NONE));
    }
    CHECK_CODE(RC_NOT_THERE, bank_destroy_page(SLOT_PRIME, SLOT_A));
    CHECK_CODE(AKT_NODE, key_type_of(SLOT_FOREIGN_NODE));
    CHECK_CODE(RC_OK, bank_create_bank(SLOT_PRIME, SLOT_BANK));
    CHECK_CODE(RC_NOT_THERE, bank_destroy_node(SLOT_BANK, SLOT_A));
    CHECK_CODE(RC_NOT_THERE, bank_sever_node(SLOT_BANK, SLOT_A, SLOT_B));
    CHECK_CODE(RC_OK, bank_create_node(SLOT_BANK, SLOT_B));
    CHECK_CODE(RC_NOT_THERE, bank_destroy_node(SLOT_PRIME, SLOT_B));
    CHECK_CODE(RC_OK, bank_destroy_space(SLOT_BANK));
    CHECK_CODE(RC_OK, bank_destroy_node(SLOT_PRIME, SLOT_A));
}

static void unknown_orders_and_wrong_strings_are_refused(void)
{
    static const uint64_t unknown[] = {3, 4, 15, 19, 20, 31, 32, 40, 63, 68, 4096, KT + 5, KT + 6,
                                       UINT64_MAX};
    static const uint64_t with_string[] = {BANK_LIMIT_SMALL, BANK_LIMIT, BANK_LIMIT_RANGE};
    static const uint64_t words[5] = {1, 1, 1, 1, 1}; /* of the range: empty */
    for (unsigned i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
        CHECK_CODE(RC_BAD_ORDER, key_order(SLOT_PRIME, unknown[i]));
        CHECK_CODE(RC_BAD_ORDER, key_order(SLOT_BANK_TOOL, unknown[i]));
    }
    CHECK_CODE(RC_OK, bank_create_bank(SLOT_PRIME, SLOT_BANK));
    for (unsigned i = 0; i < 3; i++)
        for (size_t bytes = 0; bytes <= sizeof(words); bytes++) {
            size_t good = i == 0 ? 4 : i == 1 ? 8 : 99; /* the range is never good */
            for (unsigned kind = 0; bytes != good && kind <= BANK_PAGES; kind += BANK_PAGES)
                CHECK_CODE(RC_FORMAT, key_order_string(SLOT_BANK, kind + with_string[i], words,
                                                       bytes, NULL, NULL));
        }
    CHECK_CODE(RC_OK, order_destroy(SLOT_BANK));
    CHECK_CODE(RC_BAD_ORDER, order_destroy(SLOT_PRIME));
    CHECK_CODE(RC_BAD_ORDER, bank_destroy_space(SLOT_PRIME));
}

static void limits_hold_here_and_above(void)
{
    uint64_t made = 0, lowered = 0;
    int32_t small = -3;
    size_t size_bytes = sizeof(small);
    CHECK_CODE(RC_OK, bank_create_bank(SLOT_PRIME, SLOT_BANK));
    CHECK_CODE(RC_OK, bank_create_bank(SLOT_BANK, SLOT_LOWER));
    uint64_t all = available(SLOT_BANK, SPACE_PAGES);
    CHECK(all == available(SLOT_PRIME, SPACE_PAGES));
    CHECK_CODE(RC_OK, bank_limit_pages(SLOT_BANK, (uint64_t)INT64_MIN, &lowered));
    CHECK(available(SLOT_LOWER, SPACE_PAGES) == 0);
    CHECK_CODE(RC_NO_PAGES, bank_create_page(SLOT_LOWER, SLOT_A));
    CHECK(void_key(SLOT_A));
    CHECK_CODE(RC_OK, bank_limit_pages(SLOT_BANK, 5, &made));
    CHECK(made == 5);
    CHECK_CODE(RC_OK, key_order_string(SLOT_BANK, BANK_PAGES + BANK_LIMIT_SMALL, &small,
                                       sizeof(small), &small, &size_bytes));
    CHECK(small == -3 && available(SLOT_BANK, SPACE_PAGES) == 2);
    CHECK_CODE(RC_NO_PAGES, bank_create_three_pages(SLOT_LOWER, abc));
    CHECK(held(SLOT_LOWER, SPACE_PAGES) == 0);
    CHECK_CODE(RC_OK, bank_create_page(SLOT_LOWER, SLOT_A));
    CHECK_CODE(RC_OK, bank_create_page(SLOT_BANK, SLOT_B));
    CHECK_CODE(RC_NO_PAGES, bank_create_page(SLOT_LOWER, SLOT_C));
    CHECK(held(SLOT_BANK, SPACE_PAGES) == 2 && held(SLOT_LOWER, SPACE_PAGES) == 1);
    CHECK_CODE(RC_OK, bank_limit_pages(SLOT_BANK, (uint64_t)-1, &made));
    CHECK(made == 0);
    CHECK_CODE(RC_OK, bank_create_page(SLOT_PRIME, SLOT_C));
    CHECK_CODE(RC_OK, bank_destroy_page(SLOT_PRIME, SLOT_C));
    CHECK_CODE(RC_OK, bank_destroy_page(SLOT_LOWER, SLOT_A));
    CHECK_CODE(RC_OK, bank_create_page(SLOT_LOWER, SLOT_A));
    CHECK_CODE(RC_OK, bank_destroy_space(SLOT_BANK));
    CHECK(void_key(SLOT_A) && void_key(SLOT_B) && void_key(SLOT_BANK) && void_key(SLOT_LOWER));
    CHECK(available(SLOT_PRIME, SPACE_PAGES) == all);
}

static void ranges_say_where_space_is_bought(void)
{
    uint64_t words[2] = {40, 42};
    CHECK_CODE(RC_OK, bank_create_bank(SLOT_PRIME, SLOT_BANK));
    CHECK_CODE(RC_OK, key_order_string(SLOT_BANK, BANK_PAGES + BANK_LIMIT_RANGE, words,
                                       sizeof(words), NULL, NULL));
    CHECK(available(SLOT_BANK, SPACE_PAGES) == 2);
    CHECK_CODE(RC_OK, bank_create_two_pages(SLOT_BANK, abc));
    CHECK_CODE(RC_NO_PAGES, bank_create_page(SLOT_BANK, SLOT_C));
    words[1] = UINT64_MAX;
    CHECK_CODE(RC_FORMAT, key_order_string(SLOT_BANK, BANK_LIMIT_RANGE, words, sizeof(words), NULL,
                                           NULL));
    CHECK_CODE(RC_OK, bank_destroy_space(SLOT_BANK));
}

static void what_is_forbidden_stays_forbidden(void)
{
    uint64_t made, count;
    CHECK_CODE(RC_OK, bank_create_bank(SLOT_PRIME, SLOT_BANK));
    CHECK_CODE(RC_OK, bank_forbid(SLOT_BANK, BANK_NO_DESTROY, SLOT_A));
    CHECK_CODE(RC_OK, bank_forbid(SLOT_A, BANK_NO_QUERY | BANK_NO_LIMITS, SLOT_B));
    CHECK_CODE(AKT_BANK, key_type_of(SLOT_B));
    CHECK_CODE(RC_BAD_ORDER, bank_destroy_space(SLOT_A));
    CHECK_CODE(RC_BAD_ORDER, order_destroy(SLOT_B));
    CHECK_CODE(RC_OK, bank_query_nodes(SLOT_A, &count));
    CHECK_CODE(RC_BAD_ORDER, bank_query_nodes(SLOT_B, &count));
    CHECK_CODE(RC_BAD_ORDER, bank_available_pages(SLOT_B, &count));
    CHECK_CODE(RC_BAD_ORDER, key_order(SLOT_B, BANK_ALL_STATISTICS));
    CHECK_CODE(RC_OK, bank_limit_nodes(SLOT_A, 1, &made));
    CHECK_CODE(RC_BAD_ORDER, bank_limit_nodes(SLOT_B, 1, &made));
    CHECK_CODE(RC_OK, bank_forbid(SLOT_B, BANK_NO_LIMITS, SLOT_C));
    CHECK_CODE(RC_BAD_ORDER, bank_destroy_space(SLOT_C));
    CHECK_CODE(RC_OK, bank_create_node(SLOT_C, SLOT_LOWER));
    CHECK(held(SLOT_BANK, SPACE_NODES) == 1);
    CHECK_CODE(RC_OK, bank_forbid(SLOT_PRIME, BANK_NO_QUERY, SLOT_C));
    CHECK_CODE(RC_BAD_ORDER, bank_query_nodes(SLOT_C, &count));
    CHECK_CODE(0, bank_verify(SLOT_PRIME, SLOT_C));
    CHECK_CODE(RC_OK, bank_destroy_space(SLOT_BANK));
    CHECK(void_key(SLOT_A) && void_key(SLOT_B) && void_key(SLOT_LOWER));
}

static void a_destroyed_bank_leaves_its_space_to_the_one_above(void)
{
    uint64_t before = held(SLOT_PRIME, SPACE_NODES);
    CHECK_CODE(RC_OK, bank_create_bank(SLOT_PRIME, SLOT_BANK));
    CHECK_CODE(RC_OK, bank_create_bank(SLOT_BANK, SLOT_LOWER));
    CHECK_CODE(RC_OK, bank_create_two_nodes(SLOT_BANK, abc));
    CHECK_CODE(RC_OK, bank_create_node(SLOT_LOWER, SLOT_C));
    CHECK_CODE(RC_OK, order_destroy(SLOT_BANK));
    CHECK(void_key(SLOT_BANK));
    CHECK_CODE(AKT_NODE, key_type_of(SLOT_A));
    CHECK_CODE(RC_OK, bank_destroy_two_nodes(SLOT_PRIME, abc));
    CHECK_CODE(RC_NOT_THERE, bank_destroy_node(SLOT_PRIME, SLOT_C));
    CHECK_CODE(RC_OK, bank_destroy_node(SLOT_LOWER, SLOT_C));
    CHECK_CODE(RC_OK, order_destroy(SLOT_LOWER));
    CHECK(held(SLOT_PRIME, SPACE_NODES) == before);
}

static void counts_are_kept(void)
{
    struct bank_counts counts[2] = {{0}};
    size_t size_bytes = sizeof(counts);
    CHECK_CODE(RC_OK, bank_create_bank(SLOT_PRIME, SLOT_BANK));
    CHECK_CODE(RC_OK, bank_create_three_nodes(SLOT_BANK, abc));
    CHECK_CODE(RC_OK, bank_destroy_node(SLOT_BANK, SLOT_B));
    CHECK_CODE(RC_OK, bank_create_page(SLOT_BANK, SLOT_B));
    CHECK_CODE(RC_OK, bank_node_statistics(SLOT_BANK, &counts[0]));
    CHECK(counts[0].created == 3 && counts[0].destroyed == 1);
    CHECK_CODE(RC_OK, bank_page_statistics(SLOT_BANK, &counts[0]));
    CHECK(counts[0].created == 1 && counts[0].destroyed == 0);
    CHECK_CODE(RC_OK, key_order_string(SLOT_BANK, BANK_ALL_STATISTICS, NULL, 0, counts,
                                       &size_bytes));
    CHECK(size_bytes == sizeof(counts) && counts[0].created == 3 && counts[1].created == 1);
    CHECK_CODE(RC_OK, bank_destroy_space(SLOT_BANK));
}

static void only_banks_are_verified(void)
{
    static const uint8_t wrong[] = {SLOT_FOREIGN_NODE, SLOT_VOID, SLOT_CONSOLE, SLOT_BANK_TOOL};
    CHECK_CODE(AKT_BANK_TOOL, key_type_of(SLOT_BANK_TOOL));
    CHECK_CODE(RC_OK, bank_create_bank(SLOT_PRIME, SLOT_BANK));
    CHECK_CODE(0, bank_verify(SLOT_PRIME, SLOT_BANK));
    CHECK_CODE(0, bank_verify(SLOT_BANK, SLOT_PRIME));
    CHECK_CODE(0, bank_tool_verify(SLOT_BANK_TOOL, SLOT_BANK));
    for (unsigned i = 0; i + 1 < sizeof(wrong); i++)
        CHECK_CODE(1, bank_tool_verify(SLOT_BANK_TOOL, wrong[i]));
    /* A front end key that looks like a bank's, with another keeper. */
    CHECK_CODE(RC_OK, bank_create_node(SLOT_PRIME, SLOT_A));
    CHECK_CODE(RC_OK, data_create_number(SLOT_CREATOR, 0xffe003, SLOT_B));
    CHECK_CODE(RC_OK, node_swap(SLOT_A, RED_FORMAT_SLOT, SLOT_B, SLOT_NONE));
    CHECK_CODE(RC_OK, node_make_front_end(SLOT_A, SLOT_B));
    CHECK_CODE(1, bank_verify(SLOT_PRIME, SLOT_B));
    CHECK_CODE(RC_OK, node_swap(SLOT_A, 14, SLOT_PRIME, SLOT_NONE));
    CHECK_CODE(1, bank_verify(SLOT_PRIME, SLOT_B));
    CHECK_CODE(RC_OK, bank_destroy_node(SLOT_PRIME, SLOT_A));
    CHECK_CODE(RC_OK, bank_destroy_space(SLOT_BANK));
    CHECK_CODE(1, bank_verify(SLOT_PRIME, SLOT_BANK));
}

static void the_tool_makes_limited_banks(void)
{
    uint64_t words[4] = {3, 2, 0, 0};
    struct message message = MESSAGE(BANK_TOOL_LIMITED);
    message.send = words;
    message.send_bytes = 2 * sizeof(words[0]);
    message.send_slots[0] = SLOT_PRIME;
    message.receive_slots[0] = SLOT_BANK;
    CHECK_CODE(RC_OK, key_call(SLOT_BANK_TOOL, &message));
    CHECK(available(SLOT_BANK, SPACE_NODES) == 3 && available(SLOT_BANK, SPACE_PAGES) == 2);
    CHECK_CODE(RC_OK, bank_destroy_space(SLOT_BANK));
    message.code = BANK_TOOL_SUBRANGE;
    CHECK_CODE(RC_FORMAT, key_call(SLOT_BANK_TOOL, &message));
    memcpy(words, (const uint64_t[]){10, 20, 30, 35}, sizeof(words));
    message.code = BANK_TOOL_SUBRANGE;
    message.send_bytes = sizeof(words);
    CHECK_CODE(RC_OK, key_call(SLOT_BANK_TOOL, &message));
    CHECK(available(SLOT_BANK, SPACE_NODES) <= 10 && available(SLOT_BANK, SPACE_PAGES) == 5);
    CHECK_CODE(RC_OK, bank_destroy_space(SLOT_BANK));
    CHECK_CODE(RC_OK, bank_tool_create(SLOT_BANK_TOOL, SLOT_PRIME, SLOT_BANK));
    CHECK_CODE(RC_OK, bank_destroy_space(SLOT_BANK));
    CHECK_CODE(RC_NOT_THERE, bank_tool_create(SLOT_BANK_TOOL, SLOT_CONSOLE, SLOT_BANK));
}

/* Everything is bought, until nothing is left; then all of it is given back in one order. */
static void the_whole_store_can_be_bought(void)
{
    CHECK_CODE(RC_OK, bank_create_bank(SLOT_PRIME, SLOT_BANK));
    uint64_t nodes = available(SLOT_PRIME, SPACE_NODES), pages = available(SLOT_PRIME, SPACE_PAGES);
    uint64_t count = 0;
    while (bank_create_node(SLOT_BANK, SLOT_A) == RC_OK)
        count++;
    CHECK(count == nodes && available(SLOT_PRIME, SPACE_NODES) == 0);
    CHECK_CODE(RC_NO_NODES, bank_create_node(SLOT_PRIME, SLOT_A));
    CHECK_CODE(RC_NO_NODES, bank_create_bank(SLOT_BANK, SLOT_LOWER));
    CHECK_CODE(RC_NO_NODES, bank_forbid(SLOT_BANK, BANK_NO_LIMITS, SLOT_LOWER));
    for (count = 0; bank_create_page(SLOT_BANK, SLOT_B) == RC_OK;)
        count++;
    CHECK(count == pages);
    CHECK_CODE(RC_NO_PAGES, bank_create_two_pages(SLOT_PRIME, abc));
    CHECK_CODE(RC_OK, bank_destroy_space(SLOT_BANK));
    CHECK(available(SLOT_PRIME, SPACE_NODES) == nodes + 1);
    CHECK(available(SLOT_PRIME, SPACE_PAGES) == pages);
    CHECK(void_key(SLOT_B));
}

/* A message whose answer is to go to a domain that never takes it must not stop the bank. */
static void a_start_key_to_be_answered_is_ignored(void)
{
    struct message message = MESSAGE(BANK_CREATE);
    uint64_t before = held(SLOT_PRIME, SPACE_NODES);
    CHECK_CODE(RC_OK, bank_create_bank(SLOT_PRIME, SLOT_BANK));
    message.send_slots[3] = SLOT_TEMPORARY; /* this domain runs */
    (void)key_fork(SLOT_BANK, &message);
    CHECK(held(SLOT_BANK, SPACE_NODES) == 1);
    CHECK_CODE(RC_OK, bank_destroy_space(SLOT_BANK));
    CHECK(held(SLOT_PRIME, SPACE_NODES) == before);
}

int domain_main(uint64_t argument_0, uint64_t argument_1)
{
    (void)argument_0;
    (void)argument_1;
    nodes_are_sold_empty_and_taken_back();
    pages_are_sold_zero_and_taken_back();
    twos_and_threes_are_all_or_nothing();
    foreign_keys_are_refused();
    unknown_orders_and_wrong_strings_are_refused();
    limits_hold_here_and_above();
    ranges_say_where_space_is_bought();
    what_is_forbidden_stays_forbidden();
    a_destroyed_bank_leaves_its_space_to_the_one_above();
    counts_are_kept();
    only_banks_are_verified();
    the_tool_makes_limited_banks();
    a_start_key_to_be_answered_is_ignored();
    the_whole_store_can_be_bought();
    CHECK_CODE(0, bank_check_books(SLOT_PRIME));
    check_end("bank");
    return 0;
}
