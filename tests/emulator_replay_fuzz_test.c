/* SPDX-License-Identifier: GPL-2.0-or-later */
/* emulator_replay_fuzz_test.c - traces whose checksums are right and whose contents are not:
 * entries of a recorded run of the malicious driver are exchanged, doubled, lost and changed.
 * Replaying them, back and forth, ends with an error or in order, and never crashes.
 *
 * 12 of them; LATCHKEY_LONG=1 makes it 1,000. LATCHKEY_SEED=N repeats a run.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/record_read.h"
#include "emulator/record_write.h"
#include "tests/support_record.h"

#define INSTRUCTIONS 1500000u
#define POSITION_MAX (2 * INSTRUCTIONS)

static void input_change(struct random *random, struct record_entry *entry)
{
    entry->kind = RECORD_INPUT;
    entry->input = (struct machine_input){
        .time_ns = random_next(random) >> random_below(random, 64),
        .kind = (enum machine_input_kind)random_below(random, INPUT_WHEEL + 1),
        .code = (uint16_t)random_next(random), .x = (int32_t)random_next(random),
        .y = (int32_t)random_next(random), .down = random_below(random, 2)};
}

static void fault_change(struct random *random, struct record_entry *entry)
{
    entry->kind = RECORD_FAULT;
    entry->fault = (struct machine_fault){
        .fault = {.kind = (enum disk_fault_kind)random_below(random, DISK_FAULT_KINDS),
                  .time_ns = random_next(random) >> random_below(random, 64),
                  .sector = random_next(random) >> random_below(random, 64),
                  .argument = random_next(random) >> random_below(random, 64)}};
}

/* Something else in place of an entry. What makes a run longer than a test may be is left out. */
static void entry_change(struct random *random, struct record_entry *entry)
{
    switch (random_below(random, 7)) {
    case 0:
        if (entry->kind == RECORD_RUN)
            entry->run.arrival = (enum machine_arrival)(1 + random_below(random,
                                                                         ARRIVAL_COUNT - 1));
        break;
    case 1:
        if (entry->kind == RECORD_RUN)
            entry->run.cycles += random_below(random, 3);
        break;
    case 2:
        *entry = (struct record_entry){.kind = random_below(random, 2) ? RECORD_RESET
                                                                       : RECORD_FLUSH};
        break;
    case 3:
        *entry = (struct record_entry){.kind = RECORD_CUT,
                                       .cut = {(enum power_policy)random_below(
                                                   random, POWER_POLICY_COUNT),
                                               random_next(random)}};
        break;
    case 4:
        fault_change(random, entry);
        break;
    case 5:
        *entry = (struct record_entry){
            .kind = RECORD_REFUSED, .refused = {.operation = random_below(random, 300)}};
        break;
    default:
        input_change(random, entry);
    }
}

/* Positions rise, whatever was done to them. */
static void positions_mend(struct record *record)
{
    struct machine_position last = {.instructions = 0};
    for (size_t i = 0; i < record->entry_count; i++) {
        struct machine_position *run = &record->entries[i].run;
        if (record->entries[i].kind != RECORD_RUN)
            continue;
        if (run->instructions < last.instructions)
            run->instructions = last.instructions;
        if (run->events < last.events)
            run->events = last.events;
        if (run->cycles < last.cycles)
            run->cycles = last.cycles;
        if (run->instructions > POSITION_MAX)
            run->instructions = POSITION_MAX;
        last = *run;
    }
}

static void forge(const struct recorded *recorded, struct random *random, struct recorded *forged)
{
    struct error error;
    struct record_writer *writer;
    struct record *record = calloc(1, sizeof(*record));
    *forged = *recorded;
    (void)snprintf(forged->trace, sizeof(forged->trace), "%.200s.forged", recorded->trace);
    cr_assert(record && record_read_file(record, recorded->trace, &error), "%s", error.text);
    for (uint64_t i = 1 + random_below(random, 10); i > 0; i--) {
        size_t at = random_below(random, record->entry_count - 1);
        if (random_below(random, 3) == 0 && record->entries[at].kind != RECORD_MARK)
            record->entries[at] = record->entries[random_below(random, record->entry_count - 1)];
        else if (record->entries[at].kind != RECORD_MARK)
            entry_change(random, &record->entries[at]);
    }
    positions_mend(record);
    cr_assert(record_writer_open(&writer, forged->trace, &record->head, &error));
    for (size_t i = 0; i < record->cluster_count; i++)
        record_writer_clusters(writer, record->clusters[i].disk, record->clusters[i].index,
                               record->clusters[i].data, 1);
    for (size_t i = 0; i < record->entry_count; i++) {
        const struct record_entry *entry = &record->entries[i];
        bool mark = entry->kind == RECORD_MARK;
        record_writer_entry(writer, entry, mark ? record->hashes + entry->mark : NULL,
                            mark ? record_parts(record) : 0);
    }
    cr_assert(record_writer_close(writer, &error));
    record_finish(record);
    free(record);
}

Test(replay_fuzz, entries_that_were_tampered_with_never_crash_a_replay, .timeout = 3000)
{
    struct scratch scratch;
    struct recorded recorded, forged;
    struct error error;
    const char *text = getenv("LATCHKEY_SEED");
    struct random random = {text ? strtoull(text, NULL, 10) : 1};
    unsigned ended = 0, refused = 0, rounds = getenv("LATCHKEY_LONG") ? 1000 : 12;
    fprintf(stderr, "seed %llu\n", (unsigned long long)random.state);
    scratch_make(&scratch);
    record_hostile(&scratch, "fuzz", 21, INSTRUCTIONS, &recorded);
    for (unsigned i = 0; i < rounds; i++) {
        forge(&recorded, &random, &forged);
        struct replay *replay = replay_of(&forged, (size_t)32 << 20, random_below(&random, 2));
        struct timeline *timeline = replay_timeline(replay);
        if (timeline_carry_out(timeline, replay_record(replay)->entry_count, &error))
            ended++;
        else
            refused++;
        (void)!timeline_seek(timeline, random_below(&random, INSTRUCTIONS), &error);
        replay_close(replay);
    }
    cr_expect_gt(refused, 0);
    fprintf(stderr, "%u ended, %u refused\n", ended, refused);
    scratch_remove(&scratch);
}
