/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cpu_save.c - the hart's state as bytes, and a fresh engine with the same state.
 *
 * Called by machine_save.c (cpu_save, cpu_load) and by cpu_run(); calls cpu_engine.c and bytes.h.
 *
 * Invariants
 *  1. What is saved is architecture and position only, nothing of the engine: equal runs save equal
 *     bytes in every mode, whenever the engine was recycled.
 *  2. cpu_load() takes nothing on trust: values that a hart cannot hold fail the reader.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/cpu_state.h"

#define SAVE_MAGIC 0x7570636cu /* "lcpu" */
#define SAVE_VERSION 1u
#define MSTATUS_GUEST                                                                              \
    (MSTATUS_SIE | MSTATUS_SPIE | MSTATUS_SPP | MSTATUS_FS | MSTATUS_SUM | MSTATUS_MXR | MSTATUS_SD)

static void fresh_engine_failed(struct cpu *cpu, const struct error *error)
{
    (void)memcpy(cpu->fault_text, error->text, sizeof(cpu->fault_text));
    cpu->request = REQUEST_FAULT;
}

/* A new engine at reset, with nothing translated. */
static bool fresh_engine(struct cpu *cpu, struct error *error)
{
    engine_close(cpu);
    store_path_forget(&cpu->store_path);
    count_finish(cpu);
    count_init(cpu);
    return engine_open(cpu, error);
}

bool cpu_recycle(struct cpu *cpu, struct error *error)
{
    assert(!cpu->running);
    assert(!cpu->current);
    assert(!cpu->exit_point.armed);
    uint64_t fcsr = engine_fcsr_get(cpu);
    size_t size_bytes = cpu->layout.word_count * sizeof(uint64_t);
    uint64_t *words = malloc(size_bytes);
    if (!words)
        return error_set(error, ERROR_IO, "cpu: out of memory");
    memcpy(words, cpu->engine.words, size_bytes);
    bool opened = fresh_engine(cpu, error);
    if (opened) {
        /* From x1 on: what lies before belongs to the engine. */
        unsigned first = cpu->layout.x1;
        memcpy(cpu->engine.words + first, words + first, size_bytes - first * sizeof(uint64_t));
        cpu->engine.dirty = true;
        engine_fcsr_set(cpu, fcsr);
    }
    free(words);
    cpu->facts.recycles++;
    cpu->recycled_at = cpu_count(cpu);
    return opened;
}

/* The same engine at reset, with all that it has translated. false: it keeps its TLB. */
static bool engine_again(struct cpu *cpu)
{
    assert(!cpu->exit_point.armed);
    if (cpu->request == REQUEST_FAULT || !engine_tlb_flush(cpu))
        return false;
    unsigned first = cpu->layout.x1; /* what lies before belongs to the engine */
    engine_load(cpu);
    memcpy(cpu->engine.words + first, cpu->engine.reset_words + first,
           (cpu->layout.word_count - first) * sizeof(uint64_t));
    cpu->engine.dirty = true;
    engine_fcsr_set(cpu, 0);
    return true;
}

static void position_reset(struct cpu *cpu)
{
    assert(!cpu->running);
    time_reset(cpu);
    cpu->current = NULL;
    cpu->exit_point = (struct exit_point){.kind = EXIT_NONE};
    cpu->waiting = cpu->stop_asked = cpu->irq_watch = false;
    cpu->debug.skip = cpu->debug.pending = false;
    cpu->boundary = true;
}

static bool reset(struct cpu *cpu)
{
    struct error error;
    position_reset(cpu);
    if (fresh_engine(cpu, &error))
        return true;
    fresh_engine_failed(cpu, &error);
    return false;
}

void cpu_reset(struct cpu *cpu, uint64_t pc, uint64_t a0, uint64_t a1)
{
    assert(cpu);
    profile_stop(cpu);
    if (!reset(cpu))
        return;
    cpu_word_set(cpu, cpu->layout.pc, pc);
    cpu_x_put(cpu, 10, a0);
    cpu_x_put(cpu, 11, a1);
    profile_start(cpu);
}

/* The words that are saved as they are. */
static void plain_words(const struct cpu *cpu, unsigned index[8])
{
    const struct engine_layout *layout = &cpu->layout;
    const unsigned plain[8] = {layout->pc,        layout->stvec,     layout->sscratch,
                               layout->sepc,      layout->scause,    layout->stval,
                               layout->load_addr, layout->load_value};
    memcpy(index, plain, sizeof(plain));
}

void cpu_save(struct cpu *cpu, struct byte_writer *writer)
{
    assert(!cpu->running);
    assert(!cpu->current);
    unsigned plain[8];
    plain_words(cpu, plain);
    engine_load(cpu);
    write_u32(writer, SAVE_MAGIC);
    write_u32(writer, SAVE_VERSION);
    write_u64(writer, cpu_instructions(cpu));
    write_u64(writer, cpu->events);
    write_u64(writer, cpu->stall);
    write_u64(writer, cpu->deadline);
    write_u8(writer, cpu->boundary);
    write_u8(writer, cpu->waiting);
    for (unsigned i = 1; i < 32; i++)
        write_u64(writer, cpu_x(cpu, i));
    for (unsigned i = 0; i < 32; i++)
        write_u64(writer, cpu_word(cpu, cpu->layout.f0 + i));
    for (unsigned i = 0; i < 8; i++)
        write_u64(writer, cpu_word(cpu, plain[i]));
    write_u8(writer, (uint8_t)cpu_privilege(cpu));
    write_u64(writer, cpu_word(cpu, cpu->layout.mstatus) & MSTATUS_GUEST);
    write_u64(writer, cpu_word(cpu, cpu->layout.satp));
    write_u32(writer, cpu_mip(cpu) & IRQ_ALL);
    write_u32(writer, (uint32_t)cpu_word(cpu, cpu->layout.mie) & IRQ_ALL);
    write_u32(writer, (uint32_t)cpu_word(cpu, cpu->layout.scounteren));
    write_u32(writer, (uint32_t)engine_fcsr_get(cpu));
    write_u64(writer, cpu->facts.traps);
    write_u64(writer, cpu->facts.interrupts);
    write_u64(writer, cpu->facts.sbi_calls);
    write_u64(writer, cpu->facts.device_accesses);
    time_save(cpu, writer);
}

static void load_position(struct cpu *cpu, struct byte_reader *reader)
{
    uint64_t instructions = read_u64(reader);
    cpu->events = read_u64(reader);
    cpu->stall = read_u64(reader);
    cpu->deadline = read_u64(reader);
    uint8_t boundary = read_u8(reader), waiting = read_u8(reader);
    if (boundary > 1 || waiting > 1 || instructions > BLOCK_ATTENTION / 4 || cpu->stall > INT64_MAX)
        reader_fail(reader);
    if (reader->failed)
        instructions = cpu->stall = 0;
    cpu->boundary = boundary != 0;
    cpu->waiting = waiting != 0;
    cpu->target = cpu->left = cpu->spent = 0;
    count_add(cpu, (int64_t)instructions);
    cpu->limit = UINT64_MAX;
    count_retarget(cpu);
}

static void load_system(struct cpu *cpu, struct byte_reader *reader)
{
    const struct engine_layout *layout = &cpu->layout;
    uint8_t privilege = read_u8(reader);
    uint64_t mstatus = read_u64(reader), satp = read_u64(reader);
    uint32_t mip = read_u32(reader), mie = read_u32(reader), scounteren = read_u32(reader);
    uint32_t fcsr = read_u32(reader);
    uint64_t mode = satp >> SATP_MODE_SHIFT;
    if (privilege > PRIVILEGE_S || (mstatus & ~MSTATUS_GUEST) ||
        (mode != 0 && (mode < SATP_MODE_SV39 || mode > SATP_MODE_SV57)) ||
        ((mip | mie) & ~(uint32_t)IRQ_ALL) || fcsr > 0xff)
        reader_fail(reader);
    if (reader->failed)
        return;
    cpu_word_set(cpu, layout->privilege, privilege);
    cpu_word_set(cpu, layout->mstatus, (cpu_word(cpu, layout->mstatus) & ~MSTATUS_GUEST) | mstatus);
    cpu_word_set(cpu, layout->satp, satp);
    cpu_word_set(cpu, layout->mip, (cpu_word(cpu, layout->mip) & ~(uint64_t)IRQ_ALL) | mip);
    cpu_word_set(cpu, layout->mie, mie);
    cpu_word_set(cpu, layout->scounteren, scounteren);
    engine_fcsr_set(cpu, fcsr);
}

static void load(struct cpu *cpu, struct byte_reader *reader, bool same_engine)
{
    assert(!cpu->running);
    if (read_u32(reader) != SAVE_MAGIC || read_u32(reader) != SAVE_VERSION) {
        reader_fail(reader);
        return;
    }
    profile_stop(cpu);
    if (same_engine && engine_again(cpu))
        position_reset(cpu);
    else if (!reset(cpu))
        return;
    load_position(cpu, reader);
    unsigned plain[8];
    plain_words(cpu, plain);
    for (unsigned i = 1; i < 32; i++)
        cpu_x_put(cpu, i, read_u64(reader));
    for (unsigned i = 0; i < 32; i++)
        cpu_word_set(cpu, cpu->layout.f0 + i, read_u64(reader));
    for (unsigned i = 0; i < 8; i++)
        cpu_word_set(cpu, plain[i], read_u64(reader));
    load_system(cpu, reader);
    cpu->facts.traps = read_u64(reader);
    cpu->facts.interrupts = read_u64(reader);
    cpu->facts.sbi_calls = read_u64(reader);
    cpu->facts.device_accesses = read_u64(reader);
    time_load(cpu, reader);
    cpu->irq_check = true;
    profile_start(cpu);
}

void cpu_load(struct cpu *cpu, struct byte_reader *reader)
{
    load(cpu, reader, false);
}

void cpu_rewind(struct cpu *cpu, struct byte_reader *reader)
{
    load(cpu, reader, true);
}
