/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cpu_engine.h - the Unicorn Engine as the cpu sees it: a translator, its registers as an array of
 * words, and four hooks.
 *
 * Who calls: the other emulator/cpu_*.c files. Whom it calls: Unicorn; the hooks in cpu_count.c and
 * cpu_trap.c. cpu_engine.c and cpu_calibrate.c are the only files that include Unicorn.
 *
 * Invariants
 *  1. words[] is the hart's state while `cached`; the engine's own copy is stale while `dirty`.
 *  2. The engine never takes an interrupt by itself: MIP is changed in words[] only, which does not
 * set the engine's request flag. See cpu_trap.c.
 *  3. An engine is thrown away before its code buffer can fill (engine version 2.0.1 does not
 * survive that).
 */
#ifndef LATCHKEY_EMULATOR_CPU_ENGINE_H
#define LATCHKEY_EMULATOR_CPU_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "emulator/base/error.h"

struct cpu;

/* Where the engine keeps what, in 8-byte words from the start of a context; found by
 * engine_calibrate() at start-up, by behaviour, so that no structure of the engine is copied here.
 */
struct engine_layout {
    unsigned x1, f0; /* x1..x31 and f0..f31 are runs */
    unsigned pc, privilege, bad_addr, load_addr, load_value;
    unsigned mstatus, mie, mip, mideleg, satp, stvec, sscratch, sepc, scause, stval, scounteren;
    unsigned word_count;
    unsigned hook_data; /* word of a hook handle that holds its user data; 0: not found */
    unsigned version;   /* major << 8 | minor */
};

struct engine {
    void *handle;  /* uc_engine */
    void *context; /* uc_context */
    uint64_t *words;
    uint64_t *reset_words; /* as after bring-up; word_count of them */
    size_t block_hook;     /* uc_hook of BLOCK */
    bool cached, dirty;
    bool in_block;     /* a block hook runs: the engine's own pc is stale, and */
    uint64_t block_pc; /* this is the pc */
};

enum engine_result {
    ENGINE_STOPPED, /* asked by a hook, or WFI, or an armed exit was reached */
    ENGINE_EBREAK,
    ENGINE_FAILED,
};

/* engine_calibrate - find the layout on a scratch engine.
 *
 * Errors   ERROR_UNSUPPORTED something was not found exactly once: this build of the engine is
 * unknown.
 */
MUST_CHECK bool engine_calibrate(struct engine_layout *layout, struct error *error);

/* engine_open - a fresh engine on the cpu's RAM, at reset in S-mode, PMP set so that only RAM can
 * be reached, hooks installed. engine_close is safe on a zeroed or half-open engine.
 *
 * Errors   ERROR_UNSUPPORTED the engine refused a step.
 */
MUST_CHECK bool engine_open(struct cpu *cpu, struct error *error);
void engine_close(struct cpu *cpu);

/* engine_load - make words[] current; engine_flush - hand changed words back. */
void engine_load(struct cpu *cpu);
void engine_flush(struct cpu *cpu);

/* engine_run - translate and run from words[pc] until something stops it. text: what failed. */
enum engine_result engine_run(struct cpu *cpu, const char **text);
/* engine_stop - from a hook: leave engine_run(). */
void engine_stop(struct cpu *cpu);
/* engine_jump - from a block hook: abandon this block and go on at words[pc]. */
void engine_jump(struct cpu *cpu);
/* engine_exit_set - stop when pc reaches addr (a virtual address); engine_exit_clear - no longer.
 */
void engine_exit_set(struct cpu *cpu, uint64_t addr);
void engine_exit_clear(struct cpu *cpu);
/* engine_drop_code - forget translations that overlap RAM [addr, addr + size) (physical). */
void engine_drop_code(struct cpu *cpu, uint64_t addr, size_t size_bytes);
/* engine_tlb_flush - look all addresses up in the page tables again, as if by sfence.vma: so that
 * the engine sees what cpu_walk.c sees, whatever the guest left out. false: not with this engine.
 */
bool engine_tlb_flush(struct cpu *cpu);
/* engine_block_data_set - what the block hook of blocks translated from now on gets. */
void engine_block_data_set(struct cpu *cpu, void *data);
/* engine_fcsr_get, engine_fcsr_set - the one register outside words[]. */
uint64_t engine_fcsr_get(struct cpu *cpu);
void engine_fcsr_set(struct cpu *cpu, uint64_t value);
/* engine_request_clear - withdraw an interrupt request that the guest made by writing sip. */
void engine_request_clear(struct cpu *cpu);

#endif
