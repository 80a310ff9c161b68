/* SPDX-License-Identifier: GPL-2.0-or-later */
/* emulator_campaign_part_test.c - parts read back what was written, and are there whole or not. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/base/output_file.h"
#include "emulator/campaign_part.h"
#include "tests/support_disks.h"

#define PLAN 0x1234567890abcdefu

struct taken {
    unsigned count;
    char names[8][CAMPAIGN_PATH_BYTES];
    struct campaign_result results[8];
};

static void take(void *context, const char *name, const struct campaign_result *result)
{
    struct taken *taken = context;
    cr_assert_lt(taken->count, 8);
    (void)snprintf(taken->names[taken->count], CAMPAIGN_PATH_BYTES, "%s", name);
    taken->results[taken->count++] = *result;
}

static void part_make(struct byte_writer *part)
{
    struct campaign_result passed = {.outcome = OUTCOME_PASSED, .phase = TRACE_PHASE_MIGRATE,
                                     .instructions = UINT64_MAX, .generation = 7,
                                     .digest = {3, UINT64_MAX}, .media = 5, .recovery = 6,
                                     .restart_ns = 8};
    struct campaign_result lost = {.outcome = OUTCOME_LOST, .text = "two\twords,\nand a line"};
    campaign_part_begin(part, PLAN, 3);
    campaign_part_add(part, "event=1,policy=keep", &passed);
    campaign_part_add(part, "event=1,policy=keep/event=2,policy=drop", &lost);
    campaign_part_end(part);
}

static void part_write(const struct scratch *scratch, const void *bytes, size_t size_bytes)
{
    char path[SCRATCH_PATH_BYTES];
    struct error error;
    cr_assert(campaign_part_path(scratch->folder, 3, path, sizeof(path)));
    cr_assert(output_write(path, bytes, size_bytes, &error), "%s", error.text);
}

Test(campaign_part, what_is_written_is_read_back)
{
    struct scratch scratch;
    struct byte_writer part = {0};
    struct taken taken = {.count = 0};
    scratch_make(&scratch);
    part_make(&part);
    part_write(&scratch, part.data, part.size_bytes);
    cr_assert(campaign_part_read(scratch.folder, PLAN, 3, &taken, take));
    cr_assert_eq(taken.count, 2);
    cr_expect_str_eq(taken.names[1], "event=1,policy=keep/event=2,policy=drop");
    cr_expect_eq(taken.results[0].outcome, OUTCOME_PASSED);
    cr_expect_eq(taken.results[0].phase, TRACE_PHASE_MIGRATE);
    cr_expect_eq(taken.results[0].instructions, UINT64_MAX);
    cr_expect_eq(taken.results[0].digest.high, UINT64_MAX);
    cr_expect_eq(taken.results[0].digest.low, 3);
    cr_expect_eq(taken.results[0].media, 5);
    cr_expect_eq(taken.results[0].recovery, 6);
    cr_expect_eq(taken.results[0].restart_ns, 8);
    cr_expect_str_eq(taken.results[1].text, "two words, and a line");
    writer_finish(&part);
    scratch_remove(&scratch);
}

Test(campaign_part, a_name_that_a_shell_would_take_for_more_is_no_case)
{
    static const char *const names[] = {"event=1;reboot", "event=1 policy=keep", "$(x)", "`x`",
                                        "event=1,policy=keep\x1b", "<b>"};
    struct scratch scratch;
    scratch_make(&scratch);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const struct campaign_result result = {.outcome = OUTCOME_LOST};
        struct byte_writer part = {0};
        struct taken taken = {.count = 0};
        campaign_part_begin(&part, PLAN, 3);
        campaign_part_add(&part, names[i], &result);
        campaign_part_end(&part);
        part_write(&scratch, part.data, part.size_bytes);
        cr_expect(campaign_part_read(scratch.folder, PLAN, 3, &taken, take));
        cr_expect_eq(taken.count, 0, "%s", names[i]);
        writer_finish(&part);
    }
    scratch_remove(&scratch);
}

Test(campaign_part, one_of_another_plan_or_unit_is_none)
{
    struct scratch scratch;
    struct byte_writer part = {0};
    scratch_make(&scratch);
    part_make(&part);
    part_write(&scratch, part.data, part.size_bytes);
    cr_expect(campaign_part_read(scratch.folder, PLAN, 3, NULL, NULL));
    cr_expect_not(campaign_part_read(scratch.folder, PLAN + 1, 3, NULL, NULL));
    cr_expect_not(campaign_part_read(scratch.folder, PLAN, 4, NULL, NULL));
    writer_finish(&part);
    scratch_remove(&scratch);
}

Test(campaign_part, one_that_is_cut_short_or_changed_anywhere_is_none)
{
    struct scratch scratch;
    struct byte_writer part = {0};
    struct taken taken = {.count = 0};
    scratch_make(&scratch);
    part_make(&part);
    for (size_t i = 0; i < part.size_bytes; i++) {
        part_write(&scratch, part.data, i);
        cr_expect_not(campaign_part_read(scratch.folder, PLAN, 3, &taken, take), "cut at %zu", i);
        part.data[i] ^= 0x40;
        part_write(&scratch, part.data, part.size_bytes);
        cr_expect_not(campaign_part_read(scratch.folder, PLAN, 3, &taken, take), "byte %zu", i);
        part.data[i] ^= 0x40;
    }
    cr_expect_eq(taken.count, 0);
    writer_finish(&part);
    scratch_remove(&scratch);
}
