/* SPDX-License-Identifier: GPL-2.0-or-later */
/* devicetree.h - the machine description, made from board_regions[]; the only door to libfdt. */
#ifndef LATCHKEY_EMULATOR_DEVICETREE_H
#define LATCHKEY_EMULATOR_DEVICETREE_H

#include <stddef.h>
#include <stdint.h>

#include "emulator/base/error.h"

#define DEVICETREE_BYTES 16384u

struct devicetree_facts {
    uint64_t ram_base, ram_bytes;
    uint64_t seed;               /* becomes /chosen/rng-seed */
    const char *append;          /* bootargs; NULL: none */
    uint64_t initrd_start, initrd_end; /* 0: none */
    bool amnesia, check;
};

/* devicetree_make - write a flattened tree.
 *
 * tree     out: DEVICETREE_BYTES bytes, all of them defined.
 * Errors   ERROR_LIMIT append is too long for the room there is.
 */
MUST_CHECK bool devicetree_make(uint8_t tree[DEVICETREE_BYTES],
                                const struct devicetree_facts *facts, struct error *error);

#endif
