/* SPDX-License-Identifier: GPL-2.0-or-later */
/* campaign_media.h - the media of a machine or a judge that does not know yet which case it is in.
 *
 * It begins with a set of cases. As long as all of them hold the same in what is read, one process
 * stands for all. When a read meets a sector where they differ, the process forks: each child goes
 * on, inside the same read, with those cases that hold the same there. So each way in which a
 * restart can go is gone once, whatever the number of cases, and none is left out: cases that are
 * never told apart end together. What is written lies over all that and is nobody else's.
 *
 * Used by campaign_unit.c, which gives it its cases, campaign_machine.c, which runs a machine on
 * it, and campaign_judge.c, which reads it.
 *
 * Invariants
 *  1. Of a set that splits, the largest part stays in the parent, which waits for each child: so at
 *     most log2(cases) processes of one set are alive, one of them running.
 *  2. history is a function of the case alone: it does not depend on which others were in the set.
 */
#ifndef LATCHKEY_EMULATOR_CAMPAIGN_MEDIA_H
#define LATCHKEY_EMULATOR_CAMPAIGN_MEDIA_H

#include <sys/types.h>

#include "emulator/campaign_layout.h"

/* Sectors by disk and number. */
struct campaign_sectors {
    uint64_t *keys; /* of the slots */
    uint32_t *table;
    uint8_t *data; /* of the slots */
    size_t count, capacity, table_size;
};

/* What a sector of the journal held before a write that is not flushed yet. */
struct campaign_undo {
    uint64_t key;
    uint32_t write; /* number of the write since the last flush of all */
    uint8_t data[DISK_SECTOR_BYTES];
};

struct campaign_media;

struct campaign_media_disk {
    struct campaign_media *media;
    unsigned index;
    struct disk_store store;
    struct disk_observer observer;
};

struct campaign_media {
    const struct campaign_view *below; /* of what no case changes */
    const struct campaign_index *index; /* NULL: there are no cases; below is all */
    const struct campaign_case *cases;
    uint32_t *members; /* of cases: those that this process still stands for */
    uint32_t member_count;
    bool *decided; /* by number in the index: members agree, and history has it */
    bool lives[BOARD_DISK_COUNT_MAX]; /* members agree that this disk does ... */
    bool dead[BOARD_DISK_COUNT_MAX];  /* ... or does not, and history has it */
    uint64_t history; /* of what was read of changed sectors */
    uint64_t reads;   /* so far */
    bool host_failed; /* a fork was refused, or a child was ended from outside */
    struct campaign_sectors written; /* by this run, on the media */
    struct campaign_sectors newest;  /* by this run, on the media or in a cache; while logging */
    struct campaign_media_disk disks[BOARD_DISK_COUNT_MAX];

    /* While logging: where to, what lies where, and who says when it is. */
    struct campaign_log *log;
    const struct campaign_layout *layout;
    void *context;
    void (*stamp)(void *context, struct campaign_record *record);
    void (*flushed)(void *context); /* after a flush, and between writes; NULL: nobody asks */
    struct campaign_undo *undo; /* oldest first */
    size_t undo_count, undo_capacity;
    uint32_t undo_writes;
    uint32_t undone; /* so many of these writes, the last, are read as if they were lost */
    bool unflushed;  /* what can change what a restart sees was written since */

    /* Who is told when the guest sends a write; NULL: nobody. */
    void *sent_context;
    void (*sent)(void *sent_context, unsigned disk, uint64_t sector, uint32_t sector_count);
};

/* campaign_media_open - media that hold what below does. Must not move while open. */
void campaign_media_open(struct campaign_media *media, const struct campaign_view *below);
void campaign_media_close(struct campaign_media *media); /* a zeroed one is fine */
/* campaign_media_doubt - they hold what one of these cases does; before the first read. index's
 * below must be media's. members are numbers of cases, and are copied. */
void campaign_media_doubt(struct campaign_media *media, const struct campaign_index *index,
                          const struct campaign_case *cases, const uint32_t *members,
                          uint32_t member_count);
/* campaign_media_lives - does a disk answer at all? May fork. */
bool campaign_media_lives(struct campaign_media *media, unsigned disk);
/* campaign_media_read - sectors as a machine would see them; may fork. newest: with what is still
 * in caches, while logging. false: unreadable, or the host failed. */
bool campaign_media_read(struct campaign_media *media, unsigned disk, uint64_t sector,
                         void *target, size_t sector_count, bool newest);

/* How a process that judges ended. One that fell over what it read says nothing of its cases: they
 * stay unjudged, which is a finding, and the others go on. */
enum campaign_child { CHILD_GOOD, CHILD_FELL, CHILD_LOST };
/* campaign_child_wait - until it has ended. LOST: the host, or somebody, ended it. */
enum campaign_child campaign_child_wait(pid_t child);

#endif
