/* SPDX-License-Identifier: GPL-2.0-or-later */
/* frontend_campaign_fault_test.c - a campaign on a host that fails: a disk that is full at any
 * point, a folder that may not be written, images and parts that change, a kill at any moment. Each
 * is one line and no status 0, and what is done later comes to the same result. */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/support_folder.h"

#define WORDS "shared-pingpong.img --interval 5 --policy keep,drop,prefix --checkpoints 1 "
#define CAMPAIGN "./latchkey campaign " WORDS
#define MANY "./latchkey campaign shared-pingpong.img --interval 5 --policy subset,torn --draws 32 "

/* One line that says this, and a status that says so, too. */
static void run_fails(int status, const char *says, const char *format, const char *folder)
{
    command_expect_refused(folder_run(format, folder), status, says, format);
}

/* All reports of two folders below this one. */
static void same(const char *folder)
{
    folder_status(0,
                  "for file in result.json report.html junit.xml; do "
                  "cmp %1$s/one/$file %1$s/two/$file || exit 1; done",
                  folder);
}

Test(campaign_fault, a_disk_may_be_full_at_any_point, .timeout = 300)
{
    char *folder = folder_make("fault-full"), format[400];
    bool failed = true;
    unsigned fails = 0;
    folder_status(0, "mkdir %1$s && " CAMPAIGN "--out %1$s/one", folder);
    for (unsigned blocks = 1; failed; blocks *= 3) { /* of 512 bytes */
        (void)snprintf(format, sizeof(format), "ulimit -f %u; " CAMPAIGN "--out %%1$s/two", blocks);
        struct command_result *result = folder_run(format, folder);
        failed = result->status != 0;
        fails += failed;
        if (failed) {
            cr_expect_eq(result->status, 3, "%u: %d", blocks, result->status);
            cr_expect(command_one_line(result, "File too large"), "%u: %s", blocks, result->errors);
        }
        free(result);
    }
    cr_expect_geq(fails, 4);
    same(folder);
    folder_status(0,
                  "[ -z \"$(find %1$s -name '*.*' ! -name '*.json' ! -name '*.html' "
                  "! -name '*.xml')\" ]",
                  folder); /* nothing half written */
    run_fails(3, "writes: File too large",
              "ulimit -f 40; " CAMPAIGN "--sample 2 --write-log %1$s/writes", folder);
    folder_status(0, "[ ! -e %1$s/writes ]", folder);
    folder_end(folder);
}

/* The file system is seen by the command alone, and is gone with it. */
Test(campaign_fault, a_small_file_system_fills_up_and_grows, .timeout = 200)
{
    char *folder = folder_make("fault-small");
    folder_status(0, "mkdir -p %1$s/two && " CAMPAIGN "--out %1$s/one", folder);
    struct command_result *result = folder_run(
        "unshare -m sh -c 'mount -t tmpfs -o size=20k none %1$s/two || exit 77; " CAMPAIGN
        "--out %1$s/two; echo status $?; mount -o remount,size=8m %1$s/two; " CAMPAIGN
        "--out %1$s/two >/dev/null && cp %1$s/two/result.json %1$s/later.json'",
        folder);
    if (strstr(result->errors, "unshare:") || result->status == 77) {
        fprintf(stderr, "skipped: no file system may be mounted here\n");
    } else {
        cr_expect_eq(result->status, 0, "%s", result->errors);
        cr_expect_not_null(strstr(result->output, "status 3"), "%s", result->output);
        cr_expect(command_one_line(result, "No space left"), "%s", result->errors);
        folder_status(0, "cmp %1$s/one/result.json %1$s/later.json", folder);
    }
    free(result);
    folder_end(folder);
}

Test(campaign_fault, a_folder_that_may_not_be_written_stays_as_it_is, .timeout = 200)
{
    char *folder = folder_make("fault-closed");
    const char *nobody =
        geteuid() == 0 ? "setpriv --reuid 65534 --regid 65534 --clear-groups " : "";
    char format[400];
    folder_status(0,
                  "mkdir -p %1$s/new && " CAMPAIGN "--sample 5 --out %1$s/one && "
                  "rm %1$s/one/result.json && chmod -R a+rX,a-w %1$s",
                  folder);
    static const char *const out[] = {"--out %1$s/new", "--out %1$s/one", "--out %1$s/two"};
    for (size_t i = 0; i < sizeof(out) / sizeof(out[0]); i++) {
        (void)snprintf(format, sizeof(format), "%s" CAMPAIGN "--sample 5 %s", nobody, out[i]);
        run_fails(3, "Permission denied", format, folder);
    }
    (void)snprintf(format, sizeof(format), "%s./latchkey campaign merge %%1$s/one --out %%1$s/new",
                   nobody);
    run_fails(3, "Permission denied", format, folder);
    folder_status(0,
                  "[ -z \"$(ls %1$s/new)\" ] && [ ! -e %1$s/one/result.json ] && "
                  "chmod -R u+w %1$s",
                  folder);
    folder_end(folder);
}

Test(campaign_fault, an_image_that_changes_under_it_is_told_and_no_result_is_left, .timeout = 200)
{
    char *folder = folder_make("fault-image");
    folder_status(0, "mkdir -p %1$s && cp shared-pingpong.img %1$s/image && chmod u+w %1$s/image",
                  folder);
    run_fails(3, "image: changed while the campaign ran",
              "./latchkey campaign %1$s/image --interval 5 --out %1$s/one --jobs 1 & id=$!; "
              "while [ ! -e %1$s/one/plan ]; do sleep 0.05; done; "
              "printf x | dd of=%1$s/image bs=1 seek=700000 conv=notrunc 2>/dev/null; wait $id",
              folder);
    folder_status(0, "[ ! -e %1$s/one/result.json ]", folder);
    folder_end(folder);
}

Test(campaign_fault, a_part_that_changes_is_missed_by_merge_and_judged_again, .timeout = 200)
{
    char *folder = folder_make("fault-part");
    folder_status(0,
                  "mkdir %1$s && " CAMPAIGN "--out %1$s/one && cp -r %1$s/one %1$s/two && "
                  "rm %1$s/two/*.* && printf x | dd of=%1$s/two/part-000000 bs=1 seek=300 "
                  "conv=notrunc 2>/dev/null",
                  folder);
    run_fails(3, "unit 0 of 1 is in no folder, or not whole",
              "./latchkey campaign merge %1$s/two --out %1$s/sum", folder);
    folder_status(0, "[ ! -e %1$s/sum/result.json ]", folder);
    folder_status(0, CAMPAIGN "--out %1$s/two", folder);
    same(folder);
    folder_status(0, "mkdir %1$s/other && echo latchkey-plan 1 >%1$s/other/plan", folder);
    run_fails(3, "other/plan: not the plan of a campaign",
              "./latchkey campaign merge %1$s/one --out %1$s/other", folder);
    run_fails(3, "other/plan: not the plan of a campaign", CAMPAIGN "--out %1$s/other", folder);
    folder_status(0, "[ $(cat %1$s/other/plan | wc -c) = 16 ]", folder);
    folder_end(folder);
}

Test(campaign_fault, a_plan_that_promises_nothing_is_none, .timeout = 200)
{
    char *folder = folder_make("fault-plan");
    folder_status(0,
                  "mkdir %1$s && " CAMPAIGN "--out %1$s/one && "
                  "sed -i 's/^units .*/units 0/' %1$s/one/plan",
                  folder);
    run_fails(3, "one/plan: not the plan of a campaign", "./latchkey campaign merge %1$s/one",
              folder);
    folder_status(0, "rm %1$s/one/plan && mkdir %1$s/one/plan", folder);
    run_fails(3, "one/plan: not a regular file", "./latchkey campaign merge %1$s/one", folder);
    run_fails(3, "one/plan: not a regular file", CAMPAIGN "--out %1$s/one", folder);
    folder_end(folder);
}

/* What a campaign reads is not written over with what it writes. */
Test(campaign_fault, an_output_that_is_an_input_is_refused_and_stays_as_it_is, .timeout = 200)
{
    static const char *const outputs[] = {
        "./latchkey campaign %1$s/image --write-log %1$s/image",
        "./latchkey campaign %1$s/image --case event=4,policy=keep --media %1$s/image",
        "./latchkey campaign %1$s/image --kernel %1$s/kernel --write-log %1$s/kernel",
        "./latchkey campaign %1$s/other %1$s/image-1 --write-log %1$s/image"};
    char *folder = folder_make("fault-output");
    folder_status(0,
                  "mkdir %1$s && cp shared-pingpong.img %1$s/image && chmod u+w %1$s/image && "
                  "cp kernel.elf %1$s/kernel && cp shared-mirror.img %1$s/other && "
                  "cp shared-mirror-1.img %1$s/image-1 && chmod u+w %1$s/* && "
                  "cat %1$s/* | md5sum > sum-output && mv sum-output %1$s-sum",
                  folder);
    for (size_t i = 0; i < sizeof(outputs) / sizeof(outputs[0]); i++)
        run_fails(2, ": the campaign reads this file", outputs[i], folder);
    run_fails(2, "--write-log", "./latchkey campaign %1$s/image --case event=4,policy=keep "
                                "--media %1$s/new --write-log %1$s/new",
              folder);
    folder_status(0, "cat %1$s/* | md5sum | cmp - %1$s-sum; status=$?; rm %1$s-sum; exit $status",
                  folder);
    folder_end(folder);
}

/* Without --out there is a folder while it runs. */
Test(campaign_fault, a_folder_of_its_own_is_gone_however_it_ends, .timeout = 200)
{
    static const char *const signals[] = {"TERM", "KILL"};
    char *folder = folder_make("fault-own");
    for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
        char command[1000];
        (void)snprintf(command, sizeof(command),
                       "mkdir -p %%1$s; TMPDIR=%%1$s " MANY "--jobs 2 >/dev/null 2>&1 & id=$!; "
                       "for i in $(seq 300); do ls %%1$s/*/plan >/dev/null 2>&1 && break; "
                       "sleep 0.02; done; ls %%1$s/*/plan && kill -%s $id; wait $id; "
                       "for i in $(seq 300); do rmdir %%1$s 2>/dev/null && exit 0; sleep 0.02; "
                       "done; exit 1",
                       signals[i]);
        folder_status(0, command, folder);
    }
    free(folder);
}

Test(campaign_fault, what_a_killed_worker_had_begun_is_removed_and_nothing_else, .timeout = 200)
{
    char *folder = folder_make("fault-begun");
    folder_status(0,
                  "mkdir -p %1$s/one && cd %1$s/one && touch part-000001.aB3xYz part-000001.old "
                  "part-1.aB3xYz plan.aB3xYz notes.aB3xYz",
                  folder);
    folder_status(0, CAMPAIGN "--out %1$s/one", folder);
    folder_status(0,
                  "cd %1$s/one && [ ! -e part-000001.aB3xYz ] && ls part-000001.old "
                  "part-1.aB3xYz plan.aB3xYz notes.aB3xYz",
                  folder);
    folder_end(folder);
}

/* Start a campaign, and end its first process after so many milliseconds. */
static void killed_after(const char *folder, long milliseconds)
{
    char command[1000];
    (void)snprintf(command, sizeof(command), "exec " MANY "--jobs 2 --out %s/two >/dev/null 2>&1",
                   folder);
    pid_t child = fork();
    if (child == 0) {
        (void)setpgid(0, 0);
        (void)!chdir(LATCHKEY_BUILD_DIR);
        (void)execl("/bin/sh", "sh", "-c", command, NULL);
        _exit(127);
    }
    const struct timespec pause = {milliseconds / 1000, milliseconds % 1000 * 1000000};
    (void)nanosleep(&pause, NULL);
    (void)kill(child, SIGKILL); /* its workers follow it */
    (void)waitpid(child, NULL, 0);
}

Test(campaign_fault, what_was_killed_goes_on_and_comes_to_the_same_result, .timeout = 300)
{
    char *folder = folder_make("fault-killed");
    unsigned seed = (unsigned)time(NULL);
    fprintf(stderr, "seed %u\n", seed);
    folder_status(0, "mkdir %1$s && " MANY "--out %1$s/one", folder);
    for (unsigned i = 0; i < 5; i++)
        killed_after(folder, 100 + rand_r(&seed) % 2500);
    folder_status(0,
                  "for try in 1 2 3 4 5 6 7 8 9; do " MANY "--out %1$s/two && exit 0; sleep 1; "
                  "done; exit 1",
                  folder);
    same(folder);
    folder_end(folder);
}
