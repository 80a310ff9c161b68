/* SPDX-License-Identifier: GPL-2.0-or-later */
/* devices_fuzz_test.c - a hostile guest: random accesses of every width to every device, and for
 * virtio a driver that mixes good manners with every kind of bad ones. Nothing may crash, hang,
 * touch memory outside RAM or be left unusable: a reset always brings the device back.
 *
 * 100,000 steps a device; LATCHKEY_LONG=1 makes it 1,000,000. LATCHKEY_SEED=N repeats a run.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "devices/board_table.h"
#include "devices/disk.h"
#include "devices/finisher.h"
#include "devices/plic.h"
#include "devices/rtc.h"
#include "devices/trace_port.h"
#include "devices/uart.h"
#include "devices/virtio_block.h"
#include "devices/virtio_gpu.h"
#include "devices/virtio_input.h"
#include "tests/support_virtio.h"

#define STEPS 100000u
#define RAM_BYTES ((size_t)1 << 20)
#define QUEUE_SIZE 16u
#define SECTORS 2048u
#define TABLES (BOARD_RAM_BASE + 0x20000u)
#define COMMANDS (BOARD_RAM_BASE + 0x30000u)
#define SAVE_EVERY 2000u

struct fuzz {
    struct fake_random random;
    struct fake_board *board;
    struct fake_device device;
    struct driver driver;
    uint64_t region_bytes;
    bool is_block;
    uint64_t faults, broken, used, saves;
};

static uint64_t below(struct fuzz *fuzz, uint64_t limit)
{
    return fake_random_below(&fuzz->random, limit);
}

static bool one_in(struct fuzz *fuzz, uint64_t limit)
{
    return below(fuzz, limit) == 0;
}

/* A number of the kind that finds mistakes. */
static uint64_t nasty(struct fuzz *fuzz)
{
    static const uint64_t numbers[] = {
        0,          1,          2,          3,           7,
        8,          15,         16,         17,          255,
        256,        257,        511,        512,         513,
        4095,       4096,       65535,      65536,       0x7fffffff,
        0x80000000, 0xfffffff0, 0xffffffff, 0x100000000, UINT64_MAX - 15,
        UINT64_MAX};
    switch (below(fuzz, 4)) {
    case 0:
        return fake_random_next(&fuzz->random);
    case 1:
        return BOARD_RAM_BASE + below(fuzz, RAM_BYTES);
    case 2:
        return BOARD_RAM_BASE + RAM_BYTES - below(fuzz, 64);
    default:
        return numbers[below(fuzz, sizeof(numbers) / sizeof(numbers[0]))];
    }
}

static void random_access(struct fuzz *fuzz)
{
    unsigned size_bytes = 1u << below(fuzz, 4);
    uint64_t offset = below(fuzz, fuzz->region_bytes);
    if (one_in(fuzz, 2)) /* most registers are near the start */
        offset %= 0x140;
    offset -= offset % size_bytes;
    uint64_t value = nasty(fuzz);
    uint64_t read = 0;
    bool done = one_in(fuzz, 2) ? fake_write(&fuzz->device, offset, size_bytes, value)
                                : fake_read(&fuzz->device, offset, size_bytes, &read);
    fuzz->faults += !done;
    cr_assert(size_bytes == 8 || read >> (8 * size_bytes) == 0, "a wide answer to a narrow read");
}

/* Save, load, save must agree at any point. */
static void random_save(struct fuzz *fuzz)
{
    struct byte_writer saved = fake_save(&fuzz->device);
    cr_assert(fake_load(&fuzz->device, saved.data, saved.size_bytes));
    struct byte_writer again = fake_save(&fuzz->device);
    cr_assert_eq(saved.size_bytes, again.size_bytes);
    cr_assert_eq(memcmp(saved.data, again.data, saved.size_bytes), 0);
    /* Damaged bytes are refused or give a state that goes on working. */
    struct fake_device other;
    fake_device_init(&other, fuzz->board, fuzz->device.ops, 0, fuzz->device.config);
    for (unsigned damage = 1 + (unsigned)below(fuzz, 4); damage > 0; damage--)
        saved.data[below(fuzz, saved.size_bytes)] ^= (uint8_t)(1u << below(fuzz, 8));
    if (fake_load(&other, saved.data, saved.size_bytes) && other.ops->tick != NULL)
        other.ops->tick(other.state);
    other.ops->reset(other.state);
    fake_device_finish(&other);
    writer_finish(&saved);
    writer_finish(&again);
    fuzz->saves++;
}

static struct driver_segment random_segment(struct fuzz *fuzz, bool device_writes)
{
    struct driver_segment segment = {
        .addr = DRIVER_BUFFERS + below(fuzz, RAM_BYTES - 0x20000),
        .size_bytes = (uint32_t)(1 + below(fuzz, 4096)),
        .device_writes = device_writes,
    };
    if (one_in(fuzz, 30))
        segment.addr = nasty(fuzz);
    if (one_in(fuzz, 30))
        segment.size_bytes = (uint32_t)nasty(fuzz);
    return segment;
}

/* The readable start of a request: a block header or a gpu command, nearly right. */
static struct driver_segment random_command(struct fuzz *fuzz)
{
    static const uint32_t block_types[] = {0, 0, 1, 1, 1, 4, 8, 13, 2, 0xffffffff};
    uint64_t addr = COMMANDS + 64 * below(fuzz, 16);
    struct driver_segment segment = {addr, 16, false};
    for (uint32_t word = 0; word < 16; word++)
        fake_ram_set_u32(fuzz->board, addr + 4 * word,
                         (uint32_t)(one_in(fuzz, 8) ? nasty(fuzz) : below(fuzz, 5)));
    if (fuzz->is_block) {
        fake_ram_set_u32(fuzz->board, addr, block_types[below(fuzz, 10)]);
        fake_ram_set_u64(fuzz->board, addr + 8,
                         one_in(fuzz, 10) ? nasty(fuzz) : below(fuzz, SECTORS));
        return segment;
    }
    uint32_t type = 0x100 + (uint32_t)below(fuzz, 8);
    fake_ram_set_u32(fuzz->board, addr, type);
    if (type == 0x106) { /* one or two backing entries, somewhere */
        fake_ram_set_u32(fuzz->board, addr + 28, (uint32_t)(1 + below(fuzz, 3)));
        fake_ram_set_u64(fuzz->board, addr + 32, DRIVER_BUFFERS + below(fuzz, 0x10000));
        fake_ram_set_u32(fuzz->board, addr + 40, (uint32_t)(1 + below(fuzz, 2000)));
    }
    segment.size_bytes = one_in(fuzz, 10) ? (uint32_t)(1 + below(fuzz, 64)) : 64;
    return segment;
}

/* Offer a buffer that is right but for a sprinkling of nastiness. */
static void offer_plausible(struct fuzz *fuzz, unsigned queue_index)
{
    struct driver_segment segments[6];
    unsigned count = 0;
    if (!one_in(fuzz, 20))
        segments[count++] = random_command(fuzz);
    unsigned reads = (unsigned)below(fuzz, 2);
    unsigned writes = (unsigned)below(fuzz, 3);
    while (reads-- > 0) {
        segments[count] = random_segment(fuzz, false);
        if (!one_in(fuzz, 8))
            segments[count].size_bytes &= ~511u;
        segments[count].size_bytes += segments[count].size_bytes == 0;
        count++;
    }
    while (writes-- > 0)
        segments[count++] = random_segment(fuzz, true);
    segments[count] = random_segment(fuzz, true);
    segments[count++].size_bytes = one_in(fuzz, 2) ? 513 : 1;
    driver_offer(&fuzz->driver, queue_index, segments, count);
}

/* Fill descriptors, direct and indirect, with no respect for anything, and offer one. */
static void offer_malicious(struct fuzz *fuzz, unsigned queue_index)
{
    uint64_t table = fuzz->driver.queues[queue_index].descriptor_addr;
    for (unsigned index = 0; index < 8; index++) {
        bool indirect_table = one_in(fuzz, 2);
        struct driver_segment segment = random_segment(fuzz, one_in(fuzz, 2));
        uint16_t flags = (uint16_t)below(fuzz, one_in(fuzz, 10) ? 65536 : 4);
        if (one_in(fuzz, 6)) {
            flags = DESCRIPTOR_F_INDIRECT;
            segment.addr = TABLES;
            segment.size_bytes = (uint32_t)(16 * below(fuzz, 20));
        }
        uint16_t next = (uint16_t)(one_in(fuzz, 10) ? nasty(fuzz) : below(fuzz, QUEUE_SIZE));
        driver_descriptor_set(&fuzz->driver, indirect_table ? TABLES : table,
                              (uint16_t)below(fuzz, QUEUE_SIZE), segment, flags, next);
    }
    driver_offer_head(&fuzz->driver, queue_index,
                      (uint16_t)(one_in(fuzz, 20) ? nasty(fuzz) : below(fuzz, QUEUE_SIZE)));
}

/* Scribble over a ring. */
static void scribble(struct fuzz *fuzz)
{
    struct driver_queue *queue = &fuzz->driver.queues[below(fuzz, 2)];
    uint64_t addr = one_in(fuzz, 2) ? queue->available_addr : queue->used_addr;
    if (addr != 0)
        fake_ram_set_u16(fuzz->board, addr + 2 * below(fuzz, 24), (uint16_t)nasty(fuzz));
}

static void collect_all(struct fuzz *fuzz, unsigned queue_index)
{
    struct driver_used used;
    for (unsigned turn = 0; turn < QUEUE_SIZE; turn++) {
        if (!driver_collect(&fuzz->driver, queue_index, &used))
            return;
        fuzz->used++;
    }
}

static unsigned queue_count(const struct fuzz *fuzz)
{
    return fuzz->is_block ? 1 : 2;
}

static uint64_t random_features(struct fuzz *fuzz)
{
    uint64_t features = driver_features_offered(&fuzz->driver);
    uint64_t optional = FEATURE_INDIRECT | FEATURE_EVENT | 0x1ffffff;
    return features & ~(optional & fake_random_next(&fuzz->random));
}

static void driver_up(struct fuzz *fuzz)
{
    uint64_t features = random_features(fuzz);
    driver_start(&fuzz->driver, &fuzz->device, features, queue_count(fuzz), QUEUE_SIZE);
}

static void driver_step(struct fuzz *fuzz)
{
    unsigned queue_index = (unsigned)below(fuzz, queue_count(fuzz));
    switch (below(fuzz, 16)) {
    case 0:
        random_access(fuzz);
        break;
    case 1:
        scribble(fuzz);
        break;
    case 2:
        offer_malicious(fuzz, queue_index);
        break;
    case 3:
    case 4:
        driver_set(&fuzz->driver, MMIO_INTERRUPT_ACKNOWLEDGE, (uint32_t)below(fuzz, 4));
        fake_advance(&fuzz->device, fuzz->board->now_ns + below(fuzz, 20000000));
        break;
    case 5:
    case 6:
    case 7:
        driver_notify(&fuzz->driver, queue_index);
        collect_all(fuzz, queue_index);
        break;
    default:
        offer_plausible(fuzz, queue_index);
        break;
    }
}

static void check_line(struct fuzz *fuzz)
{
    bool wanted = driver_get(&fuzz->driver, MMIO_INTERRUPT_STATUS) != 0;
    cr_assert_eq(fuzz->board->line[DRIVER_IRQ], wanted);
}

static void fuzz_virtio(struct fuzz *fuzz, void (*outside)(struct fuzz *fuzz))
{
    uint64_t steps = fake_steps(STEPS);
    for (uint64_t step = 0; step < steps; step++) {
        bool broken = driver_is_broken(&fuzz->driver);
        fuzz->broken += broken;
        /* A device that refuses to work is tried a little longer, then reset as a driver would. */
        if ((broken && one_in(fuzz, 3)) || one_in(fuzz, 500))
            driver_up(fuzz);
        driver_step(fuzz);
        if (outside != NULL)
            outside(fuzz);
        check_line(fuzz);
        if (step % SAVE_EVERY == SAVE_EVERY - 1)
            random_save(fuzz);
    }
    fprintf(stderr, "used %llu, broken %llu, faults %llu, saves %llu, refused DMA %llu\n",
            (unsigned long long)fuzz->used, (unsigned long long)fuzz->broken,
            (unsigned long long)fuzz->faults, (unsigned long long)fuzz->saves,
            (unsigned long long)fuzz->board->refused_transfers);
    cr_assert_gt(fuzz->used, steps / 100, "the harness must get something done");
    cr_assert_gt(fuzz->broken, steps / 1000, "and must break things");
}

static void fuzz_start(struct fuzz *fuzz, const struct device_ops *ops, const void *config)
{
    uint64_t seed = fake_random_seed();
    fprintf(stderr, "seed %llu\n", (unsigned long long)seed);
    *fuzz = (struct fuzz){.random = {seed}, .region_bytes = BOARD_VIRTIO_SIZE};
    fuzz->board = fake_board_create(RAM_BYTES);
    fake_device_init(&fuzz->device, fuzz->board, ops, DRIVER_IRQ, config);
}

static void fuzz_end(struct fuzz *fuzz)
{
    fake_device_finish(&fuzz->device);
    fake_board_destroy(fuzz->board);
}

static uint8_t *media_of(void *context, uint64_t sector, size_t sector_count)
{
    cr_assert_leq(sector, SECTORS);
    cr_assert_leq(sector_count, SECTORS - sector);
    return (uint8_t *)context + sector * DISK_SECTOR_BYTES;
}

static bool media_read(void *context, uint64_t sector, void *target, size_t sector_count)
{
    memcpy(target, media_of(context, sector, sector_count), sector_count * DISK_SECTOR_BYTES);
    return true;
}

static bool media_write(void *context, uint64_t sector, const void *source, size_t sector_count)
{
    memcpy(media_of(context, sector, sector_count), source, sector_count * DISK_SECTOR_BYTES);
    return true;
}

static bool media_sync(void *context)
{
    return context != NULL;
}

static void fuzz_block(enum disk_timing timing)
{
    struct fuzz fuzz;
    uint8_t *media = calloc(SECTORS, DISK_SECTOR_BYTES);
    struct disk_store store = {.context = media,
                               .sector_count = SECTORS,
                               .read = media_read,
                               .write = media_write,
                               .sync = media_sync};
    struct disk_config config = {.store = &store, .timing = timing, .seed = 1};
    fuzz_start(&fuzz, &virtio_block_ops, &config);
    fuzz.is_block = true;
    driver_start(&fuzz.driver, &fuzz.device, FEATURE_VERSION_1, 1, QUEUE_SIZE);
    fuzz_virtio(&fuzz, NULL);
    /* After all that, a well-behaved driver finds a disk that works. */
    driver_start(&fuzz.driver, &fuzz.device, FEATURE_VERSION_1, 1, QUEUE_SIZE);
    struct driver_segment segments[3] = {
        {COMMANDS, 16, false}, {DRIVER_BUFFERS, 512, true}, {DRIVER_BUFFERS + 512, 1, true}};
    memset(fake_ram(fuzz.board, COMMANDS, 16), 0, 16);
    *fake_ram(fuzz.board, DRIVER_BUFFERS + 512, 1) = 0xff;
    driver_offer(&fuzz.driver, 0, segments, 3);
    driver_notify(&fuzz.driver, 0);
    fake_advance(&fuzz.device, fuzz.board->now_ns + 1000000000u);
    cr_assert_eq(*fake_ram(fuzz.board, DRIVER_BUFFERS + 512, 1), 0);
    fuzz_end(&fuzz);
    free(media);
}

Test(fuzz, a_block_device_of_instant_timing_survives_any_driver)
{
    fuzz_block(DISK_TIMING_INSTANT);
}

Test(fuzz, a_block_device_over_an_ssd_survives_any_driver)
{
    fuzz_block(DISK_TIMING_SSD);
}

Test(fuzz, a_block_device_over_a_hdd_survives_any_driver)
{
    fuzz_block(DISK_TIMING_HDD);
}

static void look_at_display(struct fuzz *fuzz)
{
    struct virtio_gpu_display display = virtio_gpu_display(fuzz->device.state);
    if (display.pixels == NULL || !one_in(fuzz, 16))
        return;
    size_t last = (size_t)display.stride_pixels * (display.height - 1) + display.width - 1;
    cr_assert_eq(display.pixels[last] >> 24, 0);
    struct virtio_gpu_rect damage = virtio_gpu_damage_take(fuzz->device.state);
    cr_assert_leq(damage.x + damage.width, display.width);
    cr_assert_leq(damage.y + damage.height, display.height);
}

Test(fuzz, the_display_survives_any_driver)
{
    struct fuzz fuzz;
    struct virtio_gpu_config config = {64, 48};
    fuzz_start(&fuzz, &virtio_gpu_ops, &config);
    driver_start(&fuzz.driver, &fuzz.device, FEATURE_VERSION_1, 2, QUEUE_SIZE);
    fuzz_virtio(&fuzz, look_at_display);
    driver_start(&fuzz.driver, &fuzz.device, FEATURE_VERSION_1, 2, QUEUE_SIZE);
    cr_assert_not(driver_is_broken(&fuzz.driver));
    cr_assert_null(virtio_gpu_display(fuzz.device.state).pixels);
    fuzz_end(&fuzz);
}

static void press_keys(struct fuzz *fuzz)
{
    virtio_input_key(fuzz->device.state, (uint16_t)below(fuzz, 0x120), one_in(fuzz, 2));
    virtio_input_pointer(fuzz->device.state, (int32_t)nasty(fuzz), (int32_t)nasty(fuzz));
    virtio_input_wheel(fuzz->device.state, (int32_t)nasty(fuzz));
}

static void fuzz_input(enum virtio_input_kind kind)
{
    struct fuzz fuzz;
    struct virtio_input_config config = {kind};
    fuzz_start(&fuzz, &virtio_input_ops, &config);
    driver_start(&fuzz.driver, &fuzz.device, FEATURE_VERSION_1, 2, QUEUE_SIZE);
    fuzz_virtio(&fuzz, press_keys);
    driver_start(&fuzz.driver, &fuzz.device, FEATURE_VERSION_1, 2, QUEUE_SIZE);
    uint16_t code = kind == VIRTIO_INPUT_KEYBOARD ? 30 : 0x110;
    cr_assert(virtio_input_key(fuzz.device.state, code, true));
    fuzz_end(&fuzz);
}

Test(fuzz, the_keyboard_survives_any_driver)
{
    fuzz_input(VIRTIO_INPUT_KEYBOARD);
}

Test(fuzz, the_tablet_survives_any_driver)
{
    fuzz_input(VIRTIO_INPUT_TABLET);
}

static void plic_output(void *context, unsigned plic_context, bool level)
{
    bool *outputs = context;
    cr_assert_lt(plic_context, BOARD_PLIC_CONTEXTS);
    cr_assert_neq(outputs[plic_context], level, "told only of changes");
    outputs[plic_context] = level;
}

/* Devices without queues: accesses, time, saves and what comes from outside. */
static void fuzz_plain(struct fuzz *fuzz, void (*outside)(struct fuzz *fuzz))
{
    uint64_t steps = fake_steps(STEPS);
    for (uint64_t step = 0; step < steps; step++) {
        random_access(fuzz);
        if (outside != NULL)
            outside(fuzz);
        if (one_in(fuzz, 10))
            fake_advance(&fuzz->device, fuzz->board->now_ns + below(fuzz, 10000000));
        if (one_in(fuzz, 5000))
            fuzz->device.ops->reset(fuzz->device.state);
        if (step % SAVE_EVERY == SAVE_EVERY - 1)
            cr_assert(fake_round_trip(&fuzz->device));
    }
    cr_assert_gt(fuzz->faults, 0);
    cr_assert_lt(fuzz->faults, steps);
}

static void drive_lines(struct fuzz *fuzz)
{
    plic_line_set(fuzz->device.state, (uint32_t)below(fuzz, 100), one_in(fuzz, 2));
}

Test(fuzz, the_plic_survives_any_driver)
{
    struct fuzz fuzz;
    bool outputs[BOARD_PLIC_CONTEXTS] = {false};
    struct plic_config config = {.context = outputs, .output = plic_output};
    fuzz_start(&fuzz, &plic_ops, &config);
    fuzz.region_bytes = BOARD_PLIC_SIZE;
    for (unsigned context = 0; context < BOARD_PLIC_CONTEXTS; context++)
        fake_set(&fuzz.device, 0x2000 + 0x80u * context, 4, UINT32_MAX);
    fuzz_plain(&fuzz, drive_lines);
    fuzz_end(&fuzz);
}

static void type_bytes(struct fuzz *fuzz)
{
    uint8_t byte;
    uart_input(fuzz->device.state, (uint8_t)below(fuzz, 256));
    if (one_in(fuzz, 4))
        uart_input_take(fuzz->device.state, &byte);
}

Test(fuzz, the_uart_survives_any_driver)
{
    struct fuzz fuzz;
    struct uart_config config = {0};
    fuzz_start(&fuzz, &uart_ops, &config);
    fuzz.region_bytes = 16;
    fuzz_plain(&fuzz, type_bytes);
    fuzz_end(&fuzz);
}

Test(fuzz, the_rtc_survives_any_driver)
{
    struct fuzz fuzz;
    struct rtc_config config = {.base_time_ns = UINT64_MAX - 1000000000u};
    fuzz_start(&fuzz, &rtc_ops, &config);
    fuzz.region_bytes = 64;
    fuzz_plain(&fuzz, NULL);
    fuzz_end(&fuzz);
}

Test(fuzz, the_finisher_survives_any_driver)
{
    struct fuzz fuzz;
    struct finisher_config config = {0};
    fuzz_start(&fuzz, &finisher_ops, &config);
    fuzz.region_bytes = 64;
    fuzz_plain(&fuzz, NULL);
    fuzz_end(&fuzz);
}

Test(fuzz, the_trace_port_survives_any_driver)
{
    struct fuzz fuzz;
    struct trace_port_config config = {0};
    fuzz_start(&fuzz, &trace_port_ops, &config);
    fuzz.region_bytes = 64;
    fuzz_plain(&fuzz, NULL);
    fuzz_end(&fuzz);
}

Test(fuzz, an_empty_slot_survives_any_driver)
{
    struct fuzz fuzz;
    fuzz_start(&fuzz, board_regions[BOARD_INDEX_EMPTY].ops, NULL);
    fuzz_plain(&fuzz, NULL);
    cr_assert_eq(fake_get(&fuzz.device, MMIO_STATUS, 4), 0);
    fuzz_end(&fuzz);
}
