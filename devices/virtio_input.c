/* SPDX-License-Identifier: GPL-2.0-or-later */
/* virtio_input.c - VIRTIO 1.2 section 5.8: the keyboard and the tablet.
 *
 * Called by the bus and the machine through virtio_input_ops and the functions of virtio_input.h,
 * and back by virtio.c; calls virtio.h.
 *
 * Invariants
 *  1. Events reach the driver in the order in which they were given, one a buffer of the event
 *     queue.
 *  2. The backlog holds whole groups only at its newest end: a group is queued whole or not at all.
 *  3. What the driver sends on the status queue (lights of a keyboard) is taken and shown nowhere.
 *
 * Source of types, codes and the shape of a configuration: the standard's section 5.8.4, and the
 * evdev interface of Linux that it refers to (input-event-codes.h).
 */
#include "devices/virtio_input.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "devices/virtio.h"

#define INPUT_DEVICE_ID 18u
#define INPUT_QUEUE_EVENTS 0u
#define INPUT_QUEUE_STATUS 1u
#define INPUT_EVENT_BYTES 8u
#define INPUT_GROUP_EVENTS_MAX 3u

/* Section 5.8.4: the configuration space is a window that select and subsel move. */
#define CONFIG_SELECT 0u
#define CONFIG_SUBSELECT 1u
#define CONFIG_SIZE 2u
#define CONFIG_WINDOW 8u
#define CONFIG_WINDOW_BYTES 128u
#define SELECT_ID_NAME 0x01u
#define SELECT_ID_SERIAL 0x02u
#define SELECT_ID_DEVIDS 0x03u
#define SELECT_PROP_BITS 0x10u
#define SELECT_EV_BITS 0x11u
#define SELECT_ABS_INFO 0x12u

/* input-event-codes.h */
#define EV_SYN 0x00u
#define EV_KEY 0x01u
#define EV_REL 0x02u
#define EV_ABS 0x03u
#define EV_LED 0x11u
#define EV_REP 0x14u
#define SYN_REPORT 0u
#define REL_WHEEL 8u
#define ABS_X 0u
#define ABS_Y 1u
#define KEY_FIRST 1u     /* KEY_ESC */
#define KEY_LAST 248u    /* KEY_MICMUTE: the last one of the first block */
#define BTN_FIRST 0x110u /* BTN_LEFT, RIGHT, MIDDLE, SIDE, EXTRA */
#define BTN_LAST 0x114u
#define LED_LAST 2u /* NUML, CAPSL, SCROLLL */
#define BUS_VIRTUAL 0x06u

struct input_event {
    uint16_t type, code;
    uint32_t value;
};

struct virtio_input {
    struct virtio virtio; /* first: virtio_read() and virtio_write() are given the whole */
    const struct virtio_input_config *config;
    uint8_t select, subselect;
    struct input_event backlog[VIRTIO_INPUT_BACKLOG_EVENTS];
    uint32_t backlog_first, backlog_count;
    struct virtio_chain chain; /* scratch of one call */
};
static_assert(offsetof(struct virtio_input, virtio) == 0, "see struct virtio_input");

static bool input_is_keyboard(const struct virtio_input *input)
{
    return input->config->kind == VIRTIO_INPUT_KEYBOARD;
}

/* Set bits first..last of a bitmap in the window; returns its length in bytes. */
static uint8_t bits_fill(uint8_t *window, uint32_t first, uint32_t last)
{
    assert(last < 8 * CONFIG_WINDOW_BYTES);
    for (uint32_t bit = first; bit <= last; bit++)
        window[bit / 8] = (uint8_t)(window[bit / 8] | 1u << (bit % 8));
    return (uint8_t)(last / 8 + 1);
}

static uint8_t window_event_bits(const struct virtio_input *input, uint8_t *window)
{
    bool keyboard = input_is_keyboard(input);
    switch (input->subselect) {
    case EV_KEY:
        return keyboard ? bits_fill(window, KEY_FIRST, KEY_LAST)
                        : bits_fill(window, BTN_FIRST, BTN_LAST);
    case EV_REL:
        return keyboard ? 0 : bits_fill(window, REL_WHEEL, REL_WHEEL);
    case EV_ABS:
        return keyboard ? 0 : bits_fill(window, ABS_X, ABS_Y);
    case EV_LED:
        return keyboard ? bits_fill(window, 0, LED_LAST) : 0;
    case EV_REP: /* the driver repeats keys by itself; no codes, only the fact */
        return keyboard ? bits_fill(window, 0, 1) : 0;
    default:
        return 0;
    }
}

static uint8_t window_text(uint8_t *window, const char *text)
{
    size_t size_bytes = strlen(text);
    assert(size_bytes <= CONFIG_WINDOW_BYTES);
    memcpy(window, text, size_bytes);
    return (uint8_t)size_bytes;
}

/* struct virtio_input_devids: bus, vendor, product, version. */
static uint8_t window_ids(const struct virtio_input *input, uint8_t *window)
{
    store_u16(window, BUS_VIRTUAL);
    store_u16(window + 2, 0x4c4b); /* "LK" */
    store_u16(window + 4, input_is_keyboard(input) ? 1 : 2);
    store_u16(window + 6, 1);
    return 8;
}

/* struct virtio_input_absinfo: min, max, fuzz, flat, res. */
static uint8_t window_axis(const struct virtio_input *input, uint8_t *window)
{
    if (input_is_keyboard(input) || input->subselect > ABS_Y)
        return 0;
    store_u32(window + 4, VIRTIO_INPUT_AXIS_MAX);
    return 20;
}

/* Fill in the window; returns its size, 0 for a selection that does not exist. */
static uint8_t window_fill(const struct virtio_input *input, uint8_t *window)
{
    bool keyboard = input_is_keyboard(input);
    if (input->select == SELECT_EV_BITS)
        return window_event_bits(input, window);
    if (input->select == SELECT_ABS_INFO)
        return window_axis(input, window);
    if (input->subselect != 0)
        return 0;
    switch (input->select) {
    case SELECT_ID_NAME:
        return window_text(window, keyboard ? "Latchkey Keyboard" : "Latchkey Tablet");
    case SELECT_ID_SERIAL:
        return window_text(window, keyboard ? "latchkey-keyboard-0" : "latchkey-tablet-0");
    case SELECT_ID_DEVIDS:
        return window_ids(input, window);
    case SELECT_PROP_BITS: /* no property: a pointer that is neither a touch screen nor a pad */
    default:
        return 0;
    }
}

static void input_config_read(const void *device, uint8_t *config)
{
    const struct virtio_input *input = device;
    config[CONFIG_SELECT] = input->select;
    config[CONFIG_SUBSELECT] = input->subselect;
    config[CONFIG_SIZE] = window_fill(input, config + CONFIG_WINDOW);
}

static void input_config_write(void *device, uint32_t offset, unsigned size_bytes, uint32_t value)
{
    struct virtio_input *input = device;
    for (unsigned index = 0; index < size_bytes; index++) {
        uint8_t byte = (uint8_t)(value >> (8 * index));
        if (offset + index == CONFIG_SELECT)
            input->select = byte;
        else if (offset + index == CONFIG_SUBSELECT)
            input->subselect = byte;
    }
}

/* Put the oldest event of the backlog in the buffer input->chain. */
static void input_event_give(struct virtio_input *input)
{
    const struct input_event *event = &input->backlog[input->backlog_first];
    uint8_t bytes[INPUT_EVENT_BYTES];
    store_u16(bytes, event->type);
    store_u16(bytes + 2, event->code);
    store_u32(bytes + 4, event->value);
    if (!virtio_chain_write(&input->virtio, &input->chain, 0, bytes, sizeof(bytes))) {
        virtio_break(&input->virtio); /* section 5.8.6.1: buffers hold an event */
        return;
    }
    virtio_chain_give(&input->virtio, &input->chain, sizeof(bytes));
    input->backlog_first = (input->backlog_first + 1) % VIRTIO_INPUT_BACKLOG_EVENTS;
    input->backlog_count--;
}

static void input_service(void *device, unsigned queue_index)
{
    struct virtio_input *input = device;
    if (queue_index == INPUT_QUEUE_STATUS) {
        while (virtio_chain_take(&input->virtio, queue_index, &input->chain))
            virtio_chain_give(&input->virtio, &input->chain, 0);
        return;
    }
    while (input->backlog_count > 0 &&
           virtio_chain_take(&input->virtio, queue_index, &input->chain))
        input_event_give(input);
}

/* Queue a group and its SYN_REPORT, and hand on what can be handed on. */
static bool input_group(struct virtio_input *input, const struct input_event *events,
                        uint32_t count)
{
    assert(count <= INPUT_GROUP_EVENTS_MAX);
    assert(input->backlog_count <= VIRTIO_INPUT_BACKLOG_EVENTS);
    if (!virtio_is_live(&input->virtio) ||
        VIRTIO_INPUT_BACKLOG_EVENTS - input->backlog_count < count + 1)
        return false;
    for (uint32_t index = 0; index <= count; index++) {
        uint32_t place = input->backlog_first + input->backlog_count;
        input->backlog[place % VIRTIO_INPUT_BACKLOG_EVENTS] =
            index < count ? events[index] : (struct input_event){EV_SYN, SYN_REPORT, 0};
        input->backlog_count++;
    }
    virtio_service(&input->virtio, INPUT_QUEUE_EVENTS);
    return true;
}

bool virtio_input_key(struct virtio_input *input, uint16_t code, bool down)
{
    assert(input != NULL);
    if (input->config == NULL)
        return false;
    uint32_t first = input_is_keyboard(input) ? KEY_FIRST : BTN_FIRST;
    uint32_t last = input_is_keyboard(input) ? KEY_LAST : BTN_LAST;
    if (code < first || code > last)
        return false;
    return input_group(input, &(struct input_event){EV_KEY, code, down}, 1);
}

static uint32_t axis_clamp(int32_t value)
{
    if (value < 0)
        return 0;
    return value > VIRTIO_INPUT_AXIS_MAX ? VIRTIO_INPUT_AXIS_MAX : (uint32_t)value;
}

bool virtio_input_pointer(struct virtio_input *input, int32_t x, int32_t y)
{
    assert(input != NULL);
    if (input->config == NULL || input_is_keyboard(input))
        return false;
    const struct input_event events[] = {{EV_ABS, ABS_X, axis_clamp(x)},
                                         {EV_ABS, ABS_Y, axis_clamp(y)}};
    return input_group(input, events, 2);
}

bool virtio_input_button(struct virtio_input *input, uint16_t code, bool down)
{
    assert(input != NULL);
    if (input->config == NULL || input_is_keyboard(input))
        return false;
    return virtio_input_key(input, code, down);
}

bool virtio_input_wheel(struct virtio_input *input, int32_t steps)
{
    assert(input != NULL);
    if (input->config == NULL || input_is_keyboard(input))
        return false;
    return input_group(input, &(struct input_event){EV_REL, REL_WHEEL, (uint32_t)steps}, 1);
}

/* A driver that starts anew gets no events from before. */
static void input_model_reset(void *device)
{
    struct virtio_input *input = device;
    input->backlog_first = input->backlog_count = 0;
    input->select = input->subselect = 0;
}

static const struct virtio_model input_model = {
    .device_id = INPUT_DEVICE_ID,
    .queue_count = 2,
    .config_bytes = CONFIG_WINDOW + CONFIG_WINDOW_BYTES,
    .config_read = input_config_read,
    .config_write = input_config_write,
    .service = input_service,
    .reset = input_model_reset,
};

static void input_init(void *state, const struct device_env *env, const void *config)
{
    struct virtio_input *input = state;
    input->config = config;
    virtio_init(&input->virtio, config != NULL ? &input_model : &virtio_empty_model, env);
}

static void input_reset(void *state)
{
    virtio_reset(state);
}

static uint64_t input_deadline_ns(const void *state)
{
    const struct virtio_input *input = state;
    return virtio_service_due(&input->virtio) ? 0 : DEVICE_NEVER;
}

static void input_tick(void *state)
{
    struct virtio_input *input = state;
    virtio_service_rest(&input->virtio);
}

static void input_save(const void *state, struct byte_writer *writer)
{
    const struct virtio_input *input = state;
    virtio_save(&input->virtio, writer);
    write_u8(writer, input->select);
    write_u8(writer, input->subselect);
    write_u32(writer, input->backlog_count);
    for (uint32_t index = 0; index < input->backlog_count; index++) {
        const struct input_event *event =
            &input->backlog[(input->backlog_first + index) % VIRTIO_INPUT_BACKLOG_EVENTS];
        write_u16(writer, event->type);
        write_u16(writer, event->code);
        write_u32(writer, event->value);
    }
}

static void input_load(void *state, struct byte_reader *reader)
{
    struct virtio_input *input = state;
    virtio_load(&input->virtio, reader);
    input->select = read_u8(reader);
    input->subselect = read_u8(reader);
    uint32_t count = read_u32(reader);
    input->backlog_first = input->backlog_count = 0;
    if (count > VIRTIO_INPUT_BACKLOG_EVENTS || (count > 0 && input->config == NULL))
        reader_fail(reader);
    for (uint32_t index = 0; index < count && !reader->failed; index++) {
        struct input_event *event = &input->backlog[index];
        event->type = read_u16(reader);
        event->code = read_u16(reader);
        event->value = read_u32(reader);
        if (!reader->failed)
            input->backlog_count++;
    }
}

const struct device_ops virtio_input_ops = {
    .name = "virtio-input",
    .compatible = "virtio,mmio",
    .state_bytes = sizeof(struct virtio_input),
    .init = input_init,
    .reset = input_reset,
    .read = virtio_read,
    .write = virtio_write,
    .deadline_ns = input_deadline_ns,
    .tick = input_tick,
    .save = input_save,
    .load = input_load,
};
