/* SPDX-License-Identifier: GPL-2.0-or-later */
/* campaign_layout.c - see campaign_layout.h. */
#include "emulator/campaign_layout.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "disks/store.h"
#include "emulator/base/memory.h"

#define BLOCK_SECTORS (BLOCK_BYTES / DISK_SECTOR_BYTES)

struct image {
    const struct campaign_images *images;
    unsigned index;
};

static bool image_read(void *context, uint64_t offset, void *target, size_t size_bytes)
{
    const struct image *image = context;
    memcpy(target, image->images->bytes[image->index] + offset, size_bytes);
    return true;
}

static void place_add(struct campaign_layout *layout, unsigned disk, const struct volume_range *at)
{
    layout->list =
        memory_grow(layout->list, layout->count, &layout->capacity, sizeof(*layout->list));
    layout->list[layout->count++] =
        (struct campaign_place){.disk = (uint8_t)disk, .kind = at->kind, .plex = at->plex,
                                .sector = at->start_block * BLOCK_SECTORS,
                                .sector_count = at->block_count * BLOCK_SECTORS};
}

/* The ranges of one volume, and its header's two copies. */
static void volume_add(struct campaign_layout *layout, unsigned disk, const struct volume *volume)
{
    const struct volume_range header = {.kind = CAMPAIGN_KIND_VOLUME, .block_count = 1};
    struct volume_range copy = header;
    copy.start_block = volume->header.block_count - 1;
    copy.plex = 1;
    place_add(layout, disk, &header);
    place_add(layout, disk, &copy);
    for (uint32_t i = 0; i < volume->header.range_count; i++)
        if (!volume_range_problem(volume, i))
            place_add(layout, disk, &volume->header.ranges[i]);
}

/* Does an area, and so all else, have a second plex? */
static bool has_two_plexes(const struct campaign_layout *layout)
{
    for (size_t i = 0; i < layout->count; i++)
        if (layout->list[i].kind == RANGE_CKPT_AREA && layout->list[i].plex > 0)
            return true;
    return false;
}

bool campaign_layout_read(struct campaign_layout *layout, const struct campaign_images *images,
                          struct error *error)
{
    struct image context[BOARD_DISK_COUNT_MAX];
    struct volume_source sources[BOARD_DISK_COUNT_MAX];
    struct store *store = memory_must(malloc(sizeof(*store)));
    *layout = (struct campaign_layout){0};
    for (unsigned i = 0; i < images->count; i++) {
        context[i] = (struct image){images, i};
        sources[i] = (struct volume_source){
            &context[i], images->sector_count[i] * DISK_SECTOR_BYTES, image_read};
    }
    bool good = store_open_sources(store, images->names, sources, images->count, error);
    for (unsigned i = 0; i < images->count && good; i++)
        volume_add(layout, i, &store->volumes[i]);
    layout->mirrored = has_two_plexes(layout);
    store_close(store);
    free(store);
    return good;
}

void campaign_layout_finish(struct campaign_layout *layout)
{
    free(layout->list);
    *layout = (struct campaign_layout){0};
}

const struct campaign_place *campaign_layout_find(const struct campaign_layout *layout,
                                                  unsigned disk, uint64_t sector)
{
    for (size_t i = 0; i < layout->count; i++)
        if (layout->list[i].disk == disk &&
            sector - layout->list[i].sector < layout->list[i].sector_count)
            return &layout->list[i];
    return NULL;
}

bool campaign_layout_states(const struct campaign_layout *layout, unsigned disk, uint64_t sector)
{
    const struct campaign_place *place = campaign_layout_find(layout, disk, sector);
    return !place || place->kind == RANGE_CKPT_HEADER || place->kind == RANGE_JOURNAL ||
           place->kind == CAMPAIGN_KIND_VOLUME;
}
