/* SPDX-License-Identifier: GPL-2.0-or-later */
/* disks_names_test.c - what a recipe calls its domains is on every volume, and is read from there
 * or not at all. */
#include "disks/names.h"

#include <criterion/criterion.h>
#include <string.h>

#include "disks/checksum.h"
#include "tests/support_disks.h"

static struct names_block good_block(void)
{
    struct names names = {.count = 0};
    struct names_block block;
    names_add(&names, 16, "console");
    names_add(&names, 21, "a-name_of-31-characters-0123456");
    names_write(&names, &block);
    return block;
}

static void seal(struct names_block *block)
{
    block->checksum = checksum64((const uint8_t *)block + 8, BLOCK_BYTES - 8, CHECKSUM_NAMES);
}

Test(names, what_is_written_is_read)
{
    struct names_block block = good_block();
    struct names names;
    char text[NAMES_DOMAIN_BYTES];
    cr_assert(names_read(&names, &block));
    cr_expect_eq(names.count, 2);
    cr_expect_str_eq(names_find(&names, 16), "console");
    cr_expect_str_eq(names_find(&names, 17), "");
    names_domain(&names, 21, text);
    cr_expect_str_eq(text, "domain 21 (a-name_of-31-characters-0123456)");
    names_domain(&names, OBJECT_ID_MAX, text);
    cr_expect_str_eq(text, "domain 281474976710655");
}

Test(names, a_block_with_a_flipped_bit_has_no_names)
{
    for (unsigned bit = 0; bit < 8 * BLOCK_BYTES; bit++) {
        struct names_block block = good_block();
        struct names names = {.count = 7};
        ((uint8_t *)&block)[bit / 8] ^= (uint8_t)(1u << bit % 8);
        cr_assert_not(names_read(&names, &block), "bit %u", bit);
        cr_assert_eq(names.count, 0);
    }
}

static void more_than_there_is_room_for(struct names_block *block)
{
    block->count = NAMES_MAX + 1;
}
static void no_name(struct names_block *block)
{
    block->entries[0].name[0] = '\0';
}
static void a_blank(struct names_block *block)
{
    block->entries[0].name[3] = ' ';
}
static void an_escape(struct names_block *block)
{
    block->entries[1].name[0] = '\033';
}
static void no_end(struct names_block *block)
{
    memset(block->entries[1].name, 'x', NAME_BYTES);
}
static void the_same_twice(struct names_block *block)
{
    block->entries[1].object_id = 16;
}
static void no_domain(struct names_block *block)
{
    block->entries[0].object_id = 0;
}
static void beyond_all_ids(struct names_block *block)
{
    block->entries[1].object_id = OBJECT_ID_MAX + 1;
}

Test(names, a_sealed_block_that_breaks_a_rule_has_none_either)
{
    static void (*const breaks[])(struct names_block *) = {more_than_there_is_room_for,
                                                           no_name,
                                                           a_blank,
                                                           an_escape,
                                                           no_end,
                                                           the_same_twice,
                                                           no_domain,
                                                           beyond_all_ids};
    for (size_t i = 0; i < sizeof(breaks) / sizeof(breaks[0]); i++) {
        struct names_block block = good_block();
        struct names names;
        breaks[i](&block);
        seal(&block);
        cr_expect_not(names_read(&names, &block), "%u", (unsigned)i);
        cr_expect_eq(names.count, 0);
    }
}

Test(names, every_volume_of_a_store_has_them)
{
    struct scratch scratch;
    struct error error;
    scratch_make(&scratch);
    scratch_program(&scratch);
    cr_assert(recipe_make(&scratch,
                          "store s nodes 100 pages 100 volumes 2\n"
                          "domain alpha {\n    program program.elf\n}\n"
                          "domain beta {\n    program program.elf\n}\n",
                          "two.img", &error),
              "%s", error.text);
    for (unsigned i = 0; i < 2; i++) {
        char path[SCRATCH_PATH_BYTES];
        struct volume volume;
        struct names names;
        scratch_file(&scratch, i ? "two-1.img" : "two.img", path);
        cr_assert(volume_open(&volume, path, &error), "%s", error.text);
        volume_names(&volume, &names);
        cr_expect_eq(names.count, 2);
        cr_expect_str_eq(names_find(&names, 16), "alpha");
        cr_expect_str_eq(names_find(&names, 21), "beta");
        volume_close(&volume);
    }
    scratch_remove(&scratch);
}

/* Beside the names nothing is lost, and the store can be used. */
Test(names, that_they_are_lost_is_told)
{
    struct scratch scratch;
    struct check_report report;
    struct volume volume;
    struct error error;
    struct names names;
    char path[SCRATCH_PATH_BYTES];
    scratch_make(&scratch);
    sample_make(&scratch, path);
    cr_assert(image_check(path, &report));
    check_report_finish(&report);
    cr_assert(volume_open(&volume, path, &error), "%s", error.text);
    uint64_t at = names_at(volume.header.block_count);
    struct names_block damaged;
    block_load(path, at, &damaged);
    damaged.entries[0].name[0] ^= 1;
    block_save(path, at, &damaged);
    cr_expect_not(image_check(path, &report));
    cr_assert_eq(report.count, 1);
    cr_expect_not_null(strstr(report.findings[0].text, "the names of its domains are lost"));
    check_report_finish(&report);
    volume_names(&volume, &names);
    cr_expect_eq(names.count, 0);
    struct names_block nothing = {.count = 0};
    block_save(path, at, &nothing); /* as a store has it that was made without names */
    cr_expect(image_check(path, &report));
    check_report_finish(&report);
    volume_close(&volume);
    scratch_remove(&scratch);
}
