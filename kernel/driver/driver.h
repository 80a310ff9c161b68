/* SPDX-License-Identifier: GPL-2.0-or-later */
/* driver.h - what the drivers give the rest of the kernel. Which devices exist comes from the
 * device tree. */
#ifndef LATCHKEY_KERNEL_DRIVER_H
#define LATCHKEY_KERNEL_DRIVER_H

#include "devices/board.h"
#include "kernel/base.h"

/* driver_init - start every device that the machine description names. */
void driver_init(void);

/* driver_timer_set - timer interrupt at this time of the timebase; UINT64_MAX: never. Clears a
 * pending one. */
void driver_timer_set(uint64_t time);
/* driver_interrupt - serve every device whose interrupt is pending. */
void driver_interrupt(void);
/* driver_calendar_ns - nanoseconds since 1970 from the rtc; 0 without one. */
uint64_t driver_calendar_ns(void);

/* driver_trace - announce on the trace port; nothing without one. */
void driver_trace(enum trace_kind kind, uint64_t argument);

#endif
