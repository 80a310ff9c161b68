/* SPDX-License-Identifier: GPL-2.0-or-later */
/* profile_command.h - `latchkey profile`. */
#ifndef LATCHKEY_FRONTEND_PROFILE_COMMAND_H
#define LATCHKEY_FRONTEND_PROFILE_COMMAND_H

/* profile_command - the words after "profile". Returns the exit status. */
int profile_command(int argc, char **argv);

/* profile_help - what `latchkey help profile` prints. */
const char *profile_help(void);

#endif
