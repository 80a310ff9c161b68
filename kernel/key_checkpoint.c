/* SPDX-License-Identifier: GPL-2.0-or-later */
/* key_checkpoint.c - orders on the checkpoint key. Called by order.c; calls checkpoint.c. */
#include "kernel/checkpoint.h"
#include "kernel/keys.h"
#include "kernel/sched.h"

/* After a restart from that generation, or a later one, the caller is answered too: it waits with
 * its pc at the call. */
enum invoked checkpoint_wait(struct invocation *invocation)
{
    uint64_t generation;
    (void)invoke_string(invocation, &generation, sizeof(generation));
    if (generation <= checkpoint_facts.generation)
        return invoke_answer(invocation, RC_OK);
    if (!checkpoint_facts.able)
        return invoke_answer(invocation, RC_DEVICE);
    (void)sched_stall(&checkpoint_facts.waiters);
    return INVOKED_STALL;
}

enum invoked checkpoint_force_now(struct invocation *invocation)
{
    commit_point(invocation);
    uint64_t generation = checkpoint_force();
    if (generation == 0)
        return invoke_answer(invocation, RC_DEVICE);
    return invoke_answer_bytes(invocation, &generation, sizeof(generation));
}

enum invoked checkpoint_status(struct invocation *invocation)
{
    uint64_t words[3] = {checkpoint_facts.generation, checkpoint_phase(), checkpoint_interval_ns()};
    return invoke_answer_bytes(invocation, words, sizeof(words));
}

enum invoked checkpoint_interval_change(struct invocation *invocation)
{
    uint64_t interval_ns;
    (void)invoke_string(invocation, &interval_ns, sizeof(interval_ns));
    if (!checkpoint_facts.able)
        return invoke_answer(invocation, RC_DEVICE);
    commit_point(invocation);
    checkpoint_interval_set(interval_ns);
    return invoke_answer(invocation, RC_OK);
}
