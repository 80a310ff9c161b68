/* SPDX-License-Identifier: GPL-2.0-or-later */
/* snapshot.c - see snapshot.h. Calls machine_state_save() and pack.
 *
 * Invariants
 *  1. A page of the pool is freed with the last snapshot that refers to it; page 0 is the page of
 *     zeros and stays.
 */
#include "emulator/snapshot.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/base/memory.h"
#include "emulator/cpu.h"
#include "emulator/snapshot_state.h"

struct snapshots *snapshots_create(struct machine *machine)
{
    static const uint8_t zeros[PAGE_BYTES];
    struct snapshots *snapshots = memory_zeroed(1, sizeof(*snapshots));
    snapshots->machine = machine;
    snapshots->page_count = cpu_ram_bytes(machine_cpu(machine)) / PAGE_BYTES;
    snapshots->pool = memory_grow(NULL, 0, &snapshots->pool_capacity, sizeof(*snapshots->pool));
    snapshots->pool[0] = (struct page){.hash = hash64(zeros, PAGE_BYTES), .references = 1};
    snapshots->pool_count = 1;
    return snapshots;
}

void snapshots_destroy(struct snapshots *snapshots)
{
    if (!snapshots)
        return;
    assert(snapshots->pool[0].references == 1);
    free(snapshots->pool);
    free(snapshots);
}

uint32_t page_slot(struct snapshots *snapshots)
{
    uint32_t index = snapshots->free;
    if (index != 0) {
        snapshots->free = snapshots->pool[index].next_free;
    } else {
        snapshots->pool = memory_grow(snapshots->pool, snapshots->pool_count,
                                      &snapshots->pool_capacity, sizeof(*snapshots->pool));
        index = (uint32_t)snapshots->pool_count++;
    }
    return index;
}

static uint32_t page_new(struct snapshots *snapshots, uint64_t hash, const uint8_t *data)
{
    uint32_t index = page_slot(snapshots);
    struct page *page = &snapshots->pool[index];
    *page = (struct page){.hash = hash};
    pack_write(&page->packed, data, PAGE_BYTES);
    snapshots->bytes += sizeof(*page) + page->packed.capacity_bytes;
    return index;
}

void page_release(struct snapshots *snapshots, uint32_t index)
{
    struct page *page = &snapshots->pool[index];
    assert(page->references > 0);
    if (--page->references > 0)
        return;
    snapshots->bytes -= sizeof(*page) + page->packed.capacity_bytes;
    writer_finish(&page->packed);
    page->next_free = snapshots->free;
    snapshots->free = index;
}

struct snapshot *snapshot_take(struct snapshots *snapshots, const struct snapshot *like)
{
    const uint8_t *ram = cpu_ram(machine_cpu(snapshots->machine));
    struct snapshot *snapshot = memory_zeroed(
        1, sizeof(*snapshot) + snapshots->page_count * sizeof(snapshot->pages[0]));
    struct byte_writer raw = {0};
    snapshot->position = machine_position(snapshots->machine);
    machine_state_save(snapshots->machine, &raw);
    write_u32(&snapshot->state, (uint32_t)raw.size_bytes);
    pack_write(&snapshot->state, raw.data, raw.size_bytes);
    writer_finish(&raw);
    for (size_t i = 0; i < snapshots->page_count; i++) {
        const uint8_t *data = ram + i * PAGE_BYTES;
        uint64_t hash = hash64(data, PAGE_BYTES);
        uint32_t index = like ? like->pages[i] : 0;
        if (snapshots->pool[index].hash != hash)
            index = hash == snapshots->pool[0].hash ? 0 : page_new(snapshots, hash, data);
        snapshot->pages[i] = index;
        snapshots->pool[index].references++;
    }
    snapshots->bytes += snapshot->state.capacity_bytes +
                        snapshots->page_count * sizeof(snapshot->pages[0]);
    return snapshot;
}

/* Bring RAM back, page by page where it is another. */
static bool ram_restore(struct snapshots *snapshots, const struct snapshot *snapshot,
                        struct error *error)
{
    struct cpu *cpu = machine_cpu(snapshots->machine);
    uint8_t *ram = cpu_ram(cpu);
    for (size_t i = 0; i < snapshots->page_count; i++) {
        const struct page *page = &snapshots->pool[snapshot->pages[i]];
        uint8_t *data = ram + i * PAGE_BYTES;
        if (hash64(data, PAGE_BYTES) == page->hash)
            continue;
        struct byte_reader reader;
        reader_init(&reader, page->packed.data, page->packed.size_bytes);
        if (snapshot->pages[i] == 0)
            memset(data, 0, PAGE_BYTES);
        else if (!pack_read(&reader, data, PAGE_BYTES, error))
            return false;
        cpu_ram_written(cpu, BOARD_RAM_BASE + i * PAGE_BYTES, PAGE_BYTES);
    }
    return true;
}

bool snapshot_restore(struct snapshots *snapshots, const struct snapshot *snapshot,
                      struct error *error)
{
    struct byte_reader reader;
    reader_init(&reader, snapshot->state.data, snapshot->state.size_bytes);
    size_t size_bytes = read_u32(&reader);
    uint8_t *raw = memory_must(malloc(size_bytes));
    bool good = pack_read(&reader, raw, size_bytes, error);
    if (good) {
        reader_init(&reader, raw, size_bytes);
        good = machine_state_rewind(snapshots->machine, &reader, snapshot->position.arrival,
                                    error) &&
               ram_restore(snapshots, snapshot, error);
    }
    free(raw);
    return good;
}

void snapshot_drop(struct snapshots *snapshots, struct snapshot *snapshot)
{
    for (size_t i = 0; i < snapshots->page_count; i++)
        page_release(snapshots, snapshot->pages[i]);
    snapshots->bytes -= snapshot->state.capacity_bytes +
                        snapshots->page_count * sizeof(snapshot->pages[0]);
    writer_finish(&snapshot->state);
    free(snapshot);
}

struct machine_position snapshot_position(const struct snapshot *snapshot)
{
    return snapshot->position;
}

size_t snapshots_bytes(const struct snapshots *snapshots)
{
    return snapshots->bytes;
}
