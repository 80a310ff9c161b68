/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bad_watch.c - the domain keeper of bad programs: notes the order that the kernel's message had,
 * and leaves the program where it is. Protocol: bad.h. */
#include "disks/domains/bad.h"
#include "disks/domains/rt/key.h"
#include "disks/domains/rt/slots.h"

static struct {
    uint64_t order_of[BAD_KIND_COUNT];
} watch;

int domain_main(uint64_t argument_0, uint64_t argument_1)
{
    (void)argument_0;
    (void)argument_1;
    uint64_t word = 0, answer = 0;
    unsigned reply_slot = SLOT_VOID;
    for (;;) {
        struct message message = MESSAGE(0);
        message.send = &answer;
        message.send_bytes = sizeof(answer);
        message.receive = &word;
        message.receive_bytes = sizeof(word);
        message.receive_slots[3] = SLOT_CALLER;
        (void)key_return(reply_slot, &message);
        reply_slot = SLOT_VOID;
        if (message.data_byte == BAD_QUESTION) {
            answer = word < BAD_KIND_COUNT ? watch.order_of[word] : 0;
            reply_slot = SLOT_CALLER;
        } else if (message.data_byte < BAD_KIND_COUNT) {
            watch.order_of[message.data_byte] = message.code;
        }
    }
}
