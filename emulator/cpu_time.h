/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cpu_time.h - the cycles of the models inorder and cache (timing.h), block by block.
 *
 * Included by cpu_state.h; called by cpu_count.c, cpu_engine.c (the block hook), cpu_trap.c and
 * cpu_save.c. Calls the pipeline, the predictor and the memory of the model.
 *
 * A block is charged when the next begins, or whatever ended it: only then is it known how far it
 * went, and where to. What it costs depends on what was outstanding when it began; for the two
 * states that were met last the block remembers the cost, so that usually nothing is worked out.
 *
 * Of model cache: the page that a block lies in is translated when the block begins, its lines are
 * fetched when it is charged, as far as it went; loads and stores are told as they happen. What
 * memory costs is spent with the block.
 *
 * Invariants
 *  1. With insn, cpu->time is NULL, and nothing here happens.
 *  2. time->owed is the block that runs or has just run, until it is charged. Whoever looks at
 *     cycles has charged it, by count_settle() or count_abandon().
 *  3. Within the block hook, cycles go to cpu->spent, and as many are taken from `left`, so that no
 *     deadline is passed; count_retarget() moves them to cpu->stall.
 */
#ifndef LATCHKEY_EMULATOR_CPU_TIME_H
#define LATCHKEY_EMULATOR_CPU_TIME_H

#include <stdbool.h>
#include <stdint.h>

#include "emulator/base/bytes.h"
#include "emulator/timing.h"
#include "emulator/timing_memory.h"
#include "emulator/timing_pipe.h"
#include "emulator/timing_predict.h"

struct cpu;
struct block;

/* What the whole of a block costs the pipeline when it begins with `before` outstanding. */
struct time_memo {
    uint64_t before, after;
    uint64_t cycles;
};

/* Of one block: what its cycles follow from. */
struct block_time {
    struct time_memo memo, other; /* the state met last, and one before it */
    const uint32_t *ops;          /* of its instructions */
    uint32_t count;
    uint32_t end;    /* enum decode_end of the last instruction, */
    uint64_t last;   /* where it is, */
    uint64_t behind; /* and what is behind it */
    uint8_t line_first, line_last; /* of its page */
    bool supervisor;
    bool fence_i, satp; /* it ends in one, or in a write of satp */
    uint32_t surprises; /* how uncertain the branch is: the host's way of asking depends on that */
};
#define SURPRISES_MANY 64u
#define SURPRISES_EACH 8u

struct time_ops;
struct cpu_time {
    /* Here, for the block hook: */
    uint64_t pending; /* results outstanding: the state of timing_pipe.h */
    struct block_time *owed;
    struct predictor predictor;
    struct timing_counts counts;
    enum timing_model model;
    struct timing_memory *memory; /* model cache; NULL else */
    uint64_t owed_page;           /* physical, of the block that is owed; UINT64_MAX: unknown */
    uint32_t *scratch; /* of the block being decoded */
    struct time_ops *ops;
    struct block_time temporary; /* of cpu->temporary */
};

/* time_create - for cpu->config.timing; leaves NULL for insn. time_destroy: NULL is fine. */
void time_create(struct cpu *cpu);
void time_destroy(struct cpu *cpu);
/* time_forget_blocks - the engine is gone, and its blocks with it. */
void time_forget_blocks(struct cpu *cpu);
/* time_reset - as at power-on. */
void time_reset(struct cpu *cpu);

/* time_insn - while a block is being decoded: its instruction number `index`. time_decoded - these
 * were all. last, last_insn: the last one, and where it is. */
void time_insn(struct cpu *cpu, uint32_t index, uint32_t insn);
void time_decoded(struct cpu *cpu, struct block *block, uint64_t last, uint32_t last_insn);

/* time_memo_find - the memo of a state that is not at hand becomes the one at hand. */
void time_memo_find(struct block_time *block, uint64_t pending);

/* time_quick - what the owed block costs beyond one cycle an instruction, going on at next, when
 * the only thing that changes is `pending`: as with nearly every block. -1: it is otherwise. */
static inline int64_t time_quick(const struct cpu_time *time, const struct block_time *block,
                                 uint64_t next)
{
    if (__builtin_expect(!block || block->memo.before != time->pending, 0))
        return -1;
    if (block->end == DECODE_BRANCH &&
        (block->surprises >= SURPRISES_MANY ||
         !predict_certain(&time->predictor, block->last, block->behind, next)))
        return -1;
    if (block->end > DECODE_BRANCH)
        return -1;
    return (int64_t)block->memo.cycles;
}

/* time_charge - the owed block ran to its end, and goes on at next. Returns what it costs beyond
 * one cycle an instruction; the caller spends it. */
static inline uint64_t time_charge(struct cpu_time *time, uint64_t next)
{
    struct block_time *block = time->owed;
    if (__builtin_expect(block->memo.before != time->pending, 0))
        time_memo_find(block, time->pending);
    time->pending = block->memo.after;
    uint64_t cycles = block->memo.cycles;
    if (block->end == DECODE_NEXT)
        return cycles;
    bool right;
    if (block->end == DECODE_BRANCH) {
        unsigned how = predict_branch(&time->predictor, block->last, block->behind, next);
        right = how & PREDICT_RIGHT;
        block->surprises += how & PREDICT_CERTAIN ? 0u - (block->surprises > 0) : SURPRISES_EACH;
    } else {
        right = predict_jump(&time->predictor, (enum decode_end)block->end, block->last,
                             block->behind, next);
    }
    uint64_t wrong = !right;
    time->counts.mispredictions += wrong;
    return cycles + TIMING_MISPREDICT * wrong;
}

/* time_begin - a block at pc is entered: it is owed. */
static inline void time_begin(struct cpu_time *time, struct block_time *block, uint64_t pc)
{
    time->owed = block;
    if (time->memory)
        time->owed_page = memory_page(time->memory, pc);
}

/* time_memory - model cache: the owed block was charged; what did it cost memory? */
uint64_t time_memory(struct cpu_time *time, const struct block_time *block);

/* time_settle - charge the owed block, if there is one, and spend it. */
void time_settle(struct cpu *cpu, uint64_t next);
/* time_ecall - the same for one that ends in an ecall, which traps. */
void time_ecall(struct cpu *cpu, const struct block *block);
/* time_abandon - of the owed block only the first `done` instructions, up to pc, happened. */
void time_abandon(struct cpu *cpu, const struct block *block, uint32_t done, uint64_t pc);
/* time_one - an instruction at pc that the host did in place of the engine. */
void time_one(struct cpu *cpu, uint64_t pc, uint32_t insn);
/* time_access - an access that the host did in place of the engine. */
void time_access(struct cpu *cpu, uint64_t addr_virtual, unsigned size_bytes);
/* time_sfence - the guest executes sfence.vma. */
void time_sfence(struct cpu *cpu);
/* time_drain - a trap: what is outstanding is waited for. */
void time_drain(struct cpu *cpu);

/* time_save, time_load - with cpu_save() and cpu_load(). */
void time_save(const struct cpu *cpu, struct byte_writer *writer);
void time_load(struct cpu *cpu, struct byte_reader *reader);

#endif
