/* SPDX-License-Identifier: GPL-2.0-or-later */
/* gauge_keeper.c - the keeper of a segment: puts its one page where the first one is missing.
 * Keys: 0 a page, 2 an empty node, which becomes the one that holds the segment's pages, 3 a page,
 * read-only. Argument 0: 0; or a seed: it puts pages anywhere, accepts messages in every form, and
 * now and then refuses; for tests/demo_paths_test.c. */
#include "disks/domains/gauge.h"
#include "disks/domains/rt/key.h"
#include "disks/domains/rt/slots.h"

#define SLOT_PAGE 0u
#define SLOT_RED 1u
#define SLOT_LEAF 2u
#define SLOT_READ_ONLY 3u

static _Alignas(PAGE_BYTES) uint8_t buffer[PAGE_BYTES];

static void page_put(unsigned where, unsigned slot)
{
    (void)key_order_keys(SLOT_LEAF, NODE_SWAP + where, slot, SLOT_NONE);
}

/* The leaf's place is slot 0 of the red node. */
static void leaf_put(void)
{
    struct key_words words = {{SIZE_CODE_MIN}, 1};
    register uint64_t a0 __asm__("a0") = NODE_MAKE_SEGMENT;
    register uint64_t a1 __asm__("a1") =
        EXIT_BLOCK(INVOKE_CALL, SLOT_LEAF) | EXIT_STRING(STRING_REGISTERS);
    register uint64_t a2 __asm__("a2") = ENTRY_CODE | ENTRY_TAKES(0, SLOT_TEMPORARY);
    register uint64_t a4 __asm__("a4") = words.length_bytes;
    register uint64_t t3 __asm__("t3") = words.word[0];
    __asm__ volatile("ecall"
                     : "+r"(a0), "+r"(a1), "+r"(a2), "+r"(a4), "+r"(t3)
                     :
                     : "a3", "a5", "a6", "t4", "t5", "t6", KEY_DEAD_TEMPORARIES);
    (void)key_order_keys(SLOT_RED, NODE_SWAP, SLOT_TEMPORARY, SLOT_NONE);
}

static uint64_t draw(uint64_t *random, uint64_t count)
{
    *random ^= *random << 13;
    *random ^= *random >> 7;
    *random ^= *random << 17;
    return (*random >> 11) % count;
}

static _Noreturn void at_random(uint64_t seed)
{
    static const uint8_t pages[] = {SLOT_PAGE, SLOT_PAGE, SLOT_READ_ONLY, SLOT_VOID, SLOT_VOID};
    uint64_t random = seed, entry = ENTRY_TAKES(2, SLOT_RED);
    unsigned slot = SLOT_VOID;
    for (unsigned turn = 0;; turn++) {
        uint64_t answer = draw(&random, 8) ? RC_OK : GAUGE_ANSWER;
        entry |= ENTRY_CODE | ENTRY_TAKES(3, SLOT_CALLER) | ENTRY_STRING(draw(&random, 3));
        (void)gauge_exchange_buffers(INVOKE_RETURN, slot, answer, 0, entry, NULL, 0, buffer,
                                     sizeof(buffer));
        slot = SLOT_CALLER;
        if (turn == 0)
            leaf_put();
        for (uint64_t puts = draw(&random, 3); puts-- > 0;)
            page_put((unsigned)draw(&random, NODE_SLOTS), pages[draw(&random, sizeof(pages))]);
        entry = draw(&random, 3) ? ENTRY_TAKES(2, SLOT_RED) : 0;
        if (draw(&random, 6) == 0)
            entry |= ENTRY_TAKES(1, SLOT_TEMPORARY);
    }
}

int domain_main(uint64_t argument_0, uint64_t argument_1)
{
    (void)argument_1;
    (void)key_order(SLOT_PAGE, PAGE_CLEAR);
    if (argument_0)
        at_random(argument_0);
    uint64_t entry =
        ENTRY_CODE | ENTRY_TAKES(3, SLOT_CALLER) | ENTRY_STRING(STRING_REGISTERS);
    unsigned slot = SLOT_VOID;
    /* A fault, with the red node; then gauge.c asks for removal, insertion and removal. */
    for (unsigned turn = 0;; turn++) {
        uint64_t red = turn % 4 == 0 ? ENTRY_TAKES(2, SLOT_RED) : 0;
        uint64_t answer = turn % 4 == 1 ? RC_OK : GAUGE_ANSWER; /* RC_OK: try again */
        uint64_t code = gauge_exchange(INVOKE_RETURN, slot, answer, 0, entry | red);
        slot = SLOT_CALLER;
        if (turn == 0)
            leaf_put();
        page_put(0, code == GAUGE_REMOVE ? SLOT_VOID : SLOT_PAGE);
    }
}
