/* SPDX-License-Identifier: GPL-2.0-or-later */
/* disks_diff_test.c - what differs between two stores is named, object by object and slot by slot,
 * wherever it lies; nothing is exactly when their digests are equal. */
#include "disks/diff.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "disks/digest.h"
#include "kernel/abi.h"
#include "tests/support_power.h"
#include "tests/support_store.h"

#define ALPHA 16u
#define TOOLBOX 26u
#define WORDS_PAGE 66u

struct pair {
    struct scratch scratch;
    char paths[2][SCRATCH_PATH_BYTES];
};

static void pair_make(struct pair *pair)
{
    scratch_make(&pair->scratch);
    sample_make(&pair->scratch, pair->paths[0]);
    scratch_file(&pair->scratch, "other.img", pair->paths[1]);
    image_copy(pair->paths[0], pair->paths[1]);
}

static void compare(const struct pair *pair, struct diff_report *report)
{
    struct error error;
    struct store *stores[2] = {store_opened(pair->paths[0]), store_opened(pair->paths[1])};
    bool good = diff_stores(stores, report, &error);
    cr_assert(good, "%s", good ? "" : error.text);
    store_dropped(stores[0]);
    store_dropped(stores[1]);
}

static struct digest digest_of(const char *path)
{
    struct error error;
    struct store_digest result;
    struct store *store = store_opened(path);
    cr_assert(digest_store(store, 0, &result, &error), "%s", error.text);
    store_dropped(store);
    return result.digest;
}

static const struct diff_entry *entry_find(const struct diff_report *report, enum diff_kind kind,
                                           uint64_t id)
{
    for (size_t i = 0; i < report->count; i++)
        if (report->entries[i].kind == kind && report->entries[i].id == id)
            return &report->entries[i];
    return NULL;
}

static void slot_change(struct disk_node *node, const void *argument)
{
    node->slots[3] = (struct disk_key){.type = KEY_DATA, .count = *(const uint64_t *)argument};
}

Test(diff, equal_stores_have_nothing_that_differs)
{
    struct pair pair;
    struct diff_report report;
    pair_make(&pair);
    compare(&pair, &report);
    cr_expect_eq(report.count, 0);
    cr_expect_eq(report.page_count + report.node_count + report.running_count, 0);
    diff_report_finish(&report);
    scratch_remove(&pair.scratch);
}

Test(diff, a_key_a_count_a_page_and_a_domain_are_named)
{
    struct pair pair;
    struct diff_report report;
    struct store_node toolbox;
    uint8_t data[BLOCK_BYTES] = {0};
    struct commit *commit = calloc(1, sizeof(*commit));
    const char *path = pair.paths[1];
    cr_assert(commit);
    pair_make(&pair);
    struct store *store = store_opened(path);
    cr_assert_null(store_node(store, TOOLBOX, &toolbox));
    store_dropped(store);
    toolbox.node.slots[5] = (struct disk_key){.type = KEY_DATA, .count = 78};
    toolbox.node.call_count += 4;
    memcpy(data + 100, "new words", 9);
    commit_begin(commit, &path, 1, 2);
    commit_page(commit, WORDS_PAGE, 0, data);
    commit_node(commit, TOOLBOX, &toolbox.node);
    commit_running(commit, ALPHA + 400);
    commit_end(commit);
    compare(&pair, &report);
    cr_expect_eq(report.generations[0], 1);
    cr_expect_eq(report.generations[1], 2);
    cr_expect_eq(report.page_count, 1);
    cr_expect_eq(report.node_count, 1);
    const struct diff_entry *page = entry_find(&report, DIFF_PAGE, WORDS_PAGE);
    cr_assert_not_null(page);
    cr_expect_geq(page->byte_count, 9);
    cr_expect_leq(page->first_byte, 100);
    const struct diff_entry *node = entry_find(&report, DIFF_NODE, TOOLBOX);
    cr_assert_not_null(node);
    cr_expect_eq(node->call_counts[1], node->call_counts[0] + 4);
    const struct diff_entry *key = entry_find(&report, DIFF_KEY, TOOLBOX);
    cr_assert_not_null(key);
    cr_expect_eq(key->slot, 5);
    cr_expect_eq(key->keys[1].count, 78);
    const struct diff_entry *running = entry_find(&report, DIFF_RUNNING, ALPHA + 400);
    cr_assert_not_null(running);
    cr_expect_eq(running->side, 1);
    cr_assert_not_null(entry_find(&report, DIFF_RUNNING, ALPHA));
    cr_expect_eq(entry_find(&report, DIFF_RUNNING, ALPHA)->side, 0);
    diff_report_finish(&report);
    free(commit);
    scratch_remove(&pair.scratch);
}

Test(diff, nothing_differs_exactly_when_the_digests_are_equal, .timeout = 60)
{
    struct pair pair;
    struct diff_report report;
    struct random random = {7};
    unsigned equal = 0, rounds = 60;
    pair_make(&pair);
    for (unsigned i = 0; i < rounds; i++) {
        uint64_t number = random_below(&random, 2); /* now and then both are the same */
        node_change(pair.paths[i % 2], TOOLBOX - random_below(&random, 3), 3, slot_change,
                    &number);
        compare(&pair, &report);
        struct digest left = digest_of(pair.paths[0]), right = digest_of(pair.paths[1]);
        bool same = left.low == right.low && left.high == right.high;
        cr_assert_eq(report.page_count + report.node_count + report.running_count == 0, same,
                     "round %u", i);
        cr_assert_eq(report.count == 0, same);
        equal += same;
        diff_report_finish(&report);
    }
    cr_expect(equal > 0 && equal < rounds, "%u of %u were equal", equal, rounds);
    scratch_remove(&pair.scratch);
}

static void count_change(struct disk_node *node, const void *argument)
{
    (void)argument;
    node->allocation_count++;
}

Test(diff, a_void_key_is_what_it_is_to_its_domain)
{
    struct pair pair;
    struct diff_report report;
    pair_make(&pair);
    node_change(pair.paths[1], TOOLBOX, 3, count_change, NULL); /* all keys to it are void */
    compare(&pair, &report);
    cr_assert_not_null(entry_find(&report, DIFF_NODE, TOOLBOX));
    cr_expect_geq(report.node_count, 2, "no holder of a key to it differs");
    for (size_t i = 0; i < report.count; i++) {
        const struct diff_entry *entry = &report.entries[i];
        if (entry->kind != DIFF_KEY)
            continue;
        cr_expect_eq(disk_id(entry->keys[0].object_id), TOOLBOX);
        cr_expect_eq(entry->keys[1].type, KEY_DATA);
        cr_expect_eq(entry->keys[1].count, 0);
    }
    diff_report_finish(&report);
    scratch_remove(&pair.scratch);
}
