/* SPDX-License-Identifier: GPL-2.0-or-later */
/* emulator_timeline_file_test.c - snapshots on disk: who reads them is elsewhere at once, and the
 * same there; what is damaged, of another trace or tampered with is refused, or harmless. */
#include "emulator/timeline_file.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/base/input_file.h"
#include "emulator/base/output_file.h"
#include "emulator/record_identity.h"
#include "tests/support_record.h"

#define INSTRUCTIONS 12000000u
#define BUDGET ((size_t)64 << 20)
#define FILE_BYTES_MAX ((size_t)1 << 28)
#define END_BYTES 16u

struct world {
    struct scratch scratch;
    struct recorded recorded;
    char path[SCRATCH_PATH_BYTES];
    uint8_t *data; /* of the file */
    size_t size_bytes;
};

/* Seek on and on, so that there are snapshots, and write them. */
static struct world *world_make(uint64_t seed)
{
    struct error error;
    struct world *world = calloc(1, sizeof(*world));
    cr_assert(world);
    scratch_make(&world->scratch);
    scratch_file(&world->scratch, "snapshots", world->path);
    record_random(&world->scratch, "run", seed, INSTRUCTIONS, &world->recorded);
    struct replay *replay = replay_of(&world->recorded, BUDGET, false);
    for (uint64_t at = 2000000; at < INSTRUCTIONS; at += 1500000)
        cr_assert(timeline_seek(replay_timeline(replay), at, &error), "%s", error.text);
    cr_assert_gt(timeline_snapshots(replay_timeline(replay)), 4);
    cr_assert(replay_snapshots(replay, world->path, &error), "%s", error.text);
    replay_close(replay);
    cr_assert(input_read(world->path, FILE_BYTES_MAX, &world->data, &world->size_bytes, &error));
    return world;
}

static void world_free(struct world *world)
{
    free(world->data);
    scratch_remove(&world->scratch);
    free(world);
}

/* Open the trace with the snapshots. NULL: refused. */
static struct replay *opened(const struct world *world, size_t budget_bytes, struct error *error)
{
    struct replay *replay;
    const struct replay_options options = {.trace_path = world->recorded.trace,
                                           .budget_bytes = budget_bytes,
                                           .snapshots_path = world->path};
    return replay_open(&replay, &options, error) ? replay : NULL;
}

/* Put other bytes into the file; sealed: with a digest that says that they are right. */
static void file_put(struct world *world, uint8_t *data, size_t size_bytes, bool sealed)
{
    struct error error;
    if (sealed) {
        struct digest digest = record_bytes_digest(data, size_bytes - END_BYTES);
        store_u64(data + size_bytes - END_BYTES, digest.low);
        store_u64(data + size_bytes - 8, digest.high);
    }
    cr_assert(output_write(world->path, data, size_bytes, &error), "%s", error.text);
}

Test(timeline_file, from_snapshots_on_disk_every_place_is_what_it_was, .timeout = 200)
{
    struct error error;
    struct world *world = world_make(21);
    struct replay *replay = opened(world, BUDGET, &error);
    cr_assert(replay, "%s", error.text);
    cr_expect_gt(timeline_snapshots(replay_timeline(replay)), 4);
    struct random random = {4};
    const struct recorded *recorded = &world->recorded;
    cr_assert_gt(recorded->place_count, 5);
    for (unsigned i = 0; i < 40; i++) {
        const struct recorded_place *place =
            &recorded->places[random_below(&random, recorded->place_count)];
        cr_assert(timeline_seek(replay_timeline(replay), place->instructions, &error), "%s",
                  error.text);
        cr_expect(digest_same(machine_digest(replay_machine(replay)), place->digest),
                  "instruction %llu", (unsigned long long)place->instructions);
    }
    cr_assert(timeline_seek_end(replay_timeline(replay), &error), "%s", error.text);
    cr_expect(digest_same(machine_digest(replay_machine(replay)), recorded->digest));
    replay_close(replay);
    world_free(world);
}

Test(timeline_file, what_was_read_is_written_the_same_and_a_small_budget_is_kept, .timeout = 200)
{
    struct error error;
    uint8_t *again;
    size_t size_bytes;
    struct world *world = world_make(22);
    struct replay *replay = opened(world, BUDGET, &error);
    cr_assert(replay, "%s", error.text);
    cr_assert(replay_snapshots(replay, world->path, &error), "%s", error.text);
    cr_assert(input_read(world->path, FILE_BYTES_MAX, &again, &size_bytes, &error));
    cr_expect(size_bytes <= world->size_bytes + 4096 && size_bytes + 4096 >= world->size_bytes,
              "%zu bytes became %zu", world->size_bytes, size_bytes);
    size_t all = timeline_snapshots(replay_timeline(replay));
    size_t half = timeline_bytes(replay_timeline(replay)) / 2;
    replay_close(replay);
    replay = opened(world, half, &error);
    cr_assert(replay, "%s", error.text);
    cr_expect_lt(timeline_snapshots(replay_timeline(replay)), all);
    cr_expect(timeline_snapshots(replay_timeline(replay)) <= 2 ||
              timeline_bytes(replay_timeline(replay)) <= half);
    replay_close(replay);
    free(again);
    world_free(world);
}

Test(timeline_file, a_flipped_byte_and_a_cut_off_end_are_refused, .timeout = 200)
{
    struct error error;
    struct random random = {5};
    struct world *world = world_make(23);
    for (unsigned i = 0; i < 40; i++) {
        size_t at = i < 20 ? i : random_below(&random, world->size_bytes);
        world->data[at] ^= 0x20;
        file_put(world, world->data, world->size_bytes, false);
        world->data[at] ^= 0x20;
        cr_assert_null(opened(world, BUDGET, &error), "byte %zu", at);
        cr_expect_eq(error.code, ERROR_FORMAT);
        cr_expect_not_null(strstr(error.text, "snapshots"), "%s", error.text);
    }
    for (unsigned i = 0; i < 10; i++) {
        file_put(world, world->data, random_below(&random, world->size_bytes), false);
        cr_assert_null(opened(world, BUDGET, &error));
    }
    world_free(world);
}

Test(timeline_file, those_of_another_trace_or_version_are_refused, .timeout = 200)
{
    struct error error;
    struct world *world = world_make(24), *other = world_make(25);
    file_put(world, other->data, other->size_bytes, false);
    cr_expect_null(opened(world, BUDGET, &error));
    cr_expect_not_null(strstr(error.text, "another trace"), "%s", error.text);
    store_u32(world->data + 8, TIMELINE_FILE_VERSION + 1);
    file_put(world, world->data, world->size_bytes, true);
    cr_expect_null(opened(world, BUDGET, &error));
    cr_expect_not_null(strstr(error.text, "another version"), "%s", error.text);
    store_u32(world->data + 8, TIMELINE_FILE_VERSION);
    size_t program = 8 + 4 + 4 + load_u32(world->data + 12); /* behind magic, format, version */
    world->data[program] ^= 1;
    file_put(world, world->data, world->size_bytes, true);
    cr_expect_null(opened(world, BUDGET, &error));
    cr_expect_not_null(strstr(error.text, "another build"), "%s", error.text);
    world_free(world);
    world_free(other);
}

Test(timeline_file, one_that_was_tampered_with_never_crashes_a_replay, .timeout = 200)
{
    struct error error;
    struct random random = {6};
    unsigned refused = 0, rounds = 90;
    struct world *world = world_make(26);
    size_t head = 8 + 4 + 4 + load_u32(world->data + 12) + 36; /* up to the engine's version */
    uint8_t *data = malloc(world->size_bytes);
    cr_assert(data);
    for (unsigned i = 0; i < rounds; i++) {
        memcpy(data, world->data, world->size_bytes);
        size_t body = world->size_bytes - END_BYTES - head;
        size_t end = i % 3 == 0 ? 64 : body; /* the counts at its beginning, or anywhere */
        size_t near = i % 3 == 1 ? body - random_below(&random, 60000) % body : 0; /* its tables */
        for (unsigned j = 0; j < 1 + i % 4; j++)
            data[head + (near ? near : random_below(&random, end)) % body] =
                (uint8_t)random_next(&random);
        file_put(world, data, world->size_bytes, true);
        struct replay *replay = opened(world, BUDGET, &error);
        refused += !replay;
        if (!replay)
            continue;
        for (unsigned j = 0; j < 3; j++) /* what it leads to is an error, or an odd machine */
            if (!timeline_seek(replay_timeline(replay), random_below(&random, INSTRUCTIONS),
                               &error))
                break;
        replay_close(replay);
    }
    cr_expect_gt(refused, rounds / 2, "only %u were refused", refused);
    free(data);
    world_free(world);
}
