/* SPDX-License-Identifier: GPL-2.0-or-later */
/* headless.c - drives a session from stdin and stdout. Called by run.c; calls session.
 *
 * Time is not paced: an idle machine skips to its next event. On a terminal, and while the machine has nothing to
 * do but wait, the program sleeps in poll(); there is no busy loop. Keyboard input is looked for between slices of
 * 10 ms of virtual time.
 */
#include "frontend/headless.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "frontend/session.h"

#define SLICE_NS 10000000u
#define ESCAPE 0x01 /* Ctrl-A */

struct terminal {
    struct termios before;
    bool raw;       /* stdin is a terminal, now raw */
    bool at_end;    /* stdin has ended */
    bool escaped;   /* the last byte was Ctrl-A */
};

static void terminal_open(struct terminal *terminal)
{
    *terminal = (struct terminal){0};
    if (!isatty(STDIN_FILENO) || tcgetattr(STDIN_FILENO, &terminal->before) != 0)
        return;
    struct termios raw = terminal->before;
    raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO | ISIG | IEXTEN);
    raw.c_iflag &= ~(tcflag_t)(ICRNL | IXON);
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    terminal->raw = tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0;
}

static void terminal_close(struct terminal *terminal)
{
    if (terminal->raw)
        (void)tcsetattr(STDIN_FILENO, TCSANOW, &terminal->before);
}

static void byte_type(struct session *session, uint8_t byte)
{
    struct machine_input input = {.time_ns = machine_time_ns(session->machine),
                                  .kind = INPUT_CONSOLE, .code = byte};
    (void)machine_input(session->machine, &input);
}

static void byte_take(struct session *session, struct terminal *terminal, uint8_t byte)
{
    if (terminal->raw && terminal->escaped) {
        terminal->escaped = false;
        if (byte == 'x' || byte == 'X')
            session_power_off(session);
        else if (byte == ESCAPE)
            byte_type(session, byte);
        return;
    }
    if (terminal->raw && byte == ESCAPE)
        terminal->escaped = true;
    else
        byte_type(session, byte);
}

/* Pass on what was typed; wait for it up to timeout_ms (-1: for ever). */
static void stdin_poll(struct session *session, struct terminal *terminal, int timeout_ms)
{
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    uint8_t bytes[256];
    if (terminal->at_end || poll(&input, 1, timeout_ms) <= 0)
        return;
    ssize_t count = read(STDIN_FILENO, bytes, sizeof(bytes));
    if (count < 0 && errno == EINTR)
        return;
    if (count <= 0)
        terminal->at_end = true;
    for (ssize_t i = 0; i < count && !session->ended; i++)
        byte_take(session, terminal, bytes[i]);
}

static bool run_to_end(struct session *session, struct terminal *terminal, struct error *error)
{
    while (!session->ended) {
        enum machine_stop_reason reason;
        stdin_poll(session, terminal, 0);
        if (session->ended)
            break;
        uint64_t slice_end = machine_time_ns(session->machine) + SLICE_NS;
        if (!session_run(session, terminal->at_end ? UINT64_MAX : slice_end, &reason, error))
            return false;
        if (session->ended || reason != MACHINE_STOP_IDLE)
            continue;
        if (terminal->at_end) {
            session->stop = (struct machine_stop){.reason = MACHINE_STOP_IDLE};
            session->ended = true;
        } else {
            stdin_poll(session, terminal, -1);
        }
    }
    return true;
}

int headless_run(const struct options *options)
{
    struct session session;
    struct terminal terminal;
    struct error error;
    if (!session_start(&session, options, &error)) {
        session_finish(&session);
        fprintf(stderr, "latchkey: %s\n", error.text);
        return error_exit_status(&error);
    }
    terminal_open(&terminal);
    bool good = run_to_end(&session, &terminal, &error);
    terminal_close(&terminal);
    if (good)
        return session_end(&session);
    session_finish(&session);
    fprintf(stderr, "latchkey: %s\n", error.text);
    return error_exit_status(&error);
}
