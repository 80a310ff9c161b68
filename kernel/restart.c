/* SPDX-License-Identifier: GPL-2.0-or-later */
/* restart.c - reads checkpoint headers and the directory of the newest valid one. Called once by
 * main; calls volume, io, directory, journal, object, sched. Format: disks/format.h.
 *
 * Invariants
 *  1. The valid header with the highest generation wins; either copy of its directory will do.
 *  2. Every domain that the directory lists as running, and whose node says so, is made ready once.
 */
#include "kernel/restart.h"

#include "disks/checksum.h"
#include "kernel/checkpoint.h"
#include "kernel/directory.h"
#include "kernel/io.h"
#include "kernel/journal.h"
#include "kernel/object.h"
#include "kernel/print.h"
#include "kernel/resync.h"
#include "kernel/sched.h"
#include "kernel/sum.h"
#include "kernel/volume.h"

static struct {
    struct ckpt_header header; /* the newest valid one */
    unsigned plexes;           /* that have it */
    unsigned places;           /* bit n: place n has a valid header */
    struct directory_block block __attribute__((aligned(16))); /* the one being read */
} restarted;

uint64_t restart_time_ns(void)
{
    return restarted.header.system_time_ns;
}

static bool header_valid(const struct ckpt_header *header)
{
    return memcmp(header->magic, CKPT_MAGIC, sizeof(header->magic)) == 0 &&
           header->version == FORMAT_VERSION && header->area < 2 && header->generation > 0 &&
           header->checksum == sum_after_own(header, SECTOR_BYTES,
                                          checksum_seed(CHECKSUM_CKPT_HEADER, header->generation));
}

/* The newest header of all places. */
static void headers_read(void)
{
    const struct volume_range *range;
    uint8_t disk;
    for (unsigned i = 0; (range = volume_range_at(i, &disk)) != NULL; i++) {
        if (range->kind != RANGE_CKPT_HEADER ||
            !io_volume_wait(disk, range->start_block, &restarted.block))
            continue;
        const struct ckpt_header *header = (const struct ckpt_header *)&restarted.block;
        if (!header_valid(header))
            continue;
        restarted.places |= 1u << CKPT_PLACE(header->generation);
        if (header->generation < restarted.header.generation)
            continue;
        if (header->generation > restarted.header.generation) {
            restarted.header = *header;
            restarted.plexes = 0;
        }
        restarted.plexes |= IO_PLEX(range->plex);
    }
}

/* Once homes are written again, nothing but the newest header will do: it gets its second plex. The
 * stream goes on from it. */
static void header_complete(void)
{
    void *source = &restarted.header;
    unsigned missing = IO_PLEXES & ~restarted.plexes;
    if (missing && volume_writable())
        (void)!io_write(RANGE_CKPT_HEADER, CKPT_PLACE(restarted.header.generation), &source, 1,
                        missing, (struct io_owner){NULL, NULL});
}

/* Either plex will do; what is wrong with it then is the copy's own fault. */
static bool directory_block_read(uint64_t location, uint32_t sequence)
{
    const struct directory_block *block = &restarted.block;
    uint64_t generation = restarted.header.generation;
    struct io_check check = {.how = IO_CHECK_OWN,
                             .seed = checksum_seed(CHECKSUM_DIRECTORY, generation)};
    return io_read_wait(RANGE_CKPT_AREA, location, &restarted.block, &check) &&
           block->generation == generation && block->sequence == sequence &&
           block->entry_count <= DIRECTORY_ENTRIES;
}

static const char *entry_problem(const struct directory_entry *entry)
{
    struct volume_home home;
    if (entry->kind == 0 || entry->kind > DIRECTORY_RUNNING || entry->index >= POT_NODES)
        return "an entry of the checkpoint directory is not one";
    if ((entry->kind == DIRECTORY_NODE || entry->kind == DIRECTORY_PAGE) &&
        !volume_home_any(RANGE_CKPT_AREA, entry->location, &home))
        return "the checkpoint directory leads out of its area";
    return NULL;
}

static const char *directory_entries_take(void)
{
    for (uint32_t i = 0; i < restarted.block.entry_count; i++) {
        const struct directory_entry *entry = &restarted.block.entries[i];
        const char *problem = entry_problem(entry);
        if (problem)
            return problem;
        if (!directory_put(entry->kind == DIRECTORY_RUNNING ? DIRECTORY_OF_DOMAINS
                                                            : DIRECTORY_COMMITTED, entry))
            return "the checkpoint has more objects than this memory has room for";
    }
    return NULL;
}

/* One copy of the directory. */
static const char *directory_read(unsigned copy)
{
    uint64_t location = restarted.header.directory_block[copy];
    directory_clear(DIRECTORY_COMMITTED);
    directory_clear(DIRECTORY_OF_DOMAINS);
    for (uint32_t sequence = 0; sequence < restarted.header.directory_blocks; sequence++) {
        if (!directory_block_read(location, sequence))
            return "no copy of the checkpoint directory can be read";
        const char *problem = directory_entries_take();
        if (problem)
            return problem;
        location = restarted.block.next_block;
    }
    return NULL;
}

static void domain_start(uint64_t object_id, bool device_wait)
{
    struct node_frame *root = NULL;
    enum fetch fetch;
    while ((fetch = object_node(object_id, &root)) == FETCH_STALL)
        (void)io_poll();
    if (fetch == FETCH_VOID) {
        print_line("domain %lu: its root node cannot be read", object_id);
        return;
    }
    const struct key *state = &root->slots[DOMAIN_SLOT_STATE];
    if (state->head != 0 || state->count != DOMAIN_RUNNING || root->link.queue)
        return;
    root->restarted = device_wait;
    sched_ready(root);
}

const char *restart(void)
{
    const char *problem = volume_init();
    if (problem)
        return problem;
    headers_read();
    if (restarted.header.generation == 0)
        return "no valid checkpoint header";
    if (restarted.header.generation > 1 && restarted.places != 3)
        return "a newer checkpoint may be lost: its headers are bad";
    volume_in_step_set((uint32_t)restarted.header.disks_in_step, restarted.header.generation);
    uint32_t here = volume_mounted() | 1u << VOLUME_STREAM;
    uint32_t away = (uint32_t)restarted.header.disks_known & ~here;
    if (away)
        print_line("store: disks %x are away; they may be newer", away);
    header_complete();
    resync_begin();
    resync_step();
    checkpoint_start(&restarted.header);
    problem = directory_read(0);
    if (problem)
        problem = directory_read(1);
    if (!problem)
        problem = journal_replay(&restarted.header, &restarted.block);
    if (problem)
        return problem;
    checkpoint_restarted();
    if (directory_count(DIRECTORY_OF_DOMAINS) + LIMIT_NODES_MIN / 2 > objects.node_count)
        return "more domains ran than this memory has room for";
    const struct directory_entry *entry;
    uint32_t cursor = 0;
    while ((entry = directory_next(DIRECTORY_OF_DOMAINS, &cursor)) != NULL)
        domain_start(directory_id(entry), entry->index == DIRECTORY_DEVICE_WAIT);
    return NULL;
}
