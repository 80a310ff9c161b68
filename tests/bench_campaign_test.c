/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bench_campaign_test.c - a campaign that is spread over workers by GNU parallel and over a cluster
 * by Slurm ends as one that was not. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/support_folder.h"

#define SCRIPT "PATH=$PWD/%1$s/bin:$PATH " LATCHKEY_SOURCE_DIR "/bench/campaign_parallel "
#define CAMPAIGN "shared-pingpong.img --interval 5 --policy subset --draws 32"
#define SLURM_PORT 36817

/* A folder with a list of two workers. The second is reached by an ssh of ours, which runs what it
 * is told here. */
static char *world_make(const char *name)
{
    char *folder = folder_make(name);
    folder_status(0, "mkdir -p %1$s/bin", folder);
    folder_status(0,
                  "printf '# hosts\\n%%s\\nsome@where:%%s\\n' $PWD/%1$s/here $PWD/%1$s/there "
                  ">%1$s/workers",
                  folder);
    folder_status(0,
                  "printf '#!/bin/sh\\n%%s\\n' "
                  "'[ \"$1 $2 $3\" = \"-o BatchMode=yes some@where\" ] && exec sh -c \"$4\"' "
                  ">%1$s/bin/ssh && chmod +x %1$s/bin/ssh",
                  folder);
    return folder;
}

/* What one process finds is in "out". */
static void reports_same(const char *folder)
{
    folder_status(
        0, "[ -d %1$s/one ] || ./latchkey campaign " CAMPAIGN " --out %1$s/one >/dev/null", folder);
    folder_status(0,
                  "for file in result.json report.html junit.xml; do "
                  "cmp %1$s/one/$file %1$s/out/$file || exit 1; done",
                  folder);
}

Test(campaign_parallel, two_workers_end_as_one_process, .timeout = 200)
{
    char *folder = world_make("parallel");
    struct command_result *result = folder_run(
        SCRIPT "--workers %1$s/workers --out %1$s/out --shards 3 " CAMPAIGN " --jobs 1", folder);
    cr_assert_eq(result->status, 0, "%s%s", result->output, result->errors);
    cr_expect_not_null(strstr(result->output, " 0 failures\n"), "%s", result->output);
    free(result);
    reports_same(folder);
    folder_status(0, "[ $(ls %1$s/here | wc -l) = 3 ] && [ $(ls %1$s/there | wc -l) = 3 ]",
                  folder); /* program, kernel, image: what was fetched is gone */
    folder_status(0,
                  "rm -r %1$s/out/shard-2 && " SCRIPT "--workers %1$s/workers --out %1$s/out "
                  "--shards 3 " CAMPAIGN,
                  folder); /* only that one again */
    reports_same(folder);
    folder_end(folder);
}

Test(campaign_parallel, a_worker_that_goes_down_costs_nothing_but_time, .timeout = 200)
{
    char *folder = world_make("parallel-down");
    /* The second host ends what it is doing, once. */
    folder_status(0,
                  "printf '%%s\\n' '#!/bin/sh' "
                  "'case $4 in *--shard*) mkdir $0.down 2>/dev/null && exit 255;; esac' "
                  "'exec sh -c \"$4\"' >%1$s/bin/ssh",
                  folder);
    folder_status(0, SCRIPT "--workers %1$s/workers --out %1$s/out --shards 3 " CAMPAIGN, folder);
    folder_status(0, "[ -d %1$s/bin/ssh.down ]", folder);
    reports_same(folder);
    folder_end(folder);
}

Test(campaign_parallel, what_is_lost_is_found_and_told_with_a_command_for_here, .timeout = 200)
{
    char *folder = world_make("parallel-lost");
    struct command_result *result =
        folder_run(SCRIPT "--workers %1$s/workers --out %1$s/out --shards 2 shared-pingpong.img "
                          "--interval 5 --checkpoints 1 --policy misreport",
                   folder);
    cr_expect_eq(result->status, 1, "%d: %s", result->status, result->errors);
    cr_expect_not_null(strstr(result->output, "latchkey campaign shared-pingpong.img --interval 5 "
                                              "--checkpoints 1 --policy misreport --case event="),
                       "%s", result->output);
    free(result);
    folder_status(1, "./latchkey campaign repro %1$s/out/failure-1", folder);
    folder_end(folder);
}

Test(campaign_parallel, what_is_wrong_is_one_line, .timeout = 200)
{
    static const struct {
        const char *words, *says;
        int status;
    } wrong[] = {
        {"", "expected --workers FILE", 2},
        {"--workers", "needs a value", 2},
        {"--workers %1$s/workers --out %1$s/out", "expected --workers FILE", 2},
        {"--workers %1$s/workers --out %1$s/out no-such.img", "no-such.img: cannot be read", 3},
        {"--workers no-such --out %1$s/out shared-pingpong.img", "no-such: cannot be read", 3},
        {"--workers /proc/version --out %1$s/out/x/y --shards 0 shared-pingpong.img", "no number",
         2},
        {"--workers %1$s/workers --out %1$s/out shared-pingpong.img --shard 1/2", "not here", 2},
        {"--workers %1$s/workers --out kernel.elf shared-pingpong.img", "kernel.elf", 3},
    };
    char *folder = world_make("parallel-wrong");
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        char format[1000];
        (void)snprintf(format, sizeof(format), "%s%s", SCRIPT, wrong[i].words);
        command_expect_refused(folder_run(format, folder), wrong[i].status, wrong[i].says, format);
    }
    folder_end(folder);
}

Test(campaign_slurm, a_job_array_ends_as_one_process, .timeout = 200)
{
    char format[1000];
    char *folder = world_make("slurm");
    (void)snprintf(format, sizeof(format),
                   LATCHKEY_SOURCE_DIR
                   "/tests/slurm_one_node %%1$s/cluster %u " LATCHKEY_SOURCE_DIR
                   "/bench/campaign_slurm --out %%1$s/out --shards 3 --wait " CAMPAIGN,
                   SLURM_PORT + 2 * (unsigned)(getpid() % 1000));
    struct command_result *result = folder_run(format, folder);
    if (result->status == 77) {
        cr_log_warn("not tested: %s", result->output);
        fprintf(stderr, "skipped: %s", result->output);
        free(result);
        folder_end(folder);
        return;
    }
    cr_assert_eq(result->status, 0, "%d: %s%s", result->status, result->output, result->errors);
    cr_expect_not_null(strstr(result->output, "merging: job "), "%s", result->output);
    free(result);
    reports_same(folder);
    folder_end(folder);
}

Test(campaign_slurm, what_is_wrong_is_one_line)
{
    static const char *const wrong[] = {"", "--out", "--out x", "--shards none --out x y.img",
                                        "--cpus 0 --out x y.img"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        command_expect_refused(folder_run(LATCHKEY_SOURCE_DIR "/bench/campaign_slurm %s", wrong[i]),
                               2, "campaign_slurm: ", wrong[i]);
}

#define RELEASE LATCHKEY_SOURCE_DIR "/bench/campaign_release --out %1$s/out --jobs 2 "

Test(campaign_release, a_disk_that_lies_is_found_out_and_too_few_cases_are_too_few, .timeout = 300)
{
    char *folder = folder_make("release");
    struct command_result *result = folder_run(RELEASE "--least 100 misreport", folder);
    cr_expect_eq(result->status, 0, "%s%s", result->output, result->errors);
    cr_expect_not_null(strstr(result->output, "\nmisreport "), "%s", result->output);
    free(result);
    result = folder_run(RELEASE "misreport", folder); /* goes on: there is nothing to do */
    cr_expect_eq(result->status, 1, "%s%s", result->output, result->errors);
    cr_expect(command_one_line(result, "expected 100000 or more"), "%s", result->errors);
    free(result);
    folder_status(2, RELEASE "--least many 2>/dev/null", folder);
    folder_end(folder);
}
