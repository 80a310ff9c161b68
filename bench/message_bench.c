/* SPDX-License-Identifier: GPL-2.0-or-later */
/* message_bench.c - suite "message": exact instructions of the kernel's paths, from the trap to the
 * first instruction of the next domain.
 *
 * Called by bench_main.c; calls machine.h. The pingpong image runs until its domains do nothing but
 * call each other; then the machine goes on one instruction at a time, and every stay in supervisor
 * mode is counted and named after the call that began it.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/bench.h"
#include "emulator/cpu.h"
#include "emulator/machine.h"
#include "kernel/abi.h"

#define WARM_EVENTS 2000u /* traps before counting: caches of the kernel are filled */
#define WARM_STEP 200000u /* instructions at a time until then */
#define STEPS_MAX 400000u /* instructions to look at */
#define SAMPLES_MAX 64u
#define SAMPLES_MIN 8u
#define INSTRUCTIONS_MAX 100000000u
#define SCAUSE_ECALL_USER 8u

/* Stays in the kernel that began with one kind of call. */
struct path {
    enum invoke_kind kind;
    const char *name;
    double must, aim;
    uint64_t counts[SAMPLES_MAX];
    unsigned count;
};

static unsigned privilege(struct machine *machine)
{
    return cpu_privilege(machine_cpu(machine));
}

/* One instruction. false: the run ended. */
static bool step(struct machine *machine)
{
    struct machine_until until = machine_until_never();
    until.instructions = machine_instructions(machine) + 1;
    return machine_run(machine, &until).reason == MACHINE_STOP_INSTRUCTIONS;
}

/* Go on until the domains have called each other often enough, and one of them is running. */
static bool warm_up(struct machine *machine)
{
    struct machine_until until = machine_until_never();
    while (machine_stats(machine).traps < WARM_EVENTS) {
        until.instructions = machine_instructions(machine) + WARM_STEP;
        if (machine_run(machine, &until).reason != MACHINE_STOP_INSTRUCTIONS ||
            until.instructions > INSTRUCTIONS_MAX)
            return false;
    }
    return true;
}

static void sample_add(struct path *path, uint64_t instructions)
{
    if (path->count == SAMPLES_MAX)
        return;
    unsigned at = path->count++;
    for (; at > 0 && path->counts[at - 1] > instructions; at--)
        path->counts[at] = path->counts[at - 1];
    path->counts[at] = instructions;
}

static bool samples_full(const struct path *paths, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (paths[i].count < SAMPLES_MAX)
            return false;
    return true;
}

/* Count every stay in the kernel that a call began. */
static bool paths_count(struct machine *machine, struct path *paths, size_t path_count)
{
    struct cpu *cpu = machine_cpu(machine);
    bool inside = privilege(machine) == 1, known = false;
    uint64_t entered = 0, exit_block = 0;
    for (unsigned i = 0; i < STEPS_MAX && !samples_full(paths, path_count); i++) {
        uint64_t before = cpu_x_get(cpu, 11);
        if (!step(machine))
            return false;
        bool now = privilege(machine) == 1;
        if (now && !inside) {
            known = cpu_csr_get(cpu, CPU_CSR_SCAUSE) == SCAUSE_ECALL_USER;
            exit_block = before;
            /* The step that trapped retires the first instruction of the kernel, not the ecall. */
            entered = machine_instructions(machine) - 1;
        } else if (!now && inside && known) {
            for (size_t j = 0; j < path_count; j++)
                if (paths[j].kind == EXIT_KIND(exit_block))
                    sample_add(&paths[j], machine_instructions(machine) - entered);
        }
        inside = now;
    }
    return true;
}

static void row_add(struct bench *bench, const char *name, uint64_t instructions, double must,
                    double aim)
{
    struct bench_row row = {.suite = "message",
                            .unit = "insn",
                            .value = (double)instructions,
                            .must = must,
                            .aim = aim,
                            .goal = GOAL_VALUE_AT_MOST};
    (void)snprintf(row.name, sizeof(row.name), "%s", name);
    bench_row_add(bench, &row);
}

static bool paths_report(struct bench *bench, const struct path *paths, size_t path_count,
                         struct error *error)
{
    uint64_t round_trip = 0;
    for (size_t i = 0; i < path_count; i++) {
        if (paths[i].count < SAMPLES_MIN)
            return error_set(error, ERROR_FORMAT, "pingpong.img: too few messages (%s: %u)",
                             paths[i].name, paths[i].count);
        uint64_t median = paths[i].counts[paths[i].count / 2];
        row_add(bench, paths[i].name, median, paths[i].must, paths[i].aim);
        round_trip += median;
    }
    row_add(bench, "round trip", round_trip, 250, 200);
    return true;
}

bool message_bench(struct bench *bench, struct error *error)
{
    struct path paths[] = {
        {.kind = INVOKE_CALL, .name = "CALL, start key, other space", .must = 110, .aim = 90},
        {.kind = INVOKE_RETURN, .name = "RETURN through a resume key", .must = 110, .aim = 90},
    };
    size_t path_count = sizeof(paths) / sizeof(paths[0]);
    char kernel[512], image[512];
    (void)snprintf(kernel, sizeof(kernel), "%s/kernel.elf", bench->build_path);
    (void)snprintf(image, sizeof(image), "%s/pingpong.img", bench->build_path);
    const struct machine_config config = {
        .kernel_path = kernel, .disks = {{.path = image, .read_only = true}}, .disk_count = 1};
    struct machine *machine;
    if (!machine_create(&machine, &config, error))
        return false;
    bool counted = warm_up(machine) && paths_count(machine, paths, path_count);
    machine_destroy(machine);
    if (!counted)
        return error_set(error, ERROR_FORMAT, "pingpong.img: ended before it was measured");
    return paths_report(bench, paths, path_count, error);
}
