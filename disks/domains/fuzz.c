/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fuzz.c - executes key calls with random registers: orders, blocks, addresses, lengths, slots.
 * Whatever comes of it, the next call follows: a trap is mended by mender.c, and a call that waits
 * for ever is broken off by judge.c; both start this program again from its beginning.
 *
 * Argument 0: address of a page shared with the judge, which holds all that must survive that. Its
 * slots are given keys of many kinds by the recipe, and by the judge as they wear out; calls move
 * and replace them as they please.
 */
#include "disks/domains/fuzz.h"

#include <string.h>

#include "disks/domains/rt/key.h"

static uint64_t random_next(struct fuzz_state *state)
{
    state->random ^= state->random << 13;
    state->random ^= state->random >> 7;
    state->random ^= state->random << 17;
    return state->random;
}

/* A number that is often at a boundary, often small, sometimes anything. */
static uint64_t number_some(struct fuzz_state *state)
{
    static const uint64_t boundaries[] = {0, 1, 32, 33, 4095, 4096, 4097, 1ull << 38, KT,
                                          UINT64_MAX};
    uint64_t choice = random_next(state);
    if (choice % 4 == 0)
        return boundaries[choice / 4 % (sizeof(boundaries) / sizeof(boundaries[0]))];
    if (choice % 4 == 1)
        return choice >> 8;
    return (choice >> 8) % 4200;
}

/* Most orders are small numbers. */
static uint64_t order_some(struct fuzz_state *state)
{
    uint64_t choice = random_next(state);
    if (choice % 4 == 0)
        return number_some(state);
    return (choice >> 8) % (choice % 4 == 1 ? 16 : 82);
}

static uint64_t address_some(struct fuzz_state *state)
{
    static uint8_t buffer[3 * PAGE_BYTES];
    uint64_t choice = random_next(state);
    if (choice % 8 == 0)
        return choice;
    uint64_t at = choice % (sizeof(buffer) - sizeof(uint64_t));
    uint64_t word = number_some(state); /* offsets, lengths and the like, should it be sent */
    memcpy(buffer + at, &word, sizeof(word));
    return (uint64_t)buffer + at;
}

/* One call. The register convention is abi.h's; nothing that comes back is used. */
static void call_some(struct fuzz_state *state)
{
    register uint64_t a0 __asm__("a0") = order_some(state);
    register uint64_t a1 __asm__("a1") = random_next(state);
    register uint64_t a2 __asm__("a2") = random_next(state) | ENTRY_CODE;
    register uint64_t a3 __asm__("a3") = address_some(state);
    register uint64_t a4 __asm__("a4") = number_some(state);
    register uint64_t a5 __asm__("a5") = address_some(state);
    register uint64_t a6 __asm__("a6") = number_some(state);
    __asm__ volatile("ecall"
                     : "+r"(a0), "+r"(a1), "+r"(a2), "+r"(a3), "+r"(a4), "+r"(a5), "+r"(a6)
                     :
                     : "t3", "t4", "t5", "t6", KEY_DEAD_TEMPORARIES);
}

int domain_main(uint64_t shared, uint64_t argument_1)
{
    (void)shared; /* a0 is lost when the program is started again */
    (void)argument_1;
    struct fuzz_state *state = (struct fuzz_state *)FUZZ_SHARED_ADDR;
    if (state->random == 0)
        state->random = FUZZ_SEED;
    for (;;) {
        state->calls++;
        call_some(state);
    }
}
