/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bus.h - the devices of the board and the addresses they answer. */
#ifndef LATCHKEY_EMULATOR_BUS_H
#define LATCHKEY_EMULATOR_BUS_H

#include "devices/board_table.h"

struct bus {
    void *states[BOARD_REGION_COUNT]; /* owned; one state block a device */
    struct device_env envs[BOARD_REGION_COUNT];
    unsigned last; /* index of the region that answered last: a guess for the next access */
};

/* bus_init - make every device of board_regions[].
 *
 * env       copied for each device; its irq is filled in.
 * configs   by board_index; NULL as board_table.h says.
 */
void bus_init(struct bus *bus, const struct device_env *env,
              const void *const configs[BOARD_REGION_COUNT]);
void bus_finish(struct bus *bus);
void bus_reset(struct bus *bus);

/* bus_read, bus_write - a naturally aligned access of 1, 2, 4 or 8 bytes. false: access fault. */
bool bus_read(struct bus *bus, uint64_t addr, unsigned size_bytes, uint64_t *value);
bool bus_write(struct bus *bus, uint64_t addr, unsigned size_bytes, uint64_t value);

/* bus_deadline_ns - when the first device wants its tick; DEVICE_NEVER: none. */
uint64_t bus_deadline_ns(const struct bus *bus);
/* bus_tick - tick every device whose deadline is at or before now_ns. */
void bus_tick(struct bus *bus, uint64_t now_ns);

/* bus_save, bus_load - every device's state, each as a named section with its length. */
void bus_save(const struct bus *bus, struct byte_writer *writer);
void bus_load(struct bus *bus, struct byte_reader *reader);

#endif
