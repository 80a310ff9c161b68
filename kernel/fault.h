/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fault.h - page faults that need no walk: what walks found is remembered for each 64 KiB. */
#ifndef LATCHKEY_KERNEL_FAULT_H
#define LATCHKEY_KERNEL_FAULT_H

#include "kernel/segment.h"

/* fault_init - take about size_bytes at start for what walks found, one region at least;
 * returns the first address after it. */
uint64_t fault_init(uint64_t start, uint64_t size_bytes);
/* fault_note - the entry of addr in a level-0 table was built from this walk, and everything that
 * it depends on is recorded. */
void fault_note(const struct space *space, struct table *table, uint64_t addr,
                const struct segment_walk *walk);
/* fault_quick - the running domain faulted at addr, its registers are saved, and the hart's f
 * registers are not dirty. Called by arch/trap.S.
 * cause    of the page fault, less 12: FAULT_STORE, else a load or an instruction fetch.
 *
 * Returns  the domain to run in user mode: this one, with the entry built; or, where arch_deliver()
 *          returns, its segment keeper, told of it as keeper_call_fault() would have done. NULL:
 *          not a plain case, and nothing was changed.
 */
struct domain *fault_quick(struct domain *domain, uint64_t addr, uint64_t cause);
#define FAULT_STORE 3u

#endif
