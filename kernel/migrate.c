/* SPDX-License-Identifier: GPL-2.0-or-later */
/* migrate.c - passes over the committed directory in the order of homes. Invariants: migrate.h.
 *
 *   ORDER    the directory is sorted
 *   PAGES    pages are brought into frames, where they are not, and held there (object_page_hold())
 *            until they are written to all their plexes: what lies together moves in one request
 *   MEND     in the first of a life: pots that a cut left in their shadows only are made whole
 *   POTS_0   the pots of nodes and of page counts: a few of them are brought in, changed, and plex
 *            0 of them is written; then a flush
 *   POTS_1   the same changes to the same pots, for they may not be in memory any more, and plex 1;
 *            then a flush. So no cut finds both plexes of a pot half written
 *
 * Pages are in a list, in order, each on a leg of its way. While it is being filled, they are read
 * and none is written; then what is there is written and none is read, until the list is empty: a
 * disk that has both the area and the homes moves its arm but twice for a list full. Pages that are
 * in memory join it at any time.
 *
 * A page that is dirty again, or was since paged out, stays as it is at home: the next checkpoint
 * has its newer version, and until that is committed this one's area has it. An object whose home
 * is on no disk that is there is made dirty, so that the next checkpoint carries it on; so is a
 * page of the journal if there is a stream: who follows it need not replay the journal.
 */
#include "kernel/migrate.h"

#include "disks/checksum.h"
#include "kernel/checkpoint.h"
#include "kernel/directory.h"
#include "kernel/io.h"
#include "kernel/migrate_pots.h"
#include "kernel/object.h"
#include "kernel/print.h"

/* Pages of the list: 8 MiB, but no more of the frames than this part. */
#define PAGES_MAX 2048u
#define PAGES_SHARE 8u

enum pass { ORDER, PAGES, MEND, POTS_0, POTS_1, DONE };
/* How far a page is. What was read in a run has ARRIVED; what of it is not good is READ_CHECKED
 * once more. A page that no disk can read is LOST: its home keeps what it has, under the checksum
 * of what should be there, so that nobody takes the one for the other. */
enum leg { READ, READ_CHECKED, READING, ARRIVED, WRITE, WRITING, HOME, LOST };

static struct {
    enum pass pass;
    bool failed, again; /* something failed; and it is the second time */
    unsigned asked; /* requests that are under way */
    uint64_t generation;
    const struct directory_entry *next; /* to be gathered; NULL: none is left */
    struct page_frame *first, *last; /* of the list, by frozen_next */
    unsigned pages, pages_to_read; /* in the list; of these, on a leg before WRITE */
    unsigned arrived;              /* on that leg */
    bool filling;
    bool mended; /* what a cut left of pots is whole again: their shadows may go */
    unsigned changes; /* of what is in step, when it began */
} migrate;

static void pass_begin(enum pass pass)
{
    migrate.pass = pass;
    if (pass == ORDER) {
        migrate.changes = volume_changes();
        directory_order_begin(DIRECTORY_COMMITTED);
    } else if (pass == PAGES) {
        migrate.filling = true;
        migrate.next = directory_order_next();
    } else if (pass != DONE) {
        migrate.mended |= pass == POTS_0;
        migrate_pots_begin(pass != POTS_0, pass == MEND ? 0 : migrate.generation);
    }
}

void migrate_begin(uint64_t generation)
{
    migrate.generation = generation;
    migrate.again = false;
    pass_begin(ORDER);
}

static void one_answered(void *object, bool good)
{
    (void)object;
    kassert(migrate.asked > 0);
    migrate.asked--;
    migrate.failed |= !good;
}

/* Can it, and what describes it, be brought home? */
static bool has_home(const struct directory_entry *entry)
{
    struct volume_home home;
    uint64_t id = directory_id(entry);
    if (entry->kind == DIRECTORY_NODE)
        return volume_home_any(RANGE_NODES, id, &home);
    return volume_home_any(RANGE_PAGES, id, &home) &&
           volume_home_any(RANGE_PAGE_POTS, id, &home);
}

/* The next checkpoint has a newer version already, in its area. */
static bool is_newer(const struct directory_entry *entry)
{
    enum range_kind kind = entry->kind == DIRECTORY_NODE ? RANGE_NODES : RANGE_PAGES;
    return directory_find_in(DIRECTORY_WORKING, kind, directory_id(entry));
}

/* Leave an object without a home to the next checkpoint. false: it must be waited for. */
static bool carry_on(const struct directory_entry *entry)
{
    struct node_frame *node;
    struct page_frame *page;
    enum fetch fetch;
    if (is_newer(entry))
        return true;
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

/* It was read, or was there. */
static void page_held(struct page_frame *page)
{
    object_page_hold(page);
    page->leg = WRITE;
}

/* Take a page into the list, unless it is newer or lost. false: it must be waited for. */
static bool page_gather(const struct directory_entry *entry)
{
    struct page_frame *page = object_page_present(directory_id(entry));
    if (is_newer(entry))
        return true;
    if (page && page->state == PAGE_READING)
        return false;
    if (page && (page->dirty || page->failed))
        return true;
    if (page) {
        page_held(page);
    } else {
        if (migrate.filling)
            page = object_page_claim(directory_id(entry), entry->allocation_count);
        if (!page)
            return false;
        page->leg = READ;
        migrate.pages_to_read++;
    }
    page->frozen_next = NULL;
    if (migrate.first)
        migrate.last->frozen_next = page;
    else
        migrate.first = page;
    migrate.last = page;
    migrate.pages++;
    return true;
}

/* Fill the list as far as it goes. */
static void pages_gather(void)
{
    bool taken = true;
    uint64_t pages_max = least(PAGES_MAX, objects.page_count / PAGES_SHARE);
    while (taken && migrate.next && migrate.pages < pages_max && !checkpoint_time_is_up()) {
        const struct directory_entry *entry = migrate.next;
        bool stays = directory_is_laid(entry) && volume_streams(!checkpoint_full());
        if (!has_home(entry) || stays)
            taken = carry_on(entry);
        else if (entry->kind == DIRECTORY_PAGE)
            taken = page_gather(entry);
        if (taken)
            migrate.next = directory_order_next();
    }
}

static const struct directory_entry *entry_of(const struct page_frame *page)
{
    return directory_find_in(DIRECTORY_COMMITTED, RANGE_PAGES, page->object_id);
}

static void page_read(struct page_frame *page, bool good, uint8_t otherwise)
{
    page->leg = otherwise;
    if (good) {
        object_page_arrived(page, true);
        page_held(page);
    }
    migrate.pages_to_read -= page->leg >= WRITE;
}

static void one_read(void *object, bool good)
{
    page_read(object, good, LOST);
    one_answered(NULL, true);
}

static void run_read(void *object, bool good)
{
    struct page_frame *page = object;
    (void)good;
    migrate.arrived += page->run;
    for (unsigned count = page->run; count-- > 0; page = page->frozen_next)
        page->leg = ARRIVED;
    one_answered(NULL, true);
}

/* What was read is there if it is good, and read again, with the other copy to help, if not. */
static void arrived_check(void)
{
    for (struct page_frame *page = migrate.first; page; page = page->frozen_next) {
        if (page->leg != ARRIVED)
            continue;
        bool good = object_page_sum(page) == entry_of(page)->checksum_or_calls;
        page_read(page, good, READ_CHECKED);
        migrate.arrived--;
        if (checkpoint_time_is_up())
            return;
    }
}

static void run_written(void *object, bool good)
{
    struct page_frame *page = object;
    for (unsigned count = page->run; count-- > 0; page = page->frozen_next) {
        object_page_written(object_page_writing(page->object_id));
        page->leg = HOME;
    }
    one_answered(NULL, good);
}

/* Where a page is on this leg, so that runs are found. */
static uint64_t place_of(const struct page_frame *page, enum leg leg)
{
    return leg == WRITE ? page->object_id : entry_of(page)->location;
}

static unsigned checked_ask(struct page_frame *page)
{
    const struct directory_entry *entry = entry_of(page);
    struct io_check check = {.how = IO_CHECK_WHOLE,
                             .seed = checksum_seed(CHECKSUM_PAGE, page->object_id),
                             .checksum = entry->checksum_or_calls};
    return io_read(directory_block_kind(entry), directory_block_id(entry), page->data, &check,
                   (struct io_owner){one_read, page});
}

/* Ask for a run of pages that begins here. 0: there is no room, or it may become longer. */
static unsigned run_ask(struct page_frame *first)
{
    void *blocks[IO_BLOCKS_MAX];
    unsigned count = 0;
    enum leg leg = first->leg;
    uint64_t place = place_of(first, leg);
    struct page_frame *page = first;
    const struct directory_entry *entry = entry_of(first);
    for (; page && page->leg == leg && count < IO_BLOCKS_MAX &&
           place_of(page, leg) == place + count;
         page = page->frozen_next)
        blocks[count++] = leg == WRITE ? object_page_writing(page->object_id)->data : page->data;
    if (!page && migrate.next && count < IO_BLOCKS_MAX && migrate.asked > 0)
        return 0;
    if (leg == READ) /* from the area or the journal: never both in a run */
        return io_read_blocks(directory_block_kind(entry), directory_block_id(entry), blocks,
                              count, (struct io_owner){run_read, first});
    return io_write(RANGE_PAGES, place, blocks, count, IO_PLEXES,
                    (struct io_owner){run_written, first});
}

/* Ask for all that can be asked for. */
static void pages_ask(void)
{
    for (struct page_frame *page = migrate.first; page;) {
        bool write = page->leg == WRITE;
        if (write ? !migrate.filling : page->leg < READING) {
            unsigned count = page->leg == READ_CHECKED ? checked_ask(page) : run_ask(page);
            if (count == 0)
                return;
            migrate.asked++;
            page->run = (uint8_t)count;
            for (; count > 1; count--, page = page->frozen_next)
                page->leg = write ? WRITING : READING;
            page->leg = write ? WRITING : READING;
            if (checkpoint_time_is_up()) /* after something was done: the list may be long */
                return;
        }
        page = page->frozen_next;
    }
}

/* true: all pages are home. */
static bool pages_done(void)
{
    while (migrate.first && migrate.first->leg >= HOME) {
        if (migrate.first->leg == LOST)
            object_page_arrived(migrate.first, false);
        migrate.first = migrate.first->frozen_next;
        migrate.pages--;
    }
    if (!migrate.first)
        migrate.filling = true;
    pages_gather();
    if (migrate.arrived > 0)
        arrived_check();
    if (migrate.pages_to_read == 0)
        migrate.filling = false;
    pages_ask();
    return !migrate.next && !migrate.first;
}

/* Let all of the list go; nothing is under way. */
static void pages_drop(void)
{
    for (struct page_frame *page = migrate.first; page; page = page->frozen_next)
        if (page->leg < WRITE || page->leg == LOST)
            object_page_unclaim(page);
        else if (page->leg == WRITE)
            object_page_written(object_page_writing(page->object_id));
    migrate.first = NULL;
    migrate.pages = migrate.pages_to_read = migrate.arrived = 0;
}

/* --- */

/* true: they are home, in this pass's plex. */
static bool pots_done(void)
{
    enum migrate_pots come = migrate_pots_step();
    migrate.failed |= come == MIGRATE_POTS_FAILED;
    return come == MIGRATE_POTS_HOME;
}

/* true: the next one's turn. */
static bool (*const passes[])(void) = {
    [ORDER] = directory_order_ready, [PAGES] = pages_done, [MEND] = pots_done, [POTS_0] = pots_done,
    [POTS_1] = pots_done};

/* One step. false: something must be waited for, or all is done. */
static bool step(void)
{
    if (migrate.pass == DONE)
        return false;
    if (!passes[migrate.pass]())
        return migrate.pass == ORDER && !checkpoint_time_is_up();
    if (migrate.changes != volume_changes()) /* what was written is not where it should be */
        pass_begin(ORDER);
    else
        pass_begin(migrate.pass + 1 + (migrate.pass == PAGES && migrate.mended));
    return true;
}

/* Begin once more: a disk that failed has left meanwhile, and what it had is on others. */
static void begin_again(void)
{
    if (migrate.again)
        halt("store: generation %lu cannot be brought home", migrate.generation);
    pages_drop();
    migrate.failed = false;
    migrate.again = true;
    pass_begin(ORDER);
}

bool migrate_step(void)
{
    while (!migrate.failed && step())
        continue;
    if (migrate.failed && migrate.asked == 0)
        begin_again();
    return migrate.pass == DONE;
}
