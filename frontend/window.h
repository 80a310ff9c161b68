/* SPDX-License-Identifier: GPL-2.0-or-later */
/* window.h - a window with the machine's picture, a bar of buttons and figures under it, and text panels over it;
 * the only door to SDL. It knows nothing of machines.
 */
#ifndef LATCHKEY_FRONTEND_WINDOW_H
#define LATCHKEY_FRONTEND_WINDOW_H

#include <stdint.h>

#include "emulator/base/error.h"

struct window;

enum window_command {
    COMMAND_NONE,
    COMMAND_QUIT,
    COMMAND_HELP,       /* F1 */
    COMMAND_PAUSE,      /* F2 */
    COMMAND_STEP_FRAME, /* F3 */
    COMMAND_STEP_INSTRUCTION, /* F4 */
    COMMAND_SPEED,      /* F5 */
    COMMAND_CONSOLE,    /* F6 */
    COMMAND_SCREENSHOT, /* F9 */
    COMMAND_COUNT
};

enum window_event_kind {
    WINDOW_COMMAND, /* command */
    WINDOW_KEY,     /* code: Linux key code; down */
    WINDOW_POINTER, /* x, y: 0..32767 across the picture */
    WINDOW_BUTTON,  /* code: Linux button code; down */
    WINDOW_WHEEL,   /* y: steps */
    WINDOW_TEXT     /* code: a byte typed into the console panel */
};
struct window_event {
    enum window_event_kind kind;
    enum window_command command;
    uint16_t code;
    bool down;
    int32_t x, y;
};

/* What to show. Texts are NUL-terminated UTF-8; lines end with \n. */
struct window_picture {
    const uint32_t *pixels; /* x8r8g8b8; NULL: no picture yet */
    uint32_t width, height, stride_pixels;
    uint64_t serial;    /* the picture is uploaded only when it changes */
    const char *status; /* the figures in the bar */
    const char *panel;  /* text over the picture; NULL: none */
    const char *notice; /* a short line over the picture; NULL: none */
    bool console;       /* the panel is the console: typing goes there as WINDOW_TEXT */
    bool disk_active, paused;
};

/* window_create - open a window for a picture of this size.
 * Errors  ERROR_UNSUPPORTED no display, or SDL refused. */
MUST_CHECK bool window_create(struct window **window, uint32_t width, uint32_t height,
                              struct error *error);
void window_destroy(struct window *window); /* NULL is fine */
/* window_event - the next thing that the user did. false: nothing more now. */
bool window_event(struct window *window, const struct window_picture *picture,
                  struct window_event *event);
void window_draw(struct window *window, const struct window_picture *picture);
/* window_wait - sleep until something happens, at most timeout_ms. */
void window_wait(struct window *window, uint32_t timeout_ms);

#endif
