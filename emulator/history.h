/* SPDX-License-Identifier: GPL-2.0-or-later */
/* history.h - a run that remembers itself: one can look at its past, go on from there, and save it
 * as a trace. Used by frontend/session.c and tests. Calls timeline, layers, disk_file, bundle.
 *
 * Open it before the machine is made, attach it to the machine, run the machine by its timeline,
 * close it after the machine is destroyed.
 *
 * Invariants
 *  1. An image holds what its disk holds at the newest moment of the history, also while the
 *     machine stands in the past. Only going on from the past (history_continue()) puts it back,
 *     all of it or, if the program is killed meanwhile, with whoever opens the image next.
 *  2. The budget is kept by forgetting: first moments in between, then the beginning.
 */
#ifndef LATCHKEY_EMULATOR_HISTORY_H
#define LATCHKEY_EMULATOR_HISTORY_H

#include "emulator/timeline.h"

struct history;

/* history_open - open the disks.
 *
 * config        in and out: its disks' media become the history's, which must outlive the machine.
 * budget_bytes  of the timeline.
 * Errors        as machine_create() for files; ERROR_USAGE a configuration no trace can hold.
 */
MUST_CHECK bool history_open(struct history **history, struct machine_config *config,
                             size_t budget_bytes, struct error *error);
/* history_attach - from here on the machine, which has not run yet, is the history's. follower:
 * copied; NULL: none. */
void history_attach(struct history *history, struct machine *machine,
                    const struct timeline_follower *follower);
/* history_hurry - the run is to be as fast as it can, and going back may take longer; not so at
 * first: who keeps pace with real time has time for more snapshots. */
void history_hurry(struct history *history, bool hurries);
struct timeline *history_timeline(struct history *history);
const struct record *history_record(const struct history *history);
/* history_continue - timeline_continue(), with the images safe from a kill (renewal.h), if their
 * folders allow it. Errors: as timeline_continue(). */
MUST_CHECK bool history_continue(struct history *history, struct error *error);
/* history_save - write a bundle (bundle.h) of all that was, up to where the machine is.
 *
 * Errors   ERROR_LIMIT the beginning is forgotten; ERROR_IO the host refused, or the kernel's file
 *          is no longer what it was.
 */
MUST_CHECK bool history_save(struct history *history, const char *path, struct error *error);
/* history_detach - before the machine is destroyed. history_close - after it; NULL is fine. false:
 * the host could not sync an image. */
void history_detach(struct history *history);
bool history_close(struct history *history);

#endif
