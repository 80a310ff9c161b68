/* SPDX-License-Identifier: GPL-2.0-or-later */
/* devices_virtio_gpu_test.c - the display against VIRTIO 1.2 section 5.7. */
#include "devices/virtio_gpu.h"

#include <criterion/criterion.h>
#include <stdarg.h>
#include <string.h>

#include "tests/support_virtio.h"

#define COMMAND DRIVER_BUFFERS
#define ANSWER (DRIVER_BUFFERS + 0x8000u)
#define PIXELS (DRIVER_BUFFERS + 0x10000u)
#define RAM_END (BOARD_RAM_BASE + DRIVER_RAM_BYTES)

enum {
    DISPLAY_INFO = 0x100,
    CREATE = 0x101,
    UNREF = 0x102,
    SCANOUT = 0x103,
    FLUSH = 0x104,
    TRANSFER = 0x105,
    ATTACH = 0x106,
    DETACH = 0x107,
    CURSOR = 0x300,
    OK = 0x1100,
    OK_INFO = 0x1101,
    UNSPEC = 0x1200,
    NO_MEMORY = 0x1201,
    BAD_SCANOUT = 0x1202,
    BAD_RESOURCE = 0x1203,
    BAD_PARAMETER = 0x1205,
};

struct bench {
    struct fake_board *board;
    struct fake_device device;
    struct driver driver;
    struct virtio_gpu_config config;
};

static void bench_start(struct bench *bench)
{
    *bench = (struct bench){.board = fake_board_create(DRIVER_RAM_BYTES), .config = {640, 480}};
    fake_device_init(&bench->device, bench->board, &virtio_gpu_ops, DRIVER_IRQ, &bench->config);
    driver_start(&bench->driver, &bench->device, FEATURE_VERSION_1, 2, 16);
}

static void bench_end(struct bench *bench)
{
    fake_device_finish(&bench->device);
    fake_board_destroy(bench->board);
}

static struct virtio_gpu_display display(struct bench *bench)
{
    return virtio_gpu_display(bench->device.state);
}

/* Send what lies at COMMAND; returns the answer's type. */
static uint32_t send(struct bench *bench, unsigned queue_index, uint32_t size_bytes)
{
    struct driver_used used;
    struct driver_segment segments[2] = {{COMMAND, size_bytes, false}, {ANSWER, 1024, true}};
    fake_ram_set_u32(bench->board, ANSWER, 0);
    driver_offer(&bench->driver, queue_index, segments, 2);
    driver_notify(&bench->driver, queue_index);
    cr_assert(driver_collect(&bench->driver, queue_index, &used));
    cr_assert_geq(used.size_bytes, 24);
    return fake_ram_get_u32(bench->board, ANSWER);
}

/* A command of `count` 32-bit words after the header, on the control queue. */
static uint32_t command(struct bench *bench, uint32_t type, unsigned count, ...)
{
    va_list words;
    memset(fake_ram(bench->board, COMMAND, 24), 0, 24);
    fake_ram_set_u32(bench->board, COMMAND, type);
    va_start(words, count);
    for (unsigned index = 0; index < count; index++)
        fake_ram_set_u32(bench->board, COMMAND + 24 + 4 * index, va_arg(words, uint32_t));
    va_end(words);
    return send(bench, 0, 24 + 4 * count);
}

/* Image 1: 4 x 4, its backing contiguous at PIXELS, on the screen. */
static void image_start(struct bench *bench, uint32_t format)
{
    cr_assert_eq(command(bench, CREATE, 4, 1u, format, 4u, 4u), OK);
    cr_assert_eq(command(bench, ATTACH, 6, 1u, 1u, PIXELS, 0u, 64u, 0u), OK);
    cr_assert_eq(command(bench, SCANOUT, 6, 0u, 0u, 4u, 4u, 0u, 1u), OK);
}

static uint32_t transfer(struct bench *bench, struct virtio_gpu_rect rect, uint64_t offset)
{
    return command(bench, TRANSFER, 8, rect.x, rect.y, rect.width, rect.height, (uint32_t)offset,
                   (uint32_t)(offset >> 32), 1u, 0u);
}

static uint32_t flush(struct bench *bench, struct virtio_gpu_rect rect)
{
    return command(bench, FLUSH, 6, rect.x, rect.y, rect.width, rect.height, 1u, 0u);
}

static const struct virtio_gpu_rect whole = {0, 0, 4, 4};

Test(virtio_gpu, the_display_is_described)
{
    struct bench bench;
    bench_start(&bench);
    cr_assert_eq(fake_get(&bench.device, MMIO_DEVICE_ID, 4), 16);
    cr_assert_eq(fake_get(&bench.device, MMIO_CONFIG + 8, 4), 1);
    cr_assert_eq(command(&bench, DISPLAY_INFO, 0), OK_INFO);
    cr_assert_eq(fake_ram_get_u32(bench.board, ANSWER + 24 + 8), 640);
    cr_assert_eq(fake_ram_get_u32(bench.board, ANSWER + 24 + 12), 480);
    cr_assert_eq(fake_ram_get_u32(bench.board, ANSWER + 24 + 16), 1);
    cr_assert_eq(fake_ram_get_u32(bench.board, ANSWER + 48 + 16), 0);
    cr_assert_null(display(&bench).pixels);
    bench_end(&bench);
}

Test(virtio_gpu, pixels_show_only_after_transfer_and_flush)
{
    struct bench bench;
    bench_start(&bench);
    image_start(&bench, 2);
    uint64_t serial = display(&bench).serial;
    cr_assert_eq(display(&bench).width, 4);
    cr_assert_eq(display(&bench).pixels[5], 0);
    for (unsigned index = 0; index < 16; index++)
        fake_ram_set_u32(bench.board, PIXELS + 4 * index, 0xff112200u + index);
    cr_assert_eq(transfer(&bench, whole, 0), OK);
    cr_assert_eq(display(&bench).pixels[5], 0, "not yet flushed");
    cr_assert_eq(display(&bench).serial, serial);
    cr_assert_eq(flush(&bench, whole), OK);
    cr_assert_eq(display(&bench).serial, serial + 1);
    for (unsigned index = 0; index < 16; index++)
        cr_assert_eq(display(&bench).pixels[index], 0x112200u + index);
    bench_end(&bench);
}

Test(virtio_gpu, every_format_is_converted)
{
    static const struct {
        uint32_t format;
        uint8_t bytes[4]; /* of red 0x11, green 0x22, blue 0x33 */
    } formats[] = {
        {1, {0x33, 0x22, 0x11, 0x99}},  {2, {0x33, 0x22, 0x11, 0x99}},
        {3, {0x99, 0x11, 0x22, 0x33}},  {4, {0x99, 0x11, 0x22, 0x33}},
        {67, {0x11, 0x22, 0x33, 0x99}}, {134, {0x11, 0x22, 0x33, 0x99}},
        {68, {0x99, 0x33, 0x22, 0x11}}, {121, {0x99, 0x33, 0x22, 0x11}},
    };
    for (unsigned index = 0; index < 8; index++) {
        struct bench bench;
        bench_start(&bench);
        image_start(&bench, formats[index].format);
        memcpy(fake_ram(bench.board, PIXELS, 4), formats[index].bytes, 4);
        cr_assert_eq(transfer(&bench, whole, 0), OK);
        cr_assert_eq(flush(&bench, whole), OK);
        cr_assert_eq(display(&bench).pixels[0], 0x112233, "format %u", formats[index].format);
        bench_end(&bench);
    }
}

Test(virtio_gpu, a_scattered_backing_is_gathered_in_any_cut)
{
    struct bench bench;
    bench_start(&bench);
    cr_assert_eq(command(&bench, CREATE, 4, 1u, 2u, 4u, 4u), OK);
    /* 64 bytes in pieces of 6, 30, 1 and 27, lying in reverse order. */
    static const uint32_t sizes[4] = {6, 30, 1, 27};
    uint8_t picture[64];
    for (unsigned index = 0; index < 64; index++)
        picture[index] = (uint8_t)(index * 3 + 1);
    memset(fake_ram(bench.board, COMMAND, 24), 0, 24);
    fake_ram_set_u32(bench.board, COMMAND, ATTACH);
    fake_ram_set_u32(bench.board, COMMAND + 24, 1);
    fake_ram_set_u32(bench.board, COMMAND + 28, 4);
    for (unsigned piece = 0, done = 0; piece < 4; piece++) {
        uint64_t addr = PIXELS + 0x3000 - 0x1000u * piece + 5;
        memcpy(fake_ram(bench.board, addr, sizes[piece]), picture + done, sizes[piece]);
        fake_ram_set_u64(bench.board, COMMAND + 32 + 16 * piece, addr);
        fake_ram_set_u32(bench.board, COMMAND + 40 + 16 * piece, sizes[piece]);
        done += sizes[piece];
    }
    cr_assert_eq(send(&bench, 0, 32 + 64), OK);
    cr_assert_eq(command(&bench, SCANOUT, 6, 0u, 0u, 4u, 4u, 0u, 1u), OK);
    cr_assert_eq(transfer(&bench, whole, 0), OK);
    cr_assert_eq(flush(&bench, whole), OK);
    for (unsigned index = 0; index < 16; index++) {
        uint32_t expected = load_u32(picture + 4 * index) & 0xffffff;
        cr_assert_eq(display(&bench).pixels[index], expected, "pixel %u", index);
    }
    cr_assert(fake_round_trip(&bench.device));
    bench_end(&bench);
}

Test(virtio_gpu, a_rectangle_is_transferred_from_its_offset)
{
    struct bench bench;
    struct virtio_gpu_rect rect = {1, 2, 2, 2};
    bench_start(&bench);
    image_start(&bench, 2);
    for (unsigned index = 0; index < 16; index++)
        fake_ram_set_u32(bench.board, PIXELS + 4 * index, index + 1);
    cr_assert_eq(transfer(&bench, rect, (2 * 4 + 1) * 4), OK);
    cr_assert_eq(flush(&bench, whole), OK);
    for (unsigned index = 0; index < 16; index++) {
        bool inside = index == 9 || index == 10 || index == 13 || index == 14;
        cr_assert_eq(display(&bench).pixels[index], inside ? index + 1 : 0, "pixel %u", index);
    }
    cr_assert_eq(transfer(&bench, rect, 40), OK, "the last row ends where the backing does");
    cr_assert_eq(transfer(&bench, rect, 44), BAD_PARAMETER);
    bench_end(&bench);
}

Test(virtio_gpu, the_scanout_may_be_a_part_and_damage_is_its)
{
    struct bench bench;
    struct virtio_gpu_rect damage;
    bench_start(&bench);
    image_start(&bench, 2);
    for (unsigned index = 0; index < 16; index++)
        fake_ram_set_u32(bench.board, PIXELS + 4 * index, index + 1);
    cr_assert_eq(transfer(&bench, whole, 0), OK);
    cr_assert_eq(command(&bench, SCANOUT, 6, 1u, 1u, 2u, 3u, 0u, 1u), OK);
    cr_assert_eq(display(&bench).width, 2);
    cr_assert_eq(display(&bench).height, 3);
    cr_assert_eq(display(&bench).pixels[0], 6, "shown at once");
    cr_assert_eq(display(&bench).pixels[5], 15);
    damage = virtio_gpu_damage_take(bench.device.state);
    cr_assert_eq(damage.width, 2);
    cr_assert_eq(damage.height, 3);
    cr_assert_eq(virtio_gpu_damage_take(bench.device.state).width, 0);
    cr_assert_eq(flush(&bench, (struct virtio_gpu_rect){0, 0, 1, 4}), OK);
    cr_assert_eq(virtio_gpu_damage_take(bench.device.state).width, 0, "outside the scanout");
    cr_assert_eq(flush(&bench, (struct virtio_gpu_rect){0, 2, 2, 1}), OK);
    cr_assert_eq(flush(&bench, (struct virtio_gpu_rect){2, 3, 2, 1}), OK);
    damage = virtio_gpu_damage_take(bench.device.state);
    cr_assert_eq(damage.x, 0);
    cr_assert_eq(damage.y, 1);
    cr_assert_eq(damage.width, 2);
    cr_assert_eq(damage.height, 2);
    bench_end(&bench);
}

Test(virtio_gpu, wrong_commands_get_their_errors)
{
    struct bench bench;
    bench_start(&bench);
    cr_assert_eq(command(&bench, CREATE, 4, 0u, 2u, 4u, 4u), BAD_RESOURCE);
    cr_assert_eq(command(&bench, CREATE, 4, 1u, 5u, 4u, 4u), BAD_PARAMETER);
    cr_assert_eq(command(&bench, CREATE, 4, 1u, 2u, 0u, 4u), BAD_PARAMETER);
    cr_assert_eq(command(&bench, CREATE, 4, 1u, 2u, 4097u, 4u), NO_MEMORY);
    cr_assert_eq(command(&bench, CREATE, 4, 1u, 2u, UINT32_MAX, UINT32_MAX), NO_MEMORY);
    image_start(&bench, 2);
    cr_assert_eq(command(&bench, CREATE, 4, 1u, 2u, 4u, 4u), BAD_RESOURCE, "it exists");
    cr_assert_eq(command(&bench, ATTACH, 6, 1u, 1u, PIXELS, 0u, 64u, 0u), UNSPEC, "it has one");
    cr_assert_eq(command(&bench, SCANOUT, 6, 0u, 0u, 4u, 4u, 1u, 1u), BAD_SCANOUT);
    cr_assert_eq(command(&bench, SCANOUT, 6, 0u, 0u, 4u, 4u, 0u, 9u), BAD_RESOURCE);
    cr_assert_eq(command(&bench, SCANOUT, 6, 1u, 0u, 4u, 4u, 0u, 1u), BAD_PARAMETER);
    cr_assert_eq(command(&bench, SCANOUT, 6, 0u, 0u, 0u, 4u, 0u, 1u), BAD_PARAMETER);
    cr_assert_eq(flush(&bench, (struct virtio_gpu_rect){UINT32_MAX, 0, 2, 1}), BAD_PARAMETER);
    cr_assert_eq(flush(&bench, (struct virtio_gpu_rect){0, 0, 5, 1}), BAD_PARAMETER);
    cr_assert_eq(transfer(&bench, (struct virtio_gpu_rect){0, 3, 4, 2}, 0), BAD_PARAMETER);
    cr_assert_eq(transfer(&bench, whole, 1), BAD_PARAMETER, "past the backing");
    cr_assert_eq(transfer(&bench, whole, UINT64_MAX), BAD_PARAMETER);
    cr_assert_eq(command(&bench, UNREF, 2, 7u, 0u), BAD_RESOURCE);
    cr_assert_eq(command(&bench, DETACH, 2, 1u, 0u), OK);
    cr_assert_eq(command(&bench, DETACH, 2, 1u, 0u), UNSPEC);
    cr_assert_eq(transfer(&bench, whole, 0), UNSPEC, "no backing");
    cr_assert_eq(command(&bench, 0x1ff, 0), UNSPEC);
    cr_assert_eq(command(&bench, CREATE, 3, 2u, 2u, 4u), UNSPEC, "cut short");
    cr_assert_not(driver_is_broken(&bench.driver));
    bench_end(&bench);
}

Test(virtio_gpu, bad_backings_are_refused_whole)
{
    struct bench bench;
    bench_start(&bench);
    cr_assert_eq(command(&bench, CREATE, 4, 1u, 2u, 4u, 4u), OK);
    cr_assert_eq(command(&bench, ATTACH, 6, 1u, 0u, PIXELS, 0u, 64u, 0u), UNSPEC);
    cr_assert_eq(command(&bench, ATTACH, 6, 1u, UINT32_MAX, PIXELS, 0u, 64u, 0u), UNSPEC);
    cr_assert_eq(command(&bench, ATTACH, 6, 1u, 2u, PIXELS, 0u, 64u, 0u), UNSPEC, "short");
    cr_assert_eq(command(&bench, ATTACH, 6, 1u, 1u, 0x1000u, 0u, 64u, 0u), UNSPEC);
    cr_assert_eq(command(&bench, ATTACH, 6, 1u, 1u, (uint32_t)(RAM_END - 63), 0u, 64u, 0u), UNSPEC);
    cr_assert_eq(command(&bench, ATTACH, 6, 1u, 1u, PIXELS, 0u, 0u, 0u), UNSPEC);
    cr_assert_eq(command(&bench, ATTACH, 6, 1u, 1u, PIXELS, UINT32_MAX, 64u, 0u), UNSPEC);
    cr_assert_eq(command(&bench, ATTACH, 6, 1u, 1u, PIXELS, 0u, 64u, 0u), OK);
    bench_end(&bench);
}

Test(virtio_gpu, images_are_bounded_in_number_and_pixels)
{
    struct bench bench;
    bench_start(&bench);
    for (uint32_t id = 1; id <= 64; id++)
        cr_assert_eq(command(&bench, CREATE, 4, id, 2u, 2u, 2u), OK);
    cr_assert_eq(command(&bench, CREATE, 4, 65u, 2u, 2u, 2u), NO_MEMORY);
    for (uint32_t id = 1; id <= 64; id++)
        cr_assert_eq(command(&bench, UNREF, 2, id, 0u), OK);
    cr_assert_eq(command(&bench, CREATE, 4, 1u, 2u, 64u, 64u), OK);
    cr_assert_eq(command(&bench, CREATE, 4, 2u, 2u, 4096u, 4096u), OK);
    cr_assert_eq(command(&bench, CREATE, 4, 3u, 2u, 4096u, 4096u), NO_MEMORY);
    cr_assert_eq(command(&bench, UNREF, 2, 1u, 0u), OK);
    cr_assert_eq(command(&bench, CREATE, 4, 3u, 2u, 4096u, 4096u), NO_MEMORY, "two halves");
    cr_assert_eq(command(&bench, UNREF, 2, 2u, 0u), OK);
    cr_assert_eq(command(&bench, CREATE, 4, 3u, 2u, 4096u, 4096u), OK);
    cr_assert_eq(command(&bench, CREATE, 4, 4u, 2u, 4096u, 4096u), OK);
    bench_end(&bench);
}

Test(virtio_gpu, a_new_image_is_black_where_an_old_one_was)
{
    struct bench bench;
    bench_start(&bench);
    image_start(&bench, 2);
    memset(fake_ram(bench.board, PIXELS, 64), 0xff, 64);
    cr_assert_eq(transfer(&bench, whole, 0), OK);
    cr_assert_eq(flush(&bench, whole), OK);
    uint64_t serial = display(&bench).serial;
    cr_assert_eq(command(&bench, UNREF, 2, 1u, 0u), OK);
    cr_assert_null(display(&bench).pixels, "its image went away");
    cr_assert_gt(display(&bench).serial, serial);
    image_start(&bench, 2);
    cr_assert_eq(display(&bench).pixels[0], 0);
    bench_end(&bench);
}

Test(virtio_gpu, a_fence_comes_back_and_cursors_are_accepted)
{
    struct bench bench;
    bench_start(&bench);
    command(&bench, DISPLAY_INFO, 0);
    fake_ram_set_u32(bench.board, COMMAND + 4, 1);
    fake_ram_set_u64(bench.board, COMMAND + 8, 0x123456789u);
    cr_assert_eq(send(&bench, 0, 24), OK_INFO);
    cr_assert_eq(fake_ram_get_u32(bench.board, ANSWER + 4), 1);
    cr_assert_eq(fake_ram_get_u64(bench.board, ANSWER + 8), 0x123456789u);
    fake_ram_set_u32(bench.board, COMMAND, CURSOR);
    cr_assert_eq(send(&bench, 1, 56), OK);
    cr_assert_eq(send(&bench, 1, 55), UNSPEC);
    cr_assert_eq(send(&bench, 0, 56), UNSPEC, "not on the control queue");
    struct driver_used used;
    driver_offer(&bench.driver, 1, &(struct driver_segment){COMMAND, 56, false}, 1);
    driver_notify(&bench.driver, 1);
    cr_assert(driver_collect(&bench.driver, 1, &used));
    cr_assert_eq(used.size_bytes, 0, "no room for an answer");
    bench_end(&bench);
}

Test(virtio_gpu, a_driver_reset_clears_the_screen_and_the_images)
{
    struct bench bench;
    bench_start(&bench);
    image_start(&bench, 2);
    driver_start(&bench.driver, &bench.device, FEATURE_VERSION_1, 2, 16);
    cr_assert_null(display(&bench).pixels);
    cr_assert_eq(command(&bench, UNREF, 2, 1u, 0u), BAD_RESOURCE);
    bench_end(&bench);
}

Test(virtio_gpu, state_survives_save_and_load)
{
    struct bench bench;
    bench_start(&bench);
    image_start(&bench, 3);
    memset(fake_ram(bench.board, PIXELS, 64), 0x5c, 64);
    cr_assert_eq(transfer(&bench, whole, 0), OK);
    cr_assert_eq(flush(&bench, whole), OK);
    cr_assert_eq(command(&bench, CREATE, 4, 9u, 67u, 3u, 5u), OK);
    cr_assert(fake_round_trip(&bench.device));
    struct byte_writer saved = fake_save(&bench.device);
    driver_set(&bench.driver, MMIO_STATUS, 0);
    cr_assert_null(display(&bench).pixels);
    cr_assert(fake_load(&bench.device, saved.data, saved.size_bytes));
    cr_assert_eq(display(&bench).pixels[15], 0x5c5c5c);
    cr_assert_eq(virtio_gpu_damage_take(bench.device.state).width, 4, "all of it is new");
    cr_assert_eq(flush(&bench, whole), OK);
    writer_finish(&saved);
    bench_end(&bench);
}

Test(virtio_gpu, an_empty_slot_has_no_display)
{
    struct fake_board *board = fake_board_create(4096);
    struct fake_device device;
    fake_device_init(&device, board, &virtio_gpu_ops, DRIVER_IRQ, NULL);
    cr_assert_eq(fake_get(&device, MMIO_DEVICE_ID, 4), 0);
    cr_assert_null(virtio_gpu_display(device.state).pixels);
    cr_assert(fake_round_trip(&device));
    fake_device_finish(&device);
    fake_board_destroy(board);
}
