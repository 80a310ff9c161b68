/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mmu.c - the kernel half of every address space, and the small services of arch.h. Called by main
 * at boot and by space.c; calls nothing.
 *
 * The kernel sees physical address p at KERNEL_OFFSET + p: devices in GiB 0 and 1, RAM from GiB 2
 * on. Big pages everywhere but in the 2 MiB that hold its text. What lies below the text (the
 * firmware) and the gap between rodata and data stay unmapped; the gap is also the guard under the
 * kernel's stack. Entry layout, satp: RISC-V privileged specification 1.12, sections 4.1.11 and
 * 4.4.
 */
#include "kernel/arch/mmu.h"

#include "kernel/arch/arch.h"
#include "kernel/arch/csr.h"

#define KERNEL_OFFSET 0xffffffc000000000ull
#define KIB4 (1ull << 12)
#define MIB2 (1ull << 21)
#define GIB (1ull << 30)
#define TABLE_ENTRIES 512u
#define GIB_RAM_FIRST 2u  /* RAM begins at 0x80000000 */
#define GIB_END 16u       /* as in start.S: no physical address beyond is mapped */
#define ROOT_KERNEL 256u  /* root entry of KERNEL_OFFSET */
#define LEAF_DATA (PTE_VALID | PTE_READ | PTE_WRITE | PTE_GLOBAL | PTE_ACCESSED | PTE_DIRTY)
#define LEAF_TEXT (PTE_VALID | PTE_READ | PTE_EXECUTE | PTE_GLOBAL | PTE_ACCESSED)
#define LEAF_RODATA (PTE_VALID | PTE_READ | PTE_GLOBAL | PTE_ACCESSED)

/* kernel.ld */
extern uint8_t kernel_text[], kernel_boot[], kernel_rodata[], kernel_rodata_end[], kernel_data[],
    kernel_end[];

/* What start.S turns translation on with: the first 16 GiB at the kernel's offset, and the kernel's
 * own GiB where it is. Among the data, to be on a page of its own. */
#define BOOT_GIB(gib) ((uint64_t)(gib) << 28 | LEAF_DATA | BOOT_TEXT(gib))
#define BOOT_TEXT(gib) ((gib) < GIB_RAM_FIRST ? 0 : PTE_EXECUTE)
#define BOOT_GIBS_4(gib) BOOT_GIB(gib), BOOT_GIB(gib + 1), BOOT_GIB(gib + 2), BOOT_GIB(gib + 3)
struct boot_tables {
    uint64_t root[TABLE_ENTRIES];
    uint64_t first_gib[TABLE_ENTRIES], last_gib[TABLE_ENTRIES], text[TABLE_ENTRIES];
};
extern struct boot_tables boot_tables;
struct boot_tables boot_tables __attribute__((aligned(4096), section(".data.boot"))) = {.root = {
        [GIB_RAM_FIRST] = BOOT_GIB(GIB_RAM_FIRST),
        [ROOT_KERNEL] = BOOT_GIBS_4(0), BOOT_GIBS_4(4), BOOT_GIBS_4(8), BOOT_GIBS_4(12)}};

static uint64_t asid_max;

void *arch_physical_to_virtual(uint64_t physical)
{
    return (void *)(physical + KERNEL_OFFSET);
}

uint64_t arch_virtual_to_physical(const void *virtual_address)
{
    uint64_t address = (uint64_t)virtual_address;
    kassert(address >= KERNEL_OFFSET);
    return address - KERNEL_OFFSET;
}

static uint64_t entry_to(uint64_t physical, uint64_t flags)
{
    return physical >> 12 << 10 | flags;
}

static uint64_t entry_to_table(const uint64_t *table)
{
    return entry_to(arch_virtual_to_physical(table), PTE_VALID | PTE_GLOBAL);
}

/* The pages of text and rodata, all in one 2 MiB (kernel.ld asserts their size). */
static void map_text(void)
{
    uint64_t begin = arch_virtual_to_physical(kernel_text);
    uint64_t rodata = arch_virtual_to_physical(kernel_rodata);
    uint64_t end = arch_virtual_to_physical(kernel_rodata_end);
    kassert(begin % MIB2 == 0);
    kassert(end - begin <= MIB2);
    for (uint64_t page = begin; page < end; page += KIB4)
        boot_tables.text[(page - begin) / KIB4] =
            entry_to(page, page < rodata ? LEAF_TEXT : LEAF_RODATA);
    boot_tables.first_gib[begin % GIB / MIB2] = entry_to_table(boot_tables.text);
}

/* The 2 MiB pages of one GiB of RAM that are at or above first and below ram_end. */
static void map_gib(uint64_t *table, uint64_t gib, uint64_t first, uint64_t ram_end)
{
    for (unsigned i = 0; i < TABLE_ENTRIES; i++) {
        uint64_t physical = gib * GIB + i * MIB2;
        if (physical >= first && physical < ram_end)
            table[i] = entry_to(physical, LEAF_DATA);
    }
}

const uint64_t *arch_memory_map(uint64_t ram_end)
{
    uint64_t data = arch_virtual_to_physical(kernel_data);
    uint64_t last = (ram_end - 1) / GIB;
    kassert(ram_end > arch_ram_first());
    kassert(last < GIB_END);
    map_gib(boot_tables.first_gib, GIB_RAM_FIRST, data, ram_end);
    map_text();
    boot_tables.root[ROOT_KERNEL + GIB_RAM_FIRST] = entry_to_table(boot_tables.first_gib);
    for (uint64_t gib = GIB_RAM_FIRST + 1; gib < GIB_END; gib++)
        boot_tables.root[ROOT_KERNEL + gib] = gib < last ? entry_to(gib * GIB, LEAF_DATA) : 0;
    if (last > GIB_RAM_FIRST) {
        map_gib(boot_tables.last_gib, last, data, ram_end);
        boot_tables.root[ROOT_KERNEL + last] = entry_to_table(boot_tables.last_gib);
    }
    boot_tables.root[GIB_RAM_FIRST] = 0;
    csr_write(satp, arch_satp(arch_virtual_to_physical(boot_tables.root), SATP_ASID_MASK));
    asid_max = csr_read(satp) >> SATP_ASID_SHIFT & SATP_ASID_MASK; /* what is not there is 0 */
    arch_space_leave();
    __asm__ volatile("sfence.vma" ::: "memory");
    return boot_tables.root;
}

void arch_boot_unmap(void)
{
    for (size_t page = (size_t)(kernel_boot - kernel_text);
         page < (size_t)(kernel_rodata - kernel_text); page += KIB4)
        boot_tables.text[page / KIB4] = 0;
    __asm__ volatile("sfence.vma" ::: "memory");
}

uint64_t arch_ram_first(void)
{
    return arch_virtual_to_physical(kernel_end);
}

uint64_t arch_satp(uint64_t root_physical, uint64_t asid)
{
    return SATP_SV39 | asid << SATP_ASID_SHIFT | root_physical >> 12;
}

void arch_space_leave(void)
{
    csr_write(satp, arch_satp(arch_virtual_to_physical(boot_tables.root), 0));
}

uint64_t arch_asid_max(void)
{
    return asid_max;
}

/* Privileged specification 1.12, section 4.2.1. */
void arch_fence(uint64_t asid, uint64_t addr)
{
    if (asid == FENCE_ALL)
        __asm__ volatile("sfence.vma" ::: "memory");
    else if (addr == FENCE_ALL)
        __asm__ volatile("sfence.vma x0, %0" ::"r"(asid) : "memory");
    else
        __asm__ volatile("sfence.vma %0, %1" ::"r"(addr), "r"(asid) : "memory");
    __asm__ volatile("fence.i" ::: "memory");
}

struct domain *arch_fence_page(struct domain *domain, uint64_t addr)
{
    __asm__ volatile("sfence.vma %0, x0\n\tfence.i" ::"r"(addr) : "memory");
    return domain;
}

uint64_t arch_time(void)
{
    return csr_read(time);
}

uint64_t arch_cycles(void)
{
    return csr_read(cycle);
}

void arch_wait(void)
{
    __asm__ volatile("wfi" ::: "memory");
}

bool arch_timer_pending(void)
{
    return csr_read(sip) & SIE_TIMER;
}

bool arch_external_pending(void)
{
    return csr_read(sip) & SIE_EXTERNAL;
}

bool arch_float_dirty(void)
{
    return (csr_read(sstatus) & SSTATUS_FS) == SSTATUS_FS;
}

void arch_float_clean(void)
{
    csr_clear(sstatus, SSTATUS_FS);
    csr_set(sstatus, SSTATUS_FS_CLEAN);
}

/* SPIE: sret lets interrupts in; SPP 0: it goes to user mode. Traps restore both to the same
 * values. */
void arch_traps_enable(void)
{
    csr_clear(sstatus, SSTATUS_SPP | SSTATUS_SIE | SSTATUS_SUM);
    csr_set(sstatus, SSTATUS_SPIE);
    arch_float_clean();
    csr_write(scounteren, 0); /* no clock but what a timer key tells */
    csr_write(sie, SIE_TIMER | SIE_EXTERNAL);
}
