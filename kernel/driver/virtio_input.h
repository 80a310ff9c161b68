/* SPDX-License-Identifier: GPL-2.0-or-later */
/* virtio_input.h - keyboard and tablet. Source: VIRTIO 1.2, section 5.8. */
#ifndef LATCHKEY_KERNEL_VIRTIO_INPUT_H
#define LATCHKEY_KERNEL_VIRTIO_INPUT_H

#include "kernel/abi.h"
#include "kernel/driver/fdt.h"

/* virtio_input_attach - take a keyboard or tablet. false: it cannot be used, or one too many. */
MUST_CHECK bool virtio_input_attach(const struct fdt_device *device);
/* virtio_input_interrupt - move events into the rings, if the irq is an input device's. */
bool virtio_input_interrupt(uint32_t irq);
/* virtio_input_read - take up to count events of the selected device(s), oldest first. Returns how
 * many. */
unsigned virtio_input_read(enum input_select select, struct input_event *events, unsigned count);
/* virtio_input_present - is there a device of the selection? */
bool virtio_input_present(enum input_select select);

#endif
