/* SPDX-License-Identifier: GPL-2.0-or-later */
/* depend.h - which page-table entries were built from which key slot, page frame or table.
 *
 * A source is the address of a key slot in a node frame, or of a page frame, or of a page table.
 * Its dependents are runs of entries in page tables. When the source changes, depend_undo() clears
 * exactly those entries.
 *
 * Invariants
 *  1. What a valid entry of a user page table says depends on the slots between the key of the
 *     table's part and the page, or the part of the table below: it is a dependent of each, and of
 *     the page frame or table that it leads to.
 *  2. The pool is fixed. When it is full, the oldest dependency is given up, and what it says is
 *     cleared before: slow, never wrong.
 */
#ifndef LATCHKEY_KERNEL_DEPEND_H
#define LATCHKEY_KERNEL_DEPEND_H

#include "kernel/table.h"

/* What a source knows of its dependents: 0 none; the address of the one entry that most have;
 * BUILT_HASHED: more are in the hash table. An entry remembered here may belong to a table that has
 * been given up since: clearing it then costs a fault, and harms nobody. */
#define BUILT_HASHED 1ull

/* depend_init - take about size_bytes at start for the pool, LIMIT_DEPENDS_MIN entries at least;
 * returns the first address after it. */
uint64_t depend_init(uint64_t start, uint64_t size_bytes);
/* depend_add - entries [first, first + count) of table are built from source. false: another
 * dependency was given up for this one: entries anywhere may have been cleared. */
MUST_CHECK bool depend_add(const void *source, struct table *table, unsigned first,
                           unsigned count);
/* depend_has_room - what a source knows has room for this entry, or has it: it needs but be or'ed
 * to it. */
static inline bool depend_has_room(uint64_t built, uint64_t entry)
{
    return built <= BUILT_HASHED || (built | BUILT_HASHED) == (entry | BUILT_HASHED);
}
/* depend_add_page - the same for one entry, with what the source knows. */
MUST_CHECK static inline bool depend_add_page(const void *source, uint64_t *built,
                                              struct table *table, unsigned index)
{
    uint64_t entry = (uint64_t)(uintptr_t)&table->entries[index];
    if (depend_has_room(*built, entry)) {
        *built |= entry;
        return true;
    }
    *built |= BUILT_HASHED;
    return depend_add(source, table, index, 1);
}
/* depend_undo - the source changes: clear what was built from it. */
void depend_undo(const void *source, uint64_t *built);
/* depend_replace - in those of its single entries that are in the hash table: one value by another,
 * which no other source's entries have. */
void depend_replace(const void *source, uint64_t from, uint64_t to);
/* depend_forget_all - all tables are dropped: forget what they depended on. */
void depend_forget_all(void);
/* depend_covers - a change of source, which knows so much, would clear this entry of a table. */
bool depend_covers(const void *source, uint64_t built, const struct table *table,
                   unsigned index);
/* depend_check - check.h. */
bool depend_check(uint32_t index);

#endif
