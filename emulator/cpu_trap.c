/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cpu_trap.c - exceptions and interrupts: what the engine reports, what it meant, and delivery to
 * S-mode.
 *
 * Called by the INTR hook in cpu_engine.c, by cpu_count.c at block starts and by cpu.c; calls the
 * bus for SBI and time, cpu_mmio.c for device accesses. Everything happens inside the hook: a trap
 * costs no stop and restart of the engine, but for the few that the engine reports too early (see
 * below).
 *
 * Invariants
 *  1. Delivery is the only place that counts traps and interrupts, adds their cost, and clears the
 *     reservation.
 *  2. Interrupts are delivered by the host. MIP is kept in the words only, so the engine sees its
 *     value but no request; the one exception, a guest write to sip, is settled in
 *     trap_sip_written().
 *  3. After every exception the current block is settled or abandoned, and count_service() has run.
 *
 * What the engine reports and what it means: the comment at each function. The engine always adds 4
 * to the pc before it calls the hook.
 */
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

#include "emulator/cpu_decode.h"
#include "emulator/cpu_state.h"

#define TRAP_STORM (1u << 20) /* deliveries without one instruction between: the guest is lost */

void cpu_fail(struct cpu *cpu, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(cpu->fault_text, sizeof(cpu->fault_text), format, arguments);
    va_end(arguments);
    cpu->request = REQUEST_FAULT;
    if (cpu->running)
        engine_stop(cpu);
}

/* --- delivery
 * ------------------------------------------------------------------------------------- */

/* In words, indexed as engine.words. */
static inline void enter_handler(struct cpu *cpu, uint64_t *words, uint64_t cause, uint64_t value)
{
    const struct engine_layout *layout = &cpu->layout;
    if (cpu->time)
        time_drain(cpu);
    if (cpu->profile.watcher)
        profile_enter(cpu, words, cause, value);
    uint64_t mstatus = words[layout->mstatus], vector = words[layout->stvec];
    uint64_t status = mstatus & ~(MSTATUS_SIE | MSTATUS_SPIE | MSTATUS_SPP);
    if (mstatus & MSTATUS_SIE)
        status |= MSTATUS_SPIE;
    if (words[layout->privilege] == PRIVILEGE_S)
        status |= MSTATUS_SPP;
    if ((mstatus & MSTATUS_FS) == MSTATUS_FS)
        status |= MSTATUS_SD; /* the engine forgets it when fcsr was written */
    uint64_t handler = vector & ~UINT64_C(3);
    if ((cause & CAUSE_INTERRUPT) && (vector & 3) == 1)
        handler += 4 * (cause & ~CAUSE_INTERRUPT);
    words[layout->mstatus] = status;
    words[layout->sepc] = words[layout->pc];
    words[layout->scause] = cause;
    words[layout->stval] = value;
    words[layout->privilege] = PRIVILEGE_S;
    words[layout->load_addr] = UINT64_MAX;
    words[layout->pc] = handler;
    cpu->events++;
    cpu->stall += cpu->config.trap_cycles;
    cpu->boundary = true;
}

/* engine_load() first. */
static void enter_handler_loaded(struct cpu *cpu, uint64_t cause, uint64_t value)
{
    enter_handler(cpu, cpu->engine.words, cause, value);
    cpu->engine.dirty = true;
}

void trap_deliver(struct cpu *cpu, uint64_t cause, uint64_t value)
{
    assert(!cpu->current);
    assert(!(cause & CAUSE_INTERRUPT));
    engine_load(cpu);
    enter_handler_loaded(cpu, cause, value);
    cpu->facts.traps++;
    if (cpu->trap_storm_at != cpu_count(cpu)) {
        cpu->trap_storm_at = cpu_count(cpu);
        cpu->trap_storm_count = 0;
    }
    if (++cpu->trap_storm_count >= TRAP_STORM)
        cpu_fail(cpu, "guest: endless trap, cause %u at pc 0x%llx", (unsigned)cause,
                 (unsigned long long)cpu_word(cpu, cpu->layout.sepc));
    count_retarget(cpu);
}

/* ecall from U, the last instruction of the current block. When anything is due `left` is zero or
 * less. If the cost of the trap brings the deadline, that is served at the first block of the
 * handler, which is the same position; if not, the next target comes too early by that cost, which
 * only brings one look too many. No storm can begin here: U is left by this trap, and only an
 * instruction can bring it back. */
bool trap_ecall_in_place(struct cpu *cpu, uint64_t *words)
{
    int64_t cost = cpu->config.trap_cycles;
    assert(cpu->current);
    if (words[cpu->layout.privilege] != PRIVILEGE_U || cpu->left <= 0 ||
        cpu->request != REQUEST_NONE || cpu->exit_point.armed)
        return false;
    assert(!cpu->engine.cached);
    const struct block *block = cpu->current;
    cpu->current = NULL;
    count_add(cpu, -1); /* ecall itself does not retire */
    time_ecall(cpu, block);
    cpu->target -= cost;
    cpu->left -= cost;
    enter_handler(cpu, words, CAUSE_ECALL_U, 0);
    cpu->facts.traps++;
    cpu->facts.traps_in_place++;
    return true;
}

/* External, software, timer: the order of volume II section 4.1.3. */
bool trap_interrupt(struct cpu *cpu)
{
    static const uint8_t order[] = {9, 1, 5};
    engine_load(cpu);
    uint64_t privilege = cpu_word(cpu, cpu->layout.privilege);
    uint32_t lines = cpu_mip(cpu) & IRQ_ALL;
    cpu->irq_watch = lines != 0;
    uint64_t pending = lines & cpu_word(cpu, cpu->layout.mie);
    if (!pending)
        return false;
    if (privilege != PRIVILEGE_U && !(cpu_word(cpu, cpu->layout.mstatus) & MSTATUS_SIE))
        return false;
    for (size_t i = 0; i < sizeof(order); i++)
        if (pending >> order[i] & 1) {
            enter_handler_loaded(cpu, CAUSE_INTERRUPT | order[i], 0);
            cpu->facts.interrupts++;
            return true;
        }
    return false;
}

/* The guest wrote sip. That sets the engine's own request flag, so if SSIP is enabled the engine
 * may have taken the interrupt by itself; then the next pc is the handler's, not the next
 * instruction's. */
void trap_sip_written(struct cpu *cpu, uint64_t pc_end, uint64_t pc_next)
{
    engine_load(cpu);
    uint64_t cause = cpu_word(cpu, cpu->layout.scause);
    if (pc_next != pc_end && (cause & CAUSE_INTERRUPT) &&
        cpu_word(cpu, cpu->layout.sepc) == pc_end) {
        cpu_word_set(cpu, cpu->layout.load_addr, UINT64_MAX);
        cpu->events++;
        cpu->stall += cpu->config.trap_cycles;
        if (cpu->time)
            time_drain(cpu);
        cpu->facts.interrupts++;
        cpu->boundary = true;
    }
    engine_request_clear(cpu);
    cpu->irq_check = true;
}

/* --- exits: stopping at an address within a block
 * ------------------------------------------------- */

/* The engine may need several translations to get from the pc to the exit: the first is dropped,
 * and all that end or begin at the exit. */
void cpu_exit_drop_code(struct cpu *cpu, const struct exit_point *point)
{
    assert(point->code_addr);
    assert(point->code_bytes > 0);
    engine_drop_code(cpu, point->code_addr, 1);
    engine_drop_code(cpu, point->code_addr + point->code_bytes - 1, 2);
}

/* Translations that end at the exit must go: they would end there for ever. */
void cpu_exit_disarm(struct cpu *cpu)
{
    if (!cpu->exit_point.armed)
        return;
    engine_exit_clear(cpu);
    if (cpu->exit_point.code_addr)
        cpu_exit_drop_code(cpu, &cpu->exit_point);
    cpu->exit_point = (struct exit_point){.kind = EXIT_NONE};
}

void cpu_exit_request(struct cpu *cpu, struct exit_point point)
{
    assert(point.kind != EXIT_NONE);
    cpu_exit_disarm(cpu); /* one that comes later: it will be asked for again */
    cpu->exit_point = point;
    cpu->request = REQUEST_EXIT;
    engine_stop(cpu);
}

/* The engine has stopped at the exit point: pc is there, the instructions before it are done. */
void trap_exit_reached(struct cpu *cpu)
{
    struct exit_point point = cpu->exit_point;
    cpu_exit_disarm(cpu);
    count_settle(cpu, point.addr);
    if (point.kind == EXIT_LIMIT || cpu_instructions(cpu) >= cpu->limit)
        return;
    if (point.kind == EXIT_TRAP)
        trap_deliver(cpu, point.cause, point.value);
    else
        fix_at_once(cpu, point.addr);
}

/* --- what the engine reports
 * ---------------------------------------------------------------------- */

/* An instruction that cannot be fetched, or that the engine thinks cannot be. Two defects:
 *
 * A 32-bit instruction in the last 2 bytes of a page whose second half cannot be fetched: the fault
 * is reported at the start of the block being translated, and the instructions in between have not
 * run.
 *
 * An illegal instruction at the start of a block, or after one 16-bit instruction, makes the
 * engine's size of the block wrap around; it then asks for an unrelated page. It is not a fetch
 * fault at all.
 *
 * Returns  true: dealt with. *number may become CAUSE_ILLEGAL. */
static bool fetch_fault(struct cpu *cpu, unsigned *number, uint64_t pc, uint64_t bad)
{
    uint64_t page = pc / PAGE_BYTES, bad_page = bad / PAGE_BYTES;
    if (bad_page == page)
        return false;
    if (bad_page == page + 1) {
        uint64_t last = pc;
        for (uint64_t addr = pc; addr / PAGE_BYTES == page;) {
            last = addr;
            addr += decode_length((uint16_t)walk_fetch(cpu, addr));
        }
        if (last == pc)
            return false;
        cpu_exit_request(cpu, (struct exit_point){
                                  .kind = EXIT_TRAP, .addr = last, .cause = *number, .value = bad});
        return true;
    }
    uint16_t first = (uint16_t)walk_fetch(cpu, pc);
    if (decode_length(first) == 2 && first != 0 && bad_page != page - 1) {
        /* The 16-bit instruction before the illegal one has not run yet. */
        cpu_exit_request(cpu, (struct exit_point){.kind = EXIT_TRAP,
                                                  .addr = pc + 2,
                                                  .cause = CAUSE_ILLEGAL,
                                                  .value = walk_fetch(cpu, pc + 2)});
        return true;
    }
    *number = CAUSE_ILLEGAL;
    return false;
}

/* time is not in the engine: emulate its reads. */
static bool time_read(struct cpu *cpu, uint64_t pc, uint32_t insn)
{
    unsigned csr = 0, target = 0;
    if (!decode_counter_read(insn, &csr, &target) || csr != DECODE_CSR_TIME)
        return false;
    count_add(cpu, 1);
    time_one(cpu, pc, insn);
    cpu_word_set(cpu, cpu->layout.pc, pc + 4);
    uint64_t time = cpu->bus.time(cpu->bus.context);
    cpu_x_put(cpu, target, time);
    return true;
}

/* The engine's record of a block that ends in an illegal instruction is too short, so that a store
 * to that instruction would not be noticed: forget it now. */
static void forget_illegal(struct cpu *cpu, uint64_t pc)
{
    uint64_t last;
    if (walk_code(cpu, pc, &last) && walk_ram(cpu, last, 1))
        engine_drop_code(cpu, last & ~(uint64_t)(PAGE_BYTES - 1), (last & (PAGE_BYTES - 1)) + 1);
}

static void sbi_call(struct cpu *cpu, uint64_t pc)
{
    uint64_t arguments[8], result[2];
    for (unsigned i = 0; i < 8; i++)
        arguments[i] = cpu_x(cpu, 10 + i);
    result[0] = arguments[0];
    result[1] = arguments[1];
    count_add(cpu, 1);
    cpu->events++;
    cpu->facts.sbi_calls++;
    cpu->stall += cpu->config.sbi_cycles;
    time_one(cpu, pc, walk_fetch(cpu, pc));
    cpu_word_set(cpu, cpu->layout.pc, pc + 4);
    cpu_word_set(cpu, cpu->layout.load_addr, UINT64_MAX);
    count_retarget(cpu);
    cpu->bus.sbi_call(cpu->bus.context, arguments, result);
    cpu_x_put(cpu, 10, result[0]);
    cpu_x_put(cpu, 11, result[1]);
}

/* The engine loads first when it modifies memory: such faults are store faults. */
static unsigned store_cause(struct cpu *cpu, unsigned number, uint64_t pc)
{
    if (!decode_is_amo_store(walk_fetch(cpu, pc)))
        return number;
    switch (number) {
    case CAUSE_LOAD_MISALIGNED:
        return CAUSE_STORE_MISALIGNED;
    case CAUSE_LOAD_ACCESS:
        return CAUSE_STORE_ACCESS;
    case CAUSE_LOAD_PAGE:
        return CAUSE_STORE_PAGE;
    default:
        return number;
    }
}

/* One exception, pc and block settled. */
static void exception(struct cpu *cpu, unsigned number, uint64_t pc)
{
    uint64_t bad = cpu_word(cpu, cpu->layout.bad_addr);
    switch (number) {
    case CAUSE_FETCH_ACCESS:
    case CAUSE_FETCH_PAGE:
        if (fetch_fault(cpu, &number, pc, bad))
            return;
        break;
    case CAUSE_ECALL_U: /* from U or S: the engine does not tell them apart */
        if (cpu_word(cpu, cpu->layout.privilege) == PRIVILEGE_S) {
            sbi_call(cpu, pc);
            return;
        }
        bad = 0;
        break;
    case CAUSE_LOAD_ACCESS:
    case CAUSE_STORE_ACCESS:
        if (mmio_emulate(cpu, pc, bad))
            return;
        number = store_cause(cpu, number, pc);
        break;
    case CAUSE_LOAD_MISALIGNED:
    case CAUSE_LOAD_PAGE:
        number = store_cause(cpu, number, pc);
        break;
    default:
        break;
    }
    if (number == CAUSE_ILLEGAL) {
        uint32_t insn = walk_fetch(cpu, pc);
        if (time_read(cpu, pc, insn))
            return;
        bad = insn;
        forget_illegal(cpu, pc);
    }
    trap_deliver(cpu, number, bad);
}

/* A load that faults in the second of its pages leaves the engine in a state where it tells of no
 * stores any more, until it is started again. Model cache must be told. */
static bool access_hook_stalls(const struct cpu *cpu, unsigned number)
{
    return cpu->time && cpu->time->memory && number != CAUSE_ECALL_U &&
           number != CAUSE_ILLEGAL && number != CAUSE_BREAKPOINT;
}

void trap_exception(struct cpu *cpu, unsigned number)
{
    engine_load(cpu);
    uint64_t pc = cpu_word(cpu, cpu->layout.pc) - 4;
    cpu_word_set(cpu, cpu->layout.pc, pc);
    /* Fetch faults come between blocks, all others from within one. */
    if (number == CAUSE_FETCH_ACCESS || number == CAUSE_FETCH_PAGE || number == 0)
        count_settle(cpu, pc);
    else
        count_abandon(cpu, pc);
    cpu_exit_disarm(cpu);
    if (cpu->store_path.watch_refused) {
        debug_refused(cpu, number, pc, cpu_word(cpu, cpu->layout.bad_addr));
        count_retarget(cpu);
        return;
    }
    exception(cpu, number, pc);
    if (cpu->request == REQUEST_NONE)
        count_service(cpu);
    if (cpu->request == REQUEST_NONE && access_hook_stalls(cpu, number)) {
        cpu->request = REQUEST_EXIT; /* no exit: the engine just starts again */
        engine_stop(cpu);
    }
    count_retarget(cpu);
}
