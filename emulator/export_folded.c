/* SPDX-License-Identifier: GPL-2.0-or-later */
/* export_folded.c - folded stacks: "all;kernel;CALL:start:0x1;trap_entry 104". Called through
 * export.h. */
#include <inttypes.h>
#include <stdlib.h>

#include "emulator/base/text.h"
#include "emulator/export.h"

#define STACK_MAX 4096u /* what lies deeper loses its outermost frames */

static void stack_add(const struct export_frame *frames, uint32_t at, struct byte_writer *text)
{
    uint32_t path[STACK_MAX];
    unsigned depth = 0;
    for (; at && depth < sizeof(path) / sizeof(path[0]); at = frames[at].parent)
        path[depth++] = at;
    while (depth > 0) {
        depth--;
        text_add(text, "%s%s", frames[path[depth]].name, depth ? ";" : "");
    }
}

void export_folded(const struct ledger_view *view, struct byte_writer *text)
{
    struct export_frame *frames;
    size_t count = export_frames(view, &frames);
    for (uint32_t i = 1; i < count; i++) {
        if (frames[i].instructions == 0)
            continue;
        stack_add(frames, i, text);
        text_add(text, " %" PRIu64 "\n", frames[i].instructions);
    }
    free(frames);
}
