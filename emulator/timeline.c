/* SPDX-License-Identifier: GPL-2.0-or-later */
/* timeline.c - going forward and back; see timeline.h. Which snapshots there are: timeline_keep.c.
 *
 * Invariants
 *  1. timeline->entry is the first entry that was not carried out.
 */
#include "emulator/timeline.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/base/memory.h"
#include "emulator/clock.h"
#include "emulator/machine_mark.h"
#include "emulator/record_identity.h"
#include "emulator/timeline_state.h"

/* Whoever goes to a place goes back from it a little soon: snapshots that far before it. */
static const uint64_t ahead[] = {1u << 24, 1u << 20};
/* Whoever looks for a time looks at others nearby: what is gone through then is kept as dense as
 * that, for the next way to take a few frames of the host's screen at most. */
#define TIME_SPACING (1u << 24)

struct timeline *timeline_create(const struct timeline_config *config)
{
    struct timeline *timeline = memory_zeroed(1, sizeof(*timeline));
    assert(config->disk_count <= BOARD_DISK_COUNT_MAX);
    timeline->config = *config;
    if (timeline->config.spacing == 0)
        timeline->config.spacing = TIMELINE_SPACING;
    timeline->machine = config->machine;
    timeline->record = config->record;
    timeline->hashes = memory_zeroed(record_parts(config->record), sizeof(*timeline->hashes));
    timeline->snapshots = snapshots_create(config->machine);
    timeline->agreed = machine_position(config->machine);
    timeline->first = true;
    keep(timeline);
    keep_due(timeline);
    return timeline;
}

void timeline_destroy(struct timeline *timeline)
{
    if (!timeline)
        return;
    machine_listen(timeline->machine, NULL);
    for (size_t i = 0; i < timeline->kept_count; i++)
        snapshot_drop(timeline->snapshots, timeline->kept[i].snapshot);
    snapshots_destroy(timeline->snapshots);
    free(timeline->kept);
    free(timeline->hashes);
    free(timeline);
}

uint64_t timeline_begin(const struct timeline *timeline)
{
    return timeline->kept[0].position.instructions;
}

uint64_t timeline_end(const struct timeline *timeline)
{
    uint64_t last = record_last(timeline->record).instructions;
    uint64_t here = machine_instructions(timeline->machine);
    return here > last ? here : last;
}

static uint64_t ns_of(const struct timeline *timeline, const struct machine_position *position)
{
    uint64_t clock_hz = timeline->record->head.clock_hz;
    return clock_ns(position->cycles, clock_hz ? clock_hz : CLOCK_HZ_DEFAULT);
}

uint64_t timeline_begin_ns(const struct timeline *timeline)
{
    return ns_of(timeline, &timeline->kept[0].position);
}

uint64_t timeline_end_ns(const struct timeline *timeline)
{
    const struct machine_position last = record_last(timeline->record);
    uint64_t end = ns_of(timeline, &last), here = machine_time_ns(timeline->machine);
    return here > end ? here : end;
}

bool timeline_live(const struct timeline *timeline)
{
    return timeline->live;
}

bool timeline_at_end(const struct timeline *timeline)
{
    return timeline->entry == timeline->record->entry_count;
}

struct machine *timeline_machine(struct timeline *timeline)
{
    return timeline->machine;
}

size_t timeline_entry(const struct timeline *timeline)
{
    return timeline->entry;
}

void timeline_spacing(struct timeline *timeline, uint64_t spacing)
{
    timeline->config.spacing = spacing ? spacing : TIMELINE_SPACING;
    keep_due(timeline);
}

size_t timeline_acted(const struct timeline *timeline)
{
    size_t count = timeline->entry;
    while (count > 0) {
        enum record_kind kind = timeline->record->entries[count - 1].kind;
        if (kind != RECORD_RUN && kind != RECORD_GLANCE && kind != RECORD_MARK &&
            kind != RECORD_REFUSED && kind != RECORD_END)
            break;
        count--;
    }
    return count;
}

void timeline_check(struct timeline *timeline, bool check)
{
    timeline->config.check = check;
}

const struct timeline_difference *timeline_difference(const struct timeline *timeline)
{
    return &timeline->difference;
}

/* --- comparing --- */

static bool differs(struct timeline *timeline, struct error *error)
{
    struct timeline_difference *difference = &timeline->difference;
    difference->found = true;
    difference->agreed = timeline->agreed;
    difference->glanced = timeline->glanced;
    difference->differed = machine_position(timeline->machine);
    return error_set(error, ERROR_FORMAT,
                     "trace: this run differs from the recorded one between instruction %llu and "
                     "%llu",
                     (unsigned long long)difference->agreed.instructions,
                     (unsigned long long)difference->differed.instructions);
}

static bool mark_check(struct timeline *timeline, const uint64_t *expected, struct error *error)
{
    struct timeline_difference *difference = &timeline->difference;
    uint32_t parts = record_parts(timeline->record);
    machine_mark(timeline->machine, timeline->hashes);
    for (uint32_t i = 0; i < parts; i++)
        if (timeline->hashes[i] != expected[i] && difference->parts_count++ < TIMELINE_PARTS_SHOWN)
            difference->parts[difference->parts_count - 1] = i;
    if (difference->parts_count > 0)
        return differs(timeline, error);
    timeline->agreed = machine_position(timeline->machine);
    timeline->glanced = timeline->agreed.instructions;
    return true;
}

static bool glance_check(struct timeline *timeline, uint64_t expected, struct error *error)
{
    if (machine_glance(timeline->machine) == expected) {
        timeline->glanced = machine_instructions(timeline->machine);
        return true;
    }
    timeline->difference.parts_count = 1;
    timeline->difference.parts[0] = 0;
    return differs(timeline, error);
}

/* --- forward --- */

/* Carry out an entry that is no RUN. */
static bool entry_pass(struct timeline *timeline, const struct record_entry *entry,
                       struct error *error)
{
    timeline->entry++;
    if (timeline->config.check && entry->kind == RECORD_MARK)
        return mark_check(timeline, timeline->record->hashes + entry->mark, error);
    if (timeline->config.check && entry->kind == RECORD_GLANCE)
        return glance_check(timeline, entry->glance, error);
    return record_entry_do(entry, timeline->machine, error);
}

/* Was this stop one that the caller asked for? */
static bool wanted(const struct timeline *timeline, struct machine_stop stop,
                   const struct machine_until *until)
{
    switch (stop.reason) {
    case MACHINE_STOP_CONSOLE:
    case MACHINE_STOP_TRACE:
    case MACHINE_STOP_PHASE:
    case MACHINE_STOP_GENERATION:
    case MACHINE_STOP_WRITE:
    case MACHINE_STOP_DEBUG:
        return true;
    case MACHINE_STOP_INSTRUCTIONS:
        return machine_instructions(timeline->machine) >= until->instructions;
    case MACHINE_STOP_CYCLES:
    case MACHINE_STOP_TIME:
        return machine_cycles(timeline->machine) >= until->cycles ||
               machine_time_ns(timeline->machine) >= until->time_ns;
    case MACHINE_STOP_POWER_OFF:
    case MACHINE_STOP_RESET:
    case MACHINE_STOP_POWER_CUT:
    case MACHINE_STOP_IDLE:
    case MACHINE_STOP_FAULT:
        break;
    }
    return false;
}

/* What is new: the history runs on with the machine. */
static struct machine_stop live_run(struct timeline *timeline, const struct machine_until *until)
{
    struct machine_stop stop = machine_run(timeline->machine, until);
    timeline->first = false;
    timeline_visit(timeline);
    return stop;
}

/* Towards the position of a RUN. over: out, the caller's condition holds. */
static bool run_pass(struct timeline *timeline, const struct record_entry *entry,
                     const struct machine_until *until, struct timeline_stop *stop, bool *over,
                     struct error *error)
{
    struct machine_until to = *until;
    if (timeline->due < to.instructions)
        to.instructions = timeline->due;
    stop->machine = machine_arrive(timeline->machine, &entry->run, &to);
    timeline->first = stop->machine.reason == MACHINE_STOP_INSTRUCTIONS;
    if (stop->machine.reason == MACHINE_STOP_FAULT)
        return error_set(error, ERROR_FORMAT, "machine: %s",
                         machine_fault_text(timeline->machine));
    bool there = machine_at(timeline->machine, &entry->run);
    if (there)
        timeline->entry++;
    *over = wanted(timeline, stop->machine, until);
    if (there || *over || (stop->machine.reason == MACHINE_STOP_INSTRUCTIONS &&
                           machine_instructions(timeline->machine) == timeline->due))
        return true;
    timeline->difference.position = true;
    timeline->difference.expected = entry->run;
    return differs(timeline, error);
}

/* At most up to an entry. */
static bool advance(struct timeline *timeline, const struct machine_until *until, size_t limit,
                    struct timeline_stop *stop, struct error *error)
{
    bool over = false;
    stop->reason = TIMELINE_STOPPED;
    stop->machine = (struct machine_stop){.reason = MACHINE_STOP_INSTRUCTIONS};
    timeline->difference = (struct timeline_difference){.found = false};
    while (!over && machine_instructions(timeline->machine) < until->instructions) {
        if (machine_instructions(timeline->machine) >= timeline->due) {
            keep(timeline);
            keep_due(timeline);
        }
        if (timeline->entry >= limit) {
            stop->reason = TIMELINE_END;
            return true;
        }
        const struct record_entry *entry = &timeline->record->entries[timeline->entry];
        if (entry->kind == RECORD_RUN) {
            if (!run_pass(timeline, entry, until, stop, &over, error))
                return false;
        } else {
            timeline->first = false;
            if (!entry_pass(timeline, entry, error))
                return false;
        }
    }
    return true;
}

bool timeline_run(struct timeline *timeline, const struct machine_until *until,
                  struct timeline_stop *stop, struct error *error)
{
    if (!timeline->live)
        return advance(timeline, until, timeline->record->entry_count, stop, error);
    stop->reason = TIMELINE_STOPPED;
    stop->machine = live_run(timeline, until);
    return true;
}

bool timeline_carry_out(struct timeline *timeline, size_t entry, struct error *error)
{
    const struct machine_until never = machine_until_never();
    struct timeline_stop stop;
    assert(!timeline->live);
    assert(entry <= timeline->record->entry_count);
    return advance(timeline, &never, entry, &stop, error);
}

/* --- back --- */

static bool forward_to(struct timeline *timeline, uint64_t instructions, struct error *error)
{
    struct machine_until until = machine_until_never();
    struct timeline_stop stop;
    until.instructions = instructions;
    if (!timeline_run(timeline, &until, &stop, error))
        return false;
    return machine_instructions(timeline->machine) == instructions ||
           error_set(error, ERROR_LIMIT, "instruction %llu: the history ends at %llu",
                     (unsigned long long)instructions,
                     (unsigned long long)machine_instructions(timeline->machine));
}

/* Leave the end of a history that was still growing. */
static void tip_keep(struct timeline *timeline)
{
    struct record_entry entry = {.kind = RECORD_RUN, .run = machine_position(timeline->machine)};
    if (!timeline->live)
        return;
    if (entry.run.arrival != ARRIVAL_NONE && !machine_at(timeline->machine, &timeline->heard))
        record_add(timeline->record, &entry, NULL);
    timeline->live = false;
    timeline->entry = timeline->record->entry_count;
    machine_listen(timeline->machine, NULL);
    for (unsigned i = 0; i < timeline->config.disk_count; i++)
        layers_detach(timeline->config.layers[i]);
    if (timeline->config.budget_bytes > 0)
        keep(timeline); /* to be back at once */
}

bool timeline_seek(struct timeline *timeline, uint64_t instructions, struct error *error)
{
    uint64_t here = machine_instructions(timeline->machine);
    if (instructions < timeline_begin(timeline) || instructions > timeline_end(timeline))
        return error_set(error, ERROR_LIMIT, "instruction %llu: the history is %llu..%llu",
                         (unsigned long long)instructions,
                         (unsigned long long)timeline_begin(timeline),
                         (unsigned long long)timeline_end(timeline));
    if (here == instructions && timeline->first)
        return true;
    tip_keep(timeline);
    const struct kept *last = keep_last(timeline, instructions);
    if ((here >= instructions || last->position.instructions > here) &&
        !keep_go(timeline, last, error))
        return false;
    timeline->first = machine_instructions(timeline->machine) == instructions;
    for (size_t i = 0; i < sizeof(ahead) / sizeof(ahead[0]); i++) {
        here = machine_instructions(timeline->machine);
        if (timeline->config.budget_bytes == 0 || instructions < here + ahead[i])
            continue;
        if (!forward_to(timeline, instructions - ahead[i], error))
            return false;
        keep(timeline);
        keep_due(timeline);
    }
    return forward_to(timeline, instructions, error);
}

/* The last that was certainly not behind the first arrival at this time. */
static const struct kept *keep_last_time(const struct timeline *timeline, uint64_t time_ns)
{
    size_t last = timeline->kept_count - 1;
    while (last > 0 && ns_of(timeline, &timeline->kept[last].position) >= time_ns)
        last--;
    return &timeline->kept[last];
}

bool timeline_seek_time(struct timeline *timeline, uint64_t time_ns, struct error *error)
{
    struct machine_until until = machine_until_never();
    struct timeline_stop stop;
    if (time_ns < timeline_begin_ns(timeline))
        return error_set(error, ERROR_LIMIT, "%llu ns: the history begins at %llu ns",
                         (unsigned long long)time_ns,
                         (unsigned long long)timeline_begin_ns(timeline));
    tip_keep(timeline);
    const struct kept *last = keep_last_time(timeline, time_ns);
    uint64_t here = machine_time_ns(timeline->machine);
    if ((here >= time_ns || ns_of(timeline, &last->position) > here) &&
        !keep_go(timeline, last, error))
        return false;
    until.time_ns = time_ns;
    timeline->first = false;
    uint64_t spacing = timeline->config.spacing;
    timeline->config.spacing = spacing < TIME_SPACING ? spacing : TIME_SPACING;
    keep_due(timeline);
    bool good = machine_time_ns(timeline->machine) >= time_ns ||
                timeline_run(timeline, &until, &stop, error);
    timeline->config.spacing = spacing;
    keep_due(timeline);
    return good;
}

bool timeline_seek_end(struct timeline *timeline, struct error *error)
{
    tip_keep(timeline);
    const struct kept *last = &timeline->kept[timeline->kept_count - 1];
    if (last->entry > timeline->entry && !keep_go(timeline, last, error))
        return false;
    return timeline_carry_out(timeline, timeline->record->entry_count, error);
}

/* --- on from here --- */

static void heard(void *context, const struct machine_act *act)
{
    struct timeline *timeline = context;
    struct record_entry entry = {.kind = RECORD_RUN, .run = machine_position(timeline->machine)};
    if (entry.run.arrival != ARRIVAL_NONE && !machine_at(timeline->machine, &timeline->heard)) {
        record_add(timeline->record, &entry, NULL);
        timeline->heard = entry.run;
    }
    record_entry_of(&entry, act);
    record_add(timeline->record, &entry, NULL);
    timeline->entry = timeline->record->entry_count;
    timeline->first = false;
}

void timeline_branch(struct timeline *timeline)
{
    const struct machine_listener listener = {.context = timeline, .heard = heard};
    if (timeline->live)
        return;
    record_cut_off(timeline->record, timeline->entry);
    timeline->record->complete = false;
    keep_forget(timeline);
    for (unsigned i = 0; i < timeline->config.disk_count; i++)
        layers_branch(timeline->config.layers[i]);
    timeline->heard = record_last(timeline->record);
    timeline->live = true;
    keep_due(timeline);
    machine_listen(timeline->machine, &listener);
}

bool timeline_continue(struct timeline *timeline, struct error *error)
{
    for (unsigned i = 0; i < timeline->config.disk_count; i++)
        if (!timeline->live && !layers_attach(timeline->config.layers[i]))
            return error_set(error, ERROR_IO,
                             "disk %u: the image cannot be made what the disk was then", i);
    timeline_branch(timeline);
    return true;
}

void timeline_visit(struct timeline *timeline)
{
    if (!timeline->live || machine_instructions(timeline->machine) < timeline->due)
        return;
    struct machine_position here = machine_position(timeline->machine);
    if (!machine_at(timeline->machine, &timeline->heard)) { /* a snapshot stands at an entry */
        const struct record_entry entry = {.kind = RECORD_RUN, .run = here};
        record_add(timeline->record, &entry, NULL);
        timeline->heard = here;
        timeline->entry = timeline->record->entry_count;
    }
    keep(timeline);
    keep_due(timeline);
}

/* --- carried over --- */

void timeline_save(struct timeline *timeline, struct timeline_state *state)
{
    *state = (struct timeline_state){.entry = timeline->entry,
                                     .position = machine_position(timeline->machine)};
    machine_save(timeline->machine, &state->machine);
    for (unsigned i = 0; i < timeline->config.disk_count; i++)
        state->places[i] = layers_place(timeline->config.layers[i]);
}

bool timeline_load(struct timeline *timeline, const struct timeline_state *state,
                   struct error *error)
{
    struct byte_reader reader;
    assert(!timeline->live);
    assert(state->entry <= timeline->record->entry_count);
    reader_init(&reader, state->machine.data, state->machine.size_bytes);
    if (!machine_rewind(timeline->machine, &reader, error))
        return false;
    machine_arrival_set(timeline->machine, state->position.arrival);
    for (unsigned i = 0; i < timeline->config.disk_count; i++)
        layers_go(timeline->config.layers[i], state->places[i]);
    timeline->entry = state->entry;
    timeline->agreed = state->position;
    timeline->glanced = state->position.instructions;
    timeline->first = false;
    keep_due(timeline);
    return true;
}
