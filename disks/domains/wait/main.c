/* SPDX-License-Identifier: GPL-2.0-or-later */
/* main.c - alarms for several domains. Protocol: rt/wait.h.
 *
 * A domain that waits for the kernel's timer can do nothing else, so a pump (wait_pump.c) does the
 * waiting. This domain has the pump's domain key: when the time to wait for changes, it takes the
 * pump out of whatever it is doing and starts it again with the new time.
 *
 * Keys: 0 domain key of the pump, 1 a node for the resume keys of those who wait, 2 discrim; timer.
 *
 * Invariants
 *  1. While somebody waits, the pump waits for the earliest time, or is on its way to say that it
 *     has come.
 */
#include <string.h>

#include "disks/domains/parts/calendar.h"
#include "disks/domains/rt/creator.h"
#include "disks/domains/rt/layout.h"
#include "disks/domains/rt/slots.h"
#include "disks/domains/rt/wait.h"

#define SLOT_PUMP 0u
#define SLOT_WAITERS 1u
#define SLOT_DISCRIM 2u
#define SLOT_WAITER 3u
#define NEVER UINT64_MAX
#define CLASS_RESUME 2u

static struct {
    uint64_t alarms_ns[WAIT_ALARMS];  /* system time; 0: not set */
    uint64_t waiters_ns[WAITERS_MAX]; /* NEVER: the place is free */
    uint64_t pump_ns;                 /* what the pump waits for */
    struct message message;
    uint64_t words[2], answer;
    char text[CALENDAR_TEXT_BYTES];
} waits;

static uint64_t now_ns(void)
{
    uint64_t now = 0;
    (void)timer_now(SLOT_TIMER, &now);
    return now;
}

/* Answer all whose time has come. */
static void waiters_wake(uint64_t now)
{
    for (unsigned i = 0; i < WAITERS_MAX; i++) {
        struct message message = MESSAGE(RC_OK);
        if (waits.waiters_ns[i] > now)
            continue;
        waits.waiters_ns[i] = NEVER;
        (void)node_swap(SLOT_WAITERS, i, SLOT_VOID, SLOT_WAITER);
        if (discrim_type(SLOT_DISCRIM, SLOT_WAITER) == CLASS_RESUME)
            (void)key_fork(SLOT_WAITER, &message);
    }
}

static uint64_t earliest(void)
{
    uint64_t due = NEVER;
    for (unsigned i = 0; i < WAITERS_MAX; i++)
        if (waits.waiters_ns[i] < due)
            due = waits.waiters_ns[i];
    return due;
}

/* Have the pump wait for the earliest time. */
static void pump_set(void)
{
    struct domain_registers registers = {.pc = LAYOUT_ENTRY};
    const struct domain_control no_trap = {.trap_code = 0};
    struct message go = MESSAGE(0);
    uint64_t due = earliest();
    if (due == waits.pump_ns || due == NEVER)
        return;
    waits.pump_ns = due;
    registers.x[REGISTER_SP] = LAYOUT_STACK_END;
    registers.x[REGISTER_A0] = due;
    if (domain_make_busy(SLOT_PUMP, SLOT_TEMPORARY) == RC_OK &&
        domain_put_registers(SLOT_PUMP, &registers) == RC_OK &&
        domain_put_control(SLOT_PUMP, &no_trap) == RC_OK)
        (void)key_fork(SLOT_TEMPORARY, &go);
}

/* The caller waits until a time. true: it has to. */
static bool waiter_add(uint64_t due, uint64_t now, uint64_t *code)
{
    *code = RC_OK;
    if (due <= now)
        return false;
    for (unsigned i = 0; i < WAITERS_MAX; i++) {
        if (waits.waiters_ns[i] != NEVER)
            continue;
        waits.waiters_ns[i] = due;
        (void)node_swap(SLOT_WAITERS, i, SLOT_CALLER, SLOT_NONE);
        return true;
    }
    *code = RC_WAIT_CROWDED;
    return false;
}

/* The time that an order sets an alarm to. NEVER: the string has the wrong shape. */
static uint64_t time_set(uint64_t order, uint64_t now)
{
    uint64_t calendar = 0, word = waits.words[0];
    if (waits.message.length_bytes != sizeof(word))
        return NEVER;
    if (order == WAIT_SET_INTERVAL || order == WAIT_INTERVAL_AND_WAIT)
        return word < (NEVER - 1 - now) / 1000 ? now + word * 1000 : NEVER - 1;
    (void)timer_calendar(SLOT_TIMER, &calendar);
    if (word <= calendar)
        return 1;
    return word - calendar < NEVER - 1 - now ? now + (word - calendar) : NEVER - 1;
}

static uint64_t show(uint64_t order)
{
    (void)timer_calendar(SLOT_TIMER, &waits.answer);
    waits.message.send = &waits.answer;
    waits.message.send_bytes = sizeof(waits.answer);
    if (order == WAIT_SHOW) {
        calendar_text(waits.answer, waits.text);
        waits.message.send = waits.text;
        waits.message.send_bytes = strlen(waits.text);
    }
    return RC_OK;
}

/* true: the caller waits, and is not answered now. */
static bool serve(uint64_t order, uint64_t *code)
{
    uint64_t now = now_ns(), *alarm = &waits.alarms_ns[waits.message.data_byte % WAIT_ALARMS];
    *code = RC_OK;
    switch (order) {
    case ORDER_TYPE:
        *code = AKT_WAIT;
        return false;
    case WAIT_WAIT:
        return waiter_add(*alarm, now, code);
    case WAIT_SET:
    case WAIT_SET_INTERVAL:
    case WAIT_SET_AND_WAIT:
    case WAIT_INTERVAL_AND_WAIT: {
        uint64_t due = time_set(order, now);
        if (due == NEVER) {
            *code = RC_FORMAT;
            return false;
        }
        *alarm = due;
        return order >= WAIT_SET_AND_WAIT && waiter_add(due, now, code);
    }
    case WAIT_SHOW:
    case WAIT_SHOW_TIME:
        *code = show(order);
        return false;
    default:
        *code = RC_BAD_ORDER;
        return false;
    }
}

int domain_main(uint64_t argument_0, uint64_t argument_1)
{
    (void)argument_0;
    (void)argument_1;
    struct message *message = &waits.message;
    bool waits_now = true;
    waits.pump_ns = NEVER;
    memset(waits.waiters_ns, 0xff, sizeof(waits.waiters_ns));
    *message = (struct message)MESSAGE(RC_OK);
    message->receive = waits.words;
    message->receive_bytes = sizeof(waits.words);
    for (;;) {
        uint64_t code = RC_BAD_ORDER,
                 order = serve_next_through(waits_now ? SLOT_VOID : SLOT_CALLER, SLOT_DISCRIM,
                                            message);
        message->send = NULL;
        waits_now = false;
        if (message->data_byte == WAIT_PUMP) {
            waits.pump_ns = NEVER;
            waiters_wake(now_ns());
            waits_now = true; /* the pump needs no answer: it is started again */
        } else if (message->data_byte < WAIT_ALARMS) {
            waits_now = serve(order, &code);
        }
        message->code = code;
        pump_set();
    }
}
