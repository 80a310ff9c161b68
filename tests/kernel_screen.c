/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kernel_screen.c - see kernel_screen.h. Takes the place of kernel/driver/virtio_gpu.c and
 * virtio_input.c. */
#include "tests/kernel_screen.h"

#include <stdlib.h>

#include "kernel/driver/devices.h"
#include "kernel/driver/virtio_gpu.h"
#include "kernel/driver/virtio_input.h"
#include "kernel/limits.h"

static struct {
    struct display_info info;
    enum screen_command command;
    unsigned commands;
    bool failed, shown;
    const uint8_t *next[LIMIT_DISPLAY_PAGES], *backing[LIMIT_DISPLAY_PAGES];
    unsigned page_count;
    struct display_rectangle rectangle;
    bool present[2];
    struct input_event events[2][LIMIT_INPUT_EVENTS];
    unsigned event_count[2];
} screen;

void screen_set(uint32_t width, uint32_t height)
{
    screen.info =
        (struct display_info){.width = width, .height = height, .stride_bytes = width * 4};
}

enum screen_command screen_command(void)
{
    return screen.command;
}

unsigned screen_commands(void)
{
    return screen.commands;
}

void screen_finish(bool good)
{
    if (screen.command == SCREEN_COMMAND_NONE)
        abort();
    if (screen.command == SCREEN_COMMAND_SHOW && good)
        for (unsigned i = 0; i < screen.page_count; i++)
            screen.backing[i] = screen.next[i];
    if (screen.command != SCREEN_COMMAND_FLUSH)
        screen.shown = screen.command == SCREEN_COMMAND_SHOW && good;
    screen.failed = !good;
    screen.command = SCREEN_COMMAND_NONE;
    display_finished();
}

void screen_break(void)
{
    screen.info.width = 0;
    screen.failed = true;
    screen.shown = false;
    screen.command = SCREEN_COMMAND_NONE;
    display_finished();
}

const uint8_t *screen_backing(unsigned index)
{
    return screen.shown ? screen.backing[index] : NULL;
}

struct display_rectangle screen_rectangle(void)
{
    return screen.rectangle;
}

/* virtio_gpu.h */

static void command_begin(enum screen_command command)
{
    if (screen.command != SCREEN_COMMAND_NONE)
        abort();
    screen.command = command;
    screen.commands++;
}

const struct display_info *virtio_gpu_info(void)
{
    return screen.info.width != 0 ? &screen.info : NULL;
}

bool virtio_gpu_busy(void)
{
    return screen.command != SCREEN_COMMAND_NONE;
}

bool virtio_gpu_failed(void)
{
    return screen.failed;
}

void virtio_gpu_backing(unsigned index, const void *page)
{
    if (screen.command != SCREEN_COMMAND_NONE)
        abort();
    screen.next[index] = page;
}

const void *virtio_gpu_backed(unsigned index)
{
    return screen.next[index];
}

void virtio_gpu_show(unsigned page_count)
{
    if (screen.shown)
        abort(); /* the old picture must be taken down first */
    screen.page_count = page_count;
    command_begin(SCREEN_COMMAND_SHOW);
}

void virtio_gpu_flush(const struct display_rectangle *rectangle)
{
    screen.rectangle = *rectangle;
    command_begin(SCREEN_COMMAND_FLUSH);
}

void virtio_gpu_hide(void)
{
    command_begin(SCREEN_COMMAND_HIDE);
}

/* virtio_input.h: the keyboard's events come before the pointer's. */

static bool selected(enum input_select select, enum input_select device)
{
    return screen.present[device] && (select == INPUT_BOTH || select == device);
}

void input_set(bool keyboard, bool pointer)
{
    screen.present[INPUT_KEYBOARD] = keyboard;
    screen.present[INPUT_POINTER_DEVICE] = pointer;
}

void input_arrive(enum input_select device, const struct input_event *event)
{
    if (device == INPUT_BOTH || screen.event_count[device] == LIMIT_INPUT_EVENTS)
        abort();
    screen.events[device][screen.event_count[device]++] = *event;
    input_received();
}

unsigned virtio_input_read(enum input_select select, struct input_event *events, unsigned count)
{
    unsigned got = 0;
    for (enum input_select device = INPUT_KEYBOARD; device < INPUT_BOTH; device++) {
        unsigned taken = 0, *rest = &screen.event_count[device];
        while (selected(select, device) && got < count && taken < *rest)
            events[got++] = screen.events[device][taken++];
        for (unsigned i = taken; i < *rest; i++)
            screen.events[device][i - taken] = screen.events[device][i];
        *rest -= taken;
    }
    return got;
}

bool virtio_input_present(enum input_select select)
{
    return selected(select, INPUT_KEYBOARD) || selected(select, INPUT_POINTER_DEVICE);
}
