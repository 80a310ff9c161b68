/* SPDX-License-Identifier: GPL-2.0-or-later */
/* plic.c - enable, claim, complete. Called by driver.c. Register layout: plic.h's source, chapters
 * 3 to 8. */
#include "kernel/driver/plic.h"

#include "kernel/arch/arch.h"
#include "kernel/driver/driver.h"

#define ENABLE_OFFSET (0x2000u + 0x80u * BOARD_PLIC_CONTEXT_S)
#define THRESHOLD_OFFSET (0x200000u + 0x1000u * BOARD_PLIC_CONTEXT_S)
#define CLAIM_OFFSET (THRESHOLD_OFFSET + 4u)

static struct {
    volatile uint8_t *registers; /* NULL: no controller */
} plic;

void plic_init(const struct fdt_device *device)
{
    if (device->base == 0)
        return;
    plic.registers = arch_physical_to_virtual(device->base);
    for (uint32_t word = 0; word < BOARD_PLIC_SOURCES / 32; word++)
        mmio_write32(plic.registers + ENABLE_OFFSET + 4 * word, 0);
    mmio_write32(plic.registers + THRESHOLD_OFFSET, 0);
}

void plic_enable(uint32_t irq)
{
    if (!plic.registers || irq == 0 || irq >= BOARD_PLIC_SOURCES)
        return;
    mmio_write32(plic.registers + 4 * irq, 1);
    volatile uint8_t *word = plic.registers + ENABLE_OFFSET + 4 * (irq / 32);
    mmio_write32(word, mmio_read32(word) | 1u << irq % 32);
}

uint32_t plic_claim(void)
{
    return plic.registers ? mmio_read32(plic.registers + CLAIM_OFFSET) : 0;
}

void plic_complete(uint32_t irq)
{
    mmio_write32(plic.registers + CLAIM_OFFSET, irq);
}
