/* SPDX-License-Identifier: GPL-2.0-or-later */
/* run_command.h - `latchkey run ...`. Called by main.c. */
#ifndef LATCHKEY_FRONTEND_RUN_COMMAND_H
#define LATCHKEY_FRONTEND_RUN_COMMAND_H

/* run_command - boot a machine; argv[0] is the word after "run". Prints errors on stderr; returns
 * the exit status. */
int run_command(int argc, char **argv);

#endif
