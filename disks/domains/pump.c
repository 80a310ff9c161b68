/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pump.c - waits for one device and passes what comes to the screen: a domain waits for one thing
 * at a time, so a service that wants several has a pump for each. Argument 0: SCREEN_TICK,
 * SCREEN_KEYS or SCREEN_POINTER. Keys: 0 the screen, 2 a counter, 1 the input (for keys and
 * pointer), timer (for ticks). */
#include "disks/domains/rt/interface.h"
#include "disks/domains/rt/slots.h"

#define SLOT_SCREEN 0u
#define SLOT_INPUT 1u
#define SLOT_COUNTER 2u
#define TICK_NS 33333333u /* 30 pictures a second */
#define EVENTS_MAX 128u

/* One message more has gone to the screen. */
static void count(void)
{
    uint64_t sum;
    (void)counter_add(SLOT_COUNTER, 1, &sum);
}

static void ticks_pump(void)
{
    uint64_t now, due;
    if (timer_now(SLOT_TIMER, &due) != RC_OK)
        return;
    for (;;) {
        due += TICK_NS;
        if (timer_wait_until(SLOT_TIMER, due) != RC_OK || timer_now(SLOT_TIMER, &now) != RC_OK)
            return;
        if (now > due + TICK_NS) /* late: leave pictures out rather than lag behind */
            due = now;
        if (screen_tick(SLOT_SCREEN, now) == RC_DEVICE)
            return;
        count();
    }
}

static void input_pump(bool pointer)
{
    static struct input_event events[EVENTS_MAX];
    for (;;) {
        size_t size_bytes = sizeof(events);
        uint64_t read = input_read(SLOT_INPUT, events, &size_bytes);
        if (read == RC_RESTARTED)
            continue; /* what was typed meanwhile is lost */
        if (read != RC_OK)
            return;
        uint64_t code = pointer ? screen_pointer(SLOT_SCREEN, events, size_bytes)
                                : screen_keys(SLOT_SCREEN, events, size_bytes);
        if (code == RC_DEVICE)
            return;
        count();
    }
}

int domain_main(uint64_t order, uint64_t argument_1)
{
    (void)argument_1;
    if (order == SCREEN_TICK)
        ticks_pump();
    else
        input_pump(order == SCREEN_POINTER);
    return 0;
}
