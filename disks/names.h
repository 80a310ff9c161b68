/* SPDX-License-Identifier: GPL-2.0-or-later */
/* names.h - what the domains of a store are called, for people. A recipe names them, make.c writes
 * the names to every volume (struct names_block), and whoever shows a domain reads them here.
 *
 * Invariants
 *  1. Names are ordered by object id, each once; each is text of 1..NAME_BYTES - 1 letters, digits,
 *     '_' and '-', as a recipe has it: it needs no quotes anywhere.
 *  2. They are of the store as it was made: domains that were made since have none, and a root node
 *     that was given out again keeps its name.
 */
#ifndef LATCHKEY_DISKS_NAMES_H
#define LATCHKEY_DISKS_NAMES_H

#include <stdbool.h>

#include "disks/format.h"

struct names {
    unsigned count;
    struct names_entry entries[NAMES_MAX];
};

/* names_add - a domain is called so. Ids come in ascending order, at most NAMES_MAX of them. */
void names_add(struct names *names, uint64_t root_id, const char *name);
/* names_write - as a block. */
void names_write(const struct names *names, struct names_block *block);
/* names_read - from a block. false: it is none, or a bad one; there are no names then. */
bool names_read(struct names *names, const struct names_block *block);
/* names_at - the block in which a volume of so many blocks has them; 0: it is too small. */
uint64_t names_at(uint64_t block_count);

/* names_find - what the domain with this root node is called; "" if it has no name. */
const char *names_find(const struct names *names, uint64_t root_id);

#define NAMES_DOMAIN_BYTES 64u
/* names_domain - "domain 17 (counter)", or "domain 17". */
void names_domain(const struct names *names, uint64_t root_id, char text[NAMES_DOMAIN_BYTES]);

#endif
