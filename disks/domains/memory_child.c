/* SPDX-License-Identifier: GPL-2.0-or-later */
/* memory_child.c - touches its memory on request: memory_child.h. Keys: 0 an echo. */
#include "disks/domains/memory_child.h"

#include "disks/domains/rt/key.h"
#include "disks/domains/rt/protocol.h"

/* s10 says where to go on after a trap; the keeper then puts FAULTY_LOADED into a0. */
#define CONTINUE_AT_1 "la s10, 1f\n\t"

static uint64_t load(uint64_t addr, uint64_t *value)
{
    register uint64_t a0 __asm__("a0") = addr;
    __asm__ volatile(CONTINUE_AT_1 "ld a0, 0(a0)\n1:" : "+r"(a0) : : "s10", "memory");
    *value = a0;
    return a0 == FAULTY_LOADED ? RC_NOT_THERE : RC_OK;
}

static uint64_t store(uint64_t addr, uint64_t value)
{
    register uint64_t a0 __asm__("a0") = addr;
    __asm__ volatile(CONTINUE_AT_1 "sd %1, 0(a0)\n1:" : "+r"(a0) : "r"(value) : "s10", "memory");
    return a0 == addr ? RC_OK : RC_NOT_THERE;
}

static uint64_t answer(uint64_t order, const uint64_t words[3], uint64_t *value)
{
    size_t size_bytes = words[1];
    *value = 0;
    switch (order) {
    case MEMORY_LOAD:
        return load(words[0], value);
    case MEMORY_STORE:
        return store(words[0], words[1]);
    case MEMORY_SEND:
        (void)key_order_string(SLOT_ECHO, MEMORY_SEND, (const void *)words[0], words[1],
                               (void *)words[2], &size_bytes);
        return size_bytes == words[1] ? RC_OK : RC_NOT_THERE;
    default:
        return RC_BAD_ORDER;
    }
}

int domain_main(uint64_t argument_0, uint64_t argument_1)
{
    (void)argument_0;
    (void)argument_1;
    uint64_t words[3], value = 0, code = RC_OK;
    struct message message = MESSAGE(0);
    message.receive = words;
    message.receive_bytes = sizeof(words);
    for (;;) {
        uint64_t order = serve_next(&message, code, &value, sizeof(value));
        code = answer(order, words, &value);
    }
}
