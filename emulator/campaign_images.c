/* SPDX-License-Identifier: GPL-2.0-or-later */
/* campaign_images.c - reads images whole, and writes what is left of them. Contract:
 * campaign_view.h. Calls disk_file. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "emulator/base/memory.h"
#include "emulator/base/output_file.h"
#include "emulator/campaign_export.h"
#include "emulator/campaign_view.h"
#include "emulator/disk_file.h"

#define IMAGE_SECTORS_MAX (4ull << 30 >> 9)
#define PART_SECTORS 2048u
#define LARGE_PAGE_BYTES (2u << 20)

/* Processes that judge are forked by the hundred, and each fork takes time for every page of the
 * host: large ones make it short. Without them it only takes longer. */
static uint8_t *image_room(uint64_t sector_count)
{
    uint64_t size_bytes = sector_count * DISK_SECTOR_BYTES;
    size_bytes = (size_bytes + LARGE_PAGE_BYTES - 1) / LARGE_PAGE_BYTES * LARGE_PAGE_BYTES;
    uint8_t *room = memory_must(aligned_alloc(LARGE_PAGE_BYTES, size_bytes));
    (void)madvise(room, size_bytes, MADV_HUGEPAGE);
    return room;
}

/* Nothing may write to it while it is read. */
static bool image_read(struct campaign_images *images, unsigned index, const char *path,
                       struct error *error)
{
    struct disk_file file;
    if (!disk_file_open(&file, path, NULL, true, error))
        return false;
    uint64_t count = file.store.sector_count;
    bool good = count <= IMAGE_SECTORS_MAX ||
                error_set(error, ERROR_LIMIT, "%.150s: more than 4 GiB, too much to hold", path);
    if (good)
        images->bytes[index] = image_room(count);
    images->sector_count[index] = count;
    images->names[index] = path;
    struct digest_state *state = digest_create();
    for (uint64_t at = 0; good && at < count; at += PART_SECTORS) {
        uint64_t part = count - at < PART_SECTORS ? count - at : PART_SECTORS;
        uint8_t *target = images->bytes[index] + at * DISK_SECTOR_BYTES;
        if (!file.store.read(file.store.context, at, target, part))
            good = error_set(error, ERROR_IO, "%.150s: cannot be read", path);
        digest_add(state, target, part * DISK_SECTOR_BYTES);
    }
    images->digests[index] = digest_end(state);
    (void)disk_file_finish(&file);
    return good;
}

bool campaign_images_read(struct campaign_images *images, const char *const *paths,
                          unsigned count, struct error *error)
{
    *images = (struct campaign_images){.count = count};
    for (unsigned i = 0; i < count; i++)
        if (!image_read(images, i, paths[i], error))
            return false;
    return true;
}

void campaign_images_finish(struct campaign_images *images)
{
    for (unsigned i = 0; i < BOARD_DISK_COUNT_MAX; i++)
        free(images->bytes[i]);
    *images = (struct campaign_images){0};
}

bool campaign_view_save(const struct campaign_view *view, const char *path, struct error *error)
{
    bool good = true;
    for (unsigned disk = 0; disk < view->images->count && good; disk++) {
        uint64_t count = view->images->sector_count[disk];
        uint8_t *bytes = memory_zeroed(count, DISK_SECTOR_BYTES);
        char name[CAMPAIGN_EXPORT_PATH_BYTES];
        for (uint64_t sector = 0; sector < count; sector++) {
            uint8_t *target = bytes + sector * DISK_SECTOR_BYTES;
            if (!campaign_view_read(view, disk, sector, target))
                memset(target, 0, DISK_SECTOR_BYTES);
        }
        good = campaign_export_path(path, disk, name, error) &&
               output_write(name, bytes, count * DISK_SECTOR_BYTES, error);
        free(bytes);
    }
    return good;
}
