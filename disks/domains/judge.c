/* SPDX-License-Identifier: GPL-2.0-or-later */
/* judge.c - watches that nobody else is harmed by the fuzzing domain, and supplies it with keys.
 *
 * Each time it is called it calls pong, looks at its own memory and slots, and gives the fuzzing
 * domain new keys from a stock of all kinds; now and then it mends the nodes and the toy that the
 * fuzzing domain can change. When enough calls were made it says so and powers off; code 0 if
 * nothing was ever wrong. Argument 0: how many calls are enough.
 * Keys: 0 domain key of the fuzzing domain, 1 pong, 2 a number that must stay, 3 and on: fetch keys
 * of SHELVES nodes full of keys, 6 of a node with pairs of a node to mend and a fetch key of what
 * it is to hold, 7 domain key of the toy, 8 a node with node keys of as many nodes as a domain has,
 * and room for those of the toy, 9 discrim, 11 the toy's brand, 15 domain tool; power, console.
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
#define SLOT_TOY_NODES 8u
#define SLOT_DISCRIM 9u
#define SLOT_SECOND 11u /* at first the brand */
#define SLOT_TOOL 15u
#define NUMBER 4711u
#define KEYS_A_ROUND 8u
#define ROUNDS_MEND 8u
#define WRONG_TOLD 8u
#define PATTERN_WORDS 1024u
#define PATTERN 0x5a5aa5a500ff1248ull

static struct {
    uint64_t pattern[PATTERN_WORDS];
    uint64_t wrong;
    uint64_t round;
} judge;

/* The first of what is wrong are told; all are counted. `value` is what was found. */
static void wrong(const char *what, uint64_t value)
{
    if (judge.wrong++ < WRONG_TOLD)
        printf("judge: round %lu: %s: 0x%lx\n", judge.round, what, value);
}

static void expect_ok(const char *what, uint64_t code)
{
    if (code != RC_OK)
        wrong(what, code);
}

/* The keys on the shelves come to the fuzzing domain's slots in turn, at a stride that brings each
 * to every slot but the judge's. */
static void supply(uint64_t round)
{
    for (uint64_t i = round * KEYS_A_ROUND; i < (round + 1) * KEYS_A_ROUND; i++) {
        unsigned from = (unsigned)(i % (SHELVES * NODE_SLOTS));
        unsigned to = (unsigned)((i + i / (SHELVES * NODE_SLOTS)) % FUZZ_SLOT_JUDGE);
        expect_ok("shelf", node_fetch(SLOT_SHELF + from / NODE_SLOTS, from % NODE_SLOTS,
                                      SLOT_TEMPORARY));
        expect_ok("supply", domain_swap(SLOT_FUZZ, to, SLOT_TEMPORARY, SLOT_NONE));
    }
}

static void nodes_mend(void)
{
    for (unsigned i = 0; i < PAIRS; i++) {
        expect_ok("pair", node_fetch(SLOT_PAIRS, 2 * i, SLOT_TEMPORARY));
        expect_ok("second of a pair", node_fetch(SLOT_PAIRS, 2 * i + 1, SLOT_SECOND));
        expect_ok("mending a node", node_clone(SLOT_TEMPORARY, SLOT_SECOND));
    }
}

/* What is in the root of the toy, besides: with its brand the fuzzing domain can open it. */
static const uint8_t toy_slots[] = {DOMAIN_SLOT_KEYS, DOMAIN_SLOT_REGISTERS_0,
                                    DOMAIN_SLOT_REGISTERS_1, DOMAIN_SLOT_REGISTERS_2};
#define TOY_NODES (1 + sizeof(toy_slots))

/* Of its nodes, what is kept comes to the toy, or the other way. */
static void toy_clone(bool to_toy)
{
    for (unsigned i = 0; i < TOY_NODES; i++) {
        unsigned from = to_toy ? i : TOY_NODES + i;
        unsigned to = to_toy ? TOY_NODES + i : i;
        expect_ok("a node to clone", node_fetch(SLOT_TOY_NODES, from, SLOT_SECOND));
        expect_ok("a node of the toy", node_fetch(SLOT_TOY_NODES, to, SLOT_TEMPORARY));
        expect_ok("cloning the toy", node_clone(SLOT_TEMPORARY, SLOT_SECOND));
    }
}

/* Before anyone else runs. */
static void toy_keep(void)
{
    const uint8_t toy_and_brand[MESSAGE_KEYS] = {SLOT_TOY, SLOT_SECOND, SLOT_NONE, SLOT_NONE};
    const uint8_t root[MESSAGE_KEYS] = {SLOT_TEMPORARY, SLOT_NONE, SLOT_NONE, SLOT_NONE};
    expect_ok("the toy's root", domain_tool_domain(SLOT_TOOL, toy_and_brand, root));
    expect_ok("keeping it", node_swap(SLOT_TOY_NODES, TOY_NODES, SLOT_TEMPORARY, SLOT_NONE));
    for (unsigned i = 0; i < sizeof(toy_slots); i++) {
        expect_ok("another node", node_fetch(SLOT_TEMPORARY, toy_slots[i], SLOT_SECOND));
        expect_ok("keeping another",
                  node_swap(SLOT_TOY_NODES, TOY_NODES + 1 + i, SLOT_SECOND, SLOT_NONE));
    }
    toy_clone(false);
}

/* The toy is as it was, and begins again. */
static void toy_mend(void)
{
    const uint64_t registers[3] = {FUZZ_ENTRY, 0, FUZZ_STACK};
    const struct domain_control no_trap = {.trap_code = 0};
    struct message go = MESSAGE(0);
    toy_clone(true);
    expect_ok("a key that starts the toy", domain_make_busy(SLOT_TOY, SLOT_TEMPORARY));
    expect_ok("the toy's registers", key_order_string(SLOT_TOY, DOMAIN_PUT_REGISTERS, registers,
                                                      sizeof(registers), NULL, NULL));
    expect_ok("the toy's control", domain_put_control(SLOT_TOY, &no_trap));
    (void)key_fork(SLOT_TEMPORARY, &go);
}

static void look(uint64_t round)
{
    uint64_t number = 0;
    uint64_t answer = key_order(SLOT_PONG, round);
    judge.round = round;
    if (answer != round + 1)
        wrong("pong", answer);
    if (number_read(SLOT_NUMBER, &number) != RC_DATA_KEY || number != NUMBER)
        wrong("number", number);
    for (size_t i = 0; i < PATTERN_WORDS; i++)
        if (judge.pattern[i] != PATTERN)
            wrong("memory", judge.pattern[i]);
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
