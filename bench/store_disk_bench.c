/* SPDX-License-Identifier: GPL-2.0-or-later */
/* store_disk_bench.c - suite "store": how the disk spends its time, in the model `hdd`, and what
 * checkpoints cost a program that is bound by the disk.
 *
 * Called by store_bench.c; calls store_world.h. The disk transfers while bytes move between the
 * host and the drive or under its heads; it does not while the arm moves, while it waits for a
 * sector to come by, and while it takes in a command (0.1 ms, devices/disk_timing.c): all of the
 * time that it is busy but these. So the figure cannot be had by a disk that moves the same bytes
 * twice; and what the model does one after the other, though a drive does it at once, counts.
 */
#include <math.h>
#include <stdio.h>

#include "bench/store_world.h"

#define COMMAND_NS 100000.0

static void row_add(struct bench *bench, const struct bench_row *wanted)
{
    struct bench_row row = *wanted;
    (void)snprintf(row.suite, sizeof(row.suite), "store");
    row.value = round(row.value * 10) / 10;
    bench_row_add(bench, &row);
}

/* Where a machine is in its run. */
struct moment {
    struct disk_counters disk;
    uint64_t time_ns;
};

static struct moment moment_now(const struct world *world)
{
    return (struct moment){world_disk(world), machine_time_ns(world->machine)};
}

static double requests_of(const struct disk_counters *disk)
{
    return (double)(disk->read_requests + disk->write_requests + disk->flush_requests);
}

static double transferring_ns(const struct moment *from, const struct moment *to)
{
    double busy = (double)(to->disk.busy_ns - from->disk.busy_ns);
    double seek = (double)(to->disk.seek_ns - from->disk.seek_ns);
    return busy - seek - COMMAND_NS * (requests_of(&to->disk) - requests_of(&from->disk));
}

/* What is changed before the checkpoint. */
struct change {
    const char *name;
    uint64_t pages, ram_bytes;
    bool spread, judged;
};

/* From the end of the freeze to the end of migration. */
static bool written_measure(struct bench *bench, const struct change *change, struct error *error)
{
    struct world world;
    struct moment from = {.time_ns = 0}, to = {.time_ns = 0};
    const struct world_plan plan = {.work = DIRTIER_ONCE, .spread = change->spread,
                                    .pages = change->pages, .timing = DISK_TIMING_HDD,
                                    .span = change->pages * (change->spread ? 8 : 1),
                                    .area_blocks = 3 * change->pages,
                                    .ram_bytes = change->ram_bytes, .append = "checkpoint=0"};
    bool good = world_begin(&world, bench, &plan, error) &&
                world_phase_end(&world, TRACE_PHASE_FREEZE, error);
    if (good)
        from = moment_now(&world);
    good = good && world_phase_end(&world, TRACE_PHASE_MIGRATE, error);
    if (good)
        to = moment_now(&world);
    world_end(&world);
    if (!good)
        return false;
    double busy_ns = (double)(to.disk.busy_ns - from.disk.busy_ns);
    double elapsed_ns = (double)(to.time_ns - from.time_ns);
    struct bench_row row = {.unit = "%", .value = transferring_ns(&from, &to) / busy_ns * 100,
                            .must = 90, .aim = 97,
                            .goal = change->judged ? GOAL_VALUE_AT_LEAST : GOAL_NONE};
    (void)snprintf(row.name, sizeof(row.name), "disk transferring, %s", change->name);
    row_add(bench, &row);
    row = (struct bench_row){.unit = "%", .value = busy_ns / elapsed_ns * 100};
    (void)snprintf(row.name, sizeof(row.name), "disk busy, %s", change->name);
    row_add(bench, &row);
    return true;
}

/* --- running cost --- */

#define SERVED_SPAN 16384u /* four times the memory */
/* They stay in memory, being used so often: else what is dirty, and so cannot leave, would be a
 * help to the run without checkpoints. */
#define SERVED_PAGES 128u
#define SERVED_READS 4u
#define SERVED_ROUNDS 1500u

static bool served_ns(const struct bench *bench, bool spread, const char *append, double *time_ns,
                      struct error *error)
{
    struct world world;
    const struct world_plan plan = {.work = DIRTIER_SERVE, .spread = spread, .filled = true,
                                    .pages = SERVED_PAGES, .span = SERVED_SPAN,
                                    .reads = SERVED_READS, .rounds = SERVED_ROUNDS,
                                    .ram_bytes = 16ull << 20, .timing = DISK_TIMING_HDD,
                                    .append = append};
    bool good = world_begin(&world, bench, &plan, error) && world_power_off(&world, error);
    if (good)
        *time_ns = (double)machine_time_ns(world.machine);
    world_end(&world);
    return good;
}

static bool served_measure(struct bench *bench, bool spread, struct error *error)
{
    double without, with;
    if (!served_ns(bench, spread, "checkpoint=0", &without, error) ||
        !served_ns(bench, spread, "checkpoint=5000", &with, error))
        return false;
    struct bench_row row = {.unit = "%", .value = (with / without - 1) * 100};
    (void)snprintf(row.name, sizeof(row.name), "running cost, %s",
                   spread ? "pages anywhere" : "pages in a row");
    if (!spread) {
        row.must = 10;
        row.aim = 5;
        row.goal = GOAL_VALUE_AT_MOST;
    }
    row_add(bench, &row);
    return true;
}

bool disk_measure(struct bench *bench, struct error *error)
{
    static const struct change changes[] = {
        {"64 MiB in a row", 16384, 256ull << 20, false, true},
        {"16 MiB in a row", 4096, 64ull << 20, false, false},
        {"16 MiB anywhere", 4096, 64ull << 20, true, false},
    };
    for (size_t i = 0; i < (bench->quick ? 1 : 3); i++)
        if (!written_measure(bench, &changes[i], error))
            return false;
    return served_measure(bench, false, error) &&
           (bench->quick || served_measure(bench, true, error));
}
