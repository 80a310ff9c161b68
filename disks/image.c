/* SPDX-License-Identifier: GPL-2.0-or-later */
/* image.c - the in-memory store and the volume writer. Called by make.c; calls base.
 *
 * Order on the volume: header; checkpoint header 0; area 0; node pots, page pots (plex 0); pages;
 * node pots, page pots (plex 1); area 1; checkpoint header 1; header copy. The two plexes lie on
 * both sides of the pages, far apart.
 *
 * Invariants
 *  1. Every block written carries generation 1 and the checksum that format.h asks for.
 *  2. Blocks that are not written are holes: they read as zeros.
 */
#include "disks/image.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "disks/checksum.h"
#include "emulator/base/pack.h"
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

uint64_t disk_key_id(const struct disk_key *key)
{
    uint64_t id = 0;
    memcpy(&id, key->object_id, sizeof(key->object_id));
    return id;
}

static void *zeroed(size_t count, size_t size_bytes)
{
    void *memory = calloc(count, size_bytes);
    if (!memory) {
        fputs("latchkey: host memory: exhausted\n", stderr);
        abort();
    }
    return memory;
}

void image_init(struct image *image, uint64_t node_count, uint64_t page_count)
{
    assert(node_count > 0);
    assert(page_count > 0);
    *image = (struct image){.node_count = node_count, .page_count = page_count,
                            .node_next = OBJECT_ID_FIRST, .page_next = OBJECT_ID_FIRST};
    image->nodes = zeroed(node_count + 1, sizeof(*image->nodes));
    image->pages = zeroed(page_count + 1, sizeof(*image->pages));
}

void image_finish(struct image *image)
{
    for (uint64_t id = 0; image->pages && id <= image->page_count; id++)
        free(image->pages[id]);
    free(image->pages);
    free(image->nodes);
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
    return &image->nodes[id];
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
        image->pages[id] = zeroed(1, BLOCK_BYTES);
        memcpy(image->pages[id], data, size_bytes);
        break;
    }
    return id;
}

static uint64_t blocks_for(uint64_t objects, uint64_t per_block)
{
    return (objects + per_block - 1) / per_block;
}

static void range_add(struct volume_range *ranges, uint32_t *count, uint64_t *at,
                      struct volume_range range)
{
    assert(*count < VOLUME_RANGES_MAX);
    range.start_block = *at;
    *at += range.block_count;
    ranges[(*count)++] = range;
}

uint64_t image_layout(const struct image *image, struct volume_range *ranges,
                      uint32_t *range_count)
{
    uint64_t at = 1;
    uint64_t pots = blocks_for(image->node_count, POT_NODES);
    uint64_t page_pots = blocks_for(image->page_count, POT_PAGES);
    struct volume_range header = {.kind = RANGE_CKPT_HEADER, .block_count = 1};
    struct volume_range area = {.kind = RANGE_CKPT_AREA, .block_count = image->area_blocks};
    *range_count = 0;
    range_add(ranges, range_count, &at, header);
    range_add(ranges, range_count, &at, area);
    for (uint8_t plex = 0; plex < 2; plex++) {
        range_add(ranges, range_count, &at,
                  (struct volume_range){.kind = RANGE_NODES, .plex = plex, .first_id = 1,
                                        .object_count = image->node_count,
                                        .block_count = pots});
        range_add(ranges, range_count, &at,
                  (struct volume_range){.kind = RANGE_PAGE_POTS, .plex = plex, .first_id = 1,
                                        .object_count = image->page_count,
                                        .block_count = page_pots});
        if (plex == 0)
            range_add(ranges, range_count, &at,
                      (struct volume_range){.kind = RANGE_PAGES, .first_id = 1,
                                            .object_count = image->page_count,
                                            .block_count = image->page_count});
    }
    area.first_id = header.first_id = 1;
    range_add(ranges, range_count, &at, area);
    range_add(ranges, range_count, &at, header);
    return at + 1;
}

static bool block_put(int descriptor, uint64_t block, const void *data)
{
    return pwrite(descriptor, data, BLOCK_BYTES, (off_t)(block * BLOCK_BYTES)) == BLOCK_BYTES;
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
        for (uint64_t n = 0; n < POT_NODES && first + n <= image->node_count; n++)
            pot.nodes[n] = image->nodes[first + n];
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
                pot.pages[n].allocation_count = (uint64_t)PAGE_POT_ZERO << 56;
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
    for (uint64_t id = 1; id <= image->page_count; id++)
        if (image->pages[id] &&
            !block_put(descriptor, range->start_block + id - range->first_id, image->pages[id]))
            return false;
    return true;
}

/* One copy of the directory at the start of an area: the running domains. */
static bool directory_put(const struct image *image, int descriptor, uint64_t start_block,
                          uint64_t block_count)
{
    uint32_t taken = 0;
    for (uint32_t sequence = 0; sequence < block_count; sequence++) {
        struct directory_block block = {.generation = FIRST_GENERATION, .sequence = sequence};
        while (block.entry_count < DIRECTORY_ENTRIES && taken < image->running_count) {
            struct directory_entry *entry = &block.entries[block.entry_count++];
            entry->kind = DIRECTORY_RUNNING;
            memcpy(entry->object_id, &image->running[taken++], sizeof(entry->object_id));
        }
        if (sequence + 1 < block_count)
            block.next_block = start_block + sequence + 1;
        block.checksum = checksum64((const uint8_t *)&block + 8, BLOCK_BYTES - 8,
                                    checksum_seed(CHECKSUM_DIRECTORY, FIRST_GENERATION));
        if (!block_put(descriptor, start_block + sequence, &block))
            return false;
    }
    assert(taken == image->running_count);
    return true;
}

/* The first checkpoint: a directory in each area, then the header in place 0; place 1 stays empty.
 * */
static bool checkpoint_put(const struct image *image, int descriptor,
                           const struct volume_range *areas[2],
                           const struct volume_range *header_range)
{
    uint8_t block[BLOCK_BYTES] = {0};
    uint64_t blocks = blocks_for(image->running_count, DIRECTORY_ENTRIES);
    if (blocks == 0)
        blocks = 1;
    struct ckpt_header header = {.version = FORMAT_VERSION, .generation = FIRST_GENERATION,
                                 .directory_blocks = blocks,
                                 .directory_entries = image->running_count,
                                 .migrated_generation = FIRST_GENERATION};
    memcpy(header.magic, CKPT_MAGIC, sizeof(header.magic));
    for (unsigned copy = 0; copy < 2; copy++) {
        header.directory_block[copy] = areas[copy]->start_block;
        if (!directory_put(image, descriptor, areas[copy]->start_block, blocks))
            return false;
    }
    header.checksum = checksum64((const uint8_t *)&header + 8, SECTOR_BYTES - 8,
                                 checksum_seed(CHECKSUM_CKPT_HEADER, FIRST_GENERATION));
    memcpy(block, &header, sizeof(header));
    return block_put(descriptor, header_range->start_block, block);
}

/* The store's name: from what is in it, so that equal recipes give equal stores. */
static void store_id_make(const struct image *image, uint8_t store_id[16])
{
    struct digest_state *state = digest_create();
    digest_add(state, image->label, sizeof(image->label));
    digest_add(state, &image->seed, sizeof(image->seed));
    digest_add(state, image->nodes, (image->node_count + 1) * sizeof(*image->nodes));
    struct digest digest = digest_end(state);
    memcpy(store_id, &digest, 16);
}

static bool header_put(const struct image *image, int descriptor, struct volume_header *header)
{
    memcpy(header->magic, VOLUME_MAGIC, sizeof(header->magic));
    header->version = FORMAT_VERSION;
    header->disk_count = 1;
    header->generation = FIRST_GENERATION;
    memcpy(header->label, image->label, sizeof(header->label));
    store_id_make(image, header->store_id);
    header->checksum = checksum64((const uint8_t *)header + 8, BLOCK_BYTES - 8, CHECKSUM_VOLUME);
    return block_put(descriptor, 0, header) &&
           block_put(descriptor, header->block_count - 1, header);
}

static bool volume_put(const struct image *image, int descriptor)
{
    struct volume_header header = {0};
    const struct volume_range *areas[2] = {NULL, NULL}, *place = NULL;
    header.block_count = image_layout(image, header.ranges, &header.range_count);
    if (ftruncate(descriptor, (off_t)(header.block_count * BLOCK_BYTES)) != 0)
        return false;
    for (uint32_t i = 0; i < header.range_count; i++) {
        const struct volume_range *range = &header.ranges[i];
        bool good = true;
        if (range->kind == RANGE_NODES)
            good = node_pots_put(image, descriptor, range);
        else if (range->kind == RANGE_PAGE_POTS)
            good = page_pots_put(image, descriptor, range);
        else if (range->kind == RANGE_PAGES)
            good = pages_put(image, descriptor, range);
        else if (range->kind == RANGE_CKPT_AREA)
            areas[range->first_id] = range;
        else if (range->kind == RANGE_CKPT_HEADER && range->first_id == 0)
            place = range;
        if (!good)
            return false;
    }
    return checkpoint_put(image, descriptor, areas, place) &&
           header_put(image, descriptor, &header);
}

bool image_write(const struct image *image, const char *path, struct error *error)
{
    char temporary[4096];
    int length = snprintf(temporary, sizeof(temporary), "%s.XXXXXX", path);
    if (length < 0 || (size_t)length >= sizeof(temporary))
        return error_set(error, ERROR_LIMIT, "%.40s...: the path is too long", path);
    int descriptor = mkstemp(temporary);
    if (descriptor < 0)
        return error_set(error, ERROR_IO, "%s: %s", path, strerror(errno));
    bool good = volume_put(image, descriptor) && fchmod(descriptor, 0644) == 0 &&
                fsync(descriptor) == 0;
    int problem = errno;
    close(descriptor);
    if (good && rename(temporary, path) == 0)
        return true;
    if (good)
        problem = errno;
    (void)unlink(temporary);
    return error_set(error, ERROR_IO, "%s: %s", path, strerror(problem));
}
