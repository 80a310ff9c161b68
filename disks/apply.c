/* SPDX-License-Identifier: GPL-2.0-or-later */
/* apply.c - see apply.h. Called by the disk command and tests; calls stream.c and store*.c.
 *
 * For each generation g, what the kernel did when g was the newest and the next was written:
 *   1. the header of g gets its second plex, if a cut kept it from that
 *   2. what the directory of g places in its area goes home: pages; flush; pots, plex 0; flush;
 *      pots, plex 1; flush
 *   3. the area and directory of g + 1 go to the other area; flush
 *   4. the header of g + 1, plex 0: the commit point; flush; plex 1; flush
 * Until 4 the standby is g, through the area of g, whatever is at home of what that area holds.
 * What was journalled since the newest generation is copied last.
 */
#include "disks/apply.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "disks/apply_files.h"
#include "disks/check_private.h"
#include "disks/checksum.h"
#include "disks/stream.h"
#include "emulator/base/memory.h"

struct apply {
    const char *const *paths;
    unsigned path_count;
    struct store *standby; /* read anew for each generation */
    struct stream stream;
    const struct apply_writer *writer;
    struct error *error;
};

/* A pot at home, being changed. */
struct home_pot {
    struct store_home home; /* of the plex that is written */
    union {
        struct node_pot node;
        struct page_pot page;
    } pot;
    bool held;
};

static bool write_at(const struct apply *apply, uint64_t location, const void *source,
                     size_t size_bytes)
{
    const struct volume *volume = store_volume(apply->standby, LOCATION_DISK(location));
    assert(volume);
    return apply->writer->write(apply->writer->context, volume->path, LOCATION_BLOCK(location),
                                source, size_bytes, apply->error);
}

static bool flush(const struct apply *apply)
{
    return apply->writer->flush(apply->writer->context, apply->error);
}

/* Write a page at home, or a block of an area, in all its plexes. */
static bool plexes_write(const struct apply *apply, enum range_kind kind, uint64_t id,
                         const void *block)
{
    struct store_home home;
    for (unsigned plex = 0; plex < STORE_PLEXES; plex++)
        if (store_home(apply->standby, kind, id, plex, &home) &&
            !write_at(apply, home.location, block, BLOCK_BYTES))
            return false;
    return true;
}

static bool lost(const struct apply *apply, const char *what, uint64_t id, const char *problem)
{
    return error_set(apply->error, ERROR_FORMAT, "%s: %s %llu: %s",
                     apply->standby->volumes[0].path, what, (unsigned long long)id, problem);
}

static bool refuse(const struct apply *apply, const char *why)
{
    return error_set(apply->error, ERROR_FORMAT,
                     "%s: at generation %llu it cannot follow %s, which has %llu to %llu: %s",
                     apply->standby->volumes[0].path,
                     (unsigned long long)apply->standby->header.generation,
                     apply->stream.volume->path, (unsigned long long)apply->stream.oldest,
                     (unsigned long long)apply->stream.newest, why);
}

/* --- going home --- */

static bool pages_home(const struct apply *apply)
{
    const struct store_directory *directory = &apply->standby->directory;
    struct store_page page;
    for (size_t i = 0; i < directory->count; i++) {
        uint64_t id = disk_id(directory->entries[i].object_id);
        if (directory->entries[i].kind != DIRECTORY_PAGE)
            continue;
        const char *problem = store_page(apply->standby, id, &page);
        if (problem)
            return lost(apply, "page", id, problem);
        if (!plexes_write(apply, RANGE_PAGES, id, page.data))
            return false;
    }
    return flush(apply);
}

/* The newer of its plexes that are good. */
static bool pot_read(const struct apply *apply, enum range_kind kind, struct home_pot *held)
{
    struct home_pot other;
    const char *problem = "there is none";
    held->held = false;
    for (unsigned plex = 0; plex < STORE_PLEXES; plex++) {
        if (!store_home(apply->standby, kind, held->home.first_id, plex, &other.home) ||
            other.home.first_id != held->home.first_id)
            continue;
        problem = kind == RANGE_NODES
                      ? store_node_pot(apply->standby, &other.home, &other.pot.node)
                      : store_page_pot(apply->standby, &other.home, &other.pot.page);
        if (problem || (held->held && disk_id(other.pot.node.generation) <=
                                          disk_id(held->pot.node.generation)))
            continue; /* the generation is at the same place in both kinds of pot */
        held->pot = other.pot;
        held->held = true;
    }
    return held->held || lost(apply, range_kind_name((uint8_t)kind), held->home.first_id, problem);
}

static bool pot_write(const struct apply *apply, enum range_kind kind, struct home_pot *held)
{
    struct node_pot *pot = &held->pot.node; /* both kinds of pot begin alike */
    uint64_t seed = kind == RANGE_NODES ? CHECKSUM_NODE_POT : CHECKSUM_PAGE_POT;
    memcpy(pot->generation, &apply->standby->header.generation, sizeof(pot->generation));
    pot->checksum = checksum64((const uint8_t *)pot + 8, BLOCK_BYTES - 8,
                               checksum_seed(seed, held->home.first_id));
    return write_at(apply, held->home.location, pot, BLOCK_BYTES);
}

static bool entry_put(const struct apply *apply, const struct directory_entry *entry,
                      struct home_pot *held)
{
    uint64_t id = disk_id(entry->object_id), index = id - held->home.first_id;
    uint64_t flags = entry->kind == DIRECTORY_ZERO_PAGE ? PAGE_POT_ZERO : 0;
    struct store_node node;
    if (entry->kind != DIRECTORY_NODE) {
        assert(index < POT_PAGES);
        held->pot.page.pages[index] = (struct page_pot_entry){
            entry->allocation_count | flags << PAGE_POT_FLAGS_SHIFT, entry->checksum_or_calls};
        return true;
    }
    const char *problem = store_node(apply->standby, id, &node);
    assert(index < POT_NODES);
    held->pot.node.nodes[index] = node.node;
    return !problem || lost(apply, "node", id, problem);
}

/* One plex of all pots of a kind that the directory has something for; it is in their order. */
static bool pots_home(const struct apply *apply, enum range_kind kind, unsigned plex)
{
    const struct store_directory *directory = &apply->standby->directory;
    struct home_pot held = {.held = false};
    struct store_home home;
    for (size_t i = 0; i < directory->count; i++) {
        const struct directory_entry *entry = &directory->entries[i];
        if (entry->kind == DIRECTORY_RUNNING ||
            (entry->kind == DIRECTORY_NODE) != (kind == RANGE_NODES))
            continue;
        uint64_t id = disk_id(entry->object_id);
        if (!store_home(apply->standby, kind, id, plex, &home))
            return lost(apply, range_kind_name((uint8_t)kind), id, "there is none");
        if (!held.held || held.home.location != home.location) {
            if (held.held && !pot_write(apply, kind, &held))
                return false;
            held.home = home;
            if (!pot_read(apply, kind, &held))
                return false;
        }
        if (!entry_put(apply, entry, &held))
            return false;
    }
    return !held.held || pot_write(apply, kind, &held);
}

static bool all_home(const struct apply *apply)
{
    if (!pages_home(apply))
        return false;
    for (unsigned plex = 0; plex < STORE_PLEXES; plex++)
        if (!pots_home(apply, RANGE_NODES, plex) || !pots_home(apply, RANGE_PAGE_POTS, plex) ||
            !flush(apply))
            return false;
    return true;
}

/* --- the next generation --- */

static bool block_take(void *context, uint64_t area_id, const void *block)
{
    return plexes_write(context, RANGE_CKPT_AREA, area_id, block);
}

/* Write a header where it is not yet. */
static bool header_write(const struct apply *apply, const struct ckpt_header *header)
{
    const struct store_place *places = apply->standby->places[CKPT_PLACE(header->generation)];
    for (unsigned plex = 0; plex < STORE_PLEXES; plex++) {
        const struct store_place *place = &places[plex];
        bool there = place->state == PLACE_GOOD && place->header.generation == header->generation;
        if (place->state != PLACE_ABSENT && !there &&
            (!write_at(apply, place->location, header, sizeof(*header)) || !flush(apply)))
            return false;
    }
    return true;
}

/* All disks of a standby are in step, whatever those of its model were. */
static struct ckpt_header in_step(const struct apply *apply, struct ckpt_header header)
{
    const struct store *standby = apply->standby;
    for (unsigned i = 0; i < standby->volume_count; i++)
        header.disks_in_step |= 1ull << standby->volumes[i].header.disk_index;
    header.disks_known |= header.disks_in_step;
    header.checksum = checksum64((const uint8_t *)&header + 8, SECTOR_BYTES - 8,
                                 checksum_seed(CHECKSUM_CKPT_HEADER, header.generation));
    return header;
}

/* The standby is at the generation before. */
static bool generation_apply(struct apply *apply, uint64_t generation)
{
    struct ckpt_header header;
    const struct stream_taker taker = {apply, block_take};
    assert(apply->standby->header.generation + 1 == generation);
    /* What the journal lays over this generation, the next has. */
    store_journal_finish(&apply->standby->journal);
    if (!header_write(apply, &apply->standby->header) || !all_home(apply) ||
        !stream_pass(&apply->stream, apply->standby, generation, &taker, apply->error) ||
        !flush(apply))
        return false;
    if (!stream_header(&apply->stream, generation, &header))
        return refuse(apply, "it is being written over");
    header = in_step(apply, header);
    return header_write(apply, &header);
}

/* --- the journal --- */

/* Copy a group to where it was in the store's ring. */
static bool group_copy(const struct apply *apply, const struct store *slot,
                       const struct store_group *group)
{
    struct journal_block list;
    uint8_t page[BLOCK_BYTES] __attribute__((aligned(8)));
    struct store_judge judge = store_judge_journal(group->sequence, slot->header.generation);
    const char *problem =
        store_block_read(slot, RANGE_JOURNAL, group->first_block, &judge, &list);
    for (uint32_t i = 0; !problem && i < group->page_count; i++) {
        judge = store_judge_page(list.entries[i].object_id, list.entries[i].checksum);
        uint64_t block = group->first_block + 1 + i;
        problem = store_block_read(slot, RANGE_JOURNAL, block, &judge, page);
        if (!problem && !plexes_write(apply, RANGE_JOURNAL, block, page))
            return false;
    }
    if (problem)
        return refuse(apply, "its journal is being written over");
    return plexes_write(apply, RANGE_JOURNAL, group->first_block, &list);
}

/* What was journalled since the newest generation. When the stream was added there may have been
 * groups already; then it goes on from the standby's own. */
static bool journal_copy(const struct apply *apply)
{
    const struct store_journal *own = &apply->standby->journal;
    struct ckpt_header header = apply->standby->header;
    struct store *slot = memory_zeroed(1, sizeof(*slot));
    struct store_journal journal;
    bool good = true;
    stream_journal(&apply->stream, &header, slot, &journal);
    if (journal.group_count == 0 && own->group_count > 0) {
        const struct store_group *last = &own->groups[own->group_count - 1];
        header.journal_block = last->first_block + 1 + last->page_count;
        header.journal_sequence = last->sequence + 1;
        header.restart_count = own->restart_count;
        stream_journal(&apply->stream, &header, slot, &journal);
    }
    for (size_t i = 0; good && i < journal.group_count; i++)
        good = group_copy(apply, slot, &journal.groups[i]);
    good = good && (journal.group_count == 0 || flush(apply));
    store_journal_finish(&journal);
    free(slot);
    return good;
}

/* --- is it a standby of this stream? --- */

/* What the standby's own header may have otherwise: in_step(). */
static struct ckpt_header plain(struct ckpt_header header)
{
    header.checksum = header.disks_in_step = header.disks_known = 0;
    return header;
}

/* A standby that ran on its own may have put groups in its journal that are not the store's. Those
 * that would follow on this header must be in the stream, or, with the standby's own header, be
 * older than that. Of two with the same number the one of the later life is the store's: the other
 * was not acknowledged, and lost there. */
static bool journal_follows(const struct apply *apply, const struct ckpt_header *header)
{
    struct store *standby = apply->standby, *slot = memory_zeroed(1, sizeof(*slot));
    struct ckpt_header own = standby->header;
    struct store_journal journal, streamed;
    struct journal_block left, right;
    bool follows = true;
    standby->header = *header;
    store_journal_read(standby, &journal);
    standby->header = own;
    stream_journal(&apply->stream, header, slot, &streamed);
    for (size_t i = 0; follows && i < journal.group_count; i++) {
        struct store_judge judge =
            store_judge_journal(journal.groups[i].sequence, header->generation);
        uint64_t block = journal.groups[i].first_block;
        if (store_block_read(standby, RANGE_JOURNAL, block, &judge, &left))
            follows = false;
        else if (store_block_read(slot, RANGE_JOURNAL, block, &judge, &right))
            follows = header->generation == own.generation;
        else if (memcmp(&left, &right, sizeof(left)) != 0)
            follows = right.restart_count > left.restart_count;
    }
    store_journal_finish(&streamed);
    store_journal_finish(&journal);
    free(slot);
    return follows;
}

/* NULL, or why a header cannot be the next. */
static const char *header_problem(const struct apply *apply, const struct ckpt_header *header,
                                  const struct ckpt_header *before)
{
    if (header->area != 1 - before->area || header->migrated_generation != before->generation)
        return "one of those does not follow on the one before";
    if (header->journal_block &&
        !store_exists(apply->standby, RANGE_JOURNAL, header->journal_block))
        return "its journal begins outside of the ring";
    return check_header_problem(header);
}

/* Each generation follows the one before, and is all there. */
static bool chain_check(const struct apply *apply)
{
    const struct ckpt_header *own = &apply->standby->header;
    struct ckpt_header header, before = plain(*own);
    const struct stream *stream = &apply->stream;
    if (stream->newest < own->generation)
        return refuse(apply, "it is behind");
    if (stream->oldest > own->generation)
        return refuse(apply, "one between them is missing");
    if (!stream_header(stream, own->generation, &header))
        return refuse(apply, "it is being written over");
    header = plain(header);
    if (memcmp(&header, &before, sizeof(header)) != 0)
        return refuse(apply, "they are not the same there");
    if (!journal_follows(apply, own))
        return refuse(apply, "its journal has what the store has not");
    uint64_t ring = stream->range.object_count - stream->range.first_id;
    if (ring != store_end(apply->standby, RANGE_JOURNAL))
        return refuse(apply, "its journal is not as long");
    for (uint64_t next = own->generation + 1; next <= stream->newest; next++) {
        before = header;
        if (!stream_pass(stream, apply->standby, next, NULL, apply->error))
            return false;
        const char *problem = stream_header(stream, next, &header)
                                  ? header_problem(apply, &header, &before)
                                  : "it is being written over";
        if (problem)
            return refuse(apply, problem);
        if (!journal_follows(apply, &header))
            return refuse(apply, "its journal has what the store has not");
    }
    return true;
}

static bool complete(const struct apply *apply)
{
    const struct store *standby = apply->standby;
    for (unsigned i = 0; i < standby->range_count; i++)
        if (standby->ranges[i].out_of_step)
            return error_set(apply->error, ERROR_FORMAT, "%s: volume %u is not in step",
                             standby->volumes[0].path, standby->ranges[i].disk);
    return standby->volume_count == standby->disk_count ||
           error_set(apply->error, ERROR_USAGE, "%s: the store has %u volumes, and %u are given",
                     standby->volumes[0].path, standby->disk_count, standby->volume_count);
}

/* Read the standby anew. */
static bool standby_read(struct apply *apply)
{
    store_close(apply->standby);
    return store_open(apply->standby, apply->paths, apply->path_count, apply->error) &&
           stream_use(apply->standby, &apply->stream, apply->error) && complete(apply) &&
           store_use(apply->standby, 0, apply->error);
}

bool apply_stream(const char *const *paths, unsigned path_count, const struct apply_writer *writer,
                  struct apply_report *report, struct error *error)
{
    struct apply_files files = {.count = 0};
    struct apply_writer to_files = apply_files_writer(&files);
    struct store *standby = memory_zeroed(1, sizeof(*standby));
    struct apply apply = {.paths = paths, .path_count = path_count, .standby = standby,
                          .writer = writer ? writer : &to_files, .error = error};
    *report = (struct apply_report){0};
    bool good = standby_read(&apply);
    if (!writer) /* once more when nobody else may write it */
        good = good && apply_files_open(&files, standby, error) && standby_read(&apply);
    report->from = report->to = good ? standby->header.generation : 0;
    good = good && chain_check(&apply);
    uint64_t newest = apply.stream.newest;
    while (good && report->to < newest) {
        good = generation_apply(&apply, report->to + 1) && standby_read(&apply);
        if (good)
            report->to = standby->header.generation;
    }
    good = good && journal_copy(&apply);
    store_close(standby);
    apply_files_close(&files);
    free(standby);
    return good;
}
