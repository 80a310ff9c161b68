/* SPDX-License-Identifier: GPL-2.0-or-later */
/* faulty.c - traps on request, in every way a program can, and answers what came of it. What its
 * keeper must do is agreed in protocol.h. Keys: none; its keeper is in its root. */
#include "disks/domains/rt/key.h"
#include "disks/domains/rt/protocol.h"

#define NOWHERE 0x30000000ull /* below the stack, above the program */
#define ROTATED(value) ((value) << 7 | (value) >> 57)

/* s10 says where to go on; a keeper may change a0. */
#define CONTINUE_AT_1 "la s10, 1f\n\t"

static uint64_t instruction(uint64_t a, uint64_t b)
{
    register uint64_t a0 __asm__("a0") = a;
    register uint64_t a1 __asm__("a1") = b;
    __asm__ volatile(".insn r 0x0b, 0, 0, a0, a0, a1" : "+r"(a0) : "r"(a1));
    return a0;
}

static uint64_t load(void)
{
    register uint64_t a0 __asm__("a0") = NOWHERE;
    __asm__ volatile(CONTINUE_AT_1 "ld a0, 0(a0)\n1:" : "+r"(a0) : : "s10", "memory");
    return a0;
}

static uint64_t store(uint64_t value)
{
    register uint64_t a0 __asm__("a0") = (uint64_t)(uintptr_t)domain_main;
    uint32_t before = *(volatile uint32_t *)(uintptr_t)domain_main;
    __asm__ volatile(CONTINUE_AT_1 "sw %1, 0(%0)\n1:" : : "r"(a0), "r"(value) : "s10", "memory");
    return *(volatile uint32_t *)(uintptr_t)domain_main == before ? value : 0;
}

static uint64_t breakpoint(uint64_t value)
{
    register uint64_t a0 __asm__("a0") = value;
    __asm__ volatile(CONTINUE_AT_1 "ebreak\n1:" : "+r"(a0) : : "s10", "memory");
    return a0;
}

static uint64_t call_too_long(void)
{
    register uint64_t a0 __asm__("a0") = 0;
    register uint64_t a1 __asm__("a1") = KEY_CALL_EXIT(0) | EXIT_STRING(STRING_MEMORY);
    register uint64_t a2 __asm__("a2") = ENTRY_CODE;
    register uint64_t a3 __asm__("a3") = (uint64_t)(uintptr_t)domain_main;
    register uint64_t a4 __asm__("a4") = STRING_BYTES_MAX + 1;
    __asm__ volatile(CONTINUE_AT_1 "ecall\n1:"
                     : "+r"(a0), "+r"(a1), "+r"(a2), "+r"(a3), "+r"(a4)
                     :
                     : "a5", "a6", "t3", "t4", "t5", "t6", "s10", KEY_DEAD_TEMPORARIES);
    return a0;
}

static uint64_t jump(uint64_t value)
{
    register uint64_t a0 __asm__("a0") = value;
    register uint64_t t0 __asm__("t0") = NOWHERE;
    __asm__ volatile(CONTINUE_AT_1 "jalr %1\n1:" : "+r"(a0) : "r"(t0) : "ra", "s10", "memory");
    return a0;
}

static void stack_lose(void)
{
    __asm__ volatile("li sp, 0\n\tsd zero, -8(sp)" ::: "memory");
}

/* Run into a trap. true: what came of it is what the keeper should have made of it. */
static bool trap(uint64_t kind, uint64_t *value)
{
    const uint64_t a = 0x8877665544332211ull, b = 12345;
    switch (kind) {
    case FAULT_INSTRUCTION:
        *value = instruction(a, b);
        return *value == (ROTATED(a) ^ b);
    case FAULT_LOAD:
        *value = load();
        return *value == FAULTY_LOADED;
    case FAULT_STORE:
        *value = store(b);
        return *value == b;
    case FAULT_BREAK:
        *value = breakpoint(b);
        return *value == b;
    case FAULT_CALL:
        *value = call_too_long();
        return *value == RC_FORMAT;
    case FAULT_JUMP:
        *value = jump(b);
        return *value == b;
    case FAULT_STACK:
        stack_lose();
        return false;
    default:
        return false;
    }
}

static uint64_t answer(uint64_t order, const struct message *message, uint64_t kind,
                       uint64_t *value)
{
    *value = 0;
    if (order == ORDER_TYPE)
        return TYPE_FAULTY;
    if (order != FAULTY_RUN)
        return RC_BAD_ORDER;
    if (message->length_bytes != sizeof(kind) || kind >= FAULT_KIND_COUNT)
        return RC_FORMAT;
    return !trap(kind, value); /* RC_OK or 1 */
}

int domain_main(uint64_t again, uint64_t argument_1)
{
    (void)argument_1;
    uint64_t kind = 0, value = 0, code = RC_OK;
    if (again == FAULTY_AGAIN)
        code = RC_NOT_THERE;
    struct message message = MESSAGE(0);
    message.receive = &kind;
    message.receive_bytes = sizeof(kind);
    for (;;) {
        uint64_t order = serve_next(&message, code, &value, sizeof(value));
        code = answer(order, &message, kind, &value);
    }
}
