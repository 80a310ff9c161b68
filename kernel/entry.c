/* SPDX-License-Identifier: GPL-2.0-or-later */
/* entry.c - the start and end of everything the kernel does for a domain. Called by arch/trap.c (by
 * tests in its place); calls invoke, segment, keeper.
 *
 * Invariants
 *  1. The domain stays in the cache while the kernel works for it.
 *  2. A turn that was granted to it (gate.h) is used, or given back, in one kernel entry.
 */
#include "kernel/entry.h"

#include "kernel/counter.h"
#include "kernel/gate.h"
#include "kernel/history.h"
#include "kernel/keeper.h"
#include "kernel/sched.h"

static void begin(struct domain *domain)
{
    kassert(domain->root == sched.current);
    object_begin();
    domain->locked++;
    /* If it has to wait, it does the same again: a call with all its arguments. */
    domain->restore_all = true;
}

static void end(struct domain *domain)
{
    struct node_frame *root = domain->root;
    domain->locked--;
    if (root->grant)
        gate_grant_return(root);
}

void entry_call(struct domain *domain)
{
    begin(domain);
    struct history_line *line = history_begin(domain);
    invoke(domain);
    history_end(line, domain);
    end(domain);
}

void entry_page_fault(struct domain *domain, uint64_t addr, enum access access)
{
    struct segment_walk walk;
    count_one(FAULT);
    begin(domain);
    sched.tables_needed = true;
    if (segment_touch(domain, addr, access, NULL, &walk) == TOUCH_FAULT)
        keeper_call_fault(domain, &walk, TRAP_MEMORY + 4u * (uint64_t)walk.fault, addr);
    end(domain);
}

void entry_trap(struct domain *domain, uint64_t trap_code, uint64_t trap_value)
{
    begin(domain);
    keeper_call(domain, trap_code, trap_value);
    end(domain);
}
