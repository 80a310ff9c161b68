/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pot.c - a small cache of pots over io. Called by object.c, dirty.c, journal.c, and
 * what writes a checkpoint and brings it home; calls volume and io. Invariants: pot.h.
 *
 * States of a pot: FREE -> READING -> PRESENT or, when no copy is good, BAD. A BAD pot answers
 * FETCH_VOID to those who waited for it and is reused. */
#include "kernel/pot.h"

#include "disks/checksum.h"
#include "kernel/checkpoint.h"
#include "kernel/io.h"
#include "kernel/print.h"
#include "kernel/sched.h"
#include "kernel/sum.h"
#include "kernel/volume.h"

static struct {
    unsigned count; /* entries from here on stay free */
    unsigned hand;
    struct node_pot *area; /* of the last freeze */
    uint64_t area_id;      /* of the first of them */
    uint32_t area_nodes, area_nodes_max;
    uint32_t area_looked; /* so many places are known to be filled */
    struct disk_node *place; /* the next to be taken */
    unsigned place_index;    /* in its pot */
} pots;
static struct pot cached[LIMIT_POTS];

/* The call count of a place that is taken and not filled: no node's. Its allocation count is the
 * address of the frame. */
#define PLACE_TAKEN UINT64_MAX
static_assert(PLACE_TAKEN > CALL_COUNT_MAX, "no call count");

uint64_t pot_init(uint64_t start, unsigned count)
{
    kassert(start % BLOCK_BYTES == 0);
    kassert(count >= LIMIT_POTS_MIN);
    kassert(count <= LIMIT_POTS);
    pots.count = count;
    for (unsigned i = 0; i < count; i++)
        cached[i].data = (uint8_t *)(start + (uint64_t)i * BLOCK_BYTES);
    return start + (uint64_t)count * BLOCK_BYTES;
}

static struct pot *pot_find(enum range_kind kind, uint64_t first_id)
{
    for (unsigned i = 0; i < LIMIT_POTS; i++) {
        struct pot *pot = &cached[i];
        if (pot->state != POT_FREE && pot->kind == kind && pot->first_id == first_id)
            return pot;
    }
    return NULL;
}

/* A pot that can be taken: free, or not used since the hand came by. One that is fresh only when
 * nothing is on its way, or many domains could take from each other what they waited for, for ever.
 * NULL: there will be one when another was read or changed. */
static struct pot *pot_take(void)
{
    struct pot *fresh = NULL;
    bool reading = false;
    for (unsigned i = 0; i < 2 * LIMIT_POTS; i++) {
        struct pot *pot = &cached[pots.hand];
        pots.hand = pots.hand + 1 < pots.count ? pots.hand + 1 : 0;
        reading |= pot->state == POT_READING;
        if (pot->state == POT_READING || pot->changing)
            continue;
        if (pot->fresh && pot->state != POT_FREE) {
            fresh = pot;
            continue;
        }
        if (pot->state == POT_PRESENT && pot->used) {
            pot->used = false;
            continue;
        }
        return pot;
    }
    return reading ? NULL : fresh;
}

/* A home that is newer than the checkpoint is what is left of one whose headers are gone. */
static void age_check(const struct pot *pot)
{
    uint64_t generation = ((const uint64_t *)pot->data)[1], committed = checkpoint_facts.generation;
    if (committed && generation > committed && pot->kind != RANGE_CKPT_AREA)
        halt("store: %s %lu is newer than all headers", volume_kind_name(pot->kind),
             pot->first_id);
}

static void pot_arrived(void *object, bool good)
{
    struct pot *pot = object;
    kassert(pot->state == POT_READING);
    pot->state = good ? POT_PRESENT : POT_BAD;
    pot->used = pot->fresh = true;
    if (good)
        age_check(pot);
    sched_wake_all(&pot->waiters);
}

static uint64_t seed_of(const struct pot *pot)
{
    uint64_t kind = pot->kind == RANGE_NODES       ? CHECKSUM_NODE_POT
                    : pot->kind == RANGE_PAGE_POTS ? CHECKSUM_PAGE_POT
                                                   : CHECKSUM_AREA_POT;
    return checksum_seed(kind, pot->first_id);
}

/* Start reading it. false: no request is free. */
static bool pot_read(struct pot *pot, bool look)
{
    struct io_check check = {.how = IO_CHECK_OWN, .seed = seed_of(pot), .look = look};
    pot->state = POT_READING;
    return io_read(pot->kind, pot->first_id, pot->data, &check,
                   (struct io_owner){pot_arrived, pot});
}

enum fetch pot_get(enum range_kind kind, uint64_t object_id, bool look, struct pot **out)
{
    struct volume_home home;
    if (!volume_home_any(kind, object_id, &home))
        return FETCH_VOID;
    struct pot *pot = pot_find(kind, home.first_id);
    if (!pot) {
        pot = pot_take();
        if (!pot)
            return sched_stall(&sched.io_waiters);
        *pot = (struct pot){.kind = kind, .first_id = home.first_id, .data = pot->data};
        if (!pot_read(pot, look)) {
            pot->state = POT_FREE;
            return sched_stall(&sched.io_waiters);
        }
    }
    if (pot->state == POT_READING)
        return sched_stall(&pot->waiters);
    pot->fresh = false;
    if (pot->state == POT_BAD)
        return FETCH_VOID;
    pot->used = true;
    *out = pot;
    return FETCH_PRESENT;
}

static uint64_t place_in(const struct pot *pot, uint64_t object_id)
{
    uint64_t place = object_id - pot->first_id; /* when it is below, it wraps */
    kassert(place < range_objects_per_block((uint8_t)pot->kind));
    return place;
}

enum fetch pot_node(uint64_t object_id, const struct disk_node **node)
{
    struct pot *pot;
    enum fetch fetch = pot_get(RANGE_NODES, object_id, true, &pot);
    if (fetch == FETCH_PRESENT)
        *node = &((const struct node_pot *)pot->data)->nodes[place_in(pot, object_id)];
    return fetch;
}

enum fetch pot_page(uint64_t object_id, const struct page_pot_entry **entry)
{
    struct pot *pot;
    enum fetch fetch = pot_get(RANGE_PAGE_POTS, object_id, true, &pot);
    if (fetch == FETCH_PRESENT)
        *entry = &((const struct page_pot *)pot->data)->pages[place_in(pot, object_id)];
    return fetch;
}

unsigned pot_spare(void)
{
    return pots.count / 2;
}

/* Pots of nodes and of pages begin alike. */
static void *seal(struct node_pot *block, uint64_t generation, uint64_t seed)
{
    memcpy(block->generation, &generation, sizeof(block->generation));
    block->checksum = sum_after_own(block, BLOCK_BYTES, seed);
    return block;
}

COLD void *pot_seal(struct pot *pot, uint64_t generation)
{
    return seal((struct node_pot *)pot->data, generation, seed_of(pot));
}

COLD struct pot *pot_make(uint64_t area_id)
{
    struct pot *pot = pot_take();
    if (!pot)
        return NULL;
    *pot = (struct pot){.state = POT_PRESENT, .kind = RANGE_CKPT_AREA, .first_id = area_id,
                        .used = true, .changing = true, .data = pot->data};
    memset(pot->data, 0, BLOCK_BYTES);
    return pot;
}

COLD void pot_drop(struct pot *pot)
{
    pot_changed(pot);
    pot->state = POT_FREE;
}

void pot_changed(struct pot *pot)
{
    kassert(pot->changing);
    pot->changing = false;
}

COLD uint64_t pot_area_init(uint64_t start, uint32_t node_count)
{
    kassert(start % BLOCK_BYTES == 0);
    pots.area = (struct node_pot *)start;
    pots.area_nodes_max = (uint32_t)groups_of(POT_NODES, node_count) * POT_NODES;
    return start + pots.area_nodes_max / POT_NODES * BLOCK_BYTES;
}

void pot_area_forget(void)
{
    for (unsigned i = 0; i < pots.count; i++)
        if (cached[i].kind == RANGE_CKPT_AREA && cached[i].state != POT_READING)
            cached[i].state = POT_FREE;
}

void pot_area_begin(uint64_t first_id)
{
    pots.area_id = first_id;
    pots.area_nodes = pots.area_looked = pots.place_index = 0;
    pots.place = pots.area[0].nodes;
}

struct disk_node *pot_area_take(struct node_frame *node)
{
    kassert(pots.area_nodes < pots.area_nodes_max);
    if (pots.place_index == POT_NODES) {
        pots.place_index = 0;
        pots.place = (struct disk_node *)((uint8_t *)pots.place + offsetof(struct node_pot, nodes));
    }
    struct disk_node *place = pots.place++;
    pots.place_index++;
    pots.area_nodes++;
    place->allocation_count = (uint64_t)(uintptr_t)node;
    place->call_count = PLACE_TAKEN;
    return place;
}

static void node_store(struct disk_node *place, const struct node_frame *node,
                       struct directory_entry *entry)
{
    place->allocation_count = entry->allocation_count = node->allocation_count;
    place->call_count = entry->checksum_or_calls = node->call_count;
    for (unsigned slot = 0; slot < NODE_SLOTS; slot++) { /* as words: no call for each */
        uint64_t *words = __builtin_assume_aligned(&place->slots[slot], sizeof(uint64_t));
        words[0] = node->slots[slot].head;
        words[1] = node->slots[slot].count;
    }
}

COLD void pot_put(struct pot *pot, unsigned place, const struct node_frame *node,
                  struct directory_entry *entry)
{
    kassert(place < POT_NODES);
    node_store(&((struct node_pot *)pot->data)->nodes[place], node, entry);
    entry->location = pot->first_id;
    entry->index = (uint8_t)place;
}

COLD void pot_area_fill(struct disk_node *place, const struct node_frame *node,
                        struct directory_entry *entry)
{
    uint64_t offset = (uint64_t)place - (uint64_t)pots.area;
    kassert(place->call_count == PLACE_TAKEN);
    kassert(place->allocation_count == (uint64_t)(uintptr_t)node);
    node_store(place, node, entry);
    entry->location = pots.area_id + offset / BLOCK_BYTES;
    entry->index = (uint8_t)(offset % BLOCK_BYTES / sizeof(struct disk_node));
}

bool pot_area_next(struct node_frame **node)
{
    uint32_t at = pots.area_looked;
    if (at == pots.area_nodes)
        return false;
    const struct disk_node *place = &pots.area[at / POT_NODES].nodes[at % POT_NODES];
    bool taken = place->call_count == PLACE_TAKEN;
    *node = taken ? (struct node_frame *)(uintptr_t)place->allocation_count : NULL;
    pots.area_looked++;
    return true;
}

uint32_t pot_area_count(void)
{
    return (uint32_t)groups_of(POT_NODES, pots.area_nodes);
}

void *pot_area_seal(uint32_t index, uint64_t generation)
{
    kassert(index < pot_area_count());
    struct node_pot *pot = &pots.area[index];
    uint32_t left = pots.area_nodes - index * POT_NODES;
    pot->reserved = 0;
    if (left < POT_NODES)
        memset(&pot->nodes[left], 0, (POT_NODES - left) * sizeof(struct disk_node));
    return seal(pot, generation, checksum_seed(CHECKSUM_AREA_POT, pots.area_id + index));
}

enum fetch pot_area_node(const struct directory_entry *entry, const struct disk_node **node)
{
    uint64_t held = entry->location - pots.area_id, generation = 0;
    kassert(entry->index < POT_NODES);
    if (held < pot_area_count()) {
        *node = &pots.area[held].nodes[entry->index];
        return FETCH_PRESENT;
    }
    struct pot *pot;
    enum fetch fetch = pot_get(RANGE_CKPT_AREA, entry->location, false, &pot);
    if (fetch != FETCH_PRESENT)
        return fetch;
    const struct node_pot *block = (const struct node_pot *)pot->data;
    memcpy(&generation, block->generation, sizeof(block->generation));
    *node = &block->nodes[entry->index];
    return generation == checkpoint_generation_of(entry->location) ? FETCH_PRESENT : FETCH_VOID;
}
