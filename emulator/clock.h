/* SPDX-License-Identifier: GPL-2.0-or-later */
/* clock.h - cycles, virtual nanoseconds and timebase ticks: the only idea of time.
 *
 * Conversions are exact (128-bit): from cycles they round down, to cycles they round up, so that a
 * deadline in cycles is never before the time it stands for.
 */
#ifndef LATCHKEY_EMULATOR_CLOCK_H
#define LATCHKEY_EMULATOR_CLOCK_H

#include <stdint.h>

#define CLOCK_HZ_DEFAULT 100000000u /* a busy guest keeps pace with real time on modest hosts */
#define CLOCK_HZ_MIN 1000000u
#define CLOCK_HZ_MAX 10000000000u
#define CLOCK_NS_PER_SECOND 1000000000u
#define CLOCK_NEVER UINT64_MAX

/* clock_ns - virtual time of a cycle count. clock_ticks - the timebase (BOARD_TIMEBASE_HZ) at it.
 */
uint64_t clock_ns(uint64_t cycles, uint64_t clock_hz);
uint64_t clock_ticks(uint64_t cycles, uint64_t clock_hz);
/* clock_cycles_at_ns, clock_cycles_at_ticks - the first cycle at which that time has come.
 * CLOCK_NEVER stays CLOCK_NEVER, and so does what does not fit. */
uint64_t clock_cycles_at_ns(uint64_t ns, uint64_t clock_hz);
uint64_t clock_cycles_at_ticks(uint64_t ticks, uint64_t clock_hz);

#endif
