/* SPDX-License-Identifier: GPL-2.0-or-later */
/* campaign_pending.h - what is in the disks' caches at a moment of a logged run. Used by all
 * who list cases or weigh writes: campaign_case.c, campaign_plan.c, campaign_reads.c and so on. */
#ifndef LATCHKEY_EMULATOR_CAMPAIGN_PENDING_H
#define LATCHKEY_EMULATOR_CAMPAIGN_PENDING_H

#include "devices/board.h"
#include "emulator/campaign_log.h"

#define CAMPAIGN_MASK_FEW 6u   /* of so many writes all subsets are taken, unless asked for more */
#define CAMPAIGN_MASK_MAX 16u  /* of no more */
#define CAMPAIGN_MASK_BITS 64u /* so many a mask can tell apart */

struct campaign_cached {
    uint64_t order, sector;
    uint64_t request; /* the first order of its write */
    bool first_half;  /* of that write, see campaign_first_half() */
};

struct campaign_cached_list {
    struct campaign_cached *list; /* oldest first */
    size_t count, capacity;
};

struct campaign_pending {
    struct campaign_cached_list disks[BOARD_DISK_COUNT_MAX];
};

/* campaign_first_half - is the index-th of a write's sectors in its first half? That ends inside a
 * block, which is torn then; the only sector of a write is in it. */
static inline bool campaign_first_half(uint32_t index, uint32_t sector_count)
{
    return index < (sector_count / 2 | 1);
}

/* campaign_pending_follow - a record has happened. A zeroed struct is before all of them. */
void campaign_pending_follow(struct campaign_pending *pending,
                             const struct campaign_record *record);
void campaign_pending_finish(struct campaign_pending *pending);
/* campaign_pending_key - one number for an order of a disk. */
uint64_t campaign_pending_key(unsigned disk, uint64_t order);
/* campaign_pending_few - the keys of all cached sectors, or of all cached requests, if there are at
 * most CAMPAIGN_MASK_BITS, else of the oldest. Returns how many; CAMPAIGN_MASK_BITS + 1: more. */
unsigned campaign_pending_few(const struct campaign_pending *pending, bool requests,
                              uint64_t keys[CAMPAIGN_MASK_BITS]);

#endif
