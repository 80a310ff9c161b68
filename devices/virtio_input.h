/* SPDX-License-Identifier: GPL-2.0-or-later */
/* virtio_input.h - VIRTIO 1.2 section 5.8: a keyboard, or a tablet with buttons and a wheel.
 *
 * emulator/machine.c feeds it with outside events. Each call below is one event group, ended by
 * SYN_REPORT; it waits in a bounded backlog when the driver has given no buffers, and is dropped
 * whole when there is no driver.
 */
#ifndef LATCHKEY_DEVICES_VIRTIO_INPUT_H
#define LATCHKEY_DEVICES_VIRTIO_INPUT_H

#include "devices/device.h"

#define VIRTIO_INPUT_BACKLOG_EVENTS 1024u
#define VIRTIO_INPUT_AXIS_MAX 32767 /* both axes of the tablet: 0..this */

struct virtio_input; /* the state block of virtio_input_ops */

enum virtio_input_kind { VIRTIO_INPUT_KEYBOARD, VIRTIO_INPUT_TABLET };

struct virtio_input_config {
    enum virtio_input_kind kind;
};

extern const struct device_ops
    virtio_input_ops; /* init wants a struct virtio_input_config, or NULL */

/* All return false, with nothing queued, when the driver is not up, the backlog has no room for the
 * whole group, or this kind of device has no such key, button or axis. */

/* virtio_input_key - a key of the keyboard or a button of the tablet (Linux codes: KEY_A 30,
 * BTN_LEFT 0x110) went down or up. */
bool virtio_input_key(struct virtio_input *input, uint16_t code, bool down);
/* virtio_input_pointer - the pointer is at (x, y), each clamped to 0..VIRTIO_INPUT_AXIS_MAX. */
bool virtio_input_pointer(struct virtio_input *input, int32_t x, int32_t y);
/* virtio_input_button - same as virtio_input_key, for the tablet's buttons. */
bool virtio_input_button(struct virtio_input *input, uint16_t code, bool down);
/* virtio_input_wheel - the wheel turned by steps, positive away from the user. */
bool virtio_input_wheel(struct virtio_input *input, int32_t steps);

#endif
