/* SPDX-License-Identifier: GPL-2.0-or-later */
/* disk_diff.h - `latchkey disk diff`. Called by disk_command.c. */
#ifndef LATCHKEY_FRONTEND_DISK_DIFF_H
#define LATCHKEY_FRONTEND_DISK_DIFF_H

#include <stdbool.h>

/* disk_diff - compare two stores, each the names of its volumes with commas between, and print what
 * differs. Returns the exit status: 0 nothing does, 1 something does, or there was an error, which
 * was printed. */
int disk_diff(const char *const paths[2], bool json);

#endif
