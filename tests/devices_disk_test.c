/* SPDX-License-Identifier: GPL-2.0-or-later */
/* devices_disk_test.c - cache, timing, order and power cut of a disk, without a guest. */
#include "devices/disk.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support_device.h"

#define SECTORS 65536u
#define MILLISECOND ((uint64_t)1000000)

struct rig {
    uint8_t *media; /* what the store holds */
    uint8_t *sent;  /* data of every tag, DISK_REQUEST_SECTORS_MAX sectors each */
    struct disk_store store;
    struct disk_config config;
    struct disk *disk;
    uint64_t now_ns;
    bool refuse, refuse_fetch;
    unsigned media_writes, syncs;
    uint32_t done_tags[4096];
    uint64_t done_ns[DISK_PENDING_MAX];
    enum disk_status done_status[DISK_PENDING_MAX];
    unsigned done_count;
};

static bool rig_read(void *context, uint64_t sector, void *target, size_t sector_count)
{
    struct rig *rig = context;
    cr_assert_leq(sector + sector_count, SECTORS);
    memcpy(target, rig->media + sector * 512, sector_count * 512);
    return !rig->refuse;
}

static bool rig_write(void *context, uint64_t sector, const void *source, size_t sector_count)
{
    struct rig *rig = context;
    cr_assert_leq(sector + sector_count, SECTORS);
    if (rig->refuse)
        return false;
    memcpy(rig->media + sector * 512, source, sector_count * 512);
    rig->media_writes++;
    return true;
}

static bool rig_sync(void *context)
{
    struct rig *rig = context;
    rig->syncs++;
    return !rig->refuse;
}

static uint8_t *rig_data(struct rig *rig, uint32_t tag)
{
    cr_assert_lt(tag, DISK_PENDING_MAX);
    return rig->sent + (size_t)tag * DISK_REQUEST_SECTORS_MAX * 512;
}

static bool rig_fetch(void *context, uint32_t tag, size_t offset, void *target, size_t size_bytes)
{
    struct rig *rig = context;
    memcpy(target, rig_data(rig, tag) + offset, size_bytes);
    return !rig->refuse_fetch;
}

static bool rig_deliver(void *context, uint32_t tag, size_t offset, const void *source,
                        size_t size_bytes)
{
    memcpy(rig_data(context, tag) + offset, source, size_bytes);
    return true;
}

static void rig_done(void *context, uint32_t tag, enum disk_status status)
{
    struct rig *rig = context;
    rig->done_tags[rig->done_count % 4096] = tag;
    rig->done_ns[tag] = rig->now_ns;
    rig->done_status[tag] = status;
    rig->done_count++;
}

static struct disk *rig_disk(struct rig *rig)
{
    struct disk_client client = {
        .context = rig, .fetch = rig_fetch, .deliver = rig_deliver, .done = rig_done};
    return disk_create(&rig->config, &client);
}

static struct rig *rig_create(enum disk_timing timing, uint64_t seed)
{
    struct rig *rig = calloc(1, sizeof(*rig));
    rig->media = calloc(SECTORS, 512);
    rig->sent = calloc((size_t)DISK_PENDING_MAX * DISK_REQUEST_SECTORS_MAX, 512);
    rig->store = (struct disk_store){.context = rig,
                                     .sector_count = SECTORS,
                                     .read = rig_read,
                                     .write = rig_write,
                                     .sync = rig_sync};
    rig->config = (struct disk_config){.store = &rig->store, .timing = timing, .seed = seed};
    rig->disk = rig_disk(rig);
    return rig;
}

static void rig_destroy(struct rig *rig)
{
    disk_destroy(rig->disk);
    free(rig->media);
    free(rig->sent);
    free(rig);
}

static void rig_run(struct rig *rig)
{
    while (disk_deadline_ns(rig->disk) != UINT64_MAX) {
        cr_assert_geq(disk_deadline_ns(rig->disk), rig->now_ns);
        rig->now_ns = disk_deadline_ns(rig->disk);
        disk_advance(rig->disk, rig->now_ns);
    }
}

static void rig_submit(struct rig *rig, enum disk_op op, uint32_t tag, uint64_t sector,
                       uint32_t sector_count)
{
    struct disk_request request = {
        .op = op, .tag = tag, .sector = sector, .sector_count = sector_count};
    disk_submit(rig->disk, &request, rig->now_ns);
}

/* One request to its end; returns how long it took. */
static uint64_t rig_request(struct rig *rig, enum disk_op op, uint64_t sector,
                            uint32_t sector_count)
{
    uint64_t start_ns = rig->now_ns;
    rig_submit(rig, op, 0, sector, sector_count);
    rig_run(rig);
    return rig->done_ns[0] - start_ns;
}

static void rig_write_byte(struct rig *rig, uint64_t sector, uint8_t byte)
{
    memset(rig_data(rig, 0), byte, 512);
    rig_request(rig, DISK_WRITE, sector, 1);
    cr_assert_eq(rig->done_status[0], DISK_OK);
}

static uint8_t rig_read_byte(struct rig *rig, uint64_t sector)
{
    rig_request(rig, DISK_READ, sector, 1);
    cr_assert_eq(rig->done_status[0], DISK_OK);
    return rig_data(rig, 0)[511];
}

Test(disk, instant_requests_are_done_when_submitted)
{
    struct rig *rig = rig_create(DISK_TIMING_INSTANT, 1);
    rig_submit(rig, DISK_WRITE, 3, 0, 1);
    cr_assert_eq(rig->done_count, 1);
    cr_assert_eq(rig->done_tags[0], 3);
    cr_assert_eq(disk_deadline_ns(rig->disk), UINT64_MAX);
    rig_destroy(rig);
}

Test(disk, reads_see_the_newest_write_wherever_it_is)
{
    struct fake_random random = {fake_random_seed()};
    fprintf(stderr, "seed %llu\n", (unsigned long long)random.state);
    for (enum disk_timing timing = DISK_TIMING_INSTANT; timing <= DISK_TIMING_HDD; timing++) {
        struct rig *rig = rig_create(timing, random.state);
        uint8_t shadow[64] = {0};
        for (unsigned step = 0; step < 4000; step++) {
            uint64_t sector = fake_random_below(&random, 64);
            uint8_t byte = (uint8_t)fake_random_next(&random);
            uint64_t choice = fake_random_below(&random, 100);
            if (choice < 50) {
                rig_write_byte(rig, sector * 7, byte);
                shadow[sector] = byte;
            } else if (choice < 97) {
                cr_assert_eq(rig_read_byte(rig, sector * 7), shadow[sector]);
            } else {
                rig_request(rig, DISK_FLUSH, 0, 0);
                cr_assert_eq(disk_cached_sectors(rig->disk), 0);
                for (unsigned index = 0; index < 64; index++)
                    cr_assert_eq(rig->media[index * 7 * 512], shadow[index]);
            }
        }
        rig_destroy(rig);
    }
}

Test(disk, some_writes_reach_the_media_early_and_the_seed_says_which)
{
    uint8_t media[2][64];
    unsigned early[2];
    for (unsigned round = 0; round < 2; round++) {
        struct rig *rig = rig_create(DISK_TIMING_INSTANT, 5 + round);
        for (uint64_t sector = 0; sector < 64; sector++)
            rig_write_byte(rig, sector, 1);
        early[round] = rig->media_writes;
        for (unsigned sector = 0; sector < 64; sector++)
            media[round][sector] = rig->media[sector * 512];
        cr_assert_eq(disk_cached_sectors(rig->disk), 64 - early[round]);
        rig_destroy(rig);
    }
    cr_assert(early[0] > 0 && early[0] < 32);
    cr_assert_neq(memcmp(media[0], media[1], 64), 0);
}

Test(disk, a_full_cache_makes_room_and_loses_nothing)
{
    struct rig *rig = rig_create(DISK_TIMING_HDD, 9);
    for (unsigned index = 0; index < SECTORS / 4096; index++) {
        for (uint32_t sector = 0; sector < 4096; sector++)
            store_u32(rig_data(rig, 0) + sector * 512, index * 4096 + sector + 1);
        rig_request(rig, DISK_WRITE, (uint64_t)index * 4096, 4096);
        cr_assert_eq(rig->done_status[0], DISK_OK);
        cr_assert_leq(disk_cached_sectors(rig->disk), DISK_CACHE_SECTORS);
    }
    rig_request(rig, DISK_FLUSH, 0, 0);
    for (uint32_t sector = 0; sector < SECTORS; sector++)
        cr_assert_eq(load_u32(rig->media + (size_t)sector * 512), sector + 1);
    rig_destroy(rig);
}

Test(disk, a_sector_written_over_and_over_does_not_jam_the_cache)
{
    struct rig *rig = rig_create(DISK_TIMING_INSTANT, 9);
    for (unsigned index = 0; index < 3 * DISK_CACHE_SECTORS; index++)
        rig_write_byte(rig, 5, (uint8_t)index);
    cr_assert_eq(rig_read_byte(rig, 5), (uint8_t)(3 * DISK_CACHE_SECTORS - 1));
    rig_request(rig, DISK_FLUSH, 0, 0);
    cr_assert_eq(rig->media[5 * 512], (uint8_t)(3 * DISK_CACHE_SECTORS - 1));
    rig_destroy(rig);
}

Test(disk, durable_writes_are_on_the_media_when_done)
{
    struct rig *rig = rig_create(DISK_TIMING_SSD, 3);
    struct disk_request request = {
        .op = DISK_WRITE, .durable = true, .tag = 1, .sector = 10, .sector_count = 8};
    rig_write_byte(rig, 12, 0x11);
    memset(rig_data(rig, 1), 0x77, 8 * 512);
    disk_submit(rig->disk, &request, rig->now_ns);
    cr_assert_eq(rig->done_count, 1, "not yet");
    rig_run(rig);
    cr_assert_eq(rig->media[10 * 512], 0x77);
    cr_assert_eq(rig->media[12 * 512], 0x77);
    cr_assert_eq(rig->media[18 * 512 - 1], 0x77);
    cr_assert_eq(disk_cached_sectors(rig->disk), 0, "the older write to 12 was superseded");
    rig_destroy(rig);
}

Test(disk, impossible_requests_fail)
{
    struct rig *rig = rig_create(DISK_TIMING_SSD, 3);
    rig_request(rig, DISK_READ, SECTORS, 1);
    cr_assert_eq(rig->done_status[0], DISK_ERROR);
    rig_request(rig, DISK_WRITE, UINT64_MAX, 2);
    cr_assert_eq(rig->done_status[0], DISK_ERROR);
    rig_request(rig, DISK_READ, 0, DISK_REQUEST_SECTORS_MAX + 1);
    cr_assert_eq(rig->done_status[0], DISK_ERROR);
    rig_request(rig, DISK_READ, 0, UINT32_MAX);
    cr_assert_eq(rig->done_status[0], DISK_ERROR);
    rig->store.read_only = true;
    rig_request(rig, DISK_WRITE, 0, 1);
    cr_assert_eq(rig->done_status[0], DISK_ERROR);
    cr_assert_eq(disk_counters(rig->disk).errors, 5);
    cr_assert_eq(rig->media_writes, 0);
    rig_destroy(rig);
}

Test(disk, a_host_that_refuses_loses_nothing)
{
    struct rig *rig = rig_create(DISK_TIMING_INSTANT, 3);
    rig_write_byte(rig, 1, 0x42);
    rig->refuse = true;
    rig_request(rig, DISK_FLUSH, 0, 0);
    cr_assert_eq(rig->done_status[0], DISK_ERROR);
    cr_assert_not(disk_flush_now(rig->disk));
    rig->refuse = false;
    cr_assert(disk_flush_now(rig->disk));
    cr_assert_eq(rig->media[512], 0x42);
    rig_destroy(rig);
}

Test(disk, a_write_whose_data_cannot_be_had_changes_nothing)
{
    struct rig *rig = rig_create(DISK_TIMING_SSD, 3);
    rig_write_byte(rig, 4, 0x31);
    rig->refuse_fetch = true;
    memset(rig_data(rig, 0), 0x32, 512);
    rig_request(rig, DISK_WRITE, 4, 1);
    cr_assert_eq(rig->done_status[0], DISK_ERROR);
    cr_assert_eq(rig_read_byte(rig, 4), 0x31);
    rig_destroy(rig);
}

Test(disk, a_cache_that_cannot_be_written_out_refuses_writes_when_it_is_full)
{
    struct rig *rig = rig_create(DISK_TIMING_INSTANT, 3);
    rig->refuse = true;
    for (unsigned index = 0; index < DISK_CACHE_SECTORS / 4096; index++) {
        rig_request(rig, DISK_WRITE, (uint64_t)index * 4096, 4096);
        cr_assert_eq(rig->done_status[0], DISK_OK);
    }
    rig_request(rig, DISK_WRITE, 0, 1);
    cr_assert_eq(rig->done_status[0], DISK_ERROR);
    rig->refuse = false;
    rig_request(rig, DISK_WRITE, 0, 1);
    cr_assert_eq(rig->done_status[0], DISK_OK);
    rig_destroy(rig);
}

Test(disk, hdd_times_are_those_of_a_7200_rpm_drive)
{
    struct rig *rig = rig_create(DISK_TIMING_HDD, 11);
    struct fake_random random = {4};
    uint64_t sum_ns = 0;
    for (unsigned index = 0; index < 200; index++)
        sum_ns += rig_request(rig, DISK_READ, fake_random_below(&random, SECTORS - 8), 8);
    uint64_t mean_ns = sum_ns / 200;
    /* Ten cylinders: a seek of 0.8 to 0.9 ms and half a rotation of 8.33 ms. */
    cr_assert(mean_ns > 4500 * 1000 && mean_ns < 5700 * 1000, "mean %llu ns",
              (unsigned long long)mean_ns);
    uint64_t start_ns = rig->now_ns;
    for (uint64_t sector = 0; sector < 32768; sector += 256)
        rig_request(rig, DISK_READ, sector, 256);
    uint64_t rate = (uint64_t)32768 * 512 * 1000 / ((rig->now_ns - start_ns) / 1000000) / 1000000;
    cr_assert(rate >= 80 && rate <= 99, "sequential reads at %llu MB/s", (unsigned long long)rate);
    rig_destroy(rig);
}

Test(disk, a_flush_of_sequential_writes_is_nearly_all_transfer)
{
    struct rig *rig = rig_create(DISK_TIMING_HDD, 12);
    for (uint64_t sector = 0; sector < 8192; sector += 8)
        rig_request(rig, DISK_WRITE, 8192 - 8 - sector, 8);
    struct disk_counters before = disk_counters(rig->disk);
    uint64_t took_ns = rig_request(rig, DISK_FLUSH, 0, 0);
    struct disk_counters after = disk_counters(rig->disk);
    uint64_t transfer_ns = after.transfer_ns - before.transfer_ns;
    cr_assert_eq(after.busy_ns - before.busy_ns, took_ns);
    cr_assert(took_ns > 35 * MILLISECOND && took_ns < 60 * MILLISECOND);
    cr_assert_gt(transfer_ns * 100, took_ns * 70);
    cr_assert_lt(rig_request(rig, DISK_FLUSH, 0, 0), MILLISECOND, "nothing left to write");
    rig_destroy(rig);
}

Test(disk, the_elevator_saves_seeks_and_the_flush_is_a_barrier)
{
    struct rig *rig = rig_create(DISK_TIMING_HDD, 13);
    static const uint64_t sectors[6] = {60000, 100, 40000, 20000, 50000, 10000};
    static const uint32_t order[8] = {0, 1, 5, 3, 2, 4, 6, 7};
    for (uint32_t tag = 0; tag < 6; tag++)
        rig_submit(rig, DISK_READ, tag, sectors[tag], 8);
    rig_submit(rig, DISK_FLUSH, 6, 0, 0);
    rig_submit(rig, DISK_READ, 7, 100, 8);
    rig_run(rig);
    for (unsigned index = 0; index < 8; index++)
        cr_assert_eq(rig->done_tags[index], order[index], "place %u", index);
    cr_assert_eq(disk_counters(rig->disk).queue_depth_max, 8);
    rig_destroy(rig);
}

Test(disk, an_ssd_serves_four_at_a_time)
{
    struct rig *rig = rig_create(DISK_TIMING_SSD, 14);
    uint64_t one_ns = rig_request(rig, DISK_READ, 0, 8);
    uint64_t start_ns = rig->now_ns;
    for (uint32_t tag = 0; tag < 8; tag++)
        rig_submit(rig, DISK_READ, tag, tag * 100, 8);
    rig_run(rig);
    cr_assert_eq(rig->now_ns - start_ns, 2 * one_ns);
    cr_assert(one_ns > 50000 && one_ns < 70000);
    rig_destroy(rig);
}

Test(disk, late_ticks_do_not_slow_the_disk_down)
{
    uint64_t ends[2];
    for (unsigned round = 0; round < 2; round++) {
        struct rig *rig = rig_create(DISK_TIMING_HDD, 15);
        for (uint32_t tag = 0; tag < 8; tag++)
            rig_submit(rig, DISK_READ, tag, tag * 5000, 8);
        while (disk_deadline_ns(rig->disk) != UINT64_MAX) {
            ends[round] = disk_deadline_ns(rig->disk);
            rig->now_ns = ends[round] + round * 900;
            disk_advance(rig->disk, rig->now_ns);
        }
        rig_destroy(rig);
    }
    cr_assert_eq(ends[0], ends[1]);
}

/* Which cached writes to keep: by mask over their position in the list. */
struct cut {
    uint64_t mask;
    unsigned seen;
    unsigned in_flight;
    uint64_t order_last;
    uint32_t part_bytes; /* of each write that is not kept */
};

static uint32_t cut_keep(void *context, const struct disk_cached_write *write)
{
    struct cut *cut = context;
    cr_assert(cut->seen == 0 || write->order > cut->order_last, "oldest first");
    cut->order_last = write->order;
    cut->in_flight += write->in_flight;
    bool kept = (cut->mask >> cut->seen & 1) != 0;
    cut->seen++;
    return kept ? DISK_SECTOR_BYTES : cut->part_bytes;
}

Test(disk, a_power_cut_leaves_any_subset_of_the_cached_writes)
{
    for (uint64_t mask = 0; mask < 32; mask++) {
        struct rig *rig = rig_create(DISK_TIMING_INSTANT, 16);
        static const uint64_t sectors[5] = {1, 2, 1, 3, 1};
        uint8_t expected[4] = {0};
        uint32_t early = 0;
        for (unsigned index = 0; index < 5; index++) {
            rig_write_byte(rig, sectors[index], (uint8_t)(index + 1));
            if ((mask >> index & 1) != 0)
                expected[sectors[index]] = (uint8_t)(index + 1);
        }
        early = rig->media_writes;
        cr_assert_eq(early, 0, "this seed lets none of the five out early");
        struct cut cut = {.mask = mask};
        cr_assert(disk_power_cut(rig->disk, cut_keep, &cut));
        cr_assert_eq(cut.seen, 5);
        for (unsigned sector = 1; sector < 4; sector++)
            cr_assert_eq(rig->media[sector * 512], expected[sector], "mask %u", (unsigned)mask);
        cr_assert_eq(disk_cached_sectors(rig->disk), 0);
        rig_destroy(rig);
    }
}

Test(disk, a_power_cut_can_tear_a_write_in_flight)
{
    struct rig *rig = rig_create(DISK_TIMING_HDD, 17);
    memset(rig->media + 8 * 512, 0xee, 8 * 512);
    memset(rig_data(rig, 0), 0x22, 8 * 512);
    rig_submit(rig, DISK_WRITE, 0, 8, 8);
    struct cut cut = {.mask = 0x0f, .part_bytes = 100};
    cr_assert(disk_power_cut(rig->disk, cut_keep, &cut));
    cr_assert_eq(cut.seen, 8);
    cr_assert_eq(cut.in_flight, 8);
    cr_assert_eq(rig->media[12 * 512 - 1], 0x22);
    cr_assert_eq(rig->media[12 * 512 + 99], 0x22);
    cr_assert_eq(rig->media[12 * 512 + 100], 0xee);
    cr_assert_eq(rig->done_count, 0);
    cr_assert_eq(disk_deadline_ns(rig->disk), UINT64_MAX);
    rig_destroy(rig);
}

static struct byte_writer rig_save(const struct rig *rig)
{
    struct byte_writer writer = {0};
    disk_save(rig->disk, &writer);
    return writer;
}

static void rig_fault(struct rig *rig, enum disk_fault_kind kind, uint64_t sector,
                      uint64_t argument)
{
    struct disk_fault fault = {kind, rig->now_ns, sector, argument};
    cr_assert(disk_fault_add(rig->disk, &fault));
}

static enum disk_status rig_status(struct rig *rig, enum disk_op op, uint64_t sector,
                                   uint32_t sector_count)
{
    rig_request(rig, op, sector, sector_count);
    return rig->done_status[0];
}

Test(disk_fault, an_unreadable_sector_fails_until_it_is_written)
{
    struct rig *rig = rig_create(DISK_TIMING_SSD, 1);
    rig->config.write_through = true;
    rig_fault(rig, DISK_FAULT_UNREADABLE, 12, 0);
    cr_assert_eq(rig_status(rig, DISK_READ, 8, 8), DISK_ERROR);
    cr_assert_eq(rig_status(rig, DISK_READ, 8, 4), DISK_OK);
    cr_assert_eq(rig_status(rig, DISK_READ, 13, 4), DISK_OK);
    rig_write_byte(rig, 12, 0x44); /* in the cache: nobody asks the media */
    cr_assert_eq(rig_read_byte(rig, 12), 0x44);
    cr_assert_eq(rig_status(rig, DISK_FLUSH, 0, 0), DISK_OK);
    cr_assert_eq(rig_read_byte(rig, 12), 0x44);
    cr_assert_eq(disk_counters(rig->disk).errors, 1);
    rig_destroy(rig);
}

Test(disk_fault, a_flip_inverts_one_bit_once)
{
    struct rig *rig = rig_create(DISK_TIMING_SSD, 1);
    rig_write_byte(rig, 7, 0x0f);
    cr_assert_eq(rig_status(rig, DISK_FLUSH, 0, 0), DISK_OK);
    rig_fault(rig, DISK_FAULT_FLIP, 7, 511 * 8 + 4);
    cr_assert_eq(rig_read_byte(rig, 7), 0x1f);
    cr_assert_eq(rig_read_byte(rig, 7), 0x1f);
    cr_assert_eq(rig->media[8 * 512 - 2], 0x0f);
    rig_fault(rig, DISK_FAULT_FLIP, 9, 0); /* no request comes after it */
    cr_assert(disk_faults_due(rig->disk, rig->now_ns));
    cr_assert_eq(rig->media[9 * 512], 1);
    rig_destroy(rig);
}

Test(disk_fault, a_lost_write_is_said_to_be_done)
{
    struct rig *rig = rig_create(DISK_TIMING_SSD, 1);
    rig_fault(rig, DISK_FAULT_LOST, 21, 0);
    memset(rig_data(rig, 0), 0x33, 4 * 512);
    cr_assert_eq(rig_status(rig, DISK_WRITE, 20, 4), DISK_OK);
    cr_assert_eq(rig_status(rig, DISK_FLUSH, 0, 0), DISK_OK);
    cr_assert_eq(rig->media[21 * 512 - 1], 0x33);
    cr_assert_eq(rig->media[21 * 512], 0);
    cr_assert_eq(rig->media[22 * 512 - 1], 0);
    cr_assert_eq(rig->media[22 * 512], 0x33);
    rig_write_byte(rig, 21, 0x34);
    cr_assert_eq(rig_status(rig, DISK_FLUSH, 0, 0), DISK_OK);
    cr_assert_eq(rig_read_byte(rig, 21), 0x34);
    rig_destroy(rig);
}

Test(disk_fault, a_misdirected_write_lands_elsewhere_once)
{
    struct rig *rig = rig_create(DISK_TIMING_SSD, 1);
    rig_fault(rig, DISK_FAULT_MISDIRECTED, 30, 40);
    rig_write_byte(rig, 30, 0x55);
    cr_assert_eq(rig_status(rig, DISK_FLUSH, 0, 0), DISK_OK);
    cr_assert_eq(rig_read_byte(rig, 30), 0);
    cr_assert_eq(rig_read_byte(rig, 40), 0x55);
    rig_write_byte(rig, 30, 0x56);
    cr_assert_eq(rig_status(rig, DISK_FLUSH, 0, 0), DISK_OK);
    cr_assert_eq(rig_read_byte(rig, 30), 0x56);
    cr_assert_eq(rig_read_byte(rig, 40), 0x55);
    rig_destroy(rig);
}

Test(disk_fault, a_disk_that_dies_loses_its_cache_and_fails_what_is_under_way)
{
    struct rig *rig = rig_create(DISK_TIMING_HDD, 1);
    rig_write_byte(rig, 3, 0x11);
    struct disk_fault dead = {.kind = DISK_FAULT_DEAD, .time_ns = rig->now_ns + 200000};
    cr_assert(disk_fault_add(rig->disk, &dead));
    rig_submit(rig, DISK_READ, 5, 50000, 8); /* a seek: it dies meanwhile */
    rig_run(rig);
    cr_assert_gt(rig->done_ns[5], dead.time_ns);
    cr_assert_eq(rig->done_status[5], DISK_ERROR);
    cr_assert_eq(rig_status(rig, DISK_WRITE, 4, 1), DISK_ERROR);
    cr_assert_eq(rig_status(rig, DISK_READ, 3, 1), DISK_ERROR);
    cr_assert_eq(rig_status(rig, DISK_FLUSH, 0, 0), DISK_ERROR);
    cr_assert(disk_flush_now(rig->disk));
    cr_assert(disk_power_cut(rig->disk, cut_keep, &(struct cut){.mask = UINT64_MAX}));
    cr_assert_eq(rig->media_writes, 0);
    disk_faults_clear(rig->disk);
    cr_assert_eq(rig_read_byte(rig, 3), 0);
    rig_destroy(rig);
}

Test(disk_fault, before_its_time_nothing_is_wrong)
{
    for (unsigned kind = 0; kind < DISK_FAULT_KINDS; kind++) {
        struct rig *rig = rig_create(DISK_TIMING_SSD, 1);
        struct disk_fault fault = {(enum disk_fault_kind)kind, 60 * 1000 * MILLISECOND, 6, 1};
        cr_assert(disk_fault_add(rig->disk, &fault));
        rig_write_byte(rig, 6, 0x66);
        cr_assert_eq(rig_status(rig, DISK_FLUSH, 0, 0), DISK_OK);
        cr_assert_eq(rig_read_byte(rig, 6), 0x66);
        cr_assert_eq(rig->media[6 * 512], 0x66);
        rig_destroy(rig);
    }
}

Test(disk_fault, what_no_disk_can_suffer_is_refused)
{
    struct rig *rig = rig_create(DISK_TIMING_SSD, 1);
    static const struct disk_fault none[] = {
        {DISK_FAULT_UNREADABLE, 0, SECTORS, 0},    {DISK_FAULT_LOST, 0, UINT64_MAX, 0},
        {DISK_FAULT_FLIP, 0, 0, 4096},             {DISK_FAULT_FLIP, 0, SECTORS, 0},
        {DISK_FAULT_MISDIRECTED, 0, 0, SECTORS},   {DISK_FAULT_KINDS, 0, 0, 0},
    };
    for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
        cr_assert_not(disk_fault_add(rig->disk, &none[i]), "%zu", i);
    for (unsigned i = 0; i < DISK_FAULTS_MAX; i++)
        rig_fault(rig, DISK_FAULT_UNREADABLE, i, 0);
    struct disk_fault more = {.kind = DISK_FAULT_DEAD};
    cr_assert_not(disk_fault_add(rig->disk, &more));
    rig_destroy(rig);
}

Test(disk, save_and_load_anywhere_changes_nothing)
{
    struct fake_random random = {fake_random_seed()};
    fprintf(stderr, "seed %llu\n", (unsigned long long)random.state);
    for (enum disk_timing timing = DISK_TIMING_SSD; timing <= DISK_TIMING_HDD; timing++) {
        struct rig *rig = rig_create(timing, 18);
        struct rig *copy = rig_create(timing, 99);
        for (uint32_t step = 0; step < 200; step++) {
            uint32_t tag = step % 8;
            uint64_t sector = fake_random_below(&random, 2000);
            enum disk_op op = (enum disk_op)fake_random_below(&random, 3);
            memset(rig_data(rig, tag), (int)step, 4096);
            struct disk_fault fault = {(enum disk_fault_kind)fake_random_below(&random, 4),
                                       rig->now_ns + fake_random_below(&random, MILLISECOND),
                                       fake_random_below(&random, 2000), sector};
            rig_submit(rig, op, tag, sector, 1 + (uint32_t)fake_random_below(&random, 8));
            cr_assert(disk_fault_add(rig->disk, &fault));
            struct byte_writer first = rig_save(rig);
            struct byte_reader reader;
            memcpy(copy->media, rig->media, (size_t)SECTORS * 512);
            for (uint32_t other = 0; other < 8; other++)
                memcpy(rig_data(copy, other), rig_data(rig, other), 4096);
            reader_init(&reader, first.data, first.size_bytes);
            disk_load(copy->disk, &reader);
            cr_assert(!reader.failed && reader_left(&reader) == 0);
            copy->now_ns = rig->now_ns;
            if (tag == 7) {
                rig_run(rig);
                rig_run(copy);
                cr_assert_eq(rig->now_ns, copy->now_ns);
                cr_assert_eq(memcmp(copy->media, rig->media, (size_t)SECTORS * 512), 0);
            }
            struct byte_writer one = rig_save(rig), two = rig_save(copy);
            cr_assert_eq(one.size_bytes, two.size_bytes);
            cr_assert_eq(memcmp(one.data, two.data, one.size_bytes), 0);
            writer_finish(&first);
            writer_finish(&one);
            writer_finish(&two);
        }
        rig_destroy(rig);
        rig_destroy(copy);
    }
}

Test(disk, load_survives_any_damage)
{
    struct fake_random random = {fake_random_seed()};
    fprintf(stderr, "seed %llu\n", (unsigned long long)random.state);
    struct rig *rig = rig_create(DISK_TIMING_SSD, 19);
    for (uint32_t tag = 0; tag < 6; tag++)
        rig_submit(rig, tag % 2 == 0 ? DISK_WRITE : DISK_READ, tag, tag * 3, 2);
    for (unsigned kind = 0; kind < DISK_FAULT_DEAD; kind++)
        rig_fault(rig, (enum disk_fault_kind)kind, 4, 5);
    struct byte_writer saved = rig_save(rig);
    struct rig *copy = rig_create(DISK_TIMING_SSD, 20);
    unsigned refused = 0;
    for (unsigned round = 0; round < 3000; round++) {
        size_t place = (size_t)fake_random_below(&random, saved.size_bytes);
        uint8_t old = saved.data[place];
        struct byte_reader reader;
        saved.data[place] = (uint8_t)fake_random_next(&random);
        reader_init(&reader, saved.data, saved.size_bytes);
        disk_load(copy->disk, &reader);
        refused += reader.failed;
        if (!reader.failed && disk_pending_tags(copy->disk) == 0x3f) {
            copy->now_ns = 0;
            disk_advance(copy->disk, UINT64_MAX - 1);
        }
        saved.data[place] = old;
    }
    cr_assert_gt(refused, 10);
    writer_finish(&saved);
    rig_destroy(rig);
    rig_destroy(copy);
}
