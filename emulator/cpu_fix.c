/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cpu_fix.c - instructions that engine version 2.0.1 executes wrongly, done right by the host.
 *
 *   reserved 16-bit codes  the engine does nothing; they are illegal instructions
 *   c.fld, c.fsd, c.fldsp, c.fsdsp
 *                          the engine does nothing when FS is Off; they are illegal then, which is
 *                          what lets a kernel enable floating point lazily
 *   amomin/amomax(u).w     wrong results
 *   reads of cycle, instret and hpmcounters in U-mode
 *                          the engine does not ask scounteren
 *
 * Called by cpu_count.c, which finds them when a block is translated and stops in front of them;
 * calls cpu_walk.c. Nothing is patched: the instruction stays what it is.
 */
#include <assert.h>

#include "emulator/cpu_decode.h"
#include "emulator/cpu_state.h"

/* Returns the cause of a fault, 0 when done. */
static unsigned amo(struct cpu *cpu, uint64_t pc, uint32_t insn, uint64_t *bad)
{
    struct amo_op op = decode_amo_op(insn);
    uint64_t addr = cpu_x(cpu, op.addr), addr_physical;
    *bad = addr;
    if (addr % 4 != 0)
        return CAUSE_STORE_MISALIGNED;
    unsigned cause = walk_amo(cpu, addr, &addr_physical);
    if (cause)
        return cause;
    uint8_t *word = walk_ram(cpu, addr_physical, 4);
    if (!word)
        return CAUSE_STORE_ACCESS;
    uint32_t old = load_u32(word);
    store_u32(word, decode_amo_result(op.function, old, (uint32_t)cpu_x(cpu, op.operand)));
    cpu_ram_written(cpu, addr_physical, 4);
    count_add(cpu, 1);
    time_access(cpu, addr, 4);
    time_one(cpu, pc, insn);
    cpu_x_put(cpu, op.target, (uint64_t)(int64_t)(int32_t)old);
    return 0;
}

bool fix_concerns(struct cpu *cpu, enum decode_defect defect)
{
    assert(defect != DEFECT_NONE);
    if (defect == DEFECT_FLOAT)
        return (cpu_word(cpu, cpu->layout.mstatus) & MSTATUS_FS) == 0;
    return defect != DEFECT_COUNTER || cpu_word(cpu, cpu->layout.privilege) == PRIVILEGE_U;
}

/* A read of a counter in U-mode. false: it is an illegal instruction. */
static bool counter(struct cpu *cpu, uint64_t pc, uint32_t insn)
{
    unsigned number = 0, target = 0, csr = DECODE_CSR_TIME;
    bool known = decode_counter_any(insn, &number, &target);
    assert(known);
    /* The form of the instruction, not the counter, says whether it only reads. */
    bool reads = decode_counter_read(insn & ~UINT32_C(0x1f00000), &csr, &target);
    if (!reads || !(cpu_word(cpu, cpu->layout.scounteren) >> number & 1))
        return false;
    count_add(cpu, 1);
    time_one(cpu, pc, insn);
    /* The others count nothing. */
    uint64_t value = 0;
    if (number == DECODE_CSR_CYCLE % 32)
        value = cpu_cycles(cpu);
    else if (number == DECODE_CSR_INSTRET % 32)
        value = cpu_instructions(cpu);
    cpu_x_put(cpu, target, value);
    return true;
}

void fix_at_once(struct cpu *cpu, uint64_t pc)
{
    engine_load(cpu);
    cpu_word_set(cpu, cpu->layout.pc, pc);
    uint32_t insn = walk_fetch(cpu, pc);
    enum decode_defect defect = decode_defect(insn);
    assert(!cpu->current);
    if (defect == DEFECT_NONE) { /* a store within its block replaced it, and that counts */
        uint64_t code_addr;
        if (walk_code(cpu, pc, &code_addr) && walk_ram(cpu, code_addr, 1))
            engine_drop_code(cpu, code_addr, 1);
        return;
    }
    uint64_t bad = insn;
    unsigned cause = CAUSE_ILLEGAL;
    if (defect == DEFECT_AMO)
        cause = amo(cpu, pc, insn, &bad);
    else if (defect == DEFECT_COUNTER && counter(cpu, pc, insn))
        cause = 0;
    if (cause) {
        trap_deliver(cpu, cause, bad);
        return;
    }
    cpu_word_set(cpu, cpu->layout.pc, pc + 4);
    cpu->boundary = decode_ends_block(insn) || pc / PAGE_BYTES != (pc + 4) / PAGE_BYTES;
}
