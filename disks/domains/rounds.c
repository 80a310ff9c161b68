/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rounds.c - changes many pages and nodes again and again, and knows what they must hold: for
 * measuring checkpoints, and for seeing that each is of one moment. In every round each page and
 * then each node gets the number of the round, and must hold that of the round before. Powers off
 * with code 1 if one does not. Arguments: pages at MEMORY; nodes. Keys:
 * 0 the range of nodes, 1 data-creator, 2 checkpoint: one is forced after each round; power, timer,
 * console. */
#include <stdio.h>

#include "disks/domains/rt/interface.h"
#include "disks/domains/rt/slots.h"

enum rounds_slot {
    SLOT_NODES = 0,
    SLOT_CREATOR = 1,
    SLOT_CHECKPOINT = 2,
    SLOT_NODE = 3,
    SLOT_NUMBER = 4,
    SLOT_BEFORE = 5
};

#define MEMORY 0x50000000u
#define PAGE_WORDS 512u
#define PAUSE_NS 1000000u /* between rounds */

static void expect(uint64_t found, uint64_t round, const char *kind, uint64_t index)
{
    if (found == round - 1)
        return;
    printf("%s %lu holds %lu in round %lu\n", kind, (unsigned long)index, (unsigned long)found,
           (unsigned long)round);
    (void)power_off(SLOT_POWER, 1);
}

static void pages_change(uint64_t count, uint64_t round)
{
    volatile uint64_t *memory = (volatile uint64_t *)(uintptr_t)MEMORY;
    for (uint64_t page = 0; page < count; page++) {
        expect(memory[page * PAGE_WORDS], round, "page", page);
        memory[page * PAGE_WORDS] = round;
    }
}

static void nodes_change(uint64_t count, uint64_t round)
{
    uint64_t before = 0;
    (void)data_create_number(SLOT_CREATOR, round, SLOT_NUMBER);
    for (uint64_t node = 0; node < count; node++) {
        (void)range_make(SLOT_NODES, node, SLOT_NODE);
        (void)node_swap(SLOT_NODE, 0, SLOT_NUMBER, SLOT_BEFORE);
        (void)number_read(SLOT_BEFORE, &before);
        expect(before, round, "node", node);
    }
}

int domain_main(uint64_t pages, uint64_t nodes)
{
    for (uint64_t round = 1;; round++) {
        uint64_t now = 0;
        pages_change(pages, round);
        nodes_change(nodes, round);
        (void)checkpoint_force(SLOT_CHECKPOINT, &now);
        (void)timer_now(SLOT_TIMER, &now);
        (void)timer_wait_until(SLOT_TIMER, now + PAUSE_NS);
    }
}
