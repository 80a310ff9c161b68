/* SPDX-License-Identifier: GPL-2.0-or-later */
/* window_run.h - a run in a window. */
#ifndef LATCHKEY_FRONTEND_WINDOW_RUN_H
#define LATCHKEY_FRONTEND_WINDOW_RUN_H

#include "emulator/options.h"

/* window_run - run until the user closes the window or the run ends. Returns the exit status. Falls back to
 * headless_run() when no window can be opened. */
int window_run(const struct options *options);

#endif
