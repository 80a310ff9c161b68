/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ledger_count.c - counts values. Called by the ledger for every interval: most values are equal to
 * the one before, and cost one comparison.
 *
 * Invariants
 *  1. At least a quarter of the places are free.
 */
#include "emulator/ledger_count.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/base/memory.h"

#define PLACES_FIRST 8u
#define HASH_FACTOR 0x9e3779b97f4a7c15ull /* 2^64 over the golden ratio */

size_t ledger_hash(uint64_t value)
{
    return (size_t)(value * HASH_FACTOR >> 32);
}

static size_t place_of(const struct occurrences *occurrences, uint64_t value)
{
    size_t mask = occurrences->place_count - 1;
    size_t at = ledger_hash(value) & mask;
    while (occurrences->places[at].count && occurrences->places[at].value != value)
        at = (at + 1) & mask;
    return at;
}

static void grow(struct occurrences *occurrences)
{
    struct occurrences more = *occurrences;
    more.place_count = occurrences->place_count ? 2 * occurrences->place_count : PLACES_FIRST;
    more.places = memory_zeroed(more.place_count, sizeof(*more.places));
    for (size_t i = 0; i < occurrences->place_count; i++)
        if (occurrences->places[i].count)
            more.places[place_of(&more, occurrences->places[i].value)] = occurrences->places[i];
    free(occurrences->places);
    *occurrences = more;
    occurrences->last = 0;
}

static void add(struct occurrences *occurrences, uint64_t value, uint64_t count)
{
    if (occurrences->used * 4 >= occurrences->place_count * 3)
        grow(occurrences);
    struct occurrence *place = &occurrences->places[occurrences->last];
    if (!place->count || place->value != value) {
        occurrences->last = place_of(occurrences, value);
        place = &occurrences->places[occurrences->last];
        if (!place->count)
            occurrences->used++;
        place->value = value;
    }
    place->count += count;
    occurrences->total += count;
    occurrences->sum += count * value;
}

void occurrences_add(struct occurrences *occurrences, uint64_t value)
{
    add(occurrences, value, 1);
}

void occurrences_move(struct occurrences *from, struct occurrences *to)
{
    for (size_t i = 0; i < from->place_count; i++)
        if (from->places[i].count)
            add(to, from->places[i].value, from->places[i].count);
    occurrences_finish(from);
}

static int value_compare(const void *left, const void *right)
{
    const struct occurrence *one = left, *other = right;
    return one->value < other->value ? -1 : one->value > other->value;
}

struct occurrence_summary occurrences_summary(const struct occurrences *occurrences)
{
    struct occurrence_summary summary = {.count = occurrences->total, .sum = occurrences->sum};
    if (summary.count == 0)
        return summary;
    struct occurrence *sorted = memory_zeroed(occurrences->used, sizeof(*sorted));
    size_t count = 0;
    for (size_t i = 0; i < occurrences->place_count; i++)
        if (occurrences->places[i].count)
            sorted[count++] = occurrences->places[i];
    assert(count == occurrences->used);
    qsort(sorted, count, sizeof(*sorted), value_compare);
    uint64_t left = (summary.count - 1) / 2;
    size_t middle = 0;
    while (left >= sorted[middle].count)
        left -= sorted[middle++].count;
    summary.min = sorted[0].value;
    summary.median = sorted[middle].value;
    summary.max = sorted[count - 1].value;
    free(sorted);
    return summary;
}

void occurrences_finish(struct occurrences *occurrences)
{
    free(occurrences->places);
    memset(occurrences, 0, sizeof(*occurrences));
}
