/* SPDX-License-Identifier: GPL-2.0-or-later */
/* key_data_creator.c - makes data keys. Called by invoke.c. Sources: keykos.md 2.6. */
#include "kernel/keys.h"

enum invoked data_creator_invoke(struct invocation *invocation)
{
    uint64_t code = invocation->message.code, words[2] = {0, 0};
    if (code == ORDER_TYPE)
        return invoke_answer(invocation, AKT_DATA_CREATOR);
    if (code > DATA_CREATE)
        return invoke_answer(invocation, RC_BAD_ORDER);
    unsigned first = code == DATA_CREATE ? 0 : 1; /* a number is the second word alone */
    size_t size_bytes = sizeof(words) - first * sizeof(words[0]);
    if (invoke_string(invocation, &words[first], size_bytes) != size_bytes ||
        (words[0] & 0xffff)) /* where a key's type and data byte are */
        return invoke_answer(invocation, RC_FORMAT);
    invocation->reply.keys[0] = (struct key){.head = words[0], .count = words[1]};
    return invoke_answer(invocation, RC_OK);
}
