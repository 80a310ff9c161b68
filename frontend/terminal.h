/* SPDX-License-Identifier: GPL-2.0-or-later */
/* terminal.h - what the console would show: a grid of characters that a byte stream writes on.
 *
 * Called by window_run.c for the console panel. Understands what line editors use: newline, return,
 * backspace, tab, and the ANSI sequences for cursor movement and erasing; colours are ignored.
 *
 * Invariants
 *  1. The cursor is inside the grid, whatever bytes arrive.
 */
#ifndef LATCHKEY_FRONTEND_TERMINAL_H
#define LATCHKEY_FRONTEND_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TERMINAL_COLUMNS 100u
#define TERMINAL_ROWS 200u /* the newest at the end; the window shows as many as fit */
#define TERMINAL_PARAMETERS_MAX 4u

struct terminal {
    char cells[TERMINAL_ROWS][TERMINAL_COLUMNS]; /* printable ASCII; '?' for anything else */
    unsigned row, column; /* of the cursor; column may be TERMINAL_COLUMNS: wraps at the next */
    unsigned escape;      /* 0 text, 1 after ESC, 2 inside a control sequence */
    unsigned parameters[TERMINAL_PARAMETERS_MAX], parameter_count;
    uint64_t serial; /* grows with every byte */
};

/* terminal_init - an empty grid, cursor at its top. */
void terminal_init(struct terminal *terminal);
/* terminal_put - show bytes. */
void terminal_put(struct terminal *terminal, const uint8_t *data, size_t size_bytes);
/* terminal_row_text - a row without trailing spaces, NUL-terminated. */
void terminal_row_text(const struct terminal *terminal, unsigned row,
                       char text[TERMINAL_COLUMNS + 1]);

#endif
