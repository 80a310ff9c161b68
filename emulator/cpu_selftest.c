/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cpu_selftest.c - what is proved about the engine at every start, before a guest sees it.
 *
 * Called by cpu_create(); runs a small program on the new hart and wipes all traces of it. The
 * program calls a function, rewrites it through a second mapping of its page, calls it again, makes
 * a thousand stores to a page without code, and reads instret. Then it goes to U and comes back by
 * an illegal CSR access and by ecalls, with a handler that reads and writes every CSR that
 * cpu_quick.c has a short cut for. So in a millisecond: translations are dropped when code changes,
 * counting and stopping are exact, stores take the fast path, traps and CSRs do what they should.
 * When that is not so with the short cuts, they are given up, and then the fast path of stores:
 * slow, and right.
 */
#include <assert.h>
#include <string.h>

#include "emulator/cpu_state.h"

/* Offsets from the start of RAM: three levels of tables, a page of code, a page of data. */
#define ROOT_AT 0x0000u
#define MIDDLE_AT 0x1000u
#define LEAF_AT 0x2000u
#define CODE_AT 0x3000u
#define DATA_AT 0x4000u
#define USED_BYTES 0x5000u
/* Virtual: the code for execution, the code for stores, the data, the code for U. */
#define CODE_ADDR 0x1000u
#define ALIAS_ADDR 0x2000u
#define DATA_ADDR 0x3000u
#define USER_ADDR 0x4000u

#define PTE_TABLE 0x01u
#define PTE_CODE 0x4bu /* V R X A */
#define PTE_DATA 0xc7u /* V R W A D */
#define PTE_USER 0x5bu /* V R X U A */

#define STORES 1000u
#define SLOW_STORES_MAX 50u
static const uint32_t program[] = {
    0x034000ef, /*  0 jal ra, target */
    0x00050413, /*  1 mv s0, a0 */
    0x00032283, /*  2 lw t0, 0(t1): the new instruction */
    0x0053a023, /*  3 sw t0, 0(t2): over the old one */
    0x0000100f, /*  4 fence.i */
    0x020000ef, /*  5 jal ra, target */
    0x00050493, /*  6 mv s1, a0 */
    0x3e800e13, /*  7 li t3, STORES */
    0x01ceb023, /*  8 loop: sd t3, 0(t4) */
    0xfffe0e13, /*  9 addi t3, t3, -1 */
    0xfe0e1ce3, /* 10 bnez t3, loop */
    0xc02025f3, /* 11 rdinstret a1 */
    0x0180006f, /* 12 j traps */
    0x00100513, /* 13 target: li a0, 1 */
    0x00008067, /* 14 ret */
    0x00200513, /* 15 li a0, 2: the new instruction */
    0, 0,
    0x105f1073, /* 18 traps: csrw stvec, t5 */
    0x141f9073, /* 19 csrw sepc, t6 */
    0x14049073, /* 20 csrw sscratch, s1 */
    0x10200073, /* 21 sret */
    0x140026f3, /* 22 user: csrr a3, sscratch: illegal in U */
    0x00160613, /* 23 round: addi a2, a2, 1 */
    0x00000073, /* 24 ecall */
    0xff9ff06f, /* 25 j round */
    0x14061973, /* 26 handler: csrrw s2, sscratch, a2 */
    0x141022f3, /* 27 csrr t0, sepc */
    0x14202373, /* 28 csrr t1, scause */
    0x143023f3, /* 29 csrr t2, stval */
    0x10002af3, /* 30 csrr s5, sstatus */
    0x00199993, /* 31 slli s3, s3, 1 */
    0x012989b3, /* 32 add s3, s3, s2 */
    0x005989b3, /* 33 add s3, s3, t0 */
    0x006989b3, /* 34 add s3, s3, t1 */
    0x0079c9b3, /* 35 xor s3, s3, t2 */
    0x0159c9b3, /* 36 xor s3, s3, s5 */
    0x00428293, /* 37 addi t0, t0, 4 */
    0x14129073, /* 38 csrw sepc, t0 */
    0x140f2073, /* 39 csrs sscratch, t5 */
    0x14047073, /* 40 csrci sscratch, 8 */
    0x020b4b13, /* 41 xori s6, s6, SPIE */
    0x100b1073, /* 42 csrw sstatus, s6 */
    0x01760463, /* 43 beq a2, s7, all */
    0x10200073, /* 44 sret */
    0xc0202773, /* 45 all: rdinstret a4 */
    0x0000006f, /* 46 end: j end */
};
#define PROGRAM_TARGET 13u
#define PROGRAM_NEW 15u
#define PROGRAM_USER 22u
#define PROGRAM_ECALL 24u
#define PROGRAM_HANDLER 26u
#define PROGRAM_END 46u
#define ROUNDS 8u /* ecalls */
/* 8 instructions before the loop, with twice the function's 2; the loop; rdinstret itself. */
#define COUNT_AT_READ (8u + 2 * 2 + 3 * STORES + 1)
/* A jump and 4 instructions up to the first sret; 18 and sret each time in the handler, the last
 * time without sret; 2 in U each round, the first time without j; rdinstret itself. */
#define COUNT_AT_END (COUNT_AT_READ + 5 + (1 + ROUNDS) * 19 - 1 + ROUNDS * 2 - 1 + 1)
#define COUNT_AT_STOP (COUNT_AT_END + 7)

static void table_set(struct cpu *cpu, uint64_t table, unsigned index, uint64_t page, uint64_t bits)
{
    uint64_t addr = cpu->config.ram_base + page;
    store_u64(cpu->ram + table + 8 * index, (addr / PAGE_BYTES) << 10 | bits);
}

static void prepare(struct cpu *cpu)
{
    memset(cpu->ram, 0, USED_BYTES);
    table_set(cpu, ROOT_AT, 0, MIDDLE_AT, PTE_TABLE);
    table_set(cpu, MIDDLE_AT, 0, LEAF_AT, PTE_TABLE);
    table_set(cpu, LEAF_AT, CODE_ADDR / PAGE_BYTES, CODE_AT, PTE_CODE);
    table_set(cpu, LEAF_AT, ALIAS_ADDR / PAGE_BYTES, CODE_AT, PTE_DATA);
    table_set(cpu, LEAF_AT, DATA_ADDR / PAGE_BYTES, DATA_AT, PTE_DATA);
    table_set(cpu, LEAF_AT, USER_ADDR / PAGE_BYTES, CODE_AT, PTE_USER);
    for (size_t i = 0; i < sizeof(program) / sizeof(program[0]); i++)
        store_u32(cpu->ram + CODE_AT + 4 * i, program[i]);
    cpu_word_set(cpu, cpu->layout.satp,
                 UINT64_C(8) << SATP_MODE_SHIFT | (cpu->config.ram_base + ROOT_AT) / PAGE_BYTES);
    cpu_word_set(cpu, cpu->layout.pc, CODE_ADDR);
    cpu_x_put(cpu, 6, ALIAS_ADDR + 4 * PROGRAM_NEW);
    cpu_x_put(cpu, 7, ALIAS_ADDR + 4 * PROGRAM_TARGET);
    cpu_x_put(cpu, 29, DATA_ADDR);
    cpu_x_put(cpu, 30, CODE_ADDR + 4 * PROGRAM_HANDLER);
    cpu_x_put(cpu, 31, USER_ADDR + 4 * PROGRAM_USER);
    cpu_x_put(cpu, 23, ROUNDS);
}

/* The same traps, worked out. */
struct expected {
    uint64_t sum, scratch, status;
};

static void expect_trap(struct expected *expected, unsigned trap)
{
    const uint64_t handler = CODE_ADDR + 4 * PROGRAM_HANDLER;
    bool first = trap == 0;
    uint64_t pc = USER_ADDR + 4 * (first ? PROGRAM_USER : PROGRAM_ECALL);
    /* What was SPIE before sret is SIE in U and SPIE again after the trap. */
    expected->sum = expected->sum * 2 + expected->scratch + pc;
    expected->sum += first ? CAUSE_ILLEGAL : CAUSE_ECALL_U;
    expected->sum ^= first ? program[PROGRAM_USER] : 0;
    expected->sum ^= expected->status;
    expected->scratch = (trap | handler) & ~UINT64_C(8);
    expected->status ^= MSTATUS_SPIE;
}

static const char *judge_traps(struct cpu *cpu)
{
    struct expected expected = {.scratch = 2};
    for (unsigned trap = 0; trap <= ROUNDS; trap++)
        expect_trap(&expected, trap);
    uint64_t stall = (1 + ROUNDS) * (uint64_t)cpu->config.trap_cycles;
    if (cpu_x_get(cpu, 12) != ROUNDS || cpu_x_get(cpu, 13) != 0 || cpu->events != 1 + ROUNDS ||
        cpu->stall < stall || (!cpu->time && cpu->stall != stall))
        return "it does not trap as it should";
    if (cpu_x_get(cpu, 19) != expected.sum || cpu_privilege(cpu) != PRIVILEGE_S ||
        cpu_csr_get(cpu, CPU_CSR_SSCRATCH) != expected.scratch ||
        cpu_csr_get(cpu, CPU_CSR_SSTATUS) != expected.status ||
        cpu_csr_get(cpu, CPU_CSR_SCAUSE) != CAUSE_ECALL_U ||
        cpu_csr_get(cpu, CPU_CSR_SEPC) != USER_ADDR + 4 * (PROGRAM_ECALL + 1))
        return "its system registers are wrong";
    return NULL;
}

static const char *judge(struct cpu *cpu, enum cpu_stop stop)
{
    if (stop == CPU_STOP_FAULT)
        return cpu->fault_text;
    if (stop != CPU_STOP_LIMIT || cpu_instructions(cpu) != COUNT_AT_STOP)
        return "it does not stop where it should";
    if (cpu_pc_get(cpu) != CODE_ADDR + 4 * PROGRAM_END || cpu_x_get(cpu, 11) != COUNT_AT_READ ||
        cpu_x_get(cpu, 14) != COUNT_AT_END)
        return "it does not count exactly";
    if (cpu_x_get(cpu, 8) != 1 || cpu_x_get(cpu, 9) != 2)
        return "it runs stale code";
    if (load_u64(cpu->ram + DATA_AT) != 1)
        return "it loses stores";
    return judge_traps(cpu);
}

/* Back to a hart that has never run. */
static bool forget(struct cpu *cpu)
{
    uint32_t version = cpu->facts.engine_version;
    memset(cpu->ram, 0, USED_BYTES);
    cpu_reset(cpu, 0, 0, 0);
    cpu->target = cpu->left = cpu->spent = 0;
    cpu->events = cpu->stall = 0;
    if (cpu->time)
        cpu->time->counts = (struct timing_counts){.mispredictions = 0};
    cpu->facts = (struct cpu_facts){.engine_version = version};
    count_retarget(cpu);
    return cpu->request != REQUEST_FAULT;
}

bool cpu_selftest(struct cpu *cpu, struct error *error)
{
    assert(cpu_instructions(cpu) == 0);
    for (;;) {
        bool fast = cpu->store_path.fast, quick = cpu->quick.on;
        uint64_t slow_before = cpu->store_path.slow_stores;
        prepare(cpu);
        const char *complaint = judge(cpu, cpu_run(cpu, COUNT_AT_STOP));
        uint64_t slow = cpu->store_path.slow_stores - slow_before;
        /* The first ecall only proves where the registers are. */
        bool quick_works = cpu->quick.on && cpu->facts.traps_in_place == ROUNDS - 1;
        char text[ERROR_TEXT_BYTES] = "";
        if (complaint)
            memcpy(text, complaint, strnlen(complaint, sizeof(text) - 1));
        if (!forget(cpu))
            return error_set(error, ERROR_UNSUPPORTED, "unicorn: %s", cpu->fault_text);
        if (!complaint && (!fast || slow <= SLOW_STORES_MAX) && (!quick || quick_works))
            return true;
        if (!fast && !quick)
            return error_set(error, ERROR_UNSUPPORTED, "unicorn: self-test: %s", text);
        /* The short cuts go first. */
        if (quick)
            cpu->quick.on = cpu->quick.proved = false;
        else
            cpu->store_path.fast = false;
    }
}
