/* SPDX-License-Identifier: GPL-2.0-or-later */
/* policy.c - a scheduling policy outside the kernel: it is the keeper of two meters and hands out
 * processor time in rounds, to each meter as many cycles as its weight says. A domain that has used
 * up its part of a round waits until the other has, too; or until the other has been idle for a
 * beat, so that no time is lost on one who does not want it.
 *
 * It runs three phases, with other weights and then with one worker stopped, prints what each
 * meter was charged, and powers off, with code 0 if the shares were right. Keys: 0, 1 node keys of
 * the meters, 2 returner, 3 domain key of the second worker, power, console. */
#include <stdbool.h>
#include <stdio.h>

#include "disks/domains/policy.h"
#include "disks/domains/rt/interface.h"
#include "disks/domains/rt/slots.h"

#define SLOT_METER 0u /* and 1 */
#define SLOT_RETURNER 2u
#define SLOT_WORKER 3u
#define SLOT_RESTART 4u /* and 5 */
#define QUANTUM 100000u /* cycles of weight 1 in a round: 1 ms of this machine */
#define ROUNDS 40u
#define PHASES 3u
#define TOLERANCE 10u /* per mille */

static const uint64_t weights[PHASES][POLICY_SHARES] = {{3, 1}, {1, 4}, {1, 1}};
static const uint64_t per_mille_due[PHASES] = {750, 200, 1000};

static struct {
    unsigned phase, rounds, wrong;
    bool waits[POLICY_SHARES];
    uint64_t begun[POLICY_SHARES]; /* USED when the phase began */
    uint64_t seen[POLICY_SHARES];  /* and at the last beat */
} policy;

static uint64_t used_of(unsigned share)
{
    uint64_t used = 0;
    (void)node_fetch(SLOT_METER + share, METER_SLOT_USED, SLOT_TEMPORARY);
    (void)number_read(SLOT_TEMPORARY, &used);
    return used;
}

static void phase_begin(void)
{
    policy.rounds = 0;
    for (unsigned i = 0; i < POLICY_SHARES; i++)
        policy.begun[i] = used_of(i);
    if (policy.phase == PHASES - 1)
        (void)domain_make_busy(SLOT_WORKER, SLOT_TEMPORARY);
}

static void phase_end(void)
{
    uint64_t used[POLICY_SHARES], sum = 0, due = per_mille_due[policy.phase];
    for (unsigned i = 0; i < POLICY_SHARES; i++)
        sum += used[i] = used_of(i) - policy.begun[i];
    uint64_t per_mille = used[0] * 1000 / sum;
    bool good = per_mille + TOLERANCE >= due && per_mille <= due + TOLERANCE;
    printf("policy: weights %lu to %lu: %lu and %lu cycles, %lu per mille: %s\n",
           weights[policy.phase][0], weights[policy.phase][1], used[0], used[1], per_mille,
           good ? "good" : "wrong");
    policy.wrong += !good;
    if (++policy.phase == PHASES)
        (void)power_off(SLOT_POWER, policy.wrong);
    phase_begin();
}

/* Everyone gets the cycles of another round. */
static void round_begin(void)
{
    if (++policy.rounds > ROUNDS)
        phase_end();
    for (unsigned i = 0; i < POLICY_SHARES; i++) {
        struct key_words words = {
            {METER_SLOT_COUNTER, weights[policy.phase][i] * QUANTUM}, 2 * sizeof(uint64_t)};
        (void)key_order_words(SLOT_METER + i, NODE_WRITE_DATA, &words);
        struct message restart = MESSAGE(0);
        if (policy.waits[i])
            (void)key_fork(SLOT_RESTART + i, &restart);
        policy.waits[i] = false;
    }
}

/* A meter is dry: its domain's restart key has come. */
static void dry(unsigned share)
{
    bool all = true;
    (void)key_order_keys(SLOT_RETURNER, 0, SLOT_CALLER, SLOT_RESTART + share);
    policy.waits[share] = true;
    for (unsigned i = 0; i < POLICY_SHARES; i++)
        all &= policy.waits[i];
    if (all)
        round_begin();
}

static void beat(void)
{
    bool someone_waits = false, someone_runs = false;
    for (unsigned i = 0; i < POLICY_SHARES; i++) {
        uint64_t used = used_of(i);
        someone_waits |= policy.waits[i];
        someone_runs |= !policy.waits[i] && used != policy.seen[i];
        policy.seen[i] = used;
    }
    if (someone_waits && !someone_runs)
        round_begin();
}

int domain_main(uint64_t argument_0, uint64_t argument_1)
{
    (void)argument_0;
    (void)argument_1;
    phase_begin();
    round_begin();
    unsigned reply_slot = SLOT_VOID;
    for (;;) {
        struct message message = MESSAGE(0);
        message.receive_slots[3] = SLOT_CALLER;
        (void)key_return(reply_slot, &message);
        reply_slot = message.data_byte == POLICY_BEAT ? SLOT_CALLER : SLOT_VOID;
        if (message.data_byte == POLICY_BEAT)
            beat();
        else
            dry(message.data_byte);
    }
}
