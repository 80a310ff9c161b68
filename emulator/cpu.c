/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cpu.c - the hart's public face: making one, running it, looking into it. See cpu.h for the
 * contract and cpu_state.h for how the parts fit.
 *
 * Called by emulator/machine.c; calls the other cpu_*.c files.
 */
#include "emulator/cpu.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "emulator/cpu_state.h"

#define RAM_BYTES_MIN (UINT64_C(16) << 20)
#define RAM_BYTES_MAX (UINT64_C(8) << 30)
#define RAM_ALIGN (UINT64_C(2) << 20)
#define ENGINE_VERSION_QUICK 0x200u /* 2.0: the one for which cpu_quick.c was made */
/* A fresh engine costs a millisecond, and then every block that is still used is translated again;
 * the engine's buffer is 1 GiB. This is far enough from both. */
#define RECYCLE_BYTES_DEFAULT (UINT64_C(384) << 20)
#define RECYCLE_BYTES_MAX (UINT64_C(600) << 20)

static bool make_ram(struct cpu *cpu, struct error *error)
{
    uint64_t size_bytes = cpu->config.ram_bytes;
    if (size_bytes < RAM_BYTES_MIN || size_bytes > RAM_BYTES_MAX || size_bytes % RAM_ALIGN != 0)
        return error_set(error, ERROR_LIMIT,
                         "ram: %llu bytes, wanted 16 MiB to 8 GiB, a multiple of 2 MiB",
                         (unsigned long long)size_bytes);
    void *ram = mmap(NULL, size_bytes, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (ram == MAP_FAILED)
        return error_set(error, ERROR_IO, "ram: the host refuses %llu bytes",
                         (unsigned long long)size_bytes);
    cpu->ram = ram;
    return true;
}

static bool start(struct cpu *cpu, struct error *error)
{
    if (!make_ram(cpu, error) || !engine_calibrate(&cpu->layout, error))
        return false;
    if (cpu->config.timing == TIMING_CACHE && cpu->layout.version != ENGINE_VERSION_QUICK)
        return error_set(error, ERROR_UNSUPPORTED,
                         "timing model cache: wants version 2.0 of the engine");
    cpu->facts.engine_version = cpu->layout.version;
    cpu->hook_data_works =
        cpu->layout.hook_data != 0 && !cpu->config.slow_count && !cpu->config.step_mode;
    uint64_t recycle_bytes = cpu->config.recycle_bytes;
    if (recycle_bytes == 0)
        recycle_bytes = RECYCLE_BYTES_DEFAULT;
    cpu->recycle_bytes = recycle_bytes < RECYCLE_BYTES_MAX ? recycle_bytes : RECYCLE_BYTES_MAX;
    store_path_init(&cpu->store_path, cpu->config.ram_base, cpu->config.ram_bytes,
                    !cpu->config.slow_stores);
    quick_init(&cpu->quick, cpu->hook_data_works && !cpu->config.slow_traps &&
                                cpu->layout.version == ENGINE_VERSION_QUICK);
    cpu->deadline = cpu->limit = cpu->debug.events = UINT64_MAX;
    cpu->boundary = true;
    time_create(cpu);
    count_init(cpu);
    return engine_open(cpu, error) && cpu_selftest(cpu, error);
}

bool cpu_create(struct cpu **cpu, const struct cpu_config *config, const struct cpu_bus *bus,
                struct error *error)
{
    assert(cpu);
    assert(bus);
    *cpu = calloc(1, sizeof(**cpu));
    if (!*cpu)
        return error_set(error, ERROR_IO, "cpu: out of memory");
    (*cpu)->config = *config;
    (*cpu)->bus = *bus;
    if (start(*cpu, error))
        return true;
    cpu_destroy(*cpu);
    *cpu = NULL;
    return false;
}

void cpu_destroy(struct cpu *cpu)
{
    if (!cpu)
        return;
    assert(!cpu->running);
    engine_close(cpu);
    count_finish(cpu);
    time_destroy(cpu);
    store_path_finish(&cpu->store_path);
    profile_finish(&cpu->profile);
    if (cpu->ram)
        (void)munmap(cpu->ram, cpu->config.ram_bytes);
    free(cpu);
}

/* --- running
 * -------------------------------------------------------------------------------------- */

/* The engine came back without having been asked: the hart executed WFI, which is legal in S only.
 */
static void wait_begin(struct cpu *cpu)
{
    uint64_t pc = cpu_word(cpu, cpu->layout.pc);
    if (!cpu->current || pc - 4 - cpu->current->pc >= cpu->current->span_bytes) {
        cpu_fail(cpu, "engine: it came back at pc 0x%llx for no reason", (unsigned long long)pc);
        return;
    }
    if (cpu_word(cpu, cpu->layout.privilege) == PRIVILEGE_U) {
        count_abandon(cpu, pc - 4);
        cpu_word_set(cpu, cpu->layout.pc, pc - 4);
        trap_deliver(cpu, CAUSE_ILLEGAL, walk_fetch(cpu, pc - 4));
        return;
    }
    count_abandon(cpu, pc);
    cpu->waiting = true;
    cpu->boundary = true;
}

/* Let time pass until an interrupt is pending, enabled or not. true: it is; false: *why. */
static bool wait_end(struct cpu *cpu, enum cpu_stop *why)
{
    for (;;) {
        engine_load(cpu);
        if (cpu_mip(cpu) & cpu_word(cpu, cpu->layout.mie) & IRQ_ALL)
            break;
        if (cpu->stop_asked) {
            *why = CPU_STOP_ASKED;
            return false;
        }
        uint64_t stall = cpu->stall;
        if (!cpu->bus.idle(cpu->bus.context)) {
            *why = CPU_STOP_IDLE;
            return false;
        }
        profile_waited(cpu, cpu->stall - stall);
    }
    cpu->waiting = false;
    cpu->irq_check = true;
    return true;
}

/* Make the engine stop at the exit point. false: the engine is gone.
 *
 * When the same one is asked for again without an instruction in between, the code that was dropped
 * is not the code that the engine goes on with: page tables changed without sfence.vma. */
static bool exit_arm(struct cpu *cpu)
{
    struct exit_point *point = &cpu->exit_point;
    struct error error;
    bool again = cpu->exit_addr == point->addr && cpu->exit_count == cpu_count(cpu);
    if (again && !engine_tlb_flush(cpu) && !cpu_recycle(cpu, &error)) {
        cpu_fail(cpu, "%s", error.text);
        return false;
    }
    cpu->exit_addr = point->addr;
    cpu->exit_count = cpu_count(cpu);
    /* Translations that run through the exit point must be made again, to end there. */
    uint64_t pc = cpu_word(cpu, cpu->layout.pc), first;
    assert(pc < point->addr);
    assert(pc / PAGE_BYTES == point->addr / PAGE_BYTES);
    if (walk_code(cpu, pc, &first) && walk_ram(cpu, first, 1)) {
        point->code_addr = first;
        point->code_bytes = (uint32_t)(point->addr - pc);
        cpu_exit_drop_code(cpu, point);
    }
    engine_exit_set(cpu, point->addr);
    point->armed = true;
    return true;
}

/* One stretch of the engine, from the state in words[] to something that a hook or an exception
 * asked for, or a WFI or ebreak. */
static void stretch(struct cpu *cpu)
{
    if (cpu->exit_point.kind != EXIT_NONE && !exit_arm(cpu))
        return;
    cpu->request = REQUEST_NONE;
    count_retarget(cpu);
    const char *text = NULL;
    enum engine_result result = engine_run(cpu, &text);
    uint64_t pc = cpu_word(cpu, cpu->layout.pc);
    if (cpu->request != REQUEST_NONE) {
        if (cpu->request != REQUEST_EXIT)
            cpu_exit_disarm(cpu);
        return;
    }
    if (result == ENGINE_FAILED) {
        cpu_fail(cpu, "engine: %s at pc 0x%llx", text, (unsigned long long)pc);
        return;
    }
    /* WFI comes back in the same way, with the pc behind it; an exit right there is not reached. */
    bool waits = cpu->current && cpu->current->flags & BLOCK_WAIT;
    bool at_exit = cpu->exit_point.armed && pc == cpu->exit_point.addr;
    if (result == ENGINE_STOPPED && at_exit && !waits) {
        trap_exit_reached(cpu);
        return;
    }
    cpu_exit_disarm(cpu);
    if (result == ENGINE_EBREAK) {
        count_abandon(cpu, pc);
        trap_deliver(cpu, CAUSE_BREAKPOINT, 0);
        return;
    }
    wait_begin(cpu);
}

/* false: cpu_run() returns *why. */
static bool go_on(struct cpu *cpu, enum cpu_stop *why)
{
    bool stepped = cpu->debug.stepping && (cpu->request == REQUEST_LIMIT ||
                                           cpu->request == REQUEST_DEBUG ||
                                           cpu_instructions(cpu) >= cpu->limit);
    if (stepped) {
        cpu->request = REQUEST_NONE;
        debug_step_end(cpu);
    }
    switch (cpu->request) {
    case REQUEST_LIMIT:
        *why = CPU_STOP_LIMIT;
        return false;
    case REQUEST_ASKED:
        *why = CPU_STOP_ASKED;
        return false;
    case REQUEST_FAULT:
        *why = CPU_STOP_FAULT;
        return false;
    case REQUEST_RECYCLE: {
        struct error error;
        if (!cpu_recycle(cpu, &error)) {
            cpu_fail(cpu, "%s", error.text);
            *why = CPU_STOP_FAULT;
            return false;
        }
        break;
    }
    case REQUEST_DEBUG:
        *why = CPU_STOP_DEBUG;
        return false;
    case REQUEST_WATCH:
        debug_step_begin(cpu);
        break;
    case REQUEST_NONE:
    case REQUEST_EXIT:
        break;
    }
    if (cpu->waiting && !wait_end(cpu, why))
        return false;
    *why = CPU_STOP_LIMIT;
    return cpu_instructions(cpu) < cpu->limit;
}

enum cpu_stop cpu_run(struct cpu *cpu, uint64_t limit)
{
    assert(cpu);
    assert(!cpu->running);
    enum cpu_stop why = CPU_STOP_FAULT;
    if (cpu->request == REQUEST_FAULT)
        return why;
    cpu->limit = limit;
    cpu->request = REQUEST_NONE;
    cpu->irq_check = true;
    while (go_on(cpu, &why))
        stretch(cpu);
    if (cpu->debug.stepping)
        debug_step_end(cpu);
    cpu->stop_asked = false;
    cpu->limit = UINT64_MAX;
    count_retarget(cpu);
    assert(cpu->request == REQUEST_FAULT || !cpu->current);
    return why;
}

void cpu_stop(struct cpu *cpu)
{
    assert(cpu);
    cpu->stop_asked = true;
    count_retarget(cpu);
}

bool cpu_at_boundary(const struct cpu *cpu)
{
    assert(cpu);
    return cpu->boundary;
}

const char *cpu_fault_text(const struct cpu *cpu)
{
    assert(cpu);
    return cpu->fault_text;
}

/* --- counts, time, lines
 * -------------------------------------------------------------------------- */

uint64_t cpu_instructions(const struct cpu *cpu)
{
    return cpu_count(cpu);
}

uint64_t cpu_events(const struct cpu *cpu)
{
    return cpu->events;
}

uint64_t cpu_cycles(const struct cpu *cpu)
{
    return (uint64_t)(cpu->target - cpu->left) + cpu->stall;
}

void cpu_stall(struct cpu *cpu, uint64_t cycles)
{
    assert(cycles <= INT64_MAX - cpu->stall);
    cpu->stall += cycles;
    count_retarget(cpu);
}

void cpu_deadline_set(struct cpu *cpu, uint64_t cycle)
{
    assert(cpu);
    cpu->deadline = cycle;
    count_retarget(cpu);
}

void cpu_irq_set(struct cpu *cpu, uint32_t mask, bool level)
{
    assert((mask & ~(uint32_t)IRQ_ALL) == 0);
    engine_load(cpu);
    uint64_t old = cpu_word(cpu, cpu->layout.mip);
    uint64_t now = level ? old | mask : old & ~(uint64_t)mask;
    if (now == old)
        return;
    cpu_word_set(cpu, cpu->layout.mip, now);
    cpu->irq_check = true;
    count_retarget(cpu);
}

/* --- memory
 * --------------------------------------------------------------------------------------- */

uint8_t *cpu_ram(struct cpu *cpu)
{
    assert(cpu);
    return cpu->ram;
}

uint64_t cpu_ram_bytes(const struct cpu *cpu)
{
    assert(cpu);
    return cpu->config.ram_bytes;
}

void cpu_ram_written(struct cpu *cpu, uint64_t addr, size_t size_bytes)
{
    if (size_bytes == 0)
        return;
    assert(walk_ram(cpu, addr, size_bytes));
    if (cpu->debug.points.watch_count > 0)
        debug_written(cpu, addr, size_bytes);
    code_written(cpu, addr, size_bytes);
}

void code_written(struct cpu *cpu, uint64_t addr, size_t size_bytes)
{
    if (!store_path_has_code(&cpu->store_path, addr - cpu->config.ram_base, size_bytes))
        return;
    engine_drop_code(cpu, addr, size_bytes);
    cpu->code_dropped = true;
}

bool cpu_translate(struct cpu *cpu, uint64_t addr_virtual, uint64_t *addr_physical)
{
    return walk_translate(cpu, addr_virtual, addr_physical);
}

bool cpu_translate_by(struct cpu *cpu, uint64_t satp, uint64_t addr_virtual,
                      uint64_t *addr_physical)
{
    return walk_translate_by(cpu, satp, addr_virtual, addr_physical);
}

/* --- registers
 * ------------------------------------------------------------------------------------ */

uint64_t cpu_x_get(struct cpu *cpu, unsigned index)
{
    assert(index < 32);
    engine_load(cpu);
    return cpu_x(cpu, index);
}

void cpu_x_set(struct cpu *cpu, unsigned index, uint64_t value)
{
    assert(index < 32);
    engine_load(cpu);
    cpu_x_put(cpu, index, value);
}

uint64_t cpu_f_get(struct cpu *cpu, unsigned index)
{
    assert(index < 32);
    engine_load(cpu);
    return cpu_word(cpu, cpu->layout.f0 + index);
}

void cpu_f_set(struct cpu *cpu, unsigned index, uint64_t value)
{
    assert(index < 32);
    engine_load(cpu);
    cpu_word_set(cpu, cpu->layout.f0 + index, value);
}

uint64_t cpu_pc_get(struct cpu *cpu)
{
    engine_load(cpu);
    return cpu_word(cpu, cpu->layout.pc);
}

void cpu_pc_set(struct cpu *cpu, uint64_t pc)
{
    assert(!cpu->running);
    engine_load(cpu);
    cpu_word_set(cpu, cpu->layout.pc, pc);
}

unsigned cpu_privilege(struct cpu *cpu)
{
    engine_load(cpu);
    return (unsigned)cpu_word(cpu, cpu->layout.privilege);
}

uint64_t cpu_csr_get(struct cpu *cpu, enum cpu_csr csr)
{
    const struct engine_layout *layout = &cpu->layout;
    const uint64_t sstatus = MSTATUS_SIE | MSTATUS_SPIE | MSTATUS_SPP | MSTATUS_FS | MSTATUS_SUM |
                             MSTATUS_MXR | MSTATUS_SD;
    engine_load(cpu);
    switch (csr) {
    case CPU_CSR_SSTATUS:
        return cpu_word(cpu, layout->mstatus) & sstatus;
    case CPU_CSR_SIE:
        return cpu_word(cpu, layout->mie) & IRQ_ALL;
    case CPU_CSR_STVEC:
        return cpu_word(cpu, layout->stvec);
    case CPU_CSR_SSCRATCH:
        return cpu_word(cpu, layout->sscratch);
    case CPU_CSR_SEPC:
        return cpu_word(cpu, layout->sepc);
    case CPU_CSR_SCAUSE:
        return cpu_word(cpu, layout->scause);
    case CPU_CSR_STVAL:
        return cpu_word(cpu, layout->stval);
    case CPU_CSR_SIP:
        return cpu_mip(cpu) & IRQ_ALL;
    case CPU_CSR_SATP:
        return cpu_word(cpu, layout->satp);
    case CPU_CSR_FCSR:
        return engine_fcsr_get(cpu);
    }
    assert(!"a CSR that enum cpu_csr names");
    return 0;
}

bool cpu_csr_set(struct cpu *cpu, enum cpu_csr csr, uint64_t value)
{
    const struct engine_layout *layout = &cpu->layout;
    const struct {
        enum cpu_csr csr;
        unsigned word;
        uint64_t mask;
    } plain[] = {{CPU_CSR_STVEC, layout->stvec, ~UINT64_C(2)},
                 {CPU_CSR_SSCRATCH, layout->sscratch, UINT64_MAX},
                 {CPU_CSR_SEPC, layout->sepc, ~UINT64_C(1)},
                 {CPU_CSR_SCAUSE, layout->scause, UINT64_MAX},
                 {CPU_CSR_STVAL, layout->stval, UINT64_MAX}};
    assert(!cpu->running);
    engine_load(cpu);
    if (csr == CPU_CSR_FCSR) {
        engine_fcsr_set(cpu, value & 0xff);
        return true;
    }
    for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
        if (plain[i].csr == csr) {
            cpu_word_set(cpu, plain[i].word, value & plain[i].mask);
            return true;
        }
    return false;
}

struct cpu_facts cpu_facts(const struct cpu *cpu)
{
    assert(cpu);
    struct cpu_facts facts = cpu->facts;
    facts.fast_stores = cpu->store_path.fast;
    facts.quick = cpu->quick.on && cpu->quick.proved;
    return facts;
}

struct timing_counts cpu_timing(const struct cpu *cpu)
{
    assert(cpu);
    if (!cpu->time)
        return (struct timing_counts){.mispredictions = 0};
    struct timing_counts counts = cpu->time->counts;
    if (cpu->time->memory) {
        counts.fetch = cpu->time->memory->fetch.counts;
        counts.data = cpu->time->memory->data.counts;
    }
    return counts;
}
