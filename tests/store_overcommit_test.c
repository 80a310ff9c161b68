/* SPDX-License-Identifier: GPL-2.0-or-later */
/* store_overcommit_test.c - a domain that changes three times as many pages and nodes as there is
 * memory for, in random order, with a checkpoint, and check_all(), each 10^7 instructions, finds at
 * every visit what it left there, and ends with the right sum; and so does what a restart finds
 * after the plug was pulled. LATCHKEY_LONG: for 10^9 instructions. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "disks/add.h"
#include "disks/domains/overcommit.h"
#include "kernel/limits.h"
#include "tests/support_disks.h"
#include "tests/support_power.h"

#define KERNEL LATCHKEY_BUILD_DIR "/kernel.elf"
#define PROGRAM LATCHKEY_BUILD_DIR "/domains/overcommit.elf"
#define ROUNDS LATCHKEY_BUILD_DIR "/domains/rounds.elf"
#define MANY_DOMAINS 60u
#define MANY_INSTRUCTIONS_MAX 100000000ull
#define INSTRUCTIONS_LONG 1000000000ull
#define INSTRUCTIONS_MAX 10000000000ull
#define RAM_BYTES (16ull << 20)
#define CHECKPOINT_INSTRUCTIONS 10000000u /* at most, from one to the next */
#define NODES_MAX 2400u /* of that memory; the kernel says how many there are */
#define ROUNDS_FEW 3u /* more take more than INSTRUCTIONS_LONG */
#define FACTOR 3u /* of what is changed to what there is memory for */

struct world {
    uint64_t ram_bytes, pages, nodes, rounds, area;
    const char *store_words, *append;
    unsigned volumes;
    bool instant; /* its disks take no time */
    struct scratch scratch;
    char images[2][SCRATCH_PATH_BYTES];
    struct transcript transcript;
    struct machine *machine;
};

static void world_make(struct world *world)
{
    char text[1024];
    struct error error;
    scratch_make(&world->scratch);
    snprintf(text, sizeof(text),
             "store overcommit nodes %llu pages %llu area %llu %s\n"
             "segment pages zero %lluK\n"
             "domain overcommit {\n program %s\n map pages at 0x50000000\n"
             " argument 0 %llu\n argument 1 %llu\n key 0 = range nodes 0 %llu\n"
             " key 3 = data-creator\n key 10 = power\n key 12 = console\n run\n}\n",
             (unsigned long long)(world->nodes + world->pages / 15 + 100),
             (unsigned long long)(world->pages + 200), (unsigned long long)world->area,
             world->store_words, (unsigned long long)(4 * world->pages), PROGRAM,
             (unsigned long long)world->pages, (unsigned long long)world->rounds,
             (unsigned long long)world->nodes);
    cr_assert(recipe_make(&world->scratch, text, "world.img", &error), "%s", error.text);
    scratch_file(&world->scratch, "world.img", world->images[0]);
    scratch_file(&world->scratch, "world-1.img", world->images[1]);
}

static void world_start(struct world *world)
{
    struct error error;
    struct machine_config config = {.ram_bytes = world->ram_bytes, .kernel_path = KERNEL,
                                    .append = world->append, .disk_count = world->volumes};
    for (unsigned i = 0; i < world->volumes; i++)
        config.disks[i] = (struct machine_disk){.path = world->images[i],
                                                .timing = world->instant ? DISK_TIMING_INSTANT
                                                                         : DISK_TIMING_SSD};
    config.console = transcript_sink(&world->transcript);
    cr_assert(machine_create(&world->machine, &config, &error), "%s", error.text);
}

/* Run it to its end: with the right sum. */
static void world_run(struct world *world)
{
    char sum[100];
    struct machine_until until = machine_until_never();
    until.instructions = INSTRUCTIONS_MAX;
    struct machine_stop stop = machine_run(world->machine, &until);
    cr_assert_eq(stop.reason, MACHINE_STOP_POWER_OFF, "%u: %s", stop.reason,
                 world->transcript.text);
    cr_assert_eq(stop.code, 0, "%s", world->transcript.text);
    snprintf(sum, sizeof(sum), "sum %llx\r\n",
             (unsigned long long)overcommit_sum(world->pages, world->nodes, world->rounds));
    cr_assert(strstr(world->transcript.text, sum), "not %s%s", sum, world->transcript.text);
    struct machine_stats stats = machine_stats(world->machine);
    printf("%s%llu instructions, %llu cycles, generation %llu\n", world->transcript.text,
           (unsigned long long)stats.instructions, (unsigned long long)stats.cycles,
           (unsigned long long)stats.generation);
    if (world->rounds > ROUNDS_FEW)
        cr_expect_gt(stats.instructions, INSTRUCTIONS_LONG);
}

/* There were as many checkpoints as there were to be. */
static void often_expect(const struct world *world)
{
    cr_expect_geq(machine_stats(world->machine).generation,
                  machine_instructions(world->machine) / CHECKPOINT_INSTRUCTIONS);
}

static void world_end(struct world *world)
{
    struct digest digest;
    const char *paths[2] = {world->images[0], world->images[1]};
    machine_destroy(world->machine);
    (void)image_digest(paths, world->volumes, &digest, NULL, "at the end");
    scratch_remove(&world->scratch);
}

/* Three times what there is memory for, in a world whose other words are given. */
static void overcommit(struct world *world, uint64_t pages, uint64_t nodes)
{
    world->ram_bytes = RAM_BYTES;
    world->pages = FACTOR * pages;
    world->nodes = FACTOR * nodes;
    if (!world->area)
        world->area = pages + nodes / 10 + 64;
    if (!world->store_words)
        world->store_words = "";
    if (!world->volumes)
        world->volumes = 1;
    world_make(world);
    world_start(world);
}

static uint64_t rounds_of(uint64_t few, uint64_t many)
{
    return getenv("LATCHKEY_LONG") ? many : few;
}

Test(overcommit, three_times_the_memory_ends_with_the_right_answer, .timeout = 3000)
{
    struct world world = {.rounds = rounds_of(1, 4), .append = "pages=400 checkpoint=15",
                          .instant = true}; /* a real one would not be done in that time */
    overcommit(&world, 400, NODES_MAX);
    world_run(&world);
    often_expect(&world);
    world_end(&world);
}

Test(overcommit, three_times_the_least_pools_end_with_the_right_answer, .timeout = 3000)
{
    struct world world = {.rounds = rounds_of(3, 70), .append = "small pages=32 checkpoint=50"};
    overcommit(&world, LIMIT_PAGES_MIN, LIMIT_NODES_MIN);
    world_run(&world);
    often_expect(&world);
    world_end(&world);
}

/* Nothing but the area asks for a checkpoint here. */
Test(overcommit, what_changes_needs_a_checkpoint_when_the_area_is_full_and_not_the_memory)
{
    struct world world = {.rounds = 1, .area = 2000, .append = "small pages=64 checkpoint=0"};
    overcommit(&world, 64, LIMIT_NODES_MIN);
    world_run(&world);
    cr_expect_eq(machine_stats(world.machine).generation, 1);
    world_end(&world);
    world = (struct world){.rounds = rounds_of(3, 90), .area = 100,
                           .append = "pages=64 checkpoint=0"};
    overcommit(&world, 64, LIMIT_NODES_MIN);
    world_run(&world);
    cr_expect_gt(machine_stats(world.machine).generation, 1);
    world_end(&world);
}

/* The plug is pulled again and again, while objects are paged out, written or brought home. */
Test(overcommit, no_cut_loses_what_was_paged_out, .timeout = 3000)
{
    struct error error;
    struct random random = {getenv("LATCHKEY_SEED") ? strtoull(getenv("LATCHKEY_SEED"), NULL, 0)
                                                    : 1};
    printf("LATCHKEY_SEED=%llu\n", (unsigned long long)random.state);
    struct world world = {.rounds = 2, .append = "small pages=48 checkpoint=30"};
    overcommit(&world, 48, LIMIT_NODES_MIN);
    for (uint64_t cuts = rounds_of(20, 400); cuts > 0; cuts--) {
        struct machine_until until = machine_until_never();
        until.cycles = machine_cycles(world.machine) + random_below(&random, 8000000);
        if (machine_run(world.machine, &until).reason != MACHINE_STOP_CYCLES)
            break;
        const struct power_cut cut = {
            .policy = (enum power_policy)random_below(&random, POWER_POLICY_COUNT),
            .seed = random_next(&random)};
        cr_assert(machine_power_cut(world.machine, &cut, &error), "%s", error.text);
        cr_assert(machine_reset(world.machine, &error), "%s", error.text);
        world.transcript.length = 0;
    }
    world_run(&world);
    world_end(&world);
}

/* One of a mirrored pair dies at an instruction; after a power cut a fresh one takes its place. */
static void pair_run(uint64_t rounds, uint64_t death)
{
    struct error error;
    const struct machine_fault dead = {1, {.kind = DISK_FAULT_DEAD}};
    const struct power_cut cut = {.policy = POWER_DROP};
    const struct add_request request = {.mirror = true};
    struct world world = {.rounds = rounds, .append = "small pages=64 checkpoint=50",
                          .store_words = "volumes 2 mirror", .volumes = 2};
    overcommit(&world, 64, LIMIT_NODES_MIN);
    struct machine_until until = machine_until_never();
    until.instructions = death;
    cr_assert_eq(machine_run(world.machine, &until).reason, MACHINE_STOP_INSTRUCTIONS);
    cr_assert(machine_disk_fault(world.machine, &dead, &error), "%s", error.text);
    until.instructions += 20000000;
    cr_assert_eq(machine_run(world.machine, &until).reason, MACHINE_STOP_INSTRUCTIONS, "%s",
                 world.transcript.text);
    cr_assert(strstr(world.transcript.text, "goes on without it"), "%s", world.transcript.text);
    /* With one copy of each home a cut must not come while they are written. */
    until = machine_until_never();
    until.trace_kind = TRACE_PHASE_LEAVE;
    until.trace_argument = TRACE_PHASE_MIGRATE;
    cr_assert_eq(machine_run(world.machine, &until).reason, MACHINE_STOP_TRACE);
    cr_assert(machine_power_cut(world.machine, &cut, &error), "%s", error.text);
    machine_destroy(world.machine);
    cr_assert_eq(unlink(world.images[1]), 0);
    struct store *store = store_opened(world.images[0]);
    cr_assert(add_volume(store, &request, world.images[1], &error), "%s", error.text);
    store_dropped(store);
    world.transcript = (struct transcript){.length = 0};
    world_start(&world);
    world_run(&world);
    often_expect(&world);
    cr_expect(strstr(world.transcript.text, "were brought in step"), "%s", world.transcript.text);
    cr_expect_null(strstr(world.transcript.text, " 0 ranges were brought in step"), "%s",
                   world.transcript.text);
    world_end(&world);
}

Test(overcommit, a_pair_of_which_one_dies_and_a_fresh_one_joins_ends_with_the_right_answer,
     .timeout = 3000)
{
    uint64_t last = rounds_of(22000000, 30000000), step = rounds_of(7000000, 1300000);
    for (uint64_t death = 15000000; death <= last; death += step)
        pair_run(3, death);
    if (getenv("LATCHKEY_LONG"))
        pair_run(70, INSTRUCTIONS_LONG / 2);
}

/* More domains than pots: each waits for its own, and comes to use it before another takes it. */
static void many_domains(const char *append)
{
    struct world world = {.ram_bytes = RAM_BYTES, .volumes = 1, .append = append};
    struct error error;
    struct machine_until until = machine_until_never();
    char *text = calloc(MANY_DOMAINS + 2, 160), *at = text;
    cr_assert(text);
    at += sprintf(at, "store many nodes 2000 pages 2000\ndomain rounds {\n program " ROUNDS
                      "\n key 0 = range nodes\n key 1 = data-creator\n key 2 = checkpoint\n"
                      " key 10 = power\n key 11 = timer\n key 12 = console\n run\n}\n");
    for (unsigned i = 0; i < MANY_DOMAINS; i++)
        at += sprintf(at, "domain idler_%u {\n program " ROUNDS "\n key 11 = timer\n run\n}\n",
                      i);
    scratch_make(&world.scratch);
    cr_assert(recipe_make(&world.scratch, text, "world.img", &error), "%s", error.text);
    scratch_file(&world.scratch, "world.img", world.images[0]);
    free(text);
    world_start(&world);
    until.generation = 4;
    until.instructions = MANY_INSTRUCTIONS_MAX;
    cr_expect_eq(machine_run(world.machine, &until).reason, MACHINE_STOP_GENERATION, "%s: %s",
                 append, world.transcript.text);
    world_end(&world);
}

Test(overcommit, more_domains_than_pots_do_not_take_them_from_each_other_for_ever)
{
    many_domains("checkpoint=0");
    many_domains("checkpoint=0 small");
}

static uint64_t phase_reach(struct world *world, enum trace_kind kind, enum trace_phase phase)
{
    struct machine_until until = machine_until_never();
    until.trace_kind = kind;
    until.trace_argument = phase;
    cr_assert_eq(machine_run(world->machine, &until).reason, MACHINE_STOP_TRACE, "%s",
                 world->transcript.text);
    return machine_cycles(world->machine);
}

/* The interval is shorter than what a checkpoint takes here. */
Test(overcommit, the_interval_leaves_time_between_a_migration_and_the_next_freeze)
{
    struct world world = {.rounds = 20, .area = 4000, .append = "pages=200 checkpoint=8"};
    overcommit(&world, 200, LIMIT_NODES_MIN);
    (void)phase_reach(&world, TRACE_PHASE_LEAVE, TRACE_PHASE_MIGRATE);
    for (unsigned i = 0; i < 8; i++) {
        uint64_t begin = phase_reach(&world, TRACE_PHASE_ENTER, TRACE_PHASE_FREEZE);
        uint64_t end = phase_reach(&world, TRACE_PHASE_LEAVE, TRACE_PHASE_MIGRATE);
        uint64_t next = phase_reach(&world, TRACE_PHASE_ENTER, TRACE_PHASE_FREEZE);
        cr_expect_geq(4 * (next - end), end - begin, "%llu, %llu, %llu", (unsigned long long)begin,
                      (unsigned long long)end, (unsigned long long)next);
        (void)phase_reach(&world, TRACE_PHASE_LEAVE, TRACE_PHASE_MIGRATE);
    }
    machine_destroy(world.machine);
    scratch_remove(&world.scratch);
}

/* Fill a store with so small an area until its domain is told to stop. */
static void fill(uint64_t area, const char *pages_said, const char *nodes_said)
{
    struct world world = {.ram_bytes = RAM_BYTES, .volumes = 1,
                          .append = "small pages=64 checkpoint=20"};
    struct error error;
    char text[512];
    struct machine_until until = machine_until_never();
    until.instructions = MANY_INSTRUCTIONS_MAX;
    snprintf(text, sizeof(text),
             "store full nodes 400 pages 300 area %llu\ndomain full {\n program %s\n"
             " key 0 = range pages\n key 1 = range nodes\n key 4 = data-creator\n"
             " key 10 = power\n key 12 = console\n run\n}\n",
             (unsigned long long)area, LATCHKEY_BUILD_DIR "/domains/full.elf");
    scratch_make(&world.scratch);
    cr_assert(recipe_make(&world.scratch, text, "world.img", &error), "%s", error.text);
    scratch_file(&world.scratch, "world.img", world.images[0]);
    world_start(&world);
    struct machine_stop stop = machine_run(world.machine, &until);
    cr_assert_eq(stop.reason, MACHINE_STOP_POWER_OFF, "%s", world.transcript.text);
    cr_expect_eq(stop.code, 0, "%s", world.transcript.text);
    cr_expect(strstr(world.transcript.text, pages_said), "%s", world.transcript.text);
    cr_expect(strstr(world.transcript.text, nodes_said), "%s", world.transcript.text);
    cr_expect(strstr(world.transcript.text, ", 0 wrong"), "%s", world.transcript.text);
    world_end(&world);
}

Test(overcommit, a_store_that_is_full_says_so_to_who_asked_and_goes_on)
{
    fill(300, "pages: no more of them", "nodes: no more of them");
    fill(8, "pages: no space for pages", "nodes: no space for nodes");
}
