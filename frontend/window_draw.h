/* SPDX-License-Identifier: GPL-2.0-or-later */
/* window_draw.h - boxes and text in a window. Private to window.c, which has them, and bars_draw.c,
 * which draws the bars with them. */
#ifndef LATCHKEY_FRONTEND_WINDOW_DRAW_H
#define LATCHKEY_FRONTEND_WINDOW_DRAW_H

#include "frontend/bars.h"

enum paint {
    PAINT_INK,
    PAINT_DIM,    /* ink of figures */
    PAINT_NOTICE, /* ink of what is to be seen at once */
    PAINT_NIGHT,  /* around the picture */
    PAINT_BAR,
    PAINT_BUTTON,
    PAINT_LIT,    /* a button that is on */
    PAINT_PANEL,  /* over the picture, which shines through */
    PAINT_STRIP,  /* the past is looked at */
    PAINT_GROOVE, /* the track, where nothing is yet, or what would be forgotten */
    PAINT_GONE,   /* the track up to now */
    PAINT_PHASE,
    PAINT_INPUT,
    PAINT_CHECKPOINT,
    PAINT_CUT,
    PAINT_LAMP_DARK,
    PAINT_LAMP_READ,
    PAINT_LAMP_WRITE,
    PAINT_COUNT
};

/* window_box - fill an area. */
void window_box(struct window *window, struct layout_area area, enum paint paint);
/* window_text - at most length characters. Returns the width. */
int window_text(struct window *window, int x, int y, const char *text, size_t length,
                enum paint paint);

/* bars_draw - all of them. hover_x: of the pointer on the track; -1: it is not there. */
void bars_draw(struct window *window, const struct bars *bars,
               const struct window_picture *picture, int hover_x);

#endif
