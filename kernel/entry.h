/* SPDX-License-Identifier: GPL-2.0-or-later */
/* entry.h - what user mode can make the kernel do, without the architecture: one function a kind of
 * trap.
 *
 * The architecture saves the registers in struct domain, calls one of these, and restores those of
 * the domain that sched_next() names. */
#ifndef LATCHKEY_KERNEL_ENTRY_H
#define LATCHKEY_KERNEL_ENTRY_H

#include "kernel/space.h"

struct domain;

/* entry_call - the current domain executed an ecall: its one kernel call. */
void entry_call(struct domain *domain);
/* entry_page_fault - a load, store or fetch of the current domain found no mapping that allows
 * it. */
void entry_page_fault(struct domain *domain, uint64_t addr, enum access access);
/* entry_trap - the current domain trapped otherwise: TRAP_HARDWARE + cause, and the trap's
 * value. */
void entry_trap(struct domain *domain, uint64_t trap_code, uint64_t trap_value);

#endif
