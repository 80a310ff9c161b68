/* SPDX-License-Identifier: GPL-2.0-or-later */
/* campaign_result.h - the plan of a campaign in its folder, and the sum of its parts. Used by
 * campaign.c. */
#ifndef LATCHKEY_EMULATOR_CAMPAIGN_RESULT_H
#define LATCHKEY_EMULATOR_CAMPAIGN_RESULT_H

#include "emulator/campaign.h"

/* What a folder is the result of. Equal plans have equal results. */
struct campaign_plan {
    char *text;     /* lines of a word and its value */
    uint64_t hash;  /* of the text */
    uint64_t events, instructions, cases, units;
    uint32_t policies;
    uint64_t draws, sample;
};

/* campaign_plan_make - campaign_plan_finish frees it, also after failure; a zeroed one is fine. */
MUST_CHECK bool campaign_plan_make(struct campaign_plan *plan,
                                   const struct campaign_options *options,
                                   const struct campaign_images *images,
                                   const struct campaign_run_learned *learned, uint64_t cases,
                                   uint64_t units, struct error *error);
/* campaign_plan_read - the plan of a folder. missing: out, there is none yet; that is no error. */
MUST_CHECK bool campaign_plan_read(struct campaign_plan *plan, const char *folder, bool *missing,
                                   struct error *error);
/* campaign_plan_same - Errors: ERROR_FORMAT they differ, and in what. */
MUST_CHECK bool campaign_plan_same(const struct campaign_plan *plan,
                                   const struct campaign_plan *other, const char *folder,
                                   struct error *error);
MUST_CHECK bool campaign_plan_write(const struct campaign_plan *plan, const char *folder,
                                    struct error *error);
void campaign_plan_finish(struct campaign_plan *plan);

/* campaign_sum - add up the units of a shard from the first folder that has each.
 *
 * Errors   ERROR_FORMAT a unit is in no folder.
 */
MUST_CHECK bool campaign_sum(const struct campaign_plan *plan, const char *const *folders,
                             unsigned count, uint64_t shard, uint64_t shard_count,
                             struct campaign_summary *summary, struct error *error);
/* campaign_summary_write - as folder/result.json. Errors: ERROR_IO. */
MUST_CHECK bool campaign_summary_write(const struct campaign_summary *summary, const char *folder,
                                       struct error *error);

#endif
