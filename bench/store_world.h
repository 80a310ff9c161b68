/* SPDX-License-Identifier: GPL-2.0-or-later */
/* store_world.h - a store made for one measurement, and a machine that runs on it. Used by
 * store_bench.c and store_disk_bench.c.
 *
 * Invariants
 *  1. The image and what it was made from are removed by world_end().
 */
#ifndef LATCHKEY_BENCH_STORE_WORLD_H
#define LATCHKEY_BENCH_STORE_WORLD_H

#include "bench/bench.h"
#include "disks/domains/dirtier.h"
#include "emulator/machine.h"

#define WORLD_PATH_BYTES 512u
#define WORLD_INSTRUCTIONS_MAX 40000000000ull

/* What the store holds, and the machine around it. Zeros: what is usual. */
struct world_plan {
    enum dirtier_work work;
    bool spread;           /* changed pages lie anywhere */
    bool filled;           /* the span's pages are not zeros */
    unsigned committers;   /* not the dirtier, but so many of these */
    uint64_t steps;        /* of each of them */
    uint64_t pages, span, reads, rounds;
    uint64_t store_pages;  /* more than the program needs */
    uint64_t area_blocks, journal_blocks, ram_bytes;
    enum disk_timing timing;
    const char *append;
};

struct world {
    struct machine *machine;
    struct machine_config config;
    char image[WORLD_PATH_BYTES], kernel[WORLD_PATH_BYTES], content[WORLD_PATH_BYTES + 16];
    char append[64];
    unsigned ended; /* committers that said so */
};

/* world_begin - make the image and power on. world_end - power off and remove them; a world that
 * could not begin is fine. */
MUST_CHECK bool world_begin(struct world *world, const struct bench *bench,
                            const struct world_plan *plan, struct error *error);
void world_end(struct world *world);
/* world_restart - pull the plug with an empty cache, and power on again. */
MUST_CHECK bool world_restart(struct world *world, struct error *error);

/* world_phase - run until a phase begins, world_phase_end - until it ends. */
MUST_CHECK bool world_phase(struct world *world, enum trace_phase phase, struct error *error);
MUST_CHECK bool world_phase_end(struct world *world, enum trace_phase phase, struct error *error);
/* world_power_off - run until the guest powers off. */
MUST_CHECK bool world_power_off(struct world *world, struct error *error);
/* world_trace - run until this is announced. */
MUST_CHECK bool world_trace(struct world *world, enum trace_kind kind, struct error *error);
/* world_printed - run until this text is printed once more. */
MUST_CHECK bool world_printed(struct world *world, const char *text, struct error *error);
/* world_disk - the counters of its disk. */
struct disk_counters world_disk(const struct world *world);

/* disk_measure - the rows about the disk's time. */
MUST_CHECK bool disk_measure(struct bench *bench, struct error *error);

#endif
