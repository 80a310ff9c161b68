/* SPDX-License-Identifier: GPL-2.0-or-later */
/* books.c - who owns what: the free maps, the owners, the accounts. Called by bank/.
 *
 * Invariants: books.h. Whatever can fail is decided before anything is changed.
 */
#include "disks/domains/parts/books.h"

#include <assert.h>

#define MAGIC 0x6c65646765722031ull /* "books 1" */
#define CLUSTER 64u                 /* objects in a word of the free map */
#define OWNER_FREE 0u
#define OWNER_LOST 0x7fffu
#define OWNER_DOOR 0x8000u /* | bank + 1 */
static_assert(BOOKS_BANKS_MAX + 1 < OWNER_LOST, "owners name every bank");

static uint64_t *map_of(const struct books *books, enum space kind)
{
    return (uint64_t *)((uintptr_t)books + books->map_at[kind]);
}

static uint16_t *owners_of(const struct books *books, enum space kind)
{
    return (uint16_t *)((uintptr_t)books + books->owners_at[kind]);
}

static struct books_bank *banks_of(const struct books *books)
{
    return (struct books_bank *)((uintptr_t)books + books->banks_at);
}

static uint64_t words_for(uint64_t count)
{
    return (count + CLUSTER - 1) / CLUSTER;
}

/* Where everything is, for these numbers of objects; returns where the banks begin. */
static uint64_t layout(struct books *books, uint64_t nodes, uint64_t pages)
{
    const uint64_t counts[SPACE_KINDS] = {nodes, pages};
    uint64_t at = sizeof(*books);
    for (unsigned kind = 0; kind < SPACE_KINDS; kind++) {
        books->count[kind] = counts[kind];
        books->map_at[kind] = at;
        at += words_for(counts[kind]) * sizeof(uint64_t);
        books->owners_at[kind] = at;
        at += words_for(counts[kind]) * CLUSTER * sizeof(uint16_t);
    }
    books->banks_at = at;
    return at;
}

size_t books_bytes(uint64_t nodes, uint64_t pages, uint64_t banks)
{
    struct books measure;
    return layout(&measure, nodes, pages) + banks * sizeof(struct books_bank);
}

static void bank_begin(struct books *books, unsigned bank, unsigned parent)
{
    struct books_bank *account = &banks_of(books)[bank];
    *account = (struct books_bank){.parent = parent, .exists = true};
    for (unsigned kind = 0; kind < SPACE_KINDS; kind++) {
        account->space[kind].limit = books->count[kind];
        account->space[kind].end = books->count[kind];
    }
}

bool books_begin(struct books *books, size_t memory_bytes, uint64_t nodes, uint64_t pages)
{
    if (memory_bytes < sizeof(*books) || nodes > UINT32_MAX || pages > UINT32_MAX ||
        memory_bytes < books_bytes(nodes, pages, 2))
        return false;
    uint64_t room = memory_bytes - layout(books, nodes, pages);
    books->bank_count = room / sizeof(struct books_bank);
    if (books->bank_count > BOOKS_BANKS_MAX)
        books->bank_count = BOOKS_BANKS_MAX;
    for (unsigned kind = 0; kind < SPACE_KINDS; kind++) {
        books->free_count[kind] = books->count[kind];
        for (uint64_t i = 0; i < books->count[kind]; i++)
            map_of(books, kind)[i / CLUSTER] |= 1ull << i % CLUSTER;
    }
    bank_begin(books, BOOKS_PRIME, BOOKS_PRIME);
    books->magic = MAGIC;
    return true;
}

bool books_good(const struct books *books, uint64_t nodes, uint64_t pages)
{
    return books->magic == MAGIC && books->count[SPACE_NODES] == nodes &&
           books->count[SPACE_PAGES] == pages;
}

struct books_bank *books_bank(const struct books *books, unsigned bank)
{
    assert(bank < books->bank_count);
    assert(banks_of(books)[bank].exists);
    return &banks_of(books)[bank];
}

/* Charge a bank and all above it: direction 1 for an object more, -1 for one less. */
static void charge(struct books *books, unsigned bank, enum space kind, int direction)
{
    for (;;) {
        struct books_bank *account = books_bank(books, bank);
        account->space[kind].held += (uint64_t)(int64_t)direction;
        if (bank == BOOKS_PRIME)
            return;
        bank = account->parent;
    }
}

/* What a bank may still do, with all that is said above it. */
struct allowed {
    uint64_t count, first, end;
};

static struct allowed allowed_to(const struct books *books, unsigned bank, enum space kind)
{
    struct allowed allowed = {books->count[kind], 0, books->count[kind]};
    for (;;) {
        const struct books_bank *account = books_bank(books, bank);
        const struct books_space *space = &account->space[kind];
        if (space->limit - space->held < allowed.count)
            allowed.count = space->limit - space->held;
        if (space->first > allowed.first)
            allowed.first = space->first;
        if (space->end < allowed.end)
            allowed.end = space->end;
        if (bank == BOOKS_PRIME)
            return allowed;
        bank = account->parent;
    }
}

/* The free objects of a word of the map that lie in [first, end). */
static uint64_t free_in(const struct books *books, enum space kind, uint64_t word,
                        const struct allowed *allowed)
{
    uint64_t bits = map_of(books, kind)[word], at = word * CLUSTER;
    if (at < allowed->first)
        bits = allowed->first - at < CLUSTER ? bits & UINT64_MAX << (allowed->first - at) : 0;
    if (at + CLUSTER > allowed->end)
        bits = at < allowed->end ? bits & ~(UINT64_MAX << (allowed->end - at)) : 0;
    return bits;
}

/* A free object: in the bank's own cluster, else in a cluster that is all free, else anywhere. */
static bool pick(const struct books *books, enum space kind, const struct allowed *allowed,
                 uint64_t cluster, uint64_t *offset)
{
    uint64_t found = BOOKS_NONE;
    if (allowed->first >= allowed->end)
        return false;
    if (cluster != 0 && free_in(books, kind, cluster - 1, allowed))
        found = cluster - 1;
    for (uint64_t word = allowed->first / CLUSTER;
         found == BOOKS_NONE && word * CLUSTER < allowed->end; word++)
        if (free_in(books, kind, word, allowed) == UINT64_MAX)
            found = word;
    for (uint64_t word = allowed->first / CLUSTER;
         found == BOOKS_NONE && word * CLUSTER < allowed->end; word++)
        if (free_in(books, kind, word, allowed))
            found = word;
    if (found == BOOKS_NONE)
        return false;
    uint64_t bits = free_in(books, kind, found, allowed);
    *offset = found * CLUSTER + (uint64_t)__builtin_ctzll(bits);
    return true;
}

/* Take a free object and charge a bank for it; the owner is what the mark says. */
static bool take(struct books *books, unsigned charged, uint16_t mark, enum space kind,
                 uint64_t *offset)
{
    struct books_space *space = &books_bank(books, charged)->space[kind];
    struct allowed allowed = allowed_to(books, charged, kind);
    if (allowed.count == 0 || !pick(books, kind, &allowed, space->cluster, offset))
        return false;
    assert(owners_of(books, kind)[*offset] == OWNER_FREE);
    map_of(books, kind)[*offset / CLUSTER] &= ~(1ull << *offset % CLUSTER);
    owners_of(books, kind)[*offset] = mark;
    books->free_count[kind]--;
    space->cluster = *offset / CLUSTER + 1;
    charge(books, charged, kind, 1);
    return true;
}

static void put_back(struct books *books, unsigned charged, enum space kind, uint64_t offset)
{
    assert(owners_of(books, kind)[offset] != OWNER_FREE);
    owners_of(books, kind)[offset] = OWNER_FREE;
    map_of(books, kind)[offset / CLUSTER] |= 1ull << offset % CLUSTER;
    books->free_count[kind]++;
    charge(books, charged, kind, -1);
}

bool books_buy(struct books *books, unsigned bank, enum space kind, uint64_t *offset)
{
    if (!take(books, bank, (uint16_t)(bank + 1), kind, offset))
        return false;
    books_bank(books, bank)->space[kind].created++;
    return true;
}

bool books_owns(const struct books *books, unsigned bank, enum space kind, uint64_t offset)
{
    return offset < books->count[kind] && owners_of(books, kind)[offset] == bank + 1;
}

void books_sell(struct books *books, unsigned bank, enum space kind, uint64_t offset)
{
    assert(books_owns(books, bank, kind, offset));
    put_back(books, bank, kind, offset);
    books_bank(books, bank)->space[kind].destroyed++;
}

void books_lose(struct books *books, unsigned bank, enum space kind, uint64_t offset)
{
    assert(books_owns(books, bank, kind, offset));
    charge(books, bank, kind, -1);
    owners_of(books, kind)[offset] = OWNER_LOST;
}

uint64_t books_available(const struct books *books, unsigned bank, enum space kind)
{
    struct allowed allowed = allowed_to(books, bank, kind);
    uint64_t count = 0;
    if (allowed.first >= allowed.end)
        return 0;
    for (uint64_t word = allowed.first / CLUSTER; word * CLUSTER < allowed.end; word++)
        for (uint64_t bits = free_in(books, kind, word, &allowed); bits; bits &= bits - 1)
            count++;
    return count < allowed.count ? count : allowed.count;
}

int64_t books_limit_change(struct books *books, unsigned bank, enum space kind, int64_t change)
{
    struct books_space *space = &books_bank(books, bank)->space[kind];
    /* Counts are 32 bits at most, so these cannot overflow. */
    int64_t lowest = -(int64_t)(space->limit - space->held);
    int64_t highest = (int64_t)(books->count[kind] - space->limit);
    if (change < lowest)
        change = lowest;
    if (change > highest)
        change = highest;
    space->limit += (uint64_t)change;
    return change;
}

bool books_range_set(struct books *books, unsigned bank, enum space kind, uint64_t first,
                      uint64_t end)
{
    struct books_space *space = &books_bank(books, bank)->space[kind];
    if (first >= end || end > books->count[kind])
        return false;
    space->first = first;
    space->end = end;
    return true;
}

static unsigned depth_of(const struct books *books, unsigned bank)
{
    unsigned depth = 0;
    while (bank != BOOKS_PRIME) {
        bank = books_bank(books, bank)->parent;
        depth++;
    }
    return depth;
}

uint64_t books_open(struct books *books, unsigned parent)
{
    if (depth_of(books, parent) >= BOOKS_DEPTH_MAX)
        return BOOKS_NONE;
    for (unsigned bank = 1; bank < books->bank_count; bank++)
        if (!banks_of(books)[bank].exists) {
            bank_begin(books, bank, parent);
            return bank;
        }
    return BOOKS_NONE;
}

bool books_door(struct books *books, unsigned bank, unsigned forbidden, uint64_t *offset)
{
    struct books_bank *account = books_bank(books, bank);
    assert(forbidden < BOOKS_DOORS);
    assert(account->doors[forbidden] == 0);
    if (!take(books, account->parent, (uint16_t)(OWNER_DOOR | (bank + 1)), SPACE_NODES, offset))
        return false;
    account->doors[forbidden] = *offset + 1;
    return true;
}

bool books_at_door(const struct books *books, uint64_t offset, unsigned *bank,
                    unsigned *forbidden)
{
    if (offset >= books->count[SPACE_NODES])
        return false;
    uint16_t owner = owners_of(books, SPACE_NODES)[offset];
    if (!(owner & OWNER_DOOR))
        return false;
    *bank = (owner & ~OWNER_DOOR) - 1u;
    const struct books_bank *account = books_bank(books, *bank);
    for (*forbidden = 0; account->doors[*forbidden] != offset + 1; ++*forbidden)
        assert(*forbidden < BOOKS_DOORS);
    return true;
}

void books_doom(struct books *books, unsigned bank)
{
    assert(bank != BOOKS_PRIME);
    for (unsigned i = 1; i < books->bank_count; i++) {
        unsigned above = i;
        if (!banks_of(books)[i].exists)
            continue;
        while (above != BOOKS_PRIME && above != bank)
            above = books_bank(books, above)->parent;
        banks_of(books)[i].doomed = above == bank;
    }
}

bool books_next_doomed(struct books *books, enum space kind, uint64_t *cursor, uint64_t *offset)
{
    for (; *cursor < books->count[kind]; ++*cursor) {
        uint16_t owner = owners_of(books, kind)[*cursor];
        if (owner == OWNER_FREE || owner == OWNER_LOST)
            continue;
        unsigned bank = (owner & ~OWNER_DOOR) - 1u;
        const struct books_bank *account = books_bank(books, bank);
        if (!account->doomed)
            continue;
        put_back(books, owner & OWNER_DOOR ? account->parent : bank, kind, *cursor);
        *offset = (*cursor)++;
        return true;
    }
    return false;
}

void books_close_doomed(struct books *books)
{
    for (unsigned i = 1; i < books->bank_count; i++) {
        struct books_bank *account = &banks_of(books)[i];
        if (!account->exists || !account->doomed)
            continue;
        assert(account->space[SPACE_NODES].held == 0);
        assert(account->space[SPACE_PAGES].held == 0);
        *account = (struct books_bank){.exists = false};
    }
}

void books_merge(struct books *books, unsigned bank, uint64_t doors[BOOKS_DOORS])
{
    struct books_bank *account = books_bank(books, bank);
    unsigned parent = account->parent;
    assert(bank != BOOKS_PRIME);
    for (unsigned i = 0; i < BOOKS_DOORS; i++) {
        doors[i] = account->doors[i];
        if (doors[i])
            put_back(books, parent, SPACE_NODES, doors[i] - 1);
    }
    for (unsigned kind = 0; kind < SPACE_KINDS; kind++)
        for (uint64_t i = 0; i < books->count[kind]; i++)
            if (owners_of(books, kind)[i] == bank + 1)
                owners_of(books, kind)[i] = (uint16_t)(parent + 1);
    for (unsigned i = 1; i < books->bank_count; i++)
        if (banks_of(books)[i].exists && banks_of(books)[i].parent == bank)
            banks_of(books)[i].parent = parent;
    *account = (struct books_bank){.exists = false};
}

/* Is an object's entry right? Counts it for the bank that is charged for it. */
static const char *object_fault(const struct books *books, enum space kind, uint64_t offset)
{
    uint16_t owner = owners_of(books, kind)[offset];
    bool is_free = map_of(books, kind)[offset / CLUSTER] >> offset % CLUSTER & 1;
    unsigned bank, forbidden;
    if (is_free != (owner == OWNER_FREE))
        return "the free map and the owners disagree";
    if (owner == OWNER_FREE || owner == OWNER_LOST)
        return NULL;
    bank = (owner & ~OWNER_DOOR) - 1u;
    if (bank >= books->bank_count || !banks_of(books)[bank].exists)
        return "an object belongs to a bank that does not exist";
    if ((owner & OWNER_DOOR) &&
        (kind != SPACE_NODES || !books_at_door(books, offset, &bank, &forbidden)))
        return "a door that no bank has";
    return NULL;
}

/* Is bank the one, or below it? */
static bool below(const struct books *books, unsigned bank, unsigned above)
{
    while (bank != above && bank != BOOKS_PRIME)
        bank = books_bank(books, bank)->parent;
    return bank == above;
}

static uint64_t held_count(const struct books *books, unsigned bank, enum space kind)
{
    uint64_t count = 0;
    for (uint64_t i = 0; i < books->count[kind]; i++) {
        uint16_t owner = owners_of(books, kind)[i];
        if (owner == OWNER_FREE || owner == OWNER_LOST)
            continue;
        unsigned charged = (owner & ~OWNER_DOOR) - 1u;
        if (owner & OWNER_DOOR)
            charged = books_bank(books, charged)->parent;
        count += below(books, charged, bank);
    }
    return count;
}

const char *books_fault(const struct books *books)
{
    for (unsigned kind = 0; kind < SPACE_KINDS; kind++) {
        uint64_t free_count = 0;
        for (uint64_t i = 0; i < books->count[kind]; i++) {
            const char *fault = object_fault(books, kind, i);
            if (fault)
                return fault;
            free_count += owners_of(books, kind)[i] == OWNER_FREE;
        }
        if (free_count != books->free_count[kind])
            return "the number of free objects";
        for (unsigned bank = 0; bank < books->bank_count; bank++) {
            const struct books_space *space = &banks_of(books)[bank].space[kind];
            if (!banks_of(books)[bank].exists)
                continue;
            if (space->held > space->limit)
                return "a bank holds more than its limit";
            if (held_count(books, bank, kind) != space->held)
                return "what a bank is charged with is not what it holds";
        }
    }
    return NULL;
}
