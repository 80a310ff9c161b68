/* SPDX-License-Identifier: GPL-2.0-or-later */
/* disks_add_test.c - volumes that join a store: for more objects, for second homes, and in place of
 * one that was lost. */
#include "disks/add.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "disks/digest.h"
#include "tests/support_store.h"

#define PAIR "store pair nodes 100 pages 600 area 32 volumes 2 mirror\nsegment a file fill 64K\n"

struct disks {
    struct scratch scratch;
    char text[VOLUME_DISKS_MAX + 1][SCRATCH_PATH_BYTES];
    const char *paths[VOLUME_DISKS_MAX + 1];
};

static void disks_make(struct disks *disks, const char *recipe)
{
    static const char *const names[] = {"x.img", "x-1.img", "new.img", "newer.img", "newest.img"};
    struct error error;
    scratch_make(&disks->scratch);
    for (unsigned i = 0; i < VOLUME_DISKS_MAX + 1; i++) {
        scratch_file(&disks->scratch, names[i], disks->text[i]);
        disks->paths[i] = disks->text[i];
    }
    scratch_write(&disks->scratch, "fill", "full", 4);
    cr_assert(recipe_make(&disks->scratch, recipe, "x.img", &error), "%s", error.text);
}

/* Add the volume `name` to those given. */
static bool add(const char *const *paths, unsigned count, const char *name,
                struct add_request request, struct error *error)
{
    struct store *store = malloc(sizeof(*store));
    cr_assert_not_null(store);
    bool good = store_open(store, paths, count, error) && store_use(store, 0, error) &&
                add_volume(store, &request, name, error);
    store_close(store);
    free(store);
    return good;
}

static uint64_t digest_low(const char *const *paths, unsigned count)
{
    struct store_digest result;
    struct error error;
    struct store *store = malloc(sizeof(*store));
    cr_assert_not_null(store);
    bool good = store_open(store, paths, count, &error) &&
                digest_store(store, 0, &result, &error);
    cr_assert(good, "%s", good ? "" : error.text);
    store_close(store);
    free(store);
    return result.digest.low;
}

static uint64_t findings(const char *const *paths, unsigned count, enum finding_kind kind)
{
    struct check_report report;
    struct error error;
    struct store *store = malloc(sizeof(*store));
    cr_assert_not_null(store);
    cr_assert(store_open(store, paths, count, &error), "%s", error.text);
    (void)check_store(store, &report);
    uint64_t number = report.counts[kind];
    check_report_finish(&report);
    store_close(store);
    free(store);
    return number;
}

Test(add, new_objects_are_there_and_zero_and_the_old_are_as_they_were)
{
    struct disks disks;
    struct error error;
    struct store_node node;
    struct store_page page;
    disks_make(&disks, "store one nodes 100 pages 600\nsegment a file fill 64K\n");
    const char *paths[] = {disks.paths[0], disks.paths[2]};
    uint64_t before = digest_low(paths, 1);
    struct add_request request = {.node_count = 40, .page_count = 300};
    cr_assert(add(paths, 1, paths[1], request, &error), "%s", error.text);
    cr_expect_eq(digest_low(paths, 2), before);
    cr_expect_eq(findings(paths, 2, FINDING_DAMAGE), 0);
    cr_expect_eq(findings(paths, 2, FINDING_REPAIRABLE), 0);
    struct store *store = malloc(sizeof(*store));
    cr_assert(store_open(store, paths, 2, &error) && store_use(store, 0, &error));
    cr_expect_null(store_node(store, 140, &node));
    cr_expect_not_null(store_node(store, 141, &node));
    cr_expect_null(store_page(store, 900, &page));
    cr_expect(page.zero);
    cr_expect_not_null(store_page(store, 901, &page));
    store_dropped(store);
    scratch_remove(&disks.scratch);
}

Test(add, a_checkpoint_may_hold_new_objects)
{
    struct disks disks;
    struct error error;
    uint8_t data[BLOCK_BYTES];
    disks_make(&disks, "store one nodes 100 pages 600\nsegment a file fill 64K\n");
    const char *paths[] = {disks.paths[0], disks.paths[2]};
    struct add_request request = {.node_count = 40, .page_count = 300};
    cr_assert(add(paths, 1, paths[1], request, &error), "%s", error.text);
    uint64_t before = digest_low(paths, 2);
    struct commit *commit = malloc(sizeof(*commit));
    memset(data, 8, sizeof(data));
    commit_begin(commit, paths, 2, 2);
    commit_page(commit, 900, 3, data);
    commit_end(commit);
    free(commit);
    cr_expect_neq(digest_low(paths, 2), before);
    cr_expect_eq(findings(paths, 2, FINDING_DAMAGE), 0);
    cr_expect_eq(findings(paths, 1, FINDING_DAMAGE), 0, "a page of a missing volume is in limbo");
    scratch_remove(&disks.scratch);
}

Test(add, a_fresh_disk_takes_the_place_of_a_lost_one_and_is_not_believed)
{
    struct disks disks;
    struct error error;
    for (unsigned lost = 0; lost < 2; lost++) {
        disks_make(&disks, PAIR);
        uint64_t before = digest_low(disks.paths, 2);
        const char *paths[] = {disks.paths[1 - lost], disks.paths[2]};
        cr_assert_eq(unlink(disks.paths[lost]), 0);
        struct add_request request = {.mirror = true};
        cr_assert(add(paths, 1, paths[1], request, &error), "%s", error.text);
        cr_expect_eq(digest_low(paths, 2), before);
        cr_expect_eq(findings(paths, 2, FINDING_DAMAGE), 0);
        cr_expect_gt(findings(paths, 2, FINDING_REPAIRABLE), 0, "it is yet to be filled");
        struct volume_header header;
        block_load(paths[1], 0, &header);
        cr_expect_eq(header.disk_index, lost);
        cr_expect_eq(header.disk_count, 2);
        scratch_remove(&disks.scratch);
    }
}

Test(add, gives_second_homes_to_what_has_one)
{
    struct disks disks;
    struct error error;
    disks_make(&disks, "store one nodes 100 pages 600\nsegment a file fill 64K\n");
    const char *paths[] = {disks.paths[0], disks.paths[2]};
    uint64_t before = digest_low(paths, 1);
    struct add_request request = {.mirror = true};
    cr_assert(add(paths, 1, paths[1], request, &error), "%s", error.text);
    struct volume_range pages = range_of(paths[1], RANGE_PAGES, 1);
    cr_expect_eq(pages.object_count, 600);
    cr_expect_eq(digest_low(paths, 2), before);
    cr_expect_eq(findings(paths, 2, FINDING_DAMAGE), 0);
    cr_expect_eq(findings(paths, 2, FINDING_REPAIRABLE), 1, "volume 1: not in step");
    cr_expect_not(add(paths, 2, disks.paths[3], request, &error), "now all has two homes");
    scratch_remove(&disks.scratch);
}

Test(add, refuses_a_fifth_volume_a_damaged_store_and_a_file_that_exists)
{
    struct disks disks;
    struct error error;
    const uint8_t zeros[BLOCK_BYTES] = {0};
    struct add_request request = {.node_count = 15};
    disks_make(&disks, PAIR);
    for (unsigned i = 2; i < VOLUME_DISKS_MAX; i++)
        cr_assert(add(disks.paths, i, disks.paths[i], request, &error), "%s", error.text);
    cr_assert_not(add(disks.paths, 4, disks.paths[4], request, &error));
    cr_expect_eq(error.code, ERROR_LIMIT, "%s", error.text);
    cr_expect_eq(findings(disks.paths, 4, FINDING_DAMAGE), 0);
    cr_assert_not(add(disks.paths, 3, disks.paths[3], request, &error));
    cr_expect_eq(error.code, ERROR_USAGE, "%s", error.text);
    plexes_save(disks.paths, 2, RANGE_PAGES, 16, zeros);
    cr_assert_not(add(disks.paths, 2, disks.paths[4], request, &error));
    cr_expect_not_null(strstr(error.text, "the store is damaged"), "%s", error.text);
    scratch_remove(&disks.scratch);
}
