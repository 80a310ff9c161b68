/* SPDX-License-Identifier: GPL-2.0-or-later */
/* judge.c - watches that nobody else is harmed by the fuzzing domain, and supplies it with keys.
 *
 * Each time it is called it calls pong, looks at its own memory and slots, and gives the fuzzing
 * domain new keys from a stock of all kinds; now and then it mends the nodes and the toy that the
 * fuzzing domain can change. When enough calls were made it says so and powers off; code 0 if
 * nothing was ever wrong. Argument 0: how many calls are enough.
 * Keys: 0 domain key of the fuzzing domain, 1 pong, 2 a number that must stay, 3 and on: fetch keys
 * of SHELVES nodes full of keys, 6 of a node with pairs of a node to mend and a fetch key of what
 * it is to hold, 7 domain key of the toy, 8 a node for the keys of the toy's root, 9 discrim;
 * power, console.
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
#define SLOT_PAIRS 6u
#define PAIRS 3u
#define SLOT_TOY 7u
#define SLOT_TOY_ROOT 8u
#define SLOT_DISCRIM 9u
#define SLOT_SECOND 11u
#define NUMBER 4711u
#define KEYS_A_ROUND 8u
#define ROUNDS_MEND 8u
#define PATTERN_WORDS 1024u
#define PATTERN 0x5a5aa5a500ff1248ull

static struct {
    uint64_t pattern[PATTERN_WORDS];
    uint64_t wrong;
} judge;

static void expect(bool good)
{
    if (!good)
        judge.wrong++;
}

/* The keys on the shelves come to the fuzzing domain's slots in turn, at a stride that brings each
 * to every slot but the judge's. */
static void supply(uint64_t round)
{
    for (uint64_t i = round * KEYS_A_ROUND; i < (round + 1) * KEYS_A_ROUND; i++) {
        unsigned from = (unsigned)(i % (SHELVES * NODE_SLOTS));
        unsigned to = (unsigned)((i + i / (SHELVES * NODE_SLOTS)) % FUZZ_SLOT_JUDGE);
        expect(node_fetch(SLOT_SHELF + from / NODE_SLOTS, from % NODE_SLOTS, SLOT_TEMPORARY) ==
               RC_OK);
        expect(domain_swap(SLOT_FUZZ, to, SLOT_TEMPORARY, SLOT_NONE) == RC_OK);
    }
}

static void nodes_mend(void)
{
    for (unsigned i = 0; i < PAIRS; i++) {
        expect(node_fetch(SLOT_PAIRS, 2 * i, SLOT_TEMPORARY) == RC_OK);
        expect(node_fetch(SLOT_PAIRS, 2 * i + 1, SLOT_SECOND) == RC_OK);
        expect(node_clone(SLOT_TEMPORARY, SLOT_SECOND) == RC_OK);
    }
}

static const uint8_t toy_slots[] = {DOMAIN_SLOT_METER, DOMAIN_SLOT_KEEPER, DOMAIN_SLOT_MEMORY,
                                    DOMAIN_SLOT_PRIORITY};

/* Before anyone else runs. */
static void toy_keep(void)
{
    for (unsigned i = 0; i < sizeof(toy_slots); i++) {
        expect(domain_fetch_root(SLOT_TOY, toy_slots[i], SLOT_TEMPORARY) == RC_OK);
        expect(node_swap(SLOT_TOY_ROOT, i, SLOT_TEMPORARY, SLOT_NONE) == RC_OK);
    }
}

/* The toy gets its own keys again, and begins again. */
static void toy_mend(void)
{
    const uint64_t registers[3] = {FUZZ_ENTRY, 0, FUZZ_STACK};
    const struct domain_control no_trap = {.trap_code = 0};
    struct message go = MESSAGE(0);
    for (unsigned i = 0; i < sizeof(toy_slots); i++) {
        expect(node_fetch(SLOT_TOY_ROOT, i, SLOT_TEMPORARY) == RC_OK);
        expect(domain_swap_root(SLOT_TOY, toy_slots[i], SLOT_TEMPORARY, SLOT_NONE) == RC_OK);
    }
    expect(domain_make_busy(SLOT_TOY, SLOT_TEMPORARY) == RC_OK);
    expect(key_order_string(SLOT_TOY, DOMAIN_PUT_REGISTERS, registers, sizeof(registers), NULL,
                            NULL) == RC_OK);
    expect(domain_put_control(SLOT_TOY, &no_trap) == RC_OK);
    (void)key_fork(SLOT_TEMPORARY, &go);
}

static void look(uint64_t round)
{
    uint64_t number = 0;
    expect(key_order(SLOT_PONG, round) == round + 1);
    expect(number_read(SLOT_NUMBER, &number) == RC_DATA_KEY && number == NUMBER);
    for (size_t i = 0; i < PATTERN_WORDS; i++)
        expect(judge.pattern[i] == PATTERN);
}

static void say(const volatile struct fuzz_state *state)
{
    static const char *const names[FUZZ_OUTCOMES] = {"well",   "data key",   "bad order",
                                                     "format", "read-only",  "not there",
                                                     "other",  "with string"};
    printf("judge: %lu calls, %lu times started again, %lu wrong\njudge: digest %016lx\n",
           state->calls, state->started_again, judge.wrong, state->digest);
    printf("judge:");
    for (unsigned i = 0; i < FUZZ_OUTCOMES; i++)
        printf(" %s %lu%s", names[i], state->outcomes[i], i + 1 < FUZZ_OUTCOMES ? "," : "\n");
}

int domain_main(uint64_t enough, uint64_t argument_1)
{
    (void)argument_1;
    const volatile struct fuzz_state *state = (const struct fuzz_state *)FUZZ_SHARED_ADDR;
    struct message message = MESSAGE(0);
    for (size_t i = 0; i < PATTERN_WORDS; i++)
        judge.pattern[i] = PATTERN;
    toy_keep();
    for (uint64_t round = 1;; round++) {
        (void)serve_next_through(SLOT_CALLER, SLOT_DISCRIM, &message);
        message.code = RC_OK;
        look(round);
        supply(round);
        if (round % ROUNDS_MEND == 0) {
            nodes_mend();
            toy_mend();
        }
        if (state->calls >= enough)
            break;
    }
    say(state);
    (void)power_off(SLOT_POWER, judge.wrong != 0);
    return 0;
}
