/* SPDX-License-Identifier: GPL-2.0-or-later */
/* emulator_cpu_quick_test.c - the short cuts of cpu_quick.c are taken, and nobody can tell: random
 * CSR accesses and trips between U and S, interrupted by a timer, in every mode. */
#include "emulator/cpu.h"

#include <criterion/criterion.h>
#include <string.h>

#include "tests/support_cpu.h"
#include "tests/support_device.h"

#define RAM_BYTES (16u << 20)
#define START_AT 0x80200000u
#define WORDS 1024u
#define STOPS 8u
#define ROUNDS 12u

/* Registers: s2..s11 are the program's, the others the frame's. */
#define A0 10u
#define A7 17u
#define T4 29u
#define T5 30u
#define T6 31u

#define CSR_SSTATUS 0x100u
#define CSR_SIE 0x104u
#define CSR_STVEC 0x105u
#define CSR_SSCRATCH 0x140u
#define CSR_SEPC 0x141u
#define CSR_SCAUSE 0x142u
#define CSR_STVAL 0x143u
#define CSR_SIP 0x144u
#define CSR_SATP 0x180u
#define CSR_CYCLE 0xc00u
#define CSR_TIME 0xc01u
#define CSR_INSTRET 0xc02u

#define ECALL 0x00000073u
#define SRET 0x10200073u
#define WRITE 1u /* csrrw; set and clear follow; + 4: with an immediate operand */
#define SET 2u
#define CLEAR 3u

struct program {
    struct fake_random random;
    uint32_t words[WORDS];
    unsigned count;
};

static void put(struct program *program, uint32_t word)
{
    cr_assert_lt(program->count, WORDS);
    program->words[program->count++] = word;
}

static uint32_t csr_word(unsigned csr, unsigned function, unsigned operand, unsigned target)
{
    return csr << 20 | operand << 15 | function << 12 | target << 7 | 0x73;
}

static uint32_t add_immediate(unsigned target, unsigned source, unsigned value)
{
    return (value & 0xfff) << 20 | source << 15 | target << 7 | 0x13;
}

static unsigned below(struct program *program, unsigned limit)
{
    return (unsigned)fake_random_below(&program->random, limit);
}

static unsigned any_register(struct program *program)
{
    return 18 + below(program, 10);
}

/* Every form on every CSR that a handler may touch without losing its way. */
static void put_csr(struct program *program)
{
    static const uint16_t free_csrs[] = {CSR_SSCRATCH, CSR_SCAUSE, CSR_STVAL, CSR_SSTATUS, CSR_SIP};
    static const uint16_t shown_csrs[] = {CSR_SIE,  CSR_STVEC, CSR_SEPC,   CSR_SIP,
                                          CSR_SATP, CSR_CYCLE, CSR_INSTRET};
    unsigned target = below(program, 4) ? any_register(program) : 0;
    if (below(program, 4) == 0) {
        unsigned csr = shown_csrs[below(program, 7)];
        put(program, csr_word(csr, SET + below(program, 2) + 4 * below(program, 2), 0, target));
        return;
    }
    unsigned function = WRITE + below(program, 3) + 4 * below(program, 2);
    unsigned operand = below(program, 4) == 0 ? 0
                       : function > 4         ? below(program, 32)
                                              : any_register(program);
    put(program, csr_word(free_csrs[below(program, 5)], function, operand, target));
}

static void put_arithmetic(struct program *program)
{
    static const uint32_t operations[] = {0x33, 0x40000033, 0x4033, 0x6033, 0x1033};
    put(program, operations[below(program, 5)] | any_register(program) << 7 |
                     any_register(program) << 15 | any_register(program) << 20);
}

static void put_some(struct program *program, unsigned limit)
{
    for (unsigned i = below(program, limit); i > 0; i--) {
        if (below(program, 3))
            put_csr(program);
        else
            put_arithmetic(program);
    }
}

/* csrr t5, scause; bgez t5, over; csrci sip, 2; rdtime a0; addi a0, a0, period; li a7, 0; ecall;
 * sret; over: */
static void put_interrupts(struct program *program)
{
    put(program, csr_word(CSR_SCAUSE, SET, 0, T5));
    put(program, 1 << 25 | T5 << 15 | 5 << 12 | 0x63); /* 32 bytes on */
    put(program, csr_word(CSR_SIP, CLEAR + 4, CPU_IRQ_SOFT, 0));
    put(program, csr_word(CSR_TIME, SET, 0, A0));
    put(program, add_immediate(A0, A0, 40 + below(program, 400)));
    put(program, add_immediate(A7, 0, 0));
    put(program, ECALL);
    put(program, SRET);
}

static void put_jump(struct program *program, unsigned to)
{
    uint32_t offset = (to - program->count) * 4;
    put(program, (offset >> 20 & 1) << 31 | (offset >> 1 & 0x3ff) << 21 | (offset >> 11 & 1) << 20 |
                     (offset >> 12 & 0xff) << 12 | 0x6f);
}

/* Wherever a trap or sret may lead within this, in U or in S, it goes on. */
static struct bench_cpu *boot(uint64_t seed, struct cpu_config config)
{
    struct program program = {.random = {seed}};
    put(&program, csr_word(CSR_STVEC, WRITE, T6, 0));
    put(&program, csr_word(CSR_SEPC, WRITE, T5, 0));
    put(&program, csr_word(CSR_SIE, WRITE + 4, 0, 0));
    put(&program, csr_word(CSR_SIE, SET, T4, 0));
    put(&program, csr_word(CSR_TIME, SET, 0, A0));
    put(&program, ECALL);
    put(&program, SRET);
    unsigned user = program.count;
    for (unsigned i = 1 + below(&program, 5); i > 0; i--) {
        for (unsigned j = below(&program, 12); j > 0; j--)
            put_arithmetic(&program);
        put(&program, ECALL);
        put_some(&program, 3);
    }
    put(&program, SRET);
    put_jump(&program, user);
    unsigned handler = program.count;
    put_interrupts(&program);
    put_some(&program, 20);
    put(&program, csr_word(CSR_SEPC, SET, 0, T6));
    put(&program, add_immediate(T6, T6, 4));
    put(&program, csr_word(CSR_SEPC, WRITE, T6, 0));
    put_some(&program, 20);
    put(&program, SRET);
    put_jump(&program, user);

    config.ram_base = 0x80000000u;
    config.ram_bytes = RAM_BYTES;
    config.trap_cycles = seed % 3 ? (uint32_t)below(&program, 100) : 0;
    struct bench_cpu *bench = bench_cpu_create(&config);
    bench_cpu_poke(bench, START_AT, program.words, program.count * sizeof(program.words[0]));
    cpu_reset(bench->cpu, START_AT, 0, 0);
    cpu_x_set(bench->cpu, T4, seed % 2 ? CPU_IRQ_TIMER | CPU_IRQ_SOFT : CPU_IRQ_TIMER);
    cpu_x_set(bench->cpu, T5, START_AT + 4 * user);
    cpu_x_set(bench->cpu, T6, START_AT + 4 * handler);
    for (unsigned i = 18; i < 28; i++)
        cpu_x_set(bench->cpu, i, fake_random_next(&program.random));
    return bench;
}

/* What a run looked like at the stops. */
struct outcome {
    uint64_t digests[STOPS], events[STOPS], cycles[STOPS];
    struct cpu_facts facts;
};

static void run(uint64_t seed, struct cpu_config config, struct outcome *outcome)
{
    struct bench_cpu *bench = boot(seed, config);
    struct fake_random random = {seed + 1};
    uint64_t stop_at = 0;
    for (unsigned i = 0; i < STOPS; i++) {
        stop_at += 1 + fake_random_below(&random, 3000);
        enum cpu_stop stop = cpu_run(bench->cpu, stop_at);
        cr_assert_eq(stop, CPU_STOP_LIMIT, "seed %llu: %s", (unsigned long long)seed,
                     cpu_fault_text(bench->cpu));
        cr_assert_eq(cpu_instructions(bench->cpu), stop_at);
        outcome->digests[i] = bench_cpu_digest(bench, RAM_BYTES / 16);
        outcome->events[i] = cpu_events(bench->cpu);
        outcome->cycles[i] = cpu_cycles(bench->cpu);
    }
    outcome->facts = cpu_facts(bench->cpu);
    bench_cpu_destroy(bench);
}

static void compare(uint64_t seed, const char *what, const struct outcome *a,
                    const struct outcome *b)
{
    for (unsigned i = 0; i < STOPS; i++) {
        cr_assert_eq(a->events[i], b->events[i], "seed %llu, %s, stop %u: %llu events, not %llu",
                     (unsigned long long)seed, what, i, (unsigned long long)b->events[i],
                     (unsigned long long)a->events[i]);
        cr_assert_eq(a->cycles[i], b->cycles[i], "seed %llu, %s, stop %u: cycles",
                     (unsigned long long)seed, what, i);
        cr_assert_eq(a->digests[i], b->digests[i], "seed %llu, %s, stop %u: digest",
                     (unsigned long long)seed, what, i);
    }
}

Test(cpu_quick, random_traps_and_csr_accesses_are_the_same_in_every_mode)
{
    struct outcome quick, other;
    uint64_t traps = 0, in_place = 0, interrupts = 0, first = fake_random_seed();
    for (uint64_t seed = first; seed < first + fake_steps(ROUNDS); seed++) {
        run(seed, (struct cpu_config){0}, &quick);
        traps += quick.facts.traps;
        in_place += quick.facts.traps_in_place;
        interrupts += quick.facts.interrupts;
        run(seed, (struct cpu_config){.step_mode = true}, &other);
        compare(seed, "step mode", &quick, &other);
        cr_assert_eq(other.facts.traps_in_place, 0);
        run(seed, (struct cpu_config){.slow_traps = true}, &other);
        compare(seed, "slow traps", &quick, &other);
        cr_assert_eq(other.facts.traps_in_place, 0);
        run(seed, (struct cpu_config){.slow_count = true}, &other);
        compare(seed, "slow count", &quick, &other);
        cr_assert_eq(other.facts.traps_in_place, 0);
        run(seed, (struct cpu_config){.recycle_bytes = 20000}, &other);
        compare(seed, "recycled", &quick, &other);
    }
    cr_log_info("%llu traps, %llu in place, %llu interrupts", (unsigned long long)traps,
                (unsigned long long)in_place, (unsigned long long)interrupts);
    cr_assert_gt(interrupts, ROUNDS);
    cr_assert_gt(in_place, ROUNDS);
    cr_assert_lt(in_place, traps);
}

/* On the engine for which they were made; on others all is slow, and the test above holds. */
Test(cpu_quick, short_cuts_are_taken_on_the_engine_of_debian_12)
{
    struct cpu_config config = bench_cpu_config();
    struct bench_cpu *bench = bench_cpu_create(&config);
    struct cpu_facts facts = cpu_facts(bench->cpu);
    cr_assert(facts.quick || facts.engine_version != 0x200);
    bench_cpu_destroy(bench);
}
