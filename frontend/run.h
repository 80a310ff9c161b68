/* SPDX-License-Identifier: GPL-2.0-or-later */
/* run.h - `latchkey run`. */
#ifndef LATCHKEY_FRONTEND_RUN_H
#define LATCHKEY_FRONTEND_RUN_H

/* run_command - boot a machine in a window, or headless when asked for or when there is no display.
 * argv: the words after "run". Prints errors; returns the exit status. */
int run_command(int argc, char **argv);

#endif
