/* SPDX-License-Identifier: GPL-2.0-or-later */
/* session.h - one run of a machine, whatever shows it: headless.c and window_run.c drive it.
 *
 * The session owns the machine, the captured console text and the reasons to stop; it also writes what the run
 * leaves behind (screenshot, figures) and decides the exit status.
 */
#ifndef LATCHKEY_FRONTEND_SESSION_H
#define LATCHKEY_FRONTEND_SESSION_H

#include "emulator/options.h"

#define SESSION_CONSOLE_BYTES 16384u

struct session {
    const struct options *options;
    struct machine *machine;
    struct machine_stop stop; /* why it ended, once ended is set */
    bool ended;
    char kernel_path[4096];   /* of the built-in kernel, when that is used */
    uint64_t host_start_ns;   /* host clock, for the rate that --stats reports */
    /* The console's newest bytes, oldest first; console_total counts all that ever came. */
    char console[SESSION_CONSOLE_BYTES];
    size_t console_bytes;
    uint64_t console_total;
};

/* session_start - make the machine and queue the input script. session_finish is safe after failure.
 *
 * Errors   as machine_create; ERROR_FORMAT "FILE:LINE: ..." the input script.
 */
MUST_CHECK bool session_start(struct session *session, const struct options *options,
                              struct error *error);
/* session_run - run until time_ns of virtual time (UINT64_MAX: no such limit) or an end of the run.
 * Returns why it came back: MACHINE_STOP_TIME (time_ns came), MACHINE_STOP_IDLE (only outside input can go
 * on), or anything else with session->ended set. Reboots are carried out. */
MUST_CHECK bool session_run(struct session *session, uint64_t time_ns,
                            enum machine_stop_reason *reason, struct error *error);
/* session_end - write the screenshot and figures that were asked for, close everything.
 * Returns the exit status of the run. */
int session_end(struct session *session);
void session_finish(struct session *session);
/* session_power_off - the user ends the run. */
void session_power_off(struct session *session);

/* host_clock_ns - the host's monotonic clock: for pacing and rates, never for the guest. */
uint64_t host_clock_ns(void);

#endif
