/* SPDX-License-Identifier: GPL-2.0-or-later */
/* emulator_machine_test.c - whole machines running the kernel: determinism, independence, save and
 * load.
 *
 * The guest is the real one: kernel.elf with pingpong.img, its disk read-only or under a fresh
 * overlay. */

#include <criterion/criterion.h>
#include <string.h>

#include "tests/support_machine.h"

#define KERNEL LATCHKEY_BUILD_DIR "/kernel.elf"
#define IMAGE LATCHKEY_BUILD_DIR "/shared-pingpong.img"
#define RAM_BYTES (16ull << 20)

static struct machine_config config_of(struct transcript *transcript, uint64_t seed)
{
    struct machine_config config = {.ram_bytes = RAM_BYTES, .seed = seed,
                                    .kernel_path = KERNEL, .disk_count = 1};
    config.disks[0] = (struct machine_disk){.path = IMAGE, .read_only = true,
                                            .timing = DISK_TIMING_SSD};
    if (transcript)
        config.console = transcript_sink(transcript);
    return config;
}

static struct machine *start(const struct machine_config *config)
{
    struct machine *machine;
    struct error error;
    cr_assert(machine_create(&machine, config, &error), "%s", error.text);
    return machine;
}

static struct machine_stop run_to(struct machine *machine, uint64_t instructions)
{
    struct machine_until until = machine_until_never();
    until.instructions = instructions;
    return machine_run(machine, &until);
}

static void digest_of(struct machine *machine, char text[33])
{
    digest_text(machine_digest(machine), text);
}

/* The digest of a machine that has run for so many instructions. */
static void digest_at(const struct machine_config *config, uint64_t count, char text[33])
{
    struct machine *machine = start(config);
    (void)run_to(machine, count);
    digest_of(machine, text);
    machine_destroy(machine);
}

Test(machine, the_kernel_boots_its_domains_talk_and_it_powers_off)
{
    struct transcript transcript = {.length = 0};
    struct machine_config config = config_of(&transcript, 0);
    struct machine *machine = start(&config);
    struct machine_stop stop = run_to(machine, 2000000000u);
    cr_assert_eq(stop.reason, MACHINE_STOP_POWER_OFF, "%s", machine_fault_text(machine));
    cr_assert_eq(stop.code, 0);
    cr_assert(strstr(transcript.text, "ping: 0 bad answers"), "%s", transcript.text);
    struct machine_stats stats = machine_stats(machine);
    cr_assert_eq(stats.generation, 1);
    cr_assert_gt(stats.disks[0].read_requests, 0);
    machine_destroy(machine);
}

Test(machine, with_amnesia_and_checks_the_domains_see_no_difference)
{
    struct transcript plain = {.length = 0}, forgetful = {.length = 0};
    struct machine_config config = config_of(&plain, 0);
    struct machine *machine = start(&config);
    cr_assert_eq(run_to(machine, UINT64_MAX - 1).reason, MACHINE_STOP_POWER_OFF);
    machine_destroy(machine);
    config = config_of(&forgetful, 0);
    config.amnesia = config.check = true;
    machine = start(&config);
    struct machine_stop stop = run_to(machine, 20000000000u);
    cr_assert_eq(stop.reason, MACHINE_STOP_POWER_OFF);
    cr_assert_eq(stop.code, 0);
    machine_destroy(machine);
    cr_assert_str_eq(plain.text, forgetful.text);
}

Test(machine, twenty_runs_with_one_seed_end_in_one_digest)
{
    char first[33], other[33];
    for (unsigned i = 0; i < 20; i++) {
        struct machine_config config = config_of(NULL, 7);
        struct machine *machine = start(&config);
        cr_assert_eq(run_to(machine, 9000000u).reason, MACHINE_STOP_INSTRUCTIONS);
        digest_of(machine, i == 0 ? first : other);
        if (i > 0)
            cr_assert_str_eq(first, other, "run %u", i);
        machine_destroy(machine);
    }
}

Test(machine, another_seed_is_another_machine)
{
    char first[33], other[33];
    struct machine_config config = config_of(NULL, 1);
    struct machine *machine = start(&config);
    digest_of(machine, first);
    machine_destroy(machine);
    config.seed = 2;
    machine = start(&config);
    digest_of(machine, other);
    machine_destroy(machine);
    cr_assert_str_neq(first, other, "the device tree's rng-seed differs");
}

Test(machine, every_way_of_running_gives_the_same_digest)
{
    char expected[33], got[33];
    for (unsigned way = 0; way < 4; way++) {
        struct machine_config config = config_of(NULL, 3);
        config.slow_stores = way == 1;
        config.step_mode = way == 2;
        config.recycle_bytes = way == 3 ? 100000 : 0;
        struct machine *machine = start(&config);
        cr_assert_eq(run_to(machine, 6000000u).reason, MACHINE_STOP_INSTRUCTIONS);
        digest_of(machine, way == 0 ? expected : got);
        if (way == 3)
            cr_assert_gt(machine_stats(machine).recycles, 0, "the engine was recycled");
        machine_destroy(machine);
        if (way > 0)
            cr_assert_str_eq(expected, got, "way %u", way);
    }
}

Test(machine, two_in_step_are_equal_and_independent)
{
    char left_text[33], right_text[33];
    struct transcript transcripts[2] = {{.length = 0}, {.length = 0}};
    struct machine_config left_config = config_of(&transcripts[0], 5);
    struct machine_config right_config = config_of(&transcripts[1], 5);
    struct machine *left = start(&left_config), *right = start(&right_config);
    for (uint64_t count = 777777; count < 12000000u; count += 1234567) {
        cr_assert_eq(run_to(left, count).reason, MACHINE_STOP_INSTRUCTIONS);
        cr_assert_eq(run_to(right, count).reason, MACHINE_STOP_INSTRUCTIONS);
        digest_of(left, left_text);
        digest_of(right, right_text);
        cr_assert_str_eq(left_text, right_text, "at %lu", count);
    }
    cr_assert_str_eq(transcripts[0].text, transcripts[1].text);
    cr_assert_gt(transcripts[0].length, 0);
    machine_destroy(left);
    machine_destroy(right);
}

Test(machine, stopping_often_changes_nothing)
{
    char expected[33], got[33];
    struct machine_config config = config_of(NULL, 11);
    digest_at(&config, 5000000u, expected);
    struct machine *machine = start(&config);
    for (uint64_t count = 1; count < 5000000u; count += 1 + count / 9)
        cr_assert_eq(run_to(machine, count).reason, MACHINE_STOP_INSTRUCTIONS);
    (void)run_to(machine, 5000000u);
    cr_assert_eq(machine_instructions(machine), 5000000u);
    digest_of(machine, got);
    cr_assert_str_eq(expected, got);
    machine_destroy(machine);
}

Test(machine, save_and_load_at_random_points_change_nothing)
{
    char expected[33], got[33];
    struct machine_config config = config_of(NULL, 13);
    digest_at(&config, 8000000u, expected);
    uint64_t state = 20261121;
    struct machine *machine = start(&config);
    for (unsigned i = 0; i < 12; i++) {
        struct byte_writer writer = {0};
        struct byte_reader reader;
        struct error error;
        char before[33], after[33];
        state = state * 6364136223846793005ull + 1442695040888963407ull;
        uint64_t left = 8000000u - machine_instructions(machine);
        (void)run_to(machine, machine_instructions(machine) + (state >> 33) % (left / 2 + 1));
        digest_of(machine, before);
        machine_save(machine, &writer);
        machine_destroy(machine);
        machine = start(&config);
        reader_init(&reader, writer.data, writer.size_bytes);
        cr_assert(machine_load(machine, &reader, &error), "%s", error.text);
        digest_of(machine, after);
        cr_assert_str_eq(before, after, "right after load %u", i);
        writer_finish(&writer);
    }
    (void)run_to(machine, 8000000u);
    digest_of(machine, got);
    cr_assert_str_eq(expected, got);
    machine_destroy(machine);
}

static void load(struct machine *machine, const struct byte_writer *saved)
{
    struct byte_reader reader;
    struct error error;
    reader_init(&reader, saved->data, saved->size_bytes);
    cr_assert(machine_load(machine, &reader, &error), "%s", error.text);
}

Test(machine, rewinding_again_and_again_is_as_good_as_a_new_machine)
{
    char expected[33], got[33], early_digest[33];
    struct machine_config config = config_of(NULL, 23);
    struct machine *machine = start(&config);
    struct byte_writer saves[2] = {{0}, {0}};
    uint64_t state = 20261122;
    machine_save(machine, &saves[0]);
    digest_at(&config, 6000000u, expected);
    (void)run_to(machine, 2000000u);
    digest_of(machine, early_digest);
    machine_save(machine, &saves[1]);
    for (unsigned i = 0; i < 12; i++) {
        struct byte_reader reader;
        struct error error;
        unsigned which = i % 3 == 2;
        state = state * 6364136223846793005ull + 1442695040888963407ull;
        (void)run_to(machine, 2000000u + (state >> 33) % 4000000u);
        reader_init(&reader, saves[which].data, saves[which].size_bytes);
        cr_assert(machine_rewind(machine, &reader, &error), "%s", error.text);
        if (which == 0)
            (void)run_to(machine, 2000000u);
        digest_of(machine, got);
        cr_assert_str_eq(early_digest, got, "rewind %u", i);
    }
    (void)run_to(machine, 6000000u);
    digest_of(machine, got);
    cr_assert_str_eq(expected, got);
    machine_destroy(machine);
    writer_finish(&saves[0]);
    writer_finish(&saves[1]);
}

Test(machine, one_that_powered_off_stays_so_when_it_is_run_saved_and_loaded)
{
    char off[33], still_off[33], loaded_off[33], again[33];
    struct machine_config config = config_of(NULL, 19);
    struct machine *machine = start(&config), *other = start(&config);
    struct byte_writer early = {0}, late = {0};
    (void)run_to(machine, 1000000u);
    machine_save(machine, &early);
    cr_assert_eq(run_to(machine, UINT64_MAX).reason, MACHINE_STOP_POWER_OFF);
    digest_of(machine, off);
    machine_save(machine, &late);
    cr_assert_eq(run_to(machine, UINT64_MAX).reason, MACHINE_STOP_POWER_OFF);
    digest_of(machine, still_off);
    cr_assert_str_eq(off, still_off);
    load(other, &late);
    cr_assert_eq(run_to(other, machine_instructions(other)).reason, MACHINE_STOP_POWER_OFF);
    cr_assert_eq(run_to(other, UINT64_MAX).reason, MACHINE_STOP_POWER_OFF);
    digest_of(other, loaded_off);
    cr_assert_str_eq(off, loaded_off);
    /* An earlier state is one that runs. */
    load(other, &early);
    cr_assert_eq(run_to(other, 1500000u).reason, MACHINE_STOP_INSTRUCTIONS);
    cr_assert_eq(run_to(other, UINT64_MAX).reason, MACHINE_STOP_POWER_OFF);
    digest_of(other, again);
    cr_assert_str_eq(off, again);
    machine_destroy(machine);
    machine_destroy(other);
    writer_finish(&early);
    writer_finish(&late);
}

Test(machine, a_damaged_or_foreign_save_is_refused)
{
    struct machine_config config = config_of(NULL, 17), other_config = config_of(NULL, 18);
    struct machine *machine = start(&config), *other = start(&other_config);
    struct byte_writer writer = {0};
    struct byte_reader reader;
    struct error error;
    (void)run_to(machine, 1000000u);
    machine_save(machine, &writer);
    reader_init(&reader, writer.data, writer.size_bytes);
    cr_assert_not(machine_load(other, &reader, &error));
    cr_assert_eq(error.code, ERROR_FORMAT);
    machine_destroy(other);
    for (size_t cut = 0; cut < writer.size_bytes; cut += 1 + writer.size_bytes / 23) {
        struct machine *fresh = start(&config);
        reader_init(&reader, writer.data, cut);
        cr_assert_not(machine_load(fresh, &reader, &error), "cut at %zu", cut);
        machine_destroy(fresh);
    }
    machine_destroy(machine);
    writer_finish(&writer);
}

Test(machine, time_and_console_stop_the_run)
{
    struct transcript transcript = {.length = 0};
    struct machine_config config = config_of(&transcript, 0);
    struct machine *machine = start(&config);
    struct machine_until until = machine_until_never();
    until.console = "ping:";
    cr_assert_eq(machine_run(machine, &until).reason, MACHINE_STOP_CONSOLE);
    until = machine_until_never();
    until.time_ns = machine_time_ns(machine) + 1000000;
    cr_assert_eq(machine_run(machine, &until).reason, MACHINE_STOP_TIME);
    cr_assert_geq(machine_time_ns(machine), until.time_ns);
    cr_assert_lt(machine_time_ns(machine), until.time_ns + 100000, "and not much later");
    until = machine_until_never();
    until.trace_kind = TRACE_FIRST_DOMAIN;
    machine_destroy(machine);
    machine = start(&config);
    cr_assert_eq(machine_run(machine, &until).reason, MACHINE_STOP_TRACE);
    machine_destroy(machine);
}

Test(machine, a_console_text_is_found_however_the_run_is_sliced)
{
    struct machine_config config = config_of(NULL, 0);
    struct machine *machine = start(&config);
    struct machine_until until = machine_until_never();
    struct machine_stop stop = {.reason = MACHINE_STOP_INSTRUCTIONS};
    until.console = "ping: 0 bad answers";
    while (stop.reason == MACHINE_STOP_INSTRUCTIONS) {
        until.instructions = machine_instructions(machine) + 97;
        stop = machine_run(machine, &until);
    }
    cr_assert_eq(stop.reason, MACHINE_STOP_CONSOLE);
    machine_destroy(machine);
}

Test(machine, slices_of_time_change_nothing_idle_or_not)
{
    char expected[33], got[33];
    struct machine_config config = config_of(NULL, 19);
    struct machine *machine = start(&config);
    cr_assert_eq(run_to(machine, UINT64_MAX).reason, MACHINE_STOP_POWER_OFF);
    digest_of(machine, expected);
    machine_destroy(machine);
    machine = start(&config);
    struct machine_until until = machine_until_never();
    struct machine_stop stop = {.reason = MACHINE_STOP_TIME};
    for (unsigned i = 0; stop.reason == MACHINE_STOP_TIME || stop.reason == MACHINE_STOP_CYCLES;
         i++) {
        until.time_ns = i % 2 ? UINT64_MAX : machine_time_ns(machine) + 7 + i % 1000 * 113;
        until.cycles = i % 2 ? machine_cycles(machine) + 1 + i % 977 : UINT64_MAX;
        stop = machine_run(machine, &until);
    }
    cr_assert_eq(stop.reason, MACHINE_STOP_POWER_OFF);
    digest_of(machine, got);
    cr_assert_str_eq(expected, got);
    machine_destroy(machine);
}

Test(machine, a_reboot_is_a_fresh_start_in_later_time)
{
    struct transcript transcript = {.length = 0};
    struct machine_config config = config_of(&transcript, 0);
    struct machine *machine = start(&config);
    struct error error;
    cr_assert_eq(run_to(machine, UINT64_MAX).reason, MACHINE_STOP_POWER_OFF);
    size_t first = transcript.length;
    uint64_t time_ns = machine_time_ns(machine);
    cr_assert(machine_reset(machine, &error), "%s", error.text);
    cr_assert_eq(run_to(machine, UINT64_MAX).reason, MACHINE_STOP_POWER_OFF);
    cr_assert(strstr(transcript.text + first, "ping: 0 bad answers"), "%s", transcript.text);
    cr_assert_gt(machine_time_ns(machine), time_ns);
    machine_destroy(machine);
}

Test(machine, without_power_it_stands_still_until_it_is_back)
{
    struct machine_config config = config_of(NULL, 0);
    struct machine *machine = start(&config), *other = start(&config);
    const struct power_cut cut = {.policy = POWER_DROP};
    struct byte_writer saved = {0};
    struct error error;
    (void)run_to(machine, 1000000u);
    cr_assert(machine_power_cut(machine, &cut, &error), "%s", error.text);
    cr_assert_eq(run_to(machine, UINT64_MAX).reason, MACHINE_STOP_POWER_CUT);
    cr_assert_eq(machine_instructions(machine), 1000000u);
    machine_save(machine, &saved);
    load(other, &saved);
    cr_assert_eq(run_to(other, UINT64_MAX).reason, MACHINE_STOP_POWER_CUT);
    cr_assert(machine_reset(machine, &error), "%s", error.text);
    cr_assert_eq(run_to(machine, UINT64_MAX).reason, MACHINE_STOP_POWER_OFF);
    machine_destroy(machine);
    machine_destroy(other);
    writer_finish(&saved);
}

Test(machine, a_dead_disk_stays_so_through_reset_and_load_until_it_is_repaired)
{
    struct transcript transcript = {.length = 0}, other_transcript = {.length = 0};
    struct machine_fault dead = {0, {.kind = DISK_FAULT_DEAD}};
    struct machine_config config = config_of(&transcript, 0);
    struct machine_config sound = config_of(&other_transcript, 0);
    config.faults = &dead;
    config.fault_count = 1;
    struct machine *machine = start(&config), *other = start(&sound);
    struct byte_writer saved = {0};
    struct error error;
    for (unsigned round = 1; round <= 2; round++) {
        struct machine_stop stop = run_to(machine, UINT64_MAX);
        cr_assert(stop.reason == MACHINE_STOP_POWER_OFF && stop.code == 3, "%u: %u, %d, %s", round,
                  stop.reason, stop.code, transcript.text);
        cr_assert(strstr(transcript.text, "no disk holds a volume"), "%s", transcript.text);
        transcript.length = 0;
        cr_assert(machine_reset(machine, &error), "%s", error.text);
    }
    machine_save(machine, &saved);
    load(other, &saved);
    cr_assert_eq(run_to(other, UINT64_MAX).code, 3);
    machine_disk_repair(machine, 0);
    cr_assert_eq(run_to(machine, UINT64_MAX).code, 0, "%s", transcript.text);
    cr_assert_gt(machine_stats(other).disks[0].errors, machine_stats(machine).disks[0].errors);
    machine_destroy(machine);
    machine_destroy(other);
    writer_finish(&saved);
}

Test(machine, a_save_of_another_disk_or_screen_is_refused)
{
    struct machine_config config = config_of(NULL, 17);
    struct machine *machine = start(&config);
    struct byte_writer writer = {0};
    machine_save(machine, &writer);
    machine_destroy(machine);
    for (unsigned what = 0; what < 5; what++) {
        struct machine_config other = config;
        struct byte_reader reader;
        struct error error;
        if (what == 0)
            other.disks[0].timing = DISK_TIMING_HDD;
        if (what == 1)
            other.disks[0].write_through = true;
        if (what == 2)
            other.disk_count = 0;
        if (what == 3)
            other.display_width = other.display_height = 640;
        if (what == 4)
            other.clock_hz = 50000000;
        machine = start(&other);
        reader_init(&reader, writer.data, writer.size_bytes);
        cr_assert_not(machine_load(machine, &reader, &error), "%u", what);
        cr_assert_str_eq(error.text, "saved machine: of another configuration");
        machine_destroy(machine);
    }
    writer_finish(&writer);
}

Test(machine, unusable_configurations_get_one_clear_line)
{
    struct machine *machine;
    struct error error;
    struct machine_config config = config_of(NULL, 0);
    config.kernel_path = "no-such-kernel";
    cr_assert_not(machine_create(&machine, &config, &error));
    cr_assert_eq(error.code, ERROR_IO);
    config.kernel_path = IMAGE;
    cr_assert_not(machine_create(&machine, &config, &error));
    cr_assert_eq(error.code, ERROR_FORMAT);
    config = config_of(NULL, 0);
    config.disks[0].path = "no-such-image";
    cr_assert_not(machine_create(&machine, &config, &error));
    cr_assert_eq(error.code, ERROR_IO);
    config = config_of(NULL, 0);
    struct machine_fault fault = {1, {.kind = DISK_FAULT_DEAD}};
    config.faults = &fault;
    config.fault_count = 1;
    cr_assert_not(machine_create(&machine, &config, &error));
    cr_assert_str_eq(error.text, "fault: there is no disk 1");
    fault = (struct machine_fault){0, {.kind = DISK_FAULT_LOST, .sector = UINT64_MAX}};
    cr_assert_not(machine_create(&machine, &config, &error));
    cr_assert_eq(error.code, ERROR_LIMIT);
    config = config_of(NULL, 0);
    config.ram_bytes = 1 << 20;
    cr_assert_not(machine_create(&machine, &config, &error));
    cr_assert_null(machine);
}
