/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hart.h - instructions with every register of the hart set beforehand: what a compiler leaves in
 * registers nobody knows, and here it matters. hart.S; main.c calls it. */
#ifndef LATCHKEY_DOMAINS_SECRET_HART_H
#define LATCHKEY_DOMAINS_SECRET_HART_H

#include <stdint.h>

#define HART_POINTER 4u  /* tp holds the address of the struct meanwhile */
#define HART_ADDRESS 26u /* s10: what hart_read() and hart_write() touch */
#define HART_COUNT 27u   /* s11: rounds of hart_spin() */

struct hart {
    uint64_t x[32];    /* 0 and HART_POINTER are not set */
    uint64_t kept[16]; /* the caller's registers, meanwhile */
};

/* hart_call - an ecall.
 * hart_spin - rounds of two instructions, at least one round.
 * hart_read, hart_write - eight bytes of memory, with t0.
 * hart_break - an instruction that does not exist: who mends it goes on behind it.
 * All leave in the struct what the registers are then. */
void hart_call(struct hart *hart);
void hart_spin(struct hart *hart);
void hart_read(struct hart *hart);
void hart_write(struct hart *hart);
void hart_break(struct hart *hart);

#define HART_FLOATS 33u /* f0..f31, fcsr */
/* hart_floats_set, hart_floats_get - all f registers and fcsr. */
void hart_floats_set(const uint64_t floats[HART_FLOATS]);
void hart_floats_get(uint64_t floats[HART_FLOATS]);

#endif
