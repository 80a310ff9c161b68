/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tidy_test.c - the house rules hold in this tree, and each rule finds what it is there to find.
 *
 * To see one finding, read its line: "FILE:LINE: RULE: what is wrong". The rules and the exceptions
 * from them stand in support_tidy.c.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "tests/support_tidy.h"

#define LICENCE "/* SPDX-License-Identifier: GPL-2.0-or-later */\n"

Test(tidy, the_tree_keeps_the_house_rules)
{
    struct tidy tidy = {.root = LATCHKEY_SOURCE_DIR};
    cr_assert(tidy_tree(&tidy));
    cr_assert_gt(tidy.file_count, 50, "only %zu files were found", tidy.file_count);
    for (size_t i = 0; i < tidy.finding_count; i++)
        fprintf(stderr, "%s:%u: %s: %s\n", tidy.findings[i].path, tidy.findings[i].line,
                tidy.findings[i].rule, tidy.findings[i].text);
    cr_expect_eq(tidy.finding_count, 0, "%zu findings in %zu files", tidy.finding_count,
                 tidy.file_count);
    tidy_finish(&tidy);
}

/* The findings of one planted file, as "line rule;line rule;". */
static void planted(const char *path, const char *text, const char *expected)
{
    struct tidy tidy = {0};
    char found[512] = "";
    tidy_file(&tidy, path, text, strlen(text));
    for (size_t i = 0; i < tidy.finding_count && strlen(found) < 400; i++)
        snprintf(found + strlen(found), sizeof(found) - strlen(found), "%u %s;",
                 tidy.findings[i].line, tidy.findings[i].rule);
    cr_expect_str_eq(found, expected, "%s: found \"%s\", expected \"%s\"", path, found, expected);
    tidy_finish(&tidy);
}

Test(tidy, a_clean_file_has_no_finding)
{
    planted("devices/x.c",
            LICENCE "/* x.c - a device. */\n"
                    "#include \"devices/device.h\"\n"
                    "#include <string.h>\n\n"
                    "static const char *const names[] = {\"a\", \"b\"};\n"
                    "static bool (*const table[])(int) = {NULL};\n"
                    "const struct device_ops x_ops = {.name = \"x // \\\" /* \"};\n\n"
                    "struct x {\n    int count;\n};\n"
                    "static_assert(sizeof(struct x) == 4, \"size\");\n\n"
                    "static int x_count(const struct x *x)\n{\n"
                    "    static const int scale = 2;\n"
                    "    char quote = '\"';\n"
                    "    return x->count * scale + quote;\n}\n",
            "");
}

Test(tidy, the_licence_and_the_name_of_the_file_come_first)
{
    planted("devices/x.c", "/* x.c - a device. */\n", "1 licence;2 top;");
    planted("devices/x.c", LICENCE "/* y.c - a device. */\n", "2 top;");
    planted("tests/run", "#!/bin/bash\n# SPDX-License-Identifier: GPL-2.0-or-later\n", "");
    planted("tests/run", "#!/bin/bash\necho\n", "2 licence;");
}

Test(tidy, long_lines_tabs_and_trailing_spaces_are_found)
{
    char text[400];
    snprintf(text, sizeof(text), LICENCE "/* x.c - a. */\n//%099d\n", 0);
    planted("devices/x.c", text, "3 line length;");
    snprintf(text, sizeof(text), LICENCE "/* x.c - a. */\n//%098d\n//\xc3\xa9%097d\n", 0, 0);
    planted("devices/x.c", text, "");
    planted("devices/x.c", LICENCE "/* x.c - a. */\nint \nf(void);\n\tg(h);",
            "3 white space;5 white space;5 white space;");
}

/* A file with one function of the given number of lines. */
static void function_of(char *text, size_t size_bytes, unsigned lines)
{
    size_t length =
        (size_t)snprintf(text, size_bytes, LICENCE "/* x.c - a. */\nstatic int f(int a)\n{\n");
    for (unsigned i = 3; i < lines; i++)
        length += (size_t)snprintf(text + length, size_bytes - length, "    a++;\n");
    snprintf(text + length, size_bytes - length, "}\n");
}

Test(tidy, a_function_of_71_lines_is_found_and_one_of_70_is_not)
{
    char text[16384];
    function_of(text, sizeof(text), 70);
    planted("devices/x.c", text, "");
    function_of(text, sizeof(text), 71);
    planted("devices/x.c", text, "3 function length;");
}

Test(tidy, a_file_over_its_length_is_found)
{
    char text[16384];
    snprintf(text, sizeof(text), LICENCE "/* x.c - a. */\n");
    size_t length = strlen(text);
    memset(text + length, '\n', 598);
    text[length + 598] = '\0';
    planted("devices/x.c", text, "");
    text[length + 598] = '\n';
    text[length + 599] = '\0';
    planted("devices/x.c", text, "601 file length;");
    planted("tests/x.c", text, "");
}

Test(tidy, a_library_is_included_through_its_door_only)
{
    planted("devices/x.c", LICENCE "/* x.c - a. */\n#include <lz4.h>\n#include <SDL2/SDL.h>\n",
            "3 one door;4 one door;");
    planted("emulator/machine.c", LICENCE "/* machine.c - a. */\n#include <unicorn/unicorn.h>\n",
            "3 one door;");
    planted("emulator/base/pack.c", LICENCE "/* pack.c - a. */\n#include <lz4.h>\n", "");
    planted("frontend/main.c", LICENCE "/* main.c - a. */\n# include  <png.h>\n", "3 one door;");
}

Test(tidy, folders_depend_one_way)
{
    planted("devices/x.c", LICENCE "/* x.c - a. */\n#include \"emulator/machine.h\"\n",
            "3 folder order;");
    planted("emulator/x.c", LICENCE "/* x.c - a. */\n#include \"frontend/window.h\"\n",
            "3 folder order;");
    planted("kernel/x.c", LICENCE "/* x.c - a. */\n#include \"emulator/base/error.h\"\n",
            "3 folder order;");
    planted("kernel/x.c", LICENCE "/* x.c - a. */\n#include \"devices/board.h\"\n", "");
    planted("devices/x.c", LICENCE "/* x.c - a. */\n#include \"x.h\"\n", "3 include;");
}

Test(tidy, a_file_that_is_named_and_not_there_is_found)
{
    static const char text[] = LICENCE "/* x.c - a. Called by main.c and a/y.h, see b/y.h.\n"
                                       " * Runs *_test.c; Linux input-event-codes.h. */\n"
                                       "#include \"devices/z.h\"\n"
                                       "int f(void); // nobody.S\n"
                                       "const char *const g = \"none.c\";\n";
    struct tidy tidy = {0};
    static const char *const there[] = {"devices/x.c", "frontend/main.c", "devices/b/y.h"};
    static const struct {
        unsigned line;
        const char *text;
    } expected[] = {{4, "\"devices/z.h\" does not exist"},
                    {2, "a/y.h is not in the tree"},
                    {5, "nobody.S is not in the tree"}};
    for (size_t i = 0; i < sizeof(there) / sizeof(there[0]); i++)
        tidy_path_add(&tidy, there[i]);
    tidy_file(&tidy, "devices/x.c", text, strlen(text));
    cr_assert_eq(tidy.finding_count, sizeof(expected) / sizeof(expected[0]));
    for (size_t i = 0; i < tidy.finding_count; i++) {
        cr_expect_eq(tidy.findings[i].line, expected[i].line);
        cr_expect_str_eq(tidy.findings[i].text, expected[i].text);
    }
    tidy_finish(&tidy);
}

Test(tidy, conditionals_are_include_guards_only)
{
    planted("devices/x.h",
            LICENCE "/* x.h - a. */\n#ifndef LATCHKEY_X_H\n#define LATCHKEY_X_H\n#endif\n", "");
    planted("devices/x.h", LICENCE "/* x.h - a. */\n#define LATCHKEY_X_H\n", "1 guard;");
    planted("devices/x.c", LICENCE "/* x.c - a. */\n#ifdef FAST\n#else\n#endif\n# if 0\n#endif\n",
            "3 conditional;4 conditional;6 conditional;");
}

Test(tidy, state_outside_structs_is_found_on_the_host)
{
    planted("devices/x.c", LICENCE "/* x.c - a. */\nstatic int count;\n", "3 state;");
    planted("devices/x.c", LICENCE "/* x.c - a. */\nstatic const char *name = \"x\";\n",
            "3 state;");
    planted("devices/x.c", LICENCE "/* x.c - a. */\nstruct x { int a; } one;\n", "3 state;");
    planted("devices/x.c", LICENCE "/* x.c - a. */\nstatic void (*hook)(const int *);\n",
            "3 state;");
    planted("emulator/x.c",
            LICENCE
            "/* x.c - a. */\nint f(void)\n{\n    static int calls;\n    return calls++;\n}\n",
            "5 state;");
    planted("kernel/x.c", LICENCE "/* x.c - a. */\nstatic struct { int a; } x;\n", "");
    planted("kernel/x.c",
            LICENCE "/* x.c - a. */\nstatic int a;\nstatic int b;\nstatic int c;\n", "5 state;");
}

Test(tidy, a_public_function_has_a_contract)
{
    const char *top = LICENCE "/* x.h - a. */\n#ifndef LATCHKEY_X_H\n#define LATCHKEY_X_H\n";
    char text[600];
    snprintf(text, sizeof(text), "%s\nint f(void);\n#endif\n", top);
    planted("devices/x.h", text, "6 contract;");
    snprintf(text, sizeof(text), "%s\n/* f - does. */\nint f(void);\nint g(void);\n#endif\n", top);
    planted("devices/x.h", text, "");
    snprintf(text, sizeof(text), "%s\nint f(void); /* does */\n\nint g(int,\n  int);\n#endif\n",
             top);
    planted("devices/x.h", text, "8 contract;");
}

Test(tidy, a_panic_id_is_used_once)
{
    planted("kernel/x.c",
            LICENCE "/* x.c - a. */\nvoid f(void)\n{\n    panic(\"ABCD-001 one\");\n"
                    "    panic(\"ABCD-002 two\");\n    panic(\"ABCD-001 three\");\n"
                    "    panic(\"oh no\");\n}\n",
            "7 panic id;8 panic id;");
}

Test(tidy, words_names_and_calls_that_do_not_belong_are_found)
{
    planted("devices/x.c",
            LICENCE "/* x.c - a. */\n/* TO"
                    "DO later */\n",
            "3 words;");
    planted("devices/x.c",
            LICENCE "/* x.c - a. */\n/* see /tm"
                    "p/x */\n",
            "3 words;");
    planted("devices/x.c", LICENCE "/* x.c - a. */\nint f(int src, int dst);\n",
            "3 names;3 names;");
    planted("devices/x.c", LICENCE "/* x.c - a. */\ntypedef struct x x;\ntypedef int y;\n",
            "3 typedef;");
    planted("devices/x.c",
            LICENCE "/* x.c - a. */\nvoid f(int a)\n{\n    assert(a > 0 && a < 9);\n"
                    "    assert(!(a > 0 && a < 9));\n    clock_gettime(0, 0);\n    exit(1);\n}\n",
            "5 assert;7 host clock;8 exit;");
}

Test(tidy, any_bytes_are_read_to_their_end)
{
    unsigned seed = 1;
    char text[512];
    for (unsigned round = 0; round < 3000; round++) {
        static const char alphabet[] = "ab(){}[];=,*\"'\\/#\n static const struct typedef &";
        size_t length = round % sizeof(text);
        for (size_t i = 0; i < length; i++) {
            seed = seed * 1664525u + 1013904223u;
            text[i] = alphabet[(seed >> 16) % (sizeof(alphabet) - 1)];
        }
        text[length] = '\0';
        struct tidy tidy = {0};
        tidy_file(&tidy, "devices/x.h", text, length);
        cr_expect_gt(tidy.finding_count, 0, "round %u", round);
        tidy_finish(&tidy);
    }
}
