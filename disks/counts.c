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

static int by_id(const void *left, const void *right)
{
    uint64_t left_id = ((const struct object_counts *)left)->id;
    uint64_t right_id = ((const struct object_counts *)right)->id;
    return (left_id > right_id) - (left_id < right_id);
}

struct object_counts counts_find(const struct counts *counts, uint64_t id)
{
    struct object_counts wanted = {.id = id}, *found = NULL;
    if (counts->count > 0)
        found = bsearch(&wanted, counts->list, counts->count, sizeof(wanted), by_id);
    return found ? *found : wanted;
}

void counts_finish(struct counts *counts)
{
    free(counts->list);
    *counts = (struct counts){0};
}
