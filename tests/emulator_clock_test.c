/* SPDX-License-Identifier: GPL-2.0-or-later */
/* emulator_clock_test.c - conversions are exact and never let a deadline come early. */
#include "emulator/clock.h"

#include <criterion/criterion.h>

Test(clock, conversions_give_known_values)
{
    cr_assert_eq(clock_ns(100, 100000000), 1000);
    cr_assert_eq(clock_ticks(100, 100000000), 10);
    cr_assert_eq(clock_cycles_at_ns(1, 100000000), 1, "rounded up");
    cr_assert_eq(clock_cycles_at_ticks(1, 100000000), 10);
    cr_assert_eq(clock_cycles_at_ns(CLOCK_NEVER, 100000000), CLOCK_NEVER);
    cr_assert_eq(clock_ns(UINT64_MAX, 1000000), UINT64_MAX, "what does not fit stays at the end");
    cr_assert_eq(clock_cycles_at_ticks(UINT64_MAX - 1, 10000000000u), CLOCK_NEVER);
}

Test(clock, a_deadline_is_the_first_cycle_at_which_its_time_has_come)
{
    uint64_t state = 1;
    static const uint64_t rates[] = {1000000, 33333333, 100000000, 999999937, 10000000000u};
    for (unsigned i = 0; i < 100000; i++) {
        state = state * 6364136223846793005ull + 1442695040888963407ull;
        uint64_t hz = rates[i % 5], ns = state >> (8 + i % 50);
        uint64_t cycle = clock_cycles_at_ns(ns, hz);
        if (cycle == CLOCK_NEVER)
            continue;
        cr_assert_geq(clock_ns(cycle, hz), ns, "hz %lu ns %lu", hz, ns);
        if (cycle > 0)
            cr_assert_lt(clock_ns(cycle - 1, hz), ns, "hz %lu ns %lu", hz, ns);
    }
}
