/* SPDX-License-Identifier: GPL-2.0-or-later */
/* demo_secret_test.c - nobody learns what he was not told: runs of the whole machine that differ in
 * one domain's secret only are the same to everybody else.
 *
 * secret.recipe holds a domain with a secret number, from which come its registers, the contents of
 * its pages and nodes, its data keys, its f registers, and what it tells to some; others have keys
 * to the same servers, buy from the same bank, have keepers, and so on. Two machines run it with
 * different numbers. Whenever one enters user mode for a domain that was not told, at the same
 * instruction count the other must be there too, and all that this domain can see must be equal:
 * registers, f registers and fcsr, pc, all memory that is mapped for it, and its keys.
 *
 * Time is compared, too, as the position of each entry. That is more than the kernel promises: a
 * domain's use of the processor shows in what others are given of it, and in the answers of the
 * timer and peek keys, and so does all work of the kernel that depends on contents. Here the secret
 * never decides what its domain does, and it does not call PAGE_TEST_ZERO, which ends at the first
 * byte that is not 0, nor the compare keys: then even times are equal.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "emulator/cpu.h"
#include "emulator/machine.h"
#include "kernel/domain.h"
#include "kernel/object.h"
#include "tests/support_recipe.h"
#include "tests/support_symbol.h"

#define RAM_BYTES (16u << 20)
#define RAM_BASE 0x80000000ull
#define KERNEL_OFFSET 0xffffffc000000000ull
#define TABLE_ENTRIES 512u
#define PTE_VALID 1u
#define PTE_LEAF 0xeu /* readable, writable or executable */
#define PTE_USER 0x10u
#define PTE_PPN_SHIFT 10
#define SATP_PPN ((1ull << 44) - 1)
#define WARM 6000000u /* instructions until all have begun */
#define STRIDE 16u    /* fewer than any stay in the kernel has, and than lead from C to an entry */
#define STAY_QUICK 350u
#define SPIN_REGISTER 27u
#define SPIN_PIECE 20000u /* passed over at once; a longer one is interrupted now and then */
#define WHY_BYTES 160u

struct world {
    struct machine *machine;
    struct cpu *cpu;
    uint8_t *ram;
};

struct pair {
    struct world worlds[2];
    unsigned entries, told, compared;
    unsigned quick;      /* of those compared: the kernel was left at once */
    char why[WHY_BYTES]; /* what differed; empty: nothing did */
};

/* Where a kernel address is. */
static void *at(const struct world *world, uint64_t virtual_addr)
{
    uint64_t offset = virtual_addr - KERNEL_OFFSET - RAM_BASE;
    cr_assert_lt(offset, RAM_BYTES);
    return world->ram + offset;
}

static uint64_t *table_at(const struct world *world, uint64_t page)
{
    uint64_t offset = (page << 12) - RAM_BASE;
    cr_assert_lt(offset, RAM_BYTES);
    return (uint64_t *)(world->ram + offset);
}

static const struct node_frame *frame_at(const struct world *world, const void *pointer)
{
    return at(world, (uint64_t)(uintptr_t)pointer);
}

static const struct domain *running(const struct world *world)
{
    return at(world, cpu_csr_get(world->cpu, CPU_CSR_SSCRATCH));
}

static bool step(struct world *world, uint64_t instructions)
{
    struct machine_until until = machine_until_never();
    until.instructions = machine_instructions(world->machine) + instructions;
    return machine_run(world->machine, &until).reason == MACHINE_STOP_INSTRUCTIONS;
}

/* Where things are in kernel and domain, as symbols. */
struct places {
    uint64_t traps, traps_end; /* the kernel's assembler: every entry of user mode is from there */
    uint64_t spinning;
};

/* Towards the next entry, by as much as surely does not pass over it; but over pieces of a spin. */
static void go(struct world *world, const struct places *places)
{
    uint64_t instructions = STRIDE, rounds = 0, pc = cpu_pc_get(world->cpu);
    bool user = cpu_privilege(world->cpu) == 0;
    if (user && pc == places->spinning)
        rounds = cpu_x_get(world->cpu, SPIN_REGISTER);
    if (rounds > STRIDE)
        instructions = rounds < SPIN_PIECE ? rounds : SPIN_PIECE;
    if (!user && pc >= places->traps && pc < places->traps_end)
        instructions = 1;
    cr_assert(step(world, instructions));
}

static void differs(struct pair *pair, const struct domain *domain, const char *what,
                    uint64_t where, uint64_t ours, uint64_t other)
{
    const struct node_frame *root = frame_at(&pair->worlds[0], domain->root);
    if (!pair->why[0])
        snprintf(pair->why, sizeof(pair->why), "domain %lu, entry %u: %s %lx: %lx, %lx",
                 root->object_id, pair->entries, what, where, ours, other);
}

static void registers_compare(struct pair *pair, const struct domain *domain)
{
    struct cpu *ours = pair->worlds[0].cpu, *other = pair->worlds[1].cpu;
    for (unsigned i = 1; i < 32; i++)
        if (cpu_x_get(ours, i) != cpu_x_get(other, i))
            differs(pair, domain, "register", i, cpu_x_get(ours, i), cpu_x_get(other, i));
    for (unsigned i = 0; i < 32; i++)
        if (cpu_f_get(ours, i) != cpu_f_get(other, i))
            differs(pair, domain, "f register", i, cpu_f_get(ours, i), cpu_f_get(other, i));
    if (cpu_pc_get(ours) != cpu_pc_get(other))
        differs(pair, domain, "pc", 0, cpu_pc_get(ours), cpu_pc_get(other));
    if (cpu_csr_get(ours, CPU_CSR_FCSR) != cpu_csr_get(other, CPU_CSR_FCSR))
        differs(pair, domain, "fcsr", 0, cpu_csr_get(ours, CPU_CSR_FCSR),
                cpu_csr_get(other, CPU_CSR_FCSR));
}

/* All keys of the general slots: what a domain has there it can look at, and data keys tell their
 * numbers. */
static void keys_compare(struct pair *pair, const struct domain *domain)
{
    const struct node_frame *ours = frame_at(&pair->worlds[0], domain->keys);
    const struct node_frame *other = frame_at(&pair->worlds[1], domain->keys);
    for (unsigned i = 0; i < NODE_SLOTS; i++)
        if (!key_equal(&ours->slots[i], &other->slots[i]))
            differs(pair, domain, "key", i, ours->slots[i].count, other->slots[i].count);
}

static void page_compare(struct pair *pair, const struct domain *domain, uint64_t addr,
                         const uint64_t *ours, const uint64_t *other)
{
    if (memcmp(ours, other, PAGE_BYTES) == 0)
        return;
    for (unsigned i = 0; i < PAGE_BYTES / sizeof(*ours); i++)
        if (ours[i] != other[i])
            differs(pair, domain, "memory", addr + 8 * i, ours[i], other[i]);
}

/* What is mapped below two tables of one level, both for the addresses from addr on. */
static void tables_compare(struct pair *pair, const struct domain *domain, unsigned level,
                           uint64_t addr, const uint64_t *ours, const uint64_t *other)
{
    unsigned count = level == 2 ? TABLE_ENTRIES / 2 : TABLE_ENTRIES;
    for (unsigned i = 0; i < count; i++) {
        uint64_t here = addr + ((uint64_t)i << (12 + 9 * level));
        const uint64_t marks = (1u << PTE_PPN_SHIFT) - 1;
        if ((ours[i] & marks) != (other[i] & marks))
            differs(pair, domain, "mapping", here, ours[i], other[i]);
        if (!(ours[i] & PTE_VALID) || !(other[i] & PTE_VALID))
            continue;
        const uint64_t *our_page = table_at(&pair->worlds[0], ours[i] >> PTE_PPN_SHIFT);
        const uint64_t *other_page = table_at(&pair->worlds[1], other[i] >> PTE_PPN_SHIFT);
        if (ours[i] & PTE_LEAF)
            page_compare(pair, domain, here, our_page, other_page);
        else
            tables_compare(pair, domain, level - 1, here, our_page, other_page);
    }
}

/* Both have entered user mode for a domain that was not told. */
static void entry_compare(struct pair *pair, const struct domain *domain)
{
    uint64_t ours = cpu_csr_get(pair->worlds[0].cpu, CPU_CSR_SATP) & SATP_PPN;
    uint64_t other = cpu_csr_get(pair->worlds[1].cpu, CPU_CSR_SATP) & SATP_PPN;
    registers_compare(pair, domain);
    keys_compare(pair, domain);
    tables_compare(pair, domain, 2, 0, table_at(&pair->worlds[0], ours),
                   table_at(&pair->worlds[1], other));
    pair->compared++;
}

static bool is_told(const struct world *world)
{
    const struct node_frame *root = frame_at(world, running(world)->root);
    return root->slots[DOMAIN_SLOT_SPARE_0].count == 1;
}

/* An entry of the first world after so many instructions in the kernel; the second is to be there
 * as well. */
static void entry(struct pair *pair, uint64_t stay)
{
    struct world *ours = &pair->worlds[0], *other = &pair->worlds[1];
    uint64_t behind = machine_instructions(ours->machine) - machine_instructions(other->machine);
    pair->entries++;
    pair->quick += stay < STAY_QUICK;
    if (is_told(ours)) {
        pair->told++;
        return;
    }
    if (behind)
        cr_assert(step(other, behind));
    if (cpu_privilege(other->cpu) != 0 ||
        cpu_csr_get(ours->cpu, CPU_CSR_SSCRATCH) != cpu_csr_get(other->cpu, CPU_CSR_SSCRATCH))
        differs(pair, running(ours), "time, or who runs", 0, cpu_pc_get(ours->cpu),
                cpu_pc_get(other->cpu));
    else if (machine_cycles(ours->machine) != machine_cycles(other->machine))
        differs(pair, running(ours), "cycles", 0, machine_cycles(ours->machine),
                machine_cycles(other->machine));
    else
        entry_compare(pair, running(ours));
}

static void world_begin(struct world *world, const struct machine_config *how, const char *secret,
                        bool floats)
{
    struct machine_config config = *how;
    struct error error;
    char change[64], path[64];
    snprintf(change, sizeof(change), "argument 1 %s\n", secret);
    snprintf(path, sizeof(path), "test-secret-%s.img", secret);
    const struct recipe_change changes[RECIPE_CHANGES_MAX] = {
        {"argument 1 1\n", change},
        {floats ? "argument 0 4\n" : NULL, "argument 0 7\n"},
        {floats ? "argument 0 12\n" : NULL, "argument 0 15\n"}};
    recipe_image("secret", changes, false, path);
    config.ram_bytes = RAM_BYTES;
    config.kernel_path = LATCHKEY_BUILD_DIR "/kernel.elf";
    config.disks[0] = (struct machine_disk){.path = path, .read_only = true};
    config.disk_count = 1;
    cr_assert(machine_create(&world->machine, &config, &error), "%s", error.text);
    world->cpu = machine_cpu(world->machine);
    world->ram = cpu_ram(world->cpu);
    (void)unlink(path);
}

/* Run two worlds, until something differs or so many entries were looked at. */
static void pair_run(struct pair *pair, unsigned entries)
{
    const struct places places = {symbol_addr("kernel.elf", "trap_entry"),
                                  symbol_addr("kernel.elf", "trap_from_kernel"),
                                  symbol_addr("domains/secret.elf", "hart_spinning")};
    struct world *first = &pair->worlds[0];
    uint64_t trapped = 0;
    unsigned privilege = cpu_privilege(first->cpu);
    while (!pair->why[0] && (pair->compared < entries || pair->told < entries / 10)) {
        go(first, &places);
        if (cpu_privilege(first->cpu) == 0 && privilege != 0)
            entry(pair, machine_instructions(first->machine) - trapped);
        if (cpu_privilege(first->cpu) != 0 && privilege == 0)
            trapped = machine_instructions(first->machine);
        privilege = cpu_privilege(first->cpu);
    }
}

/* Begin with two worlds. floats: one client in each uses f registers, and so does the one with the
 * secret; then few messages take the short path. */
static void pair_begin(struct pair *pair, const struct machine_config *config, bool floats)
{
    *pair = (struct pair){.entries = 0};
    world_begin(&pair->worlds[0], config, "1", floats);
    world_begin(&pair->worlds[1], config, "0x123456789", floats);
    for (unsigned i = 0; i < 2; i++)
        cr_assert(step(&pair->worlds[i], WARM));
}

static void pair_end(struct pair *pair)
{
    for (unsigned i = 0; i < 2; i++)
        machine_destroy(pair->worlds[i].machine);
}

static unsigned expect_nothing_learned(const struct machine_config *config, bool floats,
                                       unsigned entries)
{
    struct pair pair;
    pair_begin(&pair, config, floats);
    pair_run(&pair, getenv("LATCHKEY_LONG") ? entries * 50 : entries);
    cr_expect_str_eq(pair.why, "");
    fprintf(stderr, "%u entries, %u of those who were told, %u quick\n", pair.entries, pair.told,
            pair.quick);
    pair_end(&pair);
    return pair.quick;
}

Test(secret, nobody_learns_it, .timeout = 3600)
{
    unsigned quick =
        expect_nothing_learned(&(struct machine_config){.step_mode = true}, false, 1200);
    cr_expect_gt(quick, 200, "the short path was hardly taken");
}

Test(secret, nobody_learns_it_from_f_registers, .timeout = 3600)
{
    (void)expect_nothing_learned(&(struct machine_config){.step_mode = true}, true, 400);
}

Test(secret, nobody_learns_it_on_the_general_path, .timeout = 3600)
{
    (void)expect_nothing_learned(&(struct machine_config){.step_mode = true, .append = "general"},
                                 true, 400);
}

Test(secret, nobody_learns_it_when_memory_is_small_and_checkpoints_are_frequent, .timeout = 3600)
{
    (void)expect_nothing_learned(
        &(struct machine_config){.step_mode = true, .append = "small checkpoint=20"}, true, 100);
}

Test(secret, nobody_learns_it_when_everything_is_forgotten_each_time, .timeout = 3600)
{
    (void)expect_nothing_learned(&(struct machine_config){.step_mode = true, .amnesia = true}, true,
                                 60);
}

/* Kernels with one instruction less. */

#define LI(x, number) (0x4001u | (x) << 7 | (number) << 2) /* c.li */
#define NOP 0x0001u
#define RET 0x8082u

/* The first such halfword after the symbol, or one after it, becomes another one. */
struct plant {
    const char *what, *symbol;
    uint16_t from; /* 0: whatever is there */
    uint16_t to;
    unsigned later; /* so many like it come before it */
};

static void plant_put(struct world *world, const struct plant *plant)
{
    uint64_t addr = symbol_addr("kernel.elf", plant->symbol);
    uint16_t *code = at(world, addr);
    unsigned i = 0, later = plant->later;
    while (plant->from && (code[i] != plant->from || later-- > 0))
        cr_assert_lt(++i, 1024, "%s: no such instruction", plant->what);
    code[i] = plant->to;
    cpu_ram_written(world->cpu, addr - KERNEL_OFFSET + 2 * i, sizeof(*code));
}

/* Two worlds, saved, to plant something in. */
struct saved {
    struct byte_writer states[2];
};

static void expect_found(struct pair *pair, const struct saved *saved, const struct plant *plant)
{
    struct error error;
    pair->why[0] = '\0';
    pair->compared = 0;
    for (unsigned i = 0; i < 2; i++) {
        struct byte_reader reader;
        reader_init(&reader, saved->states[i].data, saved->states[i].size_bytes);
        cr_assert(machine_load(pair->worlds[i].machine, &reader, &error), "%s", error.text);
        plant_put(&pair->worlds[i], plant);
    }
    pair_run(pair, 20000);
    cr_expect_str_neq(pair->why, "", "%s", plant->what);
    fprintf(stderr, "%s: %s\n", plant->what, pair->why);
}

static void expect_all_found(const struct plant *plants, unsigned count, bool floats)
{
    struct pair pair;
    struct saved saved = {.states = {{0}, {0}}};
    pair_begin(&pair, &(struct machine_config){.step_mode = true}, floats);
    for (unsigned i = 0; i < 2; i++)
        machine_save(pair.worlds[i].machine, &saved.states[i]);
    for (unsigned i = 0; i < count; i++)
        expect_found(&pair, &saved, &plants[i]);
    for (unsigned i = 0; i < 2; i++)
        writer_finish(&saved.states[i]);
    pair_end(&pair);
}

Test(secret, what_a_kernel_that_forgets_to_clear_tells_is_found)
{
    static const struct plant plants[] = {
        {"call: a2", "call_go", LI(12, 0), NOP, 0},
        {"call: a3", "call_go", LI(13, 0), NOP, 0},
        {"call: a5", "call_go", LI(15, 0), NOP, 0},
        {"call: a6", "call_go", LI(16, 0), NOP, 0},
        {"call: t3 without string", "call_without_string", LI(28, 0), NOP, 0},
        {"call: t6 without string", "call_without_string", LI(31, 0), NOP, 0},
        {"call: a4 without string", "call_without_string", LI(14, 0), NOP, 0},
        {"return: a3", "return_go", LI(13, 0), NOP, 0},
        {"return: t5 without string", "return_without_string", LI(30, 0), NOP, 0},
        {"string: t4", "string_drop", LI(29, 0), NOP, 0},
        {"string: bytes behind it", "copy_block", 0x7293, 0x0293, 0}, /* andi t0, a4, 7: addi */
        {"general: t2", "arch_enter", LI(7, 0), NOP, 0},
        {"fault: t6", "arch_deliver", LI(31, 0), NOP, 0},
        {"nodes", "range_object", LI(15, 9), LI(15, 8), 1}, /* RANGE_CREATE */
        {"pages", "range_object", LI(15, 9), LI(15, 8), 2},
    };
    expect_all_found(plants, sizeof(plants) / sizeof(plants[0]), false);
}

Test(secret, f_registers_that_the_kernel_forgets_to_clear_are_found)
{
    static const struct plant plant = {"f registers", "arch_float_load", 0, RET, 0};
    expect_all_found(&plant, 1, true);
}
