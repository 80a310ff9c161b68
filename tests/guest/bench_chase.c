/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bench_chase.c - pointer chasing over 512 KiB with data-dependent branches. */
#include "tests/guest/guest.h"

#define ITERATIONS 50000000u
#define NODES 65536u

void guest_main(uint64_t hart, uint64_t tree)
{
    (void)hart;
    (void)tree;
    volatile uint64_t *next = (volatile uint64_t *)(uint64_t)GUEST_DATA;
    for (uint64_t i = 0; i < NODES; i++)
        next[i] = (i * 40503 + 12345) & (NODES - 1);
    uint64_t at = 0, sum = 0;
    for (uint64_t i = 0; i < ITERATIONS; i++) {
        at = next[at];
        if (at & 1)
            sum += at;
        else
            sum ^= at << 1;
        if (at & 0x10)
            sum = sum * 3 + 1;
        if ((sum ^ at) & 4)
            sum -= 7;
    }
    bench_report("chase", ITERATIONS, sum);
}

void guest_trap(struct frame *frame)
{
    wrong_trap(frame);
}
