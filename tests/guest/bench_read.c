/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bench_read.c - sequential loads over 64 KiB, 32 bytes a turn. */
#include "tests/guest/guest.h"

#define ITERATIONS 40000u
#define WORDS 8192u

void guest_main(uint64_t hart, uint64_t tree)
{
    (void)hart;
    (void)tree;
    uint64_t *source = (uint64_t *)(uint64_t)GUEST_DATA, sum = 0;
    for (uint64_t i = 0; i < WORDS; i++)
        source[i] = i * 0x9e3779b97f4a7c15ul;
    for (uint64_t n = 0; n < ITERATIONS; n++)
        for (uint64_t i = 0; i < WORDS; i += 4) {
            sum += source[i];
            sum ^= source[i + 1];
            sum += source[i + 2];
            sum ^= source[i + 3];
            __asm__ volatile("" : : : "memory");
        }
    bench_report("read", ITERATIONS, sum);
}

void guest_trap(struct frame *frame)
{
    wrong_trap(frame);
}
