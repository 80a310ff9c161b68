/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cpu_debug.c - breakpoints and watchpoints of a debugger, which the guest cannot see.
 *
 * A breakpoint is a mark on the blocks that hold its address: each time such a block is entered, it
 * is split there. A watchpoint is a page whose loads and stores the engine refuses (cpu_store.c):
 * each comes here as an exception. If it is for what is watched, the run ends before the
 * instruction; if not, its instruction is done by the host, or by the engine with the pages open,
 * one instruction long. What devices write is noticed as well.
 *
 * Called by cpu_count.c at block starts, by cpu_trap.c for refused accesses and by cpu.c around
 * steps; calls the store path and cpu_walk.c.
 *
 * Invariants
 *  1. Counts, events, stalls and block starts are what they are without a debugger.
 *  2. A run never stops at the very position where the last one stopped.
 */
#include <assert.h>
#include <string.h>

#include "emulator/cpu_state.h"

static void skip_set(struct cpu *cpu)
{
    cpu->debug.skip = true;
    cpu->debug.skip_count = cpu_count(cpu);
    cpu->debug.skip_events = cpu->events;
}

static bool skip_holds(const struct cpu *cpu)
{
    const struct debug *debug = &cpu->debug;
    return debug->skip && debug->skip_count == cpu_count(cpu) && debug->skip_events == cpu->events;
}

/* --- breakpoints --- */

static bool starts_at(const struct block *block, uint64_t addr)
{
    uint64_t offset = addr - block->pc;
    return offset < block->span_bytes && offset % 2 == 0 &&
           (block->starts[offset / 128] >> offset / 2 % 64 & 1);
}

void debug_block_mark(struct cpu *cpu, struct block *block)
{
    block->flags &= ~(uint32_t)BLOCK_BREAK;
    for (size_t i = 0; i < cpu->debug.points.break_count; i++)
        if (starts_at(block, cpu->debug.points.breaks[i]))
            block->flags |= BLOCK_BREAK;
}

static void blocks_mark(struct cpu *cpu)
{
    for (struct slab *slab = cpu->slabs; slab; slab = slab->next)
        for (unsigned i = 0; i < slab->used; i++) {
            struct block *block = &slab->blocks[i];
            if (block->flags & BLOCK_UNKNOWN)
                continue;
            debug_block_mark(cpu, block);
            count_charge(block);
        }
}

bool debug_break_in(struct cpu *cpu, const struct block *block, uint64_t *addr)
{
    bool found = false;
    bool skips = skip_holds(cpu);
    for (size_t i = 0; i < cpu->debug.points.break_count; i++) {
        uint64_t here = cpu->debug.points.breaks[i];
        if (!starts_at(block, here) || (skips && here == block->pc) || (found && here >= *addr))
            continue;
        *addr = here;
        found = true;
    }
    return found;
}

void debug_stop(struct cpu *cpu, enum cpu_hit_kind kind, uint64_t addr)
{
    if (kind != CPU_HIT_WATCH)
        cpu->debug.hit = (struct cpu_hit){.kind = kind, .addr = addr};
    cpu->debug.pending = false;
    skip_set(cpu);
    cpu->debug.skip_watch = kind == CPU_HIT_WATCH;
}

/* --- watchpoints --- */

/* The first byte of [addr, addr + size) that is watched for this kind of access. */
static bool watched(const struct cpu *cpu, uint64_t addr, uint64_t size_bytes, bool write,
                    struct cpu_hit *hit)
{
    for (size_t i = 0; i < cpu->debug.points.watch_count; i++) {
        const struct cpu_watch *watch = &cpu->debug.points.watches[i];
        if (!(write ? watch->on_write : watch->on_read) || addr + size_bytes <= watch->addr ||
            watch->addr + watch->size_bytes <= addr)
            continue;
        *hit = (struct cpu_hit){.kind = CPU_HIT_WATCH, .index = i, .write = write,
                                .addr = addr > watch->addr ? addr : watch->addr};
        return true;
    }
    return false;
}

void debug_written(struct cpu *cpu, uint64_t addr, uint64_t size_bytes)
{
    if (cpu->debug.pending || cpu->debug.stepping)
        return;
    cpu->debug.pending = watched(cpu, addr, size_bytes, true, &cpu->debug.hit);
    cpu->debug.hit.done = cpu->debug.pending;
    if (cpu->debug.pending)
        count_retarget(cpu);
}

/* What the instruction whose access was refused is about to do at addr, physical. */
static bool about_to_hit(struct cpu *cpu, bool write, uint32_t insn, uint64_t addr)
{
    bool modifies = decode_is_amo_store(insn);
    struct memory_op op;
    struct cpu_hit *hit = &cpu->debug.hit;
    uint64_t size_bytes =
        decode_memory_op(insn, &op) ? op.size_bytes : decode_access_bytes(insn);
    if (cpu->debug.skip_watch && skip_holds(cpu))
        return false;
    return watched(cpu, addr, size_bytes, write || modifies, hit) ||
           (modifies && watched(cpu, addr, size_bytes, false, hit));
}

/* A plain load or store: the engine has found that the hart may do it, so do it. false: it is
 * another instruction. */
static bool access_do(struct cpu *cpu, uint64_t pc, uint32_t insn, uint64_t addr)
{
    uint64_t value = 0;
    struct memory_op op;
    if (!decode_memory_op(insn, &op) || addr % op.size_bytes != 0)
        return false;
    uint8_t *bytes = walk_ram(cpu, addr, op.size_bytes);
    if (!bytes)
        return false;
    count_add(cpu, 1);
    time_one(cpu, pc, insn);
    cpu_word_set(cpu, cpu->layout.pc, pc + op.length);
    cpu->boundary = pc / PAGE_BYTES != (pc + op.length) / PAGE_BYTES;
    if (op.store) {
        value = cpu_x(cpu, op.data);
        memcpy(bytes, &value, op.size_bytes);
        code_written(cpu, addr, op.size_bytes);
        return true;
    }
    memcpy(&value, bytes, op.size_bytes);
    cpu_x_put(cpu, op.data, decode_loaded(&op, value));
    return true;
}

void debug_refused(struct cpu *cpu, unsigned number, uint64_t pc, uint64_t addr_virtual)
{
    uint64_t addr;
    bool data = number == CAUSE_LOAD_ACCESS || number == CAUSE_STORE_ACCESS;
    /* Else what was refused were its page tables. */
    bool own = data && walk_translate(cpu, addr_virtual, &addr) &&
               addr / PAGE_BYTES == cpu->store_path.refused_addr / PAGE_BYTES;
    uint32_t insn = own ? walk_fetch(cpu, pc) : 0;
    cpu->store_path.watch_refused = false;
    cpu->request = REQUEST_WATCH;
    if (own && about_to_hit(cpu, number == CAUSE_STORE_ACCESS, insn, addr)) {
        debug_stop(cpu, CPU_HIT_WATCH, 0);
        cpu->request = REQUEST_DEBUG;
    } else if (own && access_do(cpu, pc, insn, addr)) {
        cpu->request = REQUEST_NONE;
        return;
    }
    engine_stop(cpu);
}

void debug_step_begin(struct cpu *cpu)
{
    struct debug *debug = &cpu->debug;
    assert(!debug->stepping);
    debug->stepping = true;
    debug->step_limit = cpu->limit;
    debug->step_events = debug->events;
    if (cpu_count(cpu) + 1 < cpu->limit)
        cpu->limit = cpu_count(cpu) + 1;
    debug->events = cpu->events + 1;
    cpu->store_path.watch_open = true;
    skip_set(cpu);
}

void debug_step_end(struct cpu *cpu)
{
    struct debug *debug = &cpu->debug;
    assert(debug->stepping);
    debug->stepping = false;
    cpu->limit = debug->step_limit;
    debug->events = debug->step_events;
    cpu->store_path.watch_open = false;
    bool flushed = engine_tlb_flush(cpu);
    assert(flushed);
    debug->skip = false; /* a trap may have led to a breakpoint */
}

/* --- what the debugger asks for --- */

static size_t pages_watched(const struct cpu_debug *debug, uint64_t *pages)
{
    size_t count = 0;
    static_assert(2 * CPU_WATCHES_MAX <= STORE_PATH_WATCHED_MAX, "each may lie in two pages");
    for (size_t i = 0; i < debug->watch_count; i++) {
        const struct cpu_watch *watch = &debug->watches[i];
        assert(watch->size_bytes > 0);
        assert(watch->size_bytes <= CPU_WATCH_BYTES_MAX);
        uint64_t first = watch->addr / PAGE_BYTES;
        uint64_t last = (watch->addr + watch->size_bytes - 1) / PAGE_BYTES;
        pages[count++] = first * PAGE_BYTES;
        if (last != first)
            pages[count++] = last * PAGE_BYTES;
    }
    return count;
}

bool cpu_debug_set(struct cpu *cpu, const struct cpu_debug *wanted)
{
    static const struct cpu_debug none = {.break_count = 0};
    struct debug *debug = &cpu->debug;
    const struct cpu_debug *now = wanted ? wanted : &none;
    assert(!cpu->running);
    assert(now->break_count <= CPU_BREAKS_MAX);
    assert(now->watch_count <= CPU_WATCHES_MAX);
    uint64_t pages[STORE_PATH_WATCHED_MAX] = {0};
    size_t page_count = pages_watched(now, pages);
    /* Model cache would see the accesses that are refused. */
    if (page_count > 0 && cpu->time && cpu->time->memory)
        return false;
    if (!store_path_watch(&cpu->store_path, pages, page_count))
        return false;
    if (page_count > 0) {
        bool flushed = engine_tlb_flush(cpu); /* who can watch can do that: store_path_watch() */
        assert(flushed);
    }
    bool breaks_same =
        debug->points.break_count == now->break_count &&
        memcmp(debug->points.breaks, now->breaks, sizeof(now->breaks)) == 0;
    *debug = (struct debug){.points = *now, .events = UINT64_MAX};
    if (!breaks_same)
        blocks_mark(cpu);
    skip_set(cpu);
    count_retarget(cpu);
    return true;
}

void cpu_debug_events(struct cpu *cpu, uint64_t events)
{
    assert(!cpu->running);
    cpu->debug.events = events;
    count_retarget(cpu);
}

struct cpu_hit cpu_debug_hit(const struct cpu *cpu)
{
    return cpu->debug.hit;
}
