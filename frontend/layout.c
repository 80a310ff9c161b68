/* SPDX-License-Identifier: GPL-2.0-or-later */
/* layout.c - letterboxing and pointer coordinates. Called by window.c. */
#include "frontend/layout.h"

#include <assert.h>

static int most(int left, int right)
{
    return left > right ? left : right;
}

struct layout_area layout_picture(int room_width, int room_height, uint32_t picture_width,
                                  uint32_t picture_height, bool whole)
{
    assert(picture_width > 0);
    assert(picture_height > 0);
    int64_t width = most(room_width, 1), height = most(room_height, 1);
    int64_t across = picture_width, down = picture_height;
    struct layout_area area;
    if (whole && width >= across && height >= down) {
        int64_t factor = width / across < height / down ? width / across : height / down;
        area.width = (int)(across * factor);
        area.height = (int)(down * factor);
    } else if (width * down <= height * across) {
        area.width = (int)width;
        area.height = most((int)(width * down / across), 1);
    } else {
        area.width = most((int)(height * across / down), 1);
        area.height = (int)height;
    }
    area.x = ((int)width - area.width) / 2;
    area.y = ((int)height - area.height) / 2;
    return area;
}

bool layout_holds(const struct layout_area *area, int x, int y)
{
    return x >= area->x && y >= area->y && x < area->x + area->width && y < area->y + area->height;
}

int layout_axis(int coordinate, int start, int size)
{
    if (size < 2 || coordinate <= start)
        return 0;
    if (coordinate >= start + size - 1)
        return LAYOUT_AXIS_MAX;
    return (int)((int64_t)(coordinate - start) * LAYOUT_AXIS_MAX / (size - 1));
}
