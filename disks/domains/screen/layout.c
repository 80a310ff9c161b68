/* SPDX-License-Identifier: GPL-2.0-or-later */
/* layout.c - the parts of the picture that never move. Called by the screen domain's main.c. */
#include "disks/domains/screen/layout.h"

static const struct {
    struct rectangle area;
    const char *heading;
} panels[PANEL_COUNT] = {
    [PANEL_PICTURE] = {{16, 72, 488, 400}, "moving picture"},
    [PANEL_CANVAS] = {{520, 72, 488, 400}, "canvas: hold a button and draw"},
    [PANEL_TEXT] = {{16, 488, 680, 264}, "typed on the keyboard"},
    [PANEL_FIGURES] = {{712, 488, 296, 264}, "figures"},
};

struct rectangle layout_panel(enum panel panel)
{
    return panels[panel].area;
}

struct rectangle layout_inside(enum panel panel)
{
    struct rectangle area = panels[panel].area;
    return (struct rectangle){area.x + 10, area.y + PANEL_TITLE + 4, area.width - 20,
                              area.height - PANEL_TITLE - 14};
}

static void panel_draw(struct surface *surface, enum panel panel)
{
    const struct text_style heading = {.color = COLOR_DIM, .scale = 1};
    struct rectangle area = panels[panel].area;
    struct rectangle face = {area.x + 1, area.y + 1, area.width - 2, area.height - 2};
    draw_round(surface, area, PANEL_RADIUS, COLOR_PANEL_EDGE);
    draw_round(surface, face, PANEL_RADIUS - 1, COLOR_PANEL);
    draw_text(surface, area.x + 12, area.y + 8, panels[panel].heading, heading);
}

/* A key, for the title bar: ring, shaft and two teeth. */
static void emblem_draw(struct surface *surface, int32_t x, int32_t y)
{
    const int32_t unit = 256;
    draw_disc(surface, (struct point_q8){x * unit, y * unit}, 11 * unit, COLOR_ACCENT);
    draw_disc(surface, (struct point_q8){x * unit, y * unit}, 6 * unit, COLOR_BACK_TOP);
    draw_line(surface, (struct point_q8){(x + 11) * unit, y * unit},
              (struct point_q8){(x + 36) * unit, y * unit}, 4 * unit, COLOR_ACCENT);
    for (int32_t tooth = 26; tooth <= 34; tooth += 8)
        draw_line(surface, (struct point_q8){(x + tooth) * unit, y * unit},
                  (struct point_q8){(x + tooth) * unit, (y + 9) * unit}, 4 * unit, COLOR_ACCENT);
}

void layout_draw(struct surface *surface)
{
    const struct text_style title = {.color = COLOR_INK, .scale = 2, .bold = true};
    const struct text_style subtitle = {.color = COLOR_DIM, .scale = 1};
    draw_gradient(surface, (struct rectangle){0, 0, surface->width, surface->height},
                  COLOR_BACK_TOP, COLOR_BACK_BOTTOM);
    emblem_draw(surface, MARGIN + 14, TITLE_HEIGHT / 2 + 4);
    int32_t x = draw_text(surface, MARGIN + 64, 16, "Latchkey", title);
    draw_text(surface, x + 16, 26, "domains and keys on a single-level store", subtitle);
    for (unsigned panel = 0; panel < PANEL_COUNT; panel++)
        panel_draw(surface, (enum panel)panel);
}
