/* SPDX-License-Identifier: GPL-2.0-or-later */
/* timing_pipe.c - see timing_pipe.h.
 *
 * The state holds up to four results that are not ready, 16 bits each: the register in bits 0..5,
 * the units that are busy that long in bits 6 and 7, and in bits 8..15 the cycles from when the
 * next instruction could issue. When there would be more, those that come first are taken as ready:
 * only code that starts five long operations without using one can see that.
 *
 * Sources of the encodings: The RISC-V Instruction Set Manual, volume I (20191213), chapters 16 (C)
 * and 24 (opcode map). Words that are no instruction decode to something: they trap before they
 * issue.
 */
#include "emulator/timing_pipe.h"

#include <assert.h>
#include <stdbool.h>

#include "emulator/timing.h"

#define SLOTS 4u
#define SLOT_BITS 16u
#define SLOT_REGISTER 0x3fu
#define SLOT_UNITS_SHIFT 6u
#define SLOT_CYCLES_SHIFT 8u

#define UNIT_INTEGER 1u /* multiplies and divides */
#define UNIT_FLOAT 2u   /* divides and takes roots */

#define FLOAT(number) (32u + (number))
#define LINK 1u
#define STACK 2u

enum kind {
    KIND_PLAIN,
    KIND_LOAD,
    KIND_LOAD_SMALL,
    KIND_AMO,
    KIND_MUL,
    KIND_DIV,
    KIND_DIV_WORD,
    KIND_CSR_READ,
    KIND_CSR_WRITE,
    KIND_WAIT_ALL, /* ecall, ebreak, wfi: a trap comes, or nothing for long */
    KIND_RETURN,
    KIND_FENCE,
    KIND_FENCE_I,
    KIND_SFENCE,
    KIND_SFENCE_WALKS, /* and what it costs to fill TLBs that are not modelled */
    KIND_FADD_SINGLE,
    KIND_FADD_DOUBLE,
    KIND_FMUL_SINGLE,
    KIND_FMUL_DOUBLE,
    KIND_FDIV,
    KIND_FSQRT_DOUBLE,
    KIND_FMOVE,
};

static const struct {
    uint8_t latency, flush; /* cycles */
    uint8_t units;
    bool waits_all;
} kinds[] = {
    [KIND_PLAIN] = {1, 0, 0, false},
    [KIND_LOAD] = {TIMING_LOAD, 0, 0, false},
    [KIND_LOAD_SMALL] = {TIMING_LOAD_SMALL, 0, 0, false},
    [KIND_AMO] = {TIMING_AMO, 0, 0, false},
    [KIND_MUL] = {TIMING_MUL, 0, UNIT_INTEGER, false},
    [KIND_DIV] = {TIMING_DIV, 0, UNIT_INTEGER, false},
    [KIND_DIV_WORD] = {TIMING_DIV_WORD, 0, UNIT_INTEGER, false},
    [KIND_CSR_READ] = {TIMING_CSR_READ, 0, 0, false},
    [KIND_CSR_WRITE] = {TIMING_CSR_READ, TIMING_CSR_WRITE, 0, false},
    [KIND_WAIT_ALL] = {1, 0, 0, true},
    [KIND_RETURN] = {1, TIMING_RETURN, 0, true},
    [KIND_FENCE] = {1, 0, 0, true},
    [KIND_FENCE_I] = {1, TIMING_FENCE, 0, true},
    [KIND_SFENCE] = {1, TIMING_FENCE, 0, true},
    [KIND_SFENCE_WALKS] = {1, TIMING_FENCE + TIMING_SFENCE_WALKS, 0, true},
    [KIND_FADD_SINGLE] = {TIMING_FADD_SINGLE, 0, 0, false},
    [KIND_FADD_DOUBLE] = {TIMING_FADD_DOUBLE, 0, 0, false},
    [KIND_FMUL_SINGLE] = {TIMING_FMUL_SINGLE, 0, 0, false},
    [KIND_FMUL_DOUBLE] = {TIMING_FMUL_DOUBLE, 0, 0, false},
    [KIND_FDIV] = {TIMING_FDIV, 0, UNIT_FLOAT, false},
    [KIND_FSQRT_DOUBLE] = {TIMING_FSQRT_DOUBLE, 0, UNIT_FLOAT, false},
    [KIND_FMOVE] = {TIMING_FMOVE, 0, 0, false},
};

/* --- decoding
 * ------------------------------------------------------------------------------------- */

struct operands {
    unsigned reads[3], writes;
    enum kind kind;
};

static unsigned bits(uint32_t insn, unsigned low, unsigned count)
{
    return insn >> low & ((1u << count) - 1);
}

/* The three registers that most formats name; rd, rs1, rs2. */
static unsigned rd(uint32_t insn)
{
    return bits(insn, 7, 5);
}
static unsigned rs1(uint32_t insn)
{
    return bits(insn, 15, 5);
}
static unsigned rs2(uint32_t insn)
{
    return bits(insn, 20, 5);
}

static struct operands of_three(uint32_t insn, enum kind kind)
{
    return (struct operands){{rs1(insn), rs2(insn), 0}, rd(insn), kind};
}

static struct operands of_immediate(uint32_t insn, enum kind kind)
{
    return (struct operands){{rs1(insn), 0, 0}, rd(insn), kind};
}

static struct operands of_float(uint32_t insn, enum kind kind)
{
    return (struct operands){{FLOAT(rs1(insn)), FLOAT(rs2(insn)), 0}, FLOAT(rd(insn)), kind};
}

static struct operands arithmetic(uint32_t insn, bool word)
{
    if (bits(insn, 25, 7) != 1)
        return of_three(insn, KIND_PLAIN);
    if (bits(insn, 14, 1) == 0)
        return of_three(insn, KIND_MUL);
    return of_three(insn, word ? KIND_DIV_WORD : KIND_DIV);
}

static struct operands system_op(uint32_t insn)
{
    unsigned function = bits(insn, 12, 3);
    if (function != 0) { /* CSR accesses; from 5 on with an immediate operand */
        unsigned operand = function < 4 ? rs1(insn) : 0;
        bool writes = (function & 3) == 1 || rs1(insn) != 0;
        return (struct operands){{operand, 0, 0}, rd(insn),
                                 writes ? KIND_CSR_WRITE : KIND_CSR_READ};
    }
    if (bits(insn, 25, 7) == 9)
        return (struct operands){{rs1(insn), rs2(insn), 0}, 0, KIND_SFENCE};
    return (struct operands){{0}, 0, rs2(insn) == 2 ? KIND_RETURN : KIND_WAIT_ALL};
}

static struct operands float_op(uint32_t insn)
{
    bool twice = bits(insn, 25, 2) == 1; /* double precision */
    switch (bits(insn, 27, 5)) {
    case 0x02:
        return of_float(insn, twice ? KIND_FMUL_DOUBLE : KIND_FMUL_SINGLE);
    case 0x03:
        return of_float(insn, KIND_FDIV);
    case 0x0b:
        return (struct operands){{FLOAT(rs1(insn)), 0, 0}, FLOAT(rd(insn)),
                                 twice ? KIND_FSQRT_DOUBLE : KIND_FDIV};
    case 0x08: /* between precisions */
        return (struct operands){{FLOAT(rs1(insn)), 0, 0}, FLOAT(rd(insn)), KIND_FMOVE};
    case 0x14: /* compare */
        return (struct operands){{FLOAT(rs1(insn)), FLOAT(rs2(insn)), 0}, rd(insn), KIND_FMOVE};
    case 0x18: /* to integer */
    case 0x1c:
        return (struct operands){{FLOAT(rs1(insn)), 0, 0}, rd(insn), KIND_FMOVE};
    case 0x1a: /* from integer */
    case 0x1e:
        return (struct operands){{rs1(insn), 0, 0}, FLOAT(rd(insn)), KIND_FMOVE};
    default:
        return of_float(insn, twice ? KIND_FADD_DOUBLE : KIND_FADD_SINGLE);
    }
}

static struct operands wide_memory(uint32_t insn)
{
    unsigned function = bits(insn, 12, 3);
    switch (bits(insn, 0, 7)) {
    case 0x03: /* function 2, 3 and 6: 4 and 8 bytes */
        return of_immediate(insn, (function & 3) < 2 ? KIND_LOAD_SMALL : KIND_LOAD);
    case 0x07:
        return (struct operands){{rs1(insn), 0, 0}, FLOAT(rd(insn)), KIND_LOAD};
    case 0x0f:
        return (struct operands){{0}, 0, function == 1 ? KIND_FENCE_I : KIND_FENCE};
    case 0x23:
        return (struct operands){{rs1(insn), rs2(insn), 0}, 0, KIND_PLAIN};
    case 0x27:
        return (struct operands){{rs1(insn), FLOAT(rs2(insn)), 0}, 0, KIND_PLAIN};
    default: /* 0x2f */
        return of_three(insn, KIND_AMO);
    }
}

static struct operands wide(uint32_t insn)
{
    switch (bits(insn, 0, 7)) {
    case 0x13:
    case 0x1b:
    case 0x67:
        return of_immediate(insn, KIND_PLAIN);
    case 0x33:
        return arithmetic(insn, false);
    case 0x3b:
        return arithmetic(insn, true);
    case 0x43: /* fmadd and its three relatives */
    case 0x47:
    case 0x4b:
    case 0x4f:
        return (struct operands){
            {FLOAT(rs1(insn)), FLOAT(rs2(insn)), FLOAT(bits(insn, 27, 5))}, FLOAT(rd(insn)),
            bits(insn, 25, 2) == 1 ? KIND_FMUL_DOUBLE : KIND_FMUL_SINGLE};
    case 0x53:
        return float_op(insn);
    case 0x63:
        return (struct operands){{rs1(insn), rs2(insn), 0}, 0, KIND_PLAIN};
    case 0x73:
        return system_op(insn);
    case 0x17: /* auipc, lui, jal */
    case 0x37:
    case 0x6f:
        return (struct operands){{0}, rd(insn), KIND_PLAIN};
    default:
        return wide_memory(insn);
    }
}

static struct operands narrow_first(uint32_t insn)
{
    unsigned base = 8 + bits(insn, 7, 3), other = 8 + bits(insn, 2, 3);
    switch (bits(insn, 13, 3)) {
    case 0: /* c.addi4spn */
        return (struct operands){{STACK, 0, 0}, other, KIND_PLAIN};
    case 1:
        return (struct operands){{base, 0, 0}, FLOAT(other), KIND_LOAD};
    case 2:
    case 3:
        return (struct operands){{base, 0, 0}, other, KIND_LOAD};
    case 5:
        return (struct operands){{base, FLOAT(other), 0}, 0, KIND_PLAIN};
    default:
        return (struct operands){{base, other, 0}, 0, KIND_PLAIN};
    }
}

static struct operands narrow_second(uint32_t insn)
{
    unsigned full = rd(insn), low = 8 + bits(insn, 7, 3);
    switch (bits(insn, 13, 3)) {
    case 0: /* c.addi, c.addiw */
    case 1:
        return (struct operands){{full, 0, 0}, full, KIND_PLAIN};
    case 2:
        return (struct operands){{0}, full, KIND_PLAIN};
    case 3: /* c.lui, and c.addi16sp */
        return (struct operands){{full == STACK ? STACK : 0, 0, 0}, full, KIND_PLAIN};
    case 4:
        if (bits(insn, 10, 2) != 3)
            return (struct operands){{low, 0, 0}, low, KIND_PLAIN};
        return (struct operands){{low, 8 + bits(insn, 2, 3), 0}, low, KIND_PLAIN};
    case 5: /* c.j */
        return (struct operands){{0}, 0, KIND_PLAIN};
    default:
        return (struct operands){{low, 0, 0}, 0, KIND_PLAIN};
    }
}

/* c.jr, c.mv, c.ebreak, c.jalr, c.add */
static struct operands narrow_moves(uint32_t insn)
{
    unsigned full = rd(insn), other = bits(insn, 2, 5);
    bool twelve = bits(insn, 12, 1) != 0;
    if (other != 0)
        return (struct operands){{other, twelve ? full : 0, 0}, full, KIND_PLAIN};
    if (full == 0)
        return (struct operands){{0}, 0, KIND_WAIT_ALL};
    return (struct operands){{full, 0, 0}, twelve ? LINK : 0, KIND_PLAIN};
}

static struct operands narrow_third(uint32_t insn)
{
    unsigned full = rd(insn), other = bits(insn, 2, 5);
    switch (bits(insn, 13, 3)) {
    case 0:
        return (struct operands){{full, 0, 0}, full, KIND_PLAIN};
    case 1:
        return (struct operands){{STACK, 0, 0}, FLOAT(full), KIND_LOAD};
    case 2:
    case 3:
        return (struct operands){{STACK, 0, 0}, full, KIND_LOAD};
    case 4:
        return narrow_moves(insn);
    case 5:
        return (struct operands){{STACK, FLOAT(other), 0}, 0, KIND_PLAIN};
    default:
        return (struct operands){{STACK, other, 0}, 0, KIND_PLAIN};
    }
}

uint32_t pipe_decode(uint32_t insn, enum timing_model model)
{
    struct operands operands;
    switch (insn & 3) {
    case 0:
        operands = narrow_first(insn);
        break;
    case 1:
        operands = narrow_second(insn);
        break;
    case 2:
        operands = narrow_third(insn);
        break;
    default:
        operands = wide(insn);
    }
    if (operands.kind == KIND_SFENCE && model == TIMING_INORDER)
        operands.kind = KIND_SFENCE_WALKS;
    return operands.reads[0] | operands.reads[1] << 6 | operands.reads[2] << 12 |
           operands.writes << 18 | (unsigned)operands.kind << 24;
}

/* --- issuing
 * -------------------------------------------------------------------------------------- */

static unsigned op_writes(uint32_t op)
{
    return bits(op, 18, 6);
}

static bool names(uint32_t op, unsigned reg)
{
    return reg != 0 && (reg == bits(op, 0, 6) || reg == bits(op, 6, 6) || reg == bits(op, 12, 6) ||
                        reg == op_writes(op));
}

static unsigned slot_of(uint64_t state, unsigned index)
{
    return (unsigned)(state >> index * SLOT_BITS) & 0xffffu;
}

static unsigned cycles_of(unsigned slot)
{
    return slot >> SLOT_CYCLES_SHIFT;
}

/* A result that will be ready. The one that is ready first makes room. */
static uint64_t state_add(uint64_t state, unsigned slot)
{
    unsigned first = 0;
    for (unsigned i = 0; i < SLOTS; i++) {
        if (slot_of(state, i) == 0)
            return state | (uint64_t)slot << i * SLOT_BITS;
        if (cycles_of(slot_of(state, i)) < cycles_of(slot_of(state, first)))
            first = i;
    }
    if (cycles_of(slot) < cycles_of(slot_of(state, first)))
        return state;
    state &= ~((uint64_t)0xffffu << first * SLOT_BITS);
    return state | (uint64_t)slot << first * SLOT_BITS;
}

unsigned pipe_step(uint64_t *state, uint32_t op)
{
    unsigned kind = op >> 24, wait = 0;
    assert(kind < sizeof(kinds) / sizeof(kinds[0]));
    for (unsigned i = 0; i < SLOTS; i++) {
        unsigned slot = slot_of(*state, i);
        bool concerned = kinds[kind].waits_all || names(op, slot & SLOT_REGISTER) ||
                         (slot >> SLOT_UNITS_SHIFT & kinds[kind].units);
        if (concerned && cycles_of(slot) > wait)
            wait = cycles_of(slot);
    }
    unsigned lost = wait + kinds[kind].flush, passed = lost + 1;
    uint64_t next = 0;
    for (unsigned i = 0; i < SLOTS; i++) {
        unsigned slot = slot_of(*state, i);
        if (cycles_of(slot) > passed)
            next = state_add(next, slot - (passed << SLOT_CYCLES_SHIFT));
    }
    unsigned ready = kinds[kind].latency;
    if (ready > 1u + kinds[kind].flush && (op_writes(op) || kinds[kind].units)) {
        ready -= 1u + kinds[kind].flush;
        next = state_add(next, op_writes(op) | (unsigned)kinds[kind].units << SLOT_UNITS_SHIFT |
                                   ready << SLOT_CYCLES_SHIFT);
    }
    *state = next;
    return lost;
}

unsigned pipe_drain(uint64_t *state)
{
    unsigned wait = 0;
    for (unsigned i = 0; i < SLOTS; i++)
        if (cycles_of(slot_of(*state, i)) > wait)
            wait = cycles_of(slot_of(*state, i));
    *state = 0;
    return wait;
}
