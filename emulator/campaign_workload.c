/* SPDX-License-Identifier: GPL-2.0-or-later */
/* campaign_workload.c - the workloads that a campaign knows. Contract: campaign.h.
 *
 * A workload is a recipe whose domains say on the console what they promise and what they find
 * (struct campaign_workload), and a line here. One that keeps to the words below needs no more than
 * its name; README.md tells how to add one.
 */
#include <string.h>

#include "emulator/campaign.h"

/* "step N is durable"; in each life "life L begins after step N"; "... is wrong" never. */
#define STEPS                                                                                      \
    .forbidden = no_failure, .wrong = wrong, .promise = durable, .recall = "begins after step "

const struct campaign_workload *campaign_workload_find(const char *name)
{
    static const char durable[] = " is durable", wrong[] = " is wrong";
    static const char *const no_trap[] = {": trap ", "panic", NULL};
    static const char *const no_failure[] = {": trap ", "panic", "failed with code", wrong, NULL};
    static const struct campaign_workload workloads[] = {
        {.name = "demo", .about = "what the images hold, left to itself; no domain may trap",
         .forbidden = no_trap},
        {.name = "commit", .about = "a page that is journalled at each step",
         .forbidden = no_failure, .promise = durable},
        {.name = "transfer", .about = "accounts, and transfers that are journalled first", STEPS},
        {.name = "churn", .about = "keys to nodes that are made, severed and destroyed", STEPS},
        {.name = "paging", .about = "more pages and nodes than there is memory for", STEPS},
        {.name = "mirror", .about = "transfer on a mirrored pair", STEPS}};
    for (size_t i = 0; i < sizeof(workloads) / sizeof(workloads[0]); i++)
        if (strcmp(workloads[i].name, name) == 0)
            return &workloads[i];
    return NULL;
}
