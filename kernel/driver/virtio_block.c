/* SPDX-License-Identifier: GPL-2.0-or-later */
/* virtio_block.c - one queue a disk, a fixed set of requests. Called by io, volume, driver.
 *
 * States of a request: FREE -> IN_FLIGHT -> FREE when the device has answered; or -> ANSWERED, by
 * this file alone, -> FREE when it has been handed over.
 *
 * Invariants
 *  1. A disk has REQUESTS_MAX requests; three descriptors for each of them always suffice, and a
 *     request with more pieces takes those of others.
 *  2. After a disk failed, none of its requests is IN_FLIGHT: the device was reset first.
 */
#include "kernel/driver/virtio_block.h"

#include "kernel/driver/mmio.h"
#include "kernel/driver/virtio.h"
#include "kernel/limits.h"
#include "kernel/print.h"

#define FEATURE_READ_ONLY (1ull << 5)
#define FEATURE_FLUSH (1ull << 9)
#define CONFIG_CAPACITY 0u
#define PARTS_MIN 3u /* header, piece, status */
#define PARTS_MAX (BLOCK_PIECES_MAX + 2)
#define REQUESTS_MAX (VIRTQUEUE_SIZE / PARTS_MIN)
#define STATUS_GOOD 0u
#define STATUS_UNANSWERED 0xffu

struct request_header {
    uint32_t type, reserved;
    uint64_t sector;
};
enum request_state { REQUEST_FREE, REQUEST_IN_FLIGHT, REQUEST_ANSWERED };
struct request {
    struct request_header header;
    void *owner;
    enum request_state state;
    uint8_t status; /* written by the device, or here */
};
struct disk {
    struct virtqueue queue;
    struct request requests[REQUESTS_MAX];
    uint8_t request_of[VIRTQUEUE_SIZE]; /* index of the request whose chain begins here */
    uint64_t sectors;
    unsigned request_count; /* not FREE */
    unsigned answered;      /* ANSWERED */
    bool flush;             /* it has a volatile cache */
    bool read_only, failed;
};
static_assert(REQUESTS_MAX >= 16, "enough in flight to keep a disk busy");

static unsigned disk_count;
static struct disk disks[LIMIT_DISKS];

bool virtio_block_attach(const struct fdt_device *device)
{
    if (disk_count == LIMIT_DISKS)
        return false;
    struct disk *disk = &disks[disk_count];
    uint64_t agreed =
        virtio_begin(device, FEATURE_FLUSH | FEATURE_READ_ONLY, &disk->queue, PARTS_MIN);
    if (agreed == 0)
        return false;
    disk->flush = agreed & FEATURE_FLUSH;
    disk->read_only = agreed & FEATURE_READ_ONLY;
    const volatile uint8_t *capacity = virtio_config(&disk->queue) + CONFIG_CAPACITY;
    disk->sectors = mmio_read32(capacity) | (uint64_t)mmio_read32(capacity + 4) << 32;
    virtio_ready(&disk->queue);
    disk_count++;
    return true;
}

unsigned virtio_block_count(void)
{
    return disk_count;
}

static struct disk *disk_at(unsigned index)
{
    kassert(index < disk_count);
    return &disks[index];
}

uint64_t virtio_block_sectors(unsigned index)
{
    return disk_at(index)->sectors;
}

bool virtio_block_read_only(unsigned index)
{
    return disk_at(index)->read_only;
}

/* The first request in this state, of which there is one. */
static struct request *request_in(struct disk *disk, enum request_state state)
{
    for (unsigned i = 0; i < REQUESTS_MAX; i++)
        if (disk->requests[i].state == state)
            return &disk->requests[i];
    panic("VBLK-001 requests are counted wrong");
}

/* Answer it here; it is handed over at the next poll, as every other. */
static void answer(struct disk *disk, struct request *request, uint8_t status)
{
    request->state = REQUEST_ANSWERED;
    request->status = status;
    disk->answered++;
}

static void submit(struct disk *disk, struct request *request, const struct block_request *wanted)
{
    struct virtio_part parts[PARTS_MAX] = {{&request->header, sizeof(request->header), false}};
    unsigned count = 1;
    uint16_t head;
    for (unsigned i = 0; i < wanted->count; i++) {
        struct virtio_part *last = &parts[count - 1];
        if (i > 0 && (const uint8_t *)last->data + last->size_bytes == wanted->pieces[i])
            last->size_bytes += wanted->piece_bytes; /* one part: they follow each other */
        else
            parts[count++] = (struct virtio_part){wanted->pieces[i], wanted->piece_bytes,
                                                  wanted->op == BLOCK_READ};
    }
    parts[count++] = (struct virtio_part){&request->status, 1, true};
    if (!virtqueue_add(&disk->queue, parts, count, &head)) {
        answer(disk, request, STATUS_UNANSWERED); /* the queue is broken, and will be noticed */
        return;
    }
    request->state = REQUEST_IN_FLIGHT;
    disk->request_of[head] = (uint8_t)(request - disk->requests);
    virtqueue_notify(&disk->queue);
}

unsigned virtio_block_room(unsigned index, unsigned requests)
{
    const struct disk *disk = disk_at(index);
    if (disk->request_count + requests > REQUESTS_MAX)
        return 0;
    unsigned parts = disk->queue.broken ? PARTS_MAX : disk->queue.free_count / requests;
    if (parts < PARTS_MIN)
        return 0;
    return parts < PARTS_MAX ? parts - 2 : BLOCK_PIECES_MAX;
}

void virtio_block_start(unsigned index, const struct block_request *wanted)
{
    kassert(virtio_block_room(index, 1) > 0);
    kassert(wanted->count <= BLOCK_PIECES_MAX);
    struct disk *disk = disk_at(index);
    struct request *request = request_in(disk, REQUEST_FREE);
    disk->request_count++;
    request->header = (struct request_header){.type = wanted->op, .sector = wanted->sector};
    request->owner = wanted->owner;
    request->status = STATUS_UNANSWERED;
    if (disk->failed || (wanted->op == BLOCK_WRITE && disk->read_only))
        answer(disk, request, STATUS_UNANSWERED);
    else if (wanted->op == BLOCK_FLUSH && !disk->flush)
        answer(disk, request, STATUS_GOOD);
    else
        submit(disk, request, wanted);
}

bool virtio_block_finished(unsigned index, void **owner, bool *good)
{
    struct disk *disk = disk_at(index);
    struct request *request;
    uint16_t head;
    uint32_t length;
    if (virtqueue_take(&disk->queue, &head, &length)) {
        request = &disk->requests[disk->request_of[head]];
        kassert(request->state == REQUEST_IN_FLIGHT);
    } else {
        if (disk->queue.broken)
            virtio_block_give_up(index);
        if (disk->answered == 0)
            return false;
        request = request_in(disk, REQUEST_ANSWERED);
        disk->answered--;
    }
    kassert(disk->request_count > 0);
    disk->request_count--;
    request->state = REQUEST_FREE;
    *owner = request->owner;
    *good = request->status == STATUS_GOOD;
    return true;
}

bool virtio_block_due(unsigned index)
{
    return disk_at(index)->answered > 0;
}

void virtio_block_give_up(unsigned index)
{
    struct disk *disk = disk_at(index);
    if (disk->failed)
        return;
    print_line("disk %u: does not answer as a disk should; given up", index);
    virtio_give_up(&disk->queue);
    disk->failed = true;
    disk->queue.broken = true;
    for (unsigned i = 0; i < REQUESTS_MAX; i++)
        if (disk->requests[i].state == REQUEST_IN_FLIGHT)
            answer(disk, &disk->requests[i], STATUS_UNANSWERED);
}

bool virtio_block_interrupt(uint32_t irq)
{
    for (unsigned i = 0; i < disk_count; i++)
        if (disks[i].queue.irq == irq) {
            if (!virtio_acknowledge(&disks[i].queue))
                virtio_block_give_up(i);
            return true;
        }
    return false;
}
