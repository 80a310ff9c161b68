/* SPDX-License-Identifier: GPL-2.0-or-later */
/* disks_store_test.c - volumes are opened whatever is left of them, and stores of several volumes
 * are one store; files that are no volumes are refused in one line. */
#include "disks/store.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "disks/digest.h"
#include "disks/info.h"
#include "tests/support_disks.h"

#define FOUR_VOLUMES "store four nodes 300 pages 2000 volumes 4 mirror\nsegment a file fill 400K\n"

/* Open volumes by name and take the digest. false: error says why not. */
static bool volumes_digest(const struct scratch *scratch, const char *const *names, unsigned count,
                           struct store_digest *result, struct error *error)
{
    char text[STORE_PATHS_MAX + 1][SCRATCH_PATH_BYTES];
    const char *paths[STORE_PATHS_MAX + 1];
    struct store *store = malloc(sizeof(*store));
    cr_assert_not_null(store);
    for (unsigned i = 0; i < count; i++) {
        scratch_file(scratch, names[i], text[i]);
        paths[i] = text[i];
    }
    bool good = store_open(store, paths, count, error) && digest_store(store, 0, result, error);
    store_close(store);
    free(store);
    return good;
}

static void fill_write(const struct scratch *scratch)
{
    uint8_t fill[100 * BLOCK_BYTES];
    for (size_t i = 0; i < sizeof(fill); i++)
        fill[i] = (uint8_t)(i / 1000 + 1);
    scratch_write(scratch, "fill", fill, sizeof(fill));
}

static const char *const four[] = {"x.img", "x-1.img", "x-2.img", "x-3.img"};

Test(store, four_volumes_in_any_order_are_one_store)
{
    static const char *const mixed[] = {"x-2.img", "x.img", "x-3.img", "x-1.img"};
    struct scratch scratch;
    struct error error;
    struct store_digest straight, shuffled, single;
    scratch_make(&scratch);
    fill_write(&scratch);
    cr_assert(recipe_make(&scratch, FOUR_VOLUMES, "x.img", &error), "%s", error.text);
    cr_assert(volumes_digest(&scratch, four, 4, &straight, &error), "%s", error.text);
    cr_assert(volumes_digest(&scratch, mixed, 4, &shuffled, &error), "%s", error.text);
    cr_expect_eq(straight.digest.low, shuffled.digest.low);
    cr_assert(recipe_make(&scratch, "store one nodes 300 pages 2000\nsegment a file fill 400K\n",
                          "x.img", &error));
    cr_assert(volumes_digest(&scratch, four, 1, &single, &error), "%s", error.text);
    cr_expect_eq(straight.digest.low, single.digest.low, "the logical store is the same");
    cr_expect_eq(straight.page_count, 100);
    scratch_remove(&scratch);
}

Test(store, any_one_of_four_mirrored_volumes_may_be_lost)
{
    struct scratch scratch;
    struct error error;
    struct store_digest whole, left;
    scratch_make(&scratch);
    fill_write(&scratch);
    cr_assert(recipe_make(&scratch, FOUR_VOLUMES, "x.img", &error), "%s", error.text);
    cr_assert(volumes_digest(&scratch, four, 4, &whole, &error), "%s", error.text);
    for (unsigned lost = 0; lost < 4; lost++) {
        const char *names[3];
        for (unsigned i = 0, at = 0; i < 4; i++)
            if (i != lost)
                names[at++] = four[i];
        cr_assert(volumes_digest(&scratch, names, 3, &left, &error), "%u: %s", lost, error.text);
        cr_expect_eq(left.digest.low, whole.digest.low, "without volume %u", lost);
    }
    scratch_remove(&scratch);
}

Test(store, the_checker_says_what_a_missing_volume_means)
{
    struct scratch scratch;
    struct error error;
    struct check_report report;
    char text[3][SCRATCH_PATH_BYTES];
    const char *paths[3] = {text[0], text[1], text[2]};
    struct store *store = malloc(sizeof(*store));
    cr_assert_not_null(store);
    scratch_make(&scratch);
    fill_write(&scratch);
    cr_assert(recipe_make(&scratch, FOUR_VOLUMES, "x.img", &error), "%s", error.text);
    for (unsigned i = 0; i < 3; i++)
        scratch_file(&scratch, four[i], text[i]);
    cr_assert(store_open(store, paths, 3, &error), "%s", error.text);
    cr_expect_not(check_store(store, &report));
    cr_expect_eq(report.counts[FINDING_DAMAGE], 0, "%s",
                 report.count ? report.findings[report.count - 1].text : "");
    cr_expect_str_eq(report.findings[0].text, "volume 3: missing");
    check_report_finish(&report);
    store_close(store);
    free(store);
    scratch_remove(&scratch);
}

Test(store, four_whole_volumes_are_clean)
{
    struct scratch scratch;
    struct error error;
    struct check_report report;
    char text[4][SCRATCH_PATH_BYTES];
    const char *paths[4] = {text[0], text[1], text[2], text[3]};
    struct store *store = malloc(sizeof(*store));
    cr_assert_not_null(store);
    scratch_make(&scratch);
    fill_write(&scratch);
    cr_assert(recipe_make(&scratch, FOUR_VOLUMES, "x.img", &error), "%s", error.text);
    for (unsigned i = 0; i < 4; i++)
        scratch_file(&scratch, four[i], text[i]);
    cr_assert(store_open(store, paths, 4, &error), "%s", error.text);
    cr_expect(check_store(store, &report), "%s", report.count ? report.findings[0].text : "");
    check_report_finish(&report);
    store_close(store);
    free(store);
    scratch_remove(&scratch);
}

Test(store, volumes_of_different_stores_are_not_mixed)
{
    static const char *const same[] = {"x.img", "x.img"}, *const other[] = {"x.img", "y-1.img"};
    static const char *const many[] = {"x.img", "x.img", "x.img", "x.img", "x.img", "x.img"};
    struct scratch scratch;
    struct error error;
    struct store_digest result;
    scratch_make(&scratch);
    cr_assert(recipe_make(&scratch, "store s nodes 60 pages 600 volumes 2\n", "x.img", &error));
    cr_assert(recipe_make(&scratch, "store t nodes 60 pages 600 volumes 2\n", "y.img", &error));
    cr_assert_not(volumes_digest(&scratch, same, 2, &result, &error));
    cr_expect_not_null(strstr(error.text, "is the same volume as"), "%s", error.text);
    cr_assert_not(volumes_digest(&scratch, other, 2, &result, &error));
    cr_expect_not_null(strstr(error.text, "belongs to another store than"), "%s", error.text);
    cr_assert_not(volumes_digest(&scratch, many, 6, &result, &error));
    cr_expect_eq(error.code, ERROR_LIMIT);
    scratch_remove(&scratch);
}

Test(store, refuses_what_is_not_a_volume)
{
    static const char *const names[] = {"missing", "empty", "short", "foreign", "."};
    static const enum error_code codes[] = {ERROR_IO, ERROR_FORMAT, ERROR_FORMAT, ERROR_FORMAT,
                                            ERROR_IO};
    struct scratch scratch;
    struct store_digest result;
    uint8_t foreign[8 * BLOCK_BYTES];
    memset(foreign, 'f', sizeof(foreign));
    scratch_make(&scratch);
    scratch_write(&scratch, "empty", "", 0);
    scratch_write(&scratch, "short", "LATCHKEY", 8);
    scratch_write(&scratch, "foreign", foreign, sizeof(foreign));
    for (unsigned i = 0; i < 5; i++) {
        struct error error;
        cr_assert_not(volumes_digest(&scratch, &names[i], 1, &result, &error), "%s", names[i]);
        cr_expect_eq(error.code, codes[i], "%s", error.text);
        cr_expect_not_null(strstr(error.text, names[i]), "%s", error.text);
    }
    scratch_remove(&scratch);
}

static bool contains(const struct byte_writer *writer, const char *text)
{
    return memmem(writer->data, writer->size_bytes, text, strlen(text)) != NULL;
}

Test(store, info_describes_it_in_words_and_json)
{
    struct scratch scratch;
    struct byte_writer text = {0}, json = {0};
    char path[SCRATCH_PATH_BYTES];
    scratch_make(&scratch);
    sample_make(&scratch, path);
    struct store *store = store_opened(path);
    info_text(store, &text);
    info_json(store, &json);
    cr_expect(contains(&text, "store sample, id "));
    cr_expect(contains(&text, "100 nodes, 300 pages"));
    cr_expect(contains(&text, "checkpoint 0 plex 1: generation 1 in area 0"));
    cr_expect(contains(&text, "checkpoint 1 plex 0: empty"));
    cr_expect(contains(&text, "pages plex 0  ids 1..300"));
    cr_expect(contains(&json, "\"node_count\":\t100"));
    cr_expect(contains(&json, "\"state\":\t\"empty\""));
    cr_expect(contains(&json, "\"kind\":\t\"page pots\""));
    writer_finish(&text);
    writer_finish(&json);
    store_dropped(store);
    scratch_remove(&scratch);
}
