/* SPDX-License-Identifier: GPL-2.0-or-later */
/* window_run.h - a run in a window. Called by run_command.c. */
#ifndef LATCHKEY_FRONTEND_WINDOW_RUN_H
#define LATCHKEY_FRONTEND_WINDOW_RUN_H

#include "emulator/options.h"

/* window_run - run until the user closes the window or the run ends.
 *
 * status   out: the exit status of the run; its errors were printed.
 * Errors   ERROR_UNSUPPORTED no window can be opened; nothing was run then.
 */
MUST_CHECK bool window_run(const struct options *options, int *status, struct error *error);

#endif
