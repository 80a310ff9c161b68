/* SPDX-License-Identifier: GPL-2.0-or-later */
/* keeper.h - messages that the kernel sends on a domain's behalf when it cannot go on.
 *
 * A keeper that is busy makes the domain wait with its pc where it was: the trap happens again
 * later, so nothing has to be remembered. A missing or malformed keeper stops the domain, never the
 * kernel. */
#ifndef LATCHKEY_KERNEL_KEEPER_H
#define LATCHKEY_KERNEL_KEEPER_H

#include "kernel/meter.h"
#include "kernel/segment.h"

/* keeper_call - the domain trapped (abi.h TRAP_*): call its domain keeper. The domain is
 * current. */
void keeper_call(struct domain *domain, uint64_t trap_code, uint64_t trap_value);
/* keeper_call_fault - the domain touched what its segment does not define: call the nearest segment
 * keeper, or the domain keeper with this trap if there is none; if it is no gate, with its own. */
void keeper_call_fault(struct domain *domain, const struct segment_walk *walk, uint64_t trap_code,
                       uint64_t trap_value);
/* keeper_call_meter - a meter that the current domain pays by is dry: call its keeper, or let the
 * domain wait until a slot of the meter is written. */
void keeper_call_meter(struct domain *domain, const struct meter *dry);

#endif
