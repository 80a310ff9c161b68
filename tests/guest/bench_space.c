/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bench_space.c - two address spaces take turns by ecall, with sfence.vma at each change; each
 * touches two pages of its own at the same virtual address. */
#include "tests/guest/guest.h"

#define ITERATIONS 300000u
#define USER_TEXT 0x10000u
#define USER_DATA 0x20000u

static uint64_t satp[2], turns;

__asm__(".section .user, \"ax\"\n"
        "user_turn:\n"
        "  ld   a1, 0(a0)\n"
        "  addi a1, a1, 3\n"
        "  sd   a1, 0(a0)\n"
        "  li   t0, 4096\n"
        "  add  t0, t0, a0\n"
        "  sd   a1, 0(t0)\n"
        "  ecall\n"
        "  j    user_turn\n"
        ".text\n");

void guest_main(uint64_t hart, uint64_t tree)
{
    (void)hart;
    (void)tree;
    for (uint64_t i = 0; i < 2; i++) {
        uint64_t *root = space_create();
        uint64_t data = GUEST_DATA + i * 0x10000;
        space_map(root, USER_TEXT, (uint64_t)user_text_start, PTE_USER_TEXT);
        space_map(root, USER_DATA, data, PTE_USER_DATA);
        space_map(root, USER_DATA + 4096, data + 4096, PTE_USER_DATA);
        *(volatile uint64_t *)data = i;
        satp[i] = space_satp(root, i);
    }
    csr_write(satp, satp[0]);
    tlb_flush();
    trap_frame.pc = USER_TEXT;
    trap_frame.status = SSTATUS_SPIE;
    trap_frame.x[10] = USER_DATA;
    frame_resume();
}

void guest_trap(struct frame *frame)
{
    if (frame->cause != CAUSE_ECALL_U)
        wrong_trap(frame);
    frame->pc = USER_TEXT;
    turns++;
    csr_write(satp, satp[turns & 1]);
    tlb_flush();
    if (turns < ITERATIONS)
        return;
    volatile uint64_t *first = (volatile uint64_t *)(uint64_t)GUEST_DATA;
    bench_report("space", ITERATIONS, first[0] * 31 + first[0x10000 / 8]);
    guest_power_off();
}
