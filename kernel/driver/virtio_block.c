/* SPDX-License-Identifier: GPL-2.0-or-later */
/* virtio_block.c - one queue a disk, a fixed set of requests. Called by io.c.
 *
 * Invariants
 *  1. requests[head] belongs to the chain whose first descriptor is head, from start to finish.
 *  2. At most REQUESTS_MAX requests are in flight on a disk, so three descriptors each always
 *     suffice.
 */
#include "kernel/driver/virtio_block.h"

#include "kernel/arch/arch.h"
#include "kernel/driver/virtio.h"
#include "kernel/limits.h"

#define FEATURE_FLUSH (1ull << 9)
#define REQUESTS_MAX (VIRTQUEUE_SIZE / 3)

struct request_header {
    uint32_t type, reserved;
    uint64_t sector;
};
struct request {
    struct request_header header;
    struct io_owner owner;
    uint8_t status; /* written by the device: 0 good */
};
struct disk {
    struct virtqueue queue;
    struct request requests[VIRTQUEUE_SIZE]; /* by head descriptor */
    volatile uint8_t *registers;
    uint64_t sectors;
    uint32_t irq;
    unsigned in_flight;
    bool flush; /* it has a volatile cache */
};

static struct {
    struct disk disks[LIMIT_DISKS];
    unsigned count;
} block;

bool virtio_block_attach(const struct fdt_device *device)
{
    if (block.count == LIMIT_DISKS)
        return false;
    struct disk *disk = &block.disks[block.count];
    disk->registers = arch_physical_to_virtual(device->base);
    disk->irq = device->irq;
    uint64_t agreed = virtio_begin(disk->registers, FEATURE_FLUSH);
    if (agreed == 0 || !virtio_queue(disk->registers, 0, &disk->queue))
        return false;
    disk->flush = agreed & FEATURE_FLUSH;
    disk->sectors = virtio_config64(disk->registers, 0);
    virtio_ready(disk->registers);
    block.count++;
    return true;
}

unsigned virtio_block_count(void)
{
    return block.count;
}

uint64_t virtio_block_sectors(unsigned disk)
{
    kassert(disk < block.count);
    return block.disks[disk].sectors;
}

bool virtio_block_start(unsigned index, enum block_op op, uint64_t sector, void *data,
                        uint32_t size_bytes, struct io_owner owner)
{
    kassert(index < block.count);
    struct disk *disk = &block.disks[index];
    if (disk->in_flight == REQUESTS_MAX || disk->queue.free_count < 3)
        return false;
    struct request *request = &disk->requests[disk->queue.free_first];
    request->header = (struct request_header){.type = op, .sector = sector};
    request->owner = owner;
    request->status = 0xff;
    struct virtio_part parts[3] = {{&request->header, sizeof(request->header), false}};
    unsigned count = 1;
    if (op != BLOCK_FLUSH)
        parts[count++] = (struct virtio_part){data, size_bytes, op == BLOCK_READ};
    parts[count++] = (struct virtio_part){&request->status, 1, true};
    uint16_t head;
    if (!virtqueue_add(&disk->queue, parts, count, &head))
        return false;
    kassert(request == &disk->requests[head]);
    disk->in_flight++;
    virtqueue_notify(&disk->queue);
    return true;
}

bool virtio_block_finished(unsigned index, struct io_owner *owner, bool *good)
{
    kassert(index < block.count);
    struct disk *disk = &block.disks[index];
    uint16_t head;
    uint32_t length;
    if (!virtqueue_take(&disk->queue, &head, &length))
        return false;
    kassert(disk->in_flight > 0);
    disk->in_flight--;
    *owner = disk->requests[head].owner;
    *good = disk->requests[head].status == 0;
    return true;
}

bool virtio_block_interrupt(uint32_t irq)
{
    for (unsigned i = 0; i < block.count; i++)
        if (block.disks[i].irq == irq) {
            (void)virtio_interrupt_acknowledge(block.disks[i].registers);
            return true;
        }
    return false;
}
