/* SPDX-License-Identifier: GPL-2.0-or-later */
/* headless.c - the console on stdin and stdout, paced in real time when a person sits there.
 *
 * Called by run_command.c; calls session.c, pace.c and, for --gdb, gdb_port.c.
 *
 * On a terminal every key goes to the guest, Ctrl-C too; Ctrl-A x ends the run, Ctrl-A Ctrl-A sends
 * Ctrl-A, Ctrl-A h tells. From a pipe or file, the bytes go to the guest as they are, at the speed
 * of a serial line; at their end the run goes on, until it ends by itself or nothing can happen any
 * more.
 *
 * With --gdb the machine stands until gdb comes, goes on as gdb says, and by itself when gdb has
 * left.
 *
 * Invariants
 *  1. The terminal is as it was found when headless_run() returns, signals included.
 *  2. Nothing is polled in a loop without either running the guest or sleeping.
 */
#include "frontend/headless.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "emulator/gdb_machine.h"
#include "frontend/failure.h"
#include "frontend/gdb_port.h"
#include "frontend/pace.h"
#include "frontend/session.h"
#include "frontend/signals.h"

#define OUTPUT_BYTES 8192u
#define INPUT_BYTES 256u
#define SLICE_INSTRUCTIONS 1000000u /* some 10 ms of host time, to answer keys and signals */
#define SLICE_NS 5000000u     /* of virtual time when paced */
#define BYTE_NS 86806u        /* ten bits at 115200 baud */
#define ESCAPE_KEY 1u         /* Ctrl-A */

struct headless {
    struct session session;
    struct pace pace;
    uint8_t output[OUTPUT_BYTES];
    size_t output_bytes;
    bool output_failed, line_open; /* line_open: what was written does not end a line */
    uint8_t input[INPUT_BYTES]; /* read and not yet taken by the machine's queue */
    size_t input_bytes, input_taken;
    uint64_t input_ns; /* virtual time of the next input byte, at the earliest */
    bool input_open, terminal, escape;
    struct termios saved;
    struct signals signals;
    struct gdb_port *port; /* --gdb; NULL: none */
    struct gdb_machine *target;
    bool waits; /* debugged: the guest waits for input */
};

static void signal_read(struct headless *headless)
{
    int number = signals_next(&headless->signals);
    if (number != 0)
        session_finish_as(&headless->session, SESSION_END_SIGNAL, number);
}

/* Wait until stdout takes bytes. False: a signal came first, and ends the run. */
static bool output_await(struct headless *headless)
{
    struct pollfd fds[2] = {{.fd = STDOUT_FILENO, .events = POLLOUT},
                            {.fd = headless->signals.descriptor, .events = POLLIN}};
    while (poll(fds, 2, -1) < 0 && errno == EINTR)
        continue;
    return fds[0].revents != 0 || fds[1].revents == 0;
}

static void output_flush(struct headless *headless)
{
    size_t done = 0;
    while (done < headless->output_bytes && !headless->output_failed) {
        if (!output_await(headless)) {
            headless->output_failed = true;
            signal_read(headless);
            break;
        }
        size_t part = headless->output_bytes - done;
        if (part > PIPE_BUF) /* more may block, although poll() said ready */
            part = PIPE_BUF;
        ssize_t count = write(STDOUT_FILENO, headless->output + done, part);
        if (count > 0) {
            done += (size_t)count;
            headless->line_open = headless->output[done - 1] != '\n';
        } else if (count == 0 || (errno != EINTR && errno != EAGAIN)) {
            headless->output_failed = true;
            struct error error;
            (void)error_set(&error, ERROR_IO, "console: stdout: %s", strerror(errno));
            session_fail(&headless->session, &error);
        }
    }
    headless->output_bytes = 0;
}

static void output_put(void *context, const uint8_t *data, size_t size_bytes)
{
    struct headless *headless = context;
    for (size_t i = 0; i < size_bytes; i++) {
        if (headless->output_bytes == OUTPUT_BYTES)
            output_flush(headless);
        headless->output[headless->output_bytes++] = data[i];
    }
}

/* Keys one by one, no echo, no signals from keys; newlines still become return and newline. */
static void terminal_start(struct headless *headless)
{
    headless->terminal = isatty(STDIN_FILENO) && tcgetattr(STDIN_FILENO, &headless->saved) == 0;
    if (!headless->terminal)
        return;
    struct termios raw = headless->saved;
    raw.c_iflag &= ~(tcflag_t)(ICRNL | INLCR | IGNCR | IXON | ISTRIP);
    raw.c_lflag &= ~(tcflag_t)(ECHO | ICANON | ISIG | IEXTEN);
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    (void)tcsetattr(STDIN_FILENO, TCSANOW, &raw);
}

static void terminal_restore(struct headless *headless)
{
    if (!headless->terminal)
        return;
    (void)tcsetattr(STDIN_FILENO, TCSANOW, &headless->saved);
    if (headless->line_open) /* what comes next, a message or a prompt, begins a line */
        fputc('\n', stderr);
}

/* Ctrl-A sequences. Returns whether the byte goes to the guest. */
static bool escape_filter(struct headless *headless, uint8_t byte)
{
    if (!headless->terminal)
        return true;
    if (!headless->escape) {
        headless->escape = byte == ESCAPE_KEY;
        return !headless->escape;
    }
    headless->escape = false;
    if (byte == 'x' || byte == 'X')
        session_finish_as(&headless->session, SESSION_END_QUIT, 0);
    else if (byte == 'h' || byte == 'H')
        fputs("\r\nCtrl-A x  end the run\r\nCtrl-A h  this help\r\n"
              "Ctrl-A Ctrl-A  send Ctrl-A to the guest\r\n",
              stderr);
    return byte == ESCAPE_KEY;
}

/* Hand read bytes to the machine, at the pace of the line. */
static void input_hand_over(struct headless *headless)
{
    uint64_t now = machine_time_ns(headless->session.machine);
    while (headless->input_taken < headless->input_bytes) {
        uint8_t byte = headless->input[headless->input_taken];
        if (headless->input_ns < now)
            headless->input_ns = now;
        if (!session_byte(&headless->session, byte, headless->input_ns))
            return;
        headless->input_ns += BYTE_NS;
        headless->input_taken++;
    }
    headless->input_bytes = headless->input_taken = 0;
}

static void input_read(struct headless *headless)
{
    uint8_t bytes[INPUT_BYTES];
    assert(headless->input_bytes == 0);
    ssize_t count = read(STDIN_FILENO, bytes, sizeof(bytes));
    if (count == 0 || (count < 0 && errno != EINTR && errno != EAGAIN))
        headless->input_open = false;
    for (ssize_t i = 0; i < count; i++)
        if (escape_filter(headless, bytes[i]))
            headless->input[headless->input_bytes++] = bytes[i];
    input_hand_over(headless);
}

/* Look at stdin and the signals; wait for them up to timeout_ms, -1: as long as it takes. */
static void host_poll(struct headless *headless, int timeout_ms)
{
    bool wants_input = headless->input_open && headless->input_bytes == 0;
    struct pollfd fds[3] = {
        {.fd = headless->signals.descriptor, .events = POLLIN},
        {.fd = wants_input ? STDIN_FILENO : -1, .events = POLLIN},
        {.fd = -1},
    };
    if (headless->port)
        fds[2] = gdb_port_poll(headless->port);
    if (poll(fds, 3, timeout_ms) <= 0)
        return;
    if (fds[2].revents)
        gdb_port_serve(headless->port);
    if (fds[0].revents)
        signal_read(headless);
    if (fds[1].revents & POLLNVAL)
        headless->input_open = false;
    else if (fds[1].revents)
        input_read(headless);
}

/* How long the host may sleep before the guest is behind real time. */
static int ahead_ms(struct headless *headless)
{
    uint64_t virtual_ns = machine_time_ns(headless->session.machine);
    uint64_t allowed = pace_allowed_ns(&headless->pace, virtual_ns, host_clock_ns());
    return virtual_ns > allowed ? (int)((virtual_ns - allowed) / 1000000u + 1) : 0;
}

/* --- with a debugger --- */

static enum gdb_run debugged_run(void *context, uint64_t instructions, int *code)
{
    struct headless *headless = context;
    struct session *session = &headless->session;
    struct machine_until slice = machine_until_never();
    slice.instructions = instructions;
    session->debugged = false;
    enum session_state state = session_run(session, &slice);
    output_flush(headless);
    if (session->end == SESSION_END_FAULT || session->end == SESSION_END_ERROR)
        return GDB_RUN_FAULT;
    if (state == SESSION_ENDED || session->end != SESSION_NOT_ENDED) {
        *code = session->end == SESSION_END_POWER_OFF ? session->code : 0;
        return GDB_RUN_EXIT;
    }
    if (session->debugged)
        return GDB_RUN_DEBUG;
    input_hand_over(headless);
    headless->waits = state == SESSION_WAITS;
    return headless->waits ? GDB_RUN_WAITS : GDB_RUN_ON;
}

static bool debugged_cut(void *context, struct error *error)
{
    struct headless *headless = context;
    session_power_cut(&headless->session);
    if (headless->session.end == SESSION_NOT_ENDED)
        session_power_restore(&headless->session);
    *error = headless->session.error;
    return headless->session.end == SESSION_NOT_ENDED;
}

static bool debug_begin(struct headless *headless, const struct options *options,
                        struct error *error)
{
    struct session *session = &headless->session;
    const struct gdb_machine_config config = {
        .machine = session->machine, .context = headless, .run = debugged_run,
        .power_cut = debugged_cut, .kernel_path = session->kernel_path,
        .may_write = !session->recorder, .profiled = session->profile != NULL};
    if (!options->gdb)
        return true;
    headless->target = gdb_machine_create(&config);
    if (!gdb_port_open(&headless->port, options->gdb_port, gdb_machine_ops(false),
                       headless->target, error))
        return false;
    gdb_port_announce(headless->port, session->kernel_path);
    return true;
}

static void debug_end(struct headless *headless)
{
    gdb_port_close(headless->port);
    gdb_machine_destroy(headless->target);
    headless->port = NULL;
    headless->target = NULL;
}

/* As gdb says. false: it says nothing, and the machine goes on by itself. */
static bool debugged_go(struct headless *headless)
{
    int timeout_ms = -1;
    if (!headless->port)
        return false;
    switch (gdb_port_state(headless->port)) {
    case GDB_PORT_LEFT:
        gdb_machine_leave(headless->target);
        host_poll(headless, 0); /* it may come again */
        return gdb_port_state(headless->port) != GDB_PORT_LEFT;
    case GDB_PORT_KILLED:
        session_finish_as(&headless->session, SESSION_END_QUIT, 0);
        return true;
    case GDB_PORT_RUNS:
        headless->waits = false;
        gdb_port_go_on(headless->port);
        timeout_ms = headless->waits && headless->input_bytes == 0 ? -1 : 0;
        if (gdb_port_state(headless->port) != GDB_PORT_RUNS)
            return true;
        break;
    case GDB_PORT_WAITS:
    case GDB_PORT_STANDS:
        break;
    }
    host_poll(headless, timeout_ms);
    return true;
}

static void headless_loop(struct headless *headless)
{
    struct session *session = &headless->session;
    for (;;) {
        bool debugged = debugged_go(headless);
        if (session->end != SESSION_NOT_ENDED)
            return;
        if (debugged)
            continue;
        struct machine_until slice = machine_until_never();
        slice.instructions = machine_instructions(session->machine) + SLICE_INSTRUCTIONS;
        if (headless->pace.speed)
            slice.time_ns = machine_time_ns(session->machine) + SLICE_NS;
        enum session_state state = session_run(session, &slice);
        output_flush(headless);
        if (state == SESSION_ENDED || session->end != SESSION_NOT_ENDED)
            return;
        input_hand_over(headless);
        bool waits = state == SESSION_WAITS && headless->input_bytes == 0;
        bool alone = !headless->port || gdb_port_state(headless->port) == GDB_PORT_LEFT;
        if (waits && !headless->input_open && alone)
            session_finish_as(session, SESSION_END_IDLE, 0);
        else
            host_poll(headless, waits ? -1 : ahead_ms(headless));
        if (session->end != SESSION_NOT_ENDED)
            return;
        if (waits)
            pace_start(&headless->pace, headless->pace.speed, machine_time_ns(session->machine),
                       host_clock_ns());
    }
}

int headless_run(const struct options *options, const char *no_window)
{
    struct headless headless = {.input_open = true};
    struct console_sink sink = {.context = &headless, .put = output_put};
    struct error error;
    if (!session_open(&headless.session, options, &sink, NULL, &error))
        return failure_tell(&error);
    if (no_window)
        fprintf(stderr, "latchkey: %s; the console is here instead%s\n", no_window,
                isatty(STDIN_FILENO) ? ", Ctrl-A x ends" : "");
    if (!debug_begin(&headless, options, &error))
        session_fail(&headless.session, &error);
    signals_hold(&headless.signals);
    terminal_start(&headless);
    pace_start(&headless.pace, headless.terminal && !options->fast ? 1 : 0, 0, host_clock_ns());
    if (headless.session.end == SESSION_NOT_ENDED)
        headless_loop(&headless);
    terminal_restore(&headless);
    debug_end(&headless);
    int status = session_close(&headless.session);
    signals_release(&headless.signals);
    return status;
}
