/* SPDX-License-Identifier: GPL-2.0-or-later */
/* emulator_layers_test.c - media that remember, against a plain copy of them at each write: back,
 * forward, thinned and on another branch, they hold what they held there.
 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "emulator/disk_file.h"
#include "emulator/layers.h"
#include "emulator/record_media.h"
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

/* What an image holds. */
static void image_expect(const struct layers *image, const uint8_t *expected)
{
    uint8_t data[BYTES];
    const struct disk_store *store = layers_store(image);
    cr_assert(store->read(store->context, 0, data, SECTORS));
    cr_assert_eq(memcmp(data, expected, BYTES), 0);
}

Test(layers, an_image_follows_the_present_and_is_put_back_when_the_past_goes_on)
{
    struct world *world = world_make(6);
    struct layers *image = world->layers; /* that of the world is what lies on the host's disk */
    world->layers = layers_create_live(world->store);
    world->store = layers_store(world->layers);
    for (uint64_t i = 1; i <= WRITES; i++) {
        write_one(world, i, false);
        image_expect(image, world->media[i]);
    }
    struct layers_place places[] = {{0}, {20, 0}, {60, 0}, {100, 0}, {140, 0}, {180, 0}};
    unsigned kept = 6;
    layers_detach(world->layers);
    for (uint64_t at = WRITES; at >= 40; at -= 40, kept--) {
        uint64_t newest = at == WRITES ? at : at + 40;
        layers_go(world->layers, places[kept - 1]);
        layers_thin(world->layers, places, kept); /* also what only the image still knows of */
        for (uint64_t number = at - 19; number <= at; number++)
            write_one(world, number, true);
        media_expect(world, at);
        image_expect(image, world->media[newest]); /* looking at the past changes nothing */
        cr_assert(layers_attach(world->layers));
        image_expect(image, world->media[at]);
        layers_detach(world->layers);
    }
    layers_go(world->layers, (struct layers_place){.writes = 0});
    media_expect(world, 0);
    layers_destroy(image);
    world_free(world);
}

Test(layers, what_was_before_the_run_goes_when_no_place_sees_it)
{
    struct world *world = world_make(7);
    struct layers *image = world->layers;
    const struct layers_place late = {.writes = WRITES - 1};
    world->layers = layers_create_live(world->store);
    world->store = layers_store(world->layers);
    for (uint64_t i = 1; i <= WRITES; i++)
        write_one(world, i, false);
    layers_thin(world->layers, &late, 1);
    cr_expect_leq(layers_bytes(world->layers), 2 * SECTORS * (DISK_SECTOR_BYTES + 64) + 4096);
    layers_go(world->layers, late);
    media_expect(world, late.writes);
    cr_assert(layers_attach(world->layers));
    layers_detach(world->layers);
    cr_assert(layers_attach(world->layers));
    image_expect(image, world->media[late.writes]);
    layers_destroy(image);
    world_free(world);
}

static bool never(void *context, uint64_t sector, const void *source, size_t sector_count)
{
    (void)context;
    (void)sector;
    (void)source;
    (void)sector_count;
    return false;
}

Test(layers, what_the_image_refused_is_refused_when_the_history_is_seen_again)
{
    uint64_t operation;
    uint8_t data[DISK_SECTOR_BYTES] = {1}, seen[DISK_SECTOR_BYTES];
    struct layers *image = layers_create(NULL, SECTORS, false);
    struct disk_store store = *layers_store(image);
    struct layers *layers = layers_create_live(&store);
    const struct disk_store *media = layers_store(layers);
    cr_expect(media->write(media->context, 2, data, 1));
    store.write = never;
    cr_expect_not(media->write(media->context, 1, data, 1));
    cr_expect(layers_refused(layers, 0, &operation) && operation == 1);
    cr_expect_not(layers_refused(layers, 1, &operation));
    store.write = layers_store(image)->write;
    layers_detach(layers);
    layers_go(layers, (struct layers_place){.writes = 0});
    cr_expect(media->write(media->context, 2, data, 1));
    cr_expect_not(media->write(media->context, 1, data, 1));
    cr_expect(media->read(media->context, 1, seen, 1) && seen[0] == 0);
    layers_go(layers, (struct layers_place){.writes = 0});
    store.write = never;
    cr_expect_not(layers_attach(layers), "the image cannot be put back, and nobody says so");
    layers_destroy(layers);
    layers_destroy(image);
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

/* An image file may have a hole where something lies over it. */
Test(layers, a_digest_sees_what_lies_over_a_hole)
{
    enum { CLUSTERS = 64 };
    struct scratch scratch;
    char path[SCRATCH_PATH_BYTES];
    struct error error;
    struct disk_file file;
    struct digest with_holes, whole, without;
    size_t count;
    uint8_t sector[DISK_SECTOR_BYTES];
    memset(sector, 0x5a, sizeof(sector));
    scratch_make(&scratch);
    scratch_write(&scratch, "image", sector, sizeof(sector));
    scratch_file(&scratch, "image", path);
    cr_assert_eq(truncate(path, CLUSTERS * RECORD_CLUSTER_BYTES), 0);
    cr_assert(disk_file_open(&file, path, NULL, true, &error), "%s", error.text);
    struct layers *layers = layers_create(&file.store, file.store.sector_count, false);
    struct record_data where = {.descriptor = file.descriptor}, anywhere = {.descriptor = -1};
    cr_assert(record_media_digest(layers_store(layers), &where, path, &without, &error));
    layers_under(layers, 63 * RECORD_CLUSTER_SECTORS + 7, sector, 1);
    layers_under(layers, 9 * RECORD_CLUSTER_SECTORS, sector, 1);
    uint64_t *over = layers_sectors(layers, &count);
    cr_assert_eq(count, 2);
    cr_expect_eq(over[0], 9 * RECORD_CLUSTER_SECTORS);
    cr_expect_eq(over[1], 63 * RECORD_CLUSTER_SECTORS + 7);
    where.sectors = over;
    where.sector_count = count;
    uint64_t next = record_cluster_next(&where, 10, CLUSTERS);
    cr_expect(next == 63 || next == 10, "%u", (unsigned)next); /* 10: of holes nothing is told */
    cr_assert(record_media_digest(layers_store(layers), &where, path, &with_holes, &error));
    cr_assert(record_media_digest(layers_store(layers), &anywhere, path, &whole, &error));
    cr_expect_eq(memcmp(&with_holes, &whole, sizeof(whole)), 0);
    cr_expect_neq(memcmp(&without, &whole, sizeof(whole)), 0);
    free(over);
    layers_destroy(layers);
    cr_expect(disk_file_finish(&file));
    scratch_remove(&scratch);
}

/* A replay counts operations, to refuse what the host refused: who looks on is none of them. */
Test(layers, looking_from_outside_is_no_operation)
{
    uint8_t data[DISK_SECTOR_BYTES], seen[DISK_SECTOR_BYTES];
    struct scratch scratch;
    char path[SCRATCH_PATH_BYTES];
    struct error error;
    struct record_media media;
    struct layers *layers = layers_create(NULL, SECTORS, false);
    const struct disk_store *store = layers_store(layers);
    memset(data, 0x5a, sizeof(data));
    cr_assert(store->write(store->context, 3, data, 1));
    layers_refuse(layers, 1);
    cr_assert(disk_store_peek(store, 3, seen, 1));
    cr_expect_eq(memcmp(seen, data, sizeof(data)), 0);
    cr_expect_eq(layers_place(layers).operations, 1);
    cr_expect_not(store->read(store->context, 3, seen, 1)); /* that one was refused */
    layers_destroy(layers);
    scratch_make(&scratch);
    scratch_write(&scratch, "image", data, sizeof(data));
    scratch_file(&scratch, "image", path);
    cr_assert(record_media_open(&media, 0, path, NULL, true, &error), "%s", error.text);
    cr_expect(disk_store_peek(&media.store, 0, seen, 1));
    cr_expect_eq(memcmp(seen, data, sizeof(data)), 0);
    cr_expect_eq(media.operations, 0);
    cr_expect(record_media_finish(&media));
    scratch_remove(&scratch);
}
