/* SPDX-License-Identifier: GPL-2.0-or-later */
/* support_device.h - a board for one device: RAM, interrupt lines that are counted, and a clock
 * that stands still until it is told to go on. Used by the tests of devices/; knows no machine and
 * no CPU.
 */
#ifndef LATCHKEY_TESTS_SUPPORT_DEVICE_H
#define LATCHKEY_TESTS_SUPPORT_DEVICE_H

#include "devices/board.h"
#include "devices/device.h"

#define FAKE_LINE_COUNT BOARD_PLIC_SOURCES

struct fake_board {
    uint8_t *ram; /* at BOARD_RAM_BASE */
    size_t ram_bytes;
    uint64_t now_ns;
    bool line[FAKE_LINE_COUNT];
    uint32_t rises[FAKE_LINE_COUNT]; /* how often each line went from low to high */
    uint64_t refused_transfers;      /* DMA outside RAM */
};

/* One device on its own board. */
struct fake_device {
    struct fake_board *board;
    const struct device_ops *ops;
    const void *config;
    struct device_env env;
    void *state;
};

/* fake_board_create - ram_bytes of zeroed RAM, all lines low, time 0. */
struct fake_board *fake_board_create(size_t ram_bytes);
void fake_board_destroy(struct fake_board *board);

/* fake_device_init - power a device on: init, then reset. */
void fake_device_init(struct fake_device *device, struct fake_board *board,
                      const struct device_ops *ops, uint32_t irq, const void *config);
void fake_device_finish(struct fake_device *device);

/* fake_read, fake_write - one access; false: access fault. */
bool fake_read(struct fake_device *device, uint64_t offset, unsigned size_bytes, uint64_t *value);
bool fake_write(struct fake_device *device, uint64_t offset, unsigned size_bytes, uint64_t value);
/* fake_get, fake_set - one access of 1, 2, 4 or 8 bytes that must not fault. */
uint64_t fake_get(struct fake_device *device, uint64_t offset, unsigned size_bytes);
void fake_set(struct fake_device *device, uint64_t offset, unsigned size_bytes, uint64_t value);

/* fake_advance - let time reach time_ns, ticking the device at each of its deadlines. Returns the
 * number of ticks; stops the test when the device asks for more than 100000. */
uint32_t fake_advance(struct fake_device *device, uint64_t time_ns);
/* fake_deadline - when the device wants its next tick. */
uint64_t fake_deadline(const struct fake_device *device);

/* fake_save - the device's saved bytes; the caller frees them with writer_finish(). */
struct byte_writer fake_save(const struct fake_device *device);
/* fake_load - load those bytes; false when the device refused them or left some unread. */
bool fake_load(struct fake_device *device, const uint8_t *data, size_t size_bytes);
/* fake_round_trip - save; load into a second, freshly powered device; save that: are the bytes
 * equal? Also checks that every truncation of the bytes is refused. */
bool fake_round_trip(struct fake_device *device);

/* RAM of the board at a guest physical address, bounds asserted. */
uint8_t *fake_ram(struct fake_board *board, uint64_t addr, size_t size_bytes);
void fake_ram_set_u16(struct fake_board *board, uint64_t addr, uint16_t value);
void fake_ram_set_u32(struct fake_board *board, uint64_t addr, uint32_t value);
void fake_ram_set_u64(struct fake_board *board, uint64_t addr, uint64_t value);
uint16_t fake_ram_get_u16(struct fake_board *board, uint64_t addr);
uint32_t fake_ram_get_u32(struct fake_board *board, uint64_t addr);
uint64_t fake_ram_get_u64(struct fake_board *board, uint64_t addr);

/* A small random generator (SplitMix64) for reproducible tests. */
struct fake_random {
    uint64_t state;
};
uint64_t fake_random_next(struct fake_random *random);
uint64_t fake_random_below(struct fake_random *random, uint64_t limit);
/* fake_random_seed - LATCHKEY_SEED from the environment, else a fixed seed; the tests print it. */
uint64_t fake_random_seed(void);
/* fake_steps - ordinary, or ten times that when LATCHKEY_LONG=1 is in the environment. */
uint64_t fake_steps(uint64_t ordinary);

#endif
