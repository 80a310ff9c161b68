/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fault.c - the short way of a page fault: a table entry is missing, or a page for whose place a
 * keeper is responsible. Called by arch/trap.S before trap.c, which does whatever this declines;
 * and by segment.c, which remembers here what its walks found.
 *
 * Invariants
 *  1. A region is what a walk found for 64 KiB that one level-0 table maps: right as long as the
 *     table's generation is the same, since every slot above the leaf has dependents that cover the
 *     whole region (segment.c), and clearing them is a new generation.
 *  2. Nothing changes until every condition holds. What follows is what segment.c and keeper.c do,
 *     in everything that anyone can read; kernel_fuzz_test runs both ways and compares.
 *  3. sched.gate_floor and a domain's status word say here what they say to arch/gate.S.
 */
#include "kernel/fault.h"

#include "kernel/arch/arch.h"
#include "kernel/counter.h"
#include "kernel/depend.h"
#include "kernel/sched.h"

#define REGION_PAGES 16u
#define REGION_BYTES (REGION_PAGES * (uint64_t)PAGE_BYTES)
#define REGION_OFFSET (REGION_BYTES - 1)
/* Apart, so that each of the two ways saves only the registers that it needs. */
#define NOINLINE __attribute__((noinline))

struct region {
    const struct space *space;
    uint64_t number; /* of the 64 KiB in the address space */
    struct table *table;
    struct node_frame *leaf;
    uint64_t leaf_id, leaf_count;
    uint32_t generation; /* of the table */
    uint8_t slots;       /* of the leaf, that count */
    bool read_only;
    struct node_frame *red; /* nearest red node with a keeper; NULL: none */
    uint64_t red_id, red_count;
    const struct key *keeper; /* in its slot */
    uint64_t red_offset;      /* of the region in that segment */
    uint64_t node_head, node_count; /* key that the keeper is given */
    uint64_t unused[2];             /* to a power of 2 */
};
static_assert(sizeof(struct region) == 128, "found by shifting");

static inline struct region *region_of(const struct space *space, uint64_t number)
{
    return &space->regions[(number + space->spread) & space->regions_mask];
}

COLD uint64_t fault_init(uint64_t start, uint64_t size_bytes)
{
    uint32_t count = LIMIT_REGIONS_MIN;
    while (count * 2 <= size_bytes / sizeof(struct region))
        count *= 2;
    size_bytes = count * sizeof(struct region);
    memset((void *)start, 0, size_bytes);
    space_regions_set((struct region *)start, count - 1);
    return start + size_bytes;
}

static void red_note(struct region *region, const struct segment_walk *walk)
{
    struct node_frame *red = walk->red;
    uint64_t format = red->slots[RED_FORMAT_SLOT].count;
    region->red = red;
    region->red_id = red->object_id;
    region->red_count = red->allocation_count;
    region->keeper = &red->slots[walk->keeper_slot];
    region->red_offset = walk->red_offset & ~REGION_OFFSET;
    struct key node = key_number(0);
    if (!(RED_FLAGS(format) & RED_FLAG_NO_NODE))
        node = key_make(KEY_NODE, key_data_byte(&walk->red_key), red->object_id,
                        red->allocation_count);
    region->node_head = node.head;
    region->node_count = node.count;
}

void fault_note(const struct space *space, struct table *table, uint64_t addr,
                const struct segment_walk *walk)
{
    if (!walk->leaf)
        return;
    struct region *region = region_of(space, addr / REGION_BYTES);
    region->space = space;
    region->number = addr / REGION_BYTES;
    region->table = table;
    region->leaf = walk->leaf;
    region->leaf_id = walk->leaf->object_id;
    region->leaf_count = walk->leaf->allocation_count;
    region->generation = table->generation;
    region->slots = (uint8_t)walk->leaf_slots;
    region->read_only = walk->leaf_read_only;
    region->red = NULL;
    if (walk->red)
        red_note(region, walk);
}

/* The page is at hand: the entry is all that is missing. */
static NOINLINE struct domain *entry_build(struct domain *domain, const struct region *region,
                                  struct key *slot, unsigned index, bool store)
{
    struct page_frame *page = slot->object;
    if (page->object_id != key_object_id(slot)) {
        page = object_page_present(key_object_id(slot));
        if (!page)
            return NULL;
        slot->object = page;
    }
    if (page->allocation_count != slot->count || page->state != PAGE_PRESENT || page->failed)
        return NULL;
    bool read_only = region->read_only || (key_data_byte(slot) & KEY_READ_ONLY);
    bool writable = page->dirty && !read_only;
    if (store && !writable)
        return NULL;
    struct table *table = region->table;
    page->used = true;
    depend_add_page(slot, &slot->built, table, index);
    depend_add_page(page, &page->built, table, index);
    table->entries[index] = page->leaf | (writable ? SPACE_LEAF_WRITE : 0);
    arch_fence();
    count_one(FAULT);
    return domain;
}

static inline void slot_fill(struct node_frame *node, unsigned slot, uint64_t head, uint64_t count,
                             struct node_frame *object)
{
    struct key *key = &node->slots[slot];
    key->head = head;
    key->count = count;
    key->object = object;
}

/* No page there: the keeper is told, and the domain waits for its restart key. The keeper's key
 * must lead to a domain that is decoded and can take the message as it is. */
static NOINLINE struct domain *keeper_tell(struct domain *domain, const struct region *region,
                                  uint64_t addr, uint64_t floor)
{
    struct node_frame *red = region->red, *root = domain->root;
    const struct key *key = region->keeper;
    if (!red || red->object_id != region->red_id || red->allocation_count != region->red_count)
        return NULL;
    const struct node_frame *keeper_root = key->object;
    if (key_type(key) != KEY_START || keeper_root->object_id != key_object_id(key) ||
        keeper_root->allocation_count != key->count)
        return NULL;
    if (keeper_root->gate->status != DOMAIN_AVAILABLE)
        return NULL;
    struct domain *keeper = keeper_root->domain;
    uint64_t *a = &keeper->registers[REGISTER_A0], entry = a[2];
    uint64_t *string = &keeper->registers[REGISTER_T3];
    if ((entry & (ENTRY_CODE | 3u)) != ENTRY_CODE || floor >= keeper->priority_limit)
        return NULL;
    if (ENTRY_STRING_MODE(entry) == STRING_MEMORY)
        return NULL;
    domain->status = DOMAIN_WAITING | STATUS_RESTORE_ALL;
    keeper->status = DOMAIN_RUNNING;
    if (ENTRY_IS_TAKEN(entry, 2))
        slot_fill(keeper->keys, ENTRY_KEY_SLOT(entry, 2), region->node_head,
                  region->node_count, red);
    if (ENTRY_IS_TAKEN(entry, 3))
        slot_fill(keeper->keys, ENTRY_KEY_SLOT(entry, 3),
                  root->resume_head - ((uint64_t)RESUME_RETURN << 8), root->call_count, root);
    bool words = ENTRY_STRING_MODE(entry) == STRING_REGISTERS;
    a[0] = ORDER_KEEPER;
    a[1] = key_data_byte(key);
    a[4] = 2 * sizeof(uint64_t);
    string[0] = words ? region->red_offset + (addr & REGION_OFFSET) : 0;
    string[1] = words ? MEMORY_NO_KEY : 0;
    string[2] = string[3] = 0;
    count_one(FAULT);
    count_one(SEGMENT_KEEPER);
    return keeper;
}

struct domain *fault_quick(struct domain *domain, uint64_t addr, uint64_t cause)
{
    uint64_t floor = sched_gate_floor(), number = addr / REGION_BYTES;
    if (floor == UINT64_MAX || domain->space_stale)
        return NULL;
    const struct region *region = region_of(domain->space, number);
    const struct node_frame *leaf = region->leaf;
    if (region->space != domain->space || region->number != number ||
        region->generation != region->table->generation)
        return NULL;
    if (leaf->object_id != region->leaf_id || leaf->allocation_count != region->leaf_count ||
        leaf->role != NODE_PLAIN)
        return NULL;
    unsigned index = (unsigned)(addr / PAGE_BYTES) % REGION_PAGES;
    struct key *slot = &region->leaf->slots[index];
    if (index >= region->slots)
        return NULL;
    if (key_type(slot) == KEY_PAGE)
        return entry_build(domain, region, slot, (unsigned)(addr / PAGE_BYTES) % 512,
                           cause == FAULT_STORE);
    if (slot->head == 0 && !(slot->count & WINDOW_MARK))
        return keeper_tell(domain, region, addr, floor);
    return NULL;
}
