/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bundle.c - see bundle.h. */
#include "emulator/bundle.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/base/input_file.h"
#include "emulator/base/memory.h"
#include "emulator/machine_mark.h"
#include "emulator/record_format.h"
#include "emulator/record_media.h"

/* A disk as it was before the run. Its context is the layers, which are only read. */
struct before {
    struct disk_store store;
    const struct layers *layers;
    struct record_data where; /* what it may hold is */
    uint64_t *sectors;
};

static bool before_read(void *context, uint64_t sector, void *target, size_t sector_count)
{
    const struct before *before = context;
    return layers_read_at(before->layers, 0, sector, target, sector_count);
}

static void before_make(struct before *before, const struct bundle *bundle, unsigned disk)
{
    assert(bundle->layers[disk]);
    before->layers = bundle->layers[disk];
    before->store = (struct disk_store){.context = before,
                                        .sector_count = bundle->head->disks[disk].sector_count,
                                        .read_only = true, .read = before_read};
    before->sectors = layers_sectors(before->layers, &before->where.sector_count);
    before->where.sectors = before->sectors;
    before->where.descriptor = bundle->descriptors[disk];
}

static void before_finish(struct before *before)
{
    free(before->sectors);
}

bool bundle_digest(const struct bundle *bundle, unsigned disk, struct digest *digest,
                   struct error *error)
{
    struct before before;
    before_make(&before, bundle, disk);
    bool good = record_media_digest(&before.store, &before.where, bundle->head->disks[disk].path,
                                    digest, error);
    before_finish(&before);
    return good;
}

/* All of a disk that is not zero. */
static bool disk_pack(const struct bundle *bundle, unsigned disk, struct record_writer *writer,
                      struct error *error)
{
    struct before before;
    bool good = true;
    uint8_t data[RECORD_CLUSTER_BYTES];
    before_make(&before, bundle, disk);
    uint64_t sectors = before.store.sector_count;
    uint64_t count = (sectors + RECORD_CLUSTER_SECTORS - 1) / RECORD_CLUSTER_SECTORS;
    for (uint64_t i = record_cluster_next(&before.where, 0, count); i < count && good;
         i = record_cluster_next(&before.where, i + 1, count)) {
        memset(data, 0, sizeof(data));
        good = before_read(&before, i * RECORD_CLUSTER_SECTORS, data,
                           record_cluster_sectors(sectors, i));
        if (good && !record_cluster_zero(data))
            record_writer_clusters(writer, disk, i, data, 1);
    }
    before_finish(&before);
    return good || error_set(error, ERROR_IO, "%.150s: cannot be read",
                             bundle->head->disks[disk].path);
}

static bool file_pack(const char *path, unsigned which, struct record_writer *writer,
                      struct error *error)
{
    struct record_file file;
    if (!path)
        return true;
    if (!input_read(path, RECORD_PART_BYTES_MAX, &file.data, &file.size_bytes, error))
        return false;
    record_writer_file(writer, which, &file);
    free(file.data);
    return true;
}

struct bundle bundle_here(const struct record *record, struct timeline *timeline)
{
    return (struct bundle){.head = &record->head, .record = record,
                           .entry_count = timeline_entry(timeline), .timeline = timeline};
}

static void entry_pack(const struct bundle *bundle, struct record_writer *writer,
                       const struct record_entry *entry)
{
    const struct record *record = bundle->record;
    bool mark = entry->kind == RECORD_MARK;
    if (bundle->timeline && (entry->kind == RECORD_END || entry->kind == RECORD_REFUSED))
        return; /* end_pack() says them */
    record_writer_entry(writer, entry, mark ? record->hashes + entry->mark : NULL,
                        mark ? record_parts(record) : 0);
}

/* What the host refused up to here, as an entry each. */
static void refused_pack(const struct bundle *bundle, unsigned disk, struct record_writer *writer)
{
    struct record_entry entry = {.kind = RECORD_REFUSED, .refused.disk = disk};
    const struct layers *layers = bundle->layers[disk];
    for (size_t i = 0; layers_refused(layers, i, &entry.refused.operation) &&
                       entry.refused.operation < layers_place(layers).operations;
         i++)
        record_writer_entry(writer, &entry, NULL, 0);
}

/* Where the history is now, and what is there. */
static void end_pack(const struct bundle *bundle, struct record_writer *writer)
{
    struct machine *machine = timeline_machine(bundle->timeline);
    const struct record_entry mark = {.kind = RECORD_MARK}, end = {.kind = RECORD_END};
    struct record_entry run = {.kind = RECORD_RUN, .run = machine_position(machine)};
    uint32_t parts = record_parts(bundle->record);
    uint64_t *hashes = memory_zeroed(parts, sizeof(*hashes));
    size_t last = bundle->entry_count;
    while (last > 0 && bundle->record->entries[last - 1].kind != RECORD_RUN)
        last--;
    if (run.run.arrival != ARRIVAL_NONE &&
        (last == 0 || !machine_at(machine, &bundle->record->entries[last - 1].run)))
        record_writer_entry(writer, &run, NULL, 0);
    for (unsigned i = 0; i < bundle->head->disk_count; i++)
        refused_pack(bundle, i, writer);
    machine_mark(machine, hashes);
    record_writer_entry(writer, &mark, hashes, parts);
    record_writer_entry(writer, &end, NULL, 0);
    free(hashes);
}

bool bundle_write(const struct bundle *bundle, const char *path, struct error *error)
{
    struct record_writer *writer;
    struct error ignored;
    if (!record_writer_open(&writer, path, bundle->head, error))
        return false;
    record_writer_bundle(writer);
    bool good = file_pack(bundle->kernel_path, 0, writer, error) &&
                file_pack(bundle->initrd_path, 1, writer, error);
    for (unsigned i = 0; i < bundle->head->disk_count && good; i++)
        good = disk_pack(bundle, i, writer, error);
    for (size_t i = 0; i < bundle->entry_count; i++)
        entry_pack(bundle, writer, &bundle->record->entries[i]);
    if (bundle->timeline)
        end_pack(bundle, writer);
    bool closed = record_writer_close(writer, good ? error : &ignored);
    return good && closed;
}
