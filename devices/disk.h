/* SPDX-License-Identifier: GPL-2.0-or-later */
/* disk.h - a disk: durable media, a volatile write cache, and a timing model.
 *
 * Called by virtio_block.c (requests) and by the machine (power cut, counters, save and load).
 * Calls the media through struct disk_store; the host file behind it is emulator/disk_file.c.
 *
 * Invariants
 *  1. A completed write is in the cache or on the media; FLUSH moves the whole cache to the media
 *     and then calls sync; FUA and write-through writes reach the media before they complete.
 *  2. The sector of 512 bytes is the unit of atomicity.
 *  3. Completion times are virtual, and a function of the requests, the model and the seed only.
 *  4. Media content changes only through disk_write paths above, disk_power_cut() and the faults
 *     that were asked for (disk_fault.h), without which all of this holds.
 *  5. A write is copied from the client when the disk begins to serve it; from then on it is in the
 *     cache, and a power cut may keep any of its sectors. A read is copied to the client when it
 *     completes.
 */
#ifndef LATCHKEY_DEVICES_DISK_H
#define LATCHKEY_DEVICES_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "devices/disk_fault.h"
#include "emulator/base/bytes.h"

#define DISK_SECTOR_BYTES 512u
#define DISK_PENDING_MAX 64u /* requests in flight per disk */

/* The media. All three return false when the host refused; the guest then sees an I/O error. */
struct disk_store {
    void *context;
    uint64_t sector_count;
    bool read_only;
    bool (*read)(void *context, uint64_t sector, void *target, size_t sector_count);
    bool (*write)(void *context, uint64_t sector, const void *source, size_t sector_count);
    bool (*sync)(void *context);
    /* As read, but for who looks from outside: it is no operation of the disk. NULL: nobody counts
     * operations, and read does. */
    bool (*peek)(void *context, uint64_t sector, void *target, size_t sector_count);
};
/* disk_store_peek - read from outside. false: the host refused. */
static inline bool disk_store_peek(const struct disk_store *store, uint64_t sector, void *target,
                                   size_t sector_count)
{
    return (store->peek ? store->peek : store->read)(store->context, sector, target, sector_count);
}

struct disk_request;

/* Who is told, as it happens, of all that changes what a power cut would leave. Each sector write
 * has a number of its own, its order; later ones have larger numbers. */
struct disk_observer {
    void *context;
    /* A write began to be served: its sectors are in the cache, with the orders order, order + 1,
     * ... */
    void (*entered)(void *context, uint64_t order, uint64_t sector, uint32_t sector_count,
                    const uint8_t *data);
    /* The write with this order was moved to the media; what is older of its sector is gone. */
    void (*settled)(void *context, uint64_t order, uint64_t sector);
    /* A write was put in the queue, during the guest's own access to the device. NULL: who cares.
     */
    void (*submitted)(void *context, uint64_t sector, uint32_t sector_count);
    /* A request was put in the queue; it is over. One that was cancelled is not told of again. Both
     * NULL: who cares. */
    void (*begun)(void *context, const struct disk_request *request);
    void (*ended)(void *context, const struct disk_request *request, bool good);
};

enum disk_timing { DISK_TIMING_INSTANT, DISK_TIMING_SSD, DISK_TIMING_HDD };

struct disk_config {
    const struct disk_store *store;
    enum disk_timing timing;
    bool write_through; /* no volatile cache: VIRTIO_BLK_F_FLUSH not offered, writes are durable */
    uint64_t seed;      /* of rotational position and early destaging order */
    char serial[21];    /* answers VIRTIO_BLK_T_GET_ID; NUL-padded */
    const struct disk_observer *observer; /* NULL: none; must outlive the disk */
};

enum disk_op { DISK_READ, DISK_WRITE, DISK_FLUSH };
enum disk_status { DISK_OK, DISK_ERROR };

struct disk_counters {
    uint64_t read_requests, write_requests, flush_requests;
    uint64_t read_bytes, write_bytes;
    uint64_t errors;
    uint64_t busy_ns, seek_ns, transfer_ns; /* virtual */
    uint64_t queue_depth_max;
};

#define DISK_REQUEST_SECTORS_MAX 4096u /* 2 MiB; larger requests end with DISK_ERROR */
#define DISK_CACHE_SECTORS 16384u      /* 8 MiB, as on desktop drives of the 2000s */

struct disk;

struct disk_request {
    enum disk_op op;
    bool durable;          /* DISK_WRITE: on the media before it completes (FUA, write-through) */
    uint32_t tag;          /* the client's name for it, unique among those in flight */
    uint64_t sector;       /* ignored by DISK_FLUSH, as is sector_count */
    uint32_t sector_count; /* 0 is allowed */
};

/* Who sends requests. Called only from disk_submit() and disk_advance(). */
struct disk_client {
    void *context;
    /* Copy size_bytes of a write's data, from offset_bytes on, to target. false: the write fails.
     */
    bool (*fetch)(void *context, uint32_t tag, size_t offset_bytes, void *target,
                  size_t size_bytes);
    /* Copy size_bytes of a read's data, from offset_bytes on, from source. false: the read fails.
     */
    bool (*deliver)(void *context, uint32_t tag, size_t offset_bytes, const void *source,
                    size_t size_bytes);
    /* The request is over; its tag may be used again after this call has returned. */
    void (*done)(void *context, uint32_t tag, enum disk_status status);
};

/* disk_create - make a disk with an empty cache.
 *
 * config, client  copied; config->store must outlive the disk.
 * Owner           the caller, until disk_destroy(), which writes nothing: what is in the cache is
 * lost
 *                 unless disk_flush_now() was called.
 */
struct disk *disk_create(const struct disk_config *config, const struct disk_client *client);
void disk_destroy(struct disk *disk); /* NULL is fine */

/* disk_submit - put a request in the queue, and serve what can be served at now_ns. Fewer than
 * DISK_PENDING_MAX requests may be in flight. */
void disk_submit(struct disk *disk, const struct disk_request *request, uint64_t now_ns);
/* disk_advance - complete what is due at now_ns, begin what can begin. */
void disk_advance(struct disk *disk, uint64_t now_ns);
/* disk_deadline_ns - when disk_advance() is next due; UINT64_MAX: not before another disk_submit().
 */
uint64_t disk_deadline_ns(const struct disk *disk);
/* disk_cancel - forget all requests in flight without calling done(). Writes already begun stay in
 * the cache: a bus reset does not call back what the drive has taken. */
void disk_cancel(struct disk *disk);

/* disk_flush_now - move the whole cache to the media and sync, taking no virtual time (an orderly
 * end of the host program).
 *
 * Returns  false when the host refused; what could not be written stays in the cache.
 */
bool disk_flush_now(struct disk *disk);

/* One sector write that is in the cache, oldest first. */
struct disk_cached_write {
    uint64_t order; /* counts all sector writes of this disk: later writes have larger numbers */
    uint64_t sector;
    bool in_flight; /* its request has not completed */
};

/* disk_power_cut - the power fails: of the cached writes, in order, the media gets what keep()
 * says, and all else that is volatile (cache, queue) is lost.
 *
 * keep     called once a cached write, oldest first; returns how many of its leading bytes reach
 * the
 *          media, 0 (lost) .. DISK_SECTOR_BYTES (whole); between them the sector is torn.
 * Returns  false when the host refused a read or write.
 */
bool disk_power_cut(struct disk *disk,
                    uint32_t (*keep)(void *context, const struct disk_cached_write *write),
                    void *context);

/* disk_counters - figures since the disk was made; they survive resets and are saved. */
struct disk_counters disk_counters(const struct disk *disk);
/* disk_cached_sectors - sector writes in the cache; superseded ones count until they leave it. */
uint32_t disk_cached_sectors(const struct disk *disk);

/* disk_pending_tags - bit n is set when a request with tag n is in flight; all ones when a tag
 * above 63 is. For a client that checks its own state against the disk's after disk_load(). */
uint64_t disk_pending_tags(const struct disk *disk);

/* disk_save, disk_load - all but the media: cache, requests in flight, mechanism, seed state,
 * counters. */
void disk_save(const struct disk *disk, struct byte_writer *writer);
void disk_load(struct disk *disk, struct byte_reader *reader);

#endif
