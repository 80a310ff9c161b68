/* SPDX-License-Identifier: GPL-2.0-or-later */
/* paths.c - a client or a server that sends random messages, all of them legal: for
 * tests/demo_paths_test.c, which carries out each once by the short and once by the general path.
 * Argument 0: 0 client, 1 server, 2 one that touches the 16 pages at GAUGE_HOLE, and calls their
 * keeper (key 8), 3 the domain keeper of these; argument 1: seed. Keys of a client: 5 number, 6
 * node, 7 fetch key of it, 8..11 servers; what comes is put into 0..4. Those of a server come into
 * 0..7. */
#include <stdbool.h>

#include "disks/domains/gauge.h"
#include "disks/domains/rt/interface.h"
#include "disks/domains/rt/slots.h"

static _Alignas(PAGE_BYTES) uint8_t out[2 * PAGE_BYTES], in[2 * PAGE_BYTES];
static struct {
    uint64_t random;
    uint64_t words[4];
} paths;

static uint64_t draw(uint64_t count)
{
    paths.random ^= paths.random << 13;
    paths.random ^= paths.random >> 7;
    paths.random ^= paths.random << 17;
    return (paths.random >> 11) % count;
}

/* A length, often at a boundary, and an offset that lets it end in the second page. */
static uint64_t length_some(uint64_t most)
{
    static const uint16_t boundaries[] = {0, 1, 7, 8, 9, 63, 64, 65, 1023, 1024, 2048, 4095, 4096};
    uint64_t length = draw(3) ? boundaries[draw(sizeof(boundaries) / sizeof(boundaries[0]))]
                              : draw(PAGE_BYTES + 1);
    return length <= most ? length : draw(most + 1);
}

static uint64_t offset_some(void)
{
    switch (draw(4)) {
    case 0:
        return draw(PAGE_BYTES);
    case 1:
        return 8 * draw(PAGE_BYTES / 8);
    default:
        return 0;
    }
}

static uint64_t exit_some(enum invoke_kind kind, unsigned slot, unsigned slots)
{
    uint64_t exit = EXIT_BLOCK(kind, slot) | EXIT_STRING(draw(3));
    for (unsigned i = 0; i < 3; i++)
        if (draw(2))
            exit |= EXIT_SENDS(i, draw(slots));
    return exit;
}

static uint64_t entry_some(unsigned slots)
{
    uint64_t entry = ENTRY_CODE | ENTRY_STRING(draw(3));
    bool keys = draw(2);
    for (unsigned i = 0; keys && i < 3; i++)
        if (draw(2))
            entry |= ENTRY_TAKES(i, draw(slots));
    return entry;
}

/* One call; what is sent is drawn here. */
static void exchange(uint64_t code, uint64_t exit, uint64_t entry)
{
    uint64_t most = EXIT_STRING_MODE(exit) == STRING_REGISTERS ? STRING_REGISTER_BYTES : PAGE_BYTES;
    for (unsigned i = 0; i < 4; i++)
        paths.words[i] = draw(UINT64_MAX);
    out[draw(sizeof(out))]++;
    uint64_t string = (uint64_t)out + offset_some(), length = length_some(most);
    uint64_t buffer = (uint64_t)in + offset_some();
    uint64_t room = draw(3) ? PAGE_BYTES : length_some(PAGE_BYTES);
    /* From here on no call: it would take the registers. */
    register uint64_t a0 __asm__("a0") = code;
    register uint64_t a1 __asm__("a1") = exit;
    register uint64_t a2 __asm__("a2") = entry;
    register uint64_t a3 __asm__("a3") = string;
    register uint64_t a4 __asm__("a4") = length;
    register uint64_t a5 __asm__("a5") = buffer;
    register uint64_t a6 __asm__("a6") = room;
    register uint64_t t3 __asm__("t3") = paths.words[0];
    register uint64_t t4 __asm__("t4") = paths.words[1];
    register uint64_t t5 __asm__("t5") = paths.words[2];
    register uint64_t t6 __asm__("t6") = paths.words[3];
    __asm__ volatile("ecall"
                     : "+r"(a0), "+r"(a1), "+r"(a2), "+r"(a3), "+r"(a4), "+r"(a5), "+r"(a6),
                       "+r"(t3), "+r"(t4), "+r"(t5), "+r"(t6)
                     :
                     : "a7", "t0", "t1", "t2", "ra", "memory");
}

static _Noreturn void client(void)
{
    for (;;) {
        uint64_t which = draw(10), order = draw(20);
        unsigned slot = (unsigned)(which < 6 ? 8 + draw(4) : 4 + draw(4));
        exchange(order, exit_some(INVOKE_CALL, slot, 12), entry_some(5));
    }
}

static _Noreturn void server(void)
{
    unsigned slot = SLOT_VOID;
    for (;;) {
        uint64_t entry = entry_some(8) | ENTRY_TAKES(3, SLOT_CALLER);
        exchange(draw(1000), exit_some(INVOKE_RETURN, slot, 8), entry);
        slot = SLOT_CALLER;
    }
}

static _Noreturn void touch(void)
{
    volatile uint8_t *hole = (volatile uint8_t *)GAUGE_HOLE;
    for (;;) {
        uint64_t offset = draw(NODE_SLOTS * PAGE_BYTES);
        if (draw(2))
            hole[offset] = (uint8_t)offset;
        else
            (void)hole[offset];
        if (draw(4) == 0)
            (void)gauge_exchange(INVOKE_CALL, 8, draw(20), 0, ENTRY_CODE);
    }
}

/* Their domain keeper: lets them go on where they were. */
static _Noreturn void mend(void)
{
    const struct domain_control no_trap = {.trap_code = 0};
    struct message message = MESSAGE(0);
    message.receive_slots[2] = SLOT_TEMPORARY;
    for (;;) {
        (void)serve_next(&message, RC_OK, NULL, 0);
        (void)domain_put_control(SLOT_TEMPORARY, &no_trap);
    }
}

int domain_main(uint64_t role, uint64_t seed)
{
    paths.random = seed * 0x9e3779b97f4a7c15ull + 1;
    if (role == 0)
        client();
    if (role == 2)
        touch();
    if (role == 3)
        mend();
    server();
}
