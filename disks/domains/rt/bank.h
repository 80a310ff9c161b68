/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bank.h - space banks: where nodes and pages come from, and where they go back to. Orders of
 * KeyKOS.
 *
 * Served by bank/. A bank sells nodes and pages; what it sells is all zero, and nobody else has a
 * key to it. Banks form a tree under the prime bank. An object is bought from one bank and counts
 * for all banks above it; each bank has limits on how much may be held.
 *
 * Destroying an object voids all keys to it. Destroying a bank gives what was bought from it to the
 * bank above; destroying a bank and its space destroys everything bought from it and from the banks
 * below it. Keys that forbid destroying, querying and changing limits can be made from a key.
 *
 * Page orders are the node orders plus BANK_PAGES. Return codes: RC_NO_NODES, RC_NO_PAGES: a limit
 * of this bank or of one above it, or the store is full, and nothing was bought; RC_NOT_THERE: not
 * bought from this bank, or not a key with full rights to it, and nothing was destroyed;
 * RC_BAD_ORDER also for what the key forbids.
 */
#ifndef LATCHKEY_DOMAINS_BANK_H
#define LATCHKEY_DOMAINS_BANK_H

#include "disks/domains/rt/interface.h"

#define AKT_BANK 0x0cu

#define BANK_PAGES 16u /* added to the next: the same for pages */
#define BANK_CREATE 0u          /* -> [node] */
#define BANK_DESTROY 1u         /* [node] */
#define BANK_SEVER 2u           /* [node] -> [node]: all other keys to it are void */
#define BANK_QUERY 5u           /* -> u64: how many are held */
#define BANK_STATISTICS 6u      /* -> struct bank_counts: of this bank alone, since it is there */
#define BANK_CREATE_TWO 7u      /* -> [node, node] */
#define BANK_CREATE_THREE 8u    /* -> [node, node, node] */
#define BANK_DESTROY_TWO 9u     /* [node, node]: both or none */
#define BANK_DESTROY_THREE 10u  /* [node, node, node]; see bank_destroy_three_nodes() */
#define BANK_LIMIT_SMALL 11u    /* i32 change wanted -> i32 change made; a limit is never below what
                                 * is held */
#define BANK_LIMIT_RANGE 12u    /* u64 first, u64 end: what is bought from now on lies there;
                                 * RC_FORMAT: no such range. Numbers are offsets in the store's
                                 * ranges, as the prime bank has them */
#define BANK_LIMIT 13u          /* i64 change wanted -> i64 change made */
#define BANK_AVAILABLE 14u      /* -> u64: how many could be bought now */

#define BANK_FORBID 32u         /* + the BANK_NO_* to add -> [bank key that forbids them] */
#define BANK_DESTROY_SPACE 64u
#define BANK_ALL_STATISTICS 65u /* -> struct bank_counts of nodes, of pages */
#define BANK_VERIFY 66u         /* [key] -> 0: it is a key of a bank of this tree; 1: it is not */
#define BANK_CREATE_BANK 67u    /* -> [bank]; RC_NO_NODES also when there are too many banks */
#define BANK_CHECK_BOOKS 127u   /* the prime bank only, and slow -> 0: the books are right */
#define ORDER_DESTROY (KT + 4)  /* the bank goes, its space stays: with the bank above */

struct bank_counts {
    uint64_t created, destroyed;
};

/* The bank transformer (SBT): what one needs in order to trust banks, and no more. */
#define AKT_BANK_TOOL 0x40cu
#define BANK_TOOL_VERIFY 0u     /* as BANK_VERIFY */
#define BANK_TOOL_SUBRANGE 1u   /* [bank] u64 first node, end, first page, end -> [bank below] */
#define BANK_TOOL_CREATE 2u     /* [bank] -> [bank below] */
#define BANK_TOOL_LIMITED 5u    /* [bank] u64 nodes, u64 pages: limits -> [bank below] */

/* Data bytes of the start keys of bank/. A bank other than the prime one is a front end key, whose
 * node names the bank; that node's keeper is the start key with BANK_DOOR. */
#define BANK_PRIME 0u
#define BANK_DOOR 1u
#define BANK_TOOL 2u

/* BANK_INTERFACE - the typed calls: shapes as in interface.h. */
#define BANK_INTERFACE(LINE)                                                                       \
    LINE(KEY_IN, bank_create_node, BANK_CREATE, void)                                              \
    LINE(KEY_OUT, bank_destroy_node, BANK_DESTROY, void)                                           \
    LINE(KEY_BOTH, bank_sever_node, BANK_SEVER, void)                                              \
    LINE(WORD_IN, bank_query_nodes, BANK_QUERY, void)                                              \
    LINE(STRUCT_IN, bank_node_statistics, BANK_STATISTICS, struct bank_counts)                     \
    LINE(KEYS_IN, bank_create_two_nodes, BANK_CREATE_TWO, void)                                    \
    LINE(KEYS_IN, bank_create_three_nodes, BANK_CREATE_THREE, void)                                \
    LINE(KEYS_OUT, bank_destroy_two_nodes, BANK_DESTROY_TWO, void)                                 \
    LINE(WORD_BOTH, bank_limit_nodes, BANK_LIMIT, void)                                            \
    LINE(WORD_IN, bank_available_nodes, BANK_AVAILABLE, void)                                      \
    LINE(KEY_IN, bank_create_page, BANK_PAGES + BANK_CREATE, void)                                 \
    LINE(KEY_OUT, bank_destroy_page, BANK_PAGES + BANK_DESTROY, void)                              \
    LINE(KEY_BOTH, bank_sever_page, BANK_PAGES + BANK_SEVER, void)                                 \
    LINE(WORD_IN, bank_query_pages, BANK_PAGES + BANK_QUERY, void)                                 \
    LINE(STRUCT_IN, bank_page_statistics, BANK_PAGES + BANK_STATISTICS, struct bank_counts)        \
    LINE(KEYS_IN, bank_create_two_pages, BANK_PAGES + BANK_CREATE_TWO, void)                       \
    LINE(KEYS_IN, bank_create_three_pages, BANK_PAGES + BANK_CREATE_THREE, void)                   \
    LINE(KEYS_OUT, bank_destroy_two_pages, BANK_PAGES + BANK_DESTROY_TWO, void)                    \
    LINE(WORD_BOTH, bank_limit_pages, BANK_PAGES + BANK_LIMIT, void)                               \
    LINE(WORD_IN, bank_available_pages, BANK_PAGES + BANK_AVAILABLE, void)                         \
    LINE(AT_IN, bank_forbid, BANK_FORBID, void)                                                    \
    LINE(ORDER, bank_destroy_space, BANK_DESTROY_SPACE, void)                                      \
    LINE(KEY_OUT, bank_verify, BANK_VERIFY, void)                                                  \
    LINE(KEY_IN, bank_create_bank, BANK_CREATE_BANK, void)                                         \
    LINE(ORDER, bank_check_books, BANK_CHECK_BOOKS, void)                                          \
    LINE(ORDER, order_destroy, ORDER_DESTROY, void)                                                \
    LINE(KEY_OUT, bank_tool_verify, BANK_TOOL_VERIFY, void)                                        \
    LINE(KEY_BOTH, bank_tool_create, BANK_TOOL_CREATE, void)
/* BANK_INTERFACE - the calls themselves. */
BANK_INTERFACE(INTERFACE_CALL)

/* bank_destroy_three_nodes, bank_destroy_three_pages - two messages: BANK_DESTROY_THREE is known to
 * the prime bank's own key only, since the third key of a front end's message is the node's. Not
 * atomic. */
static inline uint64_t bank_destroy_three_nodes(unsigned slot,
                                                const uint8_t send_slots[MESSAGE_KEYS])
{
    const uint8_t two[MESSAGE_KEYS] = {send_slots[0], send_slots[1], SLOT_NONE, SLOT_NONE};
    uint64_t code = bank_destroy_two_nodes(slot, two);
    return code == RC_OK ? bank_destroy_node(slot, send_slots[2]) : code;
}
static inline uint64_t bank_destroy_three_pages(unsigned slot,
                                                const uint8_t send_slots[MESSAGE_KEYS])
{
    const uint8_t two[MESSAGE_KEYS] = {send_slots[0], send_slots[1], SLOT_NONE, SLOT_NONE};
    uint64_t code = bank_destroy_two_pages(slot, two);
    return code == RC_OK ? bank_destroy_page(slot, send_slots[2]) : code;
}

#endif
