/* SPDX-License-Identifier: GPL-2.0-or-later */
/* guest.h - what bare guests share: firmware calls, printing, traps, page tables.
 *
 * Who includes it: the programs in tests/guest. Each defines guest_main() and guest_trap(). They
 * run unchanged on our machine and on `qemu-system-riscv64 -M virt -kernel NAME.elf`.
 */
#ifndef LATCHKEY_TESTS_GUEST_H
#define LATCHKEY_TESTS_GUEST_H

#include <stdint.h>

/* Physical memory: the program up to 4 MiB at most, then its tables, then room for data. */
#define GUEST_TABLES 0x80800000u
#define GUEST_DATA 0x81000000u

#define PTE_V 1u
#define PTE_R 2u
#define PTE_W 4u
#define PTE_X 8u
#define PTE_U 16u
#define PTE_A 64u
#define PTE_D 128u
#define PTE_USER_TEXT (PTE_V | PTE_R | PTE_X | PTE_U | PTE_A)
#define PTE_USER_DATA (PTE_V | PTE_R | PTE_W | PTE_U | PTE_A | PTE_D)

#define SSTATUS_SIE 2u
#define SSTATUS_SPIE 0x20u
#define SSTATUS_SPP 0x100u
#define SSTATUS_FS_DIRTY 0x6000u
#define SSTATUS_SUM 0x40000u
#define SIP_SOFT 2u
#define SIP_TIMER 0x20u

#define CAUSE_ECALL_U 8u
#define TRY_RETURNED UINT64_MAX

/* sbi v1.0: legacy console and timer, TIME and SRST extensions. */
#define SBI_PUT_CHAR 1u
#define SBI_SET_TIMER 0u
#define SBI_SRST 0x53525354u
#define SBI_REPORT                                                                                 \
    0x0a0001feu /* experimental range: our harness only; QEMU's firmware refuses it */

#define csr_read(name)                                                                             \
    ({                                                                                             \
        uint64_t value_;                                                                           \
        __asm__ volatile("csrr %0, " #name : "=r"(value_) : : "memory");                           \
        value_;                                                                                    \
    })
#define csr_write(name, value)                                                                     \
    __asm__ volatile("csrw " #name ", %0" : : "r"((uint64_t)(value)) : "memory")
#define csr_set(name, value)                                                                       \
    __asm__ volatile("csrs " #name ", %0" : : "r"((uint64_t)(value)) : "memory")
#define csr_clear(name, value)                                                                     \
    __asm__ volatile("csrc " #name ", %0" : : "r"((uint64_t)(value)) : "memory")

struct frame {
    uint64_t x[32];
    uint64_t pc, cause, value, status;
};

extern struct frame trap_frame;
extern uint64_t try_value;
extern char user_text_start[], user_text_end[], trap_entry[];

/* Each program's own. */
void guest_main(uint64_t hart, uint64_t tree);
void guest_trap(struct frame *frame);

/* start.S */
void frame_resume(void) __attribute__((noreturn));
uint64_t try_run(uint64_t pc, uint64_t a0, uint64_t a1, uint64_t status);
void try_end(uint64_t cause) __attribute__((noreturn));

/* guest.c */
uint64_t sbi_call(uint64_t function, uint64_t a0, uint64_t a1, uint64_t a2);
void guest_power_off(void) __attribute__((noreturn));
void put_char(char byte);
void put_text(const char *text);
void put_hex(uint64_t value);
void put_decimal(uint64_t value);
/* put_pair - " name=hex". */
void put_pair(const char *name, uint64_t value);
/* bench_report - "NAME ITERATIONS CHECKSUM" and a newline. */
void bench_report(const char *name, uint64_t iterations, uint64_t checksum);

/* space_create - a root table that maps physical RAM 0x80000000..0xbfffffff to itself for S-mode.
 */
uint64_t *space_create(void);
/* space_entry - the level-0 entry for addr, tables made as needed. */
volatile uint64_t *space_entry(uint64_t *root, uint64_t addr);
void space_map(uint64_t *root, uint64_t addr, uint64_t physical, uint64_t bits);
uint64_t space_satp(const uint64_t *root, uint64_t asid);
uint64_t page_create(void);
void tlb_flush(void);
void code_flush(void);
/* wrong_trap - say what came unexpectedly, and power off. */
void wrong_trap(const struct frame *frame) __attribute__((noreturn));

#endif
