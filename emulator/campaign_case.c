/* SPDX-License-Identifier: GPL-2.0-or-later */
/* campaign_case.c - lists events and cases. Invariants: campaign_case.h. Calls the log. */
#include "emulator/campaign_case.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "devices/board.h"
#include "devices/disk.h"
#include "emulator/base/memory.h"
#include "emulator/campaign_fault.h"
#include "emulator/campaign_pending.h"
#include "emulator/campaign_reads.h"

struct listing {
    const struct campaign_request *request;
    struct campaign_cases *cases;
    struct campaign_pending pending;
    struct campaign_spots spots;
    uint32_t event;
};

/* SplitMix64 (Steele, Lea, Flood, OOPSLA 2014). */
uint64_t campaign_mix(uint64_t left, uint64_t right)
{
    uint64_t value = left * 0x9e3779b97f4a7c15u + right + 0x632be59bd9b4e019u;
    value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9u;
    value = (value ^ value >> 27) * 0x94d049bb133111ebu;
    return value ^ value >> 31;
}

/* --- events --- */

static bool leaves_cache(const struct campaign_record *record)
{
    return record->kind == RECORD_WRITTEN || record->kind == RECORD_SETTLED;
}

static void event_add(struct campaign_events *events, const struct campaign_record *record,
                      uint64_t records)
{
    const struct campaign_event *last = events->count ? &events->list[events->count - 1] : NULL;
    uint64_t promised = last ? last->promised : 0, state = last ? last->state : 0;
    uint64_t steps = last ? last->steps : 0;

    events->list =
        memory_grow(events->list, events->count, &events->capacity, sizeof(*events->list));
    events->list[events->count++] = (struct campaign_event){
        .records = records,
        .instructions = record ? record->instructions : 0,
        .promised = promised,
        .state = state,
        .steps = steps,
        .kind = record ? record->kind : RECORD_FLUSHED,
        .disk = record ? record->disk : 0,
        .phase = record ? record->phase : 0,
    };
}

/* Does what left the cache belong to the event before? One flush is one event. */
static bool event_extends(const struct campaign_event *last, const struct campaign_record *record)
{
    return last->records > 0 && last->kind != RECORD_ENTERED && last->disk == record->disk &&
           last->instructions == record->instructions;
}

void campaign_events_find(const struct campaign_log *log, struct campaign_events *events)
{
    uint64_t state = 0; /* the newest, or the first of several that are */
    *events = (struct campaign_events){0};
    event_add(events, NULL, 0);
    for (uint64_t i = 0; i < log->count; i++) {
        const struct campaign_record *record = &log->records[i];
        struct campaign_event *last = &events->list[events->count - 1];
        bool first_state = record->kind == RECORD_STATE && events->count == 1 && !last->promised;
        bool announced = record->kind == RECORD_TRACE && (record->order == TRACE_COMMITTED ||
                                                          record->order == TRACE_RESTARTED);
        if (record->kind == RECORD_STATE && record->sector_count == 0)
            state = i; /* those that follow and have a count are of this moment, too */
        if (record->kind == RECORD_PROMISE) {
            last->state = state;
            last->steps = record->order > last->steps ? record->order : last->steps;
        }
        if (first_state)
            last->promised = record->order;
        else if (announced)
            last->promised = record->sector;
        else if (record->kind == RECORD_ENTERED ||
                 (leaves_cache(record) && !event_extends(last, record)))
            event_add(events, record, i + 1);
        else if (leaves_cache(record))
            last->records = i + 1;
    }
}

void campaign_events_finish(struct campaign_events *events)
{
    free(events->list);
    *events = (struct campaign_events){0};
}

/* --- cases of one event --- */

static void case_add(struct listing *listing, struct campaign_case added)
{
    struct campaign_cases *cases = listing->cases;
    added.event = listing->event;
    cases->list = memory_grow(cases->list, cases->count, &cases->capacity, sizeof(*cases->list));
    cases->list[cases->count++] = added;
}

static bool others_pending(const struct listing *listing, unsigned disk)
{
    for (unsigned i = 0; i < listing->request->disks; i++)
        if (i != disk && listing->pending.disks[i].count > 0)
            return true;
    return false;
}

/* The n-th end of a prefix of a disk: the first order that is lost. */
static uint64_t prefix_end(const struct campaign_cached_list *pending, uint64_t number)
{
    if (pending->count == 0)
        return 0;
    return number < pending->count ? pending->list[number].order
                                   : pending->list[pending->count - 1].order + 1;
}

/* The prefixes of one disk, and what the policy does to the sector after each. */
static void prefixes_list(struct listing *listing, enum campaign_policy policy, unsigned disk,
                          bool others)
{
    const struct campaign_cached_list *pending = &listing->pending.disks[disk];
    size_t ends = pending->count + (policy == CAMPAIGN_PREFIX);
    for (size_t i = 0; i < ends; i++) {
        struct campaign_case added = {.policy = (uint8_t)policy, .disk = (uint8_t)disk,
                                      .others = others};
        added.argument = prefix_end(pending, i);
        uint64_t drawn = campaign_mix(campaign_mix(listing->request->seed, listing->event),
                                      added.argument);
        if (policy == CAMPAIGN_TORN)
            added.bytes = 1 + (uint32_t)(drawn % (DISK_SECTOR_BYTES - 1));
        case_add(listing, added);
        if (policy == CAMPAIGN_PREFIX)
            continue;
        added.bytes = policy == CAMPAIGN_TORN ? DISK_SECTOR_BYTES / 2 : 1;
        case_add(listing, added);
    }
}

/* One combination of prefixes of all disks, by its number. */
static void apart_add(struct listing *listing, uint64_t number)
{
    struct campaign_case added = {.policy = CAMPAIGN_PREFIX, .apart = true};
    for (unsigned disk = 0; disk < listing->request->disks; disk++) {
        const struct campaign_cached_list *pending = &listing->pending.disks[disk];
        added.orders[disk] = prefix_end(pending, number % (pending->count + 1));
        number /= pending->count + 1;
    }
    case_add(listing, added);
}

/* Disks that lose different amounts: all combinations, or some. Returns whether it was all. */
static bool prefixes_apart_list(struct listing *listing)
{
    const struct campaign_request *request = listing->request;
    uint64_t all = 1, several = 0;
    for (unsigned disk = 0; disk < request->disks; disk++) {
        size_t count = listing->pending.disks[disk].count;
        several += count > 0;
        all = all * (count + 1); /* a cache holds 2^14: no overflow */
    }
    if (several < 2)
        return false;
    uint64_t seed = campaign_mix(request->seed, campaign_mix(listing->event, CAMPAIGN_PREFIX));
    for (uint64_t i = 0; i < all && all <= CAMPAIGN_APART_MAX; i++)
        apart_add(listing, i);
    for (unsigned i = 0; i < request->draws && all > CAMPAIGN_APART_MAX; i++)
        apart_add(listing, campaign_mix(seed, i) % all);
    return all <= CAMPAIGN_APART_MAX;
}

static void choice_add(struct listing *listing, enum campaign_policy policy,
                       enum campaign_choice choice, uint64_t argument)
{
    case_add(listing, (struct campaign_case){.policy = (uint8_t)policy, .choice = (uint8_t)choice,
                                             .argument = argument});
}

static void draws_list(struct listing *listing, enum campaign_policy policy, unsigned count)
{
    uint64_t seed = campaign_mix(listing->request->seed, listing->event);
    for (unsigned i = 0; i < count; i++)
        choice_add(listing, policy, i % 2 ? CHOICE_DRAW_REQUESTS : CHOICE_DRAW,
                   campaign_mix(seed, i));
}

/* Each request lost alone, and kept alone. */
static void requests_list(struct listing *listing, unsigned disk)
{
    const struct campaign_cached_list *pending = &listing->pending.disks[disk];
    for (size_t i = 0; i < pending->count; i++) {
        if (i > 0 && pending->list[i].request == pending->list[i - 1].request)
            continue;
        uint64_t key = campaign_pending_key(disk, pending->list[i].request);
        choice_add(listing, CAMPAIGN_SUBSET, CHOICE_LOSE, key);
        choice_add(listing, CAMPAIGN_SUBSET, CHOICE_ONLY, key);
    }
}

/* All subsets of the writes that a restart may read. */
static void reads_list(struct listing *listing, uint64_t mask)
{
    for (uint64_t subset = mask;; subset = (subset - 1) & mask) {
        choice_add(listing, CAMPAIGN_SUBSET, CHOICE_REQUESTS, subset);
        if (subset == 0)
            return;
    }
}

static void subsets_list(struct listing *listing)
{
    const struct campaign_reads *reads = listing->request->reads;
    uint64_t keys[CAMPAIGN_MASK_BITS];
    unsigned bits = campaign_pending_few(&listing->pending, false, keys);
    bool all = bits <= listing->request->subsets;
    if (!all)
        bits = campaign_pending_few(&listing->pending, true, keys);
    bool few = bits <= listing->request->subsets;
    assert(listing->request->subsets <= CAMPAIGN_MASK_MAX);
    for (uint64_t mask = 0; few && mask < 1ull << bits; mask++)
        choice_add(listing, CAMPAIGN_SUBSET, all ? CHOICE_MASK : CHOICE_REQUESTS, mask);
    if (!few && reads && reads->known[listing->event])
        reads_list(listing, reads->masks[listing->event]);
    for (unsigned disk = 0; !few && disk < listing->request->disks; disk++)
        requests_list(listing, disk);
    if (!all)
        draws_list(listing, CAMPAIGN_SUBSET, listing->request->draws);
}

static void policy_list(struct listing *listing, enum campaign_policy policy)
{
    switch (policy) {
    case CAMPAIGN_KEEP:
    case CAMPAIGN_DROP:
        case_add(listing, (struct campaign_case){.policy = (uint8_t)policy});
        return;
    case CAMPAIGN_PREFIX:
        if (prefixes_apart_list(listing))
            return;
        /* fallthrough */
    case CAMPAIGN_TORN:
    case CAMPAIGN_GARBAGE:
        for (unsigned disk = 0; disk < listing->request->disks; disk++) {
            if (listing->pending.disks[disk].count == 0)
                continue;
            prefixes_list(listing, policy, disk, false);
            if (others_pending(listing, disk))
                prefixes_list(listing, policy, disk, true);
        }
        return;
    case CAMPAIGN_SUBSET:
        subsets_list(listing);
        return;
    case CAMPAIGN_MISREPORT:
        choice_add(listing, policy, CHOICE_MASK, 0);
        draws_list(listing, policy, 4);
        return;
    case CAMPAIGN_POLICY_COUNT:
        break;
    }
    assert(!"a policy that is none");
}

static void fault_add(void *context, const struct campaign_case *added)
{
    case_add(context, *added);
}

/* --- all of them --- */

struct ranked {
    uint64_t turn; /* the how many-th to be drawn of its kind */
    uint64_t rank;
    size_t index;
};

static int rank_order(const void *left, const void *right)
{
    const struct ranked *a = left, *b = right;
    if (a->turn != b->turn)
        return a->turn < b->turn ? -1 : 1;
    if (a->rank != b->rank)
        return a->rank < b->rank ? -1 : 1;
    return a->index < b->index ? -1 : a->index > b->index;
}

static int index_order(const void *left, const void *right)
{
    const struct ranked *a = left, *b = right;
    return a->index < b->index ? -1 : a->index > b->index;
}

static bool same_kind(const struct campaign_case *left, const struct campaign_case *right)
{
    return left->event == right->event && left->policy == right->policy &&
           left->fault == right->fault;
}

/* Keep so many, drawn with the seed; their order stays. Events and policies get the same share, as
 * far as they have so many: those with the most cases are not the most dangerous. */
static void cases_sample(struct campaign_cases *cases, uint64_t sample, uint64_t seed)
{
    if (sample == 0 || sample >= cases->count)
        return;
    struct ranked *ranked = memory_zeroed(cases->count, sizeof(*ranked));
    for (size_t i = 0; i < cases->count; i++)
        ranked[i] = (struct ranked){.rank = campaign_mix(seed, i), .index = i};
    for (size_t first = 0, end; first < cases->count; first = end) {
        for (end = first; end < cases->count && same_kind(&cases->list[first], &cases->list[end]);)
            end++;
        qsort(ranked + first, end - first, sizeof(*ranked), rank_order);
        for (size_t i = first; i < end; i++) {
            ranked[i].turn = i - first;
            ranked[i].rank = campaign_mix(ranked[i].index, seed);
        }
    }
    qsort(ranked, cases->count, sizeof(*ranked), rank_order);
    qsort(ranked, sample, sizeof(*ranked), index_order);
    for (size_t i = 0; i < sample; i++)
        cases->list[i] = cases->list[ranked[i].index];
    cases->count = sample;
    free(ranked);
}

void campaign_cases_list(const struct campaign_log *log, const struct campaign_events *events,
                         const struct campaign_request *request, struct campaign_cases *cases)
{
    struct listing listing = {.request = request, .cases = cases};
    uint64_t record = 0;
    *cases = (struct campaign_cases){0};
    campaign_spots_find(log, request, &listing.spots);
    for (size_t i = 0; i < events->count; i++) {
        const struct campaign_event *event = &events->list[i];
        for (; record < event->records; record++)
            campaign_pending_follow(&listing.pending, &log->records[record]);
        listing.event = (uint32_t)i;
        if (request->phases && !(request->phases >> event->phase & 1))
            continue;
        for (unsigned policy = 0; policy < CAMPAIGN_POLICY_COUNT; policy++)
            if (request->policies >> policy & 1)
                policy_list(&listing, policy);
        if (listing.spots.count > 0)
            campaign_faults_list(&listing.spots, request, listing.event, event->records, &listing,
                                 fault_add);
    }
    campaign_spots_finish(&listing.spots);
    campaign_pending_finish(&listing.pending);
    cases_sample(cases, request->sample, request->seed);
}

void campaign_cases_finish(struct campaign_cases *cases)
{
    free(cases->list);
    *cases = (struct campaign_cases){0};
}
