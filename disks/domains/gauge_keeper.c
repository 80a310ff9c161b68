/* SPDX-License-Identifier: GPL-2.0-or-later */
/* gauge_keeper.c - the keeper of a segment: puts its one page where the first one is missing.
 * Keys: 0 a page, 2 an empty node, which becomes the one that holds the segment's pages. */
#include "disks/domains/gauge.h"
#include "disks/domains/rt/key.h"
#include "disks/domains/rt/slots.h"

#define SLOT_PAGE 0u
#define SLOT_RED 1u
#define SLOT_LEAF 2u

static void page_put(unsigned slot)
{
    (void)key_order_keys(SLOT_LEAF, NODE_SWAP, slot, SLOT_NONE);
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

int domain_main(uint64_t argument_0, uint64_t argument_1)
{
    (void)argument_0;
    (void)argument_1;
    uint64_t entry =
        ENTRY_CODE | ENTRY_TAKES(3, SLOT_CALLER) | ENTRY_STRING(STRING_REGISTERS);
    unsigned slot = SLOT_VOID;
    (void)key_order(SLOT_PAGE, PAGE_CLEAR);
    /* A fault, with the red node; then gauge.c asks for removal, insertion and removal. */
    for (unsigned turn = 0;; turn++) {
        uint64_t red = turn % 4 == 0 ? ENTRY_TAKES(2, SLOT_RED) : 0;
        uint64_t answer = turn % 4 == 1 ? RC_OK : GAUGE_ANSWER; /* RC_OK: try again */
        uint64_t code = gauge_exchange(INVOKE_RETURN, slot, answer, 0, entry | red);
        slot = SLOT_CALLER;
        if (turn == 0)
            leaf_put();
        page_put(code == GAUGE_REMOVE ? SLOT_VOID : SLOT_PAGE);
    }
}
