/* SPDX-License-Identifier: GPL-2.0-or-later */
/* table.h - Sv39 page tables below and at the roots of address spaces: a cache of what parts of
 * segment trees say, one table for each part, however many address spaces it is in.
 *
 * Invariants
 *  1. Two tables in use never have equal parts, unless the part is private: tables of a private
 *     part, and roots, are found from above alone.
 *  2. An entry that is no leaf leads to a table in use of the next level, is counted in its links,
 *     and is a dependency of it (depend.h): undoing the table as a source takes it out everywhere.
 *  3. A leaf entry that allows writing points to a dirty page. Accessed and dirty bits are set by
 *     the kernel, so the hardware never writes a table. What a domain may read it may execute:
 *     KeyKOS keys have no execute right, and a page that holds both code and the data it writes
 *     must not fault for ever.
 *  4. Whoever remembers what is in a leaf table compares its generation: it changes whenever more
 *     than one entry was cleared at a time, or the table was taken out somewhere.
 */
#ifndef LATCHKEY_KERNEL_TABLE_H
#define LATCHKEY_KERNEL_TABLE_H

#include "kernel/base.h"

#define TABLE_ENTRIES 512u
#define KERNEL_ENTRY_FIRST (TABLE_ENTRIES / 2) /* upper half of a root table */
/* Sv39: an entry of a table at level n decides about 2^TABLE_SHIFT(n) bytes. */
#define TABLE_SHIFT(level) (12u + 9u * (level))

/* A part of a segment that fills a table: the key that spans it and more, the offset in there, and
 * what else decides. A private part, head 0, is like no other. */
struct table_part {
    uint64_t head, count; /* of the key; a root: 0, and the ASID, 0 if no space has it */
    uint64_t place;       /* offset | PART_READ_ONLY | level */
};
#define PART_READ_ONLY 4u

struct table {
    uint64_t *entries;    /* TABLE_ENTRIES, kernel virtual */
    struct table *bucket; /* first of the tables whose parts' hash is this one's number */
    struct table *next;   /* the next of those */
    struct table_part part;
    uint64_t built;      /* entries that lead here; depend.h */
    uint32_t links;      /* how many */
    uint32_t generation; /* invariant 4 */
    uint32_t serial;     /* how often it was taken for another part */
    uint8_t level;       /* 2 root, 1, 0 */
    bool in_use;
    bool held;  /* on the path being built: not to be taken */
    bool again; /* needed once more since it was taken or aged: it gets another chance */
};

/* table_init - take about size_bytes at start, which is page-aligned, for tables, LIMIT_TABLES_MIN
 * at least. Returns the first address after them. */
uint64_t table_init(uint64_t start, uint64_t size_bytes);
/* table_take - an empty table for a part. When all are in use, the one that was looked at the
 * longest ago: a table that was needed more than once is first taken out of the tables above, and
 * found again with all its entries if any domain faults there before its next turn. */
struct table *table_take(unsigned level, const struct table_part *part);
/* table_below - the table that an entry leads to, which is made, or found, if need be, for the
 * address space that has the ASID. false: a dependency was given up for this, and tables may have
 * been taken out of others: the caller starts again. */
MUST_CHECK bool table_below(struct table *table, uint64_t addr, const struct table_part *part,
                            uint64_t asid, struct table **lower);
/* table_at - the table of the given level on the path from top to addr; NULL: none. */
struct table *table_at(struct table *top, uint64_t addr, unsigned level);
/* table_map - set the leaf entry of addr in a level-0 table. What was mapped there allowed less:
 * who calls this says table_edited() for the space that needs it, and any other faults. */
void table_map(struct table *table, uint64_t addr, const uint8_t *data, bool writable);
/* table_leaf - the entry that maps a page for reading; with TABLE_LEAF_WRITE, for writing too. */
uint64_t table_leaf(const uint8_t *data);
#define TABLE_LEAF_WRITE 0x84u /* W and D: Sv39 */
/* table_target - what an entry leads to. */
void *table_target(uint64_t entry);
/* table_lookup - the kernel address of a byte that is mapped for reading, or for writing too; NULL:
 * it is not. */
uint8_t *table_lookup(struct table *top, uint64_t addr, bool write);
/* table_clear - clear a run of entries. */
void table_clear(struct table *table, unsigned first, unsigned count);
/* table_clear_entry - clear what is now at the address of an entry. */
void table_clear_entry(uint64_t *entry);
/* table_drop_all - no table is in use. */
void table_drop_all(void);
/* table_edited - the hardware may not see what the tables say, where arch_fence() would make it.
 * table_fence - make all edits since the last call visible. Cheap when there were none. */
void table_edited(uint64_t asid, uint64_t addr);
void table_fence(void);
/* table_check - check.h. */
bool table_check(uint32_t index);

#endif
