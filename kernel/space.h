/* SPDX-License-Identifier: GPL-2.0-or-later */
/* space.h - address spaces: a cache of root tables, each for one address key, thrown away freely.
 *
 * Invariants
 *  1. Domains whose address keys are equal share one space. A space is named by that key, never by
 *     a domain.
 *  2. A space in use has a root table of its own.
 *  3. Every page-table edit is followed by an address-translation fence before user code runs, of
 *     the address space that has the table if there is one, and of the address if there is one.
 *  4. Each space in use has no ASID, or one that no other had since the last fence of all: entering
 *     one needs no fence, and so does giving one up. It is given one when it is asked for; when all
 *     were given, all are taken back and everything is fenced: any number of them will do.
 */
#ifndef LATCHKEY_KERNEL_SPACE_H
#define LATCHKEY_KERNEL_SPACE_H

#include "kernel/key.h"
#include "kernel/table.h"

struct space {
    struct key key;     /* the address key */
    struct table *root; /* kept when the space is not used; NULL: none */
    uint64_t satp;      /* Sv39, ASID, root */
    bool used;
    bool recent;            /* asked for since space_age() or another key's need came by */
    uint64_t spread; /* added to an address / 64 KiB, whatever it is, gives what no user address in
                      * another space gives (fault.c) */
};

enum access { ACCESS_READ, ACCESS_WRITE };

/* space_init - use at most count spaces, LIMIT_SPACES_MIN to LIMIT_SPACES; kernel_root is copied
 * into the upper half of each root. */
void space_init(unsigned count, const uint64_t *kernel_root);
/* space_of - the space of an address key, made if need be. */
struct space *space_of(const struct key *key);
/* space_tables - the tables of each level on the path to addr, made or found if need be, for parts
 * of level 0 and 1. false: start again, with domain_space() (table_below()). */
MUST_CHECK bool space_tables(struct space *space, uint64_t addr, const struct table_part parts[2],
                             struct table *tables[3]);
/* space_age - the root of a space is needed for another table. false: not now, the space was asked
 * for lately, and there may be another; true: it has no root any more. */
bool space_age(const struct table *root, bool last);
/* space_drop_all - amnesia: no space, no table, no dependency. */
void space_drop_all(void);
bool space_check(uint32_t index);

#endif
