/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cpu_walk.c - translation by the host, for what the engine does not tell: which physical
 * address a device access meant, and which bytes an instruction has.
 *
 * Called by the other emulator/cpu_*.c files; calls engine_load() only.
 *
 * Invariants
 *  1. Nothing outside guest RAM is ever read or written, whatever the page tables say.
 *  2. Only walk_amo() changes guest memory, and only A and D bits.
 *
 * Source: volume II (20211203) section 4.4.
 */
#include <assert.h>

#include "emulator/cpu_decode.h"
#include "emulator/cpu_state.h"

#define PTE_V (UINT64_C(1) << 0)
#define PTE_R (UINT64_C(1) << 1)
#define PTE_W (UINT64_C(1) << 2)
#define PTE_X (UINT64_C(1) << 3)
#define PTE_U (UINT64_C(1) << 4)
#define PTE_A (UINT64_C(1) << 6)
#define PTE_D (UINT64_C(1) << 7)
#define PTE_PPN_SHIFT 10
#define PTE_PPN_MASK ((UINT64_C(1) << 44) - 1)
#define PTE_RESERVED (UINT64_MAX << 54)
#define SATP_PPN_MASK ((UINT64_C(1) << 44) - 1)

uint8_t *walk_ram(struct cpu *cpu, uint64_t addr_physical, size_t size_bytes)
{
    assert(size_bytes <= cpu->config.ram_bytes);
    if (addr_physical < cpu->config.ram_base)
        return NULL;
    uint64_t offset = addr_physical - cpu->config.ram_base;
    if (offset > cpu->config.ram_bytes - size_bytes)
        return NULL;
    return cpu->ram + offset;
}

struct leaf {
    uint8_t *entry; /* in RAM */
    uint64_t value; /* of the entry */
    uint64_t addr_physical;
    unsigned level;
};

enum walk_result {
    WALK_OK,
    WALK_INVALID,  /* page fault */
    WALK_NO_TABLE, /* a table outside RAM: access fault */
};

static unsigned level_count(uint64_t satp)
{
    return (unsigned)(satp >> SATP_MODE_SHIFT) - SATP_MODE_SV39 + 3;
}

static enum walk_result walk(struct cpu *cpu, uint64_t satp, uint64_t addr, struct leaf *leaf)
{
    uint64_t table = (satp & SATP_PPN_MASK) * PAGE_BYTES;
    unsigned levels = level_count(satp);
    unsigned sign_bits = 64 - (12 + 9 * levels); /* they must repeat the bit below them */
    if ((uint64_t)((int64_t)(addr << sign_bits) >> sign_bits) != addr)
        return WALK_INVALID;
    for (unsigned level = levels; level-- > 0;) {
        unsigned shift = 12 + 9 * level;
        uint8_t *entry = walk_ram(cpu, table + (addr >> shift & 511) * 8, 8);
        if (!entry)
            return WALK_NO_TABLE;
        uint64_t value = load_u64(entry);
        uint64_t page = (value >> PTE_PPN_SHIFT & PTE_PPN_MASK) * PAGE_BYTES;
        if (!(value & PTE_V))
            return WALK_INVALID;
        if (value & (PTE_R | PTE_W | PTE_X)) {
            uint64_t mask = (UINT64_C(1) << shift) - 1;
            *leaf = (struct leaf){entry, value, (page & ~mask) | (addr & mask), level};
            return WALK_OK;
        }
        table = page;
    }
    return WALK_INVALID;
}

bool walk_translate_by(struct cpu *cpu, uint64_t satp, uint64_t addr_virtual,
                       uint64_t *addr_physical)
{
    uint64_t mode = satp >> SATP_MODE_SHIFT;
    struct leaf leaf;
    if (mode == 0) {
        *addr_physical = addr_virtual;
        return true;
    }
    if (mode < SATP_MODE_SV39 || mode > SATP_MODE_SV57 ||
        walk(cpu, satp, addr_virtual, &leaf) != WALK_OK)
        return false;
    *addr_physical = leaf.addr_physical;
    return true;
}

bool walk_translate(struct cpu *cpu, uint64_t addr_virtual, uint64_t *addr_physical)
{
    assert(addr_physical);
    engine_load(cpu);
    return walk_translate_by(cpu, cpu_word(cpu, cpu->layout.satp), addr_virtual, addr_physical);
}

bool walk_measured(struct cpu *cpu, uint64_t addr_virtual, struct memory_walk *found)
{
    bool cached = cpu->engine.cached; /* within a hook nothing may stay so */
    engine_load(cpu);
    uint64_t satp = cpu_word(cpu, cpu->layout.satp);
    cpu->engine.cached = cached;
    if (satp >> SATP_MODE_SHIFT == 0) {
        *found = (struct memory_walk){.shift = 30, .addr_physical = addr_virtual};
        return true;
    }
    struct leaf leaf;
    if (walk(cpu, satp, addr_virtual, &leaf) != WALK_OK)
        return false;
    *found = (struct memory_walk){level_count(satp) - leaf.level, 12 + 9 * leaf.level,
                                  leaf.addr_physical};
    return true;
}

bool walk_code(struct cpu *cpu, uint64_t addr_virtual, uint64_t *addr_physical)
{
    assert(addr_physical);
    engine_load(cpu);
    uint64_t page;
    unsigned mode = (unsigned)cpu_word(cpu, cpu->layout.privilege);
    if (!store_path_page(&cpu->store_path, addr_virtual, mode, &page))
        return walk_translate(cpu, addr_virtual, addr_physical);
    *addr_physical = page | (addr_virtual & (PAGE_BYTES - 1));
    return true;
}

static bool fetch_parcel(struct cpu *cpu, uint64_t addr_virtual, uint16_t *parcel)
{
    uint64_t addr_physical;
    if (!walk_code(cpu, addr_virtual, &addr_physical))
        return false;
    const uint8_t *bytes = walk_ram(cpu, addr_physical, 2);
    if (!bytes)
        return false;
    *parcel = load_u16(bytes);
    return true;
}

uint32_t walk_fetch(struct cpu *cpu, uint64_t addr_virtual)
{
    uint16_t low = 0, high = 0;
    if (!fetch_parcel(cpu, addr_virtual, &low))
        return 0;
    if (decode_length(low) == 4 && !fetch_parcel(cpu, addr_virtual + 2, &high))
        return 0;
    return low | (uint32_t)high << 16;
}

static bool may_modify(struct cpu *cpu, const struct leaf *leaf)
{
    uint64_t mstatus = cpu_word(cpu, cpu->layout.mstatus);
    bool user = cpu_word(cpu, cpu->layout.privilege) == PRIVILEGE_U;
    bool user_page = (leaf->value & PTE_U) != 0;
    if (user != user_page && (user || !(mstatus & MSTATUS_SUM)))
        return false;
    /* W without R is reserved. */
    return (leaf->value & PTE_R) && (leaf->value & PTE_W) && !(leaf->value & PTE_RESERVED);
}

unsigned walk_amo(struct cpu *cpu, uint64_t addr_virtual, uint64_t *addr_physical)
{
    assert(addr_physical);
    engine_load(cpu);
    uint64_t satp = cpu_word(cpu, cpu->layout.satp);
    *addr_physical = addr_virtual;
    if (satp >> SATP_MODE_SHIFT == 0)
        return 0;
    struct leaf leaf;
    enum walk_result result = walk(cpu, satp, addr_virtual, &leaf);
    if (result == WALK_NO_TABLE)
        return CAUSE_STORE_ACCESS;
    if (result == WALK_INVALID || !may_modify(cpu, &leaf))
        return CAUSE_STORE_PAGE;
    uint64_t page = (leaf.value >> PTE_PPN_SHIFT & PTE_PPN_MASK);
    if (leaf.level > 0 && (page & ((UINT64_C(1) << 9 * leaf.level) - 1)))
        return CAUSE_STORE_PAGE; /* a superpage must be aligned */
    store_u64(leaf.entry, leaf.value | PTE_A | PTE_D);
    cpu_ram_written(cpu, cpu->config.ram_base + (uint64_t)(leaf.entry - cpu->ram), 8);
    *addr_physical = leaf.addr_physical;
    return 0;
}
