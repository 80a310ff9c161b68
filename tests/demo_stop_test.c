/* SPDX-License-Identifier: GPL-2.0-or-later */
/* demo_stop_test.c - a kernel that finds itself wrong in the midst of work tells a person what he
 * needs: who ran and where, and the last 32 invocations, each with domain, slot, key, order, what
 * came of it and what it cost. Faults are planted in the memory of a machine that runs.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/base/elf_file.h"
#include "emulator/cpu.h"
#include "kernel/abi.h"
#include "kernel/history.h"
#include "kernel/object.h"
#include "tests/support_machine.h"

#define KERNEL LATCHKEY_BUILD_DIR "/kernel.elf"
#define KERNEL_OFFSET 0xffffffc000000000ull
#define RAM_BASE 0x80000000ull
#define BUSY 8000000u /* instructions: all domains of the image are at work */
#define EBREAK 0x9002u
#define LI_A0_8 0x4521u  /* c.li a0, 8 */
#define LOAD_A0 0x6108u  /* c.ld a0, 0(a0) */
#define COST_MAX 200000u /* cycles of one invocation */
#define PANIC_CODE 1

struct stopping {
    struct machine *machine;
    struct transcript transcript;
};

static uint64_t symbol(const char *name)
{
    char command[256], line[256] = "";
    snprintf(command, sizeof(command), "riscv64-unknown-elf-nm " KERNEL " | grep ' [tTbBdD] %s$'",
             name);
    FILE *pipe = popen(command, "r");
    cr_assert(pipe);
    cr_assert(fgets(line, sizeof(line), pipe), "no symbol %s", name);
    pclose(pipe);
    return strtoull(line, NULL, 16);
}

static uint8_t *at(const struct stopping *stopping, uint64_t virtual_addr)
{
    uint64_t offset = virtual_addr - KERNEL_OFFSET - RAM_BASE;
    struct cpu *cpu = machine_cpu(stopping->machine);
    cr_assert_lt(offset, cpu_ram_bytes(cpu));
    return cpu_ram(cpu) + offset;
}

static void begin(struct stopping *stopping, const char *append, bool check)
{
    struct error error;
    *stopping = (struct stopping){.machine = NULL};
    const struct machine_config config = {
        .kernel_path = KERNEL,
        .append = append,
        .check = check,
        .disk_count = 1,
        .disks = {{.path = LATCHKEY_BUILD_DIR "/shared-secret.img", .read_only = true}},
        .console = transcript_sink(&stopping->transcript)};
    cr_assert(machine_create(&stopping->machine, &config, &error), "%s", error.text);
    struct machine_until until = machine_until_never();
    until.instructions = BUSY;
    cr_assert_eq(machine_run(stopping->machine, &until).reason, MACHINE_STOP_INSTRUCTIONS);
}

/* These halfwords are where a function of the kernel begins. */
static void plant(struct stopping *stopping, const char *function, const uint16_t *halves,
                  size_t size_bytes)
{
    uint64_t addr = symbol(function);
    memcpy(at(stopping, addr), halves, size_bytes);
    cpu_ram_written(machine_cpu(stopping->machine), addr - KERNEL_OFFSET, size_bytes);
}

/* It stops, and says why. Returns what it says from there on. */
static const char *end(struct stopping *stopping)
{
    const char *text = stopping->transcript.text;
    struct machine_until until = machine_until_never();
    until.instructions = 10ull * BUSY;
    struct machine_stop stop = machine_run(stopping->machine, &until);
    cr_assert_eq(stop.reason, MACHINE_STOP_POWER_OFF, "%s", text);
    cr_expect_eq(stop.code, PANIC_CODE);
    const char *panic = strstr(text, "panic: ");
    cr_assert(panic, "%s", text);
    return panic;
}

/* A line of the history; the newest is the first. */
static void line_look(const char *text, unsigned number, uint64_t current)
{
    unsigned long domain, object, order, code, cycles;
    unsigned slot, byte;
    char type[20], kind[10], outcome[20];
    int fields =
        sscanf(text, " domain %lu, slot %u: %19s %lu.%u, %9s 0x%lx: %19[a-z ] 0x%lx, %lu", &domain,
               &slot, type, &object, &byte, kind, &order, outcome, &code, &cycles);
    cr_assert_eq(fields, 10, "line %u: %.80s", number, text);
    cr_expect_lt(slot, NODE_SLOTS);
    cr_expect(strcmp(kind, "CALL") == 0 || strcmp(kind, "RETURN") == 0 || strcmp(kind, "FORK") == 0,
              "%s", kind);
    cr_expect_gt(cycles, 0);
    cr_expect_lt(cycles, COST_MAX);
    cr_expect_eq(strcmp(outcome, "under way ") == 0, number == 0 && current, "line %u: %s", number,
                 outcome);
    if (number == 0 && current)
        cr_expect_eq(domain, current);
}

/* All that is said after the first line. is_call: it stopped in the midst of one. */
static void report_look(const char *panic, bool is_call)
{
    unsigned long current, pc;
    unsigned count = 0;
    const char *line = strchr(panic, '\n');
    cr_assert(line, "%s", panic);
    cr_assert_eq(sscanf(line + 1, "current: domain %lu, pc 0x%lx", &current, &pc), 2, "%s", panic);
    cr_expect_gt(pc, 0);
    cr_expect_lt(pc, 1ull << USER_ADDRESS_BITS, "its own pc, not the kernel's");
    for (line = strchr(line + 1, '\n'); line && line[1]; line = strchr(line + 1, '\n'))
        line_look(line + 1, count++, is_call ? current : 0);
    cr_expect_eq(count, HISTORY_LINES, "%s", panic);
}

Test(stop, what_the_kernel_asserts_in_a_call_is_told_with_the_calls_before_it)
{
    static const uint16_t halves[] = {EBREAK};
    struct stopping stopping;
    char expected[80];
    begin(&stopping, "general", false);
    plant(&stopping, "range_object", halves, sizeof(halves));
    const char *panic = end(&stopping);
    snprintf(expected, sizeof(expected), "panic: at 0x%lx", symbol("range_object"));
    cr_expect(strstr(panic, expected) == panic, "%s, not %s", panic, expected);
    report_look(panic, true);
    cr_expect(strstr(panic, "_RANGE ") && strstr(panic, ": under way "), "%s", panic);
    machine_destroy(stopping.machine);
}

Test(stop, so_is_a_wild_pointer)
{
    static const uint16_t halves[] = {LI_A0_8, LOAD_A0};
    struct stopping stopping;
    begin(&stopping, "general", false);
    plant(&stopping, "range_object", halves, sizeof(halves));
    const char *panic = end(&stopping);
    cr_expect(strstr(panic, "TRAP-002 scause 0xd, ") && strstr(panic, ", stval 0x8"), "%s", panic);
    report_look(panic, true);
    machine_destroy(stopping.machine);
}

/* A node says that it is a meter, and no meter knows it. */
Test(stop, so_is_what_a_check_finds)
{
    struct stopping stopping;
    struct elf_file elf;
    struct error error;
    uint64_t nodes;
    unsigned i = 0;
    begin(&stopping, NULL, true);
    memcpy(&nodes, at(&stopping, symbol("objects")), sizeof(nodes));
    struct node_frame *frames = (struct node_frame *)(void *)at(&stopping, nodes);
    while (!frames[i].object_id || frames[i].role != NODE_PLAIN)
        i++;
    frames[i].role = NODE_METER;
    const char *panic = end(&stopping);
    report_look(panic, false);
    cr_assert(elf_file_open(&elf, KERNEL, &error), "%s", error.text);
    const char *why = elf_panic_text(&elf, machine_stats(stopping.machine).panic_addr);
    cr_assert_not_null(why);
    cr_expect(strstr(why, "METE-009 "), "%s", why);
    elf_file_finish(&elf);
    machine_destroy(stopping.machine);
}
