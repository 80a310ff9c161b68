/* SPDX-License-Identifier: GPL-2.0-or-later */
/* campaign_result.h - the plan of a campaign in its folder, and the sum of its parts. Used by
 * campaign.c, the reports, the campaign command and bench. */
#ifndef LATCHKEY_EMULATOR_CAMPAIGN_RESULT_H
#define LATCHKEY_EMULATOR_CAMPAIGN_RESULT_H

#include "emulator/campaign.h"

/* What a folder is the result of. Equal plans have equal results. */
struct campaign_plan {
    char *text;     /* lines of a word and its value */
    uint64_t hash;  /* of the text */
    uint64_t events, instructions, cases, units;
    uint32_t policies;
    uint64_t draws, subsets, sample;
    uint64_t reads, incomplete; /* of campaign_reads.h: whether, and where not */
};

/* campaign_plan_make - campaign_plan_finish frees it, also after failure; a zeroed one is fine. */
MUST_CHECK bool campaign_plan_make(struct campaign_plan *plan,
                                   const struct campaign_options *options,
                                   const struct campaign_images *images,
                                   const struct campaign_run_learned *learned,
                                   uint64_t incomplete, uint64_t cases, uint64_t units,
                                   struct error *error);
/* campaign_plan_read - the plan of a folder. missing: out, there is none yet; that is no error.
 * After failure there is nothing to free. */
MUST_CHECK bool campaign_plan_read(struct campaign_plan *plan, const char *folder, bool *missing,
                                   struct error *error);
/* campaign_plan_same - Errors: ERROR_FORMAT they differ, and in what. */
MUST_CHECK bool campaign_plan_same(const struct campaign_plan *plan,
                                   const struct campaign_plan *other, const char *folder,
                                   struct error *error);
MUST_CHECK bool campaign_plan_write(const struct campaign_plan *plan, const char *folder,
                                    struct error *error);
void campaign_plan_finish(struct campaign_plan *plan);

#define CAMPAIGN_FILE_BYTES 4096u
/* campaign_file_path - of a file in a folder. Errors: ERROR_IO the name is too long. */
MUST_CHECK bool campaign_file_path(const char *folder, const char *name,
                                   char path[CAMPAIGN_FILE_BYTES], struct error *error);
/* campaign_command_write - keep what was typed. campaign_command_read - the caller frees it; NULL:
 * it is not known. */
MUST_CHECK bool campaign_command_write(const char *command, const char *folder,
                                       struct error *error);
char *campaign_command_read(const char *folder);

/* Where the units of a shard are, one of one being all: the first folder that has one. */
struct campaign_parts {
    const struct campaign_plan *plan;
    const char *const *folders;
    unsigned count;
    uint64_t shard, shard_count;
};

/* campaign_parts_have - is a unit one of them? campaign_parts_take - give its cases to take, one
 * after the other; false: it is in no folder, or not whole. */
bool campaign_parts_have(const struct campaign_parts *parts, uint64_t unit);
MUST_CHECK bool campaign_parts_take(const struct campaign_parts *parts, uint64_t unit,
                                    void *context,
                                    void (*take)(void *context, const char *name,
                                                 const struct campaign_result *result));
/* campaign_sum - add them up.
 *
 * Errors   ERROR_FORMAT a unit is in no folder.
 */
MUST_CHECK bool campaign_sum(const struct campaign_parts *parts, struct campaign_summary *summary,
                             struct error *error);

#endif
