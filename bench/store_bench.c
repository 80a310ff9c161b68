/* SPDX-License-Identifier: GPL-2.0-or-later */
/* store_bench.c - suite "store": what checkpoints, restart and journal cost. All exact.
 *
 * Called by bench_main.c; calls store_world.h. A domain changes so many pages and nodes and forces
 * a checkpoint; the machine stops where the kernel announces the beginning and the end of a phase
 * (devices/board.h), and the difference of its counters is what the phase cost.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "bench/bench.h"
#include "bench/store_world.h"
#include "disks/format.h"

#define UNKNOWNS 3u /* of the cost of a freeze: a page, a node, the rest */

static void row_add(struct bench *bench, const struct bench_row *wanted)
{
    struct bench_row row = *wanted;
    (void)snprintf(row.suite, sizeof(row.suite), "store");
    if (row.reference > 0)
        row.ratio = row.goal == GOAL_VALUE_AT_LEAST ? row.value / row.reference
                                                    : row.reference / row.value;
    bench_row_add(bench, &row);
}

/* --- freeze --- */

/* Solve the normal equations in place, by Gauss and Jordan: they are few and well conditioned. */
static void equations_solve(double matrix[UNKNOWNS][UNKNOWNS + 1])
{
    for (unsigned column = 0; column < UNKNOWNS; column++) {
        double divisor = matrix[column][column];
        for (unsigned i = 0; i <= UNKNOWNS; i++)
            matrix[column][i] /= divisor;
        for (unsigned row = 0; row < UNKNOWNS; row++) {
            double factor = row == column ? 0 : matrix[row][column];
            for (unsigned i = 0; i <= UNKNOWNS; i++)
                matrix[row][i] -= factor * matrix[column][i];
        }
    }
}

/* Least squares: instructions = page * pages + node * nodes + rest. */
static void fit(const double *instructions, double cost[UNKNOWNS])
{
    double matrix[UNKNOWNS][UNKNOWNS + 1] = {{0}};
    for (unsigned round = 0; round < DIRTIER_ROUNDS; round++) {
        const double terms[UNKNOWNS + 1] = {dirtier_rounds[round].pages,
                                            dirtier_rounds[round].nodes, 1, instructions[round]};
        for (unsigned row = 0; row < UNKNOWNS; row++)
            for (unsigned i = 0; i <= UNKNOWNS; i++)
                matrix[row][i] += terms[row] * terms[i];
    }
    equations_solve(matrix);
    for (unsigned i = 0; i < UNKNOWNS; i++)
        cost[i] = matrix[i][UNKNOWNS];
}

static void freezes_report(struct bench *bench, const double *instructions)
{
    static const struct {
        const char *name;
        double must;
    } parts[UNKNOWNS] = {{"freeze, each dirty page", 25},
                         {"freeze, each dirty node", 150},
                         {"freeze, besides", 20000}};
    double cost[UNKNOWNS], worst = 0;
    struct bench_row row = {.unit = "insn"};
    for (unsigned round = 0; round < DIRTIER_ROUNDS; round++) {
        (void)snprintf(row.name, sizeof(row.name), "freeze of %u pages, %u nodes",
                       dirtier_rounds[round].pages, dirtier_rounds[round].nodes);
        row.value = instructions[round];
        row_add(bench, &row);
    }
    fit(instructions, cost);
    for (unsigned i = 0; i < UNKNOWNS; i++) {
        row = (struct bench_row){.unit = "insn", .value = round(cost[i] * 10) / 10,
                                 .must = parts[i].must, .aim = parts[i].must / 2,
                                 .goal = GOAL_VALUE_AT_MOST};
        (void)snprintf(row.name, sizeof(row.name), "%s", parts[i].name);
        row_add(bench, &row);
    }
    for (unsigned round = 0; round < DIRTIER_ROUNDS; round++) {
        double fitted = cost[0] * dirtier_rounds[round].pages +
                        cost[1] * dirtier_rounds[round].nodes + cost[2];
        worst = fmax(worst, fabs(fitted - instructions[round]) / instructions[round]);
    }
    row = (struct bench_row){.name = "freeze, farthest from the fit", .unit = "%",
                             .value = worst * 100};
    row_add(bench, &row);
}

static bool freezes_measure(struct bench *bench, struct error *error)
{
    struct world world;
    double instructions[DIRTIER_ROUNDS];
    const struct world_plan plan = {.work = DIRTIER_FREEZE, .span = 4096,
                                    .append = "checkpoint=0"};
    bool good = world_begin(&world, bench, &plan, error);
    for (unsigned round = 0; good && round < DIRTIER_ROUNDS; round++) {
        good = world_phase(&world, TRACE_PHASE_FREEZE, error);
        uint64_t before = good ? machine_instructions(world.machine) : 0;
        good = good && world_phase_end(&world, TRACE_PHASE_FREEZE, error);
        instructions[round] = good ? (double)(machine_instructions(world.machine) - before) : 0;
    }
    good = good && world_power_off(&world, error);
    world_end(&world);
    if (good)
        freezes_report(bench, instructions);
    return good;
}

/* --- restart --- */

#define RESTART_PAGES 256u

/* Instructions and sectors until the first domain runs, in a store of so many pages. */
static bool restart_measure(const struct bench *bench, uint64_t store_mib, double *instructions,
                            double *sectors, struct error *error)
{
    struct world world;
    const struct world_plan plan = {.work = DIRTIER_ONCE, .pages = RESTART_PAGES,
                                    .span = RESTART_PAGES, .area_blocks = 1024,
                                    .store_pages = store_mib * 256, .append = "checkpoint=0"};
    bool good = world_begin(&world, bench, &plan, error) &&
                world_phase_end(&world, TRACE_PHASE_COMMIT, error) &&
                world_restart(&world, error) && world_trace(&world, TRACE_FIRST_DOMAIN, error);
    if (good) {
        *instructions = (double)machine_instructions(world.machine);
        *sectors = (double)world_disk(&world).read_bytes / SECTOR_BYTES;
    }
    world_end(&world);
    return good;
}

static bool restarts_measure(struct bench *bench, struct error *error)
{
    for (uint64_t mib = 64; mib <= (bench->quick ? 256u : 65536u); mib *= 4) {
        double instructions, sectors;
        if (!restart_measure(bench, mib, &instructions, &sectors, error))
            return false;
        struct bench_row row = {.unit = "insn", .value = instructions, .must = 2e6, .aim = 2e6,
                                .goal = GOAL_VALUE_AT_MOST};
        (void)snprintf(row.name, sizeof(row.name), "restart of %u MiB", (unsigned)mib);
        row_add(bench, &row);
        row = (struct bench_row){.unit = "sectors", .value = sectors};
        (void)snprintf(row.name, sizeof(row.name), "restart of %u MiB, read", (unsigned)mib);
        row_add(bench, &row);
    }
    return true;
}

/* --- journal --- */

#define COMMITTERS_MOST 64u
#define COMMITTER_STEPS 20u

static bool commits_measure(struct bench *bench, unsigned committers, double *each_write,
                            struct error *error)
{
    struct world world;
    const struct world_plan plan = {.committers = committers, .steps = COMMITTER_STEPS,
                                    .journal_blocks = 8192, .timing = DISK_TIMING_HDD,
                                    .append = "checkpoint=0"};
    bool good = world_begin(&world, bench, &plan, error);
    while (good && world.ended < committers)
        good = world_printed(&world, "\a", error);
    if (good)
        *each_write =
            (double)committers * COMMITTER_STEPS / (double)world_disk(&world).write_requests;
    world_end(&world);
    return good;
}

static bool journal_measure(struct bench *bench, struct error *error)
{
    for (unsigned committers = 1; committers <= COMMITTERS_MOST; committers *= 2) {
        double each_write;
        if (!commits_measure(bench, committers, &each_write, error))
            return false;
        struct bench_row row = {.unit = "a write", .value = round(each_write * 100) / 100};
        (void)snprintf(row.name, sizeof(row.name), "transactions of %u committers", committers);
        if (committers == COMMITTERS_MOST) {
            row.must = 8;
            row.aim = 32;
            row.goal = GOAL_VALUE_AT_LEAST;
        }
        row_add(bench, &row);
    }
    return true;
}

bool store_bench(struct bench *bench, struct error *error)
{
    return freezes_measure(bench, error) && restarts_measure(bench, error) &&
           disk_measure(bench, error) && journal_measure(bench, error);
}
