/* SPDX-License-Identifier: GPL-2.0-or-later */
/* scrub.h - what happened when, for the bar of the past: checkpoints and their phases, as the
 * machine is seen to do them, and inputs and power cuts, from its record. Used by view_past.c and
 * tests; knows of no window.
 *
 * Invariants
 *  1. Of each kind, marks rise in time, and none is later than what was seen or recorded.
 */
#ifndef LATCHKEY_FRONTEND_SCRUB_H
#define LATCHKEY_FRONTEND_SCRUB_H

#include "emulator/record.h"
#include "frontend/window.h"

struct scrub {
    struct window_mark *marks;
    size_t count, capacity;
    size_t entries;    /* of the record, that were looked at */
    uint64_t entry_ns; /* where the last of them was */
    uint64_t seen_ns;  /* up to here the machine was watched */
    uint64_t generation;
    uint32_t phase;    /* enum trace_phase, 0: none; */
    size_t open;       /* and its mark, from 1 */
};

void scrub_finish(struct scrub *scrub); /* a zeroed one is fine, and is how to begin */
/* scrub_see - the machine as it is now; nothing, where it was seen before. */
void scrub_see(struct scrub *scrub, const struct machine_stats *stats);
/* scrub_scan - what is new in the record. */
void scrub_scan(struct scrub *scrub, const struct record *record);
/* scrub_cut_off - what is later than the machine's present state, and what comes from the record's
 * entries from `entries` on, never was. */
void scrub_cut_off(struct scrub *scrub, const struct machine_stats *stats, size_t entries);
/* scrub_next - the nearest mark after a time, or the nearest before it, further than a step of the
 * eye. false: there is none. */
bool scrub_next(const struct scrub *scrub, uint64_t time_ns, bool forward, uint64_t *found_ns);

#endif
