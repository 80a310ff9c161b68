/* SPDX-License-Identifier: GPL-2.0-or-later */
/* timing.h - the timing models: how many cycles what the hart does takes. Every constant of every
 * model is in the one table below, with its source.
 *
 * Used by emulator/timing_*.c and cpu_time.c, which count; by options, recorder, replay and stats,
 * which only name a model; and by tests and bench, which observe each constant from a guest.
 *
 *   insn      one cycle an instruction
 *   inorder   a single-issue in-order core in the class of SiFive's U54: an instruction issues one
 *             cycle after the one before it, or when the registers that it reads and writes are
 *             ready; jumps and branches are predicted, and a wrong prediction costs
 *   cache     the same, and fetches, loads and stores go through TLBs and caches
 *
 * In all three, a trap, a device access and an SBI call cost what the machine says (machine.c).
 *
 * Invariants, of inorder and cache
 *  1. Cycles are a function of the instructions that were executed and of the events between them,
 *     never of how the engine cut its translations, of stops, snapshots or modes.
 *  2. So the model is several machines that do not see each other: the pipeline, the predictor, and
 *     TLB and caches of the fetch side and of the data side of memory. Each takes one step at a
 *     time in the order of execution, and its cycles are added when they are asked for. What
 *     hardware shares between the sides (L2) is parted between them.
 *  3. All state is saved with the hart, and is empty at power-on.
 *
 * What is left out: loads that meet their own store in the store buffer, overlap of misses with
 * execution (a miss stalls), replacement other than least-recently-used, prefetching, write-back of
 * what is replaced; and division always takes as long as its operands could make it.
 */
#ifndef LATCHKEY_EMULATOR_TIMING_H
#define LATCHKEY_EMULATOR_TIMING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum timing_model { TIMING_INSN, TIMING_INORDER, TIMING_CACHE, TIMING_MODEL_COUNT };

/* SiFive FU540-C000 Manual v1p0, chapter 4, "U54 RISC-V Core" */
#define TIMING_SOURCE_LATENCY "FU540-C000 manual 4.3, result latency"
#define TIMING_SOURCE_FLUSH "FU540-C000 manual 4.3, pipeline flush"
#define TIMING_SOURCE_FETCH "FU540-C000 manual 4.2"
#define TIMING_SOURCE_ROCKET "LLVM 03669ce5, RISCVSchedRocket.td"

/* ROW(name, value, unit, what, source). The latency of a result of n cycles: what needs it and
 * comes right behind waits n - 1. */
#define TIMING_TABLE_PIPELINE(ROW)                                                                 \
    ROW(LOAD, 2, "cycles", "latency of lw, ld, flw, fld", TIMING_SOURCE_LATENCY)                   \
    ROW(LOAD_SMALL, 3, "cycles", "latency of lb, lh", TIMING_SOURCE_LATENCY)                       \
    ROW(AMO, 2, "cycles", "latency of lr, sc, amo", TIMING_SOURCE_ROCKET)                          \
    ROW(MUL, 5, "cycles", "latency of mul; one at a time", TIMING_SOURCE_LATENCY)                  \
    ROW(DIV, 65, "cycles", "latency of div, rem: the longest; one at a time",                      \
        TIMING_SOURCE_LATENCY)                                                                     \
    ROW(DIV_WORD, 33, "cycles", "latency of divw, remw: 1 bit a cycle", TIMING_SOURCE_LATENCY)     \
    ROW(CSR_READ, 3, "cycles", "latency of a CSR read", TIMING_SOURCE_LATENCY)                     \
    ROW(CSR_WRITE, 5, "cycles", "flush after a CSR write", TIMING_SOURCE_FLUSH)                    \
    ROW(RETURN, 5, "cycles", "flush after sret, as after a CSR write", TIMING_SOURCE_FLUSH)        \
    ROW(FENCE, 5, "cycles", "flush after fence.i or sfence.vma, as after a CSR write",             \
        TIMING_SOURCE_FLUSH)                                                                       \
    ROW(SFENCE_WALKS, 12, "cycles",                                                                \
        "inorder only: refill of both TLBs after sfence.vma, 2 walks of 3 loads",                  \
        TIMING_SOURCE_LATENCY)                                                                     \
    ROW(FADD_SINGLE, 4, "cycles", "latency of fadd.s, fsgnj.s, fmin.s", TIMING_SOURCE_ROCKET)      \
    ROW(FADD_DOUBLE, 6, "cycles", "latency of fadd.d, fsgnj.d, fmin.d", TIMING_SOURCE_ROCKET)      \
    ROW(FMUL_SINGLE, 5, "cycles", "latency of fmul.s, fmadd.s", TIMING_SOURCE_ROCKET)              \
    ROW(FMUL_DOUBLE, 7, "cycles", "latency of fmul.d, fmadd.d", TIMING_SOURCE_ROCKET)              \
    ROW(FDIV, 20, "cycles", "latency of fdiv, fsqrt.s; one at a time", TIMING_SOURCE_ROCKET)       \
    ROW(FSQRT_DOUBLE, 25, "cycles", "latency of fsqrt.d; one at a time", TIMING_SOURCE_ROCKET)     \
    ROW(FMOVE, 2, "cycles", "latency of fcvt, fmv, fcmp, fclass", TIMING_SOURCE_ROCKET)            \
    ROW(MISPREDICT, 3, "cycles", "after a wrong prediction", TIMING_SOURCE_FETCH)                  \
    ROW(DIRECTIONS, 256, "entries", "branch history, 2 bits each, by address",                     \
        TIMING_SOURCE_FETCH)                                                                       \
    ROW(TARGETS, 32, "entries", "branch targets, by address (hardware: 30, associative)",          \
        TIMING_SOURCE_FETCH)                                                                       \
    ROW(RETURNS, 6, "entries", "return address stack", TIMING_SOURCE_FETCH)

/* Microchip PolarFire SoC MSS manual DS60001702Q: the same core, and the same L2 as FU540's.
 * Latency of L2 and DRAM: a HiFive Unmatched (U740 at 1.2 GHz, DDR4) in "Data Structures in
 * Practice", appendix B; no manual has them. */
#define TIMING_SOURCE_L1 "FU540-C000 manual 4.1, 4.4"
#define TIMING_SOURCE_L2 "DS60001702 3.1.6, parted by its way masks"
#define TIMING_SOURCE_MMU "FU540-C000 manual table 4"
#define TIMING_SOURCE_LATER "figures of a HiFive Unmatched"

/* Of model cache only. */
#define TIMING_TABLE_MEMORY(ROW)                                                                   \
    ROW(LINE, 64, "bytes", "a line of every cache", TIMING_SOURCE_L1)                              \
    ROW(L1_SETS, 64, "sets", "of L1, fetch and data each: 32 KiB", TIMING_SOURCE_L1)               \
    ROW(L1_WAYS, 8, "ways", "of L1", TIMING_SOURCE_L1)                                             \
    ROW(L2_SETS, 2048, "sets", "of L2, in 4 banks: 2 MiB", TIMING_SOURCE_L2)                       \
    ROW(L2_WAYS, 8, "ways", "of the 16 of L2, for fetch and data each", TIMING_SOURCE_L2)          \
    ROW(L2, 12, "cycles", "after a miss in L1", TIMING_SOURCE_LATER)                               \
    ROW(DRAM, 120, "cycles", "and after one in L2", TIMING_SOURCE_LATER)                           \
    ROW(TLB, 32, "entries", "of each TLB, of any page size; no ASIDs", TIMING_SOURCE_MMU)          \
    ROW(WALK, 12, "cycles", "each entry that is read after a miss in a TLB: it is in L2",          \
        TIMING_SOURCE_LATER)

#define TIMING_TABLE(ROW) TIMING_TABLE_PIPELINE(ROW) TIMING_TABLE_MEMORY(ROW)

#define TIMING_VALUE(name, value, unit, what, source) TIMING_##name = (value),
enum timing_value { TIMING_TABLE(TIMING_VALUE) };
#undef TIMING_VALUE

struct timing_row {
    const char *name;
    unsigned value;
    const char *unit, *what, *source;
    enum timing_model model; /* the simplest that has it */
};
/* timing_rows - the table above. */
const struct timing_row *timing_rows(size_t *count);

/* timing_name - "insn", ... timing_find - the model with this name. false: there is none. */
const char *timing_name(enum timing_model model);
bool timing_find(const char *name, enum timing_model *model);

/* Of one side of memory. */
struct timing_side {
    uint64_t tlb_misses, l1_misses, l2_misses;
};

/* What a model counted since power-on; all zero for insn. */
struct timing_counts {
    uint64_t stall_cycles; /* all that it added: waiting for results, flushes, ... */
    uint64_t mispredictions;
    /* Model cache; of U mode [0] and S mode [1]. Memory cycles over instructions is MCPI. */
    uint64_t instructions[2];
    uint64_t fetch_cycles[2], data_cycles[2]; /* waited for memory */
    struct timing_side fetch, data;
};

#endif
