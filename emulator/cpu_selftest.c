/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cpu_selftest.c - what is proved about the engine at every start, before a guest sees it.
 *
 * Called by cpu_create(); runs a small program on the new hart and wipes all traces of it. The
 * program calls a function, rewrites it through a second mapping of its page, calls it again, makes
 * a thousand stores to a page without code, and reads instret. So in a millisecond: translations
 * are dropped when code changes, counting and stopping are exact, and stores take the fast path.
 * When they do not, or when code is run stale with the fast path on, the path is given up: slow,
 * and right.
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
/* Virtual: the code for execution, the code for stores, the data. */
#define CODE_ADDR 0x1000u
#define ALIAS_ADDR 0x2000u
#define DATA_ADDR 0x3000u

#define PTE_TABLE 0x01u
#define PTE_CODE 0x4bu /* V R X A */
#define PTE_DATA 0xc7u /* V R W A D */

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
    0x0000006f, /* 12 end: j end */
    0x00100513, /* 13 target: li a0, 1 */
    0x00008067, /* 14 ret */
    0x00200513, /* 15 li a0, 2: the new instruction */
};
#define PROGRAM_TARGET 13u
#define PROGRAM_NEW 15u
#define PROGRAM_END 12u
/* 8 instructions before the loop, with twice the function's 2; the loop; rdinstret itself. */
#define COUNT_AT_READ (8u + 2 * 2 + 3 * STORES + 1)
#define COUNT_AT_STOP (COUNT_AT_READ + 7)

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
    for (size_t i = 0; i < sizeof(program) / sizeof(program[0]); i++)
        store_u32(cpu->ram + CODE_AT + 4 * i, program[i]);
    cpu_word_set(cpu, cpu->layout.satp,
                 UINT64_C(8) << SATP_MODE_SHIFT | (cpu->config.ram_base + ROOT_AT) / PAGE_BYTES);
    cpu_word_set(cpu, cpu->layout.pc, CODE_ADDR);
    cpu_x_put(cpu, 6, ALIAS_ADDR + 4 * PROGRAM_NEW);
    cpu_x_put(cpu, 7, ALIAS_ADDR + 4 * PROGRAM_TARGET);
    cpu_x_put(cpu, 29, DATA_ADDR);
}

static const char *judge(struct cpu *cpu, enum cpu_stop stop)
{
    if (stop == CPU_STOP_FAULT)
        return cpu->fault_text;
    if (stop != CPU_STOP_LIMIT || cpu_instructions(cpu) != COUNT_AT_STOP)
        return "it does not stop where it should";
    if (cpu_pc_get(cpu) != CODE_ADDR + 4 * PROGRAM_END || cpu_x_get(cpu, 11) != COUNT_AT_READ)
        return "it does not count exactly";
    if (cpu_x_get(cpu, 8) != 1 || cpu_x_get(cpu, 9) != 2)
        return "it runs stale code";
    if (load_u64(cpu->ram + DATA_AT) != 1)
        return "it loses stores";
    return NULL;
}

/* Back to a hart that has never run. */
static bool forget(struct cpu *cpu)
{
    uint32_t version = cpu->facts.engine_version;
    memset(cpu->ram, 0, USED_BYTES);
    cpu_reset(cpu, 0, 0, 0);
    cpu->target = cpu->left = 0;
    cpu->events = cpu->stall = 0;
    cpu->facts = (struct cpu_facts){.engine_version = version};
    count_retarget(cpu);
    return cpu->request != REQUEST_FAULT;
}

bool cpu_selftest(struct cpu *cpu, struct error *error)
{
    assert(cpu_instructions(cpu) == 0);
    for (;;) {
        bool fast = cpu->store_path.fast;
        uint64_t slow_before = cpu->store_path.slow_stores;
        prepare(cpu);
        const char *complaint = judge(cpu, cpu_run(cpu, COUNT_AT_STOP));
        uint64_t slow = cpu->store_path.slow_stores - slow_before;
        char text[ERROR_TEXT_BYTES] = "";
        if (complaint)
            memcpy(text, complaint, strnlen(complaint, sizeof(text) - 1));
        if (!forget(cpu))
            return error_set(error, ERROR_UNSUPPORTED, "unicorn: %s", cpu->fault_text);
        if (!complaint && (!fast || slow <= SLOW_STORES_MAX))
            return true;
        if (!fast)
            return error_set(error, ERROR_UNSUPPORTED, "unicorn: self-test: %s", text);
        cpu->store_path.fast = false;
    }
}
