/* SPDX-License-Identifier: GPL-2.0-or-later */
/* snapshot_state.h - struct snapshots itself. Private to snapshot.c (in memory) and snapshot_save.c
 * (as bytes). */
#ifndef LATCHKEY_EMULATOR_SNAPSHOT_STATE_H
#define LATCHKEY_EMULATOR_SNAPSHOT_STATE_H

#include "emulator/snapshot.h"

#define PAGE_BYTES 4096u

struct page {
    uint64_t hash;
    struct byte_writer packed;
    uint32_t references, next_free;
};

struct snapshots {
    struct machine *machine;
    size_t page_count; /* of RAM */
    struct page *pool;
    size_t pool_count, pool_capacity;
    uint32_t free; /* 0: none */
    size_t bytes;
};

struct snapshot {
    struct machine_position position;
    struct byte_writer state; /* u32 raw bytes, packed */
    uint32_t pages[];         /* in the pool, of each page of RAM */
};

/* page_slot - one of the pool that is not used; it may move the pool. page_release - one reference
 * less. */
uint32_t page_slot(struct snapshots *snapshots);
void page_release(struct snapshots *snapshots, uint32_t index);

#endif
