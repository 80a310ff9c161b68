/* SPDX-License-Identifier: GPL-2.0-or-later */
/* check_checkpoint.c - checkpoint headers in both places and plexes, both copies of the newest
 * directory, what it places in its area, and the journal. Called by check.c.
 *
 * Invariants
 *  1. What a power cut can leave behind is no damage: an older plex 1 of the newest header, and a
 *     last group of the journal that is in one plex only.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "disks/check_private.h"
#include "disks/checksum.h"
#include "emulator/base/memory.h"

/* The second plex is as the first, or a cut kept the newest header from it. */
static bool plexes_agree(const struct check *check, const struct store_place plexes[STORE_PLEXES])
{
    uint64_t generation = plexes[0].header.generation;
    if (plexes[0].state == PLACE_EMPTY || plexes[1].state == PLACE_EMPTY)
        return plexes[0].state == plexes[1].state ||
               (plexes[0].state == PLACE_GOOD && generation <= 2 &&
                generation == store_newest(check->store)->generation);
    if (memcmp(&plexes[0].header, &plexes[1].header, sizeof(plexes[0].header)) == 0)
        return true;
    return generation == store_newest(check->store)->generation &&
           plexes[1].header.generation == generation - 2;
}

const char *check_header_problem(const struct ckpt_header *header)
{
    static const uint8_t zeros[SECTOR_BYTES];
    if (memcmp(header->reserved, zeros, sizeof(header->reserved)) != 0)
        return "reserved bytes are set";
    if (header->migrated_generation + 1 < header->generation)
        return "it was committed before the one before it was at home";
    if (header->disks_in_step & ~header->disks_known)
        return "a disk that it does not know is in step";
    return NULL;
}

static void check_header(struct check *check, unsigned place, unsigned plex)
{
    const struct store_place *found = &check->store->places[place][plex];
    if (found->state != PLACE_GOOD)
        return;
    const char *problem = CKPT_PLACE(found->header.generation) == place
                              ? check_header_problem(&found->header)
                              : "its generation belongs in the other place";
    if (problem)
        check_find(check, FINDING_DAMAGE, "%s: checkpoint header %u: %s",
                   check_where(check, found->location).text, place, problem);
}

static bool copy_held(const struct store_place *plex)
{
    return plex->state == PLACE_GOOD || plex->state == PLACE_EMPTY;
}

/* A header that cannot be read may have been the newest; then the other plex has it. */
static void check_place(struct check *check, unsigned place)
{
    const struct store_place *plexes = check->store->places[place];
    for (unsigned plex = 0; plex < STORE_PLEXES; plex++) {
        check_header(check, place, plex);
        if (plexes[plex].state == PLACE_BAD)
            check_find(check, copy_held(&plexes[1 - plex]) ? FINDING_REPAIRABLE : FINDING_DAMAGE,
                       "%s: checkpoint header %u, plex %u: neither good nor empty",
                       check_where(check, plexes[plex].location).text, place, plex);
    }
    if (!copy_held(&plexes[0]) || !copy_held(&plexes[1]) || plexes_agree(check, plexes))
        return;
    bool alike = plexes[0].state == plexes[1].state &&
                 plexes[0].header.generation == plexes[1].header.generation;
    check_find(check, alike ? FINDING_DAMAGE : FINDING_REPAIRABLE,
               "checkpoint header %u: its plexes differ (generations %llu and %llu)", place,
               (unsigned long long)plexes[0].header.generation,
               (unsigned long long)plexes[1].header.generation);
}

static void check_ckpt_headers(struct check *check)
{
    for (unsigned place = 0; place < STORE_PLACES; place++)
        check_place(check, place);
    const struct ckpt_header *newest = store_newest(check->store);
    if (!newest) {
        check_find(check, FINDING_DAMAGE, "checkpoint headers: none is good");
        return;
    }
    for (unsigned plex = 0; plex < STORE_PLEXES; plex++) {
        const struct store_place *other =
            &check->store->places[CKPT_PLACE(newest->generation + 1)][plex];
        if (other->state == PLACE_GOOD && other->header.generation + 1 == newest->generation &&
            other->header.area == newest->area)
            check_find(check, FINDING_DAMAGE,
                       "checkpoint headers: generations %llu and %llu are in the same area",
                       (unsigned long long)other->header.generation,
                       (unsigned long long)newest->generation);
    }
}

/* Both plexes of a block of an area or of the journal. in_flight: a cut may have kept it from one
 * of them. */
static void check_plexes(struct check *check, enum range_kind kind, uint64_t id,
                         const struct store_judge *judge, bool in_flight)
{
    uint8_t block[BLOCK_BYTES];
    struct store_home home;
    const char *problems[STORE_PLEXES];
    for (unsigned plex = 0; plex < STORE_PLEXES; plex++)
        problems[plex] = store_plex_read(check->store, kind, id, plex, judge, block);
    for (unsigned plex = 0; plex < STORE_PLEXES; plex++) {
        if (!problems[plex] || !store_home(check->store, kind, id, plex, &home))
            continue;
        enum finding_kind finding = in_flight ? FINDING_NOTE : FINDING_REPAIRABLE;
        check_find(check, problems[1 - plex] ? FINDING_DAMAGE : finding, "%s: %s, plex %u: %s",
                   check_where(check, home.location).text, range_kind_name((uint8_t)kind), plex,
                   problems[plex]);
    }
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

const char *check_entry_problem(const struct store *store, uint32_t area,
                                const struct directory_entry *entry)
{
    uint64_t id = disk_id(entry->object_id);
    enum range_kind kind = entry->kind == DIRECTORY_PAGE || entry->kind == DIRECTORY_ZERO_PAGE
                               ? RANGE_PAGE_POTS
                               : RANGE_NODES;
    if (entry->kind == 0 || entry->kind > DIRECTORY_RUNNING)
        return "its kind is unknown";
    if (!store_exists(store, kind, id) && store->volume_count == store->disk_count)
        return "there is no such object";
    bool placed = entry->kind == DIRECTORY_PAGE || entry->kind == DIRECTORY_NODE;
    if (placed && !store_exists(store, RANGE_CKPT_AREA, entry->location))
        return "it lies outside of the checkpoint areas";
    if (placed && AREA_ID_AREA(entry->location) != area)
        return "it lies in the area of the other checkpoint";
    if (!placed && entry->location != 0)
        return "it has a location and needs none";
    unsigned index_max = entry->kind == DIRECTORY_NODE      ? POT_NODES - 1
                         : entry->kind == DIRECTORY_RUNNING ? DIRECTORY_DEVICE_WAIT
                                                            : 0;
    if (entry->index > index_max)
        return "its index is out of range";
    if (entry->kind == DIRECTORY_RUNNING && (entry->allocation_count || entry->checksum_or_calls))
        return "it has counts and needs none";
    if (kind == RANGE_PAGE_POTS && entry->allocation_count > ALLOCATION_COUNT_MAX)
        return "its allocation count is out of range";
    return NULL;
}

static void uses_check(struct check *check, struct area_use *uses, size_t count)
{
    if (count)
        qsort(uses, count, sizeof(*uses), use_order);
    for (size_t i = 1; i < count; i++)
        if (uses[i].location == uses[i - 1].location &&
            (uses[i - 1].use < 2 || uses[i].use == uses[i - 1].use))
            check_find(check, FINDING_DAMAGE,
                       "checkpoint area %u block %llu: the directory uses it twice",
                       AREA_ID_AREA(uses[i].location),
                       (unsigned long long)AREA_ID_INDEX(uses[i].location));
}

/* What a directory places in its area, in both plexes of the area. Pots are looked at once. */
static void check_placed(struct check *check, uint64_t generation,
                         const struct store_directory *directory)
{
    uint64_t pot_before = 0;
    for (size_t i = 0; i < directory->count; i++) {
        const struct directory_entry *entry = &directory->entries[i];
        struct store_judge judge = store_judge_page(disk_id(entry->object_id),
                                                    entry->checksum_or_calls);
        if (entry->kind == DIRECTORY_NODE)
            judge = store_judge_area_pot(entry->location, generation);
        else if (entry->kind != DIRECTORY_PAGE)
            continue;
        if (entry->kind == DIRECTORY_NODE && entry->location == pot_before)
            continue;
        pot_before = entry->kind == DIRECTORY_NODE ? entry->location : 0;
        check_plexes(check, RANGE_CKPT_AREA, entry->location, &judge, false);
    }
}

static void check_entries(struct check *check, const struct ckpt_header *header,
                          const struct store_directory *directory)
{
    struct area_use *uses = NULL;
    size_t count = 0, capacity = 0;
    for (size_t i = 0; i < directory->count; i++) {
        const struct directory_entry *entry = &directory->entries[i];
        unsigned long long id = disk_id(entry->object_id);
        const char *problem = check_entry_problem(check->store, header->area, entry);
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
    uses_check(check, uses, count);
    free(uses);
}

/* Two copies of one directory hold the same entries, though maybe in different blocks. */
static bool copies_equal(const struct store_directory *left, const struct store_directory *right)
{
    return left->count == right->count &&
           (left->count == 0 || memcmp(left->entries, right->entries,
                                       left->count * sizeof(*left->entries)) == 0);
}

/* A copy that was read whole was read from one plex of the area, block by block; is the other as
 * good? */
static void check_copy(struct check *check, uint64_t generation,
                       const struct store_directory *copy)
{
    for (size_t i = 0; i < copy->block_count; i++) {
        struct store_judge judge = store_judge_directory(generation, i);
        check_plexes(check, RANGE_CKPT_AREA, copy->blocks[i], &judge, false);
    }
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
    for (unsigned copy = 0; copy < count; copy++)
        if (!problems[copy])
            check_copy(check, header->generation, &copies[copy]);
    if (count == 1)
        check_find(check, FINDING_NOTE, "directory of generation %llu: there is one copy only",
                   (unsigned long long)header->generation);
    if (!problems[0] && !problems[1] && !copies_equal(&copies[0], &copies[1]))
        check_find(check, FINDING_DAMAGE, "directory of generation %llu: its copies differ",
                   (unsigned long long)header->generation);
    if (!problems[0])
        check_entries(check, header, &copies[0]);
    else if (!problems[1])
        check_entries(check, header, &copies[1]);
    if (!problems[0] || !problems[1])
        check_placed(check, header->generation, problems[0] ? &copies[1] : &copies[0]);
    for (unsigned copy = 0; copy < STORE_PLEXES; copy++)
        store_directory_finish(&copies[copy]);
}

/* The groups that count were read from one plex each; is the other as good? */
static void check_group(struct check *check, const struct store_group *group, bool last)
{
    struct journal_block block;
    struct store_judge judge = store_judge_journal(group->sequence,
                                                   check->store->header.generation);
    if (store_block_read(check->store, RANGE_JOURNAL, group->first_block, &judge, &block))
        return;
    check_plexes(check, RANGE_JOURNAL, group->first_block, &judge, last);
    assert(group->page_count == block.entry_count);
    for (uint32_t i = 0; i < group->page_count; i++) {
        const struct journal_entry *entry = &block.entries[i];
        judge = store_judge_page(entry->object_id, entry->checksum);
        check_plexes(check, RANGE_JOURNAL, group->first_block + 1 + i, &judge, last);
    }
}

static void check_journal(struct check *check)
{
    const struct store *store = check->store;
    const struct store_journal *journal = &store->journal;
    for (size_t i = 0; i < journal->group_count; i++)
        check_group(check, &journal->groups[i], i + 1 == journal->group_count);
    for (size_t i = 0; i < journal->count; i++) {
        unsigned long long id = disk_id(journal->pages[i].object_id);
        if (!store_exists(store, RANGE_PAGE_POTS, id) && store->volume_count == store->disk_count)
            check_find(check, FINDING_DAMAGE, "journal: page %llu: there is no such object", id);
        if (journal->pages[i].allocation_count > ALLOCATION_COUNT_MAX)
            check_find(check, FINDING_DAMAGE,
                       "journal: page %llu: its allocation count is out of range", id);
    }
    if (store->header.journal_block && !store_exists(store, RANGE_JOURNAL,
                                                     store->header.journal_block))
        check_find(check, FINDING_DAMAGE, "journal: it begins outside of its ring");
}

void check_checkpoint(struct check *check)
{
    check_ckpt_headers(check);
    const struct ckpt_header *newest = store_newest(check->store);
    if (newest)
        check_directory(check, newest);
    if (check->whole)
        check_journal(check);
}
