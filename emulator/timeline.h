/* SPDX-License-Identifier: GPL-2.0-or-later */
/* timeline.h - a machine and all it went through: forward, back, and on from there.
 *
 * The history is a record (record.h): from a trace, or written here as it happens. Going forward
 * carries it out; going back takes a snapshot from before and goes forward from there. After
 * timeline_branch() what came after the present is forgotten, and what the caller does to the
 * machine from then on is the history.
 *
 * Made by replay.c and history.c; also used by bundle.c, divergence.c, gdb_move.c, gdb_monitor.c,
 * by session.c, session_past.c, view_past.c, replay_command.c and profile_command.c of frontend/,
 * by bench and tests. Calls the machine, snapshot.c and layers.c.
 *
 * Invariants
 *  1. At each position the machine is as it was when it came there first.
 *  2. Snapshots and layers take no more than the budget, but for the two snapshots that are always
 *     kept (the first, and the newest not after the present) and the layers that these need. With
 *     config.forgets another may become the first.
 *  3. Snapshots are the denser the nearer they are to the present: their number grows with the
 *     logarithm of the way.
 */
#ifndef LATCHKEY_EMULATOR_TIMELINE_H
#define LATCHKEY_EMULATOR_TIMELINE_H

#include "emulator/layers.h"
#include "emulator/record.h"

struct timeline;

/* What else goes back and forth with the machine: it is asked for its place when a snapshot is
 * taken, and told when the machine goes back to one. */
struct timeline_follower {
    void *context; /* kept NULL: nobody */
    uint64_t (*kept)(void *context);
    void (*went)(void *context, uint64_t place);
};

struct timeline_config {
    struct machine *machine; /* at power-on, made as the record's head says; its disks' media are */
    struct layers *layers[BOARD_DISK_COUNT_MAX]; /* these. Both borrowed */
    unsigned disk_count;
    struct record *record; /* borrowed; changed by timeline_branch() and after it */
    size_t budget_bytes;   /* 0: no snapshots but the first */
    uint64_t spacing;      /* of snapshots going forward, in instructions; 0: TIMELINE_SPACING */
    bool check;            /* compare glances and marks on the way */
    /* The beginning is forgotten too, when snapshots are few and what is kept of the disks takes
     * half the budget. */
    bool forgets;
    struct timeline_follower follower;
};
#define TIMELINE_SPACING (1ull << 26) /* a tenth of a second or two to go forward */

#define TIMELINE_PARTS_SHOWN 8u
/* Where the machine is not what the record says. */
struct timeline_difference {
    bool found;
    struct machine_position agreed, differed; /* the last mark, and the first place that is bad */
    uint64_t glanced; /* up to here the hart was the same, but RAM may have differed */
    uint64_t parts_count; /* that differ; of a glance 1, the hart */
    uint32_t parts[TIMELINE_PARTS_SHOWN]; /* the first of them: mark_name() */
    bool position;        /* it did not come to the place at all: no parts, but */
    struct machine_position expected; /* where the record has it */
};

/* timeline_create - takes the first snapshot. */
struct timeline *timeline_create(const struct timeline_config *config);
void timeline_destroy(struct timeline *timeline); /* not the machine; NULL is fine */

enum timeline_reason {
    TIMELINE_STOPPED, /* something of until; machine says what */
    TIMELINE_END,     /* there is no more history */
};
struct timeline_stop {
    enum timeline_reason reason;
    struct machine_stop machine;
};
/* timeline_run - go forward. until->instructions is exact; an entry of the history at the place
 * where it stops is not carried out yet.
 *
 * Errors   ERROR_FORMAT the machine went another way than the record (timeline_difference()), or
 *          cannot go on; only timeline_seek() and timeline_destroy() then.
 */
MUST_CHECK bool timeline_run(struct timeline *timeline, const struct machine_until *until,
                             struct timeline_stop *stop, struct error *error);
/* timeline_carry_out - go forward until the entries before this one are carried out. Errors: as
 * timeline_run(). */
MUST_CHECK bool timeline_carry_out(struct timeline *timeline, size_t entry, struct error *error);
/* timeline_seek - to where this number of instructions was reached first, back or forward.
 *
 * Errors   ERROR_LIMIT it is not in the history; as timeline_run().
 */
MUST_CHECK bool timeline_seek(struct timeline *timeline, uint64_t instructions,
                              struct error *error);
/* timeline_seek_time - to the first place at or after this virtual time, back or forward; to the
 * end when it is later. Errors: ERROR_LIMIT it is before the beginning; as timeline_run(). */
MUST_CHECK bool timeline_seek_time(struct timeline *timeline, uint64_t time_ns,
                                   struct error *error);
/* timeline_seek_end - to the end, all of the history carried out. Errors: as timeline_run(). */
MUST_CHECK bool timeline_seek_end(struct timeline *timeline, struct error *error);
/* timeline_begin_ns, timeline_end_ns - of the history, in virtual time. */
uint64_t timeline_begin_ns(const struct timeline *timeline);
uint64_t timeline_end_ns(const struct timeline *timeline);
/* timeline_begin, timeline_end - of the history, in instructions. */
uint64_t timeline_begin(const struct timeline *timeline);
uint64_t timeline_end(const struct timeline *timeline);
/* timeline_at_end - nothing of the history is left to be carried out. */
bool timeline_at_end(const struct timeline *timeline);
/* timeline_spacing - of snapshots, from now on; 0: TIMELINE_SPACING. */
void timeline_spacing(struct timeline *timeline, uint64_t spacing);
/* timeline_check - from now on, compare or do not. */
void timeline_check(struct timeline *timeline, bool check);
const struct timeline_difference *timeline_difference(const struct timeline *timeline);

/* timeline_branch - forget all after the present: what is done to the machine from now on (runs,
 * input, cuts) is the history. For disks that are in memory, or in images that nobody else sees. */
void timeline_branch(struct timeline *timeline);
/* timeline_continue - timeline_branch() where images follow the disks (layers_create_live()): they
 * are made what the disks are here, and follow again.
 *
 * Errors  ERROR_IO the host refused. The present is still what it was, and can be left by a seek
 *         back; an image may be neither what it was nor what it should be (layers.h).
 */
MUST_CHECK bool timeline_continue(struct timeline *timeline, struct error *error);
/* timeline_visit - between runs of a machine that makes history: takes a snapshot when one is due,
 * so call it some times a second. */
void timeline_visit(struct timeline *timeline);
/* timeline_live - what is done to the machine is the history; not after a seek. */
bool timeline_live(const struct timeline *timeline);

/* timeline_machine - that of its configuration. */
struct machine *timeline_machine(struct timeline *timeline);
/* timeline_entry - which entry of the record is next. */
size_t timeline_entry(const struct timeline *timeline);
/* timeline_acted - how many entries were carried out up to the last one that did something to the
 * machine. */
size_t timeline_acted(const struct timeline *timeline);
/* timeline_bytes, timeline_snapshots - what the budget is about. */
size_t timeline_bytes(const struct timeline *timeline);
size_t timeline_snapshots(const struct timeline *timeline);

/* A place in a history, to be taken over by another timeline with an equal machine and record. */
struct timeline_state {
    struct byte_writer machine; /* writer_finish() it */
    size_t entry;
    struct machine_position position;
    struct layers_place places[BOARD_DISK_COUNT_MAX];
};
void timeline_save(struct timeline *timeline, struct timeline_state *state);
MUST_CHECK bool timeline_load(struct timeline *timeline, const struct timeline_state *state,
                              struct error *error);

#endif
