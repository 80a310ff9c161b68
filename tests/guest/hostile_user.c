/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hostile_user.c - DMA over running code and over the page tables it runs with. Called by
 * hostile.c.
 *
 * user_step() runs a random program in U-mode that has the devices in its address space, while
 * disks read into its text and its tables, some of them because the program asks. The root table is
 * out of reach, and maps the program that takes the traps.
 */
#include "tests/guest/guest.h"
#include "tests/guest/hostile.h"

#define TABLES 0x82100000u /* pages: level 1 of devices and of memory, level 0 of each */
#define TABLE_BYTES 4096u
#define TABLE_COUNT 5u
#define CODE 0x82700000u
#define CODE_PAGES 4u
#define SWAP_CODE 0x82010000u /* below all that devices are given at random */
#define DATA 0x82300000u
#define DATA_PAGES 4u
#define USER_CODE 0x40000000u /* virtual */
#define USER_DATA 0x40010000u
#define SECTOR_BYTES 512u
#define PTE_G 32u
#define TRAPS_MAX 40u
#define PTE_KERNEL (PTE_V | PTE_R | PTE_W | PTE_X | PTE_A | PTE_D)
#define PTE_USER (PTE_V | PTE_R | PTE_W | PTE_X | PTE_U | PTE_A | PTE_D)
#define CAUSE_INTERRUPT_TIMER (UINT64_C(1) << 63 | 5)

static uint64_t *root, *user_root;
static unsigned traps_left;

uint64_t hostile_satp(void)
{
    return space_satp(root, 1);
}

static uint64_t entry(uint64_t addr, uint64_t bits)
{
    return addr >> 12 << 10 | bits;
}

void spaces_create(void)
{
    root = space_create();
    root[0] = entry(0, PTE_KERNEL);
    user_root = space_create();
    user_root[0] = entry(TABLES, PTE_V);
    user_root[1] = entry(TABLES + TABLE_BYTES, PTE_V);
}

static volatile uint64_t *table(unsigned index)
{
    return (volatile uint64_t *)(uint64_t)(TABLES + TABLE_BYTES * index);
}

/* An entry that no honest kernel makes; never one for the lower half. */
static uint64_t wrong_entry(void)
{
    uint64_t leaf = entry(upper_addr(), PTE_USER);
    switch (below(10)) {
    case 0:
        return entry(TABLES + TABLE_BYTES * below(TABLE_COUNT), PTE_V); /* a loop */
    case 1:
        return leaf & ~(uint64_t)PTE_R; /* written, not read: reserved */
    case 2:
        return leaf & ~(uint64_t)(PTE_A | PTE_D);
    case 3:
        return leaf & ~(uint64_t)PTE_U;
    case 4:
        return leaf | UINT64_C(1) << (54 + below(10)); /* reserved, or extensions there are not */
    case 5:
        return entry(upper_addr(), PTE_V | PTE_U | PTE_G | PTE_A); /* no table has these */
    case 6:
        return entry(slot_base((unsigned)below(BOARD_VIRTIO_COUNT)), PTE_USER);
    case 7:
        return entry((uint64_t)BOARD_RAM_BASE << below(20), PTE_V) & ~(uint64_t)0xfff0000000;
    case 8:
        return nasty();
    default:
        return leaf;
    }
}

static void tables_make(void)
{
    for (unsigned index = 0; index < TABLE_COUNT; index++)
        for (unsigned i = 0; i < 512; i++)
            table(index)[i] = 0;
    table(0)[BOARD_UART_BASE >> 21] = entry(TABLES + 2 * TABLE_BYTES, PTE_V);
    for (unsigned i = 0; i < 3; i++) /* all of the PLIC */
        table(0)[(BOARD_PLIC_BASE >> 21) + i] = entry(BOARD_PLIC_BASE + (i << 21), PTE_USER);
    for (unsigned i = 0; i <= BOARD_VIRTIO_COUNT; i++)
        table(2)[i] = entry(BOARD_UART_BASE + TABLE_BYTES * i, PTE_USER);
    table(1)[0] = entry(TABLES + 3 * TABLE_BYTES, PTE_V);
    for (unsigned i = 0; i < CODE_PAGES; i++)
        table(3)[i] = entry(CODE + TABLE_BYTES * i, PTE_USER);
    for (unsigned i = 0; i < DATA_PAGES; i++)
        table(3)[(USER_DATA - USER_CODE) / TABLE_BYTES + i] =
            entry(DATA + TABLE_BYTES * i, PTE_USER);
    if (one_in(2))
        for (uint64_t turns = 1 + below(8); turns > 0; turns--)
            table((unsigned)below(TABLE_COUNT))[one_in(2) ? below(20) : below(512)] = wrong_entry();
}

/* --- code --- */

static uint32_t insn_r(uint32_t opcode, uint32_t function)
{
    return opcode | (uint32_t)below(32) << 7 | (function & 7) << 12 | (uint32_t)below(16) << 15 |
           (uint32_t)below(32) << 20 | function >> 3 << 25;
}

static uint32_t device_offset(void)
{
    static const uint16_t offsets[] = {0, 4, 8, 0x30, 0x38, 0x44, 0x50, 0x50, 0x60, 0x64, 0x70,
                                       0x100};
    return one_in(3) ? (uint32_t)below(0x70) : offsets[below(sizeof(offsets) / 2)];
}

static uint32_t insn_load(void)
{
    return 0x03 | (uint32_t)below(32) << 7 | (uint32_t)below(7) << 12 | (uint32_t)below(16) << 15 |
           device_offset() << 20;
}

static uint32_t insn_store(void)
{
    uint32_t offset = device_offset();
    return 0x23 | (offset & 31) << 7 | (uint32_t)below(4) << 12 | (uint32_t)below(16) << 15 |
           (uint32_t)below(32) << 20 | offset >> 5 << 25;
}

static uint32_t insn_atomic(void)
{
    static const uint8_t functions[] = {0, 1, 2, 3, 4, 8, 12, 16, 20, 24, 28};
    uint32_t function = (uint32_t)functions[below(sizeof(functions))] << 2;
    return insn_r(0x2f, function << 3 | (2 + (uint32_t)below(2)));
}

static uint32_t insn_branch(void)
{
    uint32_t target = ((uint32_t)below(64) & ~1u); /* forwards, or a little backwards */
    if (one_in(4))
        return 0xfe000ee3 | (uint32_t)below(8) << 12 | (uint32_t)below(32) << 15;
    return 0x63 | (target & 0x1e) << 7 | (uint32_t)below(8) << 12 | (uint32_t)below(32) << 15 |
           (uint32_t)below(32) << 20 | target >> 5 << 25;
}

static uint32_t insn_system(void)
{
    static const uint32_t insns[] = {0x00000073, 0x00100073, 0x10200073, 0x10500073, 0x12000073,
                                     0x0000100f, 0x0ff0000f, 0xc0002573, 0xc0102573, 0xc0202573,
                                     0x10002573, 0x14101073, 0x18001073, 0x30200073, 0x00101073};
    return insns[below(sizeof(insns) / sizeof(insns[0]))];
}

static uint32_t insn_any(void)
{
    switch (below(12)) {
    case 0:
    case 1:
        return insn_load();
    case 2:
    case 3:
        return insn_store();
    case 4:
        return insn_atomic();
    case 5:
        return insn_branch();
    case 6:
        return one_in(3) ? insn_system() : insn_r(0x33, 0);
    case 7:
        return insn_r(0x13, (uint32_t)below(8));
    case 8:
        return insn_r(0x3b, (uint32_t)below(2) << 8);
    case 9:
        return 0x04042823; /* sw x0, 0x50(s0): notify what s0 points to */
    default:
        return (uint32_t)random_next();
    }
}

static void code_make(void)
{
    volatile uint16_t *code = (volatile uint16_t *)(uint64_t)CODE;
    uint64_t words = one_in(8) ? CODE_PAGES * TABLE_BYTES / 4 : 16 + below(200);
    volatile uint16_t *at = one_in(4) ? code + 1 + TABLE_BYTES / 2 - below(16) : code;
    for (uint64_t i = 0; i + 16 < words; i++) {
        uint32_t insn = insn_any();
        if (one_in(4))
            insn = 0x00010001 + (insn & 0x1ffc1ffc); /* two of 16 bits */
        uint32_t word = (uint32_t)clean(insn);
        *at++ = (uint16_t)word;
        *at++ = (uint16_t)(word >> 16);
    }
    if (one_in(2))
        code_flush();
}

/* --- running it --- */

/* What disks do meanwhile: read into the text and the tables, soon and late. */
static void attack_start(unsigned slot)
{
    uint64_t addr = one_in(2) && !report->settled ? TABLES + TABLE_BYTES * below(TABLE_COUNT)
                              : CODE + TABLE_BYTES * below(CODE_PAGES);
    uint32_t size_bytes = SECTOR_BYTES << below(4);
    uint64_t sector = 16 + below(256);
    uint32_t type = one_in(3); /* at times text and tables go to the disk, to come back later */
    if (slot == 0 && one_in(2))
        (void)request_prepare(slot, type, sector, addr, size_bytes);
    else
        (void)request_start(slot, type, sector, addr, size_bytes);
}

static uint64_t user_register(void)
{
    switch (below(8)) {
    case 0:
    case 1:
        return slot_base((unsigned)below(BOARD_VIRTIO_COUNT));
    case 2:
        return BOARD_UART_BASE + below(8);
    case 3:
        return USER_CODE + below(CODE_PAGES * TABLE_BYTES);
    case 4:
        return USER_DATA + below(DATA_PAGES * TABLE_BYTES);
    case 5:
        return BOARD_PLIC_BASE + 4 * below(0x1000);
    default:
        return one_in(2) ? below(64) : nasty();
    }
}

bool user_goes_on(uint64_t cause)
{
    report->user_traps++;
    if (cause == CAUSE_INTERRUPT_TIMER || traps_left == 0)
        return false;
    traps_left--;
    csr_write(satp, space_satp(user_root, 2));
    if (one_in(2))
        tlb_flush();
    return true;
}

void user_step(void)
{
    csr_clear(sstatus, SSTATUS_SIE);
    uint64_t enabled = csr_read(sie);
    tables_make();
    code_make();
    for (unsigned slot = 0; slot < HOSTILE_DISK_COUNT; slot++)
        if (one_in(2))
            attack_start(slot);
    for (unsigned i = 1; i < 32; i++)
        trap_frame.x[i] = user_register();
    trap_frame.x[8] = slot_base(0);
    trap_frame.pc = USER_CODE + (one_in(4) ? TABLE_BYTES - 2 * below(16) : 4 * below(16));
    trap_frame.status = SSTATUS_SPIE | (one_in(4) ? SSTATUS_FS_DIRTY : 0);
    traps_left = TRAPS_MAX;
    csr_write(sie, enabled | SIP_TIMER);
    (void)firmware_call(SBI_SET_TIMER, 0, csr_read(time) + 5 + below(300), 0);
    csr_write(satp, space_satp(user_root, 2));
    tlb_flush();
    (void)try_run((uint64_t)frame_resume, 0, 0, SSTATUS_SPP);
    report->user_runs++;
    csr_write(satp, hostile_satp());
    tlb_flush();
    (void)firmware_call(SBI_SET_TIMER, 0, UINT64_MAX, 0);
    csr_write(sie, enabled);
    csr_write(sstatus, SSTATUS_SIE);
}

/* --- code that replaces itself --- */

/* sw a1, 0x50(a0); c.j . + 2, so that a new block begins, which was run before; some nops;
 * c.li a0, answer; c.jr t0 */
static void swap_code_put(unsigned nops, unsigned answer)
{
    volatile uint16_t *code = (volatile uint16_t *)(uint64_t)SWAP_CODE;
    *code++ = 0x2823;
    *code++ = 0x04b5;
    *code++ = 0xa009;
    while (nops-- > 0)
        *code++ = 0x0001;
    *code++ = (uint16_t)(0x4501 | answer << 2);
    *code++ = 0x8282;
}

static uint64_t swap_code_call(uint64_t addr)
{
    register uint64_t a0 __asm__("a0") = addr;
    register uint64_t a1 __asm__("a1") = 0;
    register uint64_t a2 __asm__("a2") = SWAP_CODE;
    __asm__ volatile("jalr t0, 0(a2)" : "+r"(a0) : "r"(a1), "r"(a2) : "t0", "memory");
    return a0;
}

void swap_step(void)
{
    bool open = csr_read(sstatus) & SSTATUS_SIE;
    csr_clear(sstatus, SSTATUS_SIE);
    unsigned nops = (unsigned)below(40), before = (unsigned)below(8), after = (unsigned)below(8);
    virtio_quiet(); /* else some late request might change this one */
    swap_code_put(nops, after);
    volatile uint8_t *status = request_start(0, 1, 0, SWAP_CODE, SECTOR_BYTES);
    if (*status != 0)
        fail(HOSTILE_DISK_UNUSABLE, 0, *status);
    swap_code_put(nops, before);
    code_flush();
    uint64_t answer = swap_code_call(DATA); /* translated, and a store to plain memory */
    if (answer != before)
        fail(HOSTILE_STALE_CODE, answer, before);
    (void)request_prepare(0, 0, 0, SWAP_CODE, SECTOR_BYTES);
    answer = swap_code_call(slot_base(0));
    if (answer != after)
        fail(HOSTILE_STALE_CODE, answer, after);
    report->swaps++;
    virtio_noisy();
    if (open)
        csr_set(sstatus, SSTATUS_SIE);
}
