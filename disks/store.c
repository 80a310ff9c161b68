/* SPDX-License-Identifier: GPL-2.0-or-later */
/* store.c - opens the volumes of a store, finds its checkpoints, and knows where everything is.
 * Called by check, digest, add, apply and others; calls volume.c, store_directory.c and
 * store_journal.c. Invariants: store.h. */
#include "disks/store.h"

#include <assert.h>
#include <string.h>

#include "disks/checksum.h"

const struct volume *store_volume(const struct store *store, uint64_t disk)
{
    for (unsigned i = 0; i < store->volume_count; i++)
        if (store->volumes[i].header.disk_index == disk)
            return &store->volumes[i];
    return NULL;
}

bool store_read(const struct store *store, uint64_t location, void *target)
{
    const struct volume *volume = store_volume(store, LOCATION_DISK(location));
    return volume && volume_read(volume, LOCATION_BLOCK(location), target);
}

bool store_home(const struct store *store, enum range_kind kind, uint64_t id, unsigned plex,
                struct store_home *home)
{
    for (unsigned i = 0; i < store->range_count; i++) {
        const struct volume_range *range = &store->ranges[i].range;
        if (range->kind != kind || range->plex != plex || id < range->first_id ||
            id - range->first_id >= range->object_count || store->ranges[i].out_of_step)
            continue;
        uint64_t per_block = range_objects_per_block(range->kind);
        uint64_t index = (id - range->first_id) / per_block;
        home->location = LOCATION(store->ranges[i].disk, range->start_block + index);
        home->first_id = range->first_id + index * per_block;
        return true;
    }
    return false;
}

bool store_exists(const struct store *store, enum range_kind kind, uint64_t id)
{
    struct store_home home;
    return store_home(store, kind, id, 0, &home) || store_home(store, kind, id, 1, &home);
}

uint64_t store_next(const struct store *store, enum range_kind kind, uint64_t id)
{
    uint64_t next = 0;
    for (unsigned i = 0; i < store->range_count; i++) {
        const struct volume_range *range = &store->ranges[i].range;
        if (range->kind != kind || store->ranges[i].out_of_step)
            continue;
        uint64_t candidate = id < range->first_id ? range->first_id : id;
        if (candidate - range->first_id < range->object_count && (next == 0 || candidate < next))
            next = candidate;
    }
    return next;
}

uint64_t store_end(const struct store *store, enum range_kind kind)
{
    uint64_t end = 0;
    for (unsigned i = 0; i < store->range_count; i++) {
        const struct volume_range *range = &store->ranges[i].range;
        if (range->kind == kind && range->first_id + range->object_count > end)
            end = range->first_id + range->object_count;
    }
    return end;
}

static void ranges_add(struct store *store, const struct volume *volume)
{
    for (uint32_t i = 0; i < volume->header.range_count; i++) {
        if (volume_range_problem(volume, i))
            continue;
        assert(store->range_count < VOLUME_DISKS_MAX * VOLUME_RANGES_MAX);
        store->ranges[store->range_count++] = (struct store_range){
            .range = volume->header.ranges[i], .disk = volume->header.disk_index};
    }
}

/* NULL, or why a volume cannot be of the same store as another. */
static const char *stranger(const struct volume *volume, const struct volume *other)
{
    if (memcmp(other->header.store_id, volume->header.store_id, 16) != 0)
        return "belongs to another store than";
    return other->header.disk_index == volume->header.disk_index ? "is the same volume as" : NULL;
}

/* A stream is kept apart: then all that reads the store does without knowing of it. */
static bool stream_add(struct store *store, struct volume *volume, struct error *error)
{
    if (store->stream.path) {
        (void)error_set(error, ERROR_FORMAT, "%s: a stream, as is %s", volume->path,
                        store->stream.path);
        volume_close(volume);
        return false;
    }
    volume_move(&store->stream, volume);
    return true;
}

/* source NULL: the file at path. */
static bool volume_add(struct store *store, const char *path, const struct volume_source *source,
                       struct error *error)
{
    struct volume *volume = &store->volumes[store->volume_count];
    if (!(source ? volume_open_source(volume, path, source, error)
                 : volume_open(volume, path, error))) {
        volume_close(volume);
        return false;
    }
    if (volume->header.disk_index == VOLUME_STREAM)
        return stream_add(store, volume, error);
    for (unsigned i = 0; i < store->volume_count; i++) {
        const char *problem = stranger(volume, &store->volumes[i]);
        if (!problem)
            continue;
        (void)error_set(error, ERROR_FORMAT, "%s: %s %s", path, problem, store->volumes[i].path);
        volume_close(volume);
        return false;
    }
    store->volume_count++;
    if (volume->header.disk_count > store->disk_count)
        store->disk_count = volume->header.disk_count; /* disks were added since the others */
    ranges_add(store, volume);
    return true;
}

bool store_header_good(const struct ckpt_header *header)
{
    return memcmp(header->magic, CKPT_MAGIC, sizeof(header->magic)) == 0 &&
           header->version == FORMAT_VERSION && header->area < 2 && header->generation > 0 &&
           header->migrated_generation <= header->generation &&
           header->checksum == checksum64((const uint8_t *)header + 8, SECTOR_BYTES - 8,
                                          checksum_seed(CHECKSUM_CKPT_HEADER, header->generation));
}

static void place_read(struct store *store, const struct store_range *range)
{
    struct store_place *place = &store->places[range->range.first_id][range->range.plex];
    static const uint8_t zeros[SECTOR_BYTES];
    uint8_t block[BLOCK_BYTES];
    if (place->state != PLACE_ABSENT)
        return; /* two ranges say where it is; check.c says so */
    place->location = LOCATION(range->disk, range->range.start_block);
    place->state = PLACE_BAD;
    if (!store_read(store, place->location, block))
        return;
    memcpy(&place->header, block, sizeof(place->header));
    if (store_header_good(&place->header))
        place->state = PLACE_GOOD;
    else if (memcmp(block, zeros, SECTOR_BYTES) == 0)
        place->state = PLACE_EMPTY;
}

/* Does a disk that is in step hold the same ids as a range of one that is not? */
static bool twin_in_step(const struct store *store, const struct store_range *range,
                         uint64_t in_step)
{
    for (unsigned i = 0; i < store->range_count; i++) {
        const struct store_range *other = &store->ranges[i];
        if ((in_step >> other->disk & 1) && other->range.kind == range->range.kind &&
            other->range.first_id < range->range.first_id + range->range.object_count &&
            range->range.first_id < other->range.first_id + other->range.object_count)
            return true;
    }
    return false;
}

/* Leave out the plexes that are behind (format.h, struct ckpt_header). Headers stay: the newest
 * wins wherever it is. */
static void steps_heed(struct store *store, const struct ckpt_header *header)
{
    bool missing = false; /* a disk that may hold what another one is a twin of */
    for (unsigned disk = 0; disk < VOLUME_DISKS_MAX; disk++) {
        if (!(header->disks_known >> disk & 1))
            continue;
        missing |= (header->disks_in_step >> disk & 1) && !store_volume(store, disk);
        if (disk >= store->disk_count)
            store->disk_count = disk + 1;
    }
    for (unsigned i = 0; i < store->range_count; i++) {
        struct store_range *range = &store->ranges[i];
        assert(range->disk < VOLUME_DISKS_MAX);
        if ((header->disks_in_step >> range->disk & 1) &&
            store_volume(store, range->disk)->header.generation <= header->generation)
            continue;
        range->out_of_step = missing || twin_in_step(store, range, header->disks_in_step);
    }
}

const struct ckpt_header *store_newest(const struct store *store)
{
    const struct ckpt_header *newest = NULL;
    for (unsigned i = 0; i < STORE_PLACES * STORE_PLEXES; i++) {
        const struct store_place *place = &store->places[i / STORE_PLEXES][i % STORE_PLEXES];
        if (place->state == PLACE_GOOD &&
            (!newest || place->header.generation > newest->generation))
            newest = &place->header;
    }
    return newest;
}

bool store_open_sources(struct store *store, const char *const *paths,
                        const struct volume_source *sources, unsigned path_count,
                        struct error *error)
{
    assert(path_count > 0);
    memset(store, 0, sizeof(*store));
    if (path_count > STORE_PATHS_MAX)
        return error_set(error, ERROR_LIMIT, "%s: a store has at most %u volumes and a stream",
                         paths[STORE_PATHS_MAX], VOLUME_DISKS_MAX);
    for (unsigned i = 0; i < path_count; i++)
        if (!volume_add(store, paths[i], sources ? &sources[i] : NULL, error))
            return false;
    if (store->volume_count == 0)
        return error_set(error, ERROR_FORMAT, "%s: a stream, and no volume of its store",
                         store->stream.path);
    if (store->stream.path && stranger(&store->stream, &store->volumes[0]))
        return error_set(error, ERROR_FORMAT, "%s: belongs to another store than %s",
                         store->stream.path, store->volumes[0].path);
    for (unsigned i = 0; i < store->range_count; i++)
        if (store->ranges[i].range.kind == RANGE_CKPT_HEADER)
            place_read(store, &store->ranges[i]);
    const struct ckpt_header *newest = store_newest(store);
    if (newest)
        steps_heed(store, newest);
    return true;
}

bool store_open(struct store *store, const char *const *paths, unsigned path_count,
                struct error *error)
{
    return store_open_sources(store, paths, NULL, path_count, error);
}

static void overlay_finish(struct store *store)
{
    store_directory_finish(&store->directory);
    store_journal_finish(&store->journal);
}

void store_close(struct store *store)
{
    for (unsigned i = 0; i < store->volume_count; i++)
        volume_close(&store->volumes[i]);
    volume_close(&store->stream);
    overlay_finish(store);
    store->volume_count = 0;
    store->range_count = 0;
}

static const struct ckpt_header *header_find(const struct store *store, uint64_t generation)
{
    if (generation == 0)
        return store_newest(store);
    for (unsigned i = 0; i < STORE_PLACES * STORE_PLEXES; i++) {
        const struct store_place *place = &store->places[i / STORE_PLEXES][i % STORE_PLEXES];
        if (place->state == PLACE_GOOD && place->header.generation == generation)
            return &place->header;
    }
    return NULL;
}

/* Nothing is left of the place where the checkpoint after this one would have its header. A cut
 * cannot do that: a header is one sector, and its plexes are written one after the other. */
static bool next_may_be_lost(const struct store *store, const struct ckpt_header *header)
{
    const struct store_place *plexes = store->places[CKPT_PLACE(header->generation + 1)];
    bool bad = plexes[0].state == PLACE_BAD || plexes[1].state == PLACE_BAD;
    for (unsigned i = 0; i < STORE_PLEXES; i++)
        bad = bad && (plexes[i].state == PLACE_BAD || plexes[i].state == PLACE_ABSENT);
    return bad;
}

bool store_use(struct store *store, uint64_t generation, struct error *error)
{
    assert(store->volume_count > 0);
    const char *path = store->volumes[0].path, *problem = NULL;
    const struct ckpt_header *header = header_find(store, generation);
    for (unsigned i = 0; i < STORE_CACHES; i++)
        store->caches[i].filled = false;
    store->header.generation = 0;
    if (!header && generation)
        return error_set(error, ERROR_FORMAT, "%s: it holds no checkpoint of generation %llu", path,
                         (unsigned long long)generation);
    if (!header)
        return error_set(error, ERROR_FORMAT, "%s: no checkpoint header is good", path);
    if (!generation && next_may_be_lost(store, header))
        return error_set(error, ERROR_FORMAT,
                         "%s: no copy of the other checkpoint header is good: it may have been "
                         "newer than generation %llu", path,
                         (unsigned long long)header->generation);
    for (unsigned copy = 0; copy < STORE_PLEXES; copy++) {
        overlay_finish(store);
        problem = store_directory_read(store, header, copy, &store->directory);
        if (problem)
            continue;
        store->header = *header;
        store_journal_read(store, &store->journal);
        return true;
    }
    overlay_finish(store);
    return error_set(error, ERROR_FORMAT, "%s: no copy of the checkpoint directory is good: %s",
                     path, problem);
}
