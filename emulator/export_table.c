/* SPDX-License-Identifier: GPL-2.0-or-later */
/* export_table.c - the ledger in plain text. Called through export.h. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "emulator/base/memory.h"
#include "emulator/base/text.h"
#include "emulator/export.h"

#define PATHS_WITH_FUNCTIONS 8u
#define FUNCTIONS_OF_PATH 8u

static void head_add(const struct ledger_view *view, struct byte_writer *text)
{
    uint64_t kernel = view->total.instructions - view->user.instructions;
    text_add(text, "%" PRIu64 " instructions: %.1f %% in user mode, %.1f %% in the kernel; %" PRIu64
                   " cycles, and %" PRIu64 " of waiting\n\n",
             view->total.instructions,
             ledger_percent(view->user.instructions, view->total.instructions),
             ledger_percent(kernel, view->total.instructions), view->total.cycles,
             view->idle_cycles);
}

static void row_add(const struct ledger_view *view, const struct ledger_row *row,
                    struct byte_writer *text)
{
    char order[LEDGER_TEXT_BYTES], result[LEDGER_TEXT_BYTES];
    const struct ledger_path *path = &view->paths[row->path].path;
    struct occurrence_summary instructions = occurrences_summary(&row->instructions);
    struct occurrence_summary cycles = occurrences_summary(&row->cycles);
    ledger_order_text(path, order);
    ledger_result_text(&row->result, result);
    text_add(text, "%-10s %-12s %-22s %4u %-8s %-9s %8" PRIu64 " %7" PRIu64 " %7" PRIu64
                   " %8" PRIu64 " %7" PRIu64 " %7" PRIu64 " %8" PRIu64 " %5.1f\n",
             ledger_kind_name(path->kind), ledger_key_name(path->key_type), order, path->keys,
             ledger_length_name(path->length), result, instructions.count, instructions.min,
             instructions.median, instructions.max, cycles.min, cycles.median, cycles.max,
             ledger_percent(instructions.sum, view->total.instructions));
}

static void rest_add(size_t count, size_t rows_max, struct byte_writer *text)
{
    if (count > rows_max)
        text_add(text, "... and %zu more rows\n", count - rows_max);
    text_add(text, "\n");
}

static void paths_add(const struct ledger_view *view, size_t rows_max, struct byte_writer *text)
{
    uint32_t *rows;
    size_t count = ledger_rows_sorted(view, &rows);
    text_add(text, "%-10s %-12s %-22s %4s %-8s %-9s %8s %24s %24s %5s\n", "kind", "key", "order",
             "keys", "length", "result", "count", "instructions", "cycles", "% of");
    text_add(text, "%-10s %-12s %-22s %4s %-8s %-9s %8s %7s %7s %8s %7s %7s %8s %5s\n", "", "", "",
             "", "", "", "", "min", "median", "max", "min", "median", "max", "all");
    for (size_t i = 0; i < count && i < rows_max; i++)
        row_add(view, &view->rows[rows[i]], text);
    rest_add(count, rows_max, text);
    free(rows);
}

static void accounts_add(const struct ledger_view *view, const struct ledger_accounts *accounts,
                         size_t rows_max, struct byte_writer *text)
{
    bool of_domains = accounts == view->domains && view->ours;
    const char *what = of_domains ? "domain" : accounts == view->domains ? "space" : "meter";
    uint32_t *sorted = ledger_accounts_sorted(accounts);
    text_add(text, "%-10s %8s %14s %14s %14s %14s %8s %8s %8s %6s %7s %7s %8s %5s%s\n", what,
             "meter", "user insn", "kernel insn", "user cycles", "kernel cycles", "entries",
             "calls", "returns", "forks", "faults", "irqs", "received", "% all",
             of_domains ? "  name" : "");
    for (size_t i = 0; i < accounts->count && i < rows_max; i++) {
        const struct ledger_account *account = &accounts->accounts[sorted[i]];
        const char *name = of_domains ? names_find(view->names, account->id) : "";
        char id[LEDGER_TEXT_BYTES], meter[LEDGER_TEXT_BYTES];
        ledger_id_text(account->id, id);
        ledger_id_text(account->meter, meter);
        text_add(text, "%10s %8s %14" PRIu64 " %14" PRIu64 " %14" PRIu64
                       " %14" PRIu64 " %8" PRIu64 " %8" PRIu64 " %8" PRIu64 " %6" PRIu64
                       " %7" PRIu64 " %7" PRIu64 " %8" PRIu64 " %5.1f%s%s\n",
                 id, meter,
                 account->user.instructions, account->kernel.instructions, account->user.cycles,
                 account->kernel.cycles, account->entries, account->calls, account->returns,
                 account->forks, account->faults, account->interrupts, account->received,
                 ledger_percent(account->user.instructions + account->kernel.instructions,
                                view->total.instructions),
                 name[0] ? "  " : "", name);
    }
    rest_add(accounts->count, rows_max, text);
    free(sorted);
}

/* --- functions --- */

/* The instructions of each function below a node of the tree, its callers put together. Returns
 * their sum. */
static uint64_t instructions_sum(const struct ledger_view *view, uint32_t root,
                                 uint64_t *instructions)
{
    uint64_t sum = 0;
    bool *below = memory_zeroed(view->tree->count, sizeof(*below)); /* of each node: is it there? */
    for (uint32_t i = root; i < view->tree->count; i++) {
        const struct ledger_node *node = &view->tree->nodes[i];
        below[i] = i == root || below[node->parent];
        if (!below[i])
            continue;
        instructions[node->function] += node->instructions;
        sum += node->instructions;
    }
    free(below);
    return sum;
}

static void path_functions_add(const struct ledger_view *view,
                               const struct ledger_entry_path *path, struct byte_writer *text)
{
    char name[LEDGER_PATH_BYTES];
    size_t count = view->functions->count + 1;
    uint64_t *instructions = memory_zeroed(count, sizeof(*instructions));
    uint64_t sum = instructions_sum(view, path->node, instructions);
    uint64_t times = view->tree->nodes[path->node].calls;
    uint32_t *ranked = ledger_ranked(instructions, count);
    ledger_path_text(&path->path, name);
    text_add(text, "%s: %" PRIu64 " times, %" PRIu64 " instructions\n", name, times, sum);
    for (unsigned i = 0; i < FUNCTIONS_OF_PATH && i < count; i++) {
        uint64_t own = instructions[ranked[i]];
        if (own)
            text_add(text, "    %-32s %12" PRIu64 " %10.1f a time %6.1f %%\n",
                     ledger_function_name(view->functions, ranked[i]), own,
                     times ? (double)own / (double)times : 0, ledger_percent(own, sum));
    }
    free(ranked);
    free(instructions);
}

static void functions_add(const struct ledger_view *view, size_t paths_max,
                          struct byte_writer *text)
{
    uint32_t *rows;
    size_t count = ledger_rows_sorted(view, &rows), done = 0;
    bool *told = memory_zeroed(view->path_count + 1, sizeof(*told));
    for (size_t i = 0; i < count && done < PATHS_WITH_FUNCTIONS && done < paths_max; i++) {
        uint32_t path = view->rows[rows[i]].path;
        if (told[path])
            continue;
        told[path] = true;
        done++;
        path_functions_add(view, &view->paths[path], text);
    }
    free(told);
    free(rows);
}

void export_table(const struct ledger_view *view, size_t rows_max, struct byte_writer *text)
{
    head_add(view, text);
    paths_add(view, rows_max, text);
    accounts_add(view, view->domains, rows_max, text);
    accounts_add(view, view->meters, rows_max, text);
    functions_add(view, rows_max, text);
}
