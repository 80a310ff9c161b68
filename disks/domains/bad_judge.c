/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bad_judge.c - lets the bad programs do their worst for a while, then looks: each must have ended
 * in its keeper with the right trap, or in a state that is defined; and a domain that does nothing
 * but work must have had all the time that the others' meter did not give away. Powers off, with
 * code 0 if so. Keys: 0 bad_watch (for questions), 1 node key of the bad ones' meter, 2 of the
 * worker's; 3, 4, 5 domain keys of loops of 1, 2 and 3 keepers; 6 of the one whose keeper is none;
 * 7 of one without cycles; 8 of one whose keeper is malformed; power, timer, console.
 * Argument 0: nanoseconds to wait; 1: the cycles that the bad ones' meter has. */
#include <stdbool.h>
#include <stdio.h>

#include "disks/domains/bad.h"
#include "disks/domains/rt/interface.h"
#include "disks/domains/rt/slots.h"

#define SLOT_WATCH 0u
#define SLOT_METER_BAD 1u
#define SLOT_METER_WORKER 2u
#define SLOT_STATES 3u
#define STATES 6u
#define CYCLE_NS 10u          /* of this machine */
#define OTHERS_CYCLES 400000u /* at most, of watch, judge, and overrun */
#define CAUSE_AMO 6u
#define CAUSE_BREAK 3u
#define CAUSE_ILLEGAL 2u

static const uint64_t trap_due[BAD_REPORTED] = {
    [BAD_JUMP_NOWHERE] = TRAP_MEMORY + 4 * MEMORY_NO_KEY,
    [BAD_JUMP_KERNEL] = TRAP_MEMORY + 4 * MEMORY_KERNEL,
    [BAD_STACK] = TRAP_MEMORY + 4 * MEMORY_NO_KEY,
    [BAD_INSTRUCTION] = TRAP_HARDWARE + CAUSE_ILLEGAL,
    [BAD_AMO] = TRAP_HARDWARE + CAUSE_AMO,
    [BAD_FLOAT] = TRAP_HARDWARE + CAUSE_ILLEGAL,
    [BAD_BREAK] = TRAP_HARDWARE + CAUSE_BREAK,
    [BAD_WRITE_CODE] = TRAP_MEMORY + 4 * MEMORY_READ_ONLY,
    [BAD_SELF_MESSAGE] = TRAP_SELF_JUMP,
    [BAD_EXIT_BLOCK] = TRAP_BAD_EXIT,
    [BAD_STRING] = TRAP_BAD_STRING,
    [BAD_SEGMENT] = TRAP_MEMORY + 4 * MEMORY_TOO_DEEP,
};

static struct {
    unsigned wrong;
} judge;

static void expect(const char *what, uint64_t number, bool good)
{
    printf("bad: %s 0x%lx: %s\n", what, number, good ? "good" : "wrong");
    judge.wrong += !good;
}

static void traps_judge(void)
{
    for (uint64_t kind = 0; kind < BAD_REPORTED; kind++) {
        uint64_t order = 0;
        (void)key_order_word(SLOT_WATCH, BAD_REPORT, kind, &order);
        expect("trap", order - KT, order == KT + trap_due[kind]);
    }
}

/* Who traps and cannot be helped waits, its trap noted. Who has no cycles would run; so would those
 * who call each other as keepers, and each waits for its keeper to be available. */
static void states_judge(void)
{
    static const char *const names[STATES] = {"keeper of itself", "loop of two",
                                              "loop of three",    "keeper that is none",
                                              "without cycles",   "keeper without nodes"};
    static const uint64_t states[STATES] = {DOMAIN_WAITING, DOMAIN_RUNNING, DOMAIN_RUNNING,
                                            DOMAIN_WAITING, DOMAIN_RUNNING, DOMAIN_WAITING};
    for (unsigned i = 0; i < STATES; i++) {
        struct domain_control control = {0};
        (void)domain_get_control(SLOT_STATES + i, &control);
        expect(names[i], control.state, control.state == states[i]);
    }
}

static uint64_t used_of(unsigned slot)
{
    uint64_t used = 0;
    (void)node_fetch(slot, METER_SLOT_USED, SLOT_TEMPORARY);
    (void)number_read(SLOT_TEMPORARY, &used);
    return used;
}

int domain_main(uint64_t wait_ns, uint64_t bad_cycles)
{
    uint64_t start_ns = 0, end_ns = 0;
    (void)timer_now(SLOT_TIMER, &start_ns);
    uint64_t worked = used_of(SLOT_METER_WORKER);
    (void)timer_wait_until(SLOT_TIMER, start_ns + wait_ns);
    (void)timer_now(SLOT_TIMER, &end_ns);
    worked = used_of(SLOT_METER_WORKER) - worked;
    uint64_t bad = used_of(SLOT_METER_BAD);
    uint64_t cycles = (end_ns - start_ns) / CYCLE_NS;
    traps_judge();
    states_judge();
    expect("cycles of the bad", bad, bad >= bad_cycles && bad < bad_cycles + OTHERS_CYCLES);
    expect("cycles of the worker", worked, worked + bad_cycles + OTHERS_CYCLES >= cycles);
    printf("bad: of %lu cycles the worker had %lu and the bad ones %lu; %u wrong\n", cycles, worked,
           bad, judge.wrong);
    (void)power_off(SLOT_POWER, judge.wrong != 0);
    return 0;
}
