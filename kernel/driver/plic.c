/* SPDX-License-Identifier: GPL-2.0-or-later */
/* plic.c - enable, claim, complete. Called by driver.c. Register layout: plic.h's source, chapters
 * 3 to 8. */
#include "kernel/driver/plic.h"

#include "kernel/arch/arch.h"
#include "kernel/driver/mmio.h"

#define ENABLE_OFFSET 0x2000u
#define ENABLE_STRIDE 0x80u
#define CONTEXT_OFFSET 0x200000u /* threshold; claim and complete behind it */
#define CONTEXT_STRIDE 0x1000u
#define CONTEXT_MAX 15871u /* of the specification's memory map */

static struct {
    volatile uint8_t *registers; /* NULL: no controller */
    volatile uint8_t *enable, *claim;
    uint32_t sources;
} plic;

void plic_init(const struct fdt_facts *facts)
{
    if (facts->plic.base == 0 || facts->plic_context > CONTEXT_MAX)
        return;
    plic.registers = arch_physical_to_virtual(facts->plic.base);
    plic.enable = plic.registers + ENABLE_OFFSET + ENABLE_STRIDE * facts->plic_context;
    volatile uint8_t *threshold =
        plic.registers + CONTEXT_OFFSET + CONTEXT_STRIDE * facts->plic_context;
    plic.claim = threshold + 4;
    plic.sources = facts->plic_sources;
    for (uint32_t word = 0; word < (plic.sources + 31) / 32; word++)
        mmio_write32(plic.enable + 4 * word, 0);
    mmio_write32(threshold, 0);
}

void plic_enable(uint32_t irq, bool on)
{
    if (!plic.registers || irq == 0 || irq >= plic.sources)
        return;
    mmio_write32(plic.registers + 4 * irq, on); /* its priority */
    volatile uint8_t *word = plic.enable + 4 * (irq / 32);
    uint32_t bit = 1u << irq % 32, bits = mmio_read32(word);
    mmio_write32(word, on ? bits | bit : bits & ~bit);
}

uint32_t plic_claim(void)
{
    return plic.registers ? mmio_read32(plic.claim) : 0;
}

void plic_complete(uint32_t irq)
{
    kassert(plic.registers != NULL);
    mmio_write32(plic.claim, irq);
}
