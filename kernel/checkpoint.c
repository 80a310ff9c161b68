/* SPDX-License-Identifier: GPL-2.0-or-later */
/* checkpoint.c - the phases of a checkpoint, one function each, driven by checkpoint_step().
 *
 *   IDLE       the area of the newest generation g is free to be overtaken: all of g is at home
 *   (freeze)   dirty nodes and pages, and decoded domains, become frozen: the only part for which
 *              domains wait. Nothing is copied
 *   NODES      the contents of frozen nodes go to area pots, as they do when one changes before
 *   SORT       a directory entry for each frozen page; pages of zeros need no block; ORDER: by id
 *   SEND       area pots, then frozen pages by id, into the current area, many blocks a request:
 *              each has its place and checksum before that, some while the disks are busy
 *   WRITE      all of them have been written
 *   DIRECTORY  two copies: behind the pages, and at the end of the area
 *   FLUSH      all of it is durable; CHECK: and nothing is wrong in memory, piece by piece
 *   HEADER     of generation g + 1, plex 0: the commit point; FLUSH_0; TWIN plex 1, and the
 *              stream if there is one (io.h); FLUSH_1
 *   COMMITTED  whoever waits for it is told; the other area is the current one
 *   MIGRATE    g + 1 is brought home (migrate.c); CLEAR: its directory goes; then IDLE
 * In IDLE and MIGRATE what is dirty may go to the current area before the freeze (pageout.c).
 *
 * From NODES on a step goes on until it waits for a disk, or for STEP_CYCLES and what cannot be
 * interrupted: a checksum or copy of a block, or a node and the domain of which it is a part. Then
 * domains run for TURN_TICKS at least.
 *
 * A page is, with its legal changes:
 *   clean -> dirty -> frozen -> writing -> clean    written without having been touched again
 *   frozen -> dirty, and a copy -> writing -> free  touched again: the copy has the frozen contents
 *   dirty -> writing -> clean                       paged out
 *   clean -> frozen -> writing -> clean             held by migration, on its way home
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
#include "kernel/area.h"
#include "kernel/batch.h"
#include "kernel/check.h"
#include "kernel/counter.h"
#include "kernel/directory.h"
#include "kernel/domain.h"
#include "kernel/driver/driver.h"
#include "kernel/io.h"
#include "kernel/journal.h"
#include "kernel/keys.h"
#include "kernel/listing.h"
#include "kernel/main.h"
#include "kernel/meter.h"
#include "kernel/migrate.h"
#include "kernel/pageout.h"
#include "kernel/pot.h"
#include "kernel/print.h"
#include "kernel/sched.h"
#include "kernel/sum.h"

/* A step goes on for about so many cycles; then domains run for so many ticks before the next. */
#define STEP_CYCLES 6000u
#define TURN_TICKS 300u
#define INTERVAL_STRETCH 16u

enum phase {
    IDLE, NODES, SORT, ORDER, SEND, WRITE, DIRECTORY, FLUSH, CHECK, HEADER, FLUSH_0, TWIN, FLUSH_1,
    COMMITTED, MIGRATE, CLEAR, PHASES
};

static struct {
    enum phase phase;
    bool asked;     /* for a flush, or the header; all phases but CHECK wait for it */
    unsigned area;  /* that the next checkpoint goes to */
    uint64_t blocks_id; /* in the area: of the first pot, or page */
    uint32_t blocks_sent;
    uint32_t placed, passed; /* of the order: those with a block; those that were sent */
    uint64_t interval_ticks, due;
    uint64_t frozen_at, span; /* the last freeze; from one to the end of its migration */
    uint64_t step_cycles; /* when the present step began */
    uint64_t resume;      /* time at which the next one is due; 0: it waits for an answer */
    bool forced;          /* one was asked for */
    struct batch *filling; /* NULL: none */
    struct ckpt_header header; /* of the checkpoint under way, else of the newest */
} checkpoint;
struct checkpoint_facts checkpoint_facts;

bool checkpoint_full(void)
{
    return checkpoint_facts.able && !(area_room(false) && pages_room(false) && nodes_room(false));
}

bool checkpoint_no_space(void)
{
    return !checkpoint_facts.able && !operation_room();
}

static bool anything_dirty(void)
{
    return object_changes.dirty_pages || object_changes.dirty_nodes ||
           directory_count(DIRECTORY_WORKING);
}

static bool freeze_due(void)
{
    bool due = anything_dirty() && (arch_time() >= checkpoint.due || !area_room(true));
    return checkpoint.forced || due;
}

bool checkpoint_step_due(void)
{
    return checkpoint_facts.able && arch_time() >= checkpoint.resume &&
           (checkpoint.phase != IDLE || checkpoint.resume || freeze_due() || pageout_due());
}

uint64_t checkpoint_alarm(void)
{
    bool waits = checkpoint_facts.able && checkpoint.phase == IDLE && anything_dirty();
    if (checkpoint.resume)
        return checkpoint.resume;
    return waits ? checkpoint.due : UINT64_MAX;
}

bool checkpoint_time_is_up(void)
{
    return arch_cycles() - checkpoint.step_cycles >= STEP_CYCLES;
}

uint64_t checkpoint_generation_of(uint64_t location)
{
    return checkpoint_facts.generation + (AREA_ID_AREA(location) == checkpoint.area);
}

uint64_t checkpoint_shadow(void)
{
    return SHADOW_ID(checkpoint.header.directory_block[1]);
}

uint64_t checkpoint_force(void)
{
    if (!checkpoint_facts.able)
        return 0;
    checkpoint.forced = true;
    return checkpoint.header.generation + 1;
}

bool checkpoint_can_go_on(void)
{
    return checkpoint.resume ||
           (checkpoint.phase == IDLE && checkpoint_step_due() && batches_done());
}

uint64_t checkpoint_phase(void)
{
    if (checkpoint.phase == IDLE)
        return 0;
    if (checkpoint.phase <= DIRECTORY)
        return checkpoint.phase < DIRECTORY ? TRACE_PHASE_WRITE_OUT : TRACE_PHASE_DIRECTORY;
    return checkpoint.phase < MIGRATE ? TRACE_PHASE_COMMIT : TRACE_PHASE_MIGRATE;
}

/* From one freeze to the next: as was asked for, but so long that there is time left after the last
 * migration; INTERVAL_STRETCH times as long at most. */
static uint64_t interval(void)
{
    uint64_t tuned = checkpoint.span + checkpoint.span / 3;
    tuned = least(tuned, INTERVAL_STRETCH * checkpoint.interval_ticks);
    return tuned > checkpoint.interval_ticks ? tuned : checkpoint.interval_ticks;
}

static void due_set(void)
{
    checkpoint.due = checkpoint.interval_ticks ? checkpoint.frozen_at + interval() : UINT64_MAX;
}

COLD static const char *why_unable(void)
{
    struct volume_home home;
    uint64_t blocks = area_size(0), other = area_size(1);
    uint32_t nodes = 3 * domains.count + meters.count + NODES_OF_OPERATION;
    area_init(least(blocks, other), nodes);
    if (!volume_writable())
        return "a disk of the store is read-only";
    for (unsigned place = 0; place < 2; place++)
        if (!volume_home_any(RANGE_CKPT_HEADER, place, &home))
            return "a place for the header is missing";
    checkpoint_facts.able = true;
    return checkpoint_full() ? "the areas or the memory are too small" : NULL;
}

COLD void checkpoint_start(const struct ckpt_header *header)
{
    checkpoint.header = *header;
    checkpoint_facts.generation = header->generation;
    checkpoint.area = 1 - header->area;
    area_begin(checkpoint.area);
}

COLD void checkpoint_restarted(void)
{
    if (directory_count(DIRECTORY_COMMITTED) == 0)
        return;
    checkpoint.phase = MIGRATE;
    checkpoint.resume = 1; /* at once */
    migrate_begin(checkpoint_facts.generation);
}

COLD void checkpoint_interval(uint64_t interval_ms)
{
    const char *unable = why_unable();
    if (unable)
        print_line("no checkpoints: %s", unable);
    checkpoint_facts.able = !unable;
    checkpoint_interval_set(interval_ms * (NS_PER_SECOND / 1000));
}

uint64_t checkpoint_interval_ns(void)
{
    return interval() * (NS_PER_SECOND / main_facts.timebase_hz);
}

void checkpoint_interval_set(uint64_t interval_ns)
{
    checkpoint.interval_ticks = interval_ns / (NS_PER_SECOND / main_facts.timebase_hz);
    checkpoint.frozen_at = arch_time();
    checkpoint.span = 0;
    due_set();
}

/* --- requests --- */

COLD void checkpoint_written(bool good)
{
    if (!good)
        halt("store: generation %lu cannot be written", checkpoint.header.generation);
}

static void one_answered(void *object, bool good)
{
    (void)object;
    checkpoint.asked = false;
    checkpoint_written(good);
}

/* Ask for a flush, after what was written before. */
static bool flush(void)
{
    checkpoint.asked = io_flush((struct io_owner){one_answered, NULL});
    return checkpoint.asked;
}

/* --- freeze --- */

/* If it is due. */
static bool freeze(void)
{
    if (!checkpoint_facts.able || !freeze_due() || !pageout_ended())
        return false;
    driver_trace(TRACE_PHASE_ENTER, TRACE_PHASE_FREEZE);
    kassert(directory_count(DIRECTORY_COMMITTED) == 0);
    sched_float_settle();
    domain_freeze_all();
    meter_freeze();
    pot_area_begin(area_next());
    object_nodes_freeze();
    object_pages_freeze();
    checkpoint.header.system_time_ns = timer_system_ns();
    checkpoint.header.calendar_ns = driver_calendar_ns();
    journal_freeze(&checkpoint.header);
    checkpoint.header.migrated_generation = checkpoint.header.generation;
    checkpoint.header.generation++;
    checkpoint.blocks_id = area_take(pot_area_count());
    checkpoint.blocks_sent = checkpoint.placed = checkpoint.passed = 0;
    area_frozen();
    checkpoint.forced = false;
    checkpoint.frozen_at = arch_time();
    due_set();
    count_one(CHECKPOINT);
    meter_start();
    driver_trace(TRACE_PHASE_LEAVE, TRACE_PHASE_FREEZE);
    return true;
}

/* --- write-out --- */

static bool nodes_keep(void)
{
    struct node_frame *node;
    while (pot_area_next(&node)) {
        if (node)
            object_node_keep(node);
        if (checkpoint_time_is_up())
            return false;
    }
    return true;
}

static bool sort(void)
{
    struct page_frame *page;
    while ((page = object_frozen_take()) != NULL) {
        struct directory_entry entry = object_page_entry(page);
        directory_enter(DIRECTORY_WORKING, &entry);
        if (entry.kind == DIRECTORY_ZERO_PAGE)
            object_page_written(page);
        if (checkpoint_time_is_up())
            return false;
    }
    directory_order_begin(DIRECTORY_WORKING);
    return true;
}

static bool order(void)
{
    while (!directory_order_ready())
        if (checkpoint_time_is_up())
            return false;
    return true;
}

/* The next of the order has its block and its checksum. false: there are no more. */
static bool page_place(void)
{
    const struct directory_entry *next = directory_order_next();
    if (next && next->kind == DIRECTORY_PAGE && !next->location) /* else it was paged out */
        batch_place_page(object_page_frozen(directory_id(next)), *next);
    checkpoint.placed += next != NULL;
    return next;
}

/* Pots, then pages by id; all that is in the directory is passed. false: there are no more. */
static bool block_add(struct batch *batch)
{
    if (checkpoint.blocks_sent < pot_area_count()) {
        void *pot = pot_area_seal(checkpoint.blocks_sent++, checkpoint.header.generation);
        batch_add(batch, pot, NULL);
        return true;
    }
    if (checkpoint.passed == checkpoint.placed && !page_place())
        return false;
    const struct directory_entry *entry = directory_ordered(checkpoint.passed++);
    if (entry->location == checkpoint.blocks_id + checkpoint.blocks_sent) {
        struct page_frame *page = object_page_writing(directory_id(entry));
        batch_add(batch, page->data, page);
        checkpoint.blocks_sent++;
    }
    return true;
}

/* All blocks are under way. false: there are more, or one batch is not full. While the disks are
 * busy with those before, pages are placed that will be sent later. */
static bool blocks_send(void)
{
    for (;;) {
        struct batch *batch = checkpoint.filling;
        if (!batch)
            batch = batch_take(checkpoint.blocks_id + checkpoint.blocks_sent);
        checkpoint.filling = batch;
        while (!batch) {
            if (checkpoint_time_is_up() || !page_place())
                return false;
        }
        bool more = true;
        while (more && batch->count < IO_BLOCKS_MAX) {
            if (checkpoint_time_is_up())
                return false;
            more = block_add(batch);
        }
        checkpoint.filling = NULL;
        batch_go(batch);
        if (!more)
            return true;
    }
}

static bool blocks_written(void)
{
    if (!batches_done())
        return false;
    uint64_t entries = directory_count(DIRECTORY_WORKING) + directory_count(DIRECTORY_OF_DOMAINS);
    checkpoint.header.directory_entries = entries;
    checkpoint.header.directory_blocks = area_directory_blocks(entries);
    checkpoint.header.directory_block[0] = area_take(checkpoint.header.directory_blocks);
    checkpoint.header.directory_block[1] = area_last(checkpoint.header.directory_blocks);
    listing_begin(&checkpoint.header);
    return true;
}

/* --- commit --- */

static bool header_write(void)
{
    void *source = &checkpoint.header;
    unsigned plexes = checkpoint.phase == TWIN ? IO_PLEXES - IO_PLEX(0) : IO_PLEX(0);
    checkpoint.asked = io_write(RANGE_CKPT_HEADER, CKPT_PLACE(checkpoint.header.generation),
                                &source, 1, plexes, (struct io_owner){one_answered, NULL}) > 0;
    return checkpoint.asked;
}

/* Both plexes get the same header, whatever becomes of a disk between them. */
static bool header_begin(void)
{
    struct ckpt_header *header = &checkpoint.header;
    header->area = checkpoint.area;
    header->disks_in_step = volume_in_step();
    header->disks_known |= volume_mounted();
    header->checksum = sum_after_own(header, SECTOR_BYTES,
                                  checksum_seed(CHECKSUM_CKPT_HEADER, header->generation));
    return header_write();
}

/* The header is durable, in its second plex too, for the disk of the first may have failed: from
 * now on a restart finds generation g + 1. */
static bool committed(void)
{
    directory_commit();
    checkpoint_facts.generation = checkpoint.header.generation;
    checkpoint.area = 1 - checkpoint.area;
    area_begin(checkpoint.area);
    pot_area_forget();
    journal_committed();
    sched_wake_all(&checkpoint_facts.waiters);
    driver_trace(TRACE_COMMITTED, checkpoint.header.generation);
    migrate_begin(checkpoint.header.generation);
    return true;
}

static bool cleared(void)
{
    while (!directory_clear_some(DIRECTORY_COMMITTED))
        if (checkpoint_time_is_up())
            return false;
    checkpoint.span = arch_time() - checkpoint.frozen_at;
    due_set();
    sched_wake_all(&sched.memory_waiters);
    return true;
}

/* While nothing is frozen, objects go to the area if memory is short. If none can, a checkpoint
 * makes clean frames. */
static void pages_out(void)
{
    if (!checkpoint_facts.able || (checkpoint.phase != IDLE && checkpoint.phase != MIGRATE))
        return;
    if (!pageout_due())
        (void)pageout_ended();
    else if (!pageout_step() && pageout_due() && checkpoint.phase == IDLE)
        checkpoint.forced = true;
}

/* What a phase has to do before the next. false: it waits for something. What the CHECK finds wrong
 * in memory may have been so at the freeze. */
static bool (*const phases[PHASES])(void) = {[IDLE] = freeze,
                                             [NODES] = nodes_keep,
                                             [SORT] = sort,
                                             [ORDER] = order,
                                             [SEND] = blocks_send,
                                             [WRITE] = blocks_written,
                                             [DIRECTORY] = listing_write,
                                             [FLUSH] = flush,
                                             [CHECK] = check_some,
                                             [HEADER] = header_begin,
                                             [FLUSH_0] = flush,
                                             [TWIN] = header_write,
                                             [FLUSH_1] = flush,
                                             [COMMITTED] = committed,
                                             [MIGRATE] = migrate_step,
                                             [CLEAR] = cleared};

static void phase_end(void)
{
    uint64_t old = checkpoint_phase();
    checkpoint.phase = checkpoint.phase == CLEAR ? IDLE : checkpoint.phase + 1;
    uint64_t new = checkpoint_phase();
    if (old != new && old != 0)
        driver_trace(TRACE_PHASE_LEAVE, old);
    if (old != new && new != 0)
        driver_trace(TRACE_PHASE_ENTER, new);
}

COLD void checkpoint_step(void)
{
    bool frozen = false;
    checkpoint.step_cycles = arch_cycles();
    do {
        batches_send();
        pages_out();
        while (!frozen && (!checkpoint.asked || checkpoint.phase == CHECK) &&
               phases[checkpoint.phase]()) {
            frozen = checkpoint.phase == IDLE; /* domains have waited for this: they run now */
            phase_end();
        }
        if (io_due()) /* what needed no disk was answered at once */
            sched_devices_poll();
        else if (!checkpoint_time_is_up())
            break;
    } while (!frozen && !checkpoint_time_is_up());
    bool goes_on = frozen || checkpoint_time_is_up();
    checkpoint.resume = goes_on ? arch_time() + TURN_TICKS : 0;
}
