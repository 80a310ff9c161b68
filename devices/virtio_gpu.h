/* SPDX-License-Identifier: GPL-2.0-or-later */
/* virtio_gpu.h - VIRTIO 1.2 section 5.7: a 2D display with one scanout.
 *
 * emulator/machine.c gives it the size of the screen and shows what the guest last flushed.
 */
#ifndef LATCHKEY_DEVICES_VIRTIO_GPU_H
#define LATCHKEY_DEVICES_VIRTIO_GPU_H

#include "devices/device.h"

#define VIRTIO_GPU_SIDE_MAX 4096u /* pixels a side, of a resource and of the screen */

struct virtio_gpu; /* the state block of virtio_gpu_ops */

struct virtio_gpu_config {
    uint32_t width, height; /* of the screen, 1..VIRTIO_GPU_SIDE_MAX */
};

struct virtio_gpu_rect {
    uint32_t x, y, width, height;
};

/* The screen as last flushed: x8r8g8b8, row after row, stride_pixels apart. */
struct virtio_gpu_display {
    const uint32_t *pixels; /* NULL until a scanout is set; valid until the next access or tick */
    uint32_t width, height, stride_pixels;
    uint64_t serial; /* grows with every change */
};

extern const struct device_ops virtio_gpu_ops; /* init wants a struct virtio_gpu_config, or NULL */

/* virtio_gpu_display - what is on the screen now. */
struct virtio_gpu_display virtio_gpu_display(const struct virtio_gpu *gpu);

/* virtio_gpu_damage_take - the smallest rectangle that covers all changes since the last call;
 * empty (width 0) when there was none. Belongs to the viewer, so it is not part of the saved state:
 * after load the whole screen counts as changed. */
struct virtio_gpu_rect virtio_gpu_damage_take(struct virtio_gpu *gpu);

#endif
