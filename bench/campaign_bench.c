/* SPDX-License-Identifier: GPL-2.0-or-later */
/* campaign_bench.c - suite "campaign": how many cases of a power-fail campaign are judged in a
 * second of one core, and what memory that takes.
 *
 * Called by bench_main.c; calls campaign.h on the demo's image. Processor time is counted, not the
 * clock's, so that other programs matter little. A case is distinct when no other leaves the same
 * media; many such are judged by one restart, which sees none of what they differ in. The reference
 * is what is published of the fastest tool that restarts a whole system for each state: Vinter
 * (Kalbfleisch, Werling and Bellosa, USENIX ATC 2022) takes about a second for one.
 */
#include <stdio.h>

#include "bench/bench.h"
#include "emulator/campaign.h"

#define VINTER_CASES_A_SECOND 1.0
#define REPEATS_MAX 3u

static void row_add(struct bench *bench, const struct bench_row *wanted)
{
    struct bench_row row = *wanted;
    (void)snprintf(row.suite, sizeof(row.suite), "campaign");
    if (row.reference > 0)
        row.ratio = row.value / row.reference;
    bench_row_add(bench, &row);
}

static bool campaign_measure(const struct bench *bench, struct campaign_summary *summary,
                             struct error *error)
{
    char image[1000], kernel[1000], append[40];
    struct campaign_options options;
    campaign_options_init(&options);
    (void)snprintf(image, sizeof(image), "%s/shared-demo.img", bench->build_path);
    (void)snprintf(kernel, sizeof(kernel), "%s/kernel.elf", bench->build_path);
    (void)snprintf(append, sizeof(append), "checkpoint=%u", CAMPAIGN_INTERVAL_MS);
    options.paths[0] = image;
    options.path_count = 1;
    options.setup.kernel_path = kernel;
    options.setup.append = append;
    options.checkpoints = 1;
    options.request.sample = bench->quick ? 2000 : 0;
    options.jobs = 1;
    if (!campaign_run(&options, NULL, summary, error))
        return false;
    return summary->failures == 0 ||
           error_set(error, ERROR_FORMAT, "campaign: %llu of %llu cases failed",
                     (unsigned long long)summary->failures, (unsigned long long)summary->cases);
}

bool campaign_bench(struct bench *bench, struct error *error)
{
    struct campaign_summary summary;
    struct bench_times distinct = {.count = 0}, cases = {.count = 0}, restarts = {.count = 0};
    double peak_kib = 0;
    for (unsigned i = 0; i < bench->repeats && i < REPEATS_MAX; i++) {
        bool good = campaign_measure(bench, &summary, error);
        bench_times_add(&distinct, (double)summary.distinct / summary.cpu_seconds);
        bench_times_add(&cases, (double)summary.cases / summary.cpu_seconds);
        bench_times_add(&restarts, (double)summary.recoveries / summary.cpu_seconds);
        peak_kib = (double)summary.peak_kib;
        campaign_summary_finish(&summary);
        if (!good)
            return false;
    }
    row_add(bench, &(struct bench_row){.name = "distinct cases a core", .unit = "/s",
                                       .value = bench_median(&distinct),
                                       .spread = bench_spread(&distinct),
                                       .reference = VINTER_CASES_A_SECOND, .must = 50, .aim = 150,
                                       .goal = GOAL_VALUE_AT_LEAST});
    row_add(bench, &(struct bench_row){.name = "cases a core", .unit = "/s",
                                       .value = bench_median(&cases),
                                       .spread = bench_spread(&cases)});
    row_add(bench, &(struct bench_row){.name = "restarts that differ, a core", .unit = "/s",
                                       .value = bench_median(&restarts),
                                       .spread = bench_spread(&restarts)});
    row_add(bench, &(struct bench_row){.name = "memory of a process, at most", .unit = "MiB",
                                       .value = peak_kib / 1024, .must = 128, .aim = 80,
                                       .goal = GOAL_VALUE_AT_MOST});
    return true;
}
