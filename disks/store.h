/* SPDX-License-Identifier: GPL-2.0-or-later */
/* store.h - a store read offline: its volumes, its checkpoints, and every object as the restarted
 * system would see it. Used by check, digest and info.
 *
 * A location is a block of a volume (format.h).
 *
 * Invariants
 *  1. Opening is tolerant: a bad plex, copy or range is left out, and only check.c says so.
 *  2. Nothing is returned that did not pass its checksum.
 *  3. A store that is used with a generation has the whole directory of that checkpoint in memory.
 */
#ifndef LATCHKEY_DISKS_STORE_H
#define LATCHKEY_DISKS_STORE_H

#include <stddef.h>

#include "disks/volume.h"

#define STORE_PLEXES 2u
#define STORE_PLACES 2u

enum store_place_state {
    PLACE_ABSENT, /* no range says where it is, or its volume is missing */
    PLACE_EMPTY,  /* never written: all zero */
    PLACE_GOOD,
    PLACE_BAD
};
struct store_place { /* of a checkpoint header */
    enum store_place_state state;
    uint64_t location;
    struct ckpt_header header; /* good ones only */
};

struct store_range {
    struct volume_range range;
    uint8_t disk; /* disk index of its volume */
};

struct store_directory {
    struct directory_entry *entries; /* by kind, then by id; running domains last */
    size_t count, capacity;
    uint64_t *blocks; /* area ids of the blocks it was read from */
    size_t block_count, block_capacity;
};

struct store_cache { /* the pot read last */
    uint64_t location, first_id;
    const char *problem;
    union {
        struct node_pot node;
        struct page_pot page;
    } pot;
    bool filled;
};

struct store {
    struct volume volumes[VOLUME_DISKS_MAX]; /* in the order given */
    unsigned volume_count;
    struct store_range ranges[VOLUME_DISKS_MAX * VOLUME_RANGES_MAX]; /* usable ones */
    unsigned range_count;
    struct store_place places[STORE_PLACES];
    struct ckpt_header header; /* of the generation in use; generation 0: none */
    struct store_directory directory;
    struct store_cache cache;
};

struct store_home {
    uint64_t location;
    uint64_t first_id; /* of the pot; the id itself for a page */
};

/* store_open - open the volumes of one store, in any order. Choose a generation before reading
 * objects.
 *
 * store   large: allocate it. store_close() is safe even after failure.
 * paths   1..VOLUME_DISKS_MAX of them; the caller keeps them while the store is open.
 * Errors  as volume_open; ERROR_FORMAT volumes of different stores, or the same volume twice;
 *         ERROR_LIMIT more than VOLUME_DISKS_MAX.
 */
MUST_CHECK bool store_open(struct store *store, const char *const *paths, unsigned path_count,
                           struct error *error);
void store_close(struct store *store);

/* store_use - choose the checkpoint through which objects are seen and read its directory.
 *
 * generation  0: the newest.
 * Errors      ERROR_FORMAT no such checkpoint, or no copy of its directory is good.
 */
MUST_CHECK bool store_use(struct store *store, uint64_t generation, struct error *error);

/* store_directory_read - read one copy (0 or 1) of the directory of a checkpoint.
 *
 * directory  out: store_directory_finish() frees it, even after failure.
 * Returns    NULL, or what is wrong with that copy.
 */
const char *store_directory_read(const struct store *store, const struct ckpt_header *header,
                                 unsigned copy, struct store_directory *directory);
void store_directory_finish(struct store_directory *directory);
/* store_directory_find - the entry of a page (DIRECTORY_PAGE or _ZERO_PAGE) or node; NULL: it is
 * at home. */
const struct directory_entry *store_directory_find(const struct store_directory *directory,
                                                   enum range_kind kind, uint64_t id);

/* store_volume - the volume with this disk index; NULL: missing. */
const struct volume *store_volume(const struct store *store, uint64_t disk);
/* store_read - read the block at a location. false: missing volume, or not readable. */
MUST_CHECK bool store_read(const struct store *store, uint64_t location, void *target);
/* store_area - where a block of an area is, by its area id; in one of its plexes. false: there is
 * no such block. */
MUST_CHECK bool store_area(const struct store *store, uint64_t area_id, uint64_t *location);
/* store_home - where one plex of an object (or of its pot) is. false: it has no such home. */
MUST_CHECK bool store_home(const struct store *store, enum range_kind kind, uint64_t id,
                           unsigned plex, struct store_home *home);
/* store_next - the smallest id of this kind that is at least id, in any plex. 0: there is none. */
uint64_t store_next(const struct store *store, enum range_kind kind, uint64_t id);

/* store_node_pot, store_page_pot - read a pot and check it. NULL, or what is wrong. */
const char *store_node_pot(const struct store *store, const struct store_home *home,
                           struct node_pot *pot);
const char *store_page_pot(const struct store *store, const struct store_home *home,
                           struct page_pot *pot);

struct store_node {
    struct disk_node node;
    uint64_t home_generation; /* that wrote its home; 0: it is in the checkpoint area */
};
/* store_node - a node as the restarted system would see it. NULL, or why it is lost. */
const char *store_node(struct store *store, uint64_t id, struct store_node *node);

struct store_page {
    uint64_t allocation_count;
    uint64_t home_generation; /* as of a node */
    bool zero;                /* then data is all zero */
    uint8_t data[BLOCK_BYTES];
};
/* store_page - a page as the restarted system would see it. NULL, or why it is lost. */
const char *store_page(struct store *store, uint64_t id, struct store_page *page);

#endif
