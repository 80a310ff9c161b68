/* SPDX-License-Identifier: GPL-2.0-or-later */
/* record.c - a recorded run in memory: growing lists. Called by record_parse.c, record_read.c,
 * replay.c and timeline.c. */
#include "emulator/record.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/base/memory.h"
#include "emulator/machine_mark.h"

void record_init(struct record *record)
{
    *record = (struct record){.complete = false};
}

void record_finish(struct record *record)
{
    for (size_t i = 0; i < record->cluster_count; i++)
        free(record->clusters[i].data);
    free(record->clusters);
    free(record->entries);
    free(record->hashes);
    free(record->head.append);
    free(record->head.faults);
    free(record->kernel.data);
    free(record->initrd.data);
    record_init(record);
}

uint32_t record_parts(const struct record *record)
{
    return mark_parts(record->head.ram_bytes);
}

void record_add(struct record *record, const struct record_entry *entry, const uint64_t *hashes)
{
    assert(entry->kind < RECORD_KIND_COUNT);
    assert((entry->kind == RECORD_MARK) == (hashes != NULL));
    record->entries = memory_grow(record->entries, record->entry_count, &record->entry_capacity,
                                  sizeof(*record->entries));
    struct record_entry *kept = &record->entries[record->entry_count++];
    *kept = *entry;
    if (!hashes)
        return;
    kept->mark = record->hash_count;
    for (uint32_t i = 0; i < record_parts(record); i++) {
        record->hashes = memory_grow(record->hashes, record->hash_count, &record->hash_capacity,
                                     sizeof(*record->hashes));
        record->hashes[record->hash_count++] = hashes[i];
    }
}

void record_cut_off(struct record *record, size_t count)
{
    assert(count <= record->entry_count);
    for (size_t i = record->entry_count; i-- > count;)
        if (record->entries[i].kind == RECORD_MARK)
            record->hash_count = record->entries[i].mark;
    record->entry_count = count;
}

void record_cluster_add(struct record *record, unsigned disk, uint64_t index,
                        const uint8_t data[RECORD_CLUSTER_BYTES])
{
    record->clusters = memory_grow(record->clusters, record->cluster_count,
                                   &record->cluster_capacity, sizeof(*record->clusters));
    uint8_t *kept = memory_must(malloc(RECORD_CLUSTER_BYTES));
    memcpy(kept, data, RECORD_CLUSTER_BYTES);
    record->clusters[record->cluster_count++] =
        (struct record_cluster){.disk = disk, .index = index, .data = kept};
}

struct machine_position record_last(const struct record *record)
{
    for (size_t i = record->entry_count; i-- > 0;)
        if (record->entries[i].kind == RECORD_RUN)
            return record->entries[i].run;
    return (struct machine_position){.arrival = ARRIVAL_NONE};
}
