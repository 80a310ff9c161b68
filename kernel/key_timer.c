/* SPDX-License-Identifier: GPL-2.0-or-later */
/* key_timer.c - system time and the calendar, for domains. Called by invoke.c.
 *
 * System time is nanoseconds of running, counted on from the checkpoint that was restarted from, so
 * that it never goes back. A wait names an absolute time, so that repeating it is harmless. */
#include "kernel/arch/arch.h"
#include "kernel/driver/driver.h"
#include "kernel/keys.h"
#include "kernel/main.h"
#include "kernel/restart.h"
#include "kernel/sched.h"

#define NS_PER_SECOND 1000000000ull

static uint64_t ns_per_tick(void)
{
    uint64_t timebase_hz = main_facts()->timebase_hz;
    return timebase_hz ? NS_PER_SECOND / timebase_hz : NS_PER_SECOND / BOARD_TIMEBASE_HZ;
}

static uint64_t system_time_ns(void)
{
    return restart_time_ns() + arch_time() * ns_per_tick();
}

static enum invoked wait_until(struct invocation *invocation)
{
    uint64_t time_ns, now_ns = system_time_ns();
    if (invoke_string(invocation, &time_ns, sizeof(time_ns)) != sizeof(time_ns))
        return invoke_answer(invocation, RC_FORMAT);
    if (time_ns <= now_ns)
        return invoke_answer(invocation, RC_OK);
    uint64_t ticks = (time_ns - now_ns + ns_per_tick() - 1) / ns_per_tick();
    (void)sched_stall_until(arch_time() + ticks);
    return INVOKED_STALL;
}

enum invoked timer_invoke(struct invocation *invocation)
{
    uint64_t time_ns;
    switch (invocation->message.code) {
    case ORDER_TYPE:
        return invoke_answer(invocation, AKT_TIMER);
    case TIMER_NOW:
        time_ns = system_time_ns();
        break;
    case TIMER_CALENDAR:
        time_ns = driver_calendar_ns();
        break;
    case TIMER_WAIT_UNTIL:
        return wait_until(invocation);
    default:
        return invoke_answer(invocation, RC_BAD_ORDER);
    }
    invoke_reply_bytes(invocation, &time_ns, sizeof(time_ns));
    return invoke_answer(invocation, RC_OK);
}
