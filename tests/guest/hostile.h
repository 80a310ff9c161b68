/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hostile.h - what the parts of the malicious driver share; hostile_report.h says what it is. */
#ifndef LATCHKEY_TESTS_GUEST_HOSTILE_H
#define LATCHKEY_TESTS_GUEST_HOSTILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/guest/hostile_report.h"

/* --- hostile.c */
extern volatile struct hostile_report *const report;
/* fail - report it, and power off. */
void fail(enum hostile_failure failure, uint64_t detail, uint64_t more) __attribute__((noreturn));
/* random_next, below, one_in - 64 random bits; less than limit; true once in limit times. */
uint64_t random_next(void);
uint64_t below(uint64_t limit);
bool one_in(uint64_t limit);
/* clean - value with the forbidden bytes changed. */
uint64_t clean(uint64_t value);
/* nasty - a clean number of the kind that finds mistakes. */
uint64_t nasty(void);
/* upper_addr - a place in the upper half that something is made of. */
uint64_t upper_addr(void);
/* device_read, device_write - 32 bits, must not trap. */
uint32_t device_read(uint64_t addr);
void device_write(uint64_t addr, uint32_t value);
/* idle - until time has gone on by so many ticks of 100 ns; devices work on. */
void idle(uint64_t ticks);
/* firmware_call - function and extension as SBI numbers them. */
uint64_t firmware_call(uint64_t extension, uint64_t function, uint64_t a0, uint64_t a1);

/* --- hostile_virtio.c: register offsets of VIRTIO 1.2 section 4.2.2 */
#define SLOT_DISKS 3u
#define MMIO_FEATURES 0x010u
#define MMIO_FEATURES_SELECT 0x014u
#define MMIO_DRIVER_FEATURES 0x020u
#define MMIO_DRIVER_SELECT 0x024u
#define MMIO_QUEUE_SELECT 0x030u
#define MMIO_QUEUE_SIZE 0x038u
#define MMIO_QUEUE_READY 0x044u
#define MMIO_NOTIFY 0x050u
#define MMIO_INTERRUPT_STATUS 0x060u
#define MMIO_INTERRUPT_ACKNOWLEDGE 0x064u
#define MMIO_STATUS 0x070u
#define MMIO_DESCRIPTORS 0x080u
#define MMIO_AVAILABLE 0x090u
#define MMIO_USED 0x0a0u
#define STATUS_NEEDS_RESET 0x40u
/* slot_base - address of the registers of a slot. */
uint64_t slot_base(unsigned slot);
/* virtio_step - one hostile thing with a virtio slot. */
void virtio_step(void);
/* virtio_address_register - is this the offset of half an address of a ring? Such a register must
 * only be given places outside the lower half. */
bool virtio_address_register(uint64_t offset);
/* request_start - let a disk begin to read or write sectors, at peace with the rules.
 *
 * type      0 read, 1 write (section 5.2.6)
 * Returns   where its status byte will be; 0xee until then.
 */
volatile uint8_t *request_start(unsigned slot, uint32_t type, uint64_t sector, uint64_t addr,
                                uint32_t size_bytes);
/* request_prepare - the same, up to but without the notification. */
volatile uint8_t *request_prepare(unsigned slot, uint32_t type, uint64_t sector, uint64_t addr,
                                  uint32_t size_bytes);
/* virtio_quiet - reset all slots: nobody writes to memory any more. */
void virtio_quiet(void);
/* virtio_noisy - all slots are up again, in their ways. */
void virtio_noisy(void);
/* virtio_check - after a reset every slot works as if nothing had been. */
void virtio_check(void);

/* --- hostile_user.c */
/* spaces_create - the tables of the program itself; hostile_satp() for them. */
void spaces_create(void);
uint64_t hostile_satp(void);
/* user_step - run code in U-mode while DMA changes its text and its page tables. */
void user_step(void);
/* swap_step - DMA replaces the code that asks for it. */
void swap_step(void);
/* user_goes_on - a trap or interrupt from U-mode: true when the run is not over; its tables are set
 * again. */
bool user_goes_on(uint64_t cause);

#endif
