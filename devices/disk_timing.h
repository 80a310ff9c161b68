/* SPDX-License-Identifier: GPL-2.0-or-later */
/* disk_timing.h - how long a disk takes: three models, and the position of the mechanism.
 *
 * Used by disk.c only. All arithmetic is on integers, so that every host gets the same times.
 */
#ifndef LATCHKEY_DEVICES_DISK_TIMING_H
#define LATCHKEY_DEVICES_DISK_TIMING_H

#include "devices/disk.h"

/* Where the moving parts are. A saved disk has all of it. */
struct disk_mechanism {
    uint64_t phase_ns;     /* rotational position at time 0 */
    uint64_t head_sector;  /* the sector after the one last accessed */
    uint64_t ahead_sector; /* the drive has been reading ahead from here ... */
    uint64_t ahead_ns;     /* ... since this time; DISK_NOT_AHEAD: it is not */
};
#define DISK_NOT_AHEAD UINT64_MAX

struct disk_span {
    uint64_t sector;
    uint32_t sector_count;
};

struct disk_cost {
    uint64_t total_ns;
    uint64_t seek_ns;     /* positioning: arm and rotation */
    uint64_t transfer_ns; /* under the heads, or to and from flash */
};

/* disk_timing_channels - requests that are served at the same time. */
unsigned disk_timing_channels(enum disk_timing timing);
/* disk_timing_sorts - is the queue served by position (elevator) rather than by arrival? */
bool disk_timing_sorts(enum disk_timing timing);

/* disk_timing_start - mechanism at power-on; seed chooses the rotational position. */
void disk_timing_start(struct disk_mechanism *mechanism, uint64_t seed);
/* disk_timing_interface - move sectors between host and drive electronics, with command overhead.
 */
struct disk_cost disk_timing_interface(enum disk_timing timing, uint32_t sector_count);
/* disk_timing_read - read a span from the media, beginning at now_ns, and on to the host. */
struct disk_cost disk_timing_read(enum disk_timing timing, struct disk_mechanism *mechanism,
                                  struct disk_span span, uint64_t now_ns);
/* disk_timing_write - write a span to the media, beginning at now_ns. */
struct disk_cost disk_timing_write(enum disk_timing timing, struct disk_mechanism *mechanism,
                                   struct disk_span span, uint64_t now_ns);
/* disk_timing_barrier - what a flush, or a write that must be durable, waits for after the last
 * write. */
struct disk_cost disk_timing_barrier(enum disk_timing timing, bool anything_written);

#endif
