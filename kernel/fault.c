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
 *     in everything that anyone can read but the counters; kernel_fault_test runs both ways and
 *     compares.
 *  3. sched.gate_floor and a domain's status word say here what they say to arch/gate.S.
 */
#include "kernel/fault.h"

#include "kernel/arch/arch.h"
#include "kernel/arch/offsets.h"
#include "kernel/counter.h"
#include "kernel/depend.h"
#include "kernel/meter.h"
#include "kernel/sched.h"

#define REGION_PAGES 16u
#define REGION_BYTES (REGION_PAGES * (uint64_t)PAGE_BYTES)
/* Apart, so that each of the two ways saves only the registers that it needs. */
#define NOINLINE __attribute__((noinline))

struct region {
    uint64_t tag; /* of the space, and the number of the 64 KiB in it */
    struct table *table;
    uint32_t generation; /* of the table */
    uint32_t leaf_stamp, red_stamp;
    uint8_t slots; /* of the leaf, that count */
    bool read_only;
    struct node_frame *leaf;
    struct node_frame *red;   /* nearest red node with a keeper; the leaf: none */
    const struct key *keeper; /* in its slot; none: no key to a domain */
    uint64_t red_delta; /* what to add to an address for its offset in that segment */
    uint64_t node_head, node_count; /* key that the keeper is given */
    uint64_t unused[6];             /* to a power of 2 */
};
static_assert(sizeof(struct region) == 128, "found by shifting");

static inline uint64_t tag_of(const struct space *space, uint64_t addr)
{
    return addr / REGION_BYTES + space->spread;
}

static struct region *regions;
static uint64_t regions_mask; /* so many, less 1 */

static inline struct region *region_of(uint64_t tag)
{
    return &regions[tag & regions_mask];
}

COLD uint64_t fault_init(uint64_t start, uint64_t size_bytes)
{
    uint64_t count = power_of_two(size_bytes / sizeof(struct region));
    size_bytes = count * sizeof(struct region);
    memset((void *)start, 0, size_bytes);
    regions = (struct region *)start;
    regions_mask = count - 1;
    return start + size_bytes;
}

static void red_note(struct region *region, uint64_t addr, const struct segment_walk *walk)
{
    struct node_frame *red = walk->red;
    region->red = red;
    region->red_stamp = red->stamp;
    region->keeper = &red->slots[walk->keeper_slot];
    region->red_delta = walk->red_offset - addr;
    region->node_head = walk->red_key.head;
    region->node_count = walk->red_key.count;
}

void fault_note(const struct space *space, struct table *table, uint64_t addr,
                const struct segment_walk *walk)
{
    if (!walk->leaf)
        return;
    uint64_t tag = tag_of(space, addr);
    struct region *region = region_of(tag);
    region->tag = tag;
    region->table = table;
    region->leaf = walk->leaf;
    region->leaf_stamp = walk->leaf->stamp;
    region->generation = table->generation;
    region->slots = (uint8_t)walk->leaf_slots;
    region->read_only = walk->leaf_read_only;
    region->red = walk->leaf;
    region->red_stamp = walk->leaf->stamp;
    region->keeper = &object_nowhere.slots[0];
    if (walk->red)
        red_note(region, addr, walk);
}

/* The last of it: the entry of addr. */
static inline struct domain *entry_set(struct domain *domain, const struct region *region,
                                       struct page_frame *page, uint64_t addr, bool writable)
{
    unsigned index = (unsigned)(addr / PAGE_BYTES) % TABLE_ENTRIES;
    page->used = true;
    region->table->entries[index] = page->leaf | (writable ? TABLE_LEAF_WRITE : 0);
    count_one(FAULT);
    return arch_fence_page(domain, addr);
}

/* The same when the slot or the page has other entries. */
static NOINLINE struct domain *entry_set_more(struct domain *domain, const struct region *region,
                                              struct key *slot, uint64_t addr, bool writable)
{
    unsigned index = (unsigned)(addr / PAGE_BYTES) % TABLE_ENTRIES;
    struct page_frame *page = slot->object;
    if (!depend_add_page(slot, &slot->built, region->table, index) ||
        !depend_add_page(page, &page->built, region->table, index))
        return NULL; /* room was made, perhaps of this table */
    return entry_set(domain, region, page, addr, writable);
}

/* The page is at hand: the entry is all that is missing. */
static NOINLINE struct domain *entry_build(struct domain *domain, const struct region *region,
                                           struct key *slot, uint64_t addr, bool store)
{
    struct page_frame *page = slot->object;
    if (page->object_id != key_object_id(slot) || page->allocation_count != slot->count ||
        page->state != PAGE_PRESENT || page->failed)
        return NULL;
    bool read_only = region->read_only || (key_data_byte(slot) & KEY_READ_ONLY);
    bool writable = page->open && !read_only;
    if (store && !writable)
        return NULL;
    const uint64_t *entries = region->table->entries;
    uint64_t entry = (uint64_t)(uintptr_t)&entries[addr / PAGE_BYTES % TABLE_ENTRIES];
    if (!depend_has_room(slot->built, entry) || !depend_has_room(page->built, entry))
        return entry_set_more(domain, region, slot, addr, writable);
    slot->built |= entry;
    page->built |= entry;
    return entry_set(domain, region, page, addr, writable);
}

/* Into a slot whose number is in these bits of an entry block, shifted to where those of key 3
 * are. */
static inline void slot_fill(struct node_frame *node, uint64_t bits, uint64_t head, uint64_t count,
                             struct node_frame *object)
{
    static_assert(sizeof(struct key) == 1u << ENTRY_KEY_3_SHIFT, "the bits are an offset");
    struct key *key = (struct key *)((uint8_t *)node->slots + (bits & ENTRY_TAKES(3, 15) & ~8ull));
    key->head = head;
    key->count = count;
    key->object = object;
}

/* The domain waits for its restart key; its keeper has the message. */
static inline struct domain *keeper_go(struct domain *domain, const struct region *region,
                                       uint64_t addr, struct domain *keeper)
{
    const struct node_frame *root = domain->root;
    uint64_t entry = keeper->registers[REGISTER_A0 + 2];
    bool words = entry & ENTRY_STRING(STRING_REGISTERS);
    domain->status = DOMAIN_WAITING | STATUS_RESTORE_ALL;
    if (ENTRY_IS_TAKEN(entry, 2))
        slot_fill(keeper->keys, entry >> (ENTRY_KEY_SHIFT(2) - ENTRY_KEY_3_SHIFT),
                  region->node_head, region->node_count, region->red);
    if (ENTRY_IS_TAKEN(entry, 3))
        slot_fill(keeper->keys, entry, root->resume_head - ((uint64_t)RESUME_RETURN << 8),
                  root->call_count, (void *)(uintptr_t)root);
    return arch_deliver(ORDER_KEEPER, key_data_byte(region->keeper), keeper,
                        words ? addr + region->red_delta : 0, 2 * sizeof(uint64_t),
                        words ? MEMORY_NO_KEY : 0);
}

/* The same, if the keeper pays by another meter. */
static NOINLINE struct domain *keeper_go_charged(struct domain *domain,
                                                 const struct region *region, uint64_t addr,
                                                 struct domain *keeper)
{
    return meter_hand_over(keeper) ? keeper_go(domain, region, addr, keeper) : NULL;
}

/* No page there: the keeper is told. Its key must lead to a domain that is decoded and can take
 * the message as it is. */
static inline struct domain *keeper_tell(struct domain *domain, const struct region *region,
                                         uint64_t addr, uint64_t floor)
{
    const struct key *key = region->keeper;
    if (region->red->stamp != region->red_stamp)
        return NULL;
    const struct node_frame *keeper_root = key->object;
    if (key_type(key) != KEY_START || keeper_root->object_id != key_object_id(key) ||
        keeper_root->allocation_count != key->count)
        return NULL;
    struct domain *keeper = (struct domain *)(uintptr_t)keeper_root->gate;
    if (keeper->status != DOMAIN_AVAILABLE)
        return NULL;
    uint64_t form = ENTRY_CODE | 3u | ENTRY_STRING(STRING_MEMORY);
    if ((keeper->registers[REGISTER_A0 + 2] & form) != ENTRY_CODE)
        return NULL;
    if ((keeper->gate_limit - floor) >> GATE_LIMIT_BITS)
        return keeper_go_charged(domain, region, addr, keeper);
    return keeper_go(domain, region, addr, keeper);
}

struct domain *fault_quick(struct domain *domain, uint64_t addr, uint64_t cause)
{
    uint64_t floor = sched.gate_floor, tag = tag_of(domain->space, addr);
    const struct region *region = region_of(tag);
    const struct node_frame *leaf = region->leaf;
    unsigned index = (unsigned)(addr / PAGE_BYTES) % REGION_PAGES;
    if (region->tag != tag ||
        region->generation != region->table->generation || leaf->stamp != region->leaf_stamp ||
        leaf->role != NODE_PLAIN || index >= region->slots)
        return NULL;
    struct key *slot = &region->leaf->slots[index];
    if (slot->head == 0)
        return slot->count & WINDOW_MARK ? NULL : keeper_tell(domain, region, addr, floor);
    if (key_type(slot) != KEY_PAGE || floor == GATE_SHUT)
        return NULL;
    return entry_build(domain, region, slot, addr, cause == FAULT_STORE);
}
