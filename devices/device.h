/* SPDX-License-Identifier: GPL-2.0-or-later */
/* device.h - what every device model is: data and seven functions.
 *
 * Who calls: emulator/bus.c, for guest accesses and, driven by emulator/machine.c, to reset, tick
 * and save; machine.c calls some devices by name. Whom it calls: only the functions of struct
 * device_env. A device never opens a file, reads the host clock, sleeps, allocates after init, or
 * exits; it knows neither Unicorn nor SDL.
 *
 * Invariants
 *  1. All mutable state of a device is in its state block; save() writes all of it, so that
 *     save, load, save gives equal bytes.
 *  2. A device touches guest memory only through env->dma_read / env->dma_write, which are bounded.
 *  3. Time is guest virtual time in nanoseconds, given by env->now_ns; equal inputs give equal
 *     outputs.
 */
#ifndef LATCHKEY_DEVICES_DEVICE_H
#define LATCHKEY_DEVICES_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "emulator/base/bytes.h"

#define DEVICE_NEVER UINT64_MAX /* "no deadline" */

struct device_env {
    void *context; /* the machine; passed back unchanged */
    uint32_t irq;  /* PLIC source of this device, 0: none */

    /* Raise or lower this device's interrupt line. Idempotent. */
    void (*irq_set)(void *context, uint32_t irq, bool level);
    /* Copy guest RAM. false, with nothing copied, unless [addr, addr + size) lies inside RAM. */
    bool (*dma_read)(void *context, uint64_t addr_guest, void *target, size_t size_bytes);
    bool (*dma_write)(void *context, uint64_t addr_guest, const void *source, size_t size_bytes);
    /* Guest virtual time now. */
    uint64_t (*now_ns)(void *context);
};

struct device_ops {
    const char *name;       /* "uart"; unique; names the section in a saved machine */
    const char *compatible; /* device-tree compatible string; NULL: not in the tree */
    size_t state_bytes;     /* size of the state block, zeroed before init */

    /* Called once. config is the device's own config struct (see its header) or NULL. The env and
     * whatever config points to outlive the device. */
    void (*init)(void *state, const struct device_env *env, const void *config);
    /* Free what init allocated; NULL when nothing. */
    void (*finish)(void *state);
    /* To power-on state, keeping env and config. */
    void (*reset)(void *state);
    /* A naturally aligned access of 1, 2, 4 or 8 bytes at offset < region size. Return false for a
     * width or register that does not exist: the guest gets an access fault. */
    bool (*read)(void *state, uint64_t offset, unsigned size_bytes, uint64_t *value);
    bool (*write)(void *state, uint64_t offset, unsigned size_bytes, uint64_t value);
    /* When the device next wants tick(), DEVICE_NEVER if not. NULL: never. Asked after every
     * access, tick and input. */
    uint64_t (*deadline_ns)(const void *state);
    /* Virtual time has reached the deadline (now_ns >= deadline_ns). */
    void (*tick)(void *state);
    /* Everything mutable, in a fixed order; load fails the reader on an impossible value. */
    void (*save)(const void *state, struct byte_writer *writer);
    void (*load)(void *state, struct byte_reader *reader);
};

/* Where the bytes of a character device go. */
struct console_sink {
    void *context;
    void (*put)(void *context, const uint8_t *data, size_t size_bytes);
};

#endif
