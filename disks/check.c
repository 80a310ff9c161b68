/* SPDX-License-Identifier: GPL-2.0-or-later */
/* check.c - the checker from the outside in: headers, ranges, checkpoint headers, directory.
 * Called by the disk command and tests; calls check_objects.c and check_keys.c for the rest. What
 * and why: check.h.
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
    if (check->store->volumes[0].header.disk_count == 1)
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
}

static bool same_objects(const struct volume_range *left, const struct volume_range *right)
{
    return left->first_id == right->first_id && left->object_count == right->object_count;
}

/* Ranges of objects: no id twice in a plex, both plexes alike; pages may have one plex. */
static void check_object_range(struct check *check, unsigned index)
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
    bool missing = store->volume_count < store->volumes[0].header.disk_count;
    if (!twin && (range->kind != RANGE_PAGES || range->plex == 1))
        check_find(check, missing ? FINDING_REPAIRABLE : FINDING_DAMAGE,
                   "%s %llu..%llu: no second range with the same objects",
                   range_kind_name(range->kind), (unsigned long long)range->first_id,
                   (unsigned long long)(range->first_id + range->object_count - 1));
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

/* One range for each checkpoint header, or two as plexes; at least one for each area. */
static void check_places(struct check *check)
{
    const struct store *store = check->store;
    static const uint8_t kinds[] = {RANGE_CKPT_HEADER, RANGE_CKPT_AREA};
    bool missing = store->volume_count < store->volumes[0].header.disk_count;
    for (unsigned k = 0; k < 2; k++) {
        for (uint64_t place = 0; place < STORE_PLACES; place++) {
            unsigned count = 0;
            uint64_t first = k ? AREA_ID(place, 0) : place;
            for (unsigned i = 0; i < store->range_count; i++)
                count += store->ranges[i].range.kind == kinds[k] &&
                         store->ranges[i].range.plex == 0 &&
                         store->ranges[i].range.first_id == first;
            if (count == 0 && !missing)
                check_find(check, FINDING_DAMAGE, "%s %llu: there is no range for it",
                           range_kind_name(kinds[k]), (unsigned long long)place);
            if (count > 1)
                check_find(check, FINDING_DAMAGE, "%s %llu: there are %u ranges for it",
                           range_kind_name(kinds[k]), (unsigned long long)place, count);
        }
    }
}

static void check_volumes(struct check *check)
{
    const struct store *store = check->store;
    for (unsigned i = 0; i < store->volume_count; i++)
        check_volume(check, &store->volumes[i]);
    for (unsigned disk = 0; disk < store->volumes[0].header.disk_count; disk++)
        if (!store_volume(store, disk))
            check_find(check, FINDING_REPAIRABLE, "volume %u: missing", disk);
    for (unsigned i = 0; i < store->range_count; i++)
        if (range_holds_objects(store->ranges[i].range.kind))
            check_object_range(check, i);
    check_pages_have_pots(check);
    check_places(check);
    if (store_next(store, RANGE_NODES, 1) != OBJECT_ID_PRIME_METER)
        check_find(check, FINDING_DAMAGE, "node %u: there is no prime meter",
                   OBJECT_ID_PRIME_METER);
}

/* A header that cannot be read may have been the newest. Then objects at home are of a later
 * generation than the one that is left, and check_objects.c finds them. */
static void check_ckpt_headers(struct check *check)
{
    const struct store *store = check->store;
    static const uint8_t zeros[SECTOR_BYTES];
    for (unsigned i = 0; i < STORE_PLACES; i++) {
        const struct store_place *place = &store->places[i];
        if (place->state == PLACE_BAD)
            check_find(check,
                       store->places[1 - i].state == PLACE_GOOD ? FINDING_REPAIRABLE
                                                                : FINDING_DAMAGE,
                       "%s: checkpoint header %u is neither good nor empty",
                       check_where(check, place->location).text, i);
        if (place->state == PLACE_GOOD &&
            memcmp(place->header.reserved, zeros, sizeof(place->header.reserved)) != 0)
            check_find(check, FINDING_DAMAGE, "%s: checkpoint header %u: reserved bytes are set",
                       check_where(check, place->location).text, i);
    }
    if (store->places[0].state == PLACE_GOOD && store->places[1].state == PLACE_GOOD &&
        store->places[0].header.generation == store->places[1].header.generation)
        check_find(check, FINDING_DAMAGE, "checkpoint headers: both are of generation %llu",
                   (unsigned long long)store->places[0].header.generation);
}

/* Everything that lies in an area: a block has one use, and a pot gives an index to one node. */
struct area_use {
    uint64_t location; /* area id */
    uint32_t use; /* 0 directory, 1 page, 2 + index: node */
};

static int use_order(const void *left, const void *right)
{
    const struct area_use *a = left, *b = right;
    if (a->location != b->location)
        return a->location < b->location ? -1 : 1;
    return a->use < b->use ? -1 : a->use > b->use;
}

static const char *entry_problem(const struct check *check, const struct directory_entry *entry)
{
    const struct store *store = check->store;
    struct store_home home;
    uint64_t id = disk_id(entry->object_id);
    enum range_kind kind = entry->kind == DIRECTORY_PAGE || entry->kind == DIRECTORY_ZERO_PAGE
                               ? RANGE_PAGE_POTS
                               : RANGE_NODES;
    if (entry->kind == 0 || entry->kind > DIRECTORY_RUNNING)
        return "its kind is unknown";
    if (!store_home(store, kind, id, 0, &home) && !store_home(store, kind, id, 1, &home))
        return "there is no such object";
    bool placed = entry->kind == DIRECTORY_PAGE || entry->kind == DIRECTORY_NODE;
    uint64_t location;
    if (placed && !store_area(store, entry->location, &location))
        return "it lies outside of the checkpoint areas";
    if (!placed && entry->location != 0)
        return "it has a location and needs none";
    if (entry->index >= POT_NODES || (entry->kind != DIRECTORY_NODE && entry->index != 0))
        return "its index is out of range";
    if (entry->kind == DIRECTORY_RUNNING && (entry->allocation_count || entry->checksum_or_calls))
        return "it has counts and needs none";
    if (kind == RANGE_PAGE_POTS && entry->allocation_count > ALLOCATION_COUNT_MAX)
        return "its allocation count is out of range";
    return NULL;
}

static struct check_where area_where(const struct check *check, uint64_t area_id)
{
    uint64_t location;
    return check_where(check, store_area(check->store, area_id, &location) ? location : 0);
}

static void check_entries(struct check *check, const struct store_directory *directory)
{
    struct area_use *uses = NULL;
    size_t count = 0, capacity = 0;
    for (size_t i = 0; i < directory->count; i++) {
        const struct directory_entry *entry = &directory->entries[i];
        unsigned long long id = disk_id(entry->object_id);
        const char *problem = entry_problem(check, entry);
        if (!problem && i > 0 && disk_id(entry[-1].object_id) == id &&
            (entry[-1].kind == DIRECTORY_NODE) == (entry->kind == DIRECTORY_NODE) &&
            (entry[-1].kind == DIRECTORY_RUNNING) == (entry->kind == DIRECTORY_RUNNING))
            problem = "it is listed twice";
        if (problem)
            check_find(check, FINDING_DAMAGE, "directory: kind %u, id %llu: %s", entry->kind, id,
                       problem);
        if (entry->kind != DIRECTORY_PAGE && entry->kind != DIRECTORY_NODE)
            continue;
        uses = memory_grow(uses, count, &capacity, sizeof(*uses));
        uses[count++] = (struct area_use){
            entry->location, entry->kind == DIRECTORY_PAGE ? 1u : 2u + entry->index};
    }
    for (size_t i = 0; i < directory->block_count; i++) {
        uses = memory_grow(uses, count, &capacity, sizeof(*uses));
        uses[count++] = (struct area_use){directory->blocks[i], 0};
    }
    if (count)
        qsort(uses, count, sizeof(*uses), use_order);
    for (size_t i = 1; i < count; i++)
        if (uses[i].location == uses[i - 1].location &&
            (uses[i - 1].use < 2 || uses[i].use == uses[i - 1].use))
            check_find(check, FINDING_DAMAGE, "%s: the directory uses it twice",
                       area_where(check, uses[i].location).text);
    free(uses);
}

/* Two copies of one directory hold the same entries, though maybe in different blocks. */
static bool copies_equal(const struct store_directory *left, const struct store_directory *right)
{
    return left->count == right->count &&
           (left->count == 0 || memcmp(left->entries, right->entries,
                                       left->count * sizeof(*left->entries)) == 0);
}

static void check_directory(struct check *check, const struct ckpt_header *header)
{
    struct store_directory copies[STORE_PLEXES];
    const char *problems[STORE_PLEXES];
    unsigned count = header->directory_block[0] == header->directory_block[1] ? 1 : STORE_PLEXES;
    for (unsigned copy = 0; copy < STORE_PLEXES; copy++)
        problems[copy] = store_directory_read(check->store, header, copy, &copies[copy]);
    for (unsigned copy = 0; copy < count; copy++)
        if (problems[copy])
            check_find(check, problems[1 - copy] ? FINDING_DAMAGE : FINDING_REPAIRABLE,
                       "directory of generation %llu, copy %u: %s",
                       (unsigned long long)header->generation, copy, problems[copy]);
    if (count == 1)
        check_find(check, FINDING_NOTE, "directory of generation %llu: there is one copy only",
                   (unsigned long long)header->generation);
    if (!problems[0] && !problems[1] && !copies_equal(&copies[0], &copies[1]))
        check_find(check, FINDING_DAMAGE, "directory of generation %llu: its copies differ",
                   (unsigned long long)header->generation);
    if (!problems[0])
        check_entries(check, &copies[0]);
    else if (!problems[1])
        check_entries(check, &copies[1]);
    for (unsigned copy = 0; copy < STORE_PLEXES; copy++)
        store_directory_finish(&copies[copy]);
}

bool check_store(struct store *store, struct check_report *report)
{
    struct error error;
    struct check check = {.store = store, .report = report};
    *report = (struct check_report){0};
    check_volumes(&check);
    check_ckpt_headers(&check);
    const struct store_place *newest = NULL;
    for (unsigned i = 0; i < STORE_PLACES; i++)
        if (store->places[i].state == PLACE_GOOD &&
            (!newest || store->places[i].header.generation > newest->header.generation))
            newest = &store->places[i];
    if (newest)
        check_directory(&check, &newest->header);
    else
        check_find(&check, FINDING_DAMAGE, "checkpoint headers: none is good");
    check.whole = newest && store_use(store, 0, &error);
    check.migrating = check.whole &&
                      store->header.migrated_generation < store->header.generation;
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
