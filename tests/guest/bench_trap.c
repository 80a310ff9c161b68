/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bench_trap.c - U to S and back by ecall, all registers saved and restored each time. */
#include "tests/guest/guest.h"

#define ITERATIONS 3000000u
#define USER_TEXT 0x10000u

static uint64_t calls, sum;

__asm__(".section .user, \"ax\"\n"
        "user_loop:\n"
        "  addi a0, a0, 1\n"
        "  ecall\n"
        "  j user_loop\n"
        ".text\n");

void guest_main(uint64_t hart, uint64_t tree)
{
    (void)hart;
    (void)tree;
    uint64_t *root = space_create();
    space_map(root, USER_TEXT, (uint64_t)user_text_start, PTE_USER_TEXT);
    csr_write(satp, space_satp(root, 0));
    tlb_flush();
    trap_frame.pc = USER_TEXT;
    trap_frame.status = SSTATUS_SPIE;
    frame_resume();
}

void guest_trap(struct frame *frame)
{
    if (frame->cause != CAUSE_ECALL_U)
        wrong_trap(frame);
    frame->pc += 4;
    sum = sum * 3 + frame->x[10];
    if (++calls < ITERATIONS)
        return;
    bench_report("trap", ITERATIONS, sum);
    guest_power_off();
}
