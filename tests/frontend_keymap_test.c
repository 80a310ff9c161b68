/* SPDX-License-Identifier: GPL-2.0-or-later */
/* frontend_keymap_test.c - keys arrive as Linux codes. Expected numbers are from the two tables
 * that keymap.h names, written down here once more by number. */
#include "frontend/keymap.h"

#include <criterion/criterion.h>

Test(keymap, well_known_keys_have_their_codes)
{
    static const struct {
        uint32_t usage;
        uint16_t code;
    } known[] = {
        {0x04, 30},  {0x1d, 44},  {0x14, 16},  {0x1e, 2},   {0x27, 11},  {0x28, 28}, {0x29, 1},
        {0x2a, 14},  {0x2c, 57},  {0x3a, 59},  {0x45, 88},  {0x4f, 106}, {0x50, 105}, {0x51, 108},
        {0x52, 103}, {0xe0, 29},  {0xe1, 42},  {0xe5, 54},  {0xe7, 126}, {0x38, 53}, {0x39, 58},
    };
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        cr_expect_eq(keymap_code(known[i].usage), known[i].code, "usage 0x%x is %u",
                     known[i].usage, keymap_code(known[i].usage));
}

Test(keymap, usages_without_a_key_have_no_code)
{
    cr_expect_eq(keymap_code(0), 0);
    cr_expect_eq(keymap_code(3), 0);
    cr_expect_eq(keymap_code(0xdf), 0);
    cr_expect_eq(keymap_code(0xe8), 0);
    cr_expect_eq(keymap_code(UINT32_MAX), 0);
}

Test(keymap, no_two_keys_of_the_main_block_share_a_code)
{
    for (uint32_t left = 0x04; left < 0x31; left++)
        for (uint32_t right = left + 1; right < 0x31; right++)
            cr_expect_neq(keymap_code(left), keymap_code(right), "usages 0x%x and 0x%x", left,
                          right);
}
