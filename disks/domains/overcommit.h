/* SPDX-License-Identifier: GPL-2.0-or-later */
/* overcommit.h - what overcommit.c has in its pages and nodes after so many rounds; also for the
 * test that knows the right answer. */
#ifndef LATCHKEY_DOMAINS_OVERCOMMIT_H
#define LATCHKEY_DOMAINS_OVERCOMMIT_H

#include <stdint.h>

#define OVERCOMMIT_WORDS 4u        /* of each page, 1024 bytes apart */
#define OVERCOMMIT_WORD_STEP 1024u
#define OVERCOMMIT_ZERO 8u         /* each so many pages are zeros in a round, others in the next */

static inline uint64_t overcommit_mix(uint64_t word)
{
    word = (word ^ word >> 31) * 0x9e3779b97f4a7c15ull;
    word = (word ^ word >> 29) * 0xbf58476d1ce4e5b9ull;
    return word ^ word >> 32;
}

/* overcommit_word - of a page, after a round; round 0: as the store was made. */
static inline uint64_t overcommit_word(uint64_t page, uint64_t round, uint64_t word)
{
    if (round == 0 || (page + round) % OVERCOMMIT_ZERO == 0)
        return 0;
    return overcommit_mix(page << 32 | round << 8 | word);
}

/* overcommit_number - in each slot of a node. */
static inline uint64_t overcommit_number(uint64_t node, uint64_t round)
{
    return round == 0 ? 0 : overcommit_mix(node << 32 | round << 8 | 0xff) >> 1;
}

/* overcommit_sum - of all pages and nodes. */
static inline uint64_t overcommit_sum(uint64_t pages, uint64_t nodes, uint64_t round)
{
    uint64_t sum = 0;
    for (uint64_t page = 0; page < pages; page++)
        for (uint64_t word = 0; word < OVERCOMMIT_WORDS; word++)
            sum += overcommit_word(page, round, word);
    for (uint64_t node = 0; node < nodes; node++)
        sum += overcommit_number(node, round);
    return sum;
}

#endif
