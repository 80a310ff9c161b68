/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bad.c - does one of the things that no program should do: argument 0 is an enum bad_kind. None of
 * them comes back, unless a keeper makes it. Keys: 0 start key to itself, 1 node key (BAD_SEGMENT:
 * of a free node; BAD_STORM: of a dry meter; BAD_MALFORMED: of a root without the other nodes,
 * whose brand is key 4), 2 domain key of the puppet, 3 domain tool. */
#include "disks/domains/bad.h"
#include "disks/domains/rt/interface.h"
#include "disks/domains/rt/slots.h"

#define SLOT_SELF 0u
#define SLOT_NODE 1u
#define SLOT_PUPPET 2u
#define SLOT_TOOL 3u
#define SLOT_BRAND 4u
#define NOWHERE 0x7f000000u
#define KERNEL 0xffffffc080200000u
#define SLOT_BACKGROUND 14u
#define RED_LOOP 0xfef0f9u /* size 9, background in slot 14, no keeper, no local */

static void jump(uint64_t addr)
{
    __asm__ volatile("jr %0" : : "r"(addr));
}

static uint64_t stack_use(uint64_t depth)
{
    volatile uint64_t room[64];
    if (depth == UINT64_MAX)
        return 0;
    room[depth % 64] = depth;
    return stack_use(depth + 1) + room[depth % 64];
}

static void amo(void)
{
    static uint64_t words[2];
    __asm__ volatile("amoadd.d zero, zero, (%0)" : : "r"((uint64_t)words + 3) : "memory");
}

static void call_raw(uint64_t exit, uint64_t string, uint64_t length_bytes)
{
    register uint64_t a0 __asm__("a0") = 0;
    register uint64_t a1 __asm__("a1") = exit;
    register uint64_t a2 __asm__("a2") = 0;
    register uint64_t a3 __asm__("a3") = string;
    register uint64_t a4 __asm__("a4") = length_bytes;
    __asm__ volatile("ecall" : "+r"(a0), "+r"(a1), "+r"(a2), "+r"(a3), "+r"(a4) : : "memory");
}

/* The puppet gets the key in SLOT_TEMPORARY, and runs. */
static void puppet_start(unsigned root_slot)
{
    struct message run = MESSAGE(0);
    (void)domain_swap_root(SLOT_PUPPET, root_slot, SLOT_TEMPORARY, SLOT_NONE);
    (void)domain_make_busy(SLOT_PUPPET, SLOT_TEMPORARY);
    (void)key_fork(SLOT_TEMPORARY, &run);
}

/* A red node whose background is itself and whose other slots are windows into that. */
static void segment_loop(void)
{
    static const uint64_t window = WINDOW_MARK | WINDOW_BACKGROUND;
    struct key_words format = {{RED_FORMAT_SLOT, RED_LOOP}, 2 * sizeof(uint64_t)};
    (void)key_order_words(SLOT_NODE, NODE_WRITE_DATA, &format);
    (void)node_make_segment(SLOT_NODE, 0, SLOT_TEMPORARY);
    (void)node_swap(SLOT_NODE, SLOT_BACKGROUND, SLOT_TEMPORARY, SLOT_NONE);
    for (uint64_t slot = 0; slot < SLOT_BACKGROUND; slot++) {
        struct key_words words = {{slot, window}, 2 * sizeof(uint64_t)};
        (void)key_order_words(SLOT_NODE, NODE_WRITE_DATA, &words);
    }
    (void)node_make_segment(SLOT_NODE, 0, SLOT_TEMPORARY);
    puppet_start(DOMAIN_SLOT_MEMORY);
}

/* A domain that has a root and nothing else is the puppet's keeper. */
static void keeper_malformed(void)
{
    const uint8_t send[MESSAGE_KEYS] = {SLOT_NODE, SLOT_BRAND, SLOT_NONE, SLOT_NONE};
    const uint8_t receive[MESSAGE_KEYS] = {SLOT_TEMPORARY, SLOT_NONE, SLOT_NONE, SLOT_NONE};
    if (domain_tool_make(SLOT_TOOL, send, receive) == RC_OK &&
        domain_make_start(SLOT_TEMPORARY, 0, SLOT_TEMPORARY) == RC_OK)
        puppet_start(DOMAIN_SLOT_KEEPER);
}

/* Whoever waits for that meter is woken each time, in vain. */
static void storm(void)
{
    for (;;) {
        struct key_words words = {{METER_SLOT_COUNTER, 0}, 2 * sizeof(uint64_t)};
        (void)key_order_words(SLOT_NODE, NODE_WRITE_DATA, &words);
    }
}

int domain_main(uint64_t kind, uint64_t argument_1)
{
    (void)argument_1;
    switch ((enum bad_kind)kind) {
    case BAD_JUMP_NOWHERE:
        jump(NOWHERE);
        break;
    case BAD_JUMP_KERNEL:
        jump(KERNEL);
        break;
    case BAD_STACK:
        return (int)stack_use(0);
    case BAD_INSTRUCTION:
    case BAD_LOOP:
    case BAD_LOST:
    case BAD_STUBBORN:
        __asm__ volatile(".4byte 0");
        break;
    case BAD_AMO:
        amo();
        break;
    case BAD_FLOAT: /* fadd.d f0, f0, f0 with rounding mode 5 */
        __asm__ volatile(".4byte 0x02005053");
        break;
    case BAD_BREAK:
        __asm__ volatile("ebreak");
        break;
    case BAD_WRITE_CODE:
        *(volatile uint8_t *)(uintptr_t)&domain_main = 0;
        break;
    case BAD_SELF_MESSAGE:
        (void)key_order(SLOT_SELF, 0);
        break;
    case BAD_EXIT_BLOCK:
        call_raw(0, 0, 0);
        break;
    case BAD_STRING:
        call_raw(KEY_CALL_EXIT(SLOT_VOID) | EXIT_STRING(STRING_MEMORY), NOWHERE, 100);
        break;
    case BAD_SEGMENT:
        segment_loop();
        break;
    case BAD_MALFORMED:
        keeper_malformed();
        break;
    case BAD_STORM:
        storm();
        break;
    case BAD_KIND_COUNT:
        break;
    }
    return 0;
}
