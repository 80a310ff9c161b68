/* SPDX-License-Identifier: GPL-2.0-or-later */
/* campaign_level.c - see campaign_level.h. */
#include "emulator/campaign_level.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/base/memory.h"
#include "emulator/campaign_fault.h"

#define NESTED_CHECKPOINTS 1u /* a restart, the next checkpoint, and its migration */

bool campaign_level_open(struct campaign_run_learned *learned, struct campaign_machine *machine,
                         const struct campaign_view *below, uint64_t media, unsigned checkpoints,
                         struct error *error)
{
    *learned = (struct campaign_run_learned){.log = NULL};
    if (!campaign_log_create(&learned->log, error) ||
        !campaign_machine_learn(machine, below, checkpoints, learned->log, error))
        return false;
    campaign_events_find(learned->log, &learned->events);
    learned->index = campaign_index_create(learned->log, &learned->events, below);
    learned->level = (struct campaign_level){.log = learned->log, .events = &learned->events,
                                             .index = learned->index, .below = below,
                                             .media = media};
    return true;
}

void campaign_level_close(struct campaign_run_learned *learned)
{
    campaign_index_destroy(learned->index);
    campaign_events_finish(&learned->events);
    campaign_log_destroy(learned->log);
    *learned = (struct campaign_run_learned){.log = NULL};
}

static struct campaign_view view_of(const struct campaign_level *level,
                                    const struct campaign_case *which)
{
    return (struct campaign_view){.images = level->below->images, .below = level->below,
                                  .index = level->index, .which = *which};
}

/* A restart that comes to its next checkpoint, and no further: there is nothing more to cut, and
 * that is a finding of its own. */
static bool restart_stuck(const char *path, const struct campaign_depth *depth,
                          const struct error *error)
{
    char full[CAMPAIGN_PATH_BYTES + CAMPAIGN_NAME_BYTES], name[CAMPAIGN_NAME_BYTES];
    struct campaign_result result = {.outcome = OUTCOME_NO_CHECKPOINT};
    const struct campaign_case start = {.event = 0, .policy = CAMPAIGN_KEEP};
    if (error->code != ERROR_FORMAT)
        return false; /* the host's fault */
    campaign_case_name(&start, name);
    (void)snprintf(full, sizeof(full), "%s%s", path, name);
    (void)snprintf(result.text, sizeof(result.text), "%.150s", error->text);
    campaign_part_add(depth->part, full, &result);
    return true;
}

/* Cut the restart of this case. */
static bool restart_cut(struct campaign_machine *machine, const struct campaign_level *level,
                        const struct campaign_case *which, uint64_t media, const char *path,
                        const struct campaign_depth *depth, struct error *error)
{
    struct campaign_run_learned learned;
    struct campaign_view view = view_of(level, which);
    struct campaign_depth below = *depth;
    struct campaign_cases cases = {0};
    below.depth--;
    below.nested.seed = campaign_mix(depth->nested.seed, hash64(path, strlen(path)));
    bool learns = campaign_level_open(&learned, machine, &view, media, NESTED_CHECKPOINTS, error);
    bool good = learns || restart_stuck(path, depth, error);
    if (learns)
        campaign_cases_list(learned.log, &learned.events, &below.nested, &cases);
    if (learns && cases.count > 0)
        good = campaign_level_judge(machine, &learned.level, cases.list, (uint32_t)cases.count,
                                    path, &below, error);
    campaign_cases_finish(&cases);
    campaign_level_close(&learned);
    return good;
}

/* Is this the first of its kind that passed? */
static bool stands_for_all(const struct campaign_result *results, uint32_t index)
{
    for (uint32_t i = 0; i < index; i++)
        if (results[i].recovery == results[index].recovery &&
            results[i].outcome == OUTCOME_PASSED)
            return false;
    return results[index].outcome == OUTCOME_PASSED;
}

bool campaign_level_judge(struct campaign_machine *machine, const struct campaign_level *level,
                          const struct campaign_case *cases, uint32_t count, const char *path,
                          const struct campaign_depth *depth, struct error *error)
{
    struct campaign_result *results = memory_zeroed(count, sizeof(*results));
    for (uint32_t i = 0; i < count; i++)
        campaign_index_touch(level->index, &cases[i]);
    bool good = campaign_unit_run(machine, level, cases, count, results, error);
    for (uint32_t i = 0; i < count && good; i++) {
        char name[CAMPAIGN_NAME_BYTES], full[CAMPAIGN_PATH_BYTES];
        campaign_case_name(&cases[i], name);
        (void)snprintf(full, sizeof(full), "%s%s", path, name);
        results[i].recovery = campaign_mix(hash64(path, strlen(path)), results[i].recovery);
        campaign_part_add(depth->part, full, &results[i]);
        size_t length = strlen(full);
        if (depth->depth < 2 || cases[i].fault || !stands_for_all(results, i) ||
            length + 2 > sizeof(full))
            continue;
        full[length] = CAMPAIGN_PATH_SEPARATOR;
        full[length + 1] = '\0';
        good = restart_cut(machine, level, &cases[i], results[i].media, full, depth, error);
    }
    free(results);
    return good;
}

bool campaign_level_visit(struct campaign_machine *machine, const struct campaign_level *level,
                          const char *path, const char *left,
                          const struct campaign_visitor *visitor, struct error *error)
{
    char name[CAMPAIGN_NAME_BYTES], full[CAMPAIGN_PATH_BYTES];
    struct campaign_case which;
    size_t length = strcspn(left, "/");
    bool last = left[length] == '\0';
    assert(CAMPAIGN_PATH_SEPARATOR == '/');
    (void)snprintf(name, sizeof(name), "%.*s", (int)length, left);
    if (!campaign_case_parse(name, &which, error))
        return false;
    if (!campaign_fault_fits(&which, level->below->images))
        return error_set(error, ERROR_USAGE, "case %.100s: no image has such a place", name);
    if (which.event >= level->events->count || strlen(path) + length + 2 > sizeof(full))
        return error_set(error, ERROR_USAGE, "case %.100s: the run has %zu events", name,
                         level->events->count);
    if (last)
        return visitor->visit(visitor->context, level, path, &which, error);
    (void)snprintf(full, sizeof(full), "%s%s%c", path, name, CAMPAIGN_PATH_SEPARATOR);
    struct campaign_run_learned learned;
    struct campaign_view view = view_of(level, &which);
    uint64_t media;
    campaign_index_touch(level->index, &which);
    campaign_media_hashes(level->index, &which, 1, &media);
    bool good = campaign_level_open(&learned, machine, &view, level->media + media,
                                    NESTED_CHECKPOINTS, error) &&
                campaign_level_visit(machine, &learned.level, full, left + length + 1, visitor,
                                     error);
    campaign_level_close(&learned);
    return good;
}

struct repeating {
    struct campaign_machine *machine;
    struct byte_writer *part;
    const char *media;
};

static bool case_repeat(void *context, const struct campaign_level *level, const char *path,
                        const struct campaign_case *which, struct error *error)
{
    const struct repeating *repeating = context;
    const struct campaign_depth depth = {.depth = 1, .part = repeating->part};
    struct campaign_view view = view_of(level, which);
    return (!repeating->media || campaign_view_save(&view, repeating->media, error)) &&
           campaign_level_judge(repeating->machine, level, which, 1, path, &depth, error);
}

bool campaign_level_repeat(struct campaign_machine *machine, const struct campaign_level *level,
                           const char *name, const char *media, struct byte_writer *part,
                           struct error *error)
{
    struct repeating repeating = {machine, part, media};
    const struct campaign_visitor visitor = {&repeating, case_repeat};
    return campaign_level_visit(machine, level, "", name, &visitor, error);
}
