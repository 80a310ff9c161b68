/* SPDX-License-Identifier: GPL-2.0-or-later */
/* driver.c - starts the devices that the device tree names, and routes interrupts to them. Called
 * by main, sched, checkpoint.c, key_timer.c and arch/trap.c. */
#include "kernel/driver/driver.h"

#include "kernel/arch/arch.h"
#include "kernel/driver/devices.h"
#include "kernel/driver/mmio.h"
#include "kernel/driver/plic.h"
#include "kernel/driver/sbi.h"
#include "kernel/driver/uart.h"
#include "kernel/driver/virtio.h"
#include "kernel/driver/virtio_block.h"
#include "kernel/driver/virtio_gpu.h"
#include "kernel/driver/virtio_input.h"
#include "kernel/main.h"
#include "kernel/print.h"

/* google,goldfish-rtc: TIME_LOW latches TIME_HIGH. Source: its documentation, "Goldfish RTC". */
#define RTC_TIME_LOW 0x00u
#define RTC_TIME_HIGH 0x04u
/* Interrupts served at a time; a line that never falls must not keep the kernel to itself. */
#define CLAIMS_MAX 64u

static struct {
    volatile uint8_t *trace, *clock; /* NULL: there is none */
    uint32_t uart_irq;
} driver;

static void virtio_attach(const struct fdt_device *device)
{
    bool attached = true;
    switch (virtio_probe(device)) {
    case VIRTIO_ID_BLOCK:
        attached = virtio_block_attach(device);
        break;
    case VIRTIO_ID_GPU:
        attached = virtio_gpu_attach(device);
        break;
    case VIRTIO_ID_INPUT:
        attached = virtio_input_attach(device);
        break;
    default:
        return;
    }
    if (attached)
        plic_enable(device->irq, true);
    else
        print_line("virtio device at 0x%lx: cannot be used", device->base);
}

void driver_init(void)
{
    const struct fdt_facts *facts = &main_facts;
    plic_init(facts);
    uart_init(&facts->uart);
    driver.uart_irq = facts->uart.irq;
    plic_enable(facts->uart.irq, true);
    if (facts->rtc.base)
        driver.clock = arch_physical_to_virtual(facts->rtc.base);
    if (facts->trace.base)
        driver.trace = arch_physical_to_virtual(facts->trace.base);
    if (facts->finisher.base)
        sbi_finisher_set(arch_physical_to_virtual(facts->finisher.base));
    for (unsigned i = 0; i < facts->virtio_count; i++)
        virtio_attach(&facts->virtio[i]);
}

void driver_timer_set(uint64_t time)
{
    sbi_timer_set(time);
}

/* Let the device behind an irq be served. false: there is none. */
static bool serve(uint32_t irq)
{
    if (irq == driver.uart_irq)
        console_received();
    else if (virtio_gpu_interrupt(irq))
        display_finished();
    else if (virtio_input_interrupt(irq))
        input_received();
    else
        return virtio_block_interrupt(irq);
    return true;
}

void driver_interrupt(void)
{
    for (unsigned i = 0; i < CLAIMS_MAX; i++) {
        uint32_t irq = plic_claim();
        if (irq == 0)
            return;
        if (!serve(irq)) {
            plic_enable(irq, false);
            print_line("interrupt %u belongs to no device", irq);
        }
        plic_complete(irq);
    }
}

uint64_t driver_calendar_ns(void)
{
    if (!driver.clock)
        return 0;
    uint64_t low = mmio_read32(driver.clock + RTC_TIME_LOW);
    return low | (uint64_t)mmio_read32(driver.clock + RTC_TIME_HIGH) << 32;
}

void driver_trace(enum trace_kind kind, uint64_t argument)
{
    if (!driver.trace)
        return;
    mmio_write64(driver.trace + TRACE_ARGUMENT, argument);
    mmio_write32(driver.trace + TRACE_KIND, (uint32_t)kind);
}
