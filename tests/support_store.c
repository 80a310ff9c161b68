/* SPDX-License-Identifier: GPL-2.0-or-later */
/* support_store.c - see support_store.h. Calls support_disks.c. */
#include "tests/support_store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "disks/checksum.h"

static void must(bool good, const char *what)
{
    if (good)
        return;
    fprintf(stderr, "support_store: %s\n", what);
    abort();
}

void plexes_save(const char *const *paths, unsigned path_count, enum range_kind kind, uint64_t id,
                 const void *source)
{
    struct volume_header header;
    bool found = false;
    for (unsigned volume = 0; volume < path_count; volume++) {
        block_load(paths[volume], 0, &header);
        for (uint32_t i = 0; i < header.range_count; i++) {
            const struct volume_range *range = &header.ranges[i];
            if (range->kind != kind || id < range->first_id ||
                id - range->first_id >= range->object_count)
                continue;
            block_save(paths[volume], range->start_block + id - range->first_id, source);
            found = true;
        }
    }
    must(found, "no range holds the block");
}

void commit_begin(struct commit *commit, const char *const *paths, unsigned path_count,
                  uint64_t generation)
{
    must(generation > 1, "the first checkpoint is made with the store");
    *commit = (struct commit){.paths = paths, .path_count = path_count, .generation = generation,
                              .area = CKPT_PLACE(generation), .journal_sequence = 1};
}

static uint64_t block_put(struct commit *commit, const void *source)
{
    uint64_t id = AREA_ID(commit->area, commit->area_next++);
    plexes_save(commit->paths, commit->path_count, RANGE_CKPT_AREA, id, source);
    return id;
}

static struct directory_entry *entry_add(struct commit *commit, enum directory_kind kind,
                                         uint64_t id)
{
    must(commit->entry_count < COMMIT_ENTRIES_MAX, "too many entries");
    struct directory_entry *entry = &commit->entries[commit->entry_count++];
    *entry = (struct directory_entry){.kind = (uint8_t)kind};
    memcpy(entry->object_id, &id, sizeof(entry->object_id));
    return entry;
}

static void pot_put(struct commit *commit)
{
    if (commit->pot_nodes == 0)
        return;
    memcpy(commit->pot.generation, &commit->generation, sizeof(commit->pot.generation));
    seal_area_pot(&commit->pot, AREA_ID(commit->area, commit->area_next));
    uint64_t id = block_put(commit, &commit->pot);
    for (uint32_t i = 0; i < commit->entry_count; i++)
        if (commit->entries[i].kind == DIRECTORY_NODE && commit->entries[i].location == 0)
            commit->entries[i].location = id;
    commit->pot = (struct node_pot){0};
    commit->pot_nodes = 0;
}

void commit_page(struct commit *commit, uint64_t id, uint64_t allocation_count,
                 const uint8_t *data)
{
    struct directory_entry *entry =
        entry_add(commit, data ? DIRECTORY_PAGE : DIRECTORY_ZERO_PAGE, id);
    entry->allocation_count = allocation_count;
    if (!data)
        return;
    entry->checksum_or_calls = checksum64(data, BLOCK_BYTES, checksum_seed(CHECKSUM_PAGE, id));
    entry->location = block_put(commit, data);
}

void commit_node(struct commit *commit, uint64_t id, const struct disk_node *node)
{
    struct directory_entry *entry = entry_add(commit, DIRECTORY_NODE, id);
    entry->index = (uint8_t)commit->pot_nodes;
    entry->allocation_count = node->allocation_count;
    entry->checksum_or_calls = node->call_count;
    commit->pot.nodes[commit->pot_nodes++] = *node;
    if (commit->pot_nodes == POT_NODES)
        pot_put(commit);
}

void commit_running(struct commit *commit, uint64_t id)
{
    (void)entry_add(commit, DIRECTORY_RUNNING, id);
}

static uint64_t copy_put(struct commit *commit, uint64_t blocks)
{
    uint64_t first = commit->area_next;
    for (uint32_t sequence = 0; sequence < blocks; sequence++) {
        struct directory_block block = {.generation = commit->generation, .sequence = sequence};
        uint32_t taken = sequence * DIRECTORY_ENTRIES;
        block.entry_count = commit->entry_count - taken;
        if (block.entry_count > DIRECTORY_ENTRIES)
            block.entry_count = DIRECTORY_ENTRIES;
        memcpy(block.entries, commit->entries + taken,
               block.entry_count * sizeof(block.entries[0]));
        if (sequence + 1 < blocks)
            block.next_block = AREA_ID(commit->area, commit->area_next + 1);
        seal_directory(&block);
        (void)block_put(commit, &block);
    }
    return AREA_ID(commit->area, first);
}

void commit_directory(struct commit *commit, struct ckpt_header *header)
{
    pot_put(commit);
    uint64_t blocks = (commit->entry_count + DIRECTORY_ENTRIES - 1) / DIRECTORY_ENTRIES;
    if (blocks == 0)
        blocks = 1;
    uint64_t disks = (1u << commit->path_count) - 1;
    *header = (struct ckpt_header){.magic = CKPT_MAGIC, .version = FORMAT_VERSION,
                                   .area = commit->area, .generation = commit->generation,
                                   .directory_blocks = blocks,
                                   .directory_entries = commit->entry_count,
                                   .journal_block = commit->journal_block,
                                   .journal_sequence = commit->journal_sequence,
                                   .restart_count = commit->restart_count,
                                   .migrated_generation = commit->generation - 1,
                                   .disks_in_step = disks, .disks_known = disks};
    for (unsigned copy = 0; copy < STORE_PLEXES; copy++)
        header->directory_block[copy] = copy_put(commit, blocks);
}

void commit_header(const struct commit *commit, struct ckpt_header *header)
{
    uint8_t block[BLOCK_BYTES] = {0};
    seal_ckpt(header);
    memcpy(block, header, sizeof(*header));
    plexes_save(commit->paths, commit->path_count, RANGE_CKPT_HEADER,
                CKPT_PLACE(header->generation), block);
}

void commit_end(struct commit *commit)
{
    struct ckpt_header header;
    commit_directory(commit, &header);
    commit_header(commit, &header);
}

uint64_t group_write(const char *const *paths, unsigned path_count, const struct group *group,
                     uint64_t block)
{
    struct journal_block head = {.sequence = group->sequence, .generation = group->generation,
                                 .restart_count = group->restart_count,
                                 .entry_count = group->count};
    must(group->count > 0 && group->count <= JOURNAL_ENTRIES, "entries of a group");
    for (uint32_t i = 0; i < group->count; i++) {
        head.entries[i] = (struct journal_entry){
            .object_id = group->ids[i],
            .allocation_count = group->allocation_count,
            .checksum = checksum64(group->pages[i], BLOCK_BYTES,
                                   checksum_seed(CHECKSUM_PAGE, group->ids[i]))};
        plexes_save(paths, path_count, RANGE_JOURNAL, block + 1 + i, group->pages[i]);
    }
    head.checksum = checksum64((const uint8_t *)&head + 8, BLOCK_BYTES - 8,
                               checksum_seed(CHECKSUM_JOURNAL, group->sequence));
    plexes_save(paths, path_count, RANGE_JOURNAL, block, &head);
    return block + 1 + group->count;
}
