/* SPDX-License-Identifier: GPL-2.0-or-later */
/* timing_bench.c - suite "timing": every constant of the timing models beside what a guest observes
 * of it; and, for suite "replay", how fast machines run with the models.
 *
 * Called by bench_main.c and replay_bench.c; calls timing_guest.c and machine.h. The models run in
 * turn, by the time that the processor gave this process, and the least of the repeated runs
 * counts.
 */
#include <math.h>
#include <stdio.h>

#include "bench/bench.h"
#include "bench/timing_guest.h"
#include "emulator/machine.h"

#define PATH_BYTES 512u
#define LENGTH 200000000u
#define LENGTH_QUICK 20000000u

/* The six of suite "machine" that count. */
static const char *const guests[] = {"bench_alu",   "bench_mix",  "bench_call",
                                     "bench_chase", "bench_copy", "bench_read"};
#define GUEST_COUNT (sizeof(guests) / sizeof(guests[0]))

static bool run_time(const char *path, enum timing_model timing, uint64_t length,
                     struct bench_times *times, struct error *error)
{
    const struct machine_config config = {.kernel_path = path, .ram_bytes = 128u << 20,
                                          .timing = timing};
    struct machine *machine;
    struct machine_until until = machine_until_never();
    until.instructions = length;
    if (!machine_create(&machine, &config, error))
        return false;
    double begin = bench_processor_seconds();
    struct machine_stop stop = machine_run(machine, &until);
    bench_times_add(times, bench_processor_seconds() - begin);
    machine_destroy(machine);
    return stop.reason == MACHINE_STOP_INSTRUCTIONS ||
           error_set(error, ERROR_FORMAT, "%s: ended too early", path);
}

static bool guest_measure(const struct bench *bench, const char *guest, uint64_t length,
                          struct bench_times times[TIMING_MODEL_COUNT], struct error *error)
{
    char path[PATH_BYTES];
    (void)snprintf(path, sizeof(path), "%s/guest/%s.elf", bench->build_path, guest);
    for (unsigned i = 0; i < bench->repeats; i++)
        for (unsigned model = 0; model < TIMING_MODEL_COUNT; model++)
            if (!run_time(path, (enum timing_model)model, length, &times[model], error))
                return false;
    return true;
}

static void speed_add(struct bench *bench, enum timing_model model, double mips, double plain)
{
    bool inorder = model == TIMING_INORDER;
    struct bench_row row = {.suite = "replay", .unit = "MIPS", .value = mips, .reference = plain,
                            .ratio = mips / plain, .must = inorder ? 0.5 : 20,
                            .aim = inorder ? 0.8 : 50,
                            .goal = inorder ? GOAL_RATIO_AT_LEAST : GOAL_VALUE_AT_LEAST};
    if (bench->quick)
        row.goal = GOAL_NONE;
    (void)snprintf(row.name, sizeof(row.name), "timing %s against insn, mean of %zu guests",
                   timing_name(model), GUEST_COUNT);
    bench_row_add(bench, &row);
}

bool timing_speeds(struct bench *bench, struct error *error)
{
    uint64_t length = bench->quick ? LENGTH_QUICK : LENGTH;
    double logarithms[TIMING_MODEL_COUNT] = {0};
    for (size_t i = 0; i < GUEST_COUNT; i++) {
        struct bench_times times[TIMING_MODEL_COUNT] = {{.count = 0}};
        if (!guest_measure(bench, guests[i], length, times, error))
            return false;
        for (unsigned model = 0; model < TIMING_MODEL_COUNT; model++)
            logarithms[model] += log((double)length * 1e-6 / bench_least(&times[model]));
    }
    double plain = exp(logarithms[TIMING_INSN] / GUEST_COUNT);
    for (unsigned model = TIMING_INORDER; model < TIMING_MODEL_COUNT; model++)
        speed_add(bench, (enum timing_model)model, exp(logarithms[model] / GUEST_COUNT), plain);
    return true;
}

bool timing_bench(struct bench *bench, struct error *error)
{
    size_t count;
    const struct timing_row *rows = timing_rows(&count);
    (void)bench; /* it has no times */
    puts("constant      unit        says observed  what; source");
    for (size_t i = 0; i < count; i++) {
        unsigned observed;
        if (!timing_observe(&rows[i], &observed, error))
            return false;
        printf("%-13s %-8s %7u %8u  %s; %s\n", rows[i].name, rows[i].unit, rows[i].value, observed,
               rows[i].what, rows[i].source);
        if (observed != rows[i].value)
            return error_set(error, ERROR_FORMAT, "timing: %s is %u, observed %u", rows[i].name,
                             rows[i].value, observed);
    }
    return true;
}
