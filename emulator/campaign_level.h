/* SPDX-License-Identifier: GPL-2.0-or-later */
/* campaign_level.h - a run, learned; and its cases judged, with the cuts of their restarts below
 * them.
 *
 * Used by campaign.c and campaign_minimise.c. Calls campaign_machine.c and campaign_unit.c.
 */
#ifndef LATCHKEY_EMULATOR_CAMPAIGN_LEVEL_H
#define LATCHKEY_EMULATOR_CAMPAIGN_LEVEL_H

#include "emulator/campaign_part.h"

#define CAMPAIGN_DEPTH_MAX 3u

/* A level and what it consists of. */
struct campaign_run_learned {
    struct campaign_level level;
    struct campaign_log *log;
    struct campaign_events events;
    struct campaign_index *index;
};

/* campaign_level_open - learn a run that begins with these media. below must outlive it.
 *
 * learned  out: must not move; campaign_level_close() is safe even after failure.
 * media    a number for all that below holds; 0 of the images.
 * Errors   as campaign_machine_learn.
 */
MUST_CHECK bool campaign_level_open(struct campaign_run_learned *learned,
                                    struct campaign_machine *machine,
                                    const struct campaign_view *below, uint64_t media,
                                    unsigned checkpoints,
                                    struct error *error);
void campaign_level_close(struct campaign_run_learned *learned);

/* How deep, and where the results go. */
struct campaign_depth {
    unsigned depth; /* 1: no cuts after a cut */
    struct campaign_request nested; /* which cases of a run after a cut */
    struct byte_writer *part;
};

/* campaign_level_judge - judge cases of a level, and with depth, cut the restarts: for each way in
 * which one of these cases restarts, one of them stands for all.
 *
 * path     names of the cuts before, "" or ending in the separator.
 * Errors   as campaign_unit_run and campaign_machine_learn.
 */
MUST_CHECK bool campaign_level_judge(struct campaign_machine *machine,
                                     const struct campaign_level *level,
                                     const struct campaign_case *cases, uint32_t count,
                                     const char *path, const struct campaign_depth *depth,
                                     struct error *error);

/* What is done with a case. */
struct campaign_visitor {
    void *context;
    bool (*visit)(void *context, const struct campaign_level *level, const char *path,
                  const struct campaign_case *which, struct error *error);
};

/* campaign_level_visit - learn the runs that a path of names goes through, and hand the case that
 * it ends with to the visitor, with its level and the path to it.
 *
 * left     the names that are left of the path.
 * Errors   as the visitor's; ERROR_USAGE there is no such case.
 */
MUST_CHECK bool campaign_level_visit(struct campaign_machine *machine,
                                     const struct campaign_level *level, const char *path,
                                     const char *left, const struct campaign_visitor *visitor,
                                     struct error *error);

/* campaign_level_repeat - judge the one case that a path of names leads to, and nothing else.
 *
 * media    files for what it leaves, see campaign_view_save(); NULL: none.
 * Errors   as above; ERROR_USAGE there is no such case.
 */
MUST_CHECK bool campaign_level_repeat(struct campaign_machine *machine,
                                      const struct campaign_level *level, const char *name,
                                      const char *media, struct byte_writer *part,
                                      struct error *error);

#endif
