/* SPDX-License-Identifier: GPL-2.0-or-later */
/* frontend_campaign_report_test.c - what `latchkey campaign` leaves behind: reports that are equal
 * however it was run, the log of a run's writes, and what it says while it runs on a terminal. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "emulator/base/input_file.h"
#include "emulator/base/output_file.h"
#include "tests/support_command.h"
#include "tests/support_write_log.h"

#define IMAGE "shared-pingpong.img"
#define IMAGE_BYTES_MAX (64u << 20)
#define LIES "./latchkey campaign " IMAGE " --interval 5 --policy misreport,torn "
#define SMALL "./latchkey campaign " IMAGE " --interval 5 --policy keep,drop,prefix "

static struct command_result *run(const char *format, const char *first, const char *second,
                                  const char *third)
{
    char command[1200];
    (void)snprintf(command, sizeof(command), format, first, second, third);
    return command_run(command);
}

static void run_status(int status, const char *format, const char *first, const char *second,
                       const char *third)
{
    struct command_result *result = run(format, first, second, third);
    cr_assert_eq(result->status, status, "%s: %d: %s%s", format, result->status, result->output,
                 result->errors);
    free(result);
}

static uint8_t *bytes_read(const char *path, size_t *size_bytes)
{
    struct error error;
    uint8_t *bytes;
    cr_assert(input_read(path, IMAGE_BYTES_MAX, &bytes, size_bytes, &error), "%s", error.text);
    return bytes;
}

static void bytes_write(const char *path, const uint8_t *bytes, size_t size_bytes)
{
    struct error error;
    cr_assert(output_write(path, bytes, size_bytes, &error), "%s", error.text);
}

static void file_removed(char *path)
{
    free(run("rm -rf %s", path, NULL, NULL));
    free(path);
}

/* The digest of an image, which is clean. */
static void digest_of(const char *image, char digest[40])
{
    struct command_result *result = run("./latchkey disk check %s >/dev/null && "
                                        "./latchkey disk digest %s", image, image, NULL);
    cr_assert_eq(result->status, 0, "%s", result->errors);
    (void)snprintf(digest, 40, "%.32s", result->output);
    free(result);
}

Test(campaign_report_command, the_writes_put_onto_the_image_are_the_run, .timeout = 120)
{
    char *written = command_file("writes.log"), *copy = command_file("copy.img");
    char *ran = command_file("ran.img"), digest[40], expected[40];
    size_t log_bytes, image_bytes, flushes = 0;
    struct write_log log;
    struct write_log_entry entry;
    run_status(0, SMALL "--checkpoints 1 --sample 4 --write-log %s", written, NULL, NULL);
    run_status(0, "cp " IMAGE " %s && chmod u+w %s && ./latchkey run --headless --ram 32 "
                  "--disk %s,timing=instant --append checkpoint=5 --until generation=2",
               ran, ran, ran);
    digest_of(ran, expected);
    uint8_t *image = bytes_read(IMAGE, &image_bytes), *bytes = bytes_read(written, &log_bytes);
    bool reached = false;
    write_log_open(&log, bytes, log_bytes);
    while (write_log_next(&log, &entry)) {
        cr_assert_leq((entry.sector + entry.sectors) * WRITE_LOG_SECTOR, image_bytes);
        memcpy(image + entry.sector * WRITE_LOG_SECTOR, entry.data,
               entry.sectors * WRITE_LOG_SECTOR);
        bool committed = strcmp(entry.mark, "committed=2") == 0, flush = entry.flags & 1;
        flushes += flush;
        if (!committed && !flush)
            continue;
        bytes_write(copy, image, image_bytes);
        digest_of(copy, digest); /* a store is whole after each flush */
        if (committed)
            cr_expect_str_eq(digest, expected);
        reached = reached || committed;
    }
    cr_expect(reached);
    cr_expect_gt(flushes, 2);
    free(image);
    free(bytes);
    file_removed(written);
    file_removed(copy);
    file_removed(ran);
}

Test(campaign_report_command, a_second_disk_has_a_log_of_its_own, .timeout = 120)
{
    char *image = command_file("pair-image"), *recipe = command_file("pair.recipe");
    char *written = command_file("pair.log"), second[300];
    size_t log_bytes, writes[2] = {0};
    run_status(0, "sed 's/^store pingpong /&volumes 2 mirror /' " LATCHKEY_SOURCE_DIR
                  "/disks/recipes/pingpong.recipe > %s && ./latchkey disk make %s -o %s",
               recipe, recipe, image);
    run_status(0, "./latchkey campaign %s %s-1 --interval 5 --checkpoints 1 --policy keep "
                  "--sample 2 --write-log %s", image, image, written);
    (void)snprintf(second, sizeof(second), "%s-1", written);
    for (unsigned disk = 0; disk < 2; disk++) {
        struct write_log log;
        struct write_log_entry entry;
        uint8_t *bytes = bytes_read(disk ? second : written, &log_bytes);
        write_log_open(&log, bytes, log_bytes);
        while (write_log_next(&log, &entry))
            writes[disk] += entry.sectors > 0;
        free(bytes);
    }
    cr_expect_gt(writes[0], 3);
    cr_expect_eq(writes[0], writes[1], "they are mirrors");
    (void)unlink(second);
    run_status(0, "rm -f %s-1", image, NULL, NULL);
    file_removed(image);
    file_removed(recipe);
    file_removed(written);
}

Test(campaign_report_command, all_reports_are_equal_for_jobs_and_shards, .timeout = 120)
{
    char *one = command_file("report-one"), *first = command_file("report-first");
    char *second = command_file("report-second");
    run_status(0, SMALL "--depth 2 --nested 3 --sample 1100 --jobs 1 --out %s", one, NULL, NULL);
    run_status(0, SMALL "--depth 2 --nested 3 --sample 1100 --jobs 2 --shard 2/2 --out %s", first,
               NULL, NULL);
    run_status(0, SMALL "--depth 2 --nested 3 --sample 1100 --shard 1/2 --jobs 3 --out %s", second,
               NULL, NULL);
    struct command_result *result =
        run("grep -q 'Nothing lost so far' %s/report.html && grep -c '' %s/junit.xml", first, first,
            NULL);
    cr_expect_eq(result->status, 0, "a shard says that it is one");
    free(result);
    run_status(0, "./latchkey campaign merge %s %s --out %s", first, second, second);
    run_status(0, "for file in report.html junit.xml result.json; do cmp %s/$file %s/$file || "
                  "exit 1; done", one, second, NULL);
    file_removed(one);
    file_removed(first);
    file_removed(second);
}

Test(campaign_report_command, a_failure_is_in_all_reports_with_its_command, .timeout = 120)
{
char *folder = command_file("report-lost"), *sum = command_file("report-sum");
    char *other = command_file("report-lost-2");
    run_status(1, LIES "--out %s", folder, NULL, NULL);
    run_status(1, LIES "--out %s --shard 1/2", sum, NULL, NULL);
    run_status(1, LIES "--out %s --shard 2/2", other, NULL, NULL);
    run_status(1, "./latchkey campaign merge %s %s --out %s", other, sum, sum);
    static const char *const files[] = {"report.html", "junit.xml", "result.json", "failure-1",
                                        "smallest"};
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        run_status(0, "grep -q 'latchkey campaign " IMAGE " --interval 5.* --case "
                      "event=[0-9]*,policy=misreport' %s/%s", sum, files[i], NULL);
        run_status(0, "cmp %1$s/%2$s %3$s/%2$s", folder, files[i], sum);
    }
    run_status(0, "grep -q 'The smallest failure' %s/report.html", sum, NULL, NULL);
    run_status(1, "./latchkey campaign repro %s/failure-1", sum, NULL, NULL);
    run_status(1, "./latchkey campaign repro %s/smallest", sum, NULL, NULL);
    file_removed(folder);
    file_removed(other);
    file_removed(sum);
}

Test(campaign_report_command, what_a_case_leaves_is_an_image_that_restarts, .timeout = 120)
{
    static const struct {
        const char *which;
        int status, generation;
    } cases[] = {{"event=9,policy=misreport,mask=0", 1, 1}, {"event=9,policy=keep", 0, 2}};
    char *image = command_file("left.img");
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        run_status(cases[i].status, "./latchkey campaign " IMAGE " --interval 5 --checkpoints 1 "
                                    "--case %s --media %s", cases[i].which, image, NULL);
        struct command_result *result =
            run("./latchkey disk check %s && ./latchkey run --headless --ram 32 --disk "
                "%s,timing=instant --append checkpoint=5 --until console=restarted", image, image,
                NULL);
        cr_expect_eq(result->status, 0, "%s", result->errors);
        cr_expect_not_null(strstr(result->output, "restarted"), "%s", result->output);
        free(result);
        result = run("./latchkey disk digest --json %s | grep -q '\"generation\":.%s,'", image,
                     cases[i].generation == 1 ? "1" : "2", NULL);
        cr_expect_eq(result->status, 0, "%s: generation %d", cases[i].which, cases[i].generation);
        free(result);
    }
    file_removed(image);
}

Test(campaign_report_command, a_terminal_shows_how_far_it_is_and_a_pipe_shows_nothing,
     .timeout = 120)
{
    static const char *const shown[] = {
        "learning the run", "\r\033[K0 of ", " cases, 0 %, the first are being judged",
        " failed, ", " a second, ", "s left", "\r\033[K\r\033[K"};
    struct command_result *result = command_run(
        "script -qec './latchkey campaign " IMAGE " --interval 5 --policy prefix,misreport "
        "--jobs 1' /dev/null");
    cr_expect_eq(result->status, 1, "%s%s", result->output, result->errors);
    for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++)
        cr_expect_not_null(strstr(result->output, shown[i]), "%s: %s", shown[i], result->output);
    free(result);
    result = command_run("./latchkey campaign " IMAGE " --interval 5 --policy keep,misreport");
    cr_expect_str_empty(result->errors, "%s", result->errors);
    free(result);
    result = command_run("script -qec './latchkey campaign " IMAGE " --interval 5 --policy keep "
                         "--shard 1000000/1000000' /dev/null");
    cr_expect_eq(result->status, 0, "%s%s", result->output, result->errors);
    cr_expect_null(strstr(result->output, "nan"), "nothing to do: %s", result->output);
    cr_expect_null(strstr(result->output, "restart:"), "of no restart: %s", result->output);
    free(result);
}
