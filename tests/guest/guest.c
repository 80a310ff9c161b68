/* SPDX-License-Identifier: GPL-2.0-or-later */
/* guest.c - see guest.h. Linked into every bare guest; calls the firmware. */
#include "tests/guest/guest.h"

static uint64_t tables_next = GUEST_TABLES;

uint64_t sbi_call(uint64_t function, uint64_t a0, uint64_t a1, uint64_t a2)
{
    register uint64_t r0 __asm__("a0") = a0;
    register uint64_t r1 __asm__("a1") = a1;
    register uint64_t r2 __asm__("a2") = a2;
    register uint64_t r6 __asm__("a6") = 0;
    register uint64_t r7 __asm__("a7") = function;
    __asm__ volatile("ecall" : "+r"(r0), "+r"(r1) : "r"(r2), "r"(r6), "r"(r7) : "memory");
    return r0;
}

void guest_power_off(void)
{
    (void)sbi_call(SBI_SRST, 0, 0, 0);
    for (;;)
        __asm__ volatile("wfi");
}

void put_char(char byte)
{
    (void)sbi_call(SBI_PUT_CHAR, (uint8_t)byte, 0, 0);
}

void put_text(const char *text)
{
    while (*text)
        put_char(*text++);
}

void put_hex(uint64_t value)
{
    unsigned digits = 1;
    while (digits < 16 && value >> 4 * digits)
        digits++;
    while (digits-- > 0)
        put_char("0123456789abcdef"[value >> 4 * digits & 15]);
}

void put_decimal(uint64_t value)
{
    if (value >= 10)
        put_decimal(value / 10);
    put_char((char)('0' + value % 10));
}

void put_pair(const char *name, uint64_t value)
{
    put_char(' ');
    put_text(name);
    put_char('=');
    put_hex(value);
}

void bench_report(const char *name, uint64_t iterations, uint64_t checksum)
{
    put_text(name);
    put_char(' ');
    put_decimal(iterations);
    put_char(' ');
    put_hex(checksum);
    put_char('\n');
}

uint64_t page_create(void)
{
    uint64_t page = tables_next;
    tables_next += 4096;
    for (uint64_t i = 0; i < 512; i++)
        ((volatile uint64_t *)page)[i] = 0;
    return page;
}

uint64_t *space_create(void)
{
    uint64_t *root = (uint64_t *)page_create();
    root[2] = (0x80000000ul >> 12 << 10) | PTE_V | PTE_R | PTE_W | PTE_X | PTE_A | PTE_D;
    return root;
}

volatile uint64_t *space_entry(uint64_t *root, uint64_t addr)
{
    volatile uint64_t *table = root;
    for (unsigned level = 2; level > 0; level--) {
        volatile uint64_t *entry = &table[addr >> (12 + 9 * level) & 511];
        if (!(*entry & PTE_V))
            *entry = (page_create() >> 12 << 10) | PTE_V;
        table = (volatile uint64_t *)(*entry >> 10 << 12);
    }
    return &table[addr >> 12 & 511];
}

void space_map(uint64_t *root, uint64_t addr, uint64_t physical, uint64_t bits)
{
    *space_entry(root, addr) = (physical >> 12 << 10) | bits;
}

uint64_t space_satp(const uint64_t *root, uint64_t asid)
{
    return 8ul << 60 | asid << 44 | (uint64_t)root >> 12;
}

void tlb_flush(void)
{
    __asm__ volatile("sfence.vma" : : : "memory");
}

void code_flush(void)
{
    __asm__ volatile("fence.i" : : : "memory");
}

void wrong_trap(const struct frame *frame)
{
    put_text("unexpected trap");
    put_pair("cause", frame->cause);
    put_pair("pc", frame->pc);
    put_pair("value", frame->value);
    put_char('\n');
    guest_power_off();
}
