/* SPDX-License-Identifier: GPL-2.0-or-later */
/* key_data_creator.c - makes data keys. Called by order.c. Source: KeyKOS jmiscc.c. */
#include "kernel/keys.h"

enum invoked data_create(struct invocation *invocation)
{
    uint64_t words[2] = {0, 0};
    unsigned first = invocation->message.code == DATA_CREATE ? 0 : 1; /* a number: the second */
    (void)invoke_string(invocation, &words[first], sizeof(words) - first * sizeof(words[0]));
    if (words[0] & 0xffff) /* where a key's type and data byte are */
        return invoke_answer(invocation, RC_FORMAT);
    return invoke_answer_key(invocation, (struct key){.head = words[0], .count = words[1]});
}
