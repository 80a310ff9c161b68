/* SPDX-License-Identifier: GPL-2.0-or-later */
/* store_objects.c - reads nodes and pages through a checkpoint: from the journal, the checkpoint
 * area or their homes, from whichever plex is good. Called by check, digest and the other parts of
 * store.h; calls store.c.
 *
 * Invariants
 *  1. What is returned passed its checksum; when no plex does, the object is lost.
 */
#include <assert.h>
#include <string.h>

#include "disks/checksum.h"
#include "disks/store.h"

static const char *page_problem(const struct store_judge *judge, const void *block)
{
    return checksum64(block, BLOCK_BYTES, judge->seed) == judge->checksum ? NULL
                                                                         : "its checksum is wrong";
}

static const char *area_pot_problem(const struct store_judge *judge, const void *block)
{
    const struct node_pot *pot = block;
    if (pot->checksum != checksum64((const uint8_t *)pot + 8, BLOCK_BYTES - 8, judge->seed))
        return "its checksum is wrong";
    return disk_id(pot->generation) == judge->generation ? NULL : "it is of another generation";
}

struct store_judge store_judge_page(uint64_t id, uint64_t checksum)
{
    return (struct store_judge){.problem = page_problem,
                                .seed = checksum_seed(CHECKSUM_PAGE, id),
                                .checksum = checksum};
}

struct store_judge store_judge_area_pot(uint64_t area_id, uint64_t generation)
{
    return (struct store_judge){.problem = area_pot_problem,
                                .seed = checksum_seed(CHECKSUM_AREA_POT, area_id),
                                .generation = generation};
}

const char *store_plex_read(const struct store *store, enum range_kind kind, uint64_t id,
                            unsigned plex, const struct store_judge *judge, void *target)
{
    struct store_home home;
    if (!store_home(store, kind, id, plex, &home))
        return "there is none";
    return store_read(store, home.location, target) ? judge->problem(judge, target)
                                                    : "it cannot be read";
}

const char *store_block_read(const struct store *store, enum range_kind kind, uint64_t id,
                             const struct store_judge *judge, void *target)
{
    const char *problem = NULL;
    struct store_home home;
    for (unsigned plex = 0; plex < STORE_PLEXES; plex++) {
        if (!store_home(store, kind, id, plex, &home))
            continue;
        problem = store_plex_read(store, kind, id, plex, judge, target);
        if (!problem)
            return NULL;
    }
    return problem ? problem : "no range of the store holds it";
}

/* Both kinds of pot begin with their checksum and generation. */
static bool pot_passes(const void *block, uint64_t seed)
{
    const struct node_pot *pot = block;
    return pot->checksum == checksum64((const uint8_t *)block + 8, BLOCK_BYTES - 8, seed);
}

/* A pot that has but one copy may have been cut off while it was written; then there is a shadow of
 * it in the area. */
static bool shadow_read(const struct store *store, uint64_t seed, struct node_pot *pot)
{
    uint64_t first_id = SHADOW_ID(store->header.directory_block[1]);
    struct store_home home;
    for (uint64_t id = first_id; id < first_id + SHADOW_BLOCKS; id++)
        for (unsigned plex = 0; plex < STORE_PLEXES; plex++)
            if (store_home(store, RANGE_CKPT_AREA, id, plex, &home) &&
                store_read(store, home.location, pot) && pot_passes(pot, seed) &&
                disk_id(pot->generation) == store->header.generation)
                return true;
    return false;
}

static const char *pot_read(const struct store *store, const struct store_home *home, uint64_t kind,
                            void *pot)
{
    uint64_t seed = checksum_seed(kind, home->first_id);
    bool read = store_read(store, home->location, pot);
    if ((read && pot_passes(pot, seed)) || shadow_read(store, seed, pot))
        return NULL;
    return read ? "its checksum is wrong" : "it cannot be read";
}

const char *store_node_pot(const struct store *store, const struct store_home *home,
                           struct node_pot *pot)
{
    return pot_read(store, home, CHECKSUM_NODE_POT, pot);
}

const char *store_page_pot(const struct store *store, const struct store_home *home,
                           struct page_pot *pot)
{
    return pot_read(store, home, CHECKSUM_PAGE_POT, pot);
}

/* Pots are read again for each of their objects, which are mostly asked for in the order of their
 * ids. The cache of a pot; not filled: the pot must be read into it. */
static struct store_cache *cache_find(struct store *store, uint64_t location, uint64_t first_id)
{
    for (unsigned i = 0; i < STORE_CACHES; i++) {
        struct store_cache *cache = &store->caches[i];
        if (cache->filled && cache->location == location && cache->first_id == first_id)
            return cache;
    }
    struct store_cache *cache = &store->caches[store->cache_next++ % STORE_CACHES];
    cache->filled = false;
    cache->location = location;
    cache->first_id = first_id;
    return cache;
}

/* The pot at a home. */
static const struct store_cache *cached_pot(struct store *store, enum range_kind kind,
                                            const struct store_home *home)
{
    struct store_cache *cache = cache_find(store, home->location, home->first_id);
    if (!cache->filled)
        cache->problem = kind == RANGE_NODES ? store_node_pot(store, home, &cache->pot.node)
                                             : store_page_pot(store, home, &cache->pot.page);
    cache->filled = true;
    return cache;
}

/* The pot of an object from the plex that is good and, if both are, the newer. NULL: none is, and
 * problem says why. */
static const struct store_cache *home_pot(struct store *store, enum range_kind kind, uint64_t id,
                                          const char **problem)
{
    const struct store_cache *newest = NULL;
    *problem = "no range of the store holds it";
    for (unsigned plex = 0; plex < STORE_PLEXES; plex++) {
        struct store_home home;
        if (!store_home(store, kind, id, plex, &home))
            continue;
        const struct store_cache *pot = cached_pot(store, kind, &home);
        /* The generation is at the same place in both kinds of pot. */
        if (pot->problem)
            *problem = pot->problem;
        else if (!newest || disk_id(pot->pot.node.generation) >
                                disk_id(newest->pot.node.generation))
            newest = pot;
        if (newest && plex == 0 && store->header.migrated_generation == store->header.generation)
            break; /* nothing is being copied home: the plexes are equal */
    }
    return newest;
}

/* The pot of a checkpoint area. */
static const struct store_cache *area_pot(struct store *store, uint64_t area_id)
{
    struct store_judge judge = store_judge_area_pot(area_id, store->header.generation);
    /* No pot at home is in block 0 of disk 0. */
    struct store_cache *cache = cache_find(store, 0, area_id);
    if (!cache->filled)
        cache->problem =
            store_block_read(store, RANGE_CKPT_AREA, area_id, &judge, &cache->pot.node);
    cache->filled = true;
    return cache;
}

static const char *area_node(struct store *store, const struct directory_entry *entry,
                             struct store_node *node)
{
    if (entry->index >= POT_NODES || !store_exists(store, RANGE_CKPT_AREA, entry->location))
        return "the directory places it outside of the checkpoint areas";
    const struct store_cache *cache = area_pot(store, entry->location);
    if (cache->problem)
        return cache->problem;
    node->node = cache->pot.node.nodes[entry->index];
    node->home_generation = 0;
    if (node->node.allocation_count != entry->allocation_count ||
        node->node.call_count != entry->checksum_or_calls)
        return "its counts are not those in the directory";
    return NULL;
}

const char *store_node(struct store *store, uint64_t id, struct store_node *node)
{
    const char *problem;
    const struct directory_entry *entry =
        store_directory_find(&store->directory, RANGE_NODES, id);
    if (entry)
        return area_node(store, entry, node);
    const struct store_cache *cache = home_pot(store, RANGE_NODES, id, &problem);
    if (!cache)
        return problem;
    assert(id - cache->first_id < POT_NODES);
    node->node = cache->pot.node.nodes[id - cache->first_id];
    node->home_generation = disk_id(cache->pot.node.generation);
    return NULL;
}

/* A page of the checkpoint area or the journal. */
static const char *placed_page(const struct store *store, enum range_kind kind,
                               const struct directory_entry *entry, struct store_page *page)
{
    page->allocation_count = entry->allocation_count;
    page->home_generation = 0;
    page->zero = entry->kind == DIRECTORY_ZERO_PAGE;
    if (page->zero) {
        memset(page->data, 0, sizeof(page->data));
        return NULL;
    }
    if (!store_exists(store, kind, entry->location))
        return "the directory places it outside of the checkpoint areas";
    struct store_judge judge =
        store_judge_page(disk_id(entry->object_id), entry->checksum_or_calls);
    return store_block_read(store, kind, entry->location, &judge, page->data);
}

const char *store_page_count(struct store *store, uint64_t id, uint64_t *allocation_count)
{
    const char *problem;
    const struct directory_entry *entry =
        store_directory_find(&store->directory, RANGE_PAGES, id);
    if (entry) {
        *allocation_count = entry->allocation_count;
        return NULL;
    }
    const struct store_cache *cache = home_pot(store, RANGE_PAGE_POTS, id, &problem);
    if (!cache)
        return problem;
    *allocation_count = PAGE_POT_COUNT(&cache->pot.page.pages[id - cache->first_id]);
    return NULL;
}

const char *store_page(struct store *store, uint64_t id, struct store_page *page)
{
    const char *problem;
    const struct directory_entry *entry = store_journal_find(&store->journal, id);
    if (entry)
        return placed_page(store, RANGE_JOURNAL, entry, page);
    entry = store_directory_find(&store->directory, RANGE_PAGES, id);
    if (entry)
        return placed_page(store, RANGE_CKPT_AREA, entry, page);
    const struct store_cache *cache = home_pot(store, RANGE_PAGE_POTS, id, &problem);
    if (!cache)
        return problem;
    assert(id - cache->first_id < POT_PAGES);
    const struct page_pot_entry *held = &cache->pot.page.pages[id - cache->first_id];
    page->allocation_count = PAGE_POT_COUNT(held);
    page->home_generation = disk_id(cache->pot.page.generation);
    page->zero = PAGE_POT_FLAGS(held) & PAGE_POT_ZERO;
    if (page->zero) {
        memset(page->data, 0, sizeof(page->data));
        return NULL;
    }
    struct store_judge judge = store_judge_page(id, held->checksum);
    return store_block_read(store, RANGE_PAGES, id, &judge, page->data);
}
