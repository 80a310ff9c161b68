/* SPDX-License-Identifier: GPL-2.0-or-later */
/* record_media.c - see record_media.h. Called by recorder.c and replay.c; calls disk_file and
 * record_write.
 *
 * Invariants
 *  1. What was on a cluster is in the trace file before the run's first write to it reaches the
 *     image.
 */
#include "emulator/record_media.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "emulator/base/memory.h"

#define READ_CLUSTERS 256u

uint32_t record_cluster_sectors(uint64_t sector_count, uint64_t index)
{
    uint64_t left = sector_count - index * RECORD_CLUSTER_SECTORS;
    assert(index * RECORD_CLUSTER_SECTORS < sector_count);
    return left < RECORD_CLUSTER_SECTORS ? (uint32_t)left : RECORD_CLUSTER_SECTORS;
}

bool record_cluster_zero(const uint8_t data[RECORD_CLUSTER_BYTES])
{
    return data[0] == 0 && memcmp(data, data + 1, RECORD_CLUSTER_BYTES - 1) == 0;
}

/* The host did, or refused. */
static bool told(struct record_media *media, bool good)
{
    const struct record_entry refused = {
        .kind = RECORD_REFUSED, .refused = {.disk = media->disk, .operation = media->operations}};
    media->operations++;
    if (!good && media->writer)
        record_writer_entry(media->writer, &refused, NULL, 0);
    return good;
}

static bool media_read(void *context, uint64_t sector, void *target, size_t sector_count)
{
    struct record_media *media = context;
    const struct disk_store *below = &media->file.store;
    return told(media, below->read(below->context, sector, target, sector_count));
}

static bool media_peek(void *context, uint64_t sector, void *target, size_t sector_count)
{
    struct record_media *media = context;
    return disk_store_peek(&media->file.store, sector, target, sector_count);
}

static bool kept(const struct record_media *media, uint64_t index)
{
    return media->kept[index / 8] >> index % 8 & 1;
}

/* Keep the clusters first..first + count - 1, of which none is kept. */
static bool clusters_keep(struct record_media *media, uint64_t first, size_t count)
{
    const struct disk_store *below = &media->file.store;
    uint8_t *data = memory_zeroed(count, RECORD_CLUSTER_BYTES);
    uint64_t sector = first * RECORD_CLUSTER_SECTORS;
    uint64_t sectors = (count - 1) * RECORD_CLUSTER_SECTORS +
                       record_cluster_sectors(below->sector_count, first + count - 1);
    bool good = below->read(below->context, sector, data, sectors);
    if (good)
        record_writer_clusters(media->writer, media->disk, first, data, count);
    for (uint64_t i = first; good && i < first + count; i++)
        media->kept[i / 8] |= (uint8_t)(1u << i % 8);
    free(data);
    return good;
}

static bool media_write(void *context, uint64_t sector, const void *source, size_t sector_count)
{
    struct record_media *media = context;
    const struct disk_store *below = &media->file.store;
    bool good = true;
    if (media->writer && sector_count > 0) {
        uint64_t first = sector / RECORD_CLUSTER_SECTORS;
        uint64_t end = (sector + sector_count - 1) / RECORD_CLUSTER_SECTORS + 1;
        while (good && first < end) {
            uint64_t stop = first;
            while (stop < end && !kept(media, stop))
                stop++;
            good = stop == first || clusters_keep(media, first, stop - first);
            first = stop + 1;
        }
    }
    return told(media, good && below->write(below->context, sector, source, sector_count));
}

static bool media_sync(void *context)
{
    struct record_media *media = context;
    const struct disk_store *below = &media->file.store;
    return told(media, below->sync(below->context));
}

bool record_media_open(struct record_media *media, unsigned disk, const char *path,
                       const char *overlay, bool read_only, struct error *error)
{
    *media = (struct record_media){.disk = disk, .file.descriptor = -1};
    if (!disk_file_open(&media->file, path, overlay, read_only, error))
        return false;
    const struct disk_store *below = &media->file.store;
    media->store = (struct disk_store){.context = media, .sector_count = below->sector_count,
                                       .read_only = read_only, .read = media_read,
                                       .write = media_write, .sync = media_sync,
                                       .peek = media_peek};
    media->kept =
        memory_zeroed((size_t)(below->sector_count / RECORD_CLUSTER_SECTORS / 8 + 1), 1);
    return true;
}

void record_media_start(struct record_media *media, struct record_writer *writer)
{
    media->writer = writer;
    media->operations = 0;
}

bool record_media_finish(struct record_media *media)
{
    bool good = disk_file_finish(&media->file);
    free(media->kept);
    *media = (struct record_media){.file.descriptor = -1};
    return good;
}

/* The first cluster from index on with a sector of those that lie over the file; or count. */
static uint64_t cluster_over(const struct record_data *data, uint64_t index, uint64_t count)
{
    size_t low = 0, high = data->sector_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (data->sectors[middle] < index * RECORD_CLUSTER_SECTORS)
            low = middle + 1;
        else
            high = middle;
    }
    return low < data->sector_count ? data->sectors[low] / RECORD_CLUSTER_SECTORS : count;
}

uint64_t record_cluster_next(const struct record_data *data, uint64_t index, uint64_t count)
{
    if (data->descriptor < 0)
        return index;
    off_t at = lseek(data->descriptor, (off_t)(index * RECORD_CLUSTER_BYTES), SEEK_DATA);
    if (at < 0 && errno != ENXIO) /* a file system that does not tell */
        return index;
    uint64_t below = at < 0 ? count : (uint64_t)at / RECORD_CLUSTER_BYTES;
    uint64_t over = cluster_over(data, index, count);
    return over < below ? over : below;
}

bool record_media_digest(const struct disk_store *store, const struct record_data *where,
                         const char *path, struct digest *digest, struct error *error)
{
    struct digest_state *state = digest_create();
    uint8_t *data = memory_zeroed(READ_CLUSTERS, RECORD_CLUSTER_BYTES), place[8];
    uint64_t count = (store->sector_count + RECORD_CLUSTER_SECTORS - 1) / RECORD_CLUSTER_SECTORS;
    bool good = true;
    store_u64(place, store->sector_count);
    digest_add(state, place, sizeof(place));
    for (uint64_t index = 0; index < count && good;) {
        index = record_cluster_next(where, index, count);
        if (index >= count)
            break;
        uint64_t part = count - index < READ_CLUSTERS ? count - index : READ_CLUSTERS;
        uint64_t sector = index * RECORD_CLUSTER_SECTORS;
        uint64_t sectors = part * RECORD_CLUSTER_SECTORS;
        if (sectors > store->sector_count - sector)
            sectors = store->sector_count - sector;
        memset(data + (part - 1) * RECORD_CLUSTER_BYTES, 0, RECORD_CLUSTER_BYTES);
        good = store->read(store->context, sector, data, sectors);
        for (uint64_t i = 0; i < part && good; i++, index++) {
            if (record_cluster_zero(data + i * RECORD_CLUSTER_BYTES))
                continue;
            store_u64(place, index);
            digest_add(state, place, sizeof(place));
            digest_add(state, data + i * RECORD_CLUSTER_BYTES, RECORD_CLUSTER_BYTES);
        }
    }
    free(data);
    *digest = digest_end(state);
    return good || error_set(error, ERROR_IO, "%.180s: cannot be read", path);
}
