/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cpu_time.c - see cpu_time.h. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/base/memory.h"
#include "emulator/cpu_state.h"

#define OPS_A_CHUNK 16384u
struct time_ops { /* ops live as long as the engine */
    struct time_ops *next;
    unsigned used;
    uint32_t ops[OPS_A_CHUNK];
};

static bool walk_for_memory(void *context, uint64_t addr_virtual, struct memory_walk *walk)
{
    return walk_measured(context, addr_virtual, walk);
}

void time_create(struct cpu *cpu)
{
    assert(!cpu->time);
    if (cpu->config.timing == TIMING_INSN)
        return;
    cpu->time = memory_zeroed(1, sizeof(*cpu->time));
    cpu->time->model = cpu->config.timing;
    cpu->time->scratch = memory_zeroed(BLOCK_INSTRUCTIONS_MAX, sizeof(uint32_t));
    cpu->temporary.time = &cpu->time->temporary;
    if (cpu->time->model != TIMING_CACHE)
        return;
    struct timing_memory *memory = memory_zeroed(1, sizeof(*memory));
    memory->ram_base = cpu->config.ram_base;
    memory->ram_bytes = cpu->config.ram_bytes;
    memory->walker = (struct memory_walker){cpu, walk_for_memory};
    cpu->time->memory = memory;
}

void time_forget_blocks(struct cpu *cpu)
{
    struct cpu_time *time = cpu->time;
    if (!time)
        return;
    time->owed = NULL;
    while (time->ops) {
        struct time_ops *ops = time->ops;
        time->ops = ops->next;
        free(ops);
    }
}

void time_destroy(struct cpu *cpu)
{
    if (!cpu->time)
        return;
    time_forget_blocks(cpu);
    free(cpu->time->scratch);
    free(cpu->time->memory);
    free(cpu->time);
    cpu->time = NULL;
}

void time_reset(struct cpu *cpu)
{
    struct cpu_time *time = cpu->time;
    if (!time)
        return;
    time->owed = NULL;
    time->pending = 0;
    time->predictor = (struct predictor){.return_at = 0};
    if (time->memory)
        memory_clear(time->memory);
}

/* --- blocks
 * --------------------------------------------------------------------------------------- */

static const uint32_t *ops_keep(struct cpu_time *time, uint32_t count)
{
    if (!time->ops || OPS_A_CHUNK - time->ops->used < count) {
        struct time_ops *ops = memory_must(malloc(sizeof(*ops)));
        ops->next = time->ops;
        ops->used = 0;
        time->ops = ops;
    }
    uint32_t *kept = time->ops->ops + time->ops->used;
    memcpy(kept, time->scratch, count * sizeof(*kept));
    time->ops->used += count;
    return kept;
}

static struct time_memo memo_make(const struct block_time *block, uint64_t pending)
{
    struct time_memo memo = {.before = pending, .after = pending};
    for (uint32_t i = 0; i < block->count; i++)
        memo.cycles += pipe_step(&memo.after, block->ops[i]);
    return memo;
}

void time_memo_find(struct block_time *block, uint64_t pending)
{
    struct time_memo old = block->memo;
    block->memo = block->other.before == pending ? block->other : memo_make(block, pending);
    block->other = old;
}

void time_insn(struct cpu *cpu, uint32_t index, uint32_t insn)
{
    if (!cpu->time)
        return;
    assert(index < BLOCK_INSTRUCTIONS_MAX);
    cpu->time->scratch[index] = pipe_decode(insn, cpu->time->model);
}

/* An instruction that reaches into the next page counts for this one. */
static unsigned line_in_page(uint64_t offset)
{
    uint64_t line = offset >> MEMORY_LINE_SHIFT;
    return line < MEMORY_LINES_A_PAGE ? (unsigned)line : MEMORY_LINES_A_PAGE - 1;
}

void time_decoded(struct cpu *cpu, struct block *block, uint64_t last, uint32_t last_insn)
{
    struct cpu_time *time = cpu->time;
    if (!time)
        return;
    struct block_time *of = block->time;
    assert(of);
    assert(of != time->owed);
    bool temporary = block->flags & BLOCK_TEMPORARY;
    uint64_t first = block->pc & MEMORY_PAGE_MASK, behind = first + block->span_bytes - 1;
    *of = (struct block_time){
        .ops = temporary ? time->scratch : ops_keep(time, block->count),
        .count = block->count,
        .end = decode_end(last_insn),
        .last = last,
        .behind = block->pc + block->span_bytes,
        .line_first = (uint8_t)(first >> MEMORY_LINE_SHIFT),
        .line_last = (uint8_t)line_in_page(behind),
        .supervisor = cpu_word(cpu, cpu->layout.privilege) != PRIVILEGE_U,
        .satp = decode_writes_satp(last_insn),
        .fence_i = decode_is_fence_i(last_insn),
    };
    of->memo = of->other = memo_make(of, 0);
}

/* --- charging
 * ------------------------------------------------------------------------------------- */

static void spend(struct cpu *cpu, uint64_t cycles)
{
    cpu->spent += (int64_t)cycles;
    cpu->left -= (int64_t)cycles;
}

/* What memory cost since the last time. */
static uint64_t memory_cost(struct cpu_time *time, bool supervisor, uint32_t instructions)
{
    struct timing_memory *memory = time->memory;
    struct timing_counts *counts = &time->counts;
    uint64_t fetch = memory->fetch.cycles, data = memory->data.cycles;
    counts->instructions[supervisor] += instructions;
    if (fetch + data == 0)
        return 0;
    counts->fetch_cycles[supervisor] += fetch;
    counts->data_cycles[supervisor] += data;
    memory->fetch.cycles = memory->data.cycles = 0;
    return fetch + data;
}

/* Only the first `done` instructions of a block happened, up to pc. */
static uint64_t memory_partly(struct cpu_time *time, const struct block *block, uint32_t done,
                              uint64_t pc)
{
    if (done > 0)
        memory_fetch(time->memory, time->owed_page, block->time->line_first,
                     line_in_page((block->pc & MEMORY_PAGE_MASK) + (pc - block->pc) - 1));
    return memory_cost(time, block->time->supervisor, done);
}

void time_settle(struct cpu *cpu, uint64_t next)
{
    struct cpu_time *time = cpu->time;
    if (!time || !time->owed)
        return;
    const struct block_time *block = time->owed;
    spend(cpu, time_charge(time, next));
    time->owed = NULL;
    if (time->memory)
        spend(cpu, time_memory(time, block));
}

uint64_t time_memory(struct cpu_time *time, const struct block_time *block)
{
    memory_fetch(time->memory, time->owed_page, block->line_first, block->line_last);
    if (block->fence_i)
        memory_flush_fetch(time->memory);
    if (block->satp)
        memory_flush_tlbs(time->memory);
    return memory_cost(time, block->supervisor, block->count);
}

void time_ecall(struct cpu *cpu, const struct block *block)
{
    struct cpu_time *time = cpu->time;
    if (!time)
        return;
    assert(time->owed == block->time);
    /* The ecall waits for what is outstanding, as its trap would. */
    spend(cpu, time_charge(time, 0));
    time->owed = NULL;
    if (time->memory)
        spend(cpu, memory_partly(time, block, block->count - 1, block->time->last));
}

void time_abandon(struct cpu *cpu, const struct block *block, uint32_t done, uint64_t pc)
{
    struct cpu_time *time = cpu->time;
    if (!time)
        return;
    assert(time->owed == block->time);
    time->owed = NULL;
    uint32_t known = done < block->count ? done : block->count;
    uint64_t cycles = 0;
    for (uint32_t i = 0; i < known; i++)
        cycles += pipe_step(&time->pending, block->time->ops[i]);
    spend(cpu, cycles);
    if (time->memory)
        spend(cpu, memory_partly(time, block, known, known < done ? block->time->behind : pc));
    /* The engine did not say how long the block is (see block_count_before()). */
    if (done > known)
        for (uint64_t addr = block->pc + block->span_bytes; addr < pc;) {
            uint32_t insn = walk_fetch(cpu, addr);
            time_one(cpu, addr, insn);
            addr += decode_length((uint16_t)insn);
        }
}

void time_one(struct cpu *cpu, uint64_t pc, uint32_t insn)
{
    struct cpu_time *time = cpu->time;
    if (!time)
        return;
    assert(!time->owed);
    spend(cpu, pipe_step(&time->pending, pipe_decode(insn, time->model)));
    if (!time->memory)
        return;
    unsigned line = (unsigned)((pc & MEMORY_PAGE_MASK) >> MEMORY_LINE_SHIFT);
    unsigned last = line_in_page((pc & MEMORY_PAGE_MASK) + decode_length((uint16_t)insn) - 1);
    memory_fetch(time->memory, memory_page(time->memory, pc), line, last);
    engine_load(cpu);
    bool supervisor = cpu_word(cpu, cpu->layout.privilege) != PRIVILEGE_U;
    spend(cpu, memory_cost(time, supervisor, 1));
}

void time_access(struct cpu *cpu, uint64_t addr_virtual, unsigned size_bytes)
{
    if (cpu->time && cpu->time->memory)
        memory_access(cpu->time->memory, addr_virtual, size_bytes);
}

/* In U it traps. What is behind it is fetched again: that is in the same page, which is taken to be
 * where it was, or where a block begins. */
void time_sfence(struct cpu *cpu)
{
    struct cpu_time *time = cpu->time;
    if (!time->memory || !cpu->current || !time->owed->supervisor)
        return;
    memory_flush_tlbs(time->memory);
    (void)memory_page(time->memory, cpu->current->pc);
}

void time_drain(struct cpu *cpu)
{
    struct cpu_time *time = cpu->time;
    if (!time)
        return;
    spend(cpu, pipe_drain(&time->pending));
}

/* --- save and load
 * -------------------------------------------------------------------------------- */

void time_save(const struct cpu *cpu, struct byte_writer *writer)
{
    const struct cpu_time *time = cpu->time;
    if (!time)
        return;
    assert(!time->owed);
    assert(cpu->spent == 0);
    const struct predictor *predictor = &time->predictor;
    write_u64(writer, time->pending);
    write_u64(writer, time->counts.stall_cycles);
    write_u64(writer, time->counts.mispredictions);
    for (unsigned i = 0; i < TIMING_TARGETS; i++) {
        write_u64(writer, predictor->targets[i].tag);
        write_u64(writer, predictor->targets[i].addr);
    }
    for (unsigned i = 0; i < TIMING_RETURNS; i++)
        write_u64(writer, predictor->returns[i]);
    write_bytes(writer, predictor->directions, sizeof(predictor->directions));
    write_u32(writer, predictor->return_at);
    if (!time->memory)
        return;
    for (unsigned i = 0; i < 2; i++) {
        write_u64(writer, time->counts.instructions[i]);
        write_u64(writer, time->counts.fetch_cycles[i]);
        write_u64(writer, time->counts.data_cycles[i]);
    }
    memory_save(time->memory, writer);
}

void time_load(struct cpu *cpu, struct byte_reader *reader)
{
    struct cpu_time *time = cpu->time;
    if (!time)
        return;
    assert(!time->owed);
    struct predictor *predictor = &time->predictor;
    time->pending = read_u64(reader);
    time->counts.stall_cycles = read_u64(reader);
    time->counts.mispredictions = read_u64(reader);
    for (unsigned i = 0; i < TIMING_TARGETS; i++) {
        predictor->targets[i].tag = read_u64(reader);
        predictor->targets[i].addr = read_u64(reader);
    }
    for (unsigned i = 0; i < TIMING_RETURNS; i++)
        predictor->returns[i] = read_u64(reader);
    read_bytes(reader, predictor->directions, sizeof(predictor->directions));
    predictor->return_at = read_u32(reader);
    bool good = predictor->return_at < TIMING_RETURNS;
    for (unsigned i = 0; i < TIMING_DIRECTIONS; i++)
        good = good && predictor->directions[i] <= PREDICT_MAX;
    if (!good) {
        reader_fail(reader);
        time_reset(cpu);
    }
    if (!time->memory)
        return;
    for (unsigned i = 0; i < 2; i++) {
        time->counts.instructions[i] = read_u64(reader);
        time->counts.fetch_cycles[i] = read_u64(reader);
        time->counts.data_cycles[i] = read_u64(reader);
    }
    memory_load(time->memory, reader);
}
