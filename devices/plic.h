/* SPDX-License-Identifier: GPL-2.0-or-later */
/* plic.h - sifive,plic-1.0.0: interrupt lines in, one external-interrupt line a context out.
 *
 * emulator/machine.c routes device_env.irq_set here and each context's output to the hart.
 */
#ifndef LATCHKEY_DEVICES_PLIC_H
#define LATCHKEY_DEVICES_PLIC_H

#include "devices/device.h"

struct plic; /* the state block of plic_ops */

struct plic_config {
    void *context;
    /* The external-interrupt line of a context (0 M, 1 S of hart 0) changed to level. */
    void (*output)(void *context, unsigned plic_context, bool level);
};

extern const struct device_ops plic_ops; /* init wants a struct plic_config */

/* plic_line_set - a device drives its line. Idempotent.
 *
 * irq      1..BOARD_PLIC_SOURCES - 1; 0 and others are ignored.
 */
void plic_line_set(struct plic *plic, uint32_t irq, bool level);

#endif
