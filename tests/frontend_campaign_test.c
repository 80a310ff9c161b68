/* SPDX-License-Identifier: GPL-2.0-or-later */
/* frontend_campaign_test.c - `latchkey campaign` as a user types it: what it finds, that what it
 * finds does not depend on how it was run, and what it says when the host or the user is wrong. */
#include <cjson/cJSON.h>
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "emulator/base/input_file.h"
#include "tests/support_command.h"

#define IMAGE "shared-pingpong.img"
#define FEW "./latchkey campaign " IMAGE " --interval 5 --policy keep,drop,prefix --checkpoints 1 "
/* Several units of work. */
#define MANY "./latchkey campaign " IMAGE " --interval 5 --policy subset,torn --draws 32 "

static struct command_result *run(const char *format, const char *first, const char *second)
{
    char command[1000];
    (void)snprintf(command, sizeof(command), format, first, second);
    return command_run(command);
}

static void folder_remove(char *folder)
{
    free(run("rm -rf %s", folder, NULL));
    free(folder);
}

static cJSON *json_read(const char *text, const char *where)
{
    cJSON *object = cJSON_Parse(text);
    cr_assert_not_null(object, "%s: %s", where, text);
    return object;
}

static double number(const cJSON *object, const char *name)
{
    const cJSON *item = cJSON_GetObjectItem(object, name);
    cr_assert(cJSON_IsNumber(item), "%s", name);
    return item->valuedouble;
}

/* result.json of a folder, without what may differ: nothing may. */
static char *result_text(const char *folder)
{
    char path[1000];
    struct error error;
    uint8_t *text;
    size_t size_bytes;
    (void)snprintf(path, sizeof(path), "%s/result.json", folder);
    cr_assert(input_read(path, 1u << 20, &text, &size_bytes, &error), "%s", error.text);
    return (char *)text;
}

/* Two folders hold the same result. */
static void results_same(const char *folder, const char *other)
{
    char *left = result_text(folder), *right = result_text(other);
    cr_expect_str_eq(left, right);
    free(left);
    free(right);
}

/* A campaign with this folder that finds nothing lost. */
static void run_good(const char *format, const char *folder)
{
    struct command_result *result = run(format, folder, NULL);
    cr_assert_eq(result->status, 0, "%s: %d, %s%s", format, result->status, result->output,
                 result->errors);
    free(result);
}

Test(campaign_command, nothing_is_lost_and_the_certificate_says_what_was_covered, .timeout = 120)
{
    struct command_result *result = command_run(FEW "--json");
    cr_assert_eq(result->status, 0, "%s%s", result->output, result->errors);
    cr_expect_str_empty(result->errors, "nothing is said when nobody looks on");
    cJSON *object = json_read(result->output, "--json");
    cr_expect_gt(number(object, "cases"), 100);
    cr_expect_gt(number(object, "distinct"), 10);
    cr_expect_gt(number(object, "recoveries"), 3);
    cr_expect_leq(number(object, "recoveries"), number(object, "distinct"));
    cr_expect_eq(number(object, "failures"), 0);
    cr_expect_gt(number(object, "events"), 8);
    cr_expect_gt(number(object, "instructions"), 1000000);
    cJSON_Delete(object);
    free(result);
    result = command_run(FEW);
    cr_expect_not_null(strstr(result->output, " instructions covered; policies keep drop prefix"),
                       "%s", result->output);
    free(result);
}

/* A line of the program stands in README.md, as it is. */
static void readme_expect(const char *readme, const char *line)
{
    char expected[200];
    (void)snprintf(expected, sizeof(expected), "\n    %.*s\n", (int)strcspn(line, "\n"), line);
    cr_expect_not_null(strstr(readme, expected), "README.md's campaign is another one than%s",
                       expected);
}

Test(campaign_command, the_readmes_example_is_what_it_says, .timeout = 120)
{
    uint8_t *readme;
    size_t size_bytes;
    struct error error;
    struct command_result *result = command_run("./latchkey campaign " IMAGE);
    cr_assert_eq(result->status, 0, "%s%s", result->output, result->errors);
    cr_assert(input_read(LATCHKEY_SOURCE_DIR "/README.md", 1u << 20, &readme, &size_bytes, &error),
              "%s", error.text);
    const char *subset = strchr(result->output, '\n');
    cr_assert_not_null(subset);
    const char *cases = strchr(subset + 1, '\n');
    cr_assert_not_null(cases);
    readme_expect((const char *)readme, result->output);
    readme_expect((const char *)readme, cases + 1);
    free(readme);
    free(result);
}

Test(campaign_command, a_disk_that_lies_about_flushes_loses_and_the_failure_repeats,
     .timeout = 120)
{
    char *folder = command_file("campaign-lies");
    struct command_result *result =
        run("./latchkey campaign " IMAGE " --interval 5 --policy misreport --out %s", folder, NULL);
    cr_expect_eq(result->status, 1, "%s", result->errors);
    cr_expect_not_null(strstr(result->output, "\nlost: "), "%s", result->output);
    struct command_result *again =
        run("./latchkey campaign repro %s/failure-1", folder, NULL);
    cr_expect_eq(again->status, 1, "%s", again->errors);
    cr_expect_not_null(strstr(again->output, "1 cases, 1 distinct"), "%s", again->output);
    const char *told = strstr(result->output, "phase "), *line = told;
    cr_assert_not_null(told);
    while (line > result->output && line[-1] != '\n')
        line--;
    char first[400];
    (void)snprintf(first, sizeof(first), "%.*s", (int)strcspn(line, "\n"), line);
    cr_expect_not_null(strstr(again->output, first), "%s: %s", first, again->output);
    free(again);
    const char *smallest = strstr(result->output, "\nsmallest: ");
    cr_assert_not_null(smallest, "%s", result->output);
    again = run("./latchkey campaign repro %s/smallest", folder, NULL);
    cr_expect_eq(again->status, 1, "%s", again->errors);
    cr_expect_not_null(strstr(again->output, smallest), "%s: %s", smallest, again->output);
    free(again);
    free(result);
    folder_remove(folder);
}

Test(campaign_command, a_mirrored_pair_is_cut_on_both_disks, .timeout = 120)
{
    char *image = command_file("campaign-pair"), *recipe = command_file("campaign.recipe");
    struct command_result *result =
        run("sed 's/^store pingpong /&volumes 2 mirror /' " LATCHKEY_SOURCE_DIR
            "/disks/recipes/pingpong.recipe > %s", recipe, NULL);
    free(result);
    char command[1000];
    (void)snprintf(command, sizeof(command),
                   "./latchkey disk make %s -o %s && ./latchkey campaign %s %s-1 --interval 5 "
                   "--policy keep,drop,prefix --checkpoints 1 --phase commit --json",
                   recipe, image, image, image);
    result = command_run(command);
    cr_assert_eq(result->status, 0, "%s%s", result->output, result->errors);
    cJSON *object = json_read(result->output, "a pair");
    cr_expect_gt(number(object, "cases"), 20);
    cr_expect_eq(number(object, "failures"), 0);
    const cJSON *cell;
    cJSON_ArrayForEach(cell, cJSON_GetObjectItem(object, "coverage"))
        cr_expect_str_eq(cJSON_GetObjectItem(cell, "phase")->valuestring, "commit");
    cJSON_Delete(object);
    free(result);
    free(run("rm -f %s %s", image, recipe));
    free(run("rm -f %s-1", image, NULL));
    free(image);
    free(recipe);
}

Test(campaign_command, no_step_that_a_domain_was_told_is_durable_is_lost, .timeout = 200)
{
    char *folder = command_file("campaign-commit");
    struct command_result *result =
        run("./latchkey campaign shared-commit.img --workload commit --interval 5 --checkpoints 1 "
            "--policy keep,drop --depth 2 --nested 6 --out %s", folder, NULL);
    cr_expect_eq(result->status, 0, "%s%s", result->output, result->errors);
    free(result);
    folder_remove(folder);
}

Test(campaign_command, jobs_shards_and_merging_do_not_change_the_result, .timeout = 300)
{
    char *one = command_file("campaign-one"), *two = command_file("campaign-two");
    char *other = command_file("campaign-other"), *sum = command_file("campaign-sum");
    run_good(MANY "--jobs 1 --out %s", one);
    run_good(MANY "--jobs 2 --shard 1/2 --out %s", two);
    command_expect_refused(run("./latchkey campaign merge %s", two, NULL), 3, "is in no folder",
                           "merge");
    run_good(MANY "--jobs 3 --shard 2/2 --out %s", other);
    char command[1000];
    (void)snprintf(command, sizeof(command), "./latchkey campaign merge %s %s --out %s", other, two,
                   sum);
    struct command_result *result = command_run(command);
    cr_expect_eq(result->status, 0, "%s", result->errors);
    free(result);
    results_same(one, sum);
    folder_remove(one);
    folder_remove(two);
    folder_remove(other);
    folder_remove(sum);
}

Test(campaign_command, restarts_are_cut_as_well_and_their_cases_repeat, .timeout = 200)
{
    char *folder = command_file("campaign-deep");
    struct command_result *result =
        run(FEW "--depth 3 --nested 6 --sample 12 --seed 4 --out %s --json", folder, NULL);
    cr_assert_eq(result->status, 0, "%s%s", result->output, result->errors);
    cJSON *object = json_read(result->output, "--depth 3");
    cr_expect_gt(number(object, "cases"), 12 + 6 + 6);
    cJSON_Delete(object);
    free(result);
    result = run("grep -m 1 '/.*/' %s/part-000000", folder, NULL);
    char name[400];
    (void)snprintf(name, sizeof(name), "%.*s", (int)strcspn(result->output, "\t"), result->output);
    cr_assert_not_null(strchr(name, '/'), "a case three cuts deep: %s", name);
    struct command_result *again = run(FEW "--case %s --json", name, NULL);
    cr_expect_eq(again->status, 0, "%s", again->errors);
    object = json_read(again->output, name);
    cr_expect_eq(number(object, "cases"), 1);
    cJSON_Delete(object);
    free(again);
    free(result);
    folder_remove(folder);
}

Test(campaign_command, another_campaign_s_folder_is_refused_and_left_as_it_is, .timeout = 120)
{
    char *folder = command_file("campaign-folder");
    run_good(FEW "--out %s", folder);
    char *before = result_text(folder);
    command_expect_refused(run("./latchkey campaign " IMAGE " --interval 7 --out %s", folder, NULL),
                           3, "of another campaign: append differs", "--interval 7");
    char *image = command_file("campaign-changed.img");
    free(run("cp " IMAGE " %s && printf x | dd of=%s bs=1 seek=100000 conv=notrunc 2>/dev/null",
             image, image));
    struct command_result *result =
        run("./latchkey campaign %s --interval 5 --policy keep,drop,prefix --checkpoints 1 "
                 "--out %s", image, folder);
    cr_expect_neq(result->status, 0, "%s", result->output);
    cr_expect(command_one_line(result, ""), "%s", result->errors);
    char *after = result_text(folder);
    cr_expect_str_eq(before, after);
    free(before);
    free(after);
    free(result);
    (void)unlink(image);
    free(image);
    folder_remove(folder);
}

/* What is wrong with the words or the host is one line, before anything is done. */
Test(campaign_command, wrong_words_and_hosts_are_told_in_one_line, .timeout = 120)
{
    static const struct {
        const char *words, *says;
        int status;
    } wrong[] = {
        {"", "no image given", 2},
        {"no-such.img", "no-such.img: No such file", 3},
        {IMAGE " --policy kept", "no kept there", 2},
        {IMAGE " --policy keep,", "no  there", 2},
        {IMAGE " --phase commits", "no commits there", 2},
        {IMAGE " --shard 3/2", "expected I/N", 2},
        {IMAGE " --shard 0/2", "expected I/N", 2},
        {IMAGE " --depth 9", "expected a number in 1..3", 2},
        {IMAGE " --sample 3 --exhaustive", "exclude each other", 2},
        {IMAGE " --workload nothing", "no such workload", 2},
        {IMAGE " --jobs", "needs a value", 2},
        {IMAGE " --media left.img", "--case is missing", 2},
        {IMAGE " --write-log no-such/log", "no-such/log", 3},
        {IMAGE " --sideways", "unknown option", 2},
        {IMAGE " --out ''", "--out: the name is empty", 2},
        {IMAGE " --append 'a\nunits 7'", "--append: expected one line", 2},
        {IMAGE " --kernel no-such.elf", "no-such.elf: No such file", 3},
        {IMAGE " --case event=1", "not the name of a case", 2},
        {IMAGE " --case event=999999,policy=keep", "the run has", 2},
        {IMAGE " --interval 1000000", "switched itself off: ping: 0 bad answers\n", 3},
        {IMAGE " --out kernel.elf", "kernel.elf", 3},
        {IMAGE " --out no-such/folder", "no-such/folder", 3},
        {"kernel.elf", "not a", 3},
        {"merge", "no folder given", 2},
        {"merge --out '' no-such", "--out: the name is empty", 2},
        {"merge no-such", "not the folder of a campaign", 3},
        {"repro", "expected one file", 2},
        {"repro kernel.elf", "kernel.elf", 3},
    };
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        command_expect_refused(run("./latchkey campaign %s", wrong[i].words, NULL), wrong[i].status,
                               wrong[i].says, wrong[i].words);
}
