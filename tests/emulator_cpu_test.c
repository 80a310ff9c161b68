/* SPDX-License-Identifier: GPL-2.0-or-later */
/* emulator_cpu_test.c - the hart against the architecture, against QEMU, and against itself in
 * other modes. */
#include "emulator/cpu.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support_cpu.h"

/* Registers of the instructions below. */
#define A0 10u
#define A1 11u

static struct bench_cpu *start_words(const struct cpu_config *config, const uint32_t *words,
                                     size_t count)
{
    struct bench_cpu *bench = bench_cpu_create(config);
    bench_cpu_poke(bench, BENCH_ENTRY, words, count * sizeof(words[0]));
    cpu_reset(bench->cpu, BENCH_ENTRY, 0, BENCH_TREE);
    return bench;
}
#define START(config, words) start_words(config, words, sizeof(words) / sizeof((words)[0]))

static void run_guest(struct bench_cpu *bench, const char *name)
{
    bench_cpu_load(bench, name);
    enum cpu_stop stop = cpu_run(bench->cpu, UINT64_MAX);
    cr_assert_eq(stop, CPU_STOP_ASKED, "%s: stop %d %s", name, (int)stop,
                 cpu_fault_text(bench->cpu));
    cr_assert(bench->powered_off);
}

/* --- creation
 * ------------------------------------------------------------------------------------- */

Test(cpu, ram_size_out_of_range_is_refused)
{
    static const uint64_t sizes[] = {0, 8u << 20, (16u << 20) + 4096, UINT64_C(9) << 30};
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct cpu_config config = bench_cpu_config();
        config.ram_bytes = sizes[i];
        const struct cpu_bus bus = {.context = NULL};
        struct cpu *cpu = NULL;
        struct error error;
        cr_assert_not(cpu_create(&cpu, &config, &bus, &error));
        cr_assert_eq(error.code, ERROR_LIMIT);
        cr_assert_null(cpu);
    }
}

Test(cpu, fresh_hart_has_zeroed_ram_and_counts)
{
    struct cpu_config config = bench_cpu_config();
    struct bench_cpu *bench = bench_cpu_create(&config);
    const uint8_t *ram = cpu_ram(bench->cpu);
    for (size_t i = 0; i < 1u << 20; i++)
        cr_assert_eq(ram[i], 0);
    cr_assert_eq(cpu_instructions(bench->cpu), 0);
    cr_assert_eq(cpu_events(bench->cpu), 0);
    cr_assert_eq(cpu_cycles(bench->cpu), 0);
    cr_assert_eq(cpu_privilege(bench->cpu), 1);
    bench_cpu_destroy(bench);
}

Test(cpu, stores_are_fast_on_the_engine_of_debian_12)
{
    struct cpu_config config = bench_cpu_config();
    struct bench_cpu *bench = bench_cpu_create(&config);
    struct cpu_facts facts = cpu_facts(bench->cpu);
    cr_assert(facts.fast_stores || facts.engine_version != 0x200);
    bench_cpu_destroy(bench);
}

/* --- architecture
 * --------------------------------------------------------------------------------- */

static void console_of(const char *guest, const struct cpu_config *config, char *text,
                       size_t size_bytes)
{
    struct bench_cpu *bench = bench_cpu_create(config);
    run_guest(bench, guest);
    cr_assert_lt(bench->console_bytes, size_bytes);
    memcpy(text, bench->console, bench->console_bytes + 1);
    bench_cpu_destroy(bench);
}

/* What QEMU prints from the first line of the guest's on, without carriage returns. */
static void console_of_qemu(const char *guest, const char *first, char *text, size_t size_bytes)
{
    char command[512];
    (void)snprintf(
        command, sizeof(command),
        "timeout 120 qemu-system-riscv64 -M virt -m 128 -nographic -kernel %s/guest/%s.elf "
        "</dev/null 2>/dev/null | tr -d '\\r' | sed -n '/^%s/,$p'",
        LATCHKEY_BUILD_DIR, guest, first);
    FILE *pipe = popen(command, "r");
    cr_assert_not_null(pipe);
    size_t length = fread(text, 1, size_bytes - 1, pipe);
    text[length] = '\0';
    (void)pclose(pipe);
}

static char *next_line(char **at)
{
    char *line = strsep(at, "\n");
    while (line && (strncmp(line, "spec:", 5) == 0 || strncmp(line, "limit:", 6) == 0))
        line = strsep(at, "\n");
    return line;
}

/* The guest prints the same on both. Returns the number of lines. */
static unsigned equals_qemu(const char *guest, const char *first)
{
    static char ours[65536], theirs[65536];
    struct cpu_config config = bench_cpu_config();
    console_of(guest, &config, ours, sizeof(ours));
    console_of_qemu(guest, first, theirs, sizeof(theirs));
    char *at_ours = ours, *at_theirs = theirs, *line;
    unsigned lines = 0;
    while ((line = next_line(&at_ours))) {
        char *other = next_line(&at_theirs);
        cr_assert_not_null(other, "QEMU ends before '%s'", line);
        cr_assert_str_eq(line, other);
        lines++;
    }
    return lines;
}

Test(cpu, architecture_equals_qemu)
{
    cr_assert_gt(equals_qemu("arch", "ld returned"), 150);
}

Test(cpu, floating_point_equals_qemu)
{
    cr_assert_gt(equals_qemu("float", "fadd.s"), 50);
}

Test(cpu, atomic_faults_are_store_faults)
{
    static char text[65536];
    struct cpu_config config = bench_cpu_config();
    console_of("arch", &config, text, sizeof(text));
    static const char *const expected[] = {
        "spec: amo unmapped cause=f at=0 value=50000000 ",
        "spec: amo misaligned cause=6 at=0 value=81000002 ",
        "spec: min misaligned cause=6 at=2 value=400001 ",
        "spec: min user page cause=f at=2 value=400000 ",
        "spec: min misaligned superpage cause=f at=2 value=c0000000 ",
        "spec: user min kernel cause=f at=2 value=81000000 from=0 ",
    };
    for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++)
        cr_assert_not_null(strstr(text, expected[i]), "missing: %s", expected[i]);
}

Test(cpu, architecture_is_the_same_in_every_mode)
{
    static char first[65536], other[65536];
    uint64_t positions[2] = {0, 0};
    for (unsigned mode = 0; mode < 7; mode++) {
        struct cpu_config config = bench_cpu_config();
        config.step_mode = mode == 1 || mode == 5;
        config.slow_count = mode == 2;
        config.slow_stores = mode == 3;
        config.slow_traps = mode == 6;
        config.recycle_bytes = mode >= 4 ? 100000 : 0;
        struct bench_cpu *bench = bench_cpu_create(&config);
        run_guest(bench, "arch");
        if (mode == 0) {
            memcpy(first, bench->console, sizeof(first));
            positions[0] = cpu_instructions(bench->cpu);
            positions[1] = cpu_events(bench->cpu);
        }
        memcpy(other, bench->console, sizeof(other));
        cr_assert_str_eq(first, other, "mode %u", mode);
        cr_assert_eq(cpu_instructions(bench->cpu), positions[0], "mode %u", mode);
        cr_assert_eq(cpu_events(bench->cpu), positions[1], "mode %u", mode);
        if (mode >= 4)
            cr_assert_gt(cpu_facts(bench->cpu).recycles, 5);
        bench_cpu_destroy(bench);
    }
}

/* --- counting
 * ------------------------------------------------------------------------------------- */

/* addi, c.nop pairs, a taken branch back: 16- and 32-bit instructions. */
static const uint32_t counting_loop[] = {
    0x00150513, /* addi a0, a0, 1 */
    0x05850001, /* c.nop; c.addi a1, 1 */
    0x00a5c633, /* xor a2, a1, a0 */
    0xff5ff06f, /* j . - 12 */
};

Test(cpu, stops_exactly_at_every_limit)
{
    struct cpu_config config = bench_cpu_config();
    struct bench_cpu *bench = START(&config, counting_loop);
    static const uint64_t pc_of[] = {0, 4, 6, 8, 12};
    for (uint64_t limit = 1; limit < 200; limit++) {
        cr_assert_eq(cpu_run(bench->cpu, limit), CPU_STOP_LIMIT);
        cr_assert_eq(cpu_instructions(bench->cpu), limit);
        cr_assert_eq(cpu_pc_get(bench->cpu), BENCH_ENTRY + pc_of[limit % 5]);
        cr_assert_eq(cpu_x_get(bench->cpu, A0), (limit + 4) / 5);
    }
    cr_assert_eq(cpu_run(bench->cpu, 199), CPU_STOP_LIMIT, "a limit in the past stops at once");
    cr_assert_eq(cpu_instructions(bench->cpu), 199);
    bench_cpu_destroy(bench);
}

static const uint32_t counters[] = {
    0xc0202573, /* rdinstret a0 */
    0x00000013, /* nop */
    0xc02025f3, /* rdinstret a1 */
    0xc0002673, /* rdcycle a2 */
    0xc01026f3, /* rdtime a3 */
    0xc0202773, /* rdinstret a4 */
    0xc0207073, /* csrrci x0, instret, 0 */
    0x0000006f, /* j . */
};

Test(cpu, counters_read_their_own_position)
{
    for (unsigned step = 0; step < 2; step++) {
        struct cpu_config config = bench_cpu_config();
        config.step_mode = step != 0;
        struct bench_cpu *bench = START(&config, counters);
        cpu_stall(bench->cpu, 1000);
        cr_assert_eq(cpu_run(bench->cpu, 20), CPU_STOP_LIMIT);
        static const uint64_t expected[] = {1, 3, 1004, 1005, 6};
        for (unsigned i = 0; i < 5; i++)
            cr_assert_eq(cpu_x_get(bench->cpu, A0 + i), expected[i], "x%u", A0 + i);
        cr_assert_eq(cpu_x_get(bench->cpu, 0), 0);
        bench_cpu_destroy(bench);
    }
}

/* The same counters in U-mode, where the host does the reading. */
static const uint32_t user_counters[] = {
    0x10600073 | 7u << 15 | 5u << 12, /* csrwi scounteren, 7 */
    0x00000297,                       /* auipc t0, 0 */
    0x01028293,                       /* addi t0, t0, 16 */
    0x14129073,                       /* csrw sepc, t0 */
    0x10200073,                       /* sret */
    0xc0202573,                       /* rdinstret a0 */
    0x00158593,                       /* addi a1, a1, 1 */
    0xc0002673,                       /* rdcycle a2 */
    0xc0202773,                       /* rdinstret a4 */
    0xc0207073,                       /* csrrci x0, instret, 0 */
    0x0000006f,                       /* j . */
};

Test(cpu, counters_read_their_own_position_in_user_mode)
{
    for (unsigned step = 0; step < 2; step++) {
        struct cpu_config config = bench_cpu_config();
        config.step_mode = step != 0;
        struct bench_cpu *bench = START(&config, user_counters);
        cpu_stall(bench->cpu, 1000);
        cr_assert_eq(cpu_run(bench->cpu, 20), CPU_STOP_LIMIT);
        cr_expect_eq(cpu_instructions(bench->cpu), 20);
        cr_expect_eq(cpu_x_get(bench->cpu, A0), 6);
        cr_expect_eq(cpu_x_get(bench->cpu, A0 + 2), 1008);
        cr_expect_eq(cpu_x_get(bench->cpu, A0 + 4), 9);
        cr_expect_eq(cpu_x_get(bench->cpu, 0), 0);
        bench_cpu_destroy(bench);
    }
}

Test(cpu, costs_are_cycles_beside_instructions)
{
    struct cpu_config config = bench_cpu_config();
    config.trap_cycles = 100;
    config.sbi_cycles = 7;
    config.device_cycles = 3;
    static const uint32_t words[] = {
        0x100005b7, /* lui a1, 0x10000 */
        0x0005a503, /* lw a0, 0(a1) */
        0x00100893, /* li a7, 1 */
        0x00000073, /* ecall */
        0x00000297, /* auipc t0, 0 */
        0x01028293, /* addi t0, t0, 16 */
        0x10529073, /* csrw stvec, t0 */
        0x00000000, /* illegal */
        0x0000006f, /* handler: j . */
    };
    struct bench_cpu *bench = START(&config, words);
    cr_assert_eq(cpu_run(bench->cpu, 10), CPU_STOP_LIMIT);
    cr_assert_eq(cpu_cycles(bench->cpu), 10 + 100 + 7 + 3);
    cr_assert_eq(cpu_events(bench->cpu), 2);
    struct cpu_facts facts = cpu_facts(bench->cpu);
    cr_assert_eq(facts.traps, 1);
    cr_assert_eq(facts.sbi_calls, 1);
    cr_assert_eq(facts.device_accesses, 1);
    cr_assert_eq(cpu_csr_get(bench->cpu, CPU_CSR_SCAUSE), 2);
    cr_assert_eq(cpu_csr_get(bench->cpu, CPU_CSR_SEPC), BENCH_ENTRY + 28);
    bench_cpu_destroy(bench);
}
