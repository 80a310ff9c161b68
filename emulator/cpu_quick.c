/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cpu_quick.c - short cuts through the engine.
 *
 * Engine version 2.0.1 leaves translated code at every CSR access, at sret and at ecall, the last
 * by a long jump, and finds the next block by a search; it ends a block at every CSR access; and it
 * asks after every load and store whether to stop, which also makes it forget what it holds in host
 * registers. A round trip from U to S and back with a full frame (tests/guest/bench_trap.c: 114
 * instructions, 9 of them CSR accesses) took 290 ns of the host: 95 in translated code, 125 in the
 * engine around it, 55 in our hooks and in copying its state, the rest outside. Now it takes 115:
 * 60 in translated code, 20 to find the next block four times, 10 for CSR accesses, 6 for the trap,
 * 6 for block hooks, 4 for sret. As with the stores (cpu_store.c), the functions that decide this
 * are called through the linkage table, so the ones defined here are called instead.
 *
 * While the engine translates:
 *   cpu_lduw_code_riscv64      fetches half an instruction: remember it
 *   translator_loop_riscv64    the loop over the instructions of a block. An access to a CSR that
 *                              is only a value (decode_is_plain_csr) does not end it
 *   tcg_gen_exit_tb_riscv64    the end of a block that returns to the engine: after CSR accesses,
 *                              sret and ecall go on to the next block instead
 *   tcg_gen_callN_riscv64      a call of an engine function from translated code. ecall calls one
 *                              that returns (the one for mret) instead of one that does not
 *   check_exit_request_riscv64 the question after each load and store. It serves a stop from
 *                              memory hooks, of which there are none
 * While translated code runs:
 *   helper_mret_riscv64        mret, which is illegal here; and ecall, which is delivered right
 *                              here if it is from U and nothing else is due, and else takes the
 *                              engine's long way. Both end their block, so the block says which
 *   helper_csrrw_riscv64, helper_csrrs_riscv64, helper_csrrc_riscv64
 *                              CSR accesses: plain ones, and those of sstatus that change no
 *                              translation, are done right here
 *   helper_tlb_flush_riscv64   sfence.vma: the timing model is told; then the engine's own
 *
 * A write of sip keeps the way through the engine, which may take an interrupt there (cpu_trap.c).
 *
 * Called by the engine; quick_*() by cpu.c and cpu_engine.c. When a symbol is missing, with
 * another version, in the slow modes, or when cpu_selftest.c does not find the right results,
 * everything stays as the engine made it: slow, and right.
 *
 * The one thread-local variable is unavoidable: the engine's functions carry no pointer of ours. It
 * is set only for the duration of a run of the engine, so machines stay independent.
 */
#include "emulator/cpu_quick.h"

#include <assert.h>
#include <dlfcn.h>
#include <string.h>

#include "emulator/cpu_decode.h"
#include "emulator/cpu_state.h"

#define CSR_SSTATUS 0x100u
#define CSR_SSCRATCH 0x140u
#define MSTATUS_XS (UINT64_C(3) << 15)
/* What sstatus shows of mstatus. XS is always zero here. */
#define SSTATUS_SHOWN                                                                              \
    (MSTATUS_SIE | MSTATUS_SPIE | MSTATUS_SPP | MSTATUS_FS | MSTATUS_SUM | MSTATUS_MXR | MSTATUS_SD)
#define SSTATUS_SWITCHES (MSTATUS_SIE | MSTATUS_SPIE | MSTATUS_SPP)

static _Thread_local struct cpu *entered;

/* What the engine calls. Declared here: no header has them. */
#define INTERPOSED __attribute__((visibility("default")))
INTERPOSED void check_exit_request_riscv64(void *context);
INTERPOSED void tcg_gen_exit_tb_riscv64(void *context, void *block, unsigned index);
INTERPOSED void tcg_gen_callN_riscv64(void *context, void *function, void *result, int count,
                                      void **arguments);
INTERPOSED uint32_t cpu_lduw_code_riscv64(void *state, uint64_t addr);
INTERPOSED void translator_loop_riscv64(const struct quick_translator *translator,
                                        void *translation, void *engine_cpu, void *block, int max);
INTERPOSED uint64_t helper_mret_riscv64(void *state, uint64_t pc);
INTERPOSED uint64_t helper_csrrw_riscv64(void *state, uint64_t value, uint64_t csr);
INTERPOSED uint64_t helper_csrrs_riscv64(void *state, uint64_t value, uint64_t csr,
                                         uint64_t writes);
INTERPOSED uint64_t helper_csrrc_riscv64(void *state, uint64_t value, uint64_t csr,
                                         uint64_t writes);
INTERPOSED void helper_tlb_flush_riscv64(void *state);

/* Object and function pointers are not convertible in C17; POSIX promises that this works. */
static bool find(const char *name, void *function, size_t size_bytes)
{
    void *symbol = dlsym(RTLD_NEXT, name);
    assert(size_bytes == sizeof(symbol));
    memcpy(function, &symbol, size_bytes);
    return symbol != NULL;
}

#define FIND(name, function) find(name, &(function), sizeof(function))

static bool find_all(struct quick_engine *engine)
{
    bool found = FIND("check_exit_request_riscv64", engine->check_exit);
    found &= FIND("tcg_gen_exit_tb_riscv64", engine->exit_block);
    found &= FIND("tcg_gen_lookup_and_goto_ptr_riscv64", engine->go_to_next);
    found &= FIND("tcg_gen_callN_riscv64", engine->call);
    found &= FIND("cpu_lduw_code_riscv64", engine->fetch);
    found &= FIND("translator_loop_riscv64", engine->loop);
    found &= FIND("helper_raise_exception_riscv64", engine->raise);
    found &= FIND("helper_mret_riscv64", engine->machine_return);
    found &= FIND("helper_csrrw_riscv64", engine->csr_write);
    found &= FIND("helper_csrrs_riscv64", engine->csr_set);
    found &= FIND("helper_csrrc_riscv64", engine->csr_clear);
    found &= FIND("helper_tlb_flush_riscv64", engine->tlb_flush);
    return found;
}

void quick_init(struct quick *quick, bool wanted)
{
    assert(quick);
    *quick = (struct quick){.on = false};
    quick->on = find_all(&quick->engine) && wanted;
}

struct cpu *quick_enter(struct cpu *cpu)
{
    struct cpu *previous = entered;
    entered = cpu;
    return previous;
}

void quick_leave(struct cpu *previous)
{
    entered = previous;
}

static struct quick *quick_now(void)
{
    return entered && entered->quick.on ? &entered->quick : NULL;
}

/* Outside quick_enter() - calibration, bring-up - names are looked up each time. */
#define ENGINE(name, member)                                                                       \
    __extension__({                                                                                \
        __typeof__(((struct quick_engine *)NULL)->member) function_ = NULL;                        \
        if (entered)                                                                               \
            function_ = entered->quick.engine.member;                                              \
        else                                                                                       \
            (void)FIND(name, function_);                                                           \
        assert(function_);                                                                         \
        function_;                                                                                 \
    })

/* --- translation
 * ---------------------------------------------------------------------------------- */

/* How the state of the engine's loop begins. Whether it does is checked before it is relied on. */
struct translation {
    void *block;
    uint64_t first, next; /* addresses: of the block, of this instruction */
    int end;              /* is this instruction the last? */
};
#define END_NOT_YET 0
#define END_HERE 2 /* and code to leave the block has been made */

uint32_t cpu_lduw_code_riscv64(void *state, uint64_t addr)
{
    uint32_t half = ENGINE("cpu_lduw_code_riscv64", fetch)(state, addr) & UINT16_MAX;
    struct quick *quick = quick_now();
    if (!quick)
        return half;
    if (addr == quick->insn_addr + 2 && decode_length((uint16_t)quick->insn) == 4) {
        quick->insn = (uint16_t)quick->insn | half << 16;
    } else {
        quick->insn_addr = addr;
        quick->insn = half;
    }
    return half;
}

static void translate(void *translation, void *engine_cpu)
{
    struct quick *quick = quick_now();
    assert(quick);
    struct translation *now = translation;
    /* The next instruction must lie in the page where the block begins. */
    quick->may_go_on = now->block == quick->block && now->end == END_NOT_YET &&
                       (now->next + 4) / PAGE_BYTES == now->first / PAGE_BYTES;
    quick->goes_on = false;
    quick->translator->translate(translation, engine_cpu);
    if (!quick->goes_on)
        return;
    assert(now->end == END_HERE);
    now->end = END_NOT_YET;
}

void translator_loop_riscv64(const struct quick_translator *translator, void *translation,
                             void *engine_cpu, void *block, int max)
{
    struct quick *quick = quick_now();
    if (!quick) {
        ENGINE("translator_loop_riscv64", loop)(translator, translation, engine_cpu, block, max);
        return;
    }
    struct quick_translator ours = *translator;
    ours.translate = translate;
    quick->translator = translator;
    quick->block = block;
    quick->insn_addr = quick->insn = 0;
    quick->engine.loop(&ours, translation, engine_cpu, block, max);
}

void tcg_gen_exit_tb_riscv64(void *context, void *block, unsigned index)
{
    struct quick *quick = quick_now();
    if (quick && !block) {
        uint32_t insn = quick->insn;
        bool plain = decode_is_plain_csr(insn);
        if (plain && quick->may_go_on) {
            quick->goes_on = true;
            return;
        }
        bool system = decode_is_system(insn) && !decode_writes_sip(insn);
        if (plain || system || decode_is_ecall(insn)) {
            quick->engine.go_to_next(context);
            return;
        }
    }
    ENGINE("tcg_gen_exit_tb_riscv64", exit_block)(context, block, index);
}

/* A function in the form in which translated code is told of it. */
static void *code_address(uint64_t (*function)(void *, uint64_t))
{
    void *address;
    memcpy(&address, &function, sizeof(address));
    return address;
}

void tcg_gen_callN_riscv64(void *context, void *function, void *result, int count, void **arguments)
{
    struct quick *quick = quick_now();
    if (quick && decode_is_ecall(quick->insn) &&
        memcmp(&function, &quick->engine.raise, sizeof(function)) == 0) {
        /* For both the first argument is the engine's state; the second is not used. */
        function = code_address(helper_mret_riscv64);
    }
    ENGINE("tcg_gen_callN_riscv64", call)(context, function, result, count, arguments);
}

void check_exit_request_riscv64(void *context)
{
    if (!quick_now())
        ENGINE("check_exit_request_riscv64", check_exit)(context);
}

/* --- translated code
 * ------------------------------------------------------------------------------ */

/* The engine's registers lie where translated code says: compare all of them with what the engine
 * itself copies out. */
static void prove(struct cpu *cpu, const uint64_t *state)
{
    const struct engine_layout *layout = &cpu->layout;
    struct quick *quick = &cpu->quick;
    unsigned x0 = layout->x1 - 1;
    engine_load(cpu);
    quick->proved =
        memcmp(cpu->engine.words + x0, state, (layout->word_count - x0) * sizeof(uint64_t)) == 0;
    cpu->engine.cached = false;
    quick->on = quick->proved;
    quick->privilege = layout->privilege - x0;
    quick->mstatus = layout->mstatus - x0;
    const unsigned plain[QUICK_PLAIN_CSRS] = {layout->sscratch, layout->sepc, layout->scause,
                                              layout->stval};
    for (unsigned i = 0; i < QUICK_PLAIN_CSRS; i++)
        quick->plain_csrs[i] = plain[i] - x0;
}

uint64_t helper_mret_riscv64(void *state, uint64_t pc)
{
    struct cpu *cpu = entered;
    if (!cpu || !cpu->current || !(cpu->current->flags & BLOCK_ECALL))
        return ENGINE("helper_mret_riscv64", machine_return)(state, pc);
    struct quick *quick = &cpu->quick;
    uint64_t *words = (uint64_t *)state - (cpu->layout.x1 - 1);
    if (!quick->proved) {
        prove(cpu, state);
    } else if (trap_ecall_in_place(cpu, words)) {
        return 0;
    }
    quick->engine.raise(state, CAUSE_ECALL_U); /* does not return */
    return 0;
}

/* The word of a CSR that has a short cut: mstatus, for sstatus, or a plain one. NULL when this
 * access is for the engine. */
static inline uint64_t *csr_word(uint64_t *words, uint64_t csr)
{
    const struct cpu *cpu = entered;
    if (!cpu || !cpu->quick.proved || words[cpu->quick.privilege] != PRIVILEGE_S)
        return NULL;
    uint64_t index = csr - CSR_SSCRATCH;
    if (index < QUICK_PLAIN_CSRS)
        return &words[cpu->quick.plain_csrs[index]];
    return csr == CSR_SSTATUS ? &words[cpu->quick.mstatus] : NULL;
}

/* What a read of the CSR shows. */
static inline uint64_t csr_shown(const uint64_t *word, uint64_t csr)
{
    return csr == CSR_SSTATUS ? *word & SSTATUS_SHOWN : *word;
}

/* false: nothing was done. A change of sstatus in SIE, SPIE and SPP alone concerns no
 * translation. */
static inline bool csr_put(uint64_t *word, uint64_t csr, uint64_t value)
{
    uint64_t change = *word ^ value;
    if (csr == CSR_SSTATUS) {
        if (change & (MSTATUS_FS | MSTATUS_XS | MSTATUS_SUM | MSTATUS_MXR))
            return false;
        change &= SSTATUS_SWITCHES;
    }
    *word ^= change;
    return true;
}

/* The engine's own may trap, and then asks where it was called from: so that must be here as if it
 * had been called in our place. */
void helper_tlb_flush_riscv64(void *state)
{
    if (entered && entered->time)
        time_sfence(entered);
    ENGINE("helper_tlb_flush_riscv64", tlb_flush)(state);
}

/* The engine's own. Out of the way, so that the short cuts need no stack frame. */
static __attribute__((noinline, cold)) uint64_t engine_csr_write(void *state, uint64_t value,
                                                                 uint64_t csr)
{
    return ENGINE("helper_csrrw_riscv64", csr_write)(state, value, csr);
}

static __attribute__((noinline, cold)) uint64_t engine_csr_set(void *state, uint64_t value,
                                                               uint64_t csr, uint64_t writes)
{
    return ENGINE("helper_csrrs_riscv64", csr_set)(state, value, csr, writes);
}

static __attribute__((noinline, cold)) uint64_t engine_csr_clear(void *state, uint64_t value,
                                                                 uint64_t csr, uint64_t writes)
{
    return ENGINE("helper_csrrc_riscv64", csr_clear)(state, value, csr, writes);
}

uint64_t helper_csrrw_riscv64(void *state, uint64_t value, uint64_t csr)
{
    uint64_t *word = csr_word(state, csr);
    if (!word)
        return engine_csr_write(state, value, csr);
    uint64_t old = csr_shown(word, csr);
    return csr_put(word, csr, value) ? old : engine_csr_write(state, value, csr);
}

uint64_t helper_csrrs_riscv64(void *state, uint64_t value, uint64_t csr, uint64_t writes)
{
    uint64_t *word = csr_word(state, csr);
    if (!word)
        return engine_csr_set(state, value, csr, writes);
    uint64_t old = csr_shown(word, csr);
    if (!writes || csr_put(word, csr, old | value))
        return old;
    return engine_csr_set(state, value, csr, writes);
}

uint64_t helper_csrrc_riscv64(void *state, uint64_t value, uint64_t csr, uint64_t writes)
{
    uint64_t *word = csr_word(state, csr);
    if (!word)
        return engine_csr_clear(state, value, csr, writes);
    uint64_t old = csr_shown(word, csr);
    if (!writes || csr_put(word, csr, old & ~value))
        return old;
    return engine_csr_clear(state, value, csr, writes);
}
