/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cpu_bench.c - suite "machine": the same guest programs on our machine and on QEMU -icount, in
 * turn.
 *
 * Called by bench_main.c; calls machine.h and rival.c. From every time the time of a program that
 * powers off at once is subtracted, so that starting a process, firmware and engine is not counted.
 * What each program prints at its end must be the same on both.
 */
#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/bench.h"
#include "bench/rival.h"
#include "emulator/machine.h"

#define OUTPUT_BYTES 512u
#define PATH_BYTES 512u
/* Less than this is lost in the noise of starting a process. */
#define SECONDS_MIN 1e-3

static const struct guest {
    const char *file, *name;
    double must, aim; /* of the ratio */
    bool counted;     /* one of the six of the geometric mean */
} guests[] = {
    {"bench_alu", "arithmetic", 0.6, 1.0, true},
    {"bench_mix", "mix of a dhrystone", 0.6, 1.0, true},
    {"bench_call", "calls", 0.6, 1.0, true},
    {"bench_chase", "pointers and branches", 0.6, 1.0, true},
    {"bench_copy", "memory copy", 0.6, 1.0, true},
    {"bench_read", "memory read", 0.6, 1.0, true},
    {"bench_trap", "trap round trip U-S-U", 2, 3, false},
    {"bench_ecall", "the same, empty handler", 2, 3, false},
    {"bench_space", "address spaces in turn", 2, 3, false},
};
#define GUEST_COUNT (sizeof(guests) / sizeof(guests[0]))

/* One run of ours. */
struct ours {
    char output[OUTPUT_BYTES];
    size_t output_bytes;
    double seconds;
    uint64_t instructions;
};

static void output_put(void *context, const uint8_t *data, size_t size_bytes)
{
    struct ours *ours = context;
    for (size_t i = 0; i < size_bytes; i++)
        if (ours->output_bytes < OUTPUT_BYTES - 1)
            ours->output[ours->output_bytes++] = (char)data[i];
}

static bool ours_run(const char *kernel_path, struct ours *ours, struct error *error)
{
    *ours = (struct ours){.seconds = 0};
    struct machine *machine;
    struct machine_until until = machine_until_never();
    const struct machine_config config = {
        .kernel_path = kernel_path, .ram_bytes = 128u << 20, .console = {ours, output_put}};
    double start = bench_seconds();
    if (!machine_create(&machine, &config, error))
        return false;
    struct machine_stop stop = machine_run(machine, &until);
    ours->instructions = machine_instructions(machine);
    machine_destroy(machine);
    ours->seconds = bench_seconds() - start;
    if (stop.reason != MACHINE_STOP_POWER_OFF || stop.code != 0)
        return error_set(error, ERROR_FORMAT, "%s: did not power off on our machine", kernel_path);
    return true;
}

/* The last line of a console. */
static const char *last_line(char *output)
{
    size_t length = strlen(output);
    while (length > 0 && (output[length - 1] == '\n' || output[length - 1] == '\r'))
        output[--length] = '\0';
    char *newline = strrchr(output, '\n');
    return newline ? newline + 1 : output;
}

/* Both, in turn, bench->repeats times after one that does not count. */
static bool pair_measure(const struct bench *bench, const char *path, struct bench_times *ours,
                         struct bench_times *rival, uint64_t *instructions, struct error *error)
{
    for (unsigned i = 0; i <= bench->repeats; i++) {
        struct ours run;
        char output[OUTPUT_BYTES];
        double seconds;
        if (!rival_run(path, output, sizeof(output), &seconds, error) ||
            !ours_run(path, &run, error))
            return false;
        if (i == 0 && bench->repeats > 1)
            continue;
        if (strcmp(last_line(run.output), run.output_bytes ? last_line(output) : "") != 0)
            return error_set(error, ERROR_FORMAT, "%s: ours ended with '%s', QEMU's with '%s'",
                             path, last_line(run.output), last_line(output));
        *instructions = run.instructions;
        bench_times_add(ours, run.seconds);
        bench_times_add(rival, seconds);
        if (bench->repeats == 1)
            break;
    }
    return true;
}

/* A kernel that powers off at once, in the RISC-V Image format: a header of 64 bytes whose first
 * word jumps over it, then li a7, 8 (sbi shutdown); ecall; j . */
static bool empty_write(const char *path, struct error *error)
{
    static const uint32_t words[19] = {
        [0] = 0x0400006f,                     /* j .+64 */
        [2] = 0x00200000,                     /* text offset */
        [4] = 76,                             /* image size */
        [8] = 2,                              /* header version 0.2 */
        [12] = 0x43534952, [13] = 0x00000056, /* "RISCV" */
        [14] = 0x05435352,                    /* "RSC\5" */
        [16] = 0x00800893, [17] = 0x00000073, [18] = 0x0000006f,
    };
    FILE *file = fopen(path, "wb");
    bool good = file && fwrite(words, sizeof(words), 1, file) == 1;
    if (file)
        good = fclose(file) == 0 && good;
    return good || error_set(error, ERROR_IO, "%s: %s", path, strerror(errno));
}

/* Starting and ending alone, to be subtracted. */
struct overhead {
    double ours, rival;
};

static bool overhead_measure(const struct bench *bench, struct overhead *overhead,
                             struct error *error)
{
    char path[PATH_BYTES];
    struct bench_times ours = {.count = 0}, rival = {.count = 0};
    uint64_t instructions;
    (void)snprintf(path, sizeof(path), "%s/bench_empty.bin", bench->build_path);
    if (!empty_write(path, error) ||
        !pair_measure(bench, path, &ours, &rival, &instructions, error))
        return false;
    *overhead = (struct overhead){bench_median(&ours), bench_median(&rival)};
    return true;
}

static double above(double seconds, double overhead)
{
    return seconds - overhead > SECONDS_MIN ? seconds - overhead : SECONDS_MIN;
}

static bool guest_measure(struct bench *bench, const struct guest *guest,
                          const struct overhead *overhead, double *ratio, struct error *error)
{
    char path[PATH_BYTES];
    struct bench_times ours = {.count = 0}, rival = {.count = 0};
    uint64_t instructions;
    (void)snprintf(path, sizeof(path), "%s/guest/%s.elf", bench->build_path, guest->file);
    if (!pair_measure(bench, path, &ours, &rival, &instructions, error))
        return false;
    double our_seconds = above(bench_median(&ours), overhead->ours);
    double rival_seconds = above(bench_median(&rival), overhead->rival);
    struct bench_row row = {.suite = "machine",
                            .unit = "MIPS",
                            .value = (double)instructions * 1e-6 / our_seconds,
                            .reference = (double)instructions * 1e-6 / rival_seconds,
                            .ratio = rival_seconds / our_seconds,
                            .must = guest->must,
                            .aim = guest->aim,
                            .spread = bench_spread(&ours),
                            .goal = GOAL_RATIO_AT_LEAST};
    (void)snprintf(row.name, sizeof(row.name), "%s", guest->name);
    bench_row_add(bench, &row);
    *ratio = row.ratio;
    return true;
}

/* Power-on to the first instruction of a domain, engine and devices made anew each time. */
static bool start_measure(struct bench *bench, struct error *error)
{
    char kernel[PATH_BYTES], image[PATH_BYTES];
    struct bench_times times = {.count = 0};
    (void)snprintf(kernel, sizeof(kernel), "%s/kernel.elf", bench->build_path);
    (void)snprintf(image, sizeof(image), "%s/demo.img", bench->build_path);
    const struct machine_config config = {
        .kernel_path = kernel, .disks = {{.path = image, .read_only = true}}, .disk_count = 1};
    struct machine_until until = machine_until_never();
    until.trace_kind = TRACE_FIRST_DOMAIN;
    until.trace_argument = UINT64_MAX;
    for (unsigned i = 0; i < bench->repeats; i++) {
        struct machine *machine;
        double start = bench_seconds();
        if (!machine_create(&machine, &config, error))
            return false;
        struct machine_stop stop = machine_run(machine, &until);
        bench_times_add(&times, bench_seconds() - start);
        machine_destroy(machine);
        if (stop.reason != MACHINE_STOP_TRACE)
            return error_set(error, ERROR_FORMAT, "%s: no domain was started", image);
    }
    const struct bench_row row = {.suite = "machine",
                                  .name = "start: power-on to first domain, demo",
                                  .unit = "s",
                                  .value = bench_median(&times),
                                  .must = 0.3,
                                  .aim = 0.1,
                                  .spread = bench_spread(&times),
                                  .goal = GOAL_VALUE_AT_MOST};
    bench_row_add(bench, &row);
    return true;
}

bool cpu_bench(struct bench *bench, struct error *error)
{
    struct overhead overhead;
    double logarithms = 0;
    unsigned counted = 0;
    if (!overhead_measure(bench, &overhead, error))
        return false;
    for (size_t i = 0; i < GUEST_COUNT; i++) {
        double ratio;
        if (!guest_measure(bench, &guests[i], &overhead, &ratio, error))
            return false;
        if (guests[i].counted) {
            logarithms += log(ratio);
            counted++;
        }
    }
    assert(counted == 6);
    struct bench_row mean = {.suite = "machine",
                             .name = "geometric mean of the first six",
                             .unit = "ratio",
                             .must = 1.1,
                             .aim = 1.5,
                             .goal = GOAL_RATIO_AT_LEAST};
    mean.ratio = mean.value = exp(logarithms / counted);
    bench_row_add(bench, &mean);
    return start_measure(bench, error);
}
