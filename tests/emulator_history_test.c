/* SPDX-License-Identifier: GPL-2.0-or-later */
/* emulator_history_test.c - runs that remember themselves: the image follows the present, is left
 * alone while the past is looked at, and put back when the past goes on; what is saved replays. */
#include "emulator/history.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "disks/volume.h"
#include "emulator/base/input_file.h"
#include "emulator/base/renewal.h"
#include "emulator/disk_file.h"
#include "emulator/record_identity.h"
#include "emulator/replay.h"
#include "tests/support_disks.h"
#include "tests/support_power.h"

#define BUDGET ((size_t)64 << 20)
#define SLICE 700000u
#define SLICES 20u
#define IMAGE_BYTES_MAX ((size_t)1 << 30)

struct place {
    uint64_t instructions, time_ns;
    struct digest digest, image;
};

/* A thing that counts with the machine: here, the slices it was run. */
struct counter {
    uint64_t slices;
};

struct world {
    struct scratch scratch;
    char image[SCRATCH_PATH_BYTES];
    struct history *history;
    struct timeline *timeline;
    struct machine *machine;
    struct counter counter;
    struct place places[SLICES];
};

static uint64_t counter_kept(void *context)
{
    return ((struct counter *)context)->slices;
}

static void counter_went(void *context, uint64_t place)
{
    ((struct counter *)context)->slices = place;
}

static struct world *world_make(size_t budget_bytes)
{
    struct error error;
    struct world *world = calloc(1, sizeof(*world));
    cr_assert(world);
    scratch_make(&world->scratch);
    scratch_file(&world->scratch, "demo.img", world->image);
    image_copy("shared-demo.img", world->image);
    struct machine_config config = {.kernel_path = "kernel.elf", .append = "checkpoint=20",
                                    .ram_bytes = 32u << 20, .disk_count = 1,
                                    .disks = {{.path = world->image}}};
    const struct timeline_follower follower = {&world->counter, counter_kept, counter_went};
    cr_assert(history_open(&world->history, &config, budget_bytes, &error), "%s", error.text);
    cr_assert(machine_create(&world->machine, &config, &error), "%s", error.text);
    history_attach(world->history, world->machine, &follower);
    world->timeline = history_timeline(world->history);
    return world;
}

static void world_free(struct world *world)
{
    history_detach(world->history);
    machine_destroy(world->machine);
    cr_assert(history_close(world->history));
    scratch_remove(&world->scratch);
    free(world);
}

static uint8_t *image_bytes(const char *path, size_t *size_bytes)
{
    uint8_t *data;
    struct error error;
    cr_assert(input_read(path, IMAGE_BYTES_MAX, &data, size_bytes, &error), "%s", error.text);
    return data;
}

static struct digest image_now(const struct world *world)
{
    size_t size_bytes;
    uint8_t *data = image_bytes(world->image, &size_bytes);
    struct digest digest = record_bytes_digest(data, size_bytes);
    free(data);
    return digest;
}

/* One slice, with a key, and in some a power cut, which change the media. */
static void slice_run(struct world *world, unsigned index, uint64_t seed)
{
    struct error error;
    struct timeline_stop stop;
    struct machine_until until = machine_until_never();
    const struct machine_input input = {.time_ns = machine_time_ns(world->machine),
                                        .kind = INPUT_CONSOLE,
                                        .code = (uint16_t)('a' + (seed + index) % 26)};
    const struct power_cut cut = {POWER_SUBSET, seed + index};
    cr_assert(machine_input(world->machine, &input));
    if (index % 7 == 6) {
        cr_assert(machine_power_cut(world->machine, &cut, &error));
        cr_assert(machine_reset(world->machine, &error));
    }
    until.instructions = machine_instructions(world->machine) + SLICE;
    cr_assert(timeline_run(world->timeline, &until, &stop, &error), "%s", error.text);
    world->counter.slices++;
    world->places[index] = (struct place){machine_instructions(world->machine),
                                          machine_time_ns(world->machine),
                                          machine_digest(world->machine), image_now(world)};
}

static void seek(struct world *world, unsigned index)
{
    struct error error;
    const struct place *place = &world->places[index];
    cr_assert(timeline_seek(world->timeline, place->instructions, &error), "%s", error.text);
    cr_expect(digest_equal(machine_digest(world->machine), place->digest), "slice %u", index);
}

Test(history, the_image_is_that_of_the_newest_moment, .timeout = 200)
{
    struct error error;
    struct world *world = world_make(BUDGET);
    struct digest before = image_now(world);
    for (unsigned i = 0; i < SLICES; i++)
        slice_run(world, i, 1);
    struct digest newest = world->places[SLICES - 1].image;
    cr_assert_not(digest_equal(before, newest), "the run has written nothing");
    for (unsigned i = SLICES; i-- > 1; i -= 3) {
        seek(world, i - 1);
        cr_expect(!timeline_live(world->timeline));
        cr_expect(digest_equal(image_now(world), newest), "looking changed the image");
    }
    cr_assert(timeline_seek_end(world->timeline, &error), "%s", error.text);
    cr_expect(digest_equal(machine_digest(world->machine), world->places[SLICES - 1].digest));
    cr_assert(timeline_continue(world->timeline, &error), "%s", error.text);
    cr_expect(digest_equal(image_now(world), newest));
    for (unsigned from = 12; from >= 4; from -= 4) {
        seek(world, from);
        cr_assert(history_continue(world->history, &error), "%s", error.text);
        cr_expect(digest_equal(image_now(world), world->places[from].image),
                  "the image was not put back to slice %u", from);
        for (unsigned i = from + 1; i < from + 6; i++)
            slice_run(world, i, 100 + from);
        seek(world, from + 2);
    }
    world_free(world);
}

/* The middle one of the places where two images differ. */
static size_t middle_difference(const uint8_t *left, const uint8_t *right, size_t size_bytes)
{
    size_t count = 0, passed = 0, at = 0;
    for (size_t i = 0; i < size_bytes; i += 512)
        count += memcmp(left + i, right + i, 512) != 0;
    cr_assert_gt(count, 20, "the disk is too much the same for this test");
    for (; passed < count / 2; at += 512)
        passed += memcmp(left + at, right + at, 512) != 0;
    return at - 512;
}

/* Go on from a place in another process. The first write of the image at or after `end` the host
 * refuses, and the run ends in order; or kills for. */
static void cut_short_continue(const struct world *world, size_t end, bool kills)
{
    struct error error;
    int status;
    pid_t child = fork();
    cr_assert_geq(child, 0);
    if (child == 0) {
        const struct rlimit no_core = {0, 0}, limit = {end, RLIM_INFINITY};
        const struct rlimit no_limit = {RLIM_INFINITY, RLIM_INFINITY};
        bool refused = signal(SIGXFSZ, kills ? SIG_DFL : SIG_IGN) != SIG_ERR &&
                       setrlimit(RLIMIT_CORE, &no_core) == 0 &&
                       setrlimit(RLIMIT_FSIZE, &limit) == 0 &&
                       !history_continue(world->history, &error);
        (void)setrlimit(RLIMIT_FSIZE, &no_limit);
        _exit(refused && machine_flush(world->machine, &error) ? 7 : 0);
    }
    cr_assert_eq(waitpid(child, &status, 0), child);
    if (kills)
        cr_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGXFSZ, "it was not killed");
    else
        cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 7, "it was not refused");
}

/* Whoever reads it is refused; with whoever may write it it is what it was to be. */
static void renewed_expect(const char *image, struct digest expected)
{
    struct error error;
    struct disk_file file;
    struct volume volume;
    uint8_t *data;
    size_t size_bytes;
    cr_expect_not(disk_file_open(&file, image, NULL, true, &error), "a mixture is read");
    cr_expect(strstr(error.text, "latchkey run finishes that"), "%s", error.text);
    (void)disk_file_finish(&file);
    cr_expect_not(volume_open(&volume, image, &error), "a mixture is read");
    volume_close(&volume);
    cr_assert(disk_file_open(&file, image, NULL, false, &error), "%s", error.text);
    cr_assert(disk_file_finish(&file));
    data = image_bytes(image, &size_bytes);
    cr_expect(digest_equal(record_bytes_digest(data, size_bytes), expected), "it is a mixture");
    free(data);
    cr_assert(disk_file_open(&file, image, NULL, true, &error), "%s", error.text);
    cr_assert(disk_file_finish(&file));
}

/* Another image has come to the place of this one: it stays as it is. */
static void another_expect(const struct world *world, uint8_t *data, size_t size_bytes, size_t at)
{
    struct error error;
    struct disk_file file;
    data[at] ^= 1;
    scratch_write(&world->scratch, "demo.img", data, size_bytes);
    cr_expect_not(disk_file_open(&file, world->image, NULL, false, &error));
    cr_expect(strstr(error.text, "of another image"), "%s", error.text);
    (void)disk_file_finish(&file);
    data[at] ^= 1;
    scratch_write(&world->scratch, "demo.img", data, size_bytes);
}

static void cut_short_expect(bool kills)
{
    size_t size_bytes;
    struct world *world = world_make(BUDGET);
    char copy[SCRATCH_PATH_BYTES], renewal[SCRATCH_PATH_BYTES];
    const unsigned to = 4;
    scratch_file(&world->scratch, "then.img", copy);
    scratch_file(&world->scratch, "demo.img" RENEWAL_SUFFIX, renewal);
    for (unsigned i = 0; i < SLICES; i++) {
        slice_run(world, i, 6);
        if (i == to)
            image_copy(world->image, copy);
    }
    uint8_t *then = image_bytes(copy, &size_bytes);
    uint8_t *newest = image_bytes(world->image, &size_bytes);
    size_t middle = middle_difference(then, newest, size_bytes);
    seek(world, to);
    cut_short_continue(world, middle, kills);
    uint8_t *mixture = image_bytes(world->image, &size_bytes);
    cr_assert(memcmp(mixture, then, size_bytes) != 0 && memcmp(mixture, newest, size_bytes) != 0,
              "it was cut short too soon or too late");
    history_detach(world->history); /* its lock goes, as that of the other process did */
    machine_destroy(world->machine);
    cr_assert(history_close(world->history));
    another_expect(world, mixture, size_bytes, middle);
    renewed_expect(world->image, world->places[to].image);
    cr_expect_eq(access(renewal, F_OK), -1, "the renewal is still there");
    free(mixture);
    free(newest);
    free(then);
    scratch_remove(&world->scratch);
    free(world);
}

Test(history, a_kill_while_the_image_is_put_back_leaves_no_mixture, .timeout = 200)
{
    cut_short_expect(true);
}

Test(history, a_host_that_refuses_while_the_image_is_put_back_leaves_no_mixture, .timeout = 200)
{
    cut_short_expect(false);
}

Test(history, a_time_is_found_as_an_instruction_is, .timeout = 200)
{
    struct error error;
    struct world *world = world_make(BUDGET);
    for (unsigned i = 0; i < SLICES; i++)
        slice_run(world, i, 2);
    uint64_t end_ns = timeline_end_ns(world->timeline), instructions[SLICES];
    cr_expect_eq(end_ns, world->places[SLICES - 1].time_ns);
    cr_expect_eq(timeline_begin_ns(world->timeline), 0);
    struct digest digests[SLICES];
    for (unsigned i = 0; i < SLICES; i++) {
        uint64_t time_ns = end_ns * i / SLICES;
        cr_assert(timeline_seek_time(world->timeline, time_ns, &error), "%s", error.text);
        cr_expect_geq(machine_time_ns(world->machine), time_ns);
        instructions[i] = machine_instructions(world->machine);
        digests[i] = machine_digest(world->machine);
    }
    for (unsigned i = SLICES; i-- > 0;) { /* the same from the other side */
        cr_assert(timeline_seek_time(world->timeline, end_ns * i / SLICES, &error));
        cr_expect_eq(machine_instructions(world->machine), instructions[i]);
        cr_expect(digest_equal(machine_digest(world->machine), digests[i]), "%u", i);
    }
    cr_assert(timeline_seek_time(world->timeline, end_ns + 1, &error), "%s", error.text);
    cr_expect(timeline_at_end(world->timeline));
    world_free(world);
}

Test(history, who_follows_is_told_where_the_machine_goes_back_to, .timeout = 200)
{
    struct error error;
    struct world *world = world_make(BUDGET);
    for (unsigned i = 0; i < 4; i++)
        slice_run(world, i, 3);
    world->counter.slices = 40;
    cr_assert(timeline_seek(world->timeline, 1000, &error));
    cr_expect_eq(world->counter.slices, 0, "the beginning was before the first slice");
    cr_assert(timeline_seek_end(world->timeline, &error));
    cr_expect_eq(world->counter.slices, 40);
    world_free(world);
}

Test(history, what_is_saved_replays_to_the_same_digest, .timeout = 200)
{
    struct error error;
    char path[SCRATCH_PATH_BYTES];
    struct world *world = world_make(BUDGET);
    scratch_file(&world->scratch, "saved.trace", path);
    for (unsigned i = 0; i < 9; i++)
        slice_run(world, i, 4);
    cr_assert(history_save(world->history, path, &error), "%s", error.text);
    struct digest saved = machine_digest(world->machine);
    for (unsigned i = 9; i < 12; i++) /* saving was no part of it, and the image goes on */
        slice_run(world, i, 4);
    seek(world, 8);
    struct replay *replay;
    const struct replay_options options = {.trace_path = path, .check = true,
                                           .budget_bytes = BUDGET};
    cr_assert(replay_open(&replay, &options, &error), "%s", error.text);
    cr_assert(replay_record(replay)->complete && replay_record(replay)->bundled);
    cr_assert(timeline_seek_end(replay_timeline(replay), &error), "%s", error.text);
    cr_expect(digest_equal(machine_digest(replay_machine(replay)), saved));
    replay_close(replay);
    world_free(world);
}

Test(history, a_small_budget_is_kept_by_forgetting_the_beginning, .timeout = 200)
{
    struct error error;
    const size_t budget = (size_t)3 << 20;
    char path[SCRATCH_PATH_BYTES];
    struct world *world = world_make(budget);
    for (unsigned i = 0; i < 300; i++) {
        struct machine_until until = machine_until_never();
        struct timeline_stop stop;
        until.instructions = machine_instructions(world->machine) + 4 * SLICE;
        cr_assert(timeline_run(world->timeline, &until, &stop, &error), "%s", error.text);
        if (i % 20 == 19)
            slice_run(world, i / 20, 5);
    }
    cr_expect(timeline_snapshots(world->timeline) <= 2 ||
                  timeline_bytes(world->timeline) <= budget,
              "%zu snapshots, %zu bytes", timeline_snapshots(world->timeline),
              timeline_bytes(world->timeline));
    seek(world, 14);
    cr_assert(timeline_seek_end(world->timeline, &error), "%s", error.text);
    cr_assert(timeline_continue(world->timeline, &error), "%s", error.text);
    cr_assert_gt(timeline_begin(world->timeline), 0);
    scratch_file(&world->scratch, "saved.trace", path);
    cr_expect_not(history_save(world->history, path, &error));
    cr_expect_eq(error.code, ERROR_LIMIT);
    cr_expect_not(timeline_seek(world->timeline, timeline_begin(world->timeline) - 1, &error));
    world_free(world);
}
