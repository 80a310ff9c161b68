/* SPDX-License-Identifier: GPL-2.0-or-later */
/* shell_hand.c - calls keys for the shell, which may break it off. Protocol: shell/hand.h. Keys: 0
 * start key of the shell with SHELL_FROM_HAND, 1 discrim.
 *
 * It begins anew whenever it is started: nothing in its memory is older than the request. */
#include <string.h>

#include "disks/domains/rt/slots.h"
#include "disks/domains/shell/hand.h"

#define SLOT_SHELL 0u
#define SLOT_DISCRIM 1u
#define SLOT_ASKED 4u /* 4..7: the key to be called, the keys to be sent */
#define SLOT_GOT 8u   /* 8, 9, 10 */

static struct {
    struct hand_request request;
    uint8_t string[STRING_BYTES_MAX - sizeof(struct hand_request)];
} asked;
static struct {
    struct hand_answer head;
    uint8_t string[HAND_STRING_BYTES];
} told;

static void call(size_t string_bytes, bool waits)
{
    struct message message = MESSAGE(asked.request.order);
    message.send = asked.request.has_string ? asked.string : NULL;
    message.send_bytes = string_bytes;
    for (unsigned i = 0; i < HAND_KEYS; i++) {
        message.send_slots[i] = (uint8_t)(SLOT_ASKED + 1 + i);
        message.receive_slots[i] = (uint8_t)(SLOT_GOT + i);
    }
    if (!waits) {
        (void)key_fork(SLOT_ASKED, &message);
        return;
    }
    message.receive = told.string;
    message.receive_bytes = sizeof(told.string);
    told.head.code = key_call(SLOT_ASKED, &message);
    told.head.length_bytes = message.length_bytes;
    for (unsigned i = 0; i < HAND_KEYS; i++)
        told.head.looks[i] = look_at(SLOT_DISCRIM, SLOT_GOT + i);
}

static void show(void)
{
    for (unsigned slot = 0; slot < NODE_SLOTS && told.head.code == RC_OK; slot++) {
        told.head.code = node_fetch(SLOT_ASKED, slot, SLOT_GOT);
        told.head.looks[slot] = look_at(SLOT_DISCRIM, SLOT_GOT);
    }
}

/* What is told to the shell; the same message then receives the next request. */
static void answer_prepare(struct message *message, bool with_keys)
{
    size_t string_bytes = told.head.length_bytes;
    if (string_bytes > sizeof(told.string))
        string_bytes = sizeof(told.string);
    message->code = 0;
    message->send = &told;
    message->send_bytes = sizeof(told.head) + string_bytes;
    for (unsigned i = 0; i < HAND_KEYS; i++)
        message->send_slots[i] = with_keys ? (uint8_t)(SLOT_GOT + i) : SLOT_NONE;
}

int domain_main(uint64_t argument_0, uint64_t argument_1)
{
    (void)argument_0;
    (void)argument_1;
    struct message message = MESSAGE(0);
    message.receive = &asked;
    message.receive_bytes = sizeof(asked);
    for (unsigned i = 0; i < MESSAGE_KEYS; i++)
        message.receive_slots[i] = (uint8_t)(SLOT_ASKED + i);
    /* It returns to the shell rather than calls it: then it is free when the shell is told. */
    for (unsigned slot = SLOT_VOID;; slot = SLOT_SHELL) {
        uint64_t what = key_return(slot, &message);
        size_t size_bytes = message_received(&message);
        memset(&told.head, 0, sizeof(told.head));
        if (size_bytes < sizeof(asked.request))
            told.head.code = RC_FORMAT;
        else if (what == HAND_SHOW)
            show();
        else
            call(size_bytes - sizeof(asked.request), what == HAND_CALL);
        answer_prepare(&message, what == HAND_CALL);
    }
}
