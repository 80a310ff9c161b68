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

void time_create(struct cpu *cpu)
{
    assert(!cpu->time);
    if (cpu->config.timing == TIMING_INSN)
        return;
    cpu->time = memory_zeroed(1, sizeof(*cpu->time));
    cpu->time->model = cpu->config.timing;
    cpu->time->scratch = memory_zeroed(BLOCK_INSTRUCTIONS_MAX, sizeof(uint32_t));
    cpu->temporary.time = &cpu->time->temporary;
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

void time_decoded(struct cpu *cpu, struct block *block, uint64_t last, uint32_t last_insn)
{
    struct cpu_time *time = cpu->time;
    if (!time)
        return;
    struct block_time *of = block->time;
    assert(of);
    assert(of != time->owed);
    bool temporary = block->flags & BLOCK_TEMPORARY;
    *of = (struct block_time){
        .ops = temporary ? time->scratch : ops_keep(time, block->count),
        .count = block->count,
        .end = pipe_end(last_insn),
        .last = last,
        .behind = block->pc + block->span_bytes,
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

void time_settle(struct cpu *cpu, uint64_t next)
{
    struct cpu_time *time = cpu->time;
    if (!time || !time->owed)
        return;
    spend(cpu, time_charge(time, next));
    time->owed = NULL;
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
    /* The engine did not say how long the block is (see block_count_before()). */
    if (done > known)
        for (uint64_t addr = block->pc + block->span_bytes; addr < pc;) {
            uint32_t insn = walk_fetch(cpu, addr);
            time_one(cpu, insn);
            addr += decode_length((uint16_t)insn);
        }
}

void time_one(struct cpu *cpu, uint32_t insn)
{
    struct cpu_time *time = cpu->time;
    if (!time)
        return;
    assert(!time->owed);
    spend(cpu, pipe_step(&time->pending, pipe_decode(insn, time->model)));
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
    if (good)
        return;
    reader_fail(reader);
    time_reset(cpu);
}
