/* SPDX-License-Identifier: GPL-2.0-or-later */
/* timing_memory.c - see timing_memory.h. */
#include <assert.h>
#include <string.h>

#include "emulator/timing_memory.h"

static void side_clear(struct memory_side *side)
{
    *side = (struct memory_side){.page = 0};
}

void memory_clear(struct timing_memory *memory)
{
    side_clear(&memory->fetch);
    side_clear(&memory->data);
}

static void tlb_flush(struct memory_side *side)
{
    memset(side->tlb, 0, sizeof(side->tlb));
    side->page = side->line_virtual = 0;
}

void memory_flush_tlbs(struct timing_memory *memory)
{
    tlb_flush(&memory->fetch);
    tlb_flush(&memory->data);
}

void memory_flush_fetch(struct timing_memory *memory)
{
    memset(memory->fetch.l1, 0, sizeof(memory->fetch.l1));
    memory->fetch.line = 0;
}

/* --- translation
 * ---------------------------------------------------------------------------------- */

static bool translation_holds(const struct memory_translation *entry, uint64_t addr)
{
    return entry->page_virtual != 0 && (addr >> entry->shift) + 1 == entry->page_virtual;
}

/* A new first entry, or one that moves there from index `from`. */
static void tlb_front(struct memory_side *side, unsigned from, struct memory_translation entry)
{
    memmove(side->tlb + 1, side->tlb, from * sizeof(side->tlb[0]));
    side->tlb[0] = entry;
}

static bool tlb_fill(struct timing_memory *memory, struct memory_side *side, uint64_t addr,
                     struct memory_translation *entry)
{
    struct memory_walk walk;
    if (!memory->walker.walk(memory->walker.context, addr, &walk))
        return false;
    *entry = (struct memory_translation){(addr >> walk.shift) + 1,
                                         walk.addr_physical >> walk.shift << walk.shift,
                                         walk.shift};
    side->counts.tlb_misses += walk.loads > 0;
    side->cycles += (uint64_t)walk.loads * TIMING_WALK;
    tlb_front(side, TIMING_TLB - 1, *entry);
    return true;
}

bool memory_find_page(struct timing_memory *memory, struct memory_side *side,
                      uint64_t addr_virtual)
{
    struct memory_translation entry;
    unsigned at = 0;
    while (at < TIMING_TLB && !translation_holds(&side->tlb[at], addr_virtual))
        at++;
    if (at < TIMING_TLB) {
        entry = side->tlb[at];
        tlb_front(side, at, entry);
    } else if (!tlb_fill(memory, side, addr_virtual, &entry)) {
        side->page = 0;
        return false;
    }
    uint64_t offset = addr_virtual & ((UINT64_C(1) << entry.shift) - 1) & ~MEMORY_PAGE_MASK;
    side->page = (addr_virtual >> MEMORY_PAGE_SHIFT) + 1;
    side->page_physical = entry.page_physical + offset;
    return true;
}

/* --- lines
 * ---------------------------------------------------------------------------------------- */

/* Make a line the first of its set. Was it there? */
static inline bool set_use(uint32_t *set, unsigned ways, uint32_t line)
{
    unsigned at = 0;
    while (at < ways - 1 && set[at] != line)
        at++;
    bool there = set[at] == line;
    for (; at > 0; at--)
        set[at] = set[at - 1];
    set[0] = line;
    return there;
}

void memory_find_line(struct timing_memory *memory, struct memory_side *side,
                      uint64_t addr_physical)
{
    uint64_t offset = addr_physical - memory->ram_base;
    if (offset >= memory->ram_bytes) {
        side->line = 0;
        return;
    }
    uint32_t number = (uint32_t)(offset >> MEMORY_LINE_SHIFT), line = number + 1;
    side->line = line;
    if (set_use(side->l1[number % TIMING_L1_SETS], TIMING_L1_WAYS, line))
        return;
    side->counts.l1_misses++;
    side->cycles += TIMING_L2;
    if (set_use(side->l2[number % TIMING_L2_SETS], TIMING_L2_WAYS, line))
        return;
    side->counts.l2_misses++;
    side->cycles += TIMING_DRAM;
}

void memory_touch_line(struct timing_memory *memory, uint64_t addr_virtual)
{
    struct memory_side *side = &memory->data;
    side->line_virtual = 0;
    if (side->page != (addr_virtual >> MEMORY_PAGE_SHIFT) + 1 &&
        !memory_find_page(memory, side, addr_virtual))
        return;
    side->line_virtual = (addr_virtual >> MEMORY_LINE_SHIFT) + 1;
    memory_find_line(memory, side, side->page_physical + (addr_virtual & MEMORY_PAGE_MASK));
}

/* --- save and load
 * -------------------------------------------------------------------------------- */

static void lines_save(const uint32_t *lines, unsigned count, struct byte_writer *writer)
{
    for (unsigned i = 0; i < count; i++)
        write_u32(writer, lines[i]);
}

static void lines_load(uint32_t *lines, unsigned count, uint64_t most, struct byte_reader *reader)
{
    for (unsigned i = 0; i < count; i++) {
        lines[i] = read_u32(reader);
        if (lines[i] > most)
            reader_fail(reader);
    }
}

static void side_save(const struct memory_side *side, struct byte_writer *writer)
{
    assert(side->cycles == 0);
    write_u64(writer, side->page);
    write_u64(writer, side->page_physical);
    write_u64(writer, side->line_virtual);
    write_u32(writer, side->line);
    write_u64(writer, side->counts.tlb_misses);
    write_u64(writer, side->counts.l1_misses);
    write_u64(writer, side->counts.l2_misses);
    for (unsigned i = 0; i < TIMING_TLB; i++) {
        write_u64(writer, side->tlb[i].page_virtual);
        write_u64(writer, side->tlb[i].page_physical);
        write_u32(writer, side->tlb[i].shift);
    }
    lines_save(side->l1[0], TIMING_L1_SETS * TIMING_L1_WAYS, writer);
    lines_save(side->l2[0], TIMING_L2_SETS * TIMING_L2_WAYS, writer);
}

static void side_load(struct memory_side *side, uint64_t lines, struct byte_reader *reader)
{
    side->cycles = 0;
    side->page = read_u64(reader);
    side->page_physical = read_u64(reader);
    side->line_virtual = read_u64(reader);
    side->line = read_u32(reader);
    side->counts.tlb_misses = read_u64(reader);
    side->counts.l1_misses = read_u64(reader);
    side->counts.l2_misses = read_u64(reader);
    if (side->page_physical & MEMORY_PAGE_MASK)
        reader_fail(reader);
    for (unsigned i = 0; i < TIMING_TLB; i++) {
        side->tlb[i].page_virtual = read_u64(reader);
        side->tlb[i].page_physical = read_u64(reader);
        side->tlb[i].shift = read_u32(reader);
        if (side->tlb[i].shift >= 64 || side->tlb[i].page_physical & MEMORY_PAGE_MASK)
            reader_fail(reader);
    }
    lines_load(side->l1[0], TIMING_L1_SETS * TIMING_L1_WAYS, lines, reader);
    lines_load(side->l2[0], TIMING_L2_SETS * TIMING_L2_WAYS, lines, reader);
}

void memory_save(const struct timing_memory *memory, struct byte_writer *writer)
{
    side_save(&memory->fetch, writer);
    side_save(&memory->data, writer);
}

void memory_load(struct timing_memory *memory, struct byte_reader *reader)
{
    uint64_t lines = memory->ram_bytes >> MEMORY_LINE_SHIFT;
    side_load(&memory->fetch, lines, reader);
    side_load(&memory->data, lines, reader);
    if (reader->failed)
        memory_clear(memory);
}
