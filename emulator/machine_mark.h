/* SPDX-License-Identifier: GPL-2.0-or-later */
/* machine_mark.h - a machine's whole state as a list of hashes, one a part, so that two machines
 * that differ say where.
 *
 * Parts, in this order: the hart; the machine itself (timer, phase, end, the history of each
 * disk's media, the input that waits); each device of board_regions[]; each MiB of RAM.
 */
#ifndef LATCHKEY_EMULATOR_MACHINE_MARK_H
#define LATCHKEY_EMULATOR_MACHINE_MARK_H

#include "emulator/machine.h"

#define MARK_RAM_BYTES (1u << 20)
#define MARK_PARTS_BEFORE_RAM (2u + 13u) /* 13: BOARD_REGION_COUNT */

/* mark_parts - how many there are with so much RAM. */
uint32_t mark_parts(uint64_t ram_bytes);
/* machine_mark - hash every part; hashes: out, mark_parts() of them. */
void machine_mark(struct machine *machine, uint64_t *hashes);
/* machine_glance - one hash over the hart and its counters alone: quick. */
uint64_t machine_glance(struct machine *machine);

#define MARK_NAME_BYTES 64u
/* mark_name - "the hart", "RAM at 0x80100000", ... */
void mark_name(uint32_t part, char name[MARK_NAME_BYTES]);

#endif
