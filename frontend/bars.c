/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bars.c - see bars.h. */
#include "frontend/bars.h"

#include <assert.h>
#include <string.h>

#define GAP 5       /* between buttons */
#define TRACK_BAR 10
#define LABEL_GLYPHS 11 /* "12345.67 s" */
#define ROOMY_GLYPHS 90 /* of a window in which the past's row has room for more buttons */
#define NEAR 4          /* pixels, to hit a mark with the pointer */

struct label {
    const char *text;
    enum window_command command;
};

int bars_height(const struct window_picture *picture)
{
    return BARS_ROW + (picture->past ? BARS_TRACK : 0);
}

static int button_add(struct bars *bars, int x, struct layout_area row, const struct label *label,
                      bool lit)
{
    assert(bars->button_count < BARS_BUTTONS_MAX);
    int width = (int)strlen(label->text) * bars->glyph_width + 2 * BARS_PAD;
    struct bars_button *button = &bars->buttons[bars->button_count++];
    *button = (struct bars_button){.area = {x, row.y + GAP, width, row.height - 2 * GAP},
                                   .command = label->command,
                                   .label = label->text,
                                   .lit = lit};
    return x + width + GAP;
}

static int ledger_add(struct bars *bars, int x, struct layout_area row,
                      const struct window_picture *picture)
{
    static const struct label ledger = {"F11 ledger", COMMAND_LEDGER};
    return button_add(bars, x, row, &ledger, picture->ledger);
}

static void row_layout(struct bars *bars, const struct window_picture *picture)
{
    static const struct label labels[] = {
        {"F1 help", COMMAND_HELP},       {"F2 pause", COMMAND_PAUSE},
        {"F3 step", COMMAND_STEP_FRAME}, {"F5 speed", COMMAND_SPEED},
        {"F6 console", COMMAND_CONSOLE}, {"F7 plug", COMMAND_POWER},
        {"F9 picture", COMMAND_SCREENSHOT},
    };
    int x = BARS_PAD;
    for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++) {
        enum window_command command = labels[i].command;
        bool lit = (command == COMMAND_PAUSE && picture->paused) ||
                   (command == COMMAND_CONSOLE && picture->console) ||
                   (command == COMMAND_POWER && picture->off);
        x = button_add(bars, x, bars->row, &labels[i], lit);
    }
    if (!picture->past) /* else it is in the row over this one */
        x = ledger_add(bars, x, bars->row, picture);
    bars->lamps_x = x + BARS_PAD;
    bars->status_x = bars->lamps_x + BARS_PAD;
    for (unsigned i = 0; i < WINDOW_LAMPS_MAX; i++)
        bars->status_x += picture->lamps[i] != LAMP_ABSENT ? BARS_LAMP + 4 : 0;
}

static void past_layout(struct bars *bars, const struct window_picture *picture)
{
    static const struct label rewind = {"F10 rewind", COMMAND_REWIND};
    static const struct label save = {"F12 save", COMMAND_SAVE};
    bool roomy = bars->past.width >= ROOMY_GLYPHS * bars->glyph_width; /* else keys only */
    int save_width = (int)strlen(save.text) * bars->glyph_width + 2 * BARS_PAD;
    int end = bars->past.width - (roomy ? BARS_PAD + save_width : 0);
    int x = button_add(bars, BARS_PAD, bars->past, &rewind, picture->past->looked_at);
    if (roomy) {
        x = ledger_add(bars, x, bars->past, picture);
        (void)button_add(bars, end, bars->past, &save, false);
    }
    x += BARS_PAD;
    bars->label_x = end - BARS_PAD - LABEL_GLYPHS * bars->glyph_width;
    bars->track = (struct layout_area){x, bars->past.y + (BARS_TRACK - TRACK_BAR) / 2,
                                       bars->label_x - BARS_PAD - x, TRACK_BAR};
    if (bars->track.width < 2)
        bars->track.width = 2;
}

/* Its buttons end at the right. */
static void strip_layout(struct bars *bars, const struct window_picture *picture)
{
    const struct label labels[] = {
        {picture->past->plays ? "Space pause" : "Space play", COMMAND_PAST_PLAY},
        {"Enter go on from here", COMMAND_PAST_CONTINUE},
        {picture->past->ends ? "End" : "Esc newest", picture->past->ends ? COMMAND_PAST_END
                                                                         : COMMAND_PAST_LEAVE},
    };
    size_t count = sizeof(labels) / sizeof(labels[0]), glyphs = 0;
    for (size_t i = 0; i < count; i++)
        glyphs += strlen(labels[i].text);
    int width = (int)glyphs * bars->glyph_width + (int)count * (2 * BARS_PAD + GAP);
    int x = bars->strip.width - BARS_PAD - width;
    bars->text_end = x;
    for (size_t i = 0; i < count; i++)
        x = button_add(bars, x, bars->strip, &labels[i], false);
}

void bars_layout(struct bars *bars, const struct window_picture *picture, int width, int height,
                 int glyph_width, int glyph_height)
{
    assert(glyph_width > 0);
    int past_height = picture->past ? BARS_TRACK : 0;
    int strip_height = picture->past && picture->past->looked_at ? BARS_ROW : 0;
    int top = height - BARS_ROW;
    *bars = (struct bars){.glyph_width = glyph_width, .glyph_height = glyph_height,
                          .row = {0, top, width, BARS_ROW},
                          .past = {0, top - past_height, width, past_height}};
    bars->strip =
        (struct layout_area){0, bars->past.y - strip_height, width, strip_height};
    row_layout(bars, picture);
    if (picture->past)
        past_layout(bars, picture);
    if (strip_height)
        strip_layout(bars, picture);
}

enum window_command bars_command(const struct bars *bars, int x, int y)
{
    for (unsigned i = 0; i < bars->button_count; i++)
        if (layout_holds(&bars->buttons[i].area, x, y))
            return bars->buttons[i].command;
    return COMMAND_NONE;
}

bool bars_holds(const struct bars *bars, int x, int y)
{
    return layout_holds(&bars->row, x, y) || layout_holds(&bars->past, x, y) ||
           layout_holds(&bars->strip, x, y);
}

bool bars_track_holds(const struct bars *bars, int x, int y)
{
    struct layout_area area = bars->past; /* as high as the row, and a little over its ends */
    area.x = bars->track.x - BARS_PAD;
    area.width = bars->track.width + 2 * BARS_PAD;
    return area.height > 0 && layout_holds(&area, x, y);
}

int bars_track_x(const struct bars *bars, const struct window_past *past, uint64_t time_ns)
{
    uint64_t all = past->end_ns - past->begin_ns;
    int last = bars->track.width - 1;
    assert(past->end_ns >= past->begin_ns);
    if (time_ns <= past->begin_ns || all == 0)
        return bars->track.x + (time_ns < past->end_ns ? 0 : last);
    if (time_ns >= past->end_ns)
        return bars->track.x + last;
    return bars->track.x +
           (int)((double)(time_ns - past->begin_ns) * (double)last / (double)all + 0.5);
}

uint64_t bars_track_time(const struct bars *bars, const struct window_past *past, int x)
{
    int last = bars->track.width - 1, at = x - bars->track.x;
    if (at <= 0)
        return past->begin_ns;
    if (at >= last)
        return past->end_ns;
    return past->begin_ns +
           (uint64_t)((double)(past->end_ns - past->begin_ns) * (double)at / (double)last);
}

const struct window_mark *bars_mark_near(const struct bars *bars, const struct window_past *past,
                                         int x)
{
    const struct window_mark *best = NULL;
    for (size_t i = 0; i < past->mark_count; i++) {
        const struct window_mark *mark = &past->marks[i];
        if (bars_track_x(bars, past, mark->time_ns) > x + NEAR ||
            bars_track_x(bars, past, mark->end_ns) < x - NEAR)
            continue;
        if (!best || mark->kind >= best->kind)
            best = mark;
    }
    return best;
}

uint64_t bars_press_time(const struct bars *bars, const struct window_past *past, int x)
{
    const struct window_mark *mark = bars_mark_near(bars, past, x);
    bool moment = mark && mark->time_ns == mark->end_ns;
    return moment && mark->time_ns >= past->begin_ns && mark->time_ns <= past->end_ns
               ? mark->time_ns
               : bars_track_time(bars, past, x);
}
