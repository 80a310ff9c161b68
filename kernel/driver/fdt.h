/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fdt.h - what the kernel takes from the device tree. */
#ifndef LATCHKEY_KERNEL_FDT_H
#define LATCHKEY_KERNEL_FDT_H

#include "devices/board.h"
#include "kernel/base.h"

struct fdt_device {
    uint64_t base; /* physical; 0: not there */
    uint32_t irq;
};

struct fdt_facts {
    uint64_t ram_base, ram_bytes;
    uint64_t timebase_hz;
    struct fdt_device uart, plic, rtc, trace, finisher;
    struct fdt_device virtio[BOARD_VIRTIO_COUNT]; /* in order of their addresses */
    unsigned virtio_count;
    uint32_t plic_context; /* the supervisor context of the first hart */
    uint32_t plic_sources; /* interrupt numbers are below this */
    uint64_t initrd_start; /* physical; 0: none */
    /* Knobs: properties of /chosen, or words of its bootargs (check-seldom there only). */
    bool amnesia, check, check_seldom, general, small;
    uint64_t checkpoint_ms; /* word checkpoint=N of the bootargs; FDT_NO_NUMBER: not given */
    uint64_t pages_max;     /* word pages=N: page frames at most; FDT_NO_NUMBER: all */
};

#define FDT_NO_NUMBER UINT64_MAX
#define FDT_BYTES_MAX (1u << 20)

/* fdt_parse - read a flattened device tree.
 *
 * tree        kernel virtual address; at most FDT_BYTES_MAX bytes are looked at.
 * Returns     NULL, or what is wrong with it. Never reads outside its stated
 *             size.
 * Source      Devicetree Specification 0.3, chapter 5.
 */
const char *fdt_parse(const void *tree, struct fdt_facts *facts);

#endif
