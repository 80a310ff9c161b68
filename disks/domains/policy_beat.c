/* SPDX-License-Identifier: GPL-2.0-or-later */
/* policy_beat.c - tells policy that time has passed. Keys: 0 policy, timer. */
#include "disks/domains/policy.h"
#include "disks/domains/rt/interface.h"
#include "disks/domains/rt/slots.h"

#define SLOT_POLICY 0u

int domain_main(uint64_t argument_0, uint64_t argument_1)
{
    (void)argument_0;
    (void)argument_1;
    for (;;) {
        uint64_t time_ns = 0;
        (void)timer_now(SLOT_TIMER, &time_ns);
        (void)timer_wait_until(SLOT_TIMER, time_ns + POLICY_BEAT_NS);
        (void)key_order(SLOT_POLICY, 0); /* back when all is done: others get their time */
    }
}
