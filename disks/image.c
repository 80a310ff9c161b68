/* SPDX-License-Identifier: GPL-2.0-or-later */
/* image.c - the in-memory store and the volume writer. Called by make.c; calls base.
 *
 * Order on a volume: header; checkpoint header 0; area 0; journal; checkpoint header 1 (plex 1);
 * node pots, page pots (plex 0); pages; node pots, page pots (plex 1); checkpoint header 1; area 1;
 * checkpoint header 0 (plex 1); names; header copy. The two plexes lie on both sides of the pages,
 * far apart. With several volumes each has its share of plex 0, and of plex 1 the share of the
 * volume before it, and the names; place 1 is on volume 1, and its plex 1 on the next. A mirrored
 * store of several volumes has plex 1 of areas and journal next to plex 1 of their headers.
 *
 * Invariants
 *  1. Every block written carries generation 1 and the checksum that format.h asks for.
 *  2. Blocks that are not written are holes: they read as zeros.
 *  3. Shares begin at a multiple of a pot, so that both plexes cut objects into the same pots.
 */
#include "disks/image.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "disks/checksum.h"
#include "emulator/base/memory.h"
#include "emulator/base/output_file.h"
#include "emulator/base/pack.h"
#include "emulator/base/renewal.h"
#include "kernel/abi.h"

#define FIRST_GENERATION 1u

struct disk_key disk_key_object(uint8_t type, uint8_t data_byte, uint64_t id, uint64_t count)
{
    assert(id <= OBJECT_ID_MAX);
    struct disk_key key = {.type = type, .data_byte = data_byte, .count = count};
    memcpy(key.object_id, &id, sizeof(key.object_id));
    return key;
}

struct disk_key disk_key_number(uint64_t number)
{
    return (struct disk_key){.type = KEY_DATA, .count = number};
}

static uint64_t blocks_for(uint64_t objects, uint64_t per_block)
{
    return (objects + per_block - 1) / per_block;
}

void image_init(struct image *image, uint64_t node_count, uint64_t page_count)
{
    assert(node_count > 0);
    assert(page_count > 0);
    *image = (struct image){.node_count = node_count, .page_count = page_count,
                            .node_next = OBJECT_ID_FIRST, .page_next = OBJECT_ID_FIRST,
                            .volume_count = 1};
    image->pots = memory_zeroed(blocks_for(node_count, POT_NODES), sizeof(*image->pots));
    image->pages = memory_zeroed(page_count + 1, sizeof(*image->pages));
}

void image_finish(struct image *image)
{
    for (uint64_t id = 0; image->pages && id < image->page_next && id <= image->page_count; id++)
        free(image->pages[id]);
    for (uint64_t i = 0; image->pots && i < blocks_for(image->node_count, POT_NODES); i++)
        free(image->pots[i]);
    free(image->pages);
    free(image->pots);
    *image = (struct image){0};
}

uint64_t image_node_new(struct image *image)
{
    return image->node_next > image->node_count ? 0 : image->node_next++;
}

struct disk_node *image_node(struct image *image, uint64_t id)
{
    assert(id > 0);
    assert(id <= image->node_count);
    struct disk_node **pot = &image->pots[(id - 1) / POT_NODES];
    if (!*pot)
        *pot = memory_zeroed(POT_NODES, sizeof(**pot));
    return *pot + (id - 1) % POT_NODES;
}

uint64_t image_page_new(struct image *image, const uint8_t *data, size_t size_bytes)
{
    assert(size_bytes <= BLOCK_BYTES);
    if (image->page_next > image->page_count)
        return 0;
    uint64_t id = image->page_next++;
    for (size_t i = 0; i < size_bytes; i++) {
        if (data[i] == 0)
            continue;
        image->pages[id] = memory_zeroed(1, BLOCK_BYTES);
        memcpy(image->pages[id], data, size_bytes);
        break;
    }
    return id;
}

/* The volume being laid out. */
struct layout {
    const struct image *image;
    struct volume_range *ranges;
    uint32_t count;
    uint64_t at; /* next free block */
};

static void range_add(struct layout *layout, struct volume_range range)
{
    assert(layout->count < VOLUME_RANGES_MAX);
    assert(range.block_count > 0);
    range.start_block = layout->at;
    layout->at += range.block_count;
    layout->ranges[layout->count++] = range;
}

/* A volume's share in a plex of the objects of a kind. Pages are shared out like their pots. */
static void share_add(struct layout *layout, enum range_kind kind, uint8_t plex, unsigned share)
{
    const struct image *image = layout->image;
    uint64_t total = kind == RANGE_NODES ? image->node_count : image->page_count;
    uint64_t per_pot = kind == RANGE_NODES ? POT_NODES : POT_PAGES;
    uint64_t pots = blocks_for(total, per_pot);
    uint64_t first = pots * share / image->volume_count * per_pot;
    uint64_t end = pots * (share + 1) / image->volume_count * per_pot;
    if (end > total)
        end = total;
    if (first >= end)
        return; /* fewer pots than volumes */
    range_add(layout, (struct volume_range){
                          .kind = (uint8_t)kind,
                          .plex = plex,
                          .first_id = 1 + first,
                          .object_count = end - first,
                          .block_count = kind == RANGE_PAGES ? end - first
                                                             : blocks_for(end - first, per_pot)});
}

/* What is addressed by block, not by object: headers, areas, journal. */
static void blocks_add(struct layout *layout, enum range_kind kind, uint8_t plex, uint64_t first_id,
                       uint64_t blocks)
{
    range_add(layout, (struct volume_range){.kind = (uint8_t)kind,
                                            .plex = plex,
                                            .first_id = first_id,
                                            .object_count = blocks,
                                            .block_count = blocks});
}

/* A place's header, area and, with place 0, the journal, if the plex is on this volume: places
 * alternate over the first two volumes, and plex 1 is on the volume after that of plex 0. */
static void place_add(struct layout *layout, unsigned volume, unsigned place, uint8_t plex)
{
    const struct image *image = layout->image;
    if (volume != (place + plex) % image->volume_count)
        return;
    blocks_add(layout, RANGE_CKPT_HEADER, plex, place, 1);
    if (plex && !(image->mirror && image->volume_count > 1))
        return;
    blocks_add(layout, RANGE_CKPT_AREA, plex, AREA_ID(place, 0), image->area_blocks);
    if (place == 0)
        blocks_add(layout, RANGE_JOURNAL, plex, 0, image->journal_blocks);
}

uint64_t image_layout(const struct image *image, unsigned volume, struct volume_range *ranges,
                      uint32_t *range_count)
{
    struct layout layout = {.image = image, .ranges = ranges, .at = 1};
    assert(volume < image->volume_count);
    unsigned before = (volume + image->volume_count - 1) % image->volume_count;
    place_add(&layout, volume, 0, 0);
    place_add(&layout, volume, 1, 1);
    share_add(&layout, RANGE_NODES, 0, volume);
    share_add(&layout, RANGE_PAGE_POTS, 0, volume);
    share_add(&layout, RANGE_PAGES, 0, volume);
    share_add(&layout, RANGE_NODES, 1, before);
    share_add(&layout, RANGE_PAGE_POTS, 1, before);
    if (image->mirror)
        share_add(&layout, RANGE_PAGES, 1, before);
    place_add(&layout, volume, 1, 0);
    place_add(&layout, volume, 0, 1);
    *range_count = layout.count;
    return layout.at + NAMES_FROM_END;
}

static bool block_put(int descriptor, uint64_t block, const void *data)
{
    return output_at(descriptor, data, BLOCK_BYTES, block * BLOCK_BYTES);
}

static void generation_set(uint8_t generation[6])
{
    const uint64_t first = FIRST_GENERATION;
    memcpy(generation, &first, 6);
}

static bool node_pots_put(const struct image *image, int descriptor,
                          const struct volume_range *range)
{
    for (uint64_t i = 0; i < range->block_count; i++) {
        struct node_pot pot = {0};
        uint64_t first = range->first_id + i * POT_NODES;
        assert((first - 1) % POT_NODES == 0);
        if (image->pots[(first - 1) / POT_NODES])
            memcpy(pot.nodes, image->pots[(first - 1) / POT_NODES], sizeof(pot.nodes));
        generation_set(pot.generation);
        pot.checksum = checksum64((const uint8_t *)&pot + 8, BLOCK_BYTES - 8,
                                  checksum_seed(CHECKSUM_NODE_POT, first));
        if (!block_put(descriptor, range->start_block + i, &pot))
            return false;
    }
    return true;
}

static bool page_pots_put(const struct image *image, int descriptor,
                          const struct volume_range *range)
{
    for (uint64_t i = 0; i < range->block_count; i++) {
        struct page_pot pot = {0};
        uint64_t first = range->first_id + i * POT_PAGES;
        for (uint64_t n = 0; n < POT_PAGES && first + n <= image->page_count; n++) {
            const uint8_t *page = image->pages[first + n];
            if (page)
                pot.pages[n].checksum =
                    checksum64(page, BLOCK_BYTES, checksum_seed(CHECKSUM_PAGE, first + n));
            else
                pot.pages[n].count_and_flags = (uint64_t)PAGE_POT_ZERO << PAGE_POT_FLAGS_SHIFT;
        }
        generation_set(pot.generation);
        pot.checksum = checksum64((const uint8_t *)&pot + 8, BLOCK_BYTES - 8,
                                  checksum_seed(CHECKSUM_PAGE_POT, first));
        if (!block_put(descriptor, range->start_block + i, &pot))
            return false;
    }
    return true;
}

static bool pages_put(const struct image *image, int descriptor, const struct volume_range *range)
{
    for (uint64_t i = 0; i < range->object_count; i++) {
        const uint8_t *page = image->pages[range->first_id + i];
        if (page && !block_put(descriptor, range->start_block + i, page))
            return false;
    }
    return true;
}

/* The volumes while they are written: temporary files, until all are whole. */
struct writing {
    const struct image *image;
    uint8_t store_id[16];
    struct volume_header headers[VOLUME_DISKS_MAX];
    int descriptors[VOLUME_DISKS_MAX];
    char temporary[VOLUME_DISKS_MAX][PATH_MAX];
    char path[VOLUME_DISKS_MAX][PATH_MAX];
    unsigned opened;
};

/* Write a block in all plexes of the range of its kind that begins with first_id. */
static bool plexes_put(const struct writing *writing, enum range_kind kind, uint64_t first_id,
                       uint64_t index, const void *data)
{
    bool found = false;
    for (unsigned volume = 0; volume < writing->image->volume_count; volume++) {
        const struct volume_header *header = &writing->headers[volume];
        for (uint32_t i = 0; i < header->range_count; i++) {
            const struct volume_range *range = &header->ranges[i];
            if (range->kind != kind || range->first_id != first_id)
                continue;
            assert(index < range->block_count);
            found = true;
            if (!block_put(writing->descriptors[volume], range->start_block + index, data))
                return false;
        }
    }
    assert(found);
    return true;
}

/* Blocks of each copy of the first directory. */
static uint64_t directory_blocks(const struct image *image)
{
    return image->running_count ? blocks_for(image->running_count, DIRECTORY_ENTRIES) : 1;
}

/* One copy of the directory in area 0: the running domains. */
static bool directory_put(const struct writing *writing, uint64_t first_index, uint64_t block_count)
{
    const struct image *image = writing->image;
    uint32_t taken = 0;
    for (uint32_t sequence = 0; sequence < block_count; sequence++) {
        struct directory_block block = {.generation = FIRST_GENERATION, .sequence = sequence};
        while (block.entry_count < DIRECTORY_ENTRIES && taken < image->running_count) {
            struct directory_entry *entry = &block.entries[block.entry_count++];
            entry->kind = DIRECTORY_RUNNING;
            memcpy(entry->object_id, &image->running[taken++], sizeof(entry->object_id));
        }
        if (sequence + 1 < block_count)
            block.next_block = AREA_ID(0, first_index + sequence + 1);
        block.checksum = checksum64((const uint8_t *)&block + 8, BLOCK_BYTES - 8,
                                    checksum_seed(CHECKSUM_DIRECTORY, FIRST_GENERATION));
        if (!plexes_put(writing, RANGE_CKPT_AREA, AREA_ID(0, 0), first_index + sequence, &block))
            return false;
    }
    assert(taken == image->running_count);
    return true;
}

/* The first checkpoint: both copies of the directory in area 0, the header in its place; the other
 * place stays empty. */
static bool checkpoint_put(const struct writing *writing)
{
    uint8_t block[BLOCK_BYTES] = {0};
    uint64_t blocks = directory_blocks(writing->image);
    uint64_t disks = (1u << writing->image->volume_count) - 1;
    assert(writing->image->area_blocks >= 2 * blocks);
    struct ckpt_header header = {.version = FORMAT_VERSION, .generation = FIRST_GENERATION,
                                 .directory_blocks = blocks,
                                 .directory_entries = writing->image->running_count,
                                 .migrated_generation = FIRST_GENERATION,
                                 .journal_sequence = 1, .disks_in_step = disks,
                                 .disks_known = disks};
    memcpy(header.magic, CKPT_MAGIC, sizeof(header.magic));
    for (unsigned copy = 0; copy < 2; copy++) {
        uint64_t first_index = copy ? writing->image->area_blocks - blocks : 0;
        header.directory_block[copy] = AREA_ID(0, first_index);
        if (!directory_put(writing, first_index, blocks))
            return false;
    }
    header.checksum = checksum64((const uint8_t *)&header + 8, SECTOR_BYTES - 8,
                                 checksum_seed(CHECKSUM_CKPT_HEADER, FIRST_GENERATION));
    memcpy(block, &header, sizeof(header));
    return plexes_put(writing, RANGE_CKPT_HEADER, CKPT_PLACE(FIRST_GENERATION), 0, block);
}

/* The store's name: from all that is in it, so that equal recipes and files give equal stores. */
static void store_id_make(const struct image *image, uint8_t store_id[16])
{
    const uint64_t numbers[] = {image->seed,           image->node_count,   image->page_count,
                                image->area_blocks,    image->volume_count, image->mirror,
                                image->journal_blocks};
    struct digest_state *state = digest_create();
    digest_add(state, image->label, sizeof(image->label));
    digest_add(state, numbers, sizeof(numbers));
    digest_add(state, image->running, image->running_count * sizeof(image->running[0]));
    for (uint64_t i = 0; i < blocks_for(image->node_count, POT_NODES); i++)
        if (image->pots[i])
            digest_add(state, image->pots[i], POT_NODES * sizeof(struct disk_node));
    for (uint64_t id = 1; id < image->page_next; id++) {
        digest_add(state, &id, sizeof(id));
        if (image->pages[id])
            digest_add(state, image->pages[id], BLOCK_BYTES);
    }
    struct digest digest = digest_end(state);
    memcpy(store_id, &digest, 16);
}

static bool names_put(const struct writing *writing, unsigned volume)
{
    struct names_block block;
    names_write(&writing->image->names, &block);
    return block_put(writing->descriptors[volume],
                     names_at(writing->headers[volume].block_count), &block);
}

static bool header_put(struct writing *writing, unsigned volume)
{
    struct volume_header *header = &writing->headers[volume];
    memcpy(header->magic, VOLUME_MAGIC, sizeof(header->magic));
    header->version = FORMAT_VERSION;
    header->disk_index = (uint8_t)volume;
    header->disk_count = (uint8_t)writing->image->volume_count;
    header->generation = FIRST_GENERATION;
    memcpy(header->label, writing->image->label, sizeof(header->label));
    memcpy(header->store_id, writing->store_id, sizeof(header->store_id));
    header->checksum = checksum64((const uint8_t *)header + 8, BLOCK_BYTES - 8, CHECKSUM_VOLUME);
    return block_put(writing->descriptors[volume], 0, header) &&
           block_put(writing->descriptors[volume], header->block_count - 1, header);
}

/* All of a volume but its share of the checkpoint, which needs every volume's layout. */
static bool volume_put(struct writing *writing, unsigned volume)
{
    struct volume_header *header = &writing->headers[volume];
    int descriptor = writing->descriptors[volume];
    header->block_count =
        image_layout(writing->image, volume, header->ranges, &header->range_count);
    if (ftruncate(descriptor, (off_t)(header->block_count * BLOCK_BYTES)) != 0)
        return false;
    for (uint32_t i = 0; i < header->range_count; i++) {
        const struct volume_range *range = &header->ranges[i];
        bool good = true;
        if (range->kind == RANGE_NODES)
            good = node_pots_put(writing->image, descriptor, range);
        else if (range->kind == RANGE_PAGE_POTS)
            good = page_pots_put(writing->image, descriptor, range);
        else if (range->kind == RANGE_PAGES)
            good = pages_put(writing->image, descriptor, range);
        if (!good)
            return false;
    }
    return names_put(writing, volume) && header_put(writing, volume);
}

bool image_volume_path(const char *path, unsigned volume, char *target, size_t room)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    const char *dot = strrchr(name, '.');
    int length;
    if (!dot || dot == name)
        dot = path + strlen(path);
    if (volume == 0)
        length = snprintf(target, room, "%s", path);
    else
        length = snprintf(target, room, "%.*s-%u%s", (int)(dot - path), path, volume, dot);
    return length >= 0 && (size_t)length < room;
}

static bool volumes_open(struct writing *writing, const char *path, struct error *error)
{
    static const char suffix[] = ".XXXXXX"; /* as mkstemp wants it */
    for (unsigned i = 0; i < writing->image->volume_count; i++) {
        if (!image_volume_path(path, i, writing->path[i], PATH_MAX - sizeof(suffix)))
            return error_set(error, ERROR_LIMIT, "%.40s...: the path is too long", path);
        struct stat status;
        if (stat(writing->path[i], &status) == 0 && !S_ISREG(status.st_mode))
            return error_set(error, ERROR_IO, "%.150s: exists, and is not a file",
                             writing->path[i]);
        if (output_in_use(writing->path[i]))
            return error_set(error, ERROR_IO, "%.150s: in use by another run", writing->path[i]);
        size_t length = strlen(writing->path[i]);
        memcpy(writing->temporary[i], writing->path[i], length);
        memcpy(writing->temporary[i] + length, suffix, sizeof(suffix));
        writing->descriptors[i] = mkstemp(writing->temporary[i]);
        if (writing->descriptors[i] < 0)
            return error_set(error, ERROR_IO, "%s: %s", writing->path[i], strerror(errno));
        writing->opened++;
    }
    return true;
}

static bool volumes_put(struct writing *writing, struct error *error)
{
    unsigned count = writing->image->volume_count;
    bool good = true;
    if (writing->image->area_blocks < 2 * directory_blocks(writing->image))
        return error_set(error, ERROR_LIMIT, "%s: the areas are too small for the running domains",
                         writing->path[0]);
    for (unsigned i = 0; good && i < count; i++)
        good = volume_put(writing, i);
    good = good && checkpoint_put(writing);
    for (unsigned i = 0; good && i < count; i++)
        good = fchmod(writing->descriptors[i], 0644) == 0 && fsync(writing->descriptors[i]) == 0;
    return good || error_set(error, ERROR_IO, "%s: %s", writing->path[0], strerror(errno));
}

/* Give the files their names. What was not renamed is removed by the caller. */
static bool volumes_rename(struct writing *writing, struct error *error)
{
    for (unsigned i = 0; i < writing->image->volume_count; i++) {
        if (rename(writing->temporary[i], writing->path[i]) != 0)
            return error_set(error, ERROR_IO, "%s: %s", writing->path[i], strerror(errno));
        writing->temporary[i][0] = '\0';
        renewal_end(writing->path[i]); /* of the image that was there */
    }
    return true;
}

bool image_write(const struct image *image, const char *path, struct error *error)
{
    struct writing *writing = memory_zeroed(1, sizeof(*writing));
    writing->image = image;
    store_id_make(image, writing->store_id);
    bool good = volumes_open(writing, path, error) && volumes_put(writing, error) &&
                volumes_rename(writing, error);
    for (unsigned i = 0; i < writing->opened; i++) {
        close(writing->descriptors[i]);
        if (writing->temporary[i][0])
            (void)unlink(writing->temporary[i]);
    }
    free(writing);
    return good;
}
