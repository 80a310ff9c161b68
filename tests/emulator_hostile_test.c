/* SPDX-License-Identifier: GPL-2.0-or-later */
/* emulator_hostile_test.c - a malicious driver on the whole machine (guest/hostile_report.h):
 * random accesses, broken queues, DMA over rings, code and page tables. The host lives, the run is
 * the same each time, memory that no device was given keeps its canary, and after a reset every
 * device works.
 *
 * 4 runs of 25,000 steps, each done twice; LATCHKEY_LONG=1 makes that 4 of 250,000. LATCHKEY_SEED=N
 * repeats a run. Run again under sanitizers by tests/run.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "emulator/cpu.h"
#include "emulator/machine.h"
#include "tests/guest/hostile_report.h"
#include "tests/support_device.h"

#define STEPS 25000u
#define SLICE_INSTRUCTIONS 400000u
#define STEP_INSTRUCTIONS_MAX 100000u /* on average; more is a guest that is lost */
#define CANARY 0xca0a7ca0a7ca0a7cull

struct run {
    struct machine *machine;
    char images[HOSTILE_DISK_COUNT][32];
    struct fake_random random; /* of what comes from outside */
    uint64_t console_bytes, console_sum;
    uint64_t pixel_sum;
};

/* One guest; settled as in hostile_report.h. Its second run is saved, loaded and recycled at many
 * places when it is, and else is the same once more. */
struct way {
    uint64_t seed, steps;
    bool settled;
};

static void console_put(void *context, const uint8_t *data, size_t size_bytes)
{
    struct run *run = context;
    for (size_t i = 0; i < size_bytes; i++)
        run->console_sum = run->console_sum * 31 + data[i];
    run->console_bytes += size_bytes;
}

static uint8_t *ram_at(struct run *run, uint64_t addr)
{
    return cpu_ram(machine_cpu(run->machine)) + (addr - BOARD_RAM_BASE);
}

static uint64_t canary_at(uint64_t addr)
{
    return CANARY ^ addr * 0x9e3779b97f4a7c15ull;
}

/* Below the program, and between it and the upper half. */
static const struct {
    uint64_t first, end;
} canaries[] = {{BOARD_RAM_BASE, BOARD_RAM_BASE + 0x200000},
                {HOSTILE_CANARY_FIRST, HOSTILE_UPPER_HALF}};

static void canaries_lay(struct run *run)
{
    for (size_t i = 0; i < sizeof(canaries) / sizeof(canaries[0]); i++)
        for (uint64_t addr = canaries[i].first; addr < canaries[i].end; addr += 8)
            store_u64(ram_at(run, addr), canary_at(addr));
}

static void canaries_check(struct run *run)
{
    for (size_t i = 0; i < sizeof(canaries) / sizeof(canaries[0]); i++)
        for (uint64_t addr = canaries[i].first; addr < canaries[i].end; addr += 8)
            cr_assert_eq(load_u64(ram_at(run, addr)), canary_at(addr), "canary at %llx",
                         (unsigned long long)addr);
}

static void image_make(char path[32])
{
    strcpy(path, "test-hostile-XXXXXX");
    int descriptor = mkstemp(path);
    cr_assert_geq(descriptor, 0);
    cr_assert_eq(ftruncate(descriptor, (off_t)HOSTILE_DISK_SECTORS * DISK_SECTOR_BYTES), 0);
    close(descriptor);
}

static void run_start(struct run *run, const struct way *way, bool again)
{
    static const enum disk_timing timings[HOSTILE_DISK_COUNT] = {
        DISK_TIMING_INSTANT, DISK_TIMING_SSD, DISK_TIMING_HDD};
    struct machine_config config = {.ram_bytes = HOSTILE_RAM_BYTES,
                                    .seed = way->seed,
                                    .kernel_path = LATCHKEY_BUILD_DIR "/guest/hostile.elf",
                                    .disk_count = HOSTILE_DISK_COUNT,
                                    .recycle_bytes = again && way->settled ? 4000000 : 0,
                                    .console = {run, console_put}};
    struct error error;
    *run = (struct run){.random = {way->seed}};
    for (unsigned i = 0; i < HOSTILE_DISK_COUNT; i++) {
        image_make(run->images[i]);
        config.disks[i] = (struct machine_disk){
            .path = run->images[i], .timing = timings[i], .write_through = i == 2};
    }
    cr_assert(machine_create(&run->machine, &config, &error), "%s", error.text);
    canaries_lay(run);
    store_u64(ram_at(run, HOSTILE_REPORT), way->seed);
    store_u64(ram_at(run, HOSTILE_REPORT) + 8, way->steps);
    store_u64(ram_at(run, HOSTILE_REPORT) + 16, way->settled);
}

static void run_end(struct run *run)
{
    machine_destroy(run->machine);
    for (unsigned i = 0; i < HOSTILE_DISK_COUNT; i++)
        (void)unlink(run->images[i]);
}

/* Keys, pointers and bytes from outside, at times more than anybody takes. */
static void outside(struct run *run)
{
    for (uint64_t count = fake_random_below(&run->random, 20); count > 0; count--) {
        struct machine_input input = {
            .time_ns = machine_time_ns(run->machine) + fake_random_below(&run->random, 3000000),
            .kind = (enum machine_input_kind)fake_random_below(&run->random, INPUT_WHEEL + 1),
            .code = (uint16_t)fake_random_below(&run->random, 0x120),
            .x = (int32_t)fake_random_next(&run->random),
            .y = (int32_t)fake_random_next(&run->random),
            .down = fake_random_below(&run->random, 2) == 0};
        (void)machine_input(run->machine, &input);
    }
    struct machine_display display = machine_display(run->machine);
    if (display.pixels)
        run->pixel_sum += display.pixels[(size_t)display.stride_pixels * (display.height - 1) +
                                         display.width - 1];
}

/* Save the machine and load it again: nothing may change. */
static void save_and_load(struct run *run)
{
    struct byte_writer writer = {0};
    struct byte_reader reader;
    struct error error;
    machine_save(run->machine, &writer);
    reader_init(&reader, writer.data, writer.size_bytes);
    cr_assert(machine_load(run->machine, &reader, &error), "%s", error.text);
    writer_finish(&writer);
}

static struct hostile_report report_of(struct run *run)
{
    struct hostile_report report;
    memcpy(&report, ram_at(run, HOSTILE_REPORT), sizeof(report)); /* both are little-endian */
    return report;
}

static void run_to_end(struct run *run, bool saving)
{
    uint64_t steps = report_of(run).steps;
    struct machine_stop stop = {.reason = MACHINE_STOP_INSTRUCTIONS};
    while (stop.reason == MACHINE_STOP_INSTRUCTIONS) {
        uint64_t count = machine_instructions(run->machine);
        cr_assert_lt(count, steps * STEP_INSTRUCTIONS_MAX, "the guest is lost after %llu steps",
                     (unsigned long long)report_of(run).done);
        outside(run);
        struct machine_until until = machine_until_never();
        until.instructions = count + SLICE_INSTRUCTIONS;
        stop = machine_run(run->machine, &until);
        if (saving && fake_random_below(&run->random, 16) == 0)
            save_and_load(run);
        else if (!saving)
            (void)fake_random_below(&run->random, 16);
    }
    struct hostile_report report = report_of(run);
    cr_assert_eq(stop.reason, MACHINE_STOP_POWER_OFF, "stop %d after %llu steps: %s", stop.reason,
                 (unsigned long long)report.done, machine_fault_text(run->machine));
    cr_assert_eq(report.failure, HOSTILE_NO_FAILURE, "failure %llu, %llx, %llx after %llu steps",
                 (unsigned long long)report.failure, (unsigned long long)report.detail,
                 (unsigned long long)report.detail_more, (unsigned long long)report.done);
    cr_assert_eq(report.finished, 1);
    cr_assert_eq(report.done, steps);
    canaries_check(run);
}

/* The driver was as hostile as it claims, and not only refused. */
static void report_check(const struct hostile_report *report)
{
    fprintf(stderr,
            "steps %llu, accesses %llu, faults %llu, offered %llu, used %llu, broken %llu, "
            "user runs %llu with %llu traps, interrupts %llu, swaps %llu, firmware %llu\n",
            (unsigned long long)report->done, (unsigned long long)report->accesses,
            (unsigned long long)report->faults, (unsigned long long)report->offered,
            (unsigned long long)report->used, (unsigned long long)report->broken,
            (unsigned long long)report->user_runs, (unsigned long long)report->user_traps,
            (unsigned long long)report->interrupts, (unsigned long long)report->swaps,
            (unsigned long long)report->firmware);
    cr_expect_gt(report->accesses, report->done / 4);
    cr_expect_gt(report->faults, report->accesses / 4);
    cr_expect_lt(report->faults, report->accesses);
    cr_expect_gt(report->offered, report->done / 10);
    cr_expect_gt(report->used, report->done / 50);
    cr_expect_gt(report->broken, report->done / 200);
    cr_expect_gt(report->user_traps, report->done / 50);
    cr_expect_gt(report->interrupts, report->done / 100);
    cr_expect_gt(report->swaps, report->done / 1000);
}

static void hostile(uint64_t number, bool settled)
{
    char expected[33], got[33];
    const struct way way = {fake_random_seed() + number, fake_steps(STEPS), settled};
    uint64_t instructions = 0, console_sum = 0, pixel_sum = 0;
    fprintf(stderr, "seed %llu\n", (unsigned long long)way.seed);
    for (unsigned turn = 0; turn < 2; turn++) {
        struct run run;
        run_start(&run, &way, turn == 1);
        run_to_end(&run, turn == 1 && settled);
        digest_text(machine_digest(run.machine), turn == 0 ? expected : got);
        if (turn == 0) {
            struct hostile_report report = report_of(&run);
            report_check(&report);
            instructions = machine_instructions(run.machine);
            console_sum = run.console_sum;
            pixel_sum = run.pixel_sum;
        } else {
            cr_expect_str_eq(expected, got);
            cr_expect_eq(machine_instructions(run.machine), instructions);
            cr_expect_eq(run.console_sum, console_sum);
            cr_expect_eq(run.pixel_sum, pixel_sum);
        }
        run_end(&run);
    }
}

Test(hostile, driver_cannot_hurt_the_host)
{
    hostile(0, false);
}

Test(hostile, driver_cannot_hurt_the_host_with_another_seed)
{
    hostile(1, false);
}

Test(hostile, driver_cannot_tell_that_it_was_saved_loaded_and_recycled)
{
    hostile(2, true);
}

Test(hostile, driver_cannot_tell_that_it_was_saved_loaded_and_recycled_with_another_seed)
{
    hostile(3, true);
}
