/* SPDX-License-Identifier: GPL-2.0-or-later */
/* disks_apply_test.c - a standby follows a stream, generation by generation: wherever it is cut
 * off it is as of one of them, and what does not fit is refused with the standby as it was.
 *
 * Checkpoints are written as the kernel would write them: each into the primary, and from there
 * into the stream. What the standby must be is another copy of the store, with all changes so far
 * in one checkpoint: so nothing here brings objects home but what is tested.
 */
#include "disks/apply.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "disks/add.h"
#include "disks/digest.h"
#include "disks/info.h"
#include "disks/stream.h"
#include "tests/support_power.h"
#include "tests/support_store.h"

#define FIRST_GENERATION 1u
#define GENERATIONS 6u
#define SLOTS 4u
#define CHANGES 9u /* pages and nodes that a generation changes, of each */
#define VOLUMES 2u
#define NODE_FIRST 70u /* the recipe uses less */
#define PAGE_FIRST 300u
#define STREAM_BIT (1u << VOLUME_STREAM)

static const char recipe_text[] =
    "store pair nodes 100 pages 600 area 64 volumes 2 mirror\n"
    "domain alpha {\n    program program.elf\n    run\n}\n";

struct world {
    struct scratch scratch;
    char text[8][SCRATCH_PATH_BYTES];
    const char *primary[VOLUMES], *model[VOLUMES];
    const char *standby[VOLUMES + 1]; /* and the stream */
    const char *other;                /* for a copy of the stream */
    struct digest digests[GENERATIONS + 1]; /* by generation */
};

/* The objects that a generation changes: some in each, some in every other, some in one. */
static uint64_t page_of(uint64_t generation, unsigned change)
{
    return PAGE_FIRST + 13 * change + (change % 3 ? 0 : generation);
}

static uint64_t node_of(uint64_t generation, unsigned change)
{
    return NODE_FIRST + 2 * change + (change % 3 ? 0 : generation % 2);
}

static bool changed_later(uint64_t (*object)(uint64_t generation, unsigned change), uint64_t id,
                          uint64_t generation, uint64_t last)
{
    while (++generation <= last)
        for (unsigned i = 0; i < CHANGES; i++)
            if (object(generation, i) == id)
                return true;
    return false;
}

/* What a generation makes of them, but for what a later one does up to the last. */
static void changes_commit(struct commit *commit, uint64_t generation, uint64_t last)
{
    uint8_t data[BLOCK_BYTES];
    for (unsigned i = 0; i < CHANGES; i++) {
        uint64_t page = page_of(generation, i), node = node_of(generation, i);
        struct disk_node changed = {.allocation_count = generation, .call_count = i};
        changed.slots[i].count = generation;
        for (size_t at = 0; at < sizeof(data); at++)
            data[at] = (uint8_t)(generation * 31 + i * 7 + at / 64);
        if (!changed_later(page_of, page, generation, last))
            commit_page(commit, page, generation, i % 4 == 1 ? NULL : data);
        if (!changed_later(node_of, node, generation, last))
            commit_node(commit, node, &changed);
    }
}

/* Write a checkpoint with the changes of the first to the last generation; it is the last. */
static struct ckpt_header generation_make(const char *const *paths, uint64_t first, uint64_t last)
{
    struct ckpt_header header;
    struct commit *commit = calloc(1, sizeof(*commit));
    cr_assert_not_null(commit);
    commit_begin(commit, paths, VOLUMES, last);
    for (uint64_t generation = first; generation <= last; generation++)
        changes_commit(commit, generation, last);
    if (last % 2 == 0)
        commit_running(commit, OBJECT_ID_FIRST);
    commit_directory(commit, &header);
    header.disks_in_step |= 1u << VOLUME_STREAM;
    header.disks_known |= 1u << VOLUME_STREAM;
    header.system_time_ns = last * 1000;
    commit_header(commit, &header);
    free(commit);
    return header;
}

/* What the kernel's stream does: the area, and the journal, then the header. */
static void stream_put(const char *path, const char *primary, const struct ckpt_header *header)
{
    uint8_t block[BLOCK_BYTES];
    struct volume_header volume;
    block_load(path, 0, &volume);
    const struct volume_range ring = volume.ranges[0];
    uint64_t slots = ring.block_count / ring.object_count;
    uint64_t at = ring.start_block + header->generation % slots * ring.object_count;
    block_load(primary, 0, &volume);
    for (uint32_t i = 0; i < volume.range_count; i++) {
        const struct volume_range *range = &volume.ranges[i];
        uint64_t to = at + ring.first_id + range->first_id;
        if (range->kind == RANGE_CKPT_AREA && AREA_ID_AREA(range->first_id) == header->area)
            to = at + 1 + AREA_ID_INDEX(range->first_id);
        else if (range->kind != RANGE_JOURNAL)
            continue;
        for (uint64_t n = 0; n < range->block_count; n++) {
            block_load(primary, range->start_block + n, block);
            block_save(path, to + n, block);
        }
    }
    memset(block, 0, sizeof(block));
    memcpy(block, header, sizeof(*header));
    block_save(path, at, block);
}

static struct digest digest_of(const char *const *paths, unsigned count)
{
    struct digest digest;
    (void)image_digest(paths, count, &digest, NULL, paths[0]);
    return digest;
}

static bool same(struct digest left, struct digest right)
{
    return left.low == right.low && left.high == right.high;
}

static bool stream_add(struct world *world, const char *path, uint64_t slots)
{
    struct error error;
    struct store *store = malloc(sizeof(*store));
    struct add_request request = {.stream_slots = slots};
    cr_assert_not_null(store);
    bool good = store_open(store, world->primary, VOLUMES, &error) &&
                store_use(store, 0, &error) && add_volume(store, &request, path, &error);
    cr_assert(good, "%s", good ? "" : error.text);
    store_close(store);
    free(store);
    return good;
}

/* A store, its copies, and its stream with all generations that there is room for. */
static void world_make(struct world *world, uint64_t slots, uint64_t newest)
{
    static const char *const names[] = {"x.img",   "x-1.img", "y.img",    "y-1.img",
                                        "z.img",   "z-1.img", "s.img",    "s-2.img"};
    struct error error;
    scratch_make(&world->scratch);
    for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        scratch_file(&world->scratch, names[i], world->text[i]);
    for (unsigned i = 0; i < VOLUMES; i++) {
        world->primary[i] = world->text[i];
        world->model[i] = world->text[2 + i];
        world->standby[i] = world->text[4 + i];
    }
    world->standby[VOLUMES] = world->text[6];
    world->other = world->text[7];
    scratch_program(&world->scratch);
    cr_assert(recipe_make(&world->scratch, recipe_text, "x.img", &error), "%s", error.text);
    for (unsigned i = 0; i < VOLUMES; i++) {
        image_copy(world->primary[i], world->model[i]);
        image_copy(world->primary[i], world->standby[i]);
    }
    world->digests[FIRST_GENERATION] = digest_of(world->standby, VOLUMES);
    (void)stream_add(world, world->standby[VOLUMES], slots);
    for (uint64_t g = FIRST_GENERATION + 1; g <= newest; g++) {
        struct ckpt_header header = generation_make(world->primary, g, g);
        stream_put(world->standby[VOLUMES], world->primary[0], &header);
        (void)generation_make(world->model, FIRST_GENERATION + 1, g);
        world->digests[g] = digest_of(world->model, VOLUMES);
        cr_assert_not(same(world->digests[g], world->digests[g - 1]));
    }
}

static void standby_fresh(const struct world *world, const char *const *copies)
{
    for (unsigned i = 0; i < VOLUMES; i++)
        image_copy(copies[i], world->standby[i]);
}

/* A standby that no cut has touched is as of this generation, and clean. */
static void expect_clean(const struct world *world, uint64_t generation)
{
    struct digest digest;
    uint64_t found;
    cr_expect_eq(image_digest(world->standby, VOLUMES, &digest, &found, "standby"), generation);
    cr_expect_eq(found, 0, "generation %u", (unsigned)generation);
    cr_expect(same(digest, world->digests[generation]), "generation %u", (unsigned)generation);
}

static bool apply(const struct world *world, struct apply_report *report, struct error *error)
{
    return apply_stream(world->standby, VOLUMES + 1, NULL, report, error);
}

static void expect_refused(const struct world *world, uint64_t generation, const char *why)
{
    struct apply_report report;
    struct error error;
    cr_assert_not(apply(world, &report, &error), "%s", why);
    cr_expect_not_null(strstr(error.text, why), "%s, not: %s", error.text, why);
    cr_expect_eq(report.to, generation == 0 ? report.from : generation);
    if (generation)
        expect_clean(world, generation);
}

Test(apply, a_standby_follows_a_stream_from_any_generation_to_the_newest)
{
    struct world world;
    struct apply_report report;
    struct error error;
    world_make(&world, 16, GENERATIONS);
    cr_assert(apply(&world, &report, &error), "%s", error.text);
    cr_expect_eq(report.from, FIRST_GENERATION);
    cr_expect_eq(report.to, GENERATIONS);
    expect_clean(&world, GENERATIONS);
    cr_assert(apply(&world, &report, &error), "again: %s", error.text);
    cr_expect_eq(report.from, GENERATIONS);
    expect_clean(&world, GENERATIONS);
    /* What it has applied, and what the store wrote itself, is the same to the next. */
    struct ckpt_header header =
        generation_make(world.primary, GENERATIONS + 1, GENERATIONS + 1);
    stream_put(world.standby[VOLUMES], world.primary[0], &header);
    cr_assert(apply(&world, &report, &error), "%s", error.text);
    cr_expect_eq(report.to, GENERATIONS + 1);
    (void)generation_make(world.model, FIRST_GENERATION + 1, GENERATIONS + 1);
    cr_expect(same(digest_of(world.standby, VOLUMES), digest_of(world.model, VOLUMES)));
    scratch_remove(&world.scratch);
}

Test(apply, a_stream_is_no_part_of_the_contents_of_its_store)
{
    struct world world;
    struct digest digest;
    uint64_t found;
    struct ckpt_header header;
    struct error error;
    struct stream stream;
    world_make(&world, SLOTS, GENERATIONS);
    cr_expect_eq(image_digest(world.standby, VOLUMES + 1, &digest, &found, "with its stream"),
                 FIRST_GENERATION);
    cr_expect_eq(found, 0);
    cr_expect(same(digest, world.digests[FIRST_GENERATION]));
    struct store *store = malloc(sizeof(*store));
    cr_assert(store_open(store, world.standby, VOLUMES + 1, &error), "%s", error.text);
    cr_assert(stream_use(store, &stream, &error), "%s", error.text);
    cr_expect_eq(stream.slots, SLOTS);
    cr_expect_eq(stream.newest, GENERATIONS);
    cr_expect_eq(stream.oldest, GENERATIONS - SLOTS + 1);
    cr_expect_not(stream_header(&stream, FIRST_GENERATION, &header));
    cr_expect(stream_header(&stream, GENERATIONS, &header));
    store_close(store);
    cr_expect_not(store_open(store, &world.standby[VOLUMES], 1, &error));
    cr_expect_not_null(strstr(error.text, "a stream, and no volume of its store"));
    store_dropped(store);
    scratch_remove(&world.scratch);
}

Test(apply, what_does_not_follow_is_refused_and_changes_nothing)
{
    struct world world;
    uint8_t block[BLOCK_BYTES];
    struct error error;
    world_make(&world, SLOTS, GENERATIONS);
    expect_refused(&world, FIRST_GENERATION, "one between them is missing"); /* overrun */
    /* As far ahead by itself, and further. */
    standby_fresh(&world, world.model);
    world.digests[GENERATIONS] = digest_of(world.standby, VOLUMES);
    struct ckpt_header header = generation_make(world.standby, GENERATIONS, GENERATIONS);
    header.calendar_ns++;
    seal_ckpt(&header);
    memset(block, 0, sizeof(block));
    memcpy(block, &header, sizeof(header));
    plexes_save(world.standby, VOLUMES, RANGE_CKPT_HEADER, CKPT_PLACE(GENERATIONS), block);
    expect_refused(&world, 0, "they are not the same there");
    (void)generation_make(world.standby, 2, GENERATIONS + 1);
    expect_refused(&world, 0, "it is behind");
    /* Of another store. */
    cr_assert(recipe_make(&world.scratch, "store t nodes 100 pages 600 volumes 2\n", "z.img",
                          &error));
    expect_refused(&world, 0, "belongs to another store than");
    scratch_remove(&world.scratch);
}

/* --- cuts --- */

enum loss { LOSS_NONE, LOSS_ALL, LOSS_SOME, LOSSES };
#define UNFLUSHED_MAX 512u

/* A disk whose power fails: what was written since the last flush may be lost, sector by sector. */
struct failing {
    uint64_t left; /* writes and flushes that it still does */
    struct {
        const char *path;
        uint64_t block;
        uint8_t before[BLOCK_BYTES];
    } unflushed[UNFLUSHED_MAX];
    size_t count;
};

static bool failing_write(void *context, const char *path, uint64_t block, const void *source,
                          size_t size_bytes, struct error *error)
{
    struct failing *failing = context;
    uint8_t data[BLOCK_BYTES];
    cr_assert(size_bytes <= BLOCK_BYTES);
    if (failing->left == 0)
        return error_set(error, ERROR_IO, "%s: the power is gone", path);
    failing->left--;
    cr_assert_lt(failing->count, UNFLUSHED_MAX);
    block_load(path, block, data);
    failing->unflushed[failing->count].path = path;
    failing->unflushed[failing->count].block = block;
    memcpy(failing->unflushed[failing->count++].before, data, sizeof(data));
    memcpy(data, source, size_bytes);
    block_save(path, block, data);
    return true;
}

static bool failing_flush(void *context, struct error *error)
{
    struct failing *failing = context;
    if (failing->left == 0)
        return error_set(error, ERROR_IO, "the power is gone");
    failing->left--;
    failing->count = 0;
    return true;
}

static void failing_lose(struct failing *failing, enum loss loss, struct random *random)
{
    uint8_t data[BLOCK_BYTES];
    while (failing->count > 0) {
        failing->count--;
        const char *path = failing->unflushed[failing->count].path;
        uint64_t block = failing->unflushed[failing->count].block;
        block_load(path, block, data);
        for (size_t at = 0; at < BLOCK_BYTES; at += SECTOR_BYTES)
            if (loss == LOSS_ALL || (loss == LOSS_SOME && random_below(random, 2)))
                memcpy(data + at, failing->unflushed[failing->count].before + at, SECTOR_BYTES);
        block_save(path, block, data);
    }
}

/* Cut it off after so many writes and flushes. true: it was done before that. */
static bool cut(const struct world *world, struct failing *failing, uint64_t events,
                enum loss loss, uint64_t *generation)
{
    struct apply_report report;
    struct apply_writer writer = {failing, failing_write, failing_flush};
    struct random random = {events + 1};
    struct error error;
    struct digest digest;
    char where[64];
    (void)snprintf(where, sizeof(where), "cut after %u, loss %u", (unsigned)events, loss);
    standby_fresh(world, world->primary);
    failing->left = events;
    failing->count = 0;
    bool done = apply_stream(world->standby, VOLUMES + 1, &writer, &report, &error);
    failing_lose(failing, loss, &random);
    *generation = image_digest(world->standby, VOLUMES, &digest, NULL, where);
    cr_assert(same(digest, world->digests[*generation]), "%s: generation %u", where,
              (unsigned)*generation);
    cr_assert(*generation == report.to || *generation == report.to + 1, "%s", where);
    failing->left = UINT64_MAX;
    cr_assert(apply_stream(world->standby, VOLUMES + 1, &writer, &report, &error), "%s: %s", where,
              error.text);
    return done;
}

Test(apply, a_standby_cut_off_at_any_write_is_as_of_one_generation_and_follows_on)
{
    struct world world;
    struct failing *failing = calloc(1, sizeof(*failing));
    const uint64_t newest = 3;
    uint64_t seen = FIRST_GENERATION, generation, events = 0;
    bool all = getenv("LATCHKEY_LONG") != NULL, done = false;
    cr_assert_not_null(failing);
    world_make(&world, SLOTS, newest);
    for (unsigned i = 0; i < VOLUMES; i++) /* as it was at first */
        image_copy(world.standby[i], world.primary[i]);
    for (; !done; events++)
        for (unsigned loss = 0; loss < LOSSES; loss++) {
            if (!all && events % LOSSES != loss)
                continue;
            done = cut(&world, failing, events, loss, &generation);
            expect_clean(&world, newest);
            cr_expect(loss != LOSS_NONE || generation >= seen, "events %u", (unsigned)events);
            if (loss == LOSS_NONE)
                seen = generation;
        }
    cr_expect_eq(seen, newest);
    cr_expect_gt(events, 2 * CHANGES * 4);
    free(failing);
    scratch_remove(&world.scratch);
}

/* --- damage --- */

static void stream_flip(const struct world *world, uint64_t block, unsigned byte)
{
    uint8_t data[BLOCK_BYTES];
    block_load(world->standby[VOLUMES], block, data);
    data[byte] ^= (uint8_t)(1u << byte % 8);
    block_save(world->standby[VOLUMES], block, data);
}

Test(apply, a_bit_that_flips_in_the_stream_is_found_before_anything_is_written)
{
    struct world world;
    struct error error;
    struct stream stream;
    struct ckpt_header header;
    world_make(&world, 16, 3);
    struct store *store = malloc(sizeof(*store));
    cr_assert(store_open(store, world.standby, VOLUMES + 1, &error), "%s", error.text);
    cr_assert(stream_use(store, &stream, &error) && stream_header(&stream, 3, &header));
    uint64_t slot = stream_block(&stream, 3), area = slot + 1;
    const struct {
        uint64_t block;
        const char *why;
    } places[] = {{area, "generation 3: block 0: its checksum is wrong"},
                  {area + AREA_ID_INDEX(header.directory_block[0]), "generation 3: directory 0"},
                  {area + AREA_ID_INDEX(header.directory_block[1]), "generation 3: directory 1"},
                  {stream_block(&stream, 2) + 1, "generation 2: block 0: its checksum is wrong"},
                  {stream_block(&stream, 2), "one between them is missing"},
                  {stream_block(&stream, FIRST_GENERATION), "one between them is missing"}};
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        stream_flip(&world, places[i].block, 300);
        expect_refused(&world, FIRST_GENERATION, places[i].why);
        stream_flip(&world, places[i].block, 300);
    }
    stream_flip(&world, slot, 300); /* then the generation before is the newest */
    struct apply_report report;
    cr_assert(apply(&world, &report, &error), "%s", error.text);
    expect_clean(&world, 2);
    stream_flip(&world, slot, 300);
    cr_assert(apply(&world, &report, &error), "%s", error.text);
    expect_clean(&world, 3);
    store_dropped(store);
    scratch_remove(&world.scratch);
}

Test(apply, a_standby_that_was_used_on_its_own_does_not_follow)
{
    struct world world;
    static const uint64_t ids[] = {PAGE_FIRST};
    static const uint8_t pages[1][BLOCK_BYTES] = {{9}};
    world_make(&world, 16, 3);
    /* It journalled a page, with the sequence that generation 2 goes on from. */
    struct group group = {.ids = ids, .pages = pages, .count = 1, .sequence = 1, .generation = 1,
                          .restart_count = 1};
    (void)group_write(world.standby, VOLUMES, &group, 0);
    world.digests[FIRST_GENERATION] = digest_of(world.standby, VOLUMES);
    expect_refused(&world, FIRST_GENERATION, "its journal has what the store has not");
    scratch_remove(&world.scratch);
}

/* The store, with this header, journals a page. */
static void page_journal(const struct world *world, const struct ckpt_header *header,
                         uint64_t restart_count, uint8_t mark)
{
    const uint64_t ids[] = {PAGE_FIRST - 1};
    const uint8_t pages[1][BLOCK_BYTES] = {{mark}};
    struct group group = {.ids = ids, .pages = pages, .count = 1, .restart_count = restart_count,
                          .sequence = header->journal_sequence, .generation = header->generation};
    (void)group_write(world->primary, VOLUMES, &group, header->journal_block);
    stream_put(world->standby[VOLUMES], world->primary[0], header);
}

static uint8_t journalled(const struct world *world)
{
    struct store_page page;
    struct error error;
    struct store *store = malloc(sizeof(*store));
    cr_assert(store && store_open(store, world->standby, VOLUMES, &error) &&
              store_use(store, 0, &error));
    cr_assert_null(store_page(store, PAGE_FIRST - 1, &page));
    store_dropped(store);
    return page.data[0];
}

Test(apply, the_journal_comes_too_and_the_later_life_is_right)
{
    struct world world;
    struct apply_report report;
    struct error error;
    world_make(&world, 16, 3);
    struct ckpt_header header = generation_make(world.primary, 4, 4);
    stream_put(world.standby[VOLUMES], world.primary[0], &header);
    cr_assert(apply(&world, &report, &error), "%s", error.text);
    cr_expect_eq(journalled(&world), 0);
    page_journal(&world, &header, 1, 'a');
    cr_assert(apply(&world, &report, &error), "%s", error.text);
    cr_expect_eq(journalled(&world), 'a');
    cr_assert(apply(&world, &report, &error), "again: %s", error.text);
    page_journal(&world, &header, 2, 'b'); /* the one before was lost there */
    cr_assert(apply(&world, &report, &error), "%s", error.text);
    cr_expect_eq(journalled(&world), 'b');
    page_journal(&world, &header, 1, 'c');
    cr_assert_not(apply(&world, &report, &error), "the standby is of a later life");
    cr_expect_not_null(strstr(error.text, "its journal has what the store has not"));
    cr_expect_eq(journalled(&world), 'b');
    scratch_remove(&world.scratch);
}

/* What else reads a stream. */
static void everything_read(const struct world *world)
{
    struct error error;
    struct byte_writer writer = {0};
    struct check_report report = {0};
    struct store *store = malloc(sizeof(*store));
    cr_assert_not_null(store);
    if (store_open(store, world->standby, VOLUMES + 1, &error)) {
        info_text(store, &writer);
        info_json(store, &writer);
        (void)check_store(store, &report);
    }
    check_report_finish(&report);
    writer_finish(&writer);
    store_dropped(store);
}

/* Whatever is in the stream: the standby is as it was, or as of a generation. */
static void expect_sound(const struct world *world, struct failing *failing, uint64_t newest,
                         unsigned round)
{
    struct apply_report report;
    struct error error;
    struct apply_writer writer = {failing, failing_write, failing_flush};
    failing->left = UINT64_MAX;
    standby_fresh(world, world->primary);
    bool good = apply_stream(world->standby, VOLUMES + 1, &writer, &report, &error);
    everything_read(world);
    cr_assert(good || failing->left == UINT64_MAX, "round %u: %s, and written", round, error.text);
    if (!good)
        report.to = FIRST_GENERATION;
    cr_assert_leq(report.to, newest);
    expect_clean(world, report.to);
}

Test(apply, random_damage_to_a_stream_hurts_no_standby)
{
    const uint64_t seed = 5, newest = 3;
    struct random random = {seed};
    struct world world;
    struct volume_header header;
    struct failing *failing = calloc(1, sizeof(*failing));
    cr_assert_not_null(failing);
    world_make(&world, SLOTS, newest);
    for (unsigned i = 0; i < VOLUMES; i++)
        image_copy(world.standby[i], world.primary[i]);
    const char *path = world.standby[VOLUMES];
    image_copy(path, world.other);
    block_load(path, 0, &header);
    for (unsigned round = 0; round < 200; round++) {
        struct volume_header damaged = header;
        uint8_t block[BLOCK_BYTES];
        if (round % 4 == 0) { /* its range, with a good checksum */
            uint8_t *bytes = (uint8_t *)&damaged.ranges[0];
            bytes[random_below(&random, sizeof(damaged.ranges[0]))] = (uint8_t)random_next(&random);
            seal_header(&damaged);
            block_save(path, 0, &damaged);
            block_save(path, header.block_count - 1, &damaged);
        } else if (round % 4 == 1) { /* a checkpoint header, with a good checksum */
            struct ckpt_header *inside = (struct ckpt_header *)block;
            uint64_t at = header.ranges[0].start_block +
                          random_below(&random, SLOTS) * header.ranges[0].object_count;
            block_load(path, at, block);
            ((uint8_t *)inside)[8 + random_below(&random, 120)] = (uint8_t)random_next(&random);
            seal_ckpt(inside);
            block_save(path, at, block);
        } else {
            for (unsigned i = 0; i < 1 + round % 40; i++)
                stream_flip(&world, random_below(&random, header.block_count),
                            (unsigned)random_below(&random, BLOCK_BYTES));
        }
        expect_sound(&world, failing, newest, round);
        image_copy(world.other, path);
    }
    expect_sound(&world, failing, newest, 200);
    expect_clean(&world, newest);
    free(failing);
    scratch_remove(&world.scratch);
}
