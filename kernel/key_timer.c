/* SPDX-License-Identifier: GPL-2.0-or-later */
/* key_timer.c - system time and the calendar, for domains. Called by order.c.
 *
 * System time is nanoseconds of running, counted on from the checkpoint that was restarted from, so
 * that it never goes back. A wait names an absolute time, so that repeating it is harmless. */
#include "kernel/arch/arch.h"
#include "kernel/driver/driver.h"
#include "kernel/keys.h"
#include "kernel/main.h"
#include "kernel/restart.h"
#include "kernel/sched.h"

/* Ticks of the time counter a second. A tree that names none, or an absurd one, gets the
 * board's. */
static uint64_t timebase_hz(void)
{
    uint64_t hz = main_facts.timebase_hz;
    return hz > 0 && hz <= NS_PER_SECOND ? hz : BOARD_TIMEBASE_HZ;
}

static uint64_t ns_of_ticks(uint64_t ticks)
{
    uint64_t hz = timebase_hz();
    return ticks / hz * NS_PER_SECOND + ticks % hz * NS_PER_SECOND / hz;
}

/* Rounded up: a wait never ends early. */
static uint64_t ticks_of_ns(uint64_t time_ns)
{
    uint64_t hz = timebase_hz();
    return time_ns / NS_PER_SECOND * hz +
           (time_ns % NS_PER_SECOND * hz + NS_PER_SECOND - 1) / NS_PER_SECOND;
}

uint64_t timer_system_ns(void)
{
    return restart_time_ns() + ns_of_ticks(arch_time());
}

enum invoked timer_wait_until(struct invocation *invocation)
{
    uint64_t time_ns, now_ns = timer_system_ns();
    (void)invoke_string(invocation, &time_ns, sizeof(time_ns));
    if (time_ns <= now_ns)
        return invoke_answer(invocation, RC_OK);
    uint64_t now = arch_time(), ticks = ticks_of_ns(time_ns - now_ns);
    (void)sched_stall_until(ticks < UINT64_MAX - now ? now + ticks : UINT64_MAX);
    return INVOKED_STALL;
}

enum invoked timer_read(struct invocation *invocation)
{
    bool calendar = invocation->message.code == TIMER_CALENDAR;
    uint64_t time_ns = calendar ? driver_calendar_ns() : timer_system_ns();
    return invoke_answer_bytes(invocation, &time_ns, sizeof(time_ns));
}
