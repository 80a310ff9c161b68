/* SPDX-License-Identifier: GPL-2.0-or-later */
/* meter.h - the prime meter: all processor time comes out of it.
 *
 * Its node is OBJECT_ID_PRIME_METER; slot METER_SLOT_COUNTER holds the cycles that are left, as a
 * data key. */
#ifndef LATCHKEY_KERNEL_METER_H
#define LATCHKEY_KERNEL_METER_H

#include "kernel/invoke.h"

/* meter_charge - take cycles off the prime meter; kept aside while its node is not in memory. */
void meter_charge(uint64_t cycles);
/* meter_invoke - orders on a meter key. */
enum invoked meter_invoke(struct invocation *invocation);

#endif
