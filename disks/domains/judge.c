/* SPDX-License-Identifier: GPL-2.0-or-later */
/* judge.c - watches the fuzzing domain, and that nobody else is harmed by it.
 *
 * Every 2 ms it calls pong, looks at its own memory and slots, gives the fuzzing domain new keys
 * from a stock of all kinds, and starts it again if it has made no call since. When enough calls
 * were made it says so and powers off; code 0 if nothing was ever wrong. Argument 0: how many calls
 * are enough.
 * Keys: 0 domain key of the fuzzing domain, 1 pong, 2 a number that must stay, 3 and on: fetch keys
 * of SHELVES nodes full of keys, then a node that the fuzzing domain can change and a fetch key of
 * one that shows what it is to hold; timer, console, power.
 */
#include <stdio.h>
#include <string.h>

#include "disks/domains/fuzz.h"
#include "disks/domains/rt/interface.h"
#include "disks/domains/rt/slots.h"

#define SLOT_FUZZ 0u
#define SLOT_PONG 1u
#define SLOT_NUMBER 2u
#define SLOT_SHELF 3u
#define SHELVES 3u
#define SLOT_BOX 6u
#define SLOT_BOX_FULL 7u
#define NUMBER 4711u
#define KEYS_A_ROUND 4u
#define PERIOD_NS 2000000u
#define PATTERN_BYTES 8192u
#define PATTERN 0x5a

static struct {
    uint8_t pattern[PATTERN_BYTES];
    uint64_t wrong, started;
} judge;

static void fuzz_start_again(void)
{
    const uint64_t registers[3] = {FUZZ_ENTRY, 0, FUZZ_STACK};
    const struct domain_control no_trap = {.trap_code = 0};
    struct message go = MESSAGE(0);
    judge.started++;
    if (domain_make_busy(SLOT_FUZZ, SLOT_TEMPORARY) != RC_OK ||
        key_order_string(SLOT_FUZZ, DOMAIN_PUT_REGISTERS, registers, sizeof(registers), NULL,
                         NULL) != RC_OK ||
        domain_put_control(SLOT_FUZZ, &no_trap) != RC_OK)
        judge.wrong++;
    (void)key_fork(SLOT_TEMPORARY, &go);
}

/* The keys on the shelves come to the fuzzing domain's slots in turn, at a stride that brings each
 * to every slot. */
static void supply(uint64_t round)
{
    for (uint64_t i = round * KEYS_A_ROUND; i < (round + 1) * KEYS_A_ROUND; i++) {
        unsigned from = (unsigned)(i % (SHELVES * NODE_SLOTS));
        unsigned to = (unsigned)((i + i / (SHELVES * NODE_SLOTS)) % NODE_SLOTS);
        if (node_fetch(SLOT_SHELF + from / NODE_SLOTS, from % NODE_SLOTS, SLOT_TEMPORARY) !=
                RC_OK ||
            domain_swap(SLOT_FUZZ, to, SLOT_TEMPORARY, SLOT_NONE) != RC_OK)
            judge.wrong++;
    }
    if (round % 16 == 0 && node_clone(SLOT_BOX, SLOT_BOX_FULL) != RC_OK)
        judge.wrong++;
}

static void look(uint64_t round)
{
    uint64_t number = 0;
    if (key_order(SLOT_PONG, round) != round + 1)
        judge.wrong++;
    if (number_read(SLOT_NUMBER, &number) != RC_DATA_KEY || number != NUMBER)
        judge.wrong++;
    for (size_t i = 0; i < PATTERN_BYTES; i++)
        if (judge.pattern[i] != PATTERN)
            judge.wrong++;
}

int domain_main(uint64_t enough, uint64_t argument_1)
{
    (void)argument_1;
    const volatile struct fuzz_state *state = (const struct fuzz_state *)FUZZ_SHARED_ADDR;
    uint64_t due = 0, seen = 0;
    memset(judge.pattern, PATTERN, sizeof(judge.pattern));
    (void)timer_now(SLOT_TIMER, &due);
    for (uint64_t round = 1; state->calls < enough; round++) {
        due += PERIOD_NS;
        (void)timer_wait_until(SLOT_TIMER, due);
        look(round);
        supply(round);
        if (state->calls == seen)
            fuzz_start_again();
        seen = state->calls;
    }
    printf("judge: %lu calls, %lu times started again, %lu wrong\n", state->calls, judge.started,
           judge.wrong);
    (void)power_off(SLOT_POWER, judge.wrong != 0);
    return 0;
}
