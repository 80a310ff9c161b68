/* SPDX-License-Identifier: GPL-2.0-or-later */
/* text_view.c - see text_view.h. Called by the screen domain. */
#include "disks/domains/parts/text_view.h"

#include <string.h>

#define TAB_COLUMNS 4

static int32_t between(int32_t value, int32_t low, int32_t high)
{
    if (value < low)
        return low;
    return value > high ? high : value;
}

static void mark(struct text_view *view, int32_t row)
{
    view->changed |= 1u << row;
}

void text_view_init(struct text_view *view, int32_t rows, int32_t columns)
{
    *view = (struct text_view){.rows = between(rows, 1, TEXT_VIEW_ROWS),
                               .columns = between(columns, 1, TEXT_VIEW_COLUMNS)};
    view->changed = (1u << view->rows) - 1;
}

static void new_line(struct text_view *view)
{
    mark(view, view->caret_row);
    view->caret_column = 0;
    if (view->caret_row + 1 < view->rows) {
        mark(view, ++view->caret_row);
        return;
    }
    memmove(view->cells[0], view->cells[1], (size_t)(view->rows - 1) * sizeof(view->cells[0]));
    memset(view->cells[view->rows - 1], 0, sizeof(view->cells[0]));
    view->changed = (1u << view->rows) - 1;
}

static void erase(struct text_view *view)
{
    mark(view, view->caret_row);
    if (view->caret_column == 0 && view->caret_row > 0) {
        mark(view, --view->caret_row);
        view->caret_column = (int32_t)strlen(view->cells[view->caret_row]);
        if (view->caret_column < view->columns)
            return; /* the line break was erased; a full row goes on to lose its last character */
    }
    if (view->caret_column > 0)
        view->cells[view->caret_row][--view->caret_column] = '\0';
}

static void put_one(struct text_view *view, char character)
{
    if (view->caret_column == view->columns)
        new_line(view);
    view->cells[view->caret_row][view->caret_column++] = character;
    mark(view, view->caret_row);
}

void text_view_put(struct text_view *view, char character)
{
    switch (character) {
    case '\0':
        break;
    case '\n':
        new_line(view);
        break;
    case '\b':
        erase(view);
        break;
    case '\t':
        do
            put_one(view, ' ');
        while (view->caret_column % TAB_COLUMNS && view->caret_column < view->columns);
        break;
    default:
        put_one(view, character >= ' ' && character <= '~' ? character : '?');
        break;
    }
}
