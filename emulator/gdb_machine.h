/* SPDX-License-Identifier: GPL-2.0-or-later */
/* gdb_machine.h - a machine as gdb's target: registers, memory, points, domains as threads, and
 * moving it, back too where there is a history.
 *
 * Used by frontend/headless.c (a run), frontend/replay_gdb.c (a trace) and tests. Calls the
 * machine, its cpu, and the timeline.
 *
 *   gdb_machine.c   registers, memory, points
 *   gdb_move.c      going on and back
 *   gdb_domains.c   threads: the domains of our kernel, read in its memory from outside
 *   gdb_monitor.c   commands of `monitor`
 *
 * Invariants
 *  1. Looking changes nothing: digests and counts are what they are without a debugger.
 *  2. What has a history, or is being recorded, cannot be written: the record would not be true.
 */
#ifndef LATCHKEY_EMULATOR_GDB_MACHINE_H
#define LATCHKEY_EMULATOR_GDB_MACHINE_H

#include "emulator/base/elf_file.h"
#include "emulator/cpu.h"
#include "emulator/gdb.h"
#include "emulator/timeline.h"

/* How some of the way was gone. */
enum gdb_run {
    GDB_RUN_ON,    /* as far as was asked for, or for some other reason of the caller's */
    GDB_RUN_DEBUG, /* cpu_debug_hit() */
    GDB_RUN_WAITS, /* only input can go on with it */
    GDB_RUN_EXIT,  /* *code */
    GDB_RUN_FAULT,
    GDB_RUN_END, /* of history: only with a timeline */
};

struct gdb_machine_config {
    struct machine *machine;
    struct timeline *timeline; /* NULL: no history, and only run goes on */
    /* Without history: go on, at most until so many instructions. */
    void *context;
    enum gdb_run (*run)(void *context, uint64_t instructions, int *code);
    /* monitor power-cut: pull the plug, and start again. NULL: not possible. */
    bool (*power_cut)(void *context, struct error *error);
    const char *kernel_path; /* for the domains; NULL: not known */
    bool may_write;
    bool profiled; /* somebody has a ledger of the machine */
};

struct gdb_machine;
/* gdb_machine_create - what config points to must outlive it. */
struct gdb_machine *gdb_machine_create(const struct gdb_machine_config *config);
void gdb_machine_destroy(struct gdb_machine *target); /* NULL is fine */
/* gdb_machine_ops - of a struct gdb_machine. */
const struct gdb_ops *gdb_machine_ops(bool back);
/* gdb_machine_leave - nobody debugs it any more: it runs as if there had been nobody. */
void gdb_machine_leave(struct gdb_machine *target);

#endif
