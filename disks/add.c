/* SPDX-License-Identifier: GPL-2.0-or-later */
/* add.c - lays out and writes a volume that joins a store. Called by the disk command; calls store
 * and check. What and why: add.h.
 *
 * Order on the volume: header; second plexes of what is on other volumes; new node pots and page
 * pots; new pages; their second plexes; header copy.
 *
 * A stream is one range: slots, all holes but the header of the first generation.
 *
 * Invariants
 *  1. Second plexes are left as holes: they read as zeros, which pass no checksum, until the kernel
 *     has filled them.
 *  2. New objects are all zero with counts of 0, in pots of the newest generation.
 */
#include "disks/add.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "disks/check.h"
#include "disks/checksum.h"
#include "emulator/base/memory.h"
#include "emulator/base/output_file.h"
#include "emulator/base/renewal.h"

struct addition {
    const struct store *store;
    const struct add_request *request;
    struct volume_header header;
    uint64_t at; /* next free block */
    int descriptor;
    const char *path;
    struct error *error;
};

static bool range_add(struct addition *addition, struct volume_range range)
{
    struct volume_header *header = &addition->header;
    if (header->range_count == VOLUME_RANGES_MAX)
        return error_set(addition->error, ERROR_LIMIT, "%s: more than %u ranges on a volume",
                         addition->path, VOLUME_RANGES_MAX);
    range.start_block = addition->at;
    addition->at += range.block_count;
    header->ranges[header->range_count++] = range;
    return true;
}

static bool has_twin(const struct store *store, const struct volume_range *range)
{
    for (unsigned i = 0; i < store->range_count; i++) {
        const struct volume_range *other = &store->ranges[i].range;
        if (other->kind == range->kind && other->plex != range->plex &&
            other->first_id == range->first_id && other->object_count == range->object_count)
            return true;
    }
    return false;
}

static bool twins_add(struct addition *addition)
{
    const struct store *store = addition->store;
    for (unsigned i = 0; i < store->range_count; i++) {
        struct volume_range twin = store->ranges[i].range;
        if (twin.kind == RANGE_SPARE || has_twin(store, &twin))
            continue;
        twin.plex = 1 - twin.plex;
        if (!range_add(addition, twin))
            return false;
    }
    return true;
}

static bool objects_add(struct addition *addition, enum range_kind kind, uint8_t plex,
                        uint64_t count)
{
    const struct store *store = addition->store;
    uint64_t per_block = range_objects_per_block((uint8_t)kind);
    uint64_t first = store_end(store, kind == RANGE_NODES ? RANGE_NODES : RANGE_PAGE_POTS);
    if (count == 0)
        return true;
    if (first > OBJECT_ID_MAX || count - 1 > OBJECT_ID_MAX - first)
        return error_set(addition->error, ERROR_LIMIT, "%s: the store has no ids for %llu more",
                         addition->path, (unsigned long long)count);
    return range_add(addition, (struct volume_range){.kind = (uint8_t)kind,
                                                     .plex = plex,
                                                     .first_id = first,
                                                     .object_count = count,
                                                     .block_count = (count - 1) / per_block + 1});
}

/* A slot has room for the header, for the larger of the areas, and for the journal. */
static bool stream_add(struct addition *addition)
{
    const struct store *store = addition->store;
    const struct add_request *request = addition->request;
    uint64_t slot = 1, ring = store_end(store, RANGE_JOURNAL);
    if (request->node_count || request->page_count || request->mirror)
        return error_set(addition->error, ERROR_USAGE, "%s: a stream holds nothing else",
                         addition->path);
    for (unsigned i = 0; i < store->range_count; i++) {
        const struct volume_range *range = &store->ranges[i].range;
        uint64_t end = AREA_ID_INDEX(range->first_id) + range->object_count + 1;
        if (range->kind == RANGE_CKPT_AREA && end > slot)
            slot = end;
    }
    return range_add(addition,
                     (struct volume_range){.kind = RANGE_STREAM,
                                           .first_id = slot,
                                           .object_count = slot + ring,
                                           .block_count = (slot + ring) * request->stream_slots});
}

static bool layout(struct addition *addition)
{
    const struct add_request *request = addition->request;
    addition->at = 1;
    if (request->stream_slots)
        return stream_add(addition);
    if (request->mirror && !twins_add(addition))
        return false;
    return objects_add(addition, RANGE_NODES, 0, request->node_count) &&
           objects_add(addition, RANGE_PAGE_POTS, 0, request->page_count) &&
           objects_add(addition, RANGE_PAGES, 0, request->page_count) &&
           objects_add(addition, RANGE_NODES, 1, request->node_count) &&
           objects_add(addition, RANGE_PAGE_POTS, 1, request->page_count) &&
           objects_add(addition, RANGE_PAGES, 1, request->mirror ? request->page_count : 0);
}

/* The number of the new volume; VOLUME_DISKS_MAX: there is none. */
static unsigned index_choose(const struct store *store, bool mirror)
{
    for (unsigned disk = 0; mirror && disk < store->disk_count; disk++)
        if (!store_volume(store, disk))
            return disk;
    return store->disk_count;
}

static bool header_fill(struct addition *addition)
{
    const struct store *store = addition->store;
    const struct volume_header *first = &store->volumes[0].header;
    struct volume_header *header = &addition->header;
    unsigned index = index_choose(store, addition->request->mirror);
    if (index == VOLUME_DISKS_MAX && !addition->request->stream_slots)
        return error_set(addition->error, ERROR_LIMIT, "%s: a store has at most %u volumes",
                         addition->path, VOLUME_DISKS_MAX);
    if (header->range_count == 0)
        return error_set(addition->error, ERROR_USAGE,
                         "%s: nothing to add: no new nodes or pages, and all has two homes",
                         addition->path);
    memcpy(header->magic, VOLUME_MAGIC, sizeof(header->magic));
    memcpy(header->store_id, first->store_id, sizeof(header->store_id));
    memcpy(header->label, first->label, sizeof(header->label));
    header->version = FORMAT_VERSION;
    header->disk_index = (uint8_t)index;
    header->disk_count = (uint8_t)(index < store->disk_count ? store->disk_count : index + 1);
    if (addition->request->stream_slots) {
        header->disk_index = VOLUME_STREAM;
        header->disk_count = (uint8_t)store->disk_count;
    }
    header->block_count = addition->at + 1 < 4 ? 4 : addition->at + 1; /* volume.c: BLOCKS_MIN */
    header->generation = store->header.generation + 1; /* that header did not mean this volume */
    header->checksum = checksum64((const uint8_t *)header + 8, BLOCK_BYTES - 8, CHECKSUM_VOLUME);
    return true;
}

static bool block_write(const struct addition *addition, uint64_t block, const void *data)
{
    return output_at(addition->descriptor, data, BLOCK_BYTES, block * BLOCK_BYTES);
}

static bool pots_write(const struct addition *addition, const struct volume_range *range)
{
    uint64_t per_block = range_objects_per_block(range->kind);
    uint64_t seed = range->kind == RANGE_NODES ? CHECKSUM_NODE_POT : CHECKSUM_PAGE_POT;
    for (uint64_t i = 0; i < range->block_count; i++) {
        struct page_pot pot = {0}; /* both kinds of pot begin alike */
        uint64_t first = range->first_id + i * per_block;
        memcpy(pot.generation, &addition->store->header.generation, sizeof(pot.generation));
        for (uint64_t n = 0; range->kind == RANGE_PAGE_POTS && n < POT_PAGES; n++)
            if (i * per_block + n < range->object_count)
                pot.pages[n].count_and_flags = (uint64_t)PAGE_POT_ZERO << PAGE_POT_FLAGS_SHIFT;
        pot.checksum = checksum64((const uint8_t *)&pot + 8, BLOCK_BYTES - 8,
                                  checksum_seed(seed, first));
        if (!block_write(addition, range->start_block + i, &pot))
            return false;
    }
    return true;
}

/* The newest generation is where the stream begins: a header, and nothing that it refers to. */
static bool stream_begin(const struct addition *addition, const struct volume_range *range)
{
    const struct ckpt_header *header = &addition->store->header;
    uint64_t slot = header->generation % addition->request->stream_slots;
    uint8_t block[BLOCK_BYTES] = {0};
    memcpy(block, header, sizeof(*header));
    return block_write(addition, range->start_block + slot * range->object_count, block);
}

static bool volume_write(const struct addition *addition)
{
    const struct volume_header *header = &addition->header;
    uint64_t end[RANGE_KIND_LAST + 1];
    for (unsigned kind = 0; kind <= RANGE_KIND_LAST; kind++)
        end[kind] = store_end(addition->store, kind);
    if (ftruncate(addition->descriptor, (off_t)(header->block_count * BLOCK_BYTES)) != 0)
        return false;
    for (uint32_t i = 0; i < header->range_count; i++) {
        const struct volume_range *range = &header->ranges[i];
        bool pots = range->kind == RANGE_NODES || range->kind == RANGE_PAGE_POTS;
        if (pots && range->first_id >= end[range->kind] && !pots_write(addition, range))
            return false;
        if (range->kind == RANGE_STREAM && !stream_begin(addition, range))
            return false;
    }
    return block_write(addition, 0, header) &&
           block_write(addition, header->block_count - 1, header) &&
           fchmod(addition->descriptor, 0644) == 0 && fsync(addition->descriptor) == 0;
}

/* Write to a temporary file, and give it its name when it is whole. */
static bool file_write(struct addition *addition)
{
    static const char suffix[] = ".XXXXXX"; /* as mkstemp wants it */
    char temporary[PATH_MAX];
    struct stat status;
    int length = snprintf(temporary, sizeof(temporary), "%s%s", addition->path, suffix);
    if (length < 0 || (size_t)length >= sizeof(temporary))
        return error_set(addition->error, ERROR_LIMIT, "%.40s...: the path is too long",
                         addition->path);
    if (lstat(addition->path, &status) == 0)
        return error_set(addition->error, ERROR_USAGE, "%s: exists; a new volume is a new file",
                         addition->path);
    addition->descriptor = mkstemp(temporary);
    if (addition->descriptor < 0)
        return error_set(addition->error, ERROR_IO, "%s: %s", addition->path, strerror(errno));
    bool good = volume_write(addition) && rename(temporary, addition->path) == 0;
    int reason = errno;
    close(addition->descriptor);
    if (good) {
        renewal_end(addition->path); /* of an image that was there once */
        return true;
    }
    (void)unlink(temporary);
    return error_set(addition->error, ERROR_IO, "%s: %s", addition->path, strerror(reason));
}

/* A store with damage does not grow: what is wrong may be where its ranges are. */
static bool store_sound(struct store *store, const char *path, struct error *error)
{
    struct check_report report;
    (void)check_store(store, &report);
    bool sound = report.counts[FINDING_DAMAGE] == 0;
    for (size_t i = 0; !sound && i < report.count; i++) {
        if (report.findings[i].kind != FINDING_DAMAGE)
            continue;
        (void)error_set(error, ERROR_FORMAT, "%s: the store is damaged: %s", path,
                        report.findings[i].text);
        break;
    }
    check_report_finish(&report);
    return sound;
}

bool add_volume(struct store *store, const struct add_request *request, const char *path,
                struct error *error)
{
    assert(store->volume_count > 0);
    if (!store_sound(store, store->volumes[0].path, error))
        return false;
    struct addition *addition = memory_zeroed(1, sizeof(*addition));
    *addition = (struct addition){.store = store, .request = request, .path = path,
                                  .error = error};
    bool good = layout(addition) && header_fill(addition) && file_write(addition);
    free(addition);
    return good;
}
