/* SPDX-License-Identifier: GPL-2.0-or-later */
/* check.c - the checker from the outside in: headers and ranges. Called by the disk command and
 * tests; calls check_checkpoint.c, check_objects.c and check_keys.c for the rest. What and why:
 * check.h.
 *
 * Invariants
 *  1. Nothing on the volume is trusted, so the checker ends, and stays in bounds, on any bytes at
 *     all.
 *  2. A finding is repairable only if the other copy passed the same test.
 */
#include "disks/check.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "disks/check_private.h"
#include "disks/checksum.h"
#include "emulator/base/memory.h"

void check_find(struct check *check, enum finding_kind kind, const char *format, ...)
{
    struct check_report *report = check->report;
    assert(kind < FINDING_KINDS);
    report->counts[kind]++;
    if (report->count == CHECK_FINDINGS_MAX)
        return;
    report->findings = memory_grow(report->findings, report->count, &report->capacity,
                                  sizeof(*report->findings));
    struct finding *finding = &report->findings[report->count++];
    finding->kind = kind;
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(finding->text, sizeof(finding->text), format, arguments);
    va_end(arguments);
}

struct check_where check_where(const struct check *check, uint64_t location)
{
    struct check_where where;
    unsigned long long block = LOCATION_BLOCK(location);
    if (check->store->disk_count == 1)
        (void)snprintf(where.text, sizeof(where.text), "block %llu", block);
    else
        (void)snprintf(where.text, sizeof(where.text), "volume %u block %llu",
                       LOCATION_DISK(location), block);
    return where;
}

/* The other header copy of a volume says the same, byte for byte. */
static void copies_compare(struct check *check, const struct volume *volume)
{
    struct volume_header last;
    if (!volume_read(volume, volume->header.block_count - 1, &last) ||
        memcmp(&last, &volume->header, sizeof(last)) != 0)
        check_find(check, FINDING_DAMAGE,
                   "volume %u: its two headers are both good and not the same",
                   volume->header.disk_index);
}

/* What is in the place of the names is names, or nothing. */
static void check_names(struct check *check, const struct volume *volume)
{
    static const struct names_block nothing = {.count = 0};
    const struct volume_header *header = &volume->header;
    struct names_block block;
    struct names names;
    uint64_t at = names_at(header->block_count);
    for (uint32_t i = 0; i < header->range_count; i++)
        if (at - header->ranges[i].start_block < header->ranges[i].block_count)
            return; /* it is something else's */
    if (at && (!volume_read(volume, at, &block) ||
               (memcmp(&block, &nothing, sizeof(block)) != 0 && !names_read(&names, &block))))
        check_find(check, FINDING_REPAIRABLE,
                   "volume %u: block %llu: the names of its domains are lost; nothing else is",
                   header->disk_index, (unsigned long long)at);
}

static void check_volume(struct check *check, const struct volume *volume)
{
    const struct volume_header *header = &volume->header;
    static const char *const names[VOLUME_COPIES] = {"header in block 0", "header in last block"};
    bool both = true;
    for (unsigned copy = 0; copy < VOLUME_COPIES; copy++) {
        if (!volume->copy_problem[copy])
            continue;
        both = false;
        check_find(check, FINDING_REPAIRABLE, "volume %u: %s: %s", header->disk_index, names[copy],
                   volume->copy_problem[copy]);
    }
    if (both)
        copies_compare(check, volume);
    if (volume->file_bytes != header->block_count * BLOCK_BYTES)
        check_find(check, FINDING_DAMAGE, "volume %u: %llu bytes long, where its header says %llu",
                   header->disk_index, (unsigned long long)volume->file_bytes,
                   (unsigned long long)(header->block_count * BLOCK_BYTES));
    for (uint32_t i = 0; i < header->range_count; i++) {
        const char *problem = volume_range_problem(volume, i);
        if (problem)
            check_find(check, FINDING_DAMAGE, "volume %u: range %u (%s): %s", header->disk_index, i,
                       range_kind_name(header->ranges[i].kind), problem);
    }
    check_names(check, volume);
}

static bool same_objects(const struct volume_range *left, const struct volume_range *right)
{
    return left->first_id == right->first_id && left->object_count == right->object_count;
}

/* Nodes and page pots are always duplexed; what else has a second plex has it whole. */
static bool needs_twin(const struct volume_range *range)
{
    return range->kind == RANGE_NODES || range->kind == RANGE_PAGE_POTS || range->plex == 1;
}

/* No id twice in a plex, both plexes alike. */
static void check_range(struct check *check, unsigned index)
{
    const struct store *store = check->store;
    const struct volume_range *range = &store->ranges[index].range;
    bool twin = false;
    for (unsigned i = 0; i < store->range_count; i++) {
        const struct volume_range *other = &store->ranges[i].range;
        if (i == index || other->kind != range->kind)
            continue;
        if (other->plex != range->plex) {
            twin |= same_objects(range, other);
        } else if (i < index && other->first_id - range->first_id < range->object_count) {
            check_find(check, FINDING_DAMAGE, "%s: id %llu has two homes in plex %u",
                       range_kind_name(range->kind), (unsigned long long)other->first_id,
                       range->plex);
        } else if (i < index && range->first_id - other->first_id < other->object_count) {
            check_find(check, FINDING_DAMAGE, "%s: id %llu has two homes in plex %u",
                       range_kind_name(range->kind), (unsigned long long)range->first_id,
                       range->plex);
        }
    }
    bool missing = store->volume_count < store->disk_count;
    if (!twin && needs_twin(range))
        check_find(check, missing ? FINDING_REPAIRABLE : FINDING_DAMAGE,
                   "%s %llu..%llu: no second range with the same objects",
                   range_kind_name(range->kind), (unsigned long long)range->first_id,
                   (unsigned long long)(range->first_id + range->object_count - 1));
}

/* A volume that is behind the others is brought up to date by the kernel. */
static void check_steps(struct check *check)
{
    const struct store *store = check->store;
    for (unsigned disk = 0; disk < store->disk_count; disk++)
        for (unsigned i = 0; i < store->range_count; i++)
            if (store->ranges[i].disk == disk && store->ranges[i].out_of_step) {
                check_find(check, FINDING_REPAIRABLE, "volume %u: not in step", disk);
                break;
            }
}

/* Every page has a pot entry, and every pot entry a page. */
static void check_pages_have_pots(struct check *check)
{
    const struct store *store = check->store;
    for (unsigned i = 0; i < store->range_count; i++) {
        const struct volume_range *range = &store->ranges[i].range;
        uint8_t other = range->kind == RANGE_PAGES ? RANGE_PAGE_POTS : RANGE_PAGES;
        if (range->kind != RANGE_PAGES && range->kind != RANGE_PAGE_POTS)
            continue;
        uint64_t id = range->first_id, end = range->first_id + range->object_count;
        while (id < end) {
            uint64_t reached = id;
            for (unsigned j = 0; j < store->range_count; j++) {
                const struct volume_range *cover = &store->ranges[j].range;
                if (cover->kind == other && id >= cover->first_id &&
                    id - cover->first_id < cover->object_count &&
                    cover->first_id + cover->object_count > reached)
                    reached = cover->first_id + cover->object_count;
            }
            if (reached == id) {
                check_find(check, FINDING_DAMAGE, "%s: id %llu has no %s",
                           range_kind_name(range->kind), (unsigned long long)id,
                           other == RANGE_PAGES ? "page" : "pot");
                break;
            }
            id = reached;
        }
    }
}

/* Every block that is addressed by number has a home, in one plex at least. */
static void check_blocks(struct check *check)
{
    const struct store *store = check->store;
    static const struct {
        enum range_kind kind;
        uint64_t first_id;
    } needed[] = {{RANGE_CKPT_HEADER, 0}, {RANGE_CKPT_HEADER, 1},
                  {RANGE_CKPT_AREA, AREA_ID(0, 0)}, {RANGE_CKPT_AREA, AREA_ID(1, 0)}};
    bool missing = store->volume_count < store->disk_count;
    for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
        if (!store_exists(store, needed[i].kind, needed[i].first_id))
            check_find(check, missing ? FINDING_REPAIRABLE : FINDING_DAMAGE,
                       "%s %u: there is no range for it", range_kind_name(needed[i].kind),
                       (unsigned)(i % 2));
}

static void check_volumes(struct check *check)
{
    const struct store *store = check->store;
    for (unsigned i = 0; i < store->volume_count; i++)
        check_volume(check, &store->volumes[i]);
    if (store->stream.path)
        check_volume(check, &store->stream);
    for (unsigned disk = 0; disk < store->disk_count; disk++)
        if (!store_volume(store, disk))
            check_find(check, FINDING_REPAIRABLE, "volume %u: missing", disk);
    for (unsigned i = 0; i < store->range_count; i++)
        if (store->ranges[i].range.kind != RANGE_SPARE)
            check_range(check, i);
    check_steps(check);
    check_pages_have_pots(check);
    check_blocks(check);
    if (store_next(store, RANGE_NODES, 1) != OBJECT_ID_PRIME_METER)
        check_find(check, FINDING_DAMAGE, "node %u: there is no prime meter",
                   OBJECT_ID_PRIME_METER);
}

bool check_store(struct store *store, struct check_report *report)
{
    struct error error;
    struct check check = {.store = store, .report = report};
    *report = (struct check_report){0};
    check_volumes(&check);
    const struct ckpt_header *newest = store_newest(store);
    check.whole = newest && store_use(store, newest->generation, &error);
    check.migrating = check.whole &&
                      store->header.migrated_generation < store->header.generation;
    check_checkpoint(&check);
    check_pots_and_pages(&check);
    if (check.whole)
        check_keys(&check);
    counts_finish(&check.nodes);
    counts_finish(&check.pages);
    return report->counts[FINDING_REPAIRABLE] == 0 && report->counts[FINDING_DAMAGE] == 0;
}

void check_report_finish(struct check_report *report)
{
    free(report->findings);
    *report = (struct check_report){0};
}
