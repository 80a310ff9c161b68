/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bars.h - what lies at the foot of the window, and where: a row with the run's past to scrub, a
 * row of buttons and figures, and over them, while the past is looked at, a strip that says so.
 * Called by window.c and bars_draw.c; plain arithmetic, so that it can be tested without a window.
 *
 * Invariants
 *  1. What can be clicked is drawn where it is found, and nothing lies over another.
 */
#ifndef LATCHKEY_FRONTEND_BARS_H
#define LATCHKEY_FRONTEND_BARS_H

#include "frontend/layout.h"
#include "frontend/window.h"

#define BARS_ROW 34   /* of buttons */
#define BARS_TRACK 30 /* the row of the past */
#define BARS_PAD 8
#define BARS_LAMP 10
#define BARS_BUTTONS_MAX 16u

struct bars_button {
    struct layout_area area;
    enum window_command command;
    const char *label;
    bool lit;
};

struct bars {
    int glyph_width, glyph_height;
    struct layout_area row, past; /* the two rows; past.height 0: there is no past */
    struct layout_area track;     /* in it, the bar itself */
    struct layout_area strip;     /* height 0: none */
    struct bars_button buttons[BARS_BUTTONS_MAX];
    unsigned button_count;
    int lamps_x, status_x, label_x; /* label: at the end of the track */
    int text_end;                   /* in the strip, where the first button begins */
};

/* bars_height - that the picture leaves to the rows. */
int bars_height(const struct window_picture *picture);
/* bars_layout - where everything is in a window of this size. glyph_*: of the font. */
void bars_layout(struct bars *bars, const struct window_picture *picture, int width, int height,
                 int glyph_width, int glyph_height);
/* bars_command - of the button at a point; COMMAND_NONE: there is none. */
enum window_command bars_command(const struct bars *bars, int x, int y);
/* bars_holds - the point is on a row or the strip, not on the picture. */
bool bars_holds(const struct bars *bars, int x, int y);
/* bars_track_holds - the point is where the past can be taken hold of: anywhere in its row that is
 * no button. */
bool bars_track_holds(const struct bars *bars, int x, int y);
/* bars_track_x - where a time lies on the track. bars_track_time - and the time of a coordinate,
 * outside ones as the nearer end. */
int bars_track_x(const struct bars *bars, const struct window_past *past, uint64_t time_ns);
uint64_t bars_track_time(const struct bars *bars, const struct window_past *past, int x);
/* bars_mark_near - the mark that is drawn next to a coordinate, the most telling one; NULL: none is
 * near. */
const struct window_mark *bars_mark_near(const struct bars *bars, const struct window_past *past,
                                         int x);

/* bars_press_time - the time that a press there means: that of the checkpoint or cut next to it, or
 * as bars_track_time(). */
uint64_t bars_press_time(const struct bars *bars, const struct window_past *past, int x);

#endif
