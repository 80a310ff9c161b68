/* SPDX-License-Identifier: GPL-2.0-or-later */
/* window_run.c - paces a session against the host clock and shows it in a window: the file of
 * struct view (view.h), of which view_past.c has what is about the past. Called by run_command.c
 * and replay_command.c; calls session, pace, console_log and window.
 *
 * Each round: what the user did goes to the machine, the machine runs as far as the host clock and
 * the round's share of host time allow, the picture is drawn. The host clock decides only how far a
 * round goes, never what the guest sees.
 *
 * Invariants
 *  1. Virtual time is never ahead of paced time.
 *  2. A round takes about a frame, however slow the machine or fast the speed.
 */
#include "frontend/window_run.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "emulator/base/memory.h"
#include "frontend/failure.h"
#include "frontend/screenshot.h"
#include "frontend/stats.h"
#include "frontend/view.h"

#define RATE_NS 500000000u /* how often the rate in the bar is renewed */
#define NOTICE_NS 3000000000u
#define LAMP_NS 80000000u /* how long a lamp stays lit, to be seen */
#define WIDTH 1024u
#define HEIGHT 768u

static const struct {
    unsigned speed; /* of pace.h */
    const char *name, *notice;
} speeds[] = {{1, "1x", "speed: real time"},
              {2, "2x", "speed: twice real time"},
              {0, "max", "speed: as fast as possible"}};
#define SPEED_COUNT (sizeof(speeds) / sizeof(speeds[0]))

static const char help_text[] =
    "Latchkey\n"
    "\n"
    "F1   this help\n"
    "F2   pause, and go on\n"
    "F3   step one frame: 1/60 s of the machine's time\n"
    "F4   step one instruction\n"
    "F5   speed: real time, twice, as fast as possible\n"
    "F6   the console; while it is open, typing goes there\n"
    "F7   pull the plug: the power is gone at once; again: it is back\n"
    "F8   scaling: to fit, or by whole pixels\n"
    "F9   the picture into a PNG file, latchkey-N.png in the present folder\n"
    "\n"
    "F10  rewind: look at the past; again, or Esc: back to the newest moment\n"
    "F11  the ledger: who uses the time, and in which ways through the kernel\n"
    "F12  all that was, up to here, into a trace file, latchkey-N.trace\n"
    "\n"
    "In the past, or with the mouse on the bar (green: checkpoints, blue: their phases,\n"
    "violet: input, red: power cuts):\n"
    "Left, Right    a tenth of a second; with Shift a second; with Ctrl to the next mark\n"
    "Home, End      the beginning, the newest moment\n"
    ", and .        one instruction back, or on\n"
    "Space          let it pass as it did\n"
    "Enter          go on from here: what came after is forgotten, on the disks too\n"
    "\n"
    "Everything else typed, and pointing into the picture, goes to the machine.\n"
    "The bar: lamps of the disks (green reads, orange writes), the machine's time,\n"
    "million instructions a second, the speed, the generation of the store and what its\n"
    "checkpoint is doing; while paused, how many instructions were run.\n"
    "Closing the window ends the run, where it was newest.";

static void console_put(void *context, const uint8_t *data, size_t size_bytes)
{
    struct view *view = context;
    console_log_put(&view->log, data, size_bytes);
}

void view_pace(struct view *view)
{
    pace_start(&view->pace, speeds[view->speed].speed, machine_time_ns(view->session.machine),
               host_clock_ns());
}

void view_notice(struct view *view, const char *text)
{
    (void)snprintf(view->notice, sizeof(view->notice), "%.150s", text);
    view->notice_until_ns = host_clock_ns() + NOTICE_NS;
}

void view_path(unsigned *number, const char *ending, char path[64])
{
    do /* those of earlier runs stay */
        (void)snprintf(path, 64, "latchkey-%u.%s", ++*number, ending);
    while (access(path, F_OK) == 0);
}

static void screenshot_take(struct view *view)
{
    struct error error;
    char path[64], text[160];
    view_path(&view->screenshots, "png", path);
    if (screenshot_write(path, view->session.machine, &error))
        (void)snprintf(text, sizeof(text), "saved %s", path);
    else
        (void)snprintf(text, sizeof(text), "%.150s", error.text);
    view_notice(view, text);
}

/* Run to virtual time time_ns, until the run ends or waits, or host time host_ns has come. */
static void run_until(struct view *view, uint64_t time_ns, uint64_t host_ns)
{
    view->waits = view_past_pass(view, session_run, time_ns, host_ns) == SESSION_WAITS;
    (void)fflush(stdout);
}

/* One instruction; an idle machine goes on to its next event, at most a frame away. */
static void step_instruction(struct view *view)
{
    struct machine_until slice = machine_until_never();
    slice.instructions = machine_instructions(view->session.machine) + 1;
    slice.time_ns = machine_time_ns(view->session.machine) + VIEW_FRAME_NS;
    (void)session_run(&view->session, &slice);
    view_past_see(view);
}

/* The machine is watched as long as the ledger is shown. */
static void ledger_renew(struct view *view)
{
    struct error error;
    struct session *session = &view->session;
    const char *kernel = session->replay ? replay_kernel_path(session->replay)
                                         : session->kernel_path;
    struct ledger *shared = session->profile ? profile_live(session->profile) : NULL;
    if (view->panel != PANEL_LEDGER) {
        ledger_panel_close(view->ledger);
        view->ledger = NULL;
    } else if (!ledger_panel_open(&view->ledger, session->machine, kernel, shared, &error)) {
        view->panel = PANEL_NONE;
        view_notice(view, error.text);
    }
    view->picture.ledger = view->panel == PANEL_LEDGER;
}

static void panel_toggle(struct view *view, enum panel panel)
{
    view->panel = view->panel == panel ? PANEL_NONE : panel;
    view->picture.console = view->panel == PANEL_CONSOLE;
    ledger_renew(view);
}

static void step(struct view *view, enum window_command command)
{
    if (view->off)
        return;
    view->paused = true;
    if (command == COMMAND_STEP_INSTRUCTION)
        step_instruction(view);
    else
        run_until(view, machine_time_ns(view->session.machine) + VIEW_FRAME_NS, UINT64_MAX);
}

/* The plug is out, or in again. */
static void power_toggle(struct view *view)
{
    view->off = !view->off;
    if (view->off) {
        session_power_cut(&view->session);
        view_notice(view, "the plug is out: everything in memory is gone; F7 puts it in again");
    } else {
        session_power_restore(&view->session);
        view_notice(view, "power is back: restarting from the last checkpoint");
    }
    view_pace(view);
}

/* The history spares a run that is to be as fast as it can. */
static void speed_tell(struct view *view)
{
    if (view->session.history)
        history_hurry(view->session.history, speeds[view->speed].speed == 0);
}

/* What only changes what is seen. */
static void command_show(struct view *view, enum window_command command)
{
    if (command == COMMAND_HELP)
        panel_toggle(view, PANEL_HELP);
    if (command == COMMAND_CONSOLE)
        panel_toggle(view, PANEL_CONSOLE);
    if (command == COMMAND_LEDGER)
        panel_toggle(view, PANEL_LEDGER);
    if (command == COMMAND_SCREENSHOT)
        screenshot_take(view);
    if (command == COMMAND_SPEED) {
        view->speed = (view->speed + 1) % SPEED_COUNT;
        view_notice(view, speeds[view->speed].notice);
        speed_tell(view);
        view_pace(view);
    }
    if (command == COMMAND_SCALING) {
        view->picture.whole_pixels = !view->picture.whole_pixels;
        view_notice(view, view->picture.whole_pixels ? "scaling: whole pixels" : "scaling: to fit");
    }
}

static void command_do(struct view *view, enum window_command command)
{
    if (view_past_command(view, command))
        return;
    if (command == COMMAND_QUIT)
        session_finish_as(&view->session, SESSION_END_QUIT, 0);
    else if (command == COMMAND_PAUSE)
        view->paused = !view->paused, view_pace(view);
    else if (command == COMMAND_STEP_FRAME || command == COMMAND_STEP_INSTRUCTION)
        step(view, command);
    else if (command == COMMAND_POWER)
        power_toggle(view);
    else
        command_show(view, command);
}

/* What the user did to the machine itself. */
static void input_pass(struct view *view, const struct window_event *event)
{
    static const enum machine_input_kind kinds[] = {[WINDOW_KEY] = INPUT_KEY,
                                                    [WINDOW_POINTER] = INPUT_POINTER,
                                                    [WINDOW_BUTTON] = INPUT_BUTTON,
                                                    [WINDOW_WHEEL] = INPUT_WHEEL};
    uint64_t now = machine_time_ns(view->session.machine);
    if (event->kind == WINDOW_TEXT) {
        for (const char *at = event->text; *at; at++)
            (void)session_byte(&view->session, (uint8_t)*at, now);
        return;
    }
    const struct machine_input input = {.time_ns = now,
                                        .kind = kinds[event->kind],
                                        .code = event->code,
                                        .x = event->x,
                                        .y = event->y,
                                        .down = event->down};
    if (!machine_input(view->session.machine, &input))
        view_notice(view, "the machine does not take any more input");
}

static void events_take(struct view *view)
{
    struct window_event event;
    int number = signals_next(&view->signals);
    if (number != 0)
        session_finish_as(&view->session, SESSION_END_SIGNAL, number);
    while (window_event(view->window, &view->picture, &event)) {
        if (event.kind == WINDOW_COMMAND)
            command_do(view, event.command);
        else if (!view_past_event(view, &event))
            input_pass(view, &event);
        /* The next thing that the user did is understood in the light of this one. */
        view_past_show(view);
    }
}

static void lamp_renew(struct lamp *lamp, enum window_lamp *shown,
                       const struct disk_counters *counters, uint64_t now)
{
    if (counters->read_requests != lamp->reads)
        lamp->read_until_ns = now + LAMP_NS;
    if (counters->write_requests != lamp->writes)
        lamp->write_until_ns = now + LAMP_NS;
    lamp->reads = counters->read_requests;
    lamp->writes = counters->write_requests;
    *shown = now < lamp->write_until_ns  ? LAMP_WRITE
             : now < lamp->read_until_ns ? LAMP_READ
                                         : LAMP_DARK;
}

/* Where there is a past, its bar says the time. What the bar may have to cut comes last. */
static void status_text(struct view *view, const struct machine_stats *stats)
{
    char time[32] = "", state[48];
    bool stands = view->past.looked_at ? !view->past.plays : view->paused;
    if (!view->session.timeline)
        (void)snprintf(time, sizeof(time), "%" PRIu64 ".%02" PRIu64 " s  ",
                       stats->virtual_time_ns / 1000000000u,
                       stats->virtual_time_ns / 10000000u % 100u);
    (void)snprintf(state, sizeof(state), "%s",
                   view->off     ? "no power"
                   : view->waits ? "waits"
                                 : speeds[view->speed].name);
    if (stands)
        (void)snprintf(view->status, sizeof(view->status), "%sat %" PRIu64 "  gen %" PRIu64 " %s",
                       time, stats->instructions, stats->generation,
                       machine_phase_name(stats->phase));
    else
        (void)snprintf(view->status, sizeof(view->status),
                       "%s%5.1f MIPS  %s  gen %" PRIu64 " %s", time, view->mips, state,
                       stats->generation, machine_phase_name(stats->phase));
}

static void status_renew(struct view *view)
{
    struct machine_stats stats = machine_stats(view->session.machine);
    uint64_t now = host_clock_ns();
    if (now - view->rate_host_ns >= RATE_NS) {
        view->mips =
            stats_mips(stats.instructions - view->rate_instructions, now - view->rate_host_ns);
        view->rate_host_ns = now;
        view->rate_instructions = stats.instructions;
    }
    for (unsigned i = 0; i < stats.disk_count && i < WINDOW_LAMPS_MAX; i++)
        lamp_renew(&view->lamps[i], &view->picture.lamps[i], &stats.disks[i], now);
    status_text(view, &stats);
}

/* The console's rows up to the cursor, as many as the panel shows. */
static const char *console_text(struct view *view)
{
    const struct terminal *terminal = console_log_terminal(&view->log);
    unsigned lines = window_panel_lines(view->window);
    unsigned first = terminal->row + 1 > lines ? terminal->row + 1 - lines : 0;
    char *at = view->console;
    for (unsigned row = first; row <= terminal->row; row++) {
        terminal_row_text(terminal, row, at);
        if (row < terminal->row) {
            at += strlen(at);
            *at++ = '\n';
        }
    }
    size_t length = strlen(at); /* the cursor's row: show the cursor */
    unsigned column = terminal->column < TERMINAL_COLUMNS ? terminal->column : TERMINAL_COLUMNS - 1;
    while (length <= column)
        at[length++] = ' ';
    at[length] = '\0';
    at[column] = '_';
    return view->console;
}

/* For who sees that nothing runs. */
static const char *remedy(const struct view *view)
{
    return view->past.looked_at ? "Space lets it pass"
           : view->off          ? "there is no power, F7 puts the plug in"
           : view->paused       ? "F2 goes on"
                                : "it waits for input";
}

static void frame_draw(struct view *view)
{
    struct machine_display display = machine_display(view->session.machine);
    struct window_picture *picture = &view->picture;
    status_renew(view);
    picture->pixels = view->off ? NULL : display.pixels;
    picture->off = view->off;
    picture->width = display.width;
    picture->height = display.height;
    picture->stride_pixels = display.stride_pixels;
    picture->serial = display.serial + (view->past.shifts << 32);
    picture->status = view->status;
    picture->paused = view->past.looked_at ? !view->past.plays : view->paused;
    view_past_show(view);
    picture->panel = view->panel == PANEL_HELP      ? help_text
                     : view->panel == PANEL_CONSOLE ? console_text(view)
                     : view->panel == PANEL_LEDGER
                         ? ledger_panel_text(view->ledger, host_clock_ns(), remedy(view))
                                                    : NULL;
    picture->notice = host_clock_ns() < view->notice_until_ns ? view->notice : NULL;
    window_draw(view->window, picture);
}

static void view_run(struct view *view)
{
    uint64_t frame_ns = host_clock_ns();
    view_pace(view);
    view->rate_host_ns = frame_ns;
    while (view->session.end == SESSION_NOT_ENDED) {
        events_take(view);
        uint64_t now = host_clock_ns();
        uint64_t virtual_ns = machine_time_ns(view->session.machine);
        if (view->past.looked_at)
            view_past_run(view, now + VIEW_ROUND_NS);
        else if (!view->paused && !view->off)
            run_until(view, pace_allowed_ns(&view->pace, virtual_ns, now), now + VIEW_ROUND_NS);
        if (view->waits) /* virtual time stood still: no need to catch up */
            view_pace(view);
        frame_draw(view);
        frame_ns += VIEW_FRAME_NS;
        now = host_clock_ns();
        if (frame_ns > now)
            window_wait(view->window, (uint32_t)((frame_ns - now) / 1000000u));
        else
            frame_ns = now;
    }
}

/* A run, or with a replay a recorded one. */
static bool opened(struct view *view, const struct replay_options *replay, struct error *error)
{
    const struct console_sink sink = {.context = view, .put = console_put};
    const struct timeline_follower follower = view_past_follower(view);
    if (!replay)
        return session_open(&view->session, &view->options, &sink, &follower, error);
    struct replay_options options = *replay;
    options.console = sink;
    options.follower = follower;
    options.budget_bytes = view->options.history_bytes;
    return session_open_replay(&view->session, &view->options, &options, error);
}

bool window_display(void)
{
    static const char *const names[] = {"DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const char *value = getenv(names[i]);
        if (value && *value)
            return true;
    }
    return false;
}

bool window_run(const struct options *options, const struct replay_options *replay, int *status,
                struct error *error)
{
    struct view *view = memory_zeroed(1, sizeof(*view)); /* too large for the stack */
    uint32_t width = options->machine.display_width ? options->machine.display_width : WIDTH;
    uint32_t height = options->machine.display_height ? options->machine.display_height : HEIGHT;
    struct error run_error;
    signals_hold(&view->signals); /* first: SDL's threads are to inherit it */
    if (!window_create(&view->window, width, height, error)) {
        signals_release(&view->signals);
        free(view);
        return false;
    }
    view->options = *options;
    view->speed = options->fast ? SPEED_COUNT - 1 : 0;
    console_log_init(&view->log, stdout);
    bool good = opened(view, replay, &run_error);
    if (good) {
        view_past_open(view);
        speed_tell(view);
        view_run(view);
    }
    window_destroy(view->window);
    ledger_panel_close(view->ledger);
    *status = good ? session_close(&view->session) : failure_tell(&run_error);
    signals_release(&view->signals);
    scrub_finish(&view->past.scrub);
    console_log_finish(&view->log);
    free(view);
    return true;
}
