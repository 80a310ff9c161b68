/* SPDX-License-Identifier: GPL-2.0-or-later */
/* stress.c - a kernel that runs one random program in U-mode under bad conditions: its pages come
 * and go, timer and device interrupts hit it, and every trap goes into a hash, with its position.
 *
 * Runs on our harness only. Reports (1, hash, page faults, interrupts) and (2, position, hash of
 * the user's registers, unmappings) at the end, (66, cause, pc, value) for a trap it cannot
 * explain. */
#include "tests/guest/stress.h"

#include "tests/guest/guest.h"

#define DEVICE_IRQ 0x400u
#define KERNEL_DEVICE_ADDR 0x38000000u
#define SIE_EXTERNAL (1ul << 9)

static volatile uint64_t *code_entries, *alias_entries, *data_entries;
static uint64_t parameters[STRESS_PARAMETER_COUNT];
static uint64_t hash, page_faults, interrupts, unmappings, seed = 12345;

static void report(uint64_t tag, uint64_t a, uint64_t b, uint64_t c)
{
    register uint64_t r0 __asm__("a0") = tag;
    register uint64_t r1 __asm__("a1") = a;
    register uint64_t r2 __asm__("a2") = b;
    register uint64_t r3 __asm__("a3") = c;
    register uint64_t r7 __asm__("a7") = SBI_REPORT;
    __asm__ volatile("ecall" : "+r"(r0), "+r"(r1) : "r"(r2), "r"(r3), "r"(r7) : "memory");
}

static uint64_t next_random(void)
{
    seed = seed * 6364136223846793005ul + 1442695040888963407ul;
    return seed >> 33;
}

static void timer_set(void)
{
    uint64_t tick = parameters[STRESS_TICK];
    (void)sbi_call(SBI_SET_TIMER, csr_read(cycle) + tick + next_random() % tick, 0, 0);
}

static volatile uint64_t *entry_of(uint64_t addr)
{
    uint64_t code_bytes = parameters[STRESS_CODE_PAGES] * 4096;
    uint64_t data_bytes = parameters[STRESS_DATA_PAGES] * 4096;
    if (addr - STRESS_CODE_ADDR < code_bytes)
        return &code_entries[(addr - STRESS_CODE_ADDR) / 4096];
    if (addr - STRESS_ALIAS_ADDR < code_bytes)
        return &alias_entries[(addr - STRESS_ALIAS_ADDR) / 4096];
    if (addr - STRESS_DATA_ADDR < data_bytes)
        return &data_entries[(addr - STRESS_DATA_ADDR) / 4096];
    return 0;
}

static void unmap_something(void)
{
    uint64_t random = next_random();
    if (random & 1)
        code_entries[(random >> 1) % parameters[STRESS_CODE_PAGES]] &= ~(uint64_t)PTE_V;
    else
        data_entries[(random >> 1) % parameters[STRESS_DATA_PAGES]] &= ~(uint64_t)PTE_V;
    unmappings++;
}

static void page_fault(struct frame *frame)
{
    volatile uint64_t *entry = entry_of(frame->value);
    uint64_t every = parameters[STRESS_UNMAP_EVERY];
    if (!entry || *entry & PTE_V) {
        report(66, frame->cause, frame->pc, frame->value);
        guest_power_off();
    }
    page_faults++;
    if (every && page_faults % every == 0)
        unmap_something();
    *entry |= PTE_V;
    tlb_flush();
}

static void finish(struct frame *frame)
{
    uint64_t registers = 0;
    for (unsigned i = 1; i < 32; i++)
        registers = registers * 1099511628211ul + frame->x[i];
    report(1, hash, page_faults, interrupts);
    report(2, csr_read(instret), registers, unmappings);
    guest_power_off();
}

static void user_call(struct frame *frame)
{
    frame->pc += 4;
    switch (frame->x[17]) {
    case STRESS_CALL_END:
        finish(frame);
        break;
    case STRESS_CALL_UNMAP:
        for (uint64_t i = 0; i < parameters[STRESS_CODE_PAGES]; i++)
            code_entries[i] &= ~(uint64_t)PTE_V;
        tlb_flush();
        break;
    case STRESS_CALL_SOFT:
        csr_set(sip, SIP_SOFT);
        break;
    default:
        break;
    }
}

static void interrupt(uint64_t number)
{
    interrupts++;
    if (number == 5)
        timer_set();
    else if (number == 1)
        csr_clear(sip, SIP_SOFT);
    else
        *(volatile uint32_t *)(uint64_t)(KERNEL_DEVICE_ADDR + DEVICE_IRQ) = 0;
}

void guest_trap(struct frame *frame)
{
    hash = hash * 31 + frame->cause + frame->pc * 3 + frame->value * 5 + csr_read(instret) * 7;
    if ((int64_t)frame->cause < 0) {
        interrupt(frame->cause & 63);
        return;
    }
    switch (frame->cause) {
    case 2:
        frame->pc += (frame->value & 3) == 3 ? 4 : 2;
        break;
    case 3:
        frame->pc += 2;
        break;
    case CAUSE_ECALL_U:
        user_call(frame);
        break;
    case 12:
    case 13:
    case 15:
        page_fault(frame);
        break;
    default:
        report(66, frame->cause, frame->pc, frame->value);
        guest_power_off();
    }
}

void guest_main(uint64_t hart, uint64_t tree)
{
    (void)hart;
    (void)tree;
    for (unsigned i = 0; i < STRESS_PARAMETER_COUNT; i++)
        parameters[i] = ((volatile uint64_t *)(uint64_t)STRESS_PARAMETERS)[i];
    uint64_t *root = space_create();
    for (uint64_t i = 0; i < STRESS_PAGES_MAX; i++) {
        uint64_t offset = i * 4096;
        const uint64_t absent = PTE_V;
        space_map(root, STRESS_CODE_ADDR + offset, STRESS_CODE + offset, PTE_USER_TEXT & ~absent);
        space_map(root, STRESS_ALIAS_ADDR + offset, STRESS_CODE + offset, PTE_USER_DATA & ~absent);
        space_map(root, STRESS_DATA_ADDR + offset, STRESS_DATA + offset, PTE_USER_DATA & ~absent);
    }
    space_map(root, STRESS_DEVICE_ADDR, STRESS_DEVICE, PTE_USER_DATA);
    code_entries = space_entry(root, STRESS_CODE_ADDR);
    alias_entries = space_entry(root, STRESS_ALIAS_ADDR);
    data_entries = space_entry(root, STRESS_DATA_ADDR);
    space_map(root, KERNEL_DEVICE_ADDR, STRESS_DEVICE, PTE_USER_DATA & ~(uint64_t)PTE_U);
    csr_write(satp, space_satp(root, 0));
    tlb_flush();
    for (unsigned i = 0; i < 32; i++)
        trap_frame.x[i] = 0x1000 + i;
    trap_frame.pc = STRESS_CODE_ADDR;
    trap_frame.status = SSTATUS_FS_DIRTY | SSTATUS_SPIE;
    csr_set(sie, SIP_SOFT | SIE_EXTERNAL);
    if (parameters[STRESS_TICK]) {
        csr_set(sie, SIP_TIMER);
        timer_set();
    }
    frame_resume();
}
