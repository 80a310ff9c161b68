/* SPDX-License-Identifier: GPL-2.0-or-later */
/* volume.h - the volumes of the store: which block of which disk is the home of an object.
 *
 * Invariants
 *  1. Every range in the table was checked against its volume's size when it was read.
 *  2. A range that is not in step (its disk failed, or was away while the other plex changed) is
 *     neither read nor written; one that is being brought in step is written, and not read.
 *  3. A disk leaves only if all that a checkpoint needs of it (areas, headers, journal) is in step
 *     on other disks. A page or node whose home went with it stays in the checkpoint (migrate.h).
 */
#ifndef LATCHKEY_KERNEL_VOLUME_H
#define LATCHKEY_KERNEL_VOLUME_H

#include "kernel/base.h"
#include "kernel/limits.h"

#define VOLUME_PLEXES 2u

struct volume_home {
    uint8_t disk;
    uint64_t block;
    uint64_t run;      /* blocks from there to the end of the range */
    uint64_t first_id; /* of the pot; the id itself for a page */
};

/* volume_init - read the headers of all disks. NULL, or one line that says why there is no
 * store. */
const char *volume_init(void);
/* volume_home - where a copy of an object (or of its pot) lies. false: no such id in that plex, or
 * it is not in step. */
MUST_CHECK bool volume_home(enum range_kind kind, uint64_t object_id, unsigned plex,
                            struct volume_home *home);
/* volume_home_any - the same, in the first plex that has it. */
MUST_CHECK bool volume_home_any(enum range_kind kind, uint64_t object_id,
                                struct volume_home *home);
/* volume_home_written - as volume_home(), or that copy is being brought in step. */
MUST_CHECK bool volume_home_written(enum range_kind kind, uint64_t object_id, unsigned plex,
                                    struct volume_home *home);
/* volume_stream - where so many blocks of an area or of the journal, or the header, of a generation
 * go on the stream (disks/format.h). false: there is none, or that is not for it. */
MUST_CHECK bool volume_stream(enum range_kind kind, uint64_t id, unsigned count,
                              uint64_t generation, struct volume_home *home);
/* volume_streams - is there a stream? goes_on false: then no longer, for it will miss something. */
bool volume_streams(bool goes_on);
/* volume_run - so many blocks from this one on are on the same disks: those that have left too. */
uint64_t volume_run(enum range_kind kind, uint64_t object_id);
/* volume_range_at - the index-th range over all volumes; NULL past the end. */
const struct volume_range *volume_range_at(unsigned index, uint8_t *disk);
/* volume_kind_name - for messages. */
const char *volume_kind_name(enum range_kind kind);

/* volume_in_step - bit per disk index: all that is there is up to date. volume_changes - so often
 * has a range come into step, or left it. */
uint32_t volume_in_step(void);
unsigned volume_changes(void);
/* volume_mounted - bit per disk index: it is there. */
uint32_t volume_mounted(void);
/* volume_in_step_set - what the newest checkpoint header, of this generation, says of it. A disk
 * whose own header is newer has taken the place of the one that was meant. */
void volume_in_step_set(uint32_t mask, uint64_t generation);
/* volume_copy_begin - from now on what is in step on other disks, and not here, is written here
 * too. Returns how many ranges that are. volume_copying - is that range one of them?
 * volume_copy_end - those that did not fail hold what the others do: they are in step. Returns how
 * many. */
unsigned volume_copy_begin(void);
bool volume_copying(unsigned index);
unsigned volume_copy_end(void);
/* volume_disk_used - part of the store, with something on it that is written. */
bool volume_disk_used(unsigned disk);
/* volume_writable - no disk that is used is read-only. */
bool volume_writable(void);
/* volume_disk_failed - a write or flush failed. The disk leaves; false: it cannot, for there is no
 * other that could take its place. */
bool volume_disk_failed(unsigned disk);

#endif
