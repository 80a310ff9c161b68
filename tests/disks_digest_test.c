/* SPDX-License-Identifier: GPL-2.0-or-later */
/* disks_digest_test.c - the digest tells stores apart by what a restarted system would see, and by
 * nothing else: the same objects at home, half migrated, or in a checkpoint area digest alike. */
#include "disks/digest.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "disks/checksum.h"
#include "kernel/abi.h"
#include "tests/support_store.h"

#define ALPHA 16u
#define TOOLBOX 26u
#define WORDS_PAGE 66u
#define ZERO_PAGE_ID 20u

static bool digest_of(const char *path, uint64_t generation, struct store_digest *result,
                      struct error *error)
{
    struct store *store = malloc(sizeof(*store));
    cr_assert_not_null(store);
    bool good = store_open(store, &path, 1, error) &&
                digest_store(store, generation, result, error);
    store_close(store);
    free(store);
    return good;
}

static struct digest must_digest(const char *path, uint64_t generation)
{
    struct store_digest result;
    struct error error;
    bool good = digest_of(path, generation, &result, &error);
    cr_assert(good, "%s", good ? "" : error.text);
    return result.digest;
}

static bool same(struct digest left, struct digest right)
{
    return left.low == right.low && left.high == right.high;
}

/* What generation 2 changes: a number in toolbox, the words, a page that was zero and one that is.
 */
static void change_toolbox(struct disk_node *node, const void *argument)
{
    (void)argument;
    node->slots[0].count = 78;
    node->call_count = 4;
}

static void page_home_change(const char *path, uint64_t id, const uint8_t *data, uint8_t generation)
{
    struct volume_range pages = range_of(path, RANGE_PAGES, 0);
    block_save(path, pages.start_block + id - 1, data);
    for (unsigned plex = 0; plex < 2; plex++) {
        struct page_pot pot;
        struct volume_range range = range_of(path, RANGE_PAGE_POTS, plex);
        uint64_t block = range.start_block + (id - 1) / POT_PAGES;
        block_load(path, block, &pot);
        pot.generation[0] = generation;
        pot.pages[(id - 1) % POT_PAGES] = (struct page_pot_entry){
            .checksum = checksum64(data, BLOCK_BYTES, checksum_seed(CHECKSUM_PAGE, id))};
        seal_page_pot(&pot, 1 + (id - 1) / POT_PAGES * POT_PAGES);
        block_save(path, block, &pot);
    }
}

static void new_words(uint8_t data[BLOCK_BYTES])
{
    memset(data, 0, BLOCK_BYTES);
    memcpy(data, "new words", 9);
}

/* The changes at home, as if migrated. */
static void home_change(const char *path, uint8_t generation)
{
    uint8_t data[BLOCK_BYTES];
    node_change(path, TOOLBOX, 3, change_toolbox, NULL);
    new_words(data);
    page_home_change(path, WORDS_PAGE, data, generation);
    memset(data, 5, sizeof(data));
    page_home_change(path, ZERO_PAGE_ID, data, generation);
}

/* The same changes in a checkpoint area, homes untouched. */
static void area_change(const char *path)
{
    uint8_t data[BLOCK_BYTES];
    struct commit *commit = malloc(sizeof(*commit));
    struct store_node toolbox;
    cr_assert_not_null(commit);
    struct store *store = store_opened(path);
    cr_assert_null(store_node(store, TOOLBOX, &toolbox));
    store_dropped(store);
    change_toolbox(&toolbox.node, NULL);
    commit_begin(commit, &path, 1, 2);
    new_words(data);
    commit_page(commit, WORDS_PAGE, 0, data);
    memset(data, 5, sizeof(data));
    commit_page(commit, ZERO_PAGE_ID, 0, data);
    commit_node(commit, TOOLBOX, &toolbox.node);
    commit_running(commit, ALPHA);
    commit_end(commit);
    free(commit);
}

static void expect_clean(const char *path, const char *what)
{
    struct check_report report;
    cr_expect(image_check(path, &report), "%s: %s", what,
              report.count ? report.findings[0].text : "not opened");
    check_report_finish(&report);
}

Test(digest, is_the_same_wherever_objects_lie)
{
    struct scratch scratch;
    char path[SCRATCH_PATH_BYTES];
    scratch_make(&scratch);
    sample_make(&scratch, path);
    struct digest original = must_digest(path, 0);
    home_change(path, 1);
    struct digest changed = must_digest(path, 0);
    cr_expect_not(same(original, changed));
    sample_make(&scratch, path);
    area_change(path);
    expect_clean(path, "in the area");
    cr_expect(same(must_digest(path, 2), changed), "in the area");
    cr_expect(same(must_digest(path, 0), changed), "the newest is generation 2");
    cr_expect(same(must_digest(path, 1), original), "generation 1 is still whole");
    scratch_remove(&scratch);
}

/* Migration stopped after some objects went home: still generation 2, no longer generation 1. */
Test(digest, is_the_same_in_the_middle_of_a_migration)
{
    struct scratch scratch;
    struct error error;
    struct store_digest result;
    uint8_t data[BLOCK_BYTES];
    char path[SCRATCH_PATH_BYTES];
    scratch_make(&scratch);
    sample_make(&scratch, path);
    area_change(path);
    struct digest committed = must_digest(path, 2);
    node_change(path, TOOLBOX, 1, change_toolbox, NULL); /* one plex only */
    expect_clean(path, "one plex of a node is home");
    cr_expect(same(must_digest(path, 2), committed));
    new_words(data);
    page_home_change(path, WORDS_PAGE, data, 2);
    expect_clean(path, "a page is home");
    cr_expect(same(must_digest(path, 2), committed));
    cr_assert_not(digest_of(path, 1, &result, &error));
    cr_expect_not_null(strstr(error.text, "generation 1 is no longer whole"), "%s", error.text);
    scratch_remove(&scratch);
}

Test(digest, sees_one_changed_bit_of_a_page_or_node)
{
    struct scratch scratch;
    uint8_t data[BLOCK_BYTES] = {0};
    char path[SCRATCH_PATH_BYTES];
    scratch_make(&scratch);
    sample_make(&scratch, path);
    struct digest original = must_digest(path, 0);
    data[4095] = 1;
    page_home_change(path, ZERO_PAGE_ID, data, 1);
    struct digest page = must_digest(path, 0);
    cr_expect_not(same(original, page));
    node_change(path, TOOLBOX, 3, change_toolbox, NULL);
    cr_expect_not(same(page, must_digest(path, 0)));
    scratch_remove(&scratch);
}

Test(digest, takes_a_page_of_stored_zeros_for_a_page_of_zeros)
{
    struct scratch scratch;
    const uint8_t zeros[BLOCK_BYTES] = {0};
    char path[SCRATCH_PATH_BYTES];
    scratch_make(&scratch);
    sample_make(&scratch, path);
    struct digest original = must_digest(path, 0);
    page_home_change(path, ZERO_PAGE_ID, zeros, 1);
    cr_expect(same(original, must_digest(path, 0)));
    scratch_remove(&scratch);
}

static void change_void(struct disk_node *node, const void *argument)
{
    node->slots[9] = *(const struct disk_key *)argument;
}

static void change_rescinded(struct disk_node *node, const void *argument)
{
    (void)argument;
    node->allocation_count = 3;
}

Test(digest, takes_a_void_key_for_data_key_zero)
{
    struct scratch scratch;
    struct disk_key stale = {.type = KEY_NODE, .object_id = {80}, .count = 2}, none = {0};
    struct disk_key resume = {.type = KEY_RESUME, .data_byte = 2, .object_id = {ALPHA}, .count = 9};
    char path[SCRATCH_PATH_BYTES];
    scratch_make(&scratch);
    sample_make(&scratch, path);
    node_change(path, 80, 3, change_rescinded, NULL);
    struct digest with_none = must_digest(path, 0);
    node_change(path, TOOLBOX, 3, change_void, &stale);
    cr_expect(same(with_none, must_digest(path, 0)), "the node has count 3, the key 2");
    node_change(path, TOOLBOX, 3, change_void, &resume);
    cr_expect(same(with_none, must_digest(path, 0)), "the domain has call count 0, the key 9");
    stale.count = 3;
    node_change(path, TOOLBOX, 3, change_void, &stale);
    cr_expect_not(same(with_none, must_digest(path, 0)), "a valid key counts");
    node_change(path, TOOLBOX, 3, change_void, &none);
    cr_expect(same(with_none, must_digest(path, 0)));
    scratch_remove(&scratch);
}

Test(digest, survives_the_loss_of_one_copy_of_everything)
{
    struct scratch scratch;
    struct error error;
    struct check_report report;
    const uint8_t zeros[BLOCK_BYTES] = {0};
    char path[SCRATCH_PATH_BYTES];
    scratch_make(&scratch);
    sample_make(&scratch, path);
    struct digest original = must_digest(path, 0);
    for (unsigned plex = 0; plex < 2; plex++) {
        sample_make(&scratch, path);
        struct volume_range nodes = range_of(path, RANGE_NODES, plex);
        struct volume_range pots = range_of(path, RANGE_PAGE_POTS, plex);
        struct volume_range area = range_of(path, RANGE_CKPT_AREA, 0);
        for (uint64_t i = 0; i < nodes.block_count; i++)
            block_save(path, nodes.start_block + i, zeros);
        for (uint64_t i = 0; i < pots.block_count; i++)
            block_save(path, pots.start_block + i, zeros);
        block_save(path, area.start_block + (plex ? area.block_count - 1 : 0), zeros);
        if (plex == 0)
            block_save(path, 0, zeros);
        cr_expect(same(original, must_digest(path, 0)), "without plex %u", plex);
        cr_expect_not(image_check(path, &report));
        cr_expect_eq(report.counts[FINDING_DAMAGE], 0, "all is repairable");
        check_report_finish(&report);
    }
    struct store_digest result;
    cr_expect(digest_of(path, 1, &result, &error));
    cr_expect_eq(result.running_count, 1);
    scratch_remove(&scratch);
}

Test(digest, refuses_a_store_with_a_lost_object)
{
    struct scratch scratch;
    struct error error;
    struct store_digest result;
    uint8_t page[BLOCK_BYTES] = {1};
    char path[SCRATCH_PATH_BYTES];
    scratch_make(&scratch);
    sample_make(&scratch, path);
    block_save(path, range_of(path, RANGE_PAGES, 0).start_block + WORDS_PAGE - 1, page);
    cr_assert_not(digest_of(path, 0, &result, &error));
    cr_expect_eq(error.code, ERROR_FORMAT);
    cr_expect_not_null(strstr(error.text, "page 66: its checksum is wrong"), "%s", error.text);
    cr_expect_not(digest_of(path, 7, &result, &error));
    cr_expect_not_null(strstr(error.text, "no checkpoint of generation 7"), "%s", error.text);
    scratch_remove(&scratch);
}
