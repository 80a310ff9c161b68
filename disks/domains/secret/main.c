/* SPDX-License-Identifier: GPL-2.0-or-later */
/* main.c - domains that do what domains do, for ever, with registers, memory and objects full of
 * numbers that nobody else is to see: for tests/demo_secret_test.c, which runs them with several
 * such numbers. What they do is drawn from the public seed in argument 0, and never depends on the
 * numbers, which come from argument 1.
 *
 * Argument 0: enum role + ROLES * seed. Keys: 0..3 what comes; 4, 5 a node and a number that
 * everybody may have; of a client also 6 a server, 7 another one, to whom it tells its numbers (if
 * its data byte is CONFIDENTIAL, that one's answers may tell numbers, too), 8 bank, 9 data creator,
 * 10 peek, 11 timer, 12 domain tool. A client's hole, with a keeper, is at HOLE.
 */
#include <stdbool.h>
#include <string.h>

#include "disks/domains/rt/bank.h"
#include "disks/domains/rt/slots.h"
#include "disks/domains/secret/hart.h"

#define HOLE 0x50000000ull
#define CONFIDENTIAL 1u
#define SLOT_NODE 4u
#define SLOT_NUMBER 5u
#define SLOT_SERVER 6u
#define SLOT_CONFIDANT 7u
#define SLOT_BANK 8u
#define SLOT_CREATOR 9u
#define SLOT_PEEK 10u
#define SLOT_TOOL 12u
/* Bits of the blocks that have no meaning. */
#define EXIT_JUNK ~0xfffff7e3ull
#define ENTRY_JUNK ~0x0fff07ffull
#define BYTES_WHOLE PAGE_BYTES
#define PEEK_WORDS 40u
#define INSTRUCTION_BYTES 4u
#define CAUSE_ILLEGAL 2u

enum role { ROLE_CLIENT, ROLE_SERVER, ROLE_NURSE, ROLE_CLIENT_WITH_FLOATS, ROLES };

static _Alignas(PAGE_BYTES) uint8_t out[2 * PAGE_BYTES], in[2 * PAGE_BYTES];
static struct {
    uint64_t random, hidden;
    struct hart hart;
    uint64_t floats[HART_FLOATS];
} state;

static uint64_t step(uint64_t *random)
{
    *random ^= *random << 13;
    *random ^= *random >> 7;
    *random ^= *random << 17;
    return *random;
}

static uint64_t draw(uint64_t count)
{
    return (step(&state.random) >> 11) % count;
}

/* A number that is not to be seen. */
static uint64_t hide(void)
{
    return step(&state.hidden);
}

static uint64_t word(bool confidential)
{
    return confidential ? hide() : step(&state.random);
}

static void registers_hide(void)
{
    for (unsigned i = 1; i < 32; i++)
        state.hart.x[i] = hide();
}

static void bytes_fill(uint8_t *bytes, size_t size_bytes, bool confidential)
{
    size_t i = 0;
    for (; i < size_bytes && (uint64_t)(bytes + i) % sizeof(uint64_t); i++)
        bytes[i] = (uint8_t)word(confidential);
    for (; i + sizeof(uint64_t) <= size_bytes; i += sizeof(uint64_t))
        *(uint64_t *)(void *)(bytes + i) = word(confidential);
    for (; i < size_bytes; i++)
        bytes[i] = (uint8_t)word(confidential);
}

static void bytes_hide(uint8_t *bytes, size_t size_bytes)
{
    bytes_fill(bytes, size_bytes, true);
}

static size_t length_some(void)
{
    static const uint16_t boundaries[] = {0, 1, 7, 8, 31, 33, 64, 100};
    return draw(20) ? boundaries[draw(8)] : BYTES_WHOLE - draw(2);
}

static enum string_mode mode_some(void)
{
    static const enum string_mode modes[] = {STRING_NONE, STRING_REGISTERS, STRING_MEMORY,
                                             STRING_MEMORY};
    return modes[draw(4)];
}

/* What is sent: code, string and keys, those of the others if it is confidential. All registers
 * that carry nothing, bits of the blocks without a meaning, and the bytes around the string hold
 * numbers that are not to be seen. Returns the length of the string in out, to be hidden again. */
static size_t message_make(enum invoke_kind kind, unsigned slot, bool confidential)
{
    uint64_t *x = state.hart.x;
    uint64_t exit = EXIT_BLOCK(kind, slot), mode = mode_some();
    size_t length = 0;
    registers_hide();
    x[10] = word(confidential);
    for (unsigned i = 0; i < 3; i++)
        if (draw(2))
            exit |= EXIT_SENDS(i, confidential && draw(2) ? draw(SLOT_NODE) : SLOT_NODE + draw(2));
    x[11] = (hide() & EXIT_JUNK) | exit | EXIT_STRING(mode);
    x[12] = (hide() & ENTRY_JUNK) | ENTRY_CODE | ENTRY_STRING(mode_some());
    for (unsigned i = 0; i < 3; i++)
        if (draw(2))
            x[12] |= ENTRY_TAKES(i, draw(SLOT_NODE));
    if (mode == STRING_REGISTERS) {
        x[14] = draw(STRING_REGISTER_BYTES + 1);
        for (unsigned i = 28; i < 32; i++)
            x[i] = word(confidential);
    }
    if (mode == STRING_MEMORY) {
        length = length_some();
        uint8_t *string = out + (draw(4) ? 0 : draw(PAGE_BYTES));
        bytes_fill(string, length, confidential);
        x[13] = (uint64_t)string;
        x[14] = length;
    }
    if (ENTRY_STRING_MODE(x[12]) == STRING_MEMORY) {
        bool often = draw(4);
        x[15] = (uint64_t)(in + (often ? 0 : draw(PAGE_BYTES)));
        x[16] = often ? PAGE_BYTES : length_some();
    }
    return length;
}

/* After the message: where its string was there is none. */
static void message_end(uint64_t string, size_t length)
{
    if (length)
        bytes_hide((uint8_t *)string, length);
}

static void message_send(void)
{
    bool confidential = draw(2);
    enum invoke_kind kind = draw(4) ? INVOKE_CALL : INVOKE_FORK;
    size_t length = message_make(kind, confidential ? SLOT_CONFIDANT : SLOT_SERVER, confidential);
    uint64_t string = state.hart.x[13];
    hart_call(&state.hart);
    message_end(string, length);
}

static _Noreturn void server(void)
{
    unsigned slot = SLOT_VOID;
    bool confidential = false;
    bytes_hide(out, sizeof(out));
    for (;;) {
        size_t length = message_make(INVOKE_RETURN, slot, confidential);
        uint64_t string = state.hart.x[13];
        state.hart.x[12] |= ENTRY_TAKES(3, SLOT_CALLER);
        hart_call(&state.hart);
        message_end(string, length);
        slot = SLOT_CALLER;
        confidential = state.hart.x[11] == CONFIDENTIAL;
        for (unsigned i = 28; i < 32; i++) /* what it was told is its secret now */
            state.hidden ^= confidential ? state.hart.x[i] >> 1 : 0;
        if (draw(4) == 0) { /* the answer first, then the end */
            length = message_make(INVOKE_FORK, slot, confidential);
            string = state.hart.x[13];
            hart_call(&state.hart);
            message_end(string, length);
            slot = SLOT_VOID;
        }
    }
}

static void floats_use(void)
{
    const uint64_t fcsr_bits = 0x1f;
    switch (draw(4)) {
    case 0:
        memset(state.floats, 0, sizeof(state.floats));
        hart_floats_set(state.floats);
        break;
    case 1:
        hart_floats_get(state.floats);
        break;
    default:
        for (unsigned i = 0; i < HART_FLOATS - 1; i++)
            state.floats[i] = hide();
        state.floats[HART_FLOATS - 1] = hide() & fcsr_bits;
        hart_floats_set(state.floats);
    }
}

static void spin(void)
{
    registers_hide();
    state.hart.x[HART_COUNT] = draw(12) ? 10 + draw(100) : 200000;
    hart_spin(&state.hart);
}

static void hole_touch(void)
{
    registers_hide();
    state.hart.x[HART_ADDRESS] = HOLE + draw(NODE_SLOTS) * PAGE_BYTES + 8 * draw(PAGE_BYTES / 8);
    if (draw(2))
        hart_write(&state.hart);
    else
        hart_read(&state.hart);
}

/* A page is bought, looked at, written and sold. */
static void page_use(void)
{
    size_t room = BYTES_WHOLE;
    const uint64_t whole[2] = {0, BYTES_WHOLE};
    if (bank_create_page(SLOT_BANK, SLOT_TEMPORARY) != RC_OK)
        return;
    (void)key_order_string(SLOT_TEMPORARY, PAGE_READ, whole, sizeof(whole), in, &room);
    (void)key_order_string(SLOT_TEMPORARY, PAGE_WRITE + draw(PAGE_BYTES - 64), out,
                           draw(2) ? length_some() % 64 : 64, NULL, NULL);
    (void)bank_destroy_page(SLOT_BANK, SLOT_TEMPORARY);
}

static void node_use(void)
{
    if (bank_create_node(SLOT_BANK, SLOT_TEMPORARY) != RC_OK)
        return;
    for (unsigned i = 0; i < SLOT_NODE; i++)
        (void)node_fetch(SLOT_TEMPORARY, (unsigned)draw(NODE_SLOTS), i);
    for (unsigned i = 0; i < 4; i++) {
        struct key_words words = {{draw(NODE_SLOTS), hide()}, 2 * sizeof(uint64_t)};
        (void)key_order_words(SLOT_TEMPORARY, NODE_WRITE_DATA, &words);
    }
    (void)data_create_number(SLOT_CREATOR, hide(), 3);
    (void)node_swap(SLOT_TEMPORARY, (unsigned)draw(NODE_SLOTS), 3, SLOT_NONE);
    (void)bank_destroy_node(SLOT_BANK, SLOT_TEMPORARY);
}

/* A domain is made of nodes that were bought: what is in its registers? They are filled, and all is
 * sold again. */
static void domain_use(void)
{
    static const uint8_t roots[] = {DOMAIN_SLOT_KEYS, DOMAIN_SLOT_REGISTERS_0,
                                    DOMAIN_SLOT_REGISTERS_1, DOMAIN_SLOT_REGISTERS_2};
    const uint8_t send[MESSAGE_KEYS] = {0, SLOT_NODE, SLOT_NONE, SLOT_NONE};
    const uint8_t receive[MESSAGE_KEYS] = {2, SLOT_NONE, SLOT_NONE, SLOT_NONE};
    struct domain_registers *registers = (struct domain_registers *)in;
    if (bank_create_node(SLOT_BANK, 0) != RC_OK)
        return;
    for (unsigned i = 0; i < sizeof(roots); i++) {
        (void)bank_create_node(SLOT_BANK, 1);
        (void)node_swap(0, roots[i], 1, SLOT_NONE);
    }
    (void)node_swap(0, DOMAIN_SLOT_BRAND, SLOT_NODE, SLOT_NONE);
    if (domain_tool_make(SLOT_TOOL, send, receive) == RC_OK) {
        (void)domain_get_registers(2, registers);
        bytes_hide(in, sizeof(*registers));
        (void)domain_put_registers(2, registers);
        (void)domain_get_registers(2, registers);
    }
    for (unsigned i = 0; i < sizeof(roots); i++) {
        (void)node_fetch(0, roots[i], 1);
        (void)bank_destroy_node(SLOT_BANK, 1);
    }
    (void)bank_destroy_node(SLOT_BANK, 0);
}

/* Others have their turn. */
static void rest(void)
{
    const uint64_t rest_ns = 1000;
    uint64_t now = 0;
    (void)timer_now(SLOT_TIMER, &now);
    (void)timer_wait_until(SLOT_TIMER, now + draw(rest_ns));
}

/* What the kernel tells everybody. */
static void kernel_ask(void)
{
    uint64_t word_asked = 0;
    size_t room = PEEK_WORDS * sizeof(uint64_t);
    (void)timer_now(SLOT_TIMER, &word_asked);
    word_asked = 0;
    (void)key_order_string(SLOT_PEEK, PEEK_READ, &word_asked, sizeof(word_asked), in, &room);
    (void)data_create_number(SLOT_CREATOR, hide(), 0);
    (void)number_read(0, &word_asked);
    (void)key_type_of((unsigned)draw(NODE_SLOTS));
}

static _Noreturn void client(bool floats)
{
    bytes_hide(out, sizeof(out));
    for (;;) {
        switch (draw(16)) {
        case 0:
            if (floats)
                floats_use();
            break;
        case 1:
            spin();
            break;
        case 2:
        case 3:
            hole_touch();
            break;
        case 4:
            registers_hide();
            hart_break(&state.hart);
            break;
        case 5:
            page_use();
            break;
        case 6:
            node_use();
            break;
        case 7:
            if (draw(2))
                domain_use();
            break;
        case 8:
            kernel_ask();
            break;
        case 9:
            rest();
            break;
        default:
            message_send();
        }
    }
}

/* The domain keeper of clients: behind an instruction that does not exist they go on, else where
 * they were. */
static _Noreturn void nurse(void)
{
    const struct domain_control no_trap = {.trap_code = 0};
    struct message message = MESSAGE(0);
    message.receive = in;
    message.receive_bytes = sizeof(struct domain_registers);
    message.receive_slots[2] = SLOT_TEMPORARY;
    for (;;) {
        uint64_t order = serve_next(&message, RC_OK, NULL, 0);
        uint64_t *pc = (uint64_t *)in;
        *pc += INSTRUCTION_BYTES;
        if (order == KT + TRAP_HARDWARE + CAUSE_ILLEGAL)
            (void)key_order_string(SLOT_TEMPORARY, DOMAIN_PUT_REGISTERS, pc, sizeof(*pc), NULL,
                                   NULL);
        (void)domain_put_control(SLOT_TEMPORARY, &no_trap);
    }
}

int domain_main(uint64_t argument_0, uint64_t argument_1)
{
    state.random = (argument_0 / ROLES + 1) * 0x9e3779b97f4a7c15ull;
    state.hidden = (argument_1 + 1) * 0xda942042e4dd58b5ull;
    if (argument_0 % ROLES == ROLE_CLIENT || argument_0 % ROLES == ROLE_CLIENT_WITH_FLOATS)
        client(argument_0 % ROLES == ROLE_CLIENT_WITH_FLOATS);
    if (argument_0 % ROLES == ROLE_NURSE)
        nurse();
    server();
}
