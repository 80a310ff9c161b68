/* SPDX-License-Identifier: GPL-2.0-or-later */
/* emulator_timing_test.c - the timing models: every constant is what a guest observes; whole
 * machines under each of them, in every way of running, with snapshots; and what the counts say.
 * That single harts agree in every mode is in emulator_cpu_fuzz_test.c, and that traces replay in
 * frontend_replay_test.c. */
#include "emulator/timing.h"

#include <criterion/criterion.h>
#include <string.h>

#include "bench/timing_guest.h"
#include "emulator/cpu.h"
#include "emulator/cpu_decode.h"
#include "emulator/machine.h"
#include "emulator/timing_pipe.h"

#define INSTRUCTIONS 3000000u

Test(timing, every_constant_of_the_table_is_observed_by_a_guest)
{
    size_t count;
    const struct timing_row *rows = timing_rows(&count);
    cr_assert_gt(count, 25);
    for (size_t i = 0; i < count; i++) {
        struct error error;
        unsigned observed;
        cr_expect(timing_observe(&rows[i], &observed, &error), "%s: %s", rows[i].name,
                  error.text);
        cr_expect_eq(observed, rows[i].value, "%s: %u, not %u", rows[i].name, observed,
                     rows[i].value);
    }
}

Test(timing, models_are_found_by_their_names_only)
{
    enum timing_model model;
    for (unsigned i = 0; i < TIMING_MODEL_COUNT; i++) {
        cr_assert(timing_find(timing_name((enum timing_model)i), &model));
        cr_assert_eq(model, i);
    }
    cr_assert_not(timing_find("", &model));
    cr_assert_not(timing_find("inorde", &model));
    cr_assert_not(timing_find("Cache", &model));
}

/* --- the pipeline alone
 * --------------------------------------------------------------------------- */

/* div t1, t0, t0 and five more to other registers: more than the state holds. */
Test(timing, a_state_of_the_pipeline_that_is_full_keeps_what_comes_last)
{
    uint64_t state = 0;
    uint32_t div = pipe_decode(0x0252c333, TIMING_INORDER);
    cr_assert_eq(pipe_step(&state, div), 0);
    for (unsigned reg = 10; reg < 15; reg++) { /* lb: ready much sooner */
        uint32_t load = pipe_decode(0x00028003u | reg << 7, TIMING_INORDER);
        cr_assert_eq(pipe_step(&state, load), 0);
    }
    cr_assert_eq(pipe_step(&state, div), TIMING_DIV - 1 - 5, "the unit is busy");
    cr_assert_eq(pipe_drain(&state), TIMING_DIV - 1);
    cr_assert_eq(pipe_drain(&state), 0);
}

Test(timing, compressed_instructions_wait_as_their_long_forms_do)
{
    static const struct {
        uint32_t word, narrow;
    } forms[] = {
        {0x0005b503, 0x6188}, /* ld a0, 0(a1) */
        {0x00b53023, 0xe10c}, /* sd a1, 0(a0) */
        {0x00b50533, 0x952e}, /* add a0, a0, a1 */
        {0x00b00533, 0x852e}, /* add a0, x0, a1 */
        {0x00813083, 0x60a2}, /* ld ra, 8(sp) */
        {0x00113423, 0xe406}, /* sd ra, 8(sp) */
        {0xfff50513, 0x157d}, /* addi a0, a0, -1 */
        {0x40b50533, 0x8d0d}, /* sub a0, a0, a1 */
        {0x00058067, 0x8582}, /* jr a1 */
    };
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        uint32_t wide = forms[i].word, narrow = forms[i].narrow;
        for (unsigned reg = 1; reg < 32; reg++) {
            uint64_t first = 0, second = 0;
            uint32_t load = pipe_decode(0x00028003u | reg << 7, TIMING_INORDER);
            (void)pipe_step(&first, load);
            (void)pipe_step(&second, load);
            cr_expect_eq(pipe_step(&first, pipe_decode(wide, TIMING_INORDER)),
                         pipe_step(&second, pipe_decode(narrow, TIMING_INORDER)),
                         "%zu: x%u", i, reg);
            cr_expect_eq(first, second, "%zu: x%u", i, reg);
        }
    }
}

Test(timing, calls_and_returns_are_told_from_jumps)
{
    cr_expect_eq(decode_end(0x00008067), DECODE_RETURN); /* ret */
    cr_expect_eq(decode_end(0x8082), DECODE_RETURN);     /* jr ra, 16 bits */
    cr_expect_eq(decode_end(0x9582), DECODE_CALL);       /* jalr a1, 16 bits */
    cr_expect_eq(decode_end(0x8582), DECODE_JUMP);       /* jr a1, 16 bits */
    cr_expect_eq(decode_end(0x000580e7), DECODE_CALL);   /* jalr ra, a1 */
    cr_expect_eq(decode_end(0x0100006f), DECODE_JUMP);   /* j */
    cr_expect_eq(decode_end(0x010000ef), DECODE_CALL);   /* jal ra */
    cr_expect_eq(decode_end(0x00b50463), DECODE_BRANCH); /* beq */
    cr_expect_eq(decode_end(0xc111), DECODE_BRANCH);     /* beqz, 16 bits */
    cr_expect_eq(decode_end(0x852e), DECODE_NEXT);       /* mv, 16 bits */
    cr_expect_eq(decode_end(0x9002), DECODE_NEXT);       /* ebreak, 16 bits */
    cr_expect_eq(decode_end(0x00000073), DECODE_NEXT);   /* ecall */
}

/* --- whole machines
 * ------------------------------------------------------------------------------- */

static struct machine_config config_of(enum timing_model timing)
{
    return (struct machine_config){
        .kernel_path = LATCHKEY_BUILD_DIR "/kernel.elf",
        .disks = {{.path = LATCHKEY_BUILD_DIR "/shared-demo.img", .read_only = true}},
        .disk_count = 1,
        .timing = timing};
}

static struct machine *start(const struct machine_config *config)
{
    struct machine *machine;
    struct error error;
    cr_assert(machine_create(&machine, config, &error), "%s", error.text);
    return machine;
}

static void run_to(struct machine *machine, uint64_t instructions)
{
    struct machine_until until = machine_until_never();
    until.instructions = instructions;
    cr_assert_eq(machine_run(machine, &until).reason, MACHINE_STOP_INSTRUCTIONS, "%s",
                 machine_fault_text(machine));
}

/* Where a run stands: everything, and its cycles alone. */
struct place {
    struct digest digest;
    uint64_t cycles;
};

static struct place place_of(struct machine *machine)
{
    return (struct place){machine_digest(machine), machine_cycles(machine)};
}

static void expect_same(struct place left, struct place right, const char *what)
{
    cr_expect_eq(left.cycles, right.cycles, "%s: %llu cycles, not %llu", what,
                 (unsigned long long)right.cycles, (unsigned long long)left.cycles);
    cr_expect(left.digest.low == right.digest.low && left.digest.high == right.digest.high, "%s",
              what);
}

static struct place run_plain(enum timing_model timing)
{
    struct machine_config config = config_of(timing);
    struct machine *machine = start(&config);
    run_to(machine, INSTRUCTIONS);
    struct place place = place_of(machine);
    machine_destroy(machine);
    return place;
}

static void check_ways(enum timing_model timing)
{
    static const char *const ways[] = {"slow stores", "steps", "recycled", "many stops"};
    struct place expected = run_plain(timing);
    for (unsigned way = 0; way < sizeof(ways) / sizeof(ways[0]); way++) {
        struct machine_config config = config_of(timing);
        config.slow_stores = way == 0;
        config.step_mode = way == 1;
        config.recycle_bytes = way == 2 ? 100000 : 0;
        struct machine *machine = start(&config);
        for (uint64_t at = 1; way == 3 && at < INSTRUCTIONS; at += 1 + at / 5)
            run_to(machine, at);
        run_to(machine, INSTRUCTIONS);
        if (way == 2)
            cr_expect_gt(machine_stats(machine).recycles, 0);
        expect_same(expected, place_of(machine), ways[way]);
        machine_destroy(machine);
    }
}

Test(timing, with_inorder_every_way_of_running_takes_the_same_cycles, .timeout = 120)
{
    check_ways(TIMING_INORDER);
}

Test(timing, with_cache_every_way_of_running_takes_the_same_cycles, .timeout = 120)
{
    check_ways(TIMING_CACHE);
}

Test(timing, the_models_differ_in_cycles, .timeout = 120)
{
    uint64_t insn = run_plain(TIMING_INSN).cycles, inorder = run_plain(TIMING_INORDER).cycles;
    uint64_t cache = run_plain(TIMING_CACHE).cycles;
    cr_expect_lt(insn, inorder);
    cr_expect_lt(inorder, cache);
}

/* A machine that is saved and loaded half-way, by itself and by another, goes on as if not. */
static void check_snapshots(enum timing_model timing)
{
    struct place expected = run_plain(timing);
    struct machine_config config = config_of(timing);
    struct machine *machine = start(&config), *other = start(&config);
    struct error error;
    struct byte_writer saved = {0};
    struct byte_reader reader;
    run_to(machine, INSTRUCTIONS / 2);
    machine_save(machine, &saved);
    run_to(machine, INSTRUCTIONS);
    expect_same(expected, place_of(machine), "after a save");
    reader_init(&reader, saved.data, saved.size_bytes);
    cr_assert(machine_rewind(machine, &reader, &error), "%s", error.text);
    run_to(machine, INSTRUCTIONS);
    expect_same(expected, place_of(machine), "rewound");
    reader_init(&reader, saved.data, saved.size_bytes);
    cr_assert(machine_load(other, &reader, &error), "%s", error.text);
    run_to(other, INSTRUCTIONS);
    expect_same(expected, place_of(other), "loaded elsewhere");
    machine_destroy(machine);
    machine_destroy(other);
    writer_finish(&saved);
}

Test(timing, snapshots_keep_the_state_of_model_inorder, .timeout = 120)
{
    check_snapshots(TIMING_INORDER);
}

Test(timing, snapshots_keep_the_state_of_model_cache, .timeout = 120)
{
    check_snapshots(TIMING_CACHE);
}

/* Stops at places that the run comes to, and at stores to its stack, change nothing. */
static void check_debugger(enum timing_model timing)
{
    struct place expected = run_plain(timing);
    struct machine_config config = config_of(timing);
    struct machine *machine = start(&config);
    struct cpu_debug debug = {.break_count = 4};
    for (unsigned i = 0; i < debug.break_count; i++) {
        run_to(machine, INSTRUCTIONS / 5 * (i + 1));
        debug.breaks[i] = cpu_pc_get(machine_cpu(machine));
    }
    uint64_t stack;
    if (timing == TIMING_INORDER &&
        cpu_translate(machine_cpu(machine), cpu_x_get(machine_cpu(machine), 2) & ~UINT64_C(7),
                      &stack)) {
        debug.watch_count = 1;
        debug.watches[0] = (struct cpu_watch){.addr = stack, .size_bytes = 8, .on_write = true};
    }
    machine_destroy(machine);
    machine = start(&config);
    cr_assert(cpu_debug_set(machine_cpu(machine), &debug));
    struct machine_until until = machine_until_never();
    until.instructions = INSTRUCTIONS;
    unsigned hits = 0;
    while (machine_run(machine, &until).reason == MACHINE_STOP_DEBUG && hits < 20000)
        hits++;
    cr_expect_gt(hits, 3);
    cr_assert(cpu_debug_set(machine_cpu(machine), NULL));
    run_to(machine, INSTRUCTIONS);
    expect_same(expected, place_of(machine), "under a debugger");
    machine_destroy(machine);
}

Test(timing, a_debugger_changes_no_cycle, .timeout = 120)
{
    check_debugger(TIMING_INORDER);
    check_debugger(TIMING_CACHE);
}

Test(timing, a_snapshot_of_another_model_is_refused)
{
    struct byte_writer saved = {0};
    for (unsigned from = 0; from < TIMING_MODEL_COUNT; from++)
        for (unsigned to = 0; to < TIMING_MODEL_COUNT; to++) {
            struct machine_config first = config_of((enum timing_model)from);
            struct machine_config second = config_of((enum timing_model)to);
            struct machine *machine = start(&first), *other = start(&second);
            struct byte_reader reader;
            struct error error = {.text = ""};
            saved.size_bytes = 0;
            machine_save(machine, &saved);
            reader_init(&reader, saved.data, saved.size_bytes);
            cr_expect_eq(machine_load(other, &reader, &error), from == to, "%u to %u", from, to);
            if (from != to)
                cr_expect(strstr(error.text, "of another configuration"), "%s", error.text);
            machine_destroy(machine);
            machine_destroy(other);
        }
    writer_finish(&saved);
}

Test(timing, what_model_cache_counts_adds_up)
{
    struct machine_config config = config_of(TIMING_CACHE);
    struct machine *machine = start(&config);
    run_to(machine, INSTRUCTIONS);
    const struct timing_counts counts = machine_stats(machine).timing_counts;
    uint64_t fetch = counts.fetch_cycles[0] + counts.fetch_cycles[1];
    uint64_t data = counts.data_cycles[0] + counts.data_cycles[1];
    cr_expect_eq(counts.instructions[0] + counts.instructions[1], INSTRUCTIONS);
    cr_expect_gt(counts.instructions[0], 0);
    cr_expect_gt(counts.instructions[1], 0);
    cr_expect_leq(counts.fetch.l2_misses, counts.fetch.l1_misses);
    cr_expect_leq(counts.data.l2_misses, counts.data.l1_misses);
    uint64_t caches = TIMING_L2 * (counts.fetch.l1_misses + counts.data.l1_misses) +
                      TIMING_DRAM * (counts.fetch.l2_misses + counts.data.l2_misses);
    uint64_t walks = fetch + data - caches;
    cr_expect_eq(walks % TIMING_WALK, 0);
    cr_expect_leq(walks, 3 * TIMING_WALK * (counts.fetch.tlb_misses + counts.data.tlb_misses));
    cr_expect_geq(walks, TIMING_WALK * (counts.fetch.tlb_misses + counts.data.tlb_misses));
    cr_expect_geq(counts.stall_cycles,
                  fetch + data + TIMING_MISPREDICT * counts.mispredictions);
    machine_destroy(machine);
}
