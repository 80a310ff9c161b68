/* SPDX-License-Identifier: GPL-2.0-or-later */
/* table.c - the pool of page tables, and who leads to whom. Called by space.c (roots) and segment.c
 * (building), depend.c (undoing); calls depend for links, domain for buffers that were mapped, arch
 * for fences. Invariants: table.h. Entry layout: RISC-V privileged specification 1.12, section 4.4.
 */
#include "kernel/table.h"

#include "kernel/arch/arch.h"
#include "kernel/check.h"
#include "kernel/counter.h"
#include "kernel/depend.h"
#include "kernel/domain.h"
#include "kernel/space.h"

/* So many tables that are in use get another chance before one is taken: what one fault costs is
 * bounded. */
#define CHANCES_MAX 8u

static struct {
    struct table *tables;
    uint64_t *first_entries; /* the tables' memory, in order */
    uint32_t count, hand;
    uint32_t counted, links; /* by the check */
    bool edited; /* since the last fence: */
    uint64_t asid, addr;
} pool;

COLD uint64_t table_init(uint64_t start, uint64_t size_bytes)
{
    kassert(start % PAGE_BYTES == 0);
    pool.count = (uint32_t)(size_bytes / (PAGE_BYTES + sizeof(struct table)));
    if (pool.count < LIMIT_TABLES_MIN)
        pool.count = LIMIT_TABLES_MIN;
    pool.first_entries = (uint64_t *)start;
    pool.tables = (struct table *)(start + (uint64_t)pool.count * PAGE_BYTES);
    for (uint32_t i = 0; i < pool.count; i++)
        pool.tables[i] = (struct table){.entries = pool.first_entries + i * TABLE_ENTRIES};
    uint64_t end = (uint64_t)(pool.tables + pool.count);
    return (end + PAGE_BYTES - 1) & ~(uint64_t)(PAGE_BYTES - 1);
}

static struct table *table_of_entries(const uint64_t *entries)
{
    uint64_t index = (uint64_t)(entries - pool.first_entries) / TABLE_ENTRIES;
    kassert(index < pool.count);
    return &pool.tables[index];
}

void *table_target(uint64_t entry)
{
    return arch_physical_to_virtual((entry >> PTE_PPN_SHIFT) * PAGE_BYTES);
}

static uint64_t entry_to(const void *target)
{
    return (arch_virtual_to_physical(target) / PAGE_BYTES) << PTE_PPN_SHIFT | PTE_VALID;
}

static bool entry_is_leaf(uint64_t entry)
{
    return entry & (PTE_READ | PTE_WRITE | PTE_EXECUTE);
}

static unsigned entry_index(uint64_t addr, unsigned level)
{
    return (unsigned)(addr >> TABLE_SHIFT(level)) & (TABLE_ENTRIES - 1);
}

/* The table that an entry leads to; NULL: none. */
static struct table *lower_of(const struct table *table, unsigned index)
{
    uint64_t entry = table->entries[index];
    return entry & PTE_VALID ? table_of_entries(table_target(entry)) : NULL;
}

/* Where the chain of tables with such a part begins. */
static struct table **bucket_of(const struct table_part *part)
{
    uint64_t hash = (part->head ^ part->place) * 0x9e3779b97f4a7c15ull;
    return &pool.tables[(hash >> 32) % pool.count].bucket;
}

static struct table *table_find(const struct table_part *part)
{
    struct table *table = part->head ? *bucket_of(part) : NULL;
    while (table && memcmp(&table->part, part, sizeof(*part)) != 0)
        table = table->next;
    return table;
}

void table_edited(uint64_t asid, uint64_t addr)
{
    if (asid == 0)
        return; /* nobody sees it */
    if (!pool.edited)
        pool.asid = asid, pool.addr = addr;
    pool.edited = true;
    if (pool.asid != asid)
        pool.asid = FENCE_ALL;
    if (pool.addr != addr)
        pool.addr = FENCE_ALL;
}

/* The ASID of the only space that has this table, and what to add for addresses in there. 0: none
 * has it; FENCE_ALL: several, or who knows. */
static uint64_t asid_of(const struct table *table, uint64_t *addr)
{
    while (table->level < 2) {
        uint64_t *entry = (uint64_t *)(uintptr_t)(table->built & ~BUILT_HASHED);
        if (table->links == 0)
            return 0;
        if (table->links > 1 || !entry)
            return FENCE_ALL;
        const struct table *upper = table_of_entries(entry);
        uint64_t index = (uint64_t)(entry - upper->entries);
        if (!upper->in_use || upper->level != table->level + 1u ||
            lower_of(upper, (unsigned)index) != table)
            return FENCE_ALL;
        *addr += index << TABLE_SHIFT(upper->level);
        table = upper;
    }
    return table->part.count;
}

/* An entry to this table went: what is remembered of the leaves below may not be so any more. */
static void unlinked(struct table *table)
{
    table->links--;
    table->generation++;
    for (unsigned i = 0; table->level == 1 && i < TABLE_ENTRIES; i++)
        if (table->entries[i])
            lower_of(table, i)->generation++;
}

void table_clear(struct table *table, unsigned first, unsigned count)
{
    kassert(first + count <= TABLE_ENTRIES);
    if (!table->in_use)
        return;
    if (count > 1)
        table->generation++;
    if (table->level == 2 && first + count > KERNEL_ENTRY_FIRST)
        count = first < KERNEL_ENTRY_FIRST ? KERNEL_ENTRY_FIRST - first : 0;
    for (unsigned i = first; i < first + count; i++) {
        uint64_t entry = table->entries[i];
        if (!(entry & PTE_VALID))
            continue;
        table->entries[i] = 0;
        uint64_t addr = (uint64_t)i << TABLE_SHIFT(table->level), asid = asid_of(table, &addr);
        table_edited(asid, entry_is_leaf(entry) ? addr : FENCE_ALL);
        if (entry_is_leaf(entry)) {
            domain_page_lost(object_page_frame(table_target(entry)));
        } else {
            domain_buffers_lost();
            unlinked(table_of_entries(table_target(entry)));
        }
    }
}

void table_clear_entry(uint64_t *entry)
{
    struct table *table = table_of_entries(entry);
    table_clear(table, (unsigned)(entry - table->entries), 1);
}

/* Nobody leads to it any more, and it leads nowhere. */
static void table_give_up(struct table *table)
{
    depend_undo(table, &table->built);
    kassert(table->links == 0);
    if (table->level > 0)
        table_clear(table, 0, TABLE_ENTRIES);
    if (table->part.head) {
        struct table **at = bucket_of(&table->part);
        while (*at != table)
            at = &(*at)->next;
        *at = table->next;
    }
}

/* The table under the hand, unless it gets another chance. */
static bool table_age(struct table *table, bool last)
{
    if (!table->in_use)
        return true;
    if (table->held)
        return false;
    if (table->level == 2 && !space_age(table, last))
        return false;
    if (table->again && table->part.head && !last) {
        table->again = false;
        depend_undo(table, &table->built);
        return false;
    }
    count_one(TABLE_EVICT);
    table_give_up(table);
    return true;
}

struct table *table_take(unsigned level, const struct table_part *part)
{
    struct table *table;
    unsigned chances = 0;
    do {
        table = &pool.tables[pool.hand];
        pool.hand = pool.hand + 1 < pool.count ? pool.hand + 1 : 0;
    } while (!table_age(table, ++chances > CHANCES_MAX));
    count_one(TABLE);
    table->in_use = true;
    table->again = false;
    table->level = (uint8_t)level;
    table->part = *part;
    table->generation++;
    table->serial++;
    table->built = 0;
    memset(table->entries, 0, PAGE_BYTES);
    if (part->head) {
        struct table **bucket = bucket_of(part);
        table->next = *bucket;
        *bucket = table;
    }
    return table;
}

bool table_below(struct table *table, uint64_t addr, const struct table_part *part,
                 uint64_t asid, struct table **out)
{
    unsigned index = entry_index(addr, table->level);
    struct table *lower = lower_of(table, index);
    if (lower && !part->head && lower->part.head) { /* shared, and no place for this */
        table_clear(table, index, 1);
        lower = NULL;
    }
    bool linked = lower;
    if (!lower)
        lower = table_find(part);
    if (lower)
        lower->again = true;
    else
        lower = table_take(table->level - 1u, part);
    *out = lower;
    if (linked)
        return true;
    bool good = depend_add_page(lower, &lower->built, table, index);
    lower->links++;
    table->entries[index] = entry_to(lower->entries);
    table_edited(asid, FENCE_ALL);
    return good;
}

struct table *table_at(struct table *table, uint64_t addr, unsigned level)
{
    while (table && table->level > level)
        table = lower_of(table, entry_index(addr, table->level));
    return table;
}

COLD void table_drop_all(void)
{
    for (uint32_t i = 0; i < pool.count; i++) {
        struct table *table = &pool.tables[i];
        table->in_use = false;
        table->bucket = NULL;
        table->links = 0;
        table->generation++;
    }
}

uint8_t *table_lookup(struct table *top, uint64_t addr, bool write)
{
    const struct table *leaf = table_at(top, addr, 0);
    uint64_t entry = leaf ? leaf->entries[entry_index(addr, 0)] : 0;
    if (!(entry & (write ? PTE_WRITE : PTE_VALID)))
        return NULL;
    return (uint8_t *)table_target(entry) + addr % PAGE_BYTES;
}

uint64_t table_leaf(const uint8_t *data)
{
    return entry_to(data) | PTE_USER | PTE_READ | PTE_EXECUTE | PTE_ACCESSED;
}

void table_map(struct table *table, uint64_t addr, const uint8_t *data, bool writable)
{
    kassert(table->level == 0);
    uint64_t entry = table_leaf(data) | (writable ? TABLE_LEAF_WRITE : 0);
    if (table->entries[entry_index(addr, 0)] == entry)
        return;
    count_one(MAP);
    table->entries[entry_index(addr, 0)] = entry;
}

void table_fence(void)
{
    if (!pool.edited)
        return;
    pool.edited = false;
    arch_fence(pool.asid, pool.addr); /* new pages may hold code that the kernel put there */
}

/* Entries that lead from a table to others. */
COLD static uint32_t links_check(const struct table *table)
{
    unsigned end = table->level == 2 ? KERNEL_ENTRY_FIRST : TABLE_ENTRIES;
    uint32_t links = 0;
    for (unsigned i = 0; i < end; i++) {
        const struct table *lower = lower_of(table, i);
        if (!lower)
            continue;
        if (entry_is_leaf(table->entries[i]) || !lower->in_use ||
            lower->level + 1 != table->level)
            panic("TABL-001 a page table leads to none");
        if (!depend_covers(lower, lower->built, table, i))
            panic("TABL-002 a page table cannot be taken out");
        links++;
    }
    return links;
}

COLD bool table_check(uint32_t index)
{
    if (index == 0)
        pool.counted = pool.links = 0;
    if (index == pool.count) {
        if (checking.whole && pool.counted != pool.links)
            panic("TABL-005 the links of page tables are miscounted");
        return false;
    }
    struct table *table = &pool.tables[index];
    if (!table->in_use)
        return true;
    pool.counted += table->links;
    if (table->level > 0)
        pool.links += links_check(table);
    if (table->held)
        panic("TABL-003 a page table stayed held");
    if (table->part.head && table_find(&table->part) != table)
        panic("TABL-004 a page table is not the one that its chain finds");
    if (table->part.head && !table->links) /* nobody gets there from a space */
        check_part(table);
    return true;
}
