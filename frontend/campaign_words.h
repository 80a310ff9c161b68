/* SPDX-License-Identifier: GPL-2.0-or-later */
/* campaign_words.h - the words of `latchkey campaign` turned into a request. */
#ifndef LATCHKEY_FRONTEND_CAMPAIGN_WORDS_H
#define LATCHKEY_FRONTEND_CAMPAIGN_WORDS_H

#include <limits.h>

#include "emulator/campaign.h"
#include "emulator/options.h"

#define CAMPAIGN_FOLDERS_MAX 1024u

struct campaign_words {
    struct campaign_options options;
    const char *append; /* of the user */
    uint64_t interval_ms;
    bool json, exhaustive;
    char kernel_path[PATH_MAX];
    char command_line[1024]; /* options.setup.append */
    struct machine_fault faults[OPTIONS_FAULTS_MAX]; /* options.setup.faults */
    char *command;           /* options.command; owned */
};

/* campaign_words_read - read arguments, which must outlive the words; the words must not move.
 * campaign_words_finish() is safe also after failure.
 *
 * Errors   ERROR_USAGE unknown or malformed, naming the word; ERROR_LIMIT a number out of range;
 *          ERROR_IO the built-in kernel is not there; ERROR_UNSUPPORTED an option of a later
 *          version.
 */
MUST_CHECK bool campaign_words_read(struct campaign_words *words, int argc, char **argv,
                                    struct error *error);
void campaign_words_finish(struct campaign_words *words);

#endif
