/* SPDX-License-Identifier: GPL-2.0-or-later */
/* board.h - the data sheet of the board: the memory map, and the registers that are our own.
 *
 *   0x0010_0000  finisher   sifive,test0        power off, reset, exit code
 *   0x0010_1000  rtc        google,goldfish-rtc irq 11
 *   0x0c00_0000  plic       sifive,plic-1.0.0   two contexts, as on QEMU: 0 = M (unused), 1 = S of
 *   hart 0
 *   0x1000_0000  uart       ns16550a            irq 10
 *   0x1000_1000  virtio 0..7, 0x1000 apart      irq 1..8   (virtio-mmio version 2)
 *                  slots 0..3 block, 4 gpu, 5 keyboard, 6 tablet, 7 empty
 *   0x1020_0000  trace port latchkey,trace      ours only
 *   0x8000_0000  RAM        default 64 MiB
 *
 * A compatible subset of QEMU 7.2's `-M virt` (addresses from hw/riscv/virt.c's memory map, checked
 * with `info mtree`). Shared by the device models, the machine and the kernel's drivers, so it
 * holds only constants. A kernel takes base addresses from the device tree, and register offsets
 * from here or from the standard named beside the driver.
 */
#ifndef LATCHKEY_DEVICES_BOARD_H
#define LATCHKEY_DEVICES_BOARD_H

#define BOARD_FINISHER_BASE 0x00100000u
#define BOARD_FINISHER_SIZE 0x1000u
#define BOARD_RTC_BASE 0x00101000u
#define BOARD_RTC_SIZE 0x1000u
#define BOARD_RTC_IRQ 11u
#define BOARD_PLIC_BASE 0x0c000000u
#define BOARD_PLIC_SIZE 0x600000u /* as QEMU: 0x200000 + contexts, rounded up */
#define BOARD_PLIC_SOURCES 96u    /* riscv,ndev = 95 on QEMU 7.2 */
#define BOARD_PLIC_CONTEXTS 2u
#define BOARD_PLIC_CONTEXT_S 1u
#define BOARD_UART_BASE 0x10000000u
#define BOARD_UART_SIZE 0x100u
#define BOARD_UART_IRQ 10u
#define BOARD_UART_CLOCK_HZ 3686400u
#define BOARD_VIRTIO_BASE 0x10001000u
#define BOARD_VIRTIO_STRIDE 0x1000u
#define BOARD_VIRTIO_SIZE 0x1000u
#define BOARD_VIRTIO_COUNT 8u
#define BOARD_VIRTIO_IRQ 1u /* slot n has irq BOARD_VIRTIO_IRQ + n */
#define BOARD_VIRTIO_SLOT_BLOCK 0u
#define BOARD_DISK_COUNT_MAX 4u
#define BOARD_VIRTIO_SLOT_GPU 4u
#define BOARD_VIRTIO_SLOT_KEYBOARD 5u
#define BOARD_VIRTIO_SLOT_TABLET 6u
#define BOARD_TRACE_BASE 0x10200000u
#define BOARD_TRACE_SIZE 0x1000u
#define BOARD_RAM_BASE 0x80000000u
#define BOARD_TIMEBASE_HZ 10000000u

/* sifive,test0 (finisher): a 32-bit write to offset 0. */
#define FINISHER_FAIL 0x3333u  /* exit code in bits 31..16 */
#define FINISHER_PASS 0x5555u
#define FINISHER_RESET 0x7777u

/* Trace port: write TRACE_ARGUMENT (64 bits), then TRACE_KIND (32 bits): the pair is announced at
 * the write to TRACE_KIND. Write-only: reads are access faults. Nothing a kernel does may depend on
 * it. */
#define TRACE_KIND 0x0u
#define TRACE_ARGUMENT 0x8u
enum trace_kind {
    TRACE_MARK = 1,          /* argument: free */
    TRACE_PHASE_ENTER = 2,   /* argument: enum trace_phase */
    TRACE_PHASE_LEAVE = 3,   /* argument: enum trace_phase */
    TRACE_COMMITTED = 4,     /* argument: generation whose header is durable */
    TRACE_RESTARTED = 5,     /* argument: generation that the kernel restarted from */
    TRACE_VERDICT = 6,       /* argument: 0 a guest test passed, else its failure number */
    TRACE_FIRST_DOMAIN = 7,  /* argument: 0; the first instruction of a domain follows */
    TRACE_PANIC = 8,         /* argument: address of the instruction that stopped the kernel */
    TRACE_KIND_COUNT
};
enum trace_phase {
    TRACE_PHASE_BOOT = 1,
    TRACE_PHASE_RESTART = 2,
    TRACE_PHASE_FREEZE = 3,
    TRACE_PHASE_WRITE_OUT = 4,
    TRACE_PHASE_DIRECTORY = 5,
    TRACE_PHASE_COMMIT = 6,
    TRACE_PHASE_MIGRATE = 7,
    TRACE_PHASE_JOURNAL = 8,
    TRACE_PHASE_COUNT
};

#endif
