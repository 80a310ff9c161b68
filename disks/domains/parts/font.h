/* SPDX-License-Identifier: GPL-2.0-or-later */
/* font.h - a bitmap font of our own: 8 x 16 cells, printable ASCII, and one box for everything
 * else. */
#ifndef LATCHKEY_DOMAINS_FONT_H
#define LATCHKEY_DOMAINS_FONT_H

#include <stdint.h>

#define FONT_WIDTH 8
#define FONT_HEIGHT 16
#define FONT_BASELINE 12 /* the first row under letters without descender */

/* font_row - the pixels of one row of a character, bit 7 the leftmost; 0 outside the cell.
 *
 * character  a code point; without a glyph: the box.
 * row        0..15 from the top; other values are blank.
 */
uint8_t font_row(uint32_t character, int32_t row);

#define FONT_MALFORMED 0xfffdu

/* font_decode - the next code point of UTF-8 text, and how many bytes it takes (at least 1, so that
 * a walk over any bytes ends). Malformed bytes give FONT_MALFORMED, one at a time. size_bytes must
 * not be 0. */
uint32_t font_decode(const char *text, uint32_t size_bytes, uint32_t *taken_bytes);

#endif
