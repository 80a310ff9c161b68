/* SPDX-License-Identifier: GPL-2.0-or-later */
/* virtio_gpu.c - the 2D commands, one in flight at a time. Called by driver.c (interrupt) and
 * key_display.c. Source: VIRTIO 1.2, section 5.7.6.
 *
 * A sequence is a list of steps; the answer to one starts the next. An error ends it, but for the
 * sequence that takes the picture down: there every step is tried, whatever was there before.
 *
 * Invariants
 *  1. command, answer and backing belong to the device while a step is in flight.
 *  2. A device that breaks its queue or asks for a reset was reset: there is no screen from then
 *     on, and no memory of ours that it may read.
 */
#include "kernel/driver/virtio_gpu.h"

#include "kernel/arch/arch.h"
#include "kernel/driver/virtio.h"
#include "kernel/limits.h"
#include "kernel/print.h"

enum { COMMAND_DISPLAY_INFO = 0x100, COMMAND_CREATE_2D = 0x101, COMMAND_UNREFERENCE = 0x102,
       COMMAND_SET_SCANOUT = 0x103, COMMAND_FLUSH = 0x104, COMMAND_TRANSFER = 0x105,
       COMMAND_ATTACH_BACKING = 0x106, COMMAND_DETACH_BACKING = 0x107 };
enum { ANSWER_OK = 0x1100, ANSWER_DISPLAY_INFO = 0x1101 }; /* others are errors, 0x1200.. */
#define FORMAT_B8G8R8X8 2u
#define RESOURCE_ID 1u
#define SCANOUTS 16u
#define PIXEL_BYTES 4u
#define PIXELS_MAX ((uint64_t)LIMIT_DISPLAY_PAGES * PAGE_BYTES / PIXEL_BYTES)
#define PARTS_MAX 3u
#define BOOT_POLLS 10000000u

struct gpu_header {
    uint32_t type, flags;
    uint64_t fence;
    uint32_t context, padding;
};
struct gpu_command {
    struct gpu_header header;
    uint32_t words[8]; /* what follows, by type */
};
struct words {
    uint32_t count, words[8];
};
struct gpu_backing {
    uint64_t addr;
    uint32_t length, padding;
};
struct gpu_answer {
    struct gpu_header header;
    struct {
        struct display_rectangle rectangle;
        uint32_t enabled, flags;
    } modes[SCANOUTS];
};

static struct {
    bool there, gone; /* gone: there was one, and it failed */
    unsigned backing_count;
    struct display_info info;           /* width 0: not known */
    struct display_rectangle rectangle; /* of the flush in progress */
    const uint16_t *step;               /* the type of the command in flight; NULL: none */
    bool tolerant;                      /* an error does not end the sequence */
    bool failed;
} gpu;
/* The sequences: command types, then 0. */
static const uint16_t info_steps[] = {COMMAND_DISPLAY_INFO, 0};
static const uint16_t show_steps[] = {COMMAND_CREATE_2D, COMMAND_ATTACH_BACKING,
                                      COMMAND_SET_SCANOUT, 0};
static const uint16_t flush_steps[] = {COMMAND_TRANSFER, COMMAND_FLUSH, 0};
static const uint16_t hide_steps[] = {COMMAND_SET_SCANOUT, COMMAND_DETACH_BACKING,
                                      COMMAND_UNREFERENCE, 0};
/* What the device reads and writes. */
static struct {
    struct virtqueue queue;
    struct gpu_command command;
    struct gpu_answer answer;
    struct gpu_backing backing[LIMIT_DISPLAY_PAGES];
} shared;

/* What the present step's command says. */
static struct words command_words(uint32_t type)
{
    const struct display_rectangle *at = &gpu.rectangle;
    const struct display_info *info = &gpu.info;
    uint32_t offset = at->y * info->stride_bytes + at->x * PIXEL_BYTES;
    switch (type) {
    case COMMAND_CREATE_2D:
        return (struct words){4, {RESOURCE_ID, FORMAT_B8G8R8X8, info->width, info->height}};
    case COMMAND_ATTACH_BACKING:
        return (struct words){2, {RESOURCE_ID, gpu.backing_count}};
    case COMMAND_SET_SCANOUT:
        return (struct words){
            6, {0, 0, info->width, info->height, 0, gpu.backing_count ? RESOURCE_ID : 0}};
    case COMMAND_TRANSFER: /* the offset has 64 bits */
        return (struct words){8, {at->x, at->y, at->width, at->height, offset, 0, RESOURCE_ID}};
    case COMMAND_FLUSH:
        return (struct words){6, {at->x, at->y, at->width, at->height, RESOURCE_ID}};
    case COMMAND_DETACH_BACKING:
    case COMMAND_UNREFERENCE:
        return (struct words){2, {RESOURCE_ID}};
    default:
        return (struct words){0};
    }
}

static void step_start(void)
{
    uint32_t type = *gpu.step;
    struct words words = command_words(type);
    shared.command.header = (struct gpu_header){.type = type};
    memcpy(shared.command.words, words.words, sizeof(words.words));
    struct virtio_part parts[PARTS_MAX] = {
        {&shared.command, (uint32_t)sizeof(struct gpu_header) + words.count * 4, false}};
    unsigned count = 1;
    if (type == COMMAND_ATTACH_BACKING)
        parts[count++] = (struct virtio_part){
            shared.backing, gpu.backing_count * (uint32_t)sizeof(struct gpu_backing), false};
    parts[count++] = (struct virtio_part){&shared.answer, sizeof(shared.answer), true};
    uint16_t head;
    if (!virtqueue_add(&shared.queue, parts, count, &head))
        panic("VGPU-001 the control queue is full with one command in flight");
    virtqueue_notify(&shared.queue);
}

/* The device is of no use any more. */
static void give_up(void)
{
    gpu.gone = true;
    gpu.failed = true;
    gpu.step = NULL;
}

static void sequence_start(const uint16_t *steps, bool tolerant)
{
    kassert(gpu.step == NULL);
    gpu.failed = gpu.gone;
    if (gpu.gone)
        return;
    gpu.step = steps;
    gpu.tolerant = tolerant;
    step_start();
}

static void info_take(void)
{
    const struct display_rectangle *screen = &shared.answer.modes[0].rectangle;
    uint64_t pixels = (uint64_t)screen->width * screen->height;
    if (pixels == 0)
        return;
    if (pixels > PIXELS_MAX) {
        print_line("screen of %u x %u: more than the kernel has room for", screen->width,
                   screen->height);
        return;
    }
    gpu.info = (struct display_info){.width = screen->width, .height = screen->height,
                                     .stride_bytes = screen->width * PIXEL_BYTES};
}

/* Is it the answer that the step in flight hopes for? */
static bool answer_good(uint32_t length)
{
    uint32_t type = shared.answer.header.type;
    if (*gpu.step == COMMAND_DISPLAY_INFO)
        return length >= sizeof(shared.answer) && type == ANSWER_DISPLAY_INFO;
    return length >= sizeof(shared.answer.header) && type == ANSWER_OK;
}

static void answer_take(uint32_t length)
{
    kassert(gpu.step != NULL);
    if (!answer_good(length) && !gpu.tolerant) {
        gpu.failed = true;
        gpu.step = NULL;
        return;
    }
    if (*gpu.step == COMMAND_DISPLAY_INFO)
        info_take();
    if (*++gpu.step)
        step_start();
    else
        gpu.step = NULL;
}

/* Take the answers that have come; each may start the next step of a few. */
static void answers_take(void)
{
    uint16_t head;
    uint32_t length;
    while (virtqueue_take(&shared.queue, &head, &length))
        answer_take(length);
    if (shared.queue.broken)
        give_up();
}

bool virtio_gpu_attach(const struct fdt_device *device)
{
    if (gpu.there || virtio_begin(device, 0, &shared.queue, PARTS_MAX) == 0)
        return false;
    gpu.there = true;
    virtio_ready(&shared.queue);
    sequence_start(info_steps, false);
    for (unsigned i = 0; i < BOOT_POLLS && gpu.step; i++)
        answers_take();
    return true;
}

bool virtio_gpu_interrupt(uint32_t irq)
{
    if (!gpu.there || irq != shared.queue.irq)
        return false;
    if (virtio_acknowledge(&shared.queue)) {
        answers_take();
    } else {
        virtio_give_up(&shared.queue);
        give_up();
    }
    return true;
}

const struct display_info *virtio_gpu_info(void)
{
    return gpu.gone || gpu.info.width == 0 ? NULL : &gpu.info;
}

bool virtio_gpu_busy(void)
{
    return gpu.step != NULL;
}

bool virtio_gpu_failed(void)
{
    return gpu.failed;
}

void virtio_gpu_backing(unsigned index, const void *page)
{
    kassert(index < LIMIT_DISPLAY_PAGES);
    shared.backing[index] =
        (struct gpu_backing){.addr = arch_virtual_to_physical(page), .length = PAGE_BYTES};
}

const void *virtio_gpu_backed(unsigned index)
{
    kassert(index < LIMIT_DISPLAY_PAGES);
    return arch_physical_to_virtual(shared.backing[index].addr);
}

void virtio_gpu_show(unsigned page_count)
{
    kassert(page_count > 0);
    kassert(page_count <= LIMIT_DISPLAY_PAGES);
    gpu.backing_count = page_count;
    sequence_start(show_steps, false);
}

void virtio_gpu_flush(const struct display_rectangle *rectangle)
{
    gpu.rectangle = *rectangle;
    sequence_start(flush_steps, false);
}

void virtio_gpu_hide(void)
{
    gpu.backing_count = 0;
    sequence_start(hide_steps, true);
}
