/* SPDX-License-Identifier: GPL-2.0-or-later */
/* headless.h - a run without a window: the guest's console is stdin and stdout. Called by
 * run_command.c. */
#ifndef LATCHKEY_FRONTEND_HEADLESS_H
#define LATCHKEY_FRONTEND_HEADLESS_H

#include "emulator/options.h"

/* headless_run - run to the end.
 *
 * options     parsed.
 * no_window   why there is none, told once it is sure that there is a run; NULL: none was wanted.
 * Returns     the exit status; errors were printed.
 */
int headless_run(const struct options *options, const char *no_window);

#endif
