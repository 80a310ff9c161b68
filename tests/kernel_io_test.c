/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kernel_io_test.c - requests of the store: both copies written, either read, a bad one rewritten,
 * a disk that fails left behind. Two disks that hold the same page pots and the same pages, the
 * first also pages that are nowhere else. And: how a disk that was away is brought in step. */
#include "kernel/io.h"
#include "kernel/object.h"
#include "kernel/resync.h"

#include <criterion/criterion.h>
#include <string.h>

#include "disks/checksum.h"
#include "tests/host_disk.h"

#define BLOCKS 104u
#define PAGES 80u       /* ids 1 to 80, on both disks */
#define PAIR_BLOCK 2u   /* where they begin on disk 0; on disk 1 one further */
#define LONE_ID 101u    /* 8 pages on disk 0 only */
#define LONE_BLOCK 90u
#define HEADER_BLOCK 100u

static uint8_t media[2][BLOCKS * BLOCK_BYTES];
static unsigned answers, bad_answers;

static void told(void *object, bool good)
{
    cr_assert_eq(object, media);
    answers++;
    bad_answers += !good;
}

static const struct io_owner owner = {told, media};

static uint8_t *block_of(unsigned disk, uint64_t id)
{
    return media[disk] + (id - 1 + PAIR_BLOCK + disk) * BLOCK_BYTES;
}

static struct io_check check_of(const void *page, uint64_t id)
{
    uint64_t seed = checksum_seed(CHECKSUM_PAGE, id);
    return (struct io_check){.how = IO_CHECK_WHOLE, .seed = seed,
                             .checksum = checksum64(page, BLOCK_BYTES, seed)};
}

static void header_write(uint8_t disk)
{
    struct volume_header header = {.magic = VOLUME_MAGIC, .version = FORMAT_VERSION,
                                   .store_id = "io test", .disk_index = disk, .disk_count = 2,
                                   .block_count = BLOCKS, .range_count = disk == 0 ? 3 : 2};
    header.ranges[0] = (struct volume_range){.kind = RANGE_PAGES, .plex = disk, .first_id = 1,
                                             .object_count = PAGES, .block_count = PAGES,
                                             .start_block = PAIR_BLOCK + disk};
    header.ranges[1] = (struct volume_range){.kind = RANGE_CKPT_HEADER, .plex = disk,
                                             .first_id = 1, .object_count = 1, .block_count = 1,
                                             .start_block = HEADER_BLOCK};
    header.ranges[2] = (struct volume_range){.kind = RANGE_PAGES, .first_id = LONE_ID,
                                             .object_count = 8, .block_count = 8,
                                             .start_block = LONE_BLOCK};
    header.checksum = checksum64((uint8_t *)&header + 8, BLOCK_BYTES - 8, CHECKSUM_VOLUME);
    memcpy(media[disk], &header, sizeof(header));
}

static void start(void)
{
    for (uint8_t disk = 0; disk < 2; disk++) {
        for (uint64_t id = 1; id <= PAGES; id++)
            memset(block_of(disk, id), (int)id, BLOCK_BYTES);
        header_write(disk);
        host_disk_add(media[disk], BLOCKS);
    }
    cr_assert_null(volume_init());
    volume_in_step_set(3, 1);
}

/* All that is asked for is answered, once. */
static void settle(unsigned expected, unsigned expected_bad)
{
    for (unsigned i = 0; i < 20; i++)
        (void)io_poll();
    cr_assert_eq(answers, expected);
    cr_assert_eq(bad_answers, expected_bad);
    cr_assert_not(io_due());
    answers = bad_answers = 0;
}

/* Write so many pages with one byte everywhere. Returns how many were taken. */
static unsigned write_pages(uint64_t id, unsigned count, unsigned plexes, int byte)
{
    static uint8_t pages[PAGES][BLOCK_BYTES];
    void *sources[PAGES];
    for (unsigned i = 0; i < count; i++) {
        memset(pages[i], byte, BLOCK_BYTES);
        sources[i] = pages[i];
    }
    return io_write(RANGE_PAGES, id, sources, count, plexes, owner);
}

static void read_page(uint64_t id, int byte, bool expected_good)
{
    static uint8_t target[BLOCK_BYTES];
    uint8_t expected[BLOCK_BYTES];
    memset(expected, byte, sizeof(expected));
    struct io_check check = check_of(expected, id);
    cr_assert(io_read(RANGE_PAGES, id, target, &check, owner));
    cr_assert_eq(answers, 0, "never from inside");
    settle(1, !expected_good);
    if (expected_good)
        cr_assert_arr_eq(target, expected, BLOCK_BYTES);
}

Test(io, a_write_goes_to_both_disks_with_one_answer)
{
    start();
    cr_assert_eq(write_pages(5, 10, IO_PLEXES, 0x77), 10);
    settle(1, 0);
    for (unsigned disk = 0; disk < 2; disk++) {
        cr_assert_eq(host_disk_counters(disk)->write_requests, 1, "merged");
        for (uint64_t id = 1; id <= PAGES; id++)
            cr_assert_eq(block_of(disk, id)[99], id >= 5 && id < 15 ? 0x77 : id);
    }
}

Test(io, a_write_ends_where_the_range_does_and_after_so_many_blocks)
{
    start();
    cr_assert_eq(write_pages(1, PAGES, IO_PLEXES, 1), IO_BLOCKS_MAX);
    cr_assert_eq(write_pages(PAGES - 3, PAGES, IO_PLEXES, 2), 4);
    settle(2, 0);
    cr_assert_eq(media[0][LONE_BLOCK * BLOCK_BYTES], 0);
}

Test(io, a_write_of_one_plex_leaves_the_other)
{
    start();
    cr_assert_eq(write_pages(7, 1, IO_PLEX(1), 0x55), 1);
    cr_assert_eq(write_pages(LONE_ID, 1, IO_PLEX(1), 0x66), 1);
    settle(2, 0);
    cr_assert_eq(block_of(0, 7)[0], 7);
    cr_assert_eq(block_of(1, 7)[0], 0x55);
    cr_assert_eq(host_disk_counters(0)->write_requests, 0, "nothing of it is there");
}

Test(io, of_a_checkpoint_header_one_sector_is_written)
{
    static uint8_t header[BLOCK_BYTES];
    void *source = header;
    memset(header, 0x11, sizeof(header));
    start();
    cr_assert_eq(io_write(RANGE_CKPT_HEADER, 1, &source, 1, IO_PLEX(0), owner), 1);
    settle(1, 0);
    cr_assert_eq(host_disk_counters(0)->write_bytes, SECTOR_BYTES);
    cr_assert_eq(media[0][HEADER_BLOCK * BLOCK_BYTES + SECTOR_BYTES - 1], 0x11);
    cr_assert_eq(media[0][HEADER_BLOCK * BLOCK_BYTES + SECTOR_BYTES], 0);
}

Test(io, a_wrong_copy_is_rewritten_from_the_other_before_the_answer)
{
    start();
    block_of(0, 9)[1234] ^= 4;
    read_page(9, 9, true);
    cr_assert_eq(block_of(0, 9)[1234], 9);
    cr_assert_eq(host_disk_counters(0)->write_requests, 1);
    read_page(9, 9, true);
    cr_assert_eq(host_disk_counters(1)->read_requests, 2, "its header and the one repair");
}

Test(io, an_unreadable_copy_is_rewritten_from_the_other)
{
    start();
    host_disk_unreadable(0, PAIR_BLOCK + 11);
    read_page(12, 12, true);
    cr_assert_eq(host_disk_counters(0)->write_requests, 1);
    read_page(12, 12, true);
    cr_assert_eq(host_disk_counters(0)->write_requests, 1, "it can be read again");
}

Test(io, two_bad_copies_are_answered_as_bad_and_left_as_they_are)
{
    start();
    block_of(0, 9)[0] = 1;
    block_of(1, 9)[0] = 2;
    read_page(9, 9, false);
    cr_assert_eq(block_of(0, 9)[0], 1);
    cr_assert_eq(block_of(1, 9)[0], 2);
    cr_assert_eq(host_disk_counters(0)->write_requests, 0);
}

Test(io, what_no_range_has_is_answered_as_bad)
{
    start();
    read_page(PAGES + 1, 0, false);
    cr_assert_eq(write_pages(PAGES + 1, 1, IO_PLEXES, 1), 1);
    settle(1, 1);
}

Test(io, a_disk_that_fails_is_left_behind_and_the_other_goes_on)
{
    start();
    cr_assert_eq(volume_in_step(), 3);
    host_disk_fail(1);
    cr_assert_eq(write_pages(3, 2, IO_PLEXES, 0x31), 2);
    settle(1, 0);
    cr_assert_eq(volume_in_step(), 1);
    cr_assert_not(volume_disk_used(1));
    cr_assert_eq(block_of(0, 3)[0], 0x31);
    cr_assert_eq(write_pages(3, 2, IO_PLEX(1), 0x32), 2, "there is no such plex any more");
    cr_assert(io_flush(owner));
    settle(2, 0);
    cr_assert_eq(host_disk_counters(0)->flushes, 1);
    cr_assert_eq(host_disk_counters(1)->flushes, 0);
}

Test(io, a_disk_that_cannot_flush_leaves_with_the_pages_that_are_nowhere_else)
{
    start();
    host_disk_fail(0);
    cr_assert(io_flush(owner));
    settle(1, 0);
    cr_assert_eq(volume_in_step(), 2);
    cr_assert_not(volume_disk_used(0));
    read_page(LONE_ID, 0, false);
}

Test(io, the_last_copy_is_not_given_up)
{
    start();
    host_disk_fail(1);
    cr_assert_eq(write_pages(3, 1, IO_PLEXES, 0x31), 1);
    settle(1, 0);
    host_disk_read_only(0);
    cr_assert_eq(write_pages(3, 1, IO_PLEXES, 0x32), 1);
    settle(1, 1);
    cr_assert_eq(volume_in_step(), 1);
    read_page(3, 0x31, true);
}

Test(io, a_copy_that_is_not_in_step_is_not_read)
{
    start();
    volume_in_step_set(2, 1);
    memset(block_of(1, 4), 0x44, BLOCK_BYTES);
    read_page(4, 0x44, true);
    cr_assert_eq(host_disk_counters(0)->write_requests, 0);
    cr_assert_eq(volume_in_step(), 2);
    read_page(LONE_ID, 0, true); /* what is nowhere else is as it was */
}

Test(io, requests_wait_for_room_at_the_disk_and_all_are_answered)
{
    static uint8_t targets[LIMIT_IO_REQUESTS][BLOCK_BYTES];
    start();
    host_disk_requests(2);
    struct io_check check;
    for (unsigned i = 0; i < LIMIT_IO_REQUESTS; i++) {
        check = check_of(block_of(0, 1 + i % PAGES), 1 + i % PAGES);
        cr_assert(io_read(RANGE_PAGES, 1 + i % PAGES, targets[i], &check, owner));
    }
    cr_assert_not(io_read(RANGE_PAGES, 1, targets[0], &check, owner), "no request is free");
    cr_assert_eq(write_pages(1, 1, IO_PLEXES, 1), 0);
    cr_assert_not(io_flush(owner));
    for (unsigned i = 0; i < 4 * LIMIT_IO_REQUESTS; i++)
        (void)io_poll();
    settle(LIMIT_IO_REQUESTS, 0);
    for (unsigned i = 0; i < LIMIT_IO_REQUESTS; i++)
        cr_assert_eq(targets[i][7], 1 + i % PAGES);
    cr_assert_leq(host_disk_counters(0)->depth_max, 2);
}

Test(io, a_flush_is_asked_for_before_a_drive_would_have_to_write_its_cache_out)
{
    start();
    uint64_t before = host_disk_counters(0)->flushes;
    for (unsigned i = 0; i < 17; i++) {
        cr_assert_eq(write_pages(1, IO_BLOCKS_MAX, IO_PLEXES, 1), IO_BLOCKS_MAX);
        settle(1, 0);
        cr_assert_eq(host_disk_counters(0)->flushes, before);
    }
    cr_assert_eq(write_pages(1, 1, IO_PLEXES, 1), 1);
    settle(1, 0);
    cr_assert_eq(host_disk_counters(0)->flushes, before + 1, "after 17 requests, 4.1 MiB");
}

Test(io, blocks_that_follow_each_other_are_read_with_one_request)
{
    static uint8_t targets[PAGES][BLOCK_BYTES];
    void *pieces[PAGES];
    start();
    for (unsigned i = 0; i < PAGES; i++)
        pieces[i] = targets[i];
    uint64_t before = host_disk_counters(0)->read_requests;
    cr_assert_eq(io_read_blocks(RANGE_PAGES, 2, pieces, PAGES, owner), IO_BLOCKS_MAX);
    settle(1, 0);
    cr_assert_eq(host_disk_counters(0)->read_requests, before + 1);
    for (unsigned i = 0; i < IO_BLOCKS_MAX; i++)
        cr_assert_eq(targets[i][0], 2 + i);
}

/* Disk 1 was away: its pages are old. */
static void start_out_of_step(void)
{
    static _Alignas(PAGE_BYTES) uint8_t frames[64 * PAGE_BYTES];
    object_init((uint64_t)frames, (uint64_t)frames + sizeof(frames), 0, UINT32_MAX);
    start();
    volume_in_step_set(1, 1);
    for (uint64_t id = 1; id <= PAGES; id++)
        memset(block_of(1, id), 0xee, BLOCK_BYTES);
    resync_begin();
    resync_step();
}

static void resync_settle(void)
{
    for (unsigned i = 0; i < 20 * PAGES; i++) {
        (void)io_poll();
        resync_step();
    }
}

Test(resync, a_disk_that_was_away_gets_what_the_other_has_and_is_in_step_then)
{
    start_out_of_step();
    cr_assert_eq(volume_in_step(), 1, "not before it is done");
    resync_settle();
    cr_assert_eq(volume_in_step(), 3);
    for (uint64_t id = 1; id <= PAGES; id++)
        cr_assert_arr_eq(block_of(1, id), block_of(0, id), BLOCK_BYTES);
    cr_assert_eq(host_disk_counters(1)->flushes, 1);
    block_of(0, 5)[0] ^= 1;
    read_page(5, 5, true);
    cr_assert_eq(host_disk_counters(0)->write_requests, 1, "it is read again");
}

Test(resync, what_is_written_meanwhile_is_on_both_in_the_end)
{
    start_out_of_step();
    uint8_t expected[PAGES + 1];
    unsigned refused = 0, written = 0;
    for (unsigned id = 1; id <= PAGES; id++)
        expected[id] = (uint8_t)id;
    for (unsigned round = 0; volume_in_step() != 3; round++) {
        cr_assert_lt(round, 10000u);
        unsigned id = 1 + round * 7 % PAGES;
        if (round % 5 == 0 && write_pages(id, 1, IO_PLEXES, (int)(100 + round % 99)) == 1) {
            expected[id] = (uint8_t)(100 + round % 99);
            written++;
        } else {
            refused += round % 5 == 0;
        }
        (void)io_poll();
        resync_step();
    }
    (void)io_poll();
    (void)io_poll();
    cr_assert_gt(written, 3u);
    cr_assert_gt(refused, 0u, "some were on their way");
    cr_assert_eq(bad_answers, 0);
    for (unsigned id = 1; id <= PAGES; id++)
        for (unsigned disk = 0; disk < 2; disk++)
            cr_assert_eq(block_of(disk, id)[77], expected[id], "page %u, disk %u", id, disk);
}

Test(resync, writes_elsewhere_that_never_end_do_not_keep_the_copy_from_being_made)
{
    start_out_of_step();
    for (unsigned round = 0; volume_in_step() != 3; round++) {
        static uint8_t page[BLOCK_BYTES];
        void *source = page;
        cr_assert_lt(round, 2000u);
        cr_assert_eq(io_write(RANGE_PAGES, LONE_ID + round % 8, &source, 1, IO_PLEXES, owner), 1);
        resync_step(); /* while that is under way */
        (void)io_poll();
    }
    cr_assert_eq(bad_answers, 0);
    for (unsigned id = 1; id <= PAGES; id++)
        cr_assert_eq(block_of(1, id)[5], id);
}

Test(resync, a_disk_that_fails_on_the_way_stays_out)
{
    start_out_of_step();
    for (unsigned i = 0; i < 4; i++) {
        (void)io_poll();
        resync_step();
    }
    host_disk_fail(1);
    resync_settle();
    cr_assert_eq(volume_in_step(), 1);
    cr_assert_not(volume_disk_used(1));
    read_page(5, 5, true);
}

Test(resync, a_block_that_nobody_can_read_is_not_copied_and_does_not_keep_the_rest_out_of_step)
{
    static const uint8_t nothing[BLOCK_BYTES];
    start_out_of_step();
    host_disk_unreadable(0, PAIR_BLOCK + 30);
    resync_settle();
    cr_assert_eq(volume_in_step(), 3);
    for (uint64_t id = 1; id <= PAGES; id++)
        cr_assert_arr_eq(block_of(1, id), id == 31 ? nothing : block_of(0, id), BLOCK_BYTES);
}
