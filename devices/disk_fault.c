/* SPDX-License-Identifier: GPL-2.0-or-later */
/* disk_fault.c - faults of the media and of the whole disk. Called by disk.c and the machine; calls
 * the media. Invariants: disk_fault.h. */
#include "devices/disk_fault.h"

#include <assert.h>
#include <string.h>

#include "devices/disk_state.h"

#define SECTOR_BITS (DISK_SECTOR_BYTES * 8u)

const char *disk_fault_name(enum disk_fault_kind kind)
{
    static const char *const names[DISK_FAULT_KINDS] = {"unreadable", "flip", "lost",
                                                        "misdirected", "dead"};
    return kind < DISK_FAULT_KINDS ? names[kind] : NULL;
}

static bool fault_is_valid(const struct disk_fault *fault, uint64_t sector_count)
{
    switch (fault->kind) {
    case DISK_FAULT_UNREADABLE:
    case DISK_FAULT_LOST:
        return fault->sector < sector_count;
    case DISK_FAULT_FLIP:
        return fault->sector < sector_count && fault->argument < SECTOR_BITS;
    case DISK_FAULT_MISDIRECTED:
        return fault->sector < sector_count && fault->argument < sector_count;
    case DISK_FAULT_DEAD:
        return true;
    case DISK_FAULT_KINDS:
        break;
    }
    return false;
}

bool disk_fault_add(struct disk *disk, const struct disk_fault *fault)
{
    struct disk_faults *faults = &disk->faults;
    const struct disk_store *store = disk->config.store;
    if (faults->count == DISK_FAULTS_MAX || !fault_is_valid(fault, store->sector_count) ||
        (fault->kind == DISK_FAULT_FLIP && store->read_only))
        return false;
    faults->list[faults->count++] = *fault;
    return true;
}

void disk_faults_clear(struct disk *disk)
{
    disk->faults.count = 0;
    disk->faults.dead = false;
}

static void fault_remove(struct disk_faults *faults, uint32_t index)
{
    assert(index < faults->count);
    faults->count--;
    memmove(&faults->list[index], &faults->list[index + 1],
            (faults->count - index) * sizeof(faults->list[0]));
}

static bool bit_flip(const struct disk_store *store, const struct disk_fault *fault)
{
    uint8_t data[DISK_SECTOR_BYTES];
    if (!store->read(store->context, fault->sector, data, 1))
        return false;
    data[fault->argument / 8] ^= (uint8_t)(1u << fault->argument % 8);
    return store->write(store->context, fault->sector, data, 1);
}

bool disk_faults_due(struct disk *disk, uint64_t now_ns)
{
    struct disk_faults *faults = &disk->faults;
    bool done = true;
    if (faults->now_ns < now_ns)
        faults->now_ns = now_ns;
    for (uint32_t index = 0; index < faults->count;) {
        const struct disk_fault *fault = &faults->list[index];
        bool due = fault->time_ns <= faults->now_ns;
        if (due && fault->kind == DISK_FAULT_DEAD && !faults->dead) {
            faults->dead = true;
            disk_cache_clear(&disk->cache);
        }
        if (due && fault->kind == DISK_FAULT_FLIP) {
            done = bit_flip(disk->config.store, fault) && done;
            fault_remove(faults, index);
        } else {
            index++;
        }
    }
    return done;
}

/* The first fault of the list that acts on a sector now; count: none does. */
static uint32_t fault_find(const struct disk_faults *faults, uint64_t sector)
{
    uint32_t index = 0;
    while (index < faults->count &&
           (faults->list[index].sector != sector || faults->list[index].time_ns > faults->now_ns ||
            faults->list[index].kind == DISK_FAULT_DEAD))
        index++;
    return index;
}

bool disk_sector_readable(const struct disk *disk, uint64_t sector)
{
    const struct disk_faults *faults = &disk->faults;
    for (uint32_t index = 0; index < faults->count; index++)
        if (faults->list[index].kind == DISK_FAULT_UNREADABLE &&
            faults->list[index].sector == sector &&
            faults->list[index].time_ns <= faults->now_ns)
            return false;
    return !faults->dead;
}

/* Does any fault act on the span now? */
static bool span_is_sound(const struct disk_faults *faults, uint64_t sector, uint32_t sector_count)
{
    for (uint32_t index = 0; index < faults->count; index++)
        if (faults->list[index].sector - sector < sector_count)
            return false;
    return true;
}

static bool sector_write(struct disk *disk, uint64_t sector, const uint8_t *source)
{
    const struct disk_store *store = disk->config.store;
    struct disk_faults *faults = &disk->faults;
    uint64_t target = sector;
    for (uint32_t index; (index = fault_find(faults, sector)) < faults->count;) {
        struct disk_fault fault = faults->list[index];
        fault_remove(faults, index);
        if (fault.kind == DISK_FAULT_LOST)
            return true;
        if (fault.kind == DISK_FAULT_MISDIRECTED) {
            target = fault.argument;
            break;
        }
    }
    return store->write(store->context, target, source, 1);
}

bool disk_media_write(struct disk *disk, uint64_t sector, const uint8_t *source,
                      uint32_t sector_count)
{
    const struct disk_store *store = disk->config.store;
    bool done = true;
    if (disk->faults.dead)
        return false;
    if (span_is_sound(&disk->faults, sector, sector_count))
        return store->write(store->context, sector, source, sector_count);
    for (uint32_t index = 0; index < sector_count; index++)
        done = sector_write(disk, sector + index, source + (size_t)index * DISK_SECTOR_BYTES) &&
               done;
    return done;
}

void disk_faults_save(const struct disk_faults *faults, struct byte_writer *writer)
{
    write_u64(writer, faults->now_ns);
    write_u8(writer, faults->dead);
    write_u32(writer, faults->count);
    for (uint32_t index = 0; index < faults->count; index++) {
        const struct disk_fault *fault = &faults->list[index];
        write_u8(writer, (uint8_t)fault->kind);
        write_u64(writer, fault->time_ns);
        write_u64(writer, fault->sector);
        write_u64(writer, fault->argument);
    }
}

void disk_faults_load(struct disk_faults *faults, uint64_t sector_count,
                      struct byte_reader *reader)
{
    faults->now_ns = read_u64(reader);
    uint8_t dead = read_u8(reader);
    uint32_t count = read_u32(reader);
    if (dead > 1 || count > DISK_FAULTS_MAX)
        reader_fail(reader);
    faults->dead = dead == 1;
    faults->count = 0;
    for (uint32_t index = 0; index < count && !reader->failed; index++) {
        struct disk_fault fault = {.kind = DISK_FAULT_KINDS};
        uint8_t kind = read_u8(reader);
        if (kind < DISK_FAULT_KINDS)
            fault.kind = (enum disk_fault_kind)kind;
        fault.time_ns = read_u64(reader);
        fault.sector = read_u64(reader);
        fault.argument = read_u64(reader);
        if (!fault_is_valid(&fault, sector_count))
            reader_fail(reader);
        faults->list[faults->count++] = fault;
    }
}
