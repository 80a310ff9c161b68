/* SPDX-License-Identifier: GPL-2.0-or-later */
/* clock.c - see clock.h. Called by machine.c; calls nothing. */
#include "emulator/clock.h"

#include <assert.h>

#include "devices/board.h"

__extension__ typedef unsigned __int128 wide_number;

static uint64_t scale_down(uint64_t value, uint64_t factor, uint64_t divisor)
{
    assert(divisor > 0);
    wide_number scaled = (wide_number)value * factor / divisor;
    return scaled > UINT64_MAX ? UINT64_MAX : (uint64_t)scaled;
}

static uint64_t scale_up(uint64_t value, uint64_t factor, uint64_t divisor)
{
    assert(divisor > 0);
    if (value == CLOCK_NEVER)
        return CLOCK_NEVER;
    wide_number scaled = ((wide_number)value * factor + divisor - 1) / divisor;
    return scaled >= CLOCK_NEVER ? CLOCK_NEVER : (uint64_t)scaled;
}

uint64_t clock_ns(uint64_t cycles, uint64_t clock_hz)
{
    return scale_down(cycles, CLOCK_NS_PER_SECOND, clock_hz);
}

uint64_t clock_ticks(uint64_t cycles, uint64_t clock_hz)
{
    return scale_down(cycles, BOARD_TIMEBASE_HZ, clock_hz);
}

uint64_t clock_cycles_at_ns(uint64_t ns, uint64_t clock_hz)
{
    return scale_up(ns, clock_hz, CLOCK_NS_PER_SECOND);
}

uint64_t clock_cycles_at_ticks(uint64_t ticks, uint64_t clock_hz)
{
    return scale_up(ticks, clock_hz, BOARD_TIMEBASE_HZ);
}
