/* SPDX-License-Identifier: GPL-2.0-or-later */
/* disk.h - a disk: durable media, a volatile write cache, and a timing model.
 *
 * Called by virtio_block.c (requests) and by the machine (power cut, counters, save and load).
 * Calls the media through struct disk_store; the host file behind it is emulator/disk_file.c.
 *
 * Invariants
 *  1. A completed write is in the cache or on the media; FLUSH moves the whole cache to the media and
 *     then calls sync; FUA and write-through writes reach the media before they complete.
 *  2. The sector of 512 bytes is the unit of atomicity.
 *  3. Completion times are virtual, and a function of the requests, the model and the seed only.
 *  4. Media content changes only through disk_write paths above and disk_power_cut().
 */
#ifndef LATCHKEY_DEVICES_DISK_H
#define LATCHKEY_DEVICES_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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
};

enum disk_timing { DISK_TIMING_INSTANT, DISK_TIMING_SSD, DISK_TIMING_HDD };

struct disk_config {
    const struct disk_store *store;
    enum disk_timing timing;
    bool write_through; /* no volatile cache: VIRTIO_BLK_F_FLUSH not offered, writes are durable */
    uint64_t seed;      /* of rotational position and early destaging order */
    char serial[21];    /* answers VIRTIO_BLK_T_GET_ID; NUL-padded */
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

#endif
