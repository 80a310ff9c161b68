/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cpu_profile.h - who watches a hart: told of every crossing between U and S mode, and of every
 * block that S mode begins, each with its exact position.
 *
 * Who calls: emulator/ledger.c, through cpu_watch(). Nothing flows back: the hart's state, counts
 * and times are those of a run that nobody watches.
 *
 * Invariants
 *  1. enter and leave alternate between start and stop; blocks are told before the leave, wait or
 *     stop that comes after them.
 *  2. What the hart retires between two positions told belongs to the first of them: the block, or
 *     the domain in U mode.
 */
#ifndef LATCHKEY_EMULATOR_CPU_PROFILE_H
#define LATCHKEY_EMULATOR_CPU_PROFILE_H

#include "emulator/cpu.h"

struct cpu_place {
    uint64_t instructions, cycles;
};

struct cpu_block_start {
    uint64_t pc;
    struct cpu_place place;
};

struct cpu_crossing {
    struct cpu_place place;
    uint64_t pc;           /* in U: of the instruction that trapped, or where it goes on */
    uint64_t cause, value; /* scause, stval; of enter only */
    uint64_t satp, sscratch;
    const uint64_t *x; /* x[n]: register n, from 1 on; of U mode; valid during the call */
};

struct cpu_watcher {
    void *context;
    /* The hart is somewhere, in S or in U: from here on there is a history. It ends here: somebody
     * stops watching, or the hart is reset or loaded. */
    void (*start)(void *context, const struct cpu_place *place, bool supervisor);
    void (*stop)(void *context, const struct cpu_place *place);
    void (*enter)(void *context, const struct cpu_crossing *crossing);
    void (*leave)(void *context, const struct cpu_crossing *crossing);
    void (*blocks)(void *context, const struct cpu_block_start *starts, size_t count);
    /* In S, the hart waited for an interrupt until place, for so many cycles. */
    void (*waited)(void *context, const struct cpu_place *place, uint64_t cycles);
};

/* cpu_watch - between runs: from now on. NULL: nobody. The watcher must outlive it.
 *
 * Errors   as cpu_create(): the engine is made again, for what it has translated tells nobody.
 */
MUST_CHECK bool cpu_watch(struct cpu *cpu, const struct cpu_watcher *watcher, struct error *error);

/* cpu_watch_flush - between runs: tell the blocks that wait to be told. Returns where the hart
 * is. */
struct cpu_place cpu_watch_flush(struct cpu *cpu);

/* The rest is for emulator/cpu*.c. */

#define PROFILE_STARTS 1024u

struct cpu_profile {
    const struct cpu_watcher *watcher; /* NULL: nobody */
    bool supervisor;                   /* somebody watches, and the hart is in S */
    struct cpu_block_start *starts;    /* PROFILE_STARTS; NULL: nobody ever watched */
    unsigned count;
    /* The engine's own words, as of trap_ecall_in_place(); NULL: not known of this engine. */
    const uint64_t *live;
};

/* A history begins, or ends, where the hart is now. */
void profile_start(struct cpu *cpu);
void profile_stop(struct cpu *cpu);
/* A trap is about to be delivered; words as for trap_ecall_in_place(). */
void profile_enter(struct cpu *cpu, const uint64_t *words, uint64_t cause, uint64_t value);
/* In S, as far as is known: a block at pc begins. */
void profile_block(struct cpu *cpu, uint64_t pc);
void profile_waited(struct cpu *cpu, uint64_t cycles);
void profile_finish(struct cpu_profile *profile);

#endif
