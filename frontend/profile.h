/* SPDX-License-Identifier: GPL-2.0-or-later */
/* profile.h - the ledger of one run, and the files that are written of it.
 *
 * Called by session.c and profile_command.c. Calls ledger.h, export.h, export_events.h.
 */
#ifndef LATCHKEY_FRONTEND_PROFILE_H
#define LATCHKEY_FRONTEND_PROFILE_H

#include "emulator/ledger.h"
#include "emulator/options.h"
#include "frontend/outputs.h"

struct profile;

/* profile_open - begin, if the options ask for anything; else *profile becomes NULL.
 *
 * options, machine  must outlive the profile.
 * kernel_path       for the names of functions.
 * Errors            as ledger_open().
 */
MUST_CHECK bool profile_open(struct profile **profile, const struct options *options,
                             struct machine *machine, const char *kernel_path,
                             struct error *error);
/* profile_outputs - what is to be written, to be checked; what is not asked for has no path. */
void profile_outputs(const struct options *options, struct output outputs[PROFILE_OUTPUT_COUNT]);
/* profile_live - the ledger as it is. profile_ledger - the same, settled. */
struct ledger *profile_live(struct profile *profile);
struct ledger *profile_ledger(struct profile *profile);
/* profile_write - the files that were asked for. Errors: as output_write(). */
MUST_CHECK bool profile_write(struct profile *profile, struct error *error);
void profile_close(struct profile *profile); /* NULL is fine */

#endif
