/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rtc.h - google,goldfish-rtc: nanoseconds of calendar time, which are the base time given at
 * power-on plus guest virtual time. The host's clock is never read.
 */
#ifndef LATCHKEY_DEVICES_RTC_H
#define LATCHKEY_DEVICES_RTC_H

#include "devices/device.h"

struct rtc_config {
    uint64_t base_time_ns; /* since 1970, at virtual time 0 */
};

extern const struct device_ops rtc_ops; /* init wants a struct rtc_config */

#endif
