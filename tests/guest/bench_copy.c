/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bench_copy.c - memory copy, 64 KiB at a time, 32 bytes a turn. */
#include "tests/guest/guest.h"

#define ITERATIONS 24000u
#define WORDS 8192u

void guest_main(uint64_t hart, uint64_t tree)
{
    (void)hart;
    (void)tree;
    uint64_t *source = (uint64_t *)(uint64_t)GUEST_DATA, *target = source + 2 * WORDS;
    for (uint64_t i = 0; i < WORDS; i++)
        source[i] = i * 0x9e3779b97f4a7c15ul;
    for (uint64_t n = 0; n < ITERATIONS; n++)
        for (uint64_t i = 0; i < WORDS; i += 4) {
            uint64_t a = source[i], b = source[i + 1], c = source[i + 2], d = source[i + 3];
            __asm__ volatile("" : : : "memory");
            target[i] = a;
            target[i + 1] = b;
            target[i + 2] = c;
            target[i + 3] = d;
        }
    uint64_t sum = 0;
    for (uint64_t i = 0; i < WORDS; i++)
        sum = sum * 31 + target[i];
    bench_report("copy", ITERATIONS, sum);
}

void guest_trap(struct frame *frame)
{
    wrong_trap(frame);
}
