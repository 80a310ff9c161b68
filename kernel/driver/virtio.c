/* SPDX-License-Identifier: GPL-2.0-or-later */
/* virtio.c - the transport. Called by virtio_block, virtio_gpu, virtio_input, driver. Invariants:
 * virtio.h. */
#include "kernel/driver/virtio.h"

#include "kernel/arch/arch.h"
#include "kernel/driver/mmio.h"
#include "kernel/print.h"

/* Register offsets: VIRTIO 1.2, table 4.1. */
enum {
    REG_MAGIC = 0x000, REG_VERSION = 0x004, REG_DEVICE_ID = 0x008, REG_DEVICE_FEATURES = 0x010,
    REG_DEVICE_FEATURES_SELECT = 0x014, REG_DRIVER_FEATURES = 0x020,
    REG_DRIVER_FEATURES_SELECT = 0x024, REG_QUEUE_SELECT = 0x030, REG_QUEUE_SIZE_MAX = 0x034,
    REG_QUEUE_SIZE = 0x038, REG_QUEUE_READY = 0x044, REG_QUEUE_NOTIFY = 0x050,
    REG_INTERRUPT_STATUS = 0x060, REG_INTERRUPT_ACK = 0x064, REG_STATUS = 0x070,
    REG_QUEUE_DESCRIPTORS = 0x080, REG_QUEUE_AVAILABLE = 0x090, REG_QUEUE_USED = 0x0a0,
    REG_CONFIG = 0x100
};
enum { STATUS_ACKNOWLEDGE = 1, STATUS_DRIVER = 2, STATUS_DRIVER_OK = 4, STATUS_FEATURES_OK = 8,
       STATUS_NEEDS_RESET = 64, STATUS_FAILED = 128 };
enum { DESCRIPTOR_NEXT = 1, DESCRIPTOR_WRITE = 2 };
#define VIRTIO_MAGIC 0x74726976u
#define VIRTIO_VERSION_MODERN 2u
#define RESET_POLLS_MAX 100000u
#define FEATURE_VERSION_1 (1ull << 32)

static void write_register64(volatile uint8_t *registers, uint32_t offset, const void *data)
{
    uint64_t physical = arch_virtual_to_physical(data);
    mmio_write32(registers + offset, (uint32_t)physical);
    mmio_write32(registers + offset + 4, (uint32_t)(physical >> 32));
}

uint32_t virtio_probe(const struct fdt_device *device)
{
    if (device->base == 0)
        return 0;
    const volatile uint8_t *registers = arch_physical_to_virtual(device->base);
    if (mmio_read32(registers + REG_MAGIC) != VIRTIO_MAGIC)
        return 0;
    uint32_t id = mmio_read32(registers + REG_DEVICE_ID);
    if (id != 0 && mmio_read32(registers + REG_VERSION) != VIRTIO_VERSION_MODERN) {
        print_line("virtio device %u at 0x%lx: legacy interface; use force-legacy=false", id,
                   device->base);
        return 0;
    }
    return id;
}

/* Reset is done when the status reads 0 (VIRTIO 1.2, 4.2.2.1 and 2.4). */
static bool reset(volatile uint8_t *registers)
{
    mmio_write32(registers + REG_STATUS, 0);
    for (unsigned i = 0; i < RESET_POLLS_MAX; i++)
        if (mmio_read32(registers + REG_STATUS) == 0)
            return true;
    return false;
}

/* The features agreed; 0: refused, the device is marked failed. */
static uint64_t negotiate(volatile uint8_t *registers, uint64_t wanted)
{
    uint32_t status = STATUS_ACKNOWLEDGE | STATUS_DRIVER;
    uint64_t agreed = 0;
    if (!reset(registers))
        return 0;
    mmio_write32(registers + REG_STATUS, STATUS_ACKNOWLEDGE);
    mmio_write32(registers + REG_STATUS, status);
    for (uint32_t half = 0; half < 2; half++) {
        mmio_write32(registers + REG_DEVICE_FEATURES_SELECT, half);
        mmio_write32(registers + REG_DRIVER_FEATURES_SELECT, half);
        uint32_t known = (uint32_t)((wanted | FEATURE_VERSION_1) >> 32 * half);
        uint32_t taken = mmio_read32(registers + REG_DEVICE_FEATURES) & known;
        mmio_write32(registers + REG_DRIVER_FEATURES, taken);
        agreed |= (uint64_t)taken << 32 * half;
    }
    mmio_write32(registers + REG_STATUS, status | STATUS_FEATURES_OK);
    if ((agreed & FEATURE_VERSION_1) && (mmio_read32(registers + REG_STATUS) & STATUS_FEATURES_OK))
        return agreed;
    mmio_write32(registers + REG_STATUS, STATUS_FAILED);
    return 0;
}

uint64_t virtio_begin(const struct fdt_device *device, uint64_t wanted, struct virtqueue *queue,
                      uint16_t size_min)
{
    volatile uint8_t *registers = arch_physical_to_virtual(device->base);
    uint64_t agreed = negotiate(registers, wanted);
    if (agreed == 0)
        return 0;
    mmio_write32(registers + REG_QUEUE_SELECT, 0);
    uint32_t size_max = mmio_read32(registers + REG_QUEUE_SIZE_MAX);
    uint16_t size = VIRTQUEUE_SIZE;
    while (size > size_max) /* a power of two, as 2.7 asks */
        size /= 2;
    if (size < size_min || mmio_read32(registers + REG_QUEUE_READY) != 0)
        return 0;
    memset(queue, 0, sizeof(*queue));
    queue->registers = registers;
    queue->irq = device->irq;
    queue->size = queue->free_count = size;
    for (uint16_t i = 0; i < size; i++)
        queue->descriptors[i].next = (uint16_t)(i + 1);
    mmio_write32(registers + REG_QUEUE_SIZE, size);
    write_register64(registers, REG_QUEUE_DESCRIPTORS, queue->descriptors);
    write_register64(registers, REG_QUEUE_AVAILABLE, &queue->available);
    write_register64(registers, REG_QUEUE_USED, (const void *)&queue->used);
    mmio_write32(registers + REG_QUEUE_READY, 1);
    return agreed;
}

void virtio_ready(const struct virtqueue *queue)
{
    mmio_write32(queue->registers + REG_STATUS, STATUS_ACKNOWLEDGE | STATUS_DRIVER |
                                                    STATUS_FEATURES_OK | STATUS_DRIVER_OK);
}

bool virtio_acknowledge(const struct virtqueue *queue)
{
    uint32_t status = mmio_read32(queue->registers + REG_INTERRUPT_STATUS);
    if (status)
        mmio_write32(queue->registers + REG_INTERRUPT_ACK, status);
    return !(mmio_read32(queue->registers + REG_STATUS) & STATUS_NEEDS_RESET);
}

void virtio_give_up(const struct virtqueue *queue)
{
    (void)reset(queue->registers);
    mmio_write32(queue->registers + REG_STATUS, STATUS_FAILED);
}

volatile uint8_t *virtio_config(const struct virtqueue *queue)
{
    return queue->registers + REG_CONFIG;
}

bool virtqueue_add(struct virtqueue *queue, const struct virtio_part *parts, unsigned count,
                   uint16_t *head)
{
    kassert(count > 0);
    if (queue->broken || count > queue->free_count)
        return false;
    *head = queue->free_first;
    uint16_t at = *head;
    for (unsigned i = 0; i < count; i++) {
        kassert(at < queue->size);
        struct virtq_descriptor *descriptor = &queue->descriptors[at];
        descriptor->addr = arch_virtual_to_physical(parts[i].data);
        descriptor->length = parts[i].size_bytes;
        descriptor->flags = (uint16_t)((parts[i].device_writes ? DESCRIPTOR_WRITE : 0) |
                                       (i + 1 < count ? DESCRIPTOR_NEXT : 0));
        at = descriptor->next;
    }
    kassert(queue->lengths[*head] == 0);
    queue->lengths[*head] = (uint8_t)count;
    queue->free_first = at;
    queue->free_count = (uint16_t)(queue->free_count - count);
    queue->available.ring[queue->available.index % queue->size] = *head;
    __sync_synchronize();
    queue->available.index++;
    return true;
}

void virtqueue_notify(struct virtqueue *queue)
{
    if (!queue->broken)
        mmio_write32(queue->registers + REG_QUEUE_NOTIFY, 0);
}

/* Put the chain back in front of the free ones. Its links are as virtqueue_add() left them: the
 * device only reads descriptors. */
static void chain_free(struct virtqueue *queue, uint16_t head)
{
    uint16_t at = head;
    unsigned count = queue->lengths[head];
    for (unsigned i = 1; i < count; i++)
        at = queue->descriptors[at].next;
    queue->descriptors[at].next = queue->free_first;
    queue->free_first = head;
    queue->free_count = (uint16_t)(queue->free_count + count);
    queue->lengths[head] = 0;
}

static void break_off(struct virtqueue *queue, const char *why)
{
    print_line("virtio device with interrupt %u: %s; given up", queue->irq, why);
    queue->broken = true;
    virtio_give_up(queue);
}

bool virtqueue_take(struct virtqueue *queue, uint16_t *head, uint32_t *length)
{
    uint16_t waiting = (uint16_t)(queue->used.index - queue->used_seen);
    if (queue->broken || waiting == 0)
        return false;
    __sync_synchronize();
    unsigned slot = queue->used_seen % queue->size;
    uint32_t id = queue->used.ring[slot].id;
    if (waiting > queue->size || id >= queue->size || queue->lengths[id] == 0) {
        break_off(queue, "an answer to no request");
        return false;
    }
    *length = queue->used.ring[slot].length;
    *head = (uint16_t)id;
    queue->used_seen++;
    chain_free(queue, *head);
    return true;
}
