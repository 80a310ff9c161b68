/* SPDX-License-Identifier: GPL-2.0-or-later */
/* emulator_cpu_stale_test.c - code and page tables that change under a running hart, without
 * sfence.vma and fence.i: the hart may do as before or as after, but it goes on, counts, and can be
 * interrupted. Found by emulator_hostile_test.c, here one by one. */
#include <criterion/criterion.h>
#include <string.h>

#include "tests/support_cpu.h"

#define PAGE 4096u
#define ROOT 0x80100000u
#define MIDDLE (ROOT + PAGE)
#define LEAF (ROOT + 2 * PAGE)
#define CODE (ROOT + 3 * PAGE) /* at CODE_ADDR */
#define NEXT (ROOT + 4 * PAGE)
#define DATA (ROOT + 5 * PAGE)
#define HANDLER (ROOT + 6 * PAGE)
#define CODE_ADDR 0x1000u
#define ENTRY_ALL 0xcfu /* V R W X A D */
#define ENTRY_TABLE 1u
#define T0 5u
#define T1 6u
#define T2 7u
#define S1 9u
#define A0 10u
#define A1 11u
#define A2 12u
#define A3 13u
#define A4 14u
#define A5 15u
#define T3 28u
#define TIMER_BIT 0x20u

static const uint32_t entry[] = {
    0x18029073, /* csrw satp, t0 */
    0x12000073, /* sfence.vma */
    0x10539073, /* csrw stvec, t2 */
    0x104e1073, /* csrw sie, t3 */
    0x10016073, /* csrs sstatus, 2 */
    0x00000013, /* nop */
    0x00000013, /* nop */
    0x00030067, /* jr t1 */
};
static const uint32_t looping_handler[] = {0x0000006f}; /* j . */

static uint64_t table_entry(uint64_t addr, uint64_t bits)
{
    return addr >> 12 << 10 | bits;
}

static void put(struct bench_cpu *bench, uint64_t addr, uint64_t value)
{
    bench_cpu_poke(bench, addr, &value, sizeof(value));
}

/* A hart that will run the code at CODE_ADDR, with a0 the place of that page's table entry. */
static struct bench_cpu *start(bool step_mode, const void *code, size_t offset, size_t size_bytes)
{
    struct cpu_config config = bench_cpu_config();
    config.step_mode = step_mode;
    struct bench_cpu *bench = bench_cpu_create(&config);
    put(bench, ROOT, table_entry(MIDDLE, ENTRY_TABLE));
    put(bench, ROOT + 16, table_entry(0x80000000u, ENTRY_ALL));
    put(bench, MIDDLE, table_entry(LEAF, ENTRY_TABLE));
    put(bench, LEAF + 8, table_entry(CODE, ENTRY_ALL));
    put(bench, DATA, 9);
    bench_cpu_poke(bench, CODE + offset, code, size_bytes);
    bench_cpu_poke(bench, BENCH_ENTRY, entry, sizeof(entry));
    bench_cpu_poke(bench, HANDLER, looping_handler, sizeof(looping_handler));
    cpu_reset(bench->cpu, BENCH_ENTRY, LEAF + 8, table_entry(NEXT, ENTRY_ALL));
    cpu_x_set(bench->cpu, T0, 8ull << 60 | ROOT >> 12);
    cpu_x_set(bench->cpu, T1, CODE_ADDR + offset);
    cpu_x_set(bench->cpu, T2, HANDLER);
    cpu_x_set(bench->cpu, A3, 5);
    cpu_x_set(bench->cpu, A4, DATA);
    return bench;
}

static void timer_set(struct bench_cpu *bench, uint64_t cycle)
{
    bench->timer = cycle;
    cpu_deadline_set(bench->cpu, cycle);
}

/* Run for a while: it ends where it should, and time was noticed on the way. */
static void run_on(struct bench_cpu *bench)
{
    timer_set(bench, 5000);
    for (uint64_t limit = 777; limit < 20000; limit += 1234) {
        cr_assert_eq(cpu_run(bench->cpu, limit), CPU_STOP_LIMIT, "%s", cpu_fault_text(bench->cpu));
        cr_assert_eq(cpu_instructions(bench->cpu), limit);
    }
    cr_assert_eq(bench->timer, UINT64_MAX, "the timer was due");
}

/* .timeout: what went wrong here went on for ever. */
Test(cpu_stale, a_loop_on_a_page_that_is_mapped_no_longer_can_be_interrupted, .timeout = 60)
{
    static const uint32_t code[] = {
        0x0040006f, /* j . + 4 */
        0x00b53023, /* sd a1, 0(a0): this page is another one */
        0x0040006f, /* j . + 4 */
        0x00000013, /* nop */
        0x00178793, /* addi a5, a5, 1 */
        0xff9ff06f, /* j . - 8 */
    };
    for (unsigned empty = 0; empty < 2; empty++) { /* a page of zeros, or none */
        struct bench_cpu *bench = start(false, code, 0, sizeof(code));
        if (empty == 1)
            cpu_x_set(bench->cpu, A1, 0);
        run_on(bench);
        bench_cpu_destroy(bench);
    }
}

Test(cpu_stale, what_the_host_executes_there_is_executed_or_gone, .timeout = 60)
{
    static const uint32_t code[] = {
        0x0040006f, /* j . + 4 */
        0x00b53023, /* sd a1, 0(a0): this page is another one */
        0x0040006f, /* j . + 4 */
        0x00178793, /* addi a5, a5, 1 */
        0x80d7262f, /* amomin.w a2, a3, (a4) */
        0xff9ff06f, /* j . - 8 */
    };
    for (unsigned empty = 0; empty < 2; empty++) {
        struct bench_cpu *bench = start(false, code, 0, sizeof(code));
        if (empty == 1)
            cpu_x_set(bench->cpu, A1, 0);
        run_on(bench);
        if (cpu_x_get(bench->cpu, A5) > 1)
            cr_expect_eq(bench_cpu_peek(bench, DATA), 5);
        bench_cpu_destroy(bench);
    }
}

Test(cpu_stale, a_store_may_replace_the_instruction_behind_it_in_its_block, .timeout = 60)
{
    static const uint32_t code[] = {
        0x00b52023, /* sw a1, 0(a0) */
        0x80d7262f, /* amomin.w a2, a3, (a4) */
        0x0000006f, /* j . */
    };
    for (unsigned step_mode = 0; step_mode < 2; step_mode++) {
        struct bench_cpu *bench = start(step_mode != 0, code, 0, sizeof(code));
        cpu_x_set(bench->cpu, A0, CODE_ADDR + 4);
        cpu_x_set(bench->cpu, A1, 0x00178793); /* addi a5, a5, 1 */
        run_on(bench);
        if (step_mode == 0) { /* else the engine has looked at both already, as a hart may */
            cr_expect_eq(cpu_x_get(bench->cpu, A5), 1);
            cr_expect_eq(bench_cpu_peek(bench, DATA), 9);
        }
        bench_cpu_destroy(bench);
    }
}

/* An instruction whose second half is in a page that is not mapped; the handler maps it. Wherever
 * the timer interrupt falls, both ways of running agree. */
Test(cpu_stale, a_fault_that_was_coming_does_not_come_when_the_handler_mends_it, .timeout = 60)
{
    static const uint16_t code[] = {
        0x0613, 0x0016, /* addi a2, a2, 1 */
        0x0001,         /* nop */
        0x0613,         /* addi a2, a2, 2, its first half */
    };
    static const uint32_t handler[] = {
        0x142023f3, /* csrr t2, scause */
        0x007484b3, /* add s1, s1, t2 */
        0x00b53023, /* sd a1, 0(a0) */
        0x12000073, /* sfence.vma */
        0x10401073, /* csrw sie, zero */
        0x10200073, /* sret */
    };
    static const uint16_t rest[] = {0x0026, 0x006f, 0x0000}; /* its second half; j . */
    for (uint64_t cycle = 1; cycle < 30; cycle++) {
        uint64_t causes[2], instructions[2], events[2];
        for (unsigned step_mode = 0; step_mode < 2; step_mode++) {
            struct bench_cpu *bench = start(step_mode != 0, code, PAGE - 8, sizeof(code));
            bench_cpu_poke(bench, HANDLER, handler, sizeof(handler));
            bench_cpu_poke(bench, NEXT, rest, sizeof(rest));
            cpu_x_set(bench->cpu, A0, LEAF + 16);
            cpu_x_set(bench->cpu, T3, TIMER_BIT);
            timer_set(bench, cycle);
            cr_assert_eq(cpu_run(bench->cpu, 100), CPU_STOP_LIMIT);
            cr_expect_eq(cpu_x_get(bench->cpu, A2), 3, "timer at %lu", cycle);
            causes[step_mode] = cpu_x_get(bench->cpu, S1);
            instructions[step_mode] = cpu_instructions(bench->cpu);
            events[step_mode] = cpu_events(bench->cpu);
            bench_cpu_destroy(bench);
        }
        cr_expect_eq(causes[0], causes[1], "timer at %lu: %lx, %lx", cycle, causes[0], causes[1]);
        cr_expect_eq(instructions[0], instructions[1]);
        cr_expect_eq(events[0], events[1], "timer at %lu", cycle);
    }
}
