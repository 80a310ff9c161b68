/* SPDX-License-Identifier: GPL-2.0-or-later */
/* campaign_workload_test.c - each workload of power-fail campaigns (emulator/campaign_workload.c)
 * comes through one; and each of their invariants is noticed when it does not hold: a domain that
 * promises too early, and one that brings back a page that is newer than what belongs to it. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/support_campaign.h"
#include "tests/support_command.h"

#define HASTY_PAGES_MAX 8u

/* Nothing is lost, in so many cases and restarts at least. */
static void comes_through(const char *words, const char *which, double cases, double recoveries)
{
    char all[400];
    (void)snprintf(all, sizeof(all), "%s %s", words, which);
    cJSON *object = campaign_passes(all);
    cr_expect_geq(campaign_count(object, "cases"), cases, "%s", all);
    cr_expect_geq(campaign_count(object, "recoveries"), recoveries, "%s", all);
    cJSON_Delete(object);
}

Test(campaign_workload, no_transfer_is_lost_or_made_twice, .timeout = 300)
{
    comes_through("shared-transfer.img --workload transfer --interval 5 --checkpoints 1",
                  "--draws 8", 1000, 80);
}

Test(campaign_workload, what_was_rescinded_stays_void_and_what_was_not_does_not, .timeout = 300)
{
    comes_through("shared-churn.img --workload churn --interval 20", "--draws 8", 1000, 40);
}

Test(campaign_workload, what_was_paged_out_is_there, .timeout = 300)
{
    static const char words[] = "shared-paging.img --workload paging --ram 16 --checkpoints 1 "
                                "--seed 1";
    comes_through(words, "--interval 450 --sample 80", 80, 3);
    comes_through(words, "--interval 550 --phase none --sample 40", 40, 2); /* room is short */
}

Test(campaign_workload, a_mirrored_pair_is_of_one_moment, .timeout = 300)
{
    comes_through("shared-mirror.img shared-mirror-1.img --workload mirror --interval 5 "
                  "--checkpoints 1", "--sample 600 --seed 1", 600, 60);
}

/* All subsets of the writes that restarts read lead to the restarts that all subsets lead to. */
Test(campaign_workload, subsets_of_what_is_read_are_all_that_matter, .timeout = 300)
{
    static const char words[] = "shared-churn.img --workload churn --policy subset --draws 0";
    char all[400];
    (void)snprintf(all, sizeof(all), "%s --subsets 8", words);
    cJSON *plain = campaign_passes(all);
    (void)snprintf(all, sizeof(all), "%s --subsets 0 --subsets read", words);
    cJSON *few = campaign_passes(all);
    cr_expect_eq(campaign_count(few, "incomplete"), 0);
    cr_expect_gt(campaign_count(few, "recoveries"), 5);
    cr_expect_eq(campaign_count(few, "recoveries"), campaign_count(plain, "recoveries"));
    cr_expect_lt(campaign_count(few, "cases"), campaign_count(plain, "cases"));
    cJSON_Delete(plain);
    cJSON_Delete(few);
}

/* With a recipe that was changed so, a campaign fails, and says this. */
static void is_noticed(const char *name, const char *change, const char *words, const char *says)
{
    char command[2000], *image = command_file("lie.img"), *recipe = command_file("lie.recipe");
    (void)snprintf(command, sizeof(command),
                   "(%s) < " LATCHKEY_SOURCE_DIR "/disks/recipes/%s.recipe > %s && "
                   "./latchkey disk make %s -o %s && ./latchkey campaign %s --workload %s %s",
                   change, name, recipe, recipe, image, image, name, words);
    struct command_result *result = command_run(command);
    cr_expect_eq(result->status, 1, "%s, %s: %s%s", name, change, result->output, result->errors);
    cr_expect_not_null(strstr(result->output, says), "%s, %s: %s%s", name, change, result->output,
                       result->errors);
    free(result);
    (void)unlink(image);
    (void)unlink(recipe);
    free(image);
    free(recipe);
}

Test(campaign_workload, a_promise_before_the_commit_is_noticed, .timeout = 300)
{
    static const char lie[] = "sed 's/argument 0 0/argument 0 1/'";
    is_noticed("transfer", lie, "--interval 5 --checkpoints 1 --policy keep,drop",
               "had been called durable, and it goes on after");
    is_noticed("churn", lie, "--interval 20 --policy keep,drop",
               "had been called durable, and it goes on after");
}

/* With hasty.c on the first pages of a segment besides. */
static void hasty_is_noticed(const char *name, const char *segment, unsigned pages,
                             const char *change, const char *words)
{
    char all[1000];
    int used = snprintf(all, sizeof(all), "sed '%s'; printf 'domain hasty {\\nargument 0 %u\\n"
                        "program domains/hasty.elf\\nkey 8 = journal\\nrun\\n", change, pages);
    cr_assert_leq(pages, HASTY_PAGES_MAX);
    for (unsigned page = 0; page < pages; page++)
        used += snprintf(all + used, sizeof(all) - (size_t)used, "key %u = page %s %u\\n", page,
                         segment, page);
    (void)snprintf(all + used, sizeof(all) - (size_t)used, "}\\n'");
    is_noticed(name, all, words, "is wrong");
}

Test(campaign_workload, memory_of_two_moments_is_noticed, .timeout = 300)
{
    hasty_is_noticed("transfer", "accounts", 8, "",
                     "--interval 5 --checkpoints 1 --policy keep,drop");
    hasty_is_noticed("paging", "field", 8,
                     "s/argument 0 3584/argument 0 64/; s/range nodes 0 2000/range nodes 0 64/",
                     "--ram 16 --interval 20 --checkpoints 1 --policy keep,drop");
}

Test(campaign_workload, keys_of_two_moments_are_noticed, .timeout = 300)
{
    hasty_is_noticed("churn", "model", 1, "", "--interval 20 --policy keep,drop");
}
