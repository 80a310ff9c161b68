/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bench_alu.c - one tight loop of register arithmetic. */
#include "tests/guest/guest.h"

#define ITERATIONS 100000000u

void guest_main(uint64_t hart, uint64_t tree)
{
    (void)hart;
    (void)tree;
    uint64_t a = 1, b = 2, c = 3;
    for (uint64_t i = 0; i < ITERATIONS; i++) {
        a += b;
        b ^= a << 3;
        c -= b;
        a ^= c >> 5;
        b += i;
        c ^= a;
    }
    bench_report("alu", ITERATIONS, a + b + c);
}

void guest_trap(struct frame *frame)
{
    wrong_trap(frame);
}
