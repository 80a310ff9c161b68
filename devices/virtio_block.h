/* SPDX-License-Identifier: GPL-2.0-or-later */
/* virtio_block.h - VIRTIO 1.2 section 5.2: the block device in front of a struct disk (disk.h).
 *
 * emulator/machine.c gives it a struct disk_config and asks for the disk behind it.
 */
#ifndef LATCHKEY_DEVICES_VIRTIO_BLOCK_H
#define LATCHKEY_DEVICES_VIRTIO_BLOCK_H

#include "devices/device.h"
#include "devices/disk.h"

struct virtio_block; /* the state block of virtio_block_ops */

extern const struct device_ops virtio_block_ops; /* init wants a struct disk_config, or NULL */

/* virtio_block_disk - the disk behind the device, for counters, flush and power cut; NULL if the
 * slot is empty. */
struct disk *virtio_block_disk(struct virtio_block *block);

#endif
