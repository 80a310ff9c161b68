/* SPDX-License-Identifier: GPL-2.0-or-later */
/* export_callgrind.c - callgrind's own format (Valgrind manual, "Callgrind Format Specification").
 * Called through export.h. There are no source lines: every position is line 0. A function that is
 * called from several places has a part at each, as the format allows. */
#include <inttypes.h>
#include <stdlib.h>

#include "emulator/base/memory.h"
#include "emulator/base/text.h"
#include "emulator/export.h"

static void function_add(const struct export_frame *frames, size_t count, const uint32_t *first,
                         const uint32_t *next, uint32_t at, struct byte_writer *text)
{
    const struct export_frame *frame = &frames[at];
    text_add(text, "\nfn=%s\n0 %" PRIu64 " %" PRIu64 "\n", frame->name, frame->instructions,
             frame->cycles);
    for (uint32_t child = first[at]; child && child < count; child = next[child]) {
        const struct export_frame *called = &frames[child];
        uint64_t calls = called->calls ? called->calls : 1;
        text_add(text, "cfn=%s\ncalls=%" PRIu64 " 0\n0 %" PRIu64 " %" PRIu64 "\n", called->name,
                 calls, called->instructions_all, called->cycles_all);
    }
}

void export_callgrind(const struct ledger_view *view, struct byte_writer *text)
{
    struct export_frame *frames;
    size_t count = export_frames(view, &frames);
    uint32_t *first = memory_zeroed(2 * count, sizeof(*first)), *next = first + count;
    for (uint32_t i = (uint32_t)count - 1; i > 0; i--) {
        next[i] = first[frames[i].parent];
        first[frames[i].parent] = i;
    }
    text_add(text, "# callgrind format\nversion: 1\ncreator: latchkey\npositions: line\n"
                   "event: Ir : instructions\nevent: Cy : cycles\nevents: Ir Cy\n"
                   "summary: %" PRIu64 " %" PRIu64 "\n\nfl=\?\?\?\n",
             frames[0].instructions_all, frames[0].cycles_all);
    for (uint32_t i = 0; i < count; i++)
        function_add(frames, count, first, next, i, text);
    text_add(text, "\ntotals: %" PRIu64 " %" PRIu64 "\n", frames[0].instructions_all,
             frames[0].cycles_all);
    free(first);
    free(frames);
}
