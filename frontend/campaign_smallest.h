/* SPDX-License-Identifier: GPL-2.0-or-later */
/* campaign_smallest.h - the smallest failure of a campaign, as one line. Used by
 * campaign_command.c. */
#ifndef LATCHKEY_FRONTEND_CAMPAIGN_SMALLEST_H
#define LATCHKEY_FRONTEND_CAMPAIGN_SMALLEST_H

#include "emulator/campaign.h"

/* campaign_smallest_line - what fails, in which phase, which write it is about and who in the
 * kernel sent that, and the command that repeats it. The caller frees it; NULL: nothing failed. */
char *campaign_smallest_line(const struct campaign_summary *summary);
/* campaign_smallest_command - the command only; likewise. */
char *campaign_smallest_command(const struct campaign_summary *summary);

#endif
