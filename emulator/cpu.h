/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cpu.h - one RV64GC hart, S and U mode, on the Unicorn Engine, with exact counts.
 *
 * Who calls: emulator/machine.c. Whom it calls: struct cpu_bus, on the emulating thread only.
 * cpu_engine.c and cpu_calibrate.c are the only files that include Unicorn; cpu_state.h maps the
 * rest.
 *
 * Invariants
 *  1. `instructions` is the exact number of instructions retired, at every callback and whenever
 *     cpu_run() has returned; a device access or SBI call counts the instruction that made it.
 *  2. The position (instructions, events) names every point of a run; events counts delivered
 *     traps, interrupts and SBI calls.
 *  3. cycles = instructions + stall cycles. Stalls are trap costs, device costs, idle time, and
 *     what the timing model says.
 *  4. Interrupts are taken at block starts, as a function of the position only: the same run gives
 *     the same positions in block mode, in step mode, and after save and load at any point.
 *  5. Two cpus in one process are independent.
 */
#ifndef LATCHKEY_EMULATOR_CPU_H
#define LATCHKEY_EMULATOR_CPU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "emulator/base/bytes.h"
#include "emulator/base/error.h"
#include "emulator/timing.h"

struct cpu;

/* Why cpu_run() came back. */
enum cpu_stop {
    CPU_STOP_ASKED, /* cpu_stop() was called from a bus callback */
    CPU_STOP_LIMIT, /* instructions == limit, exactly */
    CPU_STOP_IDLE,  /* WFI, and bus->idle said that nothing will ever happen */
    CPU_STOP_DEBUG, /* cpu_debug_hit() */
    CPU_STOP_FAULT, /* the engine failed; cpu_fault_text() says how. The run cannot go on */
};

/* What the hart needs from the machine around it. */
struct cpu_bus {
    void *context;
    /* Device access at a guest physical address outside RAM: naturally aligned, 1, 2, 4 or 8 bytes.
     * false: access fault. */
    bool (*read)(void *context, uint64_t addr, unsigned size_bytes, uint64_t *value);
    bool (*write)(void *context, uint64_t addr, unsigned size_bytes, uint64_t value);
    /* ecall from S-mode. args are a0..a7; result[0], result[1] go to a0, a1. Legacy calls (a7 <
     * 0x10) leave a1 alone: then result[1] is preset to the old a1. */
    void (*sbi_call)(void *context, const uint64_t args[8], uint64_t result[2]);
    /* Value of the `time` CSR now. */
    uint64_t (*time)(void *context);
    /* cycles >= the deadline set by cpu_deadline_set(): deliver device events, set the next one. */
    void (*deadline)(void *context);
    /* WFI with nothing pending. Advance time with cpu_stall() to the next event, deliver it, and
     * return true; or return false: nothing is scheduled, cpu_run() returns CPU_STOP_IDLE. */
    bool (*idle)(void *context);
};

struct cpu_config {
    uint64_t ram_base;  /* BOARD_RAM_BASE */
    uint64_t ram_bytes; /* multiple of 2 MiB, 16 MiB..8 GiB */
    bool step_mode;     /* count by a hook on every instruction: slow, must agree with block mode */
    bool slow_stores;   /* do not use the fast store path (cpu_store.c): slow, must agree */
    bool slow_traps;    /* do not use the short cuts (cpu_quick.c): slow, must agree */
    bool slow_count;    /* decode every block each time it runs: slow, must agree */
    uint64_t
        recycle_bytes;    /* engine is recycled after about this much translated code; 0: default */
    enum timing_model timing;
    uint32_t trap_cycles; /* stall added per delivered trap or interrupt */
    uint32_t device_cycles; /* stall added per device access */
    uint32_t sbi_cycles;    /* stall added per SBI call */
};

/* Interrupt bits of sip that the machine drives. */
#define CPU_IRQ_SOFT (1u << 1)
#define CPU_IRQ_TIMER (1u << 5)
#define CPU_IRQ_EXTERNAL (1u << 9)

/* cpu_create - make a hart with zeroed RAM, at reset, in S-mode.
 *
 * config, bus  copied. bus->context must outlive the cpu.
 * Errors       ERROR_UNSUPPORTED the engine's self-test or calibration failed; ERROR_IO no memory;
 *              ERROR_LIMIT ram_bytes out of range.
 */
MUST_CHECK bool cpu_create(struct cpu **cpu, const struct cpu_config *config,
                           const struct cpu_bus *bus, struct error *error);
void cpu_destroy(struct cpu *cpu); /* NULL is fine */

/* cpu_reset - power-on state: registers zero, S-mode, satp 0, pc, a0 and a1 as given; RAM and
 * counts are not changed. */
void cpu_reset(struct cpu *cpu, uint64_t pc, uint64_t a0, uint64_t a1);

/* cpu_ram - guest RAM on the host, ram_bytes long. After writing where code may have been
 * translated, call cpu_ram_written(). */
uint8_t *cpu_ram(struct cpu *cpu);
uint64_t cpu_ram_bytes(const struct cpu *cpu);
/* cpu_ram_written - [addr, addr + size) of guest RAM was changed from outside (DMA, loader,
 * debugger): stale translations are dropped. Cheap when no code was translated there. */
void cpu_ram_written(struct cpu *cpu, uint64_t addr, size_t size_bytes);

/* cpu_run - run until something above happens.
 *
 * limit    stop exactly at this instruction count; UINT64_MAX: none.
 * Returns  why. May be called again after everything but CPU_STOP_FAULT.
 */
enum cpu_stop cpu_run(struct cpu *cpu, uint64_t limit);
/* cpu_stop - from a bus callback: return from cpu_run() after the present instruction. */
void cpu_stop(struct cpu *cpu);
const char *cpu_fault_text(const struct cpu *cpu);

/* Counts and time. */
uint64_t cpu_instructions(const struct cpu *cpu);
uint64_t cpu_events(const struct cpu *cpu);
uint64_t cpu_cycles(const struct cpu *cpu);
void cpu_stall(struct cpu *cpu, uint64_t cycles);
/* cpu_deadline_set - call bus->deadline at the first block start where cycles >= cycle. UINT64_MAX:
 * never. Callable from callbacks and between runs. */
void cpu_deadline_set(struct cpu *cpu, uint64_t cycle);
/* cpu_irq_set - drive the lines in mask (CPU_IRQ_*) to level. Callable from callbacks, between
 * runs. */
void cpu_irq_set(struct cpu *cpu, uint32_t mask, bool level);

/* Registers, for debuggers, tests and digests. index 0..31 for x and f. */
enum cpu_csr {
    CPU_CSR_SSTATUS = 0x100,
    CPU_CSR_SIE = 0x104,
    CPU_CSR_STVEC = 0x105,
    CPU_CSR_SSCRATCH = 0x140,
    CPU_CSR_SEPC = 0x141,
    CPU_CSR_SCAUSE = 0x142,
    CPU_CSR_STVAL = 0x143,
    CPU_CSR_SIP = 0x144,
    CPU_CSR_SATP = 0x180,
    CPU_CSR_FCSR = 0x003,
};
uint64_t cpu_x_get(struct cpu *cpu, unsigned index);
void cpu_x_set(struct cpu *cpu, unsigned index, uint64_t value);
uint64_t cpu_f_get(struct cpu *cpu, unsigned index);
void cpu_f_set(struct cpu *cpu, unsigned index, uint64_t value);
uint64_t cpu_pc_get(struct cpu *cpu);
void cpu_pc_set(struct cpu *cpu, uint64_t pc);
unsigned cpu_privilege(struct cpu *cpu); /* 0 U, 1 S */
uint64_t cpu_csr_get(struct cpu *cpu, enum cpu_csr csr);
/* cpu_csr_set - stvec, sscratch, sepc, scause, stval and fcsr. false: another one. */
bool cpu_csr_set(struct cpu *cpu, enum cpu_csr csr, uint64_t value);

/* cpu_translate - guest virtual to physical by the present satp, without side effects.
 * false: no translation. */
bool cpu_translate(struct cpu *cpu, uint64_t addr_virtual, uint64_t *addr_physical);
/* cpu_translate_by - the same by another satp. */
bool cpu_translate_by(struct cpu *cpu, uint64_t satp, uint64_t addr_virtual,
                      uint64_t *addr_physical);

/* Breakpoints and watchpoints. The guest and its counts are not touched by them. */
struct cpu_watch {
    uint64_t addr; /* physical, in RAM; what the hart or a device does there */
    uint64_t size_bytes;
    bool on_read, on_write;
};
#define CPU_BREAKS_MAX 256u
#define CPU_WATCHES_MAX 32u
#define CPU_WATCH_BYTES_MAX 4096u
struct cpu_debug {
    uint64_t breaks[CPU_BREAKS_MAX]; /* virtual */
    size_t break_count;
    struct cpu_watch watches[CPU_WATCHES_MAX];
    size_t watch_count;
};
/* cpu_debug_set - from now on, runs end with CPU_STOP_DEBUG before an instruction at a breakpoint,
 * but for the next instruction itself, and before one that is about to do what is watched; after a
 * device or a reset has written there. A run after that goes on with this instruction. debug:
 * copied; NULL: none. Between runs.
 *
 * Returns  false: watching cannot be done on this engine, or with model cache; nothing is
 *          changed.
 */
bool cpu_debug_set(struct cpu *cpu, const struct cpu_debug *debug);
/* cpu_debug_events - from now on, runs end before an instruction when so many events have happened;
 * UINT64_MAX: never. */
void cpu_debug_events(struct cpu *cpu, uint64_t events);
/* cpu_debug_hit - why the last run ended, if with CPU_STOP_DEBUG. */
enum cpu_hit_kind { CPU_HIT_BREAK, CPU_HIT_WATCH, CPU_HIT_EVENTS };
struct cpu_hit {
    enum cpu_hit_kind kind;
    size_t index;  /* WATCH: which */
    uint64_t addr; /* BREAK: virtual, WATCH: physical */
    bool write;    /* WATCH */
    bool done;     /* WATCH: a device or a reset has done it */
};
struct cpu_hit cpu_debug_hit(const struct cpu *cpu);

/* cpu_save, cpu_load - everything but RAM: registers, fcsr, counts, deadline, lines, pending
 * fix-ups. Between runs only. load fails the reader on bytes that no save wrote. */
void cpu_save(struct cpu *cpu, struct byte_writer *writer);
void cpu_load(struct cpu *cpu, struct byte_reader *reader);
/* cpu_rewind - as cpu_load, and what was translated stays translated: for RAM that is mostly what
 * it was. Where it is not, the caller says so with cpu_ram_written() afterwards. */
void cpu_rewind(struct cpu *cpu, struct byte_reader *reader);

/* cpu_at_boundary - between runs: what is due at this position has happened already, if the last
 * run ended because it was asked to; else it does when the next begins. */
bool cpu_at_boundary(const struct cpu *cpu);

/* Facts for reports. */
struct cpu_facts {
    uint32_t engine_version; /* major << 8 | minor */
    bool fast_stores, quick;
    uint64_t traps_in_place; /* of the traps, those that quick made so */
    uint64_t recycles, blocks_translated, traps, interrupts, sbi_calls, device_accesses;
};
struct cpu_facts cpu_facts(const struct cpu *cpu);
/* cpu_timing - what the timing model counted. */
struct timing_counts cpu_timing(const struct cpu *cpu);

#endif
