/* SPDX-License-Identifier: GPL-2.0-or-later */
/* emulator_debug_test.c - breakpoints and watchpoints of the hart: they are hit exactly where going
 * instruction by instruction says, and the machine does not know of them.
 *
 * Recorded runs of the demo and of the malicious driver are replayed, with all marks compared. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/cpu.h"
#include "tests/support_power.h"
#include "tests/support_record.h"

#define INSTRUCTIONS 8000000u
#define WAY 30000u /* that is gone instruction by instruction */
#define HITS_MAX 65536u

struct place {
    uint64_t instructions, events;
};
struct hits {
    struct place places[HITS_MAX];
    size_t count;
};

static void hit_add(struct hits *hits, struct machine *machine)
{
    struct machine_position here = machine_position(machine);
    cr_assert_lt(hits->count, HITS_MAX);
    hits->places[hits->count++] = (struct place){here.instructions, here.events};
}

/* Go on to a number of instructions, through all stops of the debugger. */
static void go(struct replay *replay, uint64_t instructions, struct hits *hits)
{
    struct error error;
    struct timeline_stop stop;
    struct machine *machine = replay_machine(replay);
    struct machine_until until = machine_until_never();
    until.instructions = instructions;
    while (machine_instructions(machine) < instructions &&
           !timeline_at_end(replay_timeline(replay))) {
        cr_assert(timeline_run(replay_timeline(replay), &until, &stop, &error), "%s", error.text);
        if (hits && stop.reason == TIMELINE_STOPPED &&
            stop.machine.reason == MACHINE_STOP_DEBUG)
            hit_add(hits, machine);
    }
}

/* Places that a run comes to, and addresses that it uses. */
static void debug_random(struct replay *replay, struct random *random, struct cpu_debug *debug)
{
    struct machine *machine = replay_machine(replay);
    struct cpu *cpu = machine_cpu(machine);
    uint64_t ram_bytes = cpu_ram_bytes(cpu);
    *debug = (struct cpu_debug){.break_count = 4, .watch_count = 6};
    for (unsigned i = 0; i < 6; i++) {
        go(replay, machine_instructions(machine) + 1 + random_below(random, INSTRUCTIONS / 20),
           NULL);
        if (i < 4)
            debug->breaks[i] = cpu_pc_get(cpu);
        struct cpu_watch *watch = &debug->watches[i];
        uint64_t addr = cpu_x_get(cpu, 2 + (unsigned)random_below(random, 30));
        if (i == 5) /* a page of the page tables */
            addr = cpu_csr_get(cpu, CPU_CSR_SATP) << 12;
        else if (!cpu_translate(cpu, addr, &addr))
            addr = 0;
        if (addr < BOARD_RAM_BASE || addr - BOARD_RAM_BASE >= ram_bytes - 64)
            addr = BOARD_RAM_BASE + random_below(random, ram_bytes - 64);
        *watch = (struct cpu_watch){.addr = addr, .size_bytes = 1 + random_below(random, 16),
                                    .on_read = random_below(random, 2), .on_write = true};
    }
}

static void marks_expect(const struct recorded *recorded, uint64_t seed, const char *what)
{
    struct error error;
    struct random random = {seed};
    struct cpu_debug debug;
    struct replay *replay = replay_of(recorded, 0, true);
    debug_random(replay, &random, &debug);
    replay_close(replay);

    replay = replay_of(recorded, 0, true);
    cr_assert(cpu_debug_set(machine_cpu(replay_machine(replay)), &debug));
    struct timeline_stop stop;
    const struct machine_until never = machine_until_never();
    uint64_t count = 0;
    while (!timeline_at_end(replay_timeline(replay)) && count < 2000) {
        cr_assert(timeline_run(replay_timeline(replay), &never, &stop, &error), "%s seed %llu: %s",
                  what, (unsigned long long)seed, error.text);
        count += stop.reason == TIMELINE_STOPPED && stop.machine.reason == MACHINE_STOP_DEBUG;
    }
    cr_assert(cpu_debug_set(machine_cpu(replay_machine(replay)), NULL));
    cr_assert(timeline_carry_out(replay_timeline(replay), replay_record(replay)->entry_count,
                                 &error), "%s seed %llu: %s", what, (unsigned long long)seed,
              error.text);
    fprintf(stderr, "%s seed %llu: %llu hits\n", what, (unsigned long long)seed,
            (unsigned long long)count);
    cr_expect_gt(count, 0, "%s seed %llu: nothing was hit", what, (unsigned long long)seed);
    cr_expect(digest_same(machine_digest(replay_machine(replay)), recorded->digest),
              "%s seed %llu: the end differs", what, (unsigned long long)seed);
    replay_close(replay);
}

Test(debug, what_is_watched_changes_nothing, .timeout = 300)
{
    struct scratch scratch;
    struct recorded recorded;
    scratch_make(&scratch);
    for (uint64_t seed = 1; seed <= 2; seed++) {
        record_random(&scratch, "random", seed, INSTRUCTIONS, &recorded);
        marks_expect(&recorded, seed, "demo");
        record_hostile(&scratch, "hostile", seed, INSTRUCTIONS, &recorded);
        marks_expect(&recorded, seed, "hostile");
    }
    scratch_remove(&scratch);
}

/* What going one by one says. */
static void steps_go(struct replay *replay, const struct cpu_debug *debug, uint64_t end,
                     struct hits *breaks, struct hits *writes)
{
    struct machine *machine = replay_machine(replay);
    struct cpu *cpu = machine_cpu(machine);
    const uint8_t *ram = cpu_ram(cpu);
    uint8_t old[CPU_WATCHES_MAX][16], now[16];
    for (size_t i = 0; i < debug->watch_count; i++)
        memcpy(old[i], ram + (debug->watches[i].addr - BOARD_RAM_BASE), 16);
    while (machine_instructions(machine) < end) {
        bool changed = false;
        go(replay, machine_instructions(machine) + 1, NULL);
        for (size_t i = 0; i < debug->watch_count; i++) {
            memcpy(now, ram + (debug->watches[i].addr - BOARD_RAM_BASE), 16);
            changed = changed || memcmp(now, old[i], debug->watches[i].size_bytes) != 0;
            memcpy(old[i], now, 16);
        }
        if (changed) {
            hit_add(writes, machine);
            writes->places[writes->count - 1].instructions--; /* a stop comes before */
        }
        for (size_t i = 0; i < debug->break_count; i++)
            if (cpu_pc_get(cpu) == debug->breaks[i])
                hit_add(breaks, machine);
    }
}

static bool among(const struct hits *hits, struct place place)
{
    for (size_t i = 0; i < hits->count; i++)
        if (hits->places[i].instructions == place.instructions)
            return true;
    return false;
}

/* The same way once in steps and once at a run. */
static void exact_expect(const struct recorded *recorded, uint64_t seed)
{
    struct error error;
    struct random random = {seed};
    struct cpu_debug debug, only;
    struct hits *stepped = calloc(2, sizeof(*stepped)), *run = calloc(2, sizeof(*run));
    struct replay *replay = replay_of(recorded, (size_t)64 << 20, false);
    struct timeline *timeline = replay_timeline(replay);
    debug_random(replay, &random, &debug);
    uint64_t start = machine_instructions(replay_machine(replay));
    start -= start > WAY ? WAY / 2 : 0;
    cr_assert(timeline_seek(timeline, start, &error), "%s", error.text);
    struct cpu *cpu = machine_cpu(replay_machine(replay));
    debug.breaks[0] = cpu_pc_get(cpu);
    for (unsigned i = 0; i < 4; i++) /* what is pushed next */
        if (cpu_translate(cpu, cpu_x_get(cpu, 2) - 16 * (i + 1), &debug.watches[i].addr))
            debug.watches[i].size_bytes = 16;
    steps_go(replay, &debug, start + WAY, &stepped[0], &stepped[1]);
    for (unsigned what = 0; what < 2; what++) {
        only = debug;
        if (what == 0)
            only.watch_count = 0;
        else
            only.break_count = 0;
        cr_assert(timeline_seek(timeline, start, &error), "%s", error.text);
        cr_assert(cpu_debug_set(cpu, &only));
        go(replay, start + WAY, &run[what]);
        cr_assert(cpu_debug_set(cpu, NULL));
        fprintf(stderr, "seed %llu: %zu %s, %zu in steps\n", (unsigned long long)seed,
                run[what].count, what ? "watched" : "breaks", stepped[what].count);
        for (size_t i = 0; i < stepped[what].count; i++)
            cr_expect(among(&run[what], stepped[what].places[i]),
                      "seed %llu: missed %s at %llu", (unsigned long long)seed,
                      what ? "a write" : "a breakpoint",
                      (unsigned long long)stepped[what].places[i].instructions);
    }
    for (size_t i = 0; i < run[0].count; i++) /* at the end of an interval it may be a handler's */
        cr_expect(among(&stepped[0], run[0].places[i]), "seed %llu: no breakpoint at %llu",
                  (unsigned long long)seed, (unsigned long long)run[0].places[i].instructions);
    free(stepped);
    free(run);
    replay_close(replay);
}

Test(debug, hits_are_where_steps_say, .timeout = 300)
{
    struct scratch scratch;
    struct recorded recorded;
    scratch_make(&scratch);
    for (uint64_t seed = 1; seed <= 4; seed++) {
        record_random(&scratch, "exact", seed, INSTRUCTIONS, &recorded);
        exact_expect(&recorded, seed);
    }
    scratch_remove(&scratch);
}
