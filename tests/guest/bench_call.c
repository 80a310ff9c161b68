/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bench_call.c - recursion: calls, returns, stack traffic. */
#include "tests/guest/guest.h"

#define DEPTH 35u

static uint64_t __attribute__((noinline, noclone)) fibonacci(uint64_t n)
{
    return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}

void guest_main(uint64_t hart, uint64_t tree)
{
    (void)hart;
    (void)tree;
    bench_report("call", DEPTH, fibonacci(DEPTH));
}

void guest_trap(struct frame *frame)
{
    wrong_trap(frame);
}
