/* SPDX-License-Identifier: GPL-2.0-or-later */
/* scrub.c - see scrub.h. Calls record.h and the machine's names. */
#include "frontend/scrub.h"

#include <assert.h>
#include <stdlib.h>

#include "emulator/base/memory.h"
#include "emulator/clock.h"

#define TOGETHER_NS 50000000u /* inputs, or equal phases, that are no further apart are one mark */
#define STEP_NS 500000u       /* a seek ends a little behind its mark: that is not before it */

void scrub_finish(struct scrub *scrub)
{
    free(scrub->marks);
    *scrub = (struct scrub){.marks = NULL};
}

/* The last of a kind, if it may still grow: not further back than so much. NULL: there is none. */
static struct window_mark *mark_last(struct scrub *scrub, enum window_mark_kind kind,
                                     const char *name, uint64_t time_ns)
{
    for (size_t i = scrub->count; i-- > 0;) {
        struct window_mark *mark = &scrub->marks[i];
        if (mark->kind == kind && mark->name == name)
            return mark->end_ns + TOGETHER_NS >= time_ns ? mark : NULL;
        if (mark->kind == kind && kind == MARK_PHASE)
            return NULL; /* another phase came between */
    }
    return NULL;
}

/* Returns its number, from 1. */
static size_t mark_add(struct scrub *scrub, enum window_mark_kind kind, const char *name,
                       uint64_t value, uint64_t time_ns)
{
    struct window_mark *last = kind == MARK_PHASE || kind == MARK_INPUT
                                   ? mark_last(scrub, kind, name, time_ns)
                                   : NULL;
    if (last) {
        last->end_ns = time_ns;
        return (size_t)(last - scrub->marks) + 1;
    }
    scrub->marks =
        memory_grow(scrub->marks, scrub->count, &scrub->capacity, sizeof(*scrub->marks));
    scrub->marks[scrub->count++] = (struct window_mark){
        .kind = kind, .time_ns = time_ns, .end_ns = time_ns, .name = name, .value = value};
    return scrub->count;
}

void scrub_see(struct scrub *scrub, const struct machine_stats *stats)
{
    uint64_t now = stats->virtual_time_ns;
    if (now < scrub->seen_ns)
        return;
    scrub->seen_ns = now;
    if (scrub->open)
        scrub->marks[scrub->open - 1].end_ns = now;
    if (stats->phase != scrub->phase)
        scrub->open = stats->phase ? mark_add(scrub, MARK_PHASE, machine_phase_name(stats->phase),
                                              0, now)
                                   : 0;
    scrub->phase = stats->phase;
    if (stats->generation != scrub->generation)
        (void)mark_add(scrub, MARK_CHECKPOINT,
                       scrub->generation ? "checkpoint" : "start of checkpoint",
                       stats->generation, now);
    scrub->generation = stats->generation;
}

void scrub_scan(struct scrub *scrub, const struct record *record)
{
    uint64_t clock_hz = record->head.clock_hz ? record->head.clock_hz : CLOCK_HZ_DEFAULT;
    assert(scrub->entries <= record->entry_count);
    for (; scrub->entries < record->entry_count; scrub->entries++) {
        const struct record_entry *entry = &record->entries[scrub->entries];
        if (entry->kind == RECORD_RUN)
            scrub->entry_ns = clock_ns(entry->run.cycles, clock_hz);
        else if (entry->kind == RECORD_INPUT)
            (void)mark_add(scrub, MARK_INPUT, "input", 0, scrub->entry_ns);
        else if (entry->kind == RECORD_CUT)
            (void)mark_add(scrub, MARK_CUT, "power cut", 0, scrub->entry_ns);
    }
}

void scrub_cut_off(struct scrub *scrub, const struct machine_stats *stats, size_t entries)
{
    uint64_t now = stats->virtual_time_ns;
    size_t kept = 0;
    for (size_t i = 0; i < scrub->count; i++) {
        struct window_mark mark = scrub->marks[i];
        if (mark.time_ns > now || (mark.kind == MARK_CUT && mark.time_ns == now))
            continue;
        mark.end_ns = mark.end_ns > now ? now : mark.end_ns;
        scrub->marks[kept++] = mark;
    }
    scrub->count = kept;
    scrub->entries = scrub->entries < entries ? scrub->entries : entries;
    scrub->entry_ns = scrub->entry_ns < now ? scrub->entry_ns : now;
    scrub->seen_ns = now;
    scrub->generation = stats->generation;
    scrub->phase = stats->phase;
    scrub->open = 0;
    for (size_t i = 0; i < kept && stats->phase; i++)
        if (scrub->marks[i].kind == MARK_PHASE)
            scrub->open = i + 1;
}

bool scrub_next(const struct scrub *scrub, uint64_t time_ns, bool forward, uint64_t *found_ns)
{
    bool found = false;
    for (size_t i = 0; i < scrub->count; i++) {
        uint64_t at = scrub->marks[i].time_ns;
        bool ahead = forward ? at > time_ns + STEP_NS : at + STEP_NS < time_ns;
        if (!ahead || (found && (forward ? at >= *found_ns : at <= *found_ns)))
            continue;
        *found_ns = at;
        found = true;
    }
    return found;
}
