/* SPDX-License-Identifier: GPL-2.0-or-later */
/* campaign_command.h - `latchkey campaign ...`. */
#ifndef LATCHKEY_FRONTEND_CAMPAIGN_COMMAND_H
#define LATCHKEY_FRONTEND_CAMPAIGN_COMMAND_H

/* campaign_command - carry out a campaign, or merge or repeat; argv[0] is the word after
 * "campaign". Prints results on stdout and errors on stderr; returns the exit status: 0 nothing was
 * lost, 1 something was lost or is wrong, 4 it does not go on, 2 usage, 3 the host refused. */
int campaign_command(int argc, char **argv);

/* campaign_help - what `latchkey help campaign` prints. */
const char *campaign_help(void);

#endif
