/* SPDX-License-Identifier: GPL-2.0-or-later */
/* emulator_timeline_test.c - histories that branch, live ones, budgets, and where two histories
 * part. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/disk_file.h"
#include "emulator/divergence.h"
#include "emulator/record_read.h"
#include "emulator/record_write.h"
#include "tests/support_power.h"
#include "tests/support_record.h"

#define INSTRUCTIONS 12000000u
#define BUDGET ((size_t)64 << 20)

struct place {
    uint64_t instructions;
    struct digest digest;
};

/* Run a live timeline on, with keys pressed, and note what is seen where. */
static unsigned live_on(struct timeline *timeline, uint64_t seed, struct place *places,
                        unsigned count)
{
    struct error error;
    struct random random = {seed};
    struct machine *machine = timeline_machine(timeline);
    for (unsigned i = 0; i < count; i++) {
        struct machine_until until = machine_until_never();
        struct timeline_stop stop;
        struct machine_input input = {.time_ns = machine_time_ns(machine), .kind = INPUT_CONSOLE,
                                      .code = (uint16_t)('a' + random_below(&random, 26))};
        cr_assert(machine_input(machine, &input));
        if (i == count / 2) {
            cr_assert(machine_power_cut(machine, &(struct power_cut){POWER_SUBSET, seed}, &error));
            cr_assert(machine_reset(machine, &error));
        }
        until.instructions =
            machine_instructions(machine) + 300000 + random_below(&random, 500000);
        cr_assert(timeline_run(timeline, &until, &stop, &error), "%s", error.text);
        cr_assert_eq(stop.machine.reason, MACHINE_STOP_INSTRUCTIONS);
        places[i] = (struct place){machine_instructions(machine), machine_digest(machine)};
    }
    return count;
}

static void places_expect(struct timeline *timeline, const struct place *places, unsigned count)
{
    struct error error;
    struct random random = {99};
    for (unsigned i = 0; i < 2 * count; i++) {
        const struct place *place = &places[random_below(&random, count)];
        cr_assert(timeline_seek(timeline, place->instructions, &error), "%s", error.text);
        cr_assert(digest_same(machine_digest(timeline_machine(timeline)), place->digest),
                  "instruction %llu", (unsigned long long)place->instructions);
    }
}

Test(timeline, from_a_point_in_the_past_another_history_goes_on, .timeout = 200)
{
    struct scratch scratch;
    struct recorded recorded;
    struct error error;
    struct place places[12];
    scratch_make(&scratch);
    record_random(&scratch, "branch", 7, INSTRUCTIONS, &recorded);
    struct replay *replay = replay_of(&recorded, BUDGET, false);
    struct timeline *timeline = replay_timeline(replay);
    cr_assert(timeline_seek(timeline, INSTRUCTIONS - 10, &error), "%s", error.text);
    for (uint64_t seed = 1; seed < 3; seed++) {
        uint64_t from = INSTRUCTIONS / 2 / seed;
        cr_assert(timeline_seek(timeline, from, &error), "%s", error.text);
        struct digest there = machine_digest(replay_machine(replay));
        timeline_branch(timeline);
        cr_assert_eq(timeline_end(timeline), from);
        unsigned count = live_on(timeline, seed, places, 12);
        cr_expect_eq(timeline_end(timeline), places[count - 1].instructions);
        places_expect(timeline, places, count);
        cr_assert(timeline_seek(timeline, from, &error), "%s", error.text);
        cr_expect(digest_same(machine_digest(replay_machine(replay)), there));
        cr_assert_not(timeline_seek(timeline, places[count - 1].instructions + 1, &error));
        cr_expect_eq(error.code, ERROR_LIMIT);
    }
    replay_close(replay);
    scratch_remove(&scratch);
}

Test(timeline, a_machine_that_was_never_recorded_goes_back_too, .timeout = 200)
{
    struct error error;
    struct disk_file file;
    struct record *record = calloc(1, sizeof(*record));
    struct place places[20];
    struct machine *machine;
    cr_assert(record && disk_file_open(&file, "shared-demo.img", NULL, true, &error));
    struct layers *layers = layers_create(&file.store, file.store.sector_count, false);
    const struct machine_config config = {
        .kernel_path = "kernel.elf", .append = "checkpoint=20", .ram_bytes = 32u << 20,
        .disk_count = 1, .disks = {{.path = "demo", .media = layers_store(layers)}}};
    cr_assert(machine_create(&machine, &config, &error), "%s", error.text);
    record_init(record);
    record->head.ram_bytes = 32u << 20;
    const struct timeline_config made = {.machine = machine, .layers = {layers}, .disk_count = 1,
                                         .record = record, .budget_bytes = BUDGET,
                                         .spacing = 1000000};
    struct timeline *timeline = timeline_create(&made);
    timeline_branch(timeline);
    unsigned count = live_on(timeline, 5, places, 20);
    cr_expect_gt(timeline_snapshots(timeline), 5);
    places_expect(timeline, places, count);
    cr_assert(timeline_seek(timeline, 0, &error), "%s", error.text);
    cr_expect_eq(machine_position(machine).arrival, ARRIVAL_NONE);
    timeline_destroy(timeline);
    machine_destroy(machine);
    layers_destroy(layers);
    cr_assert(disk_file_finish(&file));
    record_finish(record);
    free(record);
}

Test(timeline, snapshots_are_denser_near_the_present_and_keep_the_budget, .timeout = 200)
{
    struct scratch scratch;
    struct recorded recorded;
    struct error error;
    const size_t budget = (size_t)6 << 20;
    scratch_make(&scratch);
    record_random(&scratch, "budget", 11, INSTRUCTIONS, &recorded);
    struct replay *replay = replay_of(&recorded, budget, false);
    struct timeline *timeline = replay_timeline(replay);
    for (uint64_t at = 500000; at < INSTRUCTIONS; at += 500000) {
        cr_assert(timeline_seek(timeline, at, &error), "%s", error.text);
        cr_expect(timeline_snapshots(timeline) <= 3 || timeline_bytes(timeline) <= budget,
                  "%zu snapshots, %zu bytes", timeline_snapshots(timeline),
                  timeline_bytes(timeline));
    }
    replay_close(replay);
    scratch_remove(&scratch);
}

/* Copy the trace, with the input number `number` one code higher. Returns the instructions before
 * it. */
static uint64_t input_forge(const struct recorded *recorded, unsigned number,
                            struct recorded *forged)
{
    struct error error;
    struct record_writer *writer;
    struct record *record = calloc(1, sizeof(*record));
    uint64_t before = 0, found = 0;
    *forged = *recorded;
    (void)snprintf(forged->trace, sizeof(forged->trace), "%.200s.forged", recorded->trace);
    cr_assert(record && record_read_file(record, recorded->trace, &error), "%s", error.text);
    cr_assert(record_writer_open(&writer, forged->trace, &record->head, &error));
    for (size_t i = 0; i < record->cluster_count; i++)
        record_writer_clusters(writer, record->clusters[i].disk, record->clusters[i].index,
                               record->clusters[i].data, 1);
    for (size_t i = 0; i < record->entry_count; i++) {
        struct record_entry *entry = &record->entries[i];
        bool mark = entry->kind == RECORD_MARK;
        if (entry->kind == RECORD_RUN)
            before = entry->run.instructions;
        if (entry->kind == RECORD_INPUT && number-- == 0) {
            entry->input = (struct machine_input){.kind = INPUT_CONSOLE, .code = 'q'};
            found = before;
        }
        record_writer_entry(writer, entry, mark ? record->hashes + entry->mark : NULL,
                            mark ? record_parts(record) : 0);
    }
    cr_assert(record_writer_close(writer, &error));
    record_finish(record);
    free(record);
    return found;
}

Test(timeline, where_two_histories_part_is_found_to_the_instruction, .timeout = 200)
{
    struct scratch scratch;
    struct recorded recorded, forged;
    struct timeline_state state;
    struct error error;
    struct divergence *divergence = calloc(1, sizeof(*divergence));
    scratch_make(&scratch);
    record_random(&scratch, "part", 3, INSTRUCTIONS, &recorded);
    cr_assert_gt(recorded.inputs, 3);
    uint64_t before = input_forge(&recorded, 2, &forged);
    struct replay *left = replay_of(&recorded, BUDGET, false);
    struct replay *right = replay_of(&forged, BUDGET, false);
    const struct divergence_sides sides = {.left = replay_timeline(left),
                                           .right = replay_timeline(right)};
    timeline_save(sides.left, &state);
    cr_assert(divergence_find(&sides, &state, INSTRUCTIONS, divergence, &error), "%s", error.text);
    cr_assert(divergence->found);
    cr_expect_geq(divergence->instructions, before);
    cr_expect_eq(divergence->instructions, divergence->equal.instructions + 1);
    cr_expect_gt(strlen(divergence->text), 3, "nothing is said to differ");
    replay_close(left);
    replay_close(right);
    /* Others, that were never bisected, say the same. */
    left = replay_of(&recorded, BUDGET, false);
    right = replay_of(&forged, BUDGET, false);
    for (unsigned i = 0; i < 2; i++) {
        uint64_t at = divergence->equal.instructions + i;
        cr_assert(timeline_seek(replay_timeline(left), at, &error), "%s", error.text);
        cr_assert(timeline_seek(replay_timeline(right), at, &error), "%s", error.text);
        cr_expect_eq(digest_same(machine_digest(replay_machine(left)),
                                 machine_digest(replay_machine(right))),
                     i == 0, "instruction %llu: %s", (unsigned long long)at, divergence->text);
    }
    replay_close(left);
    replay_close(right);
    free(divergence);
    scratch_remove(&scratch);
}

Test(timeline, verifying_a_changed_input_names_the_interval, .timeout = 200)
{
    struct scratch scratch;
    struct recorded recorded, forged;
    struct error error;
    scratch_make(&scratch);
    record_random(&scratch, "verify", 3, INSTRUCTIONS, &recorded);
    uint64_t before = input_forge(&recorded, 2, &forged);
    struct replay *replay = replay_of(&forged, 0, true);
    struct timeline *timeline = replay_timeline(replay);
    cr_assert_not(timeline_carry_out(timeline, replay_record(replay)->entry_count, &error));
    const struct timeline_difference *difference = timeline_difference(timeline);
    cr_expect(difference->found);
    cr_expect_leq(difference->agreed.instructions, before);
    cr_expect_geq(difference->differed.instructions, before);
    cr_expect(difference->parts_count > 0 || difference->position);
    replay_close(replay);
    scratch_remove(&scratch);
}

Test(timeline, a_run_without_short_cuts_agrees_everywhere, .timeout = 200)
{
    struct scratch scratch;
    struct recorded recorded;
    struct timeline_state state;
    struct replay_twin twin;
    struct error error;
    struct divergence *divergence = calloc(1, sizeof(*divergence));
    scratch_make(&scratch);
    record_random(&scratch, "twin", 4, INSTRUCTIONS / 3, &recorded);
    struct replay *replay = replay_of(&recorded, 0, false);
    cr_assert(replay_twin(replay, true, &twin, &error), "%s", error.text);
    const struct divergence_sides sides = {.left = replay_timeline(replay),
                                           .right = twin.timeline};
    timeline_save(sides.left, &state);
    cr_assert(divergence_find(&sides, &state, INSTRUCTIONS / 3, divergence, &error), "%s",
              error.text);
    cr_expect_not(divergence->found, "%llu: %s", (unsigned long long)divergence->instructions,
                  divergence->text);
    replay_twin_close(&twin);
    replay_close(replay);
    free(divergence);
    scratch_remove(&scratch);
}
