/* SPDX-License-Identifier: GPL-2.0-or-later */
/* replay_words.h - the words of `latchkey replay`. For replay_command.c, profile_command.c and
 * main.c. */
#ifndef LATCHKEY_FRONTEND_REPLAY_WORDS_H
#define LATCHKEY_FRONTEND_REPLAY_WORDS_H

#include "emulator/replay.h"

struct replay_words {
    struct replay_options replay; /* strings point into argv */
    struct machine_until to;      /* --to; machine_until_never(): to the end */
    bool to_given, json, headless;
    bool gdb;             /* --gdb */
    uint16_t gdb_port;    /* 0: any */
    size_t history_bytes; /* --history, or its default */
    bool history_given;
    /* NULL: not asked for */
    const char *bundle_path, *stats_path, *screenshot_path, *snapshots_path;
};

/* replay_words_read - the words after "replay". Errors: ERROR_USAGE, ERROR_LIMIT. */
MUST_CHECK bool replay_words_read(struct replay_words *words, int argc, char **argv,
                                  struct error *error);
/* replay_takes_value - is this word an option of it that has a value behind it? */
bool replay_takes_value(const char *word);
/* replay_help - what `latchkey help replay` prints. */
const char *replay_help(void);

#endif
