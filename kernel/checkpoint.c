/* SPDX-License-Identifier: GPL-2.0-or-later */
/* checkpoint.c - the phases of a checkpoint, one function each, driven by checkpoint_step().
 *
 *   IDLE       the area of the newest generation g is free to be overtaken: all of g is at home
 *   (freeze)   everything decoded goes back to its nodes; dirty nodes are copied into area pots,
 *              dirty pages become frozen: the only part for which domains wait
 *   SORT       a directory entry for each frozen page; pages of zeros need no block
 *   WRITE      area pots, then frozen pages by id, into the current area, up to 32 blocks a request
 *   DIRECTORY  two copies: behind the pages, and at the end of the area
 *   FLUSH      all of it is durable
 *   HEADER     of generation g + 1, plex 0: the commit point; FLUSH_0; TWIN plex 1; FLUSH_1
 *   MIGRATE    g + 1 is brought home (migrate.c); then IDLE
 *
 * A page is, with its legal changes:
 *   clean -> dirty -> frozen -> writing -> clean    written without having been touched again
 *   frozen -> dirty, and a copy -> writing -> free  touched again: the copy has the frozen contents
 *
 * Crash invariants
 *  1. A cut before the header's sector is on the disk restarts generation g: its header, homes and
 *     area are as they were, since writing went to the other area only.
 *  2. A cut after that restarts g + 1: a flush came between all that it needs and the header.
 *  3. Homes are written in MIGRATE only, from generation g + 1, which stays in its area until g + 2
 *     is committed: migrating it once more gives the same homes.
 */
#include "kernel/checkpoint.h"

#include "disks/checksum.h"
#include "kernel/arch/arch.h"
#include "kernel/check.h"
#include "kernel/counter.h"
#include "kernel/directory.h"
#include "kernel/domain.h"
#include "kernel/driver/driver.h"
#include "kernel/io.h"
#include "kernel/journal.h"
#include "kernel/keys.h"
#include "kernel/main.h"
#include "kernel/meter.h"
#include "kernel/migrate.h"
#include "kernel/pot.h"
#include "kernel/print.h"
#include "kernel/sched.h"
#include "kernel/sum.h"

#define BATCHES 4u           /* requests under way: two disks, one being written and one waiting */
#define DIRECTORY_BUFFERS 4u /* directory blocks written at a time, in both copies */
/* What unloading all domains and meters makes dirty that was not, and one operation. */
#define NODES_TO_COME (3u * LIMIT_DOMAINS_CACHED + LIMIT_METERS + 16u)
#define PAGES_TO_COME 8u
#define FRAMES_SPARE 16u /* frames that are left for reading when all others are dirty or frozen */
#define ROUNDS 8u /* of looking what was answered meanwhile, in one step */
#define SORT_EACH_STEP 256u

enum phase {
    IDLE, SORT, WRITE, DIRECTORY, FLUSH, HEADER, FLUSH_0, TWIN, FLUSH_1, MIGRATE_START, MIGRATE
};

struct batch {
    uint64_t first_id;
    unsigned count, sent, answers; /* blocks; answers that are still to come */
    void *sources[IO_BLOCKS_MAX];
    struct page_frame *pages[IO_BLOCKS_MAX]; /* NULL: not a page */
};

static struct {
    enum phase phase;
    bool able;             /* the store has all that a checkpoint needs */
    bool flushing, failed; /* a flush, or the header, was asked for */
    unsigned area;  /* that the next checkpoint goes to */
    uint64_t area_blocks;
    uint64_t next_index; /* first free block of it */
    uint32_t pots_sent;
    uint32_t cursor; /* of the directory being written, in three parts */
    enum directory_which part;
    uint32_t sequence;
    uint64_t interval_ticks, due;
    bool forced;          /* one was asked for */
    struct queue waiters; /* domains that wait for one */
    uint64_t committed; /* generation */
    struct ckpt_header header; /* of the checkpoint under way, else of the newest */
} checkpoint;
static struct {
    uint8_t header[BLOCK_BYTES];
    struct directory_block directory[2][DIRECTORY_BUFFERS];
    struct batch batches[BATCHES];
} outgoing __attribute__((aligned(16)));

static uint64_t blocks_for(uint64_t count, uint64_t each)
{
    return (count + each - 1) / each;
}

/* Blocks 0.. of an area that some disk has. */
static uint64_t area_size(unsigned area)
{
    struct volume_home home;
    uint64_t count = 0;
    while (volume_home(RANGE_CKPT_AREA, AREA_ID(area, count), 0, &home) ||
           volume_home(RANGE_CKPT_AREA, AREA_ID(area, count), 1, &home))
        count += home.run;
    return count;
}

static uint64_t directory_blocks(uint64_t entries)
{
    return entries ? blocks_for(entries, DIRECTORY_ENTRIES) : 1;
}

/* Blocks that a freeze now would need, and what may change before it. */
static uint64_t blocks_needed(uint64_t pages, uint64_t nodes)
{
    uint64_t entries = pages + 2 * nodes + directory_count(DIRECTORY_OF_DOMAINS);
    return pages + blocks_for(nodes, POT_NODES) + 2 * directory_blocks(entries);
}

static bool room_for(uint64_t pages, uint64_t nodes)
{
    return blocks_needed(pages, nodes) <= checkpoint.area_blocks &&
           pages + object_frozen_pages() + FRAMES_SPARE <= object_page_count() &&
           nodes + FRAMES_SPARE <= object_node_count();
}

bool checkpoint_full(void)
{
    return checkpoint.able && !room_for(object_dirty_pages() + PAGES_TO_COME,
                                        object_dirty_nodes() + NODES_TO_COME);
}

/* Half of the room is used. */
static bool short_of_room(void)
{
    return !room_for(2 * object_dirty_pages() + PAGES_TO_COME,
                     2 * object_dirty_nodes() + NODES_TO_COME);
}

static bool anything_dirty(void)
{
    return object_dirty_pages() || object_dirty_nodes();
}

bool checkpoint_step_due(void)
{
    if (!checkpoint.able)
        return false;
    if (checkpoint.phase != IDLE)
        return true;
    bool due = anything_dirty() && (arch_time() >= checkpoint.due || short_of_room());
    return checkpoint.forced || due;
}

uint64_t checkpoint_alarm(void)
{
    bool waits = checkpoint.able && checkpoint.phase == IDLE && anything_dirty();
    return waits ? checkpoint.due : UINT64_MAX;
}

uint64_t checkpoint_generation(void)
{
    return checkpoint.committed;
}

bool checkpoint_able(void)
{
    return checkpoint.able;
}

struct queue *checkpoint_waiters(void)
{
    return &checkpoint.waiters;
}

uint64_t checkpoint_force(void)
{
    if (!checkpoint.able)
        return 0;
    checkpoint.forced = true;
    return checkpoint.header.generation + 1;
}

bool checkpoint_can_go_on(void)
{
    return checkpoint.phase == SORT || (checkpoint.forced && checkpoint.phase == IDLE);
}

uint64_t checkpoint_phase(void)
{
    if (checkpoint.phase <= DIRECTORY)
        return checkpoint.phase == IDLE ? 0 : TRACE_PHASE_WRITE_OUT;
    return checkpoint.phase < MIGRATE ? TRACE_PHASE_COMMIT : TRACE_PHASE_MIGRATE;
}

static void due_set(void)
{
    checkpoint.due = checkpoint.interval_ticks ? arch_time() + checkpoint.interval_ticks
                                               : UINT64_MAX;
}

COLD static const char *why_unable(void)
{
    struct volume_home home;
    uint64_t other = area_size(1 - checkpoint.area);
    if (other < checkpoint.area_blocks)
        checkpoint.area_blocks = other;
    if (!volume_writable())
        return "a disk of the store is read-only";
    for (unsigned place = 0; place < 2; place++)
        if (!volume_home(RANGE_CKPT_HEADER, place, 0, &home) &&
            !volume_home(RANGE_CKPT_HEADER, place, 1, &home))
            return "a place for the header is missing";
    return room_for(PAGES_TO_COME, NODES_TO_COME) ? NULL : "the areas or the memory are too small";
}

COLD void checkpoint_start(const struct ckpt_header *header)
{
    checkpoint.header = *header;
    checkpoint.committed = header->generation;
    checkpoint.area = 1 - header->area;
    checkpoint.area_blocks = area_size(checkpoint.area);
    checkpoint.phase = IDLE;
    checkpoint.due = UINT64_MAX;
    if (directory_count(DIRECTORY_COMMITTED) == 0)
        return;
    checkpoint.phase = MIGRATE;
    migrate_begin(header->generation);
}

COLD void checkpoint_interval(uint64_t interval_ms)
{
    const char *unable = why_unable();
    if (unable)
        print_line("no checkpoints: %s", unable);
    checkpoint.able = !unable;
    checkpoint_interval_set(interval_ms * (NS_PER_SECOND / 1000));
}

uint64_t checkpoint_interval_ns(void)
{
    return checkpoint.interval_ticks * (NS_PER_SECOND / main_facts()->timebase_hz);
}

void checkpoint_interval_set(uint64_t interval_ns)
{
    checkpoint.interval_ticks = interval_ns / (NS_PER_SECOND / main_facts()->timebase_hz);
    due_set();
}

/* --- requests --- */

static void batch_answered(void *object, bool good)
{
    struct batch *batch = object;
    kassert(batch->answers > 0);
    batch->answers--;
    checkpoint.failed |= !good;
    if (batch->answers > 0 || batch->sent < batch->count)
        return;
    for (unsigned i = 0; i < batch->count; i++)
        if (batch->pages[i])
            object_page_written(batch->pages[i]);
    batch->count = 0;
}

/* Ask for what was not asked for yet, as far as there is room. */
static void batch_send(struct batch *batch)
{
    while (batch->sent < batch->count) {
        unsigned sent = io_write(RANGE_CKPT_AREA, batch->first_id + batch->sent,
                                 batch->sources + batch->sent, batch->count - batch->sent,
                                 IO_PLEXES, (struct io_owner){batch_answered, batch});
        if (sent == 0)
            return;
        batch->sent += sent;
        batch->answers++;
    }
}

static struct batch *batch_take(uint64_t first_id)
{
    for (unsigned i = 0; i < BATCHES; i++)
        if (outgoing.batches[i].count == 0) {
            outgoing.batches[i] = (struct batch){.first_id = first_id};
            return &outgoing.batches[i];
        }
    return NULL;
}

static bool batches_done(void)
{
    for (unsigned i = 0; i < BATCHES; i++)
        if (outgoing.batches[i].count)
            return false;
    return true;
}

static void one_answered(void *object, bool good)
{
    (void)object;
    checkpoint.flushing = false;
    checkpoint.failed |= !good;
}

/* Ask for a flush, after what was written before; the next phase waits for it. */
static bool flush(void)
{
    if (checkpoint.flushing || !io_flush((struct io_owner){one_answered, NULL}))
        return false;
    checkpoint.flushing = true;
    return true;
}

/* --- freeze --- */

static void node_freeze(struct node_frame *node)
{
    struct directory_entry entry = directory_entry_make(DIRECTORY_NODE, node->object_id);
    pot_area_add(node, &entry);
    if (!directory_put(DIRECTORY_WORKING, &entry))
        panic("CKPT-001 the directory is full");
    if (!node->link.queue) {
        directory_drop_running(node->object_id);
        return;
    }
    entry = directory_entry_make(DIRECTORY_RUNNING, node->object_id);
    entry.index = node->device_wait ? DIRECTORY_DEVICE_WAIT : 0;
    if (!directory_put(DIRECTORY_OF_DOMAINS, &entry))
        panic("CKPT-002 the directory is full");
}

static bool freeze(void)
{
    struct node_frame *node;
    driver_trace(TRACE_PHASE_ENTER, TRACE_PHASE_FREEZE);
    meter_leave();
    domain_unload_all();
    meter_return_all();
    kassert(directory_count(DIRECTORY_WORKING) == 0);
    kassert(directory_count(DIRECTORY_COMMITTED) == 0);
    pot_area_begin(AREA_ID(checkpoint.area, 0));
    while ((node = object_dirty_node_take()) != NULL)
        node_freeze(node);
    object_pages_freeze();
    checkpoint.header.system_time_ns = timer_system_ns();
    checkpoint.header.calendar_ns = driver_calendar_ns();
    journal_freeze(&checkpoint.header);
    checkpoint.header.migrated_generation = checkpoint.header.generation;
    checkpoint.header.generation++;
    checkpoint.next_index = pot_area_count();
    checkpoint.pots_sent = 0;
    checkpoint.forced = false;
    due_set();
    count_one(CHECKPOINT);
    meter_start();
    driver_trace(TRACE_PHASE_LEAVE, TRACE_PHASE_FREEZE);
    driver_trace(TRACE_PHASE_ENTER, TRACE_PHASE_WRITE_OUT);
    return true;
}

/* --- write-out --- */

static bool sort(void)
{
    for (unsigned i = 0; i < SORT_EACH_STEP; i++) {
        struct page_frame *page = object_frozen_take();
        if (!page)
            break;
        bool zero = object_page_is_zero(page);
        struct directory_entry entry =
            directory_entry_make(zero ? DIRECTORY_ZERO_PAGE : DIRECTORY_PAGE, page->object_id);
        entry.allocation_count = page->allocation_count;
        if (!directory_put(DIRECTORY_WORKING, &entry))
            panic("CKPT-003 the directory is full");
        if (zero)
            object_page_written(page);
    }
    if (object_frozen_listed())
        return false;
    directory_order_begin(DIRECTORY_WORKING);
    return true;
}

static void pots_fill(struct batch *batch)
{
    while (batch->count < IO_BLOCKS_MAX && checkpoint.pots_sent < pot_area_count())
        batch->sources[batch->count++] =
            pot_area_seal(checkpoint.pots_sent++, checkpoint.header.generation);
}

static void pages_fill(struct batch *batch)
{
    const struct directory_entry *next;
    while (batch->count < IO_BLOCKS_MAX && (next = directory_order_next()) != NULL) {
        if (next->kind != DIRECTORY_PAGE)
            continue;
        struct directory_entry entry = *next;
        struct page_frame *page = object_page_writing(directory_id(next));
        entry.location = AREA_ID(checkpoint.area, checkpoint.next_index++);
        entry.checksum_or_calls = sum_of(page->data, PAGE_BYTES,
                                             checksum_seed(CHECKSUM_PAGE, page->object_id));
        if (!directory_put(DIRECTORY_WORKING, &entry))
            panic("CKPT-004 the directory is full");
        batch->pages[batch->count] = page;
        batch->sources[batch->count++] = page->data;
    }
}

static bool write_out(void)
{
    for (;;) {
        bool pots = checkpoint.pots_sent < pot_area_count();
        uint64_t index = pots ? checkpoint.pots_sent : checkpoint.next_index;
        struct batch *batch = batch_take(AREA_ID(checkpoint.area, index));
        if (!batch)
            return false;
        if (pots)
            pots_fill(batch);
        else
            pages_fill(batch);
        if (batch->count == 0)
            break;
        batch_send(batch);
    }
    if (!batches_done())
        return false;
    uint64_t entries = directory_count(DIRECTORY_WORKING) + directory_count(DIRECTORY_OF_DOMAINS);
    checkpoint.header.directory_entries = entries;
    checkpoint.header.directory_blocks = directory_blocks(entries);
    checkpoint.sequence = checkpoint.cursor = 0;
    checkpoint.part = DIRECTORY_WORKING;
    kassert(checkpoint.next_index + 2 * directory_blocks(entries) <= checkpoint.area_blocks);
    checkpoint.header.directory_block[0] = AREA_ID(checkpoint.area, checkpoint.next_index);
    checkpoint.header.directory_block[1] =
        AREA_ID(checkpoint.area, checkpoint.area_blocks - directory_blocks(entries));
    driver_trace(TRACE_PHASE_LEAVE, TRACE_PHASE_WRITE_OUT);
    driver_trace(TRACE_PHASE_ENTER, TRACE_PHASE_DIRECTORY);
    return true;
}

/* The next entry of those to be written: objects, then running domains. */
static const struct directory_entry *entry_next(void)
{
    const struct directory_entry *entry = directory_next(checkpoint.part, &checkpoint.cursor);
    if (entry || checkpoint.part == DIRECTORY_OF_DOMAINS)
        return entry;
    checkpoint.part = DIRECTORY_OF_DOMAINS;
    checkpoint.cursor = 0;
    return directory_next(checkpoint.part, &checkpoint.cursor);
}

/* The next block of the directory, for both copies: they differ in where they go on. */
static void blocks_fill(struct directory_block *first, struct directory_block *second)
{
    const struct directory_entry *entry;
    memset(first, 0, sizeof(*first));
    first->generation = checkpoint.header.generation;
    first->sequence = checkpoint.sequence++;
    while (first->entry_count < DIRECTORY_ENTRIES && (entry = entry_next()) != NULL)
        first->entries[first->entry_count++] = *entry;
    *second = *first;
    if (checkpoint.sequence < checkpoint.header.directory_blocks) {
        first->next_block = checkpoint.header.directory_block[0] + checkpoint.sequence;
        second->next_block = checkpoint.header.directory_block[1] + checkpoint.sequence;
    }
    uint64_t seed = checksum_seed(CHECKSUM_DIRECTORY, first->generation);
    first->checksum = sum_after_own(first, BLOCK_BYTES, seed);
    second->checksum = sum_after_own(second, BLOCK_BYTES, seed);
}

static bool directory_write(void)
{
    if (!batches_done())
        return false;
    if (checkpoint.sequence == checkpoint.header.directory_blocks) {
        driver_trace(TRACE_PHASE_LEAVE, TRACE_PHASE_DIRECTORY);
        driver_trace(TRACE_PHASE_ENTER, TRACE_PHASE_COMMIT);
        return true;
    }
    struct batch *copies[2];
    for (unsigned copy = 0; copy < 2; copy++) {
        copies[copy] = batch_take(checkpoint.header.directory_block[copy] + checkpoint.sequence);
        copies[copy]->count = DIRECTORY_BUFFERS; /* taken */
    }
    unsigned count = 0;
    for (; count < DIRECTORY_BUFFERS; count++) {
        if (checkpoint.sequence == checkpoint.header.directory_blocks)
            break;
        blocks_fill(&outgoing.directory[0][count], &outgoing.directory[1][count]);
    }
    for (unsigned copy = 0; copy < 2; copy++) {
        copies[copy]->count = count;
        for (unsigned i = 0; i < count; i++)
            copies[copy]->sources[i] = &outgoing.directory[copy][i];
        batch_send(copies[copy]);
    }
    return false;
}

/* --- commit --- */

static bool header_write(unsigned plexes)
{
    struct ckpt_header *header = &checkpoint.header;
    if (checkpoint.flushing)
        return false;
    header->area = checkpoint.area;
    header->disks_in_step = volume_in_step();
    header->disks_known |= volume_mounted();
    header->checksum = sum_after_own(header, SECTOR_BYTES,
                                  checksum_seed(CHECKSUM_CKPT_HEADER, header->generation));
    void *source = memcpy(outgoing.header, header, sizeof(*header));
    if (io_write(RANGE_CKPT_HEADER, CKPT_PLACE(header->generation), &source, 1, plexes,
                 (struct io_owner){one_answered, NULL}) == 0)
        return false;
    checkpoint.flushing = true;
    return true;
}

/* What is wrong in memory may have been so at the freeze: it is not committed. */
static bool header_begin(void)
{
    if (checkpoint.flushing)
        return false;
    check_all();
    return header_write(IO_PLEX(0));
}

/* The header is durable: from now on a restart finds generation g + 1. */
static bool committed(void)
{
    if (!header_write(IO_PLEX(1)))
        return false;
    directory_commit();
    checkpoint.committed = checkpoint.header.generation;
    checkpoint.area = 1 - checkpoint.area;
    journal_committed();
    sched_wake_all(&checkpoint.waiters);
    driver_trace(TRACE_COMMITTED, checkpoint.header.generation);
    return true;
}

static bool migrate_start(void)
{
    if (checkpoint.flushing)
        return false;
    driver_trace(TRACE_PHASE_LEAVE, TRACE_PHASE_COMMIT);
    driver_trace(TRACE_PHASE_ENTER, TRACE_PHASE_MIGRATE);
    migrate_begin(checkpoint.header.generation);
    return true;
}

static bool migrated(void)
{
    if (!migrate_step())
        return false;
    directory_clear(DIRECTORY_COMMITTED);
    driver_trace(TRACE_PHASE_LEAVE, TRACE_PHASE_MIGRATE);
    return true;
}

/* What a phase has to do before the next. false: it waits for something. */
static bool phase_done(void)
{
    switch (checkpoint.phase) {
    case IDLE:
        return checkpoint_step_due() && freeze();
    case SORT:
        return sort();
    case WRITE:
        return write_out();
    case DIRECTORY:
        return directory_write();
    case FLUSH:
    case FLUSH_0:
    case FLUSH_1:
        return flush();
    case HEADER:
        return header_begin();
    case TWIN:
        return committed();
    case MIGRATE_START:
        return migrate_start();
    case MIGRATE:
        return migrated();
    }
    panic("CKPT-005 no such phase");
}

COLD void checkpoint_step(void)
{
    for (unsigned round = 0; round < ROUNDS; round++) {
        for (unsigned i = 0; i < BATCHES; i++)
            batch_send(&outgoing.batches[i]);
        while (phase_done())
            checkpoint.phase = checkpoint.phase == MIGRATE ? IDLE : checkpoint.phase + 1;
        if (!io_due()) /* what needed no disk was answered at once */
            break;
        sched_devices_poll();
    }
    if (checkpoint.failed)
        halt("store: generation %lu cannot be written", checkpoint.header.generation);
}
