/* SPDX-License-Identifier: GPL-2.0-or-later */
/* commands.h - what the shell can be told. */
#ifndef LATCHKEY_DOMAINS_SHELL_COMMANDS_H
#define LATCHKEY_DOMAINS_SHELL_COMMANDS_H

#include <stdbool.h>

/* command_run - carry out one line as it was typed, which is changed. false: the shell is to end.
 */
bool command_run(char *line);

#endif
