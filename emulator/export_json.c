/* SPDX-License-Identifier: GPL-2.0-or-later */
/* export_json.c - the whole ledger as JSON. Called through export.h; calls json.h. */
#include <stdlib.h>

#include "emulator/base/json.h"
#include "emulator/base/memory.h"
#include "emulator/base/text.h"
#include "emulator/export.h"

static cJSON *share_json(struct ledger_share share)
{
    cJSON *object = cJSON_CreateObject();
    json_count_add(object, "instructions", share.instructions);
    json_count_add(object, "cycles", share.cycles);
    return object;
}

static void summary_add(cJSON *object, const char *name, const struct occurrences *occurrences)
{
    struct occurrence_summary summary = occurrences_summary(occurrences);
    cJSON *made = cJSON_AddObjectToObject(object, name);
    json_count_add(made, "sum", summary.sum);
    json_count_add(made, "min", summary.min);
    json_count_add(made, "median", summary.median);
    json_count_add(made, "max", summary.max);
}

static cJSON *row_json(const struct ledger_row *row)
{
    char result[LEDGER_TEXT_BYTES];
    cJSON *object = cJSON_CreateObject();
    ledger_result_text(&row->result, result);
    cJSON_AddStringToObject(object, "result", result);
    json_count_add(object, "count", row->instructions.total);
    summary_add(object, "instructions", &row->instructions);
    summary_add(object, "cycles", &row->cycles);
    return object;
}

static cJSON *path_json(const struct ledger_view *view, const struct ledger_entry_path *entry)
{
    char order[LEDGER_TEXT_BYTES], name[LEDGER_PATH_BYTES];
    const struct ledger_path *path = &entry->path;
    cJSON *object = cJSON_CreateObject();
    ledger_order_text(path, order);
    ledger_path_text(path, name);
    cJSON_AddStringToObject(object, "name", name);
    cJSON_AddStringToObject(object, "kind", ledger_kind_name(path->kind));
    cJSON_AddStringToObject(object, "key", ledger_key_name(path->key_type));
    cJSON_AddStringToObject(object, "order", order);
    cJSON_AddNumberToObject(object, "keys", path->keys);
    cJSON_AddStringToObject(object, "length", ledger_length_name(path->length));
    cJSON *results = cJSON_AddArrayToObject(object, "results");
    for (uint32_t at = entry->row; at; at = view->rows[at - 1].next)
        cJSON_AddItemToArray(results, row_json(&view->rows[at - 1]));
    return object;
}

/* What each path's functions took, under their callers. nodes[i]: the JSON of a node of the tree
 * that has one. */
static void functions_add(const struct ledger_view *view, cJSON **nodes)
{
    for (size_t i = 1; i < view->tree->count; i++) {
        const struct ledger_node *node = &view->tree->nodes[i];
        cJSON *above = nodes[node->parent];
        if (!nodes[i] && !above)
            continue;
        if (!nodes[i]) {
            nodes[i] = cJSON_CreateObject();
            cJSON_AddStringToObject(nodes[i], "function",
                                    ledger_function_name(view->functions, node->function));
            cJSON *list = cJSON_GetObjectItemCaseSensitive(above, "functions");
            if (!list)
                list = cJSON_AddArrayToObject(above, "functions");
            cJSON_AddItemToArray(list, nodes[i]);
        }
        json_count_add(nodes[i], "calls", node->calls);
        json_count_add(nodes[i], "own_instructions", node->instructions);
        json_count_add(nodes[i], "own_cycles", node->cycles);
    }
}

/* names: of domains; NULL: these are meters. */
static void accounts_add(cJSON *object, const char *name, const struct ledger_accounts *accounts,
                         const struct names *names)
{
    cJSON *list = cJSON_AddArrayToObject(object, name);
    uint32_t *sorted = ledger_accounts_sorted(accounts);
    for (size_t i = 0; i < accounts->count; i++) {
        const struct ledger_account *account = &accounts->accounts[sorted[i]];
        cJSON *made = cJSON_CreateObject();
        json_count_add(made, "id", account->id);
        if (names) {
            cJSON_AddStringToObject(made, "name", names_find(names, account->id));
            json_count_add(made, "meter", account->meter);
        }
        cJSON_AddItemToObject(made, "user", share_json(account->user));
        cJSON_AddItemToObject(made, "kernel", share_json(account->kernel));
        json_count_add(made, "entries", account->entries);
        json_count_add(made, "calls", account->calls);
        json_count_add(made, "returns", account->returns);
        json_count_add(made, "forks", account->forks);
        json_count_add(made, "faults", account->faults);
        json_count_add(made, "interrupts", account->interrupts);
        if (names)
            json_count_add(made, "received", account->received);
        cJSON_AddItemToArray(list, made);
    }
    free(sorted);
}

void export_json(const struct ledger_view *view, struct byte_writer *text)
{
    cJSON *object = cJSON_CreateObject();
    cJSON **nodes = memory_zeroed(view->tree->count, sizeof(*nodes));
    cJSON_AddItemToObject(object, "total", share_json(view->total));
    cJSON_AddItemToObject(object, "user", share_json(view->user));
    json_count_add(object, "idle_cycles", view->idle_cycles);
    cJSON_AddBoolToObject(object, "kernel_known", view->ours);
    cJSON *paths = cJSON_AddArrayToObject(object, "paths");
    for (size_t i = 0; i < view->path_count; i++) {
        const struct ledger_entry_path *entry = &view->paths[i];
        if (entry->put_to || !entry->row)
            continue;
        nodes[entry->node] = path_json(view, entry);
        cJSON_AddItemToArray(paths, nodes[entry->node]);
    }
    functions_add(view, nodes);
    free(nodes);
    accounts_add(object, "domains", view->domains, view->names);
    accounts_add(object, "meters", view->meters, NULL);
    char *printed = json_text(object);
    text_add(text, "%s\n", printed);
    free(printed);
}
