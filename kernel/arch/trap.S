/* SPDX-License-Identifier: GPL-2.0-or-later */
/* trap.S - into the kernel by the general way, and back to a domain. Traps begin in gate.S, which
 * comes here with what is not a plain message; trap.c is called in between.
 *
 * Two ways in: an ecall keeps what the one kernel call keeps (abi.h): sp gp tp s0..s11, the
 * arguments a0..a6 and the string t3..t6; ra t0..t2 a7 are dead and stored as 0. Any other trap
 * keeps everything. Two ways out, chosen by domain->restore_all: after a message the registers that
 * carry it are loaded and all dead ones cleared, so that nothing of the kernel or of another domain
 * is ever seen; else all are loaded.
 */
#include "kernel/arch/frame.inc"

    .section .text.trap, "ax"
    .globl trap_save_ecall, trap_save_ecall_rest, trap_save_all, trap_restore_all, arch_enter
    .globl arch_float_save, arch_float_load
    /* An ecall. sp: the struct domain, which has the user's sp and gp. */
trap_save_ecall:
    each    sd, sp, KEPT
    /* The same, with tp and s0..s11 saved. */
trap_save_ecall_rest:
    csrr    t0, sepc
    sd      t0, 0(sp)
    each    sd, sp, SENT
    .irp    n, DEAD
    sd      zero, 8 * \n(sp)
    .endr
    mv      a0, sp
    kernel_enter
    jal     trap_call
    j       arch_enter

    /* Any other trap. sp: the struct domain, which has gp; sscratch: the user's sp; gp: its cause,
     * less CAUSE_ECALL. From the kernel, what is written here is of no use to anybody any more, but
     * the domain's pc stays what it was. */
trap_save_all:
    sd      ra, 8(sp)
    csrrw   ra, sscratch, sp
    sd      ra, 16(sp)
    sd      t0, 40(sp)
    csrr    t0, sstatus
    andi    ra, t0, SSTATUS_SPP_BIT
    bnez    ra, trap_from_kernel
    each    sd, sp, 6, 7, 17, KEPT, SENT
    csrr    ra, sepc
    sd      ra, 0(sp)
    mv      a0, sp
    addi    a2, gp, CAUSE_ECALL - CAUSE_PAGE_EXECUTE
    kernel_enter
    li      t1, CAUSE_PAGE_STORE - CAUSE_PAGE_EXECUTE
    bgtu    a2, t1, 1f
    bltz    t0, 1f      /* SD: f registers were written */
    csrr    a1, stval
    jal     fault_quick /* domain, address, a2: 3 is a store */
    mv      sp, a0
    bnez    a0, trap_restore_all /* it goes on where it was */
1:  addi    sp, gp, STACK_TOP_TO_GP
    csrr    a0, sscratch
    jal     trap_other

    /* a0: the domain to run. Boot enters its first domain here. */
arch_enter:
    target_enter a0, t0
    lbu     t0, DOMAIN_RESTORE_ALL(a0)
    mv      sp, a0
    bnez    t0, trap_restore_all
    each    ld, sp, 3, KEPT, RECEIVED
    clear   NOT_RECEIVED
    ld      sp, 16(sp)
    sret

    /* Nothing but sp is in place. */
trap_restore_all:
    each    ld, sp, 3, KEPT, RECEIVED, NOT_RECEIVED
    ld      sp, 16(sp)
    sret

    /* The kernel broke its own rules. If it does again, that is saved there as well. */
trap_from_kernel:
    kernel_enter
    la      sp, emergency_stack_top
    j       trap_in_kernel

    /* By way of sp the instructions are short; nothing traps in between. */
    .macro each_float instruction
    mv      t0, sp
    addi    sp, a0, 256
    .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    \instruction f\n, 8 * \n(sp)
    .endr
    mv      sp, t0
    .endm

arch_float_save:
    each_float fsd
    frcsr   t0
    sd      t0, 512(a0)
    ret

arch_float_load:
    each_float fld
    ld      t0, 512(a0)
    fscsr   t0
    ret
