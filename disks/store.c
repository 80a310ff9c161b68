/* SPDX-License-Identifier: GPL-2.0-or-later */
/* store.c - opens the volumes of a store, finds its checkpoints, and reads objects through them.
 * Called by check, digest and info; calls volume.c and store_directory.c. Invariants: store.h. */
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
            id - range->first_id >= range->object_count)
            continue;
        uint64_t per_block = range_objects_per_block(range->kind);
        uint64_t index = (id - range->first_id) / per_block;
        home->location = LOCATION(store->ranges[i].disk, range->start_block + index);
        home->first_id = range->first_id + index * per_block;
        return true;
    }
    return false;
}

bool store_area(const struct store *store, uint64_t area_id, uint64_t *location)
{
    struct store_home home;
    for (unsigned plex = 0; plex < STORE_PLEXES; plex++)
        if (store_home(store, RANGE_CKPT_AREA, area_id, plex, &home)) {
            *location = home.location;
            return true;
        }
    return false;
}

uint64_t store_next(const struct store *store, enum range_kind kind, uint64_t id)
{
    uint64_t next = 0;
    for (unsigned i = 0; i < store->range_count; i++) {
        const struct volume_range *range = &store->ranges[i].range;
        if (range->kind != kind)
            continue;
        uint64_t candidate = id < range->first_id ? range->first_id : id;
        if (candidate - range->first_id < range->object_count && (next == 0 || candidate < next))
            next = candidate;
    }
    return next;
}

const char *store_node_pot(const struct store *store, const struct store_home *home,
                           struct node_pot *pot)
{
    bool in_area = home->first_id >= AREA_ID(0, 0) && AREA_ID_AREA(home->first_id) < STORE_PLACES;
    uint64_t kind = in_area ? CHECKSUM_AREA_POT : CHECKSUM_NODE_POT;
    if (!store_read(store, home->location, pot))
        return "it cannot be read";
    return pot->checksum == checksum64((const uint8_t *)pot + 8, BLOCK_BYTES - 8,
                                       checksum_seed(kind, home->first_id))
               ? NULL
               : "its checksum is wrong";
}

const char *store_page_pot(const struct store *store, const struct store_home *home,
                           struct page_pot *pot)
{
    if (!store_read(store, home->location, pot))
        return "it cannot be read";
    return pot->checksum == checksum64((const uint8_t *)pot + 8, BLOCK_BYTES - 8,
                                       checksum_seed(CHECKSUM_PAGE_POT, home->first_id))
               ? NULL
               : "its checksum is wrong";
}

/* The pot at a home, through the cache: objects are mostly read in the order of their ids. */
static const char *cached_pot(struct store *store, enum range_kind kind,
                              const struct store_home *home)
{
    struct store_cache *cache = &store->cache;
    if (cache->filled && cache->location == home->location && cache->first_id == home->first_id)
        return cache->problem;
    cache->filled = true;
    cache->location = home->location;
    cache->first_id = home->first_id;
    cache->problem = kind == RANGE_NODES ? store_node_pot(store, home, &cache->pot.node)
                                         : store_page_pot(store, home, &cache->pot.page);
    return cache->problem;
}

/* The pot of an object from the plex that is good and, if both are, the newer. */
static const char *home_pot(struct store *store, enum range_kind kind, uint64_t id,
                            struct store_home *home)
{
    const char *problem = "no range of the store holds it";
    uint64_t newest = 0;
    bool found = false;
    for (unsigned plex = 0; plex < STORE_PLEXES; plex++) {
        struct store_home candidate;
        if (!store_home(store, kind, id, plex, &candidate))
            continue;
        const char *why = cached_pot(store, kind, &candidate);
        /* The generation is at the same place in both kinds of pot. */
        uint64_t generation = disk_id(store->cache.pot.node.generation);
        if (why) {
            problem = found ? NULL : why;
        } else if (!found || generation > newest) {
            *home = candidate;
            newest = generation;
            found = true;
            problem = NULL;
        }
        if (found && plex == 0 && store->header.migrated_generation == store->header.generation)
            break; /* nothing is being copied home: the plexes are equal */
    }
    return problem ? problem : cached_pot(store, kind, home);
}

static const char *area_node(struct store *store, const struct directory_entry *entry,
                             struct store_node *node)
{
    struct store_home home = {.first_id = entry->location};
    if (entry->index >= POT_NODES || !store_area(store, entry->location, &home.location))
        return "the directory places it outside of the checkpoint areas";
    const char *problem = cached_pot(store, RANGE_NODES, &home);
    if (problem)
        return problem;
    if (disk_id(store->cache.pot.node.generation) != store->header.generation)
        return "its pot in the checkpoint area is of another generation";
    node->node = store->cache.pot.node.nodes[entry->index];
    node->home_generation = 0;
    if (node->node.allocation_count != entry->allocation_count ||
        node->node.call_count != entry->checksum_or_calls)
        return "its counts are not those in the directory";
    return NULL;
}

const char *store_node(struct store *store, uint64_t id, struct store_node *node)
{
    struct store_home home;
    const struct directory_entry *entry =
        store_directory_find(&store->directory, RANGE_NODES, id);
    if (entry)
        return area_node(store, entry, node);
    const char *problem = home_pot(store, RANGE_NODES, id, &home);
    if (problem)
        return problem;
    assert(id - home.first_id < POT_NODES);
    node->node = store->cache.pot.node.nodes[id - home.first_id];
    node->home_generation = disk_id(store->cache.pot.node.generation);
    return NULL;
}

static bool page_good(const struct store_page *page, uint64_t id, uint64_t checksum)
{
    return checksum64(page->data, BLOCK_BYTES, checksum_seed(CHECKSUM_PAGE, id)) == checksum;
}

static const char *area_page(struct store *store, const struct directory_entry *entry,
                             struct store_page *page)
{
    page->allocation_count = entry->allocation_count;
    page->home_generation = 0;
    page->zero = entry->kind == DIRECTORY_ZERO_PAGE;
    if (page->zero) {
        memset(page->data, 0, sizeof(page->data));
        return NULL;
    }
    uint64_t location;
    if (!store_area(store, entry->location, &location))
        return "the directory places it outside of the checkpoint areas";
    if (!store_read(store, location, page->data))
        return "its block in the checkpoint area cannot be read";
    return page_good(page, disk_id(entry->object_id), entry->checksum_or_calls)
               ? NULL
               : "its checksum in the checkpoint area is wrong";
}

const char *store_page(struct store *store, uint64_t id, struct store_page *page)
{
    struct store_home home;
    const struct directory_entry *entry =
        store_directory_find(&store->directory, RANGE_PAGES, id);
    if (entry)
        return area_page(store, entry, page);
    const char *problem = home_pot(store, RANGE_PAGE_POTS, id, &home);
    if (problem)
        return problem;
    assert(id - home.first_id < POT_PAGES);
    const struct page_pot_entry *held = &store->cache.pot.page.pages[id - home.first_id];
    page->allocation_count = PAGE_POT_COUNT(held);
    page->home_generation = disk_id(store->cache.pot.page.generation);
    page->zero = PAGE_POT_FLAGS(held) & PAGE_POT_ZERO;
    if (page->zero) {
        memset(page->data, 0, sizeof(page->data));
        return NULL;
    }
    problem = "no range of the store holds it";
    for (unsigned plex = 0; plex < STORE_PLEXES; plex++) {
        if (!store_home(store, RANGE_PAGES, id, plex, &home))
            continue;
        if (!store_read(store, home.location, page->data))
            problem = "it cannot be read";
        else if (page_good(page, id, held->checksum))
            return NULL;
        else
            problem = "its checksum is wrong";
    }
    return problem;
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

static bool volume_add(struct store *store, const char *path, struct error *error)
{
    struct volume *volume = &store->volumes[store->volume_count];
    if (!volume_open(volume, path, error)) {
        volume_close(volume);
        return false;
    }
    for (unsigned i = 0; i < store->volume_count; i++) {
        const struct volume *other = &store->volumes[i];
        const char *problem = NULL;
        if (memcmp(other->header.store_id, volume->header.store_id, 16) != 0 ||
            other->header.disk_count != volume->header.disk_count)
            problem = "belongs to another store than";
        else if (other->header.disk_index == volume->header.disk_index)
            problem = "is the same volume as";
        if (!problem)
            continue;
        (void)error_set(error, ERROR_FORMAT, "%s: %s %s", path, problem, other->path);
        volume_close(volume);
        return false;
    }
    store->volume_count++;
    ranges_add(store, volume);
    return true;
}

static bool ckpt_header_good(const struct ckpt_header *header)
{
    return memcmp(header->magic, CKPT_MAGIC, sizeof(header->magic)) == 0 &&
           header->version == FORMAT_VERSION && header->area < 2 && header->generation > 0 &&
           header->migrated_generation <= header->generation &&
           header->checksum == checksum64((const uint8_t *)header + 8, SECTOR_BYTES - 8,
                                          checksum_seed(CHECKSUM_CKPT_HEADER, header->generation));
}

static void place_read(struct store *store, const struct store_range *range)
{
    struct store_place *place = &store->places[range->range.first_id];
    static const uint8_t zeros[SECTOR_BYTES];
    uint8_t block[BLOCK_BYTES];
    place->location = LOCATION(range->disk, range->range.start_block);
    place->state = PLACE_BAD;
    if (!store_read(store, place->location, block))
        return;
    memcpy(&place->header, block, sizeof(place->header));
    if (ckpt_header_good(&place->header))
        place->state = PLACE_GOOD;
    else if (memcmp(block, zeros, SECTOR_BYTES) == 0)
        place->state = PLACE_EMPTY;
}

bool store_open(struct store *store, const char *const *paths, unsigned path_count,
                struct error *error)
{
    assert(path_count > 0);
    memset(store, 0, sizeof(*store));
    if (path_count > VOLUME_DISKS_MAX)
        return error_set(error, ERROR_LIMIT, "%s: a store has at most %u volumes",
                         paths[VOLUME_DISKS_MAX], VOLUME_DISKS_MAX);
    for (unsigned i = 0; i < path_count; i++)
        if (!volume_add(store, paths[i], error))
            return false;
    for (unsigned i = 0; i < store->range_count; i++)
        if (store->ranges[i].range.kind == RANGE_CKPT_HEADER &&
            store->places[store->ranges[i].range.first_id].state != PLACE_GOOD)
            place_read(store, &store->ranges[i]);
    return true;
}

void store_close(struct store *store)
{
    for (unsigned i = 0; i < store->volume_count; i++)
        volume_close(&store->volumes[i]);
    store_directory_finish(&store->directory);
    store->volume_count = 0;
    store->range_count = 0;
}

static const struct store_place *place_find(const struct store *store, uint64_t generation)
{
    const struct store_place *found = NULL;
    for (unsigned i = 0; i < STORE_PLACES; i++) {
        const struct store_place *place = &store->places[i];
        if (place->state != PLACE_GOOD)
            continue;
        if (generation ? place->header.generation == generation
                       : !found || place->header.generation > found->header.generation)
            found = place;
    }
    return found;
}

bool store_use(struct store *store, uint64_t generation, struct error *error)
{
    assert(store->volume_count > 0);
    const char *path = store->volumes[0].path, *problem = NULL;
    const struct store_place *place = place_find(store, generation);
    store->cache.filled = false;
    store->header.generation = 0;
    if (!place && generation)
        return error_set(error, ERROR_FORMAT, "%s: it holds no checkpoint of generation %llu", path,
                         (unsigned long long)generation);
    if (!place)
        return error_set(error, ERROR_FORMAT, "%s: no checkpoint header is good", path);
    for (unsigned copy = 0; copy < STORE_PLEXES; copy++) {
        store_directory_finish(&store->directory);
        problem = store_directory_read(store, &place->header, copy, &store->directory);
        if (!problem) {
            store->header = place->header;
            return true;
        }
    }
    store_directory_finish(&store->directory);
    return error_set(error, ERROR_FORMAT, "%s: no copy of the checkpoint directory is good: %s",
                     path, problem);
}
