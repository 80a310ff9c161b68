/* SPDX-License-Identifier: GPL-2.0-or-later */
/* depend.h - which page-table entries were built from which key slot or page frame.
 *
 * A source is the address of a key slot in a node frame, or of a page frame. Its dependents are
 * runs of entries in page tables. When the source changes, depend_undo() clears exactly those
 * entries.
 *
 * Invariants
 *  1. Every valid entry of a user page table has a dependency for each slot on the path from the
 *     address key to the page, and one for the page frame.
 *  2. The pool is fixed. When it is full, all user tables and all dependencies are dropped
 *     together: slow, never wrong.
 */
#ifndef LATCHKEY_KERNEL_DEPEND_H
#define LATCHKEY_KERNEL_DEPEND_H

#include "kernel/space.h"

/* What a source knows of its dependents: 0 none; the address of the one page entry that most have;
 * BUILT_HASHED: more are in the hash table. An entry remembered here may belong to a table that has
 * been given up since: clearing it then costs a fault, and harms nobody. */
#define BUILT_HASHED 1ull

/* depend_init - take about size_bytes at start for the pool, LIMIT_DEPENDS_MIN entries at least;
 * returns the first address after it. */
uint64_t depend_init(uint64_t start, uint64_t size_bytes);
/* depend_add - entries [first, first + count) of table were built from source. */
void depend_add(const void *source, struct table *table, unsigned first, unsigned count);
/* depend_add_page - the same for one entry of a level-0 table, with what the source knows. */
static inline void depend_add_page(const void *source, uint64_t *built, struct table *table,
                                   unsigned index)
{
    uint64_t entry = (uint64_t)(uintptr_t)&table->entries[index], known = *built & ~BUILT_HASHED;
    if (known == entry)
        return;
    if (!known) {
        *built |= entry;
        return;
    }
    *built |= BUILT_HASHED;
    depend_add(source, table, index, 1);
}
/* depend_undo - the source changes: clear what was built from it. */
void depend_undo(const void *source, uint64_t *built);
/* depend_forget_all - all tables are dropped: forget what they depended on. */
void depend_forget_all(void);
/* depend_covers - a change of source, which knows so much, would clear this entry of a table. */
bool depend_covers(const void *source, uint64_t built, const struct table *table,
                   unsigned index);
void depend_check(void);

#endif
