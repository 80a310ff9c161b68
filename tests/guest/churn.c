/* SPDX-License-Identifier: GPL-2.0-or-later */
/* churn.c - changes its code over and over: each round rewrites one instruction of every function
 * in a row of them and calls them all, so that all have to be translated again. The word at
 * GUEST_DATA says how many rounds. tests/emulator_cpu_fuzz_test.c runs it. */
#include "tests/guest/guest.h"

#define FUNCTIONS 64u
#define INSTRUCTIONS 1000u /* of each; a page apart */
#define CODE (GUEST_DATA + 0x100000u)
#define PAGE 4096u

/* addi a0, a0, immediate */
static uint32_t addi(uint32_t immediate)
{
    return (immediate & 2047u) << 20 | 10u << 15 | 10u << 7 | 0x13u;
}

static uint32_t *function_code(unsigned function)
{
    return (uint32_t *)(uint64_t)(CODE + function * PAGE);
}

void guest_main(uint64_t hart, uint64_t tree)
{
    (void)hart;
    (void)tree;
    uint64_t rounds = *(const uint64_t *)(uint64_t)GUEST_DATA, sum = 0;
    for (unsigned f = 0; f < FUNCTIONS; f++) {
        for (unsigned i = 0; i < INSTRUCTIONS; i++)
            function_code(f)[i] = addi(i);
        function_code(f)[INSTRUCTIONS] = 0x00008067; /* ret */
    }
    for (uint64_t round = 0; round < rounds; round++) {
        for (unsigned f = 0; f < FUNCTIONS; f++)
            function_code(f)[round % INSTRUCTIONS] = addi((uint32_t)(round * 7 + f));
        __asm__ volatile("fence.i" : : : "memory");
        for (unsigned f = 0; f < FUNCTIONS; f++)
            sum = ((uint64_t(*)(uint64_t))(uint64_t)function_code(f))(sum) * 31;
    }
    bench_report("churn", rounds, sum);
}

void guest_trap(struct frame *frame)
{
    wrong_trap(frame);
}
