/* SPDX-License-Identifier: GPL-2.0-or-later */
/* session.h - one `latchkey run`, whatever shows it: a machine, when to end, what to write at the
 * end; and its past, if one is kept, or that of a trace.
 *
 * Called by headless.c, window_run.c and view_past.c, which open it, drive it slice by slice and
 * close it. Calls machine.h, history.h, replay.h, screenshot.c, stats.c. What is about the past:
 * session_past.c.
 *
 * Invariants
 *  1. Slicing is for the host's sake only: it never ends a run, and a stop condition of the user's
 *     ends it, whichever slice it falls into.
 *  2. While the machine stands in its past, nothing is done to it but going back and forth.
 */
#ifndef LATCHKEY_FRONTEND_SESSION_H
#define LATCHKEY_FRONTEND_SESSION_H

#include <limits.h>

#include "emulator/history.h"
#include "emulator/machine.h"
#include "emulator/options.h"
#include "emulator/recorder.h"
#include "emulator/replay.h"
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
    struct timeline *timeline; /* NULL: no past is kept */
    struct history *history;   /* whose timeline that is, */
    struct replay *replay;     /* or this one's */
    enum session_end end;
    int code;           /* of a power-off or signal */
    bool debugged;      /* a slice ended for the debugger, who clears this */
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
 * follower  of its past, which is kept as far as options->history_bytes go, unless
 *           session_no_past(); NULL: no past is kept.
 * Errors    as machine_create(), and those of the input script.
 */
MUST_CHECK bool session_open(struct session *session, const struct options *options,
                             const struct console_sink *console,
                             const struct timeline_follower *follower, struct error *error);
/* session_no_past - why a run with these options keeps none; NULL: it does. */
const char *session_no_past(const struct options *options);
/* session_open_replay - a trace, at its beginning. options: of what comes after it, and of what is
 * written at the end. Errors: as replay_open(). */
MUST_CHECK bool session_open_replay(struct session *session, const struct options *options,
                                    const struct replay_options *replay, struct error *error);

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

/* --- the past: only with a timeline --- */

/* session_in_past - does the machine stand in its past? */
bool session_in_past(const struct session *session);
const struct record *session_record(const struct session *session);
/* session_seek, session_seek_instruction - to a virtual time, or to this number of instructions,
 * in the past from now on; before the beginning or after the end it goes there. What goes wrong
 * ends the session. session_seek_end - to the newest moment. */
void session_seek(struct session *session, uint64_t time_ns);
void session_seek_instruction(struct session *session, uint64_t instructions);
void session_seek_end(struct session *session);
/* session_play - go on in the past as it was. Returns SESSION_WAITS at its end. */
enum session_state session_play(struct session *session, const struct machine_until *slice);
/* session_continue - go on from here as the newest moment: what came after is forgotten, on the
 * disks too. Keys and buttons that were held then are let go. */
void session_continue(struct session *session);
/* session_is_off - the plug is out there. */
bool session_is_off(const struct session *session);
/* session_save - all up to here as a trace with kernel and images in it. Errors: as
 * history_save(). */
MUST_CHECK bool session_save(struct session *session, const char *path, struct error *error);

/* session_close - write what the options ask for, print the reason of a failure, free the machine.
 *
 * Returns  the exit status that the command line promises.
 */
int session_close(struct session *session);

#endif
