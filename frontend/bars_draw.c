/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bars_draw.c - draws what bars.c has laid out. Called by window.c. */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "frontend/window_draw.h"

#define HANDLE_WIDTH 5

static const struct {
    enum paint paint;
    int above, below; /* how far it reaches over the track, in pixels */
    int width_min;
} marks[] = {[MARK_PHASE] = {PAINT_PHASE, -4, -3, 1},
             [MARK_INPUT] = {PAINT_INPUT, 4, -11, 2},
             [MARK_CHECKPOINT] = {PAINT_CHECKPOINT, 1, 4, 2},
             [MARK_CUT] = {PAINT_CUT, 6, 6, 2}};

/* The middle of a row, for text. */
static int text_y(const struct bars *bars, const struct layout_area *row)
{
    return row->y + (row->height - bars->glyph_height) / 2;
}

static void buttons_draw(struct window *window, const struct bars *bars)
{
    for (unsigned i = 0; i < bars->button_count; i++) {
        const struct bars_button *button = &bars->buttons[i];
        window_box(window, button->area, button->lit ? PAINT_LIT : PAINT_BUTTON);
        (void)window_text(window, button->area.x + BARS_PAD, text_y(bars, &button->area),
                          button->label, strlen(button->label), PAINT_INK);
    }
}

static void lamps_draw(struct window *window, const struct bars *bars,
                       const struct window_picture *picture)
{
    static const enum paint paints[] = {[LAMP_ABSENT] = PAINT_BAR,
                                        [LAMP_DARK] = PAINT_LAMP_DARK,
                                        [LAMP_READ] = PAINT_LAMP_READ,
                                        [LAMP_WRITE] = PAINT_LAMP_WRITE};
    int x = bars->lamps_x, y = bars->row.y + (BARS_ROW - BARS_LAMP) / 2;
    for (unsigned i = 0; i < WINDOW_LAMPS_MAX; i++) {
        if (picture->lamps[i] == LAMP_ABSENT)
            continue;
        window_box(window, (struct layout_area){x, y, BARS_LAMP, BARS_LAMP},
                   paints[picture->lamps[i]]);
        x += BARS_LAMP + 4;
    }
}

/* Text as far as there is room. */
static void text_fit(struct window *window, const struct bars *bars, int x, int end, int y,
                     const char *text, enum paint paint)
{
    int room = (end - x) / bars->glyph_width;
    if (room > 0)
        (void)window_text(window, x, y, text, (size_t)room, paint);
}

static void marks_draw(struct window *window, const struct bars *bars,
                       const struct window_past *past, enum window_mark_kind kind)
{
    int drawn_to = -1; /* marks are many, pixels few */
    for (size_t i = 0; i < past->mark_count; i++) {
        const struct window_mark *mark = &past->marks[i];
        if (mark->kind != kind)
            continue;
        int x = bars_track_x(bars, past, mark->time_ns);
        int end = bars_track_x(bars, past, mark->end_ns) + 1;
        if (end - x < marks[kind].width_min)
            end = x + marks[kind].width_min;
        if (end <= drawn_to)
            continue;
        x = x < drawn_to ? drawn_to : x;
        drawn_to = end;
        window_box(window,
                   (struct layout_area){x, bars->track.y - marks[kind].above, end - x,
                                        bars->track.height + marks[kind].above +
                                            marks[kind].below},
                   marks[kind].paint);
    }
}

/* Over the track: which time the pointer is at, and what happened there. */
static void hover_draw(struct window *window, const struct bars *bars,
                       const struct window_past *past, int hover_x)
{
    char text[80];
    uint64_t time_ns = bars_press_time(bars, past, hover_x);
    const struct window_mark *mark = bars_mark_near(bars, past, hover_x);
    int length = snprintf(text, sizeof(text), "%" PRIu64 ".%02" PRIu64 " s", time_ns / 1000000000u,
                          time_ns / 10000000u % 100u);
    if (mark && mark->value)
        length += snprintf(text + length, sizeof(text) - (size_t)length, "  %s %" PRIu64,
                           mark->name, mark->value);
    else if (mark)
        length += snprintf(text + length, sizeof(text) - (size_t)length, "  %s", mark->name);
    int width = length * bars->glyph_width + 2 * BARS_PAD;
    int height = bars->glyph_height + 6;
    int x = hover_x - width / 2, right = bars->past.width - BARS_PAD - width;
    x = x > right ? right : x;
    x = x < BARS_PAD ? BARS_PAD : x;
    struct layout_area box = {x, bars->strip.y - height - 4, width, height};
    window_box(window, (struct layout_area){hover_x, bars->track.y - 8, 1, bars->track.height + 16},
               PAINT_DIM);
    window_box(window, box, PAINT_PANEL);
    (void)window_text(window, x + BARS_PAD, box.y + 3, text, (size_t)length, PAINT_INK);
}

static void past_draw(struct window *window, const struct bars *bars,
                      const struct window_past *past)
{
    char label[32];
    int now = bars_track_x(bars, past, past->now_ns);
    struct layout_area gone = bars->track;
    gone.width = now - bars->track.x + 1;
    window_box(window, bars->past, PAINT_BAR);
    window_box(window, bars->track, PAINT_GROOVE);
    window_box(window, gone, PAINT_GONE);
    for (int kind = MARK_PHASE; kind <= MARK_CUT; kind++)
        marks_draw(window, bars, past, (enum window_mark_kind)kind);
    window_box(window,
               (struct layout_area){now - HANDLE_WIDTH / 2, bars->track.y - 6, HANDLE_WIDTH,
                                    bars->track.height + 12},
               past->looked_at ? PAINT_NOTICE : PAINT_INK);
    (void)snprintf(label, sizeof(label), "%8" PRIu64 ".%02" PRIu64 " s",
                   past->now_ns / 1000000000u, past->now_ns / 10000000u % 100u);
    const char *shown = label;
    while (*shown == ' ' && strlen(shown) > 9)
        shown++;
    text_fit(window, bars, bars->label_x, bars->past.width, text_y(bars, &bars->past), shown,
             past->looked_at ? PAINT_NOTICE : PAINT_DIM);
}

static void strip_draw(struct window *window, const struct bars *bars,
                       const struct window_past *past)
{
    int room = bars->text_end - 2 * BARS_PAD;
    bool fits = (int)strlen(past->text) * bars->glyph_width <= room;
    window_box(window, bars->strip, PAINT_STRIP);
    text_fit(window, bars, BARS_PAD, bars->text_end, text_y(bars, &bars->strip),
             fits ? past->text : past->text_short, PAINT_NOTICE);
}

void bars_draw(struct window *window, const struct bars *bars,
               const struct window_picture *picture, int hover_x)
{
    assert(bars->glyph_width > 0);
    window_box(window, bars->row, PAINT_BAR);
    if (picture->past)
        past_draw(window, bars, picture->past);
    if (bars->strip.height > 0)
        strip_draw(window, bars, picture->past);
    buttons_draw(window, bars);
    lamps_draw(window, bars, picture);
    text_fit(window, bars, bars->status_x, bars->row.width, text_y(bars, &bars->row),
             picture->status, PAINT_DIM);
    if (picture->past && hover_x >= 0)
        hover_draw(window, bars, picture->past, hover_x);
}
