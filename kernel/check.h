/* SPDX-License-Identifier: GPL-2.0-or-later */
/* check.h - the consistency check of everything in memory; panics on the first broken rule. */
#ifndef LATCHKEY_KERNEL_CHECK_H
#define LATCHKEY_KERNEL_CHECK_H

#include "kernel/base.h"

struct space;
struct table;

/* check_all - every frame, chain, cached domain, queue, space and dependency. */
void check_all(void);
/* check_nodes - nodes, queues and cached domains against each other. */
void check_nodes(void);
/* check_space - every page-table entry of a space against the segment tree. check_part - every
 * entry of a table, of which the part is not private, against what its part says. */
void check_space(struct space *space);
void check_part(struct table *table);

#endif
