/* SPDX-License-Identifier: GPL-2.0-or-later */
/* campaign.h - power-fail campaigns: read this first.
 *
 * A campaign runs a workload once, undisturbed, and logs all that its disks do (campaign_log.h).
 * Every change of what a power cut would leave is an event; an event and what a disk may then do
 * with its cache is a case (campaign_case.h). Neighbouring cases are units; a worker process judges
 * a unit (campaign_unit.h): offline, with the checker and the digest, and by restarting the system
 * until it has committed its next checkpoint. Both begin without knowing which case they are in,
 * and divide only where cases differ (campaign_media.h). A unit's results are a file
 * (campaign_part.h), so a campaign that was ended goes on where it was, and one whose units were
 * shared out to several folders is merged from them.
 *
 * Called by the frontend, bench and tests.
 *
 * Invariants
 *  1. cases, distinct, recoveries, failures and digest are functions of images, kernel and request:
 *     they do not depend on jobs, shards, order, or how often the campaign was resumed.
 *  2. Nothing but the output folder, and the files that the options name, is written.
 */
#ifndef LATCHKEY_EMULATOR_CAMPAIGN_H
#define LATCHKEY_EMULATOR_CAMPAIGN_H

#include "emulator/campaign_minimise.h"

#define CAMPAIGN_JOBS_MAX 256u
#define CAMPAIGN_SHARDS_MAX 1000000u
#define CAMPAIGN_FAILURES_MAX 1000u /* kept; all are counted */

struct campaign_options {
    const char *paths[BOARD_DISK_COUNT_MAX]; /* the images */
    unsigned path_count;
    struct campaign_setup setup;
    unsigned checkpoints; /* to cut, with their migration */
    struct campaign_request request;
    bool reads;             /* find out which writes a restart reads, and take all subsets */
    unsigned depth;         /* 1..CAMPAIGN_DEPTH_MAX */
    uint64_t nested_sample; /* cases of each run after a cut */
    unsigned jobs;
    uint64_t shard, shard_count; /* unit n is in shard n % shard_count */
    const char *out;  /* folder, made if missing; NULL: one that is removed at the end */
    const char *only; /* path of the one case to judge; NULL: all */
    const char *media; /* files for what that one leaves, see campaign_view_save(); NULL: none */
    /* The command line up to where one case of this is named; NULL: nobody can type it. */
    const char *command;
    const char *write_log; /* where the run's writes go, see campaign_export.h; NULL: nowhere */
};

struct campaign_failure {
    char name[CAMPAIGN_PATH_BYTES];
    struct campaign_result result;
};

struct campaign_summary {
    uint64_t cases, distinct; /* distinct: different media */
    uint64_t recoveries;      /* ways in which it restarted that differ in what they saw */
    uint64_t states;          /* of the system, that were left */
    uint64_t failures, safety, liveness, unjudged; /* failures: of all kinds */
    struct digest digest;     /* of all cases and how they ended */
    uint64_t events, instructions, units;
    uint64_t units_missing; /* of other shards */
    uint64_t passed[TRACE_PHASE_COUNT][CAMPAIGN_POLICY_COUNT];
    uint64_t failed[TRACE_PHASE_COUNT][CAMPAIGN_POLICY_COUNT];
    uint64_t restart_min_ns, restart_median_ns, restart_max_ns;
    struct campaign_failure *list; /* the first */
    size_t listed;
    struct campaign_minimal minimal; /* the first, as small as it can be; not of campaign_merge */
    char *command; /* see campaign_options; NULL: unknown */
    char *smallest; /* failure, see campaign_smallest.h; NULL: unknown */
    char *facts;   /* what the plan says of images, kernel and request: a line each */
    uint32_t policies;
    uint64_t reads, incomplete; /* whether; events where these were too many */
    uint64_t faulty, refused; /* cases with a fault; what was left of them was refused as it must */
    uint64_t draws, subsets, sample; /* of the request: what was not exhaustive */
    double cpu_seconds; /* that this call took, of all processes; 0: of campaign_merge */
    uint64_t peak_kib;  /* resident memory of the largest process that judged */
};

/* How far it is. Cases of cuts of restarts are not counted: nobody knows how many there are. */
struct campaign_progress {
    uint64_t cases, cases_all; /* of this shard */
    uint64_t cases_now;        /* judged in this call */
    uint64_t failures;
};

struct campaign_watcher {
    void *context;
    /* Called before the first case is judged and after each unit. */
    void (*done)(void *context, const struct campaign_progress *progress);
};

#define CAMPAIGN_INTERVAL_MS 20u /* between checkpoints, where nobody says otherwise */

/* campaign_options_init - one level deep, all cases of all policies that a sound disk may show, two
 * checkpoints; without images, kernel and command line. */
void campaign_options_init(struct campaign_options *options);

/* campaign_run - a campaign, or what is left of it.
 *
 * summary  out: campaign_summary_finish() frees it.
 * Errors   ERROR_IO the host: a file, a folder, memory, processes; ERROR_FORMAT the images are no
 *          whole store, changed meanwhile, or the folder is of another campaign; or the run is not
 *          deterministic; ERROR_USAGE there is no such case; ERROR_LIMIT too many.
 */
MUST_CHECK bool campaign_run(const struct campaign_options *options,
                             const struct campaign_watcher *watcher,
                             struct campaign_summary *summary, struct error *error);

/* campaign_merge - the summary of folders that hold the shards of one campaign, also written to
 * out.
 *
 * out      NULL: nowhere.
 * Errors   ERROR_IO; ERROR_FORMAT a folder is of another campaign, or a unit is in none.
 */
MUST_CHECK bool campaign_merge(const char *const *folders, unsigned count, const char *out,
                               struct campaign_summary *summary, struct error *error);
/* campaign_summary_json - result.json's text; the caller frees it. */
char *campaign_summary_json(const struct campaign_summary *summary);

#define CAMPAIGN_STATUS_LIVENESS 4
/* campaign_summary_status - the exit status it deserves: 0 nothing was lost, 1 something was, or
 * CAMPAIGN_STATUS_LIVENESS. campaign_summary_finish - free it. */
int campaign_summary_status(const struct campaign_summary *summary);
/* campaign_summary_whole - every event was cut, in all ways that the policies say. */
bool campaign_summary_whole(const struct campaign_summary *summary);
void campaign_summary_finish(struct campaign_summary *summary);

/* campaign_workload_find - by name; NULL: there is none. */
const struct campaign_workload *campaign_workload_find(const char *name);

#endif
