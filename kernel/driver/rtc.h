/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rtc.h - the goldfish real-time clock: reading the calendar. */
#ifndef LATCHKEY_KERNEL_RTC_H
#define LATCHKEY_KERNEL_RTC_H

#include "kernel/driver/fdt.h"

/* rtc_init - take the clock; its absence is no error. */
void rtc_init(const struct fdt_device *device);
/* rtc_now_ns - nanoseconds since 1970-01-01 UTC; 0 without a clock. */
uint64_t rtc_now_ns(void);

#endif
