/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kernel_store.c - volumes made in memory; see kernel_store.h. */
#include "tests/kernel_store.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "disks/checksum.h"

#define AREA_BLOCKS 200u

uint8_t *store_block(struct store *store, uint64_t block)
{
    assert(block < store->block_count);
    return store->bytes + block * BLOCK_BYTES;
}

static void *block_at(struct store *store, uint64_t block)
{
    return store_block(store, block);
}

static size_t size_of(const struct store *store)
{
    return store->block_count * BLOCK_BYTES;
}

struct store *store_create(uint64_t node_count, uint64_t page_count)
{
    struct store *store = calloc(1, sizeof(*store));
    assert(store);
    uint64_t pots = (node_count + POT_NODES - 1) / POT_NODES;
    uint64_t page_pots = (page_count + POT_PAGES - 1) / POT_PAGES;
    uint64_t at = 1;
    store->ckpt_header_block[0] = at++;
    store->directory_block = at; /* at the start of area 0 */
    at += 2 * AREA_BLOCKS;
    for (unsigned plex = 0; plex < 2; plex++) {
        store->node_block[plex] = at;
        at += pots;
        store->page_pot_block[plex] = at;
        at += page_pots;
    }
    store->page_block = at;
    at += page_count;
    store->ckpt_header_block[1] = at++;
    store->block_count = at + 1;
    store->node_count = node_count;
    store->page_count = page_count;
    store->next_node = OBJECT_ID_FIRST;
    store->next_page = OBJECT_ID_FIRST;
    store->bytes = calloc(store->block_count, BLOCK_BYTES);
    assert(store->bytes);
    store_node(store, OBJECT_ID_PRIME_METER)->slots[METER_SLOT_COUNTER] =
        store_number(METER_PRIME_START);
    return store;
}

void store_destroy(struct store *store)
{
    if (store && store->is_shared)
        (void)munmap(store->bytes, size_of(store));
    else if (store)
        free(store->bytes);
    free(store);
}

struct disk_node *store_node(struct store *store, uint64_t object_id)
{
    assert(object_id >= 1);
    assert(object_id <= store->node_count);
    struct node_pot *pot = block_at(store, store->node_block[0] + (object_id - 1) / POT_NODES);
    return &pot->nodes[(object_id - 1) % POT_NODES];
}

uint8_t *store_page(struct store *store, uint64_t object_id)
{
    assert(object_id >= 1);
    assert(object_id <= store->page_count);
    return block_at(store, store->page_block + object_id - 1);
}

void store_page_count(struct store *store, uint64_t object_id, uint64_t allocation_count)
{
    uint64_t index = object_id - 1;
    struct page_pot *pot = block_at(store, store->page_pot_block[0] + index / POT_PAGES);
    pot->pages[index % POT_PAGES].count_and_flags = allocation_count;
}

uint64_t store_new_node(struct store *store)
{
    assert(store->next_node <= store->node_count);
    return store->next_node++;
}

uint64_t store_new_page(struct store *store)
{
    assert(store->next_page <= store->page_count);
    return store->next_page++;
}

struct disk_key store_key(enum key_type type, uint8_t data_byte, uint64_t object_id)
{
    struct disk_key key = {.type = (uint8_t)type, .data_byte = data_byte};
    memcpy(key.object_id, &object_id, sizeof(key.object_id));
    return key;
}

struct disk_key store_number(uint64_t number)
{
    return (struct disk_key){.count = number};
}

static uint64_t id_of(const struct disk_key *key)
{
    uint64_t object_id = 0;
    memcpy(&object_id, key->object_id, sizeof(key->object_id));
    return object_id;
}

uint64_t store_domain(struct store *store, enum domain_state state)
{
    uint64_t root = store_new_node(store);
    struct disk_node *node = store_node(store, root);
    static const uint8_t parts[] = {DOMAIN_SLOT_KEYS, DOMAIN_SLOT_REGISTERS_0,
                                    DOMAIN_SLOT_REGISTERS_1, DOMAIN_SLOT_REGISTERS_2};
    for (unsigned i = 0; i < sizeof(parts); i++)
        node->slots[parts[i]] = store_key(KEY_NODE, 0, store_new_node(store));
    node->slots[DOMAIN_SLOT_METER] = store_key(KEY_METER, 0, OBJECT_ID_PRIME_METER);
    node->slots[DOMAIN_SLOT_STATE] = store_number(state);
    node->slots[DOMAIN_SLOT_PRIORITY] = store_number(3);
    return root;
}

void store_slot(struct store *store, uint64_t root, unsigned slot, struct disk_key key)
{
    uint64_t keys = id_of(&store_node(store, root)->slots[DOMAIN_SLOT_KEYS]);
    store_node(store, keys)->slots[slot] = key;
}

void store_register(struct store *store, uint64_t root, unsigned word, uint64_t value)
{
    static const uint8_t slots[] = {DOMAIN_SLOT_REGISTERS_0, DOMAIN_SLOT_REGISTERS_1,
                                    DOMAIN_SLOT_REGISTERS_2};
    assert(word < REGISTER_WORDS);
    uint64_t id = id_of(&store_node(store, root)->slots[slots[word / REGISTER_NODE_WORDS]]);
    struct disk_node *node = store_node(store, id);
    for (unsigned i = 0; i < 8; i++) {
        unsigned byte = word % REGISTER_NODE_WORDS * 8 + i;
        uint8_t *key = (uint8_t *)&node->slots[byte / REGISTER_KEY_BYTES];
        key[2 + byte % REGISTER_KEY_BYTES] = (uint8_t)(value >> (8 * i));
    }
}

struct disk_key store_segment(struct store *store, unsigned page_count, uint64_t *first_page)
{
    assert(page_count > 0);
    assert(page_count <= 256);
    *first_page = store->next_page;
    uint64_t top = store_new_node(store), leaf = 0;
    for (unsigned i = 0; i < page_count; i++) {
        if (i % 16 == 0) {
            leaf = store_new_node(store);
            store_node(store, top)->slots[i / 16] = store_key(KEY_SEGMENT, 3, leaf);
        }
        store_node(store, leaf)->slots[i % 16] = store_key(KEY_PAGE, 0, store_new_page(store));
    }
    return store_key(KEY_SEGMENT, 4, top);
}

static struct directory_block *directory(struct store *store, uint64_t index)
{
    return block_at(store, store->directory_block + index);
}

void store_running(struct store *store, uint64_t root)
{
    uint32_t index = store->running_count++;
    struct directory_block *block = directory(store, index / DIRECTORY_ENTRIES);
    struct directory_entry *entry = &block->entries[index % DIRECTORY_ENTRIES];
    entry->kind = DIRECTORY_RUNNING;
    memcpy(entry->object_id, &root, sizeof(entry->object_id));
}

void store_seal(void *block, size_t size_bytes, uint64_t seed)
{
    uint64_t checksum = checksum64((uint8_t *)block + 8, size_bytes - 8, seed);
    memcpy(block, &checksum, sizeof(checksum));
}

bool store_sealed(const void *block, size_t size_bytes, uint64_t seed)
{
    uint64_t checksum;
    memcpy(&checksum, block, sizeof(checksum));
    return checksum == checksum64((const uint8_t *)block + 8, size_bytes - 8, seed);
}

static void seal(void *block, uint64_t seed)
{
    store_seal(block, BLOCK_BYTES, seed);
}

static void finish_pots(struct store *store)
{
    for (uint64_t id = 1; id <= store->node_count; id += POT_NODES) {
        uint64_t index = (id - 1) / POT_NODES;
        void *pot = block_at(store, store->node_block[0] + index);
        seal(pot, checksum_seed(CHECKSUM_NODE_POT, id));
        memcpy(block_at(store, store->node_block[1] + index), pot, BLOCK_BYTES);
    }
    for (uint64_t id = 1; id <= store->page_count; id++) {
        uint64_t index = (id - 1) / POT_PAGES;
        struct page_pot *pot = block_at(store, store->page_pot_block[0] + index);
        pot->pages[(id - 1) % POT_PAGES].checksum =
            checksum64(store_page(store, id), PAGE_BYTES, checksum_seed(CHECKSUM_PAGE, id));
    }
    for (uint64_t id = 1; id <= store->page_count; id += POT_PAGES) {
        uint64_t index = (id - 1) / POT_PAGES;
        void *pot = block_at(store, store->page_pot_block[0] + index);
        seal(pot, checksum_seed(CHECKSUM_PAGE_POT, id));
        memcpy(block_at(store, store->page_pot_block[1] + index), pot, BLOCK_BYTES);
    }
}

/* Returns how many blocks it has. */
static uint32_t finish_directory(struct store *store)
{
    uint32_t left = store->running_count, count = 0;
    do {
        struct directory_block *block = directory(store, count);
        block->generation = 1;
        block->sequence = count++;
        block->entry_count = left < DIRECTORY_ENTRIES ? left : DIRECTORY_ENTRIES;
        left -= block->entry_count;
        block->next_block = left ? AREA_ID(0, count) : 0;
        seal(block, checksum_seed(CHECKSUM_DIRECTORY, 1));
    } while (left);
    return count;
}

struct ckpt_header *store_ckpt(struct store *store)
{
    return block_at(store, store->ckpt_header_block[0]);
}

void store_ckpt_seal(struct store *store)
{
    struct ckpt_header *header = store_ckpt(store);
    store_seal(header, SECTOR_BYTES, checksum_seed(CHECKSUM_CKPT_HEADER, header->generation));
    memcpy(block_at(store, store->ckpt_header_block[1]), header, sizeof(*header));
}

static void finish_ckpt(struct store *store)
{
    *store_ckpt(store) =
        (struct ckpt_header){.magic = CKPT_MAGIC, .version = FORMAT_VERSION, .generation = 1,
                             .directory_block = {AREA_ID(0, 0), AREA_ID(0, 0)},
                             .directory_blocks = finish_directory(store),
                             .directory_entries = store->running_count,
                             .disks_in_step = 1, .migrated_generation = 1};
    store_ckpt_seal(store);
}

static void range_add(struct volume_header *header, uint8_t kind, uint8_t plex, uint64_t first_id,
                      uint64_t object_count, uint64_t start_block, uint64_t block_count)
{
    header->ranges[header->range_count++] =
        (struct volume_range){.kind = kind, .plex = plex, .first_id = first_id,
                              .object_count = object_count, .start_block = start_block,
                              .block_count = block_count};
}

void store_finish(struct store *store)
{
    finish_pots(store);
    finish_ckpt(store);
    struct volume_header header = {.magic = VOLUME_MAGIC, .version = FORMAT_VERSION,
                                   .store_id = "kernel test", .disk_count = 1,
                                   .block_count = store->block_count, .generation = 1};
    for (uint8_t plex = 0; plex < 2; plex++) {
        range_add(&header, RANGE_NODES, plex, 1, store->node_count, store->node_block[plex],
                  (store->node_count + POT_NODES - 1) / POT_NODES);
        range_add(&header, RANGE_PAGE_POTS, plex, 1, store->page_count,
                  store->page_pot_block[plex], (store->page_count + POT_PAGES - 1) / POT_PAGES);
        range_add(&header, RANGE_CKPT_HEADER, 0, plex, 1, store->ckpt_header_block[plex], 1);
    }
    range_add(&header, RANGE_PAGES, 0, 1, store->page_count, store->page_block,
              store->page_count);
    for (unsigned area = 0; area < 2; area++)
        range_add(&header, RANGE_CKPT_AREA, 0, AREA_ID(area, 0), AREA_BLOCKS,
                  store->directory_block + area * AREA_BLOCKS, AREA_BLOCKS);
    *store_volume(store) = header;
    store_volume_seal(store);
}

/* --- changes --- */

void store_share(struct store *store)
{
    void *bytes = mmap(NULL, size_of(store), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
                       0);
    assert(bytes != MAP_FAILED);
    assert(!store->is_shared);
    memcpy(bytes, store->bytes, size_of(store));
    free(store->bytes);
    store->bytes = bytes;
    store->is_shared = true;
}

struct volume_header *store_volume(struct store *store)
{
    return block_at(store, 0);
}

void store_volume_seal(struct store *store)
{
    seal(store_volume(store), CHECKSUM_VOLUME);
    memcpy(block_at(store, store->block_count - 1), store_volume(store), BLOCK_BYTES);
}

struct volume_range *store_range(struct store *store, enum range_kind kind, unsigned plex,
                                 uint64_t first_id)
{
    struct volume_header *header = store_volume(store);
    struct volume_range *range = header->ranges;
    while (range->kind != kind || range->plex != plex || range->first_id != first_id) {
        range++;
        assert(range < header->ranges + header->range_count);
    }
    return range;
}

void store_range_add(struct store *store, const struct volume_range *range)
{
    struct volume_header *header = store_volume(store);
    assert(header->range_count < VOLUME_RANGES_MAX);
    header->ranges[header->range_count++] = *range;
    store_volume_seal(store);
}

uint64_t store_range_cut(struct volume_range *range, uint64_t block_count)
{
    assert(range->object_count == range->block_count);
    assert(block_count < range->block_count);
    range->object_count -= block_count;
    range->block_count -= block_count;
    return range->start_block + range->block_count;
}

void store_one_plex(struct store *store, enum range_kind kind)
{
    store_range(store, kind, 1, 1)->kind = RANGE_SPARE;
    store_volume_seal(store);
}

uint64_t store_shadows(struct store *store)
{
    struct ckpt_header *header = store_ckpt(store);
    uint64_t index = AREA_BLOCKS - header->directory_blocks;
    assert(header->directory_blocks == 1);
    *directory(store, index) = *directory(store, 0);
    header->directory_block[1] = AREA_ID(0, index);
    store_ckpt_seal(store);
    return store->directory_block + index - SHADOW_BLOCKS;
}
