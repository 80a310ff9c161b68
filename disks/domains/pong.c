/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pong.c - answers every message with its order plus one, and its string with every byte one more. */
#include <stdint.h>

#include "disks/domains/rt/key.h"
#include "disks/domains/rt/slots.h"

int domain_main(uint64_t argument, uint64_t argument_1)
{
    (void)argument;
    (void)argument_1;
    static uint8_t string[STRING_BYTES_MAX];
    struct message message = MESSAGE(0);
    unsigned reply_slot = SLOT_VOID;
    for (;;) {
        message.receive = string;
        message.receive_bytes = sizeof(string);
        message.receive_slots[3] = SLOT_CALLER;
        uint64_t order = key_return(reply_slot, &message);
        for (size_t i = 0; i < message.length_bytes; i++)
            string[i]++;
        message.code = order + 1;
        message.send = message.length_bytes ? string : NULL;
        message.send_bytes = message.length_bytes;
        reply_slot = SLOT_CALLER;
    }
}
