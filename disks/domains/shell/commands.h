/* SPDX-License-Identifier: GPL-2.0-or-later */
/* commands.h - what the shell can be told. */
#ifndef LATCHKEY_DOMAINS_SHELL_COMMANDS_H
#define LATCHKEY_DOMAINS_SHELL_COMMANDS_H

#include "disks/domains/shell/call.h"

enum command_end {
    COMMAND_DONE,
    COMMAND_WAITS, /* the hand is at it: command_answered() follows, or it is broken off */
    COMMAND_EXIT   /* the shell is to end */
};

/* command_run - carry out one line as it was typed, which is changed, and must last while the hand
 * is at it. */
enum command_end command_run(char *line);
/* command_answered - the hand has done what it was asked for; keys that came are in their slots. */
void command_answered(const struct hand_answer *answer, const uint8_t *string);

#endif
