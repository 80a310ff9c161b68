/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kernel_store.h - small volumes made in memory, for native tests of the kernel.
 *
 * Objects are written straight into their places (disks/format.h); store_finish() then copies the
 * second plexes and computes every checksum, so a test can also break exactly one of them
 * afterwards. What is below store_finish() changes a store that is finished: its layout, or what a
 * crash left on it.
 */
#ifndef LATCHKEY_TESTS_KERNEL_STORE_H
#define LATCHKEY_TESTS_KERNEL_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "disks/format.h"
#include "kernel/abi.h"

struct store {
    uint8_t *bytes; /* block_count blocks */
    uint64_t block_count;
    uint64_t node_count, page_count; /* ids 1 .. count */
    uint64_t node_block[2], page_pot_block[2], page_block, ckpt_header_block[2], directory_block;
    uint64_t next_node, next_page; /* for store_new_*() */
    uint32_t running_count;
    bool is_shared;
};

/* store_create - an empty volume with room for so many nodes and pages. The prime meter is full.
 * store_destroy frees it. */
struct store *store_create(uint64_t node_count, uint64_t page_count);
void store_destroy(struct store *store);

/* store_node, store_page - where an object's first plex lies. */
struct disk_node *store_node(struct store *store, uint64_t object_id);
uint8_t *store_page(struct store *store, uint64_t object_id);

/* store_page_count - the allocation count of a page. */
void store_page_count(struct store *store, uint64_t object_id, uint64_t allocation_count);

/* store_new_node, store_new_page - the next unused id. */
uint64_t store_new_node(struct store *store);
uint64_t store_new_page(struct store *store);

/* store_key - a key as on disk; count 0 unless set afterwards. store_number - a data key. */
struct disk_key store_key(enum key_type type, uint8_t data_byte, uint64_t object_id);
struct disk_key store_number(uint64_t number);

/* store_domain - nodes of a domain whose registers are all 0. Its memory is a data key. Returns its
 * root. */
uint64_t store_domain(struct store *store, enum domain_state state);
/* store_slot - a general slot of a domain. store_register - word n of its registers (0: pc). */
void store_slot(struct store *store, uint64_t root, unsigned slot, struct disk_key key);
void store_register(struct store *store, uint64_t root, unsigned word, uint64_t value);
/* store_segment - a black tree over page_count new pages from offset 0; returns its key. The ids of
 * the pages follow *first_page. */
struct disk_key store_segment(struct store *store, unsigned page_count, uint64_t *first_page);
/* store_running - list a domain in the checkpoint's directory. */
void store_running(struct store *store, uint64_t root);

/* store_finish - second plexes, checksums, headers, directory. May be repeated after changes. */
void store_finish(struct store *store);

/* store_share - from now on its bytes are the same for all processes that are forked: the memory of
 * a life goes with it, the disk stays. */
void store_share(struct store *store);
/* store_block - a block of the volume. */
uint8_t *store_block(struct store *store, uint64_t block);
/* store_seal - the first 8 bytes of a block, or of a part, become the checksum of the others.
 * store_sealed - they are. */
void store_seal(void *block, size_t size_bytes, uint64_t seed);
bool store_sealed(const void *block, size_t size_bytes, uint64_t seed);

/* store_volume - the header of the volume, to be changed; store_volume_seal - it was.
 * store_range - one of its ranges. store_range_add - one more, and the header is sealed.
 * store_range_cut - the last blocks of a range, an object a block, are no longer of it; returns the
 * first of them. */
struct volume_header *store_volume(struct store *store);
void store_volume_seal(struct store *store);
struct volume_range *store_range(struct store *store, enum range_kind kind, unsigned plex,
                                 uint64_t first_id);
void store_range_add(struct store *store, const struct volume_range *range);
uint64_t store_range_cut(struct volume_range *range, uint64_t block_count);
/* store_one_plex - pots of this kind have plex 0 only, as on one disk of a mirrored pair. */
void store_one_plex(struct store *store, enum range_kind kind);

/* store_ckpt - the header of the checkpoint, to be changed; store_ckpt_seal - it was.
 * store_shadows - the second copy of the directory goes to the end of the area, so that there is
 * room for shadows of pots before it; returns the block of the first. */
struct ckpt_header *store_ckpt(struct store *store);
void store_ckpt_seal(struct store *store);
uint64_t store_shadows(struct store *store);

#endif
