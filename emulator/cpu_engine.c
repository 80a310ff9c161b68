/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cpu_engine.c - bringing up an engine, its hooks, and moving its state in and out.
 *
 * Called by the other emulator/cpu_*.c files; calls Unicorn. With cpu_calibrate.c the only door to
 * it.
 *
 * Invariants
 *  1. Every call that can run the engine's TLB or translation code is between store_path_enter()
 * and store_path_leave().
 *  2. uc_emu_stop() is called from hooks on the emulating thread only: anywhere else the engine
 * loses part of an instruction.
 *  3. RAM is the first block mapped, so that the engine's RAM offsets are physical addresses minus
 *     ram_base.
 */
#include "emulator/cpu_engine.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <unicorn/unicorn.h>

#include "emulator/cpu_state.h"

/* The engine takes functions as void pointers, which ISO C does not convert. */
#define HOOK(function) (__extension__(void *)(function))

/* csrw pmpaddr0, a0; csrw pmpaddr1, a1; csrw pmpcfg0, a2. Addresses before the configuration: the
 * engine computes a range when its configuration is written. */
static const uint32_t pmp_program[] = {0x3b051073, 0x3b159073, 0x3a061073};
#define PMP_ENTRY1_TOR_RWX 0x0f00u /* entry 1: from pmpaddr0 to pmpaddr1, read write execute */

static uc_engine *handle_of(const struct cpu *cpu)
{
    return cpu->engine.handle;
}

static void context_save(struct cpu *cpu)
{
    uc_err result = uc_context_save(handle_of(cpu), cpu->engine.context);
    assert(result == UC_ERR_OK);
}

static void context_restore(struct cpu *cpu)
{
    uc_err result = uc_context_restore(handle_of(cpu), cpu->engine.context);
    assert(result == UC_ERR_OK);
}

void engine_load(struct cpu *cpu)
{
    struct engine *engine = &cpu->engine;
    if (engine->cached)
        return;
    assert(!engine->dirty);
    context_save(cpu);
    engine->cached = true;
    if (engine->in_block)
        engine->words[cpu->layout.pc] = engine->block_pc;
}

void engine_flush(struct cpu *cpu)
{
    if (!cpu->engine.dirty)
        return;
    assert(cpu->engine.cached);
    context_restore(cpu);
    cpu->engine.dirty = false;
}

/* The block hook: see cpu_state.h. The engine calls it directly from translated code. */
static void hook_block(uc_engine *handle, uint64_t pc, uint32_t size_bytes, void *data);

/* Lines are up that the guest has masked, and nothing else is due: the block before cannot have
 * unmasked them, and this one ends before anything is. */
static bool block_may_pass(const struct cpu *cpu, const struct block *block)
{
    const uint32_t settle = BLOCK_SYSTEM | BLOCK_CYCLE | BLOCK_INSTRET | BLOCK_SIP;
    return cpu->current && !(cpu->current->flags & settle) &&
           cpu->target - cpu->left + block->charge <= cpu->watch_target;
}

static __attribute__((noinline, cold)) void hook_block_attention(struct block *block, uint64_t pc,
                                                                 uint32_t size_bytes)
{
    struct cpu *cpu = block->cpu;
    if (block_may_pass(cpu, block)) {
        if (cpu->profile.supervisor)
            profile_block(cpu, pc);
        cpu->left -= block->charge;
        cpu->current = block;
        if (cpu->time)
            time_begin(cpu->time, block->time, pc);
        return;
    }
    cpu->engine.in_block = true;
    cpu->engine.block_pc = pc;
    block_attention(cpu, block, pc, size_bytes);
    engine_flush(cpu);
    cpu->engine.cached = false;
    cpu->engine.in_block = false;
}

static void hook_block(uc_engine *handle, uint64_t pc, uint32_t size_bytes, void *data)
{
    (void)handle;
    struct block *block = data;
    struct cpu *cpu = block->cpu;
    int64_t left = cpu->left - block->charge;
    if (__builtin_expect(left < 0, 0)) {
        hook_block_attention(block, pc, size_bytes);
        return;
    }
    cpu->left = left;
    cpu->current = block;
}

/* The same while somebody watches. */
static void hook_block_watched(uc_engine *handle, uint64_t pc, uint32_t size_bytes, void *data)
{
    const struct block *block = data;
    if (block->cpu->profile.supervisor && block->cpu->left >= block->charge)
        profile_block(block->cpu, pc);
    hook_block(handle, pc, size_bytes, data);
}

/* The same with a timing model that charges blocks: first for the one before, as time_settle()
 * does; written out, because a call makes model inorder a tenth slower. */
static __attribute__((noinline)) void hook_block_timed_slow(struct block *block, uint64_t pc,
                                                            uint32_t size_bytes)
{
    struct cpu *cpu = block->cpu;
    struct cpu_time *time = cpu->time;
    int64_t left = cpu->left;
    if (time->owed) {
        const struct block_time *owed = time->owed;
        int64_t cycles = (int64_t)time_charge(time, pc);
        if (time->memory)
            cycles += (int64_t)time_memory(time, owed);
        cpu->spent += cycles;
        left -= cycles;
    }
    cpu->left = left;
    if (__builtin_expect(left < block->charge, 0)) {
        time->owed = NULL;
        hook_block_attention(block, pc, size_bytes);
        return;
    }
    if (cpu->profile.supervisor)
        profile_block(cpu, pc);
    cpu->left = left - block->charge;
    cpu->current = block;
    time_begin(time, block->time, pc);
}

/* Somebody watches, or it is model cache. */
static void hook_block_timed_closely(uc_engine *handle, uint64_t pc, uint32_t size_bytes,
                                     void *data)
{
    (void)handle;
    hook_block_timed_slow(data, pc, size_bytes);
}

/* What is rare is left to the function above before anything is changed, so that this one needs no
 * stack frame. */
static void hook_block_timed(uc_engine *handle, uint64_t pc, uint32_t size_bytes, void *data)
{
    (void)handle;
    struct block *block = data;
    struct cpu *cpu = block->cpu;
    struct cpu_time *time = cpu->time;
    const struct block_time *owed = time->owed;
    int64_t cycles = time_quick(time, owed, pc);
    int64_t left = cpu->left - block->charge - cycles;
    if (__builtin_expect(cycles < 0 || left < 0, 0)) {
        hook_block_timed_slow(block, pc, size_bytes);
        return;
    }
    time->pending = owed->memo.after;
    cpu->spent += cycles;
    cpu->left = left;
    cpu->current = block;
    time->owed = block->time;
}

/* Of model cache: addresses are virtual. */
static void hook_access(uc_engine *handle, uc_mem_type type, uint64_t addr, int size_bytes,
                        int64_t value, void *data)
{
    (void)handle;
    (void)type;
    (void)value;
    memory_access(data, addr, (unsigned)size_bytes);
}

static void hook_step(uc_engine *handle, uint64_t pc, uint32_t size_bytes, void *data)
{
    (void)handle;
    (void)size_bytes; /* wrong for illegal instructions */
    struct cpu *cpu = data;
    cpu->engine.in_block = true;
    cpu->engine.block_pc = pc;
    block_step(cpu, pc);
    engine_flush(cpu);
    cpu->engine.cached = false;
    cpu->engine.in_block = false;
}

static void hook_translated(uc_engine *handle, uc_tb *block, uc_tb *previous, void *data)
{
    (void)handle;
    (void)previous;
    struct cpu *cpu = data;
    assert(!cpu->engine.dirty);
    block_translated(cpu, block->pc, block->icount, block->size);
    cpu->engine.cached = false;
}

static void hook_exception(uc_engine *handle, uint32_t number, void *data)
{
    (void)handle;
    struct cpu *cpu = data;
    assert(!cpu->engine.cached);
    trap_exception(cpu, number);
    engine_flush(cpu);
    cpu->engine.cached = false;
}

/* Fetches outside the RAM mapping by virtual address are refused by the engine unless a hook says
 * yes; the page tables and the PMP decide afterwards. */
static bool hook_fetch(uc_engine *handle, uc_mem_type type, uint64_t addr, int size_bytes,
                       int64_t value, void *data)
{
    (void)handle;
    (void)type;
    (void)addr;
    (void)size_bytes;
    (void)value;
    (void)data;
    return true;
}

/* Never reached by S or U code, for the PMP denies all but RAM; see map_everything(). */
static uint64_t no_read(uc_engine *handle, uint64_t offset, unsigned size_bytes, void *data)
{
    (void)handle;
    (void)offset;
    (void)size_bytes;
    (void)data;
    return 0;
}

static void no_write(uc_engine *handle, uint64_t offset, unsigned size_bytes, uint64_t value,
                     void *data)
{
    (void)handle;
    (void)offset;
    (void)size_bytes;
    (void)value;
    (void)data;
}

/* This engine looks virtual addresses up in its table of physical regions before it translates
 * them, and fails when nothing is there: so all of the address space is covered. The last page goes
 * separately, since a region may not end at 2^64. */
static uc_err map_everything(struct cpu *cpu)
{
    uc_engine *handle = handle_of(cpu);
    uint64_t base = cpu->config.ram_base, end = base + cpu->config.ram_bytes;
    uint64_t last = UINT64_MAX - PAGE_BYTES + 1;
    uc_err result = uc_mem_map_ptr(handle, base, cpu->config.ram_bytes, UC_PROT_ALL, cpu->ram);
    if (result == UC_ERR_OK)
        result = uc_mmio_map(handle, 0, base, no_read, NULL, no_write, NULL);
    if (result == UC_ERR_OK)
        result = uc_mmio_map(handle, end, last - end, no_read, NULL, no_write, NULL);
    if (result == UC_ERR_OK)
        result = uc_mmio_map(handle, last, PAGE_BYTES, no_read, NULL, no_write, NULL);
    return result;
}

static uc_err reg_write(struct cpu *cpu, int reg, uint64_t value)
{
    return uc_reg_write(handle_of(cpu), reg, &value);
}

/* Physical memory protection can only be set by M-mode code: run some, where RAM begins. */
static uc_err protect_memory(struct cpu *cpu)
{
    uc_engine *handle = handle_of(cpu);
    uint64_t base = cpu->config.ram_base, exit_at = base + sizeof(pmp_program);
    uint8_t saved[sizeof(pmp_program)];
    memcpy(saved, cpu->ram, sizeof(saved));
    memcpy(cpu->ram, pmp_program, sizeof(pmp_program));
    uc_err result = reg_write(cpu, UC_RISCV_REG_A0, base >> 2);
    if (result == UC_ERR_OK)
        result = reg_write(cpu, UC_RISCV_REG_A1, (base + cpu->config.ram_bytes) >> 2);
    if (result == UC_ERR_OK)
        result = reg_write(cpu, UC_RISCV_REG_A2, PMP_ENTRY1_TOR_RWX);
    if (result == UC_ERR_OK)
        result = uc_ctl_set_exits(handle, &exit_at, 1);
    if (result == UC_ERR_OK)
        result = uc_emu_start(handle, base, 0, 0, 0);
    if (result == UC_ERR_OK)
        result = uc_ctl_set_exits(handle, NULL, 0);
    memcpy(cpu->ram, saved, sizeof(saved));
    if (result == UC_ERR_OK)
        result = uc_ctl_remove_cache(handle, base, exit_at);
    return result;
}

static uc_err add_hooks(struct cpu *cpu)
{
    uc_engine *handle = handle_of(cpu);
    uc_hook hook = 0;
    uc_err result = uc_hook_add(handle, &hook, UC_HOOK_INTR, HOOK(hook_exception), cpu, 1, 0);
    if (result == UC_ERR_OK)
        result = uc_hook_add(handle, &hook, UC_HOOK_MEM_FETCH_PROT, HOOK(hook_fetch), cpu, 1, 0);
    if (result == UC_ERR_OK)
        result =
            uc_hook_add(handle, &hook, UC_HOOK_EDGE_GENERATED, HOOK(hook_translated), cpu, 1, 0);
    if (result != UC_ERR_OK)
        return result;
    if (cpu->time && cpu->time->memory)
        result = uc_hook_add(handle, &hook, UC_HOOK_MEM_READ | UC_HOOK_MEM_WRITE,
                             HOOK(hook_access), cpu->time->memory, 1, 0);
    if (result != UC_ERR_OK)
        return result;
    if (cpu->config.step_mode)
        return uc_hook_add(handle, &hook, UC_HOOK_CODE, HOOK(hook_step), cpu, 1, 0);
    void *data = cpu->hook_data_works ? cpu->next_block : &cpu->temporary;
    void *block_hook = cpu->profile.watcher ? HOOK(hook_block_watched) : HOOK(hook_block);
    if (cpu->time)
        block_hook = cpu->profile.watcher || cpu->time->memory ? HOOK(hook_block_timed_closely)
                                                               : HOOK(hook_block_timed);
    result = uc_hook_add(handle, &hook, UC_HOOK_BLOCK, block_hook, data, 1, 0);
    cpu->engine.block_hook = hook;
    return result;
}

static uc_err bring_up(struct cpu *cpu, uc_engine *handle)
{
    struct engine *engine = &cpu->engine;
    uc_context *context = NULL;
    uc_err result = uc_ctl_set_cpu_model(handle, UC_CPU_RISCV64_SIFIVE_U54);
    if (result == UC_ERR_OK)
        result = uc_ctl_exits_enable(handle); /* no magic "until" address */
    if (result == UC_ERR_OK)
        result = map_everything(cpu);
    if (result == UC_ERR_OK)
        result = uc_context_alloc(handle, &context);
    engine->context = context;
    engine->words = (uint64_t *)(void *)context;
    if (result == UC_ERR_OK)
        result = protect_memory(cpu);
    if (result == UC_ERR_OK)
        result = add_hooks(cpu);
    if (result == UC_ERR_OK)
        result = reg_write(cpu, UC_RISCV_REG_MIDELEG, IRQ_ALL);
    if (result == UC_ERR_OK)
        result = reg_write(cpu, UC_RISCV_REG_MIE, 0);
    return result;
}

bool engine_open(struct cpu *cpu, struct error *error)
{
    assert(cpu->engine.handle == NULL);
    struct store_path *previous = store_path_enter(&cpu->store_path);
    uc_engine *handle = NULL;
    uc_err result = uc_open(UC_ARCH_RISCV, UC_MODE_RISCV64, &handle);
    cpu->engine.handle = handle;
    if (result == UC_ERR_OK)
        result = bring_up(cpu, handle);
    store_path_leave(previous);
    if (result != UC_ERR_OK)
        return error_set(error, ERROR_UNSUPPORTED, "unicorn: %s", uc_strerror(result));

    struct engine *engine = &cpu->engine;
    engine->cached = engine->dirty = false;
    engine_load(cpu);
    for (unsigned i = 10; i <= 12; i++)
        cpu_x_put(cpu, i, 0); /* what pmp_program used */
    cpu_word_set(cpu, cpu->layout.privilege, PRIVILEGE_S);
    cpu_word_set(cpu, cpu->layout.load_addr, UINT64_MAX);
    size_t size_bytes = cpu->layout.word_count * sizeof(uint64_t);
    if (!engine->reset_words)
        engine->reset_words = malloc(size_bytes);
    if (!engine->reset_words)
        return error_set(error, ERROR_IO, "cpu: out of memory");
    memcpy(engine->reset_words, engine->words, size_bytes);
    return true;
}

void engine_close(struct cpu *cpu)
{
    struct engine *engine = &cpu->engine;
    struct store_path *previous = store_path_enter(&cpu->store_path);
    if (engine->context)
        (void)uc_context_free(engine->context);
    if (engine->handle)
        (void)uc_close(engine->handle);
    store_path_leave(previous);
    free(engine->reset_words);
    *engine = (struct engine){.handle = NULL};
    cpu->profile.live = NULL;
}

enum engine_result engine_run(struct cpu *cpu, const char **text)
{
    assert(cpu->engine.cached);
    uint64_t pc = cpu_word(cpu, cpu->layout.pc);
    engine_flush(cpu);
    cpu->engine.cached = false;
    cpu->running = true;
    struct store_path *previous = store_path_enter(&cpu->store_path);
    struct cpu *previous_cpu = quick_enter(cpu);
    uc_err result = uc_emu_start(handle_of(cpu), pc, 0, 0, 0);
    quick_leave(previous_cpu);
    store_path_leave(previous);
    cpu->running = false;
    engine_load(cpu);
    *text = uc_strerror(result);
    if (result == UC_ERR_OK)
        return ENGINE_STOPPED;
    if (result == UC_ERR_EXCEPTION || result == UC_ERR_INSN_INVALID)
        return ENGINE_EBREAK;
    return ENGINE_FAILED;
}

void engine_stop(struct cpu *cpu)
{
    assert(cpu->running);
    uc_err result = uc_emu_stop(handle_of(cpu));
    assert(result == UC_ERR_OK);
}

void engine_jump(struct cpu *cpu)
{
    assert(cpu->engine.in_block);
    engine_load(cpu);
    engine_flush(cpu);
    uc_err result = reg_write(cpu, UC_RISCV_REG_PC, cpu_word(cpu, cpu->layout.pc));
    assert(result == UC_ERR_OK);
}

void engine_exit_set(struct cpu *cpu, uint64_t addr)
{
    uc_err result = uc_ctl_set_exits(handle_of(cpu), &addr, 1);
    assert(result == UC_ERR_OK);
}

void engine_exit_clear(struct cpu *cpu)
{
    uc_err result = uc_ctl_set_exits(handle_of(cpu), NULL, 0);
    assert(result == UC_ERR_OK);
}

void engine_drop_code(struct cpu *cpu, uint64_t addr, size_t size_bytes)
{
    assert(addr >= cpu->config.ram_base);
    assert(addr - cpu->config.ram_base + size_bytes <= cpu->config.ram_bytes);
    engine_load(cpu);
    /* The engine translates the address through the hart's own mode: make that M, which is
     * physical. */
    uint64_t privilege = cpu_word(cpu, cpu->layout.privilege);
    struct store_path *previous = store_path_enter(&cpu->store_path);
    cpu_word_set(cpu, cpu->layout.privilege, PRIVILEGE_M);
    context_restore(cpu);
    uc_err result = uc_ctl_remove_cache(handle_of(cpu), addr, addr + size_bytes);
    assert(result == UC_ERR_OK);
    cpu_word_set(cpu, cpu->layout.privilege, privilege);
    context_restore(cpu);
    cpu->engine.dirty = false;
    store_path_leave(previous);
}

bool engine_tlb_flush(struct cpu *cpu)
{
    struct store_path *previous = store_path_enter(&cpu->store_path);
    bool done = store_path_flush(&cpu->store_path);
    store_path_leave(previous);
    return done;
}

void engine_block_data_set(struct cpu *cpu, void *data)
{
    assert(cpu->layout.hook_data != 0);
    uint64_t *hook = (uint64_t *)(uintptr_t)cpu->engine.block_hook;
    hook[cpu->layout.hook_data] = (uint64_t)(uintptr_t)data;
}

/* Both directions need M-mode and FS on; both words are put back. */
static void fcsr_access(struct cpu *cpu, bool write, uint64_t *value)
{
    engine_load(cpu);
    uint64_t privilege = cpu_word(cpu, cpu->layout.privilege);
    uint64_t mstatus = cpu_word(cpu, cpu->layout.mstatus);
    cpu_word_set(cpu, cpu->layout.privilege, PRIVILEGE_M);
    cpu_word_set(cpu, cpu->layout.mstatus, mstatus | MSTATUS_FS);
    context_restore(cpu);
    uc_err result = write ? uc_reg_write(handle_of(cpu), UC_RISCV_REG_FCSR, value)
                          : uc_reg_read(handle_of(cpu), UC_RISCV_REG_FCSR, value);
    assert(result == UC_ERR_OK);
    context_save(cpu); /* the rounding mode is in there */
    cpu_word_set(cpu, cpu->layout.privilege, privilege);
    cpu_word_set(cpu, cpu->layout.mstatus, mstatus);
    context_restore(cpu);
    cpu->engine.dirty = false;
    if (cpu->engine.in_block)
        cpu->engine.words[cpu->layout.pc] = cpu->engine.block_pc;
}

uint64_t engine_fcsr_get(struct cpu *cpu)
{
    uint64_t value = 0;
    fcsr_access(cpu, false, &value);
    return value;
}

void engine_fcsr_set(struct cpu *cpu, uint64_t value)
{
    fcsr_access(cpu, true, &value);
}

void engine_request_clear(struct cpu *cpu)
{
    engine_load(cpu);
    uint64_t privilege = cpu_word(cpu, cpu->layout.privilege);
    uint64_t mip = cpu_word(cpu, cpu->layout.mip);
    cpu_word_set(cpu, cpu->layout.privilege, PRIVILEGE_M);
    context_restore(cpu);
    uc_err result = reg_write(cpu, UC_RISCV_REG_MIP, 0);
    assert(result == UC_ERR_OK);
    cpu_word_set(cpu, cpu->layout.privilege, privilege);
    cpu_word_set(cpu, cpu->layout.mip, mip); /* in words only: no request */
    context_restore(cpu);
    cpu->engine.dirty = false;
}
