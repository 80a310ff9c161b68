/* SPDX-License-Identifier: GPL-2.0-or-later */
/* key.c - puts messages into registers and executes the call. Called by every domain program. */
#include "disks/domains/rt/key.h"

/* What is in registers before and after the call. */
struct call {
    uint64_t a[7]; /* a0..a6 */
    uint64_t words[4]; /* t3..t6 */
};

static void call(struct call *call)
{
    register uint64_t a0 __asm__("a0") = call->a[0];
    register uint64_t a1 __asm__("a1") = call->a[1];
    register uint64_t a2 __asm__("a2") = call->a[2];
    register uint64_t a3 __asm__("a3") = call->a[3];
    register uint64_t a4 __asm__("a4") = call->a[4];
    register uint64_t a5 __asm__("a5") = call->a[5];
    register uint64_t a6 __asm__("a6") = call->a[6];
    register uint64_t t3 __asm__("t3") = call->words[0];
    register uint64_t t4 __asm__("t4") = call->words[1];
    register uint64_t t5 __asm__("t5") = call->words[2];
    register uint64_t t6 __asm__("t6") = call->words[3];
    __asm__ volatile("ecall"
                     : "+r"(a0), "+r"(a1), "+r"(a2), "+r"(a3), "+r"(a4), "+r"(a5), "+r"(a6),
                       "+r"(t3), "+r"(t4), "+r"(t5), "+r"(t6)
                     :
                     : "ra", "t0", "t1", "t2", "a7", "memory");
    call->a[0] = a0;
    call->a[1] = a1;
    call->a[4] = a4;
    call->words[0] = t3;
    call->words[1] = t4;
    call->words[2] = t5;
    call->words[3] = t6;
}

/* The mask and slots of a block, from four slot numbers; both blocks have the same shape. */
static uint64_t slots_block(const uint8_t slots[MESSAGE_KEYS])
{
    uint64_t block = 0;
    for (unsigned i = 0; i < MESSAGE_KEYS; i++)
        if (slots[i] < NODE_SLOTS)
            block |= 1ull << (EXIT_MASK_SHIFT + i) | (uint64_t)slots[i] << (EXIT_KEYS_SHIFT + 4 * i);
    return block;
}

uint64_t key_invoke(enum invoke_kind kind, unsigned slot, struct message *message)
{
    struct call registers = {{0}, {0}};
    uint64_t exit = EXIT_SLOT(slot) | (uint64_t)kind << EXIT_KIND_SHIFT |
                    slots_block(message->send_slots);
    uint64_t entry =
        ENTRY_CODE | ENTRY_DATA_BYTE | ENTRY_LENGTH | slots_block(message->receive_slots);
    if (message->send)
        exit |= STRING_MEMORY << EXIT_STRING_SHIFT;
    if (message->receive)
        entry |= STRING_MEMORY << ENTRY_STRING_SHIFT;
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

uint64_t key_order(unsigned slot, uint64_t order)
{
    struct call registers = {{order, EXIT_SLOT(slot) | INVOKE_CALL << EXIT_KIND_SHIFT,
                              ENTRY_CODE, 0, 0, 0, 0}, {0}};
    call(&registers);
    return registers.a[0];
}

uint64_t key_order_keys(unsigned slot, uint64_t order, unsigned send_slot, unsigned receive_slot)
{
    struct message message = MESSAGE(order);
    message.send_slots[0] = (uint8_t)send_slot;
    message.receive_slots[0] = (uint8_t)receive_slot;
    return key_call(slot, &message);
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
    if (receive_bytes && message.length_bytes < *receive_bytes)
        *receive_bytes = message.length_bytes;
    return code;
}

uint64_t key_order_word(unsigned slot, uint64_t order, uint64_t word, uint64_t *answer)
{
    struct call registers = {{order,
                              EXIT_SLOT(slot) | INVOKE_CALL << EXIT_KIND_SHIFT |
                                  STRING_REGISTERS << EXIT_STRING_SHIFT,
                              ENTRY_CODE | STRING_REGISTERS << ENTRY_STRING_SHIFT, 0,
                              sizeof(word), 0, 0},
                             {word, 0, 0, 0}};
    call(&registers);
    if (answer)
        *answer = registers.words[0];
    return registers.a[0];
}

_Noreturn void domain_end(void)
{
    /* A slot may hold any key; RETURN through a bad exit block would trap, so a message with no code, string
     * or keys goes through slot 15, which programs keep void. */
    for (;;) {
        struct message message = MESSAGE(0);
        (void)key_return(15, &message);
    }
}
