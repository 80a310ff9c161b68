/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cpu_state.h - struct cpu and what its files share: read cpu.h first.
 *
 * Who includes it: emulator/cpu*.c only.
 *
 *   cpu.c            create, run, stop, the public accessors
 *   cpu_save.c       save, load, recycling
 *   cpu_engine.c     Unicorn: bring-up, hooks, context
 *   cpu_calibrate.c  Unicorn: where it keeps its registers (these two are the one door)
 *   cpu_count.c      blocks and counting; deadlines, limits and interrupts at block starts
 *   cpu_trap.c       exceptions: delivery, the engine's quirks, SBI calls, time
 *   cpu_mmio.c       device accesses, emulated
 *   cpu_fix.c        instructions that the engine executes wrongly
 *   cpu_walk.c       Sv39 translation by the host
 *   cpu_decode.c     instruction words
 *   cpu_store.c      the fast store path
 *   cpu_quick.c      short cuts for traps and CSR accesses
 *   cpu_profile.c    what a watcher is told
 *   cpu_debug.c      breakpoints and watchpoints
 *   cpu_time.c       cycles of the models that look closer than insn
 *   cpu_selftest.c   what is proved at every start
 *
 * How counting works. Every translation ("block") has its own struct block, whose address is baked
 * into its code as the argument of the block hook. The hook subtracts the block's instruction count
 * from `left`; instructions = target - left - spent, where `spent` is zero but for timing models
 * that charge blocks (cpu_time.h). When `left` would become negative, block_attention()
 * looks at what is due: the limit, the deadline, interrupts, a counter read to put right. So a
 * block costs a handful of host instructions and no look-up, and two blocks with one address but
 * different bytes cannot be confused. While a line is up that the guest has masked (irq_watch),
 * every block asks, but only those that follow a system instruction need an answer.
 *
 * What is a block start? `boundary` is true after a jump, branch, fence.i or WFI, after a CSR
 * access other than those that decode_is_plain_csr() names, after a page end, and after every trap,
 * interrupt, SBI call and device access: places that do not depend on how the engine cuts its
 * translations. Deadlines and interrupts are served there only.
 */
#ifndef LATCHKEY_EMULATOR_CPU_STATE_H
#define LATCHKEY_EMULATOR_CPU_STATE_H

#include "emulator/cpu.h"
#include "emulator/cpu_decode.h"
#include "emulator/cpu_engine.h"
#include "emulator/cpu_profile.h"
#include "emulator/cpu_quick.h"
#include "emulator/cpu_store.h"
#include "emulator/cpu_time.h"

#define PAGE_BYTES 4096u
#define PRIVILEGE_U 0u
#define PRIVILEGE_S 1u
#define PRIVILEGE_M 3u
#define SATP_MODE_SHIFT 60
/* The engine takes these modes, although the device tree speaks of Sv39 only. */
#define SATP_MODE_SV39 8u
#define SATP_MODE_SV57 10u
#define IRQ_ALL (CPU_IRQ_SOFT | CPU_IRQ_TIMER | CPU_IRQ_EXTERNAL)

/* mstatus, volume II (20211203) figure 3.7. */
#define MSTATUS_SIE (UINT64_C(1) << 1)
#define MSTATUS_SPIE (UINT64_C(1) << 5)
#define MSTATUS_SPP (UINT64_C(1) << 8)
#define MSTATUS_FS (UINT64_C(3) << 13)
#define MSTATUS_SUM (UINT64_C(1) << 18)
#define MSTATUS_MXR (UINT64_C(1) << 19)
#define MSTATUS_SD (UINT64_C(1) << 63)

/* scause, volume II table 4.2. */
#define CAUSE_FETCH_ACCESS 1u
#define CAUSE_ILLEGAL 2u
#define CAUSE_BREAKPOINT 3u
#define CAUSE_LOAD_MISALIGNED 4u
#define CAUSE_LOAD_ACCESS 5u
#define CAUSE_STORE_MISALIGNED 6u
#define CAUSE_STORE_ACCESS 7u
#define CAUSE_ECALL_U 8u
#define CAUSE_FETCH_PAGE 12u
#define CAUSE_LOAD_PAGE 13u
#define CAUSE_STORE_PAGE 15u
#define CAUSE_INTERRUPT (UINT64_C(1) << 63)

/* A charge that always needs attention. */
#define BLOCK_ATTENTION (INT64_MAX / 4)
/* A block is at most 512 instructions (the engine's limit) of 4 bytes: 1024 half-words. */
#define BLOCK_INSTRUCTIONS_MAX 512u
#define BLOCK_START_WORDS 16u

enum block_flag {
    BLOCK_UNKNOWN = 1 << 0, /* not decoded yet */
    BLOCK_TEMPORARY =
        1 << 1,             /* belongs to the cpu, not to one translation: decoded at each entry */
    BLOCK_CUT = 1 << 2,     /* its end is no boundary */
    BLOCK_CYCLE = 1 << 3,   /* ends in a read of cycle: the register is put right afterwards */
    BLOCK_INSTRET = 1 << 4, /* the same for instret */
    BLOCK_SYSTEM = 1 << 5,  /* ends in a CSR access that is not plain, or sret */
    BLOCK_SIP = 1 << 6,     /* ends in a write of sip */
    BLOCK_DEFECT = 1 << 7,  /* holds an instruction that the engine executes wrongly */
    BLOCK_SHORT = 1 << 8,   /* the engine records fewer bytes than it translated */
    BLOCK_WAIT = 1 << 9,    /* ends in WFI */
    BLOCK_ECALL = 1 << 10,  /* ends in ecall */
    BLOCK_BREAK = 1 << 11,  /* holds a breakpoint */
};

struct block {
    struct cpu *cpu;
    int64_t charge; /* instructions, or BLOCK_ATTENTION */
    uint64_t pc;
    const uint64_t *starts; /* bit i: an instruction starts at pc + 2 * i */
    uint64_t starts_inline; /* what starts points to when 64 half-words are enough */
    uint32_t count;         /* instructions */
    uint32_t span_bytes;
    uint32_t flags;
    uint16_t defect_offset; /* bytes from pc, BLOCK_DEFECT */
    uint8_t target;         /* x register, BLOCK_CYCLE and BLOCK_INSTRET */
    struct block_time *time; /* NULL: model insn */
};

#define SLAB_BLOCKS 1024u
struct slab { /* blocks live as long as their engine */
    struct slab *next;
    unsigned used;
    struct block blocks[SLAB_BLOCKS];
    struct block_time *times; /* as many; owned; NULL: model insn */
};
struct start_words { /* starts of a block that is longer than 128 bytes */
    struct start_words *next;
    uint64_t words[BLOCK_START_WORDS];
};

enum exit_kind {
    EXIT_NONE,
    EXIT_LIMIT,  /* stop there for good */
    EXIT_TRAP,   /* deliver a trap there */
    EXIT_DEFECT, /* do that instruction's work there */
};
struct exit_point {
    enum exit_kind kind;
    bool armed; /* the engine knows */
    uint64_t addr;
    uint64_t code_addr;    /* armed: physical, of the pc it was armed at; 0: not in RAM */
    uint32_t code_bytes;   /* from there to the exit, all in one page */
    uint64_t cause, value; /* EXIT_TRAP */
};

enum request {
    REQUEST_NONE,
    REQUEST_LIMIT,
    REQUEST_ASKED,
    REQUEST_RECYCLE,
    REQUEST_EXIT, /* start again with exit_point armed */
    REQUEST_DEBUG,
    REQUEST_WATCH, /* go one instruction with the watched pages open */
    REQUEST_FAULT,
};

struct debug {
    struct cpu_debug points;
    uint64_t events; /* stop there; UINT64_MAX: never */
    bool skip; /* no breakpoint at this position: */
    uint64_t skip_count, skip_events;
    bool skip_watch; /* nor anything that is watched */
    bool pending; /* what is watched was written from outside: hit says where */
    bool stepping; /* one instruction, with the watched pages open; these are put back: */
    uint64_t step_limit, step_events;
    struct cpu_hit hit;
};

struct cpu {
    /* The block hook touches these. */
    int64_t left;
    struct block *current; /* running or just finished; NULL: nothing to settle */

    int64_t target; /* instructions == target - left - spent */
    int64_t spent; /* cycles of the timing model, not yet in `stall`; count_retarget() moves them */
    int64_t watch_target; /* until then only irq_watch wants attention; -1: not so */
    uint64_t limit, stall, deadline, events;
    bool boundary;  /* current == NULL: is this a block start? */
    bool waiting;   /* in WFI */
    bool irq_check; /* look at interrupts at the next boundary */
    bool irq_watch; /* some line is up: CSR accesses may enable it */
    bool stop_asked;
    bool recycle_due;
    bool code_dropped; /* the block being entered may be stale */
    bool running;      /* inside engine_run() */
    bool hook_data_works;
    enum request request;
    struct exit_point exit_point;
    uint64_t exit_addr, exit_count; /* where and when one was armed last */

    struct block *next_block; /* baked into the next translation */
    struct block temporary;
    uint64_t temporary_starts[BLOCK_START_WORDS];
    struct slab *slabs;
    struct start_words *long_starts;
    uint64_t translated_bytes, recycle_bytes;
    uint64_t recycled_at; /* instructions at the last recycling */
    uint64_t trap_storm_count, trap_storm_at;

    struct engine engine;
    struct engine_layout layout;
    struct store_path store_path;
    struct quick quick;
    struct cpu_profile profile;
    struct debug debug;
    struct cpu_time *time; /* NULL: model insn */
    uint8_t *ram;
    struct cpu_config config;
    struct cpu_bus bus;
    struct cpu_facts facts;
    char fault_text[ERROR_TEXT_BYTES];
};

/* Words of the state; engine_load() first. */
static inline uint64_t cpu_word(const struct cpu *cpu, unsigned index)
{
    return cpu->engine.words[index];
}
static inline void cpu_word_set(struct cpu *cpu, unsigned index, uint64_t value)
{
    cpu->engine.words[index] = value;
    cpu->engine.dirty = true;
}
static inline uint64_t cpu_x(const struct cpu *cpu, unsigned index)
{
    return index == 0 ? 0 : cpu->engine.words[cpu->layout.x1 + index - 1];
}
static inline void cpu_x_put(struct cpu *cpu, unsigned index, uint64_t value)
{
    if (index != 0)
        cpu_word_set(cpu, cpu->layout.x1 + index - 1, value);
}
/* MIP shares its word with another 32-bit field. */
static inline uint32_t cpu_mip(const struct cpu *cpu)
{
    return (uint32_t)cpu->engine.words[cpu->layout.mip];
}
static inline uint64_t cpu_count(const struct cpu *cpu)
{
    return (uint64_t)(cpu->target - cpu->left - cpu->spent);
}

/* cpu_walk.c */
/* walk_translate - by the tables of satp; identity when it is bare. Permissions are not looked
 * at. */
bool walk_translate(struct cpu *cpu, uint64_t addr_virtual, uint64_t *addr_physical);
/* walk_translate_by - the same by another satp, which may be any number. */
bool walk_translate_by(struct cpu *cpu, uint64_t satp, uint64_t addr_virtual,
                       uint64_t *addr_physical);
/* walk_code - the same for an instruction that the hart executes now: the engine's view, which is
 * older than the page tables when the guest changes them without sfence.vma. */
bool walk_code(struct cpu *cpu, uint64_t addr_virtual, uint64_t *addr_physical);
/* walk_measured - the same, with what a walk reads; also within a hook. false: no translation. */
bool walk_measured(struct cpu *cpu, uint64_t addr_virtual, struct memory_walk *found);
/* walk_ram - host pointer to [addr, addr + size) of physical RAM, NULL when outside. */
uint8_t *walk_ram(struct cpu *cpu, uint64_t addr_physical, size_t size_bytes);
/* walk_fetch - the instruction at a virtual address (16 bits in the low half if short); 0 where
 * there is no RAM behind it. */
uint32_t walk_fetch(struct cpu *cpu, uint64_t addr_virtual);
/* walk_amo - translation for a read-modify-write, as the hart does it: permissions checked, A and D
 * set. Returns 0 or the cause of the fault. */
unsigned walk_amo(struct cpu *cpu, uint64_t addr_virtual, uint64_t *addr_physical);

/* cpu_count.c */
void count_init(struct cpu *cpu);
void count_finish(struct cpu *cpu); /* frees every block */
void count_retarget(struct cpu *cpu);
void count_add(struct cpu *cpu, int64_t instructions);
/* count_settle - the current block ran to its end; the next instruction is at pc. */
void count_settle(struct cpu *cpu, uint64_t pc);
/* count_abandon - the current block ended early: instructions at or after pc did not happen. */
void count_abandon(struct cpu *cpu, uint64_t pc);
/* count_service - an event has just completed: limit, deadline, interrupts, stop. */
void count_service(struct cpu *cpu);
/* count_charge - after its flags or count have changed. */
void count_charge(struct block *block);
/* The hooks. */
void block_attention(struct cpu *cpu, struct block *block, uint64_t pc, uint32_t size_bytes);
void block_step(struct cpu *cpu, uint64_t pc);
void block_translated(struct cpu *cpu, uint64_t pc, uint32_t count, uint32_t size_bytes);

/* cpu_trap.c */
void trap_exception(struct cpu *cpu, unsigned number);              /* the INTR hook */
void trap_deliver(struct cpu *cpu, uint64_t cause, uint64_t value); /* at words[pc] */
/* trap_ecall_in_place - deliver the ecall that ends the current block, in the engine's own words
 * (indexed as engine.words). false: something else is due, nothing was done. */
bool trap_ecall_in_place(struct cpu *cpu, uint64_t *words);
bool trap_interrupt(struct cpu *cpu); /* deliver one if possible; true: delivered */
void trap_sip_written(struct cpu *cpu, uint64_t pc_end, uint64_t pc_next);
void trap_exit_reached(struct cpu *cpu);
void cpu_exit_request(struct cpu *cpu, struct exit_point point);
void cpu_exit_disarm(struct cpu *cpu);
void cpu_exit_drop_code(struct cpu *cpu, const struct exit_point *point);
void cpu_fail(struct cpu *cpu, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* cpu_mmio.c */
bool mmio_emulate(struct cpu *cpu, uint64_t pc, uint64_t addr_virtual);

/* cpu_fix.c */
/* Is an instruction with this defect, met in the present state, one to do here? */
bool fix_concerns(struct cpu *cpu, enum decode_defect defect);
void fix_at_once(struct cpu *cpu, uint64_t pc); /* do the work of the defective instruction at pc */

/* cpu_debug.c */
/* debug_block_mark - does it hold a breakpoint? */
void debug_block_mark(struct cpu *cpu, struct block *block);
/* debug_break_in - the first breakpoint in a block that is being entered. */
bool debug_break_in(struct cpu *cpu, const struct block *block, uint64_t *addr);
/* debug_stop - the run ends for this. */
void debug_stop(struct cpu *cpu, enum cpu_hit_kind kind, uint64_t addr);
/* debug_refused - the instruction at pc, which has not happened, may not reach a watched page. */
void debug_refused(struct cpu *cpu, unsigned number, uint64_t pc, uint64_t addr_virtual);
/* debug_written - the host or a device has written there, physical. */
void debug_written(struct cpu *cpu, uint64_t addr, uint64_t size_bytes);
/* debug_step_begin, debug_step_end - around one instruction. */
void debug_step_begin(struct cpu *cpu);
void debug_step_end(struct cpu *cpu);
/* code_written - cpu_ram_written(), of what the guest itself has written. */
void code_written(struct cpu *cpu, uint64_t addr, size_t size_bytes);

/* cpu_save.c */
MUST_CHECK bool cpu_recycle(struct cpu *cpu, struct error *error);

/* cpu_selftest.c */
MUST_CHECK bool cpu_selftest(struct cpu *cpu, struct error *error);

#endif
