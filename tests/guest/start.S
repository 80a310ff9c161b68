/* SPDX-License-Identifier: GPL-2.0-or-later */
/* start.S - entry from the firmware in S-mode, and the trap path of all bare guests.
 *
 * a0 = hart, a1 = device tree. guest_main() runs on stack_top. Every trap saves all registers in
 * trap_frame, calls guest_trap(frame) on a stack of its own and resumes what the frame then says.
 */
    .macro each_register op
    .irp n, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16
    \op  x\n, 8*\n(t6)
    .endr
    .irp n, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30
    \op  x\n, 8*\n(t6)
    .endr
    .endm

    .section .text.start, "ax"
    .globl _start
_start:
    csrw sie, zero
    la   sp, stack_top
    la   t0, trap_frame
    csrw sscratch, t0
    la   t0, trap_entry
    csrw stvec, t0
    call guest_main
    call guest_power_off

    .text
    .balign 4
    .globl trap_entry
trap_entry:
    csrrw t6, sscratch, t6
    each_register sd
    csrr t0, sscratch
    sd   t0, 8*31(t6)
    csrr t0, sepc
    sd   t0, 256(t6)
    csrr t0, scause
    sd   t0, 264(t6)
    csrr t0, stval
    sd   t0, 272(t6)
    csrr t0, sstatus
    sd   t0, 280(t6)
    la   sp, trap_stack_top
    mv   a0, t6
    call guest_trap

/* frame_resume - leave by trap_frame: to U or S as its sstatus says. */
    .globl frame_resume
frame_resume:
    la   t6, trap_frame
    csrw sscratch, t6
    ld   t0, 256(t6)
    csrw sepc, t0
    ld   t0, 280(t6)
    csrw sstatus, t0
    each_register ld
    ld   x31, 8*31(t6)
    sret

/* try_run(pc, a0, a1, status): run code at pc with the sstatus bits of status (SPP clear: U-mode)
 * until it traps. Returns the cause; a return by "ret" gives TRY_RETURNED. guest_trap() calls
 * try_end(cause). */
    .globl try_run
try_run:
    addi sp, sp, -128
    sd   ra, 0(sp)
    .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
    sd   s\n, 8+8*\n(sp)
    .endr
    sd   gp, 104(sp)
    sd   tp, 112(sp)
    la   t0, try_stack
    sd   sp, 0(t0)
    csrw sepc, a0
    csrw sstatus, a3
    mv   a0, a1
    mv   a1, a2
    la   ra, try_returned
    sret
    .globl try_returned
try_returned:
    la   t0, try_value
    sd   a0, 0(t0)
    li   a0, -1
    j    try_leave
/* try_end(cause): give up what try_run() started. */
    .globl try_end
try_end:
    la   t0, try_stack
    ld   sp, 0(t0)
    la   t0, trap_frame
    csrw sscratch, t0
try_leave:
    ld   ra, 0(sp)
    .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
    ld   s\n, 8+8*\n(sp)
    .endr
    ld   gp, 104(sp)
    ld   tp, 112(sp)
    addi sp, sp, 128
    ret

    .bss
    .balign 16
    .globl trap_frame
trap_frame:
    .space 320
try_stack:
    .space 8
    .globl try_value
try_value:
    .space 8
