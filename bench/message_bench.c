/* SPDX-License-Identifier: GPL-2.0-or-later */
/* message_bench.c - suite "message": exact instructions and cycles of the kernel's paths, from the
 * trap to the first instruction of the next domain.
 *
 * Called by bench_main.c; calls machine.h. gauge.img runs until the kernel's caches are filled;
 * then the machine goes on one instruction at a time, and every stay in supervisor mode is counted
 * and filed under what began it: the code of an ecall (disks/domains/gauge.h), or a page fault.
 * Cycles are those of the machine's timing model, trap entry and return included.
 *
 * Reference figures, each for the nearest thing that its system has: instructions of seL4 on RV64
 * (call 238, without passing a key; ReplyRecv 267; both ways 505) and of L4Re (a system call 148),
 * counted under QEMU; of EROS's assembler (a key passed 32); a load and a store for each 8 bytes of
 * a string. Cycles of KeyKOS on the 88x00 (a gate jump 500) and of EROS on a Pentium of 120 MHz (a
 * fault to a keeper 740; a mapping rebuilt 6.2 us), from their papers.
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

enum unit { UNIT_INSTRUCTIONS, UNIT_CYCLES, UNITS };

struct stays {
    uint64_t counts[SAMPLES_MAX]; /* rising */
    unsigned count;
};

/* What was counted, in each unit. */
struct gauged {
    struct stays stays[UNITS][STAY_COUNT];
};

struct position {
    uint64_t counts[UNITS];
};

static unsigned privilege(struct machine *machine)
{
    return cpu_privilege(machine_cpu(machine));
}

static struct position position_of(const struct machine *machine)
{
    return (struct position){{[UNIT_INSTRUCTIONS] = machine_instructions(machine),
                              [UNIT_CYCLES] = machine_cycles(machine)}};
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

static void sample_add(struct stays *stays, uint64_t sample)
{
    if (stays->count == SAMPLES_MAX)
        return;
    unsigned at = stays->count++;
    for (; at > 0 && stays->counts[at - 1] > sample; at--)
        stays->counts[at] = stays->counts[at - 1];
    stays->counts[at] = sample;
}

static void stay_add(struct gauged *gauged, int kind, const struct position *from,
                     const struct position *to)
{
    for (unsigned unit = 0; unit < UNITS; unit++)
        sample_add(&gauged->stays[unit][kind], to->counts[unit] - from->counts[unit]);
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
static bool stays_count(struct machine *machine, struct gauged *gauged)
{
    struct cpu *cpu = machine_cpu(machine);
    bool inside = true, known = false;
    uint64_t code = 0, satp = 0;
    struct position entered = {{0}};
    for (unsigned i = 0; i < STEPS_MAX; i++) {
        uint64_t before = cpu_x_get(cpu, 10);
        struct position at = position_of(machine);
        if (!step(machine))
            return false;
        bool now = privilege(machine) == 1;
        if (now && !inside) {
            code = before;
            satp = cpu_csr_get(cpu, CPU_CSR_SATP);
            /* The step that trapped retires the first instruction of the kernel, not the ecall. */
            entered = at;
            known = true;
        } else if (!now && inside && known) {
            at = position_of(machine);
            int kind = stay_kind(cpu_csr_get(cpu, CPU_CSR_SCAUSE), code,
                                 cpu_csr_get(cpu, CPU_CSR_STVAL),
                                 satp == cpu_csr_get(cpu, CPU_CSR_SATP));
            if (kind >= 0)
                stay_add(gauged, kind, &entered, &at);
        }
        inside = now;
    }
    return true;
}

/* A row in both units. The goal is one of instructions, and so is the reference unless it is one of
 * cycles. */
struct path {
    const char *name;
    double counts[UNITS], references[UNITS]; /* 0: none is known */
    double must, aim;
};

static void path_report(struct bench *bench, const struct path *path)
{
    static const char *const units[UNITS] = {"insn", "cycles"};
    for (unsigned unit = 0; unit < UNITS; unit++) {
        struct bench_row row = {.suite = "message",
                                .value = path->counts[unit],
                                .reference = path->references[unit]};
        if (unit == UNIT_INSTRUCTIONS) {
            row.must = path->must;
            row.aim = path->aim;
            row.goal = GOAL_VALUE_AT_MOST;
        }
        row.ratio = row.reference / row.value; /* 0: none */
        (void)snprintf(row.name, sizeof(row.name), "%s%s", unit ? "- cycles: " : "", path->name);
        (void)snprintf(row.unit, sizeof(row.unit), "%s", units[unit]);
        bench_row_add(bench, &row);
    }
}

/* The medians of one kind of stay, less those of another, or with them. */
static void path_set(struct path *path, const struct gauged *gauged, int kind, int other,
                     double factor)
{
    for (unsigned unit = 0; unit < UNITS; unit++)
        path->counts[unit] = stay_median(&gauged->stays[unit][kind]) +
                             factor * stay_median(&gauged->stays[unit][other]);
}

static int kind_of(unsigned code)
{
    return (int)(STAY_CODES + code - GAUGE_CALL);
}

/* Rows of what one path takes (factor 0), both ways of it (1), or what is added to it (-1). */
static void row_add(struct bench *bench, const struct gauged *gauged, struct path path, int kind,
                    int other, double factor)
{
    path_set(&path, gauged, kind, other, factor);
    path_report(bench, &path);
}

static void strings_report(struct bench *bench, const struct gauged *gauged)
{
    static const unsigned lengths[] = {64, 1024, STRING_BYTES_MAX};
    for (unsigned i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        char name[48];
        double words = (double)lengths[i] / 8 * 2;
        (void)snprintf(name, sizeof(name), "string of %u bytes, added", lengths[i]);
        row_add(bench, gauged,
                (struct path){.name = name, .references = {words}, .must = words + 60,
                              .aim = words + 40},
                kind_of(GAUGE_CALL_MEMORY_64 + i), kind_of(GAUGE_CALL), -1);
    }
}

static void keys_report(struct bench *bench, const struct gauged *gauged)
{
    struct path path = {.name = "each key passed, added", .references = {32}, .must = 20,
                        .aim = 14};
    path_set(&path, gauged, kind_of(GAUGE_CALL_KEYS_3), kind_of(GAUGE_CALL), -1);
    for (unsigned unit = 0; unit < UNITS; unit++)
        path.counts[unit] /= 3;
    path_report(bench, &path);
}

static void report(struct bench *bench, const struct gauged *gauged)
{
    const int call = kind_of(GAUGE_CALL), back = kind_of(GAUGE_RETURN);
    row_add(bench, gauged,
            (struct path){"CALL, start key, other space", .references = {238, 500}, .must = 110,
                          .aim = 90}, call, call, 0);
    row_add(bench, gauged,
            (struct path){"RETURN through a resume key", .references = {267}, .must = 110,
                          .aim = 90}, back, back, 0);
    row_add(bench, gauged,
            (struct path){"round trip", .references = {505}, .must = 250, .aim = 200}, call, back,
            1);
    row_add(bench, gauged,
            (struct path){"RETURN of a server with a buffer", .must = 110, .aim = 90},
            kind_of(GAUGE_RETURN_MEMORY), back, 0);
    row_add(bench, gauged,
            (struct path){"round trip to another meter", .must = 500, .aim = 400},
            kind_of(GAUGE_CALL_METER), kind_of(GAUGE_RETURN_METER), 1);
    keys_report(bench, gauged);
    row_add(bench, gauged,
            (struct path){"32 bytes in registers, added", .references = {8}, .must = 60,
                          .aim = 40}, kind_of(GAUGE_CALL_REGISTERS), call, -1);
    strings_report(bench, gauged);
    row_add(bench, gauged,
            (struct path){"data key", .references = {148}, .must = 70, .aim = 50},
            kind_of(GAUGE_DATA_KEY), call, 0);
    row_add(bench, gauged,
            (struct path){"node fetch", .references = {148}, .must = 110, .aim = 80}, STAY_FETCH,
            call, 0);
    row_add(bench, gauged,
            (struct path){"memory fault to keeper, and restart", .references = {0, 740},
                          .must = 300, .aim = 200},
            STAY_FAULT_CALLS, kind_of(GAUGE_RESTART), 1);
    row_add(bench, gauged,
            (struct path){"mapping of a page rebuilt", .references = {0, 744}, .must = 250,
                          .aim = 150}, STAY_FAULT_BUILDS, call, 0);
}

bool message_bench(struct bench *bench, struct error *error)
{
    struct gauged gauged = {0};
    char kernel[512], image[512];
    (void)snprintf(kernel, sizeof(kernel), "%s/kernel.elf", bench->build_path);
    (void)snprintf(image, sizeof(image), "%s/gauge.img", bench->build_path);
    const struct machine_config config = {
        .kernel_path = kernel, .disks = {{.path = image, .read_only = true}}, .disk_count = 1};
    struct machine *machine;
    if (!machine_create(&machine, &config, error))
        return false;
    bool counted = warm_up(machine) && stays_count(machine, &gauged);
    machine_destroy(machine);
    if (!counted)
        return error_set(error, ERROR_FORMAT, "gauge.img: ended before it was measured");
    for (unsigned kind = 0; kind < STAY_CODES + GAUGE_RESTART - GAUGE_CALL; kind++)
        if (!gauged.stays[UNIT_INSTRUCTIONS][kind].count)
            return error_set(error, ERROR_FORMAT, "gauge.img: path %u was never taken", kind);
    report(bench, &gauged);
    return true;
}
