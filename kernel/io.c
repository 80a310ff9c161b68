/* SPDX-License-Identifier: GPL-2.0-or-later */
/* io.c - block requests to the disks, and handing their answers to the owners. Called by object,
 * pot, volume, restart and sched; calls the block driver. Invariants: io.h. */
#include "kernel/io.h"

#include "devices/board.h"
#include "kernel/arch/arch.h"
#include "kernel/driver/virtio_block.h"
#include "kernel/limits.h"
#include "kernel/object.h"
#include "kernel/pot.h"

#define SECTORS_PER_BLOCK (BLOCK_BYTES / SECTOR_BYTES)

/* How long boot waits for a disk: 30 s of the board's timebase, longer than a drive takes to spin
 * up. */
#define WAIT_TICKS_MAX (30ull * BOARD_TIMEBASE_HZ)

/* A request that boot code waits for. */
struct io_wait {
    volatile bool done;
    bool good;
};

unsigned io_disk_count(void)
{
    return virtio_block_count();
}

uint64_t io_disk_blocks(unsigned disk)
{
    return virtio_block_sectors(disk) / SECTORS_PER_BLOCK;
}

static bool in_range(unsigned disk, uint64_t block)
{
    return disk < io_disk_count() && block < io_disk_blocks(disk);
}

bool io_read(unsigned disk, uint64_t block, void *target, struct io_owner owner)
{
    kassert(in_range(disk, block));
    return virtio_block_start(disk, BLOCK_READ, block * SECTORS_PER_BLOCK, target, BLOCK_BYTES,
                              owner);
}

bool io_write(unsigned disk, uint64_t block, const void *source, struct io_owner owner)
{
    kassert(in_range(disk, block));
    return virtio_block_start(disk, BLOCK_WRITE, block * SECTORS_PER_BLOCK, (void *)source,
                              BLOCK_BYTES, owner);
}

bool io_flush(unsigned disk, struct io_owner owner)
{
    kassert(disk < io_disk_count());
    return virtio_block_start(disk, BLOCK_FLUSH, 0, NULL, 0, owner);
}

static void hand_over(struct io_owner owner, bool good)
{
    struct io_wait *wait;
    switch (owner.kind) {
    case IO_OWNER_PAGE:
        object_page_arrived(owner.object, good);
        return;
    case IO_OWNER_POT:
        pot_arrived(owner.object, good);
        return;
    case IO_OWNER_WAIT:
        wait = owner.object;
        wait->good = good;
        wait->done = true;
        return;
    }
}

unsigned io_poll(void)
{
    unsigned count = 0;
    struct io_owner owner;
    bool good;
    for (unsigned disk = 0; disk < io_disk_count(); disk++)
        for (unsigned i = 0; i < LIMIT_IO_REQUESTS; i++) {
            if (!virtio_block_finished(disk, &owner, &good))
                break;
            hand_over(owner, good);
            count++;
        }
    return count;
}

bool io_read_wait(unsigned disk, uint64_t block, void *target)
{
    struct io_wait wait = {0};
    struct io_owner owner = {.kind = IO_OWNER_WAIT, .object = &wait};
    uint64_t end = arch_time() + WAIT_TICKS_MAX;
    if (!in_range(disk, block))
        return false;
    while (!io_read(disk, block, target, owner))
        (void)io_poll();
    while (!wait.done) {
        if (arch_time() >= end) /* then it is answered, as bad, at the next poll */
            virtio_block_give_up(disk);
        (void)io_poll();
    }
    return wait.good;
}
