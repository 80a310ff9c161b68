/* SPDX-License-Identifier: GPL-2.0-or-later */
/* life.h - what a workload of a power-fail campaign says (emulator/campaign_workload.c): that a
 * step is durable; and, once after each restart, up to which step it finds all done. */
#ifndef LATCHKEY_DOMAINS_LIFE_H
#define LATCHKEY_DOMAINS_LIFE_H

#include <stdbool.h>
#include <stdio.h>

#include "disks/domains/rt/interface.h"

/* life_is_new - has the system restarted since life, which is counted on? Never, where there is no
 * journal key. */
static inline bool life_is_new(unsigned journal_slot, uint64_t *life)
{
    uint64_t before = *life;
    (void)journal_restarts(journal_slot, life);
    return *life != before;
}

/* life_say - all is there up to this step. life_promise - it will be after every restart. */
static inline void life_say(uint64_t life, uint64_t step)
{
    printf("life %llu begins after step %llu\n", (unsigned long long)life,
           (unsigned long long)step);
}
static inline void life_promise(uint64_t step)
{
    printf("step %llu is durable\n", (unsigned long long)step);
}

/* life_wrong - the invariant does not hold. */
static inline void life_wrong(const char *what, uint64_t index, uint64_t found, uint64_t step)
{
    printf("%s %llu, after step %llu: %lld is wrong\n", what, (unsigned long long)index,
           (unsigned long long)step, (long long)found);
}

#endif
