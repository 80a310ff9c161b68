/* SPDX-License-Identifier: GPL-2.0-or-later */
/* divergence.c - see divergence.h. Calls timeline, machine_mark and cpu. */
#include "emulator/divergence.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/base/memory.h"
#include "emulator/cpu.h"
#include "emulator/machine_mark.h"

#define PAGE_BYTES 4096u
#define PAGES_TOLD 8u

static const struct {
    enum cpu_csr csr;
    const char *name;
} csrs[] = {{CPU_CSR_SSTATUS, "sstatus"}, {CPU_CSR_SIE, "sie"},       {CPU_CSR_STVEC, "stvec"},
            {CPU_CSR_SSCRATCH, "sscratch"}, {CPU_CSR_SEPC, "sepc"},   {CPU_CSR_SCAUSE, "scause"},
            {CPU_CSR_STVAL, "stval"},     {CPU_CSR_SIP, "sip"},       {CPU_CSR_SATP, "satp"},
            {CPU_CSR_FCSR, "fcsr"}};
#define CSR_COUNT (sizeof(csrs) / sizeof(csrs[0]))

/* What is compared of a side, at one place. */
struct side {
    struct machine_position position;
    uint64_t x[32], f[32], pc, privilege, csr[CSR_COUNT];
    uint32_t parts;
    uint64_t *hashes; /* of the mark */
    uint8_t *ram;     /* NULL: not kept */
};

static void side_look(struct side *side, struct machine *machine, bool ram)
{
    struct cpu *cpu = machine_cpu(machine);
    side->position = machine_position(machine);
    for (unsigned i = 0; i < 32; i++) {
        side->x[i] = cpu_x_get(cpu, i);
        side->f[i] = cpu_f_get(cpu, i);
    }
    for (unsigned i = 0; i < CSR_COUNT; i++)
        side->csr[i] = cpu_csr_get(cpu, csrs[i].csr);
    side->pc = cpu_pc_get(cpu);
    side->privilege = cpu_privilege(cpu);
    side->parts = mark_parts(cpu_ram_bytes(cpu));
    side->hashes = memory_zeroed(side->parts, sizeof(*side->hashes));
    machine_mark(machine, side->hashes);
    if (!ram)
        return;
    side->ram = memory_must(malloc(cpu_ram_bytes(cpu)));
    memcpy(side->ram, cpu_ram(cpu), cpu_ram_bytes(cpu));
}

static void side_forget(struct side *side)
{
    free(side->hashes);
    free(side->ram);
    *side = (struct side){.hashes = NULL};
}

static bool sides_equal(const struct side *left, const struct side *right)
{
    assert(left->parts == right->parts);
    return left->position.events == right->position.events &&
           left->position.cycles == right->position.cycles &&
           left->position.instructions == right->position.instructions &&
           memcmp(left->hashes, right->hashes, left->parts * sizeof(*left->hashes)) == 0;
}

/* --- saying it --- */

static void say(struct divergence *divergence, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void say(struct divergence *divergence, const char *format, ...)
{
    va_list arguments;
    size_t length = strlen(divergence->text);
    va_start(arguments, format);
    (void)vsnprintf(divergence->text + length, sizeof(divergence->text) - length, format,
                    arguments);
    va_end(arguments);
}

static void value_say(struct divergence *divergence, const char *name, uint64_t left,
                      uint64_t right)
{
    if (left != right)
        say(divergence, "%s 0x%" PRIx64 ", 0x%" PRIx64 "\n", name, left, right);
}

static void hart_say(struct divergence *divergence, const struct side *left,
                     const struct side *right)
{
    char name[8];
    value_say(divergence, "events", left->position.events, right->position.events);
    value_say(divergence, "cycles", left->position.cycles, right->position.cycles);
    value_say(divergence, "pc", left->pc, right->pc);
    value_say(divergence, "privilege", left->privilege, right->privilege);
    for (unsigned i = 0; i < 32; i++) {
        (void)snprintf(name, sizeof(name), "x%u", i);
        value_say(divergence, name, left->x[i], right->x[i]);
    }
    for (unsigned i = 0; i < 32; i++) {
        (void)snprintf(name, sizeof(name), "f%u", i);
        value_say(divergence, name, left->f[i], right->f[i]);
    }
    for (unsigned i = 0; i < CSR_COUNT; i++)
        value_say(divergence, csrs[i].name, left->csr[i], right->csr[i]);
}

/* The pages of RAM that differ, and where in them. */
static void ram_say(struct divergence *divergence, const struct side *left,
                    const struct side *right)
{
    uint64_t told = 0, pages = (uint64_t)(left->parts - MARK_PARTS_BEFORE_RAM) *
                               (MARK_RAM_BYTES / PAGE_BYTES);
    for (uint64_t page = 0; page < pages; page++) {
        const uint8_t *a = left->ram + page * PAGE_BYTES, *b = right->ram + page * PAGE_BYTES;
        unsigned at = 0;
        if (memcmp(a, b, PAGE_BYTES) == 0 || ++told > PAGES_TOLD)
            continue;
        while (a[at] == b[at])
            at++;
        say(divergence, "page 0x%" PRIx64 ", first at 0x%" PRIx64 ": 0x%02x, 0x%02x\n",
            BOARD_RAM_BASE + page * PAGE_BYTES, BOARD_RAM_BASE + page * PAGE_BYTES + at, a[at],
            b[at]);
    }
    if (told > PAGES_TOLD)
        say(divergence, "and %" PRIu64 " more pages\n", told - PAGES_TOLD);
}

static void sides_say(struct divergence *divergence, const struct side *left,
                      const struct side *right)
{
    char name[MARK_NAME_BYTES];
    divergence->text[0] = '\0';
    if (left->position.instructions != right->position.instructions)
        say(divergence, "instructions %" PRIu64 ", %" PRIu64 ": one side goes no further\n",
            left->position.instructions, right->position.instructions);
    hart_say(divergence, left, right);
    for (uint32_t i = 1; i < MARK_PARTS_BEFORE_RAM; i++)
        if (left->hashes[i] != right->hashes[i]) {
            mark_name(i, name);
            say(divergence, "%s\n", name);
        }
    ram_say(divergence, left, right);
}

/* --- finding it --- */

/* Go from a state to a place. A side that cannot stays where it is. */
static bool side_go(const struct divergence_sides *sides, struct timeline *timeline,
                    struct machine *machine, const struct timeline_state *state,
                    uint64_t instructions, struct side *side, bool ram, struct error *error)
{
    struct machine_until until = machine_until_never();
    struct timeline_stop stop;
    struct error other_way;
    until.instructions = instructions;
    if (!timeline_load(timeline, state, error))
        return false;
    if (sides->prepare)
        sides->prepare(sides->context);
    (void)!timeline_run(timeline, &until, &stop, &other_way);
    side_look(side, machine, ram);
    return true;
}

static bool both_go(const struct divergence_sides *sides, const struct timeline_state *state,
                    uint64_t instructions, struct side look[2], bool ram, struct error *error)
{
    look[0] = look[1] = (struct side){.hashes = NULL};
    return side_go(sides, sides->left, timeline_machine(sides->left), state, instructions,
                   &look[0], ram, error) &&
           side_go(sides, sides->right, timeline_machine(sides->right), state, instructions,
                   &look[1], ram, error);
}

static void both_forget(struct side look[2])
{
    side_forget(&look[0]);
    side_forget(&look[1]);
}

/* Both are the same at *state; are they at `instructions`? Then *state is moved there. */
static bool probe(const struct divergence_sides *sides, struct timeline_state *state,
                  uint64_t instructions, bool *equal, struct error *error)
{
    struct side look[2];
    bool good = both_go(sides, state, instructions, look, false, error);
    *equal = good && look[0].position.instructions == instructions &&
             sides_equal(&look[0], &look[1]);
    both_forget(look);
    if (*equal) {
        writer_finish(&state->machine);
        timeline_save(sides->right, state);
    }
    return good;
}

static bool bisect(const struct divergence_sides *sides, struct timeline_state *state,
                   uint64_t high, struct divergence *divergence, struct error *error)
{
    struct side look[2];
    while (high - state->position.instructions > 1) {
        bool equal;
        uint64_t low = state->position.instructions;
        uint64_t middle = low + (high - low) / 2;
        if (!probe(sides, state, middle, &equal, error))
            return false;
        if (!equal)
            high = middle;
    }
    divergence->found = true;
    divergence->equal = state->position;
    divergence->instructions = high;
    bool good = both_go(sides, state, high, look, true, error);
    if (good)
        sides_say(divergence, &look[0], &look[1]);
    both_forget(look);
    return good;
}

bool divergence_find(const struct divergence_sides *sides, struct timeline_state *state,
                     uint64_t instructions, struct divergence *divergence, struct error *error)
{
    bool equal = true;
    *divergence = (struct divergence){.found = false};
    assert(instructions >= state->position.instructions);
    bool good = instructions == state->position.instructions ||
                probe(sides, state, instructions, &equal, error);
    if (good && !equal)
        good = bisect(sides, state, instructions, divergence, error);
    writer_finish(&state->machine);
    return good;
}
