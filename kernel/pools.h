/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pools.h - how large each fixed pool is, and dividing the memory among them at boot.
 *
 * Invariants
 *  1. No size changes after boot.
 *  2. Sizes do not change what domains can observe, only how soon: a pool that is short drops what
 *     can be had again.
 */
#ifndef LATCHKEY_KERNEL_POOLS_H
#define LATCHKEY_KERNEL_POOLS_H

#include "kernel/base.h"

/* Shares of memory are in bytes and raised to the pool's minimum; counts are between the minimum
 * and the maximum in limits.h. */
struct pool_sizes {
    uint64_t table_bytes, depend_bytes, node_bytes, region_bytes;
    uint32_t pages_max; /* page frames; all that is left of the memory, but no more */
    uint32_t domains, spaces, pots, meters;
};

/* pools_of - the sizes for so much memory; for 0: all but the page pool at its minimum. */
struct pool_sizes pools_of(uint64_t size_bytes);
/* pools_init - divide [start, end), of which start is page-aligned: pots, page tables,
 * dependencies, what page faults remember, domains, then frames of nodes and pages. */
void pools_init(uint64_t start, uint64_t end, const uint64_t *kernel_root,
                const struct pool_sizes *sizes);

#endif
