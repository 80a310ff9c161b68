/* SPDX-License-Identifier: GPL-2.0-or-later */
/* campaign_planted_test.c - kernels with an error on purpose (support_planted.h), each of which the
 * smallest campaign that can find it does find, under the right name, while the kernel as it is
 * passes the same campaign; and is made small and told in one line, whose command repeats it. */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support_command.h"
#include "tests/support_planted.h"

#define OLDER_HEADER 5u /* in planted_kernels */
#define SAMPLED "shared-witness.img --checkpoints 2 --policy subset"

static struct command_result *campaign(const char *words, const char *kernel)
{
    char command[2 * PLANTED_PATH_BYTES];
    (void)snprintf(command, sizeof(command), "./latchkey campaign %s --interval 5 --kernel %s",
                   words, kernel);
    return command_run(command);
}

/* The line of the smallest failure; the caller frees it. */
static char *smallest(const struct command_result *result)
{
    const char *line = strstr(result->output, "\nsmallest: ");
    cr_assert_not_null(line, "%s%s", result->output, result->errors);
    return strndup(line + 1, strcspn(line + 1, "\n"));
}

/* What is typed by hand fails in the same way, at the same instruction: all of the line is there
 * again. */
static void expect_again(const struct planted *planted, const char *line)
{
    char command[2 * PLANTED_PATH_BYTES];
    const char *words = strstr(line, "; again: latchkey ");
    cr_assert_not_null(words, "%s", line);
    (void)snprintf(command, sizeof(command), "./%s", words + strlen("; again: "));
    struct command_result *result = command_run(command);
    cr_expect_eq(result->status, planted->status, "%s: %d", command, result->status);
    char *again = smallest(result);
    cr_expect_str_eq(again, line);
    free(again);
    free(result);
}

static void expect_smallest(const struct planted *planted, const struct command_result *result)
{
    char phase[100], start[100];
    char *line = smallest(result);
    (void)snprintf(start, sizeof(start), "smallest: %s: ", planted->outcome);
    cr_expect_eq(strncmp(line, start, strlen(start)), 0, "%s", line);
    (void)snprintf(phase, sizeof(phase), "; phase %s, instruction ", planted->phase);
    cr_expect_not_null(strstr(line, phase), "%s: %s", planted->name, line);
    cr_expect_not_null(strstr(line, planted->write), "%s: %s", planted->name, line);
    cr_expect_not_null(strstr(line, planted->symbol), "%s: %s", planted->name, line);
    expect_again(planted, line);
    free(line);
}

static void expect_found(const struct planted *planted)
{
    char kernel[PLANTED_PATH_BYTES], outcome[100];
    struct error error;
    struct command_result *result = campaign(planted->campaign, "kernel.elf");
    cr_expect_eq(result->status, 0, "the kernel as it is: %s%s", result->output, result->errors);
    free(result);
    cr_assert(planted_build(planted, kernel, &error), "%s", error.text);
    result = campaign(planted->campaign, kernel);
    cr_expect_eq(result->status, planted->status, "%s: %d: %s%s", planted->name, result->status,
                 result->output, result->errors);
    (void)snprintf(outcome, sizeof(outcome), "\n%s: ", planted->outcome);
    cr_expect_not_null(strstr(result->output, outcome), "%s: %s", planted->name, result->output);
    expect_smallest(planted, result);
    free(result);
}

ParameterizedTestParameters(campaign_planted, every_planted_kernel_is_found)
{
    static unsigned numbers[PLANTED_KERNELS];
    for (unsigned i = 0; i < PLANTED_KERNELS; i++)
        numbers[i] = i;
    return cr_make_param_array(unsigned, numbers, PLANTED_KERNELS);
}

ParameterizedTest(unsigned *number, campaign_planted, every_planted_kernel_is_found,
                  .timeout = 300)
{
    expect_found(&planted_kernels[*number]);
}

/* One checkpoint alone shows nothing: it takes one before the cut and one of the restart. */
Test(campaign_planted, a_failure_of_a_cut_restart_is_made_small_and_repeats, .timeout = 300)
{
    const struct planted *planted = &planted_kernels[OLDER_HEADER];
    char kernel[PLANTED_PATH_BYTES];
    struct error error;
    cr_assert_str_eq(planted->name, "older-header-skipped");
    cr_assert(planted_build(planted, kernel, &error), "%s", error.text);
    struct command_result *result =
        campaign("shared-witness.img --checkpoints 1 --policy keep,torn --depth 2 --nested 100 "
                 "--sample 30", kernel);
    cr_expect_eq(result->status, planted->status, "%s", result->output);
    char *line = smallest(result);
    cr_expect_not_null(strstr(line, "/event="), "%s", line);
    cr_expect_not_null(strstr(line, "generation 3"), "%s", line);
    expect_again(planted, line);
    free(line);
    free(result);
}

/* Whatever a campaign met first, it goes back to the earliest event and the fewest writes. */
Test(campaign_planted, a_sample_comes_to_the_same_smallest_failure_as_all_cases, .timeout = 300)
{
    char kernel[PLANTED_PATH_BYTES];
    struct error error;
    cr_assert(planted_build(&planted_kernels[0], kernel, &error), "%s", error.text);
    struct command_result *all = campaign(SAMPLED, kernel);
    char *expected = smallest(all);
    for (unsigned seed = 1; seed <= 2; seed++) {
        char words[100];
        (void)snprintf(words, sizeof(words), SAMPLED " --sample 300 --seed %u", seed);
        struct command_result *some = campaign(words, kernel);
        char *line = smallest(some);
        cr_expect_str_eq(line, expected, "seed %u", seed);
        free(line);
        free(some);
    }
    free(expected);
    free(all);
}

Test(campaign_planted, a_place_that_the_kernel_has_no_more_is_one_clear_line, .timeout = 60)
{
    static const char *const gone[] = {"no kernel says this", "#include"};
    struct planted planted = {.name = "gone", .file = "checkpoint.c", .to = "anything"};
    for (size_t i = 0; i < sizeof(gone) / sizeof(gone[0]); i++) {
        char path[PLANTED_PATH_BYTES];
        struct error error;
        planted.from = gone[i];
        cr_assert_not(planted_build(&planted, path, &error));
        cr_expect_eq(error.code, ERROR_FORMAT);
        cr_expect_not_null(strstr(error.text, "planted kernel gone: kernel/checkpoint.c says `"),
                           "%s", error.text);
        cr_expect_null(strchr(error.text, '\n'), "%s", error.text);
    }
}
