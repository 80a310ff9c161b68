/* SPDX-License-Identifier: GPL-2.0-or-later */
/* gauge_keeper.c - the keeper of a segment: puts its one page where the first one is missing.
 * Key 0: a page. */
#include "disks/domains/gauge.h"
#include "disks/domains/rt/key.h"
#include "disks/domains/rt/slots.h"

#define SLOT_PAGE 0u
#define SLOT_NODE 1u

static void page_put(unsigned slot)
{
    (void)key_order_keys(SLOT_NODE, NODE_SWAP, slot, SLOT_NONE);
}

int domain_main(uint64_t argument_0, uint64_t argument_1)
{
    (void)argument_0;
    (void)argument_1;
    uint64_t entry = ENTRY_CODE | ENTRY_TAKES(3, SLOT_CALLER);
    unsigned slot = SLOT_VOID;
    /* A fault, with the node; then gauge.c asks for removal, insertion and removal. */
    for (unsigned turn = 0;; turn++) {
        uint64_t node = turn % 4 == 0 ? ENTRY_TAKES(2, SLOT_NODE) : 0;
        uint64_t answer = turn % 4 == 1 ? RC_OK : GAUGE_ANSWER; /* RC_OK: try again */
        uint64_t code = gauge_exchange(INVOKE_RETURN, slot, answer, 0, entry | node);
        slot = SLOT_CALLER;
        page_put(code == GAUGE_REMOVE ? SLOT_VOID : SLOT_PAGE);
    }
}
