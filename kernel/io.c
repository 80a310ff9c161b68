/* SPDX-License-Identifier: GPL-2.0-or-later */
/* io.c - block requests to the disks, and handing their answers to the owners. Called by
 * whoever reads or writes the store, and polled by sched; calls volume and the block driver.
 * Invariants: io.h.
 *
 * States of a request:
 *   a read    FREE -> READ_DUE -> READING -> (copy bad: READ_DUE, of the other) -> (the first was
 *             bad: REPAIR_DUE -> REPAIRING) -> ENDED -> FREE
 *   others    FREE -> MOVING, pending on one disk or more, -> ENDED -> FREE
 * DUE means that the next step waits for room at a disk; io_poll() takes it.
 */
#include "kernel/io.h"

#include "devices/board.h"
#include "kernel/arch/arch.h"
#include "kernel/checkpoint.h"
#include "kernel/driver/virtio_block.h"
#include "kernel/print.h"
#include "kernel/sum.h"

#define NO_PLEX VOLUME_PLEXES

/* How long boot waits for a disk: 30 s of the board's timebase, longer than a drive takes to spin
 * up. */
#define WAIT_TICKS_MAX (30ull * BOARD_TIMEBASE_HZ)

/* A drive with a cache writes it out a little at a time when it is nearly full, and each time waits
 * for the sector to come by. It is told to write 4 MiB at once, before the 8 MiB of a common one
 * are: 17 full requests, which take two turns of 7200 a minute over the cable. So the sector that
 * is next comes by when they are there. */
#define SWEEP_BLOCKS 1054u

enum request_state {
    REQUEST_FREE, REQUEST_READ_DUE, REQUEST_READING, REQUEST_REPAIR_DUE, REQUEST_REPAIRING,
    REQUEST_MOVING, REQUEST_ENDED
};

/* In the order in which they are read. Where plex 1 is looked at first, a plex 0 that is older was
 * lost on its way to the disk, though it may pass its check. (Plex 1 is older while a checkpoint is
 * brought home.) */
enum copy { COPY_LOOK, COPY_PLEX_0, COPY_PLEX_1, COPY_SHADOW };
#define COPY_PLEX(copy) ((copy) == COPY_PLEX_0 ? 0u : 1u) /* of those before COPY_SHADOW */

struct io_request {
    uint8_t state; /* enum request_state */
    uint8_t kind;  /* enum range_kind */
    uint8_t copy;  /* enum copy: being read */
    uint8_t bad_plex; /* that was read and is bad; NO_PLEX: none */
    uint8_t pending; /* disks that have not answered */
    uint8_t disk;    /* the last that was asked */
    uint8_t count;   /* of a write: blocks */
    bool good;
    bool durable;    /* a copy that fails is the end of its disk: a write or flush */
    bool sector;     /* only the first */
    struct io_owner owner;
    struct io_check check;
    uint64_t generation; /* of the pot in plex 1, if that is good */
    uint64_t id;
    void *data;
};
static_assert(IO_BLOCKS_MAX <= BLOCK_PIECES_MAX, "a request is one of the driver's");

/* What has come of a request that boot code waits for. */
enum wait { WAITING, WAS_BAD, WAS_GOOD };

static struct {
    unsigned used; /* not FREE */
    unsigned due;  /* READ_DUE, REPAIR_DUE or ENDED */
    unsigned unswept; /* blocks written since the last flush was asked for */
    bool lost; /* what was answered as written, by a flush that nobody asked for */
    unsigned held_kind; /* enum range_kind, of blocks that are being copied; 0: none */
    uint64_t held_first, held_end;
} io;
static struct io_request requests[LIMIT_IO_REQUESTS];

static struct io_request *request_take(struct io_owner owner)
{
    if (io.used == LIMIT_IO_REQUESTS)
        return NULL;
    struct io_request *request = requests;
    while (request->state != REQUEST_FREE)
        request++;
    io.used++;
    *request = (struct io_request){.state = REQUEST_MOVING, .owner = owner, .bad_plex = NO_PLEX,
                                   .good = true};
    return request;
}

static void due(struct io_request *request, enum request_state state)
{
    request->state = (uint8_t)state;
    io.due++;
}

static void end(struct io_request *request, bool good)
{
    request->good = good;
    due(request, REQUEST_ENDED);
}

/* There is room for it. */
static void start(struct io_request *request, enum block_op op,
                  const struct volume_home *home, void *const *blocks, unsigned count)
{
    bool sector = request->sector || (op == BLOCK_WRITE && request->kind == RANGE_CKPT_HEADER);
    request->pending++;
    request->disk = home->disk;
    virtio_block_start(home->disk, &(struct block_request){
        .op = op, .sector = home->block * SECTORS_PER_BLOCK, .pieces = blocks, .count = count,
        .piece_bytes = sector ? SECTOR_BYTES : BLOCK_BYTES, .owner = request});
}

static bool of_pot(const struct io_request *request)
{
    return request->kind == RANGE_NODES || request->kind == RANGE_PAGE_POTS;
}

/* Where a copy can be read. Any of the shadows may be one. */
static bool copy_find(const struct io_request *request, struct volume_home *home)
{
    if (request->copy == COPY_LOOK && !volume_home(request->kind, request->id, 0, home))
        return false;
    if (request->copy < COPY_SHADOW)
        return volume_home(request->kind, request->id, COPY_PLEX(request->copy), home);
    return of_pot(request) &&
           volume_home_any(RANGE_CKPT_AREA, checkpoint_shadow() + request->copy - COPY_SHADOW,
                           home);
}

/* The next copy that can be read. */
static void read_step(struct io_request *request)
{
    struct volume_home home;
    for (; request->copy < COPY_SHADOW + SHADOW_BLOCKS; request->copy++) {
        if (!copy_find(request, &home))
            continue;
        if (virtio_block_room(home.disk, 1) == 0) {
            due(request, REQUEST_READ_DUE);
            return;
        }
        request->state = REQUEST_READING;
        start(request, BLOCK_READ, &home, &request->data, 1);
        return;
    }
    if (request->bad_plex != NO_PLEX && !request->check.quiet)
        print_line("store: %s %lu: no copy is good", volume_kind_name(request->kind), request->id);
    end(request, false);
}

/* Rewrite the copy that was bad; the disk may have left meanwhile. */
static void repair_step(struct io_request *request)
{
    struct volume_home home;
    if (!volume_home(request->kind, request->id, request->bad_plex, &home)) {
        end(request, true);
    } else if (virtio_block_room(home.disk, 1) == 0) {
        due(request, REQUEST_REPAIR_DUE);
    } else {
        request->state = REQUEST_REPAIRING;
        start(request, BLOCK_WRITE, &home, &request->data, 1);
    }
}

static bool passes(const struct io_request *request)
{
    const struct io_check *check = &request->check;
    if (check->how == IO_CHECK_WHOLE)
        return sum_of(request->data, BLOCK_BYTES, check->seed) == check->checksum;
    const uint64_t *words = request->data; /* its checksum, and the generation of a pot */
    uint64_t generation = checkpoint_facts.generation;
    if (request->kind == RANGE_CKPT_AREA)
        generation = checkpoint_generation_of(request->id);
    else if (request->copy < COPY_SHADOW)
        generation = words[1];
    return sum_after_own(words, BLOCK_BYTES, check->seed) == words[0] && words[1] == generation &&
           (request->copy != COPY_PLEX_0 || words[1] >= request->generation);
}

/* A disk has answered. A write or flush that it could not do is good if what the disk holds is in
 * step on others, where the same request is made: the disk leaves. */
static void answered(unsigned disk, struct io_request *request, bool good)
{
    kassert(request->pending > 0);
    if (!good && request->durable)
        good = volume_disk_failed(disk);
    request->pending--;
    if (request->state == REQUEST_READING) {
        good = good && passes(request);
        if (request->copy == COPY_LOOK && good) {
            request->generation = ((const uint64_t *)request->data)[1];
            request->copy = COPY_PLEX_0;
            read_step(request);
            return;
        }
        if (good) {
            if (request->bad_plex != NO_PLEX)
                repair_step(request);
            else
                end(request, true);
            return;
        }
        if (request->copy < COPY_SHADOW)
            request->bad_plex = (uint8_t)COPY_PLEX(request->copy);
        request->copy++;
        read_step(request);
        return;
    }
    if (request->state == REQUEST_REPAIRING) {
        print_line("store: %s %lu: copy %u was bad; %s", volume_kind_name(request->kind),
                   request->id, (unsigned)request->bad_plex,
                   good ? "rewritten from the other" : "it cannot be written");
        if (!good)
            volume_disk_failed(request->disk);
        end(request, true);
        return;
    }
    kassert(request->state == REQUEST_MOVING);
    request->good &= good;
    if (request->pending == 0)
        end(request, request->good);
}

static void read_begin(struct io_request *request, enum range_kind kind, uint64_t id,
                       void *target, const struct io_check *check)
{
    request->kind = (uint8_t)kind;
    request->id = id;
    request->data = target;
    request->check = *check;
    request->copy = check->look ? COPY_LOOK : COPY_PLEX_0;
    read_step(request);
}

bool io_read(enum range_kind kind, uint64_t id, void *target, const struct io_check *check,
             struct io_owner owner)
{
    struct io_request *request = request_take(owner);
    if (request)
        read_begin(request, kind, id, target, check);
    return request != NULL;
}

bool io_read_sector(enum range_kind kind, uint64_t id, unsigned plex, void *target,
                    struct io_owner owner)
{
    struct volume_home home;
    bool there = volume_home(kind, id, plex, &home);
    bool room = !there || virtio_block_room(home.disk, 1) > 0;
    struct io_request *request = room ? request_take(owner) : NULL;
    if (!request)
        return false;
    request->sector = true;
    if (there)
        start(request, BLOCK_READ, &home, &target, 1);
    else
        end(request, false);
    return true;
}

/* How many of so many blocks to ask a disk for in each of so many requests. Rather than a part of
 * them it is asked later, unless nothing is under way: then there will never be more room. */
static unsigned room_for(unsigned disk, unsigned each, unsigned count)
{
    unsigned room = virtio_block_room(disk, each);
    if (room >= count)
        return count;
    return io.used == 0 ? room : 0;
}

unsigned io_read_blocks(enum range_kind kind, uint64_t first_id, void *const *targets,
                        unsigned count, struct io_owner owner)
{
    struct volume_home home;
    bool there = volume_home_any(kind, first_id, &home);
    if (there)
        count = room_for(home.disk, 1, (unsigned)least(count, home.run));
    struct io_request *request = count ? request_take(owner) : NULL;
    if (!request)
        return 0;
    if (there)
        start(request, BLOCK_READ, &home, targets, count);
    else
        end(request, false);
    return count;
}

/* Is one of the blocks held? */
static bool held(enum range_kind kind, uint64_t first_id, unsigned count)
{
    return kind == io.held_kind && first_id < io.held_end &&
           first_id + count * range_objects_per_block((uint8_t)kind) > io.held_first;
}

static unsigned write_begin(enum range_kind kind, uint64_t first_id, void *const *sources,
                            unsigned count, unsigned plexes, struct io_owner owner)
{
    struct volume_home homes[VOLUME_PLEXES + 1], home;
    unsigned home_count = 0;
    bool mounted = false;
    /* A copy that is being made is written each time: it may have been made from the other plex
     * after this one was written, and before that. */
    for (unsigned plex = 0; plex < VOLUME_PLEXES; plex++)
        if (volume_home_written(kind, first_id, plex, &homes[home_count])) {
            mounted = true;
            home_count += plexes >> plex & 1 || !volume_home(kind, first_id, plex, &home);
        }
    unsigned each = home_count == 2 && homes[0].disk == homes[1].disk ? 2 : 1;
    count = (unsigned)least(count, volume_run(kind, first_id));
    if (plexes & IO_STREAM) {
        const struct ckpt_header *header = sources[0];
        uint64_t generation = kind == RANGE_CKPT_HEADER ? header->generation
                                                        : checkpoint_generation_of(first_id);
        home_count += volume_stream(kind, first_id, count, generation, &homes[home_count]);
    }
    for (unsigned i = 0; i < home_count; i++)
        count = room_for(homes[i].disk, each, count);
    struct io_request *request = count ? request_take(owner) : NULL;
    if (!request)
        return 0;
    request->durable = true;
    request->kind = (uint8_t)kind;
    request->id = first_id;
    request->count = (uint8_t)count;
    for (unsigned i = 0; i < home_count; i++)
        start(request, BLOCK_WRITE, &homes[i], sources, count);
    if (home_count == 0)
        end(request, mounted);
    return count;
}

static void swept(void *object, bool good)
{
    (void)object;
    io.lost |= !good;
}

unsigned io_write(enum range_kind kind, uint64_t first_id, void *const *sources, unsigned count,
                  unsigned plexes, struct io_owner owner)
{
    if (held(kind, first_id, count))
        return 0;
    if (io.unswept >= SWEEP_BLOCKS && !io_flush((struct io_owner){swept, NULL}))
        return 0;
    count = write_begin(kind, first_id, sources, count, plexes, owner);
    io.unswept += count;
    return count;
}

bool io_hold(enum range_kind kind, uint64_t first_id, uint64_t end_id)
{
    io.held_kind = kind;
    io.held_first = first_id;
    io.held_end = end_id;
    for (unsigned i = 0; i < LIMIT_IO_REQUESTS; i++) {
        const struct io_request *request = &requests[i];
        if (request->state != REQUEST_FREE && held(request->kind, request->id, request->count))
            return false;
    }
    return true;
}

unsigned io_copy(enum range_kind kind, uint64_t first_id, void *const *sources, unsigned count,
                 unsigned plex, struct io_owner owner)
{
    kassert(held(kind, first_id, count));
    return write_begin(kind, first_id, sources, count, IO_PLEX(plex), owner);
}

void io_release(void)
{
    kassert(io.held_kind != 0);
    io.held_kind = 0;
}

bool io_flush(struct io_owner owner)
{
    for (unsigned disk = 0; disk < virtio_block_count(); disk++)
        if (volume_disk_used(disk) && virtio_block_room(disk, 1) == 0)
            return false;
    struct io_request *request = request_take(owner);
    if (!request)
        return false;
    request->durable = true;
    io.unswept = 0;
    request->good = !io.lost;
    for (uint8_t disk = 0; disk < virtio_block_count(); disk++)
        if (volume_disk_used(disk))
            start(request, BLOCK_FLUSH, &(struct volume_home){.disk = disk}, NULL, 0);
    if (request->pending == 0)
        end(request, false);
    return true;
}

static unsigned due_steps(void)
{
    unsigned count = 0;
    for (unsigned i = 0; i < LIMIT_IO_REQUESTS && io.due > 0; i++) {
        struct io_request *request = &requests[i];
        if (request->state == REQUEST_READ_DUE || request->state == REQUEST_REPAIR_DUE) {
            io.due--;
            if (request->state == REQUEST_READ_DUE)
                read_step(request);
            else
                repair_step(request);
        } else if (request->state == REQUEST_ENDED) {
            io.due--;
            io.used--;
            request->state = REQUEST_FREE;
            if (request->owner.answered)
                request->owner.answered(request->owner.object, request->good);
            count++;
        }
    }
    return count;
}

unsigned io_poll(void)
{
    void *request;
    bool good;
    for (unsigned disk = 0; disk < virtio_block_count(); disk++)
        while (virtio_block_finished(disk, &request, &good))
            answered(disk, request, good);
    return io.due ? due_steps() : 0;
}

bool io_due(void)
{
    for (unsigned disk = 0; disk < virtio_block_count(); disk++)
        if (virtio_block_due(disk))
            return true;
    return io.due > 0;
}

static void wait_over(void *object, bool good)
{
    *(enum wait *)object = good ? WAS_GOOD : WAS_BAD;
}

static bool wait_for(const struct io_request *request, const volatile enum wait *wait)
{
    uint64_t end = arch_time() + WAIT_TICKS_MAX;
    while (*wait == WAITING) {
        if (arch_time() >= end) { /* then it is answered, as bad, at the next poll */
            virtio_block_give_up(request->disk);
            end += WAIT_TICKS_MAX;
        }
        (void)io_poll();
    }
    return *wait == WAS_GOOD;
}

bool io_volume_wait(unsigned disk, uint64_t block, void *target)
{
    if (disk >= virtio_block_count() || block >= virtio_block_sectors(disk) / SECTORS_PER_BLOCK)
        return false;
    enum wait wait = WAITING;
    struct io_request *request = request_take((struct io_owner){wait_over, &wait});
    kassert(request != NULL); /* boot has one, and at most one of each module that begins */
    start(request, BLOCK_READ, &(struct volume_home){.disk = (uint8_t)disk, .block = block},
          &target, 1);
    return wait_for(request, &wait);
}

bool io_read_wait(enum range_kind kind, uint64_t id, void *target,
                  const struct io_check *check)
{
    enum wait wait = WAITING;
    struct io_request *request = request_take((struct io_owner){wait_over, &wait});
    kassert(request != NULL); /* boot has one, and at most one of each module that begins */
    read_begin(request, kind, id, target, check);
    return wait_for(request, &wait);
}
