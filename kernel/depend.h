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

#include "kernel/base.h"

struct table;

/* depend_init - take about size_bytes at start for the pool, LIMIT_DEPENDS_MIN entries at least;
 * returns the first address after it. */
uint64_t depend_init(uint64_t start, uint64_t size_bytes);
/* depend_add - entries [first, first + count) of table were built from source. */
void depend_add(const void *source, struct table *table, unsigned first, unsigned count);
/* depend_undo - the source changes: clear what was built from it. */
void depend_undo(const void *source);
/* depend_forget_all - all tables are dropped: forget what they depended on. */
void depend_forget_all(void);
/* depend_covers - a change of source would clear this entry of a table. */
bool depend_covers(const void *source, const struct table *table, unsigned index);
void depend_check(void);

#endif
