/* SPDX-License-Identifier: GPL-2.0-or-later */
/* turns.c - a kernel under which two random programs take turns. Both lie at the same virtual
 * addresses, each in a space of its own, in U-mode or in S-mode. Their pages come and go and move,
 * the floating point unit is taken away, counters are forbidden, and every trap goes into a hash.
 *
 * Runs on our harness only. Reports (1, hash, page faults, interrupts), (2, position, hash of the
 * registers of both, changes of program) and (3, moved pages, floating point restarts, skipped
 * instructions) at the end, (66, cause, pc, value) for a trap that it cannot explain. */
#include <stdbool.h>

#include <stdbool.h>

#include "tests/guest/guest.h"
#include "tests/guest/stress.h"

#define DEVICE_ADDR 0x38000000u /* the kernel's own mapping of it */
#define DEVICE_IRQ 0x400u
#define SIE_EXTERNAL (1ul << 9)
#define TRAP_FRAME_WORDS (sizeof(struct frame) / sizeof(uint64_t))
#define PAGE_WORDS 512u

struct program {
    struct frame frame; /* while it is not its turn */
    uint64_t satp;
    volatile uint64_t *code, *alias, *data; /* entries of its page tables */
    uint64_t spare;                         /* a free page of memory */
    bool ended;
};

static struct program programs[STRESS_PROGRAMS];
static struct program *now = programs;
static uint64_t parameters[TURNS_PARAMETER_COUNT];
static struct {
    uint64_t hash, page_faults, interrupts, changes, moves, float_restarts, skips;
} facts;

static void tell(uint64_t tag, uint64_t a, uint64_t b, uint64_t c)
{
    register uint64_t x10 __asm__("a0") = tag;
    register uint64_t x11 __asm__("a1") = a;
    register uint64_t x12 __asm__("a2") = b;
    register uint64_t x13 __asm__("a3") = c;
    register uint64_t x17 __asm__("a7") = SBI_REPORT;
    __asm__ volatile("ecall" : "+r"(x10), "+r"(x11) : "r"(x12), "r"(x13), "r"(x17) : "memory");
}

/* 0..limit - 1 */
static uint64_t chance(uint64_t limit)
{
    static uint64_t state = 88172645463325252u;
    state ^= state << 7;
    state ^= state >> 9;
    return state % limit;
}

static bool one_in(enum turns_parameter parameter)
{
    return parameters[parameter] && chance(parameters[parameter]) == 0;
}

static void copy_words(uint64_t *target, const uint64_t *source, unsigned words)
{
    for (unsigned i = 0; i < words; i++)
        target[i] = source[i];
}

static void lost(const struct frame *frame)
{
    tell(66, frame->cause, frame->pc, frame->value);
    guest_power_off();
}

static void timer_start(void)
{
    uint64_t tick = parameters[TURNS_TICK];
    (void)sbi_call(SBI_SET_TIMER, csr_read(cycle) + tick + chance(tick), 0, 0);
}

/* --- spaces
 * --------------------------------------------------------------------------------------- */

static volatile uint64_t *entry_at(uint64_t addr)
{
    uint64_t code = addr - STRESS_CODE_ADDR, alias = addr - STRESS_ALIAS_ADDR,
             data = addr - STRESS_DATA_ADDR;
    if (code / 4096 < parameters[TURNS_CODE_PAGES])
        return &now->code[code / 4096];
    if (alias / 4096 < parameters[TURNS_CODE_PAGES])
        return &now->alias[alias / 4096];
    return data / 4096 < parameters[TURNS_DATA_PAGES] ? &now->data[data / 4096] : 0;
}

static uint64_t memory_of(uint64_t entry)
{
    return entry >> 10 << 12;
}

static unsigned length_at(uint64_t pc)
{
    uint64_t page = memory_of(now->code[(pc - STRESS_CODE_ADDR) / 4096]);
    return (*(volatile uint16_t *)(page + pc % 4096) & 3) == 3 ? 4 : 2;
}

static void change_program(struct frame *frame)
{
    struct program *other = now == programs ? programs + 1 : programs;
    if (other->ended)
        return;
    copy_words((uint64_t *)&now->frame, (const uint64_t *)frame, TRAP_FRAME_WORDS);
    copy_words((uint64_t *)frame, (const uint64_t *)&other->frame, TRAP_FRAME_WORDS);
    now = other;
    facts.changes++;
    csr_write(satp, now->satp);
    if (!parameters[TURNS_ASIDS])
        tlb_flush();
    code_flush();
}

static void take_page(void)
{
    struct program *whose = &programs[chance(STRESS_PROGRAMS)];
    if (chance(2))
        whose->code[chance(parameters[TURNS_CODE_PAGES])] &= ~(uint64_t)PTE_V;
    else
        whose->data[chance(parameters[TURNS_DATA_PAGES])] &= ~(uint64_t)PTE_V;
}

static void page_fault(struct frame *frame)
{
    volatile uint64_t *entry = entry_at(frame->value);
    if (!entry || *entry & PTE_V)
        lost(frame);
    facts.page_faults++;
    if (one_in(TURNS_UNMAP_EVERY))
        take_page();
    *entry |= PTE_V;
    tlb_flush();
}

/* The same bytes in other memory. */
static void move_page(void)
{
    uint64_t page = chance(parameters[TURNS_CODE_PAGES]), old = memory_of(now->code[page]);
    if (parameters[TURNS_SHARE_CODE])
        return;
    copy_words((uint64_t *)now->spare, (const uint64_t *)old, PAGE_WORDS);
    now->code[page] = (now->spare >> 12 << 10) | (now->code[page] & 1023);
    now->alias[page] = (now->spare >> 12 << 10) | (now->alias[page] & 1023);
    now->spare = old;
    facts.moves++;
    tlb_flush();
    code_flush();
}

/* Not of code: where the last instruction of a page goes on in the next, the engine may set that
 * page's accessed bit early, which the architecture allows; how early differs in step mode. */
static void forget_use(void)
{
    for (unsigned i = 0; i < 3; i++)
        now->data[chance(parameters[TURNS_DATA_PAGES])] &= ~(uint64_t)(PTE_A | PTE_D);
    tlb_flush();
}

static void touch_data(void)
{
    uint64_t page = chance(parameters[TURNS_DATA_PAGES]);
    volatile uint64_t *word = (volatile uint64_t *)(STRESS_DATA_ADDR + page * 4096);
    if (!(now->data[page] & PTE_V))
        return;
    csr_set(sstatus, SSTATUS_SUM);
    word[chance(PAGE_WORDS)]++;
    facts.hash += word[chance(PAGE_WORDS)];
    csr_clear(sstatus, SSTATUS_SUM);
}

/* --- traps
 * ---------------------------------------------------------------------------------------- */

static void end_program(struct frame *frame)
{
    static uint64_t registers;
    for (unsigned i = 1; i < 32; i++)
        registers = registers * 1099511628211ul + frame->x[i];
    now->ended = true;
    if (!programs[0].ended || !programs[1].ended) {
        change_program(frame);
        return;
    }
    tell(1, facts.hash, facts.page_faults, facts.interrupts);
    tell(2, csr_read(instret), registers, facts.changes);
    tell(3, facts.moves, facts.float_restarts, facts.skips);
    guest_power_off();
}

static void program_call(struct frame *frame)
{
    switch (frame->x[17]) {
    case STRESS_CALL_END:
        end_program(frame);
        break;
    case STRESS_CALL_UNMAP:
        for (uint64_t i = 0; i < parameters[TURNS_CODE_PAGES]; i++)
            now->code[i] &= ~(uint64_t)PTE_V;
        tlb_flush();
        break;
    case STRESS_CALL_SOFT:
        csr_set(sip, SIP_SOFT);
        break;
    case STRESS_CALL_YIELD:
        change_program(frame);
        break;
    case STRESS_CALL_MOVE:
        move_page();
        break;
    case STRESS_CALL_SLEEP:
        if (parameters[TURNS_TICK])
            __asm__ volatile("wfi");
        break;
    case STRESS_CALL_DIRTY:
        forget_use();
        break;
    case STRESS_CALL_LOOK:
        touch_data();
        break;
    case STRESS_CALL_COUNTERS:
        csr_write(scounteren, chance(8));
        break;
    default:
        break;
    }
}

static void interrupted(uint64_t number)
{
    facts.interrupts++;
    switch (number) {
    case 1:
        csr_clear(sip, SIP_SOFT);
        break;
    case 5:
        timer_start();
        break;
    default:
        *(volatile uint32_t *)(uint64_t)(DEVICE_ADDR + DEVICE_IRQ) = 0;
        break;
    }
}

static void illegal(struct frame *frame)
{
    if (!(frame->status & SSTATUS_FS_DIRTY)) {
        frame->status |= SSTATUS_FS_DIRTY;
        facts.float_restarts++;
        return;
    }
    frame->pc += (frame->value & 3) == 3 ? 4 : 2;
    facts.skips++;
}

static void exception(struct frame *frame)
{
    switch (frame->cause) {
    case 2:
        illegal(frame);
        break;
    case 3:
        frame->pc += 2;
        if (frame->status & SSTATUS_SPP)
            program_call(frame);
        break;
    case 4: /* of atomics: alignment, or the device */
    case 5:
    case 6:
    case 7:
        frame->pc += length_at(frame->pc);
        facts.skips++;
        break;
    case CAUSE_ECALL_U:
        frame->pc += 4;
        program_call(frame);
        break;
    case 12:
    case 13:
    case 15:
        page_fault(frame);
        break;
    default:
        lost(frame);
    }
}

void guest_trap(struct frame *frame)
{
    facts.hash = facts.hash * 31 + frame->cause + frame->pc * 3 + frame->value * 5 +
                 csr_read(instret) * 7 + frame->status * 11;
    if ((int64_t)frame->cause < 0)
        interrupted(frame->cause & 63);
    else
        exception(frame);
    if (one_in(TURNS_FLOAT_OFF))
        frame->status &= ~(uint64_t)SSTATUS_FS_DIRTY;
    if (one_in(TURNS_EVERY))
        change_program(frame);
}

/* --- the start
 * ------------------------------------------------------------------------------------ */

static void program_prepare(uint64_t number)
{
    struct program *program = &programs[number];
    bool privileged = parameters[TURNS_PRIVILEGED] >> number & 1;
    uint64_t *root = space_create();
    uint64_t bytes = number * STRESS_PROGRAM_BYTES, off = PTE_V | (privileged ? PTE_U : 0);
    uint64_t code = STRESS_CODE + (parameters[TURNS_SHARE_CODE] ? 0 : bytes);
    for (uint64_t at = 0; at < STRESS_PAGES_MAX * 4096; at += 4096) {
        space_map(root, STRESS_CODE_ADDR + at, code + at, PTE_USER_TEXT & ~off);
        space_map(root, STRESS_ALIAS_ADDR + at, code + at, PTE_USER_DATA & ~off);
        /* The first page of data is common to both. */
        space_map(root, STRESS_DATA_ADDR + at, STRESS_DATA + at + (at ? bytes : 0),
                  PTE_USER_DATA & ~off);
    }
    space_map(root, STRESS_DEVICE_ADDR, STRESS_DEVICE, PTE_USER_DATA & ~(off & ~(uint64_t)PTE_V));
    space_map(root, DEVICE_ADDR, STRESS_DEVICE, PTE_USER_DATA & ~(uint64_t)PTE_U);
    program->code = space_entry(root, STRESS_CODE_ADDR);
    program->alias = space_entry(root, STRESS_ALIAS_ADDR);
    program->data = space_entry(root, STRESS_DATA_ADDR);
    program->spare = STRESS_SPARE + number * 4096;
    program->satp = space_satp(root, parameters[TURNS_ASIDS] ? number + 1 : 0);
    for (unsigned i = 0; i < 32; i++)
        program->frame.x[i] = 0x1000 + number * 0x100 + i;
    program->frame.pc = STRESS_CODE_ADDR;
    program->frame.status = SSTATUS_FS_DIRTY | SSTATUS_SPIE | (privileged ? SSTATUS_SPP : 0);
}

void guest_main(uint64_t hart, uint64_t tree)
{
    (void)hart;
    (void)tree;
    copy_words(parameters, (const uint64_t *)STRESS_PARAMETERS, TURNS_PARAMETER_COUNT);
    for (uint64_t i = 0; i < STRESS_PROGRAMS; i++)
        program_prepare(i);
    csr_write(satp, now->satp);
    tlb_flush();
    copy_words((uint64_t *)&trap_frame, (const uint64_t *)&now->frame, TRAP_FRAME_WORDS);
    csr_write(scounteren, 7);
    csr_set(sie, SIP_SOFT | SIE_EXTERNAL);
    if (parameters[TURNS_TICK]) {
        csr_set(sie, SIP_TIMER);
        timer_start();
    }
    frame_resume();
}
