/* SPDX-License-Identifier: GPL-2.0-or-later */
/* disk_fault.h - what can go wrong with a disk, as a list of faults with place and time.
 *
 * Who calls: disk.c, which writes to the media through here and asks before it reads;
 * disk_state.c; and through disk.h whoever wants a disk to fail.
 *
 * Invariants
 *  1. A fault acts on what the disk does at its time or later, and on nothing before. Without a
 *     fault whose time has come the media is what was written.
 *  2. Faults are a part of the disk's saved state; they outlive resets and power cuts.
 *  3. A fault that has had its effect is gone: a flip that was made, a write that was lost or went
 *     astray, an unreadable sector that was written. Only a dead disk stays one.
 */
#ifndef LATCHKEY_DEVICES_DISK_FAULT_H
#define LATCHKEY_DEVICES_DISK_FAULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "emulator/base/bytes.h"

enum disk_fault_kind {
    DISK_FAULT_UNREADABLE,  /* reads of the sector fail, until it is written whole */
    DISK_FAULT_FLIP,        /* a bit of the sector on the media is inverted */
    DISK_FAULT_LOST,        /* the next write of the sector is said to be done, and is not */
    DISK_FAULT_MISDIRECTED, /* the next write of the sector goes to another one */
    DISK_FAULT_DEAD,        /* every request fails, and the cache is lost */
    DISK_FAULT_KINDS
};

struct disk_fault {
    enum disk_fault_kind kind;
    uint64_t time_ns;  /* virtual; in the past means now */
    uint64_t sector;   /* not of a dead disk */
    uint64_t argument; /* FLIP: which bit, 0..4095; MISDIRECTED: the sector that is written */
};

#define DISK_FAULTS_MAX 1024u

struct disk_faults {
    struct disk_fault list[DISK_FAULTS_MAX]; /* in the order in which they were added */
    uint32_t count;
    bool dead;       /* a DISK_FAULT_DEAD has come */
    uint64_t now_ns; /* up to when they have been looked at */
};

struct disk;

/* disk_fault_name - "unreadable", ...; NULL past the end. */
const char *disk_fault_name(enum disk_fault_kind kind);
/* disk_fault_add - from its time on, this is so. false: it is none of this disk, or the list is
 * full. */
bool disk_fault_add(struct disk *disk, const struct disk_fault *fault);
/* disk_faults_clear - the disk is as good as new, with what is on its media. */
void disk_faults_clear(struct disk *disk);
/* disk_faults_due - bring the media and the disk to what they are at now_ns. false: the host
 * refused. */
bool disk_faults_due(struct disk *disk, uint64_t now_ns);

/* disk_sector_readable - can the media give this sector? */
bool disk_sector_readable(const struct disk *disk, uint64_t sector);
/* disk_media_write - write sectors to the media, as far as no fault comes between. false: the disk
 * is dead, or the host refused. */
bool disk_media_write(struct disk *disk, uint64_t sector, const uint8_t *source,
                      uint32_t sector_count);

/* disk_faults_save, disk_faults_load - all of it; load fails the reader on faults that no disk of
 * sector_count sectors can have. */
void disk_faults_save(const struct disk_faults *faults, struct byte_writer *writer);
void disk_faults_load(struct disk_faults *faults, uint64_t sector_count,
                      struct byte_reader *reader);

#endif
