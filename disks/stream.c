/* SPDX-License-Identifier: GPL-2.0-or-later */
/* stream.c - see stream.h. A slot is read as if it were a store with one area and nothing else, so
 * that what reads stores reads it. Called by apply.c and info.c; calls store.c and
 * check_checkpoint.c. */
#include "disks/stream.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "disks/check_private.h"
#include "emulator/base/memory.h"

/* One generation on its way through stream_pass(). */
struct passing {
    const struct store *standby;
    const struct stream_taker *taker; /* or NULL */
    struct ckpt_header header;
    struct store slot; /* its one range is the area */
    struct store_directory directory;
    struct error *error;
};

uint64_t stream_block(const struct stream *stream, uint64_t generation)
{
    assert(stream->slots > 0);
    return stream->range.start_block + generation % stream->slots * stream->range.object_count;
}

/* The header in the slot of a generation, whichever it is of. */
static bool slot_header(const struct stream *stream, uint64_t generation,
                        struct ckpt_header *header)
{
    uint8_t block[BLOCK_BYTES];
    if (!volume_read(stream->volume, stream_block(stream, generation), block))
        return false;
    memcpy(header, block, sizeof(*header));
    return store_header_good(header) &&
           header->generation % stream->slots == generation % stream->slots;
}

bool stream_header(const struct stream *stream, uint64_t generation, struct ckpt_header *header)
{
    return slot_header(stream, generation, header) && header->generation == generation;
}

bool stream_use(const struct store *store, struct stream *stream, struct error *error)
{
    struct ckpt_header header;
    const struct volume *volume = &store->stream;
    *stream = (struct stream){.volume = volume};
    if (!volume->path)
        return error_set(error, ERROR_USAGE, "%s: no stream is among the volumes given",
                         store->volumes[0].path);
    if (volume->header.range_count == 0 || volume->header.ranges[0].kind != RANGE_STREAM)
        return error_set(error, ERROR_FORMAT, "%s: a stream without its range", volume->path);
    const char *problem = volume_range_problem(volume, 0);
    if (problem)
        return error_set(error, ERROR_FORMAT, "%s: its range: %s", volume->path, problem);
    stream->range = volume->header.ranges[0];
    stream->slots = stream->range.block_count / stream->range.object_count;
    for (uint64_t slot = 0; slot < stream->slots; slot++)
        if (slot_header(stream, slot, &header) && header.generation > stream->newest)
            stream->newest = header.generation;
    stream->oldest = stream->newest;
    while (stream->oldest > 1 && stream_header(stream, stream->oldest - 1, &header))
        stream->oldest--;
    return true;
}

static bool wrong(const struct passing *passing, const char *what, uint64_t id,
                  const char *problem)
{
    return error_set(passing->error, ERROR_FORMAT, "%s: generation %llu: %s %llu: %s",
                     passing->slot.volumes[0].path,
                     (unsigned long long)passing->header.generation, what, (unsigned long long)id,
                     problem);
}

static bool block_pass(const struct passing *passing, uint64_t area_id,
                       const struct store_judge *judge)
{
    uint8_t block[BLOCK_BYTES] __attribute__((aligned(8)));
    const char *problem = store_block_read(&passing->slot, RANGE_CKPT_AREA, area_id, judge, block);
    if (problem)
        return wrong(passing, "block", AREA_ID_INDEX(area_id), problem);
    if (!store_exists(passing->standby, RANGE_CKPT_AREA, area_id))
        return wrong(passing, "block", AREA_ID_INDEX(area_id), "the standby has no room for it");
    return !passing->taker || passing->taker->take(passing->taker->context, area_id, block);
}

/* What an entry places; a pot is passed once for all nodes in it that follow each other. */
static bool entry_pass(const struct passing *passing, const struct directory_entry *entry,
                       uint64_t pot_before)
{
    uint64_t id = disk_id(entry->object_id);
    const char *problem = check_entry_problem(passing->standby, passing->header.area, entry);
    bool page = entry->kind == DIRECTORY_PAGE || entry->kind == DIRECTORY_ZERO_PAGE;
    if (!problem && page && !store_exists(passing->standby, RANGE_PAGES, id))
        problem = "there is no such page";
    if (problem)
        return wrong(passing, "object", id, problem);
    struct store_judge judge = store_judge_page(id, entry->checksum_or_calls);
    if (entry->kind == DIRECTORY_NODE)
        judge = store_judge_area_pot(entry->location, passing->header.generation);
    bool placed = entry->kind == DIRECTORY_NODE ? entry->location != pot_before
                                                : entry->kind == DIRECTORY_PAGE;
    return !placed || block_pass(passing, entry->location, &judge);
}

static bool copy_pass(struct passing *passing, unsigned copy)
{
    const struct store_directory *directory = &passing->directory;
    const char *problem =
        store_directory_read(&passing->slot, &passing->header, copy, &passing->directory);
    if (problem)
        return wrong(passing, "directory", copy, problem);
    for (size_t i = 0; i < directory->block_count; i++) {
        struct store_judge judge = store_judge_directory(passing->header.generation, i);
        if (!block_pass(passing, directory->blocks[i], &judge))
            return false;
    }
    uint64_t pot_before = 0;
    for (size_t i = 0; copy == 0 && i < directory->count; i++) {
        const struct directory_entry *entry = &directory->entries[i];
        if (!entry_pass(passing, entry, pot_before))
            return false;
        pot_before = entry->kind == DIRECTORY_NODE ? entry->location : 0;
    }
    return true;
}

/* Show the slot as a store. */
static void slot_show(const struct stream *stream, uint64_t generation, struct passing *passing)
{
    struct store *slot = &passing->slot;
    uint64_t blocks = stream->range.first_id - 1;
    slot->volumes[0] = *stream->volume; /* which stays where it is, and is closed there */
    slot->volume_count = 1;
    slot->ranges[0] = (struct store_range){
        .range = {.kind = RANGE_CKPT_AREA, .first_id = AREA_ID(passing->header.area, 0),
                  .object_count = blocks, .block_count = blocks,
                  .start_block = stream_block(stream, generation) + 1},
        .disk = VOLUME_STREAM};
    slot->range_count = 1;
}

bool stream_pass(const struct stream *stream, const struct store *standby, uint64_t generation,
                 const struct stream_taker *taker, struct error *error)
{
    struct passing *passing = memory_zeroed(1, sizeof(*passing));
    bool good = true;
    passing->standby = standby;
    passing->taker = taker;
    passing->error = error;
    if (!stream_header(stream, generation, &passing->header) ||
        !(passing->header.disks_in_step >> VOLUME_STREAM & 1))
        good = error_set(error, ERROR_FORMAT, "%s: generation %llu is not in it",
                         stream->volume->path, (unsigned long long)generation);
    if (good)
        slot_show(stream, generation, passing);
    for (unsigned copy = 0; good && copy < STORE_PLEXES; copy++) {
        good = copy_pass(passing, copy);
        store_directory_finish(&passing->directory);
    }
    free(passing);
    return good;
}

/* A group may have been written before the header, while the generation before was the newest. */
void stream_journal(const struct stream *stream, const struct ckpt_header *header,
                    struct store *slot, struct store_journal *journal)
{
    uint64_t blocks = stream->range.object_count - stream->range.first_id;
    memset(slot, 0, sizeof(*slot));
    slot->volumes[0] = *stream->volume; /* which stays where it is, and is closed there */
    slot->volume_count = 1;
    slot->header = *header;
    for (uint8_t plex = 0; plex < STORE_PLEXES && blocks > 0; plex++)
        slot->ranges[slot->range_count++] = (struct store_range){
            .range = {.kind = RANGE_JOURNAL, .plex = plex, .object_count = blocks,
                      .block_count = blocks,
                      .start_block = stream_block(stream, header->generation - plex) +
                                     stream->range.first_id},
            .disk = VOLUME_STREAM};
    store_journal_read(slot, journal);
}
