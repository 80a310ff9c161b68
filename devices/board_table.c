/* SPDX-License-Identifier: GPL-2.0-or-later */
/* board_table.c - the table behind board_table.h: what the bus maps and the device tree describes.
 *
 * Invariants
 *  1. The entries are in the order of enum board_index, and no two regions overlap (tested).
 *  2. Node names are those of QEMU's virt board, so that kernels find what they look for.
 */
#include "devices/board_table.h"

#include "devices/finisher.h"
#include "devices/plic.h"
#include "devices/rtc.h"
#include "devices/trace_port.h"
#include "devices/uart.h"
#include "devices/virtio.h"
#include "devices/virtio_block.h"
#include "devices/virtio_gpu.h"
#include "devices/virtio_input.h"

#define VIRTIO_SLOT_BASE(slot) (BOARD_VIRTIO_BASE + BOARD_VIRTIO_STRIDE * (slot))
#define VIRTIO_SLOT(slot_name, slot_ops, slot)                                                     \
    {                                                                                              \
        .name = (slot_name), .node = "virtio_mmio", .ops = (slot_ops),                             \
        .base = VIRTIO_SLOT_BASE(slot), .size_bytes = BOARD_VIRTIO_SIZE,                           \
        .irq = BOARD_VIRTIO_IRQ + (slot)                                                           \
    }

const struct board_region board_regions[BOARD_REGION_COUNT] = {
    [BOARD_INDEX_FINISHER] = {"finisher", "test", &finisher_ops, BOARD_FINISHER_BASE,
                              BOARD_FINISHER_SIZE, 0},
    [BOARD_INDEX_RTC] = {"rtc", "rtc", &rtc_ops, BOARD_RTC_BASE, BOARD_RTC_SIZE, BOARD_RTC_IRQ},
    [BOARD_INDEX_PLIC] = {"plic", "plic", &plic_ops, BOARD_PLIC_BASE, BOARD_PLIC_SIZE, 0},
    [BOARD_INDEX_UART] = {"uart", "serial", &uart_ops, BOARD_UART_BASE, BOARD_UART_SIZE,
                          BOARD_UART_IRQ},
    [BOARD_INDEX_BLOCK_0] = VIRTIO_SLOT("block0", &virtio_block_ops, BOARD_VIRTIO_SLOT_BLOCK),
    [BOARD_INDEX_BLOCK_1] = VIRTIO_SLOT("block1", &virtio_block_ops, BOARD_VIRTIO_SLOT_BLOCK + 1),
    [BOARD_INDEX_BLOCK_2] = VIRTIO_SLOT("block2", &virtio_block_ops, BOARD_VIRTIO_SLOT_BLOCK + 2),
    [BOARD_INDEX_BLOCK_3] = VIRTIO_SLOT("block3", &virtio_block_ops, BOARD_VIRTIO_SLOT_BLOCK + 3),
    [BOARD_INDEX_GPU] = VIRTIO_SLOT("gpu", &virtio_gpu_ops, BOARD_VIRTIO_SLOT_GPU),
    [BOARD_INDEX_KEYBOARD] = VIRTIO_SLOT("keyboard", &virtio_input_ops, BOARD_VIRTIO_SLOT_KEYBOARD),
    [BOARD_INDEX_TABLET] = VIRTIO_SLOT("tablet", &virtio_input_ops, BOARD_VIRTIO_SLOT_TABLET),
    [BOARD_INDEX_EMPTY] = VIRTIO_SLOT("empty", &virtio_empty_ops, BOARD_VIRTIO_COUNT - 1),
    [BOARD_INDEX_TRACE] = {"trace", "trace", &trace_port_ops, BOARD_TRACE_BASE, BOARD_TRACE_SIZE,
                           0},
};
