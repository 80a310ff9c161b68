/* SPDX-License-Identifier: GPL-2.0-or-later */
/* campaign.c - plans a campaign, shares its units out to workers, and sums up. Invariants:
 * campaign.h. Calls the other campaign files. */
#include "emulator/campaign.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "emulator/base/memory.h"
#include "emulator/base/output_file.h"
#include "emulator/campaign_export.h"
#include "emulator/campaign_folder.h"
#include "emulator/campaign_reads.h"
#include "emulator/campaign_report.h"
#include "emulator/campaign_smallest.h"

#define UNIT_CASES 512u /* enough to share much of their work, not much to be lost */
#define PATH_BYTES 4096u
#define CASES_MAX 100000000u
#define RAM_BYTES_DEFAULT (32ull << 20)
#define CYCLES_MAX_DEFAULT 1000000000u /* ten seconds of the machine, for what takes a tenth */
#define DRAWS_DEFAULT 64u
#define NESTED_DEFAULT 64u

struct worker {
    pid_t process; /* 0: none */
    uint64_t unit;
};

struct campaign {
    const struct campaign_options *options;
    const struct campaign_watcher *watcher;
    struct error *error;
    struct campaign_images images;
    struct campaign_layout layout;
    struct campaign_reads reads;
    struct campaign_view view; /* of the images */
    struct campaign_machine machine;
    struct campaign_run_learned learned;
    struct campaign_cases cases;
    struct campaign_plan plan;
    struct campaign_folder folder;
    struct error *errors; /* one a worker; shared with them */
    struct worker workers[CAMPAIGN_JOBS_MAX];
    unsigned running;
    struct campaign_progress progress;
    double cpu_start;
};

void campaign_options_init(struct campaign_options *options)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    *options = (struct campaign_options){
        .setup = {.ram_bytes = RAM_BYTES_DEFAULT, .cycles_max = CYCLES_MAX_DEFAULT},
        .request = {.policies = 1u << CAMPAIGN_KEEP | 1u << CAMPAIGN_DROP |
                                1u << CAMPAIGN_PREFIX | 1u << CAMPAIGN_SUBSET |
                                1u << CAMPAIGN_TORN,
                    .draws = DRAWS_DEFAULT, .subsets = CAMPAIGN_MASK_FEW, .disks = 1},
        .checkpoints = 2, .depth = 1, .nested_sample = NESTED_DEFAULT, .shard_count = 1};
    options->setup.workload = campaign_workload_find("demo");
    options->jobs = processors < 1 ? 1 : (unsigned)processors;
    if (options->jobs > CAMPAIGN_JOBS_MAX)
        options->jobs = CAMPAIGN_JOBS_MAX;
}

/* Of this process and its children. */
static double cpu_seconds(uint64_t *peak_kib)
{
    static const int whose[] = {RUSAGE_SELF, RUSAGE_CHILDREN};
    double seconds = 0;
    struct rusage usage = {.ru_maxrss = 0};
    for (size_t i = 0; i < sizeof(whose) / sizeof(whose[0]); i++) {
        (void)getrusage(whose[i], &usage);
        seconds += (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                   (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
    }
    *peak_kib = (uint64_t)usage.ru_maxrss;
    return seconds;
}

static bool host_fail(struct campaign *campaign, const char *what)
{
    return error_set(campaign->error, ERROR_IO, "%.150s: %s", what, strerror(errno));
}

/* --- workers --- */

static uint32_t unit_cases(const struct campaign *campaign, uint64_t unit)
{
    uint64_t left = campaign->cases.count - unit * UNIT_CASES;
    return left < UNIT_CASES ? (uint32_t)left : UNIT_CASES;
}

/* In a worker. */
static bool unit_judge(struct campaign *campaign, uint64_t unit, struct error *error)
{
    const struct campaign_options *options = campaign->options;
    struct byte_writer part = {0};
    char path[PATH_BYTES];
    struct campaign_depth depth = {.depth = options->depth, .nested = options->request,
                                   .part = &part};
    depth.nested.sample = options->nested_sample;
    depth.nested.phases = depth.nested.faults = 0;
    campaign_part_begin(&part, campaign->plan.hash, unit);
    bool good = options->only
                    ? campaign_level_repeat(&campaign->machine, &campaign->learned.level,
                                            options->only, options->media, &part, error)
                    : campaign_level_judge(&campaign->machine, &campaign->learned.level,
                                           campaign->cases.list + unit * UNIT_CASES,
                                           unit_cases(campaign, unit), "", &depth, error);
    if (!good)
        return false;
    campaign_part_end(&part);
    if (!campaign_part_path(campaign->folder.path, unit, path, sizeof(path)))
        return error_set(error, ERROR_IO, "%.100s: the name is too long", campaign->folder.path);
    return output_write(path, part.data, part.size_bytes, error);
}

static bool worker_start(struct campaign *campaign, uint64_t unit)
{
    unsigned slot = 0;
    while (campaign->workers[slot].process)
        slot++;
    assert(slot < campaign->options->jobs);
    (void)error_set(&campaign->errors[slot], ERROR_IO, "campaign: a worker was ended");
    pid_t parent = getpid(), process = fork();
    if (process < 0)
        return host_fail(campaign, "campaign: no process");
    if (process == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        (void)setrlimit(RLIMIT_CORE, &(struct rlimit){0}); /* one that falls leaves no file */
        _exit(getppid() != parent || !unit_judge(campaign, unit, &campaign->errors[slot]));
    }
    campaign->workers[slot] = (struct worker){process, unit};
    campaign->running++;
    return true;
}

static void failure_count(void *context, const char *name, const struct campaign_result *result)
{
    struct campaign *campaign = context;
    (void)name;
    campaign->progress.failures += result->outcome != OUTCOME_PASSED;
}

/* Its part is there. */
static void unit_done(struct campaign *campaign, uint64_t unit)
{
    campaign->progress.cases += unit_cases(campaign, unit);
    if (!campaign->watcher)
        return;
    if (campaign_part_read(campaign->folder.path, campaign->plan.hash, unit, campaign,
                           failure_count))
        campaign->watcher->done(campaign->watcher->context, &campaign->progress);
}

/* Wait until one of the workers is done. */
static bool worker_wait(struct campaign *campaign)
{
    int status;
    pid_t process = wait(&status);
    if (process < 0)
        return errno == EINTR || host_fail(campaign, "campaign: wait");
    for (unsigned slot = 0; slot < campaign->options->jobs; slot++) {
        struct worker *worker = &campaign->workers[slot];
        if (worker->process != process)
            continue;
        worker->process = 0;
        campaign->running--;
        if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
            campaign->progress.cases_now += unit_cases(campaign, worker->unit);
            unit_done(campaign, worker->unit);
            return true;
        }
        *campaign->error = campaign->errors[slot];
        return false;
    }
    return true;
}

static void workers_end(struct campaign *campaign)
{
    for (unsigned slot = 0; slot < CAMPAIGN_JOBS_MAX; slot++) {
        if (!campaign->workers[slot].process)
            continue;
        (void)kill(campaign->workers[slot].process, SIGKILL);
        (void)waitpid(campaign->workers[slot].process, NULL, 0);
        campaign->workers[slot].process = 0;
    }
}

static bool in_shard(const struct campaign *campaign, uint64_t unit)
{
    return unit % campaign->options->shard_count == campaign->options->shard;
}

/* All units of the shard that have no part yet. */
static bool units_judge(struct campaign *campaign)
{
    bool good = true;
    for (uint64_t unit = 0; unit < campaign->plan.units; unit++)
        if (in_shard(campaign, unit))
            campaign->progress.cases_all += unit_cases(campaign, unit);
    if (campaign->watcher)
        campaign->watcher->done(campaign->watcher->context, &campaign->progress);
    for (uint64_t unit = 0; unit < campaign->plan.units && good; unit++) {
        if (!in_shard(campaign, unit))
            continue;
        if (campaign_part_read(campaign->folder.path, campaign->plan.hash, unit, NULL, NULL)) {
            unit_done(campaign, unit);
            continue;
        }
        while (good && campaign->running == campaign->options->jobs)
            good = worker_wait(campaign);
        good = good && worker_start(campaign, unit);
    }
    while (good && campaign->running > 0)
        good = worker_wait(campaign);
    workers_end(campaign);
    return good;
}

/* --- the whole --- */

static bool errors_share(struct campaign *campaign)
{
    void *mapping = mmap(NULL, CAMPAIGN_JOBS_MAX * sizeof(*campaign->errors),
                         PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (mapping == MAP_FAILED)
        return host_fail(campaign, "campaign: no memory");
    campaign->errors = mapping;
    return true;
}

/* The undisturbed run, twice: what is not the same each time cannot be judged. */
static bool run_learn(struct campaign *campaign)
{
    const struct campaign_options *options = campaign->options;
    struct campaign_run_learned *learned = &campaign->learned;
    if (!campaign_level_open(learned, &campaign->machine, &campaign->view, 0,
                             options->checkpoints, campaign->error))
        return false;
    struct campaign_run_learned again;
    bool good = campaign_level_open(&again, &campaign->machine, &campaign->view, 0,
                                    options->checkpoints, campaign->error);
    if (good) {
        struct digest first = campaign_log_digest(learned->log);
        struct digest second = campaign_log_digest(again.log);
        if (first.low != second.low || first.high != second.high)
            good = error_set(campaign->error, ERROR_FORMAT,
                             "campaign: two undisturbed runs are not the same");
    }
    campaign_level_close(&again);
    return good;
}

static bool plan_agree(struct campaign *campaign)
{
    struct campaign_plan there;
    bool missing;
    uint64_t units = (campaign->cases.count + UNIT_CASES - 1) / UNIT_CASES;
    bool good = campaign_plan_make(&campaign->plan, campaign->options, &campaign->images,
                                   &campaign->learned, campaign->reads.incomplete,
                                   campaign->cases.count, units, campaign->error) &&
                campaign_plan_read(&there, campaign->folder.path, &missing, campaign->error);
    if (!good)
        return false;
    good = missing ? campaign_plan_write(&campaign->plan, campaign->folder.path, campaign->error)
                   : campaign_plan_same(&campaign->plan, &there, campaign->folder.path,
                                        campaign->error);
    campaign_plan_finish(&there);
    return good;
}

static bool cases_plan(struct campaign *campaign)
{
    const struct campaign_options *options = campaign->options;
    struct campaign_request request = options->request;
    request.layout = &campaign->layout;
    bool subsets = options->reads && !options->only &&
                   (request.policies >> CAMPAIGN_SUBSET & 1);
    request.reads = subsets ? &campaign->reads : NULL;
    if (subsets && !campaign_reads_find(&campaign->machine, &campaign->learned.level, &request,
                                        &campaign->reads, campaign->error))
        return false;
    if (options->only)
        campaign->cases = (struct campaign_cases){
            .list = memory_zeroed(1, sizeof(*campaign->cases.list)), .count = 1, .capacity = 1};
    else
        campaign_cases_list(campaign->learned.log, &campaign->learned.events, &request,
                            &campaign->cases);
    if (campaign->cases.count > 0 && campaign->cases.count <= CASES_MAX)
        return true;
    return error_set(campaign->error, ERROR_LIMIT, "campaign: %zu cases: expected 1..%u",
                     campaign->cases.count, CASES_MAX);
}

/* The images are those that were read. */
static bool images_same(struct campaign *campaign)
{
    struct campaign_images now;
    bool good = campaign_images_read(&now, campaign->options->paths, campaign->images.count,
                                     campaign->error);
    for (unsigned i = 0; i < campaign->images.count && good; i++)
        if (now.digests[i].low != campaign->images.digests[i].low ||
            now.digests[i].high != campaign->images.digests[i].high)
            good = error_set(campaign->error, ERROR_FORMAT,
                             "%.150s: changed while the campaign ran", campaign->images.names[i]);
    campaign_images_finish(&now);
    return good;
}

/* What others repeat a case with, and the run's writes. */
static bool run_tell(struct campaign *campaign)
{
    const struct campaign_options *options = campaign->options;
    if (options->command &&
        !campaign_command_write(options->command, campaign->folder.path, campaign->error))
        return false;
    return !options->write_log ||
           campaign_export_write(campaign->learned.log, campaign->images.count,
                                 options->write_log, campaign->error);
}

/* A case that was asked for stays as it is. */
static bool first_minimise(struct campaign *campaign, struct campaign_summary *summary)
{
    const struct campaign_options *options = campaign->options;
    const struct campaign_failure *first = campaign_smallest_first(summary);
    const struct campaign_minimise_request request = {
        .cases = &options->request, .checkpoints = options->checkpoints,
        .all_judged = options->request.sample == 0 && options->shard_count == 1,
        .as_it_is = options->only != NULL};
    if (!first)
        return true;
    if (!campaign_minimise(&campaign->machine, &campaign->learned.level, &request, first->name,
                           &first->result, &summary->minimal, campaign->error))
        return false;
    campaign_smallest_tell(summary);
    return campaign_smallest_write(summary, campaign->folder.path, campaign->error);
}

static bool all_sum(struct campaign *campaign, struct campaign_summary *summary)
{
    const struct campaign_options *options = campaign->options;
    const char *folder = campaign->folder.path;
    const struct campaign_parts parts = {&campaign->plan, &folder, 1, options->shard,
                                         options->shard_count};
    if (!campaign_sum(&parts, summary, campaign->error))
        return false;
    if (options->command)
        summary->command = memory_must(strdup(options->command));
    summary->cpu_seconds = cpu_seconds(&summary->peak_kib) - campaign->cpu_start;
    return first_minimise(campaign, summary) &&
           campaign_report_write(&parts, summary, folder, campaign->error);
}

bool campaign_run(const struct campaign_options *options, const struct campaign_watcher *watcher,
                  struct campaign_summary *summary, struct error *error)
{
    struct campaign *campaign = memory_zeroed(1, sizeof(*campaign));
    campaign->options = options;
    campaign->watcher = watcher;
    campaign->error = error;
    campaign->folder = (struct campaign_folder){.lock = -1, .alive = -1};
    campaign->view.images = &campaign->images;
    campaign->cpu_start = cpu_seconds(&summary->peak_kib);
    assert(options->jobs > 0);
    assert(options->jobs <= CAMPAIGN_JOBS_MAX);
    *summary = (struct campaign_summary){.list = NULL};
    bool good = campaign_images_read(&campaign->images, options->paths, options->path_count,
                                     error) &&
                campaign_folder_open(&campaign->folder, options->out, error) &&
                errors_share(campaign) &&
                campaign_layout_read(&campaign->layout, &campaign->images, error) &&
                campaign_machine_create(&campaign->machine, &options->setup, &campaign->view,
                                        &campaign->layout, error) &&
                run_learn(campaign) && cases_plan(campaign) && plan_agree(campaign) &&
                run_tell(campaign) && units_judge(campaign) && images_same(campaign) &&
                all_sum(campaign, summary);
    campaign_folder_close(&campaign->folder);
    campaign_plan_finish(&campaign->plan);
    campaign_cases_finish(&campaign->cases);
    campaign_level_close(&campaign->learned);
    campaign_machine_destroy(&campaign->machine);
    campaign_layout_finish(&campaign->layout);
    campaign_reads_finish(&campaign->reads);
    campaign_images_finish(&campaign->images);
    if (campaign->errors)
        (void)munmap(campaign->errors, CAMPAIGN_JOBS_MAX * sizeof(*campaign->errors));
    free(campaign);
    return good;
}

/* Shards may have been started with different words; the first in the alphabet is told. */
static void command_first(struct campaign_summary *summary, const char *folder)
{
    char *command = campaign_command_read(folder);
    bool first = command && (!summary->command || strcmp(command, summary->command) < 0);
    free(first ? summary->command : command);
    if (first)
        summary->command = command;
}

/* Is there a folder, and of no other campaign? */
static bool out_check(const struct campaign_plan *plan, const char *out, struct error *error)
{
    struct campaign_plan there;
    bool missing;
    if (mkdir(out, 0777) != 0 && errno != EEXIST)
        return error_set(error, ERROR_IO, "%.150s: %s", out, strerror(errno));
    if (!campaign_plan_read(&there, out, &missing, error))
        return false;
    bool good = missing || campaign_plan_same(plan, &there, out, error);
    campaign_plan_finish(&there);
    return good;
}

bool campaign_merge(const char *const *folders, unsigned count, const char *out,
                    struct campaign_summary *summary, struct error *error)
{
    struct campaign_plan plan = {.text = NULL};
    *summary = (struct campaign_summary){.list = NULL};
    bool good = true;
    for (unsigned i = 0; i < count && good; i++) {
        struct campaign_plan other;
        bool missing;
        good = campaign_plan_read(&other, folders[i], &missing, error);
        if (good && missing)
            good = error_set(error, ERROR_IO, "%.150s: not the folder of a campaign", folders[i]);
        if (good && i == 0) {
            plan = other;
            continue;
        }
        good = good && campaign_plan_same(&plan, &other, folders[i], error);
        campaign_plan_finish(&other);
    }
    const struct campaign_parts parts = {&plan, folders, count, 0, 1};
    good = good && campaign_sum(&parts, summary, error);
    for (unsigned i = 0; i < count && good; i++) {
        command_first(summary, folders[i]);
        campaign_smallest_read(summary, folders[i]);
    }
    good = good && (!out || (out_check(&plan, out, error) &&
                             campaign_report_write(&parts, summary, out, error)));
    campaign_plan_finish(&plan);
    return good;
}
