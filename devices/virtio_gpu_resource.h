/* SPDX-License-Identifier: GPL-2.0-or-later */
/* virtio_gpu_resource.h - the images that a guest keeps in the display device: their pixels on the
 * host, and the guest pages they are filled from. Used by virtio_gpu.c only.
 *
 * Invariants
 *  1. All memory is taken at init; the host gives it page by page as it is touched. A new image
 *     gets the lowest place in the pool that is long enough, so placement is a function of the
 *     commands alone.
 *  2. Every backing entry lies in RAM and is not empty (checked when it is attached or loaded).
 */
#ifndef LATCHKEY_DEVICES_VIRTIO_GPU_RESOURCE_H
#define LATCHKEY_DEVICES_VIRTIO_GPU_RESOURCE_H

#include "devices/virtio.h"
#include "devices/virtio_gpu.h"

#define GPU_RESOURCE_COUNT_MAX 64u
#define GPU_POOL_PIXELS (32u << 20)    /* 128 MiB: two images of 4096 x 4096 */
#define GPU_BACKING_ENTRIES_MAX 16384u /* an image of 4096 x 4096 in pages of 4 KiB */
#define GPU_PIXEL_BYTES 4u

struct gpu_resource {
    uint32_t id; /* 0: the slot is free */
    uint32_t format;
    uint32_t width, height;
    uint32_t pool_first;    /* its first pixel in the pool */
    uint32_t backing_count; /* 0: no backing attached */
    uint64_t backing_bytes;
};

struct gpu_resources {
    struct gpu_resource slots[GPU_RESOURCE_COUNT_MAX];
    uint32_t *pool;                 /* GPU_POOL_PIXELS, as the guest gave them, tight rows */
    struct virtio_segment *backing; /* GPU_BACKING_ENTRIES_MAX a slot */
};

/* gpu_resources_init - no images; takes the memory for all there can be. */
void gpu_resources_init(struct gpu_resources *resources);
/* gpu_resources_finish - free the memory; a zeroed struct is fine. */
void gpu_resources_finish(struct gpu_resources *resources);
/* gpu_resources_clear - forget all images. */
void gpu_resources_clear(struct gpu_resources *resources);

/* gpu_format_is_known - one of the eight formats of VIRTIO 1.2 section 5.7.6.8. */
bool gpu_format_is_known(uint32_t format);
/* gpu_resource_find - NULL if there is none of this id; id 0 never is. */
struct gpu_resource *gpu_resource_find(struct gpu_resources *resources, uint32_t id);
/* gpu_resource_create - a black image. id is new and not 0, the format is known, sides are
 * 1..VIRTIO_GPU_SIDE_MAX. NULL: no slot or no place in the pool. */
struct gpu_resource *gpu_resource_create(struct gpu_resources *resources,
                                         const struct gpu_resource *wanted);
/* gpu_resource_backing - the GPU_BACKING_ENTRIES_MAX entries of an image; backing_count of them
 * hold. */
struct virtio_segment *gpu_resource_backing(struct gpu_resources *resources,
                                            const struct gpu_resource *resource);
/* gpu_rect_is_inside - the rectangle lies in a width x height image. */
bool gpu_rect_is_inside(struct virtio_gpu_rect rect, uint32_t width, uint32_t height);

/* gpu_resource_fill - copy a rectangle from the backing, where its first pixel is at offset_bytes
 * and rows are as far apart as in the image (section 5.7.6.8, TRANSFER_TO_HOST_2D).
 *
 * rect     inside the image.
 * Returns  false, nothing copied, when the backing is too short.
 */
bool gpu_resource_fill(struct gpu_resources *resources, const struct virtio *virtio,
                       const struct gpu_resource *resource, struct virtio_gpu_rect rect,
                       uint64_t offset_bytes);

/* gpu_resource_show - convert a rectangle to x8r8g8b8 rows of target, stride_pixels apart. */
void gpu_resource_show(const struct gpu_resources *resources, const struct gpu_resource *resource,
                       struct virtio_gpu_rect rect, uint32_t *target, size_t stride_pixels);

/* gpu_resources_save, gpu_resources_load - all images with their pixels and backing. load fails the
 * reader on overlapping places, unknown formats, or backing outside RAM. */
void gpu_resources_save(const struct gpu_resources *resources, struct byte_writer *writer);
void gpu_resources_load(struct gpu_resources *resources, const struct virtio *virtio,
                        struct byte_reader *reader);

#endif
