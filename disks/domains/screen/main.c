/* SPDX-License-Identifier: GPL-2.0-or-later */
/* main.c - the screen domain: owns the display and draws everything on it.
 *
 * Other domains wait for the timer, the keyboard and the pointer, one each (pump.c), and call this
 * one; so it waits for one thing only, the next message. Protocol: SCREEN_* in protocol.h.
 * Keys: 0 display, 1 the pixels' segment, 2 a counter to show; its pixels are mapped at argument 0.
 *
 * Invariants
 *  1. Everything that is shown is in this domain's memory, so after a restart the display is only
 *     attached again.
 */
#include <stdio.h>
#include <string.h>

#include "disks/domains/parts/keyboard.h"
#include "disks/domains/parts/solid.h"
#include "disks/domains/parts/text_view.h"
#include "disks/domains/rt/interface.h"
#include "disks/domains/rt/slots.h"
#include "disks/domains/screen/layout.h"

#define SLOT_DISPLAY 0u
#define SLOT_PIXELS 1u
#define SLOT_COUNTER 2u
#define EVENTS_MAX 128u
#define AXIS_MAX 32767
#define EVENT_KEY 1u
#define EVENT_ABSOLUTE 3u
#define BUTTON_LEFT 0x110u
#define BUTTON_LAST 0x117u
#define NS_PER_SECOND 1000000000u

static struct {
    struct surface surface;
    struct keyboard keyboard;
    struct text_view text;
    uint32_t color;          /* of the picture and the brush */
    int32_t pointer_x, pointer_y;
    bool pointer_seen, drawing;
    struct point_q8 brush;   /* where the last stroke ended */
    uint64_t rate_time, rate_count, rate; /* of the counter */
    uint64_t frames;
    bool usable;             /* there is a display */
} screen;

static struct rectangle text_area(void)
{
    return layout_inside(PANEL_TEXT);
}

/* --- what is drawn --- */

static void picture_draw(uint64_t time_ns)
{
    struct solid_view view;
    struct rectangle area = layout_inside(PANEL_PICTURE);
    struct point_q8 center = {(area.x + area.width / 2) * 256, (area.y + area.height / 2) * 256};
    int32_t angle = (int32_t)(time_ns / 2000000u % SOLID_TURN);
    int32_t tilt = (int32_t)(time_ns / 3100000u % SOLID_TURN);
    struct rectangle before = surface_clip(&screen.surface, area);
    draw_fill(&screen.surface, area, COLOR_PANEL);
    solid_look(&view, angle, tilt, center, 140 * 256);
    for (unsigned i = 0; i < SOLID_EDGES; i++) {
        const struct solid_edge *edge = &view.edges[i];
        uint32_t weight = (uint32_t)(edge->near_q8 + 256) / 2;
        draw_line(&screen.surface, view.corners[edge->from], view.corners[edge->to],
                  512 + (int32_t)weight * 3, color_mix(COLOR_PANEL_EDGE, screen.color, weight));
    }
    for (unsigned i = 0; i < SOLID_CORNERS; i++) {
        uint32_t weight = (uint32_t)(view.corner_near_q8[i] + 256) / 2;
        draw_disc(&screen.surface, view.corners[i], 1024 + (int32_t)weight * 5,
                  color_mix(COLOR_PANEL_EDGE, COLOR_INK, weight));
    }
    (void)surface_clip(&screen.surface, before);
}

static void text_draw(void)
{
    const struct text_style style = {.color = COLOR_INK, .scale = 1};
    struct rectangle area = text_area();
    for (int32_t row = 0; row < screen.text.rows; row++) {
        if (!(screen.text.changed >> row & 1))
            continue;
        struct rectangle line = {area.x, area.y + row * 16, area.width, 16};
        draw_fill(&screen.surface, line, COLOR_PANEL);
        draw_text(&screen.surface, line.x, line.y, screen.text.cells[row], style);
        if (row == screen.text.caret_row)
            draw_fill(&screen.surface,
                      (struct rectangle){area.x + screen.text.caret_column * 8, line.y + 13, 8, 2},
                      COLOR_ACCENT);
    }
    screen.text.changed = 0;
}

static void figure_draw(int32_t row, const char *name, uint64_t value)
{
    const struct text_style dim = {.color = COLOR_DIM, .scale = 1};
    const struct text_style ink = {.color = COLOR_INK, .scale = 1, .bold = true};
    char text[32];
    struct rectangle area = layout_inside(PANEL_FIGURES);
    struct rectangle line = {area.x, area.y + 8 + row * 26, area.width, 20};
    (void)snprintf(text, sizeof(text), "%lu", value);
    draw_fill(&screen.surface, line, COLOR_PANEL);
    draw_text(&screen.surface, line.x, line.y, name, dim);
    draw_text(&screen.surface, line.x + line.width - draw_text_width(text, 1), line.y, text, ink);
}

static void figures_draw(uint64_t time_ns)
{
    uint64_t count = 0;
    if (time_ns - screen.rate_time < NS_PER_SECOND / 2)
        return;
    if (counter_get(SLOT_COUNTER, &count) == RC_OK) {
        uint64_t passed = time_ns - screen.rate_time;
        screen.rate = (count - screen.rate_count) * (NS_PER_SECOND / 1000000u) * 1000u /
                      (passed / 1000u + 1);
        screen.rate_count = count;
    }
    screen.rate_time = time_ns;
    figure_draw(0, "seconds of system time", time_ns / NS_PER_SECOND);
    figure_draw(1, "pictures drawn", screen.frames);
    figure_draw(2, "messages counted", count);
    figure_draw(3, "messages a second", screen.rate);
    figure_draw(4, "pointer x", (uint64_t)screen.pointer_x);
    figure_draw(5, "pointer y", (uint64_t)screen.pointer_y);
}

/* Show what has changed since the last time. */
static void show(void)
{
    struct surface *surface = &screen.surface;
    for (unsigned i = 0; i < surface->dirty_count; i++) {
        struct rectangle area = rectangle_meet(
            surface->dirty[i], (struct rectangle){0, 0, surface->width, surface->height});
        if (rectangle_empty(area))
            continue;
        struct display_rectangle flush = {(uint32_t)area.x, (uint32_t)area.y,
                                          (uint32_t)area.width, (uint32_t)area.height};
        uint64_t code = display_flush(SLOT_DISPLAY, &flush);
        if (code == RC_RESTARTED && display_attach(SLOT_DISPLAY, SLOT_PIXELS) == RC_OK) {
            flush = (struct display_rectangle){0, 0, (uint32_t)surface->width,
                                               (uint32_t)surface->height};
            (void)display_flush(SLOT_DISPLAY, &flush);
        }
    }
    draw_clean(surface);
}

/* --- what comes in --- */

static void keys_take(const struct input_event *events, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (events[i].type != EVENT_KEY)
            continue;
        char character = keyboard_key(&screen.keyboard, events[i].code, events[i].value);
        if (character)
            text_view_put(&screen.text, character);
    }
}

static void stroke(void)
{
    struct rectangle area = layout_inside(PANEL_CANVAS);
    struct point_q8 to = {screen.pointer_x * 256, screen.pointer_y * 256};
    if (screen.drawing) {
        struct rectangle before = surface_clip(&screen.surface, area);
        draw_line(&screen.surface, screen.brush, to, 5 * 256, screen.color);
        (void)surface_clip(&screen.surface, before);
    }
    screen.brush = to;
}

/* Outside a stroke the pointer leaves a faint point, so that one sees where it is. */
static void pointer_mark(void)
{
    struct rectangle area = layout_inside(PANEL_CANVAS);
    struct rectangle before = surface_clip(&screen.surface, area);
    draw_disc(&screen.surface, screen.brush, 384, COLOR_PANEL_EDGE);
    (void)surface_clip(&screen.surface, before);
}

static void pointer_take(const struct input_event *events, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct input_event *event = &events[i];
        if (event->type == EVENT_ABSOLUTE && event->code == 0)
            screen.pointer_x = event->value * (screen.surface.width - 1) / AXIS_MAX;
        else if (event->type == EVENT_ABSOLUTE && event->code == 1)
            screen.pointer_y = event->value * (screen.surface.height - 1) / AXIS_MAX;
        else if (event->type == EVENT_KEY && event->code >= BUTTON_LEFT &&
                 event->code <= BUTTON_LAST)
            screen.drawing = event->value != 0;
        else if (event->type == 0) {
            stroke();
            if (!screen.drawing)
                pointer_mark();
        }
    }
}

static void text_take(const char *text, size_t size_bytes)
{
    for (size_t i = 0; i < size_bytes; i++)
        text_view_put(&screen.text, text[i]);
}

static void tick(uint64_t time_ns)
{
    screen.frames++;
    picture_draw(time_ns);
    figures_draw(time_ns);
}

/* --- serving --- */

static uint64_t serve(uint64_t order, const struct message *message, const void *string)
{
    size_t size_bytes = message_received(message);
    uint64_t word = 0;
    if (size_bytes >= sizeof(word))
        memcpy(&word, string, sizeof(word));
    if (order == ORDER_TYPE)
        return TYPE_SCREEN;
    if (!screen.usable)
        return RC_DEVICE;
    if (message->data_byte == SCREEN_CLIENT && order != SCREEN_COLOR && order != SCREEN_TEXT)
        return RC_BAD_ORDER;
    switch (order) {
    case SCREEN_TICK:
        tick(word);
        break;
    case SCREEN_KEYS:
        keys_take(string, size_bytes / sizeof(struct input_event));
        break;
    case SCREEN_POINTER:
        pointer_take(string, size_bytes / sizeof(struct input_event));
        break;
    case SCREEN_COLOR:
        screen.color = (uint32_t)word & 0xffffff;
        break;
    case SCREEN_TEXT:
        text_take(string, size_bytes);
        break;
    default:
        return RC_BAD_ORDER;
    }
    text_draw();
    show();
    return RC_OK;
}

static bool begin(uint32_t *pixels)
{
    struct display_info info;
    struct rectangle text = text_area();
    if (display_info(SLOT_DISPLAY, &info) != RC_OK || info.width != SCREEN_WIDTH ||
        info.height != SCREEN_HEIGHT) {
        printf("screen: no display of 1024 x 768\n");
        return false;
    }
    surface_init(&screen.surface, pixels, SCREEN_WIDTH, SCREEN_HEIGHT, SCREEN_WIDTH);
    text_view_init(&screen.text, text.height / 16, text.width / 8);
    screen.color = COLOR_ACCENT;
    layout_draw(&screen.surface);
    text_draw();
    if (display_attach(SLOT_DISPLAY, SLOT_PIXELS) != RC_OK) {
        printf("screen: the display refuses the picture\n");
        return false;
    }
    show();
    return true;
}

int domain_main(uint64_t pixels, uint64_t argument_1)
{
    static union {
        struct input_event events[EVENTS_MAX];
        uint64_t word;
    } string;
    struct message message = MESSAGE(0);
    uint64_t code = RC_OK;
    (void)argument_1;
    screen.usable = begin((uint32_t *)pixels);
    message.receive = &string;
    message.receive_bytes = sizeof(string);
    for (;;) {
        uint64_t order = serve_next(&message, code, NULL, 0);
        code = serve(order, &message, &string);
    }
}
