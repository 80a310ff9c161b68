/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dirtier.c - changes pages and nodes in measured numbers, and forces checkpoints: what the store
 * is measured with (bench/store_bench.c). Arguments and keys: dirtier.h; power. */
#include "disks/domains/dirtier.h"

#include "disks/domains/rt/interface.h"
#include "disks/domains/rt/slots.h"

#define PAGE_BYTES 4096u

static uint64_t number(unsigned slot)
{
    uint64_t word = 0;
    (void)number_read(slot, &word);
    return word;
}

static volatile uint64_t *page_at(uint64_t index)
{
    return (volatile uint64_t *)(DIRTIER_FIELD + index * PAGE_BYTES);
}

static void page_change(uint64_t index, uint64_t value)
{
    volatile uint64_t *words = page_at(index);
    words[index % 500] = value;
}

static void nodes_change(uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        (void)range_create(DIRTIER_SLOT_NODES, i, SLOT_TEMPORARY);
        (void)node_swap(SLOT_TEMPORARY, 0, DIRTIER_SLOT_CHECKPOINT, SLOT_NONE);
    }
}

static void checkpoint_now(void)
{
    uint64_t generation = 0;
    (void)checkpoint_force(DIRTIER_SLOT_CHECKPOINT, &generation);
    (void)checkpoint_wait(DIRTIER_SLOT_CHECKPOINT, generation);
}

static void freezes(void)
{
    for (unsigned round = 0; round < DIRTIER_ROUNDS; round++) {
        for (uint64_t i = 0; i < dirtier_rounds[round].pages; i++)
            page_change(i, round + 1);
        nodes_change(dirtier_rounds[round].nodes);
        checkpoint_now();
    }
}

static uint64_t changed_page(uint64_t index, uint64_t span, uint64_t spread)
{
    return spread ? dirtier_spread(index, span) : index;
}

static void once(uint64_t spread)
{
    uint64_t pages = number(DIRTIER_SLOT_PAGES), span = number(DIRTIER_SLOT_SPAN);
    for (uint64_t i = 0; i < pages; i++)
        page_change(changed_page(i, span, spread), i + 1);
    checkpoint_now();
    (void)checkpoint_wait(DIRTIER_SLOT_CHECKPOINT, UINT64_MAX); /* which never comes */
}

static void serve(uint64_t spread)
{
    uint64_t pages = number(DIRTIER_SLOT_PAGES), span = number(DIRTIER_SLOT_SPAN);
    uint64_t reads = number(DIRTIER_SLOT_READS), rounds = number(DIRTIER_SLOT_ROUNDS);
    uint64_t sum = 0;
    for (uint64_t round = 0; round < rounds; round++) {
        for (uint64_t i = 0; i < reads; i++)
            sum += *page_at(dirtier_spread(round * reads + i, span));
        page_change(changed_page(round % pages, span, spread), round + sum + 1);
    }
}

int domain_main(uint64_t work, uint64_t spread)
{
    switch ((enum dirtier_work)work) {
    case DIRTIER_FREEZE:
        freezes();
        break;
    case DIRTIER_ONCE:
        once(spread);
        break;
    case DIRTIER_SERVE:
        serve(spread);
        break;
    }
    return (int)power_off(SLOT_POWER, 0);
}
