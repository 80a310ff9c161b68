/* SPDX-License-Identifier: GPL-2.0-or-later */
/* devices_virtio_input_test.c - keyboard and tablet against VIRTIO 1.2 section 5.8. */
#include "devices/virtio_input.h"

#include <criterion/criterion.h>
#include <string.h>

#include "tests/support_virtio.h"

#define QUEUE_SIZE 64u
#define SELECT MMIO_CONFIG
#define SUBSELECT (MMIO_CONFIG + 1)
#define SIZE (MMIO_CONFIG + 2)
#define WINDOW (MMIO_CONFIG + 8)

struct bench {
    struct fake_board *board;
    struct fake_device device;
    struct driver driver;
    struct virtio_input_config config;
};

static void bench_start(struct bench *bench, enum virtio_input_kind kind)
{
    *bench = (struct bench){.board = fake_board_create(DRIVER_RAM_BYTES), .config = {kind}};
    fake_device_init(&bench->device, bench->board, &virtio_input_ops, DRIVER_IRQ, &bench->config);
    driver_start(&bench->driver, &bench->device, FEATURE_VERSION_1, 2, QUEUE_SIZE);
}

static void bench_end(struct bench *bench)
{
    fake_device_finish(&bench->device);
    fake_board_destroy(bench->board);
}

static void give_buffers(struct bench *bench, unsigned count, uint32_t size_bytes)
{
    for (unsigned index = 0; index < count; index++) {
        uint64_t addr = DRIVER_BUFFERS + 8u * bench->driver.queues[0].descriptor_next;
        driver_offer(&bench->driver, 0, &(struct driver_segment){addr, size_bytes, true}, 1);
    }
    driver_notify(&bench->driver, 0);
}

struct event {
    uint16_t type, code;
    uint32_t value;
};

static bool event_take(struct bench *bench, struct event *event)
{
    struct driver_used used;
    if (!driver_collect(&bench->driver, 0, &used))
        return false;
    cr_assert_eq(used.size_bytes, 8);
    uint64_t addr = DRIVER_BUFFERS + 8u * used.id;
    event->type = fake_ram_get_u16(bench->board, addr);
    event->code = fake_ram_get_u16(bench->board, addr + 2);
    event->value = fake_ram_get_u32(bench->board, addr + 4);
    return true;
}

static void expect_event(struct bench *bench, uint16_t type, uint16_t code, uint32_t value)
{
    struct event event;
    cr_assert(event_take(bench, &event));
    cr_assert_eq(event.type, type);
    cr_assert_eq(event.code, code);
    cr_assert_eq(event.value, value);
}

static uint8_t config_select(struct bench *bench, uint8_t select, uint8_t subselect)
{
    fake_set(&bench->device, SELECT, 1, select);
    fake_set(&bench->device, SUBSELECT, 1, subselect);
    return (uint8_t)fake_get(&bench->device, SIZE, 1);
}

static bool config_bit(struct bench *bench, unsigned bit)
{
    return (fake_get(&bench->device, WINDOW + bit / 8, 1) >> (bit % 8) & 1) != 0;
}

Test(virtio_input, a_key_is_an_event_and_a_report)
{
    struct bench bench;
    struct event event;
    bench_start(&bench, VIRTIO_INPUT_KEYBOARD);
    give_buffers(&bench, 8, 8);
    cr_assert(virtio_input_key(bench.device.state, 30, true));
    cr_assert(bench.board->line[DRIVER_IRQ]);
    cr_assert(virtio_input_key(bench.device.state, 30, false));
    expect_event(&bench, 1, 30, 1);
    expect_event(&bench, 0, 0, 0);
    expect_event(&bench, 1, 30, 0);
    expect_event(&bench, 0, 0, 0);
    cr_assert_not(event_take(&bench, &event));
    bench_end(&bench);
}

Test(virtio_input, the_tablet_reports_position_buttons_and_wheel)
{
    struct bench bench;
    bench_start(&bench, VIRTIO_INPUT_TABLET);
    give_buffers(&bench, 16, 8);
    cr_assert(virtio_input_pointer(bench.device.state, -5, 40000));
    cr_assert(virtio_input_button(bench.device.state, 0x110, true));
    cr_assert(virtio_input_wheel(bench.device.state, -2));
    expect_event(&bench, 3, 0, 0);
    expect_event(&bench, 3, 1, 32767);
    expect_event(&bench, 0, 0, 0);
    expect_event(&bench, 1, 0x110, 1);
    expect_event(&bench, 0, 0, 0);
    expect_event(&bench, 2, 8, (uint32_t)-2);
    expect_event(&bench, 0, 0, 0);
    bench_end(&bench);
}

Test(virtio_input, what_a_device_does_not_have_is_refused)
{
    struct bench bench;
    bench_start(&bench, VIRTIO_INPUT_KEYBOARD);
    cr_assert_not(virtio_input_key(bench.device.state, 0, true));
    cr_assert_not(virtio_input_key(bench.device.state, 0x110, true));
    cr_assert_not(virtio_input_key(bench.device.state, 65535, true));
    cr_assert_not(virtio_input_pointer(bench.device.state, 1, 1));
    cr_assert_not(virtio_input_button(bench.device.state, 30, true));
    cr_assert_not(virtio_input_wheel(bench.device.state, 1));
    bench_end(&bench);
    bench_start(&bench, VIRTIO_INPUT_TABLET);
    cr_assert_not(virtio_input_key(bench.device.state, 30, true));
    cr_assert_not(virtio_input_button(bench.device.state, 0x115, true));
    bench_end(&bench);
}

Test(virtio_input, an_empty_slot_refuses_everything)
{
    struct fake_board *board = fake_board_create(4096);
    struct fake_device device;
    fake_device_init(&device, board, &virtio_input_ops, DRIVER_IRQ, NULL);
    cr_assert_eq(fake_get(&device, MMIO_DEVICE_ID, 4), 0);
    cr_assert_not(virtio_input_key(device.state, 30, true));
    cr_assert_not(virtio_input_pointer(device.state, 0, 0));
    cr_assert(fake_round_trip(&device));
    fake_device_finish(&device);
    fake_board_destroy(board);
}

Test(virtio_input, events_wait_for_buffers_but_not_for_a_driver)
{
    struct bench bench;
    bench_start(&bench, VIRTIO_INPUT_KEYBOARD);
    cr_assert(virtio_input_key(bench.device.state, 5, true));
    cr_assert(fake_round_trip(&bench.device));
    give_buffers(&bench, 1, 8);
    expect_event(&bench, 1, 5, 1);
    give_buffers(&bench, 1, 8);
    expect_event(&bench, 0, 0, 0);
    driver_set(&bench.driver, MMIO_STATUS, 0);
    cr_assert_not(virtio_input_key(bench.device.state, 6, true));
    driver_start(&bench.driver, &bench.device, FEATURE_VERSION_1, 2, QUEUE_SIZE);
    give_buffers(&bench, 4, 8);
    struct event event;
    cr_assert_not(event_take(&bench, &event));
    bench_end(&bench);
}

Test(virtio_input, the_backlog_is_bounded_and_drops_whole_groups)
{
    struct bench bench;
    unsigned queued = 0;
    bench_start(&bench, VIRTIO_INPUT_TABLET);
    while (virtio_input_pointer(bench.device.state, (int32_t)queued, 0))
        queued++;
    cr_assert_eq(queued, VIRTIO_INPUT_BACKLOG_EVENTS / 3);
    cr_assert(fake_round_trip(&bench.device));
    for (unsigned group = 0; group < queued; group++) {
        give_buffers(&bench, 3, 8);
        expect_event(&bench, 3, 0, group);
        expect_event(&bench, 3, 1, 0);
        expect_event(&bench, 0, 0, 0);
    }
    cr_assert(virtio_input_pointer(bench.device.state, 1, 1));
    bench_end(&bench);
}

Test(virtio_input, a_buffer_too_small_for_an_event_breaks)
{
    struct bench bench;
    bench_start(&bench, VIRTIO_INPUT_KEYBOARD);
    give_buffers(&bench, 1, 7);
    virtio_input_key(bench.device.state, 5, true);
    cr_assert(driver_is_broken(&bench.driver));
    cr_assert_not(virtio_input_key(bench.device.state, 5, false));
    bench_end(&bench);
}

Test(virtio_input, the_status_queue_takes_lights)
{
    struct bench bench;
    struct driver_used used;
    bench_start(&bench, VIRTIO_INPUT_KEYBOARD);
    driver_offer(&bench.driver, 1, &(struct driver_segment){DRIVER_BUFFERS, 8, false}, 1);
    driver_notify(&bench.driver, 1);
    cr_assert(driver_collect(&bench.driver, 1, &used));
    cr_assert_eq(used.size_bytes, 0);
    bench_end(&bench);
}

Test(virtio_input, the_keyboard_describes_itself)
{
    struct bench bench;
    bench_start(&bench, VIRTIO_INPUT_KEYBOARD);
    cr_assert_eq(fake_get(&bench.device, MMIO_DEVICE_ID, 4), 18);
    cr_assert_eq(config_select(&bench, 1, 0), strlen("Latchkey Keyboard"));
    cr_assert_eq(fake_get(&bench.device, WINDOW, 1), 'L');
    cr_assert_eq(config_select(&bench, 2, 0), strlen("latchkey-keyboard-0"));
    cr_assert_eq(config_select(&bench, 3, 0), 8);
    cr_assert_eq(fake_get(&bench.device, WINDOW, 2), 6);
    cr_assert_eq(config_select(&bench, 0x10, 0), 0);
    cr_assert_eq(config_select(&bench, 0x11, 1), 32);
    cr_assert(config_bit(&bench, 30));
    cr_assert_not(config_bit(&bench, 0));
    cr_assert_not(config_bit(&bench, 249));
    cr_assert_eq(config_select(&bench, 0x11, 0x11), 1);
    cr_assert_gt(config_select(&bench, 0x11, 0x14), 0);
    cr_assert_eq(config_select(&bench, 0x11, 3), 0);
    cr_assert_eq(config_select(&bench, 0x12, 0), 0);
    bench_end(&bench);
}

Test(virtio_input, the_tablet_describes_itself)
{
    struct bench bench;
    bench_start(&bench, VIRTIO_INPUT_TABLET);
    cr_assert_eq(config_select(&bench, 0x11, 3), 1);
    cr_assert_eq(fake_get(&bench.device, WINDOW, 1), 3);
    cr_assert_eq(config_select(&bench, 0x11, 2), 2);
    cr_assert(config_bit(&bench, 8));
    cr_assert_eq(config_select(&bench, 0x11, 1), 35);
    cr_assert(config_bit(&bench, 0x110));
    for (uint8_t axis = 0; axis < 2; axis++) {
        cr_assert_eq(config_select(&bench, 0x12, axis), 20);
        cr_assert_eq(fake_get(&bench.device, WINDOW, 4), 0);
        cr_assert_eq(fake_get(&bench.device, WINDOW + 4, 4), 32767);
    }
    cr_assert_eq(config_select(&bench, 0x12, 2), 0);
    bench_end(&bench);
}

Test(virtio_input, unknown_selections_are_empty)
{
    struct bench bench;
    bench_start(&bench, VIRTIO_INPUT_KEYBOARD);
    cr_assert_eq(config_select(&bench, 0, 0), 0);
    cr_assert_eq(config_select(&bench, 1, 1), 0);
    cr_assert_eq(config_select(&bench, 0xff, 0xff), 0);
    cr_assert_eq(fake_get(&bench.device, WINDOW, 4), 0);
    fake_set(&bench.device, SELECT, 2, 0x0111); /* both in one access */
    cr_assert_eq(fake_get(&bench.device, SIZE, 1), 32);
    fake_set(&bench.device, SIZE, 1, 99);
    cr_assert_eq(fake_get(&bench.device, SIZE, 1), 32, "read-only");
    bench_end(&bench);
}
