/* SPDX-License-Identifier: GPL-2.0-or-later */
/* store_damage_test.c - flipped bits and lost sectors in node pots, directories and checkpoint
 * headers of a store that the kernel wrote, cut off between commit and migration. Each is found by
 * check; digest sees the same store as before or refuses; and the system restarts from the
 * checkpoint that was the newest, and goes on. LATCHKEY_LONG: restarts with every damage.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/support_disks.h"
#include "tests/support_power.h"

#define WHOLE "damage-whole.img"
#define DAMAGED "damage-damaged.img"
#define GENERATION 3u /* newest on the media */
#define ROUNDS 64u

enum damage { DAMAGE_BIT, DAMAGE_SECTOR, DAMAGE_KINDS };

/* The demo up to a checkpoint, and the plug pulled. */
static void whole_make(void)
{
    struct transcript *transcript = calloc(1, sizeof(*transcript));
    struct error error;
    struct power_cut cut = {.policy = POWER_DROP};
    const char *whole = WHOLE;
    cr_assert_not_null(transcript);
    image_copy(LATCHKEY_BUILD_DIR "/shared-demo.img", WHOLE);
    struct machine *machine = checkpoint_machine(&whole, 1, transcript);
    struct machine_until until = machine_until_never();
    until.generation = GENERATION;
    until.cycles = POWER_CYCLES_MAX;
    struct machine_stop stop = machine_run(machine, &until);
    cr_assert_eq(stop.reason, MACHINE_STOP_GENERATION, "%s", transcript->text);
    until = machine_until_never(); /* when the second plex of the header is written too */
    until.phases = 1u << TRACE_PHASE_MIGRATE;
    until.cycles = machine_cycles(machine) + POWER_CYCLES_MAX;
    stop = machine_run(machine, &until);
    cr_assert_eq(stop.reason, MACHINE_STOP_PHASE, "%s", transcript->text);
    cr_assert(machine_power_cut(machine, &cut, &error), "%s", error.text);
    machine_destroy(machine);
    free(transcript);
}

/* A block of a node range, of a copy of the newest directory or of a checkpoint header, drawn. */
static uint64_t block_draw(struct random *random, struct store *store)
{
    const struct ckpt_header *newest = store_newest(store);
    struct store_home home;
    unsigned plex = (unsigned)random_below(random, STORE_PLEXES);
    switch (random_below(random, 3)) {
    case 0: {
        uint64_t block = random_below(random, newest->directory_blocks);
        struct store_directory directory;
        cr_assert_null(store_directory_read(store, newest, plex, &directory));
        cr_assert(store_home(store, RANGE_CKPT_AREA, directory.blocks[block], 0, &home));
        store_directory_finish(&directory);
        break;
    }
    case 1:
        return LOCATION_BLOCK(store->places[random_below(random, 2)][plex].location);
    default: {
        struct volume_range nodes = range_of(WHOLE, RANGE_NODES, plex);
        return nodes.start_block + random_below(random, nodes.block_count);
    }
    }
    return LOCATION_BLOCK(home.location);
}

/* Damage a sector that means something: a header is one sector, all else whole blocks. */
static void block_damage(struct random *random, enum damage damage, uint64_t at)
{
    uint8_t block[BLOCK_BYTES];
    block_load(DAMAGED, at, block);
    struct ckpt_header *header = (struct ckpt_header *)block;
    bool is_header = memcmp(header->magic, CKPT_MAGIC, sizeof(header->magic)) == 0;
    unsigned sector = is_header ? 0 : (unsigned)random_below(random, BLOCK_BYTES / SECTOR_BYTES);
    uint8_t *bytes = block + (size_t)sector * SECTOR_BYTES;
    if (damage == DAMAGE_BIT)
        bytes[random_below(random, SECTOR_BYTES)] ^= (uint8_t)(1u << random_below(random, 8));
    else
        for (unsigned i = 0; i < SECTOR_BYTES; i++)
            bytes[i] = (uint8_t)random_next(random);
    block_save(DAMAGED, at, block);
}

static void damage_one(struct random *random, enum damage damage, const struct digest *expected,
                       bool restart)
{
    const char *damaged = DAMAGED;
    char where[80];
    struct digest digest;
    uint64_t found;
    image_copy(WHOLE, DAMAGED);
    struct store *store = store_opened(WHOLE);
    uint64_t at = block_draw(random, store);
    store_dropped(store);
    block_damage(random, damage, at);
    (void)snprintf(where, sizeof(where), "%s in block %u", damage == DAMAGE_BIT ? "bit" : "sector",
                   (unsigned)at);
    cr_assert_eq(image_digest(&damaged, 1, &digest, &found, where), GENERATION, "%s", where);
    cr_assert(digest.low == expected->low && digest.high == expected->high, "%s", where);
    cr_assert_gt(found, 0, "%s: not found", where);
    if (!restart)
        return;
    struct transcript *transcript = calloc(1, sizeof(*transcript));
    cr_assert_not_null(transcript);
    struct machine *machine = checkpoint_machine(&damaged, 1, transcript);
    restart_expect(machine, transcript, GENERATION, where);
    machine_destroy(machine);
    cr_assert_eq(image_digest(&damaged, 1, &digest, NULL, where), GENERATION + 1, "%s", where);
    free(transcript);
}

Test(store_damage, is_found_and_repaired_and_never_taken_for_the_truth, .timeout = 3000)
{
    const uint64_t seed = 41;
    struct random random = {seed};
    struct digest expected;
    uint64_t found;
    bool all = getenv("LATCHKEY_LONG") != NULL;
    printf("seed %u\n", (unsigned)seed);
    const char *whole = WHOLE;
    whole_make();
    cr_assert_eq(image_digest(&whole, 1, &expected, &found, "as cut off"), GENERATION);
    cr_assert_eq(found, 0, "nothing is damaged yet");
    for (unsigned i = 0; i < DAMAGE_KINDS * ROUNDS; i++)
        damage_one(&random, i % DAMAGE_KINDS, &expected, all || i % 16 < DAMAGE_KINDS);
    (void)unlink(WHOLE);
    (void)unlink(DAMAGED);
}
