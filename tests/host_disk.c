/* SPDX-License-Identifier: GPL-2.0-or-later */
/* host_disk.c - disks in memory; see host_disk.h. */
#include "tests/host_disk.h"

#include <stdlib.h>
#include <string.h>

#include "kernel/driver/virtio_block.h"
#include "kernel/limits.h"

struct host_request {
    void *owner;
    unsigned polls; /* left until it is answered */
    bool good;
};

struct host_disk {
    uint8_t *bytes;
    uint64_t block_count;
    bool *unreadable; /* a block each */
    bool read_only, failed;
    struct host_request requests[HOST_DISK_REQUESTS];
    unsigned request_count;
    struct host_disk_counters counters;
};

static struct {
    struct host_disk disks[LIMIT_DISKS];
    unsigned count, requests_max;
} host_disks = {.requests_max = HOST_DISK_REQUESTS};

static struct host_disk *disk_at(unsigned disk)
{
    if (disk >= host_disks.count)
        abort();
    return &host_disks.disks[disk];
}

unsigned host_disk_add(uint8_t *bytes, uint64_t block_count)
{
    unsigned number = host_disks.count++;
    if (number == LIMIT_DISKS)
        abort();
    bool *unreadable = calloc(block_count, sizeof(*unreadable));
    if (!unreadable)
        abort();
    host_disks.disks[number] = (struct host_disk){.bytes = bytes, .block_count = block_count,
                                                  .unreadable = unreadable};
    return number;
}

void host_disk_requests(unsigned count)
{
    if (count == 0 || count > HOST_DISK_REQUESTS)
        abort();
    host_disks.requests_max = count;
}

bool host_disk_busy(void)
{
    for (unsigned i = 0; i < host_disks.count; i++)
        if (host_disks.disks[i].request_count > 0)
            return true;
    return false;
}

void host_disk_read_only(unsigned disk)
{
    disk_at(disk)->read_only = true;
}

void host_disk_fail(unsigned disk)
{
    disk_at(disk)->failed = true;
}

void host_disk_unreadable(unsigned disk, uint64_t block)
{
    if (block >= disk_at(disk)->block_count)
        abort();
    disk_at(disk)->unreadable[block] = true;
}

const struct host_disk_counters *host_disk_counters(unsigned disk)
{
    return &disk_at(disk)->counters;
}

/* virtio_block.h */

unsigned virtio_block_count(void)
{
    return host_disks.count;
}

bool virtio_block_read_only(unsigned disk)
{
    return disk_at(disk)->read_only;
}

uint64_t virtio_block_sectors(unsigned disk)
{
    return disk_at(disk)->block_count * (BLOCK_BYTES / SECTOR_BYTES);
}

unsigned virtio_block_room(unsigned disk, unsigned requests)
{
    return disk_at(disk)->request_count + requests <= host_disks.requests_max ? BLOCK_PIECES_MAX
                                                                              : 0;
}

/* One piece moves. false: the disk cannot do it. */
static bool move(struct host_disk *disk, enum block_op op, uint64_t byte, void *data, uint32_t size)
{
    uint64_t block = byte / BLOCK_BYTES;
    if (disk->failed || block >= disk->block_count || (op == BLOCK_WRITE && disk->read_only))
        return false;
    if (op == BLOCK_READ && disk->unreadable[block])
        return false;
    if (op == BLOCK_READ) {
        memcpy(data, disk->bytes + byte, size);
        disk->counters.read_bytes += size;
    } else {
        memcpy(disk->bytes + byte, data, size);
        disk->unreadable[block] = false;
        disk->counters.write_bytes += size;
    }
    return true;
}

void virtio_block_start(unsigned index, const struct block_request *wanted)
{
    struct host_disk *disk = disk_at(index);
    if (disk->request_count == host_disks.requests_max || wanted->count > BLOCK_PIECES_MAX)
        abort();
    bool good = !disk->failed;
    for (unsigned i = 0; i < wanted->count; i++)
        good &= move(disk, wanted->op, wanted->sector * SECTOR_BYTES + i * wanted->piece_bytes,
                     wanted->pieces[i], wanted->piece_bytes);
    disk->counters.read_requests += wanted->op == BLOCK_READ;
    disk->counters.write_requests += wanted->op == BLOCK_WRITE;
    disk->counters.flushes += wanted->op == BLOCK_FLUSH;
    disk->requests[disk->request_count++] =
        (struct host_request){.owner = wanted->owner, .polls = 1, .good = good};
    if (disk->request_count > disk->counters.depth_max)
        disk->counters.depth_max = disk->request_count;
}

bool virtio_block_finished(unsigned index, void **owner, bool *good)
{
    struct host_disk *disk = disk_at(index);
    if (disk->request_count == 0)
        return false;
    if (disk->requests[0].polls > 0) {
        disk->requests[0].polls--;
        return false;
    }
    *owner = disk->requests[0].owner;
    *good = disk->requests[0].good;
    disk->request_count--;
    memmove(disk->requests, disk->requests + 1, disk->request_count * sizeof(disk->requests[0]));
    return true;
}

bool virtio_block_due(unsigned disk)
{
    (void)disk;
    return false; /* arch_external_pending() says so */
}

void virtio_block_give_up(unsigned disk)
{
    (void)disk;
    abort(); /* these disks always answer */
}
