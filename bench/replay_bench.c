/* SPDX-License-Identifier: GPL-2.0-or-later */
/* replay_bench.c - suite "replay": what recording costs, how quick a replay is, and how long it
 * takes to go back.
 *
 * Called by bench_main.c; calls recorder and replay. Recorded, plain and replayed runs of the same
 * length are timed in turn, from after the machine is made to the end of the trace, by the time
 * that the processor gave this process, and the least of the repeated runs counts: what else the
 * host does only adds to it. Going back is timed by the clock. Runs are driven in slices, as
 * `latchkey run` does.
 */
#include <math.h>
#include <stdio.h>
#include <unistd.h>

#include "bench/bench.h"
#include "emulator/recorder.h"
#include "emulator/replay.h"

#define PATH_BYTES 512u
#define SLICE 1000000u /* as headless.c */
#define LENGTH 1000000000u /* some seconds: the mark at the end is a hundredth of one */
#define LENGTH_QUICK 100000000u
#define HISTORY 10000000000u
#define HISTORY_QUICK 400000000u
#define SEEKS 40u
#define BUDGET ((size_t)512 << 20)

static const struct workload {
    const char *name, *file; /* a guest, which begins again when it has ended */
    const char *image;       /* or the demo's disk, with the kernel. NULL: a guest */
} workloads[] = {{"computing", "guest/bench_mix.elf", NULL},
                 {"traps", "guest/bench_trap.elf", NULL},
                 {"demo", "kernel.elf", "shared-demo.img"}};
#define WORKLOAD_COUNT (sizeof(workloads) / sizeof(workloads[0]))

struct paths {
    char kernel[PATH_BYTES], image[PATH_BYTES], overlay[PATH_BYTES], trace[PATH_BYTES];
};

static void paths_make(const struct bench *bench, const struct workload *workload,
                       struct paths *paths)
{
    const char *build = bench->build_path;
    (void)snprintf(paths->kernel, PATH_BYTES, "%s/%s", build, workload->file);
    (void)snprintf(paths->image, PATH_BYTES, "%s/%s", build,
                   workload->image ? workload->image : "");
    (void)snprintf(paths->overlay, PATH_BYTES, "%s/bench-replay.overlay", build);
    (void)snprintf(paths->trace, PATH_BYTES, "%s/bench-replay.trace", build);
    (void)unlink(paths->overlay);
}

static void paths_clean(const struct paths *paths)
{
    (void)unlink(paths->overlay);
    (void)unlink(paths->trace);
}

/* Run so many instructions; a guest that ends begins again. */
static bool run_on(struct machine *machine, struct recorder *recorder, uint64_t length,
                   struct error *error)
{
    while (machine_instructions(machine) < length) {
        struct machine_until until = machine_until_never();
        until.instructions = machine_instructions(machine) + SLICE;
        if (recorder && recorder_next(recorder) < until.instructions)
            until.instructions = recorder_next(recorder);
        if (length < until.instructions)
            until.instructions = length;
        struct machine_stop stop = machine_run(machine, &until);
        if (recorder)
            recorder_visit(recorder);
        if (stop.reason == MACHINE_STOP_INSTRUCTIONS)
            continue;
        if (stop.reason != MACHINE_STOP_POWER_OFF)
            return error_set(error, ERROR_FORMAT, "replay: a guest stopped for reason %d",
                             (int)stop.reason);
        if (!machine_reset(machine, error))
            return false;
    }
    return true;
}

/* One run, recorded or not. */
static bool run_time(const struct paths *paths, const struct workload *workload, uint64_t length,
                     bool record, double *seconds, struct error *error)
{
    struct machine *machine = NULL;
    struct recorder *recorder = NULL;
    struct machine_config config = {.kernel_path = paths->kernel};
    if (workload->image) {
        config.disk_count = 1;
        config.append = "checkpoint=50";
        config.disks[0] = (struct machine_disk){.path = paths->image, .overlay = paths->overlay,
                                                .timing = DISK_TIMING_SSD};
        (void)unlink(paths->overlay);
    }
    const struct recorder_options options = {.path = paths->trace};
    bool good = (!record || recorder_open(&recorder, &options, &config, error)) &&
                machine_create(&machine, &config, error);
    double start = bench_processor_seconds();
    good = good && (!record || recorder_attach(recorder, machine, error)) &&
           run_on(machine, recorder, length, error) && machine_flush(machine, error) &&
           (!record || recorder_end(recorder, error));
    *seconds = bench_processor_seconds() - start;
    machine_destroy(machine);
    (void)recorder_close(recorder);
    return good;
}

static bool replay_time(const struct paths *paths, double *seconds, struct error *error)
{
    struct replay *replay;
    const struct replay_options options = {.trace_path = paths->trace};
    if (!replay_open(&replay, &options, error))
        return false;
    double start = bench_processor_seconds();
    bool good = timeline_carry_out(replay_timeline(replay), replay_record(replay)->entry_count,
                                   error);
    *seconds = bench_processor_seconds() - start;
    replay_close(replay);
    return good;
}

static void ratio_add(struct bench *bench, const char *what, const struct workload *workload,
                      const struct bench_times *ours, const struct bench_times *plain,
                      double must, double aim)
{
    struct bench_row row = {.suite = "replay", .unit = "s", .value = bench_least(ours),
                            .reference = bench_least(plain), .must = must, .aim = aim,
                            .goal = bench->quick ? GOAL_NONE : GOAL_RATIO_AT_LEAST,
                            .spread = bench_spread(ours)};
    row.ratio = row.reference / row.value;
    (void)snprintf(row.name, sizeof(row.name), "%s, %s", what, workload->name);
    bench_row_add(bench, &row);
}

static bool workload_measure(struct bench *bench, const struct workload *workload,
                             struct error *error)
{
    struct paths paths;
    struct bench_times plain = {.count = 0}, recorded = plain, replayed = plain;
    uint64_t length = bench->quick ? LENGTH_QUICK : LENGTH;
    paths_make(bench, workload, &paths);
    unsigned rounds = 2 * bench->repeats < BENCH_REPEATS_MAX ? 2 * bench->repeats
                                                             : BENCH_REPEATS_MAX;
    bool good = true;
    for (unsigned i = 0; i <= rounds && good; i++) {
        double seconds[3];
        good = run_time(&paths, workload, length, false, &seconds[0], error) &&
               run_time(&paths, workload, length, true, &seconds[1], error) &&
               replay_time(&paths, &seconds[2], error);
        if (!good || i == 0)
            continue; /* the first is to warm up */
        bench_times_add(&plain, seconds[0]);
        bench_times_add(&recorded, seconds[1]);
        bench_times_add(&replayed, seconds[2]);
    }
    paths_clean(&paths);
    if (good) {
        ratio_add(bench, "recording", workload, &recorded, &plain, 0.95, 0.99);
        ratio_add(bench, "replay", workload, &replayed, &plain, 0.9, 1.0);
    }
    return good;
}

/* --- going back --- */

struct latency {
    double worst, sum;
    unsigned count;
};

static bool seek_time(struct timeline *timeline, uint64_t instructions, struct latency *latency,
                      struct error *error)
{
    double start = bench_seconds();
    if (!timeline_seek(timeline, instructions, error))
        return false;
    double seconds = bench_seconds() - start;
    latency->worst = fmax(latency->worst, seconds);
    latency->sum += seconds;
    latency->count++;
    return true;
}

static void latency_add(struct bench *bench, const char *name, double seconds, bool goal)
{
    struct bench_row row = {.suite = "replay", .unit = "s", .value = seconds, .must = 1,
                            .aim = 0.1,
                            .goal = goal && !bench->quick ? GOAL_VALUE_AT_MOST : GOAL_NONE};
    (void)snprintf(row.name, sizeof(row.name), "%s", name);
    bench_row_add(bench, &row);
}

/* To places all over the history; at each, two instructions back. */
static bool seeks_measure(struct bench *bench, struct timeline *timeline, uint64_t length,
                          struct error *error)
{
    struct latency far = {.count = 0}, first = far, second = far;
    for (uint64_t i = 0; i < SEEKS; i++) {
        uint64_t at = length / SEEKS * (i * 17 % SEEKS) + 12345 * i + 2;
        if (!seek_time(timeline, at, &far, error) ||
            !seek_time(timeline, at - 1, &first, error) ||
            !seek_time(timeline, at - 2, &second, error))
            return false;
    }
    latency_add(bench, "seek to anywhere, mean", far.sum / far.count, false);
    latency_add(bench, "seek to anywhere, worst", far.worst, true);
    latency_add(bench, "reverse-stepi there, mean", first.sum / first.count, false);
    latency_add(bench, "reverse-stepi there, worst", first.worst, true);
    latency_add(bench, "another one, worst", second.worst, true);
    return true;
}

static bool history_measure(struct bench *bench, struct error *error)
{
    struct paths paths;
    struct replay *replay;
    const struct workload *workload = &workloads[0];
    uint64_t length = bench->quick ? HISTORY_QUICK : HISTORY;
    double seconds;
    paths_make(bench, workload, &paths);
    const struct replay_options options = {.trace_path = paths.trace, .budget_bytes = BUDGET};
    bool good = run_time(&paths, workload, length, true, &seconds, error) &&
                replay_open(&replay, &options, error);
    if (good) {
        struct bench_row row = {.suite = "replay", .name = "snapshots of the history",
                                .unit = "MiB"};
        good = timeline_seek(replay_timeline(replay), length, error) &&
               seeks_measure(bench, replay_timeline(replay), length, error);
        row.value = (double)timeline_bytes(replay_timeline(replay)) / (1 << 20);
        bench_row_add(bench, &row);
        replay_close(replay);
    }
    paths_clean(&paths);
    return good;
}

bool replay_bench(struct bench *bench, struct error *error)
{
    for (size_t i = 0; i < WORKLOAD_COUNT; i++)
        if (!workload_measure(bench, &workloads[i], error))
            return false;
    return history_measure(bench, error) && timing_speeds(bench, error);
}
