/* SPDX-License-Identifier: GPL-2.0-or-later */
/* start.S - the first instructions: from the firmware, with translation off, to C in the high half.
 *
 * On entry (SBI boot convention): supervisor mode, a0 hart id, a1 physical address of the device
 * tree, satp 0. boot_tables (mmu.c) also maps the kernel where it is, so that the instruction after
 * the write to satp can be fetched; arch_memory_map() corrects it soon.
 */
#include "kernel/arch/frame.inc"

    .section .text.start, "ax"
    .globl start
start:
    csrw    sie, zero
    csrci   sstatus, 2
    la      t0, boot_tables
    srli    t0, t0, 12
    li      t1, 8 << 60
    or      t0, t0, t1
    sfence.vma
    csrw    satp, t0
    sfence.vma
    li      t0, 0xffffffc000000000
    la      t1, start_high
    add     t1, t1, t0
    jr      t1

start_high:
    la      t0, trap_entry
    csrw    stvec, t0
    la      t0, trap_scratch
    csrw    sscratch, t0
    la      t0, kernel_bss
    la      t1, kernel_end
1:  sd      zero, 0(t0)
    addi    t0, t0, 8
    bltu    t0, t1, 1b
    kernel_enter
    j       kernel_main
