/* SPDX-License-Identifier: GPL-2.0-or-later */
/* headless.h - a run without a window: the console is stdin and stdout. */
#ifndef LATCHKEY_FRONTEND_HEADLESS_H
#define LATCHKEY_FRONTEND_HEADLESS_H

#include "emulator/options.h"

/* headless_run - run to the end. Returns the exit status. On a terminal, Ctrl-A x ends the run and Ctrl-A Ctrl-A
 * types one Ctrl-A. At the end of standard input an idle machine ends the run. */
int headless_run(const struct options *options);

#endif
