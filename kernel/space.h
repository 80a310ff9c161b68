/* SPDX-License-Identifier: GPL-2.0-or-later */
/* space.h - Sv39 page tables of address spaces: a cache of what segment trees say, thrown away
 * freely.
 *
 * Invariants
 *  1. Domains whose address keys are equal share one space. A space is named by that key, never by
 *     a domain.
 *  2. A leaf entry that allows writing points to a dirty page. Accessed and dirty bits are set by
 *     the kernel, so the hardware never writes a table. What a domain may read it may execute:
 *     KeyKOS keys have no execute right, and a page that holds both code and the data it writes
 *     must not fault for ever.
 *  3. Every page-table edit is followed by an address-translation fence before user code runs.
 */
#ifndef LATCHKEY_KERNEL_SPACE_H
#define LATCHKEY_KERNEL_SPACE_H

#include "kernel/key.h"

struct region;

struct table {
    uint64_t *entries; /* 512, kernel virtual */
    struct table *next_free;
    uint32_t generation; /* of the entries: more than one at a time were cleared so often */
    uint8_t level; /* 2 root, 1, 0 */
    bool in_use;
};

struct space {
    struct key key;     /* the address key; a zero head and count: unused */
    struct table *root; /* NULL: none yet */
    uint64_t satp;      /* Sv39, ASID, root */
    bool used;
    struct region *regions; /* all, for fault.c; so many, less 1 */
    uint32_t regions_mask;
    uint64_t spread; /* added to an address / 64 KiB, whatever it is, gives what no user address in
                      * another space gives (fault.c) */
};

enum access { ACCESS_READ, ACCESS_WRITE, ACCESS_EXECUTE };

/* space_init - take about size_bytes at start, which is page-aligned, for tables, LIMIT_TABLES_MIN
 * at least; count spaces, LIMIT_SPACES_MIN to LIMIT_SPACES; kernel_root is copied into the upper
 * half of each root. Returns the first address after them. */
uint64_t space_init(uint64_t start, uint64_t size_bytes, unsigned count,
                    const uint64_t *kernel_root);
/* space_regions_set - where every space finds the regions of fault.c. */
void space_regions_set(struct region *first, uint32_t mask);
/* space_of - the space of an address key, made if need be. */
struct space *space_of(const struct key *key);
/* space_lookup - the kernel address of a byte that is mapped for the access; NULL if it is not. */
uint8_t *space_lookup(const struct space *space, uint64_t addr, enum access access);
/* space_table - the table of the given level on the path to addr, made if need be. NULL: tables
 * were out and all were dropped; start again. */
struct table *space_table(struct space *space, uint64_t addr, unsigned level);
/* space_map - set the leaf entry of addr in a level-0 table. */
void space_map(struct table *table, uint64_t addr, const uint8_t *data, bool writable);
/* space_leaf - the entry that maps a page for reading; with SPACE_LEAF_WRITE, for writing too. */
uint64_t space_leaf(const uint8_t *data);
#define SPACE_LEAF_WRITE 0x84u /* W and D: Sv39 */
/* space_refresh - the hardware does not see what the tables say: fence before user mode goes on. */
void space_refresh(void);
/* space_clear - clear a run of entries; lower tables hanging there are freed. */
void space_clear(struct table *table, unsigned first, unsigned count);
/* space_clear_entry - clear one entry of a level-0 table, if that is what it still is. */
void space_clear_entry(uint64_t *entry);
/* space_drop_all - every user table and dependency. */
void space_drop_all(void);
/* space_drops - how often a space was taken away from its key: what space_of() answered since then
 * is still so. */
uint64_t space_drops(void);
/* space_fence - make edits since the last call visible. Cheap when there were none. */
void space_fence(void);
/* space_table_present - the table of the given level on the path to a mapped address. */
struct table *space_table_present(const struct space *space, uint64_t addr, unsigned level);
void space_check(void);

#endif
