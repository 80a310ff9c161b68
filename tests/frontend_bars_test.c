/* SPDX-License-Identifier: GPL-2.0-or-later */
/* frontend_bars_test.c - what lies at the foot of the window is found where it is drawn, in windows
 * of every size, and the bar of the past goes from its beginning to its end. */
#include "frontend/bars.h"

#include <criterion/criterion.h>
#include <string.h>

#define GLYPH_WIDTH 8
#define GLYPH_HEIGHT 16
#define SECOND 1000000000ull

static const struct window_mark sample_marks[] = {
    {MARK_CHECKPOINT, 2 * SECOND, 2 * SECOND, "checkpoint", 5},
    {MARK_PHASE, 2 * SECOND, 3 * SECOND, "migrate", 0},
    {MARK_INPUT, 6 * SECOND, 6 * SECOND, "input", 0},
    {MARK_CUT, 8 * SECOND, 8 * SECOND, "power cut", 0},
};

static struct window_past sample_past(void)
{
    return (struct window_past){.begin_ns = 0, .end_ns = 10 * SECOND, .now_ns = 4 * SECOND,
                                .text = "long", .text_short = "short", .marks = sample_marks,
                                .mark_count = 4};
}

static void layout(struct bars *bars, const struct window_past *past, int width, int height)
{
    const struct window_picture picture = {.past = past, .lamps = {LAMP_DARK, LAMP_READ}};
    bars_layout(bars, &picture, width, height, GLYPH_WIDTH, GLYPH_HEIGHT);
}

static bool apart(const struct layout_area *left, const struct layout_area *right)
{
    return left->x + left->width <= right->x || right->x + right->width <= left->x ||
           left->y + left->height <= right->y || right->y + right->height <= left->y;
}

Test(bars, every_button_is_found_where_it_is_drawn_and_none_lies_over_another)
{
    struct bars bars;
    struct window_past past = sample_past();
    past.looked_at = true;
    layout(&bars, &past, 1024, 832);
    cr_assert_eq(bars.button_count, 13);
    for (unsigned i = 0; i < bars.button_count; i++) {
        const struct layout_area *area = &bars.buttons[i].area;
        cr_expect(area->x >= 0 && area->x + area->width <= 1024, "%s", bars.buttons[i].label);
        cr_expect(area->y >= 0 && area->y + area->height <= 832);
        cr_expect_eq(bars_command(&bars, area->x, area->y), bars.buttons[i].command);
        cr_expect_eq(bars_command(&bars, area->x + area->width - 1, area->y + area->height - 1),
                     bars.buttons[i].command);
        cr_expect_eq(bars_command(&bars, area->x - 1, area->y), COMMAND_NONE);
        cr_expect(apart(area, &bars.track), "%s", bars.buttons[i].label);
        for (unsigned j = 0; j < i; j++)
            cr_expect(apart(area, &bars.buttons[j].area), "%s, %s", bars.buttons[i].label,
                      bars.buttons[j].label);
    }
}

Test(bars, without_a_past_there_is_neither_track_nor_strip)
{
    struct bars bars;
    const struct window_picture picture = {.past = NULL};
    layout(&bars, NULL, 1024, 802);
    cr_expect_eq(bars_height(&picture), BARS_ROW);
    cr_expect_eq(bars.button_count, 8);
    cr_expect_eq(bars.buttons[7].command, COMMAND_LEDGER, "F11 works without a past, too");
    cr_expect_leq(bars.status_x + (int)strlen("123.45 s  120.0 MIPS  max  gen 12") * GLYPH_WIDTH,
                  1024, "no room for the figures");
    for (int y = 0; y < 802; y++)
        for (int x = 0; x < 1024; x += 5) {
            cr_assert(!bars_track_holds(&bars, x, y));
            cr_assert_eq(bars_holds(&bars, x, y), y >= 802 - BARS_ROW);
        }
}

Test(bars, the_strip_lies_over_the_picture_only_while_the_past_is_looked_at)
{
    struct bars bars;
    struct window_past past = sample_past();
    layout(&bars, &past, 1024, 832);
    cr_expect_eq(bars.strip.height, 0);
    cr_expect_eq(bars.button_count, 10);
    cr_expect(!bars_holds(&bars, 10, 832 - BARS_ROW - BARS_TRACK - 1));
    past.looked_at = true;
    layout(&bars, &past, 1024, 832);
    cr_expect(bars_holds(&bars, 10, 832 - BARS_ROW - BARS_TRACK - 1));
    cr_expect_geq(bars.text_end, 60 * GLYPH_WIDTH, "no room to say what going on means");
}

Test(bars, a_time_is_found_at_the_pixel_where_it_is_drawn, .timeout = 20)
{
    struct bars bars;
    struct window_past past = sample_past();
    for (int width = 320; width < 2000; width += 111) {
        layout(&bars, &past, width, 600);
        int last = bars.track.x + bars.track.width - 1;
        cr_expect_eq(bars_track_x(&bars, &past, 0), bars.track.x);
        cr_expect_eq(bars_track_x(&bars, &past, past.end_ns), last);
        cr_expect_eq(bars_track_x(&bars, &past, past.end_ns + 1), last);
        cr_expect_eq(bars_track_time(&bars, &past, -50), 0);
        cr_expect_eq(bars_track_time(&bars, &past, width + 50), past.end_ns);
        for (int x = bars.track.x; x <= last; x++)
            cr_assert_eq(bars_track_x(&bars, &past, bars_track_time(&bars, &past, x)), x,
                         "window %d, pixel %d", width, x);
    }
}

Test(bars, a_narrow_window_has_a_long_track_and_fewer_buttons)
{
    struct bars bars;
    const struct window_past past = sample_past();
    layout(&bars, &past, 480, 400);
    cr_expect_eq(bars.button_count, 8);
    cr_expect_geq(bars.track.width, 480 / 2);
    for (unsigned i = 0; i < bars.button_count; i++)
        cr_expect(apart(&bars.buttons[i].area, &bars.track), "%s", bars.buttons[i].label);
}

Test(bars, a_past_of_no_length_and_a_long_one_have_their_ends)
{
    struct bars bars;
    struct window_past past = sample_past();
    past.end_ns = 0;
    layout(&bars, &past, 800, 600);
    cr_expect_eq(bars_track_x(&bars, &past, 0), bars.track.x + bars.track.width - 1);
    cr_expect_eq(bars_track_time(&bars, &past, bars.track.x + 5), 0);
    past.begin_ns = UINT64_MAX / 4;
    past.end_ns = UINT64_MAX / 2;
    cr_expect_eq(bars_track_x(&bars, &past, past.begin_ns), bars.track.x);
    cr_expect_eq(bars_track_x(&bars, &past, past.end_ns), bars.track.x + bars.track.width - 1);
    cr_expect_geq(bars_track_time(&bars, &past, bars.track.x + 9), past.begin_ns);
}

Test(bars, the_past_can_be_taken_hold_of_all_over_its_row)
{
    struct bars bars;
    const struct window_past past = sample_past();
    layout(&bars, &past, 1024, 832);
    for (int y = bars.past.y; y < bars.past.y + bars.past.height; y++) {
        cr_assert(bars_track_holds(&bars, bars.track.x, y));
        cr_assert(bars_track_holds(&bars, bars.track.x + bars.track.width - 1, y));
    }
    cr_expect(!bars_track_holds(&bars, bars.track.x, bars.past.y - 1));
    cr_expect(!bars_track_holds(&bars, bars.track.x, bars.row.y));
    for (unsigned i = 0; i < bars.button_count; i++)
        cr_expect(!bars_track_holds(&bars, bars.buttons[i].area.x + 1, bars.buttons[i].area.y));
}

Test(bars, the_most_telling_mark_under_the_pointer_is_named)
{
    struct bars bars;
    const struct window_past past = sample_past();
    layout(&bars, &past, 1024, 832);
    int at = bars_track_x(&bars, &past, 2 * SECOND);
    cr_expect_str_eq(bars_mark_near(&bars, &past, at)->name, "checkpoint");
    cr_expect_str_eq(bars_mark_near(&bars, &past, at + 20)->name, "migrate");
    at = bars_track_x(&bars, &past, 8 * SECOND);
    cr_expect_str_eq(bars_mark_near(&bars, &past, at - 2)->name, "power cut");
    cr_expect_null(bars_mark_near(&bars, &past, bars_track_x(&bars, &past, 9 * SECOND)));
}

Test(bars, a_press_next_to_a_checkpoint_means_it_and_one_in_a_phase_its_own_place)
{
    struct bars bars;
    const struct window_past past = sample_past();
    layout(&bars, &past, 1024, 832);
    int at = bars_track_x(&bars, &past, 8 * SECOND);
    cr_expect_eq(bars_press_time(&bars, &past, at + 3), 8 * SECOND);
    cr_expect_eq(bars_press_time(&bars, &past, at + 9), bars_track_time(&bars, &past, at + 9));
    at = bars_track_x(&bars, &past, 2 * SECOND) + 20;
    cr_expect_eq(bars_press_time(&bars, &past, at), bars_track_time(&bars, &past, at));
}
