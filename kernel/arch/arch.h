/* SPDX-License-Identifier: GPL-2.0-or-later */
/* arch.h - what an architecture provides to the rest of the kernel. RISC-V: arch/mmu.c, trap.c,
 * csr.h; native unit tests have one of their own (tests/arch_host.c). */
#ifndef LATCHKEY_KERNEL_ARCH_H
#define LATCHKEY_KERNEL_ARCH_H

#include "kernel/base.h"

struct domain;

/* An entry of a page table: RISC-V privileged specification 1.12, section 4.4. */
#define PTE_VALID 1ull
#define PTE_READ 2ull
#define PTE_WRITE 4ull
#define PTE_EXECUTE 8ull
#define PTE_USER 16ull
#define PTE_GLOBAL 32ull
#define PTE_ACCESSED 64ull
#define PTE_DIRTY 128ull
#define PTE_PPN_SHIFT 10

/* Kernel virtual address of a physical address, and back. */
void *arch_physical_to_virtual(uint64_t physical);
uint64_t arch_virtual_to_physical(const void *virtual_address);
/* satp value for a root table and an address-space id. */
uint64_t arch_satp(uint64_t root_physical, uint64_t asid);
/* Leave the domain's address space for the kernel's own: a root table is about to be freed, and the
 * kernel may be running on it. The way back to user mode enters the right one. */
void arch_space_leave(void);
/* On with a domain that waits for a message, in user mode: with this order code, data byte and
 * length, and the first two words of its string; the rest of what a message carries is 0. It never
 * returns. (Where there is no user mode the domain is put in state RUNNING, and returned.) */
struct domain *arch_deliver(uint64_t code, uint64_t data_byte, struct domain *target,
                            uint64_t word_0, uint64_t length_bytes, uint64_t word_1);
/* The greatest address-space id that the hart tells from others; 0 is the kernel's own. */
uint64_t arch_asid_max(void);
/* Order page-table edits, and stores to code, before what user mode does next: in one address space
 * or all (FENCE_ALL), at one address, of which only leaf entries were edited, or all. */
void arch_fence(uint64_t asid, uint64_t addr);
#define FENCE_ALL UINT64_MAX
/* The same for one address in all address spaces; returns the domain, as the last thing that a
 * page fault does. */
struct domain *arch_fence_page(struct domain *domain, uint64_t addr);
/* The timebase (10 MHz on this board), and the cycle counter. */
uint64_t arch_time(void);
uint64_t arch_cycles(void);
/* Wait until an interrupt is pending; interrupts stay off. */
void arch_wait(void);
/* Is the timer, or the external line, pending? */
bool arch_timer_pending(void);
bool arch_external_pending(void);
/* Floating-point registers of the hart, to and from a domain (its f and fcsr). */
void arch_float_save(struct domain *domain);
void arch_float_load(const struct domain *domain);
/* Has user mode changed them since arch_float_clean()? */
bool arch_float_dirty(void);
void arch_float_clean(void);

#endif
