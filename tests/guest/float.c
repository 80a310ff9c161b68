/* SPDX-License-Identifier: GPL-2.0-or-later */
/* float.c - floating point: each instruction with every pair of odd operands in every rounding
 * mode, one line of output an instruction, a sum over all results and flags. The lines must be the
 * same on our machine and on QEMU, but for those that begin with "limit:" (see README.md).
 * Single-precision operands are boxed here, and the upper half of such results is not looked at. */
#include <stdbool.h>

#include "tests/guest/guest.h"

#define BOX 0xffffffff00000000u
#define A0_BEFORE 0x5555aaaa33337777u

enum shape { TO_FLOAT, TO_INTEGER, TO_FLOAT_UNROUNDED, TO_INTEGER_UNROUNDED, FUSED };

struct result {
    uint64_t f, x, flags;
};

static uint32_t code[2] __attribute__((aligned(8)));
static volatile uint64_t trapped;

static const uint64_t doubles[] = {
    0,                  0x8000000000000000, 0x3ff0000000000000, 0xbff0000000000000,
    0x7ff0000000000000, 0xfff0000000000000, 0x7ff8000000000000, 0xfff8000000000001,
    0x7ff0000000000001, 1,                  0x8000000000000001, 0x000fffffffffffff,
    0x0010000000000000, 0x7fefffffffffffff, 0x3fe0000000000000, 0x4340000000000001,
    0x41dfffffffc00000, 0x41e0000000000000, 0xc1e0000000200000, 0x43dfffffffffffff,
    0x43e0000000000000, 0xc3e0000000000000, 0x43f0000000000000, 0xbfe0000000000000,
    0x36a0000000000000, 0x47efffffefffffff, 0x380fffffffffffff, 0x400921fb54442d18};
static const uint32_t singles[] = {
    0,          0x80000000, 0x3f800000, 0xbf800000, 0x7f800000, 0xff800000, 0x7fc00000,
    0xffc00001, 0x7f800001, 1,          0x80000001, 0x007fffff, 0x00800000, 0x7f7fffff,
    0x3f000000, 0x4b800001, 0x4effffff, 0x4f000000, 0xcf000001, 0x5effffff, 0x5f000000,
    0xdf000000, 0x5f800000, 0xbf000000, 0x00000002, 0x3f7fffff, 0x4f7fffff, 0x40490fdb};
#define OPERANDS (sizeof(doubles) / sizeof(doubles[0]))

/* fa0, fa1, fa2 and a0, a1 in the places of registers; rounding by frm, or the function given. */
#define INSN(function5, format, register2, function3)                                              \
    ((uint32_t)(function5) << 27 | (uint32_t)(format) << 25 | (uint32_t)(register2) << 20 |        \
     11u << 15 | (uint32_t)(function3) << 12 | 10u << 7 | 0x53u)
#define FUSE(opcode, format)                                                                       \
    (13u << 27 | (uint32_t)(format) << 25 | 12u << 20 | 11u << 15 | 7u << 12 | 10u << 7 | (opcode))
#define FA2 12u
#define BOTH(name, function5, register2, function3, shape)                                         \
    {name ".s", INSN(function5, 0, register2, function3), shape, true},                            \
        {name ".d", INSN(function5, 1, register2, function3), shape, false}

static const struct test {
    const char *name;
    uint32_t insn;
    enum shape shape;
    bool single; /* operands */
} tests[] = {
    BOTH("fadd", 0, FA2, 7, TO_FLOAT),
    BOTH("fsub", 1, FA2, 7, TO_FLOAT),
    BOTH("fmul", 2, FA2, 7, TO_FLOAT),
    BOTH("fdiv", 3, FA2, 7, TO_FLOAT),
    BOTH("fsqrt", 11, 0, 7, TO_FLOAT),
    BOTH("fsgnj", 4, FA2, 0, TO_FLOAT_UNROUNDED),
    BOTH("fsgnjn", 4, FA2, 1, TO_FLOAT_UNROUNDED),
    BOTH("fsgnjx", 4, FA2, 2, TO_FLOAT_UNROUNDED),
    BOTH("limit: fmin", 5, FA2, 0, TO_FLOAT_UNROUNDED),
    BOTH("limit: fmax", 5, FA2, 1, TO_FLOAT_UNROUNDED),
    BOTH("fle", 20, FA2, 0, TO_INTEGER_UNROUNDED),
    BOTH("flt", 20, FA2, 1, TO_INTEGER_UNROUNDED),
    BOTH("feq", 20, FA2, 2, TO_INTEGER_UNROUNDED),
    BOTH("fclass", 28, 0, 1, TO_INTEGER_UNROUNDED),
    BOTH("fcvt.w", 24, 0, 7, TO_INTEGER),
    BOTH("fcvt.wu", 24, 1, 7, TO_INTEGER),
    BOTH("fcvt.l", 24, 2, 7, TO_INTEGER),
    BOTH("fcvt.lu", 24, 3, 7, TO_INTEGER),
    BOTH("fcvt from w", 26, 0, 7, TO_FLOAT),
    BOTH("fcvt from wu", 26, 1, 7, TO_FLOAT),
    BOTH("fcvt from l", 26, 2, 7, TO_FLOAT),
    BOTH("fcvt from lu", 26, 3, 7, TO_FLOAT),
    BOTH("fadd, reserved rounding", 0, FA2, 5, TO_FLOAT_UNROUNDED),
    BOTH("fsqrt, reserved operand", 11, 1, 7, TO_FLOAT),
    BOTH("fcvt, reserved rounding", 24, 0, 6, TO_INTEGER_UNROUNDED),
    BOTH("fsgnj, reserved function", 4, FA2, 3, TO_FLOAT_UNROUNDED),
    {"fcvt.s.d", INSN(8, 0, 1, 7), TO_FLOAT, false},
    {"fcvt.d.s", INSN(8, 1, 0, 7), TO_FLOAT, true},
    {"limit: fmadd.s", FUSE(0x43u, 0), FUSED, true},
    {"limit: fmadd.d", FUSE(0x43u, 1), FUSED, false},
    {"limit: fnmsub.s", FUSE(0x4bu, 0), FUSED, true},
    {"limit: fnmsub.d", FUSE(0x4bu, 1), FUSED, false},
};

void guest_trap(struct frame *frame)
{
    trapped = frame->cause + 1;
    frame->pc += 4;
    frame_resume();
}

static struct result execute(const struct test *test, const uint64_t operands[3], uint64_t mode)
{
    register uint64_t a0 __asm__("a0") = A0_BEFORE;
    register uint64_t a1 __asm__("a1") = operands[0];
    struct result result;
    trapped = 0;
    __asm__ volatile(".option push\n.option arch, +d\n"
                     "fmv.d.x fa1, %[first]\n fmv.d.x fa2, %[second]\n fmv.d.x fa3, %[third]\n"
                     "fmv.d.x fa0, %[before]\n fsrm %[mode]\n fsflags zero\n"
                     "jalr ra, %[code]\n"
                     "fmv.x.d %[f], fa0\n frflags %[flags]\n.option pop\n"
                     : [f] "=&r"(result.f), [flags] "=&r"(result.flags), "+r"(a0)
                     : [first] "r"(operands[0]), [second] "r"(operands[1]),
                       [third] "r"(operands[2]), [before] "r"((uint64_t)A0_BEFORE),
                       [mode] "r"(mode), [code] "r"(code), "r"(a1)
                     : "ra", "memory");
    result.x = a0;
    result.flags |= trapped << 8;
    if ((test->insn >> 25 & 3) == 0)
        result.f |= BOX;
    return result;
}

static uint64_t mix(uint64_t sum, uint64_t value)
{
    sum = (sum ^ value) * 0x9e3779b97f4a7c15;
    return sum ^ sum >> 29;
}

static uint64_t operand(const struct test *test, unsigned index)
{
    return test->single ? BOX | singles[index] : doubles[index];
}

static void test_run(const struct test *test)
{
    unsigned modes = test->shape == TO_FLOAT || test->shape == TO_INTEGER ? 8 : 1;
    uint64_t sum = 0;
    code[0] = test->insn;
    code[1] = 0x00008067; /* ret */
    code_flush();
    for (unsigned mode = 0; mode < modes; mode++)
        for (unsigned i = 0; i < OPERANDS; i++)
            for (unsigned j = 0; j < OPERANDS; j++) {
                const uint64_t operands[3] = {operand(test, i), operand(test, j),
                                              operand(test, (i + 3 * j) % OPERANDS)};
                struct result result = execute(test, operands, mode);
                sum = mix(mix(mix(sum, result.f), result.x), result.flags);
            }
    put_text(test->name);
    put_pair("sum", sum);
    put_char('\n');
}

void guest_main(uint64_t hart, uint64_t tree)
{
    (void)hart;
    (void)tree;
    csr_set(sstatus, SSTATUS_FS_DIRTY);
    for (unsigned i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
        test_run(&tests[i]);
    put_text("end\n");
}
