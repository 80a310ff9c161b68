/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pools.c - the sizes of the pools. Called by main at boot; calls every module that has a pool.
 * Invariants: pools.h. */
#include "kernel/pools.h"

#include "kernel/depend.h"
#include "kernel/directory.h"
#include "kernel/domain.h"
#include "kernel/fault.h"
#include "kernel/limits.h"
#include "kernel/meter.h"
#include "kernel/object.h"
#include "kernel/pot.h"
#include "kernel/space.h"

COLD struct pool_sizes pools_of(uint64_t size_bytes)
{
    bool least = size_bytes == 0;
    return (struct pool_sizes){
        .table_bytes = size_bytes / LIMIT_TABLE_SHARE,
        .depend_bytes = size_bytes / LIMIT_DEPEND_SHARE,
        .node_bytes = size_bytes / LIMIT_NODE_SHARE,
        .region_bytes = size_bytes / LIMIT_REGION_SHARE,
        .pages_max = UINT32_MAX,
        .domains = least ? LIMIT_DOMAINS_MIN : LIMIT_DOMAINS_CACHED,
        .spaces = least ? LIMIT_SPACES_MIN : LIMIT_SPACES,
        .pots = least ? LIMIT_POTS_MIN : LIMIT_POTS,
        .meters = least ? LIMIT_METERS_MIN : LIMIT_METERS,
    };
}

COLD void pools_init(uint64_t start, uint64_t end, const uint64_t *kernel_root,
                     const struct pool_sizes *sizes)
{
    meter_init(sizes->meters);
    uint64_t at = pot_init(start, sizes->pots);
    uint32_t nodes = object_nodes_of(sizes->node_bytes);
    at = pot_area_init(at, nodes);
    at = directory_init(at, 2 * nodes + (uint32_t)((end - at) / PAGE_BYTES));
    space_init(sizes->spaces, kernel_root);
    at = table_init(at, sizes->table_bytes);
    at = depend_init(at, sizes->depend_bytes);
    at = fault_init(at, sizes->region_bytes);
    at = domain_init(at, sizes->domains);
    object_init(at, end, sizes->node_bytes, sizes->pages_max);
}
