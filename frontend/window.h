/* SPDX-License-Identifier: GPL-2.0-or-later */
/* window.h - a window with the machine's picture, a bar of buttons and figures under it, and text
 * over it; the only door to SDL. Called by window_run.c. It knows nothing of machines.
 */
#ifndef LATCHKEY_FRONTEND_WINDOW_H
#define LATCHKEY_FRONTEND_WINDOW_H

#include <stddef.h>
#include <stdint.h>

#include "emulator/base/error.h"

#define WINDOW_LAMPS_MAX 4u

struct window;

enum window_command {
    COMMAND_NONE,
    COMMAND_QUIT,
    COMMAND_HELP,             /* F1 */
    COMMAND_PAUSE,            /* F2 */
    COMMAND_STEP_FRAME,       /* F3 */
    COMMAND_STEP_INSTRUCTION, /* F4 */
    COMMAND_SPEED,            /* F5 */
    COMMAND_CONSOLE,          /* F6 */
    COMMAND_POWER,            /* F7 */
    COMMAND_SCALING,          /* F8 */
    COMMAND_SCREENSHOT,       /* F9 */
    COMMAND_REWIND,           /* F10 */
    COMMAND_LEDGER,           /* F11 */
    COMMAND_SAVE,             /* F12 */
    /* While the past is looked at: */
    COMMAND_PAST_PLAY,             /* space */
    COMMAND_PAST_CONTINUE,         /* enter */
    COMMAND_PAST_LEAVE,            /* escape */
    COMMAND_PAST_BACK,             /* left */
    COMMAND_PAST_ON,               /* right */
    COMMAND_PAST_BACK_SECOND,      /* shift left, page up */
    COMMAND_PAST_ON_SECOND,        /* shift right, page down */
    COMMAND_PAST_BACK_MARK,        /* ctrl left */
    COMMAND_PAST_ON_MARK,          /* ctrl right */
    COMMAND_PAST_BACK_INSTRUCTION, /* comma */
    COMMAND_PAST_ON_INSTRUCTION,   /* full stop */
    COMMAND_PAST_BEGIN,            /* home */
    COMMAND_PAST_END,              /* end */
    COMMAND_COUNT
};

enum window_event_kind {
    WINDOW_COMMAND, /* command */
    WINDOW_KEY,     /* code: Linux key code; down */
    WINDOW_POINTER, /* x, y: 0..32767 across the picture */
    WINDOW_BUTTON,  /* code: Linux button code; down */
    WINDOW_WHEEL,   /* y: steps */
    WINDOW_TEXT,    /* text: bytes typed into the console panel */
    WINDOW_SCRUB    /* time_ns: the past was taken hold of there, or drawn to there */
};
struct window_event {
    enum window_event_kind kind;
    enum window_command command;
    uint16_t code;
    bool down;
    int32_t x, y;
    uint64_t time_ns;
    char text[32]; /* NUL-terminated */
};

/* What is on the bar of the past. Later kinds are drawn over earlier ones. */
enum window_mark_kind { MARK_PHASE, MARK_INPUT, MARK_CHECKPOINT, MARK_CUT };
struct window_mark {
    enum window_mark_kind kind;
    uint64_t time_ns, end_ns; /* virtual time */
    const char *name;
    uint64_t value; /* behind the name; 0: nothing is */
};

/* The past of a run. */
struct window_past {
    uint64_t begin_ns, end_ns, now_ns;
    bool looked_at; /* now is not the newest moment, or at least nothing is done there */
    bool plays;
    bool ends;      /* a recorded run: there is no newest moment to go on from */
    const char *text, *text_short; /* in the strip; the short one when there is no room */
    const struct window_mark *marks;
    size_t mark_count;
};

enum window_lamp { LAMP_ABSENT, LAMP_DARK, LAMP_READ, LAMP_WRITE };

/* What to show. Texts are NUL-terminated ASCII; lines end with \n. */
struct window_picture {
    const uint32_t *pixels; /* x8r8g8b8; NULL: no picture yet */
    uint32_t width, height, stride_pixels;
    uint64_t serial;    /* the picture is uploaded only when it changes */
    const char *status; /* the figures in the bar */
    const char *panel;  /* text over the picture; NULL: none */
    const char *notice; /* a short line over the picture; NULL: none */
    bool console;       /* the panel is the console: typing goes there as WINDOW_TEXT */
    bool ledger;        /* it is the ledger */
    bool paused, off; /* off: without power */
    bool whole_pixels; /* scale by whole factors only, unsmoothed */
    enum window_lamp lamps[WINDOW_LAMPS_MAX];
    const struct window_past *past; /* NULL: none is kept */
};

/* window_create - open a window for a picture of this size.
 * Errors  ERROR_UNSUPPORTED no display, no font, or SDL refused. */
MUST_CHECK bool window_create(struct window **window, uint32_t width, uint32_t height,
                              struct error *error);
void window_destroy(struct window *window); /* NULL is fine */
/* window_event - the next thing that the user did. false: nothing more now. */
bool window_event(struct window *window, const struct window_picture *picture,
                  struct window_event *event);
/* window_panel_lines - how many lines of text a panel shows now. */
unsigned window_panel_lines(const struct window *window);
/* window_draw - show the picture and what lies over and under it. */
void window_draw(struct window *window, const struct window_picture *picture);
/* window_wait - sleep until something happens, at most timeout_ms. */
void window_wait(struct window *window, uint32_t timeout_ms);

#endif
