/* SPDX-License-Identifier: GPL-2.0-or-later */
/* key.h - the one kernel call, for domain programs. The register convention is abi.h's.
 *
 * Included by every program and by interface.h, whose typed calls are what programs mostly use.
 * Simple calls are inline: with constant slot and order they are three `li` and the `ecall`.
 * Whatever has strings in memory together with keys goes through struct message and key_invoke().
 *
 * Invariants
 *  1. Registers that are dead across the call are named as clobbered; s0..s11, sp, gp, tp stay.
 *  2. Slots are numbers 0..15; SLOT_NONE means "not sent" or "not accepted".
 */
#ifndef LATCHKEY_DOMAINS_KEY_H
#define LATCHKEY_DOMAINS_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/abi.h"

#define SLOT_NONE 0xffu
#define NO_KEYS                                                                                    \
    {                                                                                              \
        SLOT_NONE, SLOT_NONE, SLOT_NONE, SLOT_NONE                                                 \
    }

struct message {
    uint64_t code;        /* in: order or return code; out: the one that came */
    const void *send;     /* string to send; NULL: none */
    size_t send_bytes;    /* 0..4096 */
    void *receive;        /* buffer; NULL: no string is accepted */
    size_t receive_bytes; /* its size */
    size_t length_bytes;  /* out: length that was sent to us, may exceed receive_bytes */
    uint8_t send_slots[MESSAGE_KEYS];
    uint8_t receive_slots[MESSAGE_KEYS];
    uint8_t data_byte; /* out: of the start key used */
};
#define MESSAGE(order)                                                                             \
    {                                                                                              \
        .code = (order), .send_slots = NO_KEYS, .receive_slots = NO_KEYS                           \
    }

/* key_invoke - CALL, RETURN or FORK through the key in slot. For RETURN it comes back when the next
 * message has come, as CALL does with the reply. Returns message->code, the code that came (FORK:
 * 0). */
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

/* message_received - how many bytes of the string that came are in the buffer. */
static inline size_t message_received(const struct message *message)
{
    return message->length_bytes < message->receive_bytes ? message->length_bytes
                                                          : message->receive_bytes;
}

/* serve_next - answer the caller being served (its resume key is in SLOT_CALLER; none at first)
 * with a return code and a string, and wait for the next message. Returns its order;
 * message->receive is the caller's. */
uint64_t serve_next(struct message *message, uint64_t return_code, const void *answer,
                    size_t answer_bytes);

/* serve_next_through - the same for a domain that serves many who need not trust each other: answer
 * through the key in a slot, with message->code, send and send_slots, but only if it is a resume
 * key, which the discrim key tells. A caller that sent a start key of a domain that is busy for
 * ever would otherwise keep the server for ever. */
uint64_t serve_next_through(unsigned slot, unsigned discrim_slot, struct message *message);

/* Which registers are dead after the call, beside those that carry something. */
#define KEY_DEAD_TEMPORARIES "ra", "t0", "t1", "t2", "a7", "memory"

/* key_exchange - CALL with keys but no string: blocks as abi.h describes them. */
static inline uint64_t key_exchange(uint64_t order, uint64_t exit, uint64_t entry)
{
    register uint64_t a0 __asm__("a0") = order;
    register uint64_t a1 __asm__("a1") = exit;
    register uint64_t a2 __asm__("a2") = entry;
    __asm__ volatile("ecall"
                     : "+r"(a0), "+r"(a1), "+r"(a2)
                     :
                     : "a3", "a4", "a5", "a6", "t3", "t4", "t5", "t6", KEY_DEAD_TEMPORARIES);
    return a0;
}

#define KEY_CALL_EXIT(slot) EXIT_BLOCK(INVOKE_CALL, slot)

/* key_order - CALL with an order and no string or keys; returns the return code. */
static inline uint64_t key_order(unsigned slot, uint64_t order)
{
    return key_exchange(order, KEY_CALL_EXIT(slot), ENTRY_CODE);
}

/* key_order_keys - CALL; sends the key in send_slot, receives the first key into receive_slot.
 * Either may be SLOT_NONE. */
static inline uint64_t key_order_keys(unsigned slot, uint64_t order, unsigned send_slot,
                                      unsigned receive_slot)
{
    uint64_t exit = KEY_CALL_EXIT(slot), entry = ENTRY_CODE;
    if (send_slot < NODE_SLOTS)
        exit |= EXIT_SENDS(0, send_slot);
    if (receive_slot < NODE_SLOTS)
        entry |= ENTRY_TAKES(0, receive_slot);
    return key_exchange(order, exit, entry);
}

/* A string that travels in registers. */
struct key_words {
    uint64_t word[4];
    uint64_t length_bytes; /* in: to send, 0..32; out: that were sent to us */
};

/* key_exchange_words - as key_exchange(), with a string that goes and comes in registers, as far as
 * the blocks say so. Returns the code; *data_byte: of the start key that was used. */
static inline uint64_t key_exchange_words(uint64_t order, uint64_t exit, uint64_t entry,
                                          struct key_words *words, uint8_t *data_byte)
{
    register uint64_t a0 __asm__("a0") = order;
    register uint64_t a1 __asm__("a1") = exit;
    register uint64_t a2 __asm__("a2") = entry;
    register uint64_t a4 __asm__("a4") = words->length_bytes;
    register uint64_t t3 __asm__("t3") = words->word[0];
    register uint64_t t4 __asm__("t4") = words->word[1];
    register uint64_t t5 __asm__("t5") = words->word[2];
    register uint64_t t6 __asm__("t6") = words->word[3];
    __asm__ volatile("ecall"
                     : "+r"(a0), "+r"(a1), "+r"(a2), "+r"(a4), "+r"(t3), "+r"(t4), "+r"(t5),
                       "+r"(t6)
                     :
                     : "a3", "a5", "a6", KEY_DEAD_TEMPORARIES);
    words->word[0] = t3;
    words->word[1] = t4;
    words->word[2] = t5;
    words->word[3] = t6;
    words->length_bytes = a4;
    *data_byte = (uint8_t)a1;
    return a0;
}

/* key_order_words - CALL; the string goes and comes in registers. */
static inline uint64_t key_order_words(unsigned slot, uint64_t order, struct key_words *words)
{
    uint8_t data_byte;
    return key_exchange_words(order, KEY_CALL_EXIT(slot) | EXIT_STRING(STRING_REGISTERS),
                              ENTRY_CODE | ENTRY_STRING(STRING_REGISTERS), words, &data_byte);
}

/* key_order_key_words - the same with one key each way; either slot may be SLOT_NONE. */
static inline uint64_t key_order_key_words(unsigned slot, uint64_t order, unsigned send_slot,
                                           unsigned receive_slot, struct key_words *words)
{
    uint64_t exit = KEY_CALL_EXIT(slot), entry = ENTRY_CODE | ENTRY_STRING(STRING_REGISTERS);
    uint8_t data_byte;
    if (words->length_bytes)
        exit |= EXIT_STRING(STRING_REGISTERS);
    if (send_slot < NODE_SLOTS)
        exit |= EXIT_SENDS(0, send_slot);
    if (receive_slot < NODE_SLOTS)
        entry |= ENTRY_TAKES(0, receive_slot);
    return key_exchange_words(order, exit, entry, words, &data_byte);
}

/* key_order_word - CALL; sends one 64-bit word in registers and gives the word of the answer, if
 * wanted. */
static inline uint64_t key_order_word(unsigned slot, uint64_t order, uint64_t word,
                                      uint64_t *answer)
{
    struct key_words words = {{word}, sizeof(word)};
    uint64_t code = key_order_words(slot, order, &words);
    if (answer)
        *answer = words.word[0];
    return code;
}

/* What a domain gets and answers whose strings are short. */
struct words_message {
    uint64_t code;                        /* of the answer */
    struct key_words in, out;             /* strings: that came; that goes */
    uint8_t send_slots[MESSAGE_KEYS];     /* as in struct message */
    uint8_t receive_slots[MESSAGE_KEYS];
    uint8_t data_byte;
};

/* serve_words - as serve_next_through(), with strings in registers: no buffer has to be found. */
uint64_t serve_words(unsigned slot, unsigned discrim_slot, struct words_message *message);

/* key_order_string - CALL with a string, receiving one. *receive_bytes: in, room; out, bytes that
 * came and fitted. Either may be NULL. */
uint64_t key_order_string(unsigned slot, uint64_t order, const void *send, size_t send_bytes,
                          void *receive, size_t *receive_bytes);

/* key_order_slots - CALL with keys, no string. Slots as in struct message; NULL: none. */
uint64_t key_order_slots(unsigned slot, uint64_t order, const uint8_t send_slots[MESSAGE_KEYS],
                         const uint8_t receive_slots[MESSAGE_KEYS]);

/* domain_main - what each program defines: it begins here with the recipe's arguments 0 and 1. When
 * it returns, domain_end() follows. */
int domain_main(uint64_t argument_0, uint64_t argument_1);

/* domain_end - the process ends; the domain becomes available. */
_Noreturn void domain_end(void);

#endif
