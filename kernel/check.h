/* SPDX-License-Identifier: GPL-2.0-or-later */
/* check.h - the consistency check of everything in memory; panics on the first broken rule. */
#ifndef LATCHKEY_KERNEL_CHECK_H
#define LATCHKEY_KERNEL_CHECK_H

#include "kernel/base.h"

struct space;
struct table;

/* check_all - every frame, chain, cached domain, queue, space and dependency. */
void check_all(void);
/* check_some - goes on with the same, but for what must be counted at one moment, until the time of
 * the present step is up. true: one round is done. */
MUST_CHECK bool check_some(void);

/* For the checks. Each is of one thing: false: there is none of that number. */
struct checking {
    bool whole; /* all at once */
    unsigned stage;
    uint32_t index; /* of the thing that is next */
    uint64_t addr;  /* in it, where it was left; 0: it was not */
    uint64_t from;  /* the same of the one being checked */
};
extern struct checking checking;
/* check_leaves - no longer now: the rest of this thing, from this address on, is left. */
bool check_leaves(uint64_t addr);
/* check_node, check_domain - a node frame, a cached domain, against others and queues. */
bool check_node(uint32_t index);
bool check_domain(uint32_t index);
/* check_space - the page-table entries of a space against the segment tree. check_part - those of a
 * table, of which the part is not private, against what its part says. */
void check_space(struct space *space);
void check_part(struct table *table);

#endif
