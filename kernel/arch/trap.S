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
#include "kernel/arch/offsets.h"

#define SSTATUS_SPP 0x100
#define CAUSE_PAGE_EXECUTE 12 /* 13 is a load, 14 no cause */
#define CAUSE_PAGE_STORE   15

    .section .text.trap, "ax"
    /* An ecall. sp: the struct domain, which has the user's sp and gp. */
    .globl trap_save_ecall
trap_save_ecall:
    sd      tp, 32(sp)
    sd      s0, 64(sp)
    sd      s1, 72(sp)
    sd      s2, 144(sp)
    sd      s3, 152(sp)
    sd      s4, 160(sp)
    sd      s5, 168(sp)
    sd      s6, 176(sp)
    sd      s7, 184(sp)
    sd      s8, 192(sp)
    sd      s9, 200(sp)
    sd      s10, 208(sp)
    sd      s11, 216(sp)
    /* The same, with tp and s0..s11 saved. */
    .globl trap_save_ecall_rest
trap_save_ecall_rest:
    csrr    t0, sepc
    sd      t0, 0(sp)
    sd      a0, 80(sp)
    sd      a1, 88(sp)
    sd      a2, 96(sp)
    sd      a3, 104(sp)
    sd      a4, 112(sp)
    sd      a5, 120(sp)
    sd      a6, 128(sp)
    sd      t3, 224(sp)
    sd      t4, 232(sp)
    sd      t5, 240(sp)
    sd      t6, 248(sp)
    sd      zero, 8(sp)
    sd      zero, 40(sp)
    sd      zero, 48(sp)
    sd      zero, 56(sp)
    sd      zero, 136(sp)
    mv      a0, sp
    la      sp, kernel_stack_top
    call    trap_call
    j       trap_return

    /* Any other trap. sp: the struct domain, which has gp; sscratch: the user's sp. */
    .globl trap_save_all
trap_save_all:
    csrr    gp, sstatus
    andi    gp, gp, SSTATUS_SPP
    bnez    gp, trap_from_kernel
    csrrw   gp, sscratch, sp
    sd      gp, 16(sp)
    sd      ra, 8(sp)
    sd      tp, 32(sp)
    sd      t0, 40(sp)
    sd      t1, 48(sp)
    sd      t2, 56(sp)
    sd      s0, 64(sp)
    sd      s1, 72(sp)
    sd      a0, 80(sp)
    sd      a1, 88(sp)
    sd      a2, 96(sp)
    sd      a3, 104(sp)
    sd      a4, 112(sp)
    sd      a5, 120(sp)
    sd      a6, 128(sp)
    sd      a7, 136(sp)
    sd      s2, 144(sp)
    sd      s3, 152(sp)
    sd      s4, 160(sp)
    sd      s5, 168(sp)
    sd      s6, 176(sp)
    sd      s7, 184(sp)
    sd      s8, 192(sp)
    sd      s9, 200(sp)
    sd      s10, 208(sp)
    sd      s11, 216(sp)
    sd      t3, 224(sp)
    sd      t4, 232(sp)
    sd      t5, 240(sp)
    sd      t6, 248(sp)
    csrr    t0, sepc
    sd      t0, 0(sp)
    li      t0, 1
    sb      t0, DOMAIN_RESTORE_ALL(sp)
    mv      s0, sp
    mv      a0, sp
    la      sp, kernel_stack_top
    csrr    a2, scause
    addi    a2, a2, -CAUSE_PAGE_EXECUTE
    li      t0, CAUSE_PAGE_STORE - CAUSE_PAGE_EXECUTE
    bgtu    a2, t0, 1f
    csrr    t0, sstatus
    bltz    t0, 1f      /* SD: f registers were written */
    csrr    a1, stval
    call    fault_quick /* domain, address, a2: 3 is a store */
    bnez    a0, trap_return
1:  mv      a0, s0
    call    trap_other

    /* a0: the domain to run. Boot enters its first domain here. */
    .globl arch_enter
arch_enter:
    .globl trap_return
trap_return:
    ld      t0, DOMAIN_SATP(a0)
    csrr    t1, satp
    beq     t0, t1, 1f
    csrw    satp, t0
1:  ld      t0, 0(a0)
    lbu     t1, DOMAIN_RESTORE_ALL(a0)
    csrw    sepc, t0
    csrw    sscratch, a0
    mv      sp, a0
    ld      gp, 24(sp)
    ld      tp, 32(sp)
    ld      s0, 64(sp)
    ld      s1, 72(sp)
    ld      s2, 144(sp)
    ld      s3, 152(sp)
    ld      s4, 160(sp)
    ld      s5, 168(sp)
    ld      s6, 176(sp)
    ld      s7, 184(sp)
    ld      s8, 192(sp)
    ld      s9, 200(sp)
    ld      s10, 208(sp)
    ld      s11, 216(sp)
    ld      a0, 80(sp)
    ld      a1, 88(sp)
    ld      a4, 112(sp)
    ld      t3, 224(sp)
    ld      t4, 232(sp)
    ld      t5, 240(sp)
    ld      t6, 248(sp)
    bnez    t1, trap_restore_all
    li      ra, 0
    li      t0, 0
    li      t1, 0
    li      t2, 0
    li      a2, 0
    li      a3, 0
    li      a5, 0
    li      a6, 0
    li      a7, 0
    ld      sp, 16(sp)
    sret

trap_restore_all:
    ld      ra, 8(sp)
    ld      t0, 40(sp)
    ld      t1, 48(sp)
    ld      t2, 56(sp)
    ld      a2, 96(sp)
    ld      a3, 104(sp)
    ld      a5, 120(sp)
    ld      a6, 128(sp)
    ld      a7, 136(sp)
    ld      sp, 16(sp)
    sret

    /* The kernel broke its own rules. */
trap_from_kernel:
    la      gp, trap_scratch
    csrw    sscratch, gp
    la      sp, emergency_stack_top
    csrr    a0, scause
    csrr    a1, sepc
    csrr    a2, stval
    call    trap_in_kernel
    ebreak

    .macro each_float instruction
    .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    \instruction f\n, (256 + 8 * \n)(a0)
    .endr
    .endm

    .text
    .globl arch_float_save
arch_float_save:
    each_float fsd
    frcsr   t0
    sd      t0, 512(a0)
    ret

    .globl arch_float_load
arch_float_load:
    each_float fld
    ld      t0, 512(a0)
    fscsr   t0
    ret

    .globl arch_float_clear
arch_float_clear:
    .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    fmv.d.x f\n, zero
    .endr
    fscsr   zero
    ret
