/* SPDX-License-Identifier: GPL-2.0-or-later */
/* disk.c - the disk: a queue of requests, served in virtual time against the cache and the media.
 *
 * Called by virtio_block.c and the machine; calls the media (struct disk_store), the client, the
 * cache (disk_cache.c) and the timing models (disk_timing.c). The invariants are in disk.h;
 * besides:
 *
 *  6. A request is queued, then served, then done. A flush is served alone, after all requests that
 *     arrived before it and before all that arrived later; it is the only barrier.
 *  7. The cache is written out (a) by a flush, (b) to make room when it is three quarters full,
 *     oldest writes first, swept by position, and (c) one write here and there, drawn with the seed
 *     from the oldest few, as a drive does when it has nothing else to do; (c) takes no time from
 *     requests.
 *  8. While a request is served, `finish_ns` is fixed; disk_advance() may come later than that, and
 *     the next request still begins at finish_ns, as in a drive that does not wait for the host.
 */
#include "devices/disk.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "devices/disk_state.h"
#include "emulator/base/memory.h"

#define DISK_CACHE_HIGH (DISK_CACHE_SECTORS / 4 * 3)
#define DISK_SWEEP_SECTORS 4096u /* written out at once to make room */
#define DISK_STRAY_CHANCE 8u     /* one write in so many lets a stray one out early ... */
#define DISK_STRAY_WINDOW 64u    /* ... of so many of the oldest */

static_assert(DISK_SWEEP_SECTORS <= DISK_CACHE_HIGH, "a sweep is at most what is there");
static_assert(DISK_CACHE_SECTORS - DISK_CACHE_HIGH + DISK_SWEEP_SECTORS >= DISK_REQUEST_SECTORS_MAX,
              "after a sweep the largest write fits");

/* SplitMix64 (Steele, Lea, Flood, OOPSLA 2014). */
static uint64_t disk_random(struct disk *disk)
{
    disk->random += 0x9e3779b97f4a7c15u;
    uint64_t value = disk->random;
    value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9u;
    value = (value ^ value >> 27) * 0x94d049bb133111ebu;
    return value ^ value >> 31;
}

struct disk *disk_create(const struct disk_config *config, const struct disk_client *client)
{
    assert(config->store != NULL);
    assert(config->store->sector_count > 0);
    struct disk *disk = memory_zeroed(1, sizeof(*disk));
    disk->config = *config;
    disk->client = *client;
    disk->staging = memory_zeroed(DISK_REQUEST_SECTORS_MAX, DISK_SECTOR_BYTES);
    disk_cache_init(&disk->cache);
    disk->random = config->seed;
    disk_timing_start(&disk->mechanism, disk_random(disk));
    return disk;
}

void disk_destroy(struct disk *disk)
{
    if (disk == NULL)
        return;
    disk_cache_finish(&disk->cache);
    free(disk->staging);
    free(disk);
}

/* Length of the run of consecutive sectors at chosen[first], at most a request long. */
static uint32_t run_length(const struct disk_cache *cache, uint32_t first, uint32_t count)
{
    uint64_t sector = cache->entries[cache->chosen[first]].sector;
    uint32_t length = 1;
    while (first + length < count && length < DISK_REQUEST_SECTORS_MAX &&
           cache->entries[cache->chosen[first + length]].sector == sector + length)
        length++;
    return length;
}

/* The content of this slot is on the media. */
static void slot_settle(struct disk *disk, uint32_t slot)
{
    const struct disk_observer *observer = disk->config.observer;
    const struct disk_cache_entry *entry = &disk->cache.entries[slot];
    if (observer)
        observer->settled(observer->context, entry->order, entry->sector);
    disk_cache_settle(&disk->cache, slot);
}

/* Write chosen[first], ... to the media and drop them from the cache. */
static bool run_write(struct disk *disk, uint32_t first, uint32_t length)
{
    struct disk_cache *cache = &disk->cache;
    uint64_t sector = cache->entries[cache->chosen[first]].sector;
    for (uint32_t index = 0; index < length; index++)
        memcpy(disk->staging + (size_t)index * DISK_SECTOR_BYTES,
               cache->data[cache->chosen[first + index]], DISK_SECTOR_BYTES);
    if (!disk_media_write(disk, sector, disk->staging, length))
        return false;
    for (uint32_t index = 0; index < length; index++)
        slot_settle(disk, cache->chosen[first + index]);
    return true;
}

/* Write out the sectors of the `limit` oldest cached writes. false: the host refused some. */
static bool sweep_write(struct disk *disk, uint32_t limit)
{
    uint32_t count = disk_cache_choose(&disk->cache, limit);
    bool done = true;
    for (uint32_t first = 0; first < count;) {
        uint32_t length = run_length(&disk->cache, first, count);
        done = run_write(disk, first, length) && done;
        first += length;
    }
    return done;
}

static void cost_add(struct disk_cost *sum, struct disk_cost cost)
{
    sum->total_ns += cost.total_ns;
    sum->seek_ns += cost.seek_ns;
    sum->transfer_ns += cost.transfer_ns;
}

/* What sweep_write() of the same limit costs from now_ns on: one pass upwards from the head, then
 * one from the start of the disk to where it began. */
static struct disk_cost sweep_cost(struct disk *disk, uint32_t limit, uint64_t now_ns)
{
    struct disk_cost sum = {0};
    uint32_t count = disk_cache_choose(&disk->cache, limit);
    uint64_t head = disk->mechanism.head_sector;
    for (unsigned pass = 0; pass < 2; pass++) {
        for (uint32_t first = 0; first < count;) {
            struct disk_span span;
            span.sector = disk->cache.entries[disk->cache.chosen[first]].sector;
            span.sector_count = run_length(&disk->cache, first, count);
            first += span.sector_count;
            if ((span.sector >= head) == (pass == 0))
                cost_add(&sum, disk_timing_write(disk->config.timing, &disk->mechanism, span,
                                                 now_ns + sum.total_ns));
        }
    }
    cost_add(&sum, disk_timing_barrier(disk->config.timing, count > 0));
    return sum;
}

/* Are all sectors of the span in the cache? */
static bool span_is_cached(const struct disk *disk, struct disk_span span)
{
    for (uint32_t index = 0; index < span.sector_count; index++)
        if (disk_cache_find(&disk->cache, span.sector + index) == DISK_CACHE_NONE)
            return false;
    return true;
}

static struct disk_cost begin_read(struct disk *disk, const struct disk_pending *pending,
                                   uint64_t now_ns)
{
    struct disk_span span = {pending->request.sector, pending->request.sector_count};
    if (span_is_cached(disk, span))
        return disk_timing_interface(disk->config.timing, span.sector_count);
    return disk_timing_read(disk->config.timing, &disk->mechanism, span, now_ns);
}

/* Copy the data into the cache (disk.h, invariant 5), making room first. */
static struct disk_cost begin_write(struct disk *disk, struct disk_pending *pending,
                                    uint64_t now_ns)
{
    const struct disk_request *request = &pending->request;
    struct disk_cost sum = disk_timing_interface(disk->config.timing, request->sector_count);
    size_t size_bytes = (size_t)request->sector_count * DISK_SECTOR_BYTES;
    if (disk->cache.count + request->sector_count > DISK_CACHE_HIGH) {
        cost_add(&sum, sweep_cost(disk, DISK_SWEEP_SECTORS, now_ns + sum.total_ns));
        if (!sweep_write(disk, DISK_SWEEP_SECTORS))
            disk->counters.errors++;
    }
    if (disk_cache_room(&disk->cache) < request->sector_count ||
        !disk->client.fetch(disk->client.context, request->tag, 0, disk->staging, size_bytes)) {
        pending->failed = true;
        return sum;
    }
    pending->order_first = disk->cache.order_next;
    for (uint32_t index = 0; index < request->sector_count; index++)
        disk_cache_append(&disk->cache, request->sector + index,
                          disk->staging + (size_t)index * DISK_SECTOR_BYTES);
    pending->order_end = disk->cache.order_next;
    const struct disk_observer *observer = disk->config.observer;
    if (observer && request->sector_count > 0)
        observer->entered(observer->context, pending->order_first, request->sector,
                          request->sector_count, disk->staging);
    if (request->durable && request->sector_count > 0) {
        struct disk_span span = {request->sector, request->sector_count};
        cost_add(&sum, disk_timing_write(disk->config.timing, &disk->mechanism, span,
                                         now_ns + sum.total_ns));
        cost_add(&sum, disk_timing_barrier(disk->config.timing, true));
    }
    return sum;
}

bool disk_request_is_valid(const struct disk *disk, const struct disk_request *request)
{
    const struct disk_store *store = disk->config.store;
    if (request->op == DISK_FLUSH)
        return true;
    if (request->sector_count > DISK_REQUEST_SECTORS_MAX || request->sector > store->sector_count ||
        request->sector_count > store->sector_count - request->sector)
        return false;
    return request->op == DISK_READ || !store->read_only;
}

static void pending_begin(struct disk *disk, struct disk_pending *pending)
{
    struct disk_cost cost = disk_timing_interface(disk->config.timing, 0); /* of an error */
    uint64_t start_ns = pending->arrival_ns > disk->free_ns ? pending->arrival_ns : disk->free_ns;
    pending->serving = true;
    pending->order_first = pending->order_end = 0;
    pending->failed = !disk_faults_due(disk, start_ns) || disk->faults.dead ||
                      !disk_request_is_valid(disk, &pending->request);
    disk->serving_count++;
    disk->flushing = pending->request.op == DISK_FLUSH;
    if (!pending->failed) {
        switch (pending->request.op) {
        case DISK_READ:
            cost = begin_read(disk, pending, start_ns);
            break;
        case DISK_WRITE:
            cost = begin_write(disk, pending, start_ns);
            break;
        case DISK_FLUSH:
            cost = disk_timing_interface(disk->config.timing, 0);
            cost_add(&cost, sweep_cost(disk, DISK_CACHE_SECTORS, start_ns + cost.total_ns));
            break;
        }
    }
    pending->finish_ns = start_ns + cost.total_ns;
    disk->counters.busy_ns += cost.total_ns;
    disk->counters.seek_ns += cost.seek_ns;
    disk->counters.transfer_ns += cost.transfer_ns;
}

static bool finish_read(struct disk *disk, const struct disk_request *request)
{
    const struct disk_store *store = disk->config.store;
    size_t size_bytes = (size_t)request->sector_count * DISK_SECTOR_BYTES;
    if (request->sector_count == 0)
        return true;
    if (!store->read(store->context, request->sector, disk->staging, request->sector_count))
        return false;
    bool plain = disk->cache.count == 0 && disk->faults.count == 0;
    for (uint32_t index = 0; index < request->sector_count && !plain; index++) {
        uint32_t slot = disk_cache_find(&disk->cache, request->sector + index);
        if (slot != DISK_CACHE_NONE)
            memcpy(disk->staging + (size_t)index * DISK_SECTOR_BYTES, disk->cache.data[slot],
                   DISK_SECTOR_BYTES);
        else if (!disk_sector_readable(disk, request->sector + index))
            return false;
    }
    return disk->client.deliver(disk->client.context, request->tag, 0, disk->staging, size_bytes);
}

/* How many sectors from span.sector on are in the cache without a gap; their slots go to chosen. */
static uint32_t durable_gather(struct disk *disk, struct disk_span span)
{
    uint32_t count = 0;
    while (count < span.sector_count) {
        uint32_t slot = disk_cache_find(&disk->cache, span.sector + count);
        if (slot == DISK_CACHE_NONE)
            break;
        disk->cache.chosen[count] = slot;
        count++;
    }
    return count;
}

/* Write the newest content of a durable write's sectors to the media. One that is no longer in the
 * cache was let out early, so it is there. */
static bool finish_durable(struct disk *disk, const struct disk_request *request)
{
    struct disk_span left = {request->sector, request->sector_count};
    bool done = true;
    while (left.sector_count > 0) {
        uint32_t length = durable_gather(disk, left);
        if (length > 0)
            done = run_write(disk, 0, length) && done;
        uint32_t step = length > 0 ? length : 1;
        left.sector += step;
        left.sector_count -= step;
    }
    return done;
}

/* Invariant 7 (c). */
static void stray_write(struct disk *disk)
{
    if (disk->cache.count == 0 || disk_random(disk) % DISK_STRAY_CHANCE != 0)
        return;
    uint32_t window = disk->cache.count;
    if (window > DISK_STRAY_WINDOW)
        window = DISK_STRAY_WINDOW;
    uint32_t slot = disk->cache.oldest;
    for (uint64_t steps = disk_random(disk) % window; steps > 0; steps--)
        slot = disk->cache.entries[slot].newer;
    uint64_t sector = disk->cache.entries[slot].sector;
    if (disk_media_write(disk, sector, disk->cache.data[slot], 1))
        slot_settle(disk, slot);
}

static bool finish_write(struct disk *disk, const struct disk_request *request)
{
    if (request->durable)
        return finish_durable(disk, request);
    stray_write(disk);
    return true;
}

static bool finish_flush(struct disk *disk)
{
    const struct disk_store *store = disk->config.store;
    bool written = sweep_write(disk, DISK_CACHE_SECTORS);
    assert(!written || disk->cache.count == 0);
    return written && store->sync(store->context);
}

static void count_request(struct disk *disk, const struct disk_request *request, bool done)
{
    struct disk_counters *counters = &disk->counters;
    uint64_t size_bytes = done ? (uint64_t)request->sector_count * DISK_SECTOR_BYTES : 0;
    switch (request->op) {
    case DISK_READ:
        counters->read_requests++;
        counters->read_bytes += size_bytes;
        break;
    case DISK_WRITE:
        counters->write_requests++;
        counters->write_bytes += size_bytes;
        break;
    case DISK_FLUSH:
        counters->flush_requests++;
        break;
    }
    counters->errors += !done;
}

static void pending_finish(struct disk *disk, uint32_t index)
{
    struct disk_pending pending = disk->pending[index];
    assert(pending.serving);
    bool done = disk_faults_due(disk, pending.finish_ns) && !pending.failed && !disk->faults.dead;
    if (done) {
        switch (pending.request.op) {
        case DISK_READ:
            done = finish_read(disk, &pending.request);
            break;
        case DISK_WRITE:
            done = finish_write(disk, &pending.request);
            break;
        case DISK_FLUSH:
            done = finish_flush(disk);
            break;
        }
    }
    count_request(disk, &pending.request, done);
    disk->pending_count--;
    memmove(&disk->pending[index], &disk->pending[index + 1],
            (disk->pending_count - index) * sizeof(disk->pending[0]));
    disk->serving_count--;
    disk->flushing = false;
    if (disk->free_ns < pending.finish_ns)
        disk->free_ns = pending.finish_ns;
    const struct disk_observer *observer = disk->config.observer;
    if (observer && observer->ended)
        observer->ended(observer->context, &pending.request, done);
    disk->client.done(disk->client.context, pending.request.tag, done ? DISK_OK : DISK_ERROR);
}

/* The served request that ends first; pending_count if none is served. */
static uint32_t served_first(const struct disk *disk)
{
    uint32_t best = disk->pending_count;
    for (uint32_t index = 0; index < disk->pending_count; index++) {
        const struct disk_pending *pending = &disk->pending[index];
        if (!pending->serving)
            continue;
        if (best == disk->pending_count || pending->finish_ns < disk->pending[best].finish_ns)
            best = index;
    }
    return best;
}

/* Distance that the head still has to go upwards to a sector, going round at the end (C-LOOK). */
static uint64_t sweep_distance(const struct disk *disk, uint64_t sector)
{
    return sector -
           disk->mechanism.head_sector; /* modulo 2^64: sectors behind the head come last */
}

/* The queued request to serve next; pending_count if none may begin now. */
static uint32_t queued_next(const struct disk *disk)
{
    uint32_t best = disk->pending_count;
    if (disk->flushing || disk->serving_count == disk_timing_channels(disk->config.timing))
        return best;
    bool sorts = disk_timing_sorts(disk->config.timing);
    for (uint32_t index = 0; index < disk->pending_count; index++) {
        const struct disk_pending *pending = &disk->pending[index];
        if (pending->serving)
            continue;
        if (pending->request.op == DISK_FLUSH) {
            bool alone = best == disk->pending_count && disk->serving_count == 0;
            return alone ? index : best;
        }
        if (best == disk->pending_count ||
            sweep_distance(disk, pending->request.sector) <
                sweep_distance(disk, disk->pending[best].request.sector))
            best = index;
        if (!sorts)
            break;
    }
    return best;
}

void disk_advance(struct disk *disk, uint64_t now_ns)
{
    assert(!disk->advancing); /* not from a client's callback */
    disk->advancing = true;
    for (;;) {
        uint32_t first = served_first(disk);
        if (first < disk->pending_count && disk->pending[first].finish_ns <= now_ns) {
            pending_finish(disk, first);
            continue;
        }
        uint32_t next = queued_next(disk);
        if (next == disk->pending_count)
            break;
        pending_begin(disk, &disk->pending[next]);
    }
    disk->advancing = false;
}

void disk_submit(struct disk *disk, const struct disk_request *request, uint64_t now_ns)
{
    const struct disk_observer *observer = disk->config.observer;
    assert(disk->pending_count < DISK_PENDING_MAX);
    if (observer && observer->submitted && request->op == DISK_WRITE)
        observer->submitted(observer->context, request->sector, request->sector_count);
    disk_advance(disk, now_ns);
    disk->pending[disk->pending_count++] = (struct disk_pending){
        .request = *request,
        .arrival_ns = now_ns,
    };
    if (observer && observer->begun)
        observer->begun(observer->context, request);
    if (disk->counters.queue_depth_max < disk->pending_count)
        disk->counters.queue_depth_max = disk->pending_count;
    disk_advance(disk, now_ns);
}

uint64_t disk_deadline_ns(const struct disk *disk)
{
    uint32_t first = served_first(disk);
    return first < disk->pending_count ? disk->pending[first].finish_ns : UINT64_MAX;
}

void disk_cancel(struct disk *disk)
{
    assert(!disk->advancing);
    disk->pending_count = disk->serving_count = 0;
    disk->flushing = false;
}

bool disk_flush_now(struct disk *disk)
{
    const struct disk_store *store = disk->config.store;
    assert(!disk->advancing);
    if (store->read_only || disk->faults.dead)
        return true;
    bool written = sweep_write(disk, DISK_CACHE_SECTORS);
    return store->sync(store->context) && written;
}

static bool order_is_in_flight(const struct disk *disk, uint64_t order)
{
    for (uint32_t index = 0; index < disk->pending_count; index++) {
        const struct disk_pending *pending = &disk->pending[index];
        if (pending->serving && order >= pending->order_first && order < pending->order_end)
            return true;
    }
    return false;
}

/* Let the first kept_bytes of a cached write reach the media. */
static bool cut_write(struct disk *disk, uint32_t slot, uint32_t kept_bytes)
{
    const struct disk_store *store = disk->config.store;
    uint64_t sector = disk->cache.entries[slot].sector;
    uint8_t data[DISK_SECTOR_BYTES];
    assert(kept_bytes <= DISK_SECTOR_BYTES);
    if (kept_bytes == DISK_SECTOR_BYTES)
        return disk_media_write(disk, sector, disk->cache.data[slot], 1);
    if (!store->read(store->context, sector, data, 1))
        return false;
    memcpy(data, disk->cache.data[slot], kept_bytes);
    return store->write(store->context, sector, data, 1);
}

bool disk_power_cut(struct disk *disk,
                    uint32_t (*keep)(void *context, const struct disk_cached_write *write),
                    void *context)
{
    bool done = true;
    assert(keep != NULL);
    uint32_t slot = disk->cache.oldest;
    while (slot != DISK_CACHE_NONE) {
        const struct disk_cache_entry *entry = &disk->cache.entries[slot];
        struct disk_cached_write write = {
            .order = entry->order,
            .sector = entry->sector,
            .in_flight = order_is_in_flight(disk, entry->order),
        };
        uint32_t kept_bytes = keep(context, &write);
        if (kept_bytes > 0)
            done = cut_write(disk, slot, kept_bytes) && done;
        slot = entry->newer;
    }
    disk_cancel(disk);
    disk_cache_clear(&disk->cache);
    return disk->config.store->sync(disk->config.store->context) && done;
}

struct disk_counters disk_counters(const struct disk *disk)
{
    return disk->counters;
}

uint32_t disk_cached_sectors(const struct disk *disk)
{
    assert(disk->cache.count <= DISK_CACHE_SECTORS);
    return disk->cache.count;
}
