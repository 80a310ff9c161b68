/* SPDX-License-Identifier: GPL-2.0-or-later */
/* counts.c - a sorted list, and the growing of arrays. Called by check, digest and
 * store_directory. */
#include "disks/counts.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

void *memory_grow(void *memory, size_t count, size_t *capacity, size_t size_bytes)
{
    assert(count <= *capacity);
    if (count < *capacity)
        return memory;
    *capacity = *capacity ? 2 * *capacity : 64;
    void *larger = reallocarray(memory, *capacity, size_bytes);
    if (!larger) {
        fputs("latchkey: host memory: exhausted\n", stderr);
        abort();
    }
    return larger;
}

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
