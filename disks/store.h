/* SPDX-License-Identifier: GPL-2.0-or-later */
/* store.h - a store read offline: its volumes, its checkpoints, its journal, and every object as
 * the restarted system would see it. Used by check, digest, info, add, apply and campaigns.
 *
 * A location is a block of a volume (format.h).
 *
 * Invariants
 *  1. Opening is tolerant: a bad plex, copy or range is left out, and only check.c says so.
 *  2. Nothing is returned that did not pass its checksum.
 *  3. A store that is used with a generation has the whole directory of that checkpoint, and what
 *     the journal lays over it, in memory.
 *  4. A plex that is not in step is as if it were not there.
 *  5. The stream, if it is among the volumes given, holds nothing of the store.
 */
#ifndef LATCHKEY_DISKS_STORE_H
#define LATCHKEY_DISKS_STORE_H

#include <stddef.h>

#include "disks/volume.h"

#define STORE_PLEXES 2u
#define STORE_PLACES 2u
#define STORE_PATHS_MAX (VOLUME_DISKS_MAX + 1) /* with its stream */

enum store_place_state {
    PLACE_ABSENT, /* no range says where it is, or its volume is missing */
    PLACE_EMPTY,  /* never written: all zero */
    PLACE_GOOD,
    PLACE_BAD
};
struct store_place { /* one plex of a checkpoint header */
    enum store_place_state state;
    uint64_t location;
    struct ckpt_header header; /* good ones only */
};

struct store_range {
    struct volume_range range;
    uint8_t disk;     /* disk index of its volume */
    bool out_of_step; /* not read */
};

struct store_directory {
    struct directory_entry *entries; /* by kind, then by id; running domains last */
    size_t count, capacity;
    uint64_t *blocks; /* area ids of the blocks it was read from */
    size_t block_count, block_capacity;
};

/* A group of the journal that counts. */
struct store_group {
    uint64_t first_block; /* of the ring: its journal block */
    uint64_t sequence;
    uint32_t page_count;
};

struct store_journal {
    struct store_group *groups; /* in the order of their sequence */
    size_t group_count, group_capacity;
    struct directory_entry *pages; /* by id, each once; location: block of the ring */
    size_t count, capacity;
    uint64_t restart_count; /* the highest of the header and of the groups */
};

struct store_cache { /* a pot that was read lately */
    uint64_t location, first_id;
    const char *problem;
    union {
        struct node_pot node;
        struct page_pot page;
    } pot;
    bool filled;
};
#define STORE_CACHES 4u /* both plexes of a pot, and a pot of an area besides */

struct store {
    struct volume volumes[STORE_PATHS_MAX]; /* in the order given; one more than there may be */
    unsigned volume_count;
    struct volume stream; /* path NULL: not given (stream.h) */
    unsigned disk_count; /* of the store: the most that any volume knows of */
    struct store_range ranges[VOLUME_DISKS_MAX * VOLUME_RANGES_MAX]; /* usable ones */
    unsigned range_count;
    struct store_place places[STORE_PLACES][STORE_PLEXES];
    struct ckpt_header header; /* of the generation in use; generation 0: none */
    struct store_directory directory;
    struct store_journal journal;
    struct store_cache caches[STORE_CACHES];
    unsigned cache_next; /* the one to be used for another pot */
};

struct store_home {
    uint64_t location;
    uint64_t first_id; /* of the pot; the id itself for all else */
};

/* store_open - open the volumes of one store, in any order. Choose a generation before reading
 * objects.
 *
 * store   large: allocate it. store_close() is safe even after failure.
 * paths   1..STORE_PATHS_MAX of them; the caller keeps them while the store is open.
 * Errors  as volume_open; ERROR_FORMAT volumes of different stores, the same volume twice, or a
 *         stream and no more; ERROR_LIMIT more than STORE_PATHS_MAX.
 */
MUST_CHECK bool store_open(struct store *store, const char *const *paths, unsigned path_count,
                           struct error *error);
/* store_open_sources - the same for volumes that are no files: paths are their names, and sources
 * say where they are; the caller keeps both. NULL: they are files after all. */
MUST_CHECK bool store_open_sources(struct store *store, const char *const *paths,
                                   const struct volume_source *sources, unsigned path_count,
                                   struct error *error);
void store_close(struct store *store);

/* store_use - choose the checkpoint through which objects are seen; read its directory and replay
 * the journal.
 *
 * generation  0: the newest.
 * Errors      ERROR_FORMAT no such checkpoint; no copy of its directory is good; or, for the
 *             newest, both plexes of the other place are bad, so that a newer one may be lost.
 */
MUST_CHECK bool store_use(struct store *store, uint64_t generation, struct error *error);

/* store_header_good - is it a checkpoint header? Its fields may say anything. */
bool store_header_good(const struct ckpt_header *header);
/* store_newest - the newest good checkpoint header; NULL: none is good. */
const struct ckpt_header *store_newest(const struct store *store);

/* store_directory_read - read one copy (0 or 1) of the directory of a checkpoint.
 *
 * directory  out: store_directory_finish() frees it, even after failure.
 * Returns    NULL, or what is wrong with that copy.
 */
const char *store_directory_read(const struct store *store, const struct ckpt_header *header,
                                 unsigned copy, struct store_directory *directory);
void store_directory_finish(struct store_directory *directory);
/* store_directory_find - the entry of a page (DIRECTORY_PAGE or _ZERO_PAGE) or node; NULL: it is
 * not in the directory. */
const struct directory_entry *store_directory_find(const struct store_directory *directory,
                                                   enum range_kind kind, uint64_t id);

/* store_journal_read - replay the journal over a checkpoint: every group that counts, without the
 * pages that were severed since.
 *
 * store    with the header and the directory of that checkpoint.
 * journal  out: store_journal_finish() frees it.
 */
void store_journal_read(struct store *store, struct store_journal *journal);
void store_journal_finish(struct store_journal *journal);
/* store_journal_find - where the journal has this page; NULL: nowhere. */
const struct directory_entry *store_journal_find(const struct store_journal *journal, uint64_t id);

/* store_volume - the volume with this disk index; NULL: missing. */
const struct volume *store_volume(const struct store *store, uint64_t disk);
/* store_read - read the block at a location. false: missing volume, or not readable. */
MUST_CHECK bool store_read(const struct store *store, uint64_t location, void *target);
/* store_home - where one plex of an object (or of its pot), of a block of an area or of the journal
 * is. false: it has no such home. */
MUST_CHECK bool store_home(const struct store *store, enum range_kind kind, uint64_t id,
                           unsigned plex, struct store_home *home);
/* store_exists - does an object or block have a home in any plex? */
bool store_exists(const struct store *store, enum range_kind kind, uint64_t id);
/* store_next - the smallest id of this kind that is at least id, in any plex. 0: there is none. */
uint64_t store_next(const struct store *store, enum range_kind kind, uint64_t id);
/* store_end - the id after the last of this kind, in any plex. 0: there is none. */
uint64_t store_end(const struct store *store, enum range_kind kind);

/* What a block must be to be the right one. */
struct store_judge {
    const char *(*problem)(const struct store_judge *judge, const void *block); /* NULL: none */
    uint64_t seed, checksum, generation, sequence;
};
/* store_judge_page, _area_pot, _directory, _journal - for a page wherever it lies, a node pot in an
 * area, a block of a directory, and the first block of a group. */
struct store_judge store_judge_page(uint64_t id, uint64_t checksum);
struct store_judge store_judge_journal(uint64_t sequence, uint64_t generation);
struct store_judge store_judge_area_pot(uint64_t area_id, uint64_t generation);
struct store_judge store_judge_directory(uint64_t generation, uint64_t sequence);
/* store_plex_read, store_block_read - read one plex, or the first that is good, of a page at home,
 * a block of an area or of the journal. NULL, or what is wrong. */
const char *store_plex_read(const struct store *store, enum range_kind kind, uint64_t id,
                            unsigned plex, const struct store_judge *judge, void *target);
const char *store_block_read(const struct store *store, enum range_kind kind, uint64_t id,
                             const struct store_judge *judge, void *target);

/* store_node_pot, store_page_pot - read a pot at home, or else its shadow, and check it. NULL, or
 * what is wrong. */
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

/* store_page_count - the allocation count that a page had at the checkpoint, whatever the journal
 * says. NULL, or why it is not known. */
const char *store_page_count(struct store *store, uint64_t id, uint64_t *allocation_count);

struct store_page {
    uint64_t allocation_count;
    uint64_t home_generation; /* as of a node */
    bool zero;                /* then data is all zero */
    uint8_t data[BLOCK_BYTES];
};
/* store_page - a page as the restarted system would see it. NULL, or why it is lost. */
const char *store_page(struct store *store, uint64_t id, struct store_page *page);

#endif
