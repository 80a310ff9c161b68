/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cpu_count.c - exact counting, and everything that happens at block starts.
 *
 * Called by the hooks in cpu_engine.c and by cpu.c and cpu_trap.c; calls the bus for deadlines.
 *
 * Invariants
 *  1. instructions == target - left - spent, always; while a block runs, all of it is counted
 *     already.
 *  2. A block that wants attention at the next block start (counter read, write of sip), or
 * anything else that is due, keeps `left` at zero or below, so that the next block hook comes here.
 *  3. What a block start does depends only on the state of the hart and the machine, in this order:
 * the limit, the deadline, interrupts, a stop that was asked for, the block itself.
 *
 * Decoding happens once a translation, right after the engine made it, from the bytes it was made
 * from.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/base/memory.h"
#include "emulator/cpu_decode.h"
#include "emulator/cpu_state.h"

/* Host bytes of translated code: generous for all mixes that were measured (77-148 an instruction
 * with small blocks dominating; 630-2100 a block), so that the engine's 1 GiB buffer is never full.
 */
#define TRANSLATED_BYTES_A_BLOCK 320u
#define TRANSLATED_BYTES_AN_INSTRUCTION 80u
#define TRANSLATED_BYTES_A_STEP 150u

/* The engine cuts no translation that is shorter than this, whatever its buffers say. */
#define BLOCK_NEVER_CUT 128u

static struct block *block_take(struct cpu *cpu)
{
    if (!cpu->slabs || cpu->slabs->used == SLAB_BLOCKS) {
        struct slab *slab = malloc(sizeof(*slab));
        if (!slab)
            abort(); /* host memory is exhausted: as bytes.h does */
        slab->next = cpu->slabs;
        slab->used = 0;
        slab->times = cpu->time ? memory_zeroed(SLAB_BLOCKS, sizeof(*slab->times)) : NULL;
        cpu->slabs = slab;
    }
    struct slab *slab = cpu->slabs;
    struct block *block = &slab->blocks[slab->used];
    *block = (struct block){.cpu = cpu, .charge = BLOCK_ATTENTION, .flags = BLOCK_UNKNOWN,
                            .time = slab->times ? &slab->times[slab->used] : NULL};
    slab->used++;
    return block;
}

void count_init(struct cpu *cpu)
{
    assert(!cpu->slabs);
    cpu->temporary = (struct block){.cpu = cpu,
                                    .charge = BLOCK_ATTENTION,
                                    .flags = BLOCK_UNKNOWN | BLOCK_TEMPORARY,
                                    .time = cpu->time ? &cpu->time->temporary : NULL,
                                    .starts = cpu->temporary_starts};
    cpu->next_block = block_take(cpu);
    cpu->current = NULL;
    cpu->translated_bytes = 0;
    cpu->recycle_due = false;
}

void count_finish(struct cpu *cpu)
{
    while (cpu->slabs) {
        struct slab *slab = cpu->slabs;
        cpu->slabs = slab->next;
        free(slab->times);
        free(slab);
    }
    while (cpu->long_starts) {
        struct start_words *starts = cpu->long_starts;
        cpu->long_starts = starts->next;
        free(starts);
    }
    time_forget_blocks(cpu);
    cpu->next_block = cpu->current = NULL;
}

/* Keep the count, choose the next target. */
void count_retarget(struct cpu *cpu)
{
    const int64_t far = BLOCK_ATTENTION / 2; /* less than the charge that means attention */
    int64_t count = cpu->target - cpu->left - cpu->spent, target = far;
    if (cpu->spent != 0) {
        cpu->stall += (uint64_t)cpu->spent;
        cpu->time->counts.stall_cycles += (uint64_t)cpu->spent;
        cpu->spent = 0;
    }
    if (cpu->limit < (uint64_t)target)
        target = (int64_t)cpu->limit;
    if (cpu->deadline <= cpu->stall)
        target = 0;
    else if (cpu->deadline - cpu->stall < (uint64_t)target)
        target = (int64_t)(cpu->deadline - cpu->stall);
    const uint32_t settle = BLOCK_CYCLE | BLOCK_INSTRET | BLOCK_SIP;
    bool now = cpu->irq_check || cpu->stop_asked || cpu->recycle_due || cpu->debug.pending ||
               cpu->debug.events != UINT64_MAX ||
               (cpu->current && (cpu->current->flags & settle));
    cpu->watch_target = cpu->irq_watch && !now ? target : -1;
    if (now || cpu->irq_watch)
        target = target < count ? target : count;
    cpu->target = target;
    cpu->left = target - count;
}

void count_add(struct cpu *cpu, int64_t instructions)
{
    cpu->left -= instructions;
}

/* --- what a block is
 * ------------------------------------------------------------------------------ */

struct decoding {
    uint64_t starts[BLOCK_START_WORDS];
    uint64_t addr; /* next instruction */
    uint64_t last; /* last instruction */
    uint32_t last_insn;
    uint32_t count;
};

static void decode_one(struct cpu *cpu, struct block *block, struct decoding *decoding)
{
    uint32_t insn = walk_fetch(cpu, decoding->addr);
    uint64_t offset = decoding->addr - block->pc;
    decoding->starts[offset / 128] |= UINT64_C(1) << offset / 2 % 64;
    decoding->last = decoding->addr;
    decoding->last_insn = insn;
    decoding->addr += decode_length((uint16_t)insn);
    time_insn(cpu, decoding->count, insn);
    decoding->count++;
    enum decode_defect defect = decode_defect(insn);
    if (defect == DEFECT_NONE || block->flags & BLOCK_DEFECT || !fix_concerns(cpu, defect))
        return;
    block->flags |= BLOCK_DEFECT;
    block->defect_offset = (uint16_t)offset;
}

static void keep_starts(struct cpu *cpu, struct block *block, const struct decoding *decoding)
{
    if (block->flags & BLOCK_TEMPORARY) {
        memcpy(cpu->temporary_starts, decoding->starts, sizeof(decoding->starts));
        return;
    }
    block->starts_inline = decoding->starts[0];
    block->starts = &block->starts_inline;
    if (block->span_bytes <= 128)
        return;
    struct start_words *starts = malloc(sizeof(*starts));
    if (!starts)
        abort();
    memcpy(starts->words, decoding->starts, sizeof(starts->words));
    starts->next = cpu->long_starts;
    cpu->long_starts = starts;
    block->starts = starts->words;
}

static bool ends_here(const struct decoding *decoding)
{
    return decode_ends_block(decoding->last_insn) ||
           decoding->last / PAGE_BYTES != decoding->addr / PAGE_BYTES;
}

/* The engine's translations end at every CSR access, plain or not. */
static bool engine_ends_here(const struct decoding *decoding)
{
    return ends_here(decoding) || decode_is_plain_csr(decoding->last_insn);
}

void count_charge(struct block *block)
{
    const uint32_t attention =
        BLOCK_TEMPORARY | BLOCK_CYCLE | BLOCK_INSTRET | BLOCK_SIP | BLOCK_DEFECT | BLOCK_BREAK;
    block->charge = block->flags & attention ? BLOCK_ATTENTION : (int64_t)block->count;
}

/* Decode a block of `count` instructions, or of size_bytes bytes where the count is not known (0).
 * In the second case a short block that stops for no reason ends in an illegal instruction, and the
 * engine's size is 4 bytes less than what it translated. */
static void block_decode(struct cpu *cpu, struct block *block, uint32_t count, uint32_t size_bytes)
{
    struct decoding decoding = {.addr = block->pc};
    uint32_t limit = count ? count : BLOCK_INSTRUCTIONS_MAX;
    uint64_t span_bytes = count ? UINT64_MAX : size_bytes;
    const struct exit_point *exit_point = &cpu->exit_point;
    engine_load(cpu);
    block->flags &= BLOCK_TEMPORARY;
    do {
        /* An armed exit ends the block, and the engine counts the instruction behind it. */
        if (decoding.count && exit_point->armed && decoding.addr == exit_point->addr)
            break;
        decode_one(cpu, block, &decoding);
        bool at_end = decoding.addr - block->pc >= span_bytes;
        if (at_end && decoding.count < BLOCK_NEVER_CUT && !engine_ends_here(&decoding))
            span_bytes = (uint64_t)size_bytes + 4;
    } while (decoding.count < limit && decoding.addr - block->pc < span_bytes);

    block->count = decoding.count;
    block->span_bytes = (uint32_t)(decoding.addr - block->pc);
    keep_starts(cpu, block, &decoding);
    unsigned csr = 0, target = 0;
    if (decode_counter_read(decoding.last_insn, &csr, &target) && csr != DECODE_CSR_TIME) {
        block->flags |= csr == DECODE_CSR_CYCLE ? BLOCK_CYCLE : BLOCK_INSTRET;
        block->target = (uint8_t)target;
    }
    if (decode_is_ecall(decoding.last_insn))
        block->flags |= BLOCK_ECALL;
    if (decode_is_system(decoding.last_insn))
        block->flags |= BLOCK_SYSTEM;
    if (decode_is_wait(decoding.last_insn))
        block->flags |= BLOCK_WAIT;
    if (decode_writes_sip(decoding.last_insn))
        block->flags |= BLOCK_SIP;
    if (!ends_here(&decoding))
        block->flags |= BLOCK_CUT;
    if (count && size_bytes != block->span_bytes)
        block->flags |= BLOCK_SHORT;
    if (cpu->debug.points.break_count > 0)
        debug_block_mark(cpu, block);
    count_charge(block);
    time_decoded(cpu, block, decoding.last, decoding.last_insn);
}

static void block_advance(struct cpu *cpu)
{
    cpu->next_block = block_take(cpu);
    engine_block_data_set(cpu, cpu->next_block);
}

void block_translated(struct cpu *cpu, uint64_t pc, uint32_t count, uint32_t size_bytes)
{
    assert(count > 0);
    assert(count <= BLOCK_INSTRUCTIONS_MAX);
    cpu->facts.blocks_translated++;
    cpu->translated_bytes +=
        TRANSLATED_BYTES_A_BLOCK +
        count * (cpu->config.step_mode ? TRANSLATED_BYTES_A_STEP : TRANSLATED_BYTES_AN_INSTRUCTION);
    if (cpu->translated_bytes >= cpu->recycle_bytes && !cpu->recycle_due) {
        cpu->recycle_due = true;
        count_retarget(cpu);
    }
    if (cpu->config.step_mode || !cpu->hook_data_works)
        return;
    cpu->next_block->pc = pc;
    block_decode(cpu, cpu->next_block, count, size_bytes);
    block_advance(cpu);
}

/* Instructions of the block that start before pc. */
static uint32_t block_count_before(struct cpu *cpu, const struct block *block, uint64_t pc)
{
    uint64_t offset = pc - block->pc;
    uint32_t count = 0;
    if (offset <= block->span_bytes) {
        for (uint64_t i = 0; i < offset / 128; i++)
            count += (uint32_t)__builtin_popcountll(block->starts[i]);
        if (offset % 128)
            count += (uint32_t)__builtin_popcountll(block->starts[offset / 128]
                                                    << (64 - offset % 128 / 2));
        return count;
    }
    /* Only where the engine did not say how long the block is, and it ends in an illegal
     * instruction. */
    assert(offset <= PAGE_BYTES);
    for (uint64_t addr = block->pc; addr < pc; count++)
        addr += decode_length((uint16_t)walk_fetch(cpu, addr));
    return count;
}

/* Address of instruction number `index`. */
static uint64_t block_addr_of(const struct block *block, uint32_t index)
{
    assert(index < block->count);
    for (uint32_t half = 0; half < block->span_bytes / 2; half++)
        if (block->starts[half / 64] >> half % 64 & 1 && index-- == 0)
            return block->pc + 2 * (uint64_t)half;
    assert(!"an index within the block");
    return block->pc;
}

/* --- settling
 * ------------------------------------------------------------------------------------- */

void count_settle(struct cpu *cpu, uint64_t pc)
{
    struct block *block = cpu->current;
    if (!block)
        return;
    cpu->current = NULL;
    time_settle(cpu, pc);
    /* Whatever the bytes look like, who goes elsewhere was not cut: or a loop could not be left. */
    cpu->boundary = !(block->flags & BLOCK_CUT) || pc != block->pc + block->span_bytes;
    if (block->flags & (BLOCK_CYCLE | BLOCK_INSTRET)) {
        engine_load(cpu);
        cpu_x_put(cpu, block->target,
                  block->flags & BLOCK_CYCLE ? cpu_cycles(cpu) : cpu_instructions(cpu));
    }
    if (block->flags & BLOCK_SIP)
        trap_sip_written(cpu, block->pc + block->span_bytes, pc);
    if (block->flags & BLOCK_SYSTEM && cpu->irq_watch)
        cpu->irq_check = true;
}

void count_abandon(struct cpu *cpu, uint64_t pc)
{
    struct block *block = cpu->current;
    assert(block);
    cpu->current = NULL;
    cpu->boundary = cpu->boundary && pc == block->pc;
    uint32_t done = block_count_before(cpu, block, pc);
    count_add(cpu, (int64_t)done - (int64_t)block->count);
    time_abandon(cpu, block, done, pc);
    if (block->flags & BLOCK_SHORT) {
        /* Its last bytes are not on record: a later store to them would not be noticed. */
        uint64_t first;
        if (walk_code(cpu, block->pc, &first) && walk_ram(cpu, first, 1))
            engine_drop_code(cpu, first, 1);
    }
}

static void request(struct cpu *cpu, enum request what)
{
    assert(cpu->running);
    cpu->request = what;
    engine_stop(cpu);
}

static bool deadline_due(const struct cpu *cpu)
{
    return cpu_cycles(cpu) >= cpu->deadline;
}

/* Deadline and interrupts, in that order. true: the hart goes on elsewhere. */
static bool serve_boundary(struct cpu *cpu)
{
    if (deadline_due(cpu))
        cpu->bus.deadline(cpu->bus.context);
    if (!cpu->irq_check)
        return false;
    cpu->irq_check = false;
    return trap_interrupt(cpu);
}

void count_service(struct cpu *cpu)
{
    assert(!cpu->current);
    cpu->boundary = true;
    if (cpu->request == REQUEST_NONE) {
        if (cpu_instructions(cpu) >= cpu->limit) {
            request(cpu, REQUEST_LIMIT);
        } else {
            (void)serve_boundary(cpu);
            if (cpu->stop_asked && cpu->request == REQUEST_NONE)
                request(cpu, REQUEST_ASKED);
        }
    }
    count_retarget(cpu);
}

/* --- the hooks
 * ------------------------------------------------------------------------------------ */

/* Everything that may keep the hart from the block at pc. true: it will not be run now. */
static bool block_is_kept(struct cpu *cpu)
{
    if (cpu_instructions(cpu) >= cpu->limit) {
        request(cpu, REQUEST_LIMIT);
        return true;
    }
    cpu->code_dropped = false;
    if (cpu->boundary && serve_boundary(cpu)) {
        cpu_exit_disarm(cpu); /* it is not for the code of the handler */
        engine_jump(cpu);
        return true;
    }
    if (cpu->stop_asked) {
        request(cpu, REQUEST_ASKED);
        return true;
    }
    bool touched = cpu->debug.pending && !cpu->debug.stepping;
    if (touched || cpu->events >= cpu->debug.events) {
        debug_stop(cpu, touched ? CPU_HIT_WATCH : CPU_HIT_EVENTS, 0);
        request(cpu, REQUEST_DEBUG);
        return true;
    }
    /* A fresh engine runs something before it goes, however little it may translate. */
    if (cpu->recycle_due && cpu_count(cpu) != cpu->recycled_at) {
        request(cpu, REQUEST_RECYCLE);
        return true;
    }
    if (cpu->code_dropped) {
        engine_load(cpu);
        engine_jump(cpu); /* the same pc, translated again */
        return true;
    }
    return false;
}

/* Blocks that cannot run as a whole. true: it will not be run now. */
static bool block_is_split(struct cpu *cpu, struct block *block)
{
    uint64_t left = cpu->limit - cpu_instructions(cpu), stop;
    uint64_t addr = block->flags & BLOCK_DEFECT ? block->pc + block->defect_offset : UINT64_MAX;
    if (block->flags & BLOCK_BREAK && debug_break_in(cpu, block, &stop) && stop <= addr) {
        uint32_t before = block_count_before(cpu, block, stop);
        if (before == 0) {
            debug_stop(cpu, CPU_HIT_BREAK, stop);
            request(cpu, REQUEST_DEBUG);
            return true;
        }
        if (before <= left) {
            cpu_exit_request(cpu, (struct exit_point){.kind = EXIT_LIMIT, .addr = stop});
            return true;
        }
    }
    if (block->flags & BLOCK_DEFECT) {
        uint32_t before = block_count_before(cpu, block, addr);
        if (before == 0) {
            fix_at_once(cpu, addr);
            engine_jump(cpu);
            return true;
        }
        if (before <= left) {
            cpu_exit_request(cpu, (struct exit_point){.kind = EXIT_DEFECT, .addr = addr});
            return true;
        }
    }
    if (block->count > left) {
        addr = block_addr_of(block, (uint32_t)left);
        cpu_exit_request(cpu, (struct exit_point){.kind = EXIT_LIMIT, .addr = addr});
        return true;
    }
    return false;
}

static void block_enter(struct cpu *cpu, struct block *block)
{
    if (cpu->profile.supervisor)
        profile_block(cpu, block->pc);
    count_add(cpu, block->count);
    cpu->current = block;
    if (cpu->time)
        time_begin(cpu->time, block->time, block->pc);
}

void block_attention(struct cpu *cpu, struct block *block, uint64_t pc, uint32_t size_bytes)
{
    assert(cpu->request == REQUEST_NONE);
    count_settle(cpu, pc);
    if (block->flags & BLOCK_UNKNOWN || block->flags & BLOCK_TEMPORARY) {
        block->pc = pc;
        /* The engine's size of a block that ends in an illegal instruction may have wrapped. */
        block_decode(cpu, block, 0, size_bytes & UINT16_MAX);
        if (block == cpu->next_block)
            block_advance(cpu);
    }
    assert(block->pc == pc);
    if (!block_is_kept(cpu) && !block_is_split(cpu, block))
        block_enter(cpu, block);
    count_retarget(cpu);
}

void block_step(struct cpu *cpu, uint64_t pc)
{
    assert(cpu->request == REQUEST_NONE);
    count_settle(cpu, pc);
    struct block *block = &cpu->temporary;
    block->pc = pc;
    block_decode(cpu, block, 1, 0);
    if (!block_is_kept(cpu) && !block_is_split(cpu, block))
        block_enter(cpu, block);
    count_retarget(cpu);
}
