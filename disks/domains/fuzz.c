/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fuzz.c - executes key calls with random registers: orders, blocks, addresses, lengths, slots.
 * Whatever comes of it, the next call follows: a trap is mended by mender.c, and a call that waits
 * for ever is broken off by fuzz_watch.c; both start this program again from its beginning.
 *
 * Argument 1: seed, 0 for FUZZ_SEED. What must survive a start is in a page that is shared with the
 * watch and the judge. Every FUZZ_ROUND calls the judge is called: it looks whether all is well,
 * and gives this domain keys of many kinds, as they wear out. Calls move and replace the keys as
 * they please; only the judge's stays.
 *
 * What comes back goes into a digest. Where no key tells the time, that is a function of the seed
 * and the number of calls.
 */
#include "disks/domains/fuzz.h"

#include <string.h>

#include "disks/domains/rt/interface.h"

#define BUFFER_BYTES (3u * PAGE_BYTES)

struct call {
    uint64_t a[7], words[4];
};

static uint8_t buffer[BUFFER_BYTES];

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
    return (choice >> 8) % (choice % 4 == 2 ? 4200 : 24);
}

/* Most orders are known to some key. */
static uint64_t order_some(struct fuzz_state *state)
{
#define INTERFACE_NUMBER(shape, name, order, type) order,
    static const uint64_t known[] = {INTERFACE(INTERFACE_NUMBER) NODE_WRITE_DATA, DOMAIN_WEAKEN,
                                     PAGE_READ, PAGE_WRITE, RANGE_SUBRANGE};
    uint64_t choice = random_next(state);
    if (choice % 8 == 0)
        return number_some(state);
    if (choice % 2 == 1)
        return known[(choice >> 8) % (sizeof(known) / sizeof(known[0]))];
    return (choice >> 8) % (choice % 8 == 2 ? 16 : 82);
}

static uint64_t address_some(struct fuzz_state *state)
{
    uint64_t choice = random_next(state);
    if (choice % 64 == 0)
        return choice;
    uint64_t at = choice % (sizeof(buffer) - sizeof(uint64_t));
    uint64_t word = number_some(state); /* offsets, lengths and the like, should it be sent */
    memcpy(buffer + at, &word, sizeof(word));
    return (uint64_t)buffer + at;
}

/* The length of a string, mostly a possible one. */
static uint64_t length_some(struct fuzz_state *state, uint64_t mode)
{
    uint64_t length = number_some(state), choice = random_next(state);
    if (choice % 32 == 0)
        return length;
    return length % ((mode == STRING_REGISTERS ? STRING_REGISTER_BYTES : STRING_BYTES_MAX) + 1);
}

/* The impossible among kinds and string modes becomes rare. */
static uint64_t exit_some(struct fuzz_state *state)
{
    uint64_t exit = random_next(state), choice = random_next(state);
    if (choice % 32 == 0)
        return exit;
    uint64_t kind = choice / 32 % 16;
    exit = (exit & ~3ull) | (kind == 0 ? INVOKE_RETURN : kind < 4 ? INVOKE_FORK : INVOKE_CALL);
    return EXIT_STRING_MODE(exit) == 3 ? exit & ~EXIT_STRING(3) : exit;
}

static uint64_t entry_some(struct fuzz_state *state)
{
    uint64_t entry = random_next(state), choice = random_next(state);
    if (choice % 32 != 0)
        entry |= ENTRY_CODE;
    if (choice % 32 != 1 && ENTRY_STRING_MODE(entry) == 3)
        entry &= ~ENTRY_STRING(3);
    if (choice / 32 % 4 != 0) /* what arrives is mostly data key 0, and wears out the slots */
        entry &= ~(uint64_t)ENTRY_MASK;
    for (unsigned i = 0; i < MESSAGE_KEYS; i++)
        if (ENTRY_KEY_SLOT(entry, i) == FUZZ_SLOT_JUDGE)
            entry &= ~(1ull << ENTRY_KEY_SHIFT(i));
    return entry;
}

/* The register convention is abi.h's. */
static void call_make(struct call *call)
{
    register uint64_t a0 __asm__("a0") = call->a[0];
    register uint64_t a1 __asm__("a1") = call->a[1];
    register uint64_t a2 __asm__("a2") = call->a[2];
    register uint64_t a3 __asm__("a3") = call->a[3];
    register uint64_t a4 __asm__("a4") = call->a[4];
    register uint64_t a5 __asm__("a5") = call->a[5];
    register uint64_t a6 __asm__("a6") = call->a[6];
    register uint64_t t3 __asm__("t3") = call->words[0];
    register uint64_t t4 __asm__("t4") = call->words[1];
    register uint64_t t5 __asm__("t5") = call->words[2];
    register uint64_t t6 __asm__("t6") = call->words[3];
    __asm__ volatile("ecall"
                     : "+r"(a0), "+r"(a1), "+r"(a2), "+r"(a3), "+r"(a4), "+r"(a5), "+r"(a6),
                       "+r"(t3), "+r"(t4), "+r"(t5), "+r"(t6)
                     :
                     : KEY_DEAD_TEMPORARIES);
    *call = (struct call){{a0, a1, a2, a3, a4, a5, a6}, {t3, t4, t5, t6}};
}

static void digest(struct fuzz_state *state, uint64_t word)
{
    state->digest = (state->digest ^ word) * 0x9e3779b97f4a7c15ull;
    state->digest ^= state->digest >> 29;
}

static enum fuzz_outcome outcome_of(uint64_t code)
{
    switch (code) {
    case RC_OK:
        return FUZZ_OK;
    case RC_DATA_KEY:
        return FUZZ_DATA_KEY;
    case RC_BAD_ORDER:
        return FUZZ_BAD_ORDER;
    case RC_FORMAT:
        return FUZZ_FORMAT;
    case RC_READ_ONLY:
        return FUZZ_READ_ONLY;
    case RC_NOT_THERE:
        return FUZZ_NOT_THERE;
    default:
        return FUZZ_OTHER;
    }
}

/* One call. Its registers are all made before the first is set. */
static void call_some(struct fuzz_state *state)
{
    struct call call;
    call.a[0] = order_some(state);
    call.a[1] = exit_some(state);
    call.a[2] = entry_some(state);
    call.a[3] = address_some(state);
    call.a[4] = length_some(state, EXIT_STRING_MODE(call.a[1]));
    call.a[5] = address_some(state);
    call.a[6] = number_some(state);
    for (unsigned i = 0; i < 4; i++)
        call.words[i] = number_some(state);
    uint64_t received = call.a[5];
    bool in_memory = ENTRY_STRING_MODE(call.a[2]) == STRING_MEMORY;
    call_make(&call);
    state->outcomes[outcome_of(call.a[0])]++;
    if (call.a[4] > 0)
        state->outcomes[FUZZ_STRING]++;
    for (unsigned i = 0; i < 7; i++)
        digest(state, call.a[i]);
    for (unsigned i = 0; i < 4; i++)
        digest(state, call.words[i]);
    if (!in_memory || received - (uint64_t)buffer > sizeof(buffer) - STRING_REGISTER_BYTES)
        return;
    uint64_t words[4];
    memcpy(words, (const void *)received, sizeof(words));
    for (unsigned i = 0; i < 4; i++)
        digest(state, words[i]);
}

int domain_main(uint64_t argument_0, uint64_t seed)
{
    (void)argument_0;
    struct fuzz_state *state = (struct fuzz_state *)FUZZ_SHARED_ADDR;
    if (state->random == 0) /* after a start by the keeper, the seed is lost and not needed */
        state->random = seed ? seed : FUZZ_SEED;
    for (;;) {
        if (++state->calls % FUZZ_ROUND == 0)
            (void)key_order(FUZZ_SLOT_JUDGE, 0);
        call_some(state);
    }
}
