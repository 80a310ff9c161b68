/* SPDX-License-Identifier: GPL-2.0-or-later */
/* machine_save.c - the whole machine to bytes and back, and its digest. Called through machine.h;
 * calls cpu, bus and the input queue.
 *
 * A saved machine: magic "LKMACHIN", u32 version, u64 RAM bytes, u64 clock, u64 seed, u32 disks;
 * the machine's own fields; cpu; bus; input queue; then RAM in packed blocks of 1 MiB, blocks of
 * zeros left out (u32 index each, UINT32_MAX at the end). The digest covers the same sections, with
 * RAM as it lies.
 *
 * Invariants
 *  1. A load either takes everything or reports failure; after a failed load the machine must be
 *     destroyed.
 */
#include <assert.h>
#include <string.h>

#include "emulator/machine_state.h"

#define SAVE_VERSION 1u
#define RAM_BLOCK_BYTES (1u << 20)

static const uint8_t save_magic[8] = {'L', 'K', 'M', 'A', 'C', 'H', 'I', 'N'};

/* Everything but RAM. */
static void state_save(const struct machine *machine, struct byte_writer *writer)
{
    write_bytes(writer, save_magic, sizeof(save_magic));
    write_u32(writer, SAVE_VERSION);
    write_u64(writer, machine->config.ram_bytes);
    write_u64(writer, machine->clock_hz);
    write_u64(writer, machine->config.seed);
    write_u32(writer, machine->config.disk_count);
    write_u64(writer, machine->timer_cycle);
    write_u64(writer, machine->generation);
    write_u32(writer, machine->phase);
    cpu_save(machine->cpu, writer);
    bus_save(&machine->bus, writer);
    input_queue_save(&machine->inputs, writer);
}

static bool state_load(struct machine *machine, struct byte_reader *reader)
{
    uint8_t magic[8];
    read_bytes(reader, magic, sizeof(magic));
    if (memcmp(magic, save_magic, sizeof(magic)) != 0 || read_u32(reader) != SAVE_VERSION ||
        read_u64(reader) != machine->config.ram_bytes || read_u64(reader) != machine->clock_hz ||
        read_u64(reader) != machine->config.seed ||
        read_u32(reader) != machine->config.disk_count)
        return false;
    machine->timer_cycle = read_u64(reader);
    machine->generation = read_u64(reader);
    machine->phase = read_u32(reader);
    cpu_load(machine->cpu, reader);
    if (!reader->failed)
        bus_load(&machine->bus, reader);
    if (!reader->failed)
        input_queue_load(&machine->inputs, reader);
    return !reader->failed && machine->phase < TRACE_PHASE_COUNT;
}

static bool all_zero(const uint8_t *data, size_t size_bytes)
{
    return data[0] == 0 && memcmp(data, data + 1, size_bytes - 1) == 0;
}

void machine_save(struct machine *machine, struct byte_writer *writer)
{
    const uint8_t *ram = cpu_ram(machine->cpu);
    uint64_t blocks = machine->config.ram_bytes / RAM_BLOCK_BYTES;
    state_save(machine, writer);
    for (uint64_t i = 0; i < blocks; i++) {
        if (all_zero(ram + i * RAM_BLOCK_BYTES, RAM_BLOCK_BYTES))
            continue;
        write_u32(writer, (uint32_t)i);
        pack_write(writer, ram + i * RAM_BLOCK_BYTES, RAM_BLOCK_BYTES);
    }
    write_u32(writer, UINT32_MAX);
}

static bool ram_load(struct machine *machine, struct byte_reader *reader, struct error *error)
{
    uint8_t *ram = cpu_ram(machine->cpu);
    uint64_t blocks = machine->config.ram_bytes / RAM_BLOCK_BYTES, next = 0;
    for (;;) {
        uint32_t index = read_u32(reader);
        uint64_t present = index == UINT32_MAX ? blocks : index;
        if (reader->failed || present < next || (index != UINT32_MAX && index >= blocks))
            return error_set(error, ERROR_FORMAT, "saved machine: its RAM is malformed");
        memset(ram + next * RAM_BLOCK_BYTES, 0, (present - next) * RAM_BLOCK_BYTES);
        if (index == UINT32_MAX)
            return true;
        if (!pack_read(reader, ram + present * RAM_BLOCK_BYTES, RAM_BLOCK_BYTES, error))
            return false;
        next = present + 1;
    }
}

bool machine_load(struct machine *machine, struct byte_reader *reader, struct error *error)
{
    if (!state_load(machine, reader))
        return error_set(error, ERROR_FORMAT,
                         "saved machine: malformed, or of another configuration");
    if (!ram_load(machine, reader, error))
        return false;
    cpu_ram_written(machine->cpu, BOARD_RAM_BASE, machine->config.ram_bytes);
    machine_deadline_renew(machine);
    return true;
}

struct digest machine_digest(struct machine *machine)
{
    struct byte_writer writer = {0};
    struct digest_state *state = digest_create();
    state_save(machine, &writer);
    digest_add(state, writer.data, writer.size_bytes);
    digest_add(state, cpu_ram(machine->cpu), machine->config.ram_bytes);
    writer_finish(&writer);
    return digest_end(state);
}
