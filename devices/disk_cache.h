/* SPDX-License-Identifier: GPL-2.0-or-later */
/* disk_cache.h - the volatile write cache of a disk: an ordered list of sector writes.
 *
 * Used by disk.c only. The list keeps every write, also one that a later write to the same sector
 * has superseded: a drive might have written the older one out before the newer one came, and a
 * power cut must be able to show that. So any subset of the list, applied in order, is what some
 * drive leaves.
 *
 * Invariants
 *  1. `order` grows strictly from the oldest entry to the newest.
 *  2. The hash chain of a sector holds its entries newest first.
 *  3. Nothing depends on which slot an entry is in: save and load may move it.
 */
#ifndef LATCHKEY_DEVICES_DISK_CACHE_H
#define LATCHKEY_DEVICES_DISK_CACHE_H

#include "devices/disk.h"

#define DISK_CACHE_NONE UINT32_MAX
#define DISK_CACHE_BUCKETS 4096u

struct disk_cache_entry {
    uint64_t sector;
    uint64_t order;
    uint32_t older, newer; /* neighbours in the list */
    uint32_t same_hash;    /* next in the hash chain, or in the list of free slots */
    bool chosen;           /* scratch of disk_cache_choose() */
};

struct disk_cache {
    struct disk_cache_entry *entries;   /* DISK_CACHE_SECTORS */
    uint8_t (*data)[DISK_SECTOR_BYTES]; /* parallel to entries */
    uint32_t *chosen;                   /* DISK_CACHE_SECTORS slots, by ascending sector */
    uint32_t buckets[DISK_CACHE_BUCKETS];
    uint32_t oldest, newest;
    uint32_t free_first; /* slots given back */
    uint32_t fresh;      /* slots from here on were never used */
    uint32_t count;
    uint64_t order_next;
};

/* disk_cache_init - empty; takes the memory for a full cache. */
void disk_cache_init(struct disk_cache *cache);
/* disk_cache_finish - free the memory; a zeroed cache is fine. */
void disk_cache_finish(struct disk_cache *cache);
/* disk_cache_clear - lose everything. */
void disk_cache_clear(struct disk_cache *cache);

/* disk_cache_room - sector writes that still fit. */
uint32_t disk_cache_room(const struct disk_cache *cache);
/* disk_cache_append - remember one sector write as the newest; there must be room. */
void disk_cache_append(struct disk_cache *cache, uint64_t sector, const void *source);
/* disk_cache_find - slot of the newest write to a sector, DISK_CACHE_NONE if there is none. */
uint32_t disk_cache_find(const struct disk_cache *cache, uint64_t sector);
/* disk_cache_settle - the content of this slot is on the media: drop it and all older writes to its
 * sector. */
void disk_cache_settle(struct disk_cache *cache, uint32_t slot);

/* disk_cache_choose - pick the newest writes of the sectors that the `limit` oldest writes are for,
 * and leave their slots in cache->chosen by ascending sector.
 *
 * Returns  how many.
 */
uint32_t disk_cache_choose(struct disk_cache *cache, uint32_t limit);

/* disk_cache_save - all entries, oldest first. */
void disk_cache_save(const struct disk_cache *cache, struct byte_writer *writer);
/* disk_cache_load - fails the reader on orders that do not grow or sectors from sector_count on. */
void disk_cache_load(struct disk_cache *cache, uint64_t sector_count, struct byte_reader *reader);

#endif
