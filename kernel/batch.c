/* SPDX-License-Identifier: GPL-2.0-or-later */
/* batch.c - see batch.h. */
#include "kernel/batch.h"

#include "kernel/area.h"
#include "kernel/checkpoint.h"
#include "kernel/object.h"

#define BATCHES 4u

static struct batch batches[BATCHES];

static void answered(void *object, bool good)
{
    struct batch *batch = object;
    kassert(batch->answers > 0);
    batch->answers--;
    checkpoint_written(good);
    if (batch->answers > 0 || batch->sent < batch->count)
        return;
    for (unsigned i = 0; i < batch->count; i++)
        if (batch->pages[i])
            object_page_written(batch->pages[i]);
    batch->count = 0;
}

static void send(struct batch *batch)
{
    while (!batch->taken && batch->sent < batch->count) {
        unsigned sent = io_write(RANGE_CKPT_AREA, batch->first_id + batch->sent,
                                 batch->sources + batch->sent, batch->count - batch->sent,
                                 IO_PLEXES, (struct io_owner){answered, batch});
        if (sent == 0)
            return;
        batch->sent += sent;
        batch->answers++;
    }
}

COLD struct batch *batch_take(uint64_t first_id)
{
    for (struct batch *batch = batches; batch < batches + BATCHES; batch++)
        if (!batch->taken && batch->count == 0) {
            batch->taken = true;
            batch->sent = 0;
            batch->first_id = first_id;
            return batch;
        }
    return NULL;
}

void batch_add(struct batch *batch, void *source, struct page_frame *page)
{
    kassert(batch->taken);
    kassert(batch->count < IO_BLOCKS_MAX);
    batch->pages[batch->count] = page;
    batch->sources[batch->count++] = source;
}

void batch_place_page(const struct page_frame *page, struct directory_entry entry)
{
    entry.location = area_take(1);
    entry.checksum_or_calls = object_page_sum(page);
    directory_enter(DIRECTORY_WORKING, &entry);
}

void batch_add_page(struct batch *batch, struct page_frame *page, struct directory_entry entry)
{
    batch_place_page(page, entry);
    batch_add(batch, page->data, page);
}

void batch_go(struct batch *batch)
{
    batch->taken = false;
    send(batch);
}

void batches_send(void)
{
    for (unsigned i = 0; i < BATCHES; i++)
        send(&batches[i]);
}

bool batches_done(void)
{
    for (unsigned i = 0; i < BATCHES; i++)
        if (batches[i].taken || batches[i].count)
            return false;
    return true;
}
