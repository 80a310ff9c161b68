/* SPDX-License-Identifier: GPL-2.0-or-later */
/* campaign_pending.c - see campaign_pending.h. */
#include "emulator/campaign_pending.h"

#include <assert.h>
#include <stdlib.h>

#include "emulator/base/memory.h"

#define KEY_DISK_SHIFT 56u

static void enter(struct campaign_cached_list *cached, const struct campaign_record *record)
{
    for (uint32_t i = 0; i < record->sector_count; i++) {
        cached->list =
            memory_grow(cached->list, cached->count, &cached->capacity, sizeof(*cached->list));
        cached->list[cached->count++] = (struct campaign_cached){
            .order = record->order + i, .sector = record->sector + i, .request = record->order,
            .first_half = campaign_first_half(i, record->sector_count)};
    }
}

static void settle(struct campaign_cached_list *cached, const struct campaign_record *record)
{
    size_t kept = 0;
    for (size_t i = 0; i < cached->count; i++)
        if (cached->list[i].sector != record->sector || cached->list[i].order > record->order)
            cached->list[kept++] = cached->list[i];
    cached->count = kept;
}

void campaign_pending_follow(struct campaign_pending *pending,
                             const struct campaign_record *record)
{
    assert(record->disk < BOARD_DISK_COUNT_MAX);
    if (record->kind == RECORD_ENTERED)
        enter(&pending->disks[record->disk], record);
    else if (record->kind == RECORD_SETTLED)
        settle(&pending->disks[record->disk], record);
}

void campaign_pending_finish(struct campaign_pending *pending)
{
    for (unsigned disk = 0; disk < BOARD_DISK_COUNT_MAX; disk++)
        free(pending->disks[disk].list);
    *pending = (struct campaign_pending){0};
}

uint64_t campaign_pending_key(unsigned disk, uint64_t order)
{
    assert(order >> KEY_DISK_SHIFT == 0);
    return (uint64_t)disk << KEY_DISK_SHIFT | order;
}

unsigned campaign_pending_few(const struct campaign_pending *pending, bool requests,
                              uint64_t keys[CAMPAIGN_MASK_BITS])
{
    unsigned count = 0;
    for (unsigned disk = 0; disk < BOARD_DISK_COUNT_MAX; disk++) {
        const struct campaign_cached_list *cached = &pending->disks[disk];
        for (size_t i = 0; i < cached->count; i++) {
            if (requests && i > 0 && cached->list[i].request == cached->list[i - 1].request)
                continue;
            if (count == CAMPAIGN_MASK_BITS)
                return CAMPAIGN_MASK_BITS + 1;
            keys[count++] = campaign_pending_key(
                disk, requests ? cached->list[i].request : cached->list[i].order);
        }
    }
    return count;
}
