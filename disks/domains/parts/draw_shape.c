/* SPDX-License-Identifier: GPL-2.0-or-later */
/* draw_shape.c - shapes with soft edges. A pixel's share of a shape is taken from the distance of
 * its center to the edge: inside by half a pixel or more is all, outside by half a pixel is
 * nothing. */
#include "disks/domains/parts/draw.h"

#include <stddef.h>

#define ONE 256 /* a pixel */
#define HALF 128
#define RANGE_Q8 (DRAW_RANGE * ONE)

uint32_t draw_root(uint64_t value)
{
    uint64_t root = 0, bit = 1ull << 62;
    while (bit > value)
        bit >>= 2;
    for (; bit; bit >>= 2) {
        if (value >= root + bit) {
            value -= root + bit;
            root = (root >> 1) + bit;
        } else {
            root >>= 1;
        }
    }
    return (uint32_t)root;
}

static uint64_t square(int64_t value)
{
    return (uint64_t)(value * value);
}

/* The share, 0..256, of a pixel whose center is this far inside the edge (negative: outside). */
static uint32_t share(int32_t inside_q8)
{
    if (inside_q8 <= -HALF)
        return 0;
    return inside_q8 >= HALF ? ONE : (uint32_t)(inside_q8 + HALF);
}

static void pixel_blend(struct surface *surface, int32_t x, int32_t y, uint32_t color,
                        uint32_t weight)
{
    if (weight == 0)
        return;
    uint32_t *pixel = surface->pixels + (ptrdiff_t)y * surface->stride_pixels + x;
    *pixel = weight >= ONE ? color : color_mix(*pixel, color, weight);
}

static bool in_range(struct point_q8 point)
{
    return point.x > -RANGE_Q8 && point.x < RANGE_Q8 && point.y > -RANGE_Q8 && point.y < RANGE_Q8;
}

/* The pixels of part whose centers are within radius of center. */
static void disc_part(struct surface *surface, struct rectangle part, struct point_q8 center,
                      int32_t radius_q8, uint32_t color)
{
    uint64_t all = square(radius_q8 > HALF ? radius_q8 - HALF : 0);
    uint64_t nothing = square(radius_q8 + HALF);
    for (int32_t y = part.y; y < part.y + part.height; y++) {
        uint64_t y_square = square(y * ONE + HALF - center.y);
        for (int32_t x = part.x; x < part.x + part.width; x++) {
            uint64_t distance = y_square + square(x * ONE + HALF - center.x);
            if (distance >= nothing)
                continue;
            uint32_t weight =
                distance < all ? ONE : share(radius_q8 - (int32_t)draw_root(distance));
            pixel_blend(surface, x, y, color, weight);
        }
    }
}

/* The pixels that a shape may touch whose points lie between two corners, and this far around. */
static struct rectangle pixels_around(struct point_q8 a, struct point_q8 b, int32_t margin_q8)
{
    int32_t left = (a.x < b.x ? a.x : b.x) - margin_q8 - ONE;
    int32_t top = (a.y < b.y ? a.y : b.y) - margin_q8 - ONE;
    int32_t right = (a.x < b.x ? b.x : a.x) + margin_q8 + ONE;
    int32_t bottom = (a.y < b.y ? b.y : a.y) + margin_q8 + ONE;
    return (struct rectangle){left >> 8, top >> 8, (right >> 8) - (left >> 8) + 1,
                              (bottom >> 8) - (top >> 8) + 1};
}

void draw_disc(struct surface *surface, struct point_q8 center, int32_t radius_q8, uint32_t color)
{
    if (!in_range(center) || radius_q8 <= 0 || radius_q8 >= RANGE_Q8)
        return;
    struct rectangle part = rectangle_meet(pixels_around(center, center, radius_q8), surface->clip);
    disc_part(surface, part, center, radius_q8, color);
    draw_mark(surface, part);
}

void draw_round(struct surface *surface, struct rectangle area, int32_t radius, uint32_t color)
{
    if (radius * 2 > area.width)
        radius = area.width / 2;
    if (radius * 2 > area.height)
        radius = area.height / 2;
    if (radius <= 0 || radius >= DRAW_RANGE || area.x <= -DRAW_RANGE || area.y <= -DRAW_RANGE ||
        area.x >= DRAW_RANGE || area.y >= DRAW_RANGE || area.width >= DRAW_RANGE ||
        area.height >= DRAW_RANGE) {
        draw_fill(surface, area, color);
        return;
    }
    int32_t inner = area.width - 2 * radius;
    draw_fill(surface, (struct rectangle){area.x + radius, area.y, inner, area.height}, color);
    struct rectangle side = {area.x, area.y + radius, radius, area.height - 2 * radius};
    draw_fill(surface, side, color);
    side.x += radius + inner;
    draw_fill(surface, side, color);
    for (unsigned corner = 0; corner < 4; corner++) {
        struct rectangle part = {area.x, area.y, radius, radius};
        struct point_q8 center = {(area.x + radius) * ONE, (area.y + radius) * ONE};
        if (corner & 1) {
            part.x += radius + inner;
            center.x += inner * ONE;
        }
        if (corner & 2) {
            part.y += area.height - radius;
            center.y += (area.height - 2 * radius) * ONE;
        }
        part = rectangle_meet(part, surface->clip);
        disc_part(surface, part, center, radius * ONE, color);
        draw_mark(surface, part);
    }
}

/* A line being drawn. */
struct stroke {
    struct point_q8 from, to;
    int32_t delta_x, delta_y, length_q8; /* length_q8 > 0 */
    int32_t half_q8;                     /* half of its width */
    uint32_t color;
};

static int32_t distance_q8(struct point_q8 a, struct point_q8 b)
{
    return (int32_t)draw_root(square(a.x - b.x) + square(a.y - b.y));
}

static uint32_t stroke_share(const struct stroke *stroke, int32_t x, int32_t y)
{
    struct point_q8 center = {x * ONE + HALF, y * ONE + HALF};
    int64_t right = center.x - stroke->from.x, down = center.y - stroke->from.y;
    int64_t along = right * stroke->delta_x + down * stroke->delta_y;
    if (along < 0)
        return share(stroke->half_q8 - distance_q8(center, stroke->from));
    if (along > (int64_t)stroke->length_q8 * stroke->length_q8)
        return share(stroke->half_q8 - distance_q8(center, stroke->to));
    int64_t across = (right * stroke->delta_y - down * stroke->delta_x) / stroke->length_q8;
    return share(stroke->half_q8 - (int32_t)(across < 0 ? -across : across));
}

static int32_t clamped(int32_t value, int32_t low, int32_t high)
{
    if (value < low)
        return low;
    return value > high ? high : value;
}

/* A position along one axis and the position across it of the line there. */
struct slope {
    int32_t along_from, along_delta, across_from, across_delta;
};

/* The span of pixels beside the line at one row (or column), within [low, low + count). */
static void span_at(const struct slope *slope, int32_t at, int32_t reach_q8, int32_t low,
                    int32_t count, int32_t *first, int32_t *last)
{
    int32_t most = slope->along_delta;
    int32_t along = clamped(at * ONE + HALF - slope->along_from, most < 0 ? most : 0,
                            most < 0 ? 0 : most);
    int64_t offset = (int64_t)along * slope->across_delta / slope->along_delta;
    int32_t center_q8 = slope->across_from + (int32_t)offset;
    *first = clamped((center_q8 - reach_q8) >> 8, low, low + count);
    *last = clamped((center_q8 + reach_q8) >> 8, low - 1, low + count - 1);
}

static void stroke_pixel(struct surface *surface, const struct stroke *stroke, int32_t x, int32_t y)
{
    pixel_blend(surface, x, y, stroke->color, stroke_share(stroke, x, y));
}

static void stroke_rows(struct surface *surface, const struct stroke *stroke, struct rectangle part,
                        int32_t reach_q8)
{
    struct slope slope = {stroke->from.y, stroke->delta_y, stroke->from.x, stroke->delta_x};
    for (int32_t y = part.y; y < part.y + part.height; y++) {
        int32_t x, last;
        for (span_at(&slope, y, reach_q8, part.x, part.width, &x, &last); x <= last; x++)
            stroke_pixel(surface, stroke, x, y);
    }
}

static void stroke_columns(struct surface *surface, const struct stroke *stroke,
                           struct rectangle part, int32_t reach_q8)
{
    struct slope slope = {stroke->from.x, stroke->delta_x, stroke->from.y, stroke->delta_y};
    for (int32_t x = part.x; x < part.x + part.width; x++) {
        int32_t y, last;
        for (span_at(&slope, x, reach_q8, part.y, part.height, &y, &last); y <= last; y++)
            stroke_pixel(surface, stroke, x, y);
    }
}

void draw_line(struct surface *surface, struct point_q8 from, struct point_q8 to, int32_t width_q8,
               uint32_t color)
{
    if (!in_range(from) || !in_range(to) || width_q8 <= 0 || width_q8 >= RANGE_Q8)
        return;
    struct stroke stroke = {.from = from, .to = to, .half_q8 = width_q8 / 2, .color = color};
    stroke.delta_x = to.x - from.x;
    stroke.delta_y = to.y - from.y;
    stroke.length_q8 = distance_q8(from, to);
    if (stroke.length_q8 == 0) {
        draw_disc(surface, from, stroke.half_q8, color);
        return;
    }
    struct rectangle part = rectangle_meet(pixels_around(from, to, stroke.half_q8), surface->clip);
    /* Along its own axis a line is at most the root of 2 wider than across. */
    int32_t reach_q8 = (stroke.half_q8 + HALF) * 3 / 2 + HALF;
    int32_t wide = stroke.delta_x < 0 ? -stroke.delta_x : stroke.delta_x;
    int32_t high = stroke.delta_y < 0 ? -stroke.delta_y : stroke.delta_y;
    if (high >= wide)
        stroke_rows(surface, &stroke, part, reach_q8);
    else
        stroke_columns(surface, &stroke, part, reach_q8);
    draw_mark(surface, part);
}
