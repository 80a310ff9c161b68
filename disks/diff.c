/* SPDX-License-Identifier: GPL-2.0-or-later */
/* diff.c - see diff.h. Called by the disk command and tests; calls store, counts and settle. */
#include "disks/diff.h"

#include <stdlib.h>
#include <string.h>

#include "disks/counts.h"
#include "disks/settle.h"
#include "emulator/base/memory.h"
#include "kernel/abi.h"

struct side {
    struct store *store;
    struct counts pages, nodes;
};

struct diffing {
    struct side sides[DIFF_SIDES];
    struct diff_report *report;
    struct error *error;
};

static bool lost(const struct side *side, const char *what, uint64_t id, const char *problem,
                 struct error *error)
{
    return error_set(error, ERROR_FORMAT, "%s: %s %llu: %s", side->store->volumes[0].path, what,
                     (unsigned long long)id, problem);
}

static void entry_add(struct diff_report *report, const struct diff_entry *entry)
{
    if (report->count == DIFF_ENTRIES_MAX)
        return;
    report->entries = memory_grow(report->entries, report->count, &report->capacity,
                                  sizeof(*report->entries));
    report->entries[report->count++] = *entry;
}

/* The nearest object from id on that one of them has. 0: there is none. */
static uint64_t next(const struct diffing *diffing, enum range_kind kind, uint64_t id)
{
    uint64_t left = store_next(diffing->sides[0].store, kind, id);
    uint64_t right = store_next(diffing->sides[1].store, kind, id);
    return left == 0 || (right != 0 && right < left) ? right : left;
}

static bool page_read(struct side *side, uint64_t id, struct store_page *page,
                      struct error *error)
{
    *page = (struct store_page){.zero = true};
    if (!store_exists(side->store, RANGE_PAGE_POTS, id))
        return true;
    const char *problem = store_page(side->store, id, page);
    if (problem)
        return lost(side, "page", id, problem, error);
    if (page->allocation_count)
        counts_add(&side->pages, (struct object_counts){
                                     .id = id, .allocation_count = page->allocation_count});
    return true;
}

static bool page_compare(struct diffing *diffing, uint64_t id)
{
    struct store_page pages[DIFF_SIDES];
    struct diff_entry entry = {.kind = DIFF_PAGE, .id = id};
    for (unsigned i = 0; i < DIFF_SIDES; i++) {
        if (!page_read(&diffing->sides[i], id, &pages[i], diffing->error))
            return false;
        entry.counts[i] = pages[i].allocation_count;
    }
    for (uint32_t i = BLOCK_BYTES; i-- > 0;) {
        if (pages[0].data[i] == pages[1].data[i])
            continue;
        entry.first_byte = i;
        entry.byte_count++;
    }
    if (entry.byte_count == 0 && entry.counts[0] == entry.counts[1])
        return true;
    diffing->report->page_count++;
    entry_add(diffing->report, &entry);
    return true;
}

static bool node_read(struct side *side, uint64_t id, struct disk_node *node, struct error *error)
{
    struct store_node found;
    *node = (struct disk_node){0};
    if (!store_exists(side->store, RANGE_NODES, id))
        return true;
    const char *problem = store_node(side->store, id, &found);
    *node = found.node;
    return !problem || lost(side, "node", id, problem, error);
}

/* All counts first, since any node may hold a key to any other. */
static bool nodes_count(struct side *side, struct error *error)
{
    struct disk_node node;
    for (uint64_t id = 1; (id = store_next(side->store, RANGE_NODES, id)) != 0; id++) {
        if (!node_read(side, id, &node, error))
            return false;
        if (node.allocation_count || node.call_count)
            counts_add(&side->nodes, (struct object_counts){
                                         .id = id, .allocation_count = node.allocation_count,
                                         .call_count = node.call_count});
    }
    return true;
}

static bool node_compare(struct diffing *diffing, uint64_t id)
{
    struct disk_node nodes[DIFF_SIDES];
    struct diff_entry entry = {.kind = DIFF_NODE, .id = id};
    for (unsigned i = 0; i < DIFF_SIDES; i++) {
        struct side *side = &diffing->sides[i];
        if (!node_read(side, id, &nodes[i], diffing->error))
            return false;
        for (unsigned slot = 0; slot < NODE_SLOTS; slot++)
            nodes[i].slots[slot] = settle_key(&side->pages, &side->nodes, nodes[i].slots[slot]);
        entry.counts[i] = nodes[i].allocation_count;
        entry.call_counts[i] = nodes[i].call_count;
    }
    if (memcmp(&nodes[0], &nodes[1], sizeof(nodes[0])) == 0)
        return true;
    diffing->report->node_count++;
    if (entry.counts[0] != entry.counts[1] || entry.call_counts[0] != entry.call_counts[1])
        entry_add(diffing->report, &entry);
    entry.kind = DIFF_KEY;
    for (entry.slot = 0; entry.slot < NODE_SLOTS; entry.slot++) {
        entry.keys[0] = nodes[0].slots[entry.slot];
        entry.keys[1] = nodes[1].slots[entry.slot];
        if (memcmp(&entry.keys[0], &entry.keys[1], sizeof(entry.keys[0])) != 0)
            entry_add(diffing->report, &entry);
    }
    return true;
}

/* The running domain at or after an index of a directory, which is sorted by kind, then by id; its
 * index then, or the end's. */
static size_t running_from(const struct store_directory *directory, size_t index)
{
    while (index < directory->count && directory->entries[index].kind != DIRECTORY_RUNNING)
        index++;
    return index;
}

static void running_compare(struct diffing *diffing)
{
    size_t at[DIFF_SIDES] = {0, 0};
    for (;;) {
        uint64_t ids[DIFF_SIDES];
        for (unsigned i = 0; i < DIFF_SIDES; i++) {
            const struct store_directory *directory = &diffing->sides[i].store->directory;
            at[i] = running_from(directory, at[i]);
            ids[i] = at[i] < directory->count ? disk_id(directory->entries[at[i]].object_id)
                                              : UINT64_MAX;
        }
        if (ids[0] == UINT64_MAX && ids[1] == UINT64_MAX)
            return;
        struct diff_entry entry = {.kind = DIFF_RUNNING, .side = ids[1] < ids[0]};
        entry.id = ids[entry.side];
        if (ids[0] != ids[1]) {
            diffing->report->running_count++;
            entry_add(diffing->report, &entry);
        }
        at[0] += ids[0] == entry.id;
        at[1] += ids[1] == entry.id;
    }
}

bool diff_stores(struct store *const stores[DIFF_SIDES], struct diff_report *report,
                 struct error *error)
{
    struct diffing diffing = {.report = report, .error = error};
    bool good = true;
    *report = (struct diff_report){.entries = NULL};
    for (unsigned i = 0; i < DIFF_SIDES && good; i++) {
        diffing.sides[i].store = stores[i];
        good = store_use(stores[i], 0, error);
        report->generations[i] = stores[i]->header.generation;
    }
    for (uint64_t id = 1; good && (id = next(&diffing, RANGE_PAGE_POTS, id)) != 0; id++)
        good = page_compare(&diffing, id);
    for (unsigned i = 0; i < DIFF_SIDES && good; i++)
        good = nodes_count(&diffing.sides[i], error);
    for (uint64_t id = 1; good && (id = next(&diffing, RANGE_NODES, id)) != 0; id++)
        good = node_compare(&diffing, id);
    if (good)
        running_compare(&diffing);
    for (unsigned i = 0; i < DIFF_SIDES; i++) {
        counts_finish(&diffing.sides[i].pages);
        counts_finish(&diffing.sides[i].nodes);
    }
    return good;
}

void diff_report_finish(struct diff_report *report)
{
    free(report->entries);
    *report = (struct diff_report){.entries = NULL};
}
