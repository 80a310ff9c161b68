/* SPDX-License-Identifier: GPL-2.0-or-later */
/* campaign_reads.h - which of the writes in a cache a restart can ever read, so that all subsets of
 * more writes than one could count are a few.
 *
 * Begin with no write kept, look at what the judges read, take all subsets of that, and so on,
 * until these read nothing new. Then any subset at all goes the way of one of these: up to the
 * first read of a write that is in none of them it has read the same, and there is no such read.
 *
 * Used by campaign.c. Calls campaign_unit.c.
 */
#ifndef LATCHKEY_EMULATOR_CAMPAIGN_READS_H
#define LATCHKEY_EMULATOR_CAMPAIGN_READS_H

#include "emulator/campaign_unit.h"

#define CAMPAIGN_READS_MAX 12u /* writes that are read; with more it is given up */

/* By event. */
struct campaign_reads {
    uint64_t *masks; /* bit n: the n-th cached write is read by some restart */
    bool *known;     /* else the mask says nothing */
    uint64_t incomplete; /* events where it was given up */
};

/* campaign_reads_find - of all events of a level that have more writes than the request takes all
 * subsets of. campaign_reads_finish frees them, also after failure; zeroed ones are fine.
 *
 * Errors   as campaign_unit_run.
 */
MUST_CHECK bool campaign_reads_find(struct campaign_machine *machine,
                                    const struct campaign_level *level,
                                    const struct campaign_request *request,
                                    struct campaign_reads *reads, struct error *error);
void campaign_reads_finish(struct campaign_reads *reads);

#endif
