/* SPDX-License-Identifier: GPL-2.0-or-later */
/* store_directory.c - reads a checkpoint directory into memory, sorted for look-up. Called by
 * store.c and check.c; calls store_block_read.
 *
 * Invariants
 *  1. Reading ends: the header says how many blocks there are, no more than the areas hold, and
 *     each must carry its own sequence number.
 *  2. Entries are kept as they are, well-formed or not; look-up finds pages and nodes only.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "disks/checksum.h"
#include "disks/store.h"
#include "emulator/base/memory.h"

/* Pages before nodes before running domains before what is unknown. */
static unsigned entry_class(uint8_t kind)
{
    static const uint8_t classes[] = {3, 0, 1, 0, 2};
    return kind <= DIRECTORY_RUNNING ? classes[kind] : 3;
}

static int entry_compare(unsigned left_class, uint64_t left_id, unsigned right_class,
                         uint64_t right_id)
{
    if (left_class != right_class)
        return left_class < right_class ? -1 : 1;
    return left_id < right_id ? -1 : left_id > right_id;
}

static int entry_order(const void *left, const void *right)
{
    const struct directory_entry *a = left, *b = right;
    int order = entry_compare(entry_class(a->kind), disk_id(a->object_id), entry_class(b->kind),
                              disk_id(b->object_id));
    return order ? order : memcmp(a, b, sizeof(*a)); /* so that two copies sort alike */
}

static void entries_add(struct store_directory *directory, const struct directory_block *block)
{
    assert(block->entry_count <= DIRECTORY_ENTRIES);
    for (uint32_t i = 0; i < block->entry_count; i++) {
        directory->entries = memory_grow(directory->entries, directory->count,
                                         &directory->capacity, sizeof(*directory->entries));
        directory->entries[directory->count++] = block->entries[i];
    }
}

static const char *block_problem(const struct store_judge *judge, const void *data)
{
    const struct directory_block *block = data;
    if (block->checksum != checksum64((const uint8_t *)block + 8, BLOCK_BYTES - 8, judge->seed))
        return "the checksum of a block is wrong";
    if (block->generation != judge->generation)
        return "a block is of another generation";
    if (block->sequence != judge->sequence)
        return "a block is out of sequence";
    if (block->entry_count > DIRECTORY_ENTRIES)
        return "a block has too many entries";
    return NULL;
}

struct store_judge store_judge_directory(uint64_t generation, uint64_t sequence)
{
    return (struct store_judge){.problem = block_problem,
                                .seed = checksum_seed(CHECKSUM_DIRECTORY, generation),
                                .generation = generation,
                                .sequence = sequence};
}

static uint64_t area_blocks(const struct store *store)
{
    uint64_t blocks = 0;
    for (unsigned i = 0; i < store->range_count; i++)
        if (store->ranges[i].range.kind == RANGE_CKPT_AREA)
            blocks += store->ranges[i].range.block_count;
    return blocks;
}

const char *store_directory_read(const struct store *store, const struct ckpt_header *header,
                                 unsigned copy, struct store_directory *directory)
{
    struct directory_block block;
    assert(copy < STORE_PLEXES);
    *directory = (struct store_directory){0};
    uint64_t area_id = header->directory_block[copy];
    if (header->directory_blocks == 0 || header->directory_blocks > area_blocks(store))
        return "its number of blocks is out of range";
    struct store_judge judge = store_judge_directory(header->generation, 0);
    for (; judge.sequence < header->directory_blocks; judge.sequence++) {
        if (!store_exists(store, RANGE_CKPT_AREA, area_id))
            return "a block lies outside of the checkpoint areas";
        const char *problem = store_block_read(store, RANGE_CKPT_AREA, area_id, &judge, &block);
        if (problem)
            return problem;
        entries_add(directory, &block);
        directory->blocks = memory_grow(directory->blocks, directory->block_count,
                                        &directory->block_capacity, sizeof(*directory->blocks));
        directory->blocks[directory->block_count++] = area_id;
        area_id = block.next_block;
    }
    if (area_id != 0)
        return "it goes on after its last block";
    if (directory->count != header->directory_entries)
        return "its number of entries is not the header's";
    if (directory->count)
        qsort(directory->entries, directory->count, sizeof(*directory->entries), entry_order);
    return NULL;
}

void store_directory_finish(struct store_directory *directory)
{
    free(directory->entries);
    free(directory->blocks);
    *directory = (struct store_directory){0};
}

const struct directory_entry *store_directory_find(const struct store_directory *directory,
                                                   enum range_kind kind, uint64_t id)
{
    unsigned class = entry_class(kind == RANGE_NODES ? DIRECTORY_NODE : DIRECTORY_PAGE);
    size_t low = 0, high = directory->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct directory_entry *entry = &directory->entries[middle];
        if (entry_compare(entry_class(entry->kind), disk_id(entry->object_id), class, id) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == directory->count)
        return NULL;
    const struct directory_entry *found = &directory->entries[low];
    return entry_class(found->kind) == class && disk_id(found->object_id) == id ? found : NULL;
}
