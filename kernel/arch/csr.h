/* SPDX-License-Identifier: GPL-2.0-or-later */
/* csr.h - control and status registers: names of bits, and access. Included by kernel/arch only.
 * Source: RISC-V privileged specification 1.12, chapter 4 (supervisor level). */
#ifndef LATCHKEY_KERNEL_ARCH_CSR_H
#define LATCHKEY_KERNEL_ARCH_CSR_H

#include "kernel/base.h"

#define SSTATUS_SIE 0x2ull
#define SSTATUS_SPIE 0x20ull
#define SSTATUS_SPP 0x100ull
#define SSTATUS_FS 0x6000ull /* floating-point state: 0 off, 1 initial, 2 clean, 3 dirty */
#define SSTATUS_FS_CLEAN 0x4000ull
#define SSTATUS_SUM 0x40000ull

#define SIE_TIMER 0x20ull /* the same bits in sip */
#define SIE_EXTERNAL 0x200ull

#define SCAUSE_INTERRUPT (1ull << 63)
#define SCAUSE_INTERRUPT_TIMER (SCAUSE_INTERRUPT | 5)
#define SCAUSE_INTERRUPT_EXTERNAL (SCAUSE_INTERRUPT | 9)
#define SCAUSE_BREAKPOINT 3ull
#define SCAUSE_PAGE_EXECUTE 12ull
#define SCAUSE_PAGE_LOAD 13ull
#define SCAUSE_PAGE_STORE 15ull

#define SATP_SV39 (8ull << 60)
#define SATP_ASID_SHIFT 44
#define SATP_ASID_MASK 0xffffull

#define csr_read(name)                                                                             \
    ({                                                                                             \
        uint64_t csr_value;                                                                        \
        __asm__ volatile("csrr %0, " #name : "=r"(csr_value)::"memory");                           \
        csr_value;                                                                                 \
    })
#define csr_change(instruction, name, value)                                                       \
    __asm__ volatile(instruction " " #name ", %0" ::"r"((uint64_t)(value)) : "memory")
#define csr_write(name, value) csr_change("csrw", name, value)
#define csr_set(name, bits) csr_change("csrs", name, bits)
#define csr_clear(name, bits) csr_change("csrc", name, bits)

#endif
