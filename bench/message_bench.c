/* SPDX-License-Identifier: GPL-2.0-or-later */
/* message_bench.c - suite "message": exact instructions of the kernel's paths, from the trap to the
 * first instruction of the next domain.
 *
 * Called by bench_main.c; calls machine.h. gauge.img runs until the kernel's caches are filled;
 * then the machine goes on one instruction at a time, and every stay in supervisor mode is counted
 * and filed under what began it: the code of an ecall (disks/domains/gauge.h), or a page fault.
 */
#include <stdio.h>
#include <string.h>

#include "bench/bench.h"
#include "disks/domains/gauge.h"
#include "emulator/cpu.h"
#include "emulator/machine.h"

#define WARM_TRAPS 2000u  /* before counting */
#define WARM_STEP 200000u /* instructions at a time until then */
#define STEPS_MAX 400000u /* instructions to look at */
#define SAMPLES_MAX 16u
#define INSTRUCTIONS_MAX 100000000u
#define SCAUSE_ECALL_USER 8u
#define SCAUSE_PAGE_STORE 15u

/* Kinds of stays: three, and one for each of enum gauge_code. */
enum { STAY_FETCH, STAY_FAULT_CALLS, STAY_FAULT_BUILDS, STAY_CODES, STAY_COUNT = STAY_CODES + 32 };

struct stays {
    uint64_t counts[SAMPLES_MAX]; /* instructions, rising */
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

/* Go on until the domains have called each other often enough. */
static bool warm_up(struct machine *machine)
{
    struct machine_until until = machine_until_never();
    while (machine_stats(machine).traps < WARM_TRAPS) {
        until.instructions = machine_instructions(machine) + WARM_STEP;
        if (machine_run(machine, &until).reason != MACHINE_STOP_INSTRUCTIONS ||
            until.instructions > INSTRUCTIONS_MAX)
            return false;
    }
    return true;
}

static void stay_add(struct stays *stays, uint64_t instructions)
{
    if (stays->count == SAMPLES_MAX)
        return;
    unsigned at = stays->count++;
    for (; at > 0 && stays->counts[at - 1] > instructions; at--)
        stays->counts[at] = stays->counts[at - 1];
    stays->counts[at] = instructions;
}

static double stay_median(const struct stays *stays)
{
    return stays->count ? (double)stays->counts[stays->count / 2] : 0;
}

/* Which kind a stay was, from how it began and whether another address space goes on. -1: none that
 * is counted. */
static int stay_kind(uint64_t scause, uint64_t code, uint64_t fault_addr, bool same_space)
{
    if (scause == SCAUSE_PAGE_STORE && fault_addr == GAUGE_HOLE)
        return same_space ? STAY_FAULT_BUILDS : STAY_FAULT_CALLS;
    if (scause != SCAUSE_ECALL_USER)
        return -1;
    if (code == NODE_FETCH + GAUGE_FETCH_SLOT)
        return STAY_FETCH;
    if (code == RC_OK) /* with another code a restart key makes its domain trap */
        return STAY_CODES + GAUGE_RESTART - GAUGE_CALL;
    return code >= GAUGE_CALL && code <= GAUGE_INSERT ? (int)(STAY_CODES + code - GAUGE_CALL) : -1;
}

/* Count every stay in the kernel. */
static bool stays_count(struct machine *machine, struct stays *stays)
{
    struct cpu *cpu = machine_cpu(machine);
    bool inside = true;
    uint64_t entered = 0, code = 0, satp = 0;
    for (unsigned i = 0; i < STEPS_MAX; i++) {
        uint64_t before = cpu_x_get(cpu, 10);
        if (!step(machine))
            return false;
        bool now = privilege(machine) == 1;
        if (now && !inside) {
            code = before;
            satp = cpu_csr_get(cpu, CPU_CSR_SATP);
            /* The step that trapped retires the first instruction of the kernel, not the ecall. */
            entered = machine_instructions(machine) - 1;
        } else if (!now && inside && entered) {
            int kind = stay_kind(cpu_csr_get(cpu, CPU_CSR_SCAUSE), code,
                                 cpu_csr_get(cpu, CPU_CSR_STVAL),
                                 satp == cpu_csr_get(cpu, CPU_CSR_SATP));
            if (kind >= 0)
                stay_add(&stays[kind], machine_instructions(machine) - entered);
        }
        inside = now;
    }
    return true;
}

/* A row of the table; must and aim: bench.h. */
static void row_add(struct bench *bench, const char *name, double instructions, double must,
                    double aim)
{
    struct bench_row row = {.suite = "message",
                            .unit = "insn",
                            .value = instructions,
                            .must = must,
                            .aim = aim,
                            .goal = GOAL_VALUE_AT_MOST};
    (void)snprintf(row.name, sizeof(row.name), "%s", name);
    bench_row_add(bench, &row);
}

static double code_median(const struct stays *stays, unsigned code)
{
    return stay_median(&stays[STAY_CODES + code - GAUGE_CALL]);
}

static void strings_report(struct bench *bench, const struct stays *stays)
{
    static const unsigned lengths[] = {64, 1024, STRING_BYTES_MAX};
    double none = code_median(stays, GAUGE_CALL);
    for (unsigned i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        char name[48];
        double per_word = (double)lengths[i] / 8 * 2;
        (void)snprintf(name, sizeof(name), "string of %u bytes, added", lengths[i]);
        row_add(bench, name, code_median(stays, GAUGE_CALL_MEMORY_64 + i) - none, per_word + 60,
                per_word + 40);
    }
}

static void report(struct bench *bench, const struct stays *stays)
{
    double call = code_median(stays, GAUGE_CALL), back = code_median(stays, GAUGE_RETURN);
    row_add(bench, "CALL, start key, other space", call, 110, 90);
    row_add(bench, "RETURN through a resume key", back, 110, 90);
    row_add(bench, "round trip", call + back, 250, 200);
    row_add(bench, "RETURN of a server with a buffer", code_median(stays, GAUGE_RETURN_MEMORY),
            110, 90);
    row_add(bench, "round trip to another meter",
            code_median(stays, GAUGE_CALL_METER) + code_median(stays, GAUGE_RETURN_METER), 500,
            400);
    row_add(bench, "each key passed, added",
            (code_median(stays, GAUGE_CALL_KEYS_3) - call) / 3, 20, 14);
    row_add(bench, "32 bytes in registers, added",
            code_median(stays, GAUGE_CALL_REGISTERS) - call, 60, 40);
    strings_report(bench, stays);
    row_add(bench, "data key", code_median(stays, GAUGE_DATA_KEY), 70, 50);
    row_add(bench, "node fetch", stay_median(&stays[STAY_FETCH]), 110, 80);
    row_add(bench, "memory fault to keeper, and restart",
            stay_median(&stays[STAY_FAULT_CALLS]) + code_median(stays, GAUGE_RESTART), 300, 200);
    row_add(bench, "mapping of a page rebuilt", stay_median(&stays[STAY_FAULT_BUILDS]), 250, 150);
}

bool message_bench(struct bench *bench, struct error *error)
{
    struct stays stays[STAY_COUNT] = {{{0}, 0}};
    char kernel[512], image[512];
    (void)snprintf(kernel, sizeof(kernel), "%s/kernel.elf", bench->build_path);
    (void)snprintf(image, sizeof(image), "%s/gauge.img", bench->build_path);
    const struct machine_config config = {
        .kernel_path = kernel, .disks = {{.path = image, .read_only = true}}, .disk_count = 1};
    struct machine *machine;
    if (!machine_create(&machine, &config, error))
        return false;
    bool counted = warm_up(machine) && stays_count(machine, stays);
    machine_destroy(machine);
    if (!counted)
        return error_set(error, ERROR_FORMAT, "gauge.img: ended before it was measured");
    for (unsigned kind = 0; kind < STAY_CODES + GAUGE_RESTART - GAUGE_CALL; kind++)
        if (!stays[kind].count)
            return error_set(error, ERROR_FORMAT, "gauge.img: path %u was never taken", kind);
    report(bench, stays);
    return true;
}
