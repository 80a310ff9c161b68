/* SPDX-License-Identifier: GPL-2.0-or-later */
/* batch.h - blocks that are gathered one by one and written to an area as one request, a few of
 * them at a time: two disks, one request being written and one waiting for each.
 *
 * Who calls: checkpoint.c, listing.c and pageout.c. Whom it calls: io, area, directory, object
 * for pages that were written, and checkpoint if one was not.
 *
 * Invariants
 *  1. A batch is one's who took it until batch_go(); then it is the disk's, until all of it is
 *     written.
 *  2. A page in a batch is frozen, and being written (object.h).
 */
#ifndef LATCHKEY_KERNEL_BATCH_H
#define LATCHKEY_KERNEL_BATCH_H

#include "kernel/directory.h"
#include "kernel/io.h"

struct page_frame;

struct batch {
    uint64_t first_id;
    unsigned count, sent, answers; /* blocks; answers that are still to come */
    bool taken;                    /* it is being filled */
    void *sources[IO_BLOCKS_MAX];
    struct page_frame *pages[IO_BLOCKS_MAX]; /* NULL: not a page */
};

/* batch_take - an empty one, whose first block goes to this area id; NULL: all are under way. */
struct batch *batch_take(uint64_t first_id);
/* batch_add - another block for it, which has room; page: that it is, or NULL. */
void batch_add(struct batch *batch, void *source, struct page_frame *page);
/* batch_place_page - the next free block of the current area is a page's, which its entry, made by
 * object_page_entry(), says in the directory from now on. batch_add_page - and it is the next block
 * of the batch. */
void batch_place_page(const struct page_frame *page, struct directory_entry entry);
void batch_add_page(struct batch *batch, struct page_frame *page, struct directory_entry entry);
/* batch_go - write it, if there is anything in it. */
void batch_go(struct batch *batch);
/* batches_send - ask for what was not asked for yet, as far as there is room. */
void batches_send(void);
/* batches_done - none is taken or under way. */
bool batches_done(void);

#endif
