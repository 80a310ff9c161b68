/* SPDX-License-Identifier: GPL-2.0-or-later */
/* check.h - the consistency check of everything in memory; panics on the first broken rule. */
#ifndef LATCHKEY_KERNEL_CHECK_H
#define LATCHKEY_KERNEL_CHECK_H

#include "kernel/base.h"

struct space;

/* check_all - every frame, chain, cached domain, queue, space and dependency. */
void check_all(void);
/* check_nodes - nodes, queues and cached domains against each other. */
void check_nodes(void);
/* check_entry - one page-table entry against the segment tree: the space maps the page that holds
 * data at addr. */
void check_entry(const struct space *space, uint64_t addr, const uint8_t *data, bool writable);

#endif
