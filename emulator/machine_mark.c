/* SPDX-License-Identifier: GPL-2.0-or-later */
/* machine_mark.c - hashes of a machine's parts. Called by whoever records or verifies; calls cpu,
 * the devices' save and pack. */
#include "emulator/machine_mark.h"

#include <assert.h>
#include <stdio.h>

#include "emulator/machine_state.h"

static_assert(MARK_PARTS_BEFORE_RAM == 2 + BOARD_REGION_COUNT, "every device is a part");

uint32_t mark_parts(uint64_t ram_bytes)
{
    return MARK_PARTS_BEFORE_RAM + (uint32_t)(ram_bytes / MARK_RAM_BYTES);
}

/* Hash what was written, and begin again. */
static uint64_t part_end(struct byte_writer *writer)
{
    uint64_t hash = hash64(writer->data, writer->size_bytes);
    writer->size_bytes = 0;
    return hash;
}

static void machine_write(const struct machine *machine, struct byte_writer *writer)
{
    write_u64(writer, machine->timer_cycle);
    write_u64(writer, machine->generation);
    write_u32(writer, machine->phase);
    write_u8(writer, machine->ended);
    write_u32(writer, machine->ended ? (uint32_t)machine->end.reason : 0);
    write_u32(writer, machine->ended ? (uint32_t)machine->end.code : 0);
    for (unsigned i = 0; i < machine->config.disk_count; i++)
        write_u64(writer, machine->media[i].history);
    input_queue_save(&machine->inputs, writer);
}

void machine_mark(struct machine *machine, uint64_t *hashes)
{
    struct byte_writer writer = {0};
    const uint8_t *ram = cpu_ram(machine->cpu);
    cpu_save(machine->cpu, &writer);
    *hashes++ = part_end(&writer);
    machine_write(machine, &writer);
    *hashes++ = part_end(&writer);
    for (unsigned i = 0; i < BOARD_REGION_COUNT; i++) {
        board_regions[i].ops->save(machine->bus.states[i], &writer);
        *hashes++ = part_end(&writer);
    }
    writer_finish(&writer);
    for (uint64_t at = 0; at < machine->config.ram_bytes; at += MARK_RAM_BYTES)
        *hashes++ = hash64(ram + at, MARK_RAM_BYTES);
}

uint64_t machine_glance(struct machine *machine)
{
    struct byte_writer writer = {0};
    cpu_save(machine->cpu, &writer);
    uint64_t hash = part_end(&writer);
    writer_finish(&writer);
    return hash;
}

void mark_name(uint32_t part, char name[MARK_NAME_BYTES])
{
    if (part == 0)
        (void)snprintf(name, MARK_NAME_BYTES, "the hart");
    else if (part == 1)
        (void)snprintf(name, MARK_NAME_BYTES, "timer, phase, media or waiting input");
    else if (part < MARK_PARTS_BEFORE_RAM)
        (void)snprintf(name, MARK_NAME_BYTES, "%s", board_regions[part - 2].name);
    else
        (void)snprintf(name, MARK_NAME_BYTES, "RAM at 0x%llx",
                       (unsigned long long)BOARD_RAM_BASE +
                           (uint64_t)(part - MARK_PARTS_BEFORE_RAM) * MARK_RAM_BYTES);
}
