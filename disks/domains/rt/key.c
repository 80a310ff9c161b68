/* SPDX-License-Identifier: GPL-2.0-or-later */
/* key.c - the call in its full form, and what every program does with it: serve and end. Called by
 * domain programs and by the typed calls of interface.h. */
#include "disks/domains/rt/key.h"

#include "disks/domains/rt/slots.h"

/* What is in registers before and after the call. */
struct call {
    uint64_t a[7]; /* a0..a6 */
};

static inline void call(struct call *call)
{
    register uint64_t a0 __asm__("a0") = call->a[0];
    register uint64_t a1 __asm__("a1") = call->a[1];
    register uint64_t a2 __asm__("a2") = call->a[2];
    register uint64_t a3 __asm__("a3") = call->a[3];
    register uint64_t a4 __asm__("a4") = call->a[4];
    register uint64_t a5 __asm__("a5") = call->a[5];
    register uint64_t a6 __asm__("a6") = call->a[6];
    __asm__ volatile("ecall"
                     : "+r"(a0), "+r"(a1), "+r"(a2), "+r"(a3), "+r"(a4), "+r"(a5), "+r"(a6)
                     :
                     : "t3", "t4", "t5", "t6", KEY_DEAD_TEMPORARIES);
    call->a[0] = a0;
    call->a[1] = a1;
    call->a[4] = a4;
}

uint64_t key_invoke(enum invoke_kind kind, unsigned slot, struct message *message)
{
    struct call registers = {{0}};
    uint64_t exit = EXIT_BLOCK(kind, slot), entry = ENTRY_CODE;
    for (unsigned i = 0; i < MESSAGE_KEYS; i++) {
        if (message->send_slots[i] < NODE_SLOTS)
            exit |= EXIT_SENDS(i, message->send_slots[i]);
        if (message->receive_slots[i] < NODE_SLOTS)
            entry |= ENTRY_TAKES(i, message->receive_slots[i]);
    }
    if (message->send)
        exit |= EXIT_STRING(STRING_MEMORY);
    if (message->receive)
        entry |= ENTRY_STRING(STRING_MEMORY);
    registers.a[0] = message->code;
    registers.a[1] = exit;
    registers.a[2] = entry;
    registers.a[3] = (uint64_t)message->send;
    registers.a[4] = message->send ? message->send_bytes : 0;
    registers.a[5] = (uint64_t)message->receive;
    registers.a[6] = message->receive ? message->receive_bytes : 0;
    call(&registers);
    message->code = registers.a[0];
    message->data_byte = (uint8_t)registers.a[1];
    message->length_bytes = registers.a[4];
    return message->code;
}

uint64_t key_order_string(unsigned slot, uint64_t order, const void *send, size_t send_bytes,
                          void *receive, size_t *receive_bytes)
{
    struct message message = MESSAGE(order);
    message.send = send;
    message.send_bytes = send_bytes;
    message.receive = receive;
    message.receive_bytes = receive_bytes ? *receive_bytes : 0;
    uint64_t code = key_call(slot, &message);
    if (receive_bytes)
        *receive_bytes = message_received(&message);
    return code;
}

uint64_t key_order_slots(unsigned slot, uint64_t order, const uint8_t send_slots[MESSAGE_KEYS],
                         const uint8_t receive_slots[MESSAGE_KEYS])
{
    struct message message = MESSAGE(order);
    for (unsigned i = 0; i < MESSAGE_KEYS; i++) {
        if (send_slots)
            message.send_slots[i] = send_slots[i];
        if (receive_slots)
            message.receive_slots[i] = receive_slots[i];
    }
    return key_call(slot, &message);
}

uint64_t serve_next(struct message *message, uint64_t return_code, const void *answer,
                    size_t answer_bytes)
{
    message->code = return_code;
    message->send = answer;
    message->send_bytes = answer_bytes;
    message->receive_slots[3] = SLOT_CALLER;
    return key_return(SLOT_CALLER, message);
}

/* Only a resume key is answered through; any other stays unused. */
static unsigned resume_or_void(unsigned slot, unsigned discrim_slot)
{
    const uint64_t class_resume = 2;
    uint64_t class = key_order_keys(discrim_slot, DISCRIM_TYPE, slot, SLOT_NONE);
    return class == class_resume ? slot : SLOT_VOID;
}

uint64_t serve_next_through(unsigned slot, unsigned discrim_slot, struct message *message)
{
    slot = resume_or_void(slot, discrim_slot);
    message->receive_slots[3] = SLOT_CALLER;
    return key_return(slot, message);
}

uint64_t serve_words(unsigned slot, unsigned discrim_slot, struct words_message *message)
{
    slot = resume_or_void(slot, discrim_slot);
    uint64_t exit = EXIT_BLOCK(INVOKE_RETURN, slot);
    uint64_t entry = ENTRY_CODE | ENTRY_STRING(STRING_REGISTERS) | ENTRY_TAKES(3, SLOT_CALLER);
    if (message->out.length_bytes)
        exit |= EXIT_STRING(STRING_REGISTERS);
    for (unsigned i = 0; i < MESSAGE_KEYS; i++) {
        if (message->send_slots[i] < NODE_SLOTS)
            exit |= EXIT_SENDS(i, message->send_slots[i]);
        if (i < 3 && message->receive_slots[i] < NODE_SLOTS)
            entry |= ENTRY_TAKES(i, message->receive_slots[i]);
    }
    message->in = message->out;
    return key_exchange_words(message->code, exit, entry, &message->in, &message->data_byte);
}

_Noreturn void domain_end(void)
{
    /* RETURN through a void key ends the process; a message that comes in spite of that is dropped.
     */
    for (;;) {
        struct message message = MESSAGE(0);
        (void)key_return(SLOT_VOID, &message);
    }
}
