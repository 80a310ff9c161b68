/* SPDX-License-Identifier: GPL-2.0-or-later */
/* emulator_layers_test.c - media that remember, against a plain copy of them at each write: back,
 * forward, thinned and on another branch, they hold what they held there.
 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/layers.h"
#include "tests/support_disks.h"

#define SECTORS 24u
#define WRITES 200u
#define BYTES (SECTORS * DISK_SECTOR_BYTES)

struct world {
    struct random random;
    struct layers *layers;
    const struct disk_store *store;
    uint8_t media[WRITES + 1][BYTES]; /* after each write */
};

static struct world *world_make(uint64_t seed)
{
    struct world *world = calloc(1, sizeof(*world));
    cr_assert(world);
    world->random.state = seed;
    world->layers = layers_create(NULL, SECTORS, false);
    world->store = layers_store(world->layers);
    memset(world->media[0] + 3 * DISK_SECTOR_BYTES, 0x5a, DISK_SECTOR_BYTES);
    layers_under(world->layers, 3, world->media[0] + 3 * DISK_SECTOR_BYTES, 1);
    return world;
}

static void world_free(struct world *world)
{
    layers_destroy(world->layers);
    free(world);
}

/* The write with this number; the same each time until media[number] is changed. */
static void write_one(struct world *world, uint64_t number, bool again)
{
    struct random random = {number * 77 + 5};
    uint64_t sector = random_below(&random, SECTORS);
    uint64_t count = 1 + random_below(&random, SECTORS - sector);
    uint8_t *after = world->media[number];
    if (!again) {
        memcpy(after, world->media[number - 1], BYTES);
        for (size_t i = 0; i < count * DISK_SECTOR_BYTES; i++)
            after[sector * DISK_SECTOR_BYTES + i] = (uint8_t)random_next(&world->random);
    }
    cr_assert_eq(layers_place(world->layers).writes, number - 1);
    cr_assert(world->store->write(world->store->context, sector,
                                  after + sector * DISK_SECTOR_BYTES, count));
}

static void media_expect(struct world *world, uint64_t number)
{
    uint8_t data[BYTES];
    struct layers_place place = layers_place(world->layers);
    cr_assert(world->store->read(world->store->context, 0, data, SECTORS));
    cr_assert_eq(memcmp(data, world->media[number], BYTES), 0, "after write %llu",
                 (unsigned long long)number);
    layers_go(world->layers, place);
}

Test(layers, back_and_forward_the_media_hold_what_they_held)
{
    struct world *world = world_make(1);
    for (uint64_t i = 1; i <= WRITES; i++)
        write_one(world, i, false);
    for (unsigned i = 0; i < 500; i++) {
        uint64_t number = random_below(&world->random, WRITES + 1);
        layers_go(world->layers, (struct layers_place){.writes = number});
        media_expect(world, number);
    }
    world_free(world);
}

Test(layers, what_was_thinned_comes_back_by_going_on)
{
    struct world *world = world_make(2);
    const struct layers_place places[] = {{.writes = 0}, {.writes = 50}, {.writes = 120}};
    for (uint64_t i = 1; i <= WRITES; i++)
        write_one(world, i, false);
    size_t before = layers_bytes(world->layers);
    layers_thin(world->layers, places, 3);
    cr_expect_lt(layers_bytes(world->layers), before / 2);
    media_expect(world, WRITES);
    for (unsigned i = 0; i < 3; i++) {
        layers_go(world->layers, places[i]);
        media_expect(world, places[i].writes);
        for (uint64_t number = places[i].writes + 1; number <= WRITES; number++) {
            write_one(world, number, true);
            media_expect(world, number);
        }
    }
    world_free(world);
}

Test(layers, another_branch_forgets_what_came_after)
{
    struct world *world = world_make(3);
    for (uint64_t i = 1; i <= WRITES; i++)
        write_one(world, i, false);
    layers_go(world->layers, (struct layers_place){.writes = 100});
    layers_branch(world->layers);
    for (uint64_t i = 101; i <= WRITES; i++)
        write_one(world, i, false);
    for (uint64_t i = 0; i <= WRITES; i += 7) {
        layers_go(world->layers, (struct layers_place){.writes = i});
        media_expect(world, i);
    }
    world_free(world);
}

Test(layers, what_settles_is_the_present)
{
    struct world *world = world_make(5);
    for (uint64_t i = 1; i <= WRITES; i++)
        write_one(world, i, false);
    for (uint64_t at = 40; at <= WRITES; at += 40) {
        struct layers *target = layers_create(NULL, SECTORS, false);
        layers_under(target, 0, world->media[0], SECTORS);
        layers_go(world->layers, (struct layers_place){.writes = at});
        cr_assert(layers_settle(world->layers, layers_store(target)));
        struct world other = {.layers = target, .store = layers_store(target)};
        memcpy(other.media[at], world->media[at], BYTES);
        media_expect(&other, at);
        layers_destroy(target);
    }
    world_free(world);
}

Test(layers, an_operation_that_the_host_refused_is_refused_again)
{
    struct world *world = world_make(4);
    uint8_t data[DISK_SECTOR_BYTES] = {1};
    const struct disk_store *store = world->store;
    layers_refuse(world->layers, 1);
    for (unsigned i = 0; i < 2; i++) {
        cr_expect(store->read(store->context, 0, data, 1));
        cr_expect_not(store->write(store->context, 0, data, 1));
        cr_expect(store->sync(store->context));
        cr_expect_eq(layers_place(world->layers).writes, 0);
        layers_go(world->layers, (struct layers_place){.writes = 0});
    }
    world_free(world);
}
