/* SPDX-License-Identifier: GPL-2.0-or-later */
/* counts.h - the allocation and call counts of the objects of one kind, to tell valid keys from
 * void ones. Used by check and digest. Objects with counts of 0 need not be listed. */
#ifndef LATCHKEY_DISKS_COUNTS_H
#define LATCHKEY_DISKS_COUNTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct object_counts {
    uint64_t id, allocation_count, call_count;
    bool lost; /* the object could not be read */
};

struct counts {
    struct object_counts *list; /* ascending by id */
    size_t count, capacity;
};

/* counts_add - list an object; ids must ascend. */
void counts_add(struct counts *counts, struct object_counts object);
/* counts_find - the counts of an object; zeros when it is not listed. */
struct object_counts counts_find(const struct counts *counts, uint64_t id);
/* counts_finish - free the list. */
void counts_finish(struct counts *counts);

#endif
