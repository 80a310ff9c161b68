/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mender.c - a keeper that starts a domain's program again after every trap (MENDER_RUNS), or lets
 * it wait for the next message (MENDER_WAITS). Whoever else calls is answered. Keys: 0 discrim. */
#include "disks/domains/fuzz.h"
#include "disks/domains/rt/interface.h"
#include "disks/domains/rt/slots.h"

#define SLOT_DISCRIM 0u
#define SLOT_TRAPPED SLOT_TEMPORARY

static void begin_again(void)
{
    const uint64_t registers[3] = {FUZZ_ENTRY, 0, FUZZ_STACK}; /* pc, ra, sp */
    const struct domain_control no_trap = {.trap_code = 0};
    /* A server that was to answer itself must not try it again. */
    (void)domain_swap(SLOT_TRAPPED, SLOT_CALLER, SLOT_NONE, SLOT_NONE);
    (void)key_order_string(SLOT_TRAPPED, DOMAIN_PUT_REGISTERS, registers, sizeof(registers), NULL,
                           NULL);
    (void)domain_put_control(SLOT_TRAPPED, &no_trap);
}

int domain_main(uint64_t argument_0, uint64_t argument_1)
{
    (void)argument_0;
    (void)argument_1;
    struct message message = MESSAGE(0);
    message.receive_slots[2] = SLOT_TRAPPED;
    for (;;) {
        (void)serve_next_through(SLOT_CALLER, SLOT_DISCRIM, &message);
        message.code = RC_OK;
        if (message.data_byte != MENDER_STRANGER)
            begin_again();
        if (message.data_byte == MENDER_WAITS)
            (void)domain_make_available(SLOT_TRAPPED);
    }
}
