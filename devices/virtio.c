/* SPDX-License-Identifier: GPL-2.0-or-later */
/* virtio.c - the registers of a virtio-mmio slot, VIRTIO 1.2 section 4.2.2.
 *
 * Called by the bus, through the device_ops of each virtio device; calls the struct virtio_model of
 * the device and virtio_queue.c.
 *
 * Invariants
 *  1. FEATURES_OK is set only for a subset of the offered features that has VIRTIO_F_VERSION_1, and
 *     features do not change while it is set; DRIVER_OK is set only together with it.
 *  2. A queue is ready only while virtio_queue_is_valid() holds for it.
 *  3. The interrupt line is high exactly when interrupt_status is not 0.
 *
 * Registers are 32 bits wide, the configuration space is read and written in 1, 2 or 4 bytes; all
 * else is an access fault. A register that is only written reads as zero, and one that is only read
 * ignores writes, as on QEMU.
 */
#include "devices/virtio.h"

#include <assert.h>
#include <string.h>

#include "devices/virtio_queue.h"

#define VIRTIO_MAGIC 0x74726976u  /* "virt" */
#define VIRTIO_VENDOR 0x59454b4cu /* "LKEY" */
#define VIRTIO_MMIO_VERSION 2u
#define VIRTIO_CONFIG 0x100u
#define VIRTIO_INTERRUPT_USED 1u
#define VIRTIO_INTERRUPT_CONFIG 2u
#define VIRTIO_STATUS_BY_DRIVER                                                                    \
    (VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER | VIRTIO_STATUS_DRIVER_OK |                  \
     VIRTIO_STATUS_FEATURES_OK | VIRTIO_STATUS_FAILED)

enum virtio_register {
    REGISTER_MAGIC = 0x000,
    REGISTER_VERSION = 0x004,
    REGISTER_DEVICE_ID = 0x008,
    REGISTER_VENDOR_ID = 0x00c,
    REGISTER_DEVICE_FEATURES = 0x010,
    REGISTER_DEVICE_FEATURES_SELECT = 0x014,
    REGISTER_DRIVER_FEATURES = 0x020,
    REGISTER_DRIVER_FEATURES_SELECT = 0x024,
    REGISTER_QUEUE_SELECT = 0x030,
    REGISTER_QUEUE_SIZE_MAX = 0x034,
    REGISTER_QUEUE_SIZE = 0x038,
    REGISTER_QUEUE_READY = 0x044,
    REGISTER_QUEUE_NOTIFY = 0x050,
    REGISTER_INTERRUPT_STATUS = 0x060,
    REGISTER_INTERRUPT_ACKNOWLEDGE = 0x064,
    REGISTER_STATUS = 0x070,
    REGISTER_DESCRIPTOR_LOW = 0x080,
    REGISTER_DESCRIPTOR_HIGH = 0x084,
    REGISTER_AVAILABLE_LOW = 0x090,
    REGISTER_AVAILABLE_HIGH = 0x094,
    REGISTER_USED_LOW = 0x0a0,
    REGISTER_USED_HIGH = 0x0a4,
    REGISTER_SHARED_SELECT = 0x0ac,
    REGISTER_SHARED_SIZE_LOW = 0x0b0,
    REGISTER_SHARED_SIZE_HIGH = 0x0b4,
    REGISTER_SHARED_BASE_LOW = 0x0b8,
    REGISTER_SHARED_BASE_HIGH = 0x0bc,
    REGISTER_CONFIG_GENERATION = 0x0fc,
};

static void virtio_irq_update(struct virtio *virtio)
{
    virtio->env->irq_set(virtio->env->context, virtio->env->irq, virtio->interrupt_status != 0);
}

void virtio_init(struct virtio *virtio, const struct virtio_model *model,
                 const struct device_env *env)
{
    assert(model->queue_count <= VIRTIO_QUEUE_COUNT_MAX);
    assert(model->config_bytes <= VIRTIO_CONFIG_BYTES_MAX);
    *virtio = (struct virtio){.model = model, .device = virtio, .env = env};
}

void virtio_reset(struct virtio *virtio)
{
    if (virtio->model->cancel != NULL)
        virtio->model->cancel(virtio->device);
    if (virtio->model->reset != NULL)
        virtio->model->reset(virtio->device);
    virtio_init(virtio, virtio->model, virtio->env);
    virtio_irq_update(virtio);
}

uint64_t virtio_features_offered(const struct virtio *virtio)
{
    uint64_t features = VIRTIO_F_INDIRECT_DESC | VIRTIO_F_EVENT_IDX | VIRTIO_F_VERSION_1;
    features |= virtio->model->features;
    if (virtio->model->features_more != NULL)
        features |= virtio->model->features_more(virtio->device);
    return features;
}

bool virtio_has_feature(const struct virtio *virtio, uint64_t feature)
{
    assert(feature != 0);
    return (virtio->driver_features & feature) == feature;
}

bool virtio_is_live(const struct virtio *virtio)
{
    return (virtio->status & VIRTIO_STATUS_DRIVER_OK) != 0 &&
           (virtio->status & VIRTIO_STATUS_NEEDS_RESET) == 0;
}

void virtio_break(struct virtio *virtio)
{
    bool driver_is_up = (virtio->status & VIRTIO_STATUS_DRIVER_OK) != 0;
    virtio->status |= VIRTIO_STATUS_NEEDS_RESET;
    for (unsigned index = 0; index < VIRTIO_QUEUE_COUNT_MAX; index++)
        virtio->queues[index].service_due = false;
    if (driver_is_up) /* section 2.1.2: the notification is for a driver that has come up */
        virtio->interrupt_status |= VIRTIO_INTERRUPT_CONFIG;
    virtio_irq_update(virtio);
}

static bool virtio_is_empty(const struct virtio *virtio)
{
    return virtio->model->device_id == 0;
}

/* The queue that QueueSel names, NULL if it does not exist. */
static struct virtio_queue *virtio_queue_selected(struct virtio *virtio)
{
    if (virtio->queue_select >= virtio->model->queue_count)
        return NULL;
    return &virtio->queues[virtio->queue_select];
}

static uint32_t virtio_config_read(struct virtio *virtio, uint64_t offset, unsigned size_bytes)
{
    uint8_t config[VIRTIO_CONFIG_BYTES_MAX + sizeof(uint32_t)] = {0};
    if (offset >= virtio->model->config_bytes)
        return 0;
    if (virtio->model->config_read != NULL)
        virtio->model->config_read(virtio->device, config);
    /* A wide read at the end of the space must not see past it. */
    memset(config + virtio->model->config_bytes, 0, sizeof(uint32_t));
    uint32_t value = load_u32(config + offset);
    return size_bytes == 4 ? value : value & ((1u << (8 * size_bytes)) - 1);
}

static uint32_t virtio_features_read(const struct virtio *virtio)
{
    uint64_t features = virtio_features_offered(virtio);
    if (virtio->device_features_select == 0)
        return (uint32_t)features;
    return virtio->device_features_select == 1 ? (uint32_t)(features >> 32) : 0;
}

/* false: no such register. */
static bool virtio_register_read(struct virtio *virtio, uint64_t offset, uint32_t *value)
{
    const struct virtio_queue *queue = virtio_queue_selected(virtio);
    *value = 0;
    switch (offset) {
    case REGISTER_DEVICE_FEATURES:
        *value = virtio_features_read(virtio);
        return true;
    case REGISTER_QUEUE_SIZE_MAX:
        *value = queue != NULL ? VIRTIO_QUEUE_SIZE_MAX : 0;
        return true;
    case REGISTER_QUEUE_READY:
        *value = queue != NULL && queue->ready;
        return true;
    case REGISTER_INTERRUPT_STATUS:
        *value = virtio->interrupt_status;
        return true;
    case REGISTER_STATUS:
        *value = virtio->status;
        return true;
    case REGISTER_SHARED_SIZE_LOW: /* section 4.2.2: no shared memory region reads as all ones */
    case REGISTER_SHARED_SIZE_HIGH:
    case REGISTER_SHARED_BASE_LOW:
    case REGISTER_SHARED_BASE_HIGH:
        *value = UINT32_MAX;
        return true;
    case REGISTER_CONFIG_GENERATION: /* the spaces of our devices change only when the driver writes
                                      */
    case REGISTER_DEVICE_FEATURES_SELECT:
    case REGISTER_DRIVER_FEATURES:
    case REGISTER_DRIVER_FEATURES_SELECT:
    case REGISTER_QUEUE_SELECT:
    case REGISTER_QUEUE_SIZE:
    case REGISTER_QUEUE_NOTIFY:
    case REGISTER_INTERRUPT_ACKNOWLEDGE:
    case REGISTER_DESCRIPTOR_LOW:
    case REGISTER_DESCRIPTOR_HIGH:
    case REGISTER_AVAILABLE_LOW:
    case REGISTER_AVAILABLE_HIGH:
    case REGISTER_USED_LOW:
    case REGISTER_USED_HIGH:
    case REGISTER_SHARED_SELECT:
        return true;
    default:
        return false;
    }
}

bool virtio_read(void *state, uint64_t offset, unsigned size_bytes, uint64_t *value)
{
    struct virtio *virtio = state;
    *value = 0;
    if (offset >= VIRTIO_CONFIG && (size_bytes == 1 || size_bytes == 2 || size_bytes == 4)) {
        *value = virtio_config_read(virtio, offset - VIRTIO_CONFIG, size_bytes);
        return true;
    }
    if (offset >= VIRTIO_CONFIG || size_bytes != 4)
        return false;
    switch (offset) {
    case REGISTER_MAGIC:
        *value = VIRTIO_MAGIC;
        return true;
    case REGISTER_VERSION:
        *value = VIRTIO_MMIO_VERSION;
        return true;
    case REGISTER_DEVICE_ID:
        *value = virtio->model->device_id;
        return true;
    case REGISTER_VENDOR_ID:
        *value = VIRTIO_VENDOR;
        return true;
    default:
        break;
    }
    uint32_t word;
    if (!virtio_register_read(virtio, offset, &word))
        return false;
    *value = virtio_is_empty(virtio) ? 0 : word;
    return true;
}

static void virtio_driver_features_write(struct virtio *virtio, uint32_t value)
{
    if ((virtio->status & VIRTIO_STATUS_FEATURES_OK) != 0 || virtio->driver_features_select > 1)
        return;
    unsigned shift = 32 * virtio->driver_features_select;
    uint64_t mask = (uint64_t)UINT32_MAX << shift;
    virtio->driver_features = (virtio->driver_features & ~mask) | (uint64_t)value << shift;
}

/* Section 3.1.1, steps 5 and 6: is what the driver chose acceptable? */
static bool virtio_features_are_acceptable(const struct virtio *virtio)
{
    uint64_t unknown = virtio->driver_features & ~virtio_features_offered(virtio);
    return unknown == 0 && virtio_has_feature(virtio, VIRTIO_F_VERSION_1);
}

static void virtio_status_write(struct virtio *virtio, uint32_t value)
{
    if (value == 0) {
        virtio_reset(virtio);
        return;
    }
    /* Section 2.1.1: a driver does not clear bits, so they are only added. */
    uint32_t added = value & VIRTIO_STATUS_BY_DRIVER & ~virtio->status;
    if ((added & VIRTIO_STATUS_FEATURES_OK) != 0 && !virtio_features_are_acceptable(virtio))
        added &= ~VIRTIO_STATUS_FEATURES_OK;
    virtio->status |= added & ~VIRTIO_STATUS_DRIVER_OK;
    if ((added & VIRTIO_STATUS_DRIVER_OK) == 0 || (virtio->status & VIRTIO_STATUS_FEATURES_OK) == 0)
        return;
    virtio->status |= VIRTIO_STATUS_DRIVER_OK;
    /* Drivers may have notified before this point, which was too early to look. */
    for (unsigned index = 0; index < virtio->model->queue_count; index++)
        virtio_service(virtio, index);
}

static void virtio_queue_ready_write(struct virtio *virtio, struct virtio_queue *queue, bool ready)
{
    if (ready == queue->ready)
        return;
    if (!ready) {
        if (virtio->model->cancel != NULL)
            virtio->model->cancel(virtio->device);
        queue->ready = queue->service_due = false;
        return;
    }
    /* Before FEATURES_OK this is early (section 3.1.1, step 7) but does no harm, and QEMU allows
     * it. */
    if (!virtio_queue_is_valid(virtio, queue)) {
        virtio_break(virtio);
        return;
    }
    queue->available_next = queue->used_next = queue->used_signalled = 0;
    queue->ready = true;
}

static void virtio_addr_write(uint64_t *addr, bool high, uint32_t value)
{
    if (high)
        *addr = (*addr & UINT32_MAX) | (uint64_t)value << 32;
    else
        *addr = (*addr & ~(uint64_t)UINT32_MAX) | value;
}

/* Registers that describe the selected queue. A ready queue's size and places are fixed. */
static void virtio_queue_register_write(struct virtio *virtio, uint64_t offset, uint32_t value)
{
    struct virtio_queue *queue = virtio_queue_selected(virtio);
    if (queue == NULL)
        return;
    if (offset == REGISTER_QUEUE_READY) {
        virtio_queue_ready_write(virtio, queue, (value & 1) != 0);
        return;
    }
    if (queue->ready)
        return;
    bool high = (offset & 4) != 0;
    switch (offset) {
    case REGISTER_QUEUE_SIZE:
        queue->size = value;
        break;
    case REGISTER_DESCRIPTOR_LOW:
    case REGISTER_DESCRIPTOR_HIGH:
        virtio_addr_write(&queue->descriptor_addr, high, value);
        break;
    case REGISTER_AVAILABLE_LOW:
    case REGISTER_AVAILABLE_HIGH:
        virtio_addr_write(&queue->available_addr, high, value);
        break;
    default:
        assert(offset == REGISTER_USED_LOW || offset == REGISTER_USED_HIGH);
        virtio_addr_write(&queue->used_addr, high, value);
        break;
    }
}

static void virtio_notify_write(struct virtio *virtio, uint32_t queue_index)
{
    if (!virtio_is_live(virtio))
        return;
    if (queue_index >= virtio->model->queue_count || !virtio->queues[queue_index].ready)
        virtio_break(virtio);
    else
        virtio_service(virtio, queue_index);
}

/* false: no such register. */
static bool virtio_register_write(struct virtio *virtio, uint64_t offset, uint32_t value)
{
    switch (offset) {
    case REGISTER_DEVICE_FEATURES_SELECT:
        virtio->device_features_select = value;
        return true;
    case REGISTER_DRIVER_FEATURES:
        virtio_driver_features_write(virtio, value);
        return true;
    case REGISTER_DRIVER_FEATURES_SELECT:
        virtio->driver_features_select = value;
        return true;
    case REGISTER_QUEUE_SELECT:
        virtio->queue_select = value;
        return true;
    case REGISTER_QUEUE_SIZE:
    case REGISTER_QUEUE_READY:
    case REGISTER_DESCRIPTOR_LOW:
    case REGISTER_DESCRIPTOR_HIGH:
    case REGISTER_AVAILABLE_LOW:
    case REGISTER_AVAILABLE_HIGH:
    case REGISTER_USED_LOW:
    case REGISTER_USED_HIGH:
        virtio_queue_register_write(virtio, offset, value);
        return true;
    case REGISTER_QUEUE_NOTIFY:
        virtio_notify_write(virtio, value);
        return true;
    case REGISTER_INTERRUPT_ACKNOWLEDGE:
        virtio->interrupt_status &= ~value;
        virtio_irq_update(virtio);
        return true;
    case REGISTER_STATUS:
        virtio_status_write(virtio, value);
        return true;
    default:
        break;
    }
    uint32_t ignored;
    return offset <= REGISTER_VENDOR_ID || virtio_register_read(virtio, offset, &ignored);
}

bool virtio_write(void *state, uint64_t offset, unsigned size_bytes, uint64_t value)
{
    struct virtio *virtio = state;
    if (offset >= VIRTIO_CONFIG) {
        uint64_t within = offset - VIRTIO_CONFIG;
        if (size_bytes > 4)
            return false;
        if (virtio->model->config_write != NULL &&
            within + size_bytes <= virtio->model->config_bytes)
            virtio->model->config_write(virtio->device, (uint32_t)within, size_bytes,
                                        (uint32_t)value);
        return true;
    }
    if (size_bytes != 4)
        return false;
    if (virtio_is_empty(virtio)) {
        uint64_t ignored;
        return virtio_read(state, offset, size_bytes, &ignored);
    }
    return virtio_register_write(virtio, offset, (uint32_t)value);
}

void virtio_signal(struct virtio *virtio)
{
    assert(virtio->model->queue_count <= VIRTIO_QUEUE_COUNT_MAX);
    if (!virtio_is_live(virtio))
        return;
    for (unsigned index = 0; index < virtio->model->queue_count; index++)
        if (virtio_queue_wants_interrupt(virtio, &virtio->queues[index]))
            virtio->interrupt_status |= VIRTIO_INTERRUPT_USED;
    virtio_irq_update(virtio);
}

void virtio_service(struct virtio *virtio, unsigned queue_index)
{
    assert(queue_index < virtio->model->queue_count);
    struct virtio_queue *queue = &virtio->queues[queue_index];
    if (!virtio_is_live(virtio) || !queue->ready)
        return;
    queue->service_due = false;
    queue->budget = queue->size;
    virtio->model->service(virtio->device, queue_index);
    queue->budget = 0;
    virtio_queue_ask_notification(virtio, queue);
    virtio_signal(virtio);
}

bool virtio_service_due(const struct virtio *virtio)
{
    assert(virtio->model != NULL);
    for (unsigned index = 0; index < virtio->model->queue_count; index++)
        if (virtio->queues[index].service_due)
            return true;
    return false;
}

void virtio_service_rest(struct virtio *virtio)
{
    assert(virtio->model != NULL);
    for (unsigned index = 0; index < virtio->model->queue_count; index++)
        if (virtio->queues[index].service_due)
            virtio_service(virtio, index);
}

void virtio_save(const struct virtio *virtio, struct byte_writer *writer)
{
    write_u32(writer, virtio->status);
    write_u32(writer, virtio->device_features_select);
    write_u32(writer, virtio->driver_features_select);
    write_u64(writer, virtio->driver_features);
    write_u32(writer, virtio->queue_select);
    write_u32(writer, virtio->interrupt_status);
    for (unsigned index = 0; index < VIRTIO_QUEUE_COUNT_MAX; index++) {
        const struct virtio_queue *queue = &virtio->queues[index];
        assert(queue->budget == 0);
        write_u32(writer, queue->size);
        write_u8(writer, queue->ready);
        write_u8(writer, queue->service_due);
        write_u16(writer, queue->available_next);
        write_u16(writer, queue->used_next);
        write_u16(writer, queue->used_signalled);
        write_u64(writer, queue->descriptor_addr);
        write_u64(writer, queue->available_addr);
        write_u64(writer, queue->used_addr);
    }
}

static void virtio_load_queue(const struct virtio *virtio, struct virtio_queue *queue,
                              struct byte_reader *reader)
{
    queue->size = read_u32(reader);
    uint8_t ready = read_u8(reader);
    uint8_t service_due = read_u8(reader);
    queue->ready = ready == 1;
    queue->service_due = service_due == 1;
    queue->available_next = read_u16(reader);
    queue->used_next = read_u16(reader);
    queue->used_signalled = read_u16(reader);
    queue->descriptor_addr = read_u64(reader);
    queue->available_addr = read_u64(reader);
    queue->used_addr = read_u64(reader);
    if (ready > 1 || service_due > 1 || (queue->service_due && !queue->ready))
        reader_fail(reader);
    if (queue->ready && !virtio_queue_is_valid(virtio, queue))
        reader_fail(reader);
}

void virtio_load(struct virtio *virtio, struct byte_reader *reader)
{
    struct virtio loaded;
    virtio_init(&loaded, virtio->model, virtio->env);
    loaded.device = virtio->device;
    loaded.status = read_u32(reader);
    loaded.device_features_select = read_u32(reader);
    loaded.driver_features_select = read_u32(reader);
    loaded.driver_features = read_u64(reader);
    loaded.queue_select = read_u32(reader);
    loaded.interrupt_status = read_u32(reader);
    for (unsigned index = 0; index < VIRTIO_QUEUE_COUNT_MAX; index++) {
        virtio_load_queue(&loaded, &loaded.queues[index], reader);
        if (loaded.queues[index].ready && index >= loaded.model->queue_count)
            reader_fail(reader);
    }
    bool agreed = (loaded.status & VIRTIO_STATUS_FEATURES_OK) != 0;
    if ((loaded.status & ~(VIRTIO_STATUS_BY_DRIVER | VIRTIO_STATUS_NEEDS_RESET)) != 0 ||
        (loaded.interrupt_status & ~(VIRTIO_INTERRUPT_USED | VIRTIO_INTERRUPT_CONFIG)) != 0)
        reader_fail(reader);
    if (agreed && !virtio_features_are_acceptable(&loaded))
        reader_fail(reader);
    if (!agreed && (loaded.status & VIRTIO_STATUS_DRIVER_OK) != 0)
        reader_fail(reader);
    if (!reader->failed)
        *virtio = loaded;
}

/* No queues, so it is never asked to serve one. */
const struct virtio_model virtio_empty_model = {.device_id = 0};

static void virtio_empty_init(void *state, const struct device_env *env, const void *config)
{
    assert(config == NULL);
    virtio_init(state, &virtio_empty_model, env);
}

static void virtio_empty_reset(void *state)
{
    virtio_reset(state);
}

static void virtio_empty_save(const void *state, struct byte_writer *writer)
{
    virtio_save(state, writer);
}

static void virtio_empty_load(void *state, struct byte_reader *reader)
{
    virtio_load(state, reader);
}

const struct device_ops virtio_empty_ops = {
    .name = "virtio-empty",
    .compatible = "virtio,mmio",
    .state_bytes = sizeof(struct virtio),
    .init = virtio_empty_init,
    .reset = virtio_empty_reset,
    .read = virtio_read,
    .write = virtio_write,
    .save = virtio_empty_save,
    .load = virtio_empty_load,
};
