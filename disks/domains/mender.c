/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mender.c - the keeper of the fuzzing domain: starts it again after every trap. */
#include "disks/domains/fuzz.h"
#include "disks/domains/rt/interface.h"
#include "disks/domains/rt/slots.h"

#define SLOT_TRAPPED SLOT_TEMPORARY

int domain_main(uint64_t argument_0, uint64_t argument_1)
{
    (void)argument_0;
    (void)argument_1;
    const uint64_t registers[3] = {FUZZ_ENTRY, 0, FUZZ_STACK}; /* pc, ra, sp */
    const struct domain_control no_trap = {.trap_code = 0};
    struct message message = MESSAGE(0);
    message.receive_slots[2] = SLOT_TRAPPED;
    for (;;) {
        (void)serve_next(&message, RC_OK, NULL, 0);
        (void)key_order_string(SLOT_TRAPPED, DOMAIN_PUT_REGISTERS, registers, sizeof(registers),
                               NULL, NULL);
        (void)domain_put_control(SLOT_TRAPPED, &no_trap);
    }
}
