/* SPDX-License-Identifier: GPL-2.0-or-later */
/* virtio_gpu.c - the 2D commands, one in flight at a time. Called by driver.c (interrupt) and
 * key_display.c. Source: VIRTIO 1.2, section 5.7.6.
 *
 * A sequence is a list of steps; the answer to one starts the next; an error ends the sequence.
 *
 * Invariants
 *  1. commands, answer and backing belong to the device while a step is in flight.
 */
#include "kernel/driver/virtio_gpu.h"

#include "kernel/arch/arch.h"
#include "kernel/driver/virtio.h"
#include "kernel/limits.h"

enum { COMMAND_DISPLAY_INFO = 0x100, COMMAND_CREATE_2D = 0x101, COMMAND_UNREFERENCE = 0x102,
       COMMAND_SET_SCANOUT = 0x103, COMMAND_FLUSH = 0x104, COMMAND_TRANSFER = 0x105,
       COMMAND_ATTACH_BACKING = 0x106, COMMAND_DETACH_BACKING = 0x107 };
#define ANSWER_OK_LAST 0x11ffu /* 0x1100.. are good, 0x1200.. errors */
#define FORMAT_B8G8R8X8 2u
#define RESOURCE_ID 1u
#define SCANOUTS 16u
#define STEPS_MAX 4u
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
    volatile uint8_t *registers; /* NULL: no screen */
    uint32_t irq;
    struct virtqueue queue;
    struct gpu_command command;
    struct gpu_answer answer;
    struct gpu_backing backing[LIMIT_DISPLAY_PAGES];
    unsigned backing_count;
    struct display_info info; /* width 0: not known */
    struct display_rectangle rectangle; /* of the flush in progress */
    uint32_t steps[STEPS_MAX];          /* command types still to do; first is in flight */
    unsigned step_count;
    bool failed;
} gpu;

static void words_set(uint32_t a, uint32_t b, uint32_t c, uint32_t d)
{
    gpu.command.words[0] = a;
    gpu.command.words[1] = b;
    gpu.command.words[2] = c;
    gpu.command.words[3] = d;
}

/* The fields of the present step's command. Returns its length. */
static uint32_t command_fill(uint32_t type)
{
    const struct display_rectangle *at = &gpu.rectangle;
    uint32_t *words = gpu.command.words;
    memset(&gpu.command, 0, sizeof(gpu.command));
    gpu.command.header.type = type;
    switch (type) {
    case COMMAND_CREATE_2D:
        words_set(RESOURCE_ID, FORMAT_B8G8R8X8, gpu.info.width, gpu.info.height);
        return sizeof(struct gpu_header) + 16;
    case COMMAND_ATTACH_BACKING:
        words_set(RESOURCE_ID, gpu.backing_count, 0, 0);
        return sizeof(struct gpu_header) + 8;
    case COMMAND_SET_SCANOUT:
        words_set(0, 0, gpu.info.width, gpu.info.height);
        words[5] = gpu.backing_count ? RESOURCE_ID : 0;
        return sizeof(struct gpu_header) + 24;
    case COMMAND_TRANSFER:
        words_set(at->x, at->y, at->width, at->height);
        words[4] = at->y * gpu.info.stride_bytes + at->x * 4; /* offset, 64 bits */
        words[6] = RESOURCE_ID;
        return sizeof(struct gpu_header) + 32;
    case COMMAND_FLUSH:
        words_set(at->x, at->y, at->width, at->height);
        words[4] = RESOURCE_ID;
        return sizeof(struct gpu_header) + 24;
    case COMMAND_DETACH_BACKING:
    case COMMAND_UNREFERENCE:
        words_set(RESOURCE_ID, 0, 0, 0);
        return sizeof(struct gpu_header) + 8;
    default:
        return sizeof(struct gpu_header);
    }
}

static void step_start(void)
{
    kassert(gpu.step_count > 0);
    uint32_t type = gpu.steps[0];
    struct virtio_part parts[3] = {{&gpu.command, command_fill(type), false}};
    unsigned count = 1;
    if (type == COMMAND_ATTACH_BACKING)
        parts[count++] = (struct virtio_part){
            gpu.backing, gpu.backing_count * (uint32_t)sizeof(struct gpu_backing), false};
    parts[count++] = (struct virtio_part){&gpu.answer, sizeof(gpu.answer), true};
    uint16_t head;
    if (!virtqueue_add(&gpu.queue, parts, count, &head))
        panic("VGPU-001 the control queue is full with one command in flight");
    virtqueue_notify(&gpu.queue);
}

static void sequence_start(const uint32_t *steps, unsigned count)
{
    kassert(gpu.step_count == 0);
    kassert(count <= STEPS_MAX);
    memcpy(gpu.steps, steps, count * sizeof(gpu.steps[0]));
    gpu.step_count = count;
    gpu.failed = false;
    step_start();
}

static void info_take(void)
{
    const struct display_rectangle *screen = &gpu.answer.modes[0].rectangle;
    uint64_t bytes = (uint64_t)screen->width * screen->height * 4;
    if (screen->width == 0 || bytes == 0 || bytes > (uint64_t)LIMIT_DISPLAY_PAGES * PAGE_BYTES)
        return;
    gpu.info = (struct display_info){.width = screen->width, .height = screen->height,
                                     .stride_bytes = screen->width * 4};
}

/* Take the answer of the step in flight, if it has come; start the next. */
static void answers_take(void)
{
    uint16_t head;
    uint32_t length;
    while (virtqueue_take(&gpu.queue, &head, &length)) {
        kassert(gpu.step_count > 0);
        if (gpu.answer.header.type > ANSWER_OK_LAST) {
            gpu.failed = true;
            gpu.step_count = 0;
            return;
        }
        if (gpu.steps[0] == COMMAND_DISPLAY_INFO)
            info_take();
        gpu.step_count--;
        memmove(gpu.steps, gpu.steps + 1, gpu.step_count * sizeof(gpu.steps[0]));
        if (gpu.step_count > 0)
            step_start();
    }
}

bool virtio_gpu_attach(const struct fdt_device *device)
{
    static const uint32_t steps[] = {COMMAND_DISPLAY_INFO};
    if (gpu.registers)
        return false;
    volatile uint8_t *registers = arch_physical_to_virtual(device->base);
    if (virtio_begin(registers, 0) == 0 || !virtio_queue(registers, 0, &gpu.queue))
        return false;
    gpu.registers = registers;
    gpu.irq = device->irq;
    virtio_ready(registers);
    sequence_start(steps, 1);
    for (unsigned i = 0; i < BOOT_POLLS && gpu.step_count > 0; i++)
        answers_take();
    return true;
}

bool virtio_gpu_interrupt(uint32_t irq)
{
    if (!gpu.registers || irq != gpu.irq)
        return false;
    (void)virtio_interrupt_acknowledge(gpu.registers);
    answers_take();
    return true;
}

bool virtio_gpu_present(void)
{
    return gpu.registers != NULL && gpu.info.width != 0;
}

bool virtio_gpu_info(struct display_info *info)
{
    *info = gpu.info;
    return virtio_gpu_present();
}

bool virtio_gpu_busy(void)
{
    return gpu.step_count > 0;
}

bool virtio_gpu_failed(void)
{
    return gpu.failed;
}

void virtio_gpu_backing(unsigned index, const void *page)
{
    kassert(index < LIMIT_DISPLAY_PAGES);
    gpu.backing[index] =
        (struct gpu_backing){.addr = arch_virtual_to_physical(page), .length = PAGE_BYTES};
}

void virtio_gpu_show(unsigned page_count)
{
    static const uint32_t steps[] = {COMMAND_CREATE_2D, COMMAND_ATTACH_BACKING,
                                     COMMAND_SET_SCANOUT};
    kassert(page_count > 0);
    kassert(page_count <= LIMIT_DISPLAY_PAGES);
    gpu.backing_count = page_count;
    sequence_start(steps, 3);
}

void virtio_gpu_flush(const struct display_rectangle *rectangle)
{
    static const uint32_t steps[] = {COMMAND_TRANSFER, COMMAND_FLUSH};
    gpu.rectangle = *rectangle;
    sequence_start(steps, 2);
}

void virtio_gpu_hide(void)
{
    static const uint32_t steps[] = {COMMAND_SET_SCANOUT, COMMAND_DETACH_BACKING,
                                     COMMAND_UNREFERENCE};
    gpu.backing_count = 0;
    sequence_start(steps, 3);
}
