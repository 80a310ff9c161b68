/* SPDX-License-Identifier: GPL-2.0-or-later */
/* disks_checkpoint_test.c - checkpoints and journals as a kernel leaves them, whole, cut off and
 * damaged, on one volume and on a mirrored pair: digest sees what a restarted system would, check
 * finds what is wrong and passes what a cut can leave. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "disks/checksum.h"
#include "disks/digest.h"
#include "disks/info.h"
#include "tests/support_store.h"

#define ALPHA 16u
#define TOOLBOX 26u
#define PAIR "store pair nodes 100 pages 300 area 32 volumes 2 mirror\nsegment a file fill 64K\n"
#define FIRST_PAGE 16u

/* A store in a scratch folder: the sample, or a mirrored pair. */
struct fixture {
    struct scratch scratch;
    char text[2][SCRATCH_PATH_BYTES];
    const char *paths[2];
    unsigned count;
};

static void fixture_make(struct fixture *fixture, unsigned volumes)
{
    struct error error;
    uint8_t fill[3 * BLOCK_BYTES];
    scratch_make(&fixture->scratch);
    fixture->count = volumes;
    for (unsigned i = 0; i < 2; i++)
        fixture->paths[i] = fixture->text[i];
    if (volumes == 1) {
        sample_make(&fixture->scratch, fixture->text[0]);
        return;
    }
    memset(fill, 7, sizeof(fill));
    scratch_write(&fixture->scratch, "fill", fill, sizeof(fill));
    cr_assert(recipe_make(&fixture->scratch, PAIR, "x.img", &error), "%s", error.text);
    scratch_file(&fixture->scratch, "x.img", fixture->text[0]);
    scratch_file(&fixture->scratch, "x-1.img", fixture->text[1]);
}

/* The digest through the volumes first .. first + count - 1; false: the error says why not. */
static bool digest_take(const struct fixture *fixture, unsigned first, unsigned count,
                        uint64_t generation, struct store_digest *result, struct error *error)
{
    struct store *store = malloc(sizeof(*store));
    cr_assert_not_null(store);
    bool good = store_open(store, fixture->paths + first, count, error) &&
                digest_store(store, generation, result, error);
    store_close(store);
    free(store);
    return good;
}

static uint64_t digest_low(const struct fixture *fixture, uint64_t generation)
{
    struct store_digest result;
    struct error error;
    bool good = digest_take(fixture, 0, fixture->count, generation, &result, &error);
    cr_assert(good, "%s", good ? "" : error.text);
    return result.digest.low;
}

/* Check: the counts of findings, and whether one says text (NULL: any). */
static void expect_check(const struct fixture *fixture, enum finding_kind worst, const char *text)
{
    struct error error;
    struct check_report report;
    struct store *store = malloc(sizeof(*store));
    bool said = !text;
    cr_assert_not_null(store);
    cr_assert(store_open(store, fixture->paths, fixture->count, &error), "%s", error.text);
    (void)check_store(store, &report);
    const char *first = report.count ? report.findings[0].text : "nothing";
    for (size_t i = 0; i < report.count; i++)
        said |= text && strstr(report.findings[i].text, text) != NULL;
    cr_expect(said, "%s: %s", text, first);
    cr_expect_eq(report.counts[FINDING_DAMAGE] != 0, worst == FINDING_DAMAGE, "%s: %s",
                 text ? text : "clean", first);
    if (worst != FINDING_DAMAGE)
        cr_expect_eq(report.counts[FINDING_REPAIRABLE] != 0, worst == FINDING_REPAIRABLE, "%s: %s",
                     text ? text : "clean", first);
    check_report_finish(&report);
    store_close(store);
    free(store);
}

static void page_fill(uint8_t data[BLOCK_BYTES], uint8_t value)
{
    memset(data, value, BLOCK_BYTES);
}

/* A checkpoint of one page of values and, on the sample, the domain that runs. */
static void commit_value(const struct fixture *fixture, uint64_t generation, uint8_t value)
{
    uint8_t data[BLOCK_BYTES];
    struct commit *commit = malloc(sizeof(*commit));
    cr_assert_not_null(commit);
    page_fill(data, value);
    commit_begin(commit, fixture->paths, fixture->count, generation);
    commit_page(commit, FIRST_PAGE, 0, data);
    if (fixture->count == 1)
        commit_running(commit, ALPHA);
    commit_end(commit);
    free(commit);
}

static uint64_t group_value(const struct fixture *fixture, uint64_t block, uint64_t sequence,
                            uint64_t generation, uint8_t value)
{
    uint8_t data[1][BLOCK_BYTES];
    const uint64_t id = FIRST_PAGE;
    struct group group = {.ids = &id, .pages = (const uint8_t(*)[BLOCK_BYTES])data, .count = 1,
                          .sequence = sequence, .generation = generation, .restart_count = 1};
    page_fill(data[0], value);
    return group_write(fixture->paths, fixture->count, &group, block);
}

/* What the digest is when the page holds a value. */
static uint64_t value_digest(const struct fixture *fixture, uint64_t generation, uint8_t value)
{
    commit_value(fixture, generation, value);
    return digest_low(fixture, 0);
}

static void volume_block_flip(const char *path, enum range_kind kind, uint64_t first_id,
                              unsigned plex, uint64_t index)
{
    struct volume_header header;
    uint8_t block[BLOCK_BYTES];
    block_load(path, 0, &header);
    for (uint32_t i = 0; i < header.range_count; i++) {
        const struct volume_range *range = &header.ranges[i];
        if (range->kind != kind || range->first_id != first_id || range->plex != plex)
            continue;
        block_load(path, range->start_block + index, block);
        block[100] ^= 4;
        block_save(path, range->start_block + index, block);
        return;
    }
    cr_assert_fail("no such range");
}

Test(checkpoint, journalled_pages_lie_over_the_checkpoint_and_the_later_group_wins)
{
    struct fixture fixture;
    fixture_make(&fixture, 1);
    uint64_t value_5 = value_digest(&fixture, 2, 5), value_6 = value_digest(&fixture, 2, 6);
    uint64_t value_7 = value_digest(&fixture, 2, 7);
    uint64_t at = group_value(&fixture, 0, 1, 2, 5);
    cr_expect_eq(at, 2);
    cr_expect_eq(digest_low(&fixture, 0), value_5);
    at = group_value(&fixture, at, 2, 2, 6);
    cr_expect_eq(digest_low(&fixture, 0), value_6);
    (void)group_value(&fixture, at, 4, 2, 9);
    cr_expect_eq(digest_low(&fixture, 0), value_6, "the third group is missing");
    (void)group_value(&fixture, at, 3, 3, 9);
    cr_expect_eq(digest_low(&fixture, 0), value_6, "it is of a later generation");
    expect_check(&fixture, FINDING_NOTE, NULL);
    (void)group_value(&fixture, at, 3, 2, 7);
    cr_expect_eq(digest_low(&fixture, 0), value_7);
    scratch_remove(&fixture.scratch);
}

Test(checkpoint, a_group_that_does_not_fit_before_the_end_begins_the_ring_again)
{
    struct fixture fixture;
    fixture_make(&fixture, 1);
    uint64_t value_9 = value_digest(&fixture, 2, 9), last = 63;
    struct commit *commit = malloc(sizeof(*commit));
    cr_assert_not_null(commit);
    commit_begin(commit, fixture.paths, 1, 2);
    commit_running(commit, ALPHA);
    commit->journal_block = last;
    commit->journal_sequence = 41;
    commit_end(commit);
    free(commit);
    (void)group_value(&fixture, 0, 41, 1, 9);
    cr_expect_eq(digest_low(&fixture, 0), value_9);
    expect_check(&fixture, FINDING_NOTE, NULL);
    scratch_remove(&fixture.scratch);
}

Test(checkpoint, of_a_group_all_pages_count_or_none)
{
    struct fixture fixture;
    uint8_t data[3][BLOCK_BYTES];
    const uint64_t ids[3] = {FIRST_PAGE, FIRST_PAGE + 1, FIRST_PAGE + 2};
    struct group group = {.ids = ids, .pages = (const uint8_t(*)[BLOCK_BYTES])data, .count = 3,
                          .sequence = 1, .generation = 1, .restart_count = 1};
    fixture_make(&fixture, 1);
    uint64_t without = digest_low(&fixture, 0);
    memset(data, 3, sizeof(data));
    for (uint64_t bad = 0; bad < 4; bad++) {
        (void)group_write(fixture.paths, 1, &group, 0);
        cr_expect_neq(digest_low(&fixture, 0), without);
        volume_block_flip(fixture.paths[0], RANGE_JOURNAL, 0, 0, bad);
        cr_expect_eq(digest_low(&fixture, 0), without, "block %u is torn", (unsigned)bad);
        expect_check(&fixture, FINDING_NOTE, NULL);
    }
    scratch_remove(&fixture.scratch);
}

Test(checkpoint, a_page_that_was_severed_after_the_checkpoint_is_left_out_of_its_group)
{
    struct fixture fixture;
    uint8_t data[1][BLOCK_BYTES];
    const uint64_t ids[1] = {FIRST_PAGE};
    struct group group = {.ids = ids, .pages = (const uint8_t(*)[BLOCK_BYTES])data, .count = 1,
                          .sequence = 1, .generation = 1, .restart_count = 1};
    fixture_make(&fixture, 1);
    for (uint64_t generation = 1; generation <= 2; generation++) { /* its count: at home, in area */
        if (generation == 2)
            commit_value(&fixture, generation, 9);
        uint64_t without = digest_low(&fixture, 0);
        memset(data, 3 + (int)generation, sizeof(data));
        group.allocation_count = 1;
        uint64_t end = group_write(fixture.paths, 1, &group, 0);
        cr_expect_eq(digest_low(&fixture, 0), without);
        group.allocation_count = 0;
        group.sequence = 2;
        (void)group_write(fixture.paths, 1, &group, end); /* those after it count */
        uint64_t with = digest_low(&fixture, 0);
        cr_expect_neq(with, without);
        expect_check(&fixture, FINDING_NOTE, NULL);
        group.allocation_count = 7;
        group.sequence = 3;
        (void)group_write(fixture.paths, 1, &group, end + 2);
        cr_expect_eq(digest_low(&fixture, 0), with, "an earlier group's page stays");
        group.sequence = 1;
    }
    scratch_remove(&fixture.scratch);
}

Test(checkpoint, a_group_of_an_earlier_life_does_not_follow_one_of_a_later)
{
    struct fixture fixture;
    uint8_t data[1][BLOCK_BYTES];
    const uint64_t id = FIRST_PAGE;
    struct group group = {.ids = &id, .pages = (const uint8_t(*)[BLOCK_BYTES])data, .count = 1,
                          .sequence = 1, .generation = 1, .restart_count = 3};
    fixture_make(&fixture, 1);
    uint64_t value_4 = value_digest(&fixture, 2, 4);
    page_fill(data[0], 4);
    uint64_t at = group_write(fixture.paths, 1, &group, 0);
    (void)group_value(&fixture, at, 2, 1, 8);
    cr_expect_eq(digest_low(&fixture, 0), value_4);
    scratch_remove(&fixture.scratch);
}

Test(checkpoint, either_disk_of_a_mirrored_pair_holds_everything)
{
    struct fixture fixture;
    struct store_digest result;
    struct error error;
    fixture_make(&fixture, 2);
    commit_value(&fixture, 2, 11);
    (void)group_value(&fixture, 0, 1, 2, 12);
    uint64_t whole = digest_low(&fixture, 0);
    expect_check(&fixture, FINDING_NOTE, NULL);
    for (unsigned kept = 0; kept < 2; kept++) {
        bool good = digest_take(&fixture, kept, 1, 0, &result, &error);
        cr_assert(good, "%s", good ? "" : error.text);
        cr_expect_eq(result.digest.low, whole, "disk %u alone", kept);
    }
    scratch_remove(&fixture.scratch);
}

Test(checkpoint, one_bad_plex_of_anything_is_repairable_on_a_mirrored_pair)
{
    static const struct {
        enum range_kind kind;
        uint64_t first_id, index;
        const char *says;
    } blocks[] = {
        {RANGE_CKPT_HEADER, 1, 0, "checkpoint header 1, plex"},
        {RANGE_CKPT_AREA, AREA_ID(1, 0), 0, "checkpoint area, plex"},
        {RANGE_JOURNAL, 0, 0, "journal, plex"},
        {RANGE_JOURNAL, 0, 1, "journal, plex"},
        {RANGE_PAGES, 1, FIRST_PAGE + 1 - 1, "page 17, plex"},
    };
    struct fixture fixture;
    for (size_t i = 0; i < sizeof(blocks) / sizeof(blocks[0]); i++) {
        for (unsigned plex = 0; plex < 2; plex++) {
            fixture_make(&fixture, 2);
            commit_value(&fixture, 2, 11);
            uint64_t at = group_value(&fixture, 0, 1, 2, 12);
            (void)group_value(&fixture, at, 2, 2, 13);
            uint64_t whole = digest_low(&fixture, 0);
            unsigned disk = blocks[i].kind == RANGE_CKPT_HEADER || blocks[i].first_id > 1
                                ? 1 - plex : plex; /* place 1 begins on disk 1 */
            volume_block_flip(fixture.paths[disk], blocks[i].kind, blocks[i].first_id, plex,
                              blocks[i].index);
            cr_expect_eq(digest_low(&fixture, 0), whole, "%s", blocks[i].says);
            expect_check(&fixture, FINDING_REPAIRABLE, blocks[i].says);
            scratch_remove(&fixture.scratch);
        }
    }
}

Test(checkpoint, a_group_in_one_plex_only_counts_if_it_is_the_last)
{
    struct fixture fixture;
    fixture_make(&fixture, 2);
    uint64_t at = group_value(&fixture, 0, 1, 1, 12);
    uint64_t whole = digest_low(&fixture, 0);
    volume_block_flip(fixture.paths[1], RANGE_JOURNAL, 0, 1, 1);
    cr_expect_eq(digest_low(&fixture, 0), whole);
    expect_check(&fixture, FINDING_NOTE, "journal, plex 1");
    (void)group_value(&fixture, at, 2, 1, 12);
    expect_check(&fixture, FINDING_REPAIRABLE, "journal, plex 1");
    scratch_remove(&fixture.scratch);
}

/* Write a header with a change to what commit_value() would write; which plexes: bit 0, bit 1. */
static void header_write(const struct fixture *fixture, uint64_t generation,
                         void (*change)(struct ckpt_header *header))
{
    struct commit *commit = malloc(sizeof(*commit));
    struct ckpt_header header;
    cr_assert_not_null(commit);
    commit_begin(commit, fixture->paths, fixture->count, generation);
    if (fixture->count == 1)
        commit_running(commit, ALPHA);
    commit_directory(commit, &header);
    change(&header);
    commit_header(commit, &header);
    free(commit);
}

static void second_out_of_step(struct ckpt_header *header)
{
    header->disks_in_step = 1;
}

static void second_not_known(struct ckpt_header *header)
{
    header->disks_in_step = header->disks_known = 1;
}

Test(checkpoint, a_disk_that_is_not_in_step_is_not_read)
{
    static void (*const changes[])(struct ckpt_header *) = {second_out_of_step, second_not_known};
    struct fixture fixture;
    struct store_digest result;
    struct error error;
    for (unsigned i = 0; i < 2; i++) {
        fixture_make(&fixture, 2);
        uint64_t whole = digest_low(&fixture, 0);
        header_write(&fixture, 2, changes[i]);
        cr_expect_eq(digest_low(&fixture, 0), whole);
        expect_check(&fixture, FINDING_REPAIRABLE, "volume 1: not in step");
        volume_block_flip(fixture.paths[0], RANGE_PAGES, 1, 0, FIRST_PAGE - 1);
        cr_expect_not(digest_take(&fixture, 0, 2, 0, &result, &error), "the other copy is old");
        cr_expect_not(digest_take(&fixture, 1, 1, 0, &result, &error), "nothing of it counts");
        scratch_remove(&fixture.scratch);
    }
}

static void area_same(struct ckpt_header *header)
{
    header->area = 0;
}

static void migration_missed(struct ckpt_header *header)
{
    header->migrated_generation = 0;
}

static void disk_unknown(struct ckpt_header *header)
{
    header->disks_in_step = 3;
}

static void reserved_set(struct ckpt_header *header)
{
    header->reserved[0] = 1;
}

static void journal_outside(struct ckpt_header *header)
{
    header->journal_block = 64;
}

static void directory_elsewhere(struct ckpt_header *header)
{
    header->area = 0;
    header->generation = 1;
    header->migrated_generation = 1;
}

Test(checkpoint, headers_that_cannot_be_are_found)
{
    static const struct {
        void (*change)(struct ckpt_header *header);
        const char *says;
    } bad[] = {
        {area_same, "generations 1 and 2 are in the same area"},
        {migration_missed, "it was committed before the one before it was at home"},
        {disk_unknown, "a disk that it does not know is in step"},
        {reserved_set, "reserved bytes are set"},
        {journal_outside, "journal: it begins outside of its ring"},
        {directory_elsewhere, "directory of generation 1, copy 0"},
    };
    struct fixture fixture;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        fixture_make(&fixture, 1);
        header_write(&fixture, 2, bad[i].change);
        expect_check(&fixture, FINDING_DAMAGE, bad[i].says);
        scratch_remove(&fixture.scratch);
    }
}

static void no_change(struct ckpt_header *header)
{
    cr_assert_eq(header->version, FORMAT_VERSION);
}

Test(checkpoint, a_header_cut_off_between_its_plexes_is_whole)
{
    uint8_t before[BLOCK_BYTES];
    struct fixture fixture;
    fixture_make(&fixture, 1);
    const char *path = fixture.paths[0];
    uint64_t plex_1 = range_of(path, RANGE_NODES, 0).start_block - 1; /* place 1, plex 1 */
    block_load(path, plex_1, before);
    header_write(&fixture, 2, no_change);
    uint64_t whole = digest_low(&fixture, 0);
    block_save(path, plex_1, before);
    cr_expect_eq(digest_low(&fixture, 0), whole, "plex 1 is still empty");
    expect_check(&fixture, FINDING_NOTE, NULL);
    header_write(&fixture, 3, no_change);
    expect_check(&fixture, FINDING_REPAIRABLE, "checkpoint header 1: its plexes differ");
    scratch_remove(&fixture.scratch);
}

Test(checkpoint, the_older_checkpoint_is_not_taken_when_the_newer_may_be_lost)
{
    const uint8_t rubbish[BLOCK_BYTES] = {1, 2, 3};
    struct fixture fixture;
    struct store_digest result;
    struct error error;
    fixture_make(&fixture, 1);
    header_write(&fixture, 2, no_change);
    plexes_save(fixture.paths, 1, RANGE_CKPT_HEADER, CKPT_PLACE(2), rubbish);
    cr_assert_not(digest_take(&fixture, 0, 1, 0, &result, &error));
    cr_expect_not_null(strstr(error.text, "may have been newer than generation 1"), "%s",
                       error.text);
    cr_expect(digest_take(&fixture, 0, 1, 1, &result, &error), "when asked for, it is");
    expect_check(&fixture, FINDING_DAMAGE, "checkpoint header 1, plex 1: neither good nor empty");
    scratch_remove(&fixture.scratch);
}

Test(checkpoint, a_pot_of_an_area_is_good_in_its_place_and_generation_only)
{
    struct fixture fixture;
    struct store_node toolbox;
    struct store_digest result;
    struct error error;
    struct node_pot pot;
    struct commit *commit = malloc(sizeof(*commit));
    cr_assert_not_null(commit);
    fixture_make(&fixture, 1);
    struct store *store = store_opened(fixture.paths[0]);
    cr_assert_null(store_node(store, TOOLBOX, &toolbox));
    store_dropped(store);
    toolbox.node.slots[0].count = 5;
    commit_begin(commit, fixture.paths, 1, 2);
    commit_node(commit, TOOLBOX, &toolbox.node);
    commit_running(commit, ALPHA);
    commit_end(commit);
    free(commit);
    (void)digest_low(&fixture, 0);
    uint64_t at = range_of(fixture.paths[0], RANGE_CKPT_AREA, 1).start_block;
    block_load(fixture.paths[0], at, &pot);
    pot.generation[0] = 1;
    seal_area_pot(&pot, AREA_ID(1, 0));
    block_save(fixture.paths[0], at, &pot);
    cr_expect_not(digest_take(&fixture, 0, 1, 0, &result, &error));
    cr_expect_not_null(strstr(error.text, "of another generation"), "%s", error.text);
    expect_check(&fixture, FINDING_DAMAGE, "checkpoint area, plex 0: it is of another generation");
    pot.generation[0] = 2;
    seal_area_pot(&pot, AREA_ID(1, 1));
    block_save(fixture.paths[0], at, &pot);
    cr_expect_not(digest_take(&fixture, 0, 1, 0, &result, &error));
    cr_expect_not_null(strstr(error.text, "checksum"), "%s", error.text);
    scratch_remove(&fixture.scratch);
}
