/* SPDX-License-Identifier: GPL-2.0-or-later */
/* domains_arguments_test.c - typed lines as words, numbers and bytes; and dates. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "disks/domains/parts/arguments.h"
#include "disks/domains/parts/calendar.h"
#include "tests/support_disks.h"

static struct arguments arguments;
static char line[256];

static const char *split(const char *text)
{
    strcpy(line, text);
    return arguments_split(&arguments, line);
}

Test(arguments, words_stand_between_spaces)
{
    cr_assert_null(split("  call bank   7 "));
    cr_assert_eq(arguments.count, 3);
    cr_expect_str_eq(arguments.words[0].bytes, "call");
    cr_expect_str_eq(arguments.words[1].bytes, "bank");
    cr_expect_str_eq(arguments.words[2].bytes, "7");
    cr_expect_eq(arguments.words[1].size_bytes, 4);
    cr_assert_null(split("   "));
    cr_assert_eq(arguments.count, 0);
}

Test(arguments, quoted_words_hold_any_byte)
{
    cr_assert_null(split("a \"b c\\n\\x00\\\"\\\\\\t\\xFf\" \"\" d"));
    cr_assert_eq(arguments.count, 4);
    cr_expect_eq(arguments.words[1].size_bytes, 9);
    cr_expect_arr_eq(arguments.words[1].bytes, "b c\n\0\"\\\t\xff", 9);
    cr_expect(arguments.words[2].quoted);
    cr_expect_eq(arguments.words[2].size_bytes, 0);
    cr_expect_str_eq(arguments.words[3].bytes, "d");
}

Test(arguments, mistakes_are_said)
{
    cr_expect_not_null(split("a \"b"));
    cr_expect_not_null(split("\"\\"));
    cr_expect_not_null(split("\"\\q\""));
    cr_expect_not_null(split("\"\\x1\""));
    cr_expect_not_null(split("\"\\x"));
    cr_expect_not_null(split("\"a\"b"));
    memset(line, 0, sizeof(line));
    for (unsigned i = 0; i < ARGUMENTS_MAX; i++)
        strcat(line, "x ");
    cr_expect_null(arguments_split(&arguments, line));
    for (unsigned i = 0; i < ARGUMENTS_MAX; i++)
        line[2 * i + 1] = ' ';
    strcat(line, "x");
    cr_expect_not_null(arguments_split(&arguments, line));
}

Test(arguments, numbers)
{
    static const struct {
        const char *text;
        bool good;
        uint64_t number;
    } cases[] = {
        {"0", true, 0}, {"17", true, 17}, {"0x1F", true, 31}, {"-1", true, UINT64_MAX},
        {"18446744073709551615", true, UINT64_MAX}, {"0xffffffffffffffff", true, UINT64_MAX},
        {"KT", true, 0x80000000}, {"KT+4", true, 0x80000004}, {"KT+0x10", true, 0x80000010},
        {"18446744073709551616", false, 0}, {"KT+18446744073709551615", false, 0},
        {"0x", false, 0}, {"1a", false, 0}, {"KT+", false, 0}, {"KTx", false, 0}, {"-x", false, 0},
        {"-2", true, -2ull}, {"-9223372036854775809", false, 0}, {"-", false, 0},
        {"\"1\"", false, 0}, {"x", false, 0},
    };
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint64_t number;
        cr_assert_null(split(cases[i].text));
        cr_expect_eq(argument_number(&arguments.words[0], &number), cases[i].good, "%s",
                     cases[i].text);
        cr_expect(!cases[i].good || number == cases[i].number, "%s", cases[i].text);
    }
}

Test(arguments, hexadecimal_bytes)
{
    cr_assert_null(split("00fFA5 123 xy"));
    cr_expect(argument_hex(&arguments.words[0]));
    cr_expect_eq(arguments.words[0].size_bytes, 3);
    cr_expect_arr_eq(arguments.words[0].bytes, "\x00\xff\xa5", 3);
    cr_expect_not(argument_hex(&arguments.words[1]));
    cr_expect_not(argument_hex(&arguments.words[2]));
}

Test(arguments, no_line_is_read_beyond_its_end)
{
    struct random random = {7};
    static const char letters[] = "ab \"\\xn09";
    for (unsigned i = 0; i < 100000; i++) {
        size_t length = random_below(&random, 30);
        char *text = malloc(length + 1);
        for (size_t at = 0; at < length; at++)
            text[at] = letters[random_below(&random, sizeof(letters) - 1)];
        text[length] = '\0';
        if (!arguments_split(&arguments, text))
            for (unsigned word = 0; word < arguments.count; word++) {
                const struct argument *argument = &arguments.words[word];
                cr_assert_geq(argument->bytes, text);
                cr_assert_leq(argument->bytes + argument->size_bytes, text + length);
                cr_assert_eq(argument->bytes[argument->size_bytes], '\0');
            }
        free(text);
    }
}

Test(calendar, dates)
{
    static const struct {
        uint64_t seconds;
        const char *text;
    } cases[] = {{0, "1970-01-01 00:00:00 UTC"},
                 {951782399, "2000-02-28 23:59:59 UTC"},
                 {951782400, "2000-02-29 00:00:00 UTC"},
                 {4107542400, "2100-03-01 00:00:00 UTC"},
                 {1795255200, "2026-11-21 10:00:00 UTC"}};
    char text[CALENDAR_TEXT_BYTES];
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        calendar_text(cases[i].seconds * 1000000000u, text);
        cr_expect_str_eq(text, cases[i].text);
    }
    calendar_text(UINT64_MAX, text);
    cr_expect_str_eq(text, "2554-07-21 23:34:33 UTC");
}
