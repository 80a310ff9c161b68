/* SPDX-License-Identifier: GPL-2.0-or-later */
/* board_table.h - every device of the board, one line each: the bus is mapped and the device tree
 * is made from this one table. board.h has the bare constants; this adds the models behind them.
 *
 * Who uses it: emulator/machine.c, emulator/bus.c, emulator/devicetree.c.
 *
 * What each init() wants as its config:
 *   finisher, trace, plic   struct finisher_config, trace_port_config, plic_config (required)
 *   rtc, uart               struct rtc_config, uart_config (required)
 *   block0..block3          struct disk_config; NULL: the slot is empty (virtio DeviceID 0)
 *   gpu, keyboard, tablet   struct virtio_gpu_config, virtio_input_config; NULL: the slot is empty
 *   empty                   NULL
 */
#ifndef LATCHKEY_DEVICES_BOARD_TABLE_H
#define LATCHKEY_DEVICES_BOARD_TABLE_H

#include "devices/board.h"
#include "devices/device.h"

/* Where each device is in board_regions[]. */
enum board_index {
    BOARD_INDEX_FINISHER,
    BOARD_INDEX_RTC,
    BOARD_INDEX_PLIC,
    BOARD_INDEX_UART,
    BOARD_INDEX_BLOCK_0, /* disk n is BOARD_INDEX_BLOCK_0 + n, n < BOARD_DISK_COUNT_MAX */
    BOARD_INDEX_BLOCK_1,
    BOARD_INDEX_BLOCK_2,
    BOARD_INDEX_BLOCK_3,
    BOARD_INDEX_GPU,
    BOARD_INDEX_KEYBOARD,
    BOARD_INDEX_TABLET,
    BOARD_INDEX_EMPTY,
    BOARD_INDEX_TRACE,
    BOARD_REGION_COUNT
};

struct board_region {
    const char *name; /* unique: names the section in a saved machine */
    const char *node; /* device-tree node name before "@base", as on QEMU's virt board */
    const struct device_ops *ops;
    uint64_t base;
    uint64_t size_bytes;
    uint32_t irq; /* PLIC source, 0: none */
};

extern const struct board_region board_regions[BOARD_REGION_COUNT];

#endif
