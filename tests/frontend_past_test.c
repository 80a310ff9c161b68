/* SPDX-License-Identifier: GPL-2.0-or-later */
/* frontend_past_test.c - a session goes back in its run and on from there: the same digests again,
 * keys let go, the image that of the newest moment, and a trace of it that replays. */
#include <criterion/criterion.h>
#include <linux/input-event-codes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "emulator/base/input_file.h"
#include "emulator/record_identity.h"
#include "frontend/session.h"
#include "tests/support_disks.h"
#include "tests/support_power.h"

#define SLICES 12u
#define SLICE_NS 20000000u
#define IMAGE_BYTES_MAX ((size_t)1 << 30)

struct place {
    uint64_t time_ns, instructions;
    struct digest digest;
};

struct world {
    struct scratch scratch;
    char image[SCRATCH_PATH_BYTES];
    struct options options;
    struct session session;
    uint64_t printed;
    struct place places[SLICES];
};

static void printed(void *context, const uint8_t *data, size_t size_bytes)
{
    (void)data;
    ((struct world *)context)->printed += size_bytes;
}

static uint64_t kept(void *context)
{
    return ((struct world *)context)->printed;
}

static void went(void *context, uint64_t place)
{
    ((struct world *)context)->printed = place;
}

static struct world *world_make(size_t history_bytes)
{
    struct error error;
    struct world *world = calloc(1, sizeof(*world));
    cr_assert(world);
    scratch_make(&world->scratch);
    scratch_file(&world->scratch, "demo.img", world->image);
    image_copy("shared-demo.img", world->image);
    world->options = (struct options){
        .until = machine_until_never(), .limit_instructions = UINT64_MAX,
        .history_bytes = history_bytes,
        .machine = {.kernel_path = "kernel.elf", .append = "checkpoint=20", .ram_bytes = 32u << 20,
                    .disk_count = 1, .disks = {{.path = world->image}}}};
    const struct console_sink sink = {world, printed};
    const struct timeline_follower follower = {world, kept, went};
    cr_assert(session_open(&world->session, &world->options, &sink, &follower, &error), "%s",
              error.text);
    return world;
}

static void world_free(struct world *world, int status)
{
    session_finish_as(&world->session, SESSION_END_QUIT, 0);
    cr_expect_eq(session_close(&world->session), status);
    scratch_remove(&world->scratch);
    free(world);
}

static void key(struct world *world, uint16_t code, bool down)
{
    const struct machine_input input = {.time_ns = machine_time_ns(world->session.machine),
                                        .kind = INPUT_KEY, .code = code, .down = down};
    cr_assert(machine_input(world->session.machine, &input));
}

static struct place here(struct world *world)
{
    struct machine *machine = world->session.machine;
    return (struct place){machine_time_ns(machine), machine_instructions(machine),
                          machine_digest(machine)};
}

/* Some slices, with a key in each; from the third on one is held. */
static void run(struct world *world, unsigned first, unsigned end, uint16_t code)
{
    for (unsigned i = first; i < end; i++) {
        struct machine_until slice = machine_until_never();
        slice.time_ns = machine_time_ns(world->session.machine) + SLICE_NS;
        slice.phases = UINT32_MAX; /* a slice's own stops are no end of the run */
        slice.generation = machine_stats(world->session.machine).generation + 1;
        key(world, code, i % 2 == 0);
        if (i == 2)
            key(world, KEY_LEFTSHIFT, true);
        while (machine_time_ns(world->session.machine) < slice.time_ns)
            cr_assert_eq(session_run(&world->session, &slice), SESSION_RUNS);
        world->places[i] = here(world);
    }
}

static void expect_place(struct world *world, unsigned index)
{
    session_seek(&world->session, world->places[index].time_ns);
    cr_assert_eq(world->session.end, SESSION_NOT_ENDED, "%s", world->session.error.text);
    struct place place = here(world);
    cr_expect_eq(place.instructions, world->places[index].instructions, "slice %u", index);
    cr_expect(digest_equal(place.digest, world->places[index].digest), "slice %u", index);
}

static struct digest file_digest(const char *path)
{
    uint8_t *data;
    size_t size_bytes;
    struct error error;
    cr_assert(input_read(path, IMAGE_BYTES_MAX, &data, &size_bytes, &error), "%s", error.text);
    struct digest digest = record_bytes_digest(data, size_bytes);
    free(data);
    return digest;
}

/* How many inputs of a kind the record has that let go of a key. */
static unsigned releases(const struct world *world, uint16_t code)
{
    unsigned count = 0;
    const struct record *record = session_record(&world->session);
    for (size_t i = 0; i < record->entry_count; i++)
        count += record->entries[i].kind == RECORD_INPUT &&
                 record->entries[i].input.code == code && !record->entries[i].input.down;
    return count;
}

Test(past, a_session_goes_back_and_forth_and_is_the_same_there, .timeout = 300)
{
    struct world *world = world_make((size_t)64 << 20);
    run(world, 0, SLICES, KEY_A);
    uint64_t all = world->printed;
    cr_expect(!session_in_past(&world->session));
    for (unsigned i = SLICES - 1; i-- > 0;)
        expect_place(world, i);
    cr_expect(session_in_past(&world->session));
    cr_expect_leq(world->printed, all);
    session_seek_instruction(&world->session, world->places[5].instructions - 1);
    cr_expect_eq(here(world).instructions, world->places[5].instructions - 1);
    session_seek_instruction(&world->session, UINT64_MAX);
    session_seek_end(&world->session);
    cr_expect(digest_equal(here(world).digest, world->places[SLICES - 1].digest));
    cr_expect_eq(world->printed, all, "who follows is elsewhere");
    world_free(world, 0);
}

Test(past, playing_it_is_what_was_and_ends_at_the_newest_moment, .timeout = 300)
{
    struct world *world = world_make((size_t)64 << 20);
    struct machine_until slice = machine_until_never();
    run(world, 0, SLICES, KEY_B);
    session_seek(&world->session, 0);
    slice.time_ns = world->places[6].time_ns;
    cr_expect_eq(session_play(&world->session, &slice), SESSION_RUNS);
    cr_expect(digest_equal(here(world).digest, world->places[6].digest));
    slice.time_ns = UINT64_MAX;
    cr_expect_eq(session_play(&world->session, &slice), SESSION_WAITS);
    cr_expect(digest_equal(here(world).digest, world->places[SLICES - 1].digest));
    world_free(world, 0);
}

Test(past, going_on_from_it_is_another_run_with_no_key_held, .timeout = 300)
{
    struct error error;
    char path[SCRATCH_PATH_BYTES];
    struct world *world = world_make((size_t)64 << 20);
    run(world, 0, SLICES, KEY_A);
    struct place first = world->places[SLICES - 1];
    cr_expect_eq(releases(world, KEY_LEFTSHIFT), 0);
    expect_place(world, 4);
    session_continue(&world->session);
    cr_expect(!session_in_past(&world->session));
    cr_expect_eq(releases(world, KEY_LEFTSHIFT), 1, "the guest believes that shift is held");
    run(world, 5, SLICES, KEY_C);
    cr_expect(!digest_equal(here(world).digest, first.digest));
    expect_place(world, 8);
    scratch_file(&world->scratch, "saved.trace", path);
    cr_assert(session_save(&world->session, path, &error), "%s", error.text);
    /* What was saved up to here, opened as a session of its own. */
    struct session again;
    const struct replay_options replay = {.trace_path = path, .check = true};
    cr_assert(session_open_replay(&again, &world->options, &replay, &error), "%s", error.text);
    session_seek_end(&again);
    cr_assert_eq(again.end, SESSION_NOT_ENDED, "%s", again.error.text);
    cr_expect(digest_equal(machine_digest(again.machine), world->places[8].digest));
    session_continue(&again); /* nothing of the host's is changed by it */
    struct digest before = file_digest(world->image);
    struct machine_until slice = machine_until_never();
    slice.time_ns = machine_time_ns(again.machine) + 10 * SLICE_NS;
    cr_expect_eq(session_run(&again, &slice), SESSION_RUNS);
    session_finish_as(&again, SESSION_END_QUIT, 0);
    cr_expect_eq(session_close(&again), 0);
    cr_expect(digest_equal(file_digest(world->image), before));
    world_free(world, 0);
}

Test(past, a_run_that_ends_while_the_past_is_looked_at_ends_where_it_was_newest, .timeout = 300)
{
    struct digest images[2];
    for (unsigned looks = 0; looks < 2; looks++) {
        struct world *world = world_make((size_t)64 << 20);
        run(world, 0, SLICES, KEY_A);
        if (looks)
            expect_place(world, 1);
        session_finish_as(&world->session, SESSION_END_QUIT, 0);
        cr_expect_eq(session_close(&world->session), 0);
        images[looks] = file_digest(world->image);
        scratch_remove(&world->scratch);
        free(world);
    }
    cr_expect(digest_equal(images[0], images[1]));
}

/* Its image takes nothing any more beyond its beginning. */
static void image_refuses(void)
{
    const struct rlimit limit = {65536, 65536};
    (void)signal(SIGXFSZ, SIG_IGN);
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

Test(past, an_image_that_cannot_be_put_back_ends_the_run_where_it_is_and_says_so, .timeout = 300)
{
    struct error error;
    uint8_t *figures;
    size_t size_bytes;
    char path[SCRATCH_PATH_BYTES], expected[64];
    struct world *world = world_make((size_t)64 << 20);
    run(world, 0, SLICES, KEY_A);
    expect_place(world, 4);
    scratch_file(&world->scratch, "figures.json", path);
    world->options.stats_path = path;
    image_refuses();
    session_continue(&world->session);
    cr_assert_eq(world->session.end, SESSION_END_ERROR);
    cr_expect_not_null(strstr(world->session.error.text, "the image cannot be made"), "%s",
                       world->session.error.text);
    cr_expect_eq(session_close(&world->session), 3);
    cr_expect_not_null(strstr(world->session.error.text, "the image cannot be made"), "%s",
                       world->session.error.text);
    (void)snprintf(expected, sizeof(expected), "\"instructions\":\t%llu,",
                   (unsigned long long)world->places[4].instructions);
    cr_assert(input_read(path, 65536, &figures, &size_bytes, &error), "%s", error.text);
    cr_expect_not_null(memmem(figures, size_bytes, expected, strlen(expected)),
                       "it went elsewhere, over what was forgotten: %.*s", (int)size_bytes,
                       (const char *)figures);
    free(figures);
    scratch_remove(&world->scratch);
    free(world);
}

Test(past, the_plug_is_out_again_at_the_newest_moment, .timeout = 300)
{
    struct world *world = world_make((size_t)64 << 20);
    run(world, 0, 4, KEY_A);
    session_power_cut(&world->session);
    cr_expect(session_is_off(&world->session));
    expect_place(world, 1);
    cr_expect(!session_is_off(&world->session));
    session_seek_end(&world->session);
    cr_expect(session_is_off(&world->session));
    session_continue(&world->session);
    session_power_restore(&world->session);
    cr_expect(!session_is_off(&world->session));
    run(world, 4, SLICES, KEY_A);
    expect_place(world, 6);
    expect_place(world, 2);
    world_free(world, 0);
}

Test(past, some_runs_keep_none_and_say_why)
{
    struct options options = {.history_bytes = 1};
    cr_expect_null(session_no_past(&options));
    options.record_path = "x";
    cr_expect_not_null(strstr(session_no_past(&options), "--record"));
    options.profile_paths[PROFILE_SVG] = "y";
    cr_expect_not_null(strstr(session_no_past(&options), "--trace-out and profiles"));
    options = (struct options){.history_bytes = 0};
    cr_expect_not_null(strstr(session_no_past(&options), "--history"));
    struct world *world = world_make(0);
    cr_expect_null(world->session.timeline);
    cr_expect(!session_in_past(&world->session));
    world_free(world, 0);
}
