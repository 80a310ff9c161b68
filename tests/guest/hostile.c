/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hostile.c - the malicious driver's main program: random numbers, random accesses to everything on
 * the board, traps, interrupts and firmware calls. See hostile_report.h.
 *
 * Every trap that an access causes is skipped; any other trap, and any change of the program, is
 * reported as a failure of the machine.
 */
#include "tests/guest/hostile.h"

#include "tests/guest/guest.h"

#define CAUSE_INTERRUPT (UINT64_C(1) << 63)
#define INTERRUPT_SOFT (CAUSE_INTERRUPT | 1)
#define INTERRUPT_TIMER (CAUSE_INTERRUPT | 5)
#define CAUSE_FETCH_ACCESS 1u
#define CAUSE_FETCH_PAGE 12u
#define SIP_EXTERNAL 0x200u
#define STORM 200u /* interrupts in one step, after which it is silenced */
#define PLIC_CLAIM (BOARD_PLIC_BASE + 0x200004u + 0x1000u * BOARD_PLIC_CONTEXT_S)
#define SATP_NONE 0u
#define SBI_DBCN 0x4442434eu

volatile struct hostile_report *const report = (volatile struct hostile_report *)HOSTILE_REPORT;
static uint64_t random_state, text_sum;
static bool expecting, trapped;
static unsigned storm;
extern char _start[];

/* --- numbers --- */

/* SplitMix64. */
uint64_t random_next(void)
{
    uint64_t word = random_state += 0x9e3779b97f4a7c15;
    word = (word ^ word >> 30) * 0xbf58476d1ce4e5b9;
    word = (word ^ word >> 27) * 0x94d049bb133111eb;
    return word ^ word >> 31;
}

uint64_t below(uint64_t limit)
{
    return random_next() % limit;
}

bool one_in(uint64_t limit)
{
    return below(limit) == 0;
}

uint64_t clean(uint64_t value)
{
    for (unsigned shift = 0; shift < 64; shift += 8) {
        uint8_t byte = (uint8_t)(value >> shift);
        if (byte == 0x80 || byte == 0x81 || byte == 0x20)
            value ^= (uint64_t)0x10 << shift;
    }
    return value;
}

uint64_t nasty(void)
{
    static const uint64_t numbers[] = {0,
                                       1,
                                       2,
                                       3,
                                       7,
                                       8,
                                       15,
                                       16,
                                       24,
                                       255,
                                       257,
                                       511,
                                       512,
                                       513,
                                       4095,
                                       4096,
                                       65535,
                                       65536,
                                       0x7ffffff0, /* across the start of RAM */
                                       0x7fffffff,
                                       0x90000000, /* behind RAM */
                                       0xfffffff0,
                                       0xffffffff,
                                       0x100000000,
                                       BOARD_VIRTIO_BASE,
                                       HOSTILE_RAM_END - 16,
                                       HOSTILE_RAM_END - 1,
                                       HOSTILE_RAM_END,
                                       UINT64_MAX - 15,
                                       UINT64_MAX};
    switch (below(4)) {
    case 0:
        return clean(random_next());
    case 1:
        return upper_addr();
    default:
        return clean(numbers[below(sizeof(numbers) / sizeof(numbers[0]))]);
    }
}

/* Page tables, code, user data, rings, tables, requests, buffers, the end of RAM. */
uint64_t upper_addr(void)
{
    static const struct {
        uint32_t base, bytes, align;
    } areas[] = {{0x82100000, 0x5000, 8},   {0x82700000, 0x5000, 8},  {0x82300000, 0x4000, 4},
                 {0x82400000, 0x100000, 4}, {0x82500000, 0x4000, 16}, {0x82600000, 0x4000, 4},
                 {0x82c00000, 0x100000, 4}, {0x83ff0000, 0x10000, 4}};
    unsigned area = (unsigned)below(sizeof(areas) / sizeof(areas[0]));
    if (area == 0 && report->settled)
        area = 1;
    uint64_t offset = below(areas[area].bytes);
    if (area < 2 || !one_in(16))
        offset -= offset % areas[area].align;
    return clean(areas[area].base + offset);
}

void fail(enum hostile_failure failure, uint64_t detail, uint64_t more)
{
    report->failure = failure;
    report->detail = detail;
    report->detail_more = more;
    guest_power_off();
}

/* --- random accesses --- */

/* One instruction each, then ret: a0 the address, a1 what is stored. */
#define ACCESS(name, text)                                                                         \
    extern char name[];                                                                            \
    __asm__(".section .text.access, \"ax\"\n.balign 8\n" #name ":\n" text "\n ret\n.text\n")

ACCESS(access_lb, "lb a0, 0(a0)");
ACCESS(access_lbu, "lbu a0, 0(a0)");
ACCESS(access_lh, "lh a0, 0(a0)");
ACCESS(access_lhu, "lhu a0, 0(a0)");
ACCESS(access_lw, "lw a0, 0(a0)");
ACCESS(access_lwu, "lwu a0, 0(a0)");
ACCESS(access_ld, "ld a0, 0(a0)");
ACCESS(access_lr_w, "lr.w a0, (a0)");
ACCESS(access_lr_d, "lr.d a0, (a0)");
ACCESS(access_load_float, ".option push\n.option arch, +d\n fld fa0, 0(a0)\n.option pop");
ACCESS(access_jump, "jr a0");
ACCESS(access_sb, "sb a1, 0(a0)");
ACCESS(access_sh, "sh a1, 0(a0)");
ACCESS(access_sw, "sw a1, 0(a0)");
ACCESS(access_sd, "sd a1, 0(a0)");
ACCESS(access_sw_wide, ".option push\n.option norvc\n sw a1, 0(a0)\n.option pop");
ACCESS(access_add_w, "amoadd.w a0, a1, (a0)");
ACCESS(access_swap_d, "amoswap.d a0, a1, (a0)");
ACCESS(access_max_w, "amomax.w a0, a1, (a0)");
ACCESS(access_sc, "sc.w a0, a1, (a0)");
ACCESS(access_store_float, ".option push\n.option arch, +d\n fsd fa0, 0(a0)\n.option pop");

static char *const loads[] = {access_lb,   access_lbu, access_lh,         access_lhu, access_lw,
                              access_lw,   access_lwu, access_ld,         access_ld,  access_lr_w,
                              access_lr_d, access_lw,  access_load_float, access_jump};
static char *const stores[] = {access_sb,    access_sh,     access_sw,    access_sw,
                               access_sw,    access_sd,     access_sd,    access_sw_wide,
                               access_add_w, access_swap_d, access_max_w, access_sc,
                               access_store_float};

/* Run one of them; what it traps is skipped, and *fault says so. */
static uint64_t access_run(char *code, uint64_t addr, uint64_t value)
{
    uint64_t (*call)(uint64_t, uint64_t) = (uint64_t(*)(uint64_t, uint64_t))code;
    expecting = true;
    trapped = false;
    __asm__ volatile("" : : : "memory");
    uint64_t answer = call(addr, value);
    __asm__ volatile("" : : : "memory");
    expecting = false;
    report->accesses++;
    if (trapped)
        report->faults++;
    return answer;
}

uint32_t device_read(uint64_t addr)
{
    return *(volatile uint32_t *)addr;
}

void device_write(uint64_t addr, uint32_t value)
{
    *(volatile uint32_t *)addr = value;
}

/* A device or a hole, and a place in it or across its end. */
static uint64_t board_addr(void)
{
    static const struct {
        uint64_t base, bytes, registers; /* registers: where most of them are */
    } places[] = {
        {BOARD_FINISHER_BASE, BOARD_FINISHER_SIZE, 16},
        {BOARD_RTC_BASE, BOARD_RTC_SIZE, 0x28},
        {BOARD_PLIC_BASE, BOARD_PLIC_SIZE, 0x200},
        {BOARD_PLIC_BASE + 0x1000, 0x2000, 0x1100},
        {BOARD_PLIC_BASE + 0x200000, 0x2000, 0x1010},
        {BOARD_UART_BASE, BOARD_UART_SIZE, 8},
        {BOARD_TRACE_BASE, BOARD_TRACE_SIZE, 16},
        {0, 0x10000, 16},
        {0x02000000, 0x10000, 16}, /* QEMU's CLINT */
        {BOARD_PLIC_BASE + BOARD_PLIC_SIZE, 0x1000, 16},
        {BOARD_UART_BASE + BOARD_UART_SIZE, 0xf00, 16},
        {BOARD_VIRTIO_BASE + BOARD_VIRTIO_COUNT * BOARD_VIRTIO_STRIDE, 0x1000, 16},
        {0x30000000, 0x1000, 16}, /* QEMU's PCI */
        {HOSTILE_RAM_END, 0x1000, 16},
        {UINT64_MAX - 0xfff, 0x1000, 16},
    };
    const unsigned count = sizeof(places) / sizeof(places[0]);
    unsigned index = (unsigned)below(2 * count);
    uint64_t base, bytes, registers;
    if (index < count) {
        base = places[index].base;
        bytes = places[index].bytes;
        registers = places[index].registers;
    } else {
        base = slot_base((unsigned)below(BOARD_VIRTIO_COUNT));
        bytes = BOARD_VIRTIO_SIZE;
        registers = 0x140;
    }
    uint64_t offset = one_in(4) ? below(bytes) : below(registers);
    if (one_in(12))
        offset = bytes - 1 - below(8); /* at the end, or across it */
    else if (!one_in(6))
        offset -= offset % 4;
    return base + offset;
}

/* What may be stored there: anything but the order to power off, and an address that a device could
 * hurt the lower half with. */
static uint64_t board_value(uint64_t addr)
{
    uint64_t value = one_in(3) ? below(16) : nasty();
    uint64_t kind = value & 0xffff;
    if (addr - BOARD_FINISHER_BASE < BOARD_FINISHER_SIZE &&
        (kind == FINISHER_FAIL || kind == FINISHER_PASS || kind == FINISHER_RESET))
        value ^= 1;
    if (virtio_address_register(addr % BOARD_VIRTIO_STRIDE) && one_in(2))
        return upper_addr();
    return value;
}

static void access_step(void)
{
    uint64_t addr = board_addr();
    if (one_in(2)) {
        (void)access_run(loads[below(sizeof(loads) / sizeof(loads[0]))], addr, 0);
        return;
    }
    (void)access_run(stores[below(sizeof(stores) / sizeof(stores[0]))], addr, board_value(addr));
}

/* Loads across both ends of RAM, and far away. */
static void edge_step(void)
{
    static const uint64_t edges[] = {BOARD_RAM_BASE, HOSTILE_RAM_END, UINT64_C(1) << 38,
                                     UINT64_C(1) << 56, UINT64_C(1) << 63};
    uint64_t addr = edges[below(sizeof(edges) / sizeof(edges[0]))] - below(9);
    (void)access_run(loads[below(sizeof(loads) / sizeof(loads[0]) - 1)], addr, 0);
    (void)access_run(stores[below(4)], HOSTILE_RAM_END - 1 - below(8), nasty());
}

/* --- traps and time --- */

static void external_interrupt(void)
{
    uint32_t source = device_read(PLIC_CLAIM);
    if (source >= BOARD_VIRTIO_IRQ && source < BOARD_VIRTIO_IRQ + BOARD_VIRTIO_COUNT && one_in(2))
        device_write(slot_base(source - BOARD_VIRTIO_IRQ) + MMIO_INTERRUPT_ACKNOWLEDGE,
                     (uint32_t)nasty());
    if (!one_in(8))
        device_write(PLIC_CLAIM, one_in(8) ? (uint32_t)nasty() : source);
}

static void interrupt(uint64_t cause)
{
    report->interrupts++;
    if (cause == INTERRUPT_TIMER)
        (void)firmware_call(SBI_SET_TIMER, 0, UINT64_MAX, 0);
    else if (cause == INTERRUPT_SOFT)
        csr_clear(sip, SIP_SOFT);
    else
        external_interrupt();
    if (++storm > STORM) /* but for the timer: it ends what user_step() runs */
        csr_write(sie, SIP_TIMER);
}

static uint64_t length_at(uint64_t pc)
{
    return (*(const volatile uint16_t *)pc & 3) == 3 ? 4 : 2;
}

void guest_trap(struct frame *frame)
{
    bool user = (frame->status & SSTATUS_SPP) == 0;
    if (user)
        csr_write(satp, hostile_satp());
    if (frame->cause & CAUSE_INTERRUPT) {
        interrupt(frame->cause);
        if (user && !user_goes_on(frame->cause))
            try_end(frame->cause);
        return;
    }
    if (user) {
        frame->pc += 2; /* perhaps into the middle of an instruction */
        if (!user_goes_on(frame->cause))
            try_end(frame->cause);
        return;
    }
    if (!expecting)
        fail(HOSTILE_WRONG_TRAP, frame->cause << 56 | frame->pc, frame->value);
    trapped = true;
    if (frame->cause == CAUSE_FETCH_ACCESS || frame->cause == CAUSE_FETCH_PAGE)
        frame->pc = frame->x[1];
    else
        frame->pc += length_at(frame->pc);
}

uint64_t firmware_call(uint64_t extension, uint64_t function, uint64_t a0, uint64_t a1)
{
    register uint64_t r0 __asm__("a0") = a0;
    register uint64_t r1 __asm__("a1") = a1;
    register uint64_t r2 __asm__("a2") = 0;
    register uint64_t r6 __asm__("a6") = function;
    register uint64_t r7 __asm__("a7") = extension;
    __asm__ volatile("ecall" : "+r"(r0), "+r"(r1) : "r"(r2), "r"(r6), "r"(r7) : "memory");
    return r0;
}

void idle(uint64_t ticks)
{
    uint64_t enabled = csr_read(sie);
    bool open = csr_read(sstatus) & SSTATUS_SIE;
    csr_clear(sstatus, SSTATUS_SIE);
    uint64_t end = csr_read(time) + ticks;
    csr_write(sie, SIP_TIMER);
    (void)firmware_call(SBI_SET_TIMER, 0, end, 0);
    while (csr_read(time) < end)
        __asm__ volatile("wfi");
    (void)firmware_call(SBI_SET_TIMER, 0, UINT64_MAX, 0);
    csr_write(sie, enabled);
    if (open)
        csr_set(sstatus, SSTATUS_SIE);
}

/* Calls that neither end the run nor write to the lower half. */
static void firmware_step(void)
{
    static const uint32_t extensions[] = {0,        1,          2,        3,        4,
                                          5,        6,          7,        0x10,     0x54494d45,
                                          0x735049, 0x52464e43, 0x48534d, SBI_DBCN, SBI_DBCN,
                                          0x504d55, 0x0a000000};
    uint64_t extension = one_in(8)
                             ? nasty() | 0x1000000000
                             : extensions[below(sizeof(extensions) / sizeof(extensions[0]))];
    (void)firmware_call(extension, one_in(8) ? nasty() : below(4), nasty(), nasty());
    (void)firmware_call(SBI_SRST, below(4), 3 + below(1000), nasty());
    report->firmware++;
}

/* Who may interrupt, and whether addresses are translated. */
static void hart_step(void)
{
    switch (below(6)) {
    case 0:
        csr_write(sie, random_next() & (SIP_EXTERNAL | SIP_TIMER | SIP_SOFT));
        break;
    case 1:
        csr_set(sip, SIP_SOFT);
        break;
    case 2:
        csr_write(satp, one_in(2) ? SATP_NONE : hostile_satp());
        if (one_in(2))
            tlb_flush();
        break;
    case 3: /* every source may interrupt */
        device_write(BOARD_PLIC_BASE + 0x2000 + 0x80 * BOARD_PLIC_CONTEXT_S, UINT32_MAX);
        device_write(PLIC_CLAIM - 4, 0);
        device_write(BOARD_PLIC_BASE + 4 * (1 + (uint32_t)below(12)), (uint32_t)below(8));
        break;
    case 4:
        csr_write(sstatus, SSTATUS_SIE | (one_in(2) ? SSTATUS_FS_DIRTY : 0));
        break;
    default:
        (void)firmware_call(SBI_SET_TIMER, 0, csr_read(time) + below(1000), 0);
        break;
    }
}

static uint64_t text_sum_now(void)
{
    uint64_t sum = 0;
    for (const uint64_t *word = (const uint64_t *)_start; word < (const uint64_t *)user_text_end;
         word++)
        sum = sum * 31 + *word;
    return sum;
}

static void step(void)
{
    uint64_t choice = below(1000);
    storm = 0;
    if (choice < 400)
        access_step();
    else if (choice < 890)
        virtio_step();
    else if (choice < 910)
        edge_step();
    else if (choice < 930)
        firmware_step();
    else if (choice < 960)
        hart_step();
    else if (choice < 975)
        idle(1 + below(one_in(20) ? 100000 : 2000));
    else if (choice < 995)
        user_step();
    else
        swap_step();
}

void guest_main(uint64_t hart, uint64_t tree)
{
    (void)hart;
    (void)tree;
    random_state = report->seed;
    text_sum = text_sum_now();
    spaces_create();
    csr_set(sstatus, SSTATUS_SIE);
    for (report->done = 0; report->done < report->steps; report->done++)
        step();
    csr_clear(sstatus, SSTATUS_SIE);
    csr_write(satp, SATP_NONE);
    virtio_check();
    if (text_sum_now() != text_sum)
        fail(HOSTILE_TEXT_CHANGED, 0, 0);
    report->finished = 1;
    guest_power_off();
}
