/* SPDX-License-Identifier: GPL-2.0-or-later */
/* support_campaign.c - see support_campaign.h. */
#include "tests/support_campaign.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/support_command.h"

cJSON *campaign_passes(const char *words)
{
    char command[500];
    (void)snprintf(command, sizeof(command), "./latchkey campaign %s --json", words);
    struct command_result *result = command_run(command);
    cr_assert_eq(result->status, 0, "%s: %s%s", words, result->output, result->errors);
    cJSON *object = cJSON_Parse(result->output);
    cr_assert_not_null(object, "%s: %s", words, result->output);
    cr_expect_eq(campaign_count(object, "failures"), 0);
    free(result);
    return object;
}

double campaign_count(const cJSON *object, const char *name)
{
    const cJSON *item = cJSON_GetObjectItem(object, name);
    cr_assert(cJSON_IsNumber(item), "%s", name);
    return item->valuedouble;
}
