/* SPDX-License-Identifier: GPL-2.0-or-later */
/* session.h - one `latchkey run`, whatever shows it: a machine, when to end, what to write at the
 * end.
 *
 * Called by headless.c and window_run.c, which open it, drive it slice by slice and close it. Calls
 * machine.h, screenshot.c, stats.c.
 *
 * Invariants
 *  1. Slicing is for the host's sake only: it never ends a run, and a stop condition of the user's
 *     ends it, whichever slice it falls into.
 */
#ifndef LATCHKEY_FRONTEND_SESSION_H
#define LATCHKEY_FRONTEND_SESSION_H

#include <limits.h>

#include "emulator/machine.h"
#include "emulator/options.h"
#include "emulator/recorder.h"
#include "frontend/profile.h"

enum session_end {
    SESSION_NOT_ENDED,
    SESSION_END_POWER_OFF,
    SESSION_END_UNTIL, /* a condition of --until */
    SESSION_END_LIMIT, /* --limit-insn */
    SESSION_END_IDLE,  /* the guest waits for input that cannot come */
    SESSION_END_FAULT,
    SESSION_END_QUIT,   /* the user ended it */
    SESSION_END_SIGNAL, /* code is the signal */
    SESSION_END_ERROR,  /* error says what the host refused */
};

enum session_state { SESSION_RUNS, SESSION_WAITS, SESSION_ENDED };

struct session {
    const struct options *options; /* borrowed */
    struct machine *machine;
    struct recorder *recorder; /* --record; NULL: none */
    struct profile *profile;   /* of what is asked for by options->profile...; NULL: none */
    enum session_end end;
    int code;           /* of a power-off or signal */
    const char *until;  /* which condition ended it, for the report */
    uint64_t cut_writes; /* --power-cut: when so many were taken, once its phase has begun; 0 */
    char kernel_path[PATH_MAX];
    uint64_t host_ns;   /* spent in machine_run() */
    struct error error; /* of SESSION_END_ERROR and FAULT */
};

/* session_kernel_find - the kernel that was built with the program. Errors: ERROR_IO it is not
 * there. */
MUST_CHECK bool session_kernel_find(char path[PATH_MAX], struct error *error);

/* session_open - make the machine.
 *
 * options   kernel_path NULL: kernel.elf beside the program. Must outlive the session.
 * console   where the guest's console goes.
 * Errors    as machine_create(), and those of the input script.
 */
MUST_CHECK bool session_open(struct session *session, const struct options *options,
                             const struct console_sink *console, struct error *error);

/* session_run - go on, at most until the conditions of slice.
 *
 * Returns  SESSION_RUNS the slice is over; SESSION_WAITS the guest is idle, and only outside input
 * can wake it; SESSION_ENDED see session->end.
 */
enum session_state session_run(struct session *session, const struct machine_until *slice);

/* session_fail - end it because the host refused something, also when it has ended well by now. */
void session_fail(struct session *session, const struct error *error);
/* session_finish_as - end it from outside: the user or a signal. */
void session_finish_as(struct session *session, enum session_end end, int code);

/* session_power_cut - pull the plug: each disk keeps on its media some of what was not yet durable.
 * session_power_restore - the machine starts again from there. */
void session_power_cut(struct session *session);
void session_power_restore(struct session *session);

/* session_byte - one byte for the console's input, at virtual time time_ns. false: the queue is
 * full. */
bool session_byte(struct session *session, uint8_t byte, uint64_t time_ns);

/* session_close - write what the options ask for, print the reason of a failure, free the machine.
 *
 * Returns  the exit status that the command line promises.
 */
int session_close(struct session *session);

#endif
