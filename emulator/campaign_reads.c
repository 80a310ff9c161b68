/* SPDX-License-Identifier: GPL-2.0-or-later */
/* campaign_reads.c - see campaign_reads.h. */
#include "emulator/campaign_reads.h"

#include <assert.h>
#include <stdlib.h>

#include "emulator/base/memory.h"

static unsigned bits_of(uint64_t mask)
{
    unsigned bits = 0;
    for (; mask; mask &= mask - 1)
        bits++;
    return bits;
}

/* What the judges read of all subsets of these writes. */
static bool subsets_judge(struct campaign_machine *machine, const struct campaign_level *level,
                          const struct campaign_pending *pending, uint32_t event, uint64_t mask,
                          uint64_t *seen, struct error *error)
{
    uint32_t count = 0;
    struct campaign_case *cases = memory_zeroed(1ull << bits_of(mask), sizeof(*cases));
    for (uint64_t subset = mask;; subset = (subset - 1) & mask) {
        cases[count++] = (struct campaign_case){.event = event, .policy = CAMPAIGN_SUBSET,
                                                .choice = CHOICE_REQUESTS, .argument = subset};
        if (subset == 0)
            break;
    }
    bool good = campaign_unit_reads(machine, level, cases, count, pending, seen, error);
    free(cases);
    return good;
}

static bool event_find(struct campaign_machine *machine, const struct campaign_level *level,
                       const struct campaign_pending *pending, uint32_t event,
                       struct campaign_reads *reads, struct error *error)
{
    uint64_t mask = 0, seen = 0;
    while (bits_of(mask) <= CAMPAIGN_READS_MAX) {
        if (!subsets_judge(machine, level, pending, event, mask, &seen, error))
            return false;
        if (!(seen & ~mask)) {
            reads->known[event] = true;
            reads->masks[event] = mask;
            return true;
        }
        mask |= seen;
    }
    reads->incomplete++;
    return true;
}

bool campaign_reads_find(struct campaign_machine *machine, const struct campaign_level *level,
                         const struct campaign_request *request, struct campaign_reads *reads,
                         struct error *error)
{
    struct campaign_pending pending = {0};
    uint64_t keys[CAMPAIGN_MASK_BITS], record = 0;
    const struct campaign_events *events = level->events;
    bool good = true;
    assert(events->count > 0);
    *reads = (struct campaign_reads){
        .masks = memory_zeroed(events->count, sizeof(*reads->masks)),
        .known = memory_zeroed(events->count, sizeof(*reads->known))};
    for (size_t i = 0; i < events->count && good; i++) {
        for (; record < events->list[i].records; record++)
            campaign_pending_follow(&pending, &level->log->records[record]);
        unsigned writes = campaign_pending_few(&pending, true, keys);
        if (request->phases && !(request->phases >> events->list[i].phase & 1))
            continue;
        if (writes > CAMPAIGN_MASK_BITS)
            reads->incomplete++;
        else if (writes > request->subsets)
            good = event_find(machine, level, &pending, (uint32_t)i, reads, error);
    }
    campaign_pending_finish(&pending);
    return good;
}

void campaign_reads_finish(struct campaign_reads *reads)
{
    free(reads->masks);
    free(reads->known);
    *reads = (struct campaign_reads){.masks = NULL};
}
