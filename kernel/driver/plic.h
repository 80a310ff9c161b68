/* SPDX-License-Identifier: GPL-2.0-or-later */
/* plic.h - the interrupt controller, seen from the hart's supervisor context. Source: RISC-V PLIC
 * specification 1.0.0. */
#ifndef LATCHKEY_KERNEL_PLIC_H
#define LATCHKEY_KERNEL_PLIC_H

#include "kernel/driver/fdt.h"

/* plic_init - take the controller; every source is off. */
void plic_init(const struct fdt_facts *facts);
/* plic_enable - let a source interrupt, or not any more. */
void plic_enable(uint32_t irq, bool on);
/* plic_claim - the most urgent pending source, 0: none. plic_complete - it has been served. */
uint32_t plic_claim(void);
void plic_complete(uint32_t irq);

#endif
