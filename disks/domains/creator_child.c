/* SPDX-License-Identifier: GPL-2.0-or-later */
/* creator_child.c - runs in domains that creator_check.c creates: answers, ends itself, severs
 * itself. Order 1: the order plus one; 2: destroy me, the caller gets the code 77; 3: sever me, the
 * answer is what came of it; then whether a domain key came.
 *
 * Keys: 0 its creator, weak; 1 the bank of its nodes. */
#include "disks/domains/rt/creator.h"

#define SLOT_CREATOR 0u
#define SLOT_BANK 1u
#define SLOT_SELF 2u

static uint64_t answer(uint64_t order)
{
    const uint64_t code = 77;
    struct message message = MESSAGE(CREATOR_DESTROY_ME);
    if (order == 2) {
        message.send = &code;
        message.send_bytes = sizeof(code);
        message.send_slots[0] = SLOT_CALLER;
        message.send_slots[1] = SLOT_BANK;
        return key_call(SLOT_CREATOR, &message);
    }
    if (order == 3)
        return creator_sever_me(SLOT_CREATOR, SLOT_BANK, SLOT_SELF);
    if (order == 4)
        return key_type_of(SLOT_SELF);
    return order + 1;
}

int domain_main(uint64_t argument_0, uint64_t argument_1)
{
    (void)argument_0;
    (void)argument_1;
    struct message message = MESSAGE(0);
    uint64_t code = RC_OK;
    for (;;)
        code = answer(serve_next(&message, code, NULL, 0));
}
