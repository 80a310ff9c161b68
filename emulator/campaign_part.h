/* SPDX-License-Identifier: GPL-2.0-or-later */
/* campaign_part.h - the results of one unit as a file: what makes a campaign resumable and its
 * shards mergeable.
 *
 * A text file. First line: "latchkey-part 1 PLAN UNIT", PLAN the hash of the plan. Then a line a
 * case, its words separated by tabs: name, outcome, phase, instructions of the event, generation
 * and digest (two words) that were left, media, recovery, nanoseconds to the restart, and why it
 * failed. Last line: "end COUNT HASH", HASH of all that is before it.
 *
 * Invariants
 *  1. A part is there whole or not at all: one that is cut short or changed is taken for missing.
 */
#ifndef LATCHKEY_EMULATOR_CAMPAIGN_PART_H
#define LATCHKEY_EMULATOR_CAMPAIGN_PART_H

#include "emulator/campaign_unit.h"

/* A name of a case in a run after a cut has those of the cuts before it in front. */
#define CAMPAIGN_PATH_BYTES (4 * CAMPAIGN_NAME_BYTES)
#define CAMPAIGN_PATH_SEPARATOR '/'

/* campaign_part_name_good - is it made of the letters that names of cases are made of? */
bool campaign_part_name_good(const char *name);
/* campaign_part_begin, _add, _end - the bytes of a part. */
void campaign_part_begin(struct byte_writer *part, uint64_t plan, uint64_t unit);
void campaign_part_add(struct byte_writer *part, const char *name,
                       const struct campaign_result *result);
void campaign_part_end(struct byte_writer *part);

/* campaign_part_path - where the part of a unit is in a folder. false: the name is too long. */
MUST_CHECK bool campaign_part_path(const char *folder, uint64_t unit, char *path,
                                   size_t size_bytes);

/* campaign_part_read - give all cases of a part to take, one after the other.
 *
 * Returns  false, and nothing was given, when it is missing, not whole, or of another plan.
 */
MUST_CHECK bool campaign_part_read(const char *folder, uint64_t plan, uint64_t unit, void *context,
                                   void (*take)(void *context, const char *name,
                                                const struct campaign_result *result));

#endif
