/* SPDX-License-Identifier: GPL-2.0-or-later */
/* campaign_fault_test.c - power cuts on disks with faults: on one disk what is left is right or
 * refused, on a mirrored pair nothing is lost, also when one of it dies while it runs. Writes that
 * are lost where there are two copies: bench/campaign_release. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support_campaign.h"
#include "tests/support_command.h"

#define PAIR "shared-mirror.img shared-mirror-1.img --workload mirror --interval 5 --checkpoints 1 "

Test(campaign_fault, one_disk_is_right_or_refused, .timeout = 300)
{
    cJSON *object = campaign_passes("shared-commit.img --workload commit --interval 5 "
                                    "--checkpoints 1 --policy keep "
                                    "--faults unreadable,flip,lost,misdirected --sample 500");
    cr_expect_eq(campaign_count(object, "cases"), 500);
    cr_expect_gt(campaign_count(object, "faulty"), 400);
    cr_expect_gt(campaign_count(object, "refused"), 5);
    cr_expect_lt(campaign_count(object, "refused"), 250,
                 "most places have a copy, or are not used");
    cJSON_Delete(object);
}

Test(campaign_fault, a_mirrored_pair_survives_each, .timeout = 300)
{
    cJSON *object = campaign_passes(PAIR "--policy keep,drop --sample 400 "
                                         "--faults unreadable,flip,dead");
    cr_expect_gt(campaign_count(object, "faulty"), 200);
    cr_expect_eq(campaign_count(object, "refused"), 0);
    cJSON_Delete(object);
}

Test(campaign_fault, either_disk_may_die_while_it_runs, .timeout = 300)
{
    static const char *const dying[] = {"disk0.dead@ns=9000000", "disk1.dead@ns=5000000"};
    for (size_t i = 0; i < 2; i++) {
        char words[300];
        (void)snprintf(words, sizeof(words), PAIR "--sample 250 --fault %s", dying[i]);
        cJSON_Delete(campaign_passes(words));
    }
}

/* The first case of a campaign that has a certain fault is the same when it is asked for alone. */
Test(campaign_fault, a_case_with_a_fault_repeats, .timeout = 300)
{
    static const char words[] = "./latchkey campaign shared-commit.img --workload commit "
                                "--interval 5 --checkpoints 1 --policy keep";
    char command[1000], name[200], *folder = command_file("fault-folder");
    (void)snprintf(command, sizeof(command), "%s --faults flip --sample 300 --out %s >/dev/null; "
                   "grep -h refused %s/part-* | head -1 | cut -f1", words, folder, folder);
    struct command_result *result = command_run(command);
    (void)snprintf(name, sizeof(name), "%.*s", (int)strcspn(result->output, "\n"), result->output);
    cr_assert_not_null(strstr(name, ",fault=flip,on=0,sector="), "%s", result->errors);
    free(result);
    (void)snprintf(command, sizeof(command), "rm -rf %s; %s --case %s", folder, words, name);
    result = command_run(command);
    cr_expect_eq(result->status, 0, "%s", result->errors);
    cr_expect_not_null(strstr(result->output, "1 with a fault besides the cut: 1 refused"), "%s",
                       result->output);
    free(result);
    free(folder);
}

Test(campaign_fault, a_place_that_is_not_there_is_told_in_one_line)
{
    static const char *const wrong[] = {
        "--faults bent", "--fault disk0.bent", "--case event=1,policy=keep,fault=dead,on=1",
        "--case event=1,policy=keep,fault=flip,on=0,sector=8,bit=4096",
        "--case event=1,policy=keep,fault=lost,on=0,sector=9",
        "--case event=1,policy=keep,fault=unreadable,on=0,sector=8000000"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        char command[500];
        (void)snprintf(command, sizeof(command), "./latchkey campaign shared-commit.img "
                       "--interval 5 --checkpoints 1 %s", wrong[i]);
        command_expect_refused(command_run(command), 2, "", command);
    }
}
