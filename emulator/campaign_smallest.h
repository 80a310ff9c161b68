/* SPDX-License-Identifier: GPL-2.0-or-later */
/* campaign_smallest.h - the smallest failure of a campaign, as text, and as a file in the folder of
 * the shard that had the first failure, so that who merges shards has it, too.
 *
 * Used by campaign.c, the reports and frontend/campaign_command.c. */
#ifndef LATCHKEY_EMULATOR_CAMPAIGN_SMALLEST_H
#define LATCHKEY_EMULATOR_CAMPAIGN_SMALLEST_H

#include "emulator/campaign.h"

/* campaign_smallest_first - which failure of the list it is made from: the first, of the run itself
 * if there is one. NULL: nothing failed. */
const struct campaign_failure *campaign_smallest_first(const struct campaign_summary *summary);
/* campaign_smallest_tell - set summary->smallest from summary->minimal: what fails, in which phase,
 * which write it is about and who in the kernel sent that. */
void campaign_smallest_tell(struct campaign_summary *summary);
/* campaign_smallest_command - the command that repeats it. The caller frees it; NULL: it is not
 * known. */
char *campaign_smallest_command(const struct campaign_summary *summary);

/* campaign_smallest_write - keep it in a folder; nothing, if it is not known. Errors: ERROR_IO. */
MUST_CHECK bool campaign_smallest_write(const struct campaign_summary *summary, const char *folder,
                                        struct error *error);
/* campaign_smallest_read - take it from a folder, if it was made from this first failure. */
void campaign_smallest_read(struct campaign_summary *summary, const char *folder);

#endif
