/* SPDX-License-Identifier: GPL-2.0-or-later */
/* support_store.h - checkpoints and journal groups written into an image as the kernel would, so
 * that the tools are tested without it. Used by the disks_* tests.
 *
 * What goes wrong on the host ends the test at once.
 */
#ifndef LATCHKEY_TESTS_SUPPORT_STORE_H
#define LATCHKEY_TESTS_SUPPORT_STORE_H

#include "tests/support_disks.h"

#define COMMIT_ENTRIES_MAX 1024u

/* A checkpoint being written. */
struct commit {
    const char *const *paths; /* every volume of the store; borrowed */
    unsigned path_count;
    uint64_t generation;
    uint32_t area;
    uint64_t area_next; /* index of the next free block of the area */
    struct directory_entry entries[COMMIT_ENTRIES_MAX];
    uint32_t entry_count;
    struct node_pot pot; /* not yet written */
    uint32_t pot_nodes;
    uint64_t journal_block, journal_sequence, restart_count; /* for the header */
};

/* plexes_save - write a block in all its plexes. kind is one whose ranges have one id a block. */
void plexes_save(const char *const *paths, unsigned path_count, enum range_kind kind, uint64_t id,
                 const void *source);

/* commit_begin - generation 2 or later, in the area and place that are its turn. */
void commit_begin(struct commit *commit, const char *const *paths, unsigned path_count,
                  uint64_t generation);
/* commit_page - data NULL: a page of zeros. */
void commit_page(struct commit *commit, uint64_t id, uint64_t allocation_count,
                 const uint8_t *data);
void commit_node(struct commit *commit, uint64_t id, const struct disk_node *node);
void commit_running(struct commit *commit, uint64_t id);
/* commit_directory - both copies of the directory; commit_header - the header, in both plexes. */
void commit_directory(struct commit *commit, struct ckpt_header *header);
void commit_header(const struct commit *commit, struct ckpt_header *header);
/* commit_end - both of them. */
void commit_end(struct commit *commit);

/* A group of journalled pages. */
struct group {
    const uint64_t *ids;
    const uint8_t (*pages)[BLOCK_BYTES];
    uint32_t count;
    uint64_t sequence, generation, restart_count;
    uint64_t allocation_count; /* of all its pages */
};
/* group_write - write it at a block of the ring. Returns the block after it. */
uint64_t group_write(const char *const *paths, unsigned path_count, const struct group *group,
                     uint64_t block);

#endif
