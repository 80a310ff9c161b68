/* SPDX-License-Identifier: GPL-2.0-or-later */
/* timing_guest.c - see timing_guest.h.
 *
 * Two kinds of guests. A pair is two bodies of as many instructions, which differ in what is to be
 * seen: one uses a result and one does not, or one flushes and one does not. A round is a loop over
 * lines of memory at some distance, as against one that stays where it is. In both, everything is
 * done some times, so that code and predictions are known, and the last time counts.
 *
 * Sizes are seen at their ends: the smallest that no longer fits.
 */
#include "bench/timing_guest.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "emulator/base/bytes.h"
#include "emulator/cpu.h"

#define RAM_BASE UINT64_C(0x80000000)
#define RAM_BYTES (UINT64_C(64) << 20)
#define TABLES UINT64_C(0x80100000) /* root, middle, leaf */
#define CODE UINT64_C(0x80200000)
#define DATA UINT64_C(0x80400000)
#define PAGE_BYTES 4096u
#define WORDS_MAX 2048u
#define PASSES 6u
#define RUN_MAX 1000000u

enum reg { ZERO = 0, RA = 1, SP = 2, T0 = 5, T1 = 6, T2 = 7, S0 = 8, S1 = 9, A0 = 10, A1 = 11,
           S2 = 18, S3 = 19, T3 = 28, T4 = 29, T5 = 30, T6 = 31 };

/* Instruction words, volume I (20191213) section 2.2. */
#define R_TYPE(seven, rs2, rs1, three, rd, opcode)                                                 \
    ((uint32_t)(seven) << 25 | (uint32_t)(rs2) << 20 | (uint32_t)(rs1) << 15 |                     \
     (uint32_t)(three) << 12 | (uint32_t)(rd) << 7 | (opcode))
#define I_TYPE(immediate, rs1, three, rd, opcode)                                                  \
    R_TYPE(((immediate)&0xfff) >> 5, (immediate)&31, rs1, three, rd, opcode)
#define S_TYPE(rs2, rs1, three, opcode) R_TYPE(0, rs2, rs1, three, 0, opcode)
#define ADD(rd, rs1, rs2) R_TYPE(0, rs2, rs1, 0, rd, 0x33u)
#define ADDI(rd, rs1, immediate) I_TYPE(immediate, rs1, 0, rd, 0x13u)
#define SUB(rd, rs1, rs2) R_TYPE(0x20, rs2, rs1, 0, rd, 0x33u)
#define NOP ADDI(ZERO, ZERO, 0)
#define LD(rd, immediate, rs1) I_TYPE(immediate, rs1, 3, rd, 0x03u)
#define SD(rs2, rs1) S_TYPE(rs2, rs1, 3, 0x23u)
#define CSRR(rd, csr) I_TYPE(csr, ZERO, 2, rd, 0x73u)
#define CSRW(csr, rs1) I_TYPE(csr, rs1, 1, ZERO, 0x73u)
#define CSRS(csr, rs1) I_TYPE(csr, rs1, 2, ZERO, 0x73u)
#define JALR(rd, rs1) I_TYPE(0, rs1, 0, rd, 0x67u)
#define AUIPC(rd) ((uint32_t)(rd) << 7 | 0x17u)
#define ECALL 0x00000073u
#define SRET 0x10200073u
#define FENCE 0x0ff0000fu
#define FENCE_I 0x0000100fu
#define SFENCE_VMA 0x12000073u
#define CSR_SSTATUS 0x100
#define CSR_SSCRATCH 0x140
#define CSR_SEPC 0x141
#define CSR_SATP 0x180
#define CSR_CYCLE 0xc00
#define SSTATUS_SPP 0x100u
#define SSTATUS_FS 0x6000u
/* Results in T1 or ft1; used or not by what comes behind. */
#define USE ADD(T2, T1, T1)
#define DO_NOT_USE ADD(T2, T3, T3)
#define FLOAT(seven, rs2) R_TYPE(seven, rs2, 0, 7, 1, 0x53u)
#define FLOAT_USE S_TYPE(1, A1, 3, 0x27u) /* fsd ft1, 0(a1) */
#define FLOAT_DO_NOT_USE S_TYPE(3, A1, 3, 0x27u)

struct guest {
    uint32_t words[WORDS_MAX];
    unsigned count;
};

static void emit(struct guest *guest, uint32_t word)
{
    assert(guest->count < WORDS_MAX);
    guest->words[guest->count++] = word;
}

static uint32_t branch_word(unsigned three, enum reg rs1, enum reg rs2, int bytes)
{
    uint32_t offset = (uint32_t)bytes;
    return R_TYPE((offset >> 12 & 1) << 6 | (offset >> 5 & 63), rs2, rs1, three,
                  (offset & 30) | (offset >> 11 & 1), 0x63u);
}

static uint32_t jump_word(enum reg rd, int bytes)
{
    uint32_t offset = (uint32_t)bytes;
    return (offset >> 20 & 1) << 31 | (offset >> 1 & 1023) << 21 | (offset >> 11 & 1) << 20 |
           (offset >> 12 & 255) << 12 | (uint32_t)rd << 7 | 0x6fu;
}

static int distance(unsigned from, unsigned to)
{
    return 4 * ((int)to - (int)from);
}

/* What every guest does first and last; in between, all passes. Returns where a pass begins. */
static unsigned begin(struct guest *guest)
{
    guest->count = 0;
    emit(guest, CSRS(CSR_SSTATUS, T5));
    emit(guest, CSRW(CSR_SATP, A0));
    emit(guest, ADDI(S3, ZERO, PASSES));
    return guest->count;
}

static void end(struct guest *guest, unsigned pass)
{
    emit(guest, ADDI(S2, S2, 1));
    emit(guest, branch_word(1, S2, S3, distance(guest->count, pass)));
    emit(guest, SUB(A0, S1, S0));
    emit(guest, ECALL);
}

/* --- running
 * -------------------------------------------------------------------------------------- */

struct bed {
    struct cpu *cpu;
    uint64_t result;
    bool ended;
};

static bool no_read(void *context, uint64_t addr, unsigned size_bytes, uint64_t *value)
{
    (void)context;
    (void)addr;
    (void)size_bytes;
    *value = 0;
    return false;
}

static bool no_write(void *context, uint64_t addr, unsigned size_bytes, uint64_t value)
{
    (void)context;
    (void)addr;
    (void)size_bytes;
    (void)value;
    return false;
}

static void firmware(void *context, const uint64_t args[8], uint64_t result[2])
{
    struct bed *bed = context;
    bed->result = result[0] = args[0];
    bed->ended = true;
    cpu_stop(bed->cpu);
}

static uint64_t no_time(void *context)
{
    (void)context;
    return 0;
}

static void no_deadline(void *context)
{
    (void)context;
}

static bool no_idle(void *context)
{
    (void)context;
    return false;
}

static bool bed_make(struct bed *bed, enum timing_model model, struct error *error)
{
    const struct cpu_config config = {.ram_base = RAM_BASE, .ram_bytes = RAM_BYTES,
                                      .timing = model};
    const struct cpu_bus bus = {.context = bed, .read = no_read, .write = no_write,
                                .sbi_call = firmware, .time = no_time, .deadline = no_deadline,
                                .idle = no_idle};
    *bed = (struct bed){.cpu = NULL};
    return cpu_create(&bed->cpu, &config, &bus, error);
}

static void poke(struct bed *bed, uint64_t addr, uint64_t value)
{
    store_u64(cpu_ram(bed->cpu) + (addr - RAM_BASE), value);
}

/* Sv39: code in a page of 2 MiB, data in 512 of 4 KiB, all where they are. Returns satp. */
static uint64_t tables_make(struct bed *bed)
{
    const uint64_t middle = TABLES + PAGE_BYTES, leaf = middle + PAGE_BYTES, all = 0xcf;
    poke(bed, TABLES + 8 * (RAM_BASE >> 30), middle >> 12 << 10 | 1);
    poke(bed, middle + 8 * ((CODE - RAM_BASE) >> 21), CODE >> 12 << 10 | all);
    poke(bed, middle + 8 * ((DATA - RAM_BASE) >> 21), leaf >> 12 << 10 | 1);
    for (uint64_t i = 0; i < 512; i++)
        poke(bed, leaf + 8 * i, (DATA + i * PAGE_BYTES) >> 12 << 10 | all);
    return UINT64_C(8) << 60 | TABLES >> 12;
}

struct parameters {
    uint64_t stride, count; /* of a round */
    bool paged;
};

static bool run(struct bed *bed, const struct guest *guest, const struct parameters *parameters,
                uint64_t *cycles, struct error *error)
{
    struct cpu *cpu = bed->cpu;
    memcpy(cpu_ram(cpu) + (CODE - RAM_BASE), guest->words, sizeof(guest->words));
    cpu_reset(cpu, CODE, parameters->paged ? tables_make(bed) : 0, 0);
    cpu_x_set(cpu, A1, DATA);
    cpu_x_set(cpu, SP, DATA + 2048);
    cpu_x_set(cpu, T5, SSTATUS_FS | SSTATUS_SPP);
    cpu_x_set(cpu, T6, parameters->stride);
    cpu_x_set(cpu, T2, parameters->count);
    bed->ended = false;
    enum cpu_stop stop = cpu_run(cpu, cpu_instructions(cpu) + RUN_MAX);
    if (stop != CPU_STOP_ASKED || !bed->ended)
        return error_set(error, ERROR_FORMAT, "timing: a guest stopped at pc 0x%llx",
                         (unsigned long long)cpu_pc_get(cpu));
    *cycles = bed->result;
    return true;
}

/* --- pairs
 * ---------------------------------------------------------------------------------------- */

#define BODY_MAX 6u
static const struct pair {
    const char *name;
    unsigned more; /* observed: the difference in cycles, and so many */
    unsigned count;
    uint32_t with[BODY_MAX], without[BODY_MAX];
} pairs[] = {
#define LATENCY(word) 1, 2, {(word), USE}, {(word), DO_NOT_USE}
#define FLOAT_LATENCY(word) 1, 2, {(word), FLOAT_USE}, {(word), FLOAT_DO_NOT_USE}
    {"LOAD", LATENCY(LD(T1, 0, A1))},
    {"LOAD_SMALL", LATENCY(I_TYPE(0, A1, 0, T1, 0x03u))},
    {"AMO", LATENCY(R_TYPE(0, T0, A1, 3, T1, 0x2fu))},
    {"MUL", LATENCY(R_TYPE(1, T0, T0, 0, T1, 0x33u))},
    {"DIV", LATENCY(R_TYPE(1, T0, T0, 4, T1, 0x33u))},
    {"DIV_WORD", LATENCY(R_TYPE(1, T0, T0, 4, T1, 0x3bu))},
    {"CSR_READ", LATENCY(CSRR(T1, CSR_SSCRATCH))},
    {"CSR_WRITE", 0, 1, {CSRW(CSR_SSCRATCH, T0)}, {NOP}},
    /* sret goes where nop goes: to what comes behind it */
    {"RETURN", 0, 5,
     {CSRS(CSR_SSTATUS, T5), AUIPC(T1), ADDI(T1, T1, 16), CSRW(CSR_SEPC, T1), SRET},
     {CSRS(CSR_SSTATUS, T5), AUIPC(T1), ADDI(T1, T1, 16), CSRW(CSR_SEPC, T1), NOP}},
    {"FENCE", 0, 1, {FENCE_I}, {NOP}},
    {"SFENCE_WALKS", 0, 1, {SFENCE_VMA}, {FENCE_I}},
    {"FADD_SINGLE", FLOAT_LATENCY(FLOAT(0x00, 0))},
    {"FADD_DOUBLE", FLOAT_LATENCY(FLOAT(0x01, 0))},
    {"FMUL_SINGLE", FLOAT_LATENCY(FLOAT(0x08, 0))},
    {"FMUL_DOUBLE", FLOAT_LATENCY(FLOAT(0x09, 0))},
    {"FDIV", FLOAT_LATENCY(FLOAT(0x0c, 0))},
    {"FSQRT_DOUBLE", FLOAT_LATENCY(FLOAT(0x2d, 0))},
    {"FMOVE", LATENCY(R_TYPE(0x71, 0, 0, 0, T1, 0x53u))},
};

static bool body_run(struct bed *bed, const uint32_t *body, unsigned count, uint64_t *cycles,
                     struct error *error)
{
    struct guest guest;
    const struct parameters none = {.count = 0};
    unsigned pass = begin(&guest);
    emit(&guest, FENCE); /* waits for what the pass before left */
    emit(&guest, CSRR(S0, CSR_CYCLE));
    emit(&guest, NOP); /* until that is there */
    emit(&guest, NOP);
    for (unsigned i = 0; i < count; i++)
        emit(&guest, body[i]);
    emit(&guest, CSRR(S1, CSR_CYCLE));
    end(&guest, pass);
    return run(bed, &guest, &none, cycles, error);
}

static bool pair_observe(struct bed *bed, const struct pair *pair, unsigned *observed,
                         struct error *error)
{
    uint64_t with, without;
    if (!body_run(bed, pair->with, pair->count, &with, error) ||
        !body_run(bed, pair->without, pair->count, &without, error))
        return false;
    *observed = (unsigned)(with - without) + pair->more;
    return true;
}

/* --- the predictor
 * -------------------------------------------------------------------------------- */

/* A branch over one instruction; never taken, but if `last`, in the last pass. */
static bool mispredict_observe(struct bed *bed, unsigned *observed, struct error *error)
{
    uint64_t cycles[2];
    for (unsigned last = 0; last < 2; last++) {
        struct guest guest;
        const struct parameters none = {.count = 0};
        unsigned pass = begin(&guest);
        emit(&guest, ADDI(T1, S3, last ? -1 : 1));
        emit(&guest, CSRR(S0, CSR_CYCLE));
        emit(&guest, branch_word(0, S2, T1, 8));
        emit(&guest, NOP);
        emit(&guest, CSRR(S1, CSR_CYCLE));
        end(&guest, pass);
        if (!run(bed, &guest, &none, &cycles[last], error))
            return false;
    }
    *observed = (unsigned)(cycles[1] - cycles[0]) + 1; /* it skips one */
    return true;
}

/* A branch (or jump) that is always taken, and another, never (or always) taken, at a distance. */
static bool two_branches(struct bed *bed, unsigned bytes, bool other_taken, uint64_t *cycles,
                         struct error *error)
{
    struct guest guest;
    const struct parameters none = {.count = 0};
    unsigned pass = begin(&guest), count = bytes / 4, first;
    emit(&guest, CSRR(S0, CSR_CYCLE));
    first = guest.count;
    emit(&guest, branch_word(0, ZERO, ZERO, 8));
    emit(&guest, NOP);
    emit(&guest, CSRR(S1, CSR_CYCLE));
    while (guest.count < first + count)
        emit(&guest, NOP);
    emit(&guest, branch_word(other_taken ? 0 : 1, ZERO, ZERO, 8));
    emit(&guest, NOP);
    end(&guest, pass);
    return run(bed, &guest, &none, cycles, error);
}

/* The smallest distance at which they meet in a table. */
static bool table_observe(struct bed *bed, bool other_taken, unsigned *observed,
                          struct error *error)
{
    uint64_t apart, cycles;
    if (!two_branches(bed, 20, other_taken, &apart, error))
        return false;
    for (unsigned bytes = 16; bytes <= 2048; bytes *= 2) {
        if (!two_branches(bed, bytes, other_taken, &cycles, error))
            return false;
        if (cycles > apart) {
            *observed = bytes / 2;
            return true;
        }
    }
    return error_set(error, ERROR_FORMAT, "timing: a predictor without an end");
}

/* Calls, `depth` deep. */
static bool nest_run(struct bed *bed, unsigned depth, uint64_t *cycles, struct error *error)
{
    struct guest guest;
    const struct parameters none = {.count = 0};
    unsigned pass = begin(&guest), to_end;
    emit(&guest, CSRR(S0, CSR_CYCLE));
    emit(&guest, jump_word(RA, 4 * 7)); /* to the first function */
    emit(&guest, CSRR(S1, CSR_CYCLE));
    to_end = guest.count;
    for (unsigned i = 0; i < 5; i++)
        emit(&guest, NOP); /* the first becomes a jump to the end */
    /* The calls from here on are at odd words, and the jumps of the pass at different even ones:
     * apart in the table of targets. */
    for (unsigned i = 0; i < depth; i++) {
        emit(&guest, ADDI(SP, SP, -8));
        emit(&guest, SD(RA, SP));
        emit(&guest, i + 1 < depth ? jump_word(RA, 4 * 4) : NOP);
        emit(&guest, LD(RA, 0, SP));
        emit(&guest, ADDI(SP, SP, 8));
        emit(&guest, JALR(ZERO, RA));
    }
    while (guest.count % (TIMING_TARGETS / 2) != TIMING_TARGETS / 2 - 1 - to_end)
        emit(&guest, NOP);
    guest.words[to_end] = jump_word(ZERO, distance(to_end, guest.count));
    end(&guest, pass);
    return run(bed, &guest, &none, cycles, error);
}

static bool returns_observe(struct bed *bed, unsigned *observed, struct error *error)
{
    uint64_t before, cycles, step = 0;
    if (!nest_run(bed, 1, &before, error))
        return false;
    for (unsigned depth = 2; depth < 20; depth++) {
        if (!nest_run(bed, depth, &cycles, error))
            return false;
        if (step != 0 && cycles - before > step) {
            *observed = depth - 1;
            return true;
        }
        step = cycles - before;
        before = cycles;
    }
    return error_set(error, ERROR_FORMAT, "timing: a return stack without an end");
}

/* --- memory
 * --------------------------------------------------------------------------------------- */

/* The cycles of a round of `count` loads at a stride beyond those of loads from one place. */
static bool round_run(struct bed *bed, uint64_t stride, unsigned count, bool paged, bool cold,
                      uint64_t *extra, struct error *error)
{
    uint64_t cycles[2];
    for (unsigned moving = 0; moving < 2; moving++) {
        struct guest guest;
        const struct parameters parameters = {.stride = moving ? stride : 0, .count = count,
                                              .paged = paged};
        unsigned pass = begin(&guest), loop;
        if (cold)
            guest.words[pass - 1] = ADDI(S3, ZERO, 1);
        emit(&guest, ADDI(T0, A1, 0));
        emit(&guest, ADDI(T4, T2, 0));
        emit(&guest, CSRR(S0, CSR_CYCLE));
        loop = guest.count;
        emit(&guest, LD(T1, 0, T0));
        emit(&guest, ADD(T0, T0, T6));
        emit(&guest, ADDI(T4, T4, -1));
        emit(&guest, branch_word(1, T4, ZERO, distance(guest.count, loop)));
        emit(&guest, CSRR(S1, CSR_CYCLE));
        end(&guest, pass);
        if (!run(bed, &guest, &parameters, &cycles[moving], error))
            return false;
    }
    *extra = cycles[1] - cycles[0];
    return true;
}

#define FAR (UINT64_C(1) << 20)  /* one set of L1, and one of L2 */
#define NEAR (UINT64_C(32) << 10) /* one of L1, some of L2 */
#define MANY (TIMING_L1_WAYS + 1) /* more than a set holds; L2's has as many ways */
static_assert(TIMING_L1_WAYS == TIMING_L2_WAYS, "MANY is for both");

/* The greatest count of loads at a stride that costs no more than `most` each. */
static bool count_observe(struct bed *bed, uint64_t stride, bool paged, uint64_t most,
                          unsigned *observed, struct error *error)
{
    for (unsigned count = 1; count < 64; count++) {
        uint64_t extra;
        if (!round_run(bed, stride, count, paged, false, &extra, error))
            return false;
        if (extra > most * count) {
            *observed = count - 1;
            return true;
        }
    }
    return error_set(error, ERROR_FORMAT, "timing: memory without an end");
}

/* The smallest stride, in lines, at which MANY loads cost more than `most` each. */
static bool sets_observe(struct bed *bed, uint64_t most, unsigned *observed, struct error *error)
{
    for (uint64_t stride = TIMING_LINE; stride <= FAR; stride *= 2) {
        uint64_t extra;
        if (!round_run(bed, stride, MANY, false, false, &extra, error))
            return false;
        if (extra > most * MANY) {
            *observed = (unsigned)(stride / TIMING_LINE);
            return true;
        }
    }
    return error_set(error, ERROR_FORMAT, "timing: memory without an end");
}

/* What each of `count` loads costs. */
static bool each_observe(struct bed *bed, uint64_t stride, unsigned count, bool paged,
                         unsigned *observed, struct error *error)
{
    uint64_t extra;
    if (!round_run(bed, stride, count, paged, false, &extra, error))
        return false;
    *observed = (unsigned)(extra / count);
    return extra % count == 0 || error_set(error, ERROR_FORMAT, "timing: uneven");
}

/* Lines that 64 double words lie in, all new. */
static bool line_observe(struct bed *bed, unsigned *observed, struct error *error)
{
    uint64_t extra;
    if (!round_run(bed, 8, 64, false, true, &extra, error))
        return false;
    *observed = (unsigned)(8 * 64 / (extra / (TIMING_L2 + TIMING_DRAM) + 1));
    return true;
}

static bool memory_observe(struct bed *bed, const char *name, unsigned *observed,
                           struct error *error)
{
    const uint64_t pages = PAGE_BYTES + TIMING_LINE; /* each in a set of L1 of its own */
    bool good = true;
    if (strcmp(name, "LINE") == 0)
        return line_observe(bed, observed, error);
    if (strcmp(name, "L1_WAYS") == 0)
        return count_observe(bed, NEAR, false, 0, observed, error);
    if (strcmp(name, "L1_SETS") == 0)
        return sets_observe(bed, 0, observed, error);
    if (strcmp(name, "L2_WAYS") == 0)
        return count_observe(bed, FAR, false, TIMING_L2, observed, error);
    if (strcmp(name, "L2_SETS") == 0)
        return sets_observe(bed, TIMING_L2, observed, error);
    if (strcmp(name, "L2") == 0)
        return each_observe(bed, NEAR, MANY, false, observed, error);
    if (strcmp(name, "TLB") == 0)
        return count_observe(bed, pages, true, 0, observed, error);
    if (strcmp(name, "DRAM") == 0) {
        good = each_observe(bed, FAR, MANY, false, observed, error);
        *observed -= TIMING_L2;
    } else if (strcmp(name, "WALK") == 0) {
        good = each_observe(bed, pages, TIMING_TLB + 1, true, observed, error);
        *observed /= 3; /* levels of Sv39 */
    } else {
        return error_set(error, ERROR_FORMAT, "timing: nobody observes %s", name);
    }
    return good;
}

static bool observe(struct bed *bed, const char *name, unsigned *observed, struct error *error)
{
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
        if (strcmp(pairs[i].name, name) == 0)
            return pair_observe(bed, &pairs[i], observed, error);
    if (strcmp(name, "MISPREDICT") == 0)
        return mispredict_observe(bed, observed, error);
    if (strcmp(name, "DIRECTIONS") == 0)
        return table_observe(bed, false, observed, error);
    if (strcmp(name, "TARGETS") == 0)
        return table_observe(bed, true, observed, error);
    if (strcmp(name, "RETURNS") == 0)
        return returns_observe(bed, observed, error);
    return memory_observe(bed, name, observed, error);
}

bool timing_observe(const struct timing_row *row, unsigned *observed, struct error *error)
{
    struct bed bed;
    assert(row);
    *observed = 0;
    if (!bed_make(&bed, row->model, error))
        return false;
    bool good = observe(&bed, row->name, observed, error);
    cpu_destroy(bed.cpu);
    return good;
}
