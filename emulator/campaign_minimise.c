/* SPDX-License-Identifier: GPL-2.0-or-later */
/* campaign_minimise.c - looks for smaller failures among cases that it makes. Contract:
 * campaign_minimise.h.
 *
 * Writes are requests first; only where no set of whole requests fails, sectors; where there are
 * too many of these or no set of them fails, halves of requests; and at last what the failure's own
 * policy can leave at that event.
 */
#include "emulator/campaign_minimise.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/base/memory.h"

#define CHUNK_CASES 512u    /* judged together; the first that fails ends the search */
#define EARLIER_CASES 8192u /* of a sample: so many of what was left out are looked at */
#define PAIRS_OF_MAX 24u    /* of so many writes all pairs are tried */

struct minimising {
    struct campaign_machine *machine;
    const struct campaign_minimise_request *request;
    struct campaign_minimal *minimal;
    const struct campaign_level *level;
    struct campaign_pending pending; /* at the event */
    struct campaign_case best;
    struct campaign_cases cases; /* to be tried */
    struct error *error;
};

static bool same_way(const struct minimising *minimising, const struct campaign_result *result)
{
    return result->outcome == minimising->minimal->result.outcome;
}

/* Judge what is listed until one fails in the same way: that is the best from now on. *found: one
 * did. The list is empty afterwards. */
static bool first_failing(struct minimising *minimising, bool *found)
{
    struct campaign_result *results = memory_zeroed(CHUNK_CASES, sizeof(*results));
    struct campaign_cases *cases = &minimising->cases;
    bool good = true;
    *found = false;
    for (size_t at = 0; at < cases->count && good && !*found; at += CHUNK_CASES) {
        size_t left = cases->count - at, count = left < CHUNK_CASES ? left : CHUNK_CASES;
        good = campaign_unit_run(minimising->machine, minimising->level, cases->list + at,
                                 (uint32_t)count, results, minimising->error);
        for (size_t i = 0; i < count && good && !*found; i++) {
            if (!same_way(minimising, &results[i]))
                continue;
            *found = true;
            minimising->best = cases->list[at + i];
            minimising->minimal->result = results[i];
        }
    }
    cases->count = 0;
    free(results);
    return good;
}

static void case_try(struct minimising *minimising, struct campaign_case added)
{
    struct campaign_cases *cases = &minimising->cases;
    cases->list = memory_grow(cases->list, cases->count, &cases->capacity, sizeof(*cases->list));
    cases->list[cases->count++] = added;
}

/* Those cases of the request, without sampling, that wanted() says. */
static void cases_try(struct minimising *minimising, uint32_t policies,
                      bool (*wanted)(const struct campaign_case *best,
                                     const struct campaign_case *other),
                      size_t max)
{
    struct campaign_request request = *minimising->request->cases;
    struct campaign_cases all;
    request.sample = 0;
    request.policies = policies;
    campaign_cases_list(minimising->level->log, minimising->level->events, &request, &all);
    for (size_t i = 0; i < all.count && minimising->cases.count < max; i++)
        if (wanted(&minimising->best, &all.list[i]))
            case_try(minimising, all.list[i]);
    campaign_cases_finish(&all);
}

static bool is_earlier(const struct campaign_case *best, const struct campaign_case *other)
{
    return other->event < best->event;
}

/* --- fewer writes --- */

static struct campaign_case masked(const struct minimising *minimising,
                                   enum campaign_choice choice, uint64_t mask)
{
    const struct campaign_case *best = &minimising->best;
    return (struct campaign_case){.event = best->event, .policy = CAMPAIGN_SUBSET,
                                  .choice = (uint8_t)choice, .argument = mask,
                                  .fault = best->fault, .fault_disk = best->fault_disk,
                                  .fault_sector = best->fault_sector,
                                  .fault_argument = best->fault_argument};
}

/* None, one, or two of them. */
static bool few_try(struct minimising *minimising, enum campaign_choice choice, unsigned bits,
                    bool *found)
{
    case_try(minimising, masked(minimising, choice, 0));
    for (unsigned i = 0; i < bits; i++)
        case_try(minimising, masked(minimising, choice, 1ull << i));
    for (unsigned i = 0; i < bits && bits <= PAIRS_OF_MAX; i++)
        for (unsigned j = i + 1; j < bits; j++)
            case_try(minimising, masked(minimising, choice, 1ull << i | 1ull << j));
    return first_failing(minimising, found);
}

/* Those that the failure keeps, wholly or in part. */
static uint64_t mask_kept(const struct minimising *minimising, bool requests,
                          const uint64_t *keys, unsigned bits)
{
    uint64_t mask = 0;
    for (unsigned disk = 0; disk < BOARD_DISK_COUNT_MAX; disk++) {
        const struct campaign_cached_list *cached = &minimising->pending.disks[disk];
        for (size_t i = 0; i < cached->count; i++) {
            const struct campaign_cached *one = &cached->list[i];
            uint64_t key = campaign_pending_key(disk, requests ? one->request : one->order);
            bool kept = campaign_case_keeps(minimising->level->index, &minimising->best, disk,
                                            one);
            for (unsigned bit = 0; bit < bits && kept; bit++)
                if (keys[bit] == key)
                    mask |= 1ull << bit;
        }
    }
    return mask;
}

/* Take one after the other away, as long as it still fails. */
static bool greedy_try(struct minimising *minimising, enum campaign_choice choice, uint64_t mask,
                       bool *found)
{
    bool less = true, good = true;
    case_try(minimising, masked(minimising, choice, mask));
    good = first_failing(minimising, found);
    while (good && *found && less) {
        mask = minimising->best.argument;
        for (uint64_t left = mask; left; left &= left - 1)
            case_try(minimising, masked(minimising, choice, mask & ~(left & -left)));
        good = first_failing(minimising, &less);
    }
    return good;
}

static bool masks_try(struct minimising *minimising, enum campaign_choice choice, bool *found)
{
    uint64_t keys[CAMPAIGN_MASK_BITS];
    bool requests = choice != CHOICE_MASK;
    unsigned bits = campaign_pending_few(&minimising->pending, requests, keys);
    if (bits > CAMPAIGN_MASK_BITS)
        bits = CAMPAIGN_MASK_BITS;
    uint64_t mask = mask_kept(minimising, requests, keys, bits);
    return few_try(minimising, choice, bits, found) &&
           (*found || greedy_try(minimising, choice, mask, found));
}

/* What the same policy leaves at the same event, fewer first: prefixes are listed by length, those
 * with nothing of other disks before. */
static bool is_smaller(const struct campaign_case *best, const struct campaign_case *other)
{
    return other->event == best->event &&
           (other->others < best->others ||
            (other->others == best->others && other->argument < best->argument));
}

static bool policy_try(struct minimising *minimising, bool *found)
{
    *found = false;
    if (minimising->best.policy == CAMPAIGN_SUBSET)
        return true;
    cases_try(minimising, 1u << minimising->best.policy, is_smaller, EARLIER_CASES);
    return first_failing(minimising, found);
}

static void pending_find(struct minimising *minimising)
{
    const struct campaign_log *log = minimising->level->log;
    uint64_t end = minimising->level->events->list[minimising->best.event].records;
    for (uint64_t i = 0; i < end; i++)
        campaign_pending_follow(&minimising->pending, &log->records[i]);
}

static bool writes_reduce(struct minimising *minimising)
{
    bool found = false, honest = minimising->best.policy != CAMPAIGN_MISREPORT;
    return !honest || (masks_try(minimising, CHOICE_REQUESTS, &found) &&
                       (found || masks_try(minimising, CHOICE_MASK, &found)) &&
                       (found || masks_try(minimising, CHOICE_HALVES, &found)) &&
                       (found || policy_try(minimising, &found)));
}

/* --- a shorter run --- */

static bool run_shorten(struct minimising *minimising)
{
    const struct campaign_events *events = minimising->level->events;
    uint64_t commits = events->list[minimising->best.event].promised - events->list[0].promised;
    unsigned least = commits < 1 ? 1 : (unsigned)commits;
    const struct campaign_level *level = minimising->level;
    bool good = true, found = false;
    for (unsigned count = least; count < minimising->request->checkpoints && good && !found;
         count++) {
        struct campaign_run_learned learned;
        good = campaign_level_open(&learned, minimising->machine, level->below, level->media,
                                   count, minimising->error);
        minimising->level = &learned.level;
        if (good && minimising->best.event < learned.events.count) {
            case_try(minimising, minimising->best);
            good = first_failing(minimising, &found);
        }
        minimising->level = level;
        campaign_level_close(&learned);
        if (found)
            minimising->minimal->checkpoints = count;
    }
    return good;
}

/* --- the write that matters --- */

/* The newest write whose loss alone fails, where nothing survives. */
static bool lost_find(struct minimising *minimising, uint64_t *key, bool *found)
{
    uint64_t keys[CAMPAIGN_MASK_BITS];
    unsigned bits = campaign_pending_few(&minimising->pending, true, keys);
    const struct campaign_case best = minimising->best;
    const struct campaign_result result = minimising->minimal->result;
    for (unsigned i = bits < CAMPAIGN_MASK_BITS ? bits : CAMPAIGN_MASK_BITS; i-- > 0;)
        case_try(minimising, masked(minimising, CHOICE_LOSE, keys[i]));
    bool good = first_failing(minimising, found);
    *key = minimising->best.argument;
    minimising->best = best;
    minimising->minimal->result = result;
    return good;
}

static const struct campaign_record *record_of(const struct minimising *minimising,
                                               uint64_t key)
{
    const struct campaign_log *log = minimising->level->log;
    for (uint64_t i = 0; i < log->count; i++) {
        const struct campaign_record *record = &log->records[i];
        if (record->kind == RECORD_ENTERED &&
            campaign_pending_key(record->disk, record->order) == key)
            return record;
    }
    return NULL;
}

/* The newest before the event: what it was about when nothing is in doubt. */
static const struct campaign_record *record_last(const struct minimising *minimising)
{
    const struct campaign_log *log = minimising->level->log;
    uint64_t at = minimising->level->events->list[minimising->best.event].records;
    while (at > 0 && log->records[at - 1].kind != RECORD_ENTERED)
        at--;
    return at > 0 ? &log->records[at - 1] : NULL;
}

/* One of a write's sectors: is anything of the write kept, and is something missing? */
static void sector_count(const struct minimising *minimising, unsigned disk,
                         const struct campaign_cached *one, bool *kept, bool *torn)
{
    const struct campaign_case *best = &minimising->best;
    bool tears = best->policy == CAMPAIGN_TORN || best->policy == CAMPAIGN_GARBAGE;
    if (tears && disk == best->disk && one->order == best->argument)
        *kept = *torn = true;
    else if (campaign_case_keeps(minimising->level->index, best, disk, one))
        *kept = true;
    else
        *torn = true;
}

/* Count what survives. *newest: of the writes that are torn, or if there is none, of those that
 * survive; UINT64_MAX: there is neither. */
static void survivors_count(struct minimising *minimising, uint64_t *newest)
{
    struct campaign_minimal *minimal = minimising->minimal;
    *newest = UINT64_MAX;
    minimal->cached = minimal->kept = 0;
    for (unsigned disk = 0; disk < BOARD_DISK_COUNT_MAX; disk++) {
        const struct campaign_cached_list *cached = &minimising->pending.disks[disk];
        for (size_t first = 0, end; first < cached->count; first = end) {
            uint64_t request = cached->list[first].request;
            bool kept = false, torn = false;
            for (end = first; end < cached->count && cached->list[end].request == request; end++)
                sector_count(minimising, disk, &cached->list[end], &kept, &torn);
            minimal->cached++;
            minimal->kept += kept;
            torn = torn && kept;
            if (torn || (kept && minimal->write.fate != WRITE_TORN))
                *newest = campaign_pending_key(disk, request);
            if (torn)
                minimal->write.fate = WRITE_TORN;
        }
    }
}

static bool write_find(struct minimising *minimising)
{
    const struct campaign_record *record = NULL;
    bool found = false, good = true;
    uint64_t key;
    survivors_count(minimising, &key);
    if (minimising->best.policy == CAMPAIGN_MISREPORT)
        key = UINT64_MAX;
    else if (key == UINT64_MAX && minimising->minimal->cached > 0)
        good = lost_find(minimising, &key, &found);
    if (found)
        minimising->minimal->write.fate = WRITE_LOST;
    if (found || key != UINT64_MAX)
        record = record_of(minimising, key);
    if (!record)
        record = record_last(minimising);
    return good && (!record || campaign_write_describe(minimising->machine, minimising->level,
                                                       record, &minimising->minimal->write,
                                                       minimising->error));
}

/* --- */

static bool case_minimise(void *context, const struct campaign_level *level, const char *path,
                          const struct campaign_case *which, struct error *error)
{
    struct minimising *minimising = context;
    const struct campaign_minimise_request *request = minimising->request;
    struct campaign_minimal *minimal = minimising->minimal;
    bool good = true, found, reduces = !request->as_it_is, first_run = path[0] == '\0';
    char name[CAMPAIGN_NAME_BYTES];
    minimising->level = level;
    minimising->best = *which;
    minimising->error = error;
    if (reduces && !(request->all_judged && first_run)) {
        cases_try(minimising, request->cases->policies, is_earlier, EARLIER_CASES);
        good = first_failing(minimising, &found);
    }
    pending_find(minimising);
    good = good && (!reduces || (writes_reduce(minimising) &&
                                 (!first_run || run_shorten(minimising))));
    good = good && write_find(minimising);
    campaign_case_name(&minimising->best, name);
    (void)snprintf(minimal->name, sizeof(minimal->name), "%s%s", path, name);
    minimal->found = good;
    campaign_pending_finish(&minimising->pending);
    campaign_cases_finish(&minimising->cases);
    return good;
}

bool campaign_minimise(struct campaign_machine *machine, const struct campaign_level *level,
                       const struct campaign_minimise_request *request, const char *name,
                       const struct campaign_result *result, struct campaign_minimal *minimal,
                       struct error *error)
{
    struct minimising minimising = {.machine = machine, .request = request, .minimal = minimal};
    const struct campaign_visitor visitor = {&minimising, case_minimise};
    *minimal = (struct campaign_minimal){.result = *result,
                                         .checkpoints = request->checkpoints};
    return campaign_level_visit(machine, level, "", name, &visitor, error);
}
