/* SPDX-License-Identifier: GPL-2.0-or-later */
/* depend.c - hash table from key slots, page frames and tables to the page-table entries built from
 * them. Called by segment.c and table.c (add), object.c and everyone who changes a slot (undo).
 * Calls table.
 * Invariants: depend.h. */
#include "kernel/depend.h"

#include "kernel/counter.h"
#include "kernel/limits.h"

struct depend {
    const void *source; /* NULL: free */
    struct table *table;
    struct depend *next;
    uint16_t first, count;
    uint32_t serial; /* of the table: when it serves for another part, this one is void */
};

static struct {
    struct depend *pool;
    struct depend **hash;
    struct depend *free;
    uint32_t count, mask;
    uint32_t high; /* entries from here on are free and hold anything */
    uint32_t hand; /* the next to be given up */
} depend;

static struct depend **chain_of(const void *source)
{
    uint64_t hash = ((uint64_t)source >> 5) * 0x9e3779b97f4a7c15ull;
    return &depend.hash[(hash >> 40) & depend.mask];
}

/* Costs what was in use, not what the pool has: amnesia does this at every kernel exit. */
COLD void depend_forget_all(void)
{
    for (uint32_t i = 0; i < depend.high; i++)
        if (depend.pool[i].source)
            *chain_of(depend.pool[i].source) = NULL;
    depend.free = NULL;
    depend.high = 0;
}

COLD uint64_t depend_init(uint64_t start, uint64_t size_bytes)
{
    uint32_t count = (uint32_t)(size_bytes / (sizeof(struct depend) + sizeof(void *)));
    if (count < LIMIT_DEPENDS_MIN)
        count = LIMIT_DEPENDS_MIN;
    uint64_t buckets = power_of_two(count);
    depend.count = count;
    depend.mask = (uint32_t)buckets - 1;
    depend.pool = (struct depend *)start;
    depend.hash = (struct depend **)(depend.pool + count);
    memset(depend.hash, 0, buckets * sizeof(void *));
    uint64_t end = (uint64_t)(depend.hash + buckets);
    return (end + PAGE_BYTES - 1) & ~(uint64_t)(PAGE_BYTES - 1);
}

/* It is on no chain any more: clear what it says. */
static void dependent_clear(const struct depend *found)
{
    if (found->serial == found->table->serial)
        table_clear(found->table, found->first, found->count);
}

/* All are in use: give one up. In turn, so that those for what is just being built, which are the
 * newest, are not given up for each other without end. */
static struct depend *depend_give_up(void)
{
    struct depend *found = &depend.pool[depend.hand];
    depend.hand = depend.hand + 1 < depend.count ? depend.hand + 1 : 0;
    struct depend **at = chain_of(found->source);
    while (*at != found)
        at = &(*at)->next;
    *at = found->next;
    count_one(DEPEND_EVICT);
    dependent_clear(found);
    return found;
}

bool depend_add(const void *source, struct table *table, unsigned first, unsigned count)
{
    kassert(source != NULL);
    kassert(count > 0);
    kassert(first + count <= TABLE_ENTRIES);
    struct depend **chain = chain_of(source);
    for (struct depend *at = *chain; at; at = at->next)
        if (at->source == source && at->table == table && at->serial == table->serial &&
            at->first == first && at->count == count)
            return true;
    struct depend *added = depend.free;
    bool room = added || depend.high < depend.count;
    if (added)
        depend.free = added->next;
    else
        added = room ? &depend.pool[depend.high++] : depend_give_up();
    *added = (struct depend){.source = source, .table = table, .next = *chain,
                             .first = (uint16_t)first, .count = (uint16_t)count,
                             .serial = table->serial};
    *chain = added;
    return room;
}

void depend_undo(const void *source, uint64_t *built)
{
    uint64_t known = *built;
    *built = 0;
    if (known & ~BUILT_HASHED)
        table_clear_entry((uint64_t *)(uintptr_t)(known & ~BUILT_HASHED));
    if (!(known & BUILT_HASHED))
        return;
    struct depend **at = chain_of(source);
    while (*at) {
        struct depend *found = *at;
        if (found->source != source) {
            at = &found->next;
            continue;
        }
        *at = found->next;
        dependent_clear(found);
        *found = (struct depend){.next = depend.free};
        depend.free = found;
    }
}

void depend_replace(const void *source, uint64_t from, uint64_t to)
{
    for (const struct depend *at = *chain_of(source); at; at = at->next) {
        uint64_t *entry = &at->table->entries[at->first];
        if (at->source == source && *entry == from)
            *entry = to;
    }
}

COLD bool depend_covers(const void *source, uint64_t built, const struct table *table,
                        unsigned index)
{
    if ((built & ~BUILT_HASHED) == (uint64_t)(uintptr_t)&table->entries[index])
        return true;
    if (!(built & BUILT_HASHED))
        return false;
    for (const struct depend *at = *chain_of(source); at; at = at->next)
        if (at->source == source && at->table == table && at->serial == table->serial &&
            index >= at->first && index < at->first + (unsigned)at->count)
            return true;
    return false;
}

COLD bool depend_check(uint32_t index)
{
    if (index >= depend.high)
        return false;
    if (!depend.pool[index].source)
        return true;
    uint32_t seen = 0;
    struct depend **chain = chain_of(depend.pool[index].source);
    for (const struct depend *at = *chain; at; at = at->next) {
        if (!at->source)
            panic("DEPE-002 a chained dependency has no source");
        if (chain_of(at->source) != chain)
            panic("DEPE-003 a dependency is on the wrong chain");
        if (++seen > depend.high)
            panic("DEPE-004 more dependencies are chained than there are");
    }
    return true;
}
