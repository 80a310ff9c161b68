/* SPDX-License-Identifier: GPL-2.0-or-later */
/* record.h - a recorded run in memory: what the machine was made from, and all that came to it from
 * outside, in order. On disk it is a trace: record_format.h.
 *
 * Filled by record_read.c (from a file) and by timeline.c (as it happens); carried out by
 * timeline.c.
 *
 * Invariants
 *  1. Entries are a program: RECORD_RUN brings the machine to a position, everything else is done
 *     or compared there. Positions do not decrease.
 *  2. What a record holds is within the bounds below, whatever file it came from.
 */
#ifndef LATCHKEY_EMULATOR_RECORD_H
#define LATCHKEY_EMULATOR_RECORD_H

#include "emulator/machine.h"

#define RECORD_TEXT_BYTES 4096u    /* of a path or version, NUL included */
#define RECORD_APPEND_BYTES 65536u /* of --append */
#define RECORD_FAULTS_MAX (BOARD_DISK_COUNT_MAX * DISK_FAULTS_MAX)
#define RECORD_CLUSTER_SECTORS 8u  /* what is kept of a disk from before the run, at once */
#define RECORD_CLUSTER_BYTES (RECORD_CLUSTER_SECTORS * DISK_SECTOR_BYTES)

enum record_kind {
    RECORD_RUN = 1, /* go on to a position */
    RECORD_INPUT,
    RECORD_CUT,
    RECORD_RESET,
    RECORD_FAULT,
    RECORD_REPAIR,
    RECORD_FLUSH,   /* disks' caches to their media, without time */
    RECORD_REFUSED, /* the host refused a disk one read, write or sync */
    RECORD_GLANCE,  /* machine_glance() */
    RECORD_MARK,    /* machine_mark() */
    RECORD_END,     /* the recording ended in order */
    RECORD_KIND_COUNT
};

struct record_entry {
    enum record_kind kind;
    union {
        struct machine_position run;
        struct machine_input input;
        struct power_cut cut;
        struct machine_fault fault;
        unsigned disk; /* REPAIR */
        struct {
            unsigned disk;
            uint64_t operation; /* the how-manieth of this disk's reads, writes and syncs, from 0 */
        } refused;
        uint64_t glance;
        size_t mark; /* where its hashes begin in hashes[] */
    };
};

struct record_disk {
    char path[RECORD_TEXT_BYTES];
    char overlay[RECORD_TEXT_BYTES]; /* "": none */
    enum disk_timing timing;
    bool write_through, read_only;
    uint64_t sector_count;
    struct digest digest; /* of what was on it before the run: record_media.h */
};

/* What the machine was made from. */
struct record_head {
    char version[RECORD_TEXT_BYTES]; /* LATCHKEY_VERSION */
    uint32_t engine_version;         /* struct cpu_facts */
    struct digest program;           /* of the program's file; zeros: unknown */
    char kernel_path[RECORD_TEXT_BYTES];
    struct digest kernel;
    char initrd_path[RECORD_TEXT_BYTES]; /* "": none */
    struct digest initrd;
    char *append; /* owned; NULL: none */
    uint64_t ram_bytes, seed, clock_hz;
    uint32_t display_width, display_height;
    bool amnesia, check;
    enum timing_model timing;
    uint64_t mark_spacing;   /* in instructions; a mark is never further from the one before, if
                              * who drove the run kept to recorder_next() */
    uint64_t glance_spacing; /* the same of glances */
    unsigned disk_count;
    struct record_disk disks[BOARD_DISK_COUNT_MAX];
    unsigned fault_count;
    struct machine_fault *faults; /* owned; at power-on */
};

/* A file that is packed into the trace. */
struct record_file {
    uint8_t *data; /* owned; NULL: not packed in */
    size_t size_bytes;
};

/* RECORD_CLUSTER_SECTORS sectors of a disk; fewer at its end. */
struct record_cluster {
    unsigned disk;
    uint64_t index;
    uint8_t *data; /* owned; RECORD_CLUSTER_BYTES */
};

struct record {
    struct record_head head;
    struct record_entry *entries;
    size_t entry_count, entry_capacity;
    uint64_t *hashes; /* of marks: record_parts() each */
    size_t hash_count, hash_capacity;
    /* Of disks that the run itself changed: what was there before. In bundles: all that is not
     * zero. */
    struct record_cluster *clusters;
    size_t cluster_count, cluster_capacity;
    bool bundled; /* clusters are whole disks, and files are here */
    struct record_file kernel, initrd;
    bool complete; /* the end was there */
};

/* record_init - empty. record_finish - free what it holds. */
void record_init(struct record *record);
void record_finish(struct record *record); /* a zeroed one is fine */
/* record_add - append an entry; copied. hashes: of a RECORD_MARK, copied too; else NULL. */
void record_add(struct record *record, const struct record_entry *entry, const uint64_t *hashes);
/* record_cut_off - entry `count` and all after it are forgotten. */
void record_cut_off(struct record *record, size_t count);
/* record_cluster_add - copies data. */
void record_cluster_add(struct record *record, unsigned disk, uint64_t index,
                        const uint8_t data[RECORD_CLUSTER_BYTES]);
/* record_parts - hashes of each mark. */
uint32_t record_parts(const struct record *record);
/* record_last - the last position; zeros when there is none. */
struct machine_position record_last(const struct record *record);

#endif
