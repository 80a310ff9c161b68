/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bench_ecall.c - U to S and back by ecall; the handler does nothing but go on behind it. */
#include "tests/guest/guest.h"

#define ITERATIONS 4000000u
#define USER_TEXT 0x10000u

extern char bare_handler[];

/* The handler leaves a0 and a1 alone, and returns until they are equal. */
__asm__(".section .user, \"ax\"\n"
        "user_loop:\n"
        "  addi a0, a0, 1\n"
        "  ecall\n"
        "  j    user_loop\n"
        ".text\n"
        "  .balign 4\n"
        "  .globl bare_handler\n"
        "bare_handler:\n"
        "  csrr t0, sepc\n"
        "  addi t0, t0, 4\n"
        "  csrw sepc, t0\n"
        "  beq  a0, a1, bare_end\n"
        "  sret\n"
        "bare_end:\n"
        "  la   sp, trap_stack_top\n"
        "  mv   a1, t0\n"
        "  j    ecall_end\n");

/* The last round came back: how often, and to where. */
void ecall_end(uint64_t count, uint64_t pc);
void ecall_end(uint64_t count, uint64_t pc)
{
    bench_report("ecall", count, pc);
    guest_power_off();
}

void guest_main(uint64_t hart, uint64_t tree)
{
    (void)hart;
    (void)tree;
    uint64_t *root = space_create();
    space_map(root, USER_TEXT, (uint64_t)user_text_start, PTE_USER_TEXT);
    csr_write(satp, space_satp(root, 0));
    tlb_flush();
    csr_write(stvec, bare_handler);
    trap_frame.pc = USER_TEXT;
    trap_frame.status = SSTATUS_SPIE;
    trap_frame.x[11] = ITERATIONS;
    frame_resume();
}

void guest_trap(struct frame *frame)
{
    wrong_trap(frame);
}
