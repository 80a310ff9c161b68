/* SPDX-License-Identifier: GPL-2.0-or-later */
/* support_program_writer.h - what the files that write random programs share: where they write, and
 * instruction words.
 *
 * Who includes it: tests/support_program.c and tests/support_program_hard.c only.
 */
#ifndef LATCHKEY_TESTS_SUPPORT_PROGRAM_WRITER_H
#define LATCHKEY_TESTS_SUPPORT_PROGRAM_WRITER_H

#include <assert.h>

#include "tests/support_program.h"

/* Registers: x8 a data page (or the device), x9 the loop counter, x2 a data page too; x1, x16 and
 * x31 belong to the pieces of support_program_hard.c, x17 to calls; `work` anything. */
#define LINK 1u
#define DATA 8u
#define LOOP 9u
#define POINTER 16u
#define INNER 31u
#define SLOTS_MAX 32u

struct writer {
    uint8_t *code;
    uint32_t at, end;
    struct dice dice;
    const struct program_shape *shape;
    uint32_t slots[SLOTS_MAX]; /* offsets of c.addi instructions that may be rewritten */
    uint32_t slot_count;
    uint32_t patches[SLOTS_MAX]; /* offsets of 4 bytes that may become any instructions */
    uint32_t patch_count;
};

static inline uint32_t below(struct writer *writer, uint32_t limit)
{
    return dice_below(&writer->dice, limit);
}

static inline uint32_t one_of(struct writer *writer, const uint8_t *values, uint32_t count)
{
    return values[below(writer, count)];
}
#define ONE_OF(writer, values) one_of(writer, values, sizeof(values))

static inline void narrow(struct writer *writer, uint32_t insn)
{
    assert(writer->at + 2 <= writer->end);
    writer->code[writer->at++] = (uint8_t)insn;
    writer->code[writer->at++] = (uint8_t)(insn >> 8);
}

static inline void wide(struct writer *writer, uint32_t insn)
{
    narrow(writer, insn & 0xffff);
    narrow(writer, insn >> 16);
}

static inline uint32_t work(struct writer *writer)
{
    static const uint8_t registers[] = {5, 6, 7, 10, 11, 12, 13, 14, 15, 28, 29, 30};
    return ONE_OF(writer, registers);
}

/* One of x10..x15 in the three bits of the C extension. */
static inline uint32_t work_narrow(struct writer *writer)
{
    return 2 + below(writer, 6);
}

static inline uint32_t immediate(uint32_t value, uint32_t source, uint32_t function,
                                 uint32_t target, uint32_t op)
{
    return (value & 0xfff) << 20 | source << 15 | function << 12 | target << 7 | op;
}

static inline uint32_t store(uint32_t offset, uint32_t value, uint32_t base, uint32_t function)
{
    return (offset & 0xfff) >> 5 << 25 | value << 20 | base << 15 | function << 12 |
           (offset & 31) << 7 | 0x23;
}

static inline void load_upper(struct writer *writer, uint32_t target, uint32_t value)
{
    wide(writer, (value & 0xfffff000) | target << 7 | 0x37);
}

/* lui and addi. */
static inline void load_constant(struct writer *writer, uint32_t target, uint32_t value)
{
    load_upper(writer, target, value + 0x800);
    wide(writer, immediate(value, target, 0, target, 0x13));
}

static inline uint32_t branch(uint32_t function, uint32_t a, uint32_t b, uint32_t offset)
{
    return (offset >> 12 & 1) << 31 | (offset >> 5 & 63) << 25 | b << 20 | a << 15 |
           function << 12 | (offset >> 1 & 15) << 8 | (offset >> 11 & 1) << 7 | 0x63;
}

static inline uint32_t jump(uint32_t target, uint32_t offset)
{
    return (offset >> 20 & 1) << 31 | (offset >> 1 & 0x3ff) << 21 | (offset >> 11 & 1) << 20 |
           (offset >> 12 & 0xff) << 12 | target << 7 | 0x6f;
}

/* Instructions of atomics: of memory at POINTER. */
static inline uint32_t atomic(uint32_t function, uint32_t width, uint32_t value, uint32_t target)
{
    return function << 27 | value << 20 | POINTER << 15 | width << 12 | target << 7 | 0x2f;
}

/* support_program.c: arithmetic, a load or a store; a call of the kernel. */
void write_plain(struct writer *writer);
void write_call(struct writer *writer, uint32_t number);

/* support_program_hard.c: before the loop, and one of the pieces that shape->hard names. */
void write_hard_start(struct writer *writer);
void write_hard_piece(struct writer *writer);

#endif
