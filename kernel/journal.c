/* SPDX-License-Identifier: GPL-2.0-or-later */
/* journal.c - groups of pages into the ring, and back at restart. Invariants: journal.h; format:
 * disks/format.h.
 *
 * States of the group: IDLE -> WRITING (its request) -> WRITTEN -> FLUSHING (all disks) -> IDLE.
 */
#include "kernel/journal.h"

#include "disks/checksum.h"
#include "kernel/checkpoint.h"
#include "kernel/counter.h"
#include "kernel/depend.h"
#include "kernel/directory.h"
#include "kernel/io.h"
#include "kernel/pot.h"
#include "kernel/print.h"
#include "kernel/sched.h"
#include "kernel/sum.h"
#include "kernel/volume.h"

/* Pages of a group: with the block that lists them they are one request. */
#define GROUP_PAGES (IO_BLOCKS_MAX - 1)
static_assert(GROUP_PAGES <= JOURNAL_ENTRIES, "a group fits its list");

enum group_state { GROUP_IDLE, GROUP_WRITING, GROUP_WRITTEN, GROUP_FLUSHING };

static struct {
    unsigned group_count, waiting_count;
    enum group_state state;
    struct queue room;      /* domains that found the next group full */
    uint64_t blocks;        /* of the ring */
    uint64_t tail;          /* block from which on the ring is kept */
    uint64_t used;          /* blocks from there that are */
    uint64_t used_at_freeze;
    uint64_t sequence;      /* of the next group */
    uint64_t restarts;
    bool settled; /* a checkpoint of this life has been committed */
} journal;
static struct {
    struct journal_block list __attribute__((aligned(16))); /* of the one on its way */
    struct page_frame *pages[GROUP_PAGES];
    struct page_frame *waiting[GROUP_PAGES]; /* for the next */
} group;

static uint64_t block_after(uint64_t blocks)
{
    return (journal.tail + blocks) % journal.blocks;
}

/* Where a group of so many blocks goes: a group does not wrap. *used: blocks that are kept then.
 * false: the ring has no room. */
static bool room_for(unsigned blocks, uint64_t *start, uint64_t *used)
{
    *start = block_after(journal.used);
    *used = journal.used + blocks;
    if (*start + blocks > journal.blocks) {
        *used += journal.blocks - *start;
        *start = 0;
    }
    return *used <= journal.blocks;
}

static void list_fill(void)
{
    struct journal_block *list = &group.list;
    memset(list, 0, sizeof(*list));
    list->sequence = journal.sequence;
    list->generation = checkpoint_facts.generation;
    list->restart_count = journal.restarts;
    list->entry_count = journal.group_count;
    for (unsigned i = 0; i < journal.group_count; i++) {
        const struct page_frame *page = group.pages[i];
        list->entries[i] = (struct journal_entry){
            .object_id = page->object_id,
            .allocation_count = page->allocation_count,
            .checksum = object_page_sum(page)};
    }
    list->checksum = sum_after_own(list, BLOCK_BYTES,
                                checksum_seed(CHECKSUM_JOURNAL, list->sequence));
}

/* The journal is done with a page that it held. */
static void page_leaves(struct page_frame *page, uint8_t state)
{
    kassert(page->pinned > 0);
    page->pinned--;
    page->journal = state;
    sched_wake_all(&page->waiters);
}

/* The group is durable, or cannot be written: then there is no journal any more, as all who asked
 * are told when they ask again. */
static void group_end(bool good)
{
    for (unsigned i = 0; i < journal.group_count; i++) {
        page_leaves(group.pages[i], good ? JOURNAL_DURABLE : JOURNAL_NONE);
        if (good)
            count_one(JOURNAL_PAGE);
    }
    journal.group_count = 0;
    journal.state = GROUP_IDLE;
    if (good)
        return;
    journal.blocks = 0;
    for (unsigned i = 0; i < journal.waiting_count; i++)
        page_leaves(group.waiting[i], JOURNAL_NONE);
    journal.waiting_count = 0;
    sched_wake_all(&journal.room);
}

static void answered(void *object, bool good)
{
    (void)object;
    if (good && journal.state == GROUP_WRITING)
        journal.state = GROUP_WRITTEN;
    else
        group_end(good);
    journal_step();
}

/* Send what waits as one request. Nothing has changed if no request is free. */
static void group_send(void)
{
    uint64_t start, used;
    unsigned count = journal.waiting_count + 1;
    void *blocks[GROUP_PAGES + 1] = {&group.list};
    if (!room_for(count, &start, &used) || (checkpoint_facts.able && !journal.settled)) {
        (void)checkpoint_force();
        return;
    }
    journal.group_count = journal.waiting_count;
    for (unsigned i = 0; i < journal.group_count; i++) {
        group.pages[i] = group.waiting[i];
        blocks[i + 1] = group.pages[i]->data;
    }
    list_fill();
    unsigned sent = io_write(RANGE_JOURNAL, start, blocks, count, IO_PLEXES,
                             (struct io_owner){answered, NULL});
    if (sent == 0)
        return;
    /* The ring is one range a plex, so that a group is one request (volume.c). */
    kassert(sent == count);
    journal.state = GROUP_WRITING;
    journal.waiting_count = 0;
    journal.used = used;
    journal.sequence++;
    for (unsigned i = 0; i < journal.group_count; i++)
        group.pages[i]->journal = JOURNAL_WRITING;
    count_one(JOURNAL_GROUP);
    sched_wake_all(&journal.room);
}

void journal_step(void)
{
    if (journal.state == GROUP_WRITTEN && io_flush((struct io_owner){answered, NULL}))
        journal.state = GROUP_FLUSHING;
    if (journal.state == GROUP_IDLE && journal.waiting_count > 0 && journal.blocks)
        group_send();
}

/* Are its contents those of the newest durable checkpoint? */
static bool is_committed(const struct page_frame *page)
{
    return !page->dirty && !page->frozen && !page->copy &&
           !directory_find_in(DIRECTORY_WORKING, RANGE_PAGES, page->object_id);
}

/* A restart would take it for a list, were it where one may be: it is not written there. */
static bool is_list(const struct page_frame *page)
{
    const struct journal_block *list = (const struct journal_block *)page->data;
    return list->entry_count - 1 < JOURNAL_ENTRIES &&
           list->checksum == sum_after_own(list, BLOCK_BYTES,
                                           checksum_seed(CHECKSUM_JOURNAL, list->sequence));
}

enum fetch journal_commit(struct page_frame *page)
{
    if (journal.blocks == 0 || !volume_writable() || is_list(page))
        return FETCH_VOID;
    if (page->journal == JOURNAL_DURABLE || is_committed(page))
        return FETCH_PRESENT;
    if (page->journal != JOURNAL_NONE)
        return sched_stall(&page->waiters);
    /* Half of the ring at most, so that an empty one has room for a group wherever it begins. */
    if (journal.waiting_count == least(journal.blocks / 2 - 1, GROUP_PAGES))
        return sched_stall(&journal.room);
    group.waiting[journal.waiting_count++] = page;
    page->journal = JOURNAL_WAITS;
    page->open = false;
    page->pinned++;
    depend_undo(page, &page->built); /* whoever writes to it next asks first */
    enum fetch fetch = sched_stall(&page->waiters);
    journal_step();
    return fetch;
}

enum fetch journal_page_changes(struct page_frame *page)
{
    if (page->journal == JOURNAL_WAITS || page->journal == JOURNAL_WRITING)
        return sched_stall(&page->waiters);
    page->journal = JOURNAL_NONE;
    page->open = page->dirty;
    return FETCH_PRESENT;
}

void journal_freeze(struct ckpt_header *header)
{
    journal.used_at_freeze = journal.used;
    header->journal_block = journal.blocks ? block_after(journal.used) : 0;
    header->journal_sequence = journal.sequence;
    header->restart_count = journal.restarts;
}

void journal_committed(void)
{
    if (journal.blocks == 0)
        return;
    journal.tail = block_after(journal.used_at_freeze);
    journal.used -= journal.used_at_freeze;
    journal.settled = true;
    journal_step();
}

uint64_t journal_restarts(void)
{
    return journal.restarts;
}

/* Is there a good list of the next group at this block? It is left in group.list. */
static bool list_read(const struct ckpt_header *header, uint64_t block)
{
    const struct journal_block *list = &group.list;
    struct io_check check = {.how = IO_CHECK_OWN, .quiet = true,
                             .seed = checksum_seed(CHECKSUM_JOURNAL, journal.sequence)};
    return block < journal.blocks && io_read_wait(RANGE_JOURNAL, block, &group.list, &check) &&
           list->sequence == journal.sequence && list->generation <= header->generation &&
           list->restart_count >= journal.restarts && list->entry_count > 0 &&
           list->entry_count <= JOURNAL_ENTRIES && list->entry_count < journal.blocks - block;
}

/* Are all its pages there? A group is written whole or does not count: it was not acknowledged. */
static bool pages_good(uint64_t block, void *scratch)
{
    for (uint32_t i = 0; i < group.list.entry_count; i++) {
        const struct journal_entry *entry = &group.list.entries[i];
        struct io_check check = {.how = IO_CHECK_WHOLE, .quiet = true,
                                 .seed = checksum_seed(CHECKSUM_PAGE, entry->object_id),
                                 .checksum = entry->checksum};
        if (!io_read_wait(RANGE_JOURNAL, block + 1 + i, scratch, &check))
            return false;
    }
    return true;
}

/* Was it this page already at the checkpoint? One that was severed since was another's then. */
static bool page_is_same(const struct journal_entry *entry)
{
    const struct directory_entry *at = directory_find(RANGE_PAGES, entry->object_id);
    if (at)
        return at->allocation_count == entry->allocation_count;
    const struct page_pot_entry *pot;
    enum fetch fetch;
    while ((fetch = pot_page(entry->object_id, &pot)) == FETCH_STALL)
        (void)io_poll();
    return fetch == FETCH_PRESENT && PAGE_POT_COUNT(pot) == entry->allocation_count;
}

/* Lay the group in group.list over the committed directory. */
static const char *group_lay(uint64_t block)
{
    for (uint32_t i = 0; i < group.list.entry_count; i++) {
        const struct journal_entry *entry = &group.list.entries[i];
        if (!page_is_same(entry))
            continue;
        struct directory_entry laid = directory_entry_make(DIRECTORY_PAGE, entry->object_id);
        laid.allocation_count = entry->allocation_count;
        laid.checksum_or_calls = entry->checksum;
        laid.location = JOURNAL_LOCATION(block + 1 + i);
        if (!directory_put(DIRECTORY_COMMITTED, &laid))
            return "the journal holds more pages than the kernel has room for";
    }
    return NULL;
}

const char *journal_replay(const struct ckpt_header *header, void *scratch)
{
    const char *problem = NULL;
    struct volume_home home;
    if (volume_home_any(RANGE_JOURNAL, 0, &home))
        journal.blocks = home.run;
    journal.sequence = header->journal_sequence;
    journal.restarts = header->restart_count;
    journal.tail = header->journal_block;
    if (journal.blocks < JOURNAL_BLOCKS_MIN || journal.tail >= journal.blocks)
        journal.blocks = 0;
    while (!problem && journal.blocks) {
        uint64_t start = block_after(journal.used), used = journal.used;
        bool found;
        while (!(found = list_read(header, start) && pages_good(start, scratch)) && start > 0) {
            used += journal.blocks - start;
            start = 0;
        }
        used += group.list.entry_count + 1;
        if (!found || used > journal.blocks)
            break;
        problem = group_lay(start);
        journal.used = used;
        journal.restarts = group.list.restart_count;
        journal.sequence++;
    }
    journal.settled = header->generation == 1 && journal.used == 0;
    journal.restarts++;
    return problem;
}
