/* SPDX-License-Identifier: GPL-2.0-or-later */
/* disk_command.h - `latchkey disk ...`. */
#ifndef LATCHKEY_FRONTEND_DISK_COMMAND_H
#define LATCHKEY_FRONTEND_DISK_COMMAND_H

/* disk_command - carry out a disk subcommand; argv[0] is the word after "disk".
 * Prints results on stdout and errors on stderr; returns the exit status. */
int disk_command(int argc, char **argv);

#endif
