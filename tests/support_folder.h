/* SPDX-License-Identifier: GPL-2.0-or-later */
/* support_folder.h - commands of tests that write into a folder of their own in the build folder.
 */
#ifndef LATCHKEY_TESTS_SUPPORT_FOLDER_H
#define LATCHKEY_TESTS_SUPPORT_FOLDER_H

#include "tests/support_command.h"

/* folder_make - a name for it, relative to the build folder; it is not made. folder_end removes it,
 * if it is there, and frees the name. */
char *folder_make(const char *name);
void folder_end(char *folder);
/* folder_run - as command_run(); %1$s in the format is the folder. The caller frees the result. */
struct command_result *folder_run(const char *format, const char *folder);
/* folder_status - the same; another exit status than this one ends the test. */
void folder_status(int status, const char *format, const char *folder);

#endif
