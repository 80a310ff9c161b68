/* SPDX-License-Identifier: GPL-2.0-or-later */
/* migrate.c - three passes over the committed directory in the order of homes, a batch of it at a
 * time. Invariants: migrate.h.
 *
 *   PAGES    up to 32 pages are read from the area, or copied from their frames, and written to all
 *            their plexes: what lies together moves in one request
 *   POTS_0   the pots of nodes and of page counts: a few of them are brought in, changed, and plex
 *            0 of them is written; then a flush
 *   POTS_1   the same changes to the same pots, for they may not be in memory any more, and plex 1;
 *            then a flush. So no cut finds both plexes of a pot half written
 *
 * States in a pass: GATHER (entries of the next batch) -> MOVE (read, change, write) -> GATHER, or
 * after the last -> FLUSH -> FLUSHING -> the next pass, or DONE.
 *
 * A page that is dirty again stays as it is at home: the next checkpoint has its newer version, and
 * until that is committed this one's area has it. An object whose home is on no disk that is there
 * is made dirty, so that the next checkpoint carries it on.
 */
#include "kernel/migrate.h"

#include "disks/checksum.h"
#include "kernel/directory.h"
#include "kernel/io.h"
#include "kernel/object.h"
#include "kernel/pot.h"
#include "kernel/print.h"
#include "kernel/sched.h"
#include "kernel/sum.h"

#define PAGES_MAX IO_BLOCKS_MAX /* of a batch */
#define ENTRIES_MAX 128u        /* of a batch of pots */
#define POTS_MAX 8u

enum pass { PAGES, POTS_0, POTS_1, PASSES };
enum state { GATHER, MOVE, FLUSH, FLUSHING, DONE };
/* How far a page is. A MOVED one was read as part of a run, and is not known to be good. */
enum leg { READ, MOVED, READ_CHECKED, WRITE, HOME };

struct held_pot {
    struct pot *pot;
    enum range_kind kind;
    uint64_t first_id;
    bool written; /* asked to be */
};

static struct {
    enum pass pass;
    enum state state;
    bool failed, again; /* something failed; and it is the second time */
    unsigned asked; /* requests that are under way */
    uint64_t generation;
    uint32_t in_step; /* disks, when it began */
    struct directory_entry next; /* to be gathered; kind 0: none is left */
    unsigned entry_count, entries_done;
    uint8_t legs[PAGES_MAX]; /* enum leg, of the first entries */
    unsigned pot_count;
} migrate;
static struct {
    struct directory_entry entries[ENTRIES_MAX];
    struct held_pot pots[POTS_MAX];
    uint8_t blocks[PAGES_MAX][BLOCK_BYTES] __attribute__((aligned(16)));
} gathered;

static void next_take(void)
{
    const struct directory_entry *entry = directory_order_next();
    migrate.next = entry ? *entry : (struct directory_entry){.kind = 0};
}

static void pass_begin(enum pass pass)
{
    if (pass == PAGES)
        migrate.in_step = volume_in_step();
    migrate.pass = pass;
    migrate.state = GATHER;
    directory_order_begin(DIRECTORY_COMMITTED);
    next_take();
}

void migrate_begin(uint64_t generation)
{
    migrate.generation = generation;
    migrate.again = false;
    pass_begin(PAGES);
}

static void one_answered(void *object, bool good)
{
    (void)object;
    kassert(migrate.asked > 0);
    migrate.asked--;
    migrate.failed |= !good;
}

/* A run that could not be read is read again, one by one. */
static void run_answered(void *object, bool good)
{
    (void)object;
    (void)good;
    kassert(migrate.asked > 0);
    migrate.asked--;
}

/* A page that no disk can read is lost: its home keeps what it has, under the checksum of what
 * should be there, so that nobody takes the one for the other. */
static void page_answered(void *leg, bool good)
{
    if (!good)
        *(uint8_t *)leg = HOME;
    one_answered(NULL, true);
}

static const struct io_owner migrate_owner = {one_answered, NULL};

/* The kind of range that has the object's home, or that of what describes it. */
static enum range_kind kind_of(const struct directory_entry *entry)
{
    if (entry->kind == DIRECTORY_NODE)
        return RANGE_NODES;
    return migrate.pass == PAGES ? RANGE_PAGES : RANGE_PAGE_POTS;
}

static bool has_home(const struct directory_entry *entry, struct volume_home *home)
{
    uint64_t id = directory_id(entry);
    return volume_home(kind_of(entry), id, 0, home) || volume_home(kind_of(entry), id, 1, home);
}

/* Leave an object without a home to the next checkpoint. false: it must be waited for. */
static bool carry_on(const struct directory_entry *entry)
{
    struct node_frame *node;
    struct page_frame *page;
    enum fetch fetch;
    object_begin();
    if (entry->kind == DIRECTORY_NODE) {
        fetch = object_node(directory_id(entry), &node);
        if (fetch == FETCH_PRESENT)
            node_dirty(node);
    } else {
        fetch = object_page(directory_id(entry), &page);
        if (fetch == FETCH_PRESENT)
            fetch = object_page_writable(page);
        if (fetch == FETCH_PRESENT)
            page_dirty(page);
    }
    migrate.failed |= fetch == FETCH_VOID;
    return fetch != FETCH_STALL;
}

/* --- pages --- */

static enum leg first_leg(const struct directory_entry *entry, uint8_t *block)
{
    const struct page_frame *page = object_page_present(directory_id(entry));
    if (!page || page->state != PAGE_PRESENT || page->failed)
        return READ;
    if (page->dirty)
        return HOME;
    memcpy(block, page->data, BLOCK_BYTES);
    return WRITE;
}

/* The pages of the next batch. false: something must be waited for. */
static bool pages_gather(void)
{
    struct volume_home home;
    while (migrate.next.kind != 0 && migrate.entry_count < PAGES_MAX) {
        const struct directory_entry *entry = &migrate.next;
        if (entry->kind != DIRECTORY_NODE && !has_home(entry, &home)) {
            if (!carry_on(entry))
                return false;
        } else if (entry->kind == DIRECTORY_PAGE) {
            unsigned at = migrate.entry_count++;
            gathered.entries[at] = *entry;
            migrate.legs[at] = (uint8_t)first_leg(entry, gathered.blocks[at]);
        }
        next_take();
    }
    return true;
}

/* Where a page of the batch is on this leg, so that runs are found. */
static uint64_t place_of(unsigned at)
{
    const struct directory_entry *entry = &gathered.entries[at];
    return migrate.legs[at] == WRITE ? directory_id(entry) : entry->location;
}

/* Ask for a run of pages that begins here. 0: there is no room. */
static unsigned run_ask(unsigned at)
{
    void *blocks[PAGES_MAX];
    unsigned count = 0;
    uint64_t place = place_of(at);
    enum leg leg = migrate.legs[at];
    while (at + count < migrate.entry_count && migrate.legs[at + count] == leg &&
           place_of(at + count) == place + count) {
        blocks[count] = gathered.blocks[at + count];
        count++;
    }
    if (leg == WRITE)
        return io_write(RANGE_PAGES, place, blocks, count, IO_PLEXES, migrate_owner);
    const struct directory_entry *entry = &gathered.entries[at];
    enum range_kind kind = directory_block_kind(entry); /* area or journal: never both in a run */
    if (leg == READ)
        return io_read_blocks(kind, directory_block_id(entry), blocks, count,
                              (struct io_owner){run_answered, NULL});
    struct io_check check = {.how = IO_CHECK_WHOLE,
                             .seed = checksum_seed(CHECKSUM_PAGE, directory_id(entry)),
                             .checksum = entry->checksum_or_calls};
    return io_read(kind, directory_block_id(entry), blocks[0], &check,
                   (struct io_owner){page_answered, &migrate.legs[at]});
}

/* What was read in runs is written if it is good, and read again if not. */
static void moved_check(void)
{
    for (unsigned at = 0; at < migrate.entry_count; at++) {
        const struct directory_entry *entry = &gathered.entries[at];
        if (migrate.legs[at] != MOVED)
            continue;
        uint64_t checksum = sum_of(gathered.blocks[at], BLOCK_BYTES,
                                       checksum_seed(CHECKSUM_PAGE, directory_id(entry)));
        migrate.legs[at] = checksum == entry->checksum_or_calls ? WRITE : READ_CHECKED;
    }
}

/* Ask for all on this leg, as far as there is room. false: there was something to ask for. */
static bool leg_done(enum leg leg, enum leg after)
{
    bool done = true;
    for (unsigned at = 0; at < migrate.entry_count; at++) {
        if (migrate.legs[at] != leg)
            continue;
        unsigned count = run_ask(at);
        done = false;
        if (count == 0)
            break;
        migrate.asked++;
        while (count-- > 0)
            migrate.legs[at + count] = (uint8_t)after;
    }
    return done;
}

/* Reads, then reads of what was not good, then writes. true: all of the batch is home. */
static bool pages_move(void)
{
    if (!leg_done(READ, MOVED) || migrate.asked > 0)
        return false;
    moved_check();
    return leg_done(READ_CHECKED, WRITE) && migrate.asked == 0 && leg_done(WRITE, HOME);
}

/* --- pots --- */

static bool pot_gather(const struct volume_home *home)
{
    struct held_pot *last = &gathered.pots[migrate.pot_count - 1];
    if (migrate.pot_count > 0 && last->kind == kind_of(&migrate.next) &&
        last->first_id == home->first_id)
        return true;
    if (migrate.pot_count == POTS_MAX || migrate.pot_count >= pot_spare())
        return false;
    gathered.pots[migrate.pot_count++] = (struct held_pot){
        .kind = kind_of(&migrate.next), .first_id = home->first_id};
    return true;
}

/* The entries of the next few pots. */
static bool pots_gather(void)
{
    struct volume_home home;
    while (migrate.next.kind != 0 && migrate.entry_count < ENTRIES_MAX) {
        if (!has_home(&migrate.next, &home)) {
            if (!carry_on(&migrate.next))
                return false;
        } else if (pot_gather(&home)) {
            gathered.entries[migrate.entry_count++] = migrate.next;
        } else {
            break;
        }
        next_take();
    }
    return true;
}

/* All pots of the batch are here, to be changed. */
static bool pots_hold(void)
{
    bool all = true;
    for (unsigned i = 0; i < migrate.pot_count; i++) {
        struct held_pot *held = &gathered.pots[i];
        enum fetch fetch = FETCH_PRESENT;
        if (!held->pot)
            fetch = pot_change(held->kind, held->first_id, &held->pot, &held->first_id);
        migrate.failed |= fetch == FETCH_VOID;
        all &= fetch == FETCH_PRESENT;
    }
    return all;
}

/* Put what an entry says into its pot. false: something must be waited for. */
static bool entry_change(const struct directory_entry *entry)
{
    const struct held_pot *held = gathered.pots;
    uint64_t id = directory_id(entry), each = range_objects_per_block((uint8_t)kind_of(entry));
    while (held->kind != kind_of(entry) || id - held->first_id >= each)
        held++;
    kassert(held < gathered.pots + migrate.pot_count);
    void *block = pot_block(held->pot);
    if (entry->kind == DIRECTORY_NODE) {
        const struct disk_node *node;
        enum fetch fetch = pot_area_node(entry, &node);
        if (fetch == FETCH_PRESENT)
            ((struct node_pot *)block)->nodes[id - held->first_id] = *node;
        migrate.failed |= fetch == FETCH_VOID;
        return fetch == FETCH_PRESENT;
    }
    uint64_t flags = entry->kind == DIRECTORY_ZERO_PAGE ? PAGE_POT_ZERO : 0;
    ((struct page_pot *)block)->pages[id - held->first_id] = (struct page_pot_entry){
        entry->allocation_count | flags << PAGE_POT_FLAGS_SHIFT, entry->checksum_or_calls};
    return true;
}

/* Ask for pots that lie together to be written. 0: there is no room. */
static unsigned pots_write(unsigned at)
{
    void *blocks[POTS_MAX];
    unsigned count = 0;
    const struct held_pot *first = &gathered.pots[at];
    uint64_t each = range_objects_per_block((uint8_t)first->kind);
    while (at + count < migrate.pot_count && first[count].kind == first->kind &&
           first[count].first_id == first->first_id + count * each) {
        blocks[count] = pot_seal(first[count].pot, migrate.generation);
        count++;
    }
    return io_write(first->kind, first->first_id, blocks, count,
                    IO_PLEX(migrate.pass - POTS_0), migrate_owner);
}

/* true: the batch is at home, and its pots may go. */
static bool pots_move(void)
{
    if (!pots_hold())
        return false;
    for (; migrate.entries_done < migrate.entry_count; migrate.entries_done++)
        if (!entry_change(&gathered.entries[migrate.entries_done]))
            return false;
    for (unsigned at = 0; at < migrate.pot_count; at++) {
        if (gathered.pots[at].written)
            continue;
        unsigned count = pots_write(at);
        if (count == 0)
            return false;
        migrate.asked++;
        while (count-- > 0)
            gathered.pots[at + count].written = true;
    }
    if (migrate.asked > 0)
        return false;
    for (unsigned i = 0; i < migrate.pot_count; i++)
        pot_changed(gathered.pots[i].pot);
    return true;
}

/* --- */

static void batch_clear(void)
{
    migrate.entry_count = migrate.entries_done = migrate.pot_count = 0;
}

/* One step. false: something must be waited for, or all is done. */
static bool step(void)
{
    bool pages = migrate.pass == PAGES;
    switch (migrate.state) {
    case GATHER:
        if (pages ? !pages_gather() : !pots_gather())
            return false;
        migrate.state = migrate.entry_count > 0 ? MOVE : FLUSH;
        return true;
    case MOVE:
        if ((pages ? !pages_move() : !pots_move()) || migrate.asked > 0)
            return false;
        batch_clear();
        migrate.state = GATHER;
        return true;
    case FLUSH: /* of what the last pass wrote; the pages are in the area until the end */
        if (!pages && !io_flush(migrate_owner))
            return false;
        migrate.asked += !pages;
        migrate.state = FLUSHING;
        return true;
    case FLUSHING:
        if (migrate.asked > 0)
            return false;
        if (migrate.in_step & ~volume_in_step()) /* what was written there is not there */
            pass_begin(PAGES);
        else if (migrate.pass == POTS_1)
            migrate.state = DONE;
        else
            pass_begin(migrate.pass + 1);
        return true;
    case DONE:
        return false;
    }
    panic("MIGR-001 no such state");
}

/* Begin once more: a disk that failed has left meanwhile, and what it had is on others. */
static void begin_again(void)
{
    if (migrate.again)
        halt("store: generation %lu cannot be brought home", migrate.generation);
    for (unsigned i = 0; i < migrate.pot_count; i++)
        if (gathered.pots[i].pot)
            pot_changed(gathered.pots[i].pot);
    batch_clear();
    migrate.failed = false;
    migrate.again = true;
    pass_begin(PAGES);
}

bool migrate_step(void)
{
    while (!migrate.failed && step())
        continue;
    if (migrate.failed && migrate.asked == 0)
        begin_again();
    return migrate.state == DONE;
}
