/* SPDX-License-Identifier: GPL-2.0-or-later */
/* virtio.h - virtio-mmio version 2 and split queues, for the kernel's drivers.
 *
 * Source: VIRTIO 1.2, sections 2.7 (split queues) and 4.2 (MMIO).
 *
 * Invariants
 *  1. A chain of descriptors is the device's from virtqueue_add() until virtqueue_take() returns
 *     its head, or the queue is broken.
 *  2. What the device writes (used ring, lengths) is never trusted: an answer to something that it
 *     was not asked breaks the queue, and the device is reset and given up. A wrong device is not a
 *     wrong kernel: there is no panic.
 */
#ifndef LATCHKEY_KERNEL_VIRTIO_H
#define LATCHKEY_KERNEL_VIRTIO_H

#include "kernel/base.h"
#include "kernel/driver/fdt.h"

/* Two of the largest disk requests, 64 parts each; where memory follows memory, many more. */
#define VIRTQUEUE_SIZE 128u

enum virtio_id { VIRTIO_ID_BLOCK = 2, VIRTIO_ID_GPU = 16, VIRTIO_ID_INPUT = 18 };

struct virtq_descriptor {
    uint64_t addr; /* physical */
    uint32_t length;
    uint16_t flags, next;
};
struct virtqueue {
    struct virtq_descriptor descriptors[VIRTQUEUE_SIZE] __attribute__((aligned(16)));
    struct {
        uint16_t flags, index;
        uint16_t ring[VIRTQUEUE_SIZE];
        uint16_t used_event;
    } available __attribute__((aligned(2)));
    struct {
        uint16_t flags;
        volatile uint16_t index;
        struct {
            uint32_t id, length;
        } ring[VIRTQUEUE_SIZE];
        uint16_t available_event;
    } used __attribute__((aligned(4)));
    volatile uint8_t *registers; /* of the device */
    uint32_t irq;
    uint16_t size;       /* in use, at most VIRTQUEUE_SIZE */
    uint16_t free_first; /* chain of free descriptors */
    uint16_t free_count;
    uint16_t used_seen;
    uint8_t lengths[VIRTQUEUE_SIZE]; /* of the chain that begins here and is in flight; 0: none */
    bool broken;
};

/* One part of a request, at a kernel virtual address. */
struct virtio_part {
    const void *data;
    uint32_t size_bytes;
    bool device_writes;
};

/* virtio_probe - the device id at a transport; 0: none, or not version 2. */
uint32_t virtio_probe(const struct fdt_device *device);
/* virtio_begin - reset the device, negotiate (wanted features are taken if offered; VERSION_1 must
 * be), and set up its first queue, which has at least so many descriptors. Returns the features
 * agreed; 0: refused, or it has no such queue. */
uint64_t virtio_begin(const struct fdt_device *device, uint64_t wanted, struct virtqueue *queue,
                      uint16_t size_min);
/* virtio_ready - the driver is done setting up. */
void virtio_ready(const struct virtqueue *queue);
/* virtio_acknowledge - clear the interrupt. false: the device says that it needs a reset. */
MUST_CHECK bool virtio_acknowledge(const struct virtqueue *queue);
/* virtio_give_up - reset the device, so that it touches no memory any more, and mark it failed. */
void virtio_give_up(const struct virtqueue *queue);
/* virtio_config - device configuration space. */
volatile uint8_t *virtio_config(const struct virtqueue *queue);

/* virtqueue_add - offer a chain of parts. false: not enough descriptors are free, or the queue is
 * broken. *head names the chain. */
MUST_CHECK bool virtqueue_add(struct virtqueue *queue, const struct virtio_part *parts,
                              unsigned count, uint16_t *head);
/* virtqueue_notify - tell the device. */
void virtqueue_notify(struct virtqueue *queue);
/* virtqueue_take - the next chain the device is done with, its descriptors free again. false: none,
 * or the queue is (now) broken. */
MUST_CHECK bool virtqueue_take(struct virtqueue *queue, uint16_t *head, uint32_t *length);

#endif
