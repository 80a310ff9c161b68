/* SPDX-License-Identifier: GPL-2.0-or-later */
/* virtio_queue.h - what only the transport (virtio.c) asks of the rings; models use virtio.h. */
#ifndef LATCHKEY_DEVICES_VIRTIO_QUEUE_H
#define LATCHKEY_DEVICES_VIRTIO_QUEUE_H

#include "devices/virtio.h"

/* virtio_queue_wants_interrupt - buffers were given back since this was last asked, and the driver
 * wants to be interrupted for them (its flag, or its event index). */
bool virtio_queue_wants_interrupt(const struct virtio *virtio, struct virtio_queue *queue);

/* virtio_queue_ask_notification - with event indices: tell the driver to notify for the next
 * buffer. */
void virtio_queue_ask_notification(struct virtio *virtio, const struct virtio_queue *queue);

#endif
