/* SPDX-License-Identifier: GPL-2.0-or-later */
/* virtio_gpu.c - VIRTIO 1.2 section 5.7, the 2D part: commands of the control queue, one scanout.
 *
 * Called by the bus and the machine through virtio_gpu_ops and virtio_gpu.h, and back by virtio.c;
 * calls virtio.h and virtio_gpu_resource.h.
 *
 * Invariants
 *  1. A command is checked whole before it changes anything; what is wrong is answered with an
 *     error response, and only a command that leaves no room for the answer's header goes without
 *     one.
 *  2. The screen changes only at SET_SCANOUT, RESOURCE_FLUSH and when its image goes away; each of
 *     them that changes a pixel makes `serial` grow.
 *  3. While scanout_id is not 0, that image exists and the scanout rectangle lies in it.
 *
 * Commands take no virtual time of their own. Cursor commands are accepted, and the cursor plane is
 * not shown: guests of this board draw their own pointer.
 */
#include "devices/virtio_gpu.h"

#include <assert.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "devices/virtio.h"
#include "devices/virtio_gpu_resource.h"
#include "emulator/base/memory.h"

#define GPU_DEVICE_ID 16u
#define GPU_QUEUE_CONTROL 0u
#define GPU_QUEUE_COUNT 2u /* control and cursor */
#define GPU_CONFIG_BYTES 16u
#define GPU_CONFIG_SCANOUT_COUNT 8u
#define GPU_SCANOUTS_DESCRIBED 16u /* entries in the answer to GET_DISPLAY_INFO */

/* Section 5.7.6.7: the header of every command and answer. */
#define HEADER_BYTES 24u
#define HEADER_FLAG_FENCE 1u
/* The longest fixed part of a command, and the longest answer. */
#define COMMAND_BYTES_MAX 56u
#define ANSWER_BYTES_MAX (HEADER_BYTES + 24u * GPU_SCANOUTS_DESCRIBED)
#define ATTACH_ENTRY_BYTES 16u
#define ATTACH_BLOCK_ENTRIES 64u

enum gpu_command {
    GET_DISPLAY_INFO = 0x100,
    RESOURCE_CREATE_2D = 0x101,
    RESOURCE_UNREF = 0x102,
    SET_SCANOUT = 0x103,
    RESOURCE_FLUSH = 0x104,
    TRANSFER_TO_HOST_2D = 0x105,
    RESOURCE_ATTACH_BACKING = 0x106,
    RESOURCE_DETACH_BACKING = 0x107,
    UPDATE_CURSOR = 0x300,
    MOVE_CURSOR = 0x301,
};

enum gpu_answer {
    OK_NODATA = 0x1100,
    OK_DISPLAY_INFO = 0x1101,
    ERR_UNSPEC = 0x1200,
    ERR_OUT_OF_MEMORY = 0x1201,
    ERR_INVALID_SCANOUT_ID = 0x1202,
    ERR_INVALID_RESOURCE_ID = 0x1203,
    ERR_INVALID_PARAMETER = 0x1205,
};

struct virtio_gpu {
    struct virtio virtio; /* first: virtio_read() and virtio_write() are given the whole */
    const struct virtio_gpu_config *config;
    struct gpu_resources resources;
    uint32_t scanout_id; /* resource on the screen, 0: none */
    struct virtio_gpu_rect scanout;
    uint32_t
        *screen; /* VIRTIO_GPU_SIDE_MAX squared; scanout.width x scanout.height of it, tight rows */
    uint64_t serial;
    struct virtio_gpu_rect damage; /* the viewer's: not saved */
    struct virtio_chain chain;     /* scratch of one command */
};
static_assert(offsetof(struct virtio_gpu, virtio) == 0, "see struct virtio_gpu");

static struct virtio_gpu_rect rect_load(const uint8_t *bytes)
{
    return (struct virtio_gpu_rect){load_u32(bytes), load_u32(bytes + 4), load_u32(bytes + 8),
                                    load_u32(bytes + 12)};
}

/* Grow the damage by a rectangle of the screen. */
static void damage_add(struct virtio_gpu *gpu, struct virtio_gpu_rect rect)
{
    struct virtio_gpu_rect *damage = &gpu->damage;
    if (rect.width == 0 || rect.height == 0)
        return;
    if (damage->width == 0) {
        *damage = rect;
        return;
    }
    uint32_t right = damage->x + damage->width;
    uint32_t bottom = damage->y + damage->height;
    if (right < rect.x + rect.width)
        right = rect.x + rect.width;
    if (bottom < rect.y + rect.height)
        bottom = rect.y + rect.height;
    damage->x = damage->x < rect.x ? damage->x : rect.x;
    damage->y = damage->y < rect.y ? damage->y : rect.y;
    damage->width = right - damage->x;
    damage->height = bottom - damage->y;
}

static void damage_all(struct virtio_gpu *gpu)
{
    gpu->damage = (struct virtio_gpu_rect){0};
    damage_add(gpu, (struct virtio_gpu_rect){0, 0, gpu->scanout.width, gpu->scanout.height});
}

static void scanout_off(struct virtio_gpu *gpu)
{
    if (gpu->scanout_id == 0)
        return;
    gpu->scanout_id = 0;
    gpu->scanout = gpu->damage = (struct virtio_gpu_rect){0};
    gpu->serial++;
}

/* The part of rect (of the image on the screen) that the scanout shows; empty: width or height 0.
 */
static struct virtio_gpu_rect scanout_part(const struct virtio_gpu *gpu,
                                           struct virtio_gpu_rect rect)
{
    const struct virtio_gpu_rect *scanout = &gpu->scanout;
    uint32_t left = rect.x > scanout->x ? rect.x : scanout->x;
    uint32_t top = rect.y > scanout->y ? rect.y : scanout->y;
    uint32_t right = rect.x + rect.width;
    uint32_t bottom = rect.y + rect.height;
    if (right > scanout->x + scanout->width)
        right = scanout->x + scanout->width;
    if (bottom > scanout->y + scanout->height)
        bottom = scanout->y + scanout->height;
    if (right <= left || bottom <= top)
        return (struct virtio_gpu_rect){0};
    return (struct virtio_gpu_rect){left, top, right - left, bottom - top};
}

/* Bring a rectangle of the image on the screen up to date. */
static void screen_update(struct virtio_gpu *gpu, const struct gpu_resource *resource,
                          struct virtio_gpu_rect rect)
{
    struct virtio_gpu_rect part = scanout_part(gpu, rect);
    if (part.width == 0)
        return;
    struct virtio_gpu_rect shown = {part.x - gpu->scanout.x, part.y - gpu->scanout.y, part.width,
                                    part.height};
    size_t stride = gpu->scanout.width;
    gpu_resource_show(&gpu->resources, resource, part, gpu->screen + shown.y * stride + shown.x,
                      stride);
    damage_add(gpu, shown);
    gpu->serial++;
}

/* Answer: one enabled scanout of the configured size, the rest disabled. */
static enum gpu_answer command_display_info(const struct virtio_gpu *gpu, uint8_t *answer)
{
    uint8_t *first = answer + HEADER_BYTES;
    store_u32(first + 8, gpu->config->width);
    store_u32(first + 12, gpu->config->height);
    store_u32(first + 16, 1);
    return OK_DISPLAY_INFO;
}

static enum gpu_answer command_create(struct virtio_gpu *gpu, const uint8_t *fields)
{
    struct gpu_resource wanted = {.id = load_u32(fields),
                                  .format = load_u32(fields + 4),
                                  .width = load_u32(fields + 8),
                                  .height = load_u32(fields + 12)};
    if (wanted.id == 0 || gpu_resource_find(&gpu->resources, wanted.id) != NULL)
        return ERR_INVALID_RESOURCE_ID;
    if (!gpu_format_is_known(wanted.format) || wanted.width == 0 || wanted.height == 0)
        return ERR_INVALID_PARAMETER;
    if (wanted.width > VIRTIO_GPU_SIDE_MAX || wanted.height > VIRTIO_GPU_SIDE_MAX ||
        gpu_resource_create(&gpu->resources, &wanted) == NULL)
        return ERR_OUT_OF_MEMORY;
    return OK_NODATA;
}

static enum gpu_answer command_unref(struct virtio_gpu *gpu, const uint8_t *fields)
{
    struct gpu_resource *resource = gpu_resource_find(&gpu->resources, load_u32(fields));
    if (resource == NULL)
        return ERR_INVALID_RESOURCE_ID;
    if (gpu->scanout_id == resource->id)
        scanout_off(gpu);
    *resource = (struct gpu_resource){0};
    return OK_NODATA;
}

static enum gpu_answer command_set_scanout(struct virtio_gpu *gpu, const uint8_t *fields)
{
    struct virtio_gpu_rect rect = rect_load(fields);
    uint32_t id = load_u32(fields + 20);
    if (load_u32(fields + 16) != 0)
        return ERR_INVALID_SCANOUT_ID;
    if (id == 0) {
        scanout_off(gpu);
        return OK_NODATA;
    }
    const struct gpu_resource *resource = gpu_resource_find(&gpu->resources, id);
    if (resource == NULL)
        return ERR_INVALID_RESOURCE_ID;
    if (rect.width == 0 || rect.height == 0 ||
        !gpu_rect_is_inside(rect, resource->width, resource->height))
        return ERR_INVALID_PARAMETER;
    gpu->scanout_id = id;
    gpu->scanout = rect;
    gpu->damage = (struct virtio_gpu_rect){0};
    screen_update(gpu, resource, rect);
    return OK_NODATA;
}

static enum gpu_answer command_flush(struct virtio_gpu *gpu, const uint8_t *fields)
{
    struct virtio_gpu_rect rect = rect_load(fields);
    const struct gpu_resource *resource = gpu_resource_find(&gpu->resources, load_u32(fields + 16));
    if (resource == NULL)
        return ERR_INVALID_RESOURCE_ID;
    if (!gpu_rect_is_inside(rect, resource->width, resource->height))
        return ERR_INVALID_PARAMETER;
    if (gpu->scanout_id == resource->id)
        screen_update(gpu, resource, rect);
    return OK_NODATA;
}

static enum gpu_answer command_transfer(struct virtio_gpu *gpu, const uint8_t *fields)
{
    struct virtio_gpu_rect rect = rect_load(fields);
    const struct gpu_resource *resource = gpu_resource_find(&gpu->resources, load_u32(fields + 24));
    if (resource == NULL)
        return ERR_INVALID_RESOURCE_ID;
    if (resource->backing_count == 0)
        return ERR_UNSPEC;
    if (!gpu_rect_is_inside(rect, resource->width, resource->height) ||
        !gpu_resource_fill(&gpu->resources, &gpu->virtio, resource, rect, load_u64(fields + 16)))
        return ERR_INVALID_PARAMETER;
    return OK_NODATA;
}

/* Copy `count` entries that follow the fixed part of the command. */
static bool attach_entries(const struct virtio_gpu *gpu, struct virtio_segment *backing,
                           uint32_t count, uint64_t *backing_bytes)
{
    uint8_t block[ATTACH_BLOCK_ENTRIES * ATTACH_ENTRY_BYTES];
    uint64_t offset_bytes = HEADER_BYTES + 8;
    *backing_bytes = 0;
    for (uint32_t first = 0; first < count; first += ATTACH_BLOCK_ENTRIES) {
        uint32_t left = count - first < ATTACH_BLOCK_ENTRIES ? count - first : ATTACH_BLOCK_ENTRIES;
        if (!virtio_chain_read(&gpu->virtio, &gpu->chain, offset_bytes, block,
                               (size_t)left * ATTACH_ENTRY_BYTES))
            return false;
        offset_bytes += (uint64_t)left * ATTACH_ENTRY_BYTES;
        for (uint32_t index = 0; index < left; index++) {
            const uint8_t *entry = block + (size_t)index * ATTACH_ENTRY_BYTES;
            struct virtio_segment segment = {load_u64(entry), load_u32(entry + 8)};
            if (!virtio_range_is_ram(&gpu->virtio, segment.addr, segment.size_bytes))
                return false;
            backing[first + index] = segment;
            *backing_bytes += segment.size_bytes;
        }
    }
    return true;
}

static enum gpu_answer command_attach(struct virtio_gpu *gpu, const uint8_t *fields)
{
    struct gpu_resource *resource = gpu_resource_find(&gpu->resources, load_u32(fields));
    uint32_t count = load_u32(fields + 4);
    uint64_t backing_bytes;
    if (resource == NULL)
        return ERR_INVALID_RESOURCE_ID;
    if (resource->backing_count != 0)
        return ERR_UNSPEC;
    if (count == 0 || count > GPU_BACKING_ENTRIES_MAX)
        return ERR_UNSPEC;
    struct virtio_segment *backing = gpu_resource_backing(&gpu->resources, resource);
    if (!attach_entries(gpu, backing, count, &backing_bytes))
        return ERR_UNSPEC; /* as QEMU; the standard leaves it open */
    resource->backing_count = count;
    resource->backing_bytes = backing_bytes;
    return OK_NODATA;
}

static enum gpu_answer command_detach(struct virtio_gpu *gpu, const uint8_t *fields)
{
    struct gpu_resource *resource = gpu_resource_find(&gpu->resources, load_u32(fields));
    if (resource == NULL)
        return ERR_INVALID_RESOURCE_ID;
    if (resource->backing_count == 0)
        return ERR_UNSPEC;
    resource->backing_count = 0;
    resource->backing_bytes = 0;
    return OK_NODATA;
}

/* Bytes of a command's fixed part, its header included; 0: no such command on this queue. */
static uint32_t command_size(uint32_t type, unsigned queue_index)
{
    if (queue_index != GPU_QUEUE_CONTROL)
        return type == UPDATE_CURSOR || type == MOVE_CURSOR ? COMMAND_BYTES_MAX : 0;
    switch (type) {
    case GET_DISPLAY_INFO:
        return HEADER_BYTES;
    case RESOURCE_UNREF:
    case RESOURCE_ATTACH_BACKING:
    case RESOURCE_DETACH_BACKING:
        return HEADER_BYTES + 8;
    case RESOURCE_CREATE_2D:
        return HEADER_BYTES + 16;
    case SET_SCANOUT:
    case RESOURCE_FLUSH:
        return HEADER_BYTES + 24;
    case TRANSFER_TO_HOST_2D:
        return HEADER_BYTES + 32;
    default:
        return 0;
    }
}

static enum gpu_answer command_perform(struct virtio_gpu *gpu, const uint8_t *command,
                                       uint8_t *answer)
{
    const uint8_t *fields = command + HEADER_BYTES;
    switch (load_u32(command)) {
    case GET_DISPLAY_INFO:
        return command_display_info(gpu, answer);
    case RESOURCE_CREATE_2D:
        return command_create(gpu, fields);
    case RESOURCE_UNREF:
        return command_unref(gpu, fields);
    case SET_SCANOUT:
        return command_set_scanout(gpu, fields);
    case RESOURCE_FLUSH:
        return command_flush(gpu, fields);
    case TRANSFER_TO_HOST_2D:
        return command_transfer(gpu, fields);
    case RESOURCE_ATTACH_BACKING:
        return command_attach(gpu, fields);
    case RESOURCE_DETACH_BACKING:
        return command_detach(gpu, fields);
    default: /* the cursor's */
        return OK_NODATA;
    }
}

/* Do the command in gpu->chain and give the buffer back with the answer. */
static void command_do(struct virtio_gpu *gpu, unsigned queue_index)
{
    uint8_t command[COMMAND_BYTES_MAX] = {0};
    uint8_t answer[ANSWER_BYTES_MAX] = {0};
    enum gpu_answer type = ERR_UNSPEC;
    uint32_t answer_bytes = HEADER_BYTES;
    if (virtio_chain_read(&gpu->virtio, &gpu->chain, 0, command, HEADER_BYTES)) {
        uint32_t size_bytes = command_size(load_u32(command), queue_index);
        if (size_bytes > 0 && virtio_chain_read(&gpu->virtio, &gpu->chain, 0, command, size_bytes))
            type = command_perform(gpu, command, answer);
    }
    store_u32(answer, type);
    if ((load_u32(command + 4) & HEADER_FLAG_FENCE) != 0) {
        store_u32(answer + 4, HEADER_FLAG_FENCE);
        memcpy(answer + 8, command + 8, 12); /* fence and context */
    }
    if (type == OK_DISPLAY_INFO)
        answer_bytes = ANSWER_BYTES_MAX;
    if (gpu->chain.write_bytes < answer_bytes)
        answer_bytes = (uint32_t)gpu->chain.write_bytes;
    if (answer_bytes < HEADER_BYTES) /* a cursor command may leave no room for an answer */
        answer_bytes = 0;
    else if (!virtio_chain_write(&gpu->virtio, &gpu->chain, 0, answer, answer_bytes))
        virtio_break(&gpu->virtio);
    virtio_chain_give(&gpu->virtio, &gpu->chain, answer_bytes);
}

static void gpu_service(void *device, unsigned queue_index)
{
    struct virtio_gpu *gpu = device;
    while (virtio_chain_take(&gpu->virtio, queue_index, &gpu->chain))
        command_do(gpu, queue_index);
}

static void gpu_config_read(const void *device, uint8_t *config)
{
    assert(device != NULL);
    store_u32(config + GPU_CONFIG_SCANOUT_COUNT, 1);
}

static void gpu_model_reset(void *device)
{
    struct virtio_gpu *gpu = device;
    gpu_resources_clear(&gpu->resources);
    scanout_off(gpu);
}

static const struct virtio_model gpu_model = {
    .device_id = GPU_DEVICE_ID,
    .queue_count = GPU_QUEUE_COUNT,
    .config_bytes = GPU_CONFIG_BYTES,
    .config_read = gpu_config_read,
    .service = gpu_service,
    .reset = gpu_model_reset,
};

static void gpu_init(void *state, const struct device_env *env, const void *config)
{
    struct virtio_gpu *gpu = state;
    virtio_init(&gpu->virtio, config != NULL ? &gpu_model : &virtio_empty_model, env);
    gpu->config = config;
    if (config == NULL)
        return;
    assert(gpu->config->width - 1 < VIRTIO_GPU_SIDE_MAX);
    assert(gpu->config->height - 1 < VIRTIO_GPU_SIDE_MAX);
    gpu_resources_init(&gpu->resources);
    gpu->screen = memory_zeroed((size_t)VIRTIO_GPU_SIDE_MAX * VIRTIO_GPU_SIDE_MAX, GPU_PIXEL_BYTES);
}

static void gpu_finish(void *state)
{
    struct virtio_gpu *gpu = state;
    gpu_resources_finish(&gpu->resources);
    free(gpu->screen);
    gpu->screen = NULL;
}

static void gpu_reset(void *state)
{
    virtio_reset(state);
}

static uint64_t gpu_deadline_ns(const void *state)
{
    const struct virtio_gpu *gpu = state;
    return virtio_service_due(&gpu->virtio) ? 0 : DEVICE_NEVER;
}

static void gpu_tick(void *state)
{
    struct virtio_gpu *gpu = state;
    virtio_service_rest(&gpu->virtio);
}

static void gpu_save(const void *state, struct byte_writer *writer)
{
    const struct virtio_gpu *gpu = state;
    virtio_save(&gpu->virtio, writer);
    if (gpu->config == NULL)
        return;
    gpu_resources_save(&gpu->resources, writer);
    write_u32(writer, gpu->scanout_id);
    write_u32(writer, gpu->scanout.x);
    write_u32(writer, gpu->scanout.y);
    write_u32(writer, gpu->scanout.width);
    write_u32(writer, gpu->scanout.height);
    write_u64(writer, gpu->serial);
    write_bytes(writer, gpu->screen,
                (size_t)gpu->scanout.width * gpu->scanout.height * GPU_PIXEL_BYTES);
}

/* Invariant 3; and without an image there is no rectangle. */
static bool scanout_is_valid(struct virtio_gpu *gpu)
{
    const struct virtio_gpu_rect *rect = &gpu->scanout;
    if (gpu->scanout_id == 0)
        return rect->x == 0 && rect->y == 0 && rect->width == 0 && rect->height == 0;
    const struct gpu_resource *resource = gpu_resource_find(&gpu->resources, gpu->scanout_id);
    return resource != NULL && rect->width > 0 && rect->height > 0 &&
           gpu_rect_is_inside(*rect, resource->width, resource->height);
}

static void gpu_load(void *state, struct byte_reader *reader)
{
    struct virtio_gpu *gpu = state;
    virtio_load(&gpu->virtio, reader);
    if (gpu->config == NULL)
        return;
    gpu_resources_load(&gpu->resources, &gpu->virtio, reader);
    gpu->scanout_id = read_u32(reader);
    gpu->scanout.x = read_u32(reader);
    gpu->scanout.y = read_u32(reader);
    gpu->scanout.width = read_u32(reader);
    gpu->scanout.height = read_u32(reader);
    gpu->serial = read_u64(reader);
    if (reader->failed || !scanout_is_valid(gpu)) {
        reader_fail(reader);
        gpu->scanout_id = 0;
        gpu->scanout = gpu->damage = (struct virtio_gpu_rect){0};
        return;
    }
    read_bytes(reader, gpu->screen,
               (size_t)gpu->scanout.width * gpu->scanout.height * GPU_PIXEL_BYTES);
    damage_all(gpu);
}

struct virtio_gpu_display virtio_gpu_display(const struct virtio_gpu *gpu)
{
    struct virtio_gpu_display display = {.serial = gpu->serial};
    if (gpu->scanout_id != 0) {
        display.pixels = gpu->screen;
        display.width = display.stride_pixels = gpu->scanout.width;
        display.height = gpu->scanout.height;
    }
    return display;
}

struct virtio_gpu_rect virtio_gpu_damage_take(struct virtio_gpu *gpu)
{
    struct virtio_gpu_rect damage = gpu->damage;
    assert(damage.width <= gpu->scanout.width);
    assert(damage.height <= gpu->scanout.height);
    gpu->damage = (struct virtio_gpu_rect){0};
    return damage;
}

const struct device_ops virtio_gpu_ops = {
    .name = "virtio-gpu",
    .compatible = "virtio,mmio",
    .state_bytes = sizeof(struct virtio_gpu),
    .init = gpu_init,
    .finish = gpu_finish,
    .reset = gpu_reset,
    .read = virtio_read,
    .write = virtio_write,
    .deadline_ns = gpu_deadline_ns,
    .tick = gpu_tick,
    .save = gpu_save,
    .load = gpu_load,
};
