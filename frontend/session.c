/* SPDX-License-Identifier: GPL-2.0-or-later */
/* session.c - starting, running and ending a machine for the user. Called by headless.c and window_run.c; calls
 * machine, options, input_script, screenshot, stats. The host clock is read here, in host_clock_ns(), and nowhere
 * else. */
#include "frontend/session.h"

#include <assert.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "emulator/input_script.h"
#include "frontend/screenshot.h"
#include "frontend/stats.h"

uint64_t host_clock_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void console_put(void *context, const uint8_t *data, size_t size_bytes)
{
    struct session *session = context;
    (void)fwrite(data, 1, size_bytes, stdout);
    session->console_total += size_bytes;
    if (size_bytes > SESSION_CONSOLE_BYTES) {
        data += size_bytes - SESSION_CONSOLE_BYTES;
        size_bytes = SESSION_CONSOLE_BYTES;
    }
    if (session->console_bytes + size_bytes > SESSION_CONSOLE_BYTES) {
        size_t gone = session->console_bytes + size_bytes - SESSION_CONSOLE_BYTES;
        memmove(session->console, session->console + gone, session->console_bytes - gone);
        session->console_bytes -= gone;
    }
    memcpy(session->console + session->console_bytes, data, size_bytes);
    session->console_bytes += size_bytes;
}

/* The built-in kernel lies beside the program. */
static bool kernel_find(struct session *session, struct error *error)
{
    char program[3072];
    ssize_t length = readlink("/proc/self/exe", program, sizeof(program) - 1);
    if (length <= 0)
        return error_set(error, ERROR_IO, "kernel.elf: cannot tell where the program lies");
    program[length] = '\0';
    (void)snprintf(session->kernel_path, sizeof(session->kernel_path), "%s/kernel.elf",
                   dirname(program));
    if (access(session->kernel_path, R_OK) != 0)
        return error_set(error, ERROR_IO, "%s: missing; build it, or give --kernel FILE",
                         session->kernel_path);
    return true;
}

bool session_start(struct session *session, const struct options *options, struct error *error)
{
    *session = (struct session){.options = options, .host_start_ns = host_clock_ns()};
    struct machine_config config = options->machine;
    if (!config.kernel_path) {
        if (!kernel_find(session, error))
            return false;
        config.kernel_path = session->kernel_path;
    }
    config.console = (struct console_sink){session, console_put};
    if (!machine_create(&session->machine, &config, error))
        return false;
    return !options->input_path ||
           input_script_queue(options->input_path, session->machine, error);
}

bool session_run(struct session *session, uint64_t time_ns, enum machine_stop_reason *reason,
                 struct error *error)
{
    assert(!session->ended);
    struct machine_until until = session->options->until;
    bool own_time = time_ns < until.time_ns;
    if (own_time)
        until.time_ns = time_ns;
    struct machine_stop stop = machine_run(session->machine, &until);
    (void)fflush(stdout);
    *reason = stop.reason;
    if (stop.reason == MACHINE_STOP_RESET)
        return machine_reset(session->machine, error);
    if (stop.reason == MACHINE_STOP_IDLE || (stop.reason == MACHINE_STOP_TIME && own_time))
        return true;
    session->stop = stop;
    session->ended = true;
    return true;
}

void session_power_off(struct session *session)
{
    session->stop = (struct machine_stop){.reason = MACHINE_STOP_POWER_OFF};
    session->ended = true;
}

static int status_of(const struct session *session)
{
    switch (session->stop.reason) {
    case MACHINE_STOP_POWER_OFF:
        if (session->stop.code == 0)
            return 0;
        fprintf(stderr, "latchkey: guest: powered off with code %d\n", session->stop.code);
        return 1;
    case MACHINE_STOP_FAULT:
        fprintf(stderr, "latchkey: engine: %s\n", machine_fault_text(session->machine));
        return 1;
    case MACHINE_STOP_INSTRUCTIONS:
        if (machine_instructions(session->machine) < session->options->limit_instructions)
            return 0;
        fprintf(stderr, "latchkey: limit: %llu instructions were run\n",
                (unsigned long long)session->options->limit_instructions);
        return 124;
    case MACHINE_STOP_RESET:
    case MACHINE_STOP_CYCLES:
    case MACHINE_STOP_TIME:
    case MACHINE_STOP_CONSOLE:
    case MACHINE_STOP_TRACE:
    case MACHINE_STOP_IDLE:
        break;
    }
    return 0;
}

int session_end(struct session *session)
{
    struct error error;
    int status = status_of(session);
    if (session->options->screenshot_path &&
        !screenshot_write(session->options->screenshot_path, session->machine, &error)) {
        fprintf(stderr, "latchkey: %s\n", error.text);
        status = status ? status : error_exit_status(&error);
    }
    if (session->options->stats_path && !stats_write(session, &error)) {
        fprintf(stderr, "latchkey: %s\n", error.text);
        status = status ? status : error_exit_status(&error);
    }
    session_finish(session);
    return status;
}

void session_finish(struct session *session)
{
    machine_destroy(session->machine);
    session->machine = NULL;
}
