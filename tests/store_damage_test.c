/* SPDX-License-Identifier: GPL-2.0-or-later */
/* store_damage_test.c - flipped bits and unreadable sectors in node pots, page pots, directories,
 * headers and areas of a store that the kernel wrote and that was cut off between commit and
 * migration; on one disk and on a mirrored pair. Where another copy is left, check finds the
 * damage, digest sees the same store as before, the system restarts from the newest checkpoint,
 * brings it home and commits the next; then all that did not change is as it was, and the bad copy
 * is good again. Where none is left, nobody takes what is there for the truth.
 *
 * A sector that is unreadable to the machine is full of random bytes to the tools. LATCHKEY_LONG:
 * restarts with every damage.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/support_disks.h"
#include "tests/support_power.h"

#define GENERATION 3u /* newest on the media */
#define ROUNDS 64u
#define VOLUMES_MAX 2u
#define RESTART_EACH 9u /* one damage in so many is followed by a restart */

static const char *const wholes[VOLUMES_MAX] = {"damage-whole.img", "damage-whole-1.img"};
static const char *const damaged[VOLUMES_MAX] = {"damage-damaged.img", "damage-damaged-1.img"};

enum damage { DAMAGE_BIT, DAMAGE_SECTOR, DAMAGE_KINDS };
enum place {
    IN_NODES, IN_DIRECTORY, IN_CHECKPOINT_HEADER, IN_PAGE_POTS, IN_VOLUME_HEADER, IN_AREA
};

struct trial {
    unsigned volumes;
    struct random random;
    struct digest expected; /* of what was cut off */
    unsigned restarts, repairs;
    bool copied; /* the damaged images are the whole ones */
};

/* One damaged sector. */
struct spot {
    enum place place;
    enum damage damage;
    unsigned disk;
    uint64_t block;
    unsigned sector;
    bool written; /* by migration, or anew */
};

static struct store *volumes_opened(const char *const *paths, unsigned volumes)
{
    struct error error;
    struct store *store = malloc(sizeof(*store));
    cr_assert_not_null(store);
    cr_assert(store_open(store, paths, volumes, &error), "%s", error.text);
    cr_assert(store_use(store, 0, &error), "%s", error.text);
    return store;
}

/* The demo up to a checkpoint, and the plug pulled before any of it is brought home. */
static void wholes_make(struct trial *trial, const char *words)
{
    struct transcript *transcript = calloc(1, sizeof(*transcript));
    struct error error;
    uint64_t found;
    struct power_cut cut = {.policy = POWER_DROP};
    cr_assert_not_null(transcript);
    demo_make(wholes[0], words);
    struct machine *machine = checkpoint_machine(wholes, trial->volumes, transcript);
    struct machine_until until = machine_until_never();
    until.generation = GENERATION;
    until.cycles = POWER_CYCLES_MAX;
    struct machine_stop stop = machine_run(machine, &until);
    cr_assert_eq(stop.reason, MACHINE_STOP_GENERATION, "%s", transcript->text);
    cr_assert(machine_power_cut(machine, &cut, &error), "%s", error.text);
    machine_destroy(machine);
    free(transcript);
    cr_assert_eq(image_digest(wholes, trial->volumes, &trial->expected, &found, "as cut off"),
                 GENERATION);
    cr_assert_eq(found, 0, "nothing is damaged yet");
}

static void spot_set(struct spot *spot, uint64_t location)
{
    spot->disk = LOCATION_DISK(location);
    spot->block = LOCATION_BLOCK(location);
}

/* The block of an object, of a plex of an area, or of the pots. */
static void spot_find(struct spot *spot, struct store *store, enum range_kind kind, uint64_t id,
                      unsigned plex)
{
    struct store_home home;
    cr_assert(store_home(store, kind, id, plex, &home), "kind %u, %llx, plex %u", kind,
              (unsigned long long)id, plex);
    spot_set(spot, home.location);
}

/* A page or node of the checkpoint. */
static const struct directory_entry *entry_draw(struct random *random, const struct store *store,
                                                bool page, bool node)
{
    const struct store_directory *directory = &store->directory;
    for (;;) {
        const struct directory_entry *entry =
            &directory->entries[random_below(random, directory->count)];
        if ((page && entry->kind == DIRECTORY_PAGE) || (node && entry->kind == DIRECTORY_NODE))
            return entry;
    }
}

/* A pot of any objects, or of some that will be brought home. */
static void pot_draw(struct trial *trial, struct store *store, struct spot *spot, unsigned plex)
{
    bool node = spot->place == IN_NODES;
    enum range_kind kind = node ? RANGE_NODES : RANGE_PAGE_POTS;
    uint64_t id = 1 + random_below(&trial->random, store_end(store, kind) - 1);
    spot->written = random_below(&trial->random, 2);
    if (spot->written)
        id = disk_id(entry_draw(&trial->random, store, !node, node)->object_id);
    spot_find(spot, store, kind, id, plex);
}

/* Somewhere in a place, drawn. */
static void spot_draw(struct trial *trial, struct store *store, struct spot *spot)
{
    struct random *random = &trial->random;
    unsigned plex = (unsigned)random_below(random, STORE_PLEXES);
    unsigned area_plex = trial->volumes > 1 ? plex : 0; /* else areas have one */
    struct store_directory directory;
    switch (spot->place) {
    case IN_NODES:
    case IN_PAGE_POTS:
        pot_draw(trial, store, spot, plex);
        break;
    case IN_DIRECTORY:
        spot->written = true;
        cr_assert_null(store_directory_read(store, &store->header,
                                            (unsigned)random_below(random, 2), &directory));
        spot_find(spot, store, RANGE_CKPT_AREA,
                  directory.blocks[random_below(random, store->header.directory_blocks)],
                  area_plex);
        store_directory_finish(&directory);
        break;
    case IN_CHECKPOINT_HEADER:
        spot->written = true;
        spot_set(spot, store->places[random_below(random, 2)][plex].location);
        break;
    case IN_VOLUME_HEADER:
        spot->disk = (unsigned)random_below(random, trial->volumes);
        spot->block = plex ? store_volume(store, spot->disk)->header.block_count - 1 : 0;
        break;
    case IN_AREA:
        spot_find(spot, store, RANGE_CKPT_AREA, entry_draw(random, store, true, true)->location,
                  area_plex);
        break;
    }
    /* A checkpoint header is one sector; all else is whole blocks. */
    spot->sector = spot->place == IN_CHECKPOINT_HEADER
                       ? 0
                       : (unsigned)random_below(random, BLOCK_BYTES / SECTOR_BYTES);
}

static void spot_damage(struct random *random, const struct spot *spot)
{
    uint8_t block[BLOCK_BYTES];
    block_load(damaged[spot->disk], spot->block, block);
    uint8_t *bytes = block + (size_t)spot->sector * SECTOR_BYTES;
    if (spot->damage == DAMAGE_BIT)
        bytes[random_below(random, SECTOR_BYTES)] ^= (uint8_t)(1u << random_below(random, 8));
    else
        for (unsigned i = 0; i < SECTOR_BYTES; i++)
            bytes[i] = (uint8_t)random_next(random);
    block_save(damaged[spot->disk], spot->block, block);
}

static struct machine *machine_with(const struct trial *trial, const struct spot *spots,
                                    unsigned count, struct transcript *transcript)
{
    struct error error;
    *transcript = (struct transcript){.length = 0};
    struct machine *machine = checkpoint_machine(damaged, trial->volumes, transcript);
    for (unsigned i = 0; i < count; i++) {
        struct machine_fault fault = {
            spots[i].disk,
            {.kind = DISK_FAULT_UNREADABLE,
             .sector = spots[i].block * (BLOCK_BYTES / SECTOR_BYTES) + spots[i].sector}};
        if (spots[i].damage == DAMAGE_SECTOR)
            cr_assert(machine_disk_fault(machine, &fault, &error), "%s", error.text);
    }
    return machine;
}

static void page_must_be_same(struct store *before, struct store *after, uint64_t id,
                              const char *where)
{
    static struct store_page pages[2];
    if (store_directory_find(&after->directory, RANGE_PAGES, id))
        return;
    cr_assert_null(store_page(before, id, &pages[0]), "%s: page %llu", where,
                   (unsigned long long)id);
    cr_assert_null(store_page(after, id, &pages[1]), "%s: page %llu", where,
                   (unsigned long long)id);
    cr_assert_eq(pages[0].allocation_count, pages[1].allocation_count);
    cr_assert_eq(memcmp(pages[0].data, pages[1].data, BLOCK_BYTES), 0, "%s: page %llu", where,
                 (unsigned long long)id);
}

/* What the newest checkpoint does not have is as it was in the one before. */
static void unchanged_must_be_same(const struct trial *trial, const char *where)
{
    struct store *before = volumes_opened(wholes, trial->volumes);
    struct store *after = volumes_opened(damaged, trial->volumes);
    cr_assert_eq(after->header.generation, GENERATION + 1, "%s", where);
    for (uint64_t id = 1; (id = store_next(before, RANGE_PAGE_POTS, id)) != 0; id++)
        page_must_be_same(before, after, id, where);
    for (uint64_t id = 1; (id = store_next(before, RANGE_NODES, id)) != 0; id++) {
        struct store_node nodes[2];
        if (store_directory_find(&after->directory, RANGE_NODES, id))
            continue;
        cr_assert_null(store_node(before, id, &nodes[0]), "%s", where);
        cr_assert_null(store_node(after, id, &nodes[1]), "%s", where);
        cr_assert_eq(memcmp(&nodes[0].node, &nodes[1].node, sizeof(nodes[0].node)), 0,
                     "%s: node %llu", where, (unsigned long long)id);
    }
    store_dropped(before);
    store_dropped(after);
}

/* The system restarts from what is damaged, and commits the next checkpoint. */
static void restart_with(struct trial *trial, const struct spot *spot, const char *where)
{
    struct transcript *transcript = calloc(1, sizeof(*transcript));
    struct digest digest;
    struct error error;
    const struct power_cut cut = {.policy = POWER_DROP};
    uint64_t found;
    cr_assert_not_null(transcript);
    struct machine *machine = machine_with(trial, spot, 1, transcript);
    restart_expect(machine, transcript, GENERATION, where);
    cr_assert(machine_power_cut(machine, &cut, &error), "%s", error.text);
    machine_destroy(machine);
    cr_assert_eq(image_digest(damaged, trial->volumes, &digest, &found, where), GENERATION + 1,
                 "%s", where);
    bool told = strstr(transcript->text, "rewritten from the other") != NULL;
    trial->repairs += told;
    trial->restarts++;
    if (told || spot->written)
        cr_assert_eq(found, 0, "%s: not repaired: %s", where, transcript->text);
    else /* nobody has read that copy, or who did had the other */
        cr_assert_leq(found, 1, "%s", where);
    unchanged_must_be_same(trial, where);
    free(transcript);
}

static void damage_one(struct trial *trial, struct spot spot, bool restart)
{
    static const char *const names[] = {"nodes",     "directory",     "checkpoint header",
                                        "page pots", "volume header", "area"};
    char where[80];
    struct digest digest;
    uint64_t found;
    uint8_t block[BLOCK_BYTES];
    for (unsigned i = 0; i < trial->volumes && !trial->copied; i++)
        image_copy(wholes[i], damaged[i]);
    struct store *store = volumes_opened(wholes, trial->volumes);
    spot_draw(trial, store, &spot);
    store_dropped(store);
    block_load(damaged[spot.disk], spot.block, block);
    spot_damage(&trial->random, &spot);
    (void)snprintf(where, sizeof(where), "%s in %s, disk %u, block %u",
                   spot.damage == DAMAGE_BIT ? "bit" : "sector", names[spot.place], spot.disk,
                   (unsigned)spot.block);
    cr_assert_eq(image_digest(damaged, trial->volumes, &digest, &found, where), GENERATION, "%s",
                 where);
    cr_assert(digest.low == trial->expected.low && digest.high == trial->expected.high, "%s",
              where);
    cr_assert_gt(found, 0, "%s: not found", where);
    trial->copied = !restart;
    if (restart)
        restart_with(trial, &spot, where);
    else
        block_save(damaged[spot.disk], spot.block, block);
}

static void files_remove(const struct trial *trial)
{
    for (unsigned i = 0; i < trial->volumes; i++) {
        (void)unlink(wholes[i]);
        (void)unlink(damaged[i]);
    }
}

static void trial_run(unsigned volumes, const char *words, enum place last)
{
    struct trial trial = {.volumes = volumes, .random = {41 + volumes}};
    bool all = getenv("LATCHKEY_LONG") != NULL;
    printf("%u volumes, seed %u\n", volumes, 41 + volumes);
    wholes_make(&trial, words);
    for (unsigned i = 0; i < DAMAGE_KINDS * ROUNDS; i++) {
        unsigned places = (unsigned)last + 1;
        struct spot spot = {.place = (enum place)(i / DAMAGE_KINDS % places),
                            .damage = (enum damage)(i % DAMAGE_KINDS)};
        damage_one(&trial, spot, all || i < DAMAGE_KINDS * places || i % RESTART_EACH == 0);
    }
    printf("%u damages, %u restarts, %u copies that were read were repaired\n",
           DAMAGE_KINDS * ROUNDS, trial.restarts, trial.repairs);
    cr_expect_gt(trial.repairs, 0);
    files_remove(&trial);
}

/* One program, one set of files: they take turns. */
Test(store_damage, one_bad_copy_is_found_and_repaired_and_never_taken_for_the_truth,
     .timeout = 6000)
{
    trial_run(1, "", IN_VOLUME_HEADER);
    trial_run(2, "volumes 2 mirror ", IN_AREA);
}

/* --- where no copy is left --- */

#define SPOTS_MAX 8u

static unsigned both_plexes(struct trial *trial, struct store *store, enum range_kind kind,
                            uint64_t id, struct spot spots[SPOTS_MAX], unsigned count)
{
    for (unsigned plex = 0; plex < STORE_PLEXES; plex++)
        if (kind != RANGE_CKPT_AREA || plex == 0 || trial->volumes > 1)
            spot_find(&spots[count++], store, kind, id, plex);
    return count;
}

/* All copies of something, as listed below. Returns how many those are. */
static unsigned spots_of(struct trial *trial, struct store *store, unsigned what,
                         struct spot spots[SPOTS_MAX])
{
    const struct directory_entry *entry = store->directory.entries;
    unsigned count = 0;
    if (what == 0)
        for (unsigned copy = 0; copy < 2; copy++)
            count = both_plexes(trial, store, RANGE_CKPT_AREA,
                                store->header.directory_block[copy], spots, count);
    for (unsigned place = 0; place < 2 && (what == 1 || what == 2); place++)
        for (unsigned plex = 0; plex < STORE_PLEXES; plex++)
            if (what == 2 || place == CKPT_PLACE(GENERATION))
                spot_set(&spots[count++], store->places[place][plex].location);
    while (what > 3 && entry->kind != (what == 4 ? DIRECTORY_NODE : DIRECTORY_PAGE))
        entry++;
    if (what == 3)
        count = both_plexes(trial, store, RANGE_NODES, 1, spots, 0);
    if (what > 3)
        count = both_plexes(trial, store, RANGE_CKPT_AREA, entry->location, spots, 0);
    return count;
}

/* The digest is refused with a line that says why. */
static void must_be_refused(const struct trial *trial, const char *where)
{
    struct error error = {.code = ERROR_NONE};
    struct store_digest result;
    struct store *store = malloc(sizeof(*store));
    cr_assert_not_null(store);
    bool good = store_open(store, damaged, trial->volumes, &error) &&
                digest_store(store, 0, &result, &error);
    cr_assert_not(good, "%s: a digest of what is lost", where);
    cr_assert(strlen(error.text) > 20 && !strchr(error.text, '\n'), "%s", error.text);
    printf("%s: %s\n", where, error.text);
    store_close(store);
    free(store);
}

static void nothing_left(struct trial *trial, unsigned what, enum damage damage)
{
    static const struct {
        const char *name, *said;
        bool goes_on; /* it may: only some objects are lost */
    } cases[] = {
        {"both copies of the directory", "no copy of the checkpoint directory can be read", false},
        {"the newest header", "a newer checkpoint may be lost", false},
        {"all headers", "no valid checkpoint header", false},
        {"a pot of nodes", "node pot 1: no copy is good", true},
        {"a pot of the area", "no copy is good", false},
        {"a page of the area", "no copy is good", true},
    };
    struct transcript *transcript = calloc(1, sizeof(*transcript));
    struct spot spots[SPOTS_MAX] = {{.sector = 0}};
    cr_assert_not_null(transcript);
    for (unsigned i = 0; i < trial->volumes; i++)
        image_copy(wholes[i], damaged[i]);
    struct store *store = volumes_opened(wholes, trial->volumes);
    unsigned count = spots_of(trial, store, what, spots);
    store_dropped(store);
    for (unsigned i = 0; i < count; i++) {
        spots[i].damage = damage;
        spot_damage(&trial->random, &spots[i]);
    }
    must_be_refused(trial, cases[what].name);
    struct machine *machine = machine_with(trial, spots, count, transcript);
    struct machine_until until = machine_until_never();
    until.generation = GENERATION + 2;
    until.cycles = POWER_CYCLES_MAX;
    struct machine_stop stop = machine_run(machine, &until);
    machine_destroy(machine);
    cr_assert_not_null(strstr(transcript->text, cases[what].said), "%s: %s", cases[what].name,
                       transcript->text);
    bool refused = stop.reason == MACHINE_STOP_POWER_OFF && stop.code == 3;
    cr_assert(refused || (cases[what].goes_on && stop.reason == MACHINE_STOP_GENERATION),
              "%s: reason %u, code %d: %s", cases[what].name, stop.reason, stop.code,
              transcript->text);
    must_be_refused(trial, cases[what].name);
    free(transcript);
}

Test(store_damage, without_a_good_copy_it_is_refused_with_a_clear_line, .timeout = 3000)
{
    for (unsigned volumes = 1; volumes <= VOLUMES_MAX; volumes++) {
        struct trial trial = {.volumes = volumes, .random = {7}};
        wholes_make(&trial, volumes > 1 ? "volumes 2 mirror " : "");
        for (unsigned what = 0; what < 6; what++)
            nothing_left(&trial, what, (what + volumes) % DAMAGE_KINDS);
        files_remove(&trial);
    }
}
