/* SPDX-License-Identifier: GPL-2.0-or-later */
/* support_program.h - random programs for tests/guest/stress.c and tests/guest/turns.c.
 *
 * A program is a loop over straight pieces of mixed 16- and 32-bit code with forward branches. It
 * reads and writes its data pages, and by choice traps, reads counters, computes in floating point,
 * touches the device and rewrites itself (always followed by fence.i). Equal seeds, equal programs.
 */
#ifndef LATCHKEY_TESTS_SUPPORT_PROGRAM_H
#define LATCHKEY_TESTS_SUPPORT_PROGRAM_H

#include <stddef.h>
#include <stdint.h>

struct dice {
    uint64_t state;
};
/* dice_next - 32 bits. dice_below - 0..limit - 1. */
uint32_t dice_next(struct dice *dice);
uint32_t dice_below(struct dice *dice, uint32_t limit);

enum program_special {
    PROGRAM_COUNTERS = 1,
    PROGRAM_TRAPS = 2, /* ebreak, illegal and reserved instructions, ecall */
    PROGRAM_FLOATS = 4,
    PROGRAM_DEVICE = 8, /* reads, writes and interrupts */
    PROGRAM_REWRITES = 16,
};

/* Pieces that are hard on an emulator; support_program_hard.c. For tests/guest/turns.c. */
enum program_hard {
    PROGRAM_ATOMICS = 1,      /* 64 bits, reservations, misaligned ones */
    PROGRAM_CROSSINGS = 2,    /* data and instructions that lie on two pages */
    PROGRAM_JUMPS = 4,        /* through registers, calls and returns, inner loops */
    PROGRAM_PATCHES = 8,      /* 4 bytes of code become other instructions, and more or fewer */
    PROGRAM_FLOATS_16 = 16,   /* floating loads and stores of 16 bits */
    PROGRAM_CALLS = 32,       /* what turns.c does when it is asked to */
    PROGRAM_FORBIDDEN = 64,   /* what U-mode may not do */
    PROGRAM_PRIVILEGED = 128, /* runs in S-mode; calls are ebreak. Not with PROGRAM_FORBIDDEN */
    PROGRAM_WAITS = 256,      /* privileged, and a timer ticks */
};

struct program_shape {
    uint64_t seed;
    uint32_t code_pages, data_pages;
    uint32_t loops;
    uint32_t memory_percent; /* of instructions that touch data */
    uint32_t straight_max;   /* longest straight piece, instructions */
    unsigned special;        /* enum program_special */
    unsigned hard;           /* enum program_hard; 0: for stress.c */
    uint32_t edge_bytes;     /* even; not 0: about so much code to each side of a page end */
};

/* program_make - fill code_pages * 4096 bytes at code. */
void program_make(uint8_t *code, const struct program_shape *shape);

#endif
