/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pace.c - real-time pacing. Called by headless.c, session.c and window_run.c. */
#include "frontend/pace.h"

#include <assert.h>
#include <time.h>

uint64_t host_clock_ns(void)
{
    struct timespec now;
    int result = clock_gettime(CLOCK_MONOTONIC, &now);
    assert(result == 0);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void pace_start(struct pace *pace, unsigned speed, uint64_t virtual_ns, uint64_t host_ns)
{
    *pace = (struct pace){.host_start_ns = host_ns, .virtual_start_ns = virtual_ns, .speed = speed};
}

uint64_t pace_allowed_ns(struct pace *pace, uint64_t virtual_ns, uint64_t host_ns)
{
    assert(host_ns >= pace->host_start_ns);
    if (pace->speed == 0)
        return UINT64_MAX;
    uint64_t allowed =
        pace->virtual_start_ns + (host_ns - pace->host_start_ns) * (uint64_t)pace->speed;
    if (allowed > virtual_ns && allowed - virtual_ns > PACE_LAG_MAX_NS * (uint64_t)pace->speed) {
        allowed = virtual_ns + PACE_LAG_MAX_NS * (uint64_t)pace->speed;
        pace_start(pace, pace->speed, allowed, host_ns);
    }
    return allowed;
}
