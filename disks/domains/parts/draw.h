/* SPDX-License-Identifier: GPL-2.0-or-later */
/* draw.h - drawing into 32-bit pixels: surfaces, anti-aliased shapes, text, and which parts have
 * changed.
 *
 * Used by the screen domain, whose pixels are the display's; needs nothing but memory. Integers
 * only.
 *
 * Invariants
 *  1. No pixel outside the clip rectangle is written, whatever the arguments.
 *  2. Every pixel that was written lies in a dirty rectangle until draw_clean().
 *
 * Colors are 0xRRGGBB. Places of shapes are in 1/256 of a pixel (suffix _q8), those of rectangles
 * and text in pixels. Shapes further than DRAW_RANGE pixels away from the origin are not drawn.
 */
#ifndef LATCHKEY_DOMAINS_DRAW_H
#define LATCHKEY_DOMAINS_DRAW_H

#include <stdbool.h>
#include <stdint.h>

#define DRAW_RANGE 8192
#define DRAW_DIRTY_MAX 12u

struct rectangle {
    int32_t x, y, width, height; /* empty unless both sizes are above 0 */
};
struct point_q8 {
    int32_t x, y;
};

struct surface {
    uint32_t *pixels;
    int32_t width, height, stride_pixels;
    struct rectangle clip;
    struct rectangle dirty[DRAW_DIRTY_MAX];
    unsigned dirty_count;
};

/* surface_init - draw into these pixels; nothing is written yet. The clip is everything. */
void surface_init(struct surface *surface, uint32_t *pixels, int32_t width, int32_t height,
                  int32_t stride_pixels);
/* surface_clip - draw only inside area (and the surface) from now on. Returns the clip as it was.
 */
struct rectangle surface_clip(struct surface *surface, struct rectangle area);
/* draw_clean - forget the dirty rectangles: they have been shown. */
void draw_clean(struct surface *surface);
/* draw_mark - say that an area has changed. */
void draw_mark(struct surface *surface, struct rectangle area);

/* rectangle_meet - the part that two rectangles have in common; may be empty. */
struct rectangle rectangle_meet(struct rectangle a, struct rectangle b);
bool rectangle_empty(struct rectangle area);
/* rectangle_join - the smallest rectangle around both; an empty one does not count. */
struct rectangle rectangle_join(struct rectangle a, struct rectangle b);
bool rectangle_has(struct rectangle area, int32_t x, int32_t y);

/* color_mix - a color between two: weight 0 gives a, 256 gives b. */
uint32_t color_mix(uint32_t a, uint32_t b, uint32_t weight);

/* draw_fill - an area in one color. */
void draw_fill(struct surface *surface, struct rectangle area, uint32_t color);
/* draw_gradient - from top to bottom of area. */
void draw_gradient(struct surface *surface, struct rectangle area, uint32_t top, uint32_t bottom);
/* draw_round - a filled rectangle with round corners. */
void draw_round(struct surface *surface, struct rectangle area, int32_t radius, uint32_t color);
void draw_disc(struct surface *surface, struct point_q8 center, int32_t radius_q8, uint32_t color);
/* draw_line - with round ends. */
void draw_line(struct surface *surface, struct point_q8 from, struct point_q8 to, int32_t width_q8,
               uint32_t color);

/* How text looks. scale 1 is the font's own size; larger sizes are smoothed. */
struct text_style {
    uint32_t color;
    int32_t scale;
    bool bold;
};
/* draw_text - UTF-8 text up to a NUL; x, y is the upper left corner. Returns the x behind it. */
int32_t draw_text(struct surface *surface, int32_t x, int32_t y, const char *text,
                  struct text_style style);
int32_t draw_text_width(const char *text, int32_t scale);

/* draw_root - the integer square root of a value, rounded down. */
uint32_t draw_root(uint64_t value);

#endif
