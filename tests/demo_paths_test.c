/* SPDX-License-Identifier: GPL-2.0-or-later */
/* demo_paths_test.c - the short message path (kernel/arch/gate.S) does what the general path does,
 * in everything that anyone can read.
 *
 * The machine runs paths.img to one ecall or page fault after the other. Each is carried out twice
 * from the same state: as it is, and with sched.gate_floor set so that the short path declines. At
 * the return to user mode the processor's registers must be equal, all of memory outside the
 * kernel's own data, and there every domain; only hints and marks of use may differ. The kernel's
 * structs are laid out alike on the host, so its headers say where things are.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/cpu.h"
#include "emulator/machine.h"
#include "kernel/domain.h"
#include "kernel/object.h"
#include "kernel/sched.h"
#include "tests/support_symbol.h"

#define RAM_BYTES (16u << 20)
#define RAM_BASE 0x80000000ull
#define KERNEL_OFFSET 0xffffffc000000000ull
#define STEPS_MAX 100000u /* of one stay in the kernel */
#define ECALL 0x73u
#define PAGE_FAULT_FIRST 12u
#define PAGE_FAULT_LAST 15u
#define WARM 12000000u
#define IN_A_ROW 8u
#define BETWEEN 450000u /* instructions: another domain has the slice */
#define REGISTERS 34u

struct symbols {
    uint64_t sched, domains, objects, kernel_end;
};

struct twin {
    struct machine *machine;
    struct cpu *cpu;
    uint8_t *ram;
    struct symbols symbols;
    uint8_t *before, *after;        /* copies of RAM: before the ecall; after the short path */
    struct byte_writer cpu_before, cpu_after;
    uint64_t registers[REGISTERS]; /* after the short path: x1.., pc, satp, who runs */
    struct kind {
        unsigned shorter, compared;
    } messages, faults;
};

/* Where a kernel address is in a copy of RAM. */
static uint8_t *at(uint8_t *ram, uint64_t virtual_addr)
{
    uint64_t offset = virtual_addr - KERNEL_OFFSET - RAM_BASE;
    cr_assert_lt(offset, RAM_BYTES);
    return ram + offset;
}

static uint64_t word_at(uint8_t *ram, uint64_t virtual_addr)
{
    uint64_t word;
    memcpy(&word, at(ram, virtual_addr), sizeof(word));
    return word;
}

static bool step(struct twin *twin)
{
    struct machine_until until = machine_until_never();
    until.instructions = machine_instructions(twin->machine) + 1;
    return machine_run(twin->machine, &until).reason == MACHINE_STOP_INSTRUCTIONS;
}

static bool at_ecall(struct twin *twin)
{
    uint64_t physical;
    uint32_t instruction;
    if (cpu_privilege(twin->cpu) != 0 ||
        !cpu_translate(twin->cpu, cpu_pc_get(twin->cpu), &physical))
        return false;
    memcpy(&instruction, twin->ram + physical - RAM_BASE, sizeof(instruction));
    return instruction == ECALL;
}

static void run_on(struct twin *twin, uint64_t instructions)
{
    struct machine_until until = machine_until_never();
    until.instructions = machine_instructions(twin->machine) + instructions;
    cr_assert_eq(machine_run(twin->machine, &until).reason, MACHINE_STOP_INSTRUCTIONS);
}

/* To the next ecall, or into the next page fault: past the kernel's first instruction, which writes
 * no memory. true: the latter. */
static bool seek(struct twin *twin)
{
    do {
        cr_assert(step(twin), "the run ended");
        uint64_t cause = cpu_csr_get(twin->cpu, CPU_CSR_SCAUSE);
        if (cpu_privilege(twin->cpu) == 1 && cause >= PAGE_FAULT_FIRST && cause <= PAGE_FAULT_LAST)
            return true;
    } while (!at_ecall(twin));
    return false;
}

/* Into the kernel and back. Returns the instructions spent there. */
static unsigned carry_out(struct twin *twin)
{
    unsigned steps = 0;
    do
        cr_assert(step(twin) && ++steps < STEPS_MAX, "no way back to user mode");
    while (cpu_privilege(twin->cpu) != 0);
    return steps;
}

static void cpu_keep(struct twin *twin, struct byte_writer *writer)
{
    writer_finish(writer);
    *writer = (struct byte_writer){0};
    cpu_save(twin->cpu, writer);
}

/* Memory and processor become what they were. */
static void put_back(struct twin *twin, const uint8_t *ram, const struct byte_writer *cpu)
{
    for (size_t offset = 0; offset < RAM_BYTES; offset += PAGE_BYTES) {
        if (memcmp(twin->ram + offset, ram + offset, PAGE_BYTES) == 0)
            continue;
        memcpy(twin->ram + offset, ram + offset, PAGE_BYTES);
        cpu_ram_written(twin->cpu, RAM_BASE + offset, PAGE_BYTES);
    }
    struct byte_reader reader;
    reader_init(&reader, cpu->data, cpu->size_bytes);
    cpu_load(twin->cpu, &reader);
}

static void registers_get(struct twin *twin, uint64_t registers[REGISTERS])
{
    for (unsigned i = 1; i < 32; i++)
        registers[i - 1] = cpu_x_get(twin->cpu, i);
    registers[31] = cpu_pc_get(twin->cpu);
    registers[32] = cpu_csr_get(twin->cpu, CPU_CSR_SATP);
    registers[33] = cpu_csr_get(twin->cpu, CPU_CSR_SSCRATCH);
}

/* What a domain that waits for a message keeps of its registers: abi.h. */
static void settle(struct domain *domain)
{
    uint64_t *registers = domain->registers, kept[REGISTER_WORDS] = {0};
    bool buffer = ENTRY_STRING_MODE(registers[REGISTER_A0 + 2]) == STRING_MEMORY;
    for (unsigned i = 0; i < REGISTER_WORDS; i++) {
        bool preserved = i == REGISTER_PC || (i >= 2 && i <= 4) || i == 8 || i == 9 ||
                         (i >= 18 && i <= 27) || i >= REGISTER_FLOAT;
        bool receives = i == REGISTER_A0 + 2 ||
                        (buffer && (i == REGISTER_A0 + 5 || i == REGISTER_A0 + 6));
        kept[i] = preserved || receives ? registers[i] : 0;
    }
    memcpy(registers, kept, sizeof(kept));
}

/* A domain without what depends on the path. */
static void domain_canonical(struct domain *domain, bool runs)
{
    if (runs) { /* its next trap says so */
        domain->state = DOMAIN_RUNNING;
        domain->restore_all = true;
    }
    if (domain->state == DOMAIN_RUNNING)
        memset(domain->registers, 0, sizeof(domain->registers));
    else if (!domain->restore_all)
        settle(domain);
    domain->unused = domain->unchanged = false;
    domain->satp = 0;
    domain->buffer_addr = domain->buffer_bytes = domain->buffer_room = 0;
    domain->string_start = domain->string_end = domain->string_delta = 0;
    domain->buffer_data = domain->buffer_more = NULL;
}

static void domains_compare(struct twin *twin, unsigned number)
{
    for (unsigned i = 0; i < LIMIT_DOMAINS_CACHED; i++) {
        struct domain ours, other;
        uint64_t where = word_at(twin->ram, twin->symbols.domains) + i * sizeof(struct domain);
        memcpy(&ours, at(twin->after, where), sizeof(ours));
        memcpy(&other, at(twin->ram, where), sizeof(other));
        domain_canonical(&ours, where == twin->registers[33]);
        domain_canonical(&other, where == twin->registers[33]);
        const uint64_t *left = (const uint64_t *)&ours, *right = (const uint64_t *)&other;
        for (size_t word = 0; word < sizeof(ours) / 8; word++)
            cr_assert_eq(left[word], right[word], "message %u: domain %u, word %zu: %lx, %lx",
                         number, i, word, left[word], right[word]);
    }
}

/* Is this byte of a node frame, or of a page frame, a hint or a mark of use? */
static bool node_byte_is_mark(size_t offset)
{
    size_t in_slot = (offset - offsetof(struct node_frame, slots)) % sizeof(struct key);
    if (offset >= offsetof(struct node_frame, slots))
        return in_slot - offsetof(struct key, object) < sizeof(void *);
    return offset == offsetof(struct node_frame, used) ||
           (offset >= offsetof(struct node_frame, met) &&
            offset < offsetof(struct node_frame, met) + 4);
}

static bool page_byte_is_mark(size_t offset)
{
    return offset == offsetof(struct page_frame, used) ||
           offset == offsetof(struct page_frame, known) ||
           (offset >= offsetof(struct page_frame, met) &&
            offset < offsetof(struct page_frame, met) + 4);
}

/* The frames lie one after the other from here to there. */
static void memory_compare(struct twin *twin, unsigned number)
{
    uint64_t nodes = word_at(twin->ram, twin->symbols.objects);
    uint64_t pages = word_at(twin->ram, twin->symbols.objects + 8);
    uint64_t contents = word_at(twin->ram, pages + offsetof(struct page_frame, data));
    uint64_t list = word_at(twin->ram, twin->symbols.domains); /* domains_compare() sees them */
    uint64_t domains_end = list + LIMIT_DOMAINS_CACHED * sizeof(struct domain);
    for (size_t offset = (size_t)(twin->symbols.kernel_end - KERNEL_OFFSET - RAM_BASE);
         offset < RAM_BYTES; offset++) {
        if (offset % PAGE_BYTES == 0 &&
            memcmp(twin->after + offset, twin->ram + offset, PAGE_BYTES) == 0) {
            offset += PAGE_BYTES - 1;
            continue;
        }
        uint64_t addr = KERNEL_OFFSET + RAM_BASE + offset;
        if (addr >= list && addr < domains_end)
            continue;
        if (addr >= nodes && addr < pages &&
            node_byte_is_mark((addr - nodes) % sizeof(struct node_frame)))
            continue;
        if (addr >= pages && addr < contents &&
            page_byte_is_mark((addr - pages) % sizeof(struct page_frame)))
            continue;
        cr_assert_eq(twin->after[offset], twin->ram[offset], "message %u: address %lx: %x, %x",
                     number, addr, twin->after[offset], twin->ram[offset]);
    }
}

/* One message or fault, by both ways; the machine goes on from the short one. */
static void trap_compare(struct twin *twin, struct kind *kind)
{
    uint64_t registers[REGISTERS], code = cpu_x_get(twin->cpu, 10), exit = cpu_x_get(twin->cpu, 11);
    unsigned number = kind->compared++;
    memcpy(twin->before, twin->ram, RAM_BYTES);
    cpu_keep(twin, &twin->cpu_before);
    unsigned short_steps = carry_out(twin);
    registers_get(twin, twin->registers);
    memcpy(twin->after, twin->ram, RAM_BYTES);
    cpu_keep(twin, &twin->cpu_after);

    put_back(twin, twin->before, &twin->cpu_before);
    const uint64_t shut = GATE_SHUT;
    memcpy(at(twin->ram, twin->symbols.sched), &shut, sizeof(shut));
    unsigned general_steps = carry_out(twin);
    registers_get(twin, registers);
    if (short_steps < general_steps / 2) {
        for (unsigned i = 0; i < REGISTERS; i++)
            cr_assert_eq(twin->registers[i], registers[i],
                         "message %u (code %lx, exit %lx): register %u: %lx, %lx", number, code,
                         exit, i + 1, twin->registers[i], registers[i]);
        domains_compare(twin, number);
        memory_compare(twin, number);
        kind->shorter++;
    }
    put_back(twin, twin->after, &twin->cpu_after);
}

Test(paths, the_short_path_and_the_general_path_end_in_the_same_state)
{
    unsigned count = getenv("LATCHKEY_LONG") ? 10000 : 200;
    struct twin twin = {
        .symbols = {symbol_addr("kernel.elf", "sched"), symbol_addr("kernel.elf", "domains"),
                    symbol_addr("kernel.elf", "objects"), symbol_addr("kernel.elf", "kernel_end")}};
    struct error error;
    const struct machine_config config = {
        .ram_bytes = RAM_BYTES,
        .kernel_path = LATCHKEY_BUILD_DIR "/kernel.elf",
        .disks = {{.path = LATCHKEY_BUILD_DIR "/shared-paths.img", .read_only = true}},
        .disk_count = 1};
    cr_assert(machine_create(&twin.machine, &config, &error), "%s", error.text);
    twin.cpu = machine_cpu(twin.machine);
    twin.ram = cpu_ram(twin.cpu);
    twin.before = malloc(RAM_BYTES);
    twin.after = malloc(RAM_BYTES);
    for (unsigned i = 0; i < count; i++) {
        if (i % IN_A_ROW == 0)
            run_on(&twin, i ? BETWEEN : WARM);
        trap_compare(&twin, seek(&twin) ? &twin.faults : &twin.messages);
    }
    fprintf(stderr, "%u messages, %u by the short path; %u faults, %u\n", twin.messages.compared,
            twin.messages.shorter, twin.faults.compared, twin.faults.shorter);
    cr_assert_gt(twin.messages.shorter, twin.messages.compared / 8);
    cr_assert_gt(twin.faults.shorter, twin.faults.compared / 8);
    cr_assert_gt(twin.faults.compared, count / 20);
    machine_destroy(twin.machine);
    writer_finish(&twin.cpu_before);
    writer_finish(&twin.cpu_after);
    free(twin.before);
    free(twin.after);
}
