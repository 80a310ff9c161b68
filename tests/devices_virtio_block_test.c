/* SPDX-License-Identifier: GPL-2.0-or-later */
/* devices_virtio_block_test.c - the block device against VIRTIO 1.2 section 5.2. */
#include "devices/virtio_block.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support_virtio.h"

#define SECTORS 4096u
#define F_RO ((uint64_t)1 << 5)
#define F_FLUSH ((uint64_t)1 << 9)
#define F_WCE ((uint64_t)1 << 11)
#define F_ZEROES ((uint64_t)1 << 14)
#define HEADER DRIVER_BUFFERS
#define DATA (DRIVER_BUFFERS + 0x1000u)
#define STATUS (DRIVER_BUFFERS + 0x800u)
#define NO_STATUS 0xaau

/* Media in host memory that can be told to refuse. */
struct media {
    uint8_t *data;
    bool refuse_read, refuse_write;
    unsigned syncs;
};

static bool media_read(void *context, uint64_t sector, void *target, size_t sector_count)
{
    struct media *media = context;
    cr_assert_leq(sector + sector_count, SECTORS);
    if (media->refuse_read)
        return false;
    memcpy(target, media->data + sector * DISK_SECTOR_BYTES, sector_count * DISK_SECTOR_BYTES);
    return true;
}

static bool media_write(void *context, uint64_t sector, const void *source, size_t sector_count)
{
    struct media *media = context;
    cr_assert_leq(sector + sector_count, SECTORS);
    if (media->refuse_write)
        return false;
    memcpy(media->data + sector * DISK_SECTOR_BYTES, source, sector_count * DISK_SECTOR_BYTES);
    return true;
}

static bool media_sync(void *context)
{
    struct media *media = context;
    media->syncs++;
    return true;
}

struct bench {
    struct fake_board *board;
    struct fake_device device;
    struct driver driver;
    struct media media;
    struct disk_store store;
    struct disk_config config;
};

static void bench_open(struct bench *bench, enum disk_timing timing)
{
    *bench = (struct bench){.board = fake_board_create(DRIVER_RAM_BYTES)};
    bench->media.data = calloc(SECTORS, DISK_SECTOR_BYTES);
    bench->store = (struct disk_store){.context = &bench->media,
                                       .sector_count = SECTORS,
                                       .read = media_read,
                                       .write = media_write,
                                       .sync = media_sync};
    bench->config = (struct disk_config){
        .store = &bench->store, .timing = timing, .seed = 7, .serial = "latchkey-disk-0"};
}

static void bench_power(struct bench *bench)
{
    fake_device_init(&bench->device, bench->board, &virtio_block_ops, DRIVER_IRQ, &bench->config);
}

static void bench_start(struct bench *bench, enum disk_timing timing, uint64_t features)
{
    bench_open(bench, timing);
    bench_power(bench);
    driver_start(&bench->driver, &bench->device, features | FEATURE_VERSION_1, 1, 64);
}

static void bench_end(struct bench *bench)
{
    fake_device_finish(&bench->device);
    fake_board_destroy(bench->board);
    free(bench->media.data);
}

/* Offer a request with data_bytes of data at DATA. */
static void request_offer(struct bench *bench, uint32_t type, uint64_t sector, uint32_t data_bytes)
{
    struct driver_segment segments[3] = {{HEADER, 16, false}};
    unsigned count = 1;
    fake_ram_set_u32(bench->board, HEADER, type);
    fake_ram_set_u32(bench->board, HEADER + 4, 0);
    fake_ram_set_u64(bench->board, HEADER + 8, sector);
    *fake_ram(bench->board, STATUS, 1) = NO_STATUS;
    bool device_writes = type == 0 || type == 8;
    if (data_bytes > 0)
        segments[count++] = (struct driver_segment){DATA, data_bytes, device_writes};
    segments[count++] = (struct driver_segment){STATUS, 1, true};
    driver_offer(&bench->driver, 0, segments, count);
}

static uint8_t request_status(struct bench *bench)
{
    return *fake_ram(bench->board, STATUS, 1);
}

/* Do one request to its end; returns the status byte. */
static uint8_t request(struct bench *bench, uint32_t type, uint64_t sector, uint32_t data_bytes)
{
    struct driver_used used;
    request_offer(bench, type, sector, data_bytes);
    driver_notify(&bench->driver, 0);
    fake_advance(&bench->device, bench->board->now_ns + 10000000000u);
    cr_assert(driver_collect(&bench->driver, 0, &used));
    return request_status(bench);
}

Test(virtio_block, an_empty_slot_has_device_id_0)
{
    struct bench bench;
    bench_open(&bench, DISK_TIMING_INSTANT);
    fake_device_init(&bench.device, bench.board, &virtio_block_ops, DRIVER_IRQ, NULL);
    cr_assert_eq(fake_get(&bench.device, MMIO_MAGIC, 4), 0x74726976);
    cr_assert_eq(fake_get(&bench.device, MMIO_DEVICE_ID, 4), 0);
    cr_assert_eq(fake_get(&bench.device, MMIO_CONFIG, 4), 0);
    cr_assert_null(virtio_block_disk(bench.device.state));
    fake_set(&bench.device, MMIO_STATUS, 4, 1);
    cr_assert_eq(fake_get(&bench.device, MMIO_STATUS, 4), 0);
    cr_assert_eq(fake_deadline(&bench.device), DEVICE_NEVER);
    cr_assert(fake_round_trip(&bench.device));
    bench_end(&bench);
}

Test(virtio_block, configuration_tells_capacity_and_limits)
{
    struct bench bench;
    bench_start(&bench, DISK_TIMING_INSTANT, F_FLUSH);
    cr_assert_eq(fake_get(&bench.device, MMIO_DEVICE_ID, 4), 2);
    cr_assert_eq(fake_get(&bench.device, MMIO_CONFIG, 4), SECTORS);
    cr_assert_eq(fake_get(&bench.device, MMIO_CONFIG + 4, 4), 0);
    cr_assert_eq(fake_get(&bench.device, MMIO_CONFIG + 8, 4), 16384);
    cr_assert_eq(fake_get(&bench.device, MMIO_CONFIG + 12, 4), 128);
    cr_assert_eq(fake_get(&bench.device, MMIO_CONFIG + 20, 2), 512);
    cr_assert_eq(fake_get(&bench.device, MMIO_CONFIG + 32, 1), 1);
    cr_assert_eq(fake_get(&bench.device, MMIO_CONFIG + 60, 4), 0, "beyond the end");
    bench_end(&bench);
}

Test(virtio_block, what_is_written_is_read_back_and_reaches_the_media_at_flush)
{
    struct bench bench;
    bench_start(&bench, DISK_TIMING_INSTANT, F_FLUSH);
    memset(fake_ram(bench.board, DATA, 4096), 0x5a, 4096);
    cr_assert_eq(request(&bench, 1, 16, 4096), 0);
    memset(fake_ram(bench.board, DATA, 4096), 0, 4096);
    cr_assert_eq(request(&bench, 0, 16, 4096), 0);
    cr_assert_eq(*fake_ram(bench.board, DATA + 4095, 1), 0x5a);
    cr_assert_geq(disk_cached_sectors(virtio_block_disk(bench.device.state)), 7);
    cr_assert_eq(request(&bench, 4, 0, 0), 0);
    cr_assert_eq(bench.media.syncs, 1);
    cr_assert_eq(disk_cached_sectors(virtio_block_disk(bench.device.state)), 0);
    for (unsigned index = 0; index < 4096; index++)
        cr_assert_eq(bench.media.data[16 * 512 + index], 0x5a);
    bench_end(&bench);
}

Test(virtio_block, the_used_length_counts_data_and_status)
{
    struct bench bench;
    struct driver_used used;
    bench_start(&bench, DISK_TIMING_INSTANT, F_FLUSH);
    request_offer(&bench, 0, 0, 1024);
    driver_notify(&bench.driver, 0);
    cr_assert(driver_collect(&bench.driver, 0, &used));
    cr_assert_eq(used.size_bytes, 1025);
    request_offer(&bench, 1, 0, 1024);
    driver_notify(&bench.driver, 0);
    cr_assert(driver_collect(&bench.driver, 0, &used));
    cr_assert_eq(used.size_bytes, 1);
    cr_assert_eq(bench.board->rises[DRIVER_IRQ], 1);
    cr_assert_eq(fake_get(&bench.device, MMIO_INTERRUPT_STATUS, 4), 1);
    driver_set(&bench.driver, MMIO_INTERRUPT_ACKNOWLEDGE, 1);
    cr_assert_not(bench.board->line[DRIVER_IRQ]);
    bench_end(&bench);
}

Test(virtio_block, without_the_flush_feature_every_write_is_durable)
{
    struct bench bench;
    bench_start(&bench, DISK_TIMING_HDD, 0);
    memset(fake_ram(bench.board, DATA, 2048), 0x33, 2048);
    cr_assert_eq(request(&bench, 1, 100, 2048), 0);
    cr_assert_eq(disk_cached_sectors(virtio_block_disk(bench.device.state)), 0);
    cr_assert_eq(bench.media.data[100 * 512 + 2047], 0x33);
    bench_end(&bench);
}

Test(virtio_block, the_driver_can_choose_write_through)
{
    struct bench bench;
    bench_start(&bench, DISK_TIMING_INSTANT, F_FLUSH | F_WCE);
    memset(fake_ram(bench.board, DATA, 512), 1, 512);
    cr_assert_eq(request(&bench, 1, 5, 512), 0);
    fake_set(&bench.device, MMIO_CONFIG + 32, 1, 0);
    cr_assert_eq(fake_get(&bench.device, MMIO_CONFIG + 32, 1), 0);
    cr_assert_eq(bench.media.data[5 * 512], 1, "the cache was written out");
    memset(fake_ram(bench.board, DATA, 512), 2, 512);
    cr_assert_eq(request(&bench, 1, 6, 512), 0);
    cr_assert_eq(bench.media.data[6 * 512], 2);
    bench_end(&bench);
}

Test(virtio_block, a_write_through_disk_offers_no_flush)
{
    struct bench bench;
    bench_open(&bench, DISK_TIMING_INSTANT);
    bench.config.write_through = true;
    bench_power(&bench);
    bench.driver.device = &bench.device;
    cr_assert_eq(driver_features_offered(&bench.driver) & (F_FLUSH | F_WCE), 0);
    cr_assert_not(driver_negotiate(&bench.driver, F_FLUSH | FEATURE_VERSION_1));
    cr_assert(driver_negotiate(&bench.driver, FEATURE_VERSION_1));
    bench_end(&bench);
}

Test(virtio_block, a_read_only_disk_refuses_writes)
{
    struct bench bench;
    bench_open(&bench, DISK_TIMING_INSTANT);
    bench.store.read_only = true;
    bench_power(&bench);
    driver_start(&bench.driver, &bench.device, FEATURE_VERSION_1 | F_RO | F_FLUSH, 1, 64);
    cr_assert_eq(driver_features_offered(&bench.driver) & F_RO, F_RO);
    cr_assert_eq(driver_features_offered(&bench.driver) & F_ZEROES, 0);
    cr_assert_eq(request(&bench, 1, 0, 512), 1);
    cr_assert_eq(request(&bench, 0, 0, 512), 0);
    cr_assert_eq(request(&bench, 13, 0, 16), 1);
    bench_end(&bench);
}

Test(virtio_block, bad_requests_end_with_an_error_not_with_harm)
{
    struct bench bench;
    bench_start(&bench, DISK_TIMING_INSTANT, F_FLUSH);
    cr_assert_eq(request(&bench, 0, SECTORS, 512), 1);
    cr_assert_eq(request(&bench, 0, SECTORS - 1, 1024), 1);
    cr_assert_eq(request(&bench, 1, UINT64_MAX, 512), 1);
    cr_assert_eq(request(&bench, 1, 0, 511), 1);
    cr_assert_eq(request(&bench, 0, 0, 513), 1);
    cr_assert_eq(request(&bench, 0, 0, (DISK_REQUEST_SECTORS_MAX + 1) * 512), 1);
    cr_assert_eq(request(&bench, 99, 0, 0), 2);
    cr_assert_eq(request(&bench, 0xffffffffu, 0, 512), 2);
    cr_assert_eq(request(&bench, 0, SECTORS, 0), 0, "nothing, at the end");
    cr_assert_not(driver_is_broken(&bench.driver));
    bench_end(&bench);
}

Test(virtio_block, the_largest_request_goes_through)
{
    struct bench bench;
    bench_start(&bench, DISK_TIMING_SSD, F_FLUSH);
    uint32_t size_bytes = DISK_REQUEST_SECTORS_MAX * DISK_SECTOR_BYTES;
    memset(fake_ram(bench.board, DATA, size_bytes), 0x77, size_bytes);
    cr_assert_eq(request(&bench, 1, 0, size_bytes), 0);
    memset(fake_ram(bench.board, DATA, size_bytes), 0, size_bytes);
    cr_assert_eq(request(&bench, 0, 0, size_bytes), 0);
    cr_assert_eq(*fake_ram(bench.board, DATA + size_bytes - 1, 1), 0x77);
    bench_end(&bench);
}

Test(virtio_block, the_serial_is_told_and_cut_to_the_buffer)
{
    struct bench bench;
    bench_start(&bench, DISK_TIMING_INSTANT, F_FLUSH);
    memset(fake_ram(bench.board, DATA, 32), 0xff, 32);
    cr_assert_eq(request(&bench, 8, 0, 20), 0);
    cr_assert_eq(memcmp(fake_ram(bench.board, DATA, 20), "latchkey-disk-0\0\0\0\0", 20), 0);
    memset(fake_ram(bench.board, DATA, 32), 0xff, 32);
    cr_assert_eq(request(&bench, 8, 0, 4), 0);
    cr_assert_eq(memcmp(fake_ram(bench.board, DATA, 5), "latc\xff", 5), 0);
    bench_end(&bench);
}

Test(virtio_block, zeroes_are_written_without_data)
{
    struct bench bench;
    bench_start(&bench, DISK_TIMING_INSTANT, F_FLUSH | F_ZEROES);
    memset(bench.media.data, 0x99, 8 * 512);
    fake_ram_set_u64(bench.board, DATA, 2);
    fake_ram_set_u32(bench.board, DATA + 8, 3);
    fake_ram_set_u32(bench.board, DATA + 12, 0);
    cr_assert_eq(request(&bench, 13, 0, 16), 0);
    cr_assert_eq(request(&bench, 4, 0, 0), 0);
    cr_assert_eq(bench.media.data[2 * 512 - 1], 0x99);
    cr_assert_eq(bench.media.data[2 * 512], 0);
    cr_assert_eq(bench.media.data[5 * 512 - 1], 0);
    cr_assert_eq(bench.media.data[5 * 512], 0x99);
    fake_ram_set_u32(bench.board, DATA + 12, 2);
    cr_assert_eq(request(&bench, 13, 0, 16), 2, "unknown flag");
    cr_assert_eq(request(&bench, 13, 0, 15), 1, "short range");
    bench_end(&bench);
}

Test(virtio_block, a_refusing_host_is_an_io_error)
{
    struct bench bench;
    bench_start(&bench, DISK_TIMING_INSTANT, F_FLUSH);
    bench.media.refuse_read = true;
    cr_assert_eq(request(&bench, 0, 0, 512), 1);
    cr_assert_eq(request(&bench, 1, 0, 512), 0, "it is in the cache");
    bench.media.refuse_write = true;
    cr_assert_eq(request(&bench, 4, 0, 0), 1);
    bench.media.refuse_write = false;
    cr_assert_eq(request(&bench, 4, 0, 0), 0, "and still there");
    bench_end(&bench);
}

Test(virtio_block, a_request_without_header_or_status_breaks_the_device)
{
    struct bench bench;
    struct driver_segment no_status = {HEADER, 16, false};
    struct driver_segment no_header[2] = {{HEADER, 15, false}, {STATUS, 1, true}};
    bench_start(&bench, DISK_TIMING_INSTANT, F_FLUSH);
    driver_offer(&bench.driver, 0, &no_status, 1);
    driver_notify(&bench.driver, 0);
    cr_assert(driver_is_broken(&bench.driver));
    cr_assert_eq(fake_get(&bench.device, MMIO_INTERRUPT_STATUS, 4), 2);
    driver_start(&bench.driver, &bench.device, FEATURE_VERSION_1, 1, 64);
    driver_offer(&bench.driver, 0, no_header, 2);
    driver_notify(&bench.driver, 0);
    cr_assert(driver_is_broken(&bench.driver));
    bench_end(&bench);
}

Test(virtio_block, headers_and_data_may_be_cut_anywhere)
{
    struct bench bench;
    struct driver_used used;
    bench_start(&bench, DISK_TIMING_INSTANT, F_FLUSH);
    fake_ram_set_u32(bench.board, HEADER, 1);
    fake_ram_set_u64(bench.board, HEADER + 8, 9);
    for (unsigned index = 0; index < 512; index++)
        *fake_ram(bench.board, DATA + index, 1) = (uint8_t)index;
    struct driver_segment segments[6] = {{HEADER, 3, false},      {HEADER + 3, 13, false},
                                         {DATA, 1, false},        {DATA + 1, 500, false},
                                         {DATA + 501, 11, false}, {STATUS, 1, true}};
    driver_offer(&bench.driver, 0, segments, 6);
    driver_notify(&bench.driver, 0);
    cr_assert(driver_collect(&bench.driver, 0, &used));
    cr_assert_eq(request_status(&bench), 0);
    cr_assert_eq(request(&bench, 4, 0, 0), 0);
    for (unsigned index = 0; index < 512; index++)
        cr_assert_eq(bench.media.data[9 * 512 + index], (uint8_t)index);
    bench_end(&bench);
}

Test(virtio_block, more_requests_than_slots_wait_in_the_ring)
{
    struct bench bench;
    struct driver_used used;
    struct driver_segment segments[2] = {{HEADER, 16, false}, {DATA, 513, true}};
    bench_open(&bench, DISK_TIMING_HDD);
    bench_power(&bench);
    driver_start(&bench.driver, &bench.device, FEATURE_VERSION_1 | FEATURE_EVENT, 1, 256);
    fake_ram_set_u32(bench.board, HEADER, 0);
    for (unsigned index = 0; index < 128; index++)
        driver_offer(&bench.driver, 0, segments, 2);
    driver_notify(&bench.driver, 0);
    cr_assert_eq(disk_counters(virtio_block_disk(bench.device.state)).queue_depth_max,
                 DISK_PENDING_MAX);
    cr_assert(fake_round_trip(&bench.device));
    fake_advance(&bench.device, 100000000000u);
    for (unsigned index = 0; index < 128; index++)
        cr_assert(driver_collect(&bench.driver, 0, &used));
    cr_assert_eq(disk_counters(virtio_block_disk(bench.device.state)).read_requests, 128);
    bench_end(&bench);
}

Test(virtio_block, a_reset_forgets_requests_in_flight_but_not_the_cache)
{
    struct bench bench;
    struct driver_used used;
    bench_start(&bench, DISK_TIMING_HDD, F_FLUSH);
    memset(fake_ram(bench.board, DATA, 512), 0x44, 512);
    cr_assert_eq(request(&bench, 1, 3, 512), 0);
    request_offer(&bench, 0, 0, 512);
    driver_notify(&bench.driver, 0);
    cr_assert_neq(fake_deadline(&bench.device), DEVICE_NEVER);
    driver_start(&bench.driver, &bench.device, FEATURE_VERSION_1 | F_FLUSH, 1, 64);
    cr_assert_eq(fake_deadline(&bench.device), DEVICE_NEVER);
    cr_assert_not(driver_collect(&bench.driver, 0, &used));
    cr_assert_eq(request_status(&bench), NO_STATUS);
    cr_assert_eq(request(&bench, 0, 3, 512), 0);
    cr_assert_eq(*fake_ram(bench.board, DATA, 1), 0x44);
    bench_end(&bench);
}

Test(virtio_block, save_and_load_in_mid_flight_changes_nothing)
{
    struct bench bench;
    struct driver_used used;
    bench_start(&bench, DISK_TIMING_HDD, F_FLUSH);
    memset(fake_ram(bench.board, DATA, 512), 0x21, 512);
    cr_assert_eq(request(&bench, 1, 8, 512), 0);
    request_offer(&bench, 0, 8, 1024);
    driver_notify(&bench.driver, 0);
    struct byte_writer saved = fake_save(&bench.device);
    struct fake_device second;
    fake_device_init(&second, bench.board, &virtio_block_ops, DRIVER_IRQ, &bench.config);
    cr_assert(fake_load(&second, saved.data, saved.size_bytes));
    cr_assert_eq(fake_deadline(&second), fake_deadline(&bench.device));
    fake_advance(&second, bench.board->now_ns + 1000000000u);
    bench.driver.device = &second;
    cr_assert(driver_collect(&bench.driver, 0, &used));
    cr_assert_eq(used.size_bytes, 1025);
    cr_assert_eq(request_status(&bench), 0);
    cr_assert_eq(*fake_ram(bench.board, DATA, 1), 0x21);
    fake_device_finish(&second);
    writer_finish(&saved);
    bench_end(&bench);
}
