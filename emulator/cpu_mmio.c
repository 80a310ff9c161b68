/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cpu_mmio.c - device accesses: the instruction trapped, because physical memory protection lets S
 * and U reach RAM only; do its work.
 *
 * Called by cpu_trap.c; calls the bus. So a device access has its real width in one piece, an exact
 * count, may fault, stop the machine or raise interrupts, and ends its block.
 *
 * Plain integer loads and stores, aligned. Atomic, floating and misaligned accesses to devices are
 * access faults.
 */
#include <assert.h>

#include "emulator/cpu_decode.h"
#include "emulator/cpu_state.h"

static uint64_t low_bytes(uint64_t value, unsigned size_bytes)
{
    return size_bytes == 8 ? value : value & ((UINT64_C(1) << 8 * size_bytes) - 1);
}

bool mmio_emulate(struct cpu *cpu, uint64_t pc, uint64_t addr_virtual)
{
    uint64_t addr;
    struct memory_op op;
    if (!walk_translate(cpu, addr_virtual, &addr) || walk_ram(cpu, addr, 1))
        return false;
    uint32_t insn = walk_fetch(cpu, pc);
    if (!decode_memory_op(insn, &op) || addr % op.size_bytes != 0)
        return false;
    /* The access counts the instruction that makes it, and sees the registers after it. */
    uint64_t value = op.store ? low_bytes(cpu_x(cpu, op.data), op.size_bytes) : 0;
    count_add(cpu, 1);
    cpu_word_set(cpu, cpu->layout.pc, pc + op.length);
    bool done = op.store ? cpu->bus.write(cpu->bus.context, addr, op.size_bytes, value)
                         : cpu->bus.read(cpu->bus.context, addr, op.size_bytes, &value);
    if (!done) {
        count_add(cpu, -1);
        cpu_word_set(cpu, cpu->layout.pc, pc);
        return false;
    }
    if (!op.store)
        cpu_x_put(cpu, op.data, decode_loaded(&op, value));
    cpu->stall += cpu->config.device_cycles;
    time_one(cpu, pc, insn);
    cpu->facts.device_accesses++;
    return true;
}
