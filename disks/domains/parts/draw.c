/* SPDX-License-Identifier: GPL-2.0-or-later */
/* draw.c - surfaces, dirty rectangles, plain fills. Called by draw_shape.c, draw_text.c and the
 * screen domain. */
#include "disks/domains/parts/draw.h"

#include <stddef.h>

bool rectangle_empty(struct rectangle area)
{
    return area.width <= 0 || area.height <= 0;
}

static int32_t smaller(int32_t a, int32_t b)
{
    return a < b ? a : b;
}

static int32_t larger(int32_t a, int32_t b)
{
    return a > b ? a : b;
}

/* The end of a span, as far as it can be expressed. */
static int32_t end_of(int32_t begin, int32_t size)
{
    int64_t end = (int64_t)begin + size;
    return end > INT32_MAX ? INT32_MAX : (int32_t)end;
}

struct rectangle rectangle_meet(struct rectangle a, struct rectangle b)
{
    int32_t left = larger(a.x, b.x), top = larger(a.y, b.y);
    int32_t right = smaller(end_of(a.x, a.width), end_of(b.x, b.width));
    int32_t bottom = smaller(end_of(a.y, a.height), end_of(b.y, b.height));
    if (rectangle_empty(a) || rectangle_empty(b) || right <= left || bottom <= top)
        return (struct rectangle){left, top, 0, 0};
    return (struct rectangle){left, top, right - left, bottom - top};
}

struct rectangle rectangle_join(struct rectangle a, struct rectangle b)
{
    if (rectangle_empty(a))
        return b;
    if (rectangle_empty(b))
        return a;
    int32_t left = smaller(a.x, b.x), top = smaller(a.y, b.y);
    int32_t right = larger(end_of(a.x, a.width), end_of(b.x, b.width));
    int32_t bottom = larger(end_of(a.y, a.height), end_of(b.y, b.height));
    return (struct rectangle){left, top, right - left, bottom - top};
}

bool rectangle_has(struct rectangle area, int32_t x, int32_t y)
{
    return x >= area.x && y >= area.y && x < end_of(area.x, area.width) &&
           y < end_of(area.y, area.height);
}

void surface_init(struct surface *surface, uint32_t *pixels, int32_t width, int32_t height,
                  int32_t stride_pixels)
{
    *surface = (struct surface){.pixels = pixels,
                                .width = width,
                                .height = height,
                                .stride_pixels = stride_pixels,
                                .clip = {0, 0, width, height}};
}

struct rectangle surface_clip(struct surface *surface, struct rectangle area)
{
    struct rectangle before = surface->clip;
    surface->clip = rectangle_meet(area, (struct rectangle){0, 0, surface->width, surface->height});
    return before;
}

void draw_clean(struct surface *surface)
{
    surface->dirty_count = 0;
}

static int64_t pixel_count(struct rectangle area)
{
    return (int64_t)area.width * area.height;
}

/* How many more pixels would be shown if the two became one. Negative: fewer, since they overlap.
 */
static int64_t join_cost(struct rectangle a, struct rectangle b)
{
    return pixel_count(rectangle_join(a, b)) - pixel_count(a) - pixel_count(b);
}

/* Showing a rectangle costs a key call and a round to the device: about as much as this many
 * pixels. */
#define JOIN_PIXELS 1024

void draw_mark(struct surface *surface, struct rectangle area)
{
    struct rectangle everything = {0, 0, surface->width, surface->height};
    struct rectangle changed = rectangle_meet(area, everything);
    if (rectangle_empty(changed))
        return;
    for (;;) {
        unsigned best = 0;
        int64_t best_cost = INT64_MAX;
        for (unsigned i = 0; i < surface->dirty_count; i++) {
            int64_t cost = join_cost(surface->dirty[i], changed);
            if (cost < best_cost) {
                best = i;
                best_cost = cost;
            }
        }
        if (surface->dirty_count < DRAW_DIRTY_MAX && best_cost > JOIN_PIXELS)
            break;
        changed = rectangle_join(surface->dirty[best], changed);
        surface->dirty[best] = surface->dirty[--surface->dirty_count];
    }
    surface->dirty[surface->dirty_count++] = changed;
}

uint32_t color_mix(uint32_t a, uint32_t b, uint32_t weight)
{
    uint32_t red_blue = ((a & 0xff00ff) * (256 - weight) + (b & 0xff00ff) * weight) >> 8;
    uint32_t green = ((a & 0x00ff00) * (256 - weight) + (b & 0x00ff00) * weight) >> 8;
    return (red_blue & 0xff00ff) | (green & 0x00ff00);
}

static uint32_t *row_at(const struct surface *surface, int32_t y)
{
    return surface->pixels + (ptrdiff_t)y * surface->stride_pixels;
}

static void row_fill(uint32_t *row, int32_t count, uint32_t color)
{
    for (int32_t i = 0; i < count; i++)
        row[i] = color;
}

void draw_fill(struct surface *surface, struct rectangle area, uint32_t color)
{
    struct rectangle part = rectangle_meet(area, surface->clip);
    for (int32_t y = 0; y < part.height; y++)
        row_fill(row_at(surface, part.y + y) + part.x, part.width, color);
    draw_mark(surface, part);
}

void draw_gradient(struct surface *surface, struct rectangle area, uint32_t top, uint32_t bottom)
{
    struct rectangle part = rectangle_meet(area, surface->clip);
    for (int32_t y = part.y; y < part.y + part.height; y++) {
        uint32_t weight = (uint32_t)((int64_t)(y - area.y) * 256 / area.height);
        row_fill(row_at(surface, y) + part.x, part.width, color_mix(top, bottom, weight));
    }
    draw_mark(surface, part);
}
