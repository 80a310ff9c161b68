/* SPDX-License-Identifier: GPL-2.0-or-later */
/* directory.h - what lies in the checkpoint areas rather than at home, in memory.
 *
 * Who calls: object.c to find the newest version of an object; checkpoint.c, listing.c, pageout.c
 * and journal.c on the way to the disk; migrate.c which brings it home; restart.c. Calls nobody.
 *
 * Invariants
 *  1. An object has at most one entry in each directory; DIRECTORY_OF_DOMAINS holds RUNNING entries
 *     only, the others none.
 *  2. The pool has room for every page frame, every node frame and every running domain at once
 *     (pools.c): who puts what is in a frame always finds a free entry.
 */
#ifndef LATCHKEY_KERNEL_DIRECTORY_H
#define LATCHKEY_KERNEL_DIRECTORY_H

#include "kernel/base.h"
#include "kernel/limits.h"

enum directory_which {
    DIRECTORY_WORKING,   /* of the checkpoint being written */
    DIRECTORY_COMMITTED, /* of the newest checkpoint, as far as it is not at home */
    DIRECTORY_OF_DOMAINS /* that were running at the last freeze */
};
#define DIRECTORIES 3u

/* Where a page is that the journal laid over the committed directory: a block of its ring. */
#define JOURNAL_LOCATION(block) AREA_ID(2, block)

/* directory_head - kind, index and id as one word, as they lie in memory. The compiler is told that
 * it is aligned, or else this would be a call of memcpy(). */
static inline uint64_t directory_head(const struct directory_entry *entry)
{
    uint64_t head;
    const void *first = __builtin_assume_aligned(entry, sizeof(head));
    __builtin_memcpy(&head, first, sizeof(head));
    return head;
}

static inline uint64_t directory_id(const struct directory_entry *entry)
{
    return directory_head(entry) >> 16;
}

/* directory_pot_kind - the kind of range that has the pot of its object. */
static inline enum range_kind directory_pot_kind(const struct directory_entry *entry)
{
    return entry->kind == DIRECTORY_NODE ? RANGE_NODES : RANGE_PAGE_POTS;
}

/* The block that holds a page, as io.h names it. */
static inline enum range_kind directory_block_kind(const struct directory_entry *entry)
{
    return AREA_ID_AREA(entry->location) < 2 ? RANGE_CKPT_AREA : RANGE_JOURNAL;
}

static inline uint64_t directory_block_id(const struct directory_entry *entry)
{
    bool area = directory_block_kind(entry) == RANGE_CKPT_AREA;
    return area ? entry->location : AREA_ID_INDEX(entry->location);
}

/* directory_is_laid - a page that a restart found in the journal. */
static inline bool directory_is_laid(const struct directory_entry *entry)
{
    return entry->kind == DIRECTORY_PAGE && directory_block_kind(entry) == RANGE_JOURNAL;
}

/* directory_init - a pool of so many entries at start; returns the first address after it. */
uint64_t directory_init(uint64_t start, uint32_t count);
/* directory_entry_make - an entry without counts. */
struct directory_entry directory_entry_make(enum directory_kind kind, uint64_t object_id);
/* directory_put - in place of what the directory has of the same object. false: the pool is full,
 * which happens at restart only (invariant 2). */
MUST_CHECK bool directory_put(enum directory_which which, const struct directory_entry *entry);
/* directory_enter - the same where there is room: whatever changes is counted (area_room()). */
void directory_enter(enum directory_which which, const struct directory_entry *entry);
/* directory_drop_running - a domain does not run any more. */
void directory_drop_running(uint64_t object_id);
/* directory_find - where the newest version of a page (RANGE_PAGES) or node (RANGE_NODES) is; NULL:
 * at home. Valid until the next change. */
const struct directory_entry *directory_find(enum range_kind kind, uint64_t object_id);
/* directory_find_in - the same in one directory only. */
const struct directory_entry *directory_find_in(enum directory_which which, enum range_kind kind,
                                                uint64_t object_id);
/* directory_count - entries of one. directory_room - entries that are free. */
uint32_t directory_count(enum directory_which which);
uint32_t directory_room(void);
/* directory_next - the next entry of one in no order; *cursor begins as 0. NULL: no more. */
const struct directory_entry *directory_next(enum directory_which which, uint32_t *cursor);
/* directory_order_begin - from now on directory_order_next() gives the entries of one in the order
 * of homes: pages by id, then nodes by id; once a call of directory_order_ready(), each of which
 * does a piece of the work, has said true. Running domains come after what is in the working one.
 * Entries put meanwhile may be missed. NULL: no more. */
void directory_order_begin(enum directory_which which);
bool directory_order_ready(void);
const struct directory_entry *directory_order_next(void);
/* directory_ordered - of those of an order that were taken the place-th, from 0 on; NULL: there
 * were not so many in all. Nothing may have left the directory since. */
const struct directory_entry *directory_ordered(uint32_t place);
/* directory_commit - the working directory becomes the committed one, which is empty. */
void directory_commit(void);
/* directory_clear - all is at home. directory_clear_some - a piece of that; true: it is done. */
void directory_clear(enum directory_which which);
bool directory_clear_some(enum directory_which which);
void directory_check(void);

#endif
