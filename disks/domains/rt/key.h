/* SPDX-License-Identifier: GPL-2.0-or-later */
/* key.h - the one kernel call, for domain programs. The register convention is abi.h's.
 *
 * A struct message says what is sent and what is accepted; a call fills in what came. Slots are numbers
 * 0..15; SLOT_NONE means "not sent" or "not accepted".
 */
#ifndef LATCHKEY_DOMAINS_KEY_H
#define LATCHKEY_DOMAINS_KEY_H

#include <stddef.h>
#include <stdint.h>

#include "kernel/abi.h"

#define SLOT_NONE 0xffu
#define NO_KEYS {SLOT_NONE, SLOT_NONE, SLOT_NONE, SLOT_NONE}

struct message {
    uint64_t code;         /* in: order or return code; out: the one that came */
    const void *send;      /* string to send; NULL: none */
    size_t send_bytes;     /* 0..4096 */
    void *receive;         /* buffer; NULL: no string is accepted */
    size_t receive_bytes;  /* its size */
    size_t length_bytes;   /* out: length that was sent to us, may exceed receive_bytes */
    uint8_t send_slots[MESSAGE_KEYS];
    uint8_t receive_slots[MESSAGE_KEYS];
    uint8_t data_byte; /* out: of the start key used */
};
#define MESSAGE(order) {.code = (order), .send_slots = NO_KEYS, .receive_slots = NO_KEYS}

/* key_invoke - CALL, RETURN or FORK through the key in slot. For RETURN it comes back when the next message
 * has come, as CALL does with the reply. Returns message->code, the code that came (FORK: 0). */
uint64_t key_invoke(enum invoke_kind kind, unsigned slot, struct message *message);

static inline uint64_t key_call(unsigned slot, struct message *message)
{
    return key_invoke(INVOKE_CALL, slot, message);
}

static inline uint64_t key_return(unsigned slot, struct message *message)
{
    return key_invoke(INVOKE_RETURN, slot, message);
}

static inline uint64_t key_fork(unsigned slot, struct message *message)
{
    return key_invoke(INVOKE_FORK, slot, message);
}

/* key_order - CALL with an order and no string or keys; returns the return code. */
uint64_t key_order(unsigned slot, uint64_t order);
/* key_order_keys - CALL; sends the key in send_slot, receives the first key into receive_slot. */
uint64_t key_order_keys(unsigned slot, uint64_t order, unsigned send_slot, unsigned receive_slot);
/* key_order_string - CALL with a string, receiving one. *receive_bytes: in, room; out, bytes that came and
 * fitted. Either may be NULL. */
uint64_t key_order_string(unsigned slot, uint64_t order, const void *send, size_t send_bytes,
                          void *receive, size_t *receive_bytes);
/* key_order_word - CALL; sends one 64-bit word in registers and gives the word of the answer, if wanted. */
uint64_t key_order_word(unsigned slot, uint64_t order, uint64_t word, uint64_t *answer);

/* domain_main - what each program defines: it begins here with the recipe's arguments 0 and 1. When it
 * returns, domain_end() follows. */
int domain_main(uint64_t argument_0, uint64_t argument_1);

/* domain_end - the process ends; the domain becomes available. */
_Noreturn void domain_end(void);

#endif
