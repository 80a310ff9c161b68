/* SPDX-License-Identifier: GPL-2.0-or-later */
/* support_record.c - see support_record.h. */
#include "tests/support_record.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support_power.h"

#define SLICE_MAX 3000000u

struct run {
    struct random random;
    struct machine *machine;
    struct recorder *recorder;
    struct recorded *recorded;
    uint64_t until;
};

static void place_note(struct run *run)
{
    struct recorded *recorded = run->recorded;
    if (recorded->place_count == RECORDED_PLACES_MAX ||
        machine_position(run->machine).arrival != ARRIVAL_INSTRUCTION)
        return;
    uint64_t here = machine_instructions(run->machine);
    if (recorded->place_count > 0 &&
        recorded->places[recorded->place_count - 1].instructions >= here)
        return;
    recorded->places[recorded->place_count++] =
        (struct recorded_place){here, machine_digest(run->machine)};
}

static void input_random(struct run *run)
{
    static const char words[] = "help\r ledger\r domains\r x";
    struct machine_input input = {.time_ns = machine_time_ns(run->machine)};
    if (random_below(&run->random, 2) == 0)
        input.time_ns += random_below(&run->random, 20000000);
    input.kind = (enum machine_input_kind)random_below(&run->random, INPUT_WHEEL + 1);
    input.down = random_below(&run->random, 2);
    if (input.kind == INPUT_CONSOLE)
        input.code = (uint8_t)words[random_below(&run->random, sizeof(words) - 1)];
    else if (input.kind == INPUT_KEY)
        input.code = (uint16_t)(1 + random_below(&run->random, 80));
    else if (input.kind == INPUT_BUTTON)
        input.code = 0x110;
    input.x = (int32_t)random_below(&run->random, 32768);
    input.y = (int32_t)random_below(&run->random, 32768);
    cr_assert(machine_input(run->machine, &input));
    run->recorded->inputs++;
}

static void cut_random(struct run *run)
{
    struct error error;
    const struct power_cut cut = {
        .policy = (enum power_policy)random_below(&run->random, POWER_POLICY_COUNT),
        .seed = random_next(&run->random)};
    cr_assert(machine_power_cut(run->machine, &cut, &error), "%s", error.text);
    cr_assert(machine_reset(run->machine, &error), "%s", error.text);
    run->recorded->cuts++;
}

static void fault_random(struct run *run)
{
    struct error error;
    const struct machine_fault fault = {
        .fault = {.kind = DISK_FAULT_UNREADABLE, .time_ns = machine_time_ns(run->machine) + 1000,
                  .sector = random_below(&run->random, 2000)}};
    cr_assert(machine_disk_fault(run->machine, &fault, &error), "%s", error.text);
    run->recorded->faults++;
}

/* One slice: by instructions, cycles or time, or to a write or phase. */
static struct machine_stop slice_run(struct run *run)
{
    struct machine_until until = machine_until_never();
    uint64_t length = 1 + random_below(&run->random, SLICE_MAX);
    switch (random_below(&run->random, 6)) {
    case 0:
        until.cycles = machine_cycles(run->machine) + length;
        break;
    case 1:
        until.time_ns = machine_time_ns(run->machine) + 10 * length;
        break;
    case 2:
        until.writes = machine_writes(run->machine, BOARD_DISK_COUNT_MAX) + 1;
        break;
    case 3:
        until.phases = ~0u;
        break;
    default:
        break;
    }
    until.instructions = machine_instructions(run->machine) + length;
    if (run->until < until.instructions)
        until.instructions = run->until;
    if (recorder_next(run->recorder) < until.instructions)
        until.instructions = recorder_next(run->recorder);
    struct machine_stop stop = machine_run(run->machine, &until);
    place_note(run);
    recorder_visit(run->recorder);
    return stop;
}

static void run_randomly(struct run *run)
{
    struct error error;
    while (machine_instructions(run->machine) < run->until) {
        struct machine_stop stop = slice_run(run);
        cr_assert_neq(stop.reason, MACHINE_STOP_FAULT);
        if (stop.reason == MACHINE_STOP_POWER_OFF || stop.reason == MACHINE_STOP_RESET) {
            cr_assert(machine_reset(run->machine, &error), "%s", error.text);
            run->recorded->resets++;
        }
        if (stop.reason == MACHINE_STOP_IDLE || random_below(&run->random, 4) == 0)
            input_random(run);
        if (random_below(&run->random, 40) == 0)
            cut_random(run);
        if (random_below(&run->random, 50) == 0)
            fault_random(run);
        if (random_below(&run->random, 100) == 0)
            machine_disk_repair(run->machine, 0);
    }
}

/* Record the run: its image and trace are named in recorded. */
static void record_run(const char *kernel, uint64_t seed, uint64_t instructions,
                       struct recorded *recorded)
{
    struct error error;
    struct run run = {.random = {seed}, .recorded = recorded, .until = instructions};
    struct machine_config config = {
        .kernel_path = kernel, .append = "checkpoint=20", .seed = seed, .disk_count = 1,
        .ram_bytes = 32u << 20,
        .disks = {{.path = recorded->image,
                   .timing = (enum disk_timing)random_below(&run.random, DISK_TIMING_HDD + 1),
                   .write_through = random_below(&run.random, 4) == 0}}};
    const struct recorder_options options = {
        .path = recorded->trace, .mark_spacing = 1 + random_below(&run.random, instructions / 4),
        .glance_spacing = 1 + random_below(&run.random, instructions / 40)};
    cr_assert(recorder_open(&run.recorder, &options, &config, &error), "%s", error.text);
    cr_assert(machine_create(&run.machine, &config, &error), "%s", error.text);
    cr_assert(recorder_attach(run.recorder, run.machine, &error), "%s", error.text);
    run_randomly(&run);
    cr_assert(machine_flush(run.machine, &error), "%s", error.text);
    cr_assert(recorder_end(run.recorder, &error), "%s", error.text);
    recorded->instructions = machine_instructions(run.machine);
    recorded->digest = machine_digest(run.machine);
    machine_destroy(run.machine);
    cr_assert(recorder_close(run.recorder));
}

static void names_make(const struct scratch *scratch, const char *name, struct recorded *recorded)
{
    char file[64];
    *recorded = (struct recorded){.place_count = 0};
    (void)snprintf(file, sizeof(file), "%s.img", name);
    scratch_file(scratch, file, recorded->image);
    (void)snprintf(file, sizeof(file), "%s.trace", name);
    scratch_file(scratch, file, recorded->trace);
}

void record_random(const struct scratch *scratch, const char *name, uint64_t seed,
                   uint64_t instructions, struct recorded *recorded)
{
    names_make(scratch, name, recorded);
    image_copy("shared-demo.img", recorded->image);
    record_run("kernel.elf", seed, instructions, recorded);
}

void record_hostile(const struct scratch *scratch, const char *name, uint64_t seed,
                    uint64_t instructions, struct recorded *recorded)
{
    static const uint8_t zeros[1u << 20];
    char file[64];
    names_make(scratch, name, recorded);
    (void)snprintf(file, sizeof(file), "%s.img", name);
    scratch_write(scratch, file, zeros, sizeof(zeros));
    record_run("guest/hostile.elf", seed, instructions, recorded);
}

struct replay *replay_of(const struct recorded *recorded, size_t budget_bytes, bool check)
{
    struct replay *replay;
    struct error error;
    const struct replay_options options = {.trace_path = recorded->trace,
                                           .budget_bytes = budget_bytes, .check = check};
    cr_assert(replay_open(&replay, &options, &error), "%s", error.text);
    return replay;
}

bool digest_same(struct digest left, struct digest right)
{
    return left.low == right.low && left.high == right.high;
}
