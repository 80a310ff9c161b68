/* SPDX-License-Identifier: GPL-2.0-or-later */
/* draw_text.c - the font on a surface. At scale 1 a pixel is a pixel; above it each pixel takes the
 * value between the four nearest of the glyph, made steep again: slanting strokes come out
 * straight. */
#include "disks/domains/parts/draw.h"
#include "disks/domains/parts/font.h"

#include <stddef.h>
#include <string.h>

#define SCALE_MAX 16

/* A row of a glyph in a style. */
static uint32_t glyph_row(uint32_t character, int32_t row, bool bold)
{
    uint32_t bits = font_row(character, row);
    return bold ? bits | bits >> 1 : bits;
}

static void glyph_plain(struct surface *surface, struct rectangle cell, uint32_t character,
                        struct text_style style)
{
    struct rectangle part = rectangle_meet(cell, surface->clip);
    for (int32_t y = part.y; y < part.y + part.height; y++) {
        uint32_t bits = glyph_row(character, y - cell.y, style.bold);
        uint32_t *row = surface->pixels + (ptrdiff_t)y * surface->stride_pixels;
        for (int32_t x = part.x; x < part.x + part.width; x++)
            if (bits >> (FONT_WIDTH - 1 - (x - cell.x)) & 1)
                row[x] = style.color;
    }
}

/* 256 where the glyph has a pixel, else 0; blank outside the cell. */
static int32_t bit_at(uint32_t row_bits, int32_t column)
{
    if (column < 0 || column >= FONT_WIDTH)
        return 0;
    return (row_bits >> (FONT_WIDTH - 1 - column) & 1) ? 256 : 0;
}

/* How much of the glyph is at this place, 0..256; the place is in 1/256 of a glyph pixel. */
static uint32_t glyph_share(uint32_t character, int32_t x_q8, int32_t y_q8, struct text_style style)
{
    int32_t column = (x_q8 - 128) >> 8, row = (y_q8 - 128) >> 8;
    int32_t right = (x_q8 - 128) & 255, down = (y_q8 - 128) & 255;
    uint32_t upper = glyph_row(character, row, style.bold);
    uint32_t lower = glyph_row(character, row + 1, style.bold);
    int32_t above = bit_at(upper, column) * (256 - right) + bit_at(upper, column + 1) * right;
    int32_t below = bit_at(lower, column) * (256 - right) + bit_at(lower, column + 1) * right;
    int32_t value = ((above >> 8) * (256 - down) + (below >> 8) * down) >> 8;
    int32_t steep = (value - 128) * style.scale + 128;
    if (steep <= 0)
        return 0;
    return steep >= 256 ? 256 : (uint32_t)steep;
}

static void glyph_smooth(struct surface *surface, struct rectangle cell, uint32_t character,
                         struct text_style style)
{
    struct rectangle part = rectangle_meet(cell, surface->clip);
    for (int32_t y = part.y; y < part.y + part.height; y++) {
        uint32_t *row = surface->pixels + (ptrdiff_t)y * surface->stride_pixels;
        int32_t y_q8 = ((y - cell.y) * 256 + 128) / style.scale;
        for (int32_t x = part.x; x < part.x + part.width; x++) {
            int32_t x_q8 = ((x - cell.x) * 256 + 128) / style.scale;
            uint32_t weight = glyph_share(character, x_q8, y_q8, style);
            if (weight)
                row[x] = color_mix(row[x], style.color, weight);
        }
    }
}

int32_t draw_text(struct surface *surface, int32_t x, int32_t y, const char *text,
                  struct text_style style)
{
    uint32_t left_bytes = (uint32_t)strlen(text), taken_bytes;
    int32_t begin = x;
    if (style.scale < 1 || style.scale > SCALE_MAX || x <= -DRAW_RANGE || y <= -DRAW_RANGE)
        return x;
    for (; left_bytes && x < DRAW_RANGE; left_bytes -= taken_bytes, text += taken_bytes) {
        uint32_t character = font_decode(text, left_bytes, &taken_bytes);
        struct rectangle cell = {x, y, FONT_WIDTH * style.scale, FONT_HEIGHT * style.scale};
        if (style.scale == 1)
            glyph_plain(surface, cell, character, style);
        else
            glyph_smooth(surface, cell, character, style);
        x += cell.width;
    }
    struct rectangle line = {begin, y, x - begin, FONT_HEIGHT * style.scale};
    draw_mark(surface, rectangle_meet(line, surface->clip));
    return x;
}

int32_t draw_text_width(const char *text, int32_t scale)
{
    uint32_t left_bytes = (uint32_t)strlen(text), taken_bytes;
    int32_t count = 0;
    for (; left_bytes && count < DRAW_RANGE; left_bytes -= taken_bytes, text += taken_bytes) {
        (void)font_decode(text, left_bytes, &taken_bytes);
        count++;
    }
    return count * FONT_WIDTH * scale;
}
