/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rtc.c - reads google,goldfish-rtc: TIME_LOW latches TIME_HIGH. Called by driver.c. Source: the
 * goldfish device documentation, "Goldfish RTC". */
#include "kernel/driver/rtc.h"

#include "kernel/arch/arch.h"
#include "kernel/driver/mmio.h"

#define RTC_TIME_LOW 0x00u
#define RTC_TIME_HIGH 0x04u

static struct {
    const volatile uint8_t *registers; /* NULL: no clock */
} rtc;

void rtc_init(const struct fdt_device *device)
{
    if (device->base)
        rtc.registers = arch_physical_to_virtual(device->base);
}

uint64_t rtc_now_ns(void)
{
    if (!rtc.registers)
        return 0;
    uint64_t low = mmio_read32(rtc.registers + RTC_TIME_LOW);
    return low | (uint64_t)mmio_read32(rtc.registers + RTC_TIME_HIGH) << 32;
}
