/* SPDX-License-Identifier: GPL-2.0-or-later */
/* space.c - the pool of page tables and the spaces made of them. Called by segment.c (building),
 * depend.c (undoing), gate and invoke (looking up), trap (satp). Calls arch for fences. Invariants:
 * space.h. Entry layout and satp: RISC-V privileged specification 1.12, sections 4.1.11 and 4.4. */
#include "kernel/space.h"

#include "kernel/arch/arch.h"
#include "kernel/check.h"
#include "kernel/counter.h"
#include "kernel/depend.h"
#include "kernel/domain.h"

/* Odd: prime to the sizes of hash tables. Any address, less its last 16 bits, stays below 2^48. */
#define SPACE_SPREAD (1ull << 48 | 37u)

#define PTE_VALID 1ull
#define PTE_READ 2ull
#define PTE_WRITE 4ull
#define PTE_EXECUTE 8ull
#define PTE_USER 16ull
#define PTE_ACCESSED 64ull
#define PTE_DIRTY 128ull
#define PTE_PPN_SHIFT 10
#define TABLE_ENTRIES 512u
#define KERNEL_ENTRY_FIRST 256u /* upper half of a root table */

static struct {
    struct table *tables;
    uint32_t table_count;
    uint64_t *first_entries; /* the tables' memory, in order */
    struct table *free;
    const uint64_t *kernel_root;
    struct space spaces[LIMIT_SPACES];
    unsigned count; /* spaces from here on stay unused */
    unsigned hand;
    uint64_t drops;
    struct region *regions;
    uint32_t regions_mask;
    bool edited;
} space;

static void free_put(struct table *table)
{
    table->in_use = false;
    table->generation++;
    table->next_free = space.free;
    space.free = table;
}

COLD uint64_t space_init(uint64_t start, uint64_t size_bytes, unsigned count,
                         const uint64_t *kernel_root)
{
    kassert(start % PAGE_BYTES == 0);
    kassert(count >= LIMIT_SPACES_MIN);
    kassert(count <= LIMIT_SPACES);
    space.count = count;
    uint64_t each = PAGE_BYTES + sizeof(struct table);
    space.table_count = (uint32_t)(size_bytes / each);
    if (space.table_count < LIMIT_TABLES_MIN)
        space.table_count = LIMIT_TABLES_MIN;
    space.kernel_root = kernel_root;
    space.first_entries = (uint64_t *)start;
    space.tables = (struct table *)(start + (uint64_t)space.table_count * PAGE_BYTES);
    for (uint32_t i = 0; i < space.table_count; i++) {
        space.tables[i] = (struct table){.entries = space.first_entries + i * TABLE_ENTRIES};
        free_put(&space.tables[i]);
    }
    uint64_t end = (uint64_t)(space.tables + space.table_count);
    return (end + PAGE_BYTES - 1) & ~(uint64_t)(PAGE_BYTES - 1);
}

COLD void space_regions_set(struct region *first, uint32_t mask)
{
    space.regions = first;
    space.regions_mask = mask;
}

/* A root table goes back to the pool. */
static void root_free(struct table *root)
{
    kassert(root->level == 2);
    arch_space_leave();
    free_put(root);
}

static struct table *table_take(unsigned level)
{
    struct table *table = space.free;
    if (!table)
        return NULL;
    count_one(TABLE);
    space.free = table->next_free;
    table->next_free = NULL;
    table->in_use = true;
    table->level = (uint8_t)level;
    memset(table->entries, 0, PAGE_BYTES);
    return table;
}

/* The table that a non-leaf entry points to. */
static struct table *table_of_entry(uint64_t entry)
{
    uint64_t *entries = arch_physical_to_virtual((entry >> PTE_PPN_SHIFT) * PAGE_BYTES);
    uint64_t index = (uint64_t)(entries - space.first_entries) / TABLE_ENTRIES;
    kassert(index < space.table_count);
    return &space.tables[index];
}

/* The page that a leaf entry points to. */
static struct page_frame *page_of_entry(uint64_t entry)
{
    return object_page_frame(arch_physical_to_virtual((entry >> PTE_PPN_SHIFT) * PAGE_BYTES));
}

static bool entry_is_leaf(uint64_t entry)
{
    return entry & (PTE_READ | PTE_WRITE | PTE_EXECUTE);
}

static unsigned entry_index(uint64_t addr, unsigned level)
{
    return (unsigned)(addr >> (12 + 9 * level)) & (TABLE_ENTRIES - 1);
}

/* Free a level-1 or level-0 table and what hangs below it; two levels, so no recursion is
 * needed. */
static void table_release(struct table *table)
{
    kassert(table->level < 2);
    if (table->level == 1)
        for (unsigned i = 0; i < TABLE_ENTRIES; i++)
            if (table->entries[i] & PTE_VALID)
                free_put(table_of_entry(table->entries[i]));
    free_put(table);
}

void space_clear(struct table *table, unsigned first, unsigned count)
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
        space.edited = true;
        if (entry_is_leaf(entry)) {
            domain_page_lost(page_of_entry(entry));
        } else {
            domain_buffers_lost();
            table_release(table_of_entry(entry));
        }
    }
}

void space_clear_entry(uint64_t *entry)
{
    uint64_t index = (uint64_t)(entry - space.first_entries);
    kassert(index / TABLE_ENTRIES < space.table_count);
    struct table *table = &space.tables[index / TABLE_ENTRIES];
    if (table->in_use && table->level == 0)
        space_clear(table, (unsigned)(index % TABLE_ENTRIES), 1);
}

COLD void space_drop_all(void)
{
    count_one(TABLE_DROP);
    arch_space_leave();
    depend_forget_all();
    space.free = NULL;
    for (uint32_t i = 0; i < space.table_count; i++)
        free_put(&space.tables[i]);
    for (unsigned i = 0; i < LIMIT_SPACES; i++)
        space.spaces[i] = (struct space){0};
    space.drops++;
    domain_spaces_lost();
    domain_buffers_lost();
    space.edited = true;
}

uint64_t space_drops(void)
{
    return space.drops;
}

/* A space to use for another key: unused, or the next in turn. */
static struct space *space_take(void)
{
    for (unsigned i = 0; i < space.count; i++)
        if (!space.spaces[i].used)
            return &space.spaces[i];
    struct space *taken = &space.spaces[space.hand];
    space.hand = space.hand + 1 < space.count ? space.hand + 1 : 0;
    space.drops++;
    domain_spaces_lost();
    if (taken->root) {
        space_clear(taken->root, 0, KERNEL_ENTRY_FIRST);
        root_free(taken->root);
    }
    space.edited = true; /* its ASID gets another meaning */
    return taken;
}

struct space *space_of(const struct key *key)
{
    for (unsigned i = 0; i < LIMIT_SPACES; i++)
        if (space.spaces[i].used && key_equal(&space.spaces[i].key, key))
            return &space.spaces[i];
    struct space *taken = space_take();
    struct table *root = table_take(2);
    if (!root) {
        space_drop_all();
        root = table_take(2);
        taken = &space.spaces[0];
    }
    kassert(root != NULL);
    memcpy(root->entries + KERNEL_ENTRY_FIRST, space.kernel_root + KERNEL_ENTRY_FIRST,
           (TABLE_ENTRIES - KERNEL_ENTRY_FIRST) * sizeof(uint64_t));
    uint64_t asid = (uint64_t)(taken - space.spaces) + 1;
    *taken = (struct space){.key = *key,
                            .root = root,
                            .used = true,
                            .regions = space.regions,
                            .regions_mask = space.regions_mask,
                            .spread = asid * SPACE_SPREAD};
    taken->satp = arch_satp(arch_virtual_to_physical(root->entries), asid);
    return taken;
}

uint8_t *space_lookup(const struct space *of, uint64_t addr, enum access access)
{
    if (addr >> USER_ADDRESS_BITS || !of->root)
        return NULL;
    const uint64_t *entries = of->root->entries;
    for (unsigned level = 2;; level--) {
        uint64_t entry = entries[entry_index(addr, level)];
        if (!(entry & PTE_VALID))
            return NULL;
        const void *target = arch_physical_to_virtual((entry >> PTE_PPN_SHIFT) * PAGE_BYTES);
        if (level > 0) {
            entries = target;
            continue;
        }
        if (access == ACCESS_WRITE && !(entry & PTE_WRITE))
            return NULL;
        if (access == ACCESS_EXECUTE && !(entry & PTE_EXECUTE))
            return NULL;
        return (uint8_t *)target + addr % PAGE_BYTES;
    }
}

struct table *space_table(struct space *of, uint64_t addr, unsigned level)
{
    struct table *table = of->root;
    if (!table)
        return NULL;
    while (table->level > level) {
        uint64_t *entry = &table->entries[entry_index(addr, table->level)];
        if (!(*entry & PTE_VALID)) {
            struct table *lower = table_take(table->level - 1u);
            if (!lower) {
                space_drop_all();
                return NULL;
            }
            uint64_t physical = arch_virtual_to_physical(lower->entries);
            *entry = (physical / PAGE_BYTES) << PTE_PPN_SHIFT | PTE_VALID;
        }
        table = table_of_entry(*entry);
    }
    return table;
}

uint64_t space_leaf(const uint8_t *data)
{
    uint64_t physical = arch_virtual_to_physical(data);
    return (physical / PAGE_BYTES) << PTE_PPN_SHIFT | PTE_VALID | PTE_USER | PTE_READ |
           PTE_EXECUTE | PTE_ACCESSED;
}

void space_map(struct table *table, uint64_t addr, const uint8_t *data, bool writable)
{
    kassert(table->level == 0);
    uint64_t entry = space_leaf(data) | (writable ? SPACE_LEAF_WRITE : 0);
    if (table->entries[entry_index(addr, 0)] == entry)
        return;
    count_one(MAP);
    table->entries[entry_index(addr, 0)] = entry;
    space.edited = true;
}

void space_refresh(void)
{
    space.edited = true;
}

void space_fence(void)
{
    if (!space.edited)
        return;
    space.edited = false;
    arch_fence(); /* a newly mapped page may hold code that the kernel put there */
}

COLD struct table *space_table_present(const struct space *of, uint64_t addr, unsigned level)
{
    struct table *table = of->root;
    while (table->level > level)
        table = table_of_entry(table->entries[entry_index(addr, table->level)]);
    return table;
}

/* Every entry of the lower half of a space. Three levels, so no recursion is needed: the next
 * address is after the entry, or after the hole, that this one is in. */
COLD static void entries_check(const struct space *of)
{
    uint64_t addr = 0;
    while (addr < 1ull << USER_ADDRESS_BITS) {
        const struct table *table = of->root;
        uint64_t entry = table->entries[entry_index(addr, 2)];
        while (table->level > 0 && (entry & PTE_VALID)) {
            if (entry_is_leaf(entry) || !table_of_entry(entry)->in_use)
                panic("SPAC-005 a page table leads to none");
            table = table_of_entry(entry);
            entry = table->entries[entry_index(addr, table->level)];
        }
        if (entry & PTE_VALID)
            check_entry(of, addr, page_of_entry(entry)->data, entry & PTE_WRITE);
        uint64_t span = 1ull << (12 + 9 * table->level);
        addr = (addr & ~(span - 1)) + span;
    }
}

COLD void space_check(void)
{
    uint32_t free_count = 0, used = 0;
    for (struct table *table = space.free; table; table = table->next_free) {
        if (table->in_use)
            panic("SPAC-001 a free table is in use");
        if (++free_count > space.table_count)
            panic("SPAC-002 the list of free tables has a loop");
    }
    for (uint32_t i = 0; i < space.table_count; i++)
        used += space.tables[i].in_use;
    if (free_count + used != space.table_count)
        panic("SPAC-003 a page table is lost");
    for (unsigned i = 0; i < LIMIT_SPACES; i++) {
        const struct space *one = &space.spaces[i];
        if (one->used && (!one->root || !one->root->in_use || one->root->level != 2))
            panic("SPAC-004 a space has no root table");
        if (one->used)
            entries_check(one);
    }
}
