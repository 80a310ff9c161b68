/* SPDX-License-Identifier: GPL-2.0-or-later */
/* campaign_result.c - adds up the parts of a campaign. Contract: campaign_result.h.
 *
 * Sums, sets and counts only, so that the order of the parts does not matter.
 */
#include "emulator/campaign_result.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/base/json.h"
#include "emulator/base/memory.h"
#include "emulator/base/text.h"
#include "emulator/campaign_numbers.h"
#include "emulator/campaign_smallest.h"
#include "emulator/machine.h"

struct summing {
    struct campaign_summary *summary;
    struct campaign_numbers media, recoveries, restarts, states;
};

static void failure_keep(struct campaign_summary *summary, const char *name,
                         const struct campaign_result *result)
{
    if (summary->listed == CAMPAIGN_FAILURES_MAX)
        return;
    if (!summary->list)
        summary->list = memory_zeroed(CAMPAIGN_FAILURES_MAX, sizeof(*summary->list));
    struct campaign_failure *failure = &summary->list[summary->listed++];
    (void)snprintf(failure->name, sizeof(failure->name), "%s", name);
    failure->result = *result;
}

static void digest_sum(struct campaign_summary *summary, const char *name,
                       const struct campaign_result *result)
{
    struct byte_writer line = {0};
    struct digest_state *state = digest_create();
    campaign_part_add(&line, name, result);
    digest_add(state, line.data, line.size_bytes);
    struct digest digest = digest_end(state);
    summary->digest.low += digest.low;
    summary->digest.high += digest.high;
    writer_finish(&line);
}

static void case_take(void *context, const char *name, const struct campaign_result *result)
{
    struct summing *summing = context;
    struct campaign_summary *summary = summing->summary;
    const char *last = strrchr(name, CAMPAIGN_PATH_SEPARATOR);
    struct campaign_case which;
    struct error ignored;
    summary->cases++;
    digest_sum(summary, name, result);
    campaign_numbers_add(&summing->media, result->media);
    campaign_numbers_add(&summing->recoveries, result->recovery);
    campaign_numbers_add(&summing->states, result->digest.low);
    if (result->restart_ns)
        campaign_numbers_add(&summing->restarts, result->restart_ns);
    if (!campaign_case_parse(last ? last + 1 : name, &which, &ignored))
        which = (struct campaign_case){.policy = CAMPAIGN_KEEP}; /* somebody made it up */
    summary->faulty += which.fault > 0;
    if (result->outcome == OUTCOME_PASSED) {
        summary->refused += result->text[0] != '\0';
        summary->passed[result->phase][which.policy]++;
        return;
    }
    summary->failed[result->phase][which.policy]++;
    summary->failures++;
    if (result->outcome == OUTCOME_NONE)
        summary->unjudged++;
    else if (campaign_outcome_is_liveness(result->outcome))
        summary->liveness++;
    else
        summary->safety++;
    failure_keep(summary, name, result);
}

bool campaign_parts_take(const struct campaign_parts *parts, uint64_t unit, void *context,
                        void (*take)(void *context, const char *name,
                                     const struct campaign_result *result))
{
    for (unsigned i = 0; i < parts->count; i++)
        if (campaign_part_read(parts->folders[i], parts->plan->hash, unit, context, take))
            return true;
    return false;
}

bool campaign_parts_have(const struct campaign_parts *parts, uint64_t unit)
{
    return unit % parts->shard_count == parts->shard;
}

static void summary_close(struct summing *summing)
{
    struct campaign_summary *summary = summing->summary;
    summary->distinct = campaign_numbers_distinct(&summing->media);
    summary->recoveries = campaign_numbers_distinct(&summing->recoveries);
    summary->states = campaign_numbers_distinct(&summing->states);
    (void)campaign_numbers_distinct(&summing->restarts);
    if (summing->restarts.count > 0) {
        summary->restart_min_ns = summing->restarts.list[0];
        summary->restart_median_ns = summing->restarts.list[summing->restarts.count / 2];
        summary->restart_max_ns = summing->restarts.list[summing->restarts.count - 1];
    }
    campaign_numbers_finish(&summing->media);
    campaign_numbers_finish(&summing->recoveries);
    campaign_numbers_finish(&summing->restarts);
    campaign_numbers_finish(&summing->states);
}

bool campaign_sum(const struct campaign_parts *parts, struct campaign_summary *summary,
                  struct error *error)
{
    const struct campaign_plan *plan = parts->plan;
    struct summing summing = {.summary = summary};
    bool good = true;
    *summary = (struct campaign_summary){.events = plan->events,
                                         .instructions = plan->instructions,
                                         .units = plan->units, .policies = plan->policies,
                                         .draws = plan->draws, .subsets = plan->subsets,
                                         .reads = plan->reads, .incomplete = plan->incomplete,
                                         .sample = plan->sample};
    const char *end = strstr(plan->text, "\nmark-");
    summary->facts = memory_must(end ? strndup(plan->text, (size_t)(end - plan->text))
                                     : strdup(plan->text));
    for (uint64_t unit = 0; unit < plan->units && good; unit++) {
        if (!campaign_parts_have(parts, unit))
            summary->units_missing++;
        else if (!campaign_parts_take(parts, unit, &summing, case_take))
            good = error_set(error, ERROR_FORMAT, "campaign: unit %" PRIu64 " of %" PRIu64
                             " is in no folder, or not whole", unit, plan->units);
    }
    summary_close(&summing);
    return good;
}

void campaign_summary_finish(struct campaign_summary *summary)
{
    free(summary->list);
    free(summary->command);
    free(summary->facts);
    free(summary->smallest);
    *summary = (struct campaign_summary){.list = NULL};
}

/* --- result.json --- */

static void coverage_put(cJSON *object, const struct campaign_summary *summary)
{
    cJSON *coverage = cJSON_AddArrayToObject(object, "coverage");
    for (unsigned phase = 0; phase < TRACE_PHASE_COUNT; phase++)
        for (unsigned policy = 0; policy < CAMPAIGN_POLICY_COUNT; policy++) {
            if (summary->passed[phase][policy] + summary->failed[phase][policy] == 0)
                continue;
            cJSON *cell = cJSON_CreateObject();
            cJSON_AddStringToObject(cell, "phase", phase ? machine_phase_name(phase) : "none");
            cJSON_AddStringToObject(cell, "policy", campaign_policy_name(policy));
            json_count_add(cell, "passed", summary->passed[phase][policy]);
            json_count_add(cell, "failed", summary->failed[phase][policy]);
            cJSON_AddItemToArray(coverage, cell);
        }
}

static void failures_put(cJSON *object, const struct campaign_summary *summary)
{
    cJSON *list = cJSON_AddArrayToObject(object, "failed");
    for (size_t i = 0; i < summary->listed; i++) {
        const struct campaign_result *result = &summary->list[i].result;
        cJSON *failure = cJSON_CreateObject();
        json_text_add(failure, "case", summary->list[i].name);
        cJSON_AddStringToObject(failure, "outcome", campaign_outcome_name(result->outcome));
        cJSON_AddStringToObject(failure, "phase",
                                result->phase ? machine_phase_name(result->phase) : "none");
        json_count_add(failure, "instructions", result->instructions);
        json_text_add(failure, "why", result->text);
        if (summary->command) {
            struct byte_writer line = {0};
            text_add(&line, "%s --case %s%c", summary->command, summary->list[i].name, 0);
            json_text_add(failure, "repro", (const char *)line.data);
            writer_finish(&line);
        }
        cJSON_AddItemToArray(list, failure);
    }
}

static void smallest_put(cJSON *object, const struct campaign_summary *summary)
{
    char *command = campaign_smallest_command(summary);
    cJSON *smallest = cJSON_AddObjectToObject(object, "smallest");
    json_text_add(smallest, "why", summary->smallest);
    json_text_add(smallest, "repro", command);
    free(command);
}

/* Lines of a word and its value. */
static void facts_put(cJSON *object, const struct campaign_summary *summary)
{
    cJSON *facts = cJSON_AddObjectToObject(object, "plan");
    for (const char *at = summary->facts; at && *at;) {
        char word[32], value[512];
        size_t length = strcspn(at, "\n"), first = strcspn(at, " \n");
        (void)snprintf(word, sizeof(word), "%.*s", (int)first, at);
        (void)snprintf(value, sizeof(value), "%.*s", (int)(length - first), at + first);
        json_text_add(facts, word, value[0] == ' ' ? value + 1 : value);
        at += length + (at[length] == '\n');
    }
}

/* What campaign.h says of the numbers holds for the status, too. */
int campaign_summary_status(const struct campaign_summary *summary)
{
    if (summary->safety + summary->unjudged > 0)
        return 1;
    return summary->liveness > 0 ? CAMPAIGN_STATUS_LIVENESS : 0;
}

bool campaign_summary_whole(const struct campaign_summary *summary)
{
    return summary->sample == 0 && strstr(summary->facts, "\nphases 0\n") != NULL;
}

char *campaign_summary_json(const struct campaign_summary *summary)
{
    char digest[33];
    cJSON *object = cJSON_CreateObject();
    json_count_add(object, "cases", summary->cases);
    json_count_add(object, "distinct", summary->distinct);
    json_count_add(object, "recoveries", summary->recoveries);
    json_count_add(object, "states", summary->states);
    json_count_add(object, "failures", summary->failures);
    json_count_add(object, "safety", summary->safety);
    json_count_add(object, "liveness", summary->liveness);
    json_count_add(object, "unjudged", summary->unjudged);
    digest_text(summary->digest, digest);
    cJSON_AddStringToObject(object, "digest", digest);
    json_count_add(object, "events", summary->events);
    json_count_add(object, "instructions", summary->instructions);
    json_count_add(object, "faulty", summary->faulty);
    json_count_add(object, "refused", summary->refused);
    json_count_add(object, "draws", summary->draws);
    json_count_add(object, "subsets", summary->subsets);
    if (summary->reads)
        json_count_add(object, "incomplete", summary->incomplete);
    json_count_add(object, "sample", summary->sample);
    cJSON_AddBoolToObject(object, "every_event", campaign_summary_whole(summary));
    json_count_add(object, "units", summary->units);
    json_count_add(object, "units_missing", summary->units_missing);
    json_count_add(object, "restart_min_ns", summary->restart_min_ns);
    json_count_add(object, "restart_median_ns", summary->restart_median_ns);
    json_count_add(object, "restart_max_ns", summary->restart_max_ns);
    cJSON_AddNumberToObject(object, "status", campaign_summary_status(summary));
    if (summary->command)
        json_text_add(object, "command", summary->command);
    if (summary->smallest)
        smallest_put(object, summary);
    facts_put(object, summary);
    coverage_put(object, summary);
    failures_put(object, summary);
    return json_text(object);
}
