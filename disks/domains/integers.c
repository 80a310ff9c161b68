/* SPDX-License-Identifier: GPL-2.0-or-later */
/* integers.c - gives out small integers. Protocol: rt/integers.h. Keys: 0 discrim. */
#include "disks/domains/rt/integers.h"

#include "disks/domains/rt/slots.h"

#define SLOT_DISCRIM 0u
#define WORD_BITS 64u

static struct {
    uint64_t taken[(INTEGERS_MAX + 1) / WORD_BITS]; /* bit 0 of the first word stays 0 */
} integers;

/* The least integer above 0 that is taken, or that is not; 0: there is none. */
static uint64_t least(bool taken)
{
    for (uint64_t i = 0; i < sizeof(integers.taken) / sizeof(integers.taken[0]); i++) {
        uint64_t bits = taken ? integers.taken[i] : ~integers.taken[i];
        if (i == 0)
            bits &= ~1ull;
        if (bits)
            return i * WORD_BITS + (uint64_t)__builtin_ctzll(bits);
    }
    return 0;
}

static uint64_t answer(uint64_t order)
{
    uint64_t integer = order - INTEGERS_FREE;
    if (order == ORDER_TYPE)
        return AKT_INTEGERS;
    if (order == INTEGERS_LOWEST)
        return least(true);
    if (order == INTEGERS_NEW) {
        integer = least(false);
        integers.taken[integer / WORD_BITS] |= integer ? 1ull << integer % WORD_BITS : 0;
        return integer ? integer : RC_NOT_THERE;
    }
    if (integer > INTEGERS_MAX)
        return RC_BAD_ORDER;
    bool was_taken = integers.taken[integer / WORD_BITS] >> integer % WORD_BITS & 1;
    integers.taken[integer / WORD_BITS] &= ~(1ull << integer % WORD_BITS);
    return !was_taken;
}

int domain_main(uint64_t argument_0, uint64_t argument_1)
{
    (void)argument_0;
    (void)argument_1;
    struct message message = MESSAGE(RC_OK);
    for (;;)
        message.code = answer(serve_next_through(SLOT_CALLER, SLOT_DISCRIM, &message));
}
