/* SPDX-License-Identifier: GPL-2.0-or-later */
/* machine_save.c - the whole machine to bytes and back, and its digest. Called through machine.h;
 * calls cpu, bus, watch and the input queue.
 *
 * A saved machine: magic "LKMACHIN", u32 version; u64 hash of the configuration (config_hash());
 * the machine's own fields, with the history of each disk's media; cpu; bus; input queue; then RAM
 * in packed blocks of 1 MiB, blocks of zeros left out (u32 index each, UINT32_MAX at the end). The
 * digest covers the same sections, with RAM as it lies.
 *
 * Invariants
 *  1. A load either takes everything or reports failure; after a failed load the machine must be
 *     destroyed.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/base/memory.h"
#include "emulator/machine_state.h"

#define SAVE_VERSION 3u
#define RAM_BLOCK_BYTES (1u << 20)
#define RAM_PAGE_BYTES 4096u

/* Why it does not run. */
enum save_end { SAVE_RUNS, SAVE_POWER_OFF, SAVE_RESET, SAVE_POWER_CUT, SAVE_END_COUNT };
static const enum machine_stop_reason end_reasons[SAVE_END_COUNT] = {
    [SAVE_POWER_OFF] = MACHINE_STOP_POWER_OFF,
    [SAVE_RESET] = MACHINE_STOP_RESET,
    [SAVE_POWER_CUT] = MACHINE_STOP_POWER_CUT,
};

static const uint8_t save_magic[8] = {'L', 'K', 'M', 'A', 'C', 'H', 'I', 'N'};

/* All of the configuration that the state refers to. What only shaped RAM at power-on (kernel,
 * arguments) is in RAM; how the engine counts and stores (step_mode, ...) changes nothing. */
static uint64_t config_hash(const struct machine *machine)
{
    const struct machine_config *config = &machine->config;
    struct byte_writer writer = {0};
    write_u64(&writer, config->ram_bytes);
    write_u64(&writer, machine->clock_hz);
    write_u64(&writer, config->seed);
    write_u32(&writer, config->display_width);
    write_u32(&writer, config->display_height);
    for (unsigned i = 0; i < config->disk_count; i++) {
        write_u64(&writer, machine->media[i].store.sector_count);
        write_u32(&writer, (uint32_t)config->disks[i].timing);
        write_u8(&writer, config->disks[i].write_through);
        write_u8(&writer, config->disks[i].read_only);
    }
    if (config->timing != TIMING_INSN)
        write_u8(&writer, (uint8_t)config->timing);
    uint64_t hash = hash64(writer.data, writer.size_bytes);
    writer_finish(&writer);
    return hash;
}

static void end_save(const struct machine *machine, struct byte_writer *writer)
{
    uint32_t end = SAVE_RUNS;
    if (machine->ended)
        for (end = SAVE_POWER_OFF; end_reasons[end] != machine->end.reason;)
            end++;
    write_u32(writer, end);
    write_u32(writer, machine->ended ? (uint32_t)machine->end.code : 0);
}

/* Everything but RAM. */
static void state_save(const struct machine *machine, struct byte_writer *writer)
{
    write_bytes(writer, save_magic, sizeof(save_magic));
    write_u32(writer, SAVE_VERSION);
    write_u64(writer, config_hash(machine));
    write_u64(writer, machine->timer_cycle);
    write_u64(writer, machine->generation);
    write_u32(writer, machine->phase);
    end_save(machine, writer);
    for (unsigned i = 0; i < machine->config.disk_count; i++)
        write_u64(writer, machine->media[i].history);
    cpu_save(machine->cpu, writer);
    bus_save(&machine->bus, writer);
    input_queue_save(&machine->inputs, writer);
}

static void end_load(struct machine *machine, struct byte_reader *reader)
{
    uint32_t end = read_u32(reader);
    if (end >= SAVE_END_COUNT) {
        reader_fail(reader);
        end = SAVE_RUNS;
    }
    machine->ended = end != SAVE_RUNS;
    machine->end.reason = end_reasons[end];
    machine->end.code = (int)read_u32(reader);
}

static bool state_load(struct machine *machine, struct byte_reader *reader, bool same_engine,
                       struct error *error)
{
    uint8_t magic[8];
    read_bytes(reader, magic, sizeof(magic));
    if (memcmp(magic, save_magic, sizeof(magic)) != 0)
        return error_set(error, ERROR_FORMAT, "saved machine: not one");
    if (read_u32(reader) != SAVE_VERSION)
        return error_set(error, ERROR_FORMAT, "saved machine: of another version");
    if (read_u64(reader) != config_hash(machine))
        return error_set(error, ERROR_FORMAT, "saved machine: of another configuration");
    machine->timer_cycle = read_u64(reader);
    machine->generation = read_u64(reader);
    machine->phase = read_u32(reader);
    end_load(machine, reader);
    for (unsigned i = 0; i < machine->config.disk_count; i++)
        machine->media[i].history = read_u64(reader);
    if (machine->phase >= TRACE_PHASE_COUNT)
        reader_fail(reader);
    if (!reader->failed && same_engine)
        cpu_rewind(machine->cpu, reader);
    else if (!reader->failed)
        cpu_load(machine->cpu, reader);
    if (!reader->failed)
        bus_load(&machine->bus, reader);
    if (!reader->failed)
        input_queue_load(&machine->inputs, reader);
    return !reader->failed || error_set(error, ERROR_FORMAT, "saved machine: malformed");
}

static bool all_zero(const uint8_t *data, size_t size_bytes)
{
    return data[0] == 0 && memcmp(data, data + 1, size_bytes - 1) == 0;
}

void machine_ram_clear(struct machine *machine, uint64_t offset, uint64_t size_bytes)
{
    uint8_t *ram = cpu_ram(machine->cpu);
    assert(offset % RAM_BLOCK_BYTES == 0);
    assert(size_bytes % RAM_BLOCK_BYTES == 0);
    assert(offset + size_bytes <= machine->config.ram_bytes);
    for (uint64_t at = offset; at < offset + size_bytes; at += RAM_BLOCK_BYTES)
        if (!all_zero(ram + at, RAM_BLOCK_BYTES))
            memset(ram + at, 0, RAM_BLOCK_BYTES);
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
        machine_ram_clear(machine, next * RAM_BLOCK_BYTES, (present - next) * RAM_BLOCK_BYTES);
        if (index == UINT32_MAX)
            return true;
        if (!pack_read(reader, ram + present * RAM_BLOCK_BYTES, RAM_BLOCK_BYTES, error))
            return false;
        next = present + 1;
    }
}

bool machine_load(struct machine *machine, struct byte_reader *reader, struct error *error)
{
    if (!state_load(machine, reader, false, error) || !ram_load(machine, reader, error))
        return false;
    watch_forget(&machine->watch);
    cpu_ram_written(machine->cpu, BOARD_RAM_BASE, machine->config.ram_bytes);
    machine_deadline_renew(machine);
    return true;
}

/* Where old and new differ, code is translated again. */
static void ram_compare(struct machine *machine, const uint8_t *old)
{
    const uint8_t *ram = cpu_ram(machine->cpu);
    for (uint64_t at = 0; at < machine->config.ram_bytes; at += RAM_PAGE_BYTES)
        if (memcmp(ram + at, old + at, RAM_PAGE_BYTES) != 0)
            cpu_ram_written(machine->cpu, BOARD_RAM_BASE + at, RAM_PAGE_BYTES);
}

void machine_state_save(struct machine *machine, struct byte_writer *writer)
{
    state_save(machine, writer);
}

bool machine_state_rewind(struct machine *machine, struct byte_reader *reader,
                          enum machine_arrival arrival, struct error *error)
{
    if (!state_load(machine, reader, true, error))
        return false;
    machine->arrival = arrival;
    watch_forget(&machine->watch);
    machine_deadline_renew(machine);
    return true;
}

bool machine_rewind(struct machine *machine, struct byte_reader *reader, struct error *error)
{
    uint8_t *old = memory_must(malloc(machine->config.ram_bytes));
    memcpy(old, cpu_ram(machine->cpu), machine->config.ram_bytes);
    bool good = state_load(machine, reader, true, error) && ram_load(machine, reader, error);
    if (good) {
        watch_forget(&machine->watch);
        ram_compare(machine, old);
        machine_deadline_renew(machine);
    }
    free(old);
    return good;
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
