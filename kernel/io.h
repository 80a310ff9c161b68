/* SPDX-License-Identifier: GPL-2.0-or-later */
/* io.h - disk requests of the store: the seam between the object cache and the block driver.
 *
 * Requests are whole blocks of 4096 bytes at kernel virtual addresses, asynchronous; completions
 * are found by io_poll(), which the interrupt path and the idle loop call, and handed to the owner.
 *
 * Invariants
 *  1. A request is answered exactly once, never from inside io_read() or io_write().
 *  2. The buffer belongs to the device until then.
 */
#ifndef LATCHKEY_KERNEL_IO_H
#define LATCHKEY_KERNEL_IO_H

#include "kernel/base.h"

enum io_owner_kind { IO_OWNER_PAGE, IO_OWNER_POT, IO_OWNER_WAIT };

struct io_owner {
    enum io_owner_kind kind;
    void *object; /* struct page_frame, struct pot, or struct io_wait */
};

/* io_disk_count - disks that were found at boot. */
unsigned io_disk_count(void);
/* io_disk_blocks - size of a disk in whole blocks. */
uint64_t io_disk_blocks(unsigned disk);
/* io_read, io_write - queue a request. false: no request is free; try again after io_poll(). */
MUST_CHECK bool io_read(unsigned disk, uint64_t block, void *target, struct io_owner owner);
MUST_CHECK bool io_write(unsigned disk, uint64_t block, const void *source, struct io_owner owner);
/* io_flush - queue a barrier: everything answered before it is durable when it is answered. */
MUST_CHECK bool io_flush(unsigned disk, struct io_owner owner);
/* io_poll - hand over what the devices have finished. Returns how many. */
unsigned io_poll(void);
/* io_read_wait - read one block and wait for it; only while no domain runs (boot). */
MUST_CHECK bool io_read_wait(unsigned disk, uint64_t block, void *target);

#endif
