/* SPDX-License-Identifier: GPL-2.0-or-later */
/* listing.c - see listing.h. A few blocks are filled, and written as one request for each copy. */
#include "kernel/listing.h"

#include "disks/checksum.h"
#include "kernel/batch.h"
#include "kernel/checkpoint.h"
#include "kernel/directory.h"
#include "kernel/sum.h"

#define BUFFERS 4u /* blocks written at a time, in both copies */

static struct {
    const struct ckpt_header *header;
    struct batch *copies[2]; /* being filled; NULL: none are */
    uint32_t place;          /* of the next entry, in the order */
    uint32_t sequence;       /* of the next block */
} listing;
static struct directory_block buffers[2][BUFFERS] __attribute__((aligned(16)));

void listing_begin(const struct ckpt_header *header)
{
    listing.header = header;
    listing.place = listing.sequence = 0;
}

/* The next block of both copies, which differ in where they go on. */
static void blocks_fill(unsigned at)
{
    struct directory_block *first = &buffers[0][at];
    const struct directory_entry *entry;
    memset(first, 0, sizeof(*first));
    first->generation = listing.header->generation;
    first->sequence = listing.sequence++;
    while (first->entry_count < DIRECTORY_ENTRIES &&
           (entry = directory_ordered(listing.place)) != NULL) {
        first->entries[first->entry_count++] = *entry;
        listing.place++;
    }
    buffers[1][at] = *first;
    for (unsigned copy = 0; copy < 2; copy++) {
        struct directory_block *block = &buffers[copy][at];
        if (listing.sequence < listing.header->directory_blocks)
            block->next_block = listing.header->directory_block[copy] + listing.sequence;
        block->checksum = sum_after_own(block, BLOCK_BYTES,
                                        checksum_seed(CHECKSUM_DIRECTORY, block->generation));
        batch_add(listing.copies[copy], block, NULL);
    }
}

bool listing_write(void)
{
    struct batch **copies = listing.copies;
    if (!copies[0]) {
        if (!batches_done())
            return false;
        if (listing.sequence == listing.header->directory_blocks)
            return true;
        for (unsigned copy = 0; copy < 2; copy++)
            copies[copy] = batch_take(listing.header->directory_block[copy] + listing.sequence);
    }
    while (copies[0]->count < BUFFERS && listing.sequence < listing.header->directory_blocks) {
        if (checkpoint_time_is_up())
            return false;
        blocks_fill(copies[0]->count);
    }
    for (unsigned copy = 0; copy < 2; copy++) {
        batch_go(copies[copy]);
        copies[copy] = NULL;
    }
    return false;
}
