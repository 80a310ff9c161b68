/* SPDX-License-Identifier: GPL-2.0-or-later */
/* virtio_block.h - disks: asynchronous block requests over virtio. Source: VIRTIO 1.2, section 5.2.
 */
#ifndef LATCHKEY_KERNEL_VIRTIO_BLOCK_H
#define LATCHKEY_KERNEL_VIRTIO_BLOCK_H

#include "kernel/driver/fdt.h"
#include "kernel/io.h"

enum block_op { BLOCK_READ = 0, BLOCK_WRITE = 1, BLOCK_FLUSH = 4 }; /* VIRTIO_BLK_T_* */

/* virtio_block_attach - take a device as the next disk. false: it cannot be used. */
MUST_CHECK bool virtio_block_attach(const struct fdt_device *device);
/* virtio_block_count - disks taken. virtio_block_sectors - size of one in sectors of 512 bytes. */
unsigned virtio_block_count(void);
uint64_t virtio_block_sectors(unsigned disk);

/* virtio_block_start - queue a request. data is ignored for BLOCK_FLUSH. false: too many are in
 * flight. What the disk cannot do (a write to a read-only disk, anything on one that failed) is
 * answered as bad; a flush of a disk without a volatile cache, as good. */
MUST_CHECK bool virtio_block_start(unsigned disk, enum block_op op, uint64_t sector, void *data,
                                   uint32_t size_bytes, struct io_owner owner);
/* virtio_block_finished - the next answered request of a disk. false: none. */
MUST_CHECK bool virtio_block_finished(unsigned disk, struct io_owner *owner, bool *good);
/* virtio_block_interrupt - acknowledge, if the irq belongs to a disk. */
bool virtio_block_interrupt(uint32_t irq);
/* virtio_block_give_up - reset the disk; everything in flight and to come is answered as bad. */
void virtio_block_give_up(unsigned disk);

#endif
