/* SPDX-License-Identifier: GPL-2.0-or-later */
/* export_svg.c - a flame graph: each frame as wide as the instructions in it and below it, callers
 * below what they call. Called through export.h.
 *
 * The picture needs nothing from outside. Without scripts it is a picture whose frames tell their
 * figures under the pointer; with them a click on a frame makes it as wide as the picture, and one
 * on "all" brings the whole back.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/base/memory.h"
#include "emulator/base/text.h"
#include "emulator/export.h"

#define WIDTH 1200u
#define FRAME_HEIGHT 18u
#define MARGIN 10u
#define TITLE_HEIGHT 40u
#define CHARACTER_WIDTH 7.2 /* of 12 px DejaVu Sans Mono and its like */
#define WIDTH_LEAST 0.2     /* what is narrower is not drawn */

/* Where a frame is: its left end in instructions, and its distance from the bottom. */
struct spot {
    uint64_t left, used; /* used: by the children that have a place */
    unsigned depth;
};

static const char script[] =
    "<script><![CDATA[\n"
    "var frames = Array.from(document.querySelectorAll('g.frame'));\n"
    "function show(left, size) {\n"
    "  frames.forEach(function (g) {\n"
    "    var l = +g.dataset.left, s = +g.dataset.size, rect = g.querySelector('rect');\n"
    "    var from = Math.max(l, left), to = Math.min(l + s, left + size);\n"
    "    g.style.display = to > from ? '' : 'none';\n"
    "    if (to <= from) return;\n"
    "    var x = 10 + (from - left) / size * 1180, w = (to - from) / size * 1180;\n"
    "    var text = g.querySelector('text'), room = Math.floor((w - 6) / 7.2);\n"
    "    rect.setAttribute('x', x);\n"
    "    rect.setAttribute('width', Math.max(w - 0.5, 0.1));\n"
    "    text.setAttribute('x', x + 3);\n"
    "    text.textContent = room < 3 ? '' : g.dataset.name.slice(0, room);\n"
    "  });\n"
    "}\n"
    "frames.forEach(function (g) {\n"
    "  g.addEventListener('click', function () { show(+g.dataset.left, +g.dataset.size); });\n"
    "});\n"
    "]]></script>\n";

/* Warm colours for the kernel, cold ones for user mode; the same name, the same colour. */
static void colour_of(const char *name, bool user, char colour[8])
{
    unsigned hash = 2166136261u; /* FNV-1a, 32 bits */
    for (const char *at = name; *at; at++)
        hash = (hash ^ (unsigned char)*at) * 16777619u;
    unsigned tone = hash % 55, second = hash / 55 % 110;
    if (user)
        (void)snprintf(colour, 8, "#%02x%02x%02x", 110 + second % 60, 160 + tone, 215 + tone % 40);
    else
        (void)snprintf(colour, 8, "#%02x%02x%02x", 200 + tone, 90 + second, 60 + tone / 2);
}

static void frame_add(const struct export_frame *frame, const struct spot *spot, uint64_t whole,
                      unsigned height, bool user, struct byte_writer *text)
{
    double scale = (WIDTH - 2.0 * MARGIN) / (double)whole;
    double x = MARGIN + (double)spot->left * scale, width = (double)frame->instructions_all * scale;
    unsigned y = height - MARGIN - (spot->depth + 1) * FRAME_HEIGHT;
    char colour[8], shown[EXPORT_NAME_BYTES];
    if (width < WIDTH_LEAST)
        return;
    colour_of(frame->name, user, colour);
    size_t room = width > 6 ? (size_t)((width - 6) / CHARACTER_WIDTH) : 0;
    (void)snprintf(shown, sizeof(shown), "%.*s", room < 3 ? 0 : (int)room, frame->name);
    text_add(text, "<g class=\"frame\" data-left=\"%" PRIu64 "\" data-size=\"%" PRIu64
                   "\" data-name=\"", spot->left, frame->instructions_all);
    text_escape(text, frame->name);
    text_add(text, "\"><title>");
    text_escape(text, frame->name);
    text_add(text, ": %" PRIu64 " instructions, %.2f %%; %" PRIu64 " of its own; %" PRIu64
                   " times</title><rect x=\"%.2f\" y=\"%u\" width=\"%.2f\" height=\"%u\" "
                   "fill=\"%s\"/><text x=\"%.2f\" y=\"%u\">",
             frame->instructions_all, ledger_percent(frame->instructions_all, whole),
             frame->instructions, frame->calls, x, y, width > 0.6 ? width - 0.5 : width,
             FRAME_HEIGHT - 1, colour, x + 3, y + FRAME_HEIGHT - 5);
    text_escape(text, shown);
    text_add(text, "</text></g>\n");
}

/* Children lie from left to right in the order of the frames. Returns the greatest depth. */
static unsigned spots_find(const struct export_frame *frames, size_t count, struct spot *spots)
{
    unsigned depth = 0;
    for (size_t i = 1; i < count; i++) {
        struct spot *parent = &spots[frames[i].parent];
        spots[i] = (struct spot){.left = parent->left + parent->used, .depth = parent->depth + 1};
        parent->used += frames[i].instructions_all;
        if (spots[i].depth > depth && frames[i].instructions_all)
            depth = spots[i].depth;
    }
    return depth;
}

void export_svg(const struct ledger_view *view, struct byte_writer *text)
{
    struct export_frame *frames;
    size_t count = export_frames(view, &frames);
    struct spot *spots = memory_zeroed(count, sizeof(*spots));
    unsigned depth = spots_find(frames, count, spots);
    unsigned height = TITLE_HEIGHT + (depth + 1) * FRAME_HEIGHT + MARGIN;
    uint64_t whole = frames[0].instructions_all ? frames[0].instructions_all : 1;
    text_add(text, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                   "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%u\" height=\"%u\" "
                   "viewBox=\"0 0 %u %u\">\n<style>text { font: 12px 'DejaVu Sans Mono', "
                   "monospace; pointer-events: none; } .frame { cursor: pointer; }</style>\n"
                   "<rect width=\"100%%\" height=\"100%%\" fill=\"#fdfaf4\"/>\n"
                   "<text x=\"%u\" y=\"24\">%" PRIu64 " instructions: where they went</text>\n",
             WIDTH, height, WIDTH, height, MARGIN, frames[0].instructions_all);
    for (size_t i = 0; i < count; i++) {
        uint32_t top = (uint32_t)i;
        while (top && frames[top].parent)
            top = frames[top].parent;
        frame_add(&frames[i], &spots[i], whole, height, strcmp(frames[top].name, "user") == 0,
                  text);
    }
    write_bytes(text, script, sizeof(script) - 1);
    text_add(text, "</svg>\n");
    free(spots);
    free(frames);
}
