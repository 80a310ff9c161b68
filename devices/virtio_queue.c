/* SPDX-License-Identifier: GPL-2.0-or-later */
/* virtio_queue.c - split virtqueues, VIRTIO 1.2 section 2.7: taking buffers from the available
 * ring, giving them back in the used ring, and deciding when the other side wants to be told.
 *
 * Called by virtio.c and by the device models; calls device_env only.
 *
 * Invariants
 *  1. Every loop is bounded: a chain has at most VIRTIO_CHAIN_SEGMENTS_MAX data descriptors, and a
 *     table of n descriptors is left after n steps.
 *  2. Nothing read from guest memory is used as an index, a size or an address before it is
 *     checked.
 */
#include "devices/virtio.h"

#include <assert.h>

#include "devices/virtio_queue.h"

#define DESCRIPTOR_BYTES 16u
#define DESCRIPTOR_NEXT 1u
#define DESCRIPTOR_WRITE 2u
#define DESCRIPTOR_INDIRECT 4u
#define AVAILABLE_NO_INTERRUPT 1u
#define RING_INDEX 2u   /* offset of idx in both rings, after flags */
#define RING_ENTRIES 4u /* offset of the first entry in both rings */
#define AVAILABLE_ENTRY_BYTES 2u
#define USED_ENTRY_BYTES 8u

struct descriptor {
    uint64_t addr;
    uint32_t size_bytes;
    uint16_t flags;
    uint16_t next;
};

static bool guest_read(const struct virtio *virtio, uint64_t addr, void *target, size_t size_bytes)
{
    return virtio->env->dma_read(virtio->env->context, addr, target, size_bytes);
}

static bool guest_write(const struct virtio *virtio, uint64_t addr, const void *source,
                        size_t size_bytes)
{
    return virtio->env->dma_write(virtio->env->context, addr, source, size_bytes);
}

static bool guest_read_u16(const struct virtio *virtio, uint64_t addr, uint16_t *value)
{
    uint8_t bytes[sizeof(*value)];
    if (!guest_read(virtio, addr, bytes, sizeof(bytes)))
        return false;
    *value = load_u16(bytes);
    return true;
}

static bool guest_write_u16(const struct virtio *virtio, uint64_t addr, uint16_t value)
{
    uint8_t bytes[sizeof(value)];
    store_u16(bytes, value);
    return guest_write(virtio, addr, bytes, sizeof(bytes));
}

bool virtio_range_is_ram(const struct virtio *virtio, uint64_t addr, uint64_t size_bytes)
{
    uint8_t byte;
    if (size_bytes == 0 || addr + (size_bytes - 1) < addr)
        return false;
    return guest_read(virtio, addr, &byte, 1) &&
           guest_read(virtio, addr + size_bytes - 1, &byte, 1);
}

/* Each ring ends in the 16-bit event index of section 2.7.7, whether that is in use or not. */
static uint64_t available_event_addr(const struct virtio_queue *queue)
{
    return queue->used_addr + RING_ENTRIES + (uint64_t)USED_ENTRY_BYTES * queue->size;
}

static uint64_t used_event_addr(const struct virtio_queue *queue)
{
    return queue->available_addr + RING_ENTRIES + (uint64_t)AVAILABLE_ENTRY_BYTES * queue->size;
}

bool virtio_queue_is_valid(const struct virtio *virtio, const struct virtio_queue *queue)
{
    uint32_t size = queue->size;
    if (size == 0 || size > VIRTIO_QUEUE_SIZE_MAX || (size & (size - 1)) != 0)
        return false;
    if (queue->descriptor_addr % 16 != 0 || queue->available_addr % 2 != 0 ||
        queue->used_addr % 4 != 0) /* the table of section 2.7 */
        return false;
    uint64_t event_bytes = sizeof(uint16_t);
    return virtio_range_is_ram(virtio, queue->descriptor_addr, (uint64_t)DESCRIPTOR_BYTES * size) &&
           virtio_range_is_ram(virtio, queue->available_addr,
                               used_event_addr(queue) + event_bytes - queue->available_addr) &&
           virtio_range_is_ram(virtio, queue->used_addr,
                               available_event_addr(queue) + event_bytes - queue->used_addr);
}

static bool descriptor_read(const struct virtio *virtio, uint64_t addr,
                            struct descriptor *descriptor)
{
    uint8_t bytes[DESCRIPTOR_BYTES];
    if (!guest_read(virtio, addr, bytes, sizeof(bytes)))
        return false;
    descriptor->addr = load_u64(bytes);
    descriptor->size_bytes = load_u32(bytes + 8);
    descriptor->flags = load_u16(bytes + 12);
    descriptor->next = load_u16(bytes + 14);
    return true;
}

/* Add one data descriptor to the chain. false: malformed. */
static bool chain_add(const struct virtio *virtio, struct virtio_chain *chain,
                      const struct descriptor *descriptor)
{
    uint32_t count = chain->read_count + chain->write_count;
    bool writes = (descriptor->flags & DESCRIPTOR_WRITE) != 0;
    if (count == VIRTIO_CHAIN_SEGMENTS_MAX)
        return false;
    if (!writes && chain->write_count > 0) /* section 2.7.4.2: readable ones come first */
        return false;
    if (!virtio_range_is_ram(virtio, descriptor->addr, descriptor->size_bytes))
        return false;
    chain->segments[count] = (struct virtio_segment){descriptor->addr, descriptor->size_bytes};
    if (writes) {
        chain->write_count++;
        chain->write_bytes += descriptor->size_bytes;
    } else {
        chain->read_count++;
        chain->read_bytes += descriptor->size_bytes;
    }
    /* Section 2.7.5: a chain is no longer than 2^32 bytes in all. */
    return chain->read_bytes + chain->write_bytes <= UINT32_MAX;
}

/* Where descriptors are taken from: the queue's table or an indirect one. */
struct table {
    uint64_t addr;
    uint32_t count;
    bool indirect;
};

/* Enter the indirect table that a descriptor of the queue's table refers to. false: malformed. */
static bool table_enter(const struct virtio *virtio, struct table *table,
                        const struct descriptor *descriptor)
{
    if (table->indirect || !virtio_has_feature(virtio, VIRTIO_F_INDIRECT_DESC))
        return false;
    if ((descriptor->flags & DESCRIPTOR_NEXT) != 0 ||
        descriptor->size_bytes % DESCRIPTOR_BYTES != 0)
        return false;
    uint32_t count = descriptor->size_bytes / DESCRIPTOR_BYTES;
    if (count == 0 || count > VIRTIO_CHAIN_SEGMENTS_MAX)
        return false;
    *table = (struct table){.addr = descriptor->addr, .count = count, .indirect = true};
    return virtio_range_is_ram(virtio, table->addr, descriptor->size_bytes);
}

/* Collect the chain that begins at descriptor chain->head. false: malformed. */
static bool chain_walk(const struct virtio *virtio, const struct virtio_queue *queue,
                       struct virtio_chain *chain)
{
    struct table table = {.addr = queue->descriptor_addr, .count = queue->size};
    struct descriptor descriptor;
    uint32_t index = chain->head;
    uint32_t steps = 0;
    for (;;) {
        if (index >= table.count || steps == table.count)
            return false;
        if (!descriptor_read(virtio, table.addr + (uint64_t)DESCRIPTOR_BYTES * index, &descriptor))
            return false;
        steps++;
        if ((descriptor.flags & DESCRIPTOR_INDIRECT) != 0) {
            if (!table_enter(virtio, &table, &descriptor))
                return false;
            index = steps = 0;
            continue;
        }
        if (!chain_add(virtio, chain, &descriptor))
            return false;
        if ((descriptor.flags & DESCRIPTOR_NEXT) == 0)
            return true;
        index = descriptor.next;
    }
}

/* The next head in the available ring. false: none; a ring that makes no sense breaks the device.
 */
static bool queue_head_take(struct virtio *virtio, struct virtio_queue *queue, uint16_t *head)
{
    uint16_t available;
    if (!guest_read_u16(virtio, queue->available_addr + RING_INDEX, &available)) {
        virtio_break(virtio);
        return false;
    }
    uint16_t waiting = (uint16_t)(available - queue->available_next);
    if (waiting == 0)
        return false;
    if (queue->budget == 0) {
        queue->service_due = true;
        return false;
    }
    uint64_t entry = queue->available_next & (queue->size - 1);
    if (waiting > queue->size ||
        !guest_read_u16(
            virtio, queue->available_addr + RING_ENTRIES + AVAILABLE_ENTRY_BYTES * entry, head) ||
        *head >= queue->size) {
        virtio_break(virtio);
        return false;
    }
    queue->available_next++;
    queue->budget--;
    return true;
}

bool virtio_chain_take(struct virtio *virtio, unsigned queue_index, struct virtio_chain *chain)
{
    assert(queue_index < virtio->model->queue_count);
    struct virtio_queue *queue = &virtio->queues[queue_index];
    uint16_t head;
    if (!virtio_is_live(virtio) || !queue->ready || !queue_head_take(virtio, queue, &head))
        return false;
    chain->queue_index = queue_index;
    chain->head = head;
    chain->read_count = chain->write_count = 0;
    chain->read_bytes = chain->write_bytes = 0;
    if (!chain_walk(virtio, queue, chain)) {
        virtio_break(virtio);
        return false;
    }
    assert(chain->read_count + chain->write_count > 0);
    return true;
}

void virtio_chain_give(struct virtio *virtio, const struct virtio_chain *chain,
                       uint32_t written_bytes)
{
    assert(chain->queue_index < virtio->model->queue_count);
    assert(written_bytes <= chain->write_bytes);
    struct virtio_queue *queue = &virtio->queues[chain->queue_index];
    if (!virtio_is_live(virtio) || !queue->ready)
        return;
    uint64_t entry = queue->used_next & (queue->size - 1);
    uint8_t bytes[USED_ENTRY_BYTES];
    store_u32(bytes, chain->head);
    store_u32(bytes + 4, written_bytes);
    if (!guest_write(virtio, queue->used_addr + RING_ENTRIES + USED_ENTRY_BYTES * entry, bytes,
                     sizeof(bytes)) ||
        !guest_write_u16(virtio, queue->used_addr + RING_INDEX, (uint16_t)(queue->used_next + 1))) {
        virtio_break(virtio);
        return;
    }
    queue->used_next++;
}

bool virtio_queue_wants_interrupt(const struct virtio *virtio, struct virtio_queue *queue)
{
    uint16_t old = queue->used_signalled;
    uint16_t now = queue->used_next;
    uint16_t word;
    queue->used_signalled = now;
    if (!queue->ready || old == now)
        return false;
    if (!virtio_has_feature(virtio, VIRTIO_F_EVENT_IDX))
        return !guest_read_u16(virtio, queue->available_addr, &word) ||
               (word & AVAILABLE_NO_INTERRUPT) == 0;
    if (!guest_read_u16(virtio, used_event_addr(queue), &word))
        return true;
    /* Section 2.7.7.1: did used_next pass the index at which the driver wants to be woken? */
    return (uint16_t)(now - word - 1) < (uint16_t)(now - old);
}

void virtio_queue_ask_notification(struct virtio *virtio, const struct virtio_queue *queue)
{
    if (!virtio_is_live(virtio) || !virtio_has_feature(virtio, VIRTIO_F_EVENT_IDX))
        return;
    if (!guest_write_u16(virtio, available_event_addr(queue), queue->available_next))
        virtio_break(virtio);
}

/* Copy between host memory and segments; exactly one of target and source is given. */
struct transfer {
    uint64_t offset_bytes;
    size_t size_bytes;
    uint8_t *target;
    const uint8_t *source;
};

static bool segments_transfer(const struct virtio *virtio, const struct virtio_segment *segments,
                              uint32_t count, struct transfer transfer)
{
    size_t done = 0;
    for (uint32_t index = 0; index < count && done < transfer.size_bytes; index++) {
        const struct virtio_segment *segment = &segments[index];
        if (transfer.offset_bytes >= segment->size_bytes) {
            transfer.offset_bytes -= segment->size_bytes;
            continue;
        }
        size_t part = segment->size_bytes - (size_t)transfer.offset_bytes;
        if (part > transfer.size_bytes - done)
            part = transfer.size_bytes - done;
        uint64_t addr = segment->addr + transfer.offset_bytes;
        bool copied = transfer.target != NULL
                          ? guest_read(virtio, addr, transfer.target + done, part)
                          : guest_write(virtio, addr, transfer.source + done, part);
        if (!copied)
            return false;
        transfer.offset_bytes = 0;
        done += part;
    }
    return done == transfer.size_bytes;
}

bool virtio_chain_read(const struct virtio *virtio, const struct virtio_chain *chain,
                       uint64_t offset_bytes, void *target, size_t size_bytes)
{
    struct transfer transfer = {
        .offset_bytes = offset_bytes, .size_bytes = size_bytes, .target = target};
    assert(target != NULL);
    return segments_transfer(virtio, chain->segments, chain->read_count, transfer);
}

bool virtio_chain_write(const struct virtio *virtio, const struct virtio_chain *chain,
                        uint64_t offset_bytes, const void *source, size_t size_bytes)
{
    struct transfer transfer = {
        .offset_bytes = offset_bytes, .size_bytes = size_bytes, .source = source};
    assert(source != NULL);
    return segments_transfer(virtio, chain->segments + chain->read_count, chain->write_count,
                             transfer);
}

void virtio_chain_save(const struct virtio_chain *chain, struct byte_writer *writer)
{
    assert(chain->read_count + chain->write_count <= VIRTIO_CHAIN_SEGMENTS_MAX);
    write_u32(writer, chain->queue_index);
    write_u16(writer, chain->head);
    write_u32(writer, chain->read_count);
    write_u32(writer, chain->write_count);
    for (uint32_t index = 0; index < chain->read_count + chain->write_count; index++) {
        write_u64(writer, chain->segments[index].addr);
        write_u32(writer, chain->segments[index].size_bytes);
    }
}

void virtio_chain_load(const struct virtio *virtio, struct virtio_chain *chain,
                       struct byte_reader *reader)
{
    *chain = (struct virtio_chain){0};
    chain->queue_index = read_u32(reader);
    chain->head = read_u16(reader);
    uint32_t read_count = read_u32(reader);
    uint32_t write_count = read_u32(reader);
    if (chain->queue_index >= virtio->model->queue_count ||
        !virtio->queues[chain->queue_index].ready || read_count > VIRTIO_CHAIN_SEGMENTS_MAX ||
        write_count > VIRTIO_CHAIN_SEGMENTS_MAX - read_count) {
        reader_fail(reader);
        return;
    }
    for (uint32_t index = 0; index < read_count + write_count; index++) {
        struct descriptor descriptor = {.flags = index < read_count ? 0 : DESCRIPTOR_WRITE};
        descriptor.addr = read_u64(reader);
        descriptor.size_bytes = read_u32(reader);
        if (reader->failed || !chain_add(virtio, chain, &descriptor)) {
            reader_fail(reader);
            return;
        }
    }
}
