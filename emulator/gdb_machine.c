/* SPDX-License-Identifier: GPL-2.0-or-later */
/* gdb_machine.c - registers, memory and points of a machine; see gdb_machine.h.
 *
 * Numbers of registers as other emulators of RISC-V give them to gdb: x 0..31, pc, f, and CSRs from
 * FIRST_CSR on.
 */
#include "emulator/gdb_machine.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "devices/board.h"
#include "emulator/base/memory.h"
#include "emulator/gdb_machine_state.h"

#define FIRST_FLOAT 33u
#define FIRST_CSR 66u
#define NUMBER_PRIVILEGE (FIRST_CSR + 0x1000u)
#define FIRST_OWN (NUMBER_PRIVILEGE + 1u)
enum { OWN_INSTRUCTIONS, OWN_CYCLES, OWN_EVENTS, OWN_TIME, OWN_DOMAIN };
#define CSR_FFLAGS 1u
#define CSR_FRM 2u
#define CSR_CYCLE 0xc00u
#define CSR_INSTRET 0xc02u
#define PAGE_BYTES 4096u

#define CPU_FEATURE "org.gnu.gdb.riscv.cpu"
#define FLOAT_FEATURE "org.gnu.gdb.riscv.fpu"
#define CSR_FEATURE "org.gnu.gdb.riscv.csr"
#define OWN_FEATURE "org.latchkey.machine"
#define X(index, name, type) {name, index, 64, CPU_FEATURE, type, NULL}
#define F(index, name) {name, FIRST_FLOAT + (index), 64, FLOAT_FEATURE, "riscv_double", "float"}
#define CSR(csr, name) {name, FIRST_CSR + (csr), 64, CSR_FEATURE, "int", "system"}
#define OWN(index, name) {name, FIRST_OWN + (index), 64, OWN_FEATURE, "uint64", "machine"}

static const struct gdb_register registers[] = {
    X(0, "zero", "int"), X(1, "ra", "code_ptr"), X(2, "sp", "data_ptr"), X(3, "gp", "data_ptr"),
    X(4, "tp", "data_ptr"), X(5, "t0", "int"), X(6, "t1", "int"), X(7, "t2", "int"),
    X(8, "fp", "data_ptr"), X(9, "s1", "int"), X(10, "a0", "int"), X(11, "a1", "int"),
    X(12, "a2", "int"), X(13, "a3", "int"), X(14, "a4", "int"), X(15, "a5", "int"),
    X(16, "a6", "int"), X(17, "a7", "int"), X(18, "s2", "int"), X(19, "s3", "int"),
    X(20, "s4", "int"), X(21, "s5", "int"), X(22, "s6", "int"), X(23, "s7", "int"),
    X(24, "s8", "int"), X(25, "s9", "int"), X(26, "s10", "int"), X(27, "s11", "int"),
    X(28, "t3", "int"), X(29, "t4", "int"), X(30, "t5", "int"), X(31, "t6", "int"),
    X(NUMBER_PC, "pc", "code_ptr"),
    F(0, "ft0"), F(1, "ft1"), F(2, "ft2"), F(3, "ft3"), F(4, "ft4"), F(5, "ft5"), F(6, "ft6"),
    F(7, "ft7"), F(8, "fs0"), F(9, "fs1"), F(10, "fa0"), F(11, "fa1"), F(12, "fa2"),
    F(13, "fa3"), F(14, "fa4"), F(15, "fa5"), F(16, "fa6"), F(17, "fa7"), F(18, "fs2"),
    F(19, "fs3"), F(20, "fs4"), F(21, "fs5"), F(22, "fs6"), F(23, "fs7"), F(24, "fs8"),
    F(25, "fs9"), F(26, "fs10"), F(27, "fs11"), F(28, "ft8"), F(29, "ft9"), F(30, "ft10"),
    F(31, "ft11"),
    {"fflags", FIRST_CSR + CSR_FFLAGS, 32, FLOAT_FEATURE, "int", "float"},
    {"frm", FIRST_CSR + CSR_FRM, 32, FLOAT_FEATURE, "int", "float"},
    {"fcsr", FIRST_CSR + CPU_CSR_FCSR, 32, FLOAT_FEATURE, "int", "float"},
    CSR(CPU_CSR_SSTATUS, "sstatus"), CSR(CPU_CSR_SIE, "sie"), CSR(CPU_CSR_STVEC, "stvec"),
    CSR(CPU_CSR_SSCRATCH, "sscratch"), CSR(CPU_CSR_SEPC, "sepc"), CSR(CPU_CSR_SCAUSE, "scause"),
    CSR(CPU_CSR_STVAL, "stval"), CSR(CPU_CSR_SIP, "sip"), CSR(CPU_CSR_SATP, "satp"),
    CSR(CSR_CYCLE, "cycle"), CSR(CSR_INSTRET, "instret"),
    {"priv", NUMBER_PRIVILEGE, 8, "org.gnu.gdb.riscv.virtual", "int", NULL},
    OWN(OWN_INSTRUCTIONS, "icount"), OWN(OWN_CYCLES, "cycles"), OWN(OWN_EVENTS, "events"),
    OWN(OWN_TIME, "time_ns"), OWN(OWN_DOMAIN, "domain"),
};

/* --- registers --- */

static bool own_read(struct gdb_machine *target, uint32_t index, uint64_t *value)
{
    struct machine_position here = machine_position(target->machine);
    const uint64_t values[] = {[OWN_INSTRUCTIONS] = here.instructions,
                               [OWN_CYCLES] = here.cycles,
                               [OWN_EVENTS] = here.events,
                               [OWN_TIME] = machine_time_ns(target->machine),
                               [OWN_DOMAIN] = domain_id(target)};
    assert(index < sizeof(values) / sizeof(values[0]));
    *value = values[index];
    return true;
}

static bool csr_read(struct gdb_machine *target, uint32_t csr, uint64_t *value)
{
    switch (csr) {
    case CSR_FFLAGS:
        *value = cpu_csr_get(target->cpu, CPU_CSR_FCSR) & 0x1f;
        return true;
    case CSR_FRM:
        *value = cpu_csr_get(target->cpu, CPU_CSR_FCSR) >> 5 & 7;
        return true;
    case CSR_CYCLE:
        *value = machine_cycles(target->machine);
        return true;
    case CSR_INSTRET:
        *value = machine_instructions(target->machine);
        return true;
    default:
        *value = cpu_csr_get(target->cpu, (enum cpu_csr)csr);
        return true;
    }
}

static bool register_read(void *context, uint64_t thread, uint32_t number, uint64_t *value)
{
    struct gdb_machine *target = context;
    if (number >= FIRST_OWN)
        return own_read(target, number - FIRST_OWN, value);
    if (!domain_live(target, thread))
        return domain_register(target, thread, number, value);
    if (number < NUMBER_PC)
        *value = cpu_x_get(target->cpu, number);
    else if (number == NUMBER_PC)
        *value = cpu_pc_get(target->cpu);
    else if (number < FIRST_FLOAT + 32)
        *value = cpu_f_get(target->cpu, number - FIRST_FLOAT);
    else if (number == NUMBER_PRIVILEGE)
        *value = cpu_privilege(target->cpu);
    else
        return csr_read(target, number - FIRST_CSR, value);
    return true;
}

static bool csr_write(struct gdb_machine *target, uint32_t csr, uint64_t value)
{
    uint64_t fcsr = cpu_csr_get(target->cpu, CPU_CSR_FCSR);
    if (csr == CSR_FFLAGS)
        return cpu_csr_set(target->cpu, CPU_CSR_FCSR, (fcsr & ~0x1full) | (value & 0x1f));
    if (csr == CSR_FRM)
        return cpu_csr_set(target->cpu, CPU_CSR_FCSR, (fcsr & 0x1f) | (value & 7) << 5);
    return cpu_csr_set(target->cpu, (enum cpu_csr)csr, value);
}

static bool register_write(void *context, uint64_t thread, uint32_t number, uint64_t value)
{
    struct gdb_machine *target = context;
    if (!target->config.may_write || !domain_live(target, thread) || number >= NUMBER_PRIVILEGE)
        return false;
    if (number >= FIRST_CSR)
        return csr_write(target, number - FIRST_CSR, value);
    if (number < NUMBER_PC)
        cpu_x_set(target->cpu, number, value);
    else if (number == NUMBER_PC)
        cpu_pc_set(target->cpu, value & ~1ull);
    else
        cpu_f_set(target->cpu, number - FIRST_FLOAT, value);
    return true;
}

/* --- memory --- */

static uint8_t *ram_at(struct gdb_machine *target, uint64_t addr)
{
    uint64_t offset = addr - BOARD_RAM_BASE;
    return offset < cpu_ram_bytes(target->cpu) ? cpu_ram(target->cpu) + offset : NULL;
}

/* Where an address is in RAM, and how much of its page is. NULL: it is not. As long as the kernel
 * has not mapped itself, its addresses mean what they will mean then. */
static uint8_t *memory_at(struct gdb_machine *target, uint64_t thread, bool physical,
                          uint64_t addr, size_t *size_bytes, uint64_t *addr_physical)
{
    uint64_t satp = cpu_csr_get(target->cpu, CPU_CSR_SATP);
    uint8_t *bytes = NULL;
    *addr_physical = addr;
    *size_bytes = PAGE_BYTES - addr % PAGE_BYTES;
    if (physical)
        return ram_at(target, addr);
    if (!domain_live(target, thread) && !domain_satp(target, thread, &satp))
        return NULL;
    if (cpu_translate_by(target->cpu, satp, addr, addr_physical))
        bytes = ram_at(target, *addr_physical);
    if (!bytes && satp == 0 && target->domains) {
        *addr_physical = addr - target->kernel_offset;
        bytes = ram_at(target, *addr_physical);
    }
    return bytes;
}

static size_t memory_read(void *context, uint64_t thread, bool physical, uint64_t addr, void *data,
                          size_t size_bytes)
{
    size_t done = 0, part;
    uint64_t addr_physical;
    while (done < size_bytes) {
        const uint8_t *bytes =
            memory_at(context, thread, physical, addr + done, &part, &addr_physical);
        if (!bytes)
            break;
        if (part > size_bytes - done)
            part = size_bytes - done;
        memcpy((uint8_t *)data + done, bytes, part);
        done += part;
    }
    return done;
}

static bool memory_write(void *context, uint64_t thread, bool physical, uint64_t addr,
                         const void *data, size_t size_bytes)
{
    struct gdb_machine *target = context;
    size_t part;
    uint64_t addr_physical;
    if (!target->config.may_write)
        return false;
    for (size_t done = 0; done < size_bytes; done += part)
        if (!memory_at(target, thread, physical, addr + done, &part, &addr_physical))
            return false;
    for (size_t done = 0; done < size_bytes; done += part) {
        uint8_t *bytes = memory_at(target, thread, physical, addr + done, &part, &addr_physical);
        if (!bytes) /* what was written were page tables */
            return false;
        if (part > size_bytes - done)
            part = size_bytes - done;
        memcpy(bytes, (const uint8_t *)data + done, part);
        cpu_ram_written(target->cpu, addr_physical, part);
    }
    return true;
}

/* By virtual addresses anything may be anywhere, so gdb is told of all of them. Devices are not
 * read in any case. */
static size_t regions(void *context, struct gdb_region *out, size_t max)
{
    (void)context;
    assert(max >= 1);
    out[0] = (struct gdb_region){.addr = 0, .size_bytes = UINT64_MAX};
    return 1;
}

/* --- points --- */

static bool is_break(const struct gdb_point *point)
{
    return point->kind == GDB_BREAK || point->kind == GDB_BREAK_HARD;
}

static size_t point_find(const struct gdb_machine *target, const struct gdb_point *point)
{
    size_t at = 0;
    while (at < target->point_count &&
           (target->points[at].point.kind != point->kind ||
            target->points[at].point.addr != point->addr ||
            (!is_break(point) && target->points[at].point.size_bytes != point->size_bytes)))
        at++;
    return at;
}

/* What is watched are the bytes of RAM that the addresses mean now. */
static bool watch_resolve(struct gdb_machine *target, struct machine_point *one)
{
    size_t part;
    uint64_t last, size_bytes = one->point.size_bytes;
    if (size_bytes == 0 || size_bytes > CPU_WATCH_BYTES_MAX)
        return false;
    return memory_at(target, 0, false, one->point.addr, &part, &one->physical) &&
           memory_at(target, 0, false, one->point.addr + size_bytes - 1, &part, &last) &&
           last == one->physical + size_bytes - 1;
}

/* Can it be done at all? Else gdb goes step by step, and compares. */
static bool watch_try(struct gdb_machine *target, const struct machine_point *one)
{
    struct cpu_debug debug = {.watch_count = 1};
    debug.watches[0] = (struct cpu_watch){.addr = one->physical,
                                          .size_bytes = one->point.size_bytes, .on_write = true};
    target->cpu_clean = false;
    bool can = cpu_debug_set(target->cpu, &debug);
    points_clear(target);
    return can;
}

static enum gdb_answer point_add(void *context, const struct gdb_point *point)
{
    struct gdb_machine *target = context;
    struct machine_point one = {.point = *point};
    bool breaks = is_break(point);
    size_t watches = target->point_count - target->break_count;
    if (point_find(target, point) < target->point_count)
        return GDB_DONE;
    if (breaks ? target->break_count == CPU_BREAKS_MAX : watches == CPU_WATCHES_MAX)
        return GDB_REFUSED;
    if (!breaks && !watch_resolve(target, &one))
        return GDB_REFUSED;
    if (!breaks && !watch_try(target, &one))
        return GDB_UNKNOWN;
    target->points[target->point_count++] = one;
    target->break_count += breaks;
    return GDB_DONE;
}

static enum gdb_answer point_remove(void *context, const struct gdb_point *point)
{
    struct gdb_machine *target = context;
    size_t at = point_find(target, point);
    if (at == target->point_count)
        return GDB_REFUSED;
    target->break_count -= is_break(point);
    target->points[at] = target->points[--target->point_count];
    return GDB_DONE;
}

void points_set(struct gdb_machine *target, bool breaks)
{
    struct cpu_debug debug = {.break_count = 0};
    for (size_t i = 0; i < target->point_count; i++) {
        const struct machine_point *one = &target->points[i];
        enum gdb_point_kind kind = one->point.kind;
        if (is_break(&one->point)) {
            if (breaks)
                debug.breaks[debug.break_count++] = one->point.addr;
            continue;
        }
        debug.watches[debug.watch_count++] = (struct cpu_watch){
            .addr = one->physical, .size_bytes = one->point.size_bytes,
            .on_read = kind != GDB_WATCH, .on_write = kind != GDB_WATCH_READ};
    }
    bool set = cpu_debug_set(target->cpu, &debug);
    assert(set); /* what cannot be watched is no point: watch_try() */
    target->cpu_clean = false;
}

void points_clear(struct gdb_machine *target)
{
    if (target->cpu_clean)
        return;
    bool set = cpu_debug_set(target->cpu, NULL);
    assert(set);
    target->cpu_clean = true;
}

struct gdb_stop points_hit(const struct gdb_machine *target)
{
    struct cpu_hit hit = cpu_debug_hit(target->cpu);
    struct gdb_stop stop = {.kind = GDB_STOP_STEP};
    size_t watches = 0;
    if (hit.kind == CPU_HIT_EVENTS)
        return stop;
    stop.kind = hit.kind == CPU_HIT_BREAK ? GDB_STOP_BREAK : GDB_STOP_WATCH;
    for (size_t i = 0; i < target->point_count; i++) {
        const struct machine_point *one = &target->points[i];
        bool breaks = is_break(&one->point);
        if (breaks ? hit.kind == CPU_HIT_BREAK && one->point.addr == hit.addr
                   : hit.kind == CPU_HIT_WATCH && watches == hit.index) {
            stop.point = one->point.kind;
            stop.addr = breaks ? hit.addr : one->point.addr + (hit.addr - one->physical);
            return stop;
        }
        watches += !breaks;
    }
    assert(!"what was hit is one of the points");
    return stop;
}

/* --- making it --- */

struct gdb_machine *gdb_machine_create(const struct gdb_machine_config *config)
{
    struct gdb_machine *target = memory_zeroed(1, sizeof(*target));
    assert(config->timeline || config->run);
    target->config = *config;
    target->machine = config->machine;
    target->cpu = machine_cpu(config->machine);
    target->cpu_clean = true;
    domain_names_read(target->machine, &target->names);
    domains_find(target);
    return target;
}

void ledger_leave(struct gdb_machine *target)
{
    ledger_close(target->ledger);
    target->ledger = NULL;
}

void gdb_machine_leave(struct gdb_machine *target)
{
    target->point_count = target->break_count = 0;
    target->at = 0;
    points_clear(target);
}

void gdb_machine_destroy(struct gdb_machine *target)
{
    if (!target)
        return;
    gdb_machine_leave(target);
    ledger_leave(target);
    elf_file_finish(&target->kernel);
    free(target);
}

#define OPS(can_go_back)                                                                           \
    {                                                                                              \
        .registers = registers, .register_count = sizeof(registers) / sizeof(registers[0]),        \
        .plain_count = NUMBER_PC + 1, .pc = NUMBER_PC, .back = (can_go_back),                      \
        .register_read = register_read, .register_write = register_write,                          \
        .memory_read = memory_read, .memory_write = memory_write, .regions = regions,              \
        .thread_now = domains_now, .threads = domains_list, .point_add = point_add,                \
        .point_remove = point_remove, .start = move_start, .go_on = move_on,                       \
        .interrupt = move_interrupt, .monitor = monitor_answer,                                    \
    }

const struct gdb_ops *gdb_machine_ops(bool back)
{
    static const struct gdb_ops forward = OPS(false), both = OPS(true);
    return back ? &both : &forward;
}
