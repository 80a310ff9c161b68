/* SPDX-License-Identifier: GPL-2.0-or-later */
/* store_cut_test.c - the plug is pulled at the disk's writes of three successive checkpoints and
 * their migrations, while the demo runs. What is left on the media is checked and digested: it is
 * the checkpoint before or the one being written, whole, and never anything else; and it turns from
 * one to the other at one write. Then the power comes back, and the system goes on from there to
 * its next checkpoint.
 *
 * One machine runs undisturbed in small steps. Where a step has sent the disk a write or flush, its
 * state and its media are copied to a second machine, which suffers the cut, once with every
 * policy. LATCHKEY_LONG: at every such step, else at every one of a commit and some of the others,
 * with some of the policies. With one disk, a mirrored pair, and one disk of a pair alone.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/support_power.h"

#define CHECKPOINTS 3u
#define FIRST_GENERATION 1u
#define STEP_CYCLES 300u
#define CASES_MAX 20000u
#define VOLUMES_MAX 2u

static const char *const originals[VOLUMES_MAX] = {"cut-original.img", "cut-original-1.img"};
static const char *const victims[VOLUMES_MAX] = {"cut-victim.img", "cut-victim-1.img"};

struct cut_case {
    unsigned event; /* steps with a write or flush so far */
    enum power_policy policy;
    uint64_t committed;  /* generation that had been announced */
    uint64_t generation; /* that was found */
    struct digest digest;
};

struct trial {
    unsigned volumes;
    struct machine *original, *victim;
    struct transcript transcript, victim_transcript;
    struct digest digests[FIRST_GENERATION + CHECKPOINTS + 2]; /* by generation */
    struct cut_case *cases;
    unsigned case_count, event_count, restart_count;
    uint64_t committed;
    bool all;
    bool alone; /* the other disk of the pair is gone: a pot has one home, and its shadow */
};

/* The power is back: the victim restarts from what was found, and commits another checkpoint. */
static void victim_restart(struct trial *trial, const struct cut_case *found, const char *where)
{
    struct error error;
    struct digest digest;
    cr_assert(machine_reset(trial->victim, &error), "%s: %s", where, error.text);
    restart_expect(trial->victim, &trial->victim_transcript, found->generation, where);
    cr_assert_eq(image_digest(victims, trial->volumes, &digest, NULL, where),
                 found->generation + 1, "%s", where);
    trial->restart_count++;
}

static void cut(struct trial *trial, const struct byte_writer *state, enum power_policy policy,
                bool restart)
{
    struct error error;
    char where[100];
    struct byte_reader reader = {.data = state->data, .size_bytes = state->size_bytes};
    struct power_cut power = {.policy = policy, .seed = trial->event_count};
    snprintf(where, sizeof(where), "event %u, policy %s, after generation %u", trial->event_count,
             power_policy_name(policy), (unsigned)trial->committed);
    for (unsigned i = 0; i < trial->volumes; i++)
        image_copy(originals[i], victims[i]);
    cr_assert(machine_load(trial->victim, &reader, &error), "%s: %s", where, error.text);
    cr_assert(machine_power_cut(trial->victim, &power, &error), "%s: %s", where, error.text);
    cr_assert_lt(trial->case_count, CASES_MAX);
    struct cut_case *found = &trial->cases[trial->case_count++];
    *found = (struct cut_case){.event = trial->event_count, .policy = policy,
                               .committed = trial->committed};
    found->generation = image_digest(victims, trial->volumes, &found->digest, NULL, where);
    if (restart)
        victim_restart(trial, found, where);
}

/* A step of the undisturbed run has sent something to the disk. */
static void event(struct trial *trial)
{
    struct byte_writer state = {0};
    uint32_t phase = machine_stats(trial->original).phase;
    bool close = phase == TRACE_PHASE_COMMIT ||
                 (phase == TRACE_PHASE_MIGRATE && trial->alone && trial->event_count % 3 == 1);
    trial->event_count++;
    if (!trial->all && !close && trial->event_count % (24 * trial->volumes) != 1)
        return;
    machine_save(trial->original, &state);
    for (unsigned policy = 0; policy < POWER_POLICY_COUNT; policy++) {
        bool drawn = policy > POWER_DROP; /* of these three, one an event is enough */
        if (trial->all || !drawn || policy - POWER_PREFIX == trial->event_count % 3)
            cut(trial, &state, policy,
                trial->all || trial->event_count % POWER_POLICY_COUNT == policy);
    }
    writer_finish(&state);
}

static uint64_t disk_events(const struct machine *machine)
{
    struct machine_stats stats = machine_stats(machine);
    uint64_t events = 0;
    for (unsigned i = 0; i < stats.disk_count; i++)
        events += stats.disks[i].write_requests + stats.disks[i].flush_requests;
    return events;
}

/* The undisturbed run: until the last checkpoint has been migrated and the next one begins. */
static void undisturbed(struct trial *trial)
{
    uint64_t events = 0;
    const uint64_t last = FIRST_GENERATION + CHECKPOINTS;
    for (;;) {
        struct machine_until until = machine_until_never();
        until.cycles = machine_cycles(trial->original) + STEP_CYCLES;
        until.generation = trial->committed + 1;
        if (trial->committed == last)
            until.phases = 1u << TRACE_PHASE_FREEZE;
        cr_assert_lt(until.cycles, POWER_CYCLES_MAX, "no checkpoint %u: %s",
                     (unsigned)trial->committed + 1, trial->transcript.text);
        struct machine_stop stop = machine_run(trial->original, &until);
        if (stop.reason == MACHINE_STOP_PHASE)
            return;
        if (stop.reason == MACHINE_STOP_GENERATION) {
            trial->committed++;
            uint64_t found = image_digest(originals, trial->volumes,
                                          &trial->digests[trial->committed], NULL, "undisturbed");
            cr_assert_eq(found, trial->committed);
        } else {
            cr_assert_eq(stop.reason, MACHINE_STOP_CYCLES, "it ended: %s", trial->transcript.text);
        }
        if (disk_events(trial->original) != events)
            event(trial);
        events = disk_events(trial->original);
    }
}

/* Every case is the checkpoint before or the one being written; each policy turns once. */
static void cases_judge(const struct trial *trial)
{
    uint64_t newest[POWER_POLICY_COUNT] = {0};
    unsigned turns[POWER_POLICY_COUNT] = {0};
    for (unsigned i = 0; i < trial->case_count; i++) {
        const struct cut_case *found = &trial->cases[i];
        const char *policy = power_policy_name(found->policy);
        cr_assert(found->generation == found->committed ||
                      found->generation == found->committed + 1,
                  "event %u, %s: generation %u after %u", found->event, policy,
                  (unsigned)found->generation, (unsigned)found->committed);
        const struct digest *expected = &trial->digests[found->generation];
        cr_assert(found->digest.low == expected->low && found->digest.high == expected->high,
                  "event %u, %s: generation %u has another digest", found->event, policy,
                  (unsigned)found->generation);
        if (found->policy != POWER_KEEP && found->policy != POWER_DROP)
            continue; /* what is drawn may have the header or not */
        cr_assert_geq(found->generation, newest[found->policy], "event %u, %s", found->event,
                      policy);
        if (found->generation != newest[found->policy]) {
            printf("%-6s event %5u: generation %u\n", policy, found->event,
                   (unsigned)found->generation);
            turns[found->policy]++;
        }
        newest[found->policy] = found->generation;
    }
    cr_expect_eq(turns[POWER_KEEP], 1 + CHECKPOINTS);
    cr_expect_eq(turns[POWER_DROP], 1 + CHECKPOINTS);
}

static void trial_run(unsigned volumes, const char *words, bool alone)
{
    struct trial *trial = calloc(1, sizeof(*trial));
    cr_assert_not_null(trial);
    trial->cases = calloc(CASES_MAX, sizeof(*trial->cases));
    cr_assert_not_null(trial->cases);
    trial->all = getenv("LATCHKEY_LONG") != NULL;
    trial->volumes = volumes;
    trial->alone = alone;
    demo_make(originals[0], words);
    for (unsigned i = 0; i < volumes; i++)
        image_copy(originals[i], victims[i]);
    trial->committed = image_digest(originals, volumes, &trial->digests[FIRST_GENERATION], NULL,
                                    "as made");
    cr_assert_eq(trial->committed, FIRST_GENERATION);
    trial->original = checkpoint_machine(originals, volumes, &trial->transcript);
    trial->victim = checkpoint_machine(victims, volumes, &trial->victim_transcript);
    undisturbed(trial);
    cases_judge(trial);
    printf("%u events, %u cuts, %u restarts\n", trial->event_count, trial->case_count,
           trial->restart_count);
    cr_expect_gt(trial->case_count, 30);
    machine_destroy(trial->original);
    machine_destroy(trial->victim);
    for (unsigned i = 0; i < volumes; i++) {
        (void)unlink(originals[i]);
        (void)unlink(victims[i]);
    }
    free(trial->cases);
    free(trial);
}

/* One program, one set of files: the trials take turns. */
Test(store_cut, the_plug_pulled_at_any_write_leaves_one_checkpoint_or_the_next, .timeout = 6000)
{
    printf("one disk\n");
    trial_run(1, "", false);
    printf("a mirrored pair\n");
    trial_run(2, "volumes 2 mirror ", false);
    printf("one of a mirrored pair\n");
    trial_run(1, "volumes 2 mirror ", true);
    (void)unlink(originals[1]);
}
