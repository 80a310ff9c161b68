/* SPDX-License-Identifier: GPL-2.0-or-later */
/* gdb.h - the gdb remote protocol, for whatever struct gdb_ops stands for. No socket, no machine:
 * bytes go in, bytes come out.
 *
 * Used by the frontend and tests. Calls the ops and gdb_packet.c.
 *
 *   gdb.c           receiving, answering, going on
 *   gdb_command.c   one function a packet
 *   gdb_data.c      those about registers and memory
 *   gdb_describe.c  what is told about the target: registers, memory, threads
 *
 * Source: Debugging with GDB, appendix "GDB Remote Serial Protocol".
 *
 * Invariants
 *  1. Whatever bytes come in, all that is answered is bounded by them, and nothing outside the ops
 *     is touched.
 *  2. Ops other than go_on are called only while the target stands.
 */
#ifndef LATCHKEY_EMULATOR_GDB_H
#define LATCHKEY_EMULATOR_GDB_H

#include "emulator/base/bytes.h"

struct gdb_register {
    const char *name;
    uint32_t number; /* gdb's */
    uint32_t bits;
    const char *feature;
    const char *type;  /* NULL: by its size */
    const char *group; /* NULL: gdb's own idea */
};

struct gdb_region {
    uint64_t addr, size_bytes;
};

#define GDB_THREAD_NAME_BYTES 96u
struct gdb_thread {
    uint64_t id; /* 1.. */
    char name[GDB_THREAD_NAME_BYTES];
};

enum gdb_point_kind { GDB_BREAK, GDB_BREAK_HARD, GDB_WATCH, GDB_WATCH_READ, GDB_WATCH_ACCESS };
struct gdb_point {
    enum gdb_point_kind kind;
    uint64_t addr, size_bytes;
};

enum gdb_move { GDB_GO, GDB_STEP, GDB_GO_BACK, GDB_STEP_BACK };

enum gdb_stop_kind {
    GDB_STOP_STEP,
    GDB_STOP_BREAK, /* point says which */
    GDB_STOP_WATCH, /* point says which; addr: the byte that was touched */
    GDB_STOP_BEGIN, /* of history */
    GDB_STOP_END,
    GDB_STOP_ASKED, /* gdb_ops.interrupt */
    GDB_STOP_FAULT, /* it cannot go on */
    GDB_STOP_EXIT,  /* the guest ended its run */
};
struct gdb_stop {
    enum gdb_stop_kind kind;
    enum gdb_point_kind point;
    uint64_t addr;
    int code; /* of EXIT */
};

enum gdb_answer { GDB_DONE, GDB_REFUSED, GDB_UNKNOWN };

/* The target. Thread 0 means the one that runs. */
struct gdb_ops {
    const struct gdb_register *registers; /* by rising number */
    size_t register_count;
    uint32_t plain_count; /* so many of them are what `g` shows: from number 0 on, without gaps */
    uint32_t pc;          /* number */
    bool back;            /* can it go back in time? */
    bool (*register_read)(void *context, uint64_t thread, uint32_t number, uint64_t *value);
    bool (*register_write)(void *context, uint64_t thread, uint32_t number, uint64_t value);
    /* How many bytes could be read, from the first on. */
    size_t (*memory_read)(void *context, uint64_t thread, bool physical, uint64_t addr, void *data,
                          size_t size_bytes);
    bool (*memory_write)(void *context, uint64_t thread, bool physical, uint64_t addr,
                         const void *data, size_t size_bytes);
    size_t (*regions)(void *context, struct gdb_region *regions, size_t max);
    /* Which thread runs; and all of them: how many were written. */
    uint64_t (*thread_now)(void *context);
    size_t (*threads)(void *context, struct gdb_thread *threads, size_t max);
    enum gdb_answer (*point_add)(void *context, const struct gdb_point *point);
    enum gdb_answer (*point_remove)(void *context, const struct gdb_point *point);
    bool (*start)(void *context, enum gdb_move move);
    /* Some of the way, so that the caller can look around. true: it stands again. */
    bool (*go_on)(void *context, struct gdb_stop *stop);
    void (*interrupt)(void *context); /* the next go_on is the last */
    /* Answer a command of `monitor` in text. false: it is none. */
    bool (*monitor)(void *context, const char *words, struct byte_writer *text);
};

#define GDB_THREADS_MAX 512u
#define GDB_REGIONS_MAX 16u

enum gdb_end { GDB_NOT_ENDED, GDB_DETACHED, GDB_KILLED, GDB_EXITED };

struct gdb;
/* gdb_create - it stands. ops: must outlive it, as context. */
struct gdb *gdb_create(const struct gdb_ops *ops, void *context);
void gdb_destroy(struct gdb *gdb); /* NULL is fine */
/* gdb_receive - bytes that gdb sent. */
void gdb_receive(struct gdb *gdb, const void *data, size_t size_bytes);
/* gdb_go_on - some of the way, if it runs. */
void gdb_go_on(struct gdb *gdb);
bool gdb_runs(const struct gdb *gdb);
enum gdb_end gdb_ended(const struct gdb *gdb);
/* gdb_output - what is to be sent to gdb; the caller takes it out. */
struct byte_writer *gdb_output(struct gdb *gdb);

#endif
