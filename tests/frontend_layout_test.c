/* SPDX-License-Identifier: GPL-2.0-or-later */
/* frontend_layout_test.c - the picture keeps its shape in any window, and the pointer reaches its
 * corners. */
#include "frontend/layout.h"

#include <criterion/criterion.h>

static void expect_area(struct layout_area area, int x, int y, int width, int height)
{
    cr_expect(area.x == x && area.y == y && area.width == width && area.height == height,
              "%d,%d %dx%d, expected %d,%d %dx%d", area.x, area.y, area.width, area.height, x, y,
              width, height);
}

Test(layout, a_fitting_window_is_filled)
{
    expect_area(layout_picture(1024, 768, 1024, 768, false), 0, 0, 1024, 768);
    expect_area(layout_picture(1024, 768, 1024, 768, true), 0, 0, 1024, 768);
}

Test(layout, bars_are_left_on_the_longer_sides)
{
    expect_area(layout_picture(1000, 300, 400, 300, false), 300, 0, 400, 300);
    expect_area(layout_picture(400, 1000, 400, 300, false), 0, 350, 400, 300);
}

Test(layout, whole_pixels_are_used_when_they_fit)
{
    expect_area(layout_picture(1000, 700, 400, 300, true), 100, 50, 800, 600);
    expect_area(layout_picture(200, 150, 400, 300, true), 0, 0, 200, 150);
}

Test(layout, the_area_is_inside_the_room_for_every_size)
{
    for (int width = 1; width < 900; width += 37)
        for (int height = 1; height < 900; height += 41)
            for (int whole = 0; whole < 2; whole++) {
                struct layout_area area = layout_picture(width, height, 333, 77, whole);
                cr_assert(area.width >= 1 && area.height >= 1, "%dx%d", width, height);
                cr_assert(area.x >= 0 && area.x + area.width <= width, "%dx%d", width, height);
                cr_assert(area.y >= 0 && area.y + area.height <= height, "%dx%d", width, height);
            }
    struct layout_area none = layout_picture(0, -5, 10, 10, false);
    cr_expect(none.width >= 1 && none.height >= 1);
}

Test(layout, the_corners_of_the_picture_are_the_ends_of_the_axes)
{
    cr_expect_eq(layout_axis(100, 100, 800), 0);
    cr_expect_eq(layout_axis(899, 100, 800), LAYOUT_AXIS_MAX);
    cr_expect_eq(layout_axis(50, 100, 800), 0);
    cr_expect_eq(layout_axis(2000, 100, 800), LAYOUT_AXIS_MAX);
    cr_expect_eq(layout_axis(5, 5, 1), 0);
    int before = -1;
    for (int x = 100; x < 900; x++) {
        int value = layout_axis(x, 100, 800);
        cr_assert_gt(value, before);
        before = value;
    }
}

Test(layout, an_area_holds_its_first_pixel_and_not_the_one_after_its_last)
{
    struct layout_area area = {10, 20, 30, 40};
    cr_expect(layout_holds(&area, 10, 20));
    cr_expect(layout_holds(&area, 39, 59));
    cr_expect(!layout_holds(&area, 40, 59));
    cr_expect(!layout_holds(&area, 39, 60));
    cr_expect(!layout_holds(&area, 9, 20));
}
