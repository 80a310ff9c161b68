/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cpu_calibrate.c - where the engine keeps its registers, found out by watching it.
 *
 * Called by cpu.c at every cpu_create(); calls Unicorn. A context of the engine is a plain copy of
 * its CPU state. Each register is given two different values (through the engine's interface, or by
 * executing an instruction); the one word of the context that shows both is the register. Nothing
 * here knows a structure of the engine, so another build either passes or is refused.
 *
 * Invariants
 *  1. A layout is only accepted when every register was found at exactly one word.
 *  2. The scratch engine is closed whatever happens, and no state survives the call.
 */
#include <assert.h>
#include <malloc.h>
#include <string.h>

#include <unicorn/unicorn.h>

#include "emulator/cpu_engine.h"

/* The engine takes functions as void pointers, which ISO C does not convert. */
#define HOOK(function) (__extension__(void *)(function))

#define SCRATCH_BASE 0x10000u
#define SCRATCH_BYTES 0x10000u
#define CODE_AT 0x10000u
#define DATA_AT 0x11000u
#define WORDS_MAX 4096u
#define INSN_MRET 0x30200073u
#define INSN_SRET 0x10200073u
#define INSN_JUMP_8 0x0080006fu /* j . + 8 */
#define INSN_LR_W 0x1005a52fu   /* lr.w a0, (a1) */
#define PRIVILEGE_MACHINE 3u

struct scratch {
    uc_engine *engine;
    uc_context *context;
    uint64_t *words;
    unsigned word_count;
    const char *missing; /* what was not found; NULL: all well */
    bool candidate[WORDS_MAX];
};

static void snapshot(struct scratch *scratch)
{
    if (uc_context_save(scratch->engine, scratch->context) != UC_ERR_OK)
        scratch->missing = "context";
}

static void begin(struct scratch *scratch)
{
    memset(scratch->candidate, 1, sizeof(scratch->candidate));
}

static void keep(struct scratch *scratch, uint64_t value)
{
    snapshot(scratch);
    for (unsigned i = 0; i < scratch->word_count; i++)
        scratch->candidate[i] = scratch->candidate[i] && scratch->words[i] == value;
}

static unsigned only(struct scratch *scratch, const char *what)
{
    unsigned found = 0, count = 0;
    for (unsigned i = 0; i < scratch->word_count; i++)
        if (scratch->candidate[i]) {
            found = i;
            count++;
        }
    if (count != 1 && !scratch->missing)
        scratch->missing = what;
    return found;
}

static void reg_set(struct scratch *scratch, int reg, uint64_t value)
{
    if (uc_reg_write(scratch->engine, reg, &value) != UC_ERR_OK)
        scratch->missing = "register interface";
}

static uint64_t reg_get(struct scratch *scratch, int reg)
{
    uint64_t value = 0;
    if (uc_reg_read(scratch->engine, reg, &value) != UC_ERR_OK)
        scratch->missing = "register interface";
    return value;
}

struct known_register {
    const char *name;
    size_t offset; /* in struct engine_layout */
    int reg;
    uint64_t first, second, rest; /* two legal values; the value to leave behind */
};

/* A member of the layout is named like its register. */
#define KNOWN(member) #member, offsetof(struct engine_layout, member)

static const struct known_register known_registers[] = {
    {KNOWN(pc), UC_RISCV_REG_PC, 0x12340, 0x15678, CODE_AT},
    {KNOWN(satp), UC_RISCV_REG_SATP, 0x800012300abcdef1, 0x8000321007654321, 0},
    {KNOWN(sepc), UC_RISCV_REG_SEPC, 0x1111222233334440, 0x5111222233334448, 0},
    {KNOWN(scause), UC_RISCV_REG_SCAUSE, 0x1211222233334440, 0x5121222233334448, 0},
    {KNOWN(stval), UC_RISCV_REG_STVAL, 0x1221222233334440, 0x5122222233334448, 0},
    {KNOWN(stvec), UC_RISCV_REG_STVEC, 0x1222222233334440, 0x5122222233335448, 0},
    {KNOWN(sscratch), UC_RISCV_REG_SSCRATCH, 0x1322222233334440, 0x5132222233334448, 0},
    {KNOWN(scounteren), UC_RISCV_REG_SCOUNTEREN, 0x5, 0x2, 0},
    {KNOWN(mideleg), UC_RISCV_REG_MIDELEG, 0x222, 0x202, 0},
    {KNOWN(mie), UC_RISCV_REG_MIE, 0x0a0, 0x220, 0},
    {KNOWN(mip), UC_RISCV_REG_MIP, 0x220, 0x022, 0},
};

static void find_known(struct scratch *scratch, struct engine_layout *layout)
{
    for (size_t i = 0; i < sizeof(known_registers) / sizeof(known_registers[0]); i++) {
        const struct known_register *known = &known_registers[i];
        begin(scratch);
        reg_set(scratch, known->reg, known->first);
        keep(scratch, known->first);
        reg_set(scratch, known->reg, known->second);
        keep(scratch, known->second);
        unsigned index = only(scratch, known->name);
        memcpy((char *)layout + known->offset, &index, sizeof(index));
        reg_set(scratch, known->reg, known->rest);
    }
}

/* x1..x31 and f0..f31: distinct values, which must lie in order. */
static void find_files(struct scratch *scratch, struct engine_layout *layout)
{
    const uint64_t step = 0x101, x_magic = 0x1122334400000000, f_magic = 0x55aa334400000000;
    for (unsigned i = 0; i < 32; i++) {
        if (i > 0)
            reg_set(scratch, UC_RISCV_REG_X0 + (int)i, x_magic + i * step);
        reg_set(scratch, UC_RISCV_REG_F0 + (int)i, f_magic + i * step);
    }
    begin(scratch);
    keep(scratch, x_magic + step);
    layout->x1 = only(scratch, "x1");
    begin(scratch);
    keep(scratch, f_magic);
    layout->f0 = only(scratch, "f0");
    if (scratch->missing || layout->x1 + 31 > scratch->word_count ||
        layout->f0 + 32 > scratch->word_count) {
        scratch->missing = scratch->missing ? scratch->missing : "register files";
        return;
    }
    for (unsigned i = 0; i < 32; i++) {
        if (i > 0 && scratch->words[layout->x1 + i - 1] != x_magic + i * step)
            scratch->missing = "x registers";
        if (scratch->words[layout->f0 + i] != f_magic + i * step)
            scratch->missing = "f registers";
    }
}

/* mstatus has fixed bits: compare with what reads back. */
static void find_mstatus(struct scratch *scratch, struct engine_layout *layout)
{
    begin(scratch);
    reg_set(scratch, UC_RISCV_REG_MSTATUS, 0x40000);
    keep(scratch, reg_get(scratch, UC_RISCV_REG_MSTATUS));
    reg_set(scratch, UC_RISCV_REG_MSTATUS, 0x80122);
    keep(scratch, reg_get(scratch, UC_RISCV_REG_MSTATUS));
    layout->mstatus = only(scratch, "mstatus");
    reg_set(scratch, UC_RISCV_REG_MSTATUS, 0);
}

/* One instruction in M-mode, at CODE_AT. */
static void run_one(struct scratch *scratch, uint32_t insn)
{
    uc_engine *engine = scratch->engine;
    if (uc_mem_write(engine, CODE_AT, &insn, sizeof(insn)) != UC_ERR_OK ||
        uc_ctl_remove_cache(engine, CODE_AT, CODE_AT + 4) != UC_ERR_OK ||
        uc_emu_start(engine, CODE_AT, CODE_AT + 4, 0, 0) != UC_ERR_OK)
        scratch->missing = "execution";
}

/* mret to S, then sret to U: the word that goes 3, 1, 0. */
static void find_privilege(struct scratch *scratch, struct engine_layout *layout)
{
    begin(scratch);
    keep(scratch, PRIVILEGE_MACHINE);
    reg_set(scratch, UC_RISCV_REG_MEPC, CODE_AT + 4);
    reg_set(scratch, UC_RISCV_REG_MSTATUS, 1 << 11); /* MPP = S */
    reg_set(scratch, UC_RISCV_REG_SEPC, CODE_AT + 4);
    run_one(scratch, INSN_MRET);
    keep(scratch, 1);
    run_one(scratch, INSN_SRET);
    keep(scratch, 0);
    layout->privilege = only(scratch, "privilege");
    if (scratch->missing)
        return;
    /* The proof: patched back to M, a CSR can be written again. */
    scratch->words[layout->privilege] = PRIVILEGE_MACHINE;
    if (uc_context_restore(scratch->engine, scratch->context) != UC_ERR_OK)
        scratch->missing = "context";
    reg_set(scratch, UC_RISCV_REG_SSCRATCH, 0x77aa);
    if (reg_get(scratch, UC_RISCV_REG_SSCRATCH) != 0x77aa)
        scratch->missing = "privilege";
}

static void on_exception(uc_engine *engine, uint32_t number, void *data)
{
    (void)number;
    (void)data;
    (void)uc_emu_stop(engine);
}

/* lr.w: misaligned for the bad address; aligned for the reservation's address and value. */
static void find_reservation(struct scratch *scratch, struct engine_layout *layout)
{
    static const uint32_t values[2] = {0x13572468, 0x24681357};
    uc_hook hook = 0;
    if (uc_hook_add(scratch->engine, &hook, UC_HOOK_INTR, HOOK(on_exception), NULL, 1, 0))
        scratch->missing = "hooks";
    begin(scratch);
    for (unsigned i = 0; i < 2; i++) {
        reg_set(scratch, UC_RISCV_REG_A1, DATA_AT + 0x102 + 0x104 * i);
        run_one(scratch, INSN_LR_W);
        scratch->candidate[layout->x1 + 10] = false; /* a1 itself */
        keep(scratch, DATA_AT + 0x102 + 0x104 * i);
    }
    layout->bad_addr = only(scratch, "bad address");
    bool load_addr[WORDS_MAX];
    memset(load_addr, 1, sizeof(load_addr));
    begin(scratch);
    for (unsigned i = 0; i < 2; i++) {
        uint64_t addr = DATA_AT + 0x200 + 0x104 * i;
        if (uc_mem_write(scratch->engine, addr, &values[i], sizeof(values[i])))
            scratch->missing = "memory";
        reg_set(scratch, UC_RISCV_REG_A1, addr);
        run_one(scratch, INSN_LR_W);
        keep(scratch, values[i]);
        for (unsigned j = 0; j < scratch->word_count; j++)
            load_addr[j] = load_addr[j] && scratch->words[j] == addr;
    }
    scratch->candidate[layout->x1 + 9] = false; /* a0, the register loaded */
    layout->load_value = only(scratch, "reservation value");
    load_addr[layout->x1 + 10] = false;
    memcpy(scratch->candidate, load_addr, sizeof(load_addr));
    layout->load_addr = only(scratch, "reservation address");
}

static void on_block(uc_engine *engine, uint64_t addr, uint32_t size_bytes, void *data)
{
    (void)engine;
    (void)addr;
    (void)size_bytes;
    ++*(unsigned *)data;
}

/* Does a translation keep the user data that the hook had when it was made? Then each block can
 * have its own. layout->hook_data stays 0 when not: slower, and as right. */
static void find_hook_data(struct scratch *scratch, struct engine_layout *layout)
{
    unsigned first = 0, second = 0;
    uc_hook hook = 0;
    if (uc_hook_add(scratch->engine, &hook, UC_HOOK_BLOCK, HOOK(on_block), &first, 1, 0)) {
        scratch->missing = "hooks";
        return;
    }
    uint64_t *words = (uint64_t *)(uintptr_t)hook;
    size_t word_count = malloc_usable_size(words) / sizeof(words[0]);
    unsigned found = 0, count = 0;
    for (unsigned i = 0; i < word_count && i < 16; i++)
        if (words[i] == (uint64_t)(uintptr_t)&first) {
            found = i;
            count++;
        }
    if (count != 1)
        return;
    /* Jumps, because the engine forgets the block in front of the address where it is told to stop.
     */
    const uint32_t code[6] = {INSN_JUMP_8, 0, 0, 0, INSN_JUMP_8, 0};
    if (uc_mem_write(scratch->engine, CODE_AT + 0x100, code, sizeof(code)) != UC_ERR_OK)
        return;
    uc_err error = uc_emu_start(scratch->engine, CODE_AT + 0x100, CODE_AT + 0x108, 0, 0);
    words[found] = (uint64_t)(uintptr_t)&second;
    error |= uc_emu_start(scratch->engine, CODE_AT + 0x110, CODE_AT + 0x118, 0, 0);
    error |= uc_emu_start(scratch->engine, CODE_AT + 0x100, CODE_AT + 0x108, 0, 0);
    if (error == UC_ERR_OK && first == 2 && second == 1)
        layout->hook_data = found;
}

static void find_all(struct scratch *scratch, struct engine_layout *layout)
{
    if (uc_ctl_set_cpu_model(scratch->engine, UC_CPU_RISCV64_SIFIVE_U54) != UC_ERR_OK ||
        uc_mem_map(scratch->engine, SCRATCH_BASE, SCRATCH_BYTES, UC_PROT_ALL) != UC_ERR_OK ||
        uc_context_alloc(scratch->engine, &scratch->context) != UC_ERR_OK) {
        scratch->missing = "engine set-up";
        return;
    }
    scratch->words = (uint64_t *)(void *)scratch->context;
    scratch->word_count = (unsigned)(uc_context_size(scratch->engine) / sizeof(uint64_t));
    if (scratch->word_count > WORDS_MAX) {
        scratch->missing = "context size";
        return;
    }
    layout->word_count = scratch->word_count;
    find_files(scratch, layout);
    if (scratch->missing)
        return;
    find_known(scratch, layout);
    find_mstatus(scratch, layout);
    find_privilege(scratch, layout);
    if (scratch->missing)
        return;
    find_reservation(scratch, layout);
    find_hook_data(scratch, layout);
}

bool engine_calibrate(struct engine_layout *layout, struct error *error)
{
    assert(layout);
    assert(error);
    unsigned major = 0, minor = 0;
    (void)uc_version(&major, &minor);
    *layout = (struct engine_layout){.version = major << 8 | minor};
    struct scratch scratch = {.missing = NULL};
    if (uc_open(UC_ARCH_RISCV, UC_MODE_RISCV64, &scratch.engine) != UC_ERR_OK)
        return error_set(error, ERROR_UNSUPPORTED, "unicorn %u.%u: no RISC-V support", major,
                         minor);
    find_all(&scratch, layout);
    if (scratch.context)
        (void)uc_context_free(scratch.context);
    (void)uc_close(scratch.engine);
    if (scratch.missing)
        return error_set(error, ERROR_UNSUPPORTED, "unicorn %u.%u: calibration did not find %s",
                         major, minor, scratch.missing);
    return true;
}
