/* SPDX-License-Identifier: GPL-2.0-or-later */
/* timing_guest.h - each constant of the timing models, observed by a tiny guest.
 *
 * Called by timing_bench.c, which prints the table, and by tests/emulator_timing_test.c. Calls
 * emulator/cpu.h: a guest is a few words at the start of RAM, which reads `cycle` before and after
 * what it measures, and gives the difference to its firmware.
 */
#ifndef LATCHKEY_BENCH_TIMING_GUEST_H
#define LATCHKEY_BENCH_TIMING_GUEST_H

#include <stdbool.h>

#include "emulator/base/error.h"
#include "emulator/timing.h"

/* timing_observe - measure the constant of a row of timing_rows(), with a model that has it.
 *
 * Errors   as cpu_create(); ERROR_FORMAT the guest went astray.
 */
MUST_CHECK bool timing_observe(const struct timing_row *row, unsigned *observed,
                               struct error *error);

#endif
