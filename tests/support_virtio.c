/* SPDX-License-Identifier: GPL-2.0-or-later */
/* support_virtio.c - the test driver. Called by tests/devices_virtio*_test.c; calls
 * support_device.c.
 *
 * Invariants
 *  1. Queue n has its rings at RAM + n * 0x4000, in three pages, far from the buffers of tests.
 */
#include "tests/support_virtio.h"

#include <assert.h>

#define QUEUE_STRIDE 0x4000u

uint32_t driver_get(struct driver *driver, uint32_t offset)
{
    return (uint32_t)fake_get(driver->device, offset, 4);
}

void driver_set(struct driver *driver, uint32_t offset, uint32_t value)
{
    fake_set(driver->device, offset, 4, value);
}

void driver_set_u64(struct driver *driver, uint32_t offset, uint64_t value)
{
    driver_set(driver, offset, (uint32_t)value);
    driver_set(driver, offset + 4, (uint32_t)(value >> 32));
}

uint64_t driver_features_offered(struct driver *driver)
{
    driver_set(driver, MMIO_DEVICE_FEATURES_SELECT, 0);
    uint64_t low = driver_get(driver, MMIO_DEVICE_FEATURES);
    driver_set(driver, MMIO_DEVICE_FEATURES_SELECT, 1);
    return (uint64_t)driver_get(driver, MMIO_DEVICE_FEATURES) << 32 | low;
}

bool driver_negotiate(struct driver *driver, uint64_t features)
{
    driver_set(driver, MMIO_STATUS, 0);
    assert(driver_get(driver, MMIO_STATUS) == 0);
    driver_set(driver, MMIO_STATUS, 1);
    driver_set(driver, MMIO_STATUS, 3);
    for (uint32_t word = 0; word < 2; word++) {
        driver_set(driver, MMIO_DRIVER_FEATURES_SELECT, word);
        driver_set(driver, MMIO_DRIVER_FEATURES, (uint32_t)(features >> (32 * word)));
    }
    driver_set(driver, MMIO_STATUS, 0x0b);
    driver->features = features;
    return (driver_get(driver, MMIO_STATUS) & 8) != 0;
}

void driver_queue_start(struct driver *driver, unsigned queue_index, uint16_t size)
{
    assert(queue_index < DRIVER_QUEUE_MAX);
    struct driver_queue *queue = &driver->queues[queue_index];
    uint64_t base = BOARD_RAM_BASE + (uint64_t)queue_index * QUEUE_STRIDE;
    *queue = (struct driver_queue){.size = size,
                                   .descriptor_addr = base,
                                   .available_addr = base + 0x1000,
                                   .used_addr = base + 0x2000};
    for (uint64_t offset = 0; offset < QUEUE_STRIDE; offset += 8)
        fake_ram_set_u64(driver->device->board, base + offset, 0);
    driver_set(driver, MMIO_QUEUE_SELECT, queue_index);
    driver_set(driver, MMIO_QUEUE_SIZE, size);
    driver_set_u64(driver, MMIO_DESCRIPTORS, queue->descriptor_addr);
    driver_set_u64(driver, MMIO_AVAILABLE, queue->available_addr);
    driver_set_u64(driver, MMIO_USED, queue->used_addr);
    driver_set(driver, MMIO_QUEUE_READY, 1);
}

void driver_start(struct driver *driver, struct fake_device *device, uint64_t features,
                  unsigned queue_count, uint16_t size)
{
    *driver = (struct driver){.device = device};
    bool accepted = driver_negotiate(driver, features);
    assert(accepted);
    for (unsigned index = 0; index < queue_count; index++)
        driver_queue_start(driver, index, size);
    driver_set(driver, MMIO_STATUS, 0x0f);
    assert(driver_get(driver, MMIO_STATUS) == 0x0f);
}

void driver_descriptor_set(struct driver *driver, uint64_t table_addr, uint16_t index,
                           struct driver_segment segment, uint16_t flags, uint16_t next)
{
    struct fake_board *board = driver->device->board;
    uint64_t addr = table_addr + 16u * index;
    if (segment.device_writes)
        flags |= DESCRIPTOR_F_WRITE;
    fake_ram_set_u64(board, addr, segment.addr);
    fake_ram_set_u32(board, addr + 8, segment.size_bytes);
    fake_ram_set_u16(board, addr + 12, flags);
    fake_ram_set_u16(board, addr + 14, next);
}

void driver_offer_head(struct driver *driver, unsigned queue_index, uint16_t head)
{
    struct driver_queue *queue = &driver->queues[queue_index];
    struct fake_board *board = driver->device->board;
    uint32_t entry = queue->available & (queue->size - 1u);
    fake_ram_set_u16(board, queue->available_addr + 4 + 2u * entry, head);
    queue->available++;
    fake_ram_set_u16(board, queue->available_addr + 2, queue->available);
}

uint16_t driver_offer(struct driver *driver, unsigned queue_index,
                      const struct driver_segment *segments, unsigned count)
{
    struct driver_queue *queue = &driver->queues[queue_index];
    uint16_t head = queue->descriptor_next;
    assert(count > 0);
    for (unsigned index = 0; index < count; index++) {
        uint16_t here = queue->descriptor_next;
        uint16_t next = (uint16_t)((here + 1u) % queue->size);
        uint16_t flags = index + 1 < count ? DESCRIPTOR_F_NEXT : 0;
        driver_descriptor_set(driver, queue->descriptor_addr, here, segments[index], flags, next);
        queue->descriptor_next = next;
    }
    driver_offer_head(driver, queue_index, head);
    return head;
}

void driver_notify(struct driver *driver, unsigned queue_index)
{
    driver_set(driver, MMIO_QUEUE_NOTIFY, queue_index);
}

bool driver_collect(struct driver *driver, unsigned queue_index, struct driver_used *used)
{
    struct driver_queue *queue = &driver->queues[queue_index];
    struct fake_board *board = driver->device->board;
    if (fake_ram_get_u16(board, queue->used_addr + 2) == queue->used)
        return false;
    uint64_t entry = queue->used_addr + 4 + 8u * (queue->used & (queue->size - 1u));
    used->id = fake_ram_get_u32(board, entry);
    used->size_bytes = fake_ram_get_u32(board, entry + 4);
    queue->used++;
    return true;
}

bool driver_is_broken(struct driver *driver)
{
    return (driver_get(driver, MMIO_STATUS) & STATUS_NEEDS_RESET) != 0;
}
