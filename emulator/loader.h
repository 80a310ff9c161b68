/* SPDX-License-Identifier: GPL-2.0-or-later */
/* loader.h - what a boot loader would do: kernel, initrd and device tree into RAM. */
#ifndef LATCHKEY_EMULATOR_LOADER_H
#define LATCHKEY_EMULATOR_LOADER_H

#include <stdint.h>

#include "emulator/devicetree.h"

/* Where an Image without an address of its own goes: as OpenSBI's payload on QEMU's virt. */
#define LOADER_KERNEL_ADDR 0x80200000u

struct loader_request {
    uint8_t *ram;
    uint64_t ram_base, ram_bytes;
    const char *kernel_path;
    const char *initrd_path; /* NULL: none */
    struct devicetree_facts facts; /* ram_* and initrd_* are filled in by loader_load */
};

struct loader_result {
    uint64_t entry;     /* physical */
    uint64_t tree_addr; /* physical */
};

/* loader_load - fill RAM for a start. The tree lies at the end of RAM, the initrd below it.
 *
 * Kernels: ELF64 RISC-V, by physical addresses; Linux Image (its header's offset counts from RAM
 * base); anything else is refused.
 * Errors   ERROR_IO a file; ERROR_FORMAT not a kernel, truncated, does not fit the RAM or overlaps
 *          the initrd or tree; ERROR_LIMIT as devicetree_make.
 */
MUST_CHECK bool loader_load(const struct loader_request *request, struct loader_result *result,
                            struct error *error);

#endif
