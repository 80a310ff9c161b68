/* SPDX-License-Identifier: GPL-2.0-or-later */
/* disk_state.h - what a disk consists of: shared by disk.c, which runs it, and disk_state.c, which
 * saves and loads it.
 */
#ifndef LATCHKEY_DEVICES_DISK_STATE_H
#define LATCHKEY_DEVICES_DISK_STATE_H

#include "devices/disk_cache.h"
#include "devices/disk_fault.h"
#include "devices/disk_timing.h"

struct disk_pending {
    struct disk_request request;
    uint64_t arrival_ns;
    bool serving;
    uint64_t finish_ns;   /* while serving */
    bool failed;          /* while serving: ends with DISK_ERROR */
    uint64_t order_first; /* of a write being served: its sectors in the cache have the orders */
    uint64_t order_end;   /* order_first .. order_end - 1 */
};

struct disk {
    struct disk_config config;
    struct disk_client client;
    struct disk_cache cache;
    uint8_t *staging; /* DISK_REQUEST_SECTORS_MAX sectors on their way; no state between calls */
    struct disk_pending pending[DISK_PENDING_MAX]; /* in order of arrival */
    uint32_t pending_count;
    uint32_t serving_count;
    bool flushing;    /* the request being served is a flush */
    bool advancing;   /* inside disk_advance() */
    uint64_t free_ns; /* when a channel last became free */
    struct disk_mechanism mechanism;
    uint64_t random;
    struct disk_counters counters;
    struct disk_faults faults;
};

/* disk_request_is_valid - inside the disk, not too long, and no write to a read-only disk. */
bool disk_request_is_valid(const struct disk *disk, const struct disk_request *request);

#endif
