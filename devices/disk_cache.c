/* SPDX-License-Identifier: GPL-2.0-or-later */
/* disk_cache.c - the ordered list of cached sector writes, with a hash index by sector.
 *
 * Called by disk.c; calls libc. Invariants are in disk_cache.h. Appending, finding and settling
 * take constant time but for writes to the same sector; memory is taken once, and the host gives it
 * page by page as the cache fills.
 */
#include "devices/disk_cache.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/base/memory.h"

static_assert(DISK_CACHE_SECTORS >= 2 * DISK_REQUEST_SECTORS_MAX,
              "the largest write must fit beside others");

static uint32_t bucket_of(uint64_t sector)
{
    /* Knuth's multiplicative hash, golden ratio of 2^64; the top 12 bits are the best mixed. */
    static_assert(DISK_CACHE_BUCKETS == 1u << 12, "12 bits of hash");
    return (uint32_t)(sector * 0x9e3779b97f4a7c15u >> 52);
}

void disk_cache_init(struct disk_cache *cache)
{
    *cache = (struct disk_cache){0};
    cache->entries = memory_zeroed(DISK_CACHE_SECTORS, sizeof(cache->entries[0]));
    cache->data = memory_zeroed(DISK_CACHE_SECTORS, sizeof(cache->data[0]));
    cache->chosen = memory_zeroed(DISK_CACHE_SECTORS, sizeof(cache->chosen[0]));
    disk_cache_clear(cache);
}

void disk_cache_finish(struct disk_cache *cache)
{
    free(cache->entries);
    free(cache->data);
    free(cache->chosen);
    *cache = (struct disk_cache){0};
}

void disk_cache_clear(struct disk_cache *cache)
{
    for (uint32_t bucket = 0; bucket < DISK_CACHE_BUCKETS; bucket++)
        cache->buckets[bucket] = DISK_CACHE_NONE;
    cache->oldest = cache->newest = cache->free_first = DISK_CACHE_NONE;
    cache->fresh = cache->count = 0;
}

uint32_t disk_cache_room(const struct disk_cache *cache)
{
    assert(cache->count <= DISK_CACHE_SECTORS);
    return DISK_CACHE_SECTORS - cache->count;
}

static uint32_t slot_take(struct disk_cache *cache)
{
    uint32_t slot = cache->free_first;
    if (slot == DISK_CACHE_NONE) {
        assert(cache->fresh < DISK_CACHE_SECTORS);
        return cache->fresh++;
    }
    cache->free_first = cache->entries[slot].same_hash;
    return slot;
}

void disk_cache_append(struct disk_cache *cache, uint64_t sector, const void *source)
{
    assert(disk_cache_room(cache) > 0);
    uint32_t slot = slot_take(cache);
    uint32_t bucket = bucket_of(sector);
    cache->entries[slot] = (struct disk_cache_entry){
        .sector = sector,
        .order = cache->order_next++,
        .older = cache->newest,
        .newer = DISK_CACHE_NONE,
        .same_hash = cache->buckets[bucket],
    };
    memcpy(cache->data[slot], source, DISK_SECTOR_BYTES);
    cache->buckets[bucket] = slot;
    if (cache->newest != DISK_CACHE_NONE)
        cache->entries[cache->newest].newer = slot;
    else
        cache->oldest = slot;
    cache->newest = slot;
    cache->count++;
}

uint32_t disk_cache_find(const struct disk_cache *cache, uint64_t sector)
{
    uint32_t slot = cache->buckets[bucket_of(sector)];
    while (slot != DISK_CACHE_NONE && cache->entries[slot].sector != sector)
        slot = cache->entries[slot].same_hash;
    return slot;
}

/* Take a slot out of the list (not out of its hash chain) and make it free. */
static void slot_give(struct disk_cache *cache, uint32_t slot)
{
    struct disk_cache_entry *entry = &cache->entries[slot];
    if (entry->older != DISK_CACHE_NONE)
        cache->entries[entry->older].newer = entry->newer;
    else
        cache->oldest = entry->newer;
    if (entry->newer != DISK_CACHE_NONE)
        cache->entries[entry->newer].older = entry->older;
    else
        cache->newest = entry->older;
    entry->same_hash = cache->free_first;
    cache->free_first = slot;
    assert(cache->count > 0);
    cache->count--;
}

void disk_cache_settle(struct disk_cache *cache, uint32_t slot)
{
    assert(slot < cache->fresh);
    uint64_t sector = cache->entries[slot].sector;
    uint64_t order = cache->entries[slot].order;
    uint32_t *link = &cache->buckets[bucket_of(sector)];
    while (*link != DISK_CACHE_NONE) {
        uint32_t other = *link;
        struct disk_cache_entry *entry = &cache->entries[other];
        if (entry->sector != sector || entry->order > order) {
            link = &entry->same_hash;
            continue;
        }
        *link = entry->same_hash;
        slot_give(cache, other);
    }
}

/* Is the entry in slot `first` for a larger sector than the one in slot `second`? */
static bool slot_is_after(const struct disk_cache *cache, uint32_t first, uint32_t second)
{
    return cache->entries[first].sector > cache->entries[second].sector;
}

static void chosen_sift_down(struct disk_cache *cache, uint32_t root, uint32_t count)
{
    for (;;) {
        uint32_t child = 2 * root + 1;
        if (child >= count)
            return;
        if (child + 1 < count &&
            slot_is_after(cache, cache->chosen[child + 1], cache->chosen[child]))
            child++;
        if (!slot_is_after(cache, cache->chosen[child], cache->chosen[root]))
            return;
        uint32_t slot = cache->chosen[root];
        cache->chosen[root] = cache->chosen[child];
        cache->chosen[child] = slot;
        root = child;
    }
}

/* Heap sort: no memory of its own and no bad case. The sectors are all different. */
static void chosen_sort(struct disk_cache *cache, uint32_t count)
{
    for (uint32_t root = count / 2; root > 0; root--)
        chosen_sift_down(cache, root - 1, count);
    for (uint32_t last = count; last > 1; last--) {
        uint32_t slot = cache->chosen[0];
        cache->chosen[0] = cache->chosen[last - 1];
        cache->chosen[last - 1] = slot;
        chosen_sift_down(cache, 0, last - 1);
    }
}

uint32_t disk_cache_choose(struct disk_cache *cache, uint32_t limit)
{
    uint32_t count = 0;
    uint32_t slot = cache->oldest;
    for (uint32_t seen = 0; seen < limit && slot != DISK_CACHE_NONE; seen++) {
        uint32_t newest = disk_cache_find(cache, cache->entries[slot].sector);
        assert(newest != DISK_CACHE_NONE);
        if (!cache->entries[newest].chosen) {
            cache->entries[newest].chosen = true;
            cache->chosen[count++] = newest;
        }
        slot = cache->entries[slot].newer;
    }
    for (uint32_t index = 0; index < count; index++)
        cache->entries[cache->chosen[index]].chosen = false;
    chosen_sort(cache, count);
    return count;
}

void disk_cache_save(const struct disk_cache *cache, struct byte_writer *writer)
{
    uint32_t saved = 0;
    write_u64(writer, cache->order_next);
    write_u32(writer, cache->count);
    for (uint32_t slot = cache->oldest; slot != DISK_CACHE_NONE;
         slot = cache->entries[slot].newer) {
        write_u64(writer, cache->entries[slot].order);
        write_u64(writer, cache->entries[slot].sector);
        write_bytes(writer, cache->data[slot], DISK_SECTOR_BYTES);
        saved++;
    }
    assert(saved == cache->count);
}

void disk_cache_load(struct disk_cache *cache, uint64_t sector_count, struct byte_reader *reader)
{
    uint64_t order_next = read_u64(reader);
    uint32_t count = read_u32(reader);
    disk_cache_clear(cache);
    cache->order_next = 0;
    if (count > DISK_CACHE_SECTORS)
        reader_fail(reader);
    for (uint32_t index = 0; index < count && !reader->failed; index++) {
        uint8_t data[DISK_SECTOR_BYTES];
        uint64_t order = read_u64(reader);
        uint64_t sector = read_u64(reader);
        read_bytes(reader, data, sizeof(data));
        if (reader->failed || order < cache->order_next || order >= order_next ||
            sector >= sector_count) {
            reader_fail(reader);
            break;
        }
        cache->order_next = order;
        disk_cache_append(cache, sector, data);
    }
    cache->order_next = order_next;
}
