/* SPDX-License-Identifier: GPL-2.0-or-later */
/* campaign_folder.h - the folder that a campaign's parts and results lie in: one that the user
 * named, or one of its own that is gone afterwards.
 *
 * Called by campaign.c. Calls libc.
 *
 * Invariants
 *  1. Of two campaigns with one folder, the second is refused.
 *  2. A folder of its own goes when the campaign and all of its workers have ended, however they
 *     did: a process of its own waits for that, which no signal but SIGKILL reaches.
 *  3. In a folder that the user named nothing is removed but parts that a killed worker had begun.
 */
#ifndef LATCHKEY_EMULATOR_CAMPAIGN_FOLDER_H
#define LATCHKEY_EMULATOR_CAMPAIGN_FOLDER_H

#include <sys/types.h>

#include "emulator/base/error.h"

#define CAMPAIGN_FOLDER_BYTES 4096u

struct campaign_folder {
    char path[CAMPAIGN_FOLDER_BYTES];
    int lock;      /* -1: not held */
    int alive;     /* a pipe's end; open in the campaign and its workers. -1: none */
    pid_t sweeper; /* waits at the other end; 0: none */
};

/* campaign_folder_open - lock a folder, which may be missing.
 *
 * out      its name; NULL: one of its own, below TMPDIR.
 * Errors   ERROR_IO the host refused, or another campaign has it. campaign_folder_close() is to be
 *          called then, too.
 */
MUST_CHECK bool campaign_folder_open(struct campaign_folder *folder, const char *out,
                                     struct error *error);
/* campaign_folder_close - give it back; one of its own is gone then, if no worker runs any more. */
void campaign_folder_close(struct campaign_folder *folder);

#endif
