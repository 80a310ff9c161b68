/* SPDX-License-Identifier: GPL-2.0-or-later */
/* support_virtio.h - a virtio driver for tests, written from VIRTIO 1.2 alone: it brings a device
 * up, offers buffers and collects them. The tests also use its parts to do everything wrong.
 */
#ifndef LATCHKEY_TESTS_SUPPORT_VIRTIO_H
#define LATCHKEY_TESTS_SUPPORT_VIRTIO_H

#include "tests/support_device.h"

#define DRIVER_QUEUE_MAX 2u
#define DRIVER_IRQ 1u
#define DRIVER_RAM_BYTES ((size_t)16 << 20)
/* Rings lie at the start of RAM; buffers of the tests from here on. */
#define DRIVER_BUFFERS (BOARD_RAM_BASE + 0x10000u)

enum mmio_register {
    MMIO_MAGIC = 0x00,
    MMIO_VERSION = 0x04,
    MMIO_DEVICE_ID = 0x08,
    MMIO_VENDOR_ID = 0x0c,
    MMIO_DEVICE_FEATURES = 0x10,
    MMIO_DEVICE_FEATURES_SELECT = 0x14,
    MMIO_DRIVER_FEATURES = 0x20,
    MMIO_DRIVER_FEATURES_SELECT = 0x24,
    MMIO_QUEUE_SELECT = 0x30,
    MMIO_QUEUE_SIZE_MAX = 0x34,
    MMIO_QUEUE_SIZE = 0x38,
    MMIO_QUEUE_READY = 0x44,
    MMIO_QUEUE_NOTIFY = 0x50,
    MMIO_INTERRUPT_STATUS = 0x60,
    MMIO_INTERRUPT_ACKNOWLEDGE = 0x64,
    MMIO_STATUS = 0x70,
    MMIO_DESCRIPTORS = 0x80,
    MMIO_AVAILABLE = 0x90,
    MMIO_USED = 0xa0,
    MMIO_CONFIG_GENERATION = 0xfc,
    MMIO_CONFIG = 0x100,
};

#define STATUS_NEEDS_RESET 0x40u
#define DESCRIPTOR_F_NEXT 1u
#define DESCRIPTOR_F_WRITE 2u
#define DESCRIPTOR_F_INDIRECT 4u
#define FEATURE_INDIRECT ((uint64_t)1 << 28)
#define FEATURE_EVENT ((uint64_t)1 << 29)
#define FEATURE_VERSION_1 ((uint64_t)1 << 32)

struct driver_queue {
    uint16_t size;
    uint16_t descriptor_next; /* next descriptor to hand out, going round */
    uint16_t available;       /* entries put in the available ring so far */
    uint16_t used;            /* entries taken from the used ring so far */
    uint64_t descriptor_addr, available_addr, used_addr;
};

struct driver {
    struct fake_device *device;
    uint64_t features; /* accepted */
    struct driver_queue queues[DRIVER_QUEUE_MAX];
};

struct driver_segment {
    uint64_t addr;
    uint32_t size_bytes;
    bool device_writes;
};

/* driver_get, driver_set - one 32-bit register of the transport. */
uint32_t driver_get(struct driver *driver, uint32_t offset);
void driver_set(struct driver *driver, uint32_t offset, uint32_t value);
void driver_set_u64(struct driver *driver, uint32_t offset, uint64_t value);
uint64_t driver_features_offered(struct driver *driver);

/* driver_negotiate - reset, ACKNOWLEDGE, DRIVER, features, FEATURES_OK. Returns whether the device
 * took the features. */
bool driver_negotiate(struct driver *driver, uint64_t features);
/* driver_queue_start - lay out and enable one queue. */
void driver_queue_start(struct driver *driver, unsigned queue_index, uint16_t size);
/* driver_start - all of it: negotiate, enable queue_count queues of `size`, DRIVER_OK. */
void driver_start(struct driver *driver, struct fake_device *device, uint64_t features,
                  unsigned queue_count, uint16_t size);

/* driver_descriptor_set - fill one descriptor of a table. */
void driver_descriptor_set(struct driver *driver, uint64_t table_addr, uint16_t index,
                           struct driver_segment segment, uint16_t flags, uint16_t next);
/* driver_offer - put a chain of segments in the available ring; returns its head. No notification.
 */
uint16_t driver_offer(struct driver *driver, unsigned queue_index,
                      const struct driver_segment *segments, unsigned count);
/* driver_offer_head - put any head in the available ring. */
void driver_offer_head(struct driver *driver, unsigned queue_index, uint16_t head);
void driver_notify(struct driver *driver, unsigned queue_index);

struct driver_used {
    uint32_t id, size_bytes;
};
/* driver_collect - the next used buffer; false: none. */
bool driver_collect(struct driver *driver, unsigned queue_index, struct driver_used *used);
/* driver_is_broken - DEVICE_NEEDS_RESET is set. */
bool driver_is_broken(struct driver *driver);

#endif
