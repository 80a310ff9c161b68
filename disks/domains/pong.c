/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pong.c - answers every message with its order plus one, its string with every byte one more, and
 * its keys in the places in which they came. */
#include "disks/domains/rt/key.h"
#include "disks/domains/rt/protocol.h"
#include "disks/domains/rt/slots.h"

#define SLOT_FIRST_KEY 0u /* three slots for keys that pass through */

static struct {
    uint8_t string[STRING_BYTES_MAX];
} pong;

int domain_main(uint64_t argument_0, uint64_t argument_1)
{
    (void)argument_0;
    (void)argument_1;
    struct message message = MESSAGE(0);
    for (uint8_t i = 0; i < 3; i++)
        message.send_slots[i] = message.receive_slots[i] = (uint8_t)(SLOT_FIRST_KEY + i);
    message.receive = pong.string;
    message.receive_bytes = sizeof(pong.string);
    uint64_t code = RC_OK;
    size_t length = 0;
    for (;;) {
        uint64_t order = serve_next(&message, code, length ? pong.string : NULL, length);
        length = message_received(&message);
        for (size_t i = 0; i < length; i++)
            pong.string[i]++;
        code = order == ORDER_TYPE ? TYPE_PONG : order + 1;
    }
}
