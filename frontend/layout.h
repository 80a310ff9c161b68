/* SPDX-License-Identifier: GPL-2.0-or-later */
/* layout.h - where the picture lies in a window, and which point of it the pointer is over. Called
 * by window.c; plain arithmetic, so that it can be tested without a window. */
#ifndef LATCHKEY_FRONTEND_LAYOUT_H
#define LATCHKEY_FRONTEND_LAYOUT_H

#include <stdbool.h>
#include <stdint.h>

#define LAYOUT_AXIS_MAX 32767 /* of an absolute pointer, as virtio-input's tablet says */

struct layout_area {
    int x, y, width, height;
};

/* layout_picture - the largest area of the picture's shape in the middle of a room.
 *
 * whole    by a whole factor, unless the room is smaller than the picture.
 * Returns  an area inside the room, at least 1 x 1. */
struct layout_area layout_picture(int room_width, int room_height, uint32_t picture_width,
                                  uint32_t picture_height, bool whole);
/* layout_holds - the point is inside. */
bool layout_holds(const struct layout_area *area, int x, int y);
/* layout_axis - a coordinate inside [start, start + size) as 0..LAYOUT_AXIS_MAX: the first pixel is
 * 0, the last LAYOUT_AXIS_MAX; outside ones are moved to the nearer end. */
int layout_axis(int coordinate, int start, int size);

#endif
