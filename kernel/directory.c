/* SPDX-License-Identifier: GPL-2.0-or-later */
/* directory.c - a fixed pool of directory entries, found by hashing. Invariants: directory.h.
 *
 * An order is a heap of entry numbers, made in pieces and taken down one by one: what is put after
 * it was begun may not be in it, and what was replaced keeps its number. Each is left behind the
 * heap as it is taken, so that in the end all are there in order, for those who want them again.
 *
 * The working and the committed directory change places when one is committed: which of both an
 * item is in by its number depends on how often that happened.
 */
#include "kernel/directory.h"

#define NONE UINT32_MAX

struct item {
    struct directory_entry entry; /* kind 0: free */
    uint32_t next;                /* of the same chain, or free */
    uint8_t which;                /* number_of() its directory */
};

static struct {
    struct item *items;
    uint32_t *chains;
    uint32_t *heap;
    uint32_t count, mask;
    uint32_t free;
    uint32_t high; /* items from here on were never used */
    uint32_t heap_count;
    uint32_t ordered; /* entries of the order: those behind the heap are in order, the last first */
    uint8_t order_number;  /* of the directory whose heap is being made */
    bool order_domains;    /* and that of domains */
    uint32_t order_looked; /* items before this one are in it */
    uint32_t order_sunk;   /* places from here on are in order */
    uint32_t clear_looked; /* items before this one were cleared */
    bool turned;           /* working and committed have changed places */
    uint32_t used[DIRECTORIES];
} directory;

#define ITEMS_EACH 32u /* looked at in one piece */
#define SINKS_EACH 4u

static uint8_t number_of(enum directory_which which)
{
    return (uint8_t)(which == DIRECTORY_OF_DOMAINS ? which : which ^ directory.turned);
}

/* Pages before nodes, each by id. Never 0. */
static uint64_t order_of(const struct directory_entry *entry)
{
    uint64_t head = directory_head(entry), kind = head & 0xff;
    uint64_t node = kind == DIRECTORY_NODE, running = kind == DIRECTORY_RUNNING;
    return node << OBJECT_ID_BITS | running << (OBJECT_ID_BITS + 1) | head >> 16;
}

static uint32_t *chain_of(uint64_t order)
{
    return &directory.chains[(order * 0x9e3779b97f4a7c15ull >> 32) & directory.mask];
}

COLD uint64_t directory_init(uint64_t start, uint32_t count)
{
    uint32_t buckets = 1;
    while (buckets < count)
        buckets *= 2;
    directory.items = (struct item *)start;
    directory.chains = (uint32_t *)(directory.items + count);
    directory.heap = directory.chains + buckets;
    directory.count = count;
    directory.mask = buckets - 1;
    directory.free = NONE;
    memset(directory.chains, 0xff, buckets * sizeof(uint32_t));
    uint64_t end = (uint64_t)(directory.heap + count);
    return (end + PAGE_BYTES - 1) & ~(uint64_t)(PAGE_BYTES - 1);
}

struct directory_entry directory_entry_make(enum directory_kind kind, uint64_t object_id)
{
    struct directory_entry entry = {.kind = 0};
    uint64_t head = (uint64_t)kind | object_id << 16;
    __builtin_memcpy(&entry, &head, sizeof(head));
    return entry;
}

static struct item *item_find(uint8_t which, uint64_t order)
{
    uint32_t at = *chain_of(order);
    while (at != NONE) {
        struct item *item = &directory.items[at];
        if (item->which == which && order_of(&item->entry) == order)
            return item;
        at = item->next;
    }
    return NULL;
}

uint32_t directory_room(void)
{
    return directory.count - directory.used[DIRECTORY_WORKING] -
           directory.used[DIRECTORY_COMMITTED] - directory.used[DIRECTORY_OF_DOMAINS];
}

bool directory_put(enum directory_which which, const struct directory_entry *entry)
{
    uint64_t order = order_of(entry);
    uint8_t number = number_of(which);
    struct item *item = item_find(number, order);
    kassert(entry->kind != 0);
    if (item) {
        item->entry = *entry;
        return true;
    }
    uint32_t at = directory.free;
    if (at != NONE)
        directory.free = directory.items[at].next;
    else if (directory.high < directory.count)
        at = directory.high++;
    else
        return false;
    uint32_t *chain = chain_of(order);
    directory.items[at] = (struct item){*entry, *chain, number};
    *chain = at;
    directory.used[number]++;
    return true;
}

void directory_enter(enum directory_which which, const struct directory_entry *entry)
{
    if (!directory_put(which, entry))
        panic("DIRE-006 the directory is full");
}

static void item_free(uint32_t at)
{
    struct item *item = &directory.items[at];
    uint32_t *link = chain_of(order_of(&item->entry));
    while (*link != at)
        link = &directory.items[*link].next;
    *link = item->next;
    directory.used[item->which]--;
    item->entry.kind = 0;
    item->next = directory.free;
    directory.free = at;
}

void directory_drop_running(uint64_t object_id)
{
    struct directory_entry running = directory_entry_make(DIRECTORY_RUNNING, object_id);
    struct item *item = item_find(DIRECTORY_OF_DOMAINS, order_of(&running));
    if (item)
        item_free((uint32_t)(item - directory.items));
}

const struct directory_entry *directory_find_in(enum directory_which which, enum range_kind kind,
                                                uint64_t object_id)
{
    uint64_t order = (uint64_t)(kind == RANGE_NODES) << OBJECT_ID_BITS | object_id;
    uint8_t number = number_of(which);
    const struct item *item = directory.used[number] ? item_find(number, order) : NULL;
    return item ? &item->entry : NULL;
}

const struct directory_entry *directory_find(enum range_kind kind, uint64_t object_id)
{
    const struct directory_entry *entry =
        directory_find_in(DIRECTORY_WORKING, kind, object_id);
    return entry ? entry : directory_find_in(DIRECTORY_COMMITTED, kind, object_id);
}

uint32_t directory_count(enum directory_which which)
{
    return directory.used[number_of(which)];
}

/* Is this item in the directory of that number? */
static bool is_in(uint32_t at, uint8_t number)
{
    return directory.items[at].entry.kind != 0 && directory.items[at].which == number;
}

const struct directory_entry *directory_next(enum directory_which which, uint32_t *cursor)
{
    uint8_t number = number_of(which);
    while (*cursor < directory.high)
        if (is_in((*cursor)++, number))
            return &directory.items[*cursor - 1].entry;
    return NULL;
}

static uint64_t heap_order(uint32_t place)
{
    return order_of(&directory.items[directory.heap[place]].entry);
}

/* Let the entry at a place sink to where nothing below it comes before it. */
static void heap_sink(uint32_t place)
{
    uint32_t sinking = directory.heap[place], least;
    uint64_t order = heap_order(place);
    while ((least = 2 * place + 1) < directory.heap_count) {
        uint64_t next = heap_order(least);
        if (least + 1 < directory.heap_count && heap_order(least + 1) < next)
            next = heap_order(++least);
        if (order <= next)
            break;
        directory.heap[place] = directory.heap[least];
        place = least;
    }
    directory.heap[place] = sinking;
}

void directory_order_begin(enum directory_which which)
{
    directory.order_number = number_of(which);
    directory.order_domains = which == DIRECTORY_WORKING;
    directory.heap_count = directory.order_looked = 0;
    directory.order_sunk = NONE;
}

bool directory_order_ready(void)
{
    for (unsigned i = 0; i < ITEMS_EACH && directory.order_looked < directory.high; i++) {
        uint32_t at = directory.order_looked++;
        if (is_in(at, directory.order_number) ||
            (directory.order_domains && is_in(at, DIRECTORY_OF_DOMAINS)))
            directory.heap[directory.heap_count++] = at;
    }
    directory.ordered = directory.heap_count;
    if (directory.order_looked < directory.high)
        return false;
    if (directory.order_sunk > directory.heap_count / 2)
        directory.order_sunk = directory.heap_count / 2;
    for (unsigned i = 0; i < SINKS_EACH && directory.order_sunk > 0; i++)
        heap_sink(--directory.order_sunk);
    return directory.order_sunk == 0;
}

const struct directory_entry *directory_order_next(void)
{
    kassert(directory.order_sunk == 0);
    if (directory.heap_count == 0)
        return NULL;
    uint32_t first = directory.heap[0];
    directory.heap[0] = directory.heap[--directory.heap_count];
    heap_sink(0);
    directory.heap[directory.heap_count] = first;
    return &directory.items[first].entry;
}

const struct directory_entry *directory_ordered(uint32_t place)
{
    if (place >= directory.ordered)
        return NULL;
    kassert(place < directory.ordered - directory.heap_count);
    return &directory.items[directory.heap[directory.ordered - 1 - place]].entry;
}

void directory_commit(void)
{
    kassert(directory_count(DIRECTORY_COMMITTED) == 0);
    directory.turned = !directory.turned;
    directory.heap_count = directory.ordered = 0;
}

bool directory_clear_some(enum directory_which which)
{
    uint8_t number = number_of(which);
    for (unsigned i = 0; i < ITEMS_EACH && directory.clear_looked < directory.high; i++) {
        uint32_t at = directory.clear_looked++;
        if (is_in(at, number))
            item_free(at);
    }
    if (directory.clear_looked < directory.high)
        return false;
    directory.clear_looked = directory.heap_count = directory.ordered = 0;
    kassert(directory.used[number] == 0);
    return true;
}

void directory_clear(enum directory_which which)
{
    while (!directory_clear_some(which))
        continue;
}

COLD void directory_check(void)
{
    uint32_t chained = 0, used = 0, freed = 0;
    for (uint32_t first = 0; first < directory.high; first++) {
        const struct item *item = &directory.items[first];
        if (item->entry.kind == 0)
            continue;
        bool running = item->entry.kind == DIRECTORY_RUNNING;
        if (running != (item->which == DIRECTORY_OF_DOMAINS))
            panic("DIRE-001 a directory holds what it must not");
        uint32_t at = *chain_of(order_of(&item->entry)), steps = 0;
        for (; at != NONE && at != first; at = directory.items[at].next)
            if (++steps > directory.high || directory.items[at].entry.kind == 0)
                panic("DIRE-003 a directory chain has a loop, or a free entry");
        if (at == NONE || item_find(item->which, order_of(&item->entry)) != item)
            panic("DIRE-002 a directory has an object twice, or where it is not found");
        chained++;
    }
    for (uint32_t at = directory.free; at != NONE; at = directory.items[at].next)
        if (++freed > directory.high)
            panic("DIRE-004 the list of free directory entries has a loop");
    for (unsigned which = 0; which < DIRECTORIES; which++)
        used += directory.used[which];
    if (chained != used || chained + freed != directory.high)
        panic("DIRE-005 directory entries are counted wrong");
}
