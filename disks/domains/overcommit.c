/* SPDX-License-Identifier: GPL-2.0-or-later */
/* overcommit.c - changes more pages and nodes than there is memory for, round after round, each
 * round in another order, and looks at each visit that it finds what the round before left there.
 * Powers off with code 0 if all was right, after saying the sum of it all. Arguments: pages mapped
 * at PAGES_ADDR, and rounds. Keys: 0 a range of nodes,
 * 3 data-creator; console, power; and for power-fail campaigns, 4 journal: then each life says how
 * many visits there were. */
#include "disks/domains/overcommit.h"

#include "disks/domains/rt/life.h"
#include "disks/domains/rt/slots.h"

#define PAGES_ADDR 0x50000000ull
#define PAGE_WORDS (4096u / sizeof(uint64_t))

#define VISITS_A_LOOK 16u /* whether this is a new life */

enum overcommit_slot {
    SLOT_RANGE = 0,
    SLOT_NODE = 1,
    SLOT_VALUE = 2,
    SLOT_CREATOR = 3,
    SLOT_JOURNAL = 4
};

/* All numbers below count, each once, in no obvious order. */
struct order {
    uint64_t count, mask, state, factor, addend;
};

static void order_begin(struct order *order, uint64_t count, uint64_t round)
{
    order->count = count;
    order->mask = 1;
    while (order->mask < count)
        order->mask = 2 * order->mask + 1;
    order->state = overcommit_mix(round) & order->mask;
    order->factor = (overcommit_mix(round + 1) & ~7ull) | 5;
    order->addend = overcommit_mix(round + 2) | 1;
}

static uint64_t order_next(struct order *order)
{
    do
        order->state = (order->state * order->factor + order->addend) & order->mask;
    while (order->state >= order->count);
    return order->state;
}

static volatile uint64_t *word_of(uint64_t page, uint64_t word)
{
    return (volatile uint64_t *)(PAGES_ADDR + page * 4096 + word * OVERCOMMIT_WORD_STEP);
}

static bool wrong(const char *what, uint64_t index, uint64_t round, uint64_t found)
{
    printf("%s %llu is wrong in round %llu: %llx\n", what, (unsigned long long)index,
           (unsigned long long)round, (unsigned long long)found);
    return false;
}

static bool page_visit(uint64_t page, uint64_t round)
{
    for (uint64_t word = 0; word < OVERCOMMIT_WORDS; word++) {
        uint64_t found = *word_of(page, word);
        if (found != overcommit_word(page, round - 1, word))
            return wrong("page", page, round, found);
        *word_of(page, word) = overcommit_word(page, round, word);
    }
    return true;
}

static bool number_of(uint64_t node, unsigned slot, uint64_t *number)
{
    return range_make(SLOT_RANGE, node, SLOT_NODE) == RC_OK &&
           node_fetch(SLOT_NODE, slot, SLOT_VALUE) == RC_OK &&
           number_read(SLOT_VALUE, number) == RC_DATA_KEY;
}

/* Another slot in each round, which then holds the newest number. */
static bool node_visit(uint64_t node, uint64_t round)
{
    uint64_t found = 1;
    if (!number_of(node, (node + round - 1) % 16, &found) ||
        found != overcommit_number(node, round - 1))
        return wrong("node", node, round, found);
    return data_create_number(SLOT_CREATOR, overcommit_number(node, round), SLOT_VALUE) == RC_OK &&
           node_swap(SLOT_NODE, (node + round) % 16, SLOT_VALUE, SLOT_NONE) == RC_OK;
}

static bool round_run(uint64_t pages, uint64_t nodes, uint64_t round, uint64_t *life)
{
    struct order page_order, node_order;
    uint64_t visits = pages > nodes ? pages : nodes;
    order_begin(&page_order, pages, 3 * round);
    order_begin(&node_order, nodes, 5 * round + 1);
    for (uint64_t i = 0; i < visits; i++) {
        if (i % VISITS_A_LOOK == 0 && life_is_new(SLOT_JOURNAL, life))
            life_say(*life, (round - 1) * visits + i);
        if (i < pages && !page_visit(order_next(&page_order), round))
            return false;
        if (i < nodes && !node_visit(order_next(&node_order), round))
            return false;
    }
    return true;
}

/* What is there now. */
static uint64_t sum_of(uint64_t pages, uint64_t nodes, uint64_t rounds)
{
    uint64_t sum = 0;
    for (uint64_t page = 0; page < pages; page++)
        for (uint64_t word = 0; word < OVERCOMMIT_WORDS; word++)
            sum += *word_of(page, word);
    for (uint64_t node = 0; node < nodes; node++) {
        uint64_t number = 0;
        (void)number_of(node, (node + rounds) % 16, &number);
        sum += number;
    }
    return sum;
}

int domain_main(uint64_t argument_0, uint64_t argument_1)
{
    uint64_t nodes = 0, life = 0;
    (void)range_count(SLOT_RANGE, &nodes);
    for (uint64_t round = 1; round <= argument_1; round++)
        if (!round_run(argument_0, nodes, round, &life))
            return (int)power_off(SLOT_POWER, 1);
    printf("%llu pages, %llu nodes, %llu rounds: sum %llx\n", (unsigned long long)argument_0,
           (unsigned long long)nodes, (unsigned long long)argument_1,
           (unsigned long long)sum_of(argument_0, nodes, argument_1));
    return (int)power_off(SLOT_POWER, 0);
}
