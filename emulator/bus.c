/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bus.c - routes accesses to devices and drives all of them together. Called by machine.c; calls
 * the devices through struct device_ops.
 *
 * Invariants
 *  1. An access that crosses the end of a region, or meets none, is an access fault.
 *  2. Devices are made, reset, ticked and saved in the order of board_regions[].
 */
#include "emulator/bus.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/base/memory.h"

void bus_init(struct bus *bus, const struct device_env *env,
              const void *const configs[BOARD_REGION_COUNT])
{
    *bus = (struct bus){0};
    for (unsigned i = 0; i < BOARD_REGION_COUNT; i++) {
        const struct device_ops *ops = board_regions[i].ops;
        bus->envs[i] = *env;
        bus->envs[i].irq = board_regions[i].irq;
        bus->states[i] = memory_zeroed(1, ops->state_bytes);
        ops->init(bus->states[i], &bus->envs[i], configs[i]);
    }
}

void bus_finish(struct bus *bus)
{
    for (unsigned i = 0; i < BOARD_REGION_COUNT; i++) {
        if (bus->states[i] && board_regions[i].ops->finish)
            board_regions[i].ops->finish(bus->states[i]);
        free(bus->states[i]);
        bus->states[i] = NULL;
    }
}

void bus_reset(struct bus *bus)
{
    for (unsigned i = 0; i < BOARD_REGION_COUNT; i++)
        board_regions[i].ops->reset(bus->states[i]);
}

static bool region_holds(unsigned index, uint64_t addr, unsigned size_bytes)
{
    const struct board_region *region = &board_regions[index];
    return addr >= region->base && addr - region->base <= region->size_bytes - size_bytes;
}

/* The region that holds the access; BOARD_REGION_COUNT: none. */
static unsigned region_find(struct bus *bus, uint64_t addr, unsigned size_bytes)
{
    assert(addr % size_bytes == 0);
    if (region_holds(bus->last, addr, size_bytes))
        return bus->last;
    for (unsigned i = 0; i < BOARD_REGION_COUNT; i++)
        if (region_holds(i, addr, size_bytes)) {
            bus->last = i;
            return i;
        }
    return BOARD_REGION_COUNT;
}

bool bus_read(struct bus *bus, uint64_t addr, unsigned size_bytes, uint64_t *value)
{
    unsigned index = region_find(bus, addr, size_bytes);
    if (index == BOARD_REGION_COUNT)
        return false;
    const struct board_region *region = &board_regions[index];
    return region->ops->read(bus->states[index], addr - region->base, size_bytes, value);
}

bool bus_write(struct bus *bus, uint64_t addr, unsigned size_bytes, uint64_t value)
{
    unsigned index = region_find(bus, addr, size_bytes);
    if (index == BOARD_REGION_COUNT)
        return false;
    const struct board_region *region = &board_regions[index];
    return region->ops->write(bus->states[index], addr - region->base, size_bytes, value);
}

static uint64_t device_deadline_ns(const struct bus *bus, unsigned index)
{
    const struct device_ops *ops = board_regions[index].ops;
    return ops->deadline_ns ? ops->deadline_ns(bus->states[index]) : DEVICE_NEVER;
}

uint64_t bus_deadline_ns(const struct bus *bus)
{
    uint64_t first = DEVICE_NEVER;
    for (unsigned i = 0; i < BOARD_REGION_COUNT; i++) {
        uint64_t deadline = device_deadline_ns(bus, i);
        if (deadline < first)
            first = deadline;
    }
    return first;
}

void bus_tick(struct bus *bus, uint64_t now_ns)
{
    for (unsigned i = 0; i < BOARD_REGION_COUNT; i++)
        if (device_deadline_ns(bus, i) <= now_ns)
            board_regions[i].ops->tick(bus->states[i]);
}

void bus_save(const struct bus *bus, struct byte_writer *writer)
{
    for (unsigned i = 0; i < BOARD_REGION_COUNT; i++) {
        struct byte_writer section = {0};
        board_regions[i].ops->save(bus->states[i], &section);
        write_string(writer, board_regions[i].name);
        write_u64(writer, section.size_bytes);
        write_bytes(writer, section.data, section.size_bytes);
        writer_finish(&section);
    }
}

void bus_load(struct bus *bus, struct byte_reader *reader)
{
    for (unsigned i = 0; i < BOARD_REGION_COUNT && !reader->failed; i++) {
        char name[32];
        struct byte_reader section;
        read_string(reader, name, sizeof(name));
        uint64_t size_bytes = read_u64(reader);
        if (reader->failed || strcmp(name, board_regions[i].name) != 0 ||
            size_bytes > reader_left(reader)) {
            reader_fail(reader);
            return;
        }
        reader_init(&section, reader->data + reader->offset, size_bytes);
        board_regions[i].ops->load(bus->states[i], &section);
        if (section.failed || reader_left(&section) > 0)
            reader_fail(reader);
        reader->offset += size_bytes;
    }
}
