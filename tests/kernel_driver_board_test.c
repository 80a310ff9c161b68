/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kernel_driver_board_test.c - the drivers of everything that is not a disk, over our own device
 * models: uart, interrupts, clock, trace port, screen, keyboard and tablet. */
#include "tests/kernel_board.h"

#include <criterion/criterion.h>
#include <string.h>

#include "devices/uart.h"
#include "devices/virtio_gpu.h"
#include "devices/virtio_input.h"
#include "kernel/driver/driver.h"
#include "kernel/driver/plic.h"
#include "kernel/driver/uart.h"
#include "kernel/driver/virtio_gpu.h"
#include "kernel/driver/virtio_input.h"
#include "kernel/limits.h"

#define MS_NS 1000000ull
#define KEY_A 30u
#define KEY_B 48u
#define BUTTON_LEFT 0x110u

/* The functions of the models and of the drivers look alike: these are the models'. */
static void type(const char *text)
{
    for (; *text; text++)
        cr_assert(uart_input(board_state(BOARD_INDEX_UART), (uint8_t)*text));
}

static void key(uint16_t code, bool down)
{
    cr_assert(virtio_input_key(board_state(BOARD_INDEX_KEYBOARD), code, down));
}

static void pointer(int32_t x, int32_t y)
{
    cr_assert(virtio_input_pointer(board_state(BOARD_INDEX_TABLET), x, y));
}

Test(driver_board, bytes_typed_interrupt_and_bytes_written_are_shown)
{
    board_start(&(struct kernel_board){0});
    cr_assert(uart_present());
    for (const char *text = "shown\n"; *text; text++)
        uart_write((uint8_t)*text);
    cr_assert_str_eq(board_seen()->shown, "shown\n");
    type("a line longer than the sixteen bytes of the FIFO");
    board_pass(MS_NS);
    cr_assert_str_eq(board_seen()->typed, "a line longer than the sixteen bytes of the FIFO");
    cr_assert_gt(board_seen()->interrupts, 0);
}

Test(driver_board, a_console_without_room_is_not_interrupted_for_ever_and_loses_nothing)
{
    board_start(&(struct kernel_board){0});
    board_deaf(true);
    type("kept while nobody listens");
    board_pass(10 * MS_NS);
    cr_assert_leq(board_seen()->interrupts, 1);
    cr_assert_str_eq(board_seen()->typed, "");
    board_deaf(false);
    board_pass(10 * MS_NS);
    cr_assert_str_eq(board_seen()->typed, "kept while nobody listens");
}

Test(driver_board, what_was_typed_before_the_kernel_started_is_not_lost)
{
    board_start(&(struct kernel_board){0});
    board_deaf(true);
    type("early");
    const struct fdt_device device = {.base = BOARD_UART_BASE, .irq = BOARD_UART_IRQ};
    uart_init(&device);
    for (const char *text = "early"; *text; text++) { /* a first read asks before it waits */
        uint8_t byte = 0;
        cr_assert(uart_read(&byte));
        cr_assert_eq(byte, *text);
    }
}

static uint64_t stuck_read(void *context, uint64_t offset, unsigned size_bytes)
{
    (void)context;
    (void)offset;
    (void)size_bytes;
    return 0;
}

static void stuck_write(void *context, uint64_t offset, unsigned size_bytes, uint64_t value)
{
    unsigned *writes = context;
    (void)size_bytes;
    (void)value;
    *writes += offset == 0;
}

Test(driver_board, a_uart_that_never_has_room_costs_the_byte_and_not_the_kernel)
{
    unsigned writes = 0;
    const struct board_double stuck = {stuck_read, stuck_write, &writes};
    board_start(&(struct kernel_board){0});
    board_replace(BOARD_INDEX_UART, &stuck);
    uart_write('x');
    cr_assert_eq(writes, 0);
}

Test(driver_board, a_line_that_belongs_to_no_device_is_switched_off)
{
    board_start(&(struct kernel_board){0});
    plic_enable(BOARD_RTC_IRQ, true); /* no driver has asked for it */
    board_line(BOARD_INDEX_RTC, true);
    board_pass(MS_NS);
    cr_assert_not_null(strstr(board_seen()->kernel, "interrupt 11 belongs to no device"));
    cr_assert_leq(board_seen()->interrupts, 2);
    type("x");
    board_pass(MS_NS);
    cr_assert_str_eq(board_seen()->typed, "x", "the others still come through");
}

Test(driver_board, a_line_that_never_falls_does_not_keep_the_kernel_to_itself)
{
    unsigned writes = 0;
    const struct board_double stuck = {stuck_read, stuck_write, &writes};
    board_start(&(struct kernel_board){0});
    board_interrupts(false);
    board_replace(BOARD_INDEX_UART, &stuck);
    board_line(BOARD_INDEX_UART, true);
    driver_interrupt(); /* returns */
    cr_assert_gt(board_seen()->console_received, 1);
    cr_assert_lt(board_seen()->console_received, 1000);
}

Test(driver_board, the_calendar_is_the_clocks_and_the_trace_port_hears_what_is_announced)
{
    board_start(&(struct kernel_board){0});
    cr_assert_geq(driver_calendar_ns(), BOARD_CALENDAR_NS);
    board_pass(5000 * MS_NS);
    cr_assert_geq(driver_calendar_ns(), BOARD_CALENDAR_NS + 5000 * MS_NS);
    cr_assert_lt(driver_calendar_ns(), BOARD_CALENDAR_NS + 5001 * MS_NS);
    driver_trace(TRACE_RESTARTED, 0x123456789abcdefull);
    cr_assert_eq(board_seen()->trace_kind, TRACE_RESTARTED);
    cr_assert_eq(board_seen()->trace_argument, 0x123456789abcdefull);
}

Test(driver_board, a_machine_without_these_devices_is_fine)
{
    board_start(&(struct kernel_board){
        .no_uart = true, .no_plic = true, .no_rtc = true, .no_trace = true});
    cr_assert_not(uart_present());
    cr_assert_eq(driver_calendar_ns(), 0);
    driver_trace(TRACE_MARK, 1);
    cr_assert_eq(board_seen()->trace_kind, 0);
    driver_interrupt();
    cr_assert_null(virtio_gpu_info());
    cr_assert_not(virtio_input_present(INPUT_BOTH));
}

/* The screen. */

#define WIDTH 64u
#define HEIGHT 48u
#define SCREEN_PAGES (WIDTH * HEIGHT * 4 / 4096)

static uint32_t pixels[2][SCREEN_PAGES][1024] __attribute__((aligned(4096)));

/* Show a picture whose pages lie in memory last first. */
static void show(unsigned picture)
{
    for (unsigned i = 0; i < SCREEN_PAGES; i++)
        virtio_gpu_backing(i, pixels[picture][SCREEN_PAGES - 1 - i]);
    virtio_gpu_show(SCREEN_PAGES);
    cr_assert(virtio_gpu_busy());
    board_pass(MS_NS);
    cr_assert_not(virtio_gpu_busy());
    cr_assert_not(virtio_gpu_failed());
}

static void flush(struct display_rectangle rectangle)
{
    virtio_gpu_flush(&rectangle);
    cr_assert(virtio_gpu_busy());
    board_pass(MS_NS);
    cr_assert_not(virtio_gpu_busy());
    cr_assert_not(virtio_gpu_failed());
}

static uint32_t *pixel(unsigned picture, unsigned x, unsigned y)
{
    unsigned at = y * WIDTH + x;
    return &pixels[picture][SCREEN_PAGES - 1 - at / 1024][at % 1024];
}

static uint32_t seen_pixel(unsigned x, unsigned y)
{
    struct virtio_gpu_display display = virtio_gpu_display(board_state(BOARD_INDEX_GPU));
    cr_assert_not_null(display.pixels);
    return display.pixels[y * display.stride_pixels + x] & 0xffffff;
}

Test(driver_board, the_screen_shows_scattered_pages_and_only_what_was_flushed)
{
    board_start(&(struct kernel_board){.screen_width = WIDTH, .screen_height = HEIGHT});
    const struct display_info *info = virtio_gpu_info();
    cr_assert_not_null(info);
    cr_assert_eq(info->width, WIDTH);
    cr_assert_eq(info->height, HEIGHT);
    cr_assert_eq(info->stride_bytes, WIDTH * 4);
    show(0);
    for (unsigned y = 0; y < HEIGHT; y++)
        for (unsigned x = 0; x < WIDTH; x++)
            *pixel(0, x, y) = y << 8 | x;
    flush((struct display_rectangle){.x = 7, .y = 9, .width = 30, .height = 20});
    for (unsigned y = 0; y < HEIGHT; y++)
        for (unsigned x = 0; x < WIDTH; x++) {
            bool inside = x >= 7 && x < 37 && y >= 9 && y < 29;
            cr_assert_eq(seen_pixel(x, y), inside ? (y << 8 | x) : 0, "%u, %u", x, y);
        }
    flush((struct display_rectangle){.width = WIDTH, .height = HEIGHT});
    cr_assert_eq(seen_pixel(63, 47), 47 << 8 | 63);
}

Test(driver_board, a_picture_can_be_taken_down_and_another_shown)
{
    board_start(&(struct kernel_board){.screen_width = WIDTH, .screen_height = HEIGHT});
    for (unsigned round = 0; round < 20; round++) {
        unsigned picture = round % 2;
        show(picture);
        *pixel(picture, 1, 1) = round + 1;
        flush((struct display_rectangle){.width = 2, .height = 2});
        cr_assert_eq(seen_pixel(1, 1), round + 1);
        virtio_gpu_hide();
        board_pass(MS_NS);
        cr_assert_not(virtio_gpu_busy());
        cr_assert_not(virtio_gpu_failed());
    }
}

Test(driver_board, an_error_of_the_screen_is_told_and_can_be_recovered_from)
{
    board_start(&(struct kernel_board){.screen_width = WIDTH, .screen_height = HEIGHT});
    const struct display_rectangle outside = {.x = WIDTH, .width = 1, .height = 1};
    virtio_gpu_flush(&outside); /* and nothing is shown at all */
    board_pass(MS_NS);
    cr_assert_not(virtio_gpu_busy());
    cr_assert(virtio_gpu_failed());
    virtio_gpu_hide(); /* tolerates that there is nothing to take down */
    board_pass(MS_NS);
    cr_assert_not(virtio_gpu_busy());
    show(0);
    flush((struct display_rectangle){.width = 1, .height = 1});
}

Test(driver_board, a_screen_larger_than_the_kernels_tables_is_refused)
{
    board_start(&(struct kernel_board){.screen_width = 4096, .screen_height = 4096});
    cr_assert_null(virtio_gpu_info());
    cr_assert_not_null(strstr(board_seen()->kernel, "screen of 4096 x 4096"));
}

/* A device that answers nothing but the status register, which asks for a reset. */
static uint64_t resetting_read(void *context, uint64_t offset, unsigned size_bytes)
{
    const uint32_t *status = context;
    (void)size_bytes;
    return offset == 0x70 ? *status : offset == 0x60 ? 3 : 0;
}

static void resetting_write(void *context, uint64_t offset, unsigned size_bytes, uint64_t value)
{
    uint32_t *status = context;
    (void)size_bytes;
    if (offset == 0x70)
        *status = (uint32_t)value;
}

Test(driver_board, a_screen_that_asks_for_a_reset_is_gone_and_its_user_is_told)
{
    uint32_t status = 0x4f;
    const struct board_double broken = {resetting_read, resetting_write, &status};
    const struct display_rectangle corner = {.width = 1, .height = 1};
    board_start(&(struct kernel_board){.screen_width = WIDTH, .screen_height = HEIGHT});
    show(0);
    virtio_gpu_flush(&corner);
    board_replace(BOARD_INDEX_GPU, &broken);
    cr_assert(virtio_gpu_interrupt(BOARD_VIRTIO_IRQ + BOARD_VIRTIO_SLOT_GPU));
    cr_assert_eq(status, 0x80, "reset, then marked as failed");
    cr_assert_not(virtio_gpu_busy());
    cr_assert(virtio_gpu_failed());
    cr_assert_null(virtio_gpu_info());
    virtio_gpu_hide();
    cr_assert_not(virtio_gpu_busy());
}

/* Keyboard and tablet. */

Test(driver_board, keys_and_pointer_arrive_apart_and_together_in_order)
{
    struct input_event events[16];
    board_start(&(struct kernel_board){.keyboard = true, .tablet = true});
    cr_assert(virtio_input_present(INPUT_KEYBOARD));
    cr_assert(virtio_input_present(INPUT_POINTER_DEVICE));
    key(KEY_A, true);
    board_pass(MS_NS);
    pointer(100, 200);
    board_pass(MS_NS);
    key(KEY_A, false);
    board_pass(MS_NS);
    cr_assert_eq(virtio_input_read(INPUT_BOTH, events, 3), 3, "as many as fit");
    cr_assert_eq(events[0].type, 1);
    cr_assert_eq(events[0].code, KEY_A);
    cr_assert_eq(events[0].value, 1);
    cr_assert_eq(events[1].type, 0);
    cr_assert_eq(events[2].type, 3, "the pointer came second");
    cr_assert_eq(events[2].value, 100);
    cr_assert_eq(virtio_input_read(INPUT_KEYBOARD, events, 16), 2);
    cr_assert_eq(events[0].value, 0);
    cr_assert_eq(virtio_input_read(INPUT_KEYBOARD, events, 16), 0);
    cr_assert_eq(virtio_input_read(INPUT_POINTER_DEVICE, events, 16), 2);
    cr_assert_eq(events[0].value, 200);
    cr_assert_eq(virtio_input_read(INPUT_BOTH, events, 16), 0);
    cr_assert_eq(board_seen()->input_received, 3);
}

Test(driver_board, a_tablets_buttons_are_the_pointers)
{
    struct input_event events[4];
    board_start(&(struct kernel_board){.tablet = true});
    cr_assert_not(virtio_input_present(INPUT_KEYBOARD));
    cr_assert(virtio_input_button(board_state(BOARD_INDEX_TABLET), BUTTON_LEFT, true));
    board_pass(MS_NS);
    cr_assert_eq(virtio_input_read(INPUT_KEYBOARD, events, 4), 0);
    cr_assert_eq(virtio_input_read(INPUT_POINTER_DEVICE, events, 4), 2);
    cr_assert_eq(events[0].code, BUTTON_LEFT);
}

Test(driver_board, events_that_nobody_reads_push_out_the_oldest)
{
    struct input_event events[LIMIT_INPUT_EVENTS];
    board_start(&(struct kernel_board){.keyboard = true});
    const unsigned groups = LIMIT_INPUT_EVENTS; /* of two events */
    for (unsigned i = 0; i < groups; i++) {
        key(i == groups - 1 ? KEY_B : KEY_A, i % 2 == 0);
        board_pass(MS_NS);
    }
    cr_assert_eq(virtio_input_read(INPUT_KEYBOARD, events, LIMIT_INPUT_EVENTS),
                 LIMIT_INPUT_EVENTS);
    cr_assert_eq(events[LIMIT_INPUT_EVENTS - 2].code, KEY_B, "the newest is kept");
    key(KEY_A, true);
    board_pass(MS_NS);
    cr_assert_eq(virtio_input_read(INPUT_KEYBOARD, events, 4), 2, "and it goes on");
}

Test(driver_board, more_events_than_buffers_arrive_when_interrupts_were_held_back)
{
    struct input_event events[LIMIT_INPUT_EVENTS];
    board_start(&(struct kernel_board){.keyboard = true});
    board_interrupts(false);
    for (unsigned i = 0; i < 100; i++)
        key(KEY_A, i % 2 == 0);
    cr_assert_eq(virtio_input_read(INPUT_KEYBOARD, events, LIMIT_INPUT_EVENTS), 0);
    board_interrupts(true);
    board_pass(MS_NS);
    cr_assert_eq(virtio_input_read(INPUT_KEYBOARD, events, LIMIT_INPUT_EVENTS), 200);
    for (unsigned i = 0; i < 100; i++)
        cr_assert_eq(events[2 * i].value, i % 2 == 0);
}
