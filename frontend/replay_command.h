/* SPDX-License-Identifier: GPL-2.0-or-later */
/* replay_command.h - `latchkey replay`. */
#ifndef LATCHKEY_FRONTEND_REPLAY_COMMAND_H
#define LATCHKEY_FRONTEND_REPLAY_COMMAND_H

/* replay_command - run it. argv: the words after "replay". Returns the exit status. */
int replay_command(int argc, char **argv);

#endif
