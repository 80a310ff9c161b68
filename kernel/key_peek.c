/* SPDX-License-Identifier: GPL-2.0-or-later */
/* key_peek.c - the kernel's counters and their names, for a domain to read. Called by order.c. */
#include "kernel/counter.h"
#include "kernel/keys.h"

uint64_t counters[COUNTER_COUNT];

#define COUNTER_TEXT(name, text) text "\0"
static const char names[] = COUNTERS(COUNTER_TEXT); /* one after another */

enum invoked peek_count(struct invocation *invocation)
{
    return invoke_answer(invocation, COUNTER_COUNT);
}

/* The name of the counter with the index that the string says, or the values from it on. */
enum invoked peek_read(struct invocation *invocation)
{
    uint64_t index;
    const char *name = names;
    (void)invoke_string(invocation, &index, sizeof(index));
    if (index >= COUNTER_COUNT)
        return invoke_answer(invocation, RC_NOT_THERE);
    if (invocation->message.code == PEEK_READ)
        return invoke_answer_string(invocation, &counters[index],
                                    (COUNTER_COUNT - index) * sizeof(counters[0]));
    while (index-- > 0)
        name += strlen(name) + 1;
    return invoke_answer_string(invocation, name, strlen(name));
}
