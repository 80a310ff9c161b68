/* SPDX-License-Identifier: GPL-2.0-or-later */
/* virtio_block.h - disks: asynchronous block requests over virtio. Source: VIRTIO 1.2, section 5.2.
 */
#ifndef LATCHKEY_KERNEL_VIRTIO_BLOCK_H
#define LATCHKEY_KERNEL_VIRTIO_BLOCK_H

#include "disks/format.h"
#include "kernel/driver/fdt.h"

#define SECTORS_PER_BLOCK (BLOCK_BYTES / SECTOR_BYTES)

enum block_op { BLOCK_READ = 0, BLOCK_WRITE = 1, BLOCK_FLUSH = 4 }; /* VIRTIO_BLK_T_* */

/* virtio_block_attach - take a device as the next disk. false: it cannot be used. */
MUST_CHECK bool virtio_block_attach(const struct fdt_device *device);
/* virtio_block_count - disks taken. virtio_block_sectors - size of one in sectors of 512 bytes. */
unsigned virtio_block_count(void);
uint64_t virtio_block_sectors(unsigned disk);
/* virtio_block_read_only - it cannot be written. */
bool virtio_block_read_only(unsigned disk);

#define BLOCK_PIECES_MAX 62u /* in one request */

struct block_request {
    enum block_op op;
    uint64_t sector;
    void *const *pieces; /* of memory, which follow each other on the disk; none for BLOCK_FLUSH */
    unsigned count;
    uint32_t piece_bytes;
    void *owner; /* any pointer: virtio_block_finished() says it */
};

/* virtio_block_room - the most pieces that each of so many requests to this disk, 1 or 2, may have
 * now; 0: too much is in flight. */
unsigned virtio_block_room(unsigned disk, unsigned requests);
/* virtio_block_start - queue a request for which there is room. What the disk cannot do (a write to
 * a read-only disk, anything on one that failed) is answered as bad; a flush of a disk without a
 * volatile cache, as good. */
void virtio_block_start(unsigned disk, const struct block_request *wanted);
/* virtio_block_finished - the next answered request of a disk. false: none. */
MUST_CHECK bool virtio_block_finished(unsigned disk, void **owner, bool *good);
/* virtio_block_due - virtio_block_finished() has something that no interrupt announces. */
bool virtio_block_due(unsigned disk);
/* virtio_block_interrupt - acknowledge, if the irq belongs to a disk. */
bool virtio_block_interrupt(uint32_t irq);
/* virtio_block_give_up - reset the disk; everything in flight and to come is answered as bad. */
void virtio_block_give_up(unsigned disk);

#endif
