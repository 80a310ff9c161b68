/* SPDX-License-Identifier: GPL-2.0-or-later */
/* window_run.h - a run in a window, or a recorded one. Called by run_command.c and
 * replay_command.c. */
#ifndef LATCHKEY_FRONTEND_WINDOW_RUN_H
#define LATCHKEY_FRONTEND_WINDOW_RUN_H

#include "emulator/options.h"
#include "emulator/replay.h"

/* window_display - is there a display that somebody can see, or one that a test asked for? */
bool window_display(void);

/* window_run - run until the user closes the window or the run ends.
 *
 * options  what is run, and written at the end. Must outlive the call, with all it points to.
 * replay   NULL, or the trace that is shown; options then say what happens to one that goes on
 *          from it. Its console and follower are not looked at.
 * status   out: the exit status of the run; its errors were printed.
 * Errors   ERROR_UNSUPPORTED no window can be opened; nothing was run then.
 */
MUST_CHECK bool window_run(const struct options *options, const struct replay_options *replay,
                           int *status, struct error *error);

#endif
