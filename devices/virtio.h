/* SPDX-License-Identifier: GPL-2.0-or-later */
/* virtio.h - what all virtio devices share: the MMIO transport of VIRTIO 1.2 section 4.2 (version
 * 2, no legacy interface) and split virtqueues of section 2.7.
 *
 * A device model puts `struct virtio virtio` first in its state block, uses virtio_read and
 * virtio_write as the read and write of its device_ops, and is called back through struct
 * virtio_model.
 *
 * Invariants
 *  1. Whatever the driver writes, guest memory is touched only through device_env, and only inside
 *     the segments of a chain that was checked to lie in RAM, or inside a ring that was.
 *  2. A driver that breaks the rules of section 2.7 (a ring or buffer outside RAM, a descriptor
 *     loop, an index that runs away, a size of zero ...) gets DEVICE_NEEDS_RESET and a
 *     configuration interrupt; the device then does nothing until it is reset.
 *  3. One service of a queue takes at most as many chains as the queue is long, so that a driver
 *     that rewrites its own ring by DMA cannot keep the host busy; what is left is taken at the
 *     next tick.
 *  4. RAM is one range (board.h), so a segment whose first and last byte are in RAM is in RAM.
 */
#ifndef LATCHKEY_DEVICES_VIRTIO_H
#define LATCHKEY_DEVICES_VIRTIO_H

#include "devices/device.h"

#define VIRTIO_QUEUE_COUNT_MAX 2u
#define VIRTIO_QUEUE_SIZE_MAX 256u     /* QueueNumMax */
#define VIRTIO_CHAIN_SEGMENTS_MAX 256u /* descriptors that carry data, direct and indirect */
#define VIRTIO_CONFIG_BYTES_MAX 256u

/* Feature bits of section 6 that the transport offers for every device. */
#define VIRTIO_F_INDIRECT_DESC ((uint64_t)1 << 28)
#define VIRTIO_F_EVENT_IDX ((uint64_t)1 << 29)
#define VIRTIO_F_VERSION_1 ((uint64_t)1 << 32)

/* Device status bits, section 2.1. */
#define VIRTIO_STATUS_ACKNOWLEDGE 0x01u
#define VIRTIO_STATUS_DRIVER 0x02u
#define VIRTIO_STATUS_DRIVER_OK 0x04u
#define VIRTIO_STATUS_FEATURES_OK 0x08u
#define VIRTIO_STATUS_NEEDS_RESET 0x40u
#define VIRTIO_STATUS_FAILED 0x80u

/* What makes one kind of device different from another. device is the state block. */
struct virtio_model {
    uint32_t device_id; /* section 5; 0: nothing is in the slot */
    uint32_t queue_count;
    uint32_t config_bytes;
    uint64_t features; /* beyond those of the transport */
    /* More features, of this instance; NULL: none. */
    uint64_t (*features_more)(const void *device);
    /* Fill in the zeroed configuration space, config_bytes long. NULL: stays zero. */
    void (*config_read)(const void *device, uint8_t *config);
    /* The driver wrote to the configuration space, inside config_bytes. NULL: ignored. */
    void (*config_write)(void *device, uint32_t offset, unsigned size_bytes, uint32_t value);
    /* Buffers may be available: take them with virtio_chain_take(). */
    void (*service)(void *device, unsigned queue_index);
    /* Forget what is in flight: a queue was disabled, or all is reset. NULL: nothing ever is. */
    void (*cancel)(void *device);
    /* The driver resets the device: drop what it set up beyond the transport. NULL: nothing. */
    void (*reset)(void *device);
};

struct virtio_queue {
    uint32_t size;    /* QueueNum as the driver wrote it; checked when it becomes ready */
    bool ready;       /* QueueReady; then size and addresses are valid */
    bool service_due; /* a service ended before the queue was empty */
    uint32_t budget;  /* chains that the present service may still take; 0 between services */
    uint16_t available_next; /* index of the next entry of the available ring to take */
    uint16_t used_next;      /* index of the next entry of the used ring to fill */
    uint16_t used_signalled; /* used_next when the interrupt was last considered */
    uint64_t descriptor_addr, available_addr, used_addr;
};

struct virtio {
    const struct virtio_model *model;
    void *device; /* the state block this is the beginning of */
    const struct device_env *env;
    uint32_t status;
    uint32_t device_features_select, driver_features_select;
    uint64_t driver_features;
    uint32_t queue_select;
    uint32_t interrupt_status;
    struct virtio_queue queues[VIRTIO_QUEUE_COUNT_MAX];
};

struct virtio_segment {
    uint64_t addr;
    uint32_t size_bytes;
};

/* One buffer that the driver made available: the device reads the first read_count segments and
 * writes the write_count that follow. */
struct virtio_chain {
    uint32_t queue_index;
    uint16_t head; /* descriptor index that names the chain */
    uint32_t read_count, write_count;
    uint64_t read_bytes, write_bytes;
    struct virtio_segment segments[VIRTIO_CHAIN_SEGMENTS_MAX];
};

/* An empty slot: DeviceID reads as 0. */
extern const struct device_ops virtio_empty_ops;
extern const struct virtio_model virtio_empty_model;

/* virtio_init - for device_ops.init. device is the state block, and virtio its first member. */
void virtio_init(struct virtio *virtio, const struct virtio_model *model,
                 const struct device_env *env);
/* virtio_reset - for device_ops.reset: as if the driver had written 0 to the status. */
void virtio_reset(struct virtio *virtio);
/* virtio_read, virtio_write - for device_ops; state begins with a struct virtio. */
bool virtio_read(void *state, uint64_t offset, unsigned size_bytes, uint64_t *value);
bool virtio_write(void *state, uint64_t offset, unsigned size_bytes, uint64_t value);
/* virtio_save, virtio_load - the transport's part of the state. */
void virtio_save(const struct virtio *virtio, struct byte_writer *writer);
void virtio_load(struct virtio *virtio, struct byte_reader *reader);

/* virtio_is_live - the driver is up (DRIVER_OK) and the device is not broken. */
bool virtio_is_live(const struct virtio *virtio);
/* virtio_has_feature - the driver accepted a feature (bits as above). */
bool virtio_has_feature(const struct virtio *virtio, uint64_t feature);
/* virtio_features_offered - all features of this instance. */
uint64_t virtio_features_offered(const struct virtio *virtio);
/* virtio_break - the driver broke the rules (invariant 2). */
void virtio_break(struct virtio *virtio);

/* virtio_service - let the model take buffers from a queue, then signal what was used. */
void virtio_service(struct virtio *virtio, unsigned queue_index);
/* virtio_service_due - a queue wants a service at the next tick. */
bool virtio_service_due(const struct virtio *virtio);
/* virtio_service_rest - for tick: serve the queues of which that is true. */
void virtio_service_rest(struct virtio *virtio);

/* virtio_queue_is_valid - may this queue become ready: its size is a power of two, and its three
 * rings are aligned and in RAM. */
bool virtio_queue_is_valid(const struct virtio *virtio, const struct virtio_queue *queue);
/* virtio_range_is_ram - [addr, addr + size_bytes) is RAM; size_bytes 0 never is. */
bool virtio_range_is_ram(const struct virtio *virtio, uint64_t addr, uint64_t size_bytes);

/* virtio_chain_take - take the next available buffer. Only inside model->service.
 *
 * chain    out: filled when true is returned.
 * Returns  false when there is none, the device is not live, the budget is used up, or the buffer
 * is
 *          malformed, which breaks the device.
 */
bool virtio_chain_take(struct virtio *virtio, unsigned queue_index, struct virtio_chain *chain);
/* virtio_chain_give - give a buffer back with written_bytes in its writable part. The interrupt
 * follows in virtio_signal(). */
void virtio_chain_give(struct virtio *virtio, const struct virtio_chain *chain,
                       uint32_t written_bytes);
/* virtio_signal - interrupt the driver for the buffers given back, unless it does not want to know.
 */
void virtio_signal(struct virtio *virtio);

/* virtio_chain_read, virtio_chain_write - copy between host memory and [offset, offset + size) of
 * the readable or writable part. false, perhaps with a part copied, when that is too short. */
bool virtio_chain_read(const struct virtio *virtio, const struct virtio_chain *chain,
                       uint64_t offset_bytes, void *target, size_t size_bytes);
bool virtio_chain_write(const struct virtio *virtio, const struct virtio_chain *chain,
                        uint64_t offset_bytes, const void *source, size_t size_bytes);

/* virtio_chain_save, virtio_chain_load - a buffer in flight. load fails the reader on segments
 * outside RAM or a queue that is not ready. */
void virtio_chain_save(const struct virtio_chain *chain, struct byte_writer *writer);
void virtio_chain_load(const struct virtio *virtio, struct virtio_chain *chain,
                       struct byte_reader *reader);

#endif
