/* SPDX-License-Identifier: GPL-2.0-or-later */
/* integers.h - an allocator of small integers: gives out each number once until it is given back.
 * Orders of KeyKOS (SIA). Served by integers.c. */
#ifndef LATCHKEY_DOMAINS_INTEGERS_H
#define LATCHKEY_DOMAINS_INTEGERS_H

#include "disks/domains/rt/interface.h"

#define AKT_INTEGERS 0x26u
#define INTEGERS_MAX 32767u
#define INTEGERS_NEW 0u             /* -> the least free integer above 0; RC_NOT_THERE: none is */
#define INTEGERS_FREE 0u            /* + integer: 0 it was given out, 1 it was not */
#define INTEGERS_LOWEST 0xffffffffu /* -> the least integer that is given out; 0: none is */

/* INTEGERS_INTERFACE - the typed calls: shapes as in interface.h. */
#define INTEGERS_INTERFACE(LINE)                                                                   \
    LINE(ORDER, integers_new, INTEGERS_NEW, void)                                                  \
    LINE(ORDER, integers_lowest, INTEGERS_LOWEST, void)
/* INTEGERS_INTERFACE - the calls themselves. */
INTEGERS_INTERFACE(INTERFACE_CALL)

/* integers_free - give an integer back: 1..INTEGERS_MAX. */
static inline uint64_t integers_free(unsigned slot, uint64_t integer)
{
    return key_order(slot, INTEGERS_FREE + integer);
}

#endif
