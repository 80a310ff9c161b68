/* SPDX-License-Identifier: GPL-2.0-or-later */
/* frontend_pace_test.c - real-time pacing: speeds, and no chase after a hang. */
#include "frontend/pace.h"

#include <criterion/criterion.h>

#define MS 1000000u

Test(pace, virtual_time_goes_along_with_real_time)
{
    struct pace pace;
    pace_start(&pace, 1, 500, 1000);
    cr_expect_eq(pace_allowed_ns(&pace, 500, 1000), 500);
    cr_expect_eq(pace_allowed_ns(&pace, 500, 1000 + 16 * MS), 500 + 16 * MS);
}

Test(pace, twice_as_fast_is_twice_as_far)
{
    struct pace pace;
    pace_start(&pace, 2, 0, 0);
    cr_expect_eq(pace_allowed_ns(&pace, 0, 10 * MS), 20 * MS);
}

Test(pace, without_a_limit_everything_is_allowed)
{
    struct pace pace;
    pace_start(&pace, 0, 0, 0);
    cr_expect_eq(pace_allowed_ns(&pace, 123, 1), UINT64_MAX);
}

Test(pace, a_hang_is_not_made_up_for)
{
    struct pace pace;
    pace_start(&pace, 1, 0, 0);
    cr_expect_eq(pace_allowed_ns(&pace, 0, 10000ull * MS), PACE_LAG_MAX_NS);
    cr_expect_eq(pace_allowed_ns(&pace, PACE_LAG_MAX_NS, 10005ull * MS), PACE_LAG_MAX_NS + 5 * MS,
                 "the pace starts anew where the run is");
}

Test(pace, the_host_clock_goes_forward)
{
    uint64_t before = host_clock_ns();
    for (int i = 0; i < 1000; i++) {
        uint64_t now = host_clock_ns();
        cr_assert_geq(now, before);
        before = now;
    }
}
