/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bad_stubborn.c - a domain keeper that repairs nothing and lets the program try again, for ever.
 * No keys. */
#include "disks/domains/rt/interface.h"
#include "disks/domains/rt/slots.h"

int domain_main(uint64_t argument_0, uint64_t argument_1)
{
    (void)argument_0;
    (void)argument_1;
    unsigned reply_slot = SLOT_VOID;
    for (;;) {
        struct domain_control control = {0};
        struct message message = MESSAGE(0);
        message.receive_slots[2] = SLOT_TEMPORARY;
        message.receive_slots[3] = SLOT_CALLER;
        (void)key_return(reply_slot, &message);
        (void)domain_put_control(SLOT_TEMPORARY, &control);
        reply_slot = SLOT_CALLER;
    }
}
