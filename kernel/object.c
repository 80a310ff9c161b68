/* SPDX-License-Identifier: GPL-2.0-or-later */
/* object.c - frames of pages and nodes, their hash tables, and bringing objects in.
 *
 * Called by everything that uses a key; calls directory, pot, io for what is not here, and depend
 * when a frame is taken for another object. Invariants: object.h.
 *
 * Replacement is a clock over each kind of frame: used -> not used -> taken. Dirty frames stay
 * until the store can write them; when all frames are dirty or pinned, whoever wants one waits.
 */
#include "kernel/object.h"

#include "disks/checksum.h"
#include "kernel/counter.h"
#include "kernel/depend.h"
#include "kernel/directory.h"
#include "kernel/domain.h"
#include "kernel/io.h"
#include "kernel/pot.h"
#include "kernel/sched.h"

struct objects objects;

static void *take(uint64_t *start, uint64_t size_bytes)
{
    uint64_t taken = *start;
    *start += (size_bytes + 63) & ~63ull;
    return (void *)taken;
}

static void *take_hash(uint64_t *start, uint64_t count)
{
    return memset(take(start, count * sizeof(void *)), 0, count * sizeof(void *));
}

COLD uint32_t object_nodes_of(uint64_t node_bytes)
{
    uint64_t count = node_bytes / sizeof(struct node_frame);
    return count < LIMIT_NODES_MIN ? LIMIT_NODES_MIN : (uint32_t)count;
}

COLD void object_init(uint64_t start, uint64_t end, uint64_t node_bytes, uint32_t pages_max)
{
    kassert(end > start);
    objects.node_count = object_nodes_of(node_bytes);
    uint64_t node_hash = power_of_two(2 * objects.node_count - 1);
    objects.node_mask = (uint32_t)node_hash - 1;
    objects.nodes = take(&start, objects.node_count * sizeof(struct node_frame));
    objects.node_hash = take_hash(&start, node_hash);
    uint64_t left = end - start;
    objects.page_count = (uint32_t)(left / (PAGE_BYTES + sizeof(struct page_frame) + 16));
    objects.page_count = (uint32_t)least(objects.page_count, pages_max);
    uint64_t page_hash = power_of_two(objects.page_count);
    objects.page_mask = (uint32_t)page_hash - 1;
    objects.pages = take(&start, objects.page_count * sizeof(struct page_frame));
    objects.page_hash = take_hash(&start, page_hash);
    start = (start + PAGE_BYTES - 1) & ~(uint64_t)(PAGE_BYTES - 1);
    while (objects.page_count && start + (uint64_t)objects.page_count * PAGE_BYTES > end)
        objects.page_count--;
    if (objects.page_count < LIMIT_PAGES_MIN)
        panic("OBJE-001 too little memory for the page pool");
    objects.page_memory = (uint8_t *)start;
    objects.operation = 1;
    object_nowhere.gate = &domain_nobody;
}

struct node_frame object_nowhere;

/* Numbers come round after 2^32 operations; a frame kept by an old equal number is only kept a
 * little longer. */
void object_begin(void)
{
    objects.operation++;
}

struct page_frame *object_page_frame(const uint8_t *data)
{
    uint64_t index = (uint64_t)(data - objects.page_memory) / PAGE_BYTES;
    kassert(index < objects.page_count);
    return &objects.pages[index];
}

struct page_frame *object_page_meet(const uint8_t *data)
{
    struct page_frame *page = object_page_frame(data);
    page->used = true;
    page->met = objects.operation;
    return page;
}

static uint32_t hash_id(uint64_t object_id)
{
    return (uint32_t)((object_id * 0x9e3779b97f4a7c15ull) >> 32);
}

struct node_frame *object_node_present(uint64_t object_id)
{
    struct node_frame *node = objects.node_hash[hash_id(object_id) & objects.node_mask];
    while (node && node->object_id != object_id)
        node = node->hash_next;
    return node;
}

struct page_frame *object_page_present(uint64_t object_id)
{
    struct page_frame *page = objects.page_hash[hash_id(object_id) & objects.page_mask];
    while (page && page->object_id != object_id)
        page = page->hash_next;
    return page;
}

static void node_unhash(struct node_frame *node)
{
    struct node_frame **at = &objects.node_hash[hash_id(node->object_id) & objects.node_mask];
    while (*at != node)
        at = &(*at)->hash_next;
    *at = node->hash_next;
    node->object_id = 0;
}

static void page_unhash(struct page_frame *page)
{
    struct page_frame **at = &objects.page_hash[hash_id(page->object_id) & objects.page_mask];
    while (*at != page)
        at = &(*at)->hash_next;
    *at = page->hash_next;
    page->object_id = 0;
}

bool object_node_idle(const struct node_frame *node)
{
    return !node->locked && node->role == NODE_PLAIN && !node->domain && !node->link.queue &&
           !node->callers.first && !node->grant;
}

static bool node_can_go(const struct node_frame *node)
{
    return !node->dirty && !node->frozen && object_node_idle(node) &&
           node->met != objects.operation;
}

/* A frame for another node. NULL: none can be taken. */
static struct node_frame *node_take(void)
{
    for (uint32_t i = 0; i < 2 * objects.node_count; i++) {
        struct node_frame *node = &objects.nodes[objects.node_hand];
        if (objects.node_hand == objects.node_high) {
            memset(node, 0, sizeof(*node));
            objects.node_high++;
        }
        objects.node_hand = (objects.node_hand + 1) % objects.node_count;
        if (node->object_id == 0)
            return node;
        if (!node_can_go(node))
            continue;
        if (node->used) {
            node->used = false;
            continue;
        }
        for (unsigned slot = 0; slot < NODE_SLOTS; slot++)
            if (node->slots[slot].built)
                depend_undo(&node->slots[slot], &node->slots[slot].built);
        node_unhash(node);
        count_one(NODE_EVICT);
        return node;
    }
    return NULL;
}

struct page_frame *object_page_take(void)
{
    for (uint32_t i = 0; i < 2 * objects.page_count; i++) {
        struct page_frame *page = &objects.pages[objects.page_hand];
        if (objects.page_hand == objects.page_high) {
            memset(page, 0, sizeof(*page));
            page->data = objects.page_memory + (uint64_t)objects.page_high++ * PAGE_BYTES;
            page->leaf = table_leaf(page->data);
        }
        objects.page_hand = (objects.page_hand + 1) % objects.page_count;
        if (page->object_id == 0 && !page->pinned)
            return page;
        if (page->dirty || page->frozen || page->pinned || page->state == PAGE_READING ||
            page->met == objects.operation)
            continue;
        if (page->used) {
            page->used = false;
            continue;
        }
        depend_undo(page, &page->built);
        page_unhash(page);
        count_one(PAGE_EVICT);
        return page;
    }
    return NULL;
}

struct page_frame *object_page_lend(void)
{
    struct page_frame *page = object_page_take();
    kassert(page != NULL);
    page->object_id = 0;
    page->state = PAGE_FREE;
    page->pinned++;
    return page;
}

static void node_fill(struct node_frame *node, uint64_t object_id, const struct disk_node *disk)
{
    node->object_id = object_id;
    node->stamp++;
    node->allocation_count = disk->allocation_count;
    node->call_count = disk->call_count;
    node->role = NODE_PLAIN;
    node->dirty = node->dry = false;
    node->frozen = NODE_NOT_FROZEN;
    node->resume_head = KEY_RESUME | (uint64_t)RESUME_RETURN << 8 | object_id << 16;
    node->walked = node->device_wait = node->restarted = false;
    node->domain = NULL;
    node->gate = &domain_nobody;
    for (unsigned slot = 0; slot < NODE_SLOTS; slot++) {
        struct key *key = &node->slots[slot];
        memcpy(key, &disk->slots[slot], sizeof(struct disk_key));
        key->object = &object_nowhere;
        key->built = 0;
        if (key_type(key) >= KEY_TYPE_COUNT)
            key->head = key->count = 0;
    }
    struct node_frame **chain = &objects.node_hash[hash_id(object_id) & objects.node_mask];
    node->hash_next = *chain;
    *chain = node;
}

enum fetch object_node(uint64_t object_id, struct node_frame **out)
{
    struct node_frame *node = object_node_present(object_id);
    if (!node) {
        const struct disk_node *disk;
        const struct directory_entry *entry = directory_find(RANGE_NODES, object_id);
        enum fetch fetch = entry ? pot_area_node(entry, &disk) : pot_node(object_id, &disk);
        if (fetch != FETCH_PRESENT)
            return fetch;
        node = node_take();
        if (!node)
            return sched_stall(&sched.memory_waiters);
        node_fill(node, object_id, disk);
    }
    node->used = true;
    node->met = objects.operation;
    *out = node;
    return FETCH_PRESENT;
}

COLD void object_page_arrived(void *frame, bool good)
{
    struct page_frame *page = frame;
    kassert(page->state == PAGE_READING);
    kassert(page->object_id != 0);
    page->state = PAGE_PRESENT;
    page->used = true;
    page->failed = !good;
    sched_wake_all(&page->waiters);
}

/* What the newest version of a page is, and where. */
struct page_version {
    uint64_t allocation_count, checksum;
    enum range_kind kind;
    uint64_t id; /* of its block, of that kind */
    bool zero;
};

COLD static enum fetch page_version_find(uint64_t object_id, struct page_version *version)
{
    const struct directory_entry *entry = directory_find(RANGE_PAGES, object_id);
    if (entry) {
        *version = (struct page_version){entry->allocation_count, entry->checksum_or_calls,
                                         directory_block_kind(entry), directory_block_id(entry),
                                         entry->kind == DIRECTORY_ZERO_PAGE};
        return FETCH_PRESENT;
    }
    const struct page_pot_entry *home;
    enum fetch fetch = pot_page(object_id, &home);
    if (fetch == FETCH_PRESENT)
        *version = (struct page_version){PAGE_POT_COUNT(home), home->checksum, RANGE_PAGES,
                                         object_id, PAGE_POT_FLAGS(home) & PAGE_POT_ZERO};
    return fetch;
}

/* An empty frame is a page's, whose contents are to come. */
COLD static void page_enter(struct page_frame *page, uint64_t object_id, uint64_t allocation_count)
{
    struct page_frame **chain = &objects.page_hash[hash_id(object_id) & objects.page_mask];
    page->object_id = object_id;
    page->allocation_count = allocation_count;
    page->dirty = page->open = page->failed = page->frozen = page->writing = false;
    page->copy = NULL;
    page->journal = 0;
    page->built = 0;
    page->hash_next = *chain;
    *chain = page;
    page->state = PAGE_READING;
}

COLD struct page_frame *object_page_claim(uint64_t object_id, uint64_t allocation_count)
{
    struct page_frame *page = object_page_take();
    if (page)
        page_enter(page, object_id, allocation_count);
    return page;
}

COLD void object_page_unclaim(struct page_frame *page)
{
    kassert(page->state == PAGE_READING);
    page_unhash(page);
    page->state = PAGE_FREE;
    sched_wake_all(&page->waiters);
}

/* Make an empty frame the frame of a page that is on disk. */
COLD static enum fetch page_bring(struct page_frame *page, uint64_t object_id,
                             const struct page_version *version)
{
    page_enter(page, object_id, version->allocation_count);
    if (version->zero) {
        memset(page->data, 0, PAGE_BYTES);
        page->state = PAGE_PRESENT;
        return FETCH_PRESENT;
    }
    struct io_check check = {.how = IO_CHECK_WHOLE, .seed = checksum_seed(CHECKSUM_PAGE, object_id),
                             .checksum = version->checksum};
    if (io_read(version->kind, version->id, page->data, &check,
                (struct io_owner){object_page_arrived, page}))
        return sched_stall(&page->waiters);
    object_page_unclaim(page);
    return sched_stall(&sched.io_waiters);
}

enum fetch object_page(uint64_t object_id, struct page_frame **out)
{
    struct page_frame *page = object_page_present(object_id);
    if (!page) {
        struct page_version version;
        enum fetch fetch = page_version_find(object_id, &version);
        if (fetch != FETCH_PRESENT)
            return fetch;
        page = object_page_take();
        if (!page)
            return sched_stall(&sched.memory_waiters);
        fetch = page_bring(page, object_id, &version);
        if (fetch != FETCH_PRESENT)
            return fetch;
    }
    if (page->state == PAGE_READING)
        return sched_stall(&page->waiters);
    if (page->failed) {
        page_unhash(page);
        page->state = PAGE_FREE;
        return FETCH_VOID;
    }
    page->used = true;
    page->met = objects.operation;
    *out = page;
    return FETCH_PRESENT;
}

/* The key has outlived its object: from now on it is data key 0. It was good perhaps at the freeze;
 * nobody else needs to know that its node changed. */
static enum fetch key_void(struct key *key)
{
    uint64_t offset = (uint64_t)key - (uint64_t)objects.nodes;
    if (offset < objects.node_count * sizeof(struct node_frame))
        object_node_keep(&objects.nodes[offset / sizeof(struct node_frame)]);
    key->head = 0;
    key->count = 0;
    key->object = &object_nowhere;
    return FETCH_VOID;
}

enum fetch key_node(struct key *key, struct node_frame **out)
{
    kassert(key_names_node(key));
    struct node_frame *node = key->object;
    uint64_t object_id = key_object_id(key);
    if (!node || node->object_id != object_id) {
        enum fetch fetch = object_node(object_id, &node);
        if (fetch != FETCH_PRESENT)
            return fetch;
        key->object = node;
    }
    uint64_t count = key_type(key) == KEY_RESUME ? node->call_count : node->allocation_count;
    if (key->count != count)
        return key_void(key);
    node->used = true;
    node->met = objects.operation;
    *out = node;
    return FETCH_PRESENT;
}

enum fetch key_page(struct key *key, struct page_frame **out)
{
    kassert(key_type(key) == KEY_PAGE);
    struct page_frame *page = key->object;
    uint64_t object_id = key_object_id(key);
    if (!page || page->object_id != object_id || page->state != PAGE_PRESENT || page->failed) {
        enum fetch fetch = object_page(object_id, &page);
        if (fetch != FETCH_PRESENT)
            return fetch;
        key->object = page;
    }
    if (key->count != page->allocation_count)
        return key_void(key);
    page->used = true;
    page->met = objects.operation;
    *out = page;
    return FETCH_PRESENT;
}

void object_meter_changed(struct node_frame *node)
{
    node->dry = false;
    sched_retry(node);
    sched_wake_all(&node->callers);
}

void key_put(struct key *slot, const struct key *key)
{
    if (slot->built)
        depend_undo(slot, &slot->built);
    slot->head = key->head;
    slot->count = key->count;
    slot->object = key->object ? key->object : &object_nowhere;
}

void node_slot_set(struct node_frame *node, unsigned slot, const struct key *key)
{
    kassert(slot < NODE_SLOTS);
    node_dirty(node);
    key_put(&node->slots[slot], key);
    if (node->dry)
        object_meter_changed(node);
}

COLD void object_forget_hints(void)
{
    for (uint32_t i = 0; i < objects.node_high; i++)
        if (objects.nodes[i].object_id)
            for (unsigned slot = 0; slot < NODE_SLOTS; slot++)
                objects.nodes[i].slots[slot].object = &object_nowhere;
}

COLD bool object_check_node(uint32_t index)
{
    if (index >= objects.node_high)
        return false;
    const struct node_frame *node = &objects.nodes[index];
    if (!node->object_id)
        return true;
    if (object_node_present(node->object_id) != node)
        panic("OBJE-002 a node frame is not the one its chain finds");
    for (node = objects.node_hash[hash_id(node->object_id) & objects.node_mask]; node;
         node = node->hash_next)
        if (node->object_id == 0)
            panic("OBJE-007 a free node frame is on a chain");
    return true;
}

COLD bool object_check_page(uint32_t index)
{
    if (index >= objects.page_high)
        return false;
    const struct page_frame *page = &objects.pages[index];
    if (!page->object_id)
        return true;
    const struct page_frame *other =
        objects.page_hash[hash_id(page->object_id) & objects.page_mask];
    for (; other; other = other->hash_next)
        if (other->object_id == 0)
            panic("OBJE-010 a free page frame is on a chain");
    const struct page_frame *present = object_page_present(page->object_id);
    bool copy = page->state == PAGE_FROZEN_COPY;
    if (copy && (!present || present->copy != page))
        panic("OBJE-011 a frozen copy is nobody's");
    if (!copy && present != page)
        panic("OBJE-008 a page frame is not the one its chain finds");
    if (page->state == PAGE_FREE)
        panic("OBJE-009 a free page frame has an object");
    return true;
}
