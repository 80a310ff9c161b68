/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mmio.c - register accesses of the real machine. Called by every driver. The full barrier is a
 * fence of input, output and memory on this architecture. */
#include "kernel/driver/mmio.h"

uint8_t mmio_read8(const volatile void *addr)
{
    uint8_t value = *(const volatile uint8_t *)addr;
    __sync_synchronize();
    return value;
}

uint32_t mmio_read32(const volatile void *addr)
{
    uint32_t value = *(const volatile uint32_t *)addr;
    __sync_synchronize();
    return value;
}

void mmio_write8(volatile void *addr, uint8_t value)
{
    __sync_synchronize();
    *(volatile uint8_t *)addr = value;
}

void mmio_write32(volatile void *addr, uint32_t value)
{
    __sync_synchronize();
    *(volatile uint32_t *)addr = value;
}

void mmio_write64(volatile void *addr, uint64_t value)
{
    __sync_synchronize();
    *(volatile uint64_t *)addr = value;
}
