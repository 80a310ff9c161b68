/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mmu.h - the kernel's own mappings. The tables of domains are space.c's. */
#ifndef LATCHKEY_KERNEL_ARCH_MMU_H
#define LATCHKEY_KERNEL_ARCH_MMU_H

#include "kernel/base.h"

/* arch_memory_map - replace the boot tables by exact ones: text execute-only-read, rodata read, the
 * rest of RAM from the kernel's data on and the device GiBs read and write; nothing else.
 *
 * ram_end   physical; at most 14 GiB above RAM's start are mapped.
 * Returns   the kernel's root table, whose upper half belongs in every domain's.
 */
const uint64_t *arch_memory_map(uint64_t ram_end);
/* arch_boot_unmap - boot is over: take its code (BOOT) out of the kernel's mapping. */
void arch_boot_unmap(void);

/* arch_ram_first - first physical byte after the kernel: where the pools begin. */
uint64_t arch_ram_first(void);

/* arch_traps_enable - interrupts to take from user mode: timer and external; floating point on. */
void arch_traps_enable(void);

/* arch_enter - leave the kernel into a domain (trap.S). */
struct domain;
_Noreturn void arch_enter(struct domain *domain);

#endif
