/* SPDX-License-Identifier: GPL-2.0-or-later */
/* timing_memory.h - the memory of model cache: for fetches and for data each a TLB, an L1, and half
 * of the ways of an L2.
 *
 * Called by cpu_time.c and, for every load and store, by the hook in cpu_engine.c. Calls the page
 * table walk that it was made with. Knows addresses, not contents.
 *
 * Invariants
 *  1. The sides share nothing. Within a side, the TLB and the caches share nothing: the entries of
 *     page tables are taken to be in L2, so a walk costs the same each time. So the steps of each
 *     of the four may be done early or late against those of the others.
 *  2. In every set, and in the TLB, the entry used last is the first, and the last one makes room.
 *  3. What `page` and `line` remember is the entry used last: to use it again changes nothing.
 *  4. Lines are numbered from the start of RAM, plus 1; 0 is none. Outside RAM nothing is cached.
 */
#ifndef LATCHKEY_EMULATOR_TIMING_MEMORY_H
#define LATCHKEY_EMULATOR_TIMING_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

#include "emulator/base/bytes.h"
#include "emulator/timing.h"

#define MEMORY_PAGE_SHIFT 12u
#define MEMORY_LINE_SHIFT 6u
#define MEMORY_PAGE_MASK ((UINT64_C(1) << MEMORY_PAGE_SHIFT) - 1)
#define MEMORY_LINES_A_PAGE (1u << (MEMORY_PAGE_SHIFT - MEMORY_LINE_SHIFT))
static_assert(TIMING_LINE == 1 << MEMORY_LINE_SHIFT, "the line of the table");

/* What the page tables say of an address. */
struct memory_walk {
    unsigned loads; /* entries that were read; 0: there are no page tables, and this is free */
    unsigned shift; /* of the page's size */
    uint64_t addr_physical;
};
struct memory_walker {
    void *context;
    /* false: no translation. */
    bool (*walk)(void *context, uint64_t addr_virtual, struct memory_walk *walk);
};

struct memory_translation {
    uint64_t page_virtual; /* in pages of this size, plus 1; 0: none */
    uint64_t page_physical;
    uint32_t shift;
};

struct memory_side {
    uint64_t page;          /* virtual, of 4 KiB, plus 1: the one used last; 0: none */
    uint64_t page_physical; /* its address */
    uint64_t line_virtual;  /* of data: the line used last, plus 1; 0: none */
    uint32_t line;          /* the one used last; 0: none */
    uint64_t cycles;        /* not yet spent */
    struct timing_side counts;
    struct memory_translation tlb[TIMING_TLB];
    uint32_t l1[TIMING_L1_SETS][TIMING_L1_WAYS];
    uint32_t l2[TIMING_L2_SETS][TIMING_L2_WAYS];
};

struct timing_memory {
    struct memory_side fetch, data;
    struct memory_walker walker;
    uint64_t ram_base, ram_bytes;
};

/* memory_clear - as at power-on. memory_flush_tlbs - sfence.vma, or a write of satp.
 * memory_flush_fetch - fence.i: L1 of the fetch side. */
void memory_clear(struct timing_memory *memory);
void memory_flush_tlbs(struct timing_memory *memory);
void memory_flush_fetch(struct timing_memory *memory);

/* memory_find_page - side->page becomes the one of this address. false: there is none. */
bool memory_find_page(struct timing_memory *memory, struct memory_side *side,
                      uint64_t addr_virtual);
/* memory_find_line - use a physical address. */
void memory_find_line(struct timing_memory *memory, struct memory_side *side,
                      uint64_t addr_physical);
/* memory_touch_line - a load or store that is not in the line used last. */
void memory_touch_line(struct timing_memory *memory, uint64_t addr_virtual);

/* memory_page - the physical address of the page where code at this address is fetched from.
 * UINT64_MAX: none. */
static inline uint64_t memory_page(struct timing_memory *memory, uint64_t addr_virtual)
{
    struct memory_side *side = &memory->fetch;
    if (__builtin_expect(side->page == (addr_virtual >> MEMORY_PAGE_SHIFT) + 1, 1) ||
        memory_find_page(memory, side, addr_virtual))
        return side->page_physical;
    return UINT64_MAX;
}

/* memory_fetch - fetch lines first..last of a page. */
static inline void memory_fetch(struct timing_memory *memory, uint64_t page_physical,
                                unsigned first, unsigned last)
{
    if (__builtin_expect(page_physical == UINT64_MAX, 0))
        return;
    uint64_t line = (page_physical - memory->ram_base) >> MEMORY_LINE_SHIFT;
    for (unsigned i = first; i <= last; i++)
        if (memory->fetch.line != line + i + 1)
            memory_find_line(memory, &memory->fetch,
                             page_physical + ((uint64_t)i << MEMORY_LINE_SHIFT));
}

/* memory_access - a load or store. */
static inline void memory_access(struct timing_memory *memory, uint64_t addr_virtual,
                                 unsigned size_bytes)
{
    uint64_t line = addr_virtual >> MEMORY_LINE_SHIFT;
    if (memory->data.line_virtual != line + 1)
        memory_touch_line(memory, addr_virtual);
    uint64_t last = addr_virtual + size_bytes - 1;
    if (__builtin_expect(last >> MEMORY_LINE_SHIFT != line, 0))
        memory_touch_line(memory, last);
}

/* memory_save - all but what it was made with; when all cycles are spent. memory_load - fails the
 * reader on what memory_save() cannot have written. */
void memory_save(const struct timing_memory *memory, struct byte_writer *writer);
void memory_load(struct timing_memory *memory, struct byte_reader *reader);

#endif
