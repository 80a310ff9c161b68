/* SPDX-License-Identifier: GPL-2.0-or-later */
/* disk_diff.c - see disk_diff.h. Calls disks/diff. */
#include "frontend/disk_diff.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "disks/diff.h"
#include "emulator/base/json.h"
#include "emulator/base/memory.h"
#include "emulator/ledger_path.h"
#include "frontend/failure.h"
#include "kernel/abi.h"

#define KEY_TEXT_BYTES 96u

/* Open all the volumes of a store. names: a copy that is cut apart, and must stay. */
static bool volumes_open(struct store *store, char *names, struct error *error)
{
    const char *paths[STORE_PATHS_MAX];
    unsigned count = 0;
    for (char *name = names; name; count++) {
        char *comma = strchr(name, ',');
        if (count == STORE_PATHS_MAX)
            return error_set(error, ERROR_LIMIT, "%.80s: a store has at most %u volumes", name,
                             VOLUME_DISKS_MAX);
        if (comma)
            *comma++ = '\0';
        paths[count] = name;
        name = comma;
    }
    return store_open(store, paths, count, error);
}

static void key_text(const struct disk_key *key, char text[KEY_TEXT_BYTES])
{
    unsigned long long id = disk_id(key->object_id), count = key->count;
    if (key->type == KEY_DATA && id == 0)
        (void)snprintf(text, KEY_TEXT_BYTES, "data %llu", count);
    else if (key->type == KEY_DATA)
        (void)snprintf(text, KEY_TEXT_BYTES, "data 0x%llx:%012llx", count, id);
    else if (id == 0)
        (void)snprintf(text, KEY_TEXT_BYTES, "%s, byte %u, count %llu", ledger_key_name(key->type),
                       key->data_byte, count);
    else
        (void)snprintf(text, KEY_TEXT_BYTES, "%s %llu, byte %u, count %llu",
                       ledger_key_name(key->type), id, key->data_byte, count);
}

static void entry_print(const struct diff_entry *entry, const char *const paths[2])
{
    char left[KEY_TEXT_BYTES], right[KEY_TEXT_BYTES];
    unsigned long long id = entry->id;
    switch (entry->kind) {
    case DIFF_PAGE:
        printf("page %llu:", id);
        if (entry->byte_count > 0)
            printf(" %u bytes from %u on", entry->byte_count, entry->first_byte);
        if (entry->counts[0] != entry->counts[1])
            printf("%s allocation count %llu / %llu", entry->byte_count > 0 ? "," : "",
                   (unsigned long long)entry->counts[0], (unsigned long long)entry->counts[1]);
        putchar('\n');
        return;
    case DIFF_NODE:
        printf("node %llu: allocation count %llu / %llu, call count %llu / %llu\n", id,
               (unsigned long long)entry->counts[0], (unsigned long long)entry->counts[1],
               (unsigned long long)entry->call_counts[0],
               (unsigned long long)entry->call_counts[1]);
        return;
    case DIFF_KEY:
        key_text(&entry->keys[0], left);
        key_text(&entry->keys[1], right);
        printf("node %llu, slot %u: %s / %s\n", id, entry->slot, left, right);
        return;
    case DIFF_RUNNING:
        printf("domain %llu: runs in %s only\n", id, paths[entry->side]);
        return;
    }
    abort();
}

static void report_print(const struct diff_report *report, const char *const paths[2])
{
    unsigned long long pages = report->page_count, nodes = report->node_count;
    unsigned long long running = report->running_count;
    for (size_t i = 0; i < report->count; i++)
        entry_print(&report->entries[i], paths);
    if (report->count == DIFF_ENTRIES_MAX)
        puts("and others");
    if (pages + nodes + running == 0)
        puts("equal");
    else
        printf("%llu page%s, %llu node%s and %llu running domain%s differ\n", pages,
               pages == 1 ? "" : "s", nodes, nodes == 1 ? "" : "s", running,
               running == 1 ? "" : "s");
}

static void pair_add(cJSON *object, const char *name, const uint64_t values[DIFF_SIDES])
{
    cJSON *pair = cJSON_AddArrayToObject(object, name);
    for (unsigned i = 0; i < DIFF_SIDES; i++)
        cJSON_AddItemToArray(pair, cJSON_CreateNumber((double)values[i]));
}

static cJSON *entry_json(const struct diff_entry *entry)
{
    static const char *const kinds[] = {[DIFF_PAGE] = "page", [DIFF_NODE] = "node",
                                        [DIFF_KEY] = "key", [DIFF_RUNNING] = "running"};
    char text[KEY_TEXT_BYTES];
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "kind", kinds[entry->kind]);
    json_count_add(object, "id", entry->id);
    if (entry->kind == DIFF_PAGE) {
        json_count_add(object, "first_byte", entry->first_byte);
        json_count_add(object, "bytes", entry->byte_count);
    }
    if (entry->kind == DIFF_PAGE || entry->kind == DIFF_NODE)
        pair_add(object, "allocation_counts", entry->counts);
    if (entry->kind == DIFF_NODE)
        pair_add(object, "call_counts", entry->call_counts);
    if (entry->kind == DIFF_RUNNING)
        json_count_add(object, "side", entry->side);
    if (entry->kind != DIFF_KEY)
        return object;
    json_count_add(object, "slot", entry->slot);
    cJSON *keys = cJSON_AddArrayToObject(object, "keys");
    for (unsigned i = 0; i < DIFF_SIDES; i++) {
        key_text(&entry->keys[i], text);
        cJSON_AddItemToArray(keys, cJSON_CreateString(text));
    }
    return object;
}

static void report_json(const struct diff_report *report)
{
    cJSON *object = cJSON_CreateObject();
    pair_add(object, "generations", report->generations);
    json_count_add(object, "pages", report->page_count);
    json_count_add(object, "nodes", report->node_count);
    json_count_add(object, "running", report->running_count);
    cJSON *entries = cJSON_AddArrayToObject(object, "entries");
    for (size_t i = 0; i < report->count; i++)
        cJSON_AddItemToArray(entries, entry_json(&report->entries[i]));
    char *text = json_text(object);
    puts(text);
    free(text);
}

int disk_diff(const char *const paths[2], bool json)
{
    struct error error;
    struct diff_report report = {.entries = NULL};
    struct store *stores[DIFF_SIDES];
    char *names[DIFF_SIDES];
    bool good = true;
    for (unsigned i = 0; i < DIFF_SIDES; i++) {
        stores[i] = memory_zeroed(1, sizeof(*stores[i]));
        names[i] = memory_must(strdup(paths[i]));
        good = good && volumes_open(stores[i], names[i], &error);
    }
    good = good && diff_stores(stores, &report, &error);
    if (good && json)
        report_json(&report);
    else if (good)
        report_print(&report, paths);
    bool differ = report.page_count + report.node_count + report.running_count > 0;
    int status = !good ? failure_tell(&error) : differ;
    for (unsigned i = 0; i < DIFF_SIDES; i++) {
        store_close(stores[i]);
        free(stores[i]);
        free(names[i]);
    }
    diff_report_finish(&report);
    return status;
}
