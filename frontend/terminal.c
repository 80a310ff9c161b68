/* SPDX-License-Identifier: GPL-2.0-or-later */
/* terminal.c - the console's bytes on a grid. Called by window_run.c. Source: ECMA-48 for the
 * sequences. */
#include "frontend/terminal.h"

#include <assert.h>
#include <string.h>

#define ESCAPE 0x1bu
#define TAB_COLUMNS 8u
#define PARAMETER_MAX 9999u

void terminal_init(struct terminal *terminal)
{
    *terminal = (struct terminal){0};
    memset(terminal->cells, ' ', sizeof(terminal->cells));
}

static void line_feed(struct terminal *terminal)
{
    if (terminal->row + 1 < TERMINAL_ROWS) {
        terminal->row++;
        return;
    }
    memmove(terminal->cells[0], terminal->cells[1], (TERMINAL_ROWS - 1) * TERMINAL_COLUMNS);
    memset(terminal->cells[TERMINAL_ROWS - 1], ' ', TERMINAL_COLUMNS);
}

static void character_put(struct terminal *terminal, uint8_t byte)
{
    if (terminal->column == TERMINAL_COLUMNS) {
        terminal->column = 0;
        line_feed(terminal);
    }
    assert(terminal->row < TERMINAL_ROWS);
    terminal->cells[terminal->row][terminal->column++] = byte < 0x7f ? (char)byte : '?';
}

static void control_put(struct terminal *terminal, uint8_t byte)
{
    switch (byte) {
    case '\n':
        terminal->column = 0;
        line_feed(terminal);
        break;
    case '\r':
        terminal->column = 0;
        break;
    case '\b':
        if (terminal->column > 0)
            terminal->column--;
        break;
    case '\t':
        do
            character_put(terminal, ' ');
        while (terminal->column % TAB_COLUMNS != 0);
        break;
    case ESCAPE:
        terminal->escape = 1;
        break;
    default:
        break;
    }
}

static unsigned parameter(const struct terminal *terminal, unsigned index, unsigned missing)
{
    unsigned value = index < terminal->parameter_count ? terminal->parameters[index] : 0;
    return value ? value : missing;
}

static unsigned least(unsigned left, unsigned right)
{
    return left < right ? left : right;
}

/* Erase [from, to) of the cursor's row. */
static void row_erase(struct terminal *terminal, unsigned from, unsigned to)
{
    if (from < to)
        memset(&terminal->cells[terminal->row][from], ' ', to - from);
}

static void erase(struct terminal *terminal, bool screen)
{
    unsigned mode = parameter(terminal, 0, 0);
    row_erase(terminal, mode == 0 ? terminal->column : 0,
              mode == 1 ? least(terminal->column + 1, TERMINAL_COLUMNS) : TERMINAL_COLUMNS);
    if (!screen)
        return;
    unsigned first = mode == 0 ? terminal->row + 1 : 0;
    unsigned end = mode == 1 ? terminal->row : TERMINAL_ROWS;
    for (unsigned row = first; row < end; row++)
        memset(terminal->cells[row], ' ', TERMINAL_COLUMNS);
}

/* The last byte of a control sequence says what it does. */
static void sequence_end(struct terminal *terminal, uint8_t byte)
{
    unsigned count = parameter(terminal, 0, 1);
    switch (byte) {
    case 'A':
        terminal->row -= least(count, terminal->row);
        break;
    case 'B':
        terminal->row = least(terminal->row + count, TERMINAL_ROWS - 1);
        break;
    case 'C':
        terminal->column = least(terminal->column + count, TERMINAL_COLUMNS - 1);
        break;
    case 'D':
        terminal->column -= least(count, terminal->column);
        break;
    case 'G':
        terminal->column = least(count - 1, TERMINAL_COLUMNS - 1);
        break;
    case 'H':
        terminal->row = least(count - 1, TERMINAL_ROWS - 1);
        terminal->column = least(parameter(terminal, 1, 1) - 1, TERMINAL_COLUMNS - 1);
        break;
    case 'J':
        erase(terminal, true);
        break;
    case 'K':
        erase(terminal, false);
        break;
    default:
        break;
    }
}

static void escape_put(struct terminal *terminal, uint8_t byte)
{
    if (terminal->escape == 1) {
        terminal->escape = byte == '[' ? 2 : 0;
        terminal->parameter_count = 0;
        memset(terminal->parameters, 0, sizeof(terminal->parameters));
    } else if (byte >= '0' && byte <= '9') {
        unsigned index = terminal->parameter_count ? terminal->parameter_count - 1 : 0;
        terminal->parameter_count = index + 1;
        terminal->parameters[index] =
            least(terminal->parameters[index] * 10 + (byte - '0'), PARAMETER_MAX);
    } else if (byte == ';') {
        terminal->parameter_count =
            least((terminal->parameter_count ? terminal->parameter_count : 1) + 1,
                  TERMINAL_PARAMETERS_MAX);
    } else if (byte >= 0x40 && byte <= 0x7e) {
        terminal->escape = 0;
        sequence_end(terminal, byte);
    }
}

void terminal_put(struct terminal *terminal, const uint8_t *data, size_t size_bytes)
{
    for (size_t i = 0; i < size_bytes; i++) {
        if (terminal->escape)
            escape_put(terminal, data[i]);
        else if (data[i] < ' ')
            control_put(terminal, data[i]);
        else if (data[i] != 0x7f && (data[i] & 0xc0u) != 0x80u) /* UTF-8: one '?' a character */
            character_put(terminal, data[i]);
        terminal->serial++;
    }
    assert(terminal->row < TERMINAL_ROWS);
    assert(terminal->column <= TERMINAL_COLUMNS);
}

void terminal_row_text(const struct terminal *terminal, unsigned row,
                       char text[TERMINAL_COLUMNS + 1])
{
    assert(row < TERMINAL_ROWS);
    unsigned length = TERMINAL_COLUMNS;
    while (length > 0 && terminal->cells[row][length - 1] == ' ')
        length--;
    memcpy(text, terminal->cells[row], length);
    text[length] = '\0';
}
