/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mmio.h - access to device registers, ordered against RAM. Functions, not macros, so that native
 * tests can put a device model behind them (tests/kernel_board.c). */
#ifndef LATCHKEY_KERNEL_MMIO_H
#define LATCHKEY_KERNEL_MMIO_H

#include "kernel/base.h"

/* mmio_read8, mmio_read32 - a register's value; what follows in RAM is read after it. */
uint8_t mmio_read8(const volatile void *addr);
uint32_t mmio_read32(const volatile void *addr);
/* mmio_write8, mmio_write32, mmio_write64 - everything written to RAM before is seen by the device
 * first. */
void mmio_write8(volatile void *addr, uint8_t value);
void mmio_write32(volatile void *addr, uint32_t value);
void mmio_write64(volatile void *addr, uint64_t value);

#endif
