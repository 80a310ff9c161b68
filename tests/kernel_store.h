/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kernel_store.h - small volumes made in memory, for native tests of the kernel.
 *
 * Objects are written straight into their places (disks/format.h); store_finish() then copies the
 * second plexes and computes every checksum, so a test can also break exactly one of them
 * afterwards.
 */
#ifndef LATCHKEY_TESTS_KERNEL_STORE_H
#define LATCHKEY_TESTS_KERNEL_STORE_H

#include <stdbool.h>
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

#endif
