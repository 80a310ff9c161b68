/* SPDX-License-Identifier: GPL-2.0-or-later */
/* frontend_view_past_test.c - what keys and mouse do to a run and its past, without a window: the
 * commands that window.c makes of them, in any order. */
#include <criterion/criterion.h>
#include <linux/input-event-codes.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/base/memory.h"
#include "emulator/record_identity.h"
#include "frontend/view.h"
#include "tests/support_disks.h"
#include "tests/support_power.h"

#define MS 1000000ull
#define SLICE_NS (20 * MS)
#define FRAMES_MAX 2000u

struct world {
    struct scratch scratch;
    char image[SCRATCH_PATH_BYTES];
    struct view *view;
};

static void console_put(void *context, const uint8_t *data, size_t size_bytes)
{
    console_log_put(&((struct view *)context)->log, data, size_bytes);
}

/* A run of the demo, or of a trace of it. */
static void world_make(struct world *world, const char *trace)
{
    struct error error;
    struct view *view = memory_zeroed(1, sizeof(*view));
    const struct console_sink sink = {view, console_put};
    const struct timeline_follower follower = view_past_follower(view);
    world->view = view;
    console_log_init(&view->log, NULL);
    view->options = (struct options){
        .until = machine_until_never(), .limit_instructions = UINT64_MAX,
        .history_bytes = (size_t)64 << 20,
        .machine = {.kernel_path = "kernel.elf", .append = "checkpoint=20", .ram_bytes = 32u << 20,
                    .disk_count = 1, .disks = {{.path = world->image}}}};
    if (trace) {
        const struct replay_options replay = {.trace_path = trace, .console = sink,
                                              .follower = follower,
                                              .budget_bytes = (size_t)64 << 20};
        cr_assert(session_open_replay(&view->session, &view->options, &replay, &error), "%s",
                  error.text);
    } else {
        scratch_make(&world->scratch);
        scratch_file(&world->scratch, "demo.img", world->image);
        image_copy("shared-demo.img", world->image);
        cr_assert(session_open(&view->session, &view->options, &sink, &follower, &error), "%s",
                  error.text);
    }
    view_past_open(view);
    view_pace(view);
}

static void view_free(struct view *view)
{
    session_finish_as(&view->session, SESSION_END_QUIT, 0);
    cr_expect_eq(session_close(&view->session), 0);
    scrub_finish(&view->past.scrub);
    console_log_finish(&view->log);
    free(view);
}

static void world_free(struct world *world)
{
    view_free(world->view);
    scratch_remove(&world->scratch);
}

static void run(struct view *view, unsigned slices)
{
    for (unsigned i = 0; i < slices; i++) {
        uint64_t time_ns = machine_time_ns(view->session.machine) + SLICE_NS;
        cr_assert_eq(view_past_pass(view, session_run, time_ns, UINT64_MAX), SESSION_RUNS);
    }
    view_past_show(view);
}

/* As many frames as it takes to be where it was wanted. */
static void settle(struct view *view)
{
    for (unsigned i = 0; i < FRAMES_MAX && view->past.wanted_ns != VIEW_NOWHERE; i++)
        view_past_run(view, host_clock_ns() + VIEW_ROUND_NS);
    cr_assert_eq(view->past.wanted_ns, VIEW_NOWHERE, "it never came there");
    cr_assert_eq(view->session.end, SESSION_NOT_ENDED, "%s", view->session.error.text);
    view_past_show(view);
}

static void command(struct view *view, enum window_command command)
{
    cr_assert(view_past_command(view, command), "command %d", (int)command);
    if (view->past.looked_at)
        settle(view);
}

static struct digest digest(struct view *view)
{
    return machine_digest(view->session.machine);
}

static uint64_t now(const struct view *view)
{
    return machine_time_ns(view->session.machine);
}

Test(view_past, rewinding_and_leaving_is_as_if_nothing_was, .timeout = 300)
{
    struct world world;
    world_make(&world, NULL);
    struct view *view = world.view;
    run(view, 80);
    struct digest newest = digest(view);
    uint64_t end = now(view), printed = view->log.at;
    command(view, COMMAND_REWIND);
    cr_expect(view->past.looked_at && session_in_past(&view->session));
    cr_expect(now(view) >= end - 1000 * MS && now(view) < end - 990 * MS);
    cr_expect(view->picture.past->looked_at);
    command(view, COMMAND_PAST_BACK);
    cr_expect(now(view) >= end - 1100 * MS && now(view) < end - 1090 * MS);
    command(view, COMMAND_PAST_ON_SECOND);
    command(view, COMMAND_PAST_BEGIN);
    cr_expect_eq(now(view), 0);
    cr_expect_eq(view->log.at, 0);
    command(view, COMMAND_PAST_END);
    cr_expect(digest_equal(digest(view), newest));
    command(view, COMMAND_PAST_BACK_INSTRUCTION);
    command(view, COMMAND_PAST_ON_INSTRUCTION);
    command(view, COMMAND_STEP_FRAME);
    command(view, COMMAND_REWIND); /* again: back to the newest moment */
    cr_expect(!view->past.looked_at && !session_in_past(&view->session));
    cr_expect(digest_equal(digest(view), newest));
    cr_expect_eq(view->log.at, printed);
    run(view, 2);
    world_free(&world);
}

Test(view_past, marks_are_gone_through_in_both_directions, .timeout = 300)
{
    struct world world;
    uint64_t at[64];
    unsigned count = 0;
    world_make(&world, NULL);
    struct view *view = world.view;
    run(view, 60);
    uint64_t end = now(view);
    command(view, COMMAND_REWIND);
    command(view, COMMAND_PAST_BEGIN);
    for (; count < 64 && now(view) < end; count++) {
        at[count] = now(view);
        command(view, COMMAND_PAST_ON_MARK);
        cr_assert_gt(now(view), at[count]);
    }
    cr_expect(count > 6 && count < 64, "%u marks in a run with checkpoints", count);
    uint64_t before = now(view);
    for (unsigned steps = 0; now(view) > 0; steps++) {
        cr_assert_lt(steps, 64);
        command(view, COMMAND_PAST_BACK_MARK);
        cr_assert_lt(now(view), before);
        before = now(view);
    }
    world_free(&world);
}

Test(view_past, going_on_from_the_past_forgets_what_came_after, .timeout = 300)
{
    struct world world;
    world_make(&world, NULL);
    struct view *view = world.view;
    run(view, 60);
    view->paused = true;
    cr_assert(view_past_command(view, COMMAND_REWIND));
    cr_assert(view_past_command(view, COMMAND_PAST_CONTINUE)); /* at once, before any frame */
    cr_expect(!view->past.looked_at && !view->paused);
    cr_expect(now(view) >= 200 * MS && now(view) < 210 * MS);
    view_past_show(view);
    cr_expect_eq(view->picture.past->end_ns, now(view));
    for (size_t i = 0; i < view->picture.past->mark_count; i++)
        cr_expect_leq(view->picture.past->marks[i].time_ns, now(view));
    run(view, 10);
    cr_expect_eq(view->picture.past->end_ns, now(view));
    world_free(&world);
}

Test(view_past, nothing_that_is_done_to_the_past_reaches_the_machine, .timeout = 300)
{
    struct world world;
    world_make(&world, NULL);
    struct view *view = world.view;
    run(view, 20);
    const struct window_event events[] = {
        {.kind = WINDOW_KEY, .code = KEY_A, .down = true},
        {.kind = WINDOW_KEY, .code = KEY_LEFTSHIFT, .down = true},
        {.kind = WINDOW_POINTER, .x = 5, .y = 5}, {.kind = WINDOW_WHEEL, .y = 1},
        {.kind = WINDOW_BUTTON, .code = BTN_LEFT, .down = true},
        {.kind = WINDOW_TEXT, .text = "x"}};
    cr_expect(!view_past_event(view, &events[0]), "a key of now is taken for one of the past");
    const struct window_event scrub = {.kind = WINDOW_SCRUB, .time_ns = 100 * MS};
    cr_assert(view_past_event(view, &scrub));
    settle(view);
    cr_expect(now(view) >= 100 * MS && now(view) < 101 * MS);
    size_t entries = session_record(&view->session)->entry_count;
    for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
        view->notice[0] = '\0';
        cr_expect(view_past_event(view, &events[i]));
        bool told = view->notice[0] != '\0';
        cr_expect_eq(told, i == 0 || i >= 4, "event %zu", i);
    }
    cr_expect(view_past_command(view, COMMAND_POWER));
    cr_expect_eq(session_record(&view->session)->entry_count, entries);
    cr_expect(!view_past_command(view, COMMAND_HELP) && !view_past_command(view, COMMAND_CONSOLE) &&
              !view_past_command(view, COMMAND_QUIT) && !view_past_command(view, COMMAND_SPEED));
    world_free(&world);
}

Test(view_past, the_plug_is_out_where_it_was, .timeout = 300)
{
    struct world world;
    world_make(&world, NULL);
    struct view *view = world.view;
    run(view, 60);
    session_power_cut(&view->session);
    view->off = true;
    view_past_show(view);
    command(view, COMMAND_REWIND);
    cr_expect(!view->off);
    command(view, COMMAND_PAST_LEAVE);
    cr_expect(view->off, "the power came back by itself");
    session_power_restore(&view->session);
    view->off = false;
    run(view, 20);
    command(view, COMMAND_PAST_BACK); /* the wheel over the bar */
    cr_expect(view->past.looked_at);
    command(view, COMMAND_PAST_CONTINUE);
    cr_expect(!view->off);
    world_free(&world);
}

Test(view_past, a_recorded_run_is_played_and_gone_on_from, .timeout = 300)
{
    struct error error;
    char path[SCRATCH_PATH_BYTES];
    struct world world, again;
    world_make(&world, NULL);
    run(world.view, 60);
    struct digest newest = digest(world.view);
    scratch_file(&world.scratch, "run.trace", path);
    cr_assert(session_save(&world.view->session, path, &error), "%s", error.text);
    uint64_t checkpoints = world.view->past.scrub.count;
    world_make(&again, path);
    struct view *view = again.view;
    view_past_show(view);
    cr_expect(view->past.looked_at && view->past.plays && view->picture.past->ends);
    cr_expect_not_null(strstr(view->picture.past->text, "A recorded run"));
    cr_assert(view_past_command(view, COMMAND_PAST_END));
    view_past_show(view);
    cr_expect_str_eq(view->picture.past->text, "On the way: 0.00 s, to 1.20 s.");
    cr_expect_str_eq(view->picture.past->text_short, "On the way: 0.00 s");
    settle(view);
    cr_expect_not_null(strstr(view->picture.past->text, "A recorded run"));
    cr_expect(digest_equal(digest(view), newest));
    cr_expect_eq(view->past.scrub.count, checkpoints, "marks were passed over");
    command(view, COMMAND_PAST_LEAVE); /* there is nothing to go back to */
    cr_expect(view->past.looked_at);
    command(view, COMMAND_PAST_BEGIN);
    command(view, COMMAND_PAST_PLAY);
    for (unsigned i = 0; i < 20; i++)
        view_past_run(view, host_clock_ns() + VIEW_ROUND_NS);
    cr_expect(view->past.plays && now(view) > 0);
    command(view, COMMAND_PAUSE);
    cr_expect(!view->past.plays);
    command(view, COMMAND_PAST_CONTINUE);
    cr_expect(!view->past.looked_at && !view->past.recorded);
    run(view, 5);
    command(view, COMMAND_REWIND);
    command(view, COMMAND_PAST_LEAVE);
    cr_expect(!view->past.looked_at, "one who goes on has a newest moment");
    view_free(view);
    world_free(&world);
}

Test(view_past, any_order_of_commands_leaves_a_run_that_goes_on, .timeout = 200)
{
    struct world world;
    struct random random = {12};
    world_make(&world, NULL);
    struct view *view = world.view;
    for (unsigned i = 0; i < 150; i++) {
        unsigned which = (unsigned)random_below(&random, COMMAND_COUNT + 1);
        if (which >= COMMAND_REWIND && which < COMMAND_COUNT && which != COMMAND_SAVE)
            (void)view_past_command(view, (enum window_command)which);
        else if (which < COMMAND_POWER && view->past.looked_at)
            (void)view_past_command(view, (enum window_command)which);
        if (view->past.looked_at)
            view_past_run(view, host_clock_ns() + VIEW_ROUND_NS / 4);
        else
            run(view, 1);
        view_past_show(view);
        const struct window_past *past = view->picture.past;
        cr_assert(past->begin_ns <= past->now_ns && past->now_ns <= past->end_ns, "step %u", i);
        cr_assert_eq(view->session.end, SESSION_NOT_ENDED, "%s", view->session.error.text);
    }
    world_free(&world);
}
