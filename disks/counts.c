/* SPDX-License-Identifier: GPL-2.0-or-later */
/* counts.c - a sorted list. Called by check and digest. */
#include "disks/counts.h"

#include <assert.h>
#include <stdlib.h>

#include "emulator/base/memory.h"

void counts_add(struct counts *counts, struct object_counts object)
{
    assert(counts->count == 0 || counts->list[counts->count - 1].id < object.id);
    counts->list =
        memory_grow(counts->list, counts->count, &counts->capacity, sizeof(*counts->list));
    counts->list[counts->count++] = object;
}

struct object_counts counts_find(const struct counts *counts, uint64_t id)
{
    size_t low = 0, high = counts->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (counts->list[middle].id < id)
            low = middle + 1;
        else
            high = middle;
    }
    if (low < counts->count && counts->list[low].id == id)
        return counts->list[low];
    return (struct object_counts){.id = id};
}

void counts_finish(struct counts *counts)
{
    free(counts->list);
    *counts = (struct counts){0};
}
