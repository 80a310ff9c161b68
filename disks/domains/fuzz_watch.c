/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fuzz_watch.c - breaks off calls of the fuzzing domain that wait for ever.
 *
 * When the fuzzing domain has made no call since the last look, it is started again from its
 * beginning, and what it plays with is made to wait for a message, whatever it was doing.
 * Argument 0: nanoseconds between two looks. Keys: 0 domain key of the fuzzing domain, 1 of the
 * toy; timer.
 */
#include "disks/domains/fuzz.h"
#include "disks/domains/rt/interface.h"
#include "disks/domains/rt/slots.h"

#define SLOT_FUZZ 0u
#define SLOT_TOY 1u

static void start_again(void)
{
    const uint64_t registers[3] = {FUZZ_ENTRY, 0, FUZZ_STACK};
    const struct domain_control no_trap = {.trap_code = 0};
    struct message go = MESSAGE(0);
    (void)domain_make_available(SLOT_TOY);
    (void)domain_make_busy(SLOT_FUZZ, SLOT_TEMPORARY);
    (void)key_order_string(SLOT_FUZZ, DOMAIN_PUT_REGISTERS, registers, sizeof(registers), NULL,
                           NULL);
    (void)domain_put_control(SLOT_FUZZ, &no_trap);
    (void)key_fork(SLOT_TEMPORARY, &go);
}

int domain_main(uint64_t period_ns, uint64_t argument_1)
{
    (void)argument_1;
    volatile struct fuzz_state *state = (volatile struct fuzz_state *)FUZZ_SHARED_ADDR;
    uint64_t now = 0, seen = 0;
    for (;;) {
        (void)timer_now(SLOT_TIMER, &now);
        (void)timer_wait_until(SLOT_TIMER, now + period_ns);
        if (state->calls == seen) {
            state->started_again++;
            start_again();
        }
        seen = state->calls;
    }
}
