/* SPDX-License-Identifier: GPL-2.0-or-later */
/* store_mirror_test.c - the demo on a mirrored pair of which one disk dies, comes back out of date,
 * is booted alone, or has a fresh one in its place; and the power fails while a copy is made.
 * LATCHKEY_LONG: it dies at more places. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "disks/add.h"
#include "tests/support_disks.h"
#include "tests/support_power.h"

#define DISKS 2u

static const char *const paths[DISKS] = {"mirror-pair.img", "mirror-pair-1.img"};

#define FAULTS 20u

struct pair {
    struct machine_fault faults[FAULTS]; /* from when it is switched on */
    unsigned fault_count;
    struct transcript transcript;
    struct machine *machine;
};

static struct pair *pair_make(void)
{
    struct pair *pair = calloc(1, sizeof(*pair));
    cr_assert_not_null(pair);
    demo_make(paths[0], "volumes 2 mirror ");
    return pair;
}

/* Switch on with count of the disks, from the first-th on. */
static void pair_start(struct pair *pair, unsigned first, unsigned count)
{
    pair->transcript = (struct transcript){.length = 0};
    pair->machine = checkpoint_machine(paths + first, count, &pair->transcript);
    for (unsigned i = 0; i < pair->fault_count; i++) {
        struct error error;
        cr_assert(machine_disk_fault(pair->machine, &pair->faults[i], &error), "%s", error.text);
    }
}

static void pair_finish(struct pair *pair)
{
    for (unsigned i = 0; i < DISKS; i++)
        (void)unlink(paths[i]);
    free(pair);
}

static uint64_t run_to_generation(struct pair *pair, uint64_t generation)
{
    struct machine_until until = machine_until_never();
    until.generation = generation;
    until.cycles = machine_cycles(pair->machine) + POWER_CYCLES_MAX;
    struct machine_stop stop = machine_run(pair->machine, &until);
    cr_assert_eq(stop.reason, MACHINE_STOP_GENERATION, "generation %u: %s", (unsigned)generation,
                 pair->transcript.text);
    return machine_stats(pair->machine).generation;
}

static void run_cycles(struct pair *pair, uint64_t cycles)
{
    struct machine_until until = machine_until_never();
    until.cycles = machine_cycles(pair->machine) + cycles;
    cr_assert_eq(machine_run(pair->machine, &until).reason, MACHINE_STOP_CYCLES, "%s",
                 pair->transcript.text);
}

static void run_to_phase(struct pair *pair, enum trace_phase phase)
{
    struct machine_until until = machine_until_never();
    until.phases = 1u << phase;
    until.cycles = machine_cycles(pair->machine) + POWER_CYCLES_MAX;
    cr_assert_eq(machine_run(pair->machine, &until).reason, MACHINE_STOP_PHASE, "%s",
                 pair->transcript.text);
}

static void dies(struct pair *pair, unsigned disk)
{
    struct error error;
    const struct machine_fault dead = {disk, {.kind = DISK_FAULT_DEAD}};
    cr_assert(machine_disk_fault(pair->machine, &dead, &error), "%s", error.text);
}

static struct digest digest_of(unsigned first, unsigned count, uint64_t *generation,
                               uint64_t *found)
{
    struct digest digest;
    *generation = image_digest(paths + first, count, &digest, found, "digest");
    return digest;
}

static void must_be_equal(const struct digest *one, const struct digest *other)
{
    cr_assert(one->low == other->low && one->high == other->high);
}

/* A disk dies; three checkpoints later the power is cut. Returns the generation on the other. */
static uint64_t half_dies(struct pair *pair, unsigned disk, enum trace_phase phase,
                          uint64_t cycles)
{
    char line[64];
    uint64_t generation, found;
    pair_start(pair, 0, DISKS);
    run_to_generation(pair, 2);
    run_to_phase(pair, phase);
    run_cycles(pair, cycles);
    dies(pair, disk);
    uint64_t newest = machine_stats(pair->machine).generation;
    run_to_generation(pair, newest + 3);
    (void)snprintf(line, sizeof(line), "disk %u: it cannot be written", disk);
    cr_assert(strstr(pair->transcript.text, line), "phase %u: %s", phase, pair->transcript.text);
    cr_assert_null(strstr(pair->transcript.text, ": trap "), "%s", pair->transcript.text);
    machine_cut(pair->machine, POWER_DROP, 0);
    (void)digest_of(!disk, 1, &generation, &found);
    cr_assert_eq(generation, newest + 3);
    return generation;
}

/* Both disks, after some time, are one store, each by itself too. */
static void comes_back(struct pair *pair, uint64_t generation)
{
    struct machine_until until = machine_until_never();
    uint64_t newest, found, alone;
    pair_start(pair, 0, DISKS);
    until.console = "were brought in step";
    until.cycles = POWER_CYCLES_MAX;
    struct machine_stop stop = machine_run(pair->machine, &until);
    cr_assert_eq(stop.reason, MACHINE_STOP_CONSOLE, "%s", pair->transcript.text);
    cr_assert(strstr(pair->transcript.text, "are not in step"), "%s", pair->transcript.text);
    cr_assert_null(strstr(pair->transcript.text, "store: 0 ranges"), "%s", pair->transcript.text);
    /* The checkpoint under way then may say it of itself already, or the one after it. */
    uint64_t at = machine_stats(pair->machine).generation;
    cr_assert_geq(at, generation);
    (void)run_to_generation(pair, at + 2);
    machine_cut(pair->machine, POWER_DROP, 0);
    struct digest both = digest_of(0, DISKS, &newest, &found);
    cr_assert_eq(found, 0);
    cr_assert_eq(newest, at + 2);
    for (unsigned disk = 0; disk < DISKS; disk++) {
        struct digest one = digest_of(disk, 1, &alone, NULL);
        cr_assert_eq(alone, newest, "disk %u", disk);
        must_be_equal(&one, &both);
    }
}

Test(store_mirror, the_store_goes_on_when_a_disk_dies_and_has_both_when_it_is_back, .timeout = 3000)
{
    const unsigned phases = TRACE_PHASE_MIGRATE + 1 - TRACE_PHASE_FREEZE;
    unsigned rounds = getenv("LATCHKEY_LONG") ? 20 * phases : phases;
    struct random random = {11};
    for (unsigned round = 0; round < rounds; round++) {
        struct pair *pair = pair_make();
        enum trace_phase phase = (enum trace_phase)(TRACE_PHASE_FREEZE + round % phases);
        uint64_t cycles = random_below(&random, 60000);
        printf("round %u: phase %u, and %u cycles\n", round, phase, (unsigned)cycles);
        uint64_t generation = half_dies(pair, (phase + round / phases) % DISKS, phase, cycles);
        comes_back(pair, generation);
        pair_finish(pair);
    }
}

Test(store_mirror, a_cut_while_the_copy_is_made_makes_it_begin_again, .timeout = 900)
{
    struct random random = {5};
    struct pair *pair = pair_make();
    uint64_t generation = half_dies(pair, 1, TRACE_PHASE_WRITE_OUT, 20000);
    unsigned unfinished = 0;
    for (unsigned round = 0; round < 8; round++) {
        uint64_t found, newest;
        pair_start(pair, 0, DISKS);
        run_cycles(pair, 1000000 + random_below(&random, 8000000));
        bool step = strstr(pair->transcript.text, "were brought in step") != NULL;
        machine_cut(pair->machine, (enum power_policy)(round % POWER_POLICY_COUNT), round);
        unfinished += !step;
        struct digest both = digest_of(0, DISKS, &newest, &found);
        cr_assert_geq(newest, generation);
        generation = newest;
        if (!step) { /* the copy counts for nothing yet */
            struct digest one = digest_of(0, 1, &newest, NULL);
            cr_assert_eq(newest, generation);
            must_be_equal(&one, &both);
        }
    }
    cr_assert_gt(unfinished, 3);
    comes_back(pair, generation);
    pair_finish(pair);
}

Test(store_mirror, a_disk_that_is_behind_is_known_to_be_older_even_after_it_was_booted_alone,
     .timeout = 900)
{
    struct pair *pair = pair_make();
    uint64_t generation = half_dies(pair, 1, TRACE_PHASE_MIGRATE, 20000), older, newest, found;
    struct digest good = digest_of(0, 1, &newest, NULL);
    (void)digest_of(1, 1, &older, NULL);
    cr_assert_lt(older, newest);
    pair_start(pair, 1, 1);
    cr_assert_eq(run_to_generation(pair, older), older, "%s", pair->transcript.text);
    cr_assert(strstr(pair->transcript.text, "store: disks 1 are away; they may be newer"), "%s",
              pair->transcript.text);
    (void)run_to_generation(pair, older + 1); /* a life of its own, that counts for nothing */
    machine_cut(pair->machine, POWER_KEEP, 0);
    struct digest both = digest_of(0, DISKS, &newest, &found);
    cr_assert_eq(newest, generation);
    must_be_equal(&good, &both);
    comes_back(pair, generation);
    pair_finish(pair);
}

/* A disk is lost; a fresh one is made in its place. */
static void replace(unsigned disk)
{
    struct error error;
    struct add_request request = {.mirror = true};
    cr_assert_eq(unlink(paths[disk]), 0);
    struct store *store = store_opened(paths[!disk]);
    cr_assert(add_volume(store, &request, paths[disk], &error), "%s", error.text);
    store_dropped(store);
}

Test(store_mirror, a_fresh_disk_takes_the_place_of_one_that_is_lost, .timeout = 900)
{
    struct pair *pair = pair_make();
    uint64_t generation = half_dies(pair, 1, TRACE_PHASE_DIRECTORY, 20000);
    replace(1);
    comes_back(pair, generation);
    pair_finish(pair);
}

/* The newest checkpoint says that both were in step: it did not mean the fresh one. */
Test(store_mirror, a_fresh_disk_for_one_that_was_lost_while_the_power_was_off_is_filled,
     .timeout = 900)
{
    for (unsigned disk = 0; disk < DISKS; disk++) {
        struct pair *pair = pair_make();
        uint64_t generation, newest, found;
        pair_start(pair, 0, DISKS);
        (void)run_to_generation(pair, 3);
        machine_cut(pair->machine, POWER_DROP, 0);
        struct digest good = digest_of(!disk, 1, &generation, NULL);
        replace(disk);
        struct digest both = digest_of(0, DISKS, &newest, &found);
        cr_assert_eq(found, 3, "not in step, and without headers; nothing on it is looked at");
        cr_assert_eq(newest, generation);
        must_be_equal(&good, &both);
        comes_back(pair, generation);
        pair_finish(pair);
    }
}

static void unreadable(struct pair *pair, enum range_kind kind, uint64_t id)
{
    struct store *store = store_opened(paths[0]);
    struct store_home home;
    cr_assert(store_home(store, kind, id, 0, &home) || store_home(store, kind, id, 1, &home));
    cr_assert_lt(pair->fault_count, FAULTS);
    struct machine_fault *fault = &pair->faults[pair->fault_count++];
    fault->disk = 0;
    fault->fault.kind = DISK_FAULT_UNREADABLE;
    fault->fault.sector = LOCATION_BLOCK(home.location) * (BLOCK_BYTES / SECTOR_BYTES) + 3;
    store_dropped(store);
}

/* Nobody has used them: two pages that are all zero, and a block of an area. */
Test(store_mirror, blocks_that_the_survivor_cannot_read_do_not_keep_the_other_out, .timeout = 900)
{
    struct pair *pair = pair_make();
    uint64_t generation = half_dies(pair, 1, TRACE_PHASE_MIGRATE, 20000);
    struct store *store = store_opened(paths[0]);
    uint64_t pages = store_end(store, RANGE_PAGES), area = store_end(store, RANGE_CKPT_AREA);
    store_dropped(store);
    unreadable(pair, RANGE_PAGES, pages - 1);
    unreadable(pair, RANGE_PAGES, pages - 3);
    unreadable(pair, RANGE_CKPT_AREA, area - 100);
    comes_back(pair, generation);
    cr_expect(strstr(pair->transcript.text, "it cannot be copied"), "%s", pair->transcript.text);
    pair_finish(pair);
}

/* What the survivor holds is on no other disk yet: nobody may take its place. */
Test(store_mirror, a_survivor_that_can_hardly_be_read_keeps_its_place, .timeout = 900)
{
    uint64_t newest, found;
    struct pair *pair = pair_make();
    struct machine_until until = machine_until_never();
    uint64_t generation = half_dies(pair, 1, TRACE_PHASE_MIGRATE, 20000);
    struct digest good = digest_of(0, 1, &newest, NULL);
    cr_assert_eq(newest, generation);
    struct store *store = store_opened(paths[0]);
    uint64_t pages = store_end(store, RANGE_PAGES);
    store_dropped(store);
    for (unsigned i = 0; i < FAULTS; i++)
        unreadable(pair, RANGE_PAGES, pages - 1 - 3 * i);
    pair_start(pair, 0, DISKS);
    until.console = " ranges were brought in step";
    until.cycles = POWER_CYCLES_MAX;
    cr_assert_eq(machine_run(pair->machine, &until).reason, MACHINE_STOP_CONSOLE, "%s",
                 pair->transcript.text);
    cr_expect(strstr(pair->transcript.text, "store: 0 ranges were brought"), "%s",
              pair->transcript.text);
    machine_cut(pair->machine, POWER_DROP, 0);
    struct digest after = digest_of(0, DISKS, &newest, &found);
    if (newest == generation)
        must_be_equal(&good, &after);
    pair->fault_count = 0;
    comes_back(pair, newest);
    pair_finish(pair);
}

Test(store_mirror, a_survivor_that_dies_before_the_other_is_in_step_keeps_its_place, .timeout = 900)
{
    for (unsigned round = 0; round < 4; round++) {
        uint64_t newest, found;
        struct pair *pair = pair_make();
        struct machine_until until = machine_until_never();
        uint64_t generation = half_dies(pair, 1, TRACE_PHASE_DIRECTORY, 20000);
        pair_start(pair, 0, DISKS);
        until.console = "their other copies are copied";
        until.cycles = POWER_CYCLES_MAX;
        cr_assert_eq(machine_run(pair->machine, &until).reason, MACHINE_STOP_CONSOLE, "%s",
                     pair->transcript.text);
        run_cycles(pair, 100000 * round);
        dies(pair, 0);
        until = machine_until_never();
        until.cycles = machine_cycles(pair->machine) + POWER_CYCLES_MAX / 4;
        (void)machine_run(pair->machine, &until); /* to an orderly stop, or nowhere */
        const char *step = strstr(pair->transcript.text, " ranges were brought in step");
        cr_expect(!step || strncmp(step - 2, " 0", 2) == 0, "round %u: %s", round,
                  pair->transcript.text);
        machine_cut(pair->machine, POWER_DROP, 0);
        (void)digest_of(0, DISKS, &newest, &found);
        cr_expect_geq(newest, generation);
        comes_back(pair, newest);
        pair_finish(pair);
    }
}
