/* SPDX-License-Identifier: GPL-2.0-or-later */
/* virtio_gpu_resource.c - images of the display device: places in one pool of pixels, backing in
 * scattered guest pages, conversion to the one format that the host shows.
 *
 * Called by virtio_gpu.c; calls device_env through struct virtio. Invariants are in the header.
 */
#include "devices/virtio_gpu_resource.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/base/memory.h"

static_assert((uint64_t)VIRTIO_GPU_SIDE_MAX * VIRTIO_GPU_SIDE_MAX <= GPU_POOL_PIXELS,
              "the largest image fits");

/* Section 5.7.6.8: named by the order of bytes in memory. */
enum gpu_format {
    FORMAT_B8G8R8A8 = 1,
    FORMAT_B8G8R8X8 = 2,
    FORMAT_A8R8G8B8 = 3,
    FORMAT_X8R8G8B8 = 4,
    FORMAT_R8G8B8A8 = 67,
    FORMAT_X8B8G8R8 = 68,
    FORMAT_A8B8G8R8 = 121,
    FORMAT_R8G8B8X8 = 134,
};

void gpu_resources_init(struct gpu_resources *resources)
{
    *resources = (struct gpu_resources){0};
    resources->pool = memory_zeroed(GPU_POOL_PIXELS, sizeof(resources->pool[0]));
    resources->backing = memory_zeroed((size_t)GPU_RESOURCE_COUNT_MAX * GPU_BACKING_ENTRIES_MAX,
                                       sizeof(resources->backing[0]));
}

void gpu_resources_finish(struct gpu_resources *resources)
{
    free(resources->pool);
    free(resources->backing);
    *resources = (struct gpu_resources){0};
}

void gpu_resources_clear(struct gpu_resources *resources)
{
    memset(resources->slots, 0, sizeof(resources->slots));
}

bool gpu_format_is_known(uint32_t format)
{
    switch (format) {
    case FORMAT_B8G8R8A8:
    case FORMAT_B8G8R8X8:
    case FORMAT_A8R8G8B8:
    case FORMAT_X8R8G8B8:
    case FORMAT_R8G8B8A8:
    case FORMAT_X8B8G8R8:
    case FORMAT_A8B8G8R8:
    case FORMAT_R8G8B8X8:
        return true;
    default:
        return false;
    }
}

struct gpu_resource *gpu_resource_find(struct gpu_resources *resources, uint32_t id)
{
    for (unsigned slot = 0; slot < GPU_RESOURCE_COUNT_MAX && id != 0; slot++)
        if (resources->slots[slot].id == id)
            return &resources->slots[slot];
    return NULL;
}

static uint32_t resource_pixels(const struct gpu_resource *resource)
{
    assert(resource->width <= VIRTIO_GPU_SIDE_MAX);
    assert(resource->height <= VIRTIO_GPU_SIDE_MAX);
    return resource->width * resource->height;
}

/* Is [first, first + pixels) inside the pool and touched by no other image? */
static bool place_is_free(const struct gpu_resources *resources, uint64_t first, uint32_t pixels)
{
    if (first + pixels > GPU_POOL_PIXELS)
        return false;
    for (unsigned slot = 0; slot < GPU_RESOURCE_COUNT_MAX; slot++) {
        const struct gpu_resource *other = &resources->slots[slot];
        if (other->id != 0 && first < (uint64_t)other->pool_first + resource_pixels(other) &&
            other->pool_first < first + pixels)
            return false;
    }
    return true;
}

/* The lowest free place: it begins at 0 or where another image ends. false: there is none. */
static bool place_find(const struct gpu_resources *resources, uint32_t pixels, uint32_t *first)
{
    uint64_t best = UINT64_MAX;
    if (place_is_free(resources, 0, pixels))
        best = 0;
    for (unsigned slot = 0; slot < GPU_RESOURCE_COUNT_MAX; slot++) {
        const struct gpu_resource *other = &resources->slots[slot];
        uint64_t end = (uint64_t)other->pool_first + resource_pixels(other);
        if (other->id != 0 && end < best && place_is_free(resources, end, pixels))
            best = end;
    }
    *first = (uint32_t)best;
    return best != UINT64_MAX;
}

struct gpu_resource *gpu_resource_create(struct gpu_resources *resources,
                                         const struct gpu_resource *wanted)
{
    assert(wanted->id != 0);
    assert(wanted->width > 0);
    assert(wanted->height > 0);
    uint32_t pixels = resource_pixels(wanted);
    uint32_t first;
    unsigned slot = 0;
    while (slot < GPU_RESOURCE_COUNT_MAX && resources->slots[slot].id != 0)
        slot++;
    if (slot == GPU_RESOURCE_COUNT_MAX || !place_find(resources, pixels, &first))
        return NULL;
    struct gpu_resource *resource = &resources->slots[slot];
    *resource = (struct gpu_resource){.id = wanted->id,
                                      .format = wanted->format,
                                      .width = wanted->width,
                                      .height = wanted->height,
                                      .pool_first = first};
    memset(resources->pool + first, 0, (size_t)pixels * GPU_PIXEL_BYTES);
    return resource;
}

struct virtio_segment *gpu_resource_backing(struct gpu_resources *resources,
                                            const struct gpu_resource *resource)
{
    size_t slot = (size_t)(resource - resources->slots);
    assert(slot < GPU_RESOURCE_COUNT_MAX);
    return resources->backing + slot * GPU_BACKING_ENTRIES_MAX;
}

bool gpu_rect_is_inside(struct virtio_gpu_rect rect, uint32_t width, uint32_t height)
{
    return rect.x <= width && rect.width <= width - rect.x && rect.y <= height &&
           rect.height <= height - rect.y;
}

/* A place in a backing list. */
struct backing_place {
    uint32_t entry;
    uint64_t entry_first; /* offset of that entry's first byte in the backing */
};

/* Copy from the backing at offset_bytes; place only ever moves forward. */
static bool backing_read(const struct virtio *virtio, const struct virtio_segment *backing,
                         struct backing_place *place, uint64_t offset_bytes, uint8_t *target,
                         size_t size_bytes)
{
    assert(offset_bytes >= place->entry_first);
    while (size_bytes > 0) {
        const struct virtio_segment *entry = &backing[place->entry];
        uint64_t within = offset_bytes - place->entry_first;
        if (within >= entry->size_bytes) {
            place->entry_first += entry->size_bytes;
            place->entry++;
            continue;
        }
        size_t part = entry->size_bytes - (size_t)within;
        if (part > size_bytes)
            part = size_bytes;
        if (!virtio->env->dma_read(virtio->env->context, entry->addr + within, target, part))
            return false;
        target += part;
        offset_bytes += part;
        size_bytes -= part;
    }
    return true;
}

bool gpu_resource_fill(struct gpu_resources *resources, const struct virtio *virtio,
                       const struct gpu_resource *resource, struct virtio_gpu_rect rect,
                       uint64_t offset_bytes)
{
    assert(gpu_rect_is_inside(rect, resource->width, resource->height));
    uint64_t stride_bytes = (uint64_t)resource->width * GPU_PIXEL_BYTES;
    uint64_t row_bytes = (uint64_t)rect.width * GPU_PIXEL_BYTES;
    if (rect.width == 0 || rect.height == 0)
        return true;
    uint64_t size_bytes = stride_bytes * (rect.height - 1) + row_bytes;
    if (offset_bytes > resource->backing_bytes ||
        size_bytes > resource->backing_bytes - offset_bytes)
        return false;
    const struct virtio_segment *backing = gpu_resource_backing(resources, resource);
    struct backing_place place = {0};
    for (uint32_t row = 0; row < rect.height; row++) {
        size_t pixel = resource->pool_first + (size_t)(rect.y + row) * resource->width + rect.x;
        uint8_t *target = (uint8_t *)(resources->pool + pixel);
        if (!backing_read(virtio, backing, &place, offset_bytes + stride_bytes * row, target,
                          (size_t)row_bytes))
            return false;
    }
    return true;
}

/* One row to x8r8g8b8. */
static void row_convert(uint32_t format, const uint32_t *source, uint32_t *target, uint32_t count)
{
    switch (format) {
    case FORMAT_A8R8G8B8:
    case FORMAT_X8R8G8B8:
        for (uint32_t index = 0; index < count; index++)
            target[index] = __builtin_bswap32(source[index]) & 0xffffffu;
        break;
    case FORMAT_R8G8B8A8:
    case FORMAT_R8G8B8X8:
        for (uint32_t index = 0; index < count; index++)
            target[index] = __builtin_bswap32(source[index]) >> 8;
        break;
    case FORMAT_X8B8G8R8:
    case FORMAT_A8B8G8R8:
        for (uint32_t index = 0; index < count; index++)
            target[index] = source[index] >> 8;
        break;
    default:
        assert(format == FORMAT_B8G8R8A8 || format == FORMAT_B8G8R8X8);
        for (uint32_t index = 0; index < count; index++)
            target[index] = source[index] & 0xffffffu;
        break;
    }
}

void gpu_resource_show(const struct gpu_resources *resources, const struct gpu_resource *resource,
                       struct virtio_gpu_rect rect, uint32_t *target, size_t stride_pixels)
{
    assert(gpu_rect_is_inside(rect, resource->width, resource->height));
    for (uint32_t row = 0; row < rect.height; row++) {
        size_t pixel = resource->pool_first + (size_t)(rect.y + row) * resource->width + rect.x;
        row_convert(resource->format, resources->pool + pixel, target + row * stride_pixels,
                    rect.width);
    }
}

void gpu_resources_save(const struct gpu_resources *resources, struct byte_writer *writer)
{
    for (unsigned slot = 0; slot < GPU_RESOURCE_COUNT_MAX; slot++) {
        const struct gpu_resource *resource = &resources->slots[slot];
        write_u32(writer, resource->id);
        if (resource->id == 0)
            continue;
        write_u32(writer, resource->format);
        write_u32(writer, resource->width);
        write_u32(writer, resource->height);
        write_u32(writer, resource->pool_first);
        write_u32(writer, resource->backing_count);
        const struct virtio_segment *backing =
            resources->backing + (size_t)slot * GPU_BACKING_ENTRIES_MAX;
        for (uint32_t index = 0; index < resource->backing_count; index++) {
            write_u64(writer, backing[index].addr);
            write_u32(writer, backing[index].size_bytes);
        }
        write_bytes(writer, resources->pool + resource->pool_first,
                    (size_t)resource_pixels(resource) * GPU_PIXEL_BYTES);
    }
}

/* The fixed part of one image; false when it makes no sense. */
static bool resource_load_shape(const struct gpu_resources *resources,
                                struct gpu_resource *resource, struct byte_reader *reader)
{
    resource->format = read_u32(reader);
    resource->width = read_u32(reader);
    resource->height = read_u32(reader);
    resource->pool_first = read_u32(reader);
    resource->backing_count = read_u32(reader);
    if (reader->failed || !gpu_format_is_known(resource->format) ||
        resource->backing_count > GPU_BACKING_ENTRIES_MAX)
        return false;
    if (resource->width == 0 || resource->width > VIRTIO_GPU_SIDE_MAX || resource->height == 0 ||
        resource->height > VIRTIO_GPU_SIDE_MAX)
        return false;
    return place_is_free(resources, resource->pool_first, resource_pixels(resource));
}

static void resource_load(struct gpu_resources *resources, const struct virtio *virtio,
                          struct gpu_resource *slot, struct byte_reader *reader)
{
    struct gpu_resource resource = {.id = read_u32(reader)};
    if (resource.id == 0)
        return;
    if (gpu_resource_find(resources, resource.id) != NULL ||
        !resource_load_shape(resources, &resource, reader)) {
        reader_fail(reader);
        return;
    }
    struct virtio_segment *backing = gpu_resource_backing(resources, slot);
    for (uint32_t index = 0; index < resource.backing_count && !reader->failed; index++) {
        backing[index].addr = read_u64(reader);
        backing[index].size_bytes = read_u32(reader);
        resource.backing_bytes += backing[index].size_bytes;
        if (!virtio_range_is_ram(virtio, backing[index].addr, backing[index].size_bytes))
            reader_fail(reader);
    }
    read_bytes(reader, resources->pool + resource.pool_first,
               (size_t)resource_pixels(&resource) * GPU_PIXEL_BYTES);
    if (!reader->failed)
        *slot = resource;
}

void gpu_resources_load(struct gpu_resources *resources, const struct virtio *virtio,
                        struct byte_reader *reader)
{
    gpu_resources_clear(resources);
    for (unsigned slot = 0; slot < GPU_RESOURCE_COUNT_MAX && !reader->failed; slot++)
        resource_load(resources, virtio, &resources->slots[slot], reader);
}
