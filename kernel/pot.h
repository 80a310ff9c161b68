/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pot.h - the pots in memory: blocks that hold 15 nodes, or the counts and checksums of 255 pages.
 *
 * Invariants
 *  1. A present pot passed its checksum, from one plex or the other.
 *  2. Pots are read-only copies of the disk and may be dropped at any time while not being read.
 */
#ifndef LATCHKEY_KERNEL_POT_H
#define LATCHKEY_KERNEL_POT_H

#include "kernel/object.h"

/* pot_init - buffers for count pots, LIMIT_POTS_MIN to LIMIT_POTS, at [start, ...); returns the
 * first address after them. */
uint64_t pot_init(uint64_t start, unsigned count);
/* pot_node - the disk form of a node. Valid until the next pot_* call. */
enum fetch pot_node(uint64_t object_id, const struct disk_node **node);
/* pot_page - count, flags and checksum of a page. */
enum fetch pot_page(uint64_t object_id, const struct page_pot_entry **entry);

#endif
