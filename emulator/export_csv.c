/* SPDX-License-Identifier: GPL-2.0-or-later */
/* export_csv.c - the message paths as comma-separated values. Called through export.h. No value has
 * a comma or a quote in it: they are numbers, and words of ledger_path.c. */
#include <inttypes.h>
#include <stdlib.h>

#include "emulator/base/text.h"
#include "emulator/export.h"

static void summary_add(struct byte_writer *text, const struct occurrences *occurrences)
{
    struct occurrence_summary summary = occurrences_summary(occurrences);
    text_add(text, ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64, summary.sum, summary.min,
             summary.median, summary.max);
}

void export_csv(const struct ledger_view *view, struct byte_writer *text)
{
    uint32_t *rows;
    size_t count = ledger_rows_sorted(view, &rows);
    text_add(text, "kind,key,order,keys,length,result,count,"
                   "instructions,instructions_min,instructions_median,instructions_max,"
                   "cycles,cycles_min,cycles_median,cycles_max\r\n");
    for (size_t i = 0; i < count; i++) {
        char order[LEDGER_TEXT_BYTES], result[LEDGER_TEXT_BYTES];
        const struct ledger_row *row = &view->rows[rows[i]];
        const struct ledger_path *path = &view->paths[row->path].path;
        ledger_order_text(path, order);
        ledger_result_text(&row->result, result);
        text_add(text, "%s,%s,%s,%u,%s,%s,%" PRIu64, ledger_kind_name(path->kind),
                 ledger_key_name(path->key_type), order, path->keys,
                 ledger_length_name(path->length), result, row->instructions.total);
        summary_add(text, &row->instructions);
        summary_add(text, &row->cycles);
        text_add(text, "\r\n");
    }
    free(rows);
}
