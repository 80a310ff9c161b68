/* SPDX-License-Identifier: GPL-2.0-or-later */
/* export.h - a ledger as people and other programs read it. Each form has a file of its own,
 * export_*.c, over the same ledger_view(); those over time are in export_events.h.
 *
 * Used by the frontend and tests. Calls base and ledger.h. Texts are appended; equal ledgers give
 * equal texts.
 */
#ifndef LATCHKEY_EMULATOR_EXPORT_H
#define LATCHKEY_EMULATOR_EXPORT_H

#include "emulator/base/bytes.h"
#include "emulator/ledger.h"

/* export_table - three tables in plain text: message paths; accounts of domains and meters; and
 * what the functions of the kernel took of the paths that took most. rows_max: of each table. */
void export_table(const struct ledger_view *view, size_t rows_max, struct byte_writer *text);
/* export_json - all of it: paths with their results and functions, domains, meters. */
void export_json(const struct ledger_view *view, struct byte_writer *text);
/* export_csv - the message paths, one result a line, RFC 4180. */
void export_csv(const struct ledger_view *view, struct byte_writer *text);
/* export_folded - a stack of frames a line and the instructions that it took itself: what
 * flamegraph.pl and speedscope read. */
void export_folded(const struct ledger_view *view, struct byte_writer *text);
/* export_svg - the same as a flame graph, which needs nothing but a browser. */
void export_svg(const struct ledger_view *view, struct byte_writer *text);
/* export_callgrind - callgrind's profile format, version 1, for callgrind_annotate and kcachegrind.
 * Events: Ir instructions, Cy cycles. */
void export_callgrind(const struct ledger_view *view, struct byte_writer *text);

/* What all forms are about, as a tree: user mode by domains, the kernel by paths and functions. A
 * frame comes after its parent; frame 0 is all. */
#define EXPORT_NAME_BYTES 128u
struct export_frame {
    uint32_t parent;
    char name[EXPORT_NAME_BYTES]; /* without ';' and ' ' */
    uint64_t instructions, cycles, calls; /* its own */
    uint64_t instructions_all, cycles_all; /* and those of all below it */
};
/* export_frames - those that something was spent in. The caller frees *frames. Returns how many. */
size_t export_frames(const struct ledger_view *view, struct export_frame **frames);

#endif
