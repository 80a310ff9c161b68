/* SPDX-License-Identifier: GPL-2.0-or-later */
/* timeline_state.h - struct timeline itself. Private to timeline.c (going forward and back),
 * timeline_keep.c and timeline_file.c (its snapshots). */
#ifndef LATCHKEY_EMULATOR_TIMELINE_STATE_H
#define LATCHKEY_EMULATOR_TIMELINE_STATE_H

#include "emulator/snapshot.h"
#include "emulator/timeline.h"

struct kept {
    struct snapshot *snapshot;
    struct machine_position position;
    size_t entry; /* the next one then */
    struct layers_place places[BOARD_DISK_COUNT_MAX];
    uint64_t follower; /* where it was */
};

struct timeline {
    struct timeline_config config;
    struct machine *machine;
    struct record *record;
    size_t entry; /* the next one */
    bool live;    /* entry is behind the last, and acts are appended */
    bool first;   /* the machine has just come to this number of instructions */
    struct machine_position heard; /* live: the newest position in the record */
    struct machine_position agreed; /* the last mark that was the same, or the start */
    uint64_t glanced;               /* the last glance that was, in instructions; or agreed */
    struct timeline_difference difference;
    uint64_t *hashes; /* of a mark */

    struct snapshots *snapshots;
    struct kept *kept; /* by position, rising; the first is the beginning */
    size_t kept_count, kept_capacity;
    uint64_t due; /* when the next is taken; UINT64_MAX: never */
};

/* keep_append - one that is behind all others. keep_budget - forget what the budget has no room
 * for. */
void keep_append(struct timeline *timeline, const struct kept *kept);
void keep_budget(struct timeline *timeline);
/* keep - take a snapshot here, unless there is one; others may go for it. keep_due - when the next
 * is taken. keep_last - the newest before so many instructions; else the first. keep_forget - all
 * but those not after the present. keep_go - back to a snapshot. */
void keep(struct timeline *timeline);
void keep_due(struct timeline *timeline);
const struct kept *keep_last(const struct timeline *timeline, uint64_t instructions);
void keep_forget(struct timeline *timeline);
MUST_CHECK bool keep_go(struct timeline *timeline, const struct kept *kept, struct error *error);

#endif
