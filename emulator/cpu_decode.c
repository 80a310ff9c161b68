/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cpu_decode.c - instruction words: lengths, block ends, plain loads and stores, the engine's
 * defects. Called by the other emulator/cpu_*.c files; calls nobody. */
#include "emulator/cpu_decode.h"

#include <assert.h>

/* Major opcodes, volume I table 24.1. */
#define OP_LOAD 0x03u
#define OP_LOAD_FP 0x07u
#define OP_MISC_MEM 0x0fu
#define OP_STORE 0x23u
#define OP_STORE_FP 0x27u
#define OP_AMO 0x2fu
#define OP_BRANCH 0x63u
#define OP_JALR 0x67u
#define OP_JAL 0x6fu
#define OP_SYSTEM 0x73u
#define INSN_ECALL 0x00000073u
#define INSN_SRET 0x10200073u
#define INSN_WFI 0x10500073u
#define CSR_SSTATUS 0x100u
#define CSR_SSCRATCH 0x140u
#define CSR_STVAL 0x143u
#define AMO_LR 0x02u
#define LINK 1u
#define LINK_OTHER 5u

static unsigned bits(uint32_t insn, unsigned low, unsigned count)
{
    assert(low + count <= 32);
    return insn >> low & ((1u << count) - 1);
}

static unsigned opcode(uint32_t insn)
{
    return bits(insn, 0, 7);
}

static unsigned function3(uint32_t insn)
{
    return bits(insn, 12, 3);
}

static bool is_wide(uint32_t insn)
{
    return (insn & 3) == 3;
}

static bool is_csr_access(uint32_t insn)
{
    return opcode(insn) == OP_SYSTEM && (function3(insn) & 3) != 0;
}

bool decode_is_plain_csr(uint32_t insn)
{
    if (!is_wide(insn) || !is_csr_access(insn))
        return false;
    unsigned csr = bits(insn, 20, 12);
    if (csr == CSR_SSTATUS)
        return (function3(insn) & 3) != 1 && bits(insn, 15, 5) == 0;
    return csr >= CSR_SSCRATCH && csr <= CSR_STVAL;
}

bool decode_is_ecall(uint32_t insn)
{
    return insn == INSN_ECALL;
}

unsigned decode_length(uint16_t parcel)
{
    return (parcel & 3) == 3 ? 4 : 2;
}

static bool is_link(unsigned reg)
{
    return reg == LINK || reg == LINK_OTHER;
}

static enum decode_end indirect_end(unsigned link, unsigned base)
{
    if (is_link(link))
        return DECODE_CALL;
    return is_link(base) ? DECODE_RETURN : DECODE_JUMP;
}

static enum decode_end narrow_end(uint32_t insn)
{
    unsigned quadrant = insn & 3, function = bits(insn, 13, 3), base = bits(insn, 7, 5);
    if (quadrant == 1 && function >= 5) /* c.j; c.beqz, c.bnez */
        return function == 5 ? DECODE_JUMP : DECODE_BRANCH;
    /* c.jr, c.jalr: register named, second one zero. */
    if (quadrant == 2 && function == 4 && bits(insn, 2, 5) == 0 && base != 0)
        return indirect_end(bits(insn, 12, 1) ? LINK : 0, base);
    return DECODE_NEXT;
}

enum decode_end decode_end(uint32_t insn)
{
    if (!is_wide(insn))
        return narrow_end(insn);
    switch (opcode(insn)) {
    case OP_BRANCH:
        return DECODE_BRANCH;
    case OP_JALR:
        return indirect_end(bits(insn, 7, 5), bits(insn, 15, 5));
    case OP_JAL:
        return is_link(bits(insn, 7, 5)) ? DECODE_CALL : DECODE_JUMP;
    default:
        return DECODE_NEXT;
    }
}

bool decode_ends_block(uint32_t insn)
{
    return decode_end(insn) != DECODE_NEXT || decode_is_system(insn) || decode_is_wait(insn) ||
           decode_is_fence_i(insn);
}

bool decode_is_system(uint32_t insn)
{
    return is_wide(insn) &&
           ((is_csr_access(insn) && !decode_is_plain_csr(insn)) || insn == INSN_SRET);
}

bool decode_is_wait(uint32_t insn)
{
    return insn == INSN_WFI;
}

bool decode_is_fence_i(uint32_t insn)
{
    return is_wide(insn) && opcode(insn) == OP_MISC_MEM && function3(insn) == 1;
}

bool decode_is_amo_store(uint32_t insn)
{
    return is_wide(insn) && opcode(insn) == OP_AMO && bits(insn, 27, 5) != AMO_LR;
}

bool decode_counter_any(uint32_t insn, unsigned *number, unsigned *target)
{
    assert(number);
    assert(target);
    if (!is_wide(insn) || !is_csr_access(insn) || bits(insn, 25, 7) != DECODE_CSR_CYCLE >> 5)
        return false;
    *number = bits(insn, 20, 5);
    *target = bits(insn, 7, 5);
    return true;
}

bool decode_counter_read(uint32_t insn, unsigned *csr, unsigned *target)
{
    assert(csr);
    assert(target);
    if (!is_wide(insn) || !is_csr_access(insn))
        return false;
    unsigned number = bits(insn, 20, 12);
    if (number < DECODE_CSR_CYCLE || number > DECODE_CSR_INSTRET)
        return false;
    /* csrrw always writes; the others write unless their operand is x0 or 0. The counters cannot be
     * written, so writing forms are illegal instructions. */
    if ((function3(insn) & 3) == 1 || bits(insn, 15, 5) != 0)
        return false;
    *csr = number;
    *target = bits(insn, 7, 5);
    return true;
}

static bool writes(uint32_t insn, unsigned csr)
{
    if (!is_wide(insn) || !is_csr_access(insn) || bits(insn, 20, 12) != csr)
        return false;
    return (function3(insn) & 3) == 1 || bits(insn, 15, 5) != 0;
}

bool decode_writes_sip(uint32_t insn)
{
    return writes(insn, DECODE_CSR_SIP);
}

bool decode_writes_satp(uint32_t insn)
{
    return writes(insn, DECODE_CSR_SATP);
}

static bool narrow_memory_op(uint32_t insn, struct memory_op *op)
{
    unsigned quadrant = insn & 3, function = bits(insn, 13, 3);
    op->length = 2;
    op->extend_sign = true;
    op->store = function >= 6;
    /* Function 2 and 6 are words, 3 and 7 double words; 1 and 5 are floating. */
    if ((function & 3) < 2)
        return false;
    op->size_bytes = (function & 3) == 2 ? 4 : 8;
    if (quadrant == 0) {
        op->data = 8 + bits(insn, 2, 3);
        return true;
    }
    op->data = op->store ? bits(insn, 2, 5) : bits(insn, 7, 5);
    return quadrant == 2 && (op->store || op->data != 0);
}

bool decode_memory_op(uint32_t insn, struct memory_op *op)
{
    assert(op);
    if (!is_wide(insn))
        return narrow_memory_op(insn, op);
    unsigned function = function3(insn);
    op->length = 4;
    op->size_bytes = 1u << (function & 3);
    op->extend_sign = function < 4;
    if (opcode(insn) == OP_LOAD && function != 7) {
        op->store = false;
        op->data = bits(insn, 7, 5);
        return true;
    }
    op->store = true;
    op->data = bits(insn, 20, 5);
    return opcode(insn) == OP_STORE && function < 4;
}

uint64_t decode_loaded(const struct memory_op *op, uint64_t value)
{
    unsigned shift = 64 - 8 * op->size_bytes;
    assert(!op->store);
    value <<= shift;
    return op->extend_sign ? (uint64_t)((int64_t)value >> shift) : value >> shift;
}

static enum decode_defect narrow_defect(uint32_t insn)
{
    unsigned quadrant = insn & 3, function = bits(insn, 13, 3);
    if (quadrant == 0 && function == 4)
        return DEFECT_RESERVED;
    /* Quadrant 1, function 4, bits 12..10 all set, and bit 6: the two codes after c.subw and
     * c.addw. */
    if (quadrant == 1 && function == 4 && bits(insn, 10, 3) == 7 && bits(insn, 6, 1) == 1)
        return DEFECT_RESERVED;
    if ((quadrant == 0 || quadrant == 2) && (function == 1 || function == 5))
        return DEFECT_FLOAT;
    return DEFECT_NONE;
}

enum decode_defect decode_defect(uint32_t insn)
{
    if (!is_wide(insn))
        return narrow_defect(insn);
    /* amomin 16, amomax 20, amominu 24, amomaxu 28; width 2 is .w */
    if (opcode(insn) == OP_AMO && function3(insn) == 2 && bits(insn, 31, 1) == 1 &&
        bits(insn, 27, 2) == 0)
        return DEFECT_AMO;
    unsigned number = 0, target = 0;
    if (decode_counter_any(insn, &number, &target) && number != DECODE_CSR_TIME - DECODE_CSR_CYCLE)
        return DEFECT_COUNTER;
    return DEFECT_NONE;
}

struct amo_op decode_amo_op(uint32_t insn)
{
    assert(decode_defect(insn) == DEFECT_AMO);
    return (struct amo_op){.function = bits(insn, 27, 5),
                           .addr = bits(insn, 15, 5),
                           .operand = bits(insn, 20, 5),
                           .target = bits(insn, 7, 5)};
}

uint32_t decode_amo_result(unsigned function, uint32_t memory, uint32_t operand)
{
    bool signed_less = (int32_t)memory < (int32_t)operand;
    bool unsigned_less = memory < operand;
    assert(function >= 16);
    switch (function) {
    case 16:
        return signed_less ? memory : operand;
    case 20:
        return signed_less ? operand : memory;
    case 24:
        return unsigned_less ? memory : operand;
    default:
        assert(function == 28);
        return unsigned_less ? operand : memory;
    }
}

unsigned decode_access_bytes(uint32_t insn)
{
    unsigned code = opcode(insn);
    bool known = code == OP_AMO || code == OP_LOAD_FP || code == OP_STORE_FP;
    return known && function3(insn) == 2 ? 4 : 8; /* 16 bits long: c.fld, c.fsd and the like */
}
