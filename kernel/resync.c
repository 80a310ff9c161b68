/* SPDX-License-Identifier: GPL-2.0-or-later */
/* resync.c - range by range, a few blocks at a time, in the order of the disk. Invariants:
 * resync.h.
 *
 *   IDLE -> READ (once no write is under way) -> WRITE -> ADVANCE -> READ, ... of the next blocks
 *   or range -> FLUSH (all ranges are copied) -> END -> IDLE
 * What a state asks for is answered before the next one's turn.
 *
 * When blocks cannot be read, they are asked for one by one; what is written for one that still
 * cannot passes no check. Where too many cannot, or one cannot be written, nothing gets in step.
 */
#include "kernel/resync.h"

#include "kernel/io.h"
#include "kernel/object.h"
#include "kernel/print.h"
#include "kernel/volume.h"

#define RESYNC_BLOCKS 8u /* at a time; a store at work hardly notices */
/* More is a disk that dies: what it held is on no other yet, so it is not to be written over. */
#define RESYNC_LOST_MAX 16u

enum state { IDLE, READ, WRITE, ADVANCE, FLUSH, END };

static struct {
    enum state state;
    unsigned range;    /* being copied */
    uint64_t next_id;  /* of it */
    unsigned count;    /* blocks on their way */
    bool asked, good; /* a request is under way; else: the last was answered as good */
    bool failed;      /* something could not be written */
    unsigned single;  /* so many blocks are read one at a time: one of them cannot be read */
    unsigned lost;    /* blocks that no disk can read */
    struct page_frame *frames[RESYNC_BLOCKS]; /* lent while it goes on */
} resync;

static void one_answered(void *object, bool good)
{
    (void)object;
    resync.asked = false;
    resync.good = good;
}

static const struct io_owner resync_owner = {one_answered, NULL};

static void range_begin(unsigned index)
{
    uint8_t disk;
    const struct volume_range *range = NULL;
    while ((range = volume_range_at(index, &disk)) != NULL &&
           (!volume_copying(index) || range->object_count == 0))
        index++;
    resync.range = index;
    resync.state = range ? READ : FLUSH;
    resync.next_id = range ? range->first_id : 0;
}

void resync_begin(void)
{
    unsigned count = volume_copy_begin();
    if (count == 0)
        return;
    print_line("store: %u ranges are not in step; their other copies are copied", count);
    for (unsigned i = 0; i < RESYNC_BLOCKS; i++)
        resync.frames[i] = object_page_lend();
    range_begin(0);
}

static uint64_t range_end(const struct volume_range *range)
{
    return range->first_id + range->object_count;
}

/* Nobody writes the next blocks from now on. */
static bool hold(const struct volume_range *range)
{
    uint64_t left = range_end(range) - resync.next_id;
    uint64_t per_block = range_objects_per_block(range->kind);
    unsigned most = resync.single > 0 ? 1 : RESYNC_BLOCKS;
    resync.count = (unsigned)least(groups_of(per_block, left), most);
    return io_hold(range->kind, resync.next_id, resync.next_id + resync.count * per_block);
}

/* Ask for the blocks to be read, or written. false: there is no room. */
static bool move(const struct volume_range *range)
{
    void *blocks[RESYNC_BLOCKS];
    for (unsigned i = 0; i < RESYNC_BLOCKS; i++)
        blocks[i] = resync.frames[i]->data;
    unsigned count = resync.state == READ
                         ? io_read_blocks(range->kind, resync.next_id, blocks, resync.count,
                                          resync_owner)
                         : io_copy(range->kind, resync.next_id, blocks, resync.count, range->plex,
                                   resync_owner);
    if (count == 0)
        return false;
    resync.count = count;
    resync.asked = true;
    return true;
}

/* Blocks were read, but not all of them. true: they are to be written all the same. */
static bool some_lost(const struct volume_range *range)
{
    if (resync.count == 1) {
        print_line("store: %s %lu: it cannot be copied; no copy is good",
                   volume_kind_name(range->kind), resync.next_id);
        if (++resync.lost <= RESYNC_LOST_MAX) {
            memset(resync.frames[0]->data, 0, BLOCK_BYTES);
            return true;
        }
        resync.failed = true;
    }
    io_release();
    resync.single = RESYNC_BLOCKS;
    resync.state = resync.failed ? FLUSH : READ;
    return false;
}

/* So many blocks are copied. */
static void advance(const struct volume_range *range)
{
    io_release();
    resync.failed |= !resync.good;
    if (resync.single > 0)
        resync.single--;
    resync.next_id += resync.count * range_objects_per_block(range->kind);
    resync.state = READ;
    if (resync.next_id >= range_end(range))
        range_begin(resync.range + 1);
}

static void finish(void)
{
    bool good = resync.good && !resync.failed; /* also the flush */
    print_line("store: %u ranges were brought in step", good ? volume_copy_end() : 0);
    for (unsigned i = 0; i < RESYNC_BLOCKS; i++)
        resync.frames[i]->pinned--;
    resync.state = IDLE;
}

/* One step. false: something must be waited for, or nothing is to be done. */
static bool step(void)
{
    uint8_t disk;
    const struct volume_range *range = volume_range_at(resync.range, &disk);
    if (resync.asked)
        return false;
    switch (resync.state) {
    case READ:
        if (!hold(range))
            return false;
        if (!move(range)) {
            io_release();
            return false;
        }
        break;
    case WRITE:
        if (!resync.good && !some_lost(range))
            return true;
        if (!move(range))
            return false;
        break;
    case ADVANCE:
        advance(range);
        return true;
    case FLUSH:
        resync.asked = io_flush(resync_owner);
        if (!resync.asked)
            return false;
        break;
    case END:
        finish();
        return false;
    case IDLE:
        return false;
    }
    resync.state++;
    return true;
}

void resync_step(void)
{
    while (step())
        continue;
}
