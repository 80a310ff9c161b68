/* SPDX-License-Identifier: GPL-2.0-or-later */
/* emulator_gdb_machine_test.c - a replayed machine under gdb's ops: going back comes to the places
 * that going forward went through, hits are the same in both directions, and the machine is always
 * the one that the recorded run was.
 *
 * The runs have random input, power cuts and disk models (support_record.h). 4 of them go their
 * whole way under a debugger; LATCHKEY_LONG=1 makes it 50. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/cpu.h"
#include "emulator/gdb_machine_state.h"
#include "kernel/arch/offsets.h"
#include "kernel/domain.h"
#include "tests/support_record.h"

static_assert(sizeof(struct domain) == GDB_DOMAIN_BYTES, "the kernel's, on a 64-bit host");
static_assert(offsetof(struct domain, trapped) == GDB_DOMAIN_TRAPPED, "the kernel's");

#define INSTRUCTIONS 8000000u
#define BUDGET ((size_t)64 << 20)
#define PLACES_MAX 60u
#define NUMBER_PC 32u

struct debugged {
    struct recorded recorded;
    struct replay *replay;
    struct gdb_machine *target;
    const struct gdb_ops *ops;
    struct machine *machine;
};

static void debug_begin(const struct scratch *scratch, uint64_t seed, struct debugged *debugged)
{
    record_random(scratch, "debugged", seed, INSTRUCTIONS, &debugged->recorded);
    debugged->replay = replay_of(&debugged->recorded, BUDGET, true);
    debugged->machine = replay_machine(debugged->replay);
    const struct gdb_machine_config config = {
        .machine = debugged->machine, .timeline = replay_timeline(debugged->replay),
        .kernel_path = LATCHKEY_BUILD_DIR "/kernel.elf"};
    debugged->target = gdb_machine_create(&config);
    debugged->ops = gdb_machine_ops(true);
}

static void debug_end(struct debugged *debugged)
{
    gdb_machine_destroy(debugged->target);
    replay_close(debugged->replay);
}

static struct gdb_stop move(struct debugged *debugged, enum gdb_move how)
{
    struct gdb_stop stop;
    cr_assert(debugged->ops->start(debugged->target, how));
    while (!debugged->ops->go_on(debugged->target, &stop))
        continue;
    cr_assert_neq(stop.kind, GDB_STOP_FAULT);
    return stop;
}

static void point_set(struct debugged *debugged, enum gdb_point_kind kind, uint64_t addr,
                      uint64_t size_bytes)
{
    const struct gdb_point point = {.kind = kind, .addr = addr, .size_bytes = size_bytes};
    cr_assert_eq(debugged->ops->point_add(debugged->target, &point), GDB_DONE);
}

static void point_remove(struct debugged *debugged, enum gdb_point_kind kind, uint64_t addr,
                         uint64_t size_bytes)
{
    const struct gdb_point point = {.kind = kind, .addr = addr, .size_bytes = size_bytes};
    cr_assert_eq(debugged->ops->point_remove(debugged->target, &point), GDB_DONE);
}

static void at(struct debugged *debugged, uint64_t instructions)
{
    char words[64];
    struct byte_writer text = {0};
    (void)snprintf(words, sizeof(words), "at insn=%llu", (unsigned long long)instructions);
    cr_assert(debugged->ops->monitor(debugged->target, words, &text));
    writer_finish(&text);
    bool back = instructions < machine_instructions(debugged->machine);
    (void)move(debugged, back ? GDB_GO_BACK : GDB_GO);
    cr_assert_eq(machine_instructions(debugged->machine), instructions);
}

/* What a debugger sees of a place. */
struct seen {
    uint64_t instructions, events, pc;
};

static struct seen see(struct debugged *debugged)
{
    struct machine_position here = machine_position(debugged->machine);
    return (struct seen){here.instructions, here.events,
                         cpu_pc_get(machine_cpu(debugged->machine))};
}

static void same(const struct seen *left, const struct seen *right, const char *what)
{
    cr_assert(left->instructions == right->instructions && left->events == right->events &&
                  left->pc == right->pc,
              "%s: at %llu, event %llu, pc %llx; not %llu, %llu, %llx", what,
              (unsigned long long)left->instructions, (unsigned long long)left->events,
              (unsigned long long)left->pc, (unsigned long long)right->instructions,
              (unsigned long long)right->events, (unsigned long long)right->pc);
}

Test(gdb_machine, steps_back_undo_steps, .timeout = 120)
{
    struct scratch scratch;
    struct debugged debugged;
    struct seen *seen = calloc(PLACES_MAX, sizeof(*seen));
    scratch_make(&scratch);
    debug_begin(&scratch, 2, &debugged);
    at(&debugged, 1300000);
    for (unsigned i = 0; i < PLACES_MAX; i++) {
        seen[i] = see(&debugged);
        cr_assert_eq(move(&debugged, GDB_STEP).kind, GDB_STOP_STEP);
    }
    for (unsigned i = PLACES_MAX; i-- > 0;) {
        cr_assert_eq(move(&debugged, GDB_STEP_BACK).kind, GDB_STOP_STEP);
        struct seen here = see(&debugged);
        same(&here, &seen[i], "a step back");
    }
    debug_end(&debugged);
    scratch_remove(&scratch);
    free(seen);
}

/* What gdb does when something that is watched is about to be touched: step past it. */
static void past(struct debugged *debugged, enum gdb_point_kind point, uint64_t addr,
                 enum gdb_move how)
{
    point_remove(debugged, point, addr, 8);
    cr_assert_eq(move(debugged, how).kind, GDB_STOP_STEP);
    point_set(debugged, point, addr, 8);
}

/* Forward through all hits, and back through them. */
static unsigned both_ways(struct debugged *debugged, uint64_t from, uint64_t addr,
                          enum gdb_stop_kind kind)
{
    struct seen *seen = calloc(PLACES_MAX, sizeof(*seen));
    enum gdb_point_kind point = kind == GDB_STOP_BREAK ? GDB_BREAK : GDB_WATCH;
    unsigned count = 0;
    at(debugged, from);
    point_set(debugged, point, addr, 8);
    while (count < PLACES_MAX && move(debugged, GDB_GO).kind == kind) {
        seen[count++] = see(debugged);
        if (kind == GDB_STOP_WATCH || count == PLACES_MAX)
            past(debugged, point, addr, GDB_STEP);
    }
    for (unsigned i = count; i-- > 0;) {
        struct gdb_stop stop = move(debugged, GDB_GO_BACK);
        cr_assert_eq(stop.kind, kind);
        if (kind == GDB_STOP_WATCH)
            past(debugged, point, addr, GDB_STEP_BACK);
        struct seen here = see(debugged);
        same(&here, &seen[i], "going back");
    }
    point_remove(debugged, point, addr, 8);
    free(seen);
    return count;
}

Test(gdb_machine, hits_are_the_same_in_both_directions, .timeout = 240)
{
    struct scratch scratch;
    struct debugged debugged;
    scratch_make(&scratch);
    for (uint64_t seed = 1; seed <= 2; seed++) {
        debug_begin(&scratch, seed, &debugged);
        at(&debugged, 1000000 + 100000 * seed);
        struct cpu *cpu = machine_cpu(debugged.machine);
        uint64_t pc = cpu_pc_get(cpu), stack = cpu_x_get(cpu, 2) & ~7ull;
        unsigned breaks = both_ways(&debugged, 900000, pc, GDB_STOP_BREAK);
        unsigned writes = both_ways(&debugged, 1000000 + 100000 * seed, stack, GDB_STOP_WATCH);
        fprintf(stderr, "seed %llu: %u breaks, %u writes, %llu cuts\n", (unsigned long long)seed,
                breaks, writes, (unsigned long long)debugged.recorded.cuts);
        cr_expect_gt(breaks, 0);
        debug_end(&debugged);
    }
    scratch_remove(&scratch);
}

/* Up to some hits of a point, then without it. */
static unsigned stops(struct debugged *debugged, enum gdb_point_kind kind, uint64_t addr)
{
    const struct gdb_point point = {.kind = kind, .addr = addr, .size_bytes = 8};
    enum gdb_stop_kind expected = kind == GDB_BREAK ? GDB_STOP_BREAK : GDB_STOP_WATCH;
    for (unsigned count = 0; count < 8; count++) {
        enum gdb_answer answer = debugged->ops->point_add(debugged->target, &point);
        if (kind != GDB_BREAK && answer != GDB_DONE)
            return count; /* nothing is mapped there now, or gdb has to step: model cache */
        cr_assert_eq(answer, GDB_DONE);
        struct gdb_stop stop = move(debugged, GDB_GO);
        point_remove(debugged, kind, addr, 8);
        if (stop.kind != expected)
            return count;
        (void)move(debugged, GDB_STEP);
    }
    return 8;
}

Test(gdb_machine, random_runs_under_gdb_have_the_digests_of_every_mark, .timeout = 3000)
{
    struct scratch scratch;
    struct debugged debugged;
    unsigned hits = 0, rounds = getenv("LATCHKEY_LONG") ? 50 : 4;
    scratch_make(&scratch);
    for (uint64_t seed = 1; seed <= rounds; seed++) {
        debug_begin(&scratch, seed, &debugged);
        at(&debugged, INSTRUCTIONS / 64 * (1 + seed % 32));
        struct cpu *cpu = machine_cpu(debugged.machine);
        uint64_t pc = cpu_pc_get(cpu), stack = cpu_x_get(cpu, 2) & ~7ull;
        hits += stops(&debugged, GDB_BREAK, pc);
        hits += stops(&debugged, GDB_WATCH, stack);
        hits += stops(&debugged, GDB_WATCH_READ, stack);
        (void)move(&debugged, GDB_STEP);
        if (machine_instructions(debugged.machine) < debugged.recorded.instructions)
            cr_assert_eq(move(&debugged, GDB_GO).kind, GDB_STOP_END, "seed %u", (unsigned)seed);
        cr_expect_eq(machine_instructions(debugged.machine), debugged.recorded.instructions);
        cr_expect(digest_same(machine_digest(debugged.machine), debugged.recorded.digest),
                  "seed %u", (unsigned)seed);
        debug_end(&debugged);
    }
    cr_expect_gt(hits, 8 * rounds);
    scratch_remove(&scratch);
}

Test(gdb_machine, history_has_a_begin_and_an_end_and_is_what_was_recorded, .timeout = 120)
{
    struct scratch scratch;
    struct debugged debugged;
    uint64_t value;
    scratch_make(&scratch);
    debug_begin(&scratch, 3, &debugged);
    cr_assert_eq(move(&debugged, GDB_STEP_BACK).kind, GDB_STOP_BEGIN);
    cr_assert_eq(move(&debugged, GDB_GO_BACK).kind, GDB_STOP_BEGIN);
    cr_assert_eq(move(&debugged, GDB_GO).kind, GDB_STOP_END);
    cr_expect_eq(machine_instructions(debugged.machine), debugged.recorded.instructions);
    cr_expect(digest_same(machine_digest(debugged.machine), debugged.recorded.digest));
    cr_assert_eq(move(&debugged, GDB_GO_BACK).kind, GDB_STOP_BEGIN);
    cr_expect_eq(machine_instructions(debugged.machine), 0);
    cr_assert(debugged.ops->register_read(debugged.target, 0, NUMBER_PC, &value));
    cr_expect_not(debugged.ops->register_write(debugged.target, 0, NUMBER_PC, value + 2),
                  "what was recorded cannot be changed");
    cr_expect_not(debugged.ops->memory_write(debugged.target, 0, true, 0x80200000, "x", 1));
    for (unsigned i = 0; i < debugged.recorded.place_count; i += 7) {
        const struct recorded_place *place = &debugged.recorded.places[i];
        at(&debugged, place->instructions);
        cr_assert(digest_same(machine_digest(debugged.machine), place->digest), "at %llu",
                  (unsigned long long)place->instructions);
    }
    debug_end(&debugged);
    scratch_remove(&scratch);
}

/* At a place where the kernel has many domains. Not all runs come to one: disks fail in them. */
static void domains_begin(const struct scratch *scratch, struct debugged *debugged,
                          struct gdb_thread *threads)
{
    for (uint64_t seed = 2; seed < 10; seed++) {
        debug_begin(scratch, seed, debugged);
        for (uint64_t to = 1000000; to < INSTRUCTIONS; to += 500000) {
            at(debugged, to);
            if (debugged->ops->threads(debugged->target, threads, GDB_THREADS_MAX) > 10)
                return;
        }
        debug_end(debugged);
    }
    cr_assert_fail("the kernel never had many domains");
}

Test(gdb_machine, domains_are_threads, .timeout = 120)
{
    struct scratch scratch;
    struct debugged debugged;
    struct gdb_thread *threads = calloc(GDB_THREADS_MAX, sizeof(*threads));
    uint64_t value;
    scratch_make(&scratch);
    domains_begin(&scratch, &debugged, threads);
    size_t count = debugged.ops->threads(debugged.target, threads, GDB_THREADS_MAX);
    cr_expect_gt(count, 10);
    cr_expect_eq(threads[0].id, debugged.ops->thread_now(debugged.target));
    cr_expect(strstr(threads[0].name, "hart, for domain "), "%s", threads[0].name);
    for (size_t i = 1; i < count; i++) {
        cr_expect(debugged.ops->register_read(debugged.target, threads[i].id, NUMBER_PC, &value));
        cr_expect_lt(value, 1ull << 38, "%s: pc %llx", threads[i].name,
                     (unsigned long long)value);
        cr_expect_neq(threads[i].id, threads[0].id);
    }
    cr_expect_eq(debugged.ops->threads(debugged.target, threads, 3), 3);
    cr_expect_not(debugged.ops->register_read(debugged.target, 999999, NUMBER_PC, &value));
    at(&debugged, 1);
    cr_expect_eq(debugged.ops->threads(debugged.target, threads, GDB_THREADS_MAX), 1);
    cr_expect_str_eq(threads[0].name, "hart");
    debug_end(&debugged);
    scratch_remove(&scratch);
    free(threads);
}

static void monitor(struct debugged *debugged, const char *words, struct byte_writer *text)
{
    text->size_bytes = 0;
    cr_assert(debugged->ops->monitor(debugged->target, words, text));
    write_u8(text, 0);
}

/* Else what the search went through would count, too. */
Test(gdb_machine, a_ledger_counts_going_forward_and_is_gone_after_going_back, .timeout = 120)
{
    struct scratch scratch;
    struct debugged debugged;
    struct byte_writer text = {0};
    scratch_make(&scratch);
    debug_begin(&scratch, 2, &debugged);
    at(&debugged, 1000);
    monitor(&debugged, "ledger", &text);
    cr_expect(strstr((const char *)text.data, "from here on"));
    at(&debugged, 101000);
    monitor(&debugged, "ledger", &text);
    cr_expect(strstr((const char *)text.data, "100000 instructions"), "%s",
              (const char *)text.data);
    at(&debugged, 50000);
    monitor(&debugged, "ledger", &text);
    cr_expect(strstr((const char *)text.data, "from here on"), "%s", (const char *)text.data);
    at(&debugged, 62345);
    monitor(&debugged, "ledger", &text);
    cr_expect(strstr((const char *)text.data, "12345 instructions"), "%s",
              (const char *)text.data);
    writer_finish(&text);
    debug_end(&debugged);
    scratch_remove(&scratch);
}

Test(gdb_machine, monitor_answers, .timeout = 120)
{
    static const struct {
        const char *words, *part;
    } answers[] = {{"help", "monitor power-cut"}, {"when", "instruction "},
                   {"when", "the history goes from instruction 0"}, {"phase", "generation"},
                   {"at", "expected insn=N"}, {"at insn=x", "expected insn=N"},
                   {"at insn=99999999999999999999", "expected insn=N"},
                   {"at insn=010", "reverse-continue goes to instruction 10,"},
                   {"at insn=0x10", "reverse-continue goes to instruction 16,"},
                   {"power-cut", "no other power cut"},
                   {"domains", "domain 46 (counter)"}, {"keys 16", "console"},
                   {"keys 3", "no such domain"},
                   {"keys x", "expected the number"}, {"ledger", "from here on"},
                   {"ledger", "instructions"}};
    struct scratch scratch;
    struct debugged debugged;
    struct byte_writer text = {0};
    struct gdb_thread *threads = calloc(GDB_THREADS_MAX, sizeof(*threads));
    scratch_make(&scratch);
    domains_begin(&scratch, &debugged, threads);
    free(threads);
    struct digest before = machine_digest(debugged.machine);
    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
        monitor(&debugged, answers[i].words, &text);
        cr_expect(strstr((const char *)text.data, answers[i].part), "%s: %s", answers[i].words,
                  (const char *)text.data);
    }
    cr_expect_not(debugged.ops->monitor(debugged.target, "helpless", &text));
    cr_expect(digest_same(machine_digest(debugged.machine), before), "asking changes nothing");
    writer_finish(&text);
    debug_end(&debugged);
    scratch_remove(&scratch);
}
