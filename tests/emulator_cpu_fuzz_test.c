/* SPDX-License-Identifier: GPL-2.0-or-later */
/* emulator_cpu_fuzz_test.c - random programs under a kernel that takes their pages away: every mode
 * of the hart must agree on everything, at the end and on the way. */
#include "emulator/cpu.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "emulator/cpu_profile.h"
#include "tests/guest/stress.h"
#include "tests/support_cpu.h"
#include "tests/support_program.h"

#define RAM_BYTES (24u << 20)
#define STOPS 12u
/* Some programs take this many, most a hundredth; one that never ends has gone astray. */
#define RUN_INSTRUCTIONS_MAX 50000000u
#define PARAMETERS_MAX 16u

static uint64_t first_seed(void)
{
    const char *text = getenv("LATCHKEY_SEED");
    return text ? strtoull(text, NULL, 0) : 1;
}

static unsigned seed_count(unsigned normal)
{
    return getenv("LATCHKEY_LONG") ? normal * 20 : normal;
}

struct run_case {
    uint64_t seed;
    const char *kernel; /* "stress": the first program alone; "turns": both */
    struct program_shape shapes[STRESS_PROGRAMS];
    unsigned program_count;
    uint64_t parameters[PARAMETERS_MAX]; /* of the kernel */
    enum timing_model timing;
    uint32_t trap_cycles;
    uint64_t recycle_bytes; /* in the mode that recycles */
};

/* What one run looked like. */
struct outcome {
    uint64_t instructions, events, cycles, digest;
    uint64_t traps, interrupts, device_accesses, recycles;
    uint64_t reports[BENCH_REPORTS][4];
    unsigned report_count;
    uint64_t digest_at[STOPS], events_at[STOPS];
};

static struct program_shape shape_of(uint64_t seed, struct dice *dice)
{
    return (struct program_shape){.seed = seed,
                                  .code_pages = 2 + dice_below(dice, 5),
                                  .data_pages = 2 + dice_below(dice, 6),
                                  .loops = 3 + dice_below(dice, 12),
                                  .memory_percent = 5 + dice_below(dice, 40),
                                  .straight_max = 4 + dice_below(dice, 20),
                                  .special = dice_below(dice, 32)};
}

/* One in four has straight code longer than the engine's translations. */
static void maybe_straight(struct program_shape *shape, struct dice *dice)
{
    if (dice_below(dice, 4) == 0)
        shape->straight_max = 900;
}

static struct run_case stress_case(uint64_t seed)
{
    struct dice dice = {seed * 0x9e3779b97f4a7c15 + 1};
    (void)dice_next(&dice);
    struct run_case fuzz = {.seed = seed, .kernel = "stress", .program_count = 1,
                            .recycle_bytes = 400000};
    struct program_shape *shape = &fuzz.shapes[0];
    *shape = shape_of(seed, &dice);
    fuzz.parameters[STRESS_CODE_PAGES] = shape->code_pages;
    fuzz.parameters[STRESS_DATA_PAGES] = shape->data_pages;
    fuzz.parameters[STRESS_UNMAP_EVERY] = 1 + dice_below(&dice, 5);
    fuzz.parameters[STRESS_TICK] = dice_below(&dice, 3) ? 200 + dice_below(&dice, 3000) : 0;
    fuzz.trap_cycles = dice_below(&dice, 2) ? dice_below(&dice, 200) : 0;
    maybe_straight(shape, &dice);
    return fuzz;
}

static struct run_case turns_case(uint64_t seed)
{
    struct dice dice = {seed * 0xd1342543de82ef95 + 3};
    (void)dice_next(&dice);
    uint64_t privileged = dice_below(&dice, 2) ? 0 : 1 + dice_below(&dice, 3);
    bool share = dice_below(&dice, 4) == 0 && privileged % 3 == 0;
    uint64_t tick = dice_below(&dice, 4) ? 2000 + dice_below(&dice, 8000) : 0;
    struct run_case fuzz = {
        .seed = seed,
        .kernel = "turns",
        .program_count = share ? 1 : STRESS_PROGRAMS,
        .parameters = {[TURNS_UNMAP_EVERY] = 1 + dice_below(&dice, 5),
                       [TURNS_TICK] = tick,
                       [TURNS_EVERY] = 1 + dice_below(&dice, 10),
                       [TURNS_ASIDS] = dice_below(&dice, 2),
                       [TURNS_PRIVILEGED] = privileged,
                       [TURNS_SHARE_CODE] = share,
                       [TURNS_FLOAT_OFF] = dice_below(&dice, 2) ? 2 + dice_below(&dice, 9) : 0},
        .trap_cycles = dice_below(&dice, 2) ? dice_below(&dice, 100) : 0,
        .recycle_bytes = 400000,
    };
    for (unsigned i = 0; i < fuzz.program_count; i++) {
        struct program_shape *shape = &fuzz.shapes[i];
        *shape = shape_of(seed * STRESS_PROGRAMS + i, &dice);
        maybe_straight(shape, &dice);
        shape->loops = 1 + shape->loops / 2; /* there are two, and each trap costs more */
        shape->code_pages = i ? fuzz.shapes[0].code_pages : 2 + dice_below(&dice, 2);
        shape->data_pages = fuzz.shapes[0].data_pages;
        shape->hard = dice_below(&dice, PROGRAM_FORBIDDEN);
        if (privileged >> i & 1)
            shape->hard |= tick ? PROGRAM_PRIVILEGED | PROGRAM_WAITS : PROGRAM_PRIVILEGED;
        else
            shape->hard |= PROGRAM_FORBIDDEN;
        if (share)
            shape->hard &= ~(unsigned)PROGRAM_PATCHES;
    }
    fuzz.parameters[TURNS_CODE_PAGES] = fuzz.shapes[0].code_pages;
    fuzz.parameters[TURNS_DATA_PAGES] = fuzz.shapes[0].data_pages;
    return fuzz;
}

static struct bench_cpu *boot(const struct run_case *fuzz, struct cpu_config config)
{
    config.ram_base = 0x80000000u;
    config.ram_bytes = RAM_BYTES;
    config.timing = fuzz->timing;
    config.trap_cycles = fuzz->trap_cycles;
    config.device_cycles = fuzz->trap_cycles / 2;
    struct bench_cpu *bench = bench_cpu_create(&config);
    /* Digests read all of RAM, mostly zeros: less than half the time with few pages. */
    (void)madvise(cpu_ram(bench->cpu), RAM_BYTES, MADV_HUGEPAGE);
    static uint8_t code[STRESS_PAGES_MAX * 4096];
    for (unsigned i = 0; i < fuzz->program_count; i++) {
        program_make(code, &fuzz->shapes[i]);
        bench_cpu_poke(bench, STRESS_CODE + i * STRESS_PROGRAM_BYTES, code,
                       fuzz->shapes[i].code_pages * 4096);
    }
    bench_cpu_poke(bench, STRESS_PARAMETERS, fuzz->parameters, sizeof(fuzz->parameters));
    bench_cpu_load(bench, fuzz->kernel);
    return bench;
}

static void finish(struct bench_cpu *bench, struct outcome *outcome)
{
    struct cpu_facts facts = cpu_facts(bench->cpu);
    outcome->instructions = cpu_instructions(bench->cpu);
    outcome->events = cpu_events(bench->cpu);
    outcome->cycles = cpu_cycles(bench->cpu);
    outcome->digest = bench_cpu_digest(bench, RAM_BYTES);
    outcome->traps = facts.traps;
    outcome->interrupts = facts.interrupts;
    outcome->device_accesses = facts.device_accesses;
    outcome->recycles = facts.recycles;
    outcome->report_count = bench->report_count;
    memcpy(outcome->reports, bench->reports, sizeof(outcome->reports));
    cr_assert(bench->powered_off);
}

/* Run to the end; stops[] are limits on the way, in order, where the state is digested. */
static void run(const struct run_case *fuzz, struct cpu_config config, const uint64_t *stops,
                struct outcome *outcome)
{
    *outcome = (struct outcome){0};
    struct bench_cpu *bench = boot(fuzz, config);
    for (unsigned i = 0; stops && i < STOPS; i++) {
        cr_assert_eq(cpu_run(bench->cpu, stops[i]), CPU_STOP_LIMIT);
        cr_assert_eq(cpu_instructions(bench->cpu), stops[i]);
        outcome->digest_at[i] = bench_cpu_digest(bench, RAM_BYTES);
        outcome->events_at[i] = cpu_events(bench->cpu);
    }
    enum cpu_stop stop = cpu_run(bench->cpu, RUN_INSTRUCTIONS_MAX);
    cr_assert_eq(stop, CPU_STOP_ASKED, "seed %llu: stop %d at pc 0x%llx %s",
                 (unsigned long long)fuzz->seed, (int)stop,
                 (unsigned long long)cpu_pc_get(bench->cpu), cpu_fault_text(bench->cpu));
    finish(bench, outcome);
    bench_cpu_destroy(bench);
}

#define SAME(field)                                                                                \
    cr_assert_eq(a->field, b->field, "seed %llu, %s: " #field " %llu, not %llu",                   \
                 (unsigned long long)seed, what, (unsigned long long)b->field,                     \
                 (unsigned long long)a->field)

static void compare(uint64_t seed, const char *what, const struct outcome *a,
                    const struct outcome *b)
{
    SAME(instructions);
    SAME(events);
    SAME(cycles);
    SAME(traps);
    SAME(interrupts);
    SAME(device_accesses);
    SAME(report_count);
    cr_assert_eq(memcmp(a->reports, b->reports, sizeof(a->reports)), 0, "seed %llu, %s: reports",
                 (unsigned long long)seed, what);
    SAME(digest);
}

static void compare_stops(uint64_t seed, const char *what, const struct outcome *a,
                          const struct outcome *b)
{
    for (unsigned i = 0; i < STOPS; i++) {
        SAME(events_at[i]);
        SAME(digest_at[i]);
    }
}

static void random_stops(struct dice *dice, uint64_t total, uint64_t stops[STOPS])
{
    uint64_t at = 0;
    for (unsigned i = 0; i < STOPS; i++) {
        at += 1 + dice_below(dice, (uint32_t)(total / STOPS - 1));
        stops[i] = at;
    }
}

/* Little code around one page end: many of them find more than a few long ones. */
static struct run_case edge_case(uint64_t seed)
{
    struct run_case fuzz = turns_case(seed ^ UINT64_C(1) << 40);
    fuzz.seed = seed;
    fuzz.recycle_bytes = 50000;
    struct dice dice = {seed * 0x2545f4914f6cdd1d + 5};
    (void)dice_next(&dice);
    for (unsigned i = 0; i < fuzz.program_count; i++) {
        struct program_shape *shape = &fuzz.shapes[i];
        shape->edge_bytes = 100 + 2 * dice_below(&dice, 100);
        shape->straight_max = 1 + dice_below(&dice, 8);
        shape->loops = 1 + dice_below(&dice, 6);
        shape->code_pages = 2;
    }
    fuzz.parameters[TURNS_CODE_PAGES] = 2;
    return fuzz;
}

/* Every mode ends like block mode, which is left in *block. */
static void check_modes(struct run_case fuzz, struct outcome *block)
{
    static struct outcome other, stopped;
    uint64_t seed = fuzz.seed, stops[STOPS];
    struct dice dice = {seed + 77};
    run(&fuzz, (struct cpu_config){0}, NULL, block);
    const uint64_t *report = block->reports[0];
    cr_assert_eq(report[0], 1, "seed %llu: cause %llu at pc 0x%llx of 0x%llx not explained",
                 (unsigned long long)seed, (unsigned long long)report[1],
                 (unsigned long long)report[2], (unsigned long long)report[3]);
    run(&fuzz, (struct cpu_config){.step_mode = true}, NULL, &other);
    compare(seed, "step mode", block, &other);
    run(&fuzz, (struct cpu_config){.recycle_bytes = fuzz.recycle_bytes}, NULL,
        &other);
    compare(seed, "recycling", block, &other);
    cr_assert_gt(other.recycles, 0);
    run(&fuzz, (struct cpu_config){.slow_stores = true}, NULL, &other);
    compare(seed, "slow stores", block, &other);
    run(&fuzz, (struct cpu_config){.slow_count = true}, NULL, &other);
    compare(seed, "slow count", block, &other);
    run(&fuzz, (struct cpu_config){.slow_traps = true}, NULL, &other);
    compare(seed, "slow traps", block, &other);
    /* Stopping on the way changes nothing, and every mode stops in the same state. */
    random_stops(&dice, block->instructions, stops);
    run(&fuzz, (struct cpu_config){0}, stops, &stopped);
    compare(seed, "stops", block, &stopped);
    run(&fuzz, (struct cpu_config){.step_mode = true}, stops, &other);
    compare_stops(seed, "step mode with stops", &stopped, &other);
}

Test(cpu_fuzz, every_mode_agrees_with_block_mode)
{
    static struct outcome block;
    uint64_t first = first_seed(), traps = 0, interrupts = 0;
    cr_log_info("seed %llu", (unsigned long long)first);
    for (uint64_t seed = first; seed < first + seed_count(12); seed++) {
        check_modes(stress_case(seed), &block);
        traps += block.traps;
        interrupts += block.interrupts;
    }
    cr_assert_gt(traps, 1000);
    cr_assert_gt(interrupts, 100);
}

Test(cpu_fuzz, every_mode_agrees_when_two_programs_take_turns)
{
    static struct outcome block;
    uint64_t first = first_seed(), traps = 0, changes = 0, moves = 0, restarts = 0, skips = 0;
    cr_log_info("seed %llu", (unsigned long long)first);
    for (uint64_t seed = first; seed < first + seed_count(12); seed++) {
        check_modes(turns_case(seed), &block);
        traps += block.traps;
        changes += block.reports[1][3];
        moves += block.reports[2][1];
        restarts += block.reports[2][2];
        skips += block.reports[2][3];
    }
    cr_log_info("%llu traps, %llu changes, %llu moves, %llu restarts, %llu skips",
                (unsigned long long)traps, (unsigned long long)changes,
                (unsigned long long)moves, (unsigned long long)restarts,
                (unsigned long long)skips);
    cr_assert_gt(traps, 5000);
    cr_assert_gt(changes, 300);
    cr_assert_gt(moves, 10);
    cr_assert_gt(restarts, 100);
    cr_assert_gt(skips, 100);
}

Test(cpu_fuzz, every_mode_agrees_on_many_small_programs_at_the_end_of_a_page)
{
    static struct outcome block;
    uint64_t first = first_seed(), traps = 0;
    cr_log_info("seed %llu", (unsigned long long)first);
    for (uint64_t seed = first; seed < first + seed_count(20); seed++) {
        check_modes(edge_case(seed), &block);
        traps += block.traps;
    }
    cr_log_info("%llu traps", (unsigned long long)traps);
    cr_assert_gt(traps, 500);
}

/* The model's cycles do not depend on the mode. */
static void check_model(enum timing_model timing)
{
    static struct outcome block;
    uint64_t first = first_seed() + 500, stall = 0;
    cr_log_info("seed %llu", (unsigned long long)first);
    for (uint64_t seed = first; seed < first + seed_count(6); seed++) {
        struct run_case fuzz = seed % 3 == 0   ? edge_case(seed)
                               : seed % 3 == 1 ? stress_case(seed)
                                               : turns_case(seed);
        fuzz.timing = timing;
        fuzz.trap_cycles = 0;
        check_modes(fuzz, &block);
        cr_assert_gt(block.cycles, block.instructions);
        stall += block.cycles - block.instructions;
    }
    cr_assert_gt(stall, 10000);
}

Test(cpu_fuzz, every_mode_agrees_with_model_inorder)
{
    check_model(TIMING_INORDER);
}

Test(cpu_fuzz, every_mode_agrees_with_model_cache)
{
    check_model(TIMING_CACHE);
}

/* Programs that found something once. */
Test(cpu_fuzz, every_mode_agrees_on_programs_that_were_hard)
{
    static const uint64_t seeds[] = {223, 20084, 20107, 20131, 20280};
    static struct outcome block;
    for (size_t i = 0; i < sizeof(seeds) / sizeof(*seeds); i++)
        check_modes(stress_case(seeds[i]), &block);
}

Test(cpu_fuzz, save_and_load_at_random_points_changes_nothing)
{
    static struct outcome block, other;
    struct byte_writer before = {0}, after = {0};
    uint64_t first = first_seed() + 1000;
    cr_log_info("seed %llu", (unsigned long long)first);
    for (uint64_t seed = first; seed < first + seed_count(8); seed++) {
        struct run_case fuzz = seed % 2 ? turns_case(seed) : stress_case(seed);
        struct dice dice = {seed + 99};
        uint64_t stops[STOPS];
        fuzz.timing = seed % TIMING_MODEL_COUNT;
        run(&fuzz, (struct cpu_config){0}, NULL, &block);
        random_stops(&dice, block.instructions, stops);
        struct bench_cpu *bench = boot(&fuzz, (struct cpu_config){0});
        for (unsigned i = 0; i < STOPS; i++) {
            cr_assert_eq(cpu_run(bench->cpu, stops[i]), CPU_STOP_LIMIT);
            before.size_bytes = after.size_bytes = 0;
            bench_cpu_save(bench, &before, RAM_BYTES);
            /* Into a hart that runs in another mode; what the harness knows goes along. */
            struct cpu_config config = {.step_mode = i % 3 == 0,
                                        .recycle_bytes = i % 3 ? 300000 : 0};
            struct bench_cpu *next = boot(&fuzz, config);
            struct byte_reader reader;
            reader_init(&reader, before.data, before.size_bytes);
            bench_cpu_load_state(next, &reader, RAM_BYTES);
            bench_cpu_save(next, &after, RAM_BYTES);
            cr_assert_eq(before.size_bytes, after.size_bytes);
            cr_assert_eq(memcmp(before.data, after.data, before.size_bytes), 0);
            memcpy(next->device, bench->device, sizeof(next->device));
            memcpy(next->reports, bench->reports, sizeof(next->reports));
            next->report_count = bench->report_count;
            bench_cpu_destroy(bench);
            bench = next;
        }
        cr_assert_eq(cpu_run(bench->cpu, UINT64_MAX), CPU_STOP_ASKED);
        finish(bench, &other);
        compare(seed, "save and load", &block, &other);
        bench_cpu_destroy(bench);
    }
    writer_finish(&before);
    writer_finish(&after);
}

/* What a watcher was told, as one number; and that it makes sense. */
struct told {
    uint64_t hash, crossings, blocks, waits;
    uint64_t user, supervisor; /* instructions */
    struct cpu_place from, block;
    bool begun, inside;
};

static void told_add(struct told *told, uint64_t value)
{
    told->hash = (told->hash ^ value) * UINT64_C(0x100000001b3);
}

static void told_place(struct told *told, const struct cpu_place *place)
{
    cr_assert_geq(place->instructions, told->from.instructions);
    cr_assert_geq(place->cycles, told->from.cycles);
    cr_assert_geq(place->instructions, told->block.instructions);
    uint64_t *sum = told->inside ? &told->supervisor : &told->user;
    *sum += place->instructions - told->from.instructions;
    told->from = *place;
    told_add(told, place->instructions);
    told_add(told, place->cycles);
}

static void told_crossing(struct told *told, const struct cpu_crossing *crossing, bool inside)
{
    cr_assert(told->begun);
    cr_assert_neq(told->inside, inside, "they alternate");
    told_place(told, &crossing->place);
    told->inside = inside;
    told->crossings++;
    told_add(told, crossing->pc);
    told_add(told, crossing->cause);
    told_add(told, crossing->value);
    told_add(told, crossing->satp);
    told_add(told, crossing->sscratch);
    for (unsigned i = 1; i < 32; i++)
        told_add(told, crossing->x[i]);
}

static void watch_start(void *context, const struct cpu_place *place, bool supervisor)
{
    struct told *told = context;
    cr_assert_not(told->begun);
    told->begun = true;
    told->inside = supervisor;
    told->from = *place;
}

static void watch_stop(void *context, const struct cpu_place *place)
{
    struct told *told = context;
    cr_assert(told->begun);
    told_place(told, place);
    told->begun = false;
}

static void watch_enter(void *context, const struct cpu_crossing *crossing)
{
    told_crossing(context, crossing, true);
}

static void watch_leave(void *context, const struct cpu_crossing *crossing)
{
    told_crossing(context, crossing, false);
}

static void watch_blocks(void *context, const struct cpu_block_start *starts, size_t count)
{
    struct told *told = context;
    cr_assert(told->inside);
    for (size_t i = 0; i < count; i++) {
        cr_assert_geq(starts[i].place.instructions, told->from.instructions);
        cr_assert_geq(starts[i].place.instructions, told->block.instructions);
        told->block = starts[i].place;
    }
    told->blocks += count;
}

static void watch_waited(void *context, const struct cpu_place *place, uint64_t cycles)
{
    struct told *told = context;
    cr_assert(told->inside);
    cr_assert_geq(place->cycles - cycles, told->from.cycles);
    told_add(told, cycles);
    told->waits++;
}

/* The same run, watched: it ends like the one that nobody watched. */
static void watched_run(const struct run_case *fuzz, struct cpu_config config,
                        const struct outcome *plain, uint64_t slice, struct told *told)
{
    static struct outcome outcome;
    struct error error;
    *told = (struct told){.hash = 1};
    outcome = (struct outcome){0};
    struct bench_cpu *bench = boot(fuzz, config);
    const struct cpu_watcher watcher = {told, watch_start, watch_stop, watch_enter, watch_leave,
                                        watch_blocks, watch_waited};
    cr_assert(cpu_watch(bench->cpu, &watcher, &error), "%s", error.text);
    enum cpu_stop stop = CPU_STOP_LIMIT;
    for (uint64_t limit = slice; stop == CPU_STOP_LIMIT; limit += slice)
        stop = cpu_run(bench->cpu, limit);
    cr_assert_eq(stop, CPU_STOP_ASKED);
    cr_assert(cpu_watch(bench->cpu, NULL, &error));
    finish(bench, &outcome);
    compare(fuzz->seed, "watched", plain, &outcome);
    cr_assert_eq(told->user + told->supervisor, plain->instructions, "seed %llu",
                 (unsigned long long)fuzz->seed);
    bench_cpu_destroy(bench);
}

Test(cpu_fuzz, who_watches_is_told_the_same_in_every_mode_and_changes_nothing)
{
    static struct outcome plain;
    uint64_t first = first_seed() + 3000, crossings = 0, blocks = 0;
    cr_log_info("seed %llu", (unsigned long long)first);
    for (uint64_t seed = first; seed < first + seed_count(8); seed++) {
        struct run_case fuzz = seed % 3 == 0   ? stress_case(seed)
                               : seed % 3 == 1 ? turns_case(seed)
                                               : edge_case(seed);
        const struct {
            struct cpu_config config;
            uint64_t slice;
        } modes[] = {{{.step_mode = true}, RUN_INSTRUCTIONS_MAX},
                     {{.recycle_bytes = fuzz.recycle_bytes}, RUN_INSTRUCTIONS_MAX},
                     {{.slow_traps = true, .slow_count = true}, RUN_INSTRUCTIONS_MAX},
                     {{.slow_stores = true}, 997}};
        struct told told, other;
        run(&fuzz, (struct cpu_config){0}, NULL, &plain);
        watched_run(&fuzz, (struct cpu_config){0}, &plain, RUN_INSTRUCTIONS_MAX, &told);
        for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
            watched_run(&fuzz, modes[i].config, &plain, modes[i].slice, &other);
            cr_assert_eq(other.hash, told.hash, "seed %llu, mode %zu",
                         (unsigned long long)seed, i);
            cr_assert_eq(other.crossings, told.crossings);
        }
        crossings += told.crossings;
        blocks += told.blocks;
    }
    cr_log_info("%llu crossings", (unsigned long long)crossings);
    cr_assert_gt(crossings, 1000);
    cr_assert_gt(blocks, crossings);
}

Test(cpu_fuzz, two_harts_in_one_process_are_independent)
{
    uint64_t first = first_seed() + 2000;
    cr_log_info("seed %llu", (unsigned long long)first);
    for (uint64_t seed = first; seed < first + seed_count(2); seed++) {
        struct run_case fuzz = stress_case(seed), another = stress_case(seed + 500);
        struct bench_cpu *a = boot(&fuzz, (struct cpu_config){0});
        struct bench_cpu *b = boot(&fuzz, (struct cpu_config){0});
        struct bench_cpu *c = boot(&another, (struct cpu_config){.slow_stores = true});
        enum cpu_stop stop = CPU_STOP_LIMIT;
        for (uint64_t limit = 1777; stop == CPU_STOP_LIMIT; limit += 1777) {
            stop = cpu_run(a->cpu, limit);
            if (!c->powered_off)
                (void)cpu_run(c->cpu, limit);
            cr_assert_eq(cpu_run(b->cpu, limit), stop);
            cr_assert_eq(cpu_events(a->cpu), cpu_events(b->cpu));
        }
        cr_assert_eq(stop, CPU_STOP_ASKED);
        cr_assert_eq(bench_cpu_digest(a, RAM_BYTES), bench_cpu_digest(b, RAM_BYTES));
        bench_cpu_destroy(a);
        bench_cpu_destroy(b);
        bench_cpu_destroy(c);
    }
}

#define CHURN_DATA 0x81000000u
/* 64 functions of 1000 instructions, each taken for 80 bytes of translation (cpu_count.c); measured
 * they are 9. */
#define CHURN_ROUND_BYTES 5000000u
#define CHURN_MEMORY_BYTES (512u << 20)

/* Bytes of memory that this process holds at most so far. */
static uint64_t memory_peak_bytes(void)
{
    FILE *status = fopen("/proc/self/status", "r");
    char line[128];
    unsigned long long kibibytes = 0;
    while (status && fgets(line, sizeof(line), status))
        (void)sscanf(line, "VmHWM: %llu", &kibibytes);
    if (status)
        (void)fclose(status);
    return kibibytes << 10;
}

static uint64_t churn(uint64_t rounds, uint64_t recycle_bytes, uint64_t *recycles)
{
    struct cpu_config config = {
        .ram_base = 0x80000000u, .ram_bytes = RAM_BYTES, .recycle_bytes = recycle_bytes};
    struct bench_cpu *bench = bench_cpu_create(&config);
    bench_cpu_load(bench, "churn");
    bench_cpu_poke(bench, CHURN_DATA, &rounds, sizeof(rounds));
    cr_assert_eq(cpu_run(bench->cpu, UINT64_MAX), CPU_STOP_ASKED);
    cr_assert(bench->powered_off);
    *recycles = cpu_facts(bench->cpu).recycles;
    uint64_t digest = bench_cpu_digest(bench, RAM_BYTES);
    bench_cpu_destroy(bench);
    return digest;
}

Test(cpu_fuzz, translations_without_end_need_no_more_memory_and_change_nothing)
{
    bool endurance = getenv("LATCHKEY_LONG") != NULL;
    uint64_t total = endurance ? UINT64_C(9) * (UINT64_C(2300) << 20) : UINT64_C(60) << 20;
    uint64_t rounds = total / CHURN_ROUND_BYTES, recycles;
    uint64_t often = churn(rounds, 7u << 20, &recycles);
    cr_assert_geq(recycles, total / (7u << 20) / 2, "%llu", (unsigned long long)recycles);
    cr_assert_eq(churn(rounds, 23u << 20, &recycles), often);
    cr_assert_gt(recycles, 0);
    cr_assert_eq(churn(rounds, 0, &recycles), often);
    cr_assert_lt(memory_peak_bytes(), CHURN_MEMORY_BYTES);
}
