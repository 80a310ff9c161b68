/* SPDX-License-Identifier: GPL-2.0-or-later */
/* support_program.h - random U-mode programs for tests/guest/stress.c.
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

struct program_shape {
    uint64_t seed;
    uint32_t code_pages, data_pages;
    uint32_t loops;
    uint32_t memory_percent; /* of instructions that touch data */
    uint32_t straight_max;   /* longest straight piece, instructions */
    unsigned special;
};

/* program_make - fill code_pages * 4096 bytes at code. */
void program_make(uint8_t *code, const struct program_shape *shape);

#endif
