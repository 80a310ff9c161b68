/* SPDX-License-Identifier: GPL-2.0-or-later */
/* check_objects.c - pots and pages, in both plexes, and what the checkpoint areas hold. Called by
 * check.c.
 *
 * While a checkpoint is being migrated, a home may be older in one plex than in the other, and
 * differ from what the directory holds: that is legal for exactly those objects that the directory
 * lists. The same holds for pages in the journal, which a restart takes home.
 */
#include <stdlib.h>
#include <string.h>

#include "disks/check_private.h"
#include "disks/checksum.h"
#include "emulator/base/memory.h"

/* A pot in both plexes, with what is the same in both kinds of pot. */
struct pot_pair {
    enum range_kind kind;
    struct store_home home[STORE_PLEXES];
    bool present[STORE_PLEXES];
    const char *problem[STORE_PLEXES];
    union pot {
        struct node_pot node;
        struct page_pot page;
    } pot[STORE_PLEXES];
    uint64_t count; /* objects that it describes */
};

static size_t entry_bytes(const struct pot_pair *pair)
{
    return pair->kind == RANGE_NODES ? sizeof(struct disk_node) : sizeof(struct page_pot_entry);
}

static const void *entry_at(const struct pot_pair *pair, unsigned plex, uint64_t index)
{
    if (pair->kind == RANGE_NODES)
        return &pair->pot[plex].node.nodes[index];
    return &pair->pot[plex].page.pages[index];
}

static const char *one_name(const struct pot_pair *pair)
{
    return pair->kind == RANGE_NODES ? "node" : "page";
}

/* The object is in the directory, or a restart takes it home from the journal, and its homes need
 * not be up to date. */
static bool on_its_way(const struct check *check, const struct pot_pair *pair, uint64_t id)
{
    if (pair->kind == RANGE_PAGE_POTS && store_journal_find(&check->store->journal, id))
        return true;
    return check->migrating && store_directory_find(&check->store->directory, pair->kind, id);
}

static void pair_read(struct check *check, struct pot_pair *pair, uint64_t id)
{
    for (unsigned plex = 0; plex < STORE_PLEXES; plex++) {
        struct store_home *home = &pair->home[plex];
        pair->present[plex] = store_home(check->store, pair->kind, id, plex, home);
        if (!pair->present[plex])
            pair->problem[plex] = "there is none";
        else if (pair->kind == RANGE_NODES)
            pair->problem[plex] = store_node_pot(check->store, home, &pair->pot[plex].node);
        else
            pair->problem[plex] = store_page_pot(check->store, home, &pair->pot[plex].page);
    }
}

/* One plex by itself: it passed its checksum; what is in it? */
static void pot_check(struct check *check, const struct pot_pair *pair, unsigned plex)
{
    const struct node_pot *pot = &pair->pot[plex].node; /* same start in both kinds */
    struct check_where where = check_where(check, pair->home[plex].location);
    uint64_t generation = disk_id(pot->generation);
    if (pot->reserved)
        check_find(check, FINDING_DAMAGE, "%s: pot of %ss from %llu: reserved bytes are set",
                   where.text, one_name(pair), (unsigned long long)pair->home[plex].first_id);
    if (check->whole && generation > check->store->header.generation)
        check_find(check, FINDING_DAMAGE,
                   "%s: pot of %ss from %llu: generation %llu, later than the checkpoint's",
                   where.text, one_name(pair), (unsigned long long)pair->home[plex].first_id,
                   (unsigned long long)generation);
    uint64_t capacity = pair->kind == RANGE_NODES ? POT_NODES : POT_PAGES;
    static const uint8_t zeros[sizeof(struct disk_node)];
    for (uint64_t i = pair->count; i < capacity; i++)
        if (memcmp(entry_at(pair, plex, i), zeros, entry_bytes(pair)) != 0)
            check_find(check, FINDING_DAMAGE,
                       "%s: pot of %ss from %llu: entry %llu is past the end of its range",
                       where.text, one_name(pair), (unsigned long long)pair->home[plex].first_id,
                       (unsigned long long)i);
}

/* Both plexes are good: do they hold the same? */
static void pair_compare(struct check *check, const struct pot_pair *pair)
{
    uint64_t generation[STORE_PLEXES];
    if (pair->home[0].first_id != pair->home[1].first_id)
        return; /* ranges that do not match; check.c said so */
    for (unsigned plex = 0; plex < STORE_PLEXES; plex++)
        generation[plex] = disk_id(pair->pot[plex].node.generation);
    for (uint64_t i = 0; i < pair->count; i++) {
        uint64_t id = pair->home[0].first_id + i;
        if (memcmp(entry_at(pair, 0, i), entry_at(pair, 1, i), entry_bytes(pair)) == 0 ||
            on_its_way(check, pair, id))
            continue;
        check_find(check,
                   generation[0] == generation[1] ? FINDING_DAMAGE : FINDING_REPAIRABLE,
                   "%s %llu: its plexes differ (generations %llu and %llu)", one_name(pair),
                   (unsigned long long)id, (unsigned long long)generation[0],
                   (unsigned long long)generation[1]);
    }
}

static void pair_check(struct check *check, const struct pot_pair *pair)
{
    for (unsigned plex = 0; plex < STORE_PLEXES; plex++) {
        if (!pair->present[plex])
            continue;
        if (!pair->problem[plex]) {
            pot_check(check, pair, plex);
            continue;
        }
        check_find(check, pair->problem[1 - plex] ? FINDING_DAMAGE : FINDING_REPAIRABLE,
                   "%s: pot of %ss from %llu, plex %u: %s",
                   check_where(check, pair->home[plex].location).text, one_name(pair),
                   (unsigned long long)pair->home[plex].first_id, plex, pair->problem[plex]);
    }
    if (!pair->problem[0] && !pair->problem[1])
        pair_compare(check, pair);
}

/* The next pot at or after an id, in both plexes. Returns the id after its last object; 0: none. */
static uint64_t pair_next(struct check *check, struct pot_pair *pair, uint64_t id)
{
    const struct store *store = check->store;
    uint64_t first = store_next(store, pair->kind, id);
    if (first == 0)
        return 0;
    pair_read(check, pair, first);
    unsigned plex = pair->present[0] ? 0 : 1;
    uint64_t end = pair->home[plex].first_id + range_objects_per_block((uint8_t)pair->kind);
    struct store_home home;
    while (end - 1 > first && (!store_home(store, pair->kind, end - 1, plex, &home) ||
                               home.location != pair->home[plex].location))
        end--;
    pair->count = end - pair->home[plex].first_id;
    return end;
}

static bool node_is_zero(const struct disk_node *node)
{
    static const struct disk_node zero;
    return memcmp(node, &zero, sizeof(zero)) == 0;
}

static void nodes_note(struct check *check, uint64_t first, uint64_t end)
{
    struct store_node node;
    for (uint64_t id = first; id < end; id++) {
        const char *problem = store_node(check->store, id, &node);
        struct object_counts object = {.id = id, .lost = problem != NULL};
        if (!problem) {
            object.allocation_count = node.node.allocation_count;
            object.call_count = node.node.call_count;
        }
        if (problem && store_directory_find(&check->store->directory, RANGE_NODES, id))
            check_find(check, FINDING_DAMAGE, "node %llu in the checkpoint area: %s",
                       (unsigned long long)id, problem);
        if (problem || !node_is_zero(&node.node))
            counts_add(&check->nodes, object);
    }
}

/* Both homes of a page that is at home and not all zero. */
static void page_check_homes(struct check *check, uint64_t id, uint64_t checksum)
{
    uint8_t data[BLOCK_BYTES];
    struct store_home home;
    const char *problem[STORE_PLEXES];
    struct store_judge judge = store_judge_page(id, checksum);
    for (unsigned plex = 0; plex < STORE_PLEXES; plex++)
        problem[plex] = store_plex_read(check->store, RANGE_PAGES, id, plex, &judge, data);
    for (unsigned plex = 0; plex < STORE_PLEXES; plex++)
        if (problem[plex] && store_home(check->store, RANGE_PAGES, id, plex, &home))
            check_find(check, problem[1 - plex] ? FINDING_DAMAGE : FINDING_REPAIRABLE,
                       "%s: page %llu, plex %u: %s", check_where(check, home.location).text,
                       (unsigned long long)id, plex, problem[plex]);
}

static void page_check(struct check *check, uint64_t id, const struct page_pot_entry *entry)
{
    const struct directory_entry *placed = store_journal_find(&check->store->journal, id);
    if (!placed)
        placed = store_directory_find(&check->store->directory, RANGE_PAGES, id);
    struct object_counts object = {.id = id, .lost = !entry && !placed};
    if (placed) {
        struct store_page page;
        const char *problem = store_page(check->store, id, &page);
        object.allocation_count = placed->allocation_count;
        if (problem)
            check_find(check, FINDING_DAMAGE, "page %llu in checkpoint area or journal: %s",
                       (unsigned long long)id, problem);
    } else if (entry) {
        uint64_t flags = PAGE_POT_FLAGS(entry);
        object.allocation_count = PAGE_POT_COUNT(entry);
        if (flags & ~PAGE_POT_ZERO)
            check_find(check, FINDING_DAMAGE, "page %llu: its pot has unknown flags",
                       (unsigned long long)id);
        if (!(flags & PAGE_POT_ZERO))
            page_check_homes(check, id, entry->checksum);
    }
    if (object.lost || object.allocation_count)
        counts_add(&check->pages, object);
}

/* Without a checkpoint nothing can be seen as a restarted system would; the pots are still
 * checked. */
void check_pots_and_pages(struct check *check)
{
    struct pot_pair *pair = memory_zeroed(1, sizeof(*pair));
    pair->kind = RANGE_NODES;
    for (uint64_t next, id = 1; (next = pair_next(check, pair, id)) != 0; id = next) {
        pair_check(check, pair);
        if (check->whole)
            nodes_note(check, store_next(check->store, RANGE_NODES, id), next);
    }
    pair->kind = RANGE_PAGE_POTS;
    for (uint64_t next, id = 1; (next = pair_next(check, pair, id)) != 0; id = next) {
        pair_check(check, pair);
        unsigned good = pair->problem[0] ? 1 : 0;
        uint64_t first = pair->home[pair->present[0] ? 0 : 1].first_id;
        for (uint64_t page = store_next(check->store, RANGE_PAGE_POTS, id); page < next; page++)
            if (check->whole)
                page_check(check, page,
                           pair->problem[good] ? NULL : entry_at(pair, good, page - first));
    }
    free(pair);
}
