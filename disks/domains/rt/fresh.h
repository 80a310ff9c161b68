/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fresh.h - fresh segments: memory that is zero where it was never touched, and takes pages from a
 * bank when it is. Orders of KeyKOS.
 *
 * Served by fresh/. A key to a fresh segment can be put where a segment key can, and be called with
 * the orders below. Keys that are read-only or no-call can be made from it; through a no-call key
 * nobody is called, so it cannot be asked anything, and memory that is not there is a fault for the
 * domain keeper. So is what lies at the limit or above, what is not there when the bank has no more
 * pages, and, in a frozen segment, what was never touched (TRAP_KEEPER_REFUSED with the
 * memory_fault as its value).
 */
#ifndef LATCHKEY_DOMAINS_FRESH_H
#define LATCHKEY_DOMAINS_FRESH_H

#include "disks/domains/rt/creator.h"

#define AKT_FRESH 0x50du            /* | AKT_READ_ONLY */
#define FRESH_READ_ONLY 0u          /* -> [key] */
#define FRESH_LENGTH 1u             /* -> u64: end of the last page that was touched, or what
                                     * FRESH_TRUNCATE said after that */
#define FRESH_NO_CALL 2u            /* -> [key] */
#define FRESH_READ_ONLY_NO_CALL 3u  /* -> [key] */
#define FRESH_TRUNCATE 5u           /* u64 length, not above the limit: what is beyond is zero from
                                     * now on, and its pages are back with the bank */
#define FRESH_SET_LIMIT 6u          /* u64: not below the length, not above what it was made for */
#define FRESH_COPY 7u               /* [bank], nothing or u64 first, u64 length, first a multiple of
                                     * a page -> [fresh segment] with a copy of that part */
#define FRESH_GET_LIMIT 8u          /* -> u64 */
#define FRESH_FREEZE 9u             /* -> [read-only key]; nobody can change the segment any more */
#define FRESH_SET_META 10u          /* u64, kept with the segment for whoever has the key */
#define FRESH_GET_META 11u          /* -> u64 */
#define FRESH_SIBLING 18u           /* [bank] -> [fresh segment] with the same limit */
/* ORDER_DESTROY: the segment ends, all its space goes back to the bank. RC_READ_ONLY: what changes
 * the segment was asked through a read-only key, or it is frozen. */

/* The fresh segment factory. */
#define AKT_FRESH_FACTORY 0x40du
#define FRESH_CREATE 0u             /* [bank, meter, bank], nothing or u64 limit -> [fresh segment];
                                     * the meter and the second bank are not used. RC_NOT_PROMPT,
                                     * RC_NO_SPACE as in creator.h; RC_FORMAT: a limit that no
                                     * segment has */
#define FRESH_LIMIT_DEFAULT (1u << 20)

/* Data bytes of the start keys of fresh/: the factory, and as keeper of segments. */
#define FRESH_FACTORY 0u
#define FRESH_KEEPER 1u

/* FRESH_INTERFACE - the typed calls: shapes as in interface.h. */
#define FRESH_INTERFACE(LINE)                                                                      \
    LINE(KEY_IN, fresh_read_only, FRESH_READ_ONLY, void)                                           \
    LINE(WORD_IN, fresh_length, FRESH_LENGTH, void)                                                \
    LINE(KEY_IN, fresh_no_call, FRESH_NO_CALL, void)                                               \
    LINE(KEY_IN, fresh_read_only_no_call, FRESH_READ_ONLY_NO_CALL, void)                           \
    LINE(WORD_OUT, fresh_truncate, FRESH_TRUNCATE, void)                                           \
    LINE(WORD_OUT, fresh_set_limit, FRESH_SET_LIMIT, void)                                         \
    LINE(KEY_BOTH, fresh_copy, FRESH_COPY, void)                                                   \
    LINE(WORD_IN, fresh_get_limit, FRESH_GET_LIMIT, void)                                          \
    LINE(KEY_IN, fresh_freeze, FRESH_FREEZE, void)                                                 \
    LINE(WORD_OUT, fresh_set_meta, FRESH_SET_META, void)                                           \
    LINE(WORD_IN, fresh_get_meta, FRESH_GET_META, void)                                            \
    LINE(KEY_BOTH, fresh_sibling, FRESH_SIBLING, void)                                             \
    LINE(KEY_BOTH, fresh_create, FRESH_CREATE, void)
/* FRESH_INTERFACE - the calls themselves. */
FRESH_INTERFACE(INTERFACE_CALL)

/* fresh_create_limited - FRESH_CREATE with a limit. */
static inline uint64_t fresh_create_limited(unsigned slot, unsigned bank, uint64_t limit,
                                            unsigned receive_slot)
{
    struct message message = MESSAGE(FRESH_CREATE);
    message.send = &limit;
    message.send_bytes = sizeof(limit);
    message.send_slots[0] = (uint8_t)bank;
    message.receive_slots[0] = (uint8_t)receive_slot;
    return key_call(slot, &message);
}

#endif
