/* SPDX-License-Identifier: GPL-2.0-or-later */
/* store_journal.c - replays the journal offline, as the restarting kernel does. Called by store.c
 * and check.c; calls store_block_read.
 *
 * Invariants
 *  1. Replay ends: every group needs a block that carries its own sequence, and a block carries
 *     one.
 *  2. Of a group all pages are read or none; of those one that had another allocation count at the
 *     checkpoint is left out, for it was severed since, and was another's page then.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "disks/checksum.h"
#include "disks/store.h"
#include "emulator/base/memory.h"

/* A page of the journal as it is replayed: of two with the same id the later wins. */
struct replayed {
    struct directory_entry entry;
    size_t order;
};

struct replay {
    struct store *store;
    struct store_journal *journal;
    uint64_t ring_blocks;
    struct journal_block block; /* of the group being read */
    struct replayed *pages;
    size_t count, capacity;
};

static const char *block_problem(const struct store_judge *judge, const void *data)
{
    const struct journal_block *block = data;
    if (block->checksum != checksum64((const uint8_t *)block + 8, BLOCK_BYTES - 8, judge->seed))
        return "its checksum is wrong";
    if (block->sequence != judge->sequence)
        return "it is out of sequence";
    if (block->entry_count == 0 || block->entry_count > JOURNAL_ENTRIES)
        return "its number of entries is out of range";
    if (block->generation > judge->generation)
        return "it is of a later generation";
    return NULL;
}

struct store_judge store_judge_journal(uint64_t sequence, uint64_t generation)
{
    return (struct store_judge){.problem = block_problem,
                                .seed = checksum_seed(CHECKSUM_JOURNAL, sequence),
                                .generation = generation,
                                .sequence = sequence};
}

/* The group at a block of the ring, into replay->block. false: there is none that counts. */
static bool group_read(struct replay *replay, uint64_t first, uint64_t sequence)
{
    uint8_t page[BLOCK_BYTES];
    struct store_judge judge = store_judge_journal(sequence, replay->store->header.generation);
    const struct journal_block *block = &replay->block;
    if (first >= replay->ring_blocks ||
        store_block_read(replay->store, RANGE_JOURNAL, first, &judge, &replay->block))
        return false;
    if (block->entry_count >= replay->ring_blocks - first ||
        block->restart_count < replay->journal->restart_count)
        return false;
    for (uint32_t i = 0; i < block->entry_count; i++) {
        const struct journal_entry *entry = &block->entries[i];
        judge = store_judge_page(entry->object_id, entry->checksum);
        if (entry->object_id == 0 || entry->object_id > OBJECT_ID_MAX ||
            store_block_read(replay->store, RANGE_JOURNAL, first + 1 + i, &judge, page))
            return false;
    }
    return true;
}

static void group_take(struct replay *replay, uint64_t first)
{
    struct store_journal *journal = replay->journal;
    const struct journal_block *block = &replay->block;
    assert(block->entry_count <= JOURNAL_ENTRIES);
    journal->restart_count = block->restart_count;
    journal->groups = memory_grow(journal->groups, journal->group_count, &journal->group_capacity,
                                  sizeof(*journal->groups));
    journal->groups[journal->group_count++] =
        (struct store_group){first, block->sequence, block->entry_count};
    for (uint32_t i = 0; i < block->entry_count; i++) {
        uint64_t count;
        if (store_page_count(replay->store, block->entries[i].object_id, &count) ||
            count != block->entries[i].allocation_count)
            continue;
        replay->pages = memory_grow(replay->pages, replay->count, &replay->capacity,
                                    sizeof(*replay->pages));
        struct replayed *page = &replay->pages[replay->count];
        *page = (struct replayed){
            .entry = {.kind = DIRECTORY_PAGE,
                      .allocation_count = block->entries[i].allocation_count,
                      .checksum_or_calls = block->entries[i].checksum,
                      .location = first + 1 + i},
            .order = replay->count++};
        memcpy(page->entry.object_id, &block->entries[i].object_id, sizeof(page->entry.object_id));
    }
}

static int replayed_order(const void *left, const void *right)
{
    const struct replayed *a = left, *b = right;
    uint64_t a_id = disk_id(a->entry.object_id), b_id = disk_id(b->entry.object_id);
    if (a_id != b_id)
        return a_id < b_id ? -1 : 1;
    return a->order > b->order ? -1 : a->order < b->order; /* the latest first */
}

static void pages_keep(struct replay *replay)
{
    struct store_journal *journal = replay->journal;
    if (replay->count)
        qsort(replay->pages, replay->count, sizeof(*replay->pages), replayed_order);
    for (size_t i = 0; i < replay->count; i++) {
        const struct directory_entry *entry = &replay->pages[i].entry;
        if (i > 0 && disk_id(entry[0].object_id) == disk_id(replay->pages[i - 1].entry.object_id))
            continue;
        journal->pages = memory_grow(journal->pages, journal->count, &journal->capacity,
                                     sizeof(*journal->pages));
        journal->pages[journal->count++] = *entry;
    }
    free(replay->pages);
}

void store_journal_read(struct store *store, struct store_journal *journal)
{
    struct replay *replay = memory_zeroed(1, sizeof(*replay));
    const struct ckpt_header *header = &store->header;
    uint64_t at = header->journal_block, sequence = header->journal_sequence;
    *journal = (struct store_journal){.restart_count = header->restart_count};
    replay->store = store;
    replay->journal = journal;
    replay->ring_blocks = store_end(store, RANGE_JOURNAL);
    for (;; sequence++) {
        if (!group_read(replay, at, sequence)) {
            at = 0;
            if (!group_read(replay, at, sequence))
                break;
        }
        group_take(replay, at);
        at += 1 + replay->block.entry_count;
    }
    pages_keep(replay);
    free(replay);
}

void store_journal_finish(struct store_journal *journal)
{
    free(journal->groups);
    free(journal->pages);
    *journal = (struct store_journal){0};
}

const struct directory_entry *store_journal_find(const struct store_journal *journal, uint64_t id)
{
    size_t low = 0, high = journal->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (disk_id(journal->pages[middle].object_id) < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low < journal->count && disk_id(journal->pages[low].object_id) == id
               ? &journal->pages[low]
               : NULL;
}
