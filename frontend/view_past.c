/* SPDX-License-Identifier: GPL-2.0-or-later */
/* view_past.c - the window goes back and forth in its run. Called by window_run.c; calls session,
 * scrub and console_log.
 *
 * Looking at the past changes nothing. To leave it is to be at the newest moment again; to go on
 * from it makes the place that is looked at the newest moment, on the disks too.
 *
 * Invariants
 *  1. What the user does to the machine while the past is looked at is not passed on.
 */
#include <assert.h>
#include <linux/input-event-codes.h>
#include <stdio.h>
#include <string.h>

#include "frontend/view.h"

#define STEP_NS 100000000u /* of the arrow keys: a tenth of a second */
#define SECOND_NS 1000000000u
#define SLICE_CYCLES 200000u /* so that a round ends in time: a few ms at the slowest */
#define FAR_ROUND_NS 60000000u /* of host time, on a way that nobody went yet */
#define END_NS (UINT64_MAX / 2)
#define PAST_NOTICE "this is the past: Enter goes on from here, Esc is back at the newest moment"

static uint64_t kept(void *context)
{
    return ((const struct view *)context)->log.at;
}

static void went(void *context, uint64_t place)
{
    console_log_go(&((struct view *)context)->log, place);
}

struct timeline_follower view_past_follower(struct view *view)
{
    return (struct timeline_follower){.context = view, .kept = kept, .went = went};
}

void view_past_open(struct view *view)
{
    view->past.wanted_ns = view->past.mark_after_ns = VIEW_NOWHERE;
    view->past.looked_at = view->past.plays = view->past.recorded = view->session.replay != NULL;
    if (view->session.timeline)
        view_past_see(view);
}

void view_past_see(struct view *view)
{
    if (!view->session.timeline)
        return;
    const struct machine_stats stats = machine_stats(view->session.machine);
    scrub_see(&view->past.scrub, &stats);
}

/* Slices also end where the bar gets a mark. */
enum session_state view_past_pass(struct view *view,
                                  enum session_state (*way)(struct session *session,
                                                            const struct machine_until *slice),
                                  uint64_t time_ns, uint64_t host_ns)
{
    struct session *session = &view->session;
    enum session_state state = SESSION_RUNS;
    while (state == SESSION_RUNS && machine_time_ns(session->machine) < time_ns &&
           host_clock_ns() < host_ns) {
        struct machine_until slice = machine_until_never();
        slice.time_ns = time_ns;
        slice.cycles = machine_cycles(session->machine) + SLICE_CYCLES;
        if (session->timeline) {
            slice.phases = (1u << TRACE_PHASE_COUNT) - 1;
            slice.generation = machine_stats(session->machine).generation + 1;
        }
        state = way(session, &slice);
        view_past_see(view);
    }
    return state;
}

/* The machine is elsewhere than it was. */
static void shifted(struct view *view)
{
    view->past.shifts++;
    view->off = session_is_off(&view->session);
    view->waits = false;
    view->rate_instructions = machine_instructions(view->session.machine);
    view->rate_host_ns = host_clock_ns();
    view_pace(view);
}

/* Be there next, looking at it. */
static void want(struct view *view, uint64_t time_ns)
{
    uint64_t begin = timeline_begin_ns(view->session.timeline);
    uint64_t end = timeline_end_ns(view->session.timeline);
    view->past.looked_at = true;
    view->past.plays = false;
    view->past.mark_after_ns = VIEW_NOWHERE;
    view->past.wanted_ns = time_ns < begin ? begin : time_ns > end ? end : time_ns;
}

static uint64_t now_wanted(const struct view *view)
{
    return view->past.wanted_ns != VIEW_NOWHERE ? view->past.wanted_ns
                                                : machine_time_ns(view->session.machine);
}

static void want_by(struct view *view, uint64_t step_ns, bool forward)
{
    uint64_t now = now_wanted(view);
    want(view, forward ? now + step_ns : now < step_ns ? 0 : now - step_ns);
}

static void want_mark(struct view *view, bool forward)
{
    uint64_t found = forward ? END_NS : 0, now = now_wanted(view);
    scrub_scan(&view->past.scrub, session_record(&view->session));
    (void)scrub_next(&view->past.scrub, now, forward, &found);
    want(view, found);
    if (view->past.recorded && found > view->past.scrub.seen_ns) /* others may come up on the way */
        view->past.mark_after_ns = now;
}

static void want_instruction(struct view *view, bool forward)
{
    uint64_t now = machine_instructions(view->session.machine);
    view->past.looked_at = true;
    view->past.plays = false;
    view->past.wanted_ns = VIEW_NOWHERE;
    session_seek_instruction(&view->session, forward ? now + 1 : now > 0 ? now - 1 : 0);
    view_past_see(view);
    shifted(view);
}

/* The machine is the user's again, from here on. */
static void live_again(struct view *view)
{
    struct view_past *past = &view->past;
    const struct machine_stats stats = machine_stats(view->session.machine);
    scrub_scan(&past->scrub, session_record(&view->session));
    scrub_cut_off(&past->scrub, &stats, timeline_entry(view->session.timeline));
    session_continue(&view->session);
    console_log_branch(&view->log);
    past->looked_at = past->plays = past->recorded = false;
    past->wanted_ns = VIEW_NOWHERE;
    shifted(view);
}

static void leave(struct view *view)
{
    if (view->past.recorded) { /* nobody can be at its newest moment but as one who goes on */
        want(view, END_NS);
        return;
    }
    if (session_in_past(&view->session))
        session_seek_end(&view->session);
    live_again(view);
}

static void go_on(struct view *view)
{
    if (view->past.wanted_ns != VIEW_NOWHERE) /* it was not gone to yet */
        session_seek(&view->session, view->past.wanted_ns);
    live_again(view);
    view->paused = false;
    view_notice(view, view->off ? "on from here; there is no power: F7 puts the plug in"
                                : "on from here: what came after is forgotten");
}

static void save(struct view *view)
{
    struct error error;
    char path[64], text[160];
    view_path(&view->saves, "trace", path);
    if (session_save(&view->session, path, &error))
        (void)snprintf(text, sizeof(text), "saved %s: latchkey replay runs it again", path);
    else
        (void)snprintf(text, sizeof(text), "%.150s", error.text);
    view_notice(view, text);
}

static bool at_end(struct view *view)
{
    return !session_in_past(&view->session) || timeline_at_end(view->session.timeline);
}

static void play_toggle(struct view *view)
{
    bool plays = !view->past.plays;
    if (plays && view->past.wanted_ns == VIEW_NOWHERE && at_end(view))
        want(view, 0); /* again, from the beginning */
    view->past.plays = plays;
    view_pace(view);
}

/* Those that go somewhere in the past. */
static bool move(struct view *view, enum window_command command)
{
    static const struct {
        enum window_command back, on;
        uint64_t step_ns;
    } steps[] = {{COMMAND_PAST_BACK, COMMAND_PAST_ON, STEP_NS},
                 {COMMAND_PAST_BACK_SECOND, COMMAND_PAST_ON_SECOND, SECOND_NS},
                 {COMMAND_COUNT, COMMAND_STEP_FRAME, VIEW_FRAME_NS},
                 {COMMAND_PAST_BEGIN, COMMAND_PAST_END, END_NS}};
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
        if (command == steps[i].back || command == steps[i].on) {
            want_by(view, steps[i].step_ns, command == steps[i].on);
            return true;
        }
    if (command == COMMAND_PAST_BACK_MARK || command == COMMAND_PAST_ON_MARK) {
        want_mark(view, command == COMMAND_PAST_ON_MARK);
        return true;
    }
    if (command != COMMAND_PAST_BACK_INSTRUCTION && command != COMMAND_PAST_ON_INSTRUCTION &&
        command != COMMAND_STEP_INSTRUCTION)
        return false;
    want_instruction(view, command != COMMAND_PAST_BACK_INSTRUCTION);
    return true;
}

/* While the past is looked at. */
static bool command_there(struct view *view, enum window_command command)
{
    if (command == COMMAND_PAST_PLAY || command == COMMAND_PAUSE)
        play_toggle(view);
    else if (command == COMMAND_PAST_CONTINUE)
        go_on(view);
    else if (command == COMMAND_PAST_LEAVE || command == COMMAND_REWIND)
        leave(view);
    else if (command == COMMAND_POWER)
        view_notice(view, PAST_NOTICE);
    else
        return move(view, command);
    return true;
}

bool view_past_command(struct view *view, enum window_command command)
{
    char text[160];
    bool about = command == COMMAND_REWIND || command == COMMAND_SAVE;
    if (!view->session.timeline) {
        (void)snprintf(text, sizeof(text), "this run keeps no past: %s",
                       session_no_past(&view->options));
        if (about)
            view_notice(view, text);
        return about;
    }
    if (command == COMMAND_SAVE)
        save(view);
    else if (view->past.looked_at)
        return command_there(view, command);
    else if (command == COMMAND_REWIND)
        want_by(view, SECOND_NS, false);
    else if (command == COMMAND_PAST_BACK) /* the wheel, over the bar */
        want_by(view, STEP_NS, false);
    else
        return command == COMMAND_PAST_ON;
    return true;
}

/* Keys that do nothing alone are no reason to say anything. */
static bool alone(uint16_t code)
{
    static const uint16_t modifiers[] = {KEY_LEFTSHIFT, KEY_RIGHTSHIFT, KEY_LEFTCTRL,
                                         KEY_RIGHTCTRL, KEY_LEFTALT, KEY_RIGHTALT,
                                         KEY_LEFTMETA, KEY_RIGHTMETA, KEY_CAPSLOCK};
    for (size_t i = 0; i < sizeof(modifiers) / sizeof(modifiers[0]); i++)
        if (modifiers[i] == code)
            return true;
    return false;
}

bool view_past_event(struct view *view, const struct window_event *event)
{
    if (event->kind == WINDOW_SCRUB) {
        want(view, event->time_ns);
        return true;
    }
    if (!view->past.looked_at)
        return false;
    if (event->kind == WINDOW_TEXT ||
        ((event->kind == WINDOW_KEY || event->kind == WINDOW_BUTTON) && event->down &&
         !alone(event->code)))
        view_notice(view, PAST_NOTICE);
    return true;
}

/* On as it was, until a time, the end, or host time host_ns. */
static void play(struct view *view, uint64_t time_ns, uint64_t host_ns)
{
    if (view_past_pass(view, session_play, time_ns, host_ns) != SESSION_RUNS)
        view->past.plays = false;
}

/* Where nobody was yet, the way is gone and looked at, a part of it each time. */
static void wanted_go(struct view *view)
{
    struct view_past *past = &view->past;
    uint64_t wanted = past->wanted_ns, seen = past->scrub.seen_ns;
    bool plays = past->plays;
    bool far = wanted > seen && past->recorded;
    if (far && seen > machine_time_ns(view->session.machine))
        session_seek(&view->session, seen);
    if (far)
        play(view, wanted, host_clock_ns() + FAR_ROUND_NS);
    else
        session_seek(&view->session, wanted);
    if (far && past->mark_after_ns != VIEW_NOWHERE &&
        scrub_next(&past->scrub, past->mark_after_ns, true, &past->wanted_ns)) {
        past->mark_after_ns = VIEW_NOWHERE; /* it was passed: back to it next */
    } else if (machine_time_ns(view->session.machine) >= wanted || at_end(view)) {
        past->wanted_ns = VIEW_NOWHERE;
        past->plays = plays;
    }
    shifted(view);
}

void view_past_run(struct view *view, uint64_t host_ns)
{
    assert(view->session.timeline);
    if (view->past.wanted_ns != VIEW_NOWHERE)
        wanted_go(view);
    else if (view->past.plays && session_in_past(&view->session))
        play(view, pace_allowed_ns(&view->pace, machine_time_ns(view->session.machine),
                                   host_clock_ns()),
             host_ns);
}

/* The bar stands where the way ends; the picture, and this, where the machine is. */
static void text_going(struct view_past *past, uint64_t here_ns)
{
    unsigned long long here = here_ns / 1000000000u, there = past->wanted_ns / 1000000000u;
    (void)snprintf(past->text_short, sizeof(past->text_short), "On the way: %llu.%02u s", here,
                   (unsigned)(here_ns / 10000000u % 100u));
    (void)snprintf(past->text, sizeof(past->text), "%s, to %llu.%02u s.", past->text_short, there,
                   (unsigned)(past->wanted_ns / 10000000u % 100u));
}

/* What is said of the place. */
static void text_renew(struct view_past *past)
{
    uint64_t back_ns = past->shown.end_ns - past->shown.now_ns, now_ns = past->shown.now_ns;
    unsigned long long back = back_ns / 1000000000u, now = now_ns / 1000000000u;
    unsigned back_part = (unsigned)(back_ns / 10000000u % 100u);
    unsigned now_part = (unsigned)(now_ns / 10000000u % 100u);
    if (past->recorded) {
        (void)snprintf(past->text, sizeof(past->text),
                       "A recorded run. To go on from here changes no image.");
        (void)snprintf(past->text_short, sizeof(past->text_short), "Recorded: %llu.%02u s", now,
                       now_part);
    } else {
        (void)snprintf(past->text, sizeof(past->text),
                       "The past, %llu.%02u s back. To go on from here forgets what came after.",
                       back, back_part);
        (void)snprintf(past->text_short, sizeof(past->text_short), "Past: -%llu.%02u s", back,
                       back_part);
    }
}

void view_past_show(struct view *view)
{
    struct view_past *past = &view->past;
    view->picture.past = NULL;
    if (!view->session.timeline)
        return;
    scrub_scan(&past->scrub, session_record(&view->session));
    past->shown = (struct window_past){
        .begin_ns = timeline_begin_ns(view->session.timeline),
        .end_ns = timeline_end_ns(view->session.timeline),
        .now_ns = now_wanted(view), .looked_at = past->looked_at, .plays = past->plays,
        .ends = past->recorded, .text = past->text, .text_short = past->text_short,
        .marks = past->scrub.marks, .mark_count = past->scrub.count};
    if (past->shown.now_ns > past->shown.end_ns)
        past->shown.end_ns = past->shown.now_ns;
    if (past->wanted_ns == VIEW_NOWHERE)
        text_renew(past);
    else
        text_going(past, machine_time_ns(view->session.machine));
    view->picture.past = &past->shown;
}
