/* SPDX-License-Identifier: GPL-2.0-or-later */
/* timeline_keep.c - which snapshots a timeline keeps. Called by timeline.c; calls snapshot and
 * layers. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/base/memory.h"
#include "emulator/timeline_state.h"

/* Less than this many instructions apart, snapshots are no quicker than going. */
#define KEEP_NEAR (1u << 18)
/* With no more snapshots than that, what lies between them is too far to go for somebody who waits:
 * rather a shorter past. */
#define KEEP_FEW 16u

size_t timeline_bytes(const struct timeline *timeline)
{
    size_t bytes = snapshots_bytes(timeline->snapshots);
    for (unsigned i = 0; i < timeline->config.disk_count; i++)
        bytes += layers_bytes(timeline->config.layers[i]);
    return bytes;
}

size_t timeline_snapshots(const struct timeline *timeline)
{
    return timeline->kept_count;
}

/* How many are at or before so many instructions. */
static size_t kept_before(const struct timeline *timeline, uint64_t instructions)
{
    size_t low = 0, high = timeline->kept_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (timeline->kept[middle].position.instructions <= instructions)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

const struct kept *keep_last(const struct timeline *timeline, uint64_t instructions)
{
    size_t count = kept_before(timeline, instructions);
    /* It may stand behind the first arrival at this number. */
    while (count > 1 && timeline->kept[count - 1].position.instructions == instructions)
        count--;
    return count > 0 ? &timeline->kept[count - 1] : NULL;
}

static void kept_remove(struct timeline *timeline, size_t index)
{
    snapshot_drop(timeline->snapshots, timeline->kept[index].snapshot);
    timeline->kept_count--;
    memmove(&timeline->kept[index], &timeline->kept[index + 1],
            (timeline->kept_count - index) * sizeof(timeline->kept[0]));
}

/* The gap that would be there without it, against the way to it: the smaller, the sooner it goes.
 * So gaps grow with the distance from the present. */
static double worth(const struct timeline *timeline, size_t index, uint64_t present)
{
    uint64_t here = timeline->kept[index].position.instructions;
    uint64_t before = timeline->kept[index - 1].position.instructions;
    uint64_t after = index + 1 < timeline->kept_count
                         ? timeline->kept[index + 1].position.instructions
                         : here + timeline->config.spacing;
    uint64_t way = here > present ? here - present : present - here;
    return (double)(after - before) / ((double)way + (double)timeline->config.spacing);
}

/* Of all but the first, and the one at index `present_at`, which the present comes from. */
static bool least_remove(struct timeline *timeline, size_t present_at)
{
    uint64_t present = machine_instructions(timeline->machine);
    size_t least = 0;
    for (size_t i = 1; i < timeline->kept_count; i++)
        if (i != present_at && (least == 0 || worth(timeline, i, present) <
                                                  worth(timeline, least, present)))
            least = i;
    if (least != 0)
        kept_remove(timeline, least);
    return least != 0;
}

/* Layers that no snapshot sees go with it. */
static void layers_follow(struct timeline *timeline)
{
    struct layers_place *places = memory_zeroed(timeline->kept_count, sizeof(*places));
    for (unsigned disk = 0; disk < timeline->config.disk_count; disk++) {
        for (size_t i = 0; i < timeline->kept_count; i++)
            places[i] = timeline->kept[i].places[disk];
        layers_thin(timeline->config.layers[disk], places, timeline->kept_count);
    }
    free(places);
}

/* The beginning, when it is to be forgotten rather than another of the few that are left. */
static bool first_remove(struct timeline *timeline, size_t present_at)
{
    size_t layers = timeline_bytes(timeline) - snapshots_bytes(timeline->snapshots);
    if (!timeline->config.forgets || present_at == 0 || timeline->kept_count > KEEP_FEW ||
        layers <= timeline->config.budget_bytes / 2)
        return false;
    kept_remove(timeline, 0);
    return true;
}

void keep_budget(struct timeline *timeline)
{
    if (timeline_bytes(timeline) <= timeline->config.budget_bytes)
        return;
    layers_follow(timeline);
    while (timeline_bytes(timeline) > timeline->config.budget_bytes) {
        size_t present_at = kept_before(timeline, machine_instructions(timeline->machine)) - 1;
        if (!first_remove(timeline, present_at) && !least_remove(timeline, present_at))
            return;
        layers_follow(timeline);
    }
}

void keep_append(struct timeline *timeline, const struct kept *kept)
{
    timeline->kept = memory_grow(timeline->kept, timeline->kept_count, &timeline->kept_capacity,
                                 sizeof(*timeline->kept));
    timeline->kept[timeline->kept_count++] = *kept;
}

void keep(struct timeline *timeline)
{
    struct machine_position here = machine_position(timeline->machine);
    size_t at = kept_before(timeline, here.instructions);
    if (at > 0 && here.instructions - timeline->kept[at - 1].position.instructions < KEEP_NEAR)
        return;
    const struct snapshot *like = at > 0 ? timeline->kept[at - 1].snapshot : NULL;
    struct kept made = {.snapshot = snapshot_take(timeline->snapshots, like), .position = here,
                        .entry = timeline->entry};
    for (unsigned i = 0; i < timeline->config.disk_count; i++)
        made.places[i] = layers_place(timeline->config.layers[i]);
    if (timeline->config.follower.kept)
        made.follower = timeline->config.follower.kept(timeline->config.follower.context);
    keep_append(timeline, &made);
    memmove(&timeline->kept[at + 1], &timeline->kept[at],
            (timeline->kept_count - 1 - at) * sizeof(*timeline->kept));
    timeline->kept[at] = made;
    keep_budget(timeline);
}

void keep_due(struct timeline *timeline)
{
    uint64_t now = machine_instructions(timeline->machine);
    size_t at = kept_before(timeline, now);
    uint64_t last = at > 0 ? timeline->kept[at - 1].position.instructions : now;
    timeline->due = timeline->config.budget_bytes == 0 ? UINT64_MAX
                    : last + timeline->config.spacing > now
                        ? last + timeline->config.spacing
                        : now + timeline->config.spacing;
}

void keep_forget(struct timeline *timeline)
{
    while (timeline->kept_count > kept_before(timeline, machine_instructions(timeline->machine)))
        kept_remove(timeline, timeline->kept_count - 1);
    while (timeline->kept_count > 1 &&
           timeline->kept[timeline->kept_count - 1].entry > timeline->entry)
        kept_remove(timeline, timeline->kept_count - 1);
}

bool keep_go(struct timeline *timeline, const struct kept *kept, struct error *error)
{
    if (!snapshot_restore(timeline->snapshots, kept->snapshot, error))
        return false;
    for (unsigned i = 0; i < timeline->config.disk_count; i++)
        layers_go(timeline->config.layers[i], kept->places[i]);
    if (timeline->config.follower.went)
        timeline->config.follower.went(timeline->config.follower.context, kept->follower);
    timeline->entry = kept->entry;
    timeline->agreed = kept->position;
    timeline->glanced = kept->position.instructions;
    keep_due(timeline);
    return true;
}
