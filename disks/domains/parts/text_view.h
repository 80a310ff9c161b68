/* SPDX-License-Identifier: GPL-2.0-or-later */
/* text_view.h - characters in rows and columns, with a caret: what was typed on the keyboard. Long
 * lines are broken; when the rows are full, everything moves up by one. */
#ifndef LATCHKEY_DOMAINS_TEXT_VIEW_H
#define LATCHKEY_DOMAINS_TEXT_VIEW_H

#include <stdint.h>

#define TEXT_VIEW_ROWS 24
#define TEXT_VIEW_COLUMNS 96

struct text_view {
    char cells[TEXT_VIEW_ROWS][TEXT_VIEW_COLUMNS + 1]; /* each row NUL-terminated */
    int32_t rows, columns;                             /* in use */
    int32_t caret_row, caret_column;
    uint32_t changed; /* bit i: row i is to be shown again */
};

/* text_view_init - empty, all rows changed. Sizes beyond the arrays are cut, those below 1
 * become 1. */
void text_view_init(struct text_view *view, int32_t rows, int32_t columns);
/* text_view_put - a printable character, '\n', '\t' or '\b'; others are shown as '?'; '\0' is
 * ignored. */
void text_view_put(struct text_view *view, char character);

#endif
