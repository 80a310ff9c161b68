/* SPDX-License-Identifier: GPL-2.0-or-later */
/* layout.h - where everything is on the screen domain's 1024 x 768 picture, and its colors. */
#ifndef LATCHKEY_DOMAINS_SCREEN_LAYOUT_H
#define LATCHKEY_DOMAINS_SCREEN_LAYOUT_H

#include "disks/domains/parts/draw.h"

#define SCREEN_WIDTH 1024
#define SCREEN_HEIGHT 768
#define MARGIN 16
#define TITLE_HEIGHT 56
#define PANEL_RADIUS 10
#define PANEL_TITLE 30 /* height of a panel's heading */

#define COLOR_BACK_TOP 0x0f172a
#define COLOR_BACK_BOTTOM 0x1e1b4b
#define COLOR_PANEL 0x111827
#define COLOR_PANEL_EDGE 0x334155
#define COLOR_INK 0xe2e8f0
#define COLOR_DIM 0x94a3b8
#define COLOR_ACCENT 0x38bdf8

enum panel { PANEL_PICTURE, PANEL_CANVAS, PANEL_TEXT, PANEL_FIGURES, PANEL_COUNT };

/* layout_panel - the outside of a panel. layout_inside - what is inside of it, under its heading.
 */
struct rectangle layout_panel(enum panel panel);
struct rectangle layout_inside(enum panel panel);
/* layout_draw - background, title bar, panels and headings. */
void layout_draw(struct surface *surface);

#endif
