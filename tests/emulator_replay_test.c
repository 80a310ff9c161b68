/* SPDX-License-Identifier: GPL-2.0-or-later */
/* emulator_replay_test.c - recorded runs of the demo, with random input, power cuts, media faults,
 * disk models and slices, replay to equal digests at every mark and glance, also while a ledger
 * watches; and back in time the machine is what it was there first. (Under gdb:
 * emulator_gdb_machine_test.c.)
 *
 * 4 runs; LATCHKEY_LONG=1 makes it 50. LATCHKEY_SEED=N begins with that one.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "emulator/ledger.h"
#include "emulator/record_identity.h"
#include "tests/support_record.h"

#define INSTRUCTIONS 20000000u

static unsigned run_count(void)
{
    return getenv("LATCHKEY_LONG") ? 50 : 4;
}

static uint64_t first_seed(void)
{
    const char *text = getenv("LATCHKEY_SEED");
    return text ? strtoull(text, NULL, 10) : 1;
}

static void replay_expect(const struct recorded *recorded, uint64_t seed, bool watched)
{
    struct error error;
    struct ledger *ledger = NULL;
    struct replay *replay = replay_of(recorded, 0, true);
    size_t count = replay_record(replay)->entry_count;
    if (watched)
        cr_assert(ledger_open(&ledger, replay_machine(replay), LATCHKEY_BUILD_DIR "/kernel.elf",
                              NULL, &error), "%s", error.text);
    cr_assert(replay_record(replay)->complete);
    cr_assert(timeline_carry_out(replay_timeline(replay), count, &error), "seed %llu: %s",
              (unsigned long long)seed, error.text);
    cr_expect_eq(machine_instructions(replay_machine(replay)), recorded->instructions);
    cr_expect(digest_same(machine_digest(replay_machine(replay)), recorded->digest),
              "seed %llu: the end differs", (unsigned long long)seed);
    if (watched) {
        ledger_settle(ledger);
        cr_expect_eq(ledger_view(ledger).total.instructions, recorded->instructions);
    }
    ledger_close(ledger);
    replay_close(replay);
}

Test(replay, random_runs_replay_to_equal_digests_at_every_mark, .timeout = 900)
{
    struct scratch scratch;
    struct recorded recorded;
    uint64_t inputs = 0, cuts = 0;
    scratch_make(&scratch);
    for (uint64_t seed = first_seed(); seed < first_seed() + run_count(); seed++) {
        record_random(&scratch, "random", seed, INSTRUCTIONS, &recorded);
        fprintf(stderr, "seed %llu: %llu inputs, %llu cuts, %llu faults, %u places\n",
                (unsigned long long)seed, (unsigned long long)recorded.inputs,
                (unsigned long long)recorded.cuts, (unsigned long long)recorded.faults,
                recorded.place_count);
        replay_expect(&recorded, seed, false);
        replay_expect(&recorded, seed, true);
        inputs += recorded.inputs;
        cuts += recorded.cuts;
    }
    cr_expect_gt(inputs, run_count());
    cr_expect_gt(cuts, 0);
    scratch_remove(&scratch);
}

/* Back and forth, at random: the digest at each place is the one that was first seen there. */
static void seek_expect(const struct recorded *recorded, uint64_t seed, size_t budget_bytes)
{
    struct error error;
    struct random random = {seed};
    struct replay *replay = replay_of(recorded, budget_bytes, false);
    struct timeline *timeline = replay_timeline(replay);
    for (unsigned i = 0; i < 16; i++) {
        const struct recorded_place *place =
            &recorded->places[random_below(&random, recorded->place_count)];
        cr_assert(timeline_seek(timeline, place->instructions, &error), "%s", error.text);
        cr_assert_eq(machine_instructions(replay_machine(replay)), place->instructions);
        cr_assert(digest_same(machine_digest(replay_machine(replay)), place->digest),
                  "seed %llu, instruction %llu", (unsigned long long)seed,
                  (unsigned long long)place->instructions);
    }
    cr_expect(timeline_snapshots(timeline) <= 2 || timeline_bytes(timeline) <= budget_bytes,
              "%zu snapshots take %zu bytes", timeline_snapshots(timeline),
              timeline_bytes(timeline));
    replay_close(replay);
}

Test(replay, back_in_time_the_machine_is_what_it_was_there_first, .timeout = 900)
{
    struct scratch scratch;
    struct recorded recorded;
    scratch_make(&scratch);
    for (uint64_t seed = first_seed(); seed < first_seed() + run_count() / 2; seed++) {
        record_random(&scratch, "seek", seed + 1000, INSTRUCTIONS, &recorded);
        cr_assert_gt(recorded.place_count, 4);
        seek_expect(&recorded, seed, (size_t)64 << 20);
        seek_expect(&recorded, seed, (size_t)4 << 20);
    }
    scratch_remove(&scratch);
}
