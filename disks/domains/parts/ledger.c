/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ledger.c - who owns what: the free maps, the owners, the accounts. Called by bank/.
 *
 * Invariants: ledger.h. Whatever can fail is decided before anything is changed.
 */
#include "disks/domains/parts/ledger.h"

#include <assert.h>

#define MAGIC 0x6c65646765722031ull /* "ledger 1" */
#define CLUSTER 64u                 /* objects in a word of the free map */
#define OWNER_FREE 0u
#define OWNER_LOST 0x7fffu
#define OWNER_DOOR 0x8000u /* | bank + 1 */
static_assert(LEDGER_BANKS_MAX + 1 < OWNER_LOST, "owners name every bank");

static uint64_t *map_of(const struct ledger *ledger, enum space kind)
{
    return (uint64_t *)((uintptr_t)ledger + ledger->map_at[kind]);
}

static uint16_t *owners_of(const struct ledger *ledger, enum space kind)
{
    return (uint16_t *)((uintptr_t)ledger + ledger->owners_at[kind]);
}

static struct ledger_bank *banks_of(const struct ledger *ledger)
{
    return (struct ledger_bank *)((uintptr_t)ledger + ledger->banks_at);
}

static uint64_t words_for(uint64_t count)
{
    return (count + CLUSTER - 1) / CLUSTER;
}

/* Where everything is, for these numbers of objects; returns where the banks begin. */
static uint64_t layout(struct ledger *ledger, uint64_t nodes, uint64_t pages)
{
    const uint64_t counts[SPACE_KINDS] = {nodes, pages};
    uint64_t at = sizeof(*ledger);
    for (unsigned kind = 0; kind < SPACE_KINDS; kind++) {
        ledger->count[kind] = counts[kind];
        ledger->map_at[kind] = at;
        at += words_for(counts[kind]) * sizeof(uint64_t);
        ledger->owners_at[kind] = at;
        at += words_for(counts[kind]) * CLUSTER * sizeof(uint16_t);
    }
    ledger->banks_at = at;
    return at;
}

size_t ledger_bytes(uint64_t nodes, uint64_t pages, uint64_t banks)
{
    struct ledger measure;
    return layout(&measure, nodes, pages) + banks * sizeof(struct ledger_bank);
}

static void bank_begin(struct ledger *ledger, unsigned bank, unsigned parent)
{
    struct ledger_bank *account = &banks_of(ledger)[bank];
    *account = (struct ledger_bank){.parent = parent, .exists = true};
    for (unsigned kind = 0; kind < SPACE_KINDS; kind++) {
        account->space[kind].limit = ledger->count[kind];
        account->space[kind].end = ledger->count[kind];
    }
}

bool ledger_begin(struct ledger *ledger, size_t memory_bytes, uint64_t nodes, uint64_t pages)
{
    if (memory_bytes < sizeof(*ledger) || nodes > UINT32_MAX || pages > UINT32_MAX ||
        memory_bytes < ledger_bytes(nodes, pages, 2))
        return false;
    uint64_t room = memory_bytes - layout(ledger, nodes, pages);
    ledger->bank_count = room / sizeof(struct ledger_bank);
    if (ledger->bank_count > LEDGER_BANKS_MAX)
        ledger->bank_count = LEDGER_BANKS_MAX;
    for (unsigned kind = 0; kind < SPACE_KINDS; kind++) {
        ledger->free_count[kind] = ledger->count[kind];
        for (uint64_t i = 0; i < ledger->count[kind]; i++)
            map_of(ledger, kind)[i / CLUSTER] |= 1ull << i % CLUSTER;
    }
    bank_begin(ledger, LEDGER_PRIME, LEDGER_PRIME);
    ledger->magic = MAGIC;
    return true;
}

bool ledger_good(const struct ledger *ledger, uint64_t nodes, uint64_t pages)
{
    return ledger->magic == MAGIC && ledger->count[SPACE_NODES] == nodes &&
           ledger->count[SPACE_PAGES] == pages;
}

struct ledger_bank *ledger_bank(const struct ledger *ledger, unsigned bank)
{
    assert(bank < ledger->bank_count);
    assert(banks_of(ledger)[bank].exists);
    return &banks_of(ledger)[bank];
}

/* Charge a bank and all above it: direction 1 for an object more, -1 for one less. */
static void charge(struct ledger *ledger, unsigned bank, enum space kind, int direction)
{
    for (;;) {
        struct ledger_bank *account = ledger_bank(ledger, bank);
        account->space[kind].held += (uint64_t)(int64_t)direction;
        if (bank == LEDGER_PRIME)
            return;
        bank = account->parent;
    }
}

/* What a bank may still do, with all that is said above it. */
struct allowed {
    uint64_t count, first, end;
};

static struct allowed allowed_to(const struct ledger *ledger, unsigned bank, enum space kind)
{
    struct allowed allowed = {ledger->count[kind], 0, ledger->count[kind]};
    for (;;) {
        const struct ledger_bank *account = ledger_bank(ledger, bank);
        const struct ledger_space *space = &account->space[kind];
        if (space->limit - space->held < allowed.count)
            allowed.count = space->limit - space->held;
        if (space->first > allowed.first)
            allowed.first = space->first;
        if (space->end < allowed.end)
            allowed.end = space->end;
        if (bank == LEDGER_PRIME)
            return allowed;
        bank = account->parent;
    }
}

/* The free objects of a word of the map that lie in [first, end). */
static uint64_t free_in(const struct ledger *ledger, enum space kind, uint64_t word,
                        const struct allowed *allowed)
{
    uint64_t bits = map_of(ledger, kind)[word], at = word * CLUSTER;
    if (at < allowed->first)
        bits = allowed->first - at < CLUSTER ? bits & UINT64_MAX << (allowed->first - at) : 0;
    if (at + CLUSTER > allowed->end)
        bits = at < allowed->end ? bits & ~(UINT64_MAX << (allowed->end - at)) : 0;
    return bits;
}

/* A free object: in the bank's own cluster, else in a cluster that is all free, else anywhere. */
static bool pick(const struct ledger *ledger, enum space kind, const struct allowed *allowed,
                 uint64_t cluster, uint64_t *offset)
{
    uint64_t found = LEDGER_NONE;
    if (allowed->first >= allowed->end)
        return false;
    if (cluster != 0 && free_in(ledger, kind, cluster - 1, allowed))
        found = cluster - 1;
    for (uint64_t word = allowed->first / CLUSTER;
         found == LEDGER_NONE && word * CLUSTER < allowed->end; word++)
        if (free_in(ledger, kind, word, allowed) == UINT64_MAX)
            found = word;
    for (uint64_t word = allowed->first / CLUSTER;
         found == LEDGER_NONE && word * CLUSTER < allowed->end; word++)
        if (free_in(ledger, kind, word, allowed))
            found = word;
    if (found == LEDGER_NONE)
        return false;
    uint64_t bits = free_in(ledger, kind, found, allowed);
    *offset = found * CLUSTER + (uint64_t)__builtin_ctzll(bits);
    return true;
}

/* Take a free object and charge a bank for it; the owner is what the mark says. */
static bool take(struct ledger *ledger, unsigned charged, uint16_t mark, enum space kind,
                 uint64_t *offset)
{
    struct ledger_space *space = &ledger_bank(ledger, charged)->space[kind];
    struct allowed allowed = allowed_to(ledger, charged, kind);
    if (allowed.count == 0 || !pick(ledger, kind, &allowed, space->cluster, offset))
        return false;
    assert(owners_of(ledger, kind)[*offset] == OWNER_FREE);
    map_of(ledger, kind)[*offset / CLUSTER] &= ~(1ull << *offset % CLUSTER);
    owners_of(ledger, kind)[*offset] = mark;
    ledger->free_count[kind]--;
    space->cluster = *offset / CLUSTER + 1;
    charge(ledger, charged, kind, 1);
    return true;
}

static void put_back(struct ledger *ledger, unsigned charged, enum space kind, uint64_t offset)
{
    assert(owners_of(ledger, kind)[offset] != OWNER_FREE);
    owners_of(ledger, kind)[offset] = OWNER_FREE;
    map_of(ledger, kind)[offset / CLUSTER] |= 1ull << offset % CLUSTER;
    ledger->free_count[kind]++;
    charge(ledger, charged, kind, -1);
}

bool ledger_buy(struct ledger *ledger, unsigned bank, enum space kind, uint64_t *offset)
{
    if (!take(ledger, bank, (uint16_t)(bank + 1), kind, offset))
        return false;
    ledger_bank(ledger, bank)->space[kind].created++;
    return true;
}

bool ledger_owns(const struct ledger *ledger, unsigned bank, enum space kind, uint64_t offset)
{
    return offset < ledger->count[kind] && owners_of(ledger, kind)[offset] == bank + 1;
}

void ledger_sell(struct ledger *ledger, unsigned bank, enum space kind, uint64_t offset)
{
    assert(ledger_owns(ledger, bank, kind, offset));
    put_back(ledger, bank, kind, offset);
    ledger_bank(ledger, bank)->space[kind].destroyed++;
}

void ledger_lose(struct ledger *ledger, unsigned bank, enum space kind, uint64_t offset)
{
    assert(ledger_owns(ledger, bank, kind, offset));
    charge(ledger, bank, kind, -1);
    owners_of(ledger, kind)[offset] = OWNER_LOST;
}

uint64_t ledger_available(const struct ledger *ledger, unsigned bank, enum space kind)
{
    struct allowed allowed = allowed_to(ledger, bank, kind);
    uint64_t count = 0;
    if (allowed.first >= allowed.end)
        return 0;
    for (uint64_t word = allowed.first / CLUSTER; word * CLUSTER < allowed.end; word++)
        for (uint64_t bits = free_in(ledger, kind, word, &allowed); bits; bits &= bits - 1)
            count++;
    return count < allowed.count ? count : allowed.count;
}

int64_t ledger_limit_change(struct ledger *ledger, unsigned bank, enum space kind, int64_t change)
{
    struct ledger_space *space = &ledger_bank(ledger, bank)->space[kind];
    /* Counts are 32 bits at most, so these cannot overflow. */
    int64_t lowest = -(int64_t)(space->limit - space->held);
    int64_t highest = (int64_t)(ledger->count[kind] - space->limit);
    if (change < lowest)
        change = lowest;
    if (change > highest)
        change = highest;
    space->limit += (uint64_t)change;
    return change;
}

bool ledger_range_set(struct ledger *ledger, unsigned bank, enum space kind, uint64_t first,
                      uint64_t end)
{
    struct ledger_space *space = &ledger_bank(ledger, bank)->space[kind];
    if (first >= end || end > ledger->count[kind])
        return false;
    space->first = first;
    space->end = end;
    return true;
}

static unsigned depth_of(const struct ledger *ledger, unsigned bank)
{
    unsigned depth = 0;
    while (bank != LEDGER_PRIME) {
        bank = ledger_bank(ledger, bank)->parent;
        depth++;
    }
    return depth;
}

uint64_t ledger_open(struct ledger *ledger, unsigned parent)
{
    if (depth_of(ledger, parent) >= LEDGER_DEPTH_MAX)
        return LEDGER_NONE;
    for (unsigned bank = 1; bank < ledger->bank_count; bank++)
        if (!banks_of(ledger)[bank].exists) {
            bank_begin(ledger, bank, parent);
            return bank;
        }
    return LEDGER_NONE;
}

bool ledger_door(struct ledger *ledger, unsigned bank, unsigned forbidden, uint64_t *offset)
{
    struct ledger_bank *account = ledger_bank(ledger, bank);
    assert(forbidden < LEDGER_DOORS);
    assert(account->doors[forbidden] == 0);
    if (!take(ledger, account->parent, (uint16_t)(OWNER_DOOR | (bank + 1)), SPACE_NODES, offset))
        return false;
    account->doors[forbidden] = *offset + 1;
    return true;
}

bool ledger_at_door(const struct ledger *ledger, uint64_t offset, unsigned *bank,
                    unsigned *forbidden)
{
    if (offset >= ledger->count[SPACE_NODES])
        return false;
    uint16_t owner = owners_of(ledger, SPACE_NODES)[offset];
    if (!(owner & OWNER_DOOR))
        return false;
    *bank = (owner & ~OWNER_DOOR) - 1u;
    const struct ledger_bank *account = ledger_bank(ledger, *bank);
    for (*forbidden = 0; account->doors[*forbidden] != offset + 1; ++*forbidden)
        assert(*forbidden < LEDGER_DOORS);
    return true;
}

void ledger_doom(struct ledger *ledger, unsigned bank)
{
    assert(bank != LEDGER_PRIME);
    for (unsigned i = 1; i < ledger->bank_count; i++) {
        unsigned above = i;
        if (!banks_of(ledger)[i].exists)
            continue;
        while (above != LEDGER_PRIME && above != bank)
            above = ledger_bank(ledger, above)->parent;
        banks_of(ledger)[i].doomed = above == bank;
    }
}

bool ledger_next_doomed(struct ledger *ledger, enum space kind, uint64_t *cursor, uint64_t *offset)
{
    for (; *cursor < ledger->count[kind]; ++*cursor) {
        uint16_t owner = owners_of(ledger, kind)[*cursor];
        if (owner == OWNER_FREE || owner == OWNER_LOST)
            continue;
        unsigned bank = (owner & ~OWNER_DOOR) - 1u;
        const struct ledger_bank *account = ledger_bank(ledger, bank);
        if (!account->doomed)
            continue;
        put_back(ledger, owner & OWNER_DOOR ? account->parent : bank, kind, *cursor);
        *offset = (*cursor)++;
        return true;
    }
    return false;
}

void ledger_close_doomed(struct ledger *ledger)
{
    for (unsigned i = 1; i < ledger->bank_count; i++) {
        struct ledger_bank *account = &banks_of(ledger)[i];
        if (!account->exists || !account->doomed)
            continue;
        assert(account->space[SPACE_NODES].held == 0);
        assert(account->space[SPACE_PAGES].held == 0);
        *account = (struct ledger_bank){.exists = false};
    }
}

void ledger_merge(struct ledger *ledger, unsigned bank, uint64_t doors[LEDGER_DOORS])
{
    struct ledger_bank *account = ledger_bank(ledger, bank);
    unsigned parent = account->parent;
    assert(bank != LEDGER_PRIME);
    for (unsigned i = 0; i < LEDGER_DOORS; i++) {
        doors[i] = account->doors[i];
        if (doors[i])
            put_back(ledger, parent, SPACE_NODES, doors[i] - 1);
    }
    for (unsigned kind = 0; kind < SPACE_KINDS; kind++)
        for (uint64_t i = 0; i < ledger->count[kind]; i++)
            if (owners_of(ledger, kind)[i] == bank + 1)
                owners_of(ledger, kind)[i] = (uint16_t)(parent + 1);
    for (unsigned i = 1; i < ledger->bank_count; i++)
        if (banks_of(ledger)[i].exists && banks_of(ledger)[i].parent == bank)
            banks_of(ledger)[i].parent = parent;
    *account = (struct ledger_bank){.exists = false};
}

/* Is an object's entry right? Counts it for the bank that is charged for it. */
static const char *object_fault(const struct ledger *ledger, enum space kind, uint64_t offset)
{
    uint16_t owner = owners_of(ledger, kind)[offset];
    bool is_free = map_of(ledger, kind)[offset / CLUSTER] >> offset % CLUSTER & 1;
    unsigned bank, forbidden;
    if (is_free != (owner == OWNER_FREE))
        return "the free map and the owners disagree";
    if (owner == OWNER_FREE || owner == OWNER_LOST)
        return NULL;
    bank = (owner & ~OWNER_DOOR) - 1u;
    if (bank >= ledger->bank_count || !banks_of(ledger)[bank].exists)
        return "an object belongs to a bank that does not exist";
    if ((owner & OWNER_DOOR) &&
        (kind != SPACE_NODES || !ledger_at_door(ledger, offset, &bank, &forbidden)))
        return "a door that no bank has";
    return NULL;
}

/* Is bank the one, or below it? */
static bool below(const struct ledger *ledger, unsigned bank, unsigned above)
{
    while (bank != above && bank != LEDGER_PRIME)
        bank = ledger_bank(ledger, bank)->parent;
    return bank == above;
}

static uint64_t held_count(const struct ledger *ledger, unsigned bank, enum space kind)
{
    uint64_t count = 0;
    for (uint64_t i = 0; i < ledger->count[kind]; i++) {
        uint16_t owner = owners_of(ledger, kind)[i];
        if (owner == OWNER_FREE || owner == OWNER_LOST)
            continue;
        unsigned charged = (owner & ~OWNER_DOOR) - 1u;
        if (owner & OWNER_DOOR)
            charged = ledger_bank(ledger, charged)->parent;
        count += below(ledger, charged, bank);
    }
    return count;
}

const char *ledger_fault(const struct ledger *ledger)
{
    for (unsigned kind = 0; kind < SPACE_KINDS; kind++) {
        uint64_t free_count = 0;
        for (uint64_t i = 0; i < ledger->count[kind]; i++) {
            const char *fault = object_fault(ledger, kind, i);
            if (fault)
                return fault;
            free_count += owners_of(ledger, kind)[i] == OWNER_FREE;
        }
        if (free_count != ledger->free_count[kind])
            return "the number of free objects";
        for (unsigned bank = 0; bank < ledger->bank_count; bank++) {
            const struct ledger_space *space = &banks_of(ledger)[bank].space[kind];
            if (!banks_of(ledger)[bank].exists)
                continue;
            if (space->held > space->limit)
                return "a bank holds more than its limit";
            if (held_count(ledger, bank, kind) != space->held)
                return "what a bank is charged with is not what it holds";
        }
    }
    return NULL;
}
