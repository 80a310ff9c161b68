/* SPDX-License-Identifier: GPL-2.0-or-later */
/* host_disk.h - disks in memory, in the place of the kernel's block driver, for native tests. A
 * request is answered at the second poll after it was made, so that every fetch really stalls. */
#ifndef LATCHKEY_TESTS_HOST_DISK_H
#define LATCHKEY_TESTS_HOST_DISK_H

#include <stdbool.h>
#include <stdint.h>

#define HOST_DISK_REQUESTS 21u /* that a disk takes at once */

/* host_disk_add - one more disk with these blocks, which must stay. Its number. */
unsigned host_disk_add(uint8_t *bytes, uint64_t block_count);
/* host_disk_requests - so many at once from now on, 1 to HOST_DISK_REQUESTS. */
void host_disk_requests(unsigned count);
/* host_disk_busy - requests are in flight, on all disks. */
bool host_disk_busy(void);
/* host_disk_read_only - a write is answered as bad; host_disk_fail - everything is. */
void host_disk_read_only(unsigned disk);
void host_disk_fail(unsigned disk);
/* host_disk_unreadable - reads of this block are answered as bad, until it is written. */
void host_disk_unreadable(unsigned disk, uint64_t block);

/* What was asked of a disk since power-on. */
struct host_disk_counters {
    uint64_t read_requests, write_requests, flushes;
    uint64_t read_bytes, write_bytes;
    unsigned depth_max; /* requests in flight */
};
const struct host_disk_counters *host_disk_counters(unsigned disk);

#endif
