/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dirtier.h - what the domain that changes pages and nodes and the bench (bench/store_bench.c)
 * agree upon. */
#ifndef LATCHKEY_DOMAINS_DIRTIER_H
#define LATCHKEY_DOMAINS_DIRTIER_H

#include <stdint.h>

#define DIRTIER_FIELD 0x50000000ull /* the segment whose pages are changed */

/* What it does: argument 0. */
enum dirtier_work {
    DIRTIER_FREEZE, /* each of dirtier_rounds, and a checkpoint after it; then power off */
    DIRTIER_ONCE,   /* `pages` pages of `span`, a checkpoint; then nothing more */
    DIRTIER_SERVE   /* `rounds` times: read `reads` pages anywhere in `span`, change one of `pages`
                     * pages; then power off */
};

/* Slots with numbers. Pages that are changed are the first of the span, one after the other, or,
 * with argument 1 not 0, spread over it. span is a power of two. */
enum dirtier_slot {
    DIRTIER_SLOT_CHECKPOINT = 2,
    DIRTIER_SLOT_NODES = 3, /* a range */
    DIRTIER_SLOT_PAGES = 4,
    DIRTIER_SLOT_SPAN = 5,
    DIRTIER_SLOT_READS = 6,
    DIRTIER_SLOT_ROUNDS = 7
};

struct dirtier_round {
    uint32_t pages, nodes;
};
#define DIRTIER_ROUNDS 10u
#define DIRTIER_PAGES_MOST 2000u
#define DIRTIER_NODES_MOST 1200u
static const struct dirtier_round dirtier_rounds[DIRTIER_ROUNDS] = {
    {0, 0}, {500, 0}, {1000, 0}, {2000, 0}, {0, 300}, {0, 600},
    {0, 1200}, {500, 300}, {1000, 600}, {2000, 1200}};

/* dirtier_spread - the page of a span that the index-th number stands for. The constants are those
 * of SplitMix64 (Steele, Lea, Flood, OOPSLA 2014). */
static inline uint64_t dirtier_spread(uint64_t index, uint64_t span)
{
    uint64_t value = (index + 1) * 0x9e3779b97f4a7c15u;
    value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9u;
    value = (value ^ value >> 27) * 0x94d049bb133111ebu;
    return (value ^ value >> 31) & (span - 1);
}

#endif
