/* SPDX-License-Identifier: GPL-2.0-or-later */
/* window_run.c - paces a session against the host clock and shows it in a window. Called by run.c; calls session
 * and window.
 *
 * Each round: what the user did goes to the machine, the machine runs up to the virtual time that the host clock
 * allows, the picture is drawn. The host clock decides only how far a round goes, never what the guest sees.
 *
 * Invariants
 *  1. Virtual time is never ahead of paced time; when the host is too slow, paced time is moved back, so that the
 *     machine does not have to catch up later.
 */
#include "frontend/window_run.h"

#include <inttypes.h>
#include <stdio.h>

#include "frontend/headless.h"
#include "frontend/screenshot.h"
#include "frontend/session.h"
#include "frontend/window.h"

#define FRAME_NS 16666667u
#define BEHIND_NS_MAX 100000000u /* what a slow host may be behind before time is stretched */
#define RATE_NS 500000000u       /* how often the rate in the bar is renewed */
#define NOTICE_NS 3000000000u
#define WIDTH 1024u
#define HEIGHT 768u

enum speed { SPEED_REAL, SPEED_DOUBLE, SPEED_HALF, SPEED_FULL, SPEED_COUNT };
enum panel { PANEL_NONE, PANEL_HELP, PANEL_CONSOLE };

static const char help_text[] =
    "Latchkey\n"
    "\n"
    "F1   this help                 F2   pause, go on\n"
    "F3   step: one frame (1/60 s)  F4   step: one instruction\n"
    "F5   speed: 1x, 2x, 1/2x, as fast as possible\n"
    "F6   the console; while it is open, typing goes there\n"
    "F9   picture: the screen into a PNG file\n"
    "\n"
    "Everything else typed or pointed into the picture goes to the machine.\n"
    "The bar shows virtual time, instructions a second, the generation of the store\n"
    "and its phase; the lamp is lit while a disk works.\n"
    "Closing the window switches the machine off; the disk image keeps what was written.\n";

struct view {
    struct session session;
    struct window *window;
    struct window_picture picture;
    enum speed speed;
    enum panel panel;
    bool paused;
    uint64_t paced_host_ns, paced_virtual_ns; /* a host time and the virtual time that belongs to it */
    uint64_t rate_host_ns, rate_instructions; /* when the rate was last taken */
    double mips;
    uint64_t disk_requests; /* seen at the last frame */
    uint64_t notice_until_ns;
    unsigned screenshots;
    char status[160], notice[128];
    char console[SESSION_CONSOLE_BYTES + 64];
};

static void pace_restart(struct view *view)
{
    view->paced_host_ns = host_clock_ns();
    view->paced_virtual_ns = machine_time_ns(view->session.machine);
}

/* The virtual time that the host clock allows now. */
static uint64_t pace_target(struct view *view)
{
    uint64_t host_ns = host_clock_ns(), passed = host_ns - view->paced_host_ns;
    uint64_t now = machine_time_ns(view->session.machine);
    if (view->speed == SPEED_FULL)
        return now + FRAME_NS;
    uint64_t allowed = view->speed == SPEED_DOUBLE  ? 2 * passed
                       : view->speed == SPEED_HALF ? passed / 2
                                                   : passed;
    uint64_t target = view->paced_virtual_ns + allowed;
    if (target > now + BEHIND_NS_MAX) {
        view->paced_host_ns = host_ns;
        view->paced_virtual_ns = now + BEHIND_NS_MAX / 2;
        target = view->paced_virtual_ns;
    }
    return target;
}

static void notice_show(struct view *view, const char *text)
{
    (void)snprintf(view->notice, sizeof(view->notice), "%s", text);
    view->notice_until_ns = host_clock_ns() + NOTICE_NS;
}

static void screenshot_take(struct view *view)
{
    struct error error;
    char path[64], text[128];
    (void)snprintf(path, sizeof(path), "latchkey-%u.png", ++view->screenshots);
    if (screenshot_write(path, view->session.machine, &error))
        (void)snprintf(text, sizeof(text), "saved %s", path);
    else
        (void)snprintf(text, sizeof(text), "%.120s", error.text);
    notice_show(view, text);
}

static bool run_until(struct view *view, uint64_t time_ns, struct error *error)
{
    enum machine_stop_reason reason;
    while (!view->session.ended && machine_time_ns(view->session.machine) < time_ns) {
        if (!session_run(&view->session, time_ns, &reason, error))
            return false;
        if (reason == MACHINE_STOP_IDLE)
            break;
    }
    return true;
}

static bool step_instruction(struct view *view)
{
    struct machine_until until = machine_until_never();
    until.instructions = machine_instructions(view->session.machine) + 1;
    until.time_ns = machine_time_ns(view->session.machine) + FRAME_NS;
    (void)machine_run(view->session.machine, &until);
    return true;
}

static bool command_do(struct view *view, enum window_command command, struct error *error)
{
    static const char *const speeds[SPEED_COUNT] = {"speed 1x", "speed 2x", "speed 1/2x",
                                                    "as fast as possible"};
    switch (command) {
    case COMMAND_QUIT:
        session_power_off(&view->session);
        return true;
    case COMMAND_HELP:
        view->panel = view->panel == PANEL_HELP ? PANEL_NONE : PANEL_HELP;
        return true;
    case COMMAND_CONSOLE:
        view->panel = view->panel == PANEL_CONSOLE ? PANEL_NONE : PANEL_CONSOLE;
        return true;
    case COMMAND_PAUSE:
        view->paused = !view->paused;
        pace_restart(view);
        return true;
    case COMMAND_STEP_FRAME:
        view->paused = true;
        return run_until(view, machine_time_ns(view->session.machine) + FRAME_NS, error);
    case COMMAND_STEP_INSTRUCTION:
        view->paused = true;
        return step_instruction(view);
    case COMMAND_SPEED:
        view->speed = (enum speed)((view->speed + 1) % SPEED_COUNT);
        notice_show(view, speeds[view->speed]);
        pace_restart(view);
        return true;
    case COMMAND_SCREENSHOT:
        screenshot_take(view);
        return true;
    case COMMAND_NONE:
    case COMMAND_COUNT:
        break;
    }
    return true;
}

/* What the user did to the machine itself. */
static void input_pass(struct view *view, const struct window_event *event)
{
    struct machine_input input = {.time_ns = machine_time_ns(view->session.machine),
                                  .code = event->code, .x = event->x, .y = event->y,
                                  .down = event->down};
    switch (event->kind) {
    case WINDOW_TEXT:
        input.kind = INPUT_CONSOLE;
        break;
    case WINDOW_KEY:
        input.kind = INPUT_KEY;
        break;
    case WINDOW_POINTER:
        input.kind = INPUT_POINTER;
        break;
    case WINDOW_BUTTON:
        input.kind = INPUT_BUTTON;
        break;
    case WINDOW_WHEEL:
        input.kind = INPUT_WHEEL;
        break;
    case WINDOW_COMMAND:
        return;
    }
    (void)machine_input(view->session.machine, &input);
}

static bool events_take(struct view *view, struct error *error)
{
    struct window_event event;
    while (!view->session.ended && window_event(view->window, &view->picture, &event)) {
        if (event.kind != WINDOW_COMMAND)
            input_pass(view, &event);
        else if (!command_do(view, event.command, error))
            return false;
        view->picture.console = view->panel == PANEL_CONSOLE;
    }
    return true;
}

static const char *phase_text(uint32_t phase)
{
    static const char *const names[TRACE_PHASE_COUNT] = {
        [0] = "",
        [TRACE_PHASE_BOOT] = "boot",
        [TRACE_PHASE_RESTART] = "restart",
        [TRACE_PHASE_FREEZE] = "freeze",
        [TRACE_PHASE_WRITE_OUT] = "write-out",
        [TRACE_PHASE_DIRECTORY] = "directory",
        [TRACE_PHASE_COMMIT] = "commit",
        [TRACE_PHASE_MIGRATE] = "migrate",
        [TRACE_PHASE_JOURNAL] = "journal",
    };
    return phase < TRACE_PHASE_COUNT ? names[phase] : "";
}

static void status_renew(struct view *view)
{
    struct machine_stats stats = machine_stats(view->session.machine);
    uint64_t host_ns = host_clock_ns(), requests = 0;
    if (host_ns - view->rate_host_ns >= RATE_NS) {
        view->mips = (double)(stats.instructions - view->rate_instructions) * 1e3 /
                     (double)(host_ns - view->rate_host_ns);
        view->rate_host_ns = host_ns;
        view->rate_instructions = stats.instructions;
    }
    for (unsigned i = 0; i < stats.disk_count; i++)
        requests += stats.disks[i].read_requests + stats.disks[i].write_requests;
    view->picture.disk_active = requests != view->disk_requests;
    view->disk_requests = requests;
    (void)snprintf(view->status, sizeof(view->status),
                   "%" PRIu64 ".%03" PRIu64 " s  %.1f MIPS  generation %" PRIu64 " %s%s",
                   stats.virtual_time_ns / 1000000000u, stats.virtual_time_ns / 1000000u % 1000u,
                   view->mips, stats.generation, phase_text(stats.phase),
                   view->paused ? " [paused]" : "");
}

/* The console's last lines, as many as fit, with control characters left out. */
static const char *console_text(struct view *view)
{
    const struct session *session = &view->session;
    size_t from = session->console_bytes, lines = 0, length = 0;
    while (from > 0 && lines < 40)
        lines += session->console[--from] == '\n';
    for (size_t i = from; i < session->console_bytes; i++) {
        char byte = session->console[i];
        if (byte == '\n' || (byte >= ' ' && byte < 0x7f))
            view->console[length++] = byte;
        else if (byte == '\b' && length > 0 && view->console[length - 1] != '\n')
            length--;
    }
    view->console[length++] = '_';
    view->console[length] = '\0';
    return view->console;
}

static void frame_draw(struct view *view)
{
    struct machine_display display = machine_display(view->session.machine);
    struct window_picture *picture = &view->picture;
    status_renew(view);
    picture->pixels = display.pixels;
    picture->width = display.width;
    picture->height = display.height;
    picture->stride_pixels = display.stride_pixels;
    picture->serial = display.serial;
    picture->status = view->status;
    picture->paused = view->paused;
    picture->console = view->panel == PANEL_CONSOLE;
    picture->panel = view->panel == PANEL_HELP      ? help_text
                     : view->panel == PANEL_CONSOLE ? console_text(view)
                                                    : NULL;
    picture->notice = host_clock_ns() < view->notice_until_ns ? view->notice : NULL;
    window_draw(view->window, picture);
}

static bool view_run(struct view *view, struct error *error)
{
    uint64_t frame_ns = host_clock_ns();
    pace_restart(view);
    view->rate_host_ns = frame_ns;
    while (!view->session.ended) {
        if (!events_take(view, error))
            return false;
        if (!view->paused && !view->session.ended &&
            !run_until(view, pace_target(view), error))
            return false;
        frame_draw(view);
        frame_ns += FRAME_NS;
        uint64_t now = host_clock_ns();
        if (frame_ns > now)
            window_wait(view->window, (uint32_t)((frame_ns - now) / 1000000u));
        else
            frame_ns = now;
    }
    return true;
}

int window_run(const struct options *options)
{
    struct error error;
    struct view view = {.window = NULL};
    uint32_t width = options->machine.display_width ? options->machine.display_width : WIDTH;
    uint32_t height = options->machine.display_height ? options->machine.display_height : HEIGHT;
    if (!window_create(&view.window, width, height, &error)) {
        fprintf(stderr, "latchkey: %s; running headless\n", error.text);
        return headless_run(options);
    }
    view.speed = options->fast ? SPEED_FULL : SPEED_REAL;
    bool good = session_start(&view.session, options, &error) && view_run(&view, &error);
    window_destroy(view.window);
    if (good)
        return session_end(&view.session);
    session_finish(&view.session);
    fprintf(stderr, "latchkey: %s\n", error.text);
    return error_exit_status(&error);
}
