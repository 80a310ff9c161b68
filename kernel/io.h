/* SPDX-License-Identifier: GPL-2.0-or-later */
/* io.h - disk requests of the store: the seam between the object cache and the block driver.
 *
 * Who calls names blocks by what they hold (kind and id, as volume.h); which disks that means, what
 * a copy is read from and what happens when one is bad is decided here. Requests are asynchronous;
 * completions are found by io_poll(), which the interrupt path and the idle loop call.
 *
 * Invariants
 *  1. A request is answered exactly once, from io_poll() only.
 *  2. Its buffers, blocks of 4096 bytes at kernel virtual addresses, are the device's until then.
 *  3. A read that was asked for with a check and answered as good passed it. A copy that did not is
 *     rewritten, before the answer, from the one that did.
 *  4. A write that was answered as good reached every copy that is still in step: a disk that could
 *     not take it has left the store (volume_disk_failed()).
 *  5. The stream gets, as if it were one more plex, each area, then its header, and the journal, in
 *     a slot of its own a generation; but for migrate.c nothing else asks whether there is one.
 *     Whatever else is to follow the store (a tape, another machine) is a disk that takes these
 *     writes.
 */
#ifndef LATCHKEY_KERNEL_IO_H
#define LATCHKEY_KERNEL_IO_H

#include "kernel/base.h"
#include "kernel/limits.h"
#include "kernel/volume.h"

/* Who is told; answered NULL: nobody. */
struct io_owner {
    void (*answered)(void *object, bool good);
    void *object;
};

/* How a block that was read is known to be right. */
enum io_check_how {
    IO_CHECK_OWN,   /* its first 8 bytes are the checksum of the rest */
    IO_CHECK_WHOLE, /* the checksum of all of it is known */
};
struct io_check {
    enum io_check_how how;
    uint64_t seed;
    uint64_t checksum; /* of IO_CHECK_WHOLE */
    bool look;  /* of a pot: plex 1, too, and the newer one of them passes */
    bool quiet; /* it may well be that no copy passes: nothing is said then */
};

#define IO_PLEX(plex) (1u << (plex))
#define IO_STREAM IO_PLEX(VOLUME_PLEXES) /* never read: what a checkpoint writes goes there too */
#define IO_PLEXES ((IO_STREAM << 1) - 1)
#define IO_BLOCKS_MAX 62u /* of one request: one at work and one that waits fill a queue */

/* io_read - one block, from either copy. A block that no disk has is answered as bad. false: no
 * request is free; try again after io_poll(). */
MUST_CHECK bool io_read(enum range_kind kind, uint64_t id, void *target,
                        const struct io_check *check, struct io_owner owner);
/* io_read_sector - the first of a block of one plex, unchecked. One that is on no disk, or not in
 * step, is answered as bad. false: as io_read(). */
MUST_CHECK bool io_read_sector(enum range_kind kind, uint64_t id, unsigned plex, void *target,
                               struct io_owner owner);
/* io_read_blocks - blocks that follow each other, from one copy, unchecked: who finds that one of
 * them is wrong asks for it with io_read(). Returns how many, from the first on, are asked for with
 * this request, as they lie together on one disk; 0: try again after io_poll(). */
MUST_CHECK unsigned io_read_blocks(enum range_kind kind, uint64_t first_id, void *const *targets,
                                   unsigned count, struct io_owner owner);
/* io_write - blocks that follow each other, to these plexes (IO_PLEX), or those of them that are in
 * step. Of RANGE_CKPT_HEADER only the first sector is written. Returns as io_read_blocks(). The
 * answer is bad if no copy is left. */
MUST_CHECK unsigned io_write(enum range_kind kind, uint64_t first_id, void *const *sources,
                             unsigned count, unsigned plexes, struct io_owner owner);
/* io_hold - nothing changes the blocks of these ids, first_id <= id < end_id, so that they can be
 * copied: io_write() asks for nothing of them until io_release(). false: of those that were asked
 * for before some are under way; ask again after io_poll(). The copier writes with io_copy(), one
 * plex. */
MUST_CHECK bool io_hold(enum range_kind kind, uint64_t first_id, uint64_t end_id);
MUST_CHECK unsigned io_copy(enum range_kind kind, uint64_t first_id, void *const *sources,
                            unsigned count, unsigned plex, struct io_owner owner);
void io_release(void);
/* io_flush - on all disks: what was answered before is durable when this is answered as good.
 * false: try again after io_poll(). */
MUST_CHECK bool io_flush(struct io_owner owner);

/* io_due - io_poll() has something to do without any interrupt. */
bool io_due(void);
/* io_poll - hand over what the devices have finished. Returns how many. */
unsigned io_poll(void);

/* io_volume_wait - read a block of a disk, and io_read_wait - of the store, and wait for it; only
 * while no domain runs (boot). */
MUST_CHECK bool io_volume_wait(unsigned disk, uint64_t block, void *target);
MUST_CHECK bool io_read_wait(enum range_kind kind, uint64_t id, void *target,
                             const struct io_check *check);

#endif
