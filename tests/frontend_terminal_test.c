/* SPDX-License-Identifier: GPL-2.0-or-later */
/* frontend_terminal_test.c - the console panel shows what a terminal would, and survives any
 * bytes. */
#include "frontend/terminal.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static void put(struct terminal *terminal, const char *text)
{
    terminal_put(terminal, (const uint8_t *)text, strlen(text));
}

static void expect_row(const struct terminal *terminal, unsigned row, const char *expected)
{
    char text[TERMINAL_COLUMNS + 1];
    terminal_row_text(terminal, row, text);
    cr_expect_str_eq(text, expected, "row %u is \"%s\", expected \"%s\"", row, text, expected);
}

Test(terminal, a_newline_starts_the_next_row_at_its_left)
{
    struct terminal terminal;
    terminal_init(&terminal);
    put(&terminal, "one\ntwo\r\nthree");
    expect_row(&terminal, 0, "one");
    expect_row(&terminal, 1, "two");
    expect_row(&terminal, 2, "three");
    cr_expect_eq(terminal.row, 2);
    cr_expect_eq(terminal.column, 5);
}

Test(terminal, backspace_and_return_overwrite)
{
    struct terminal terminal;
    terminal_init(&terminal);
    put(&terminal, "cat\b\bu\rC");
    expect_row(&terminal, 0, "Cut");
    put(&terminal, "\r\b\bX");
    expect_row(&terminal, 0, "Xut");
}

Test(terminal, a_long_line_wraps_and_an_exact_one_does_not_leave_an_empty_row)
{
    struct terminal terminal;
    char line[TERMINAL_COLUMNS + 2];
    terminal_init(&terminal);
    memset(line, 'x', TERMINAL_COLUMNS);
    line[TERMINAL_COLUMNS] = '\0';
    put(&terminal, line);
    cr_expect_eq(terminal.row, 0);
    put(&terminal, "\ny");
    expect_row(&terminal, 1, "y");
    put(&terminal, "\n");
    put(&terminal, line);
    put(&terminal, "z");
    expect_row(&terminal, 3, "z");
}

Test(terminal, rows_scroll_when_the_grid_is_full)
{
    struct terminal terminal;
    terminal_init(&terminal);
    for (unsigned i = 0; i < TERMINAL_ROWS + 10; i++) {
        char text[16];
        snprintf(text, sizeof(text), "%u\n", i);
        put(&terminal, text);
    }
    cr_expect_eq(terminal.row, TERMINAL_ROWS - 1);
    expect_row(&terminal, TERMINAL_ROWS - 2, "209");
    expect_row(&terminal, 0, "11");
}

Test(terminal, sequences_move_the_cursor_and_erase)
{
    struct terminal terminal;
    terminal_init(&terminal);
    put(&terminal, "prompt> abcdef\33[3DX\33[K");
    expect_row(&terminal, 0, "prompt> abcX");
    put(&terminal, "\33[2GR\33[1;31mred\33[m");
    expect_row(&terminal, 0, "pRredt> abcX");
    put(&terminal, "\33[2J\33[Hhome");
    expect_row(&terminal, 0, "home");
    put(&terminal, "\33[3;5Hx\33[A^\33[99D<");
    expect_row(&terminal, 2, "    x");
    expect_row(&terminal, 1, "<    ^");
}

Test(terminal, other_characters_become_one_question_mark)
{
    struct terminal terminal;
    terminal_init(&terminal);
    put(&terminal, "caf\xc3\xa9 \xe2\x82\xac\a!");
    expect_row(&terminal, 0, "caf? ?!");
}

Test(terminal, the_cursor_stays_inside_whatever_arrives)
{
    struct terminal terminal;
    const uint32_t seed = 20250101;
    uint32_t state = seed;
    static const char useful[] = "\33[;0123456789ABCDGHJKm\n\r\b\t x\377";
    terminal_init(&terminal);
    for (unsigned i = 0; i < 500000; i++) {
        state = state * 1664525u + 1013904223u;
        uint8_t byte = (uint8_t)useful[(state >> 16) % (sizeof(useful) - 1)];
        terminal_put(&terminal, &byte, 1);
        cr_assert(terminal.row < TERMINAL_ROWS, "seed %u, byte %u", seed, i);
        cr_assert(terminal.column <= TERMINAL_COLUMNS, "seed %u, byte %u", seed, i);
    }
    for (unsigned row = 0; row < TERMINAL_ROWS; row++)
        for (unsigned column = 0; column < TERMINAL_COLUMNS; column++) {
            char cell = terminal.cells[row][column];
            cr_assert(cell >= ' ' && cell < 0x7f, "seed %u: cell %d", seed, cell);
        }
}
