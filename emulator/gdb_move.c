/* SPDX-License-Identifier: GPL-2.0-or-later */
/* gdb_move.c - a machine goes on until a point is hit, or back to the last hit before. Called
 * through gdb_machine_ops(); calls the timeline, or who runs the machine.
 *
 * Going back looks at stretches of the past, the nearest and shortest first: each is gone through
 * forward from its beginning, and the last hit in it is where to go. Where hits are many, only the
 * later half of what is left is gone through, as often as it takes.
 *
 * A search back (struct gdb_search) is between stretches, or scanning one:
 *   between   the next begins length before its end, and is scanned; none is left: nothing was
 *             hit, and the machine goes to the limit.
 *   scanning  each hit becomes the best, and is found. HITS_MANY of them: what is between the
 *             newest and the middle of the rest becomes the gap, and scanning begins anew at the
 *             middle.
 *   its end   found: that is where to go. Not, and there is a gap: the gap is scanned, from the
 *             best on. Not, and there is none, but a best (that before a gap): there. Not at all:
 *             where it began is the next one's end, reached this time, and length grows.
 *
 * Invariants
 *  1. While the machine stands, and while the timeline seeks, nothing is set in the cpu.
 */
#include <assert.h>
#include <string.h>

#include "emulator/gdb_machine_state.h"

#define SLICE 4000000u /* instructions: some hundredth of a second */
#define STRETCH_FIRST (1u << 16) /* a millisecond */
#define STRETCH_MAX TIMELINE_SPACING /* a longer one begins at a snapshot no more often */
#define STRETCH_GROWTH 16u
#define HITS_MANY 256u
#define STRETCH_WHOLE 4096u /* shorter ones are not halved */

static struct gdb_place place_now(const struct gdb_machine *target)
{
    struct machine_position here = machine_position(target->machine);
    const struct timeline *timeline = target->config.timeline;
    return (struct gdb_place){.instructions = here.instructions, .events = here.events,
                              .acted = timeline ? timeline_acted(timeline) : 0};
}

/* Negative: left comes first. All three never decrease along a history. */
static int place_compare(const struct gdb_place *left, const struct gdb_place *right)
{
    if (left->instructions != right->instructions)
        return left->instructions < right->instructions ? -1 : 1;
    if (left->acted != right->acted)
        return left->acted < right->acted ? -1 : 1;
    return left->events < right->events ? -1 : left->events > right->events;
}

static enum gdb_run fault(struct gdb_machine *target, const struct error *error)
{
    memcpy(target->fault, error->text, sizeof(target->fault));
    return GDB_RUN_FAULT;
}

/* Some of the way, with what is set in the cpu. */
static enum gdb_run go(struct gdb_machine *target, uint64_t instructions, int *code)
{
    struct error error;
    struct timeline_stop stop;
    struct machine_until until = machine_until_never();
    if (!target->config.timeline)
        return target->config.run(target->config.context, instructions, code);
    until.instructions = instructions;
    if (!timeline_run(target->config.timeline, &until, &stop, &error))
        return fault(target, &error);
    if (stop.reason == TIMELINE_END)
        return GDB_RUN_END;
    return stop.machine.reason == MACHINE_STOP_DEBUG ? GDB_RUN_DEBUG : GDB_RUN_ON;
}

/* --- to a place --- */

static bool seek(struct gdb_machine *target, uint64_t instructions)
{
    struct error error;
    points_clear(target);
    if (timeline_seek(target->config.timeline, instructions, &error))
        return true;
    (void)fault(target, &error);
    return false;
}

static bool place_go(struct gdb_machine *target, const struct gdb_place *place)
{
    struct error error;
    int code;
    if (!seek(target, place->instructions))
        return false;
    if (timeline_acted(target->config.timeline) < place->acted &&
        !timeline_carry_out(target->config.timeline, place->acted, &error)) {
        (void)fault(target, &error);
        return false;
    }
    if (machine_position(target->machine).events >= place->events)
        return true;
    target->cpu_clean = false;
    cpu_debug_events(target->cpu, place->events);
    enum gdb_run run = go(target, place->instructions + 1, &code);
    points_clear(target);
    return run != GDB_RUN_FAULT;
}

/* One instruction, or one event. */
static bool step(struct gdb_machine *target)
{
    int code;
    struct machine_position here = machine_position(target->machine);
    target->cpu_clean = false;
    cpu_debug_events(target->cpu, here.events + 1);
    enum gdb_run run = go(target, here.instructions + 1, &code);
    points_clear(target);
    return run == GDB_RUN_ON || run == GDB_RUN_DEBUG;
}

/* The place that a step leads to `place` from. false: there is none, or it failed. */
static bool place_before(struct gdb_machine *target, const struct gdb_place *place,
                         struct gdb_place *before)
{
    uint64_t begin = timeline_begin(target->config.timeline), from = place->instructions;
    if (!seek(target, from > begin ? from - 1 : begin))
        return false;
    struct gdb_place here = place_now(target);
    bool found = false;
    while (place_compare(&here, place) < 0) {
        *before = here;
        found = true;
        if (!step(target))
            break;
        here = place_now(target);
    }
    return found;
}

/* --- back --- */

static uint64_t back_limit(const struct gdb_machine *target)
{
    uint64_t begin = timeline_begin(target->config.timeline);
    return target->at > begin && target->at < target->search.start.instructions ? target->at
                                                                                : begin;
}

static bool stretch_begin(struct gdb_machine *target, uint64_t from)
{
    struct gdb_search *search = &target->search;
    search->from = from;
    search->hits = 0;
    if (!seek(target, from))
        return false;
    search->from_place = place_now(target);
    points_set(target, true);
    search->scanning = true;
    return true;
}

static bool hit_note(struct gdb_machine *target)
{
    struct gdb_search *search = &target->search;
    struct gdb_place here = place_now(target);
    struct gdb_stop stop = points_hit(target);
    int order = place_compare(&here, &search->before);
    if (order > 0 || (order == 0 && !search->reached))
        return true;
    struct cpu_hit hit = cpu_debug_hit(target->cpu);
    search->behind = hit.kind == CPU_HIT_WATCH && !hit.done;
    search->found = search->any = true;
    search->best = here;
    search->stop = stop;
    uint64_t left = search->before.instructions - here.instructions;
    if (++search->hits < HITS_MANY || left < STRETCH_WHOLE)
        return true;
    search->gap_from = here.instructions;
    search->gap = true;
    search->found = false;
    return stretch_begin(target, here.instructions + left / 2);
}

static bool stop_at(struct gdb_machine *target, const struct gdb_place *place, struct gdb_stop *out,
                    enum gdb_stop_kind kind)
{
    *out = (struct gdb_stop){.kind = place_go(target, place) ? kind : GDB_STOP_FAULT};
    return true;
}

/* To the last hit. In both directions gdb wants to step once more to see what was done to what is
 * watched: so it is told of it before it comes to the instruction, from either side. */
static bool hit_go(struct gdb_machine *target, struct gdb_stop *out)
{
    struct gdb_search *search = &target->search;
    bool good = place_go(target, &search->best) && (!search->behind || step(target));
    *out = search->stop;
    if (!good)
        out->kind = GDB_STOP_FAULT;
    return true;
}

/* Nothing was hit. */
static bool limit_go(struct gdb_machine *target, struct gdb_stop *out)
{
    uint64_t limit = back_limit(target);
    bool asked_for = target->at && limit == target->at;
    if (seek(target, limit))
        out->kind = asked_for ? GDB_STOP_STEP : GDB_STOP_BEGIN;
    else
        out->kind = GDB_STOP_FAULT;
    return true;
}

/* A stretch was gone through. true: that is the end of the search. */
static bool stretch_end(struct gdb_machine *target, struct gdb_stop *out)
{
    struct gdb_search *search = &target->search;
    uint64_t limit = back_limit(target);
    if (search->found || (search->any && !search->gap))
        return hit_go(target, out);
    search->before = search->from_place;
    search->reached = true;
    search->scanning = false;
    if (search->gap) { /* nothing was in its later half: so in the earlier */
        search->gap = false;
        if (stretch_begin(target, search->gap_from))
            return false;
        out->kind = GDB_STOP_FAULT;
        return true;
    }
    if (search->from > limit) {
        search->length *= STRETCH_GROWTH;
        if (search->length > STRETCH_MAX)
            search->length = STRETCH_MAX;
        return false;
    }
    return limit_go(target, out);
}

static bool back_on(struct gdb_machine *target, struct gdb_stop *out)
{
    int code;
    struct gdb_search *search = &target->search;
    uint64_t limit = back_limit(target), end = search->before.instructions;
    if (target->asked) {
        points_clear(target);
        return stop_at(target, &search->start, out, GDB_STOP_ASKED);
    }
    if (target->point_count == 0)
        return limit_go(target, out);
    if (!search->scanning &&
        !stretch_begin(target, end - limit > search->length ? end - search->length : limit)) {
        out->kind = GDB_STOP_FAULT;
        return true;
    }
    uint64_t here = machine_instructions(target->machine), to = here + SLICE;
    if (to > end + 1)
        to = end + 1;
    enum gdb_run run = here < to ? go(target, to, &code) : GDB_RUN_END;
    if (run == GDB_RUN_DEBUG && hit_note(target))
        return false;
    if (run == GDB_RUN_DEBUG || run == GDB_RUN_FAULT) {
        out->kind = GDB_STOP_FAULT;
        return true;
    }
    if (run == GDB_RUN_ON && machine_instructions(target->machine) <= end)
        return false;
    return stretch_end(target, out);
}

static bool step_back(struct gdb_machine *target, struct gdb_stop *out)
{
    struct gdb_place before;
    if (!place_before(target, &target->search.start, &before))
        return stop_at(target, &target->search.start, out, GDB_STOP_BEGIN);
    return stop_at(target, &before, out, GDB_STOP_STEP);
}

/* --- forward --- */

static bool forward_on(struct gdb_machine *target, struct gdb_stop *out)
{
    int code = 0;
    uint64_t here = machine_instructions(target->machine), to = here + SLICE;
    if (target->move == GDB_STEP)
        to = target->moved_from.instructions + 1;
    else if (target->at > here && target->at < to)
        to = target->at;
    enum gdb_run run = go(target, to, &code);
    uint64_t now = machine_instructions(target->machine);
    switch (run) {
    case GDB_RUN_DEBUG:
        *out = points_hit(target);
        return true;
    case GDB_RUN_EXIT:
        *out = (struct gdb_stop){.kind = GDB_STOP_EXIT, .code = code};
        return true;
    case GDB_RUN_FAULT:
        out->kind = GDB_STOP_FAULT;
        return true;
    case GDB_RUN_ON:
    case GDB_RUN_WAITS:
        out->kind = target->asked ? GDB_STOP_ASKED : GDB_STOP_STEP;
        return target->asked || (target->move == GDB_STEP && now >= to) ||
               (now == target->at && now != here);
    case GDB_RUN_END:
        out->kind = GDB_STOP_END;
        return true;
    }
    assert(!"a way to go");
    return true;
}

bool move_start(void *context, enum gdb_move move)
{
    struct gdb_machine *target = context;
    bool back = move == GDB_GO_BACK || move == GDB_STEP_BACK;
    if (back && !target->config.timeline)
        return false;
    target->move = move;
    target->asked = false;
    target->moved_from = place_now(target);
    if (back) {
        ledger_leave(target); /* what is gone through to come there would count, too */
        target->search = (struct gdb_search){.start = target->moved_from,
                                             .before = target->moved_from,
                                             .length = STRETCH_FIRST};
        return true;
    }
    points_set(target, move == GDB_GO);
    if (move == GDB_STEP)
        cpu_debug_events(target->cpu, target->moved_from.events + 1);
    return true;
}

bool move_on(void *context, struct gdb_stop *stop)
{
    struct gdb_machine *target = context;
    *stop = (struct gdb_stop){.kind = GDB_STOP_STEP};
    bool stands;
    if (target->move == GDB_STEP_BACK)
        stands = step_back(target, stop);
    else
        stands = target->move == GDB_GO_BACK ? back_on(target, stop) : forward_on(target, stop);
    if (!stands)
        return false;
    points_clear(target);
    if (machine_instructions(target->machine) == target->at)
        target->at = 0;
    return true;
}

void move_interrupt(void *context)
{
    struct gdb_machine *target = context;
    target->asked = true;
}
