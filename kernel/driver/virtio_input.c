/* SPDX-License-Identifier: GPL-2.0-or-later */
/* virtio_input.c - event queues of up to two input devices. Called by driver.c (interrupt) and
 * key_input.c. Source: VIRTIO 1.2, section 5.8.
 *
 * Invariants
 *  1. Every event buffer is with the device, or its event has just been moved to the ring.
 *  2. A full ring drops its oldest event.
 */
#include "kernel/driver/virtio_input.h"

#include "kernel/driver/mmio.h"
#include "kernel/driver/virtio.h"
#include "kernel/limits.h"

#define CONFIG_SELECT 0u
#define CONFIG_SUBSELECT 1u
#define CONFIG_SIZE 2u
#define SELECT_EVENT_BITS 0x11u
#define EVENT_RELATIVE 2u
#define EVENT_ABSOLUTE 3u
#define DEVICES_MAX 2u

struct arrival {
    struct input_event event;
    uint64_t order; /* of arrival over all devices */
};
struct input_device {
    bool pointer; /* it has axes */
    struct virtqueue queue;
    struct input_event buffers[VIRTQUEUE_SIZE]; /* by head descriptor */
    struct arrival ring[LIMIT_INPUT_EVENTS];
    uint32_t put, taken; /* counts; put - taken are in the ring */
};
static_assert((LIMIT_INPUT_EVENTS & (LIMIT_INPUT_EVENTS - 1)) == 0, "ring counts wrap");

static struct {
    unsigned count;
    uint64_t arrivals;
} input;
static struct input_device devices[DEVICES_MAX];

static void buffer_offer(struct input_device *device)
{
    struct input_event *buffer = &device->buffers[device->queue.free_first];
    struct virtio_part part = {buffer, sizeof(*buffer), true};
    uint16_t head;
    if (!virtqueue_add(&device->queue, &part, 1, &head))
        return; /* the queue was broken off */
    kassert(buffer == &device->buffers[head]);
}

/* Does the device send events of this type? */
static bool sends(const struct input_device *device, uint8_t event_type)
{
    volatile uint8_t *config = virtio_config(&device->queue);
    mmio_write8(config + CONFIG_SELECT, SELECT_EVENT_BITS);
    mmio_write8(config + CONFIG_SUBSELECT, event_type);
    return mmio_read8(config + CONFIG_SIZE) > 0;
}

bool virtio_input_attach(const struct fdt_device *fdt_device)
{
    if (input.count == DEVICES_MAX)
        return false;
    struct input_device *device = &devices[input.count];
    if (virtio_begin(fdt_device, 0, &device->queue, 1) == 0)
        return false;
    device->pointer = sends(device, EVENT_ABSOLUTE) || sends(device, EVENT_RELATIVE);
    for (unsigned i = 0; i < device->queue.size; i++)
        buffer_offer(device);
    virtio_ready(&device->queue);
    virtqueue_notify(&device->queue);
    input.count++;
    return true;
}

static void event_put(struct input_device *device, const struct input_event *event)
{
    if (device->put - device->taken == LIMIT_INPUT_EVENTS)
        device->taken++;
    device->ring[device->put++ % LIMIT_INPUT_EVENTS] =
        (struct arrival){.event = *event, .order = input.arrivals++};
}

static void events_take(struct input_device *device)
{
    uint16_t head;
    uint32_t length;
    bool offered = false;
    for (unsigned i = 0; i < device->queue.size; i++) {
        if (!virtqueue_take(&device->queue, &head, &length))
            break;
        if (length == sizeof(struct input_event))
            event_put(device, &device->buffers[head]);
        buffer_offer(device);
        offered = true;
    }
    if (offered)
        virtqueue_notify(&device->queue);
}

bool virtio_input_interrupt(uint32_t irq)
{
    for (unsigned i = 0; i < input.count; i++)
        if (devices[i].queue.irq == irq) {
            if (virtio_acknowledge(&devices[i].queue))
                events_take(&devices[i]);
            else
                virtio_give_up(&devices[i].queue);
            return true;
        }
    return false;
}

static bool selected(const struct input_device *device, enum input_select select)
{
    return select == INPUT_BOTH || (select == INPUT_POINTER_DEVICE) == device->pointer;
}

/* The selected device whose next event is the oldest. NULL: none has any. */
static struct input_device *oldest(enum input_select select)
{
    struct input_device *found = NULL;
    uint64_t order = UINT64_MAX;
    for (unsigned i = 0; i < input.count; i++) {
        struct input_device *device = &devices[i];
        const struct arrival *next = &device->ring[device->taken % LIMIT_INPUT_EVENTS];
        if (!selected(device, select) || device->put == device->taken || next->order >= order)
            continue;
        found = device;
        order = next->order;
    }
    return found;
}

unsigned virtio_input_read(enum input_select select, struct input_event *events, unsigned count)
{
    unsigned got = 0;
    struct input_device *device;
    while (got < count && (device = oldest(select)) != NULL)
        events[got++] = device->ring[device->taken++ % LIMIT_INPUT_EVENTS].event;
    return got;
}

bool virtio_input_present(enum input_select select)
{
    for (unsigned i = 0; i < input.count; i++)
        if (selected(&devices[i], select))
            return true;
    return false;
}
