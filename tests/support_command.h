/* SPDX-License-Identifier: GPL-2.0-or-later */
/* support_command.h - runs a program of the build and keeps what it says, for tests of the command
 * line. */
#ifndef LATCHKEY_TESTS_SUPPORT_COMMAND_H
#define LATCHKEY_TESTS_SUPPORT_COMMAND_H

#include <stddef.h>

#define COMMAND_OUTPUT_BYTES 65536u

struct command_result {
    int status; /* exit status; 128 + signal when a signal ended it; 124 when it took too long */
    char output[COMMAND_OUTPUT_BYTES]; /* stdout, cut at the end, NUL-terminated */
    char errors[COMMAND_OUTPUT_BYTES]; /* stderr */
};

/* command_run - run a shell command in the build folder, at most a minute.
 *
 * command   as for sh -c; "./latchkey" is the program.
 * Returns   the result; the caller frees it.
 */
struct command_result *command_run(const char *command);
/* command_one_line - errors is one line that starts with "latchkey: " and holds the text. */
int command_one_line(const struct command_result *result, const char *text);
/* command_expect_refused - that is the exit status, and command_one_line() of the text; frees the
 * result. what: the command, for messages. */
void command_expect_refused(struct command_result *result, int status, const char *text,
                            const char *what);
/* command_file - a path in the build folder for a file of this test, made from a name. The caller
 * frees it. */
char *command_file(const char *name);
/* command_looping_guest - a kernel that does nothing, for ever, as a file in the build folder. The
 * caller removes the file and frees its path. */
char *command_looping_guest(void);
/* command_talking_guest - the same, writing to the console for ever. */
char *command_talking_guest(void);
/* command_idle_guest - waits for an interrupt, for ever. */
char *command_idle_guest(void);

#endif
