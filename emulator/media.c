/* SPDX-License-Identifier: GPL-2.0-or-later */
/* media.c - passes a disk's requests on to its file, and keeps their history. Called by machine.c
 * and by the disks; calls disk_file.
 *
 * Invariants
 *  1. history changes with every write that the host carried out, and only then. It does not depend
 *     on whether the image itself or an overlay takes the write.
 */
#include "emulator/media.h"

#include <assert.h>

#include "emulator/base/bytes.h"
#include "emulator/base/pack.h"

static bool media_read(void *context, uint64_t sector, void *target, size_t sector_count)
{
    struct media *media = context;
    return media->below->read(media->below->context, sector, target, sector_count);
}

static bool media_peek(void *context, uint64_t sector, void *target, size_t sector_count)
{
    struct media *media = context;
    return disk_store_peek(media->below, sector, target, sector_count);
}

static bool media_write(void *context, uint64_t sector, const void *source, size_t sector_count)
{
    struct media *media = context;
    uint8_t link[32];
    if (!media->below->write(media->below->context, sector, source, sector_count))
        return false;
    store_u64(link, media->history);
    store_u64(link + 8, sector);
    store_u64(link + 16, sector_count);
    store_u64(link + 24, hash64(source, sector_count * DISK_SECTOR_BYTES));
    media->history = hash64(link, sizeof(link));
    return true;
}

static bool media_sync(void *context)
{
    struct media *media = context;
    return media->below->sync(media->below->context);
}

static void media_use(struct media *media, const struct disk_store *below)
{
    assert(below->read);
    media->below = below;
    media->store = (struct disk_store){.context = media,
                                       .sector_count = below->sector_count,
                                       .read_only = below->read_only,
                                       .read = media_read,
                                       .write = media_write,
                                       .sync = media_sync,
                                       .peek = media_peek};
}

void media_open_store(struct media *media, const struct disk_store *below)
{
    *media = (struct media){.file.descriptor = -1};
    media_use(media, below);
}

bool media_open(struct media *media, const char *path, const char *overlay, bool read_only,
                struct error *error)
{
    assert(path);
    *media = (struct media){.history = 0};
    if (!disk_file_open(&media->file, path, overlay, read_only, error))
        return false;
    media_use(media, &media->file.store);
    return true;
}

bool media_finish(struct media *media)
{
    bool good = disk_file_finish(&media->file);
    media->store = (struct disk_store){.context = NULL};
    return good;
}
