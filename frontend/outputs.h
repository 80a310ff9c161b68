/* SPDX-License-Identifier: GPL-2.0-or-later */
/* outputs.h - the files that a command is to write, looked at before it begins. Called by session.c
 * and the commands; calls base and replay. */
#ifndef LATCHKEY_FRONTEND_OUTPUTS_H
#define LATCHKEY_FRONTEND_OUTPUTS_H

#include <stdbool.h>
#include <stddef.h>

#include "emulator/replay.h"

struct output {
    const char *option; /* as the user wrote it */
    const char *path;   /* NULL: not asked for */
};

/* outputs_check - can all be written, each to a file of its own, and without harm to what the
 * command reads or keeps?
 *
 * who     "run", for messages.
 * uses    does the command use this file?
 * Errors  ERROR_USAGE it does, or two outputs are one file (devices and pipes may be);
 *         as output_check().
 */
MUST_CHECK bool outputs_check(const struct output *outputs, size_t count, const char *who,
                              bool (*uses)(const void *context, const char *path),
                              const void *context, struct error *error);
/* outputs_check_replay - the same of the replay of a trace. */
MUST_CHECK bool outputs_check_replay(const struct output *outputs, size_t count,
                                     const struct replay *replay, struct error *error);

#endif
