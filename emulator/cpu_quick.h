/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cpu_quick.h - short cuts through the engine for traps, CSR accesses and memory accesses: see
 * cpu_quick.c.
 *
 * Who calls: cpu.c; cpu_engine.c, around every run of the engine; cpu_selftest.c. Whom it calls:
 * cpu_trap.c, through cpu_state.h, which includes this.
 *
 * Invariants
 *  1. With and without the short cuts every run is the same, instruction by instruction.
 *  2. Between quick_enter() and quick_leave() on a thread, what the engine calls on that thread
 *     belongs to that cpu and to no other.
 *  3. The engine's registers are touched in place only after prove() has found all of them where
 *     they are expected.
 */
#ifndef LATCHKEY_EMULATOR_CPU_QUICK_H
#define LATCHKEY_EMULATOR_CPU_QUICK_H

#include <stdbool.h>
#include <stdint.h>

struct cpu;

/* The engine's own functions for one block, in the order in which it hands them to its loop over
 * instructions. */
struct quick_translator {
    void (*prepare)(void *translation, void *engine_cpu);
    void (*block_start)(void *translation, void *engine_cpu);
    void (*insn_start)(void *translation, void *engine_cpu);
    bool (*breakpoint)(void *translation, void *engine_cpu, const void *breakpoint);
    void (*translate)(void *translation, void *engine_cpu);
    void (*block_stop)(void *translation, void *engine_cpu);
};

/* The engine's own functions, which those of cpu_quick.c stand in front of; NULL: not there. */
struct quick_engine {
    void (*check_exit)(void *context);
    void (*exit_block)(void *context, void *block, unsigned index);
    void (*go_to_next)(void *context);
    void (*call)(void *context, void *function, void *result, int count, void **arguments);
    uint32_t (*fetch)(void *state, uint64_t addr);
    void (*loop)(const struct quick_translator *translator, void *translation, void *engine_cpu,
                 void *block, int max);
    void (*raise)(void *state, uint32_t number);
    uint64_t (*machine_return)(void *state, uint64_t pc);
    uint64_t (*csr_write)(void *state, uint64_t value, uint64_t csr);
    uint64_t (*csr_set)(void *state, uint64_t value, uint64_t csr, uint64_t writes);
    uint64_t (*csr_clear)(void *state, uint64_t value, uint64_t csr, uint64_t writes);
    void (*tlb_flush)(void *state);
};

#define QUICK_PLAIN_CSRS 4u /* sscratch, sepc, scause, stval: neighbours by number */

struct quick {
    bool on;
    bool proved; /* the engine's registers are where they are expected */
    /* Words from the start of the engine's registers. */
    unsigned privilege, mstatus, plain_csrs[QUICK_PLAIN_CSRS];
    /* The block and the instruction being translated. */
    void *block;
    const struct quick_translator *translator;
    uint64_t insn_addr;
    uint32_t insn;
    bool may_go_on, goes_on;
    struct quick_engine engine;
};

/* quick_init - look up what the engine offers. quick->on is set when all was found and wanted. */
void quick_init(struct quick *quick, bool wanted);

/* quick_enter - this thread runs the engine of cpu; returns what quick_leave() wants. */
struct cpu *quick_enter(struct cpu *cpu);
void quick_leave(struct cpu *previous);

#endif
