/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kernel_driver_block_test.c - the block driver: over our disk model, and under devices that do
 * everything wrong. */
#include "kernel/driver/virtio_block.h"

#include <criterion/criterion.h>
#include <string.h>

#include "kernel/driver/virtio.h"
#include "tests/kernel_board.h"
#include "tests/support_device.h"

#define IN_FLIGHT_MAX 42u /* VIRTQUEUE_SIZE / 3 */
#define BLOCK_SECTORS 8u
#define SECOND_NS 1000000000ull

/* Owners are numbered through their pointers. */
static uint8_t owners[64];

/* Ask for one piece, if there is room. */
static bool begin(unsigned disk, enum block_op op, uint64_t sector, void *data, uint32_t size_bytes,
                  unsigned owner)
{
    if (virtio_block_room(disk, 1) == 0)
        return false;
    virtio_block_start(disk, &(struct block_request){
        .op = op, .sector = sector, .pieces = &data, .count = op != BLOCK_FLUSH,
        .piece_bytes = size_bytes, .owner = &owners[owner]});
    return true;
}

/* Let a second pass, then count the answers of a disk; all of them must be good or all bad. */
static unsigned answers(unsigned disk, bool expected_good)
{
    void *owner;
    bool good;
    unsigned count = 0;
    board_pass(SECOND_NS);
    while (virtio_block_finished(disk, &owner, &good)) {
        cr_assert_eq(good, expected_good);
        owners[(uint8_t *)owner - owners]++;
        count++;
    }
    return count;
}

Test(driver_block, four_disks_are_found_with_their_sizes)
{
    board_start(&(struct kernel_board){.disk_count = 4});
    cr_assert_eq(virtio_block_count(), 4);
    for (unsigned disk = 0; disk < 4; disk++)
        cr_assert_eq(virtio_block_sectors(disk), BOARD_DISK_SECTORS);
}

Test(driver_block, what_is_written_to_one_disk_can_be_read_and_the_others_are_as_before)
{
    uint8_t out[4096], in[4096] = {0};
    board_start(&(struct kernel_board){.disk_count = 3, .disk_write_through = true});
    for (unsigned i = 0; i < sizeof(out); i++)
        out[i] = (uint8_t)(i * 7 + i / 256);
    cr_assert(begin(1, BLOCK_WRITE, 80, out, sizeof(out), 1));
    cr_assert_eq(answers(1, true), 1);
    cr_assert_arr_eq(board_media(1) + 80 * 512, out, sizeof(out));
    cr_assert(begin(1, BLOCK_READ, 80, in, sizeof(in), 2));
    cr_assert_eq(answers(1, true), 1);
    cr_assert_arr_eq(in, out, sizeof(out));
    for (unsigned i = 0; i < BOARD_DISK_SECTORS * 512; i++) {
        cr_assert_eq(board_media(0)[i], 0);
        cr_assert_eq(board_media(2)[i], 0);
    }
}

Test(driver_block, a_write_is_on_the_media_when_a_flush_after_it_is_answered)
{
    uint8_t out[4096];
    memset(out, 0x5a, sizeof(out));
    board_start(&(struct kernel_board){.disk_count = 1, .disk_timing = DISK_TIMING_HDD});
    cr_assert(begin(0, BLOCK_WRITE, 0, out, sizeof(out), 1));
    cr_assert_eq(answers(0, true), 1);
    cr_assert(begin(0, BLOCK_FLUSH, 0, NULL, 0, 2));
    cr_assert_eq(answers(0, true), 1);
    cr_assert_arr_eq(board_media(0), out, sizeof(out));
}

Test(driver_block, a_disk_without_a_cache_is_flushed_without_asking_it)
{
    board_start(&(struct kernel_board){.disk_count = 1, .disk_write_through = true});
    cr_assert(begin(0, BLOCK_FLUSH, 0, NULL, 0, 3));
    cr_assert_eq(answers(0, true), 1);
    cr_assert_eq(owners[3], 1);
}

Test(driver_block, many_requests_are_in_flight_and_each_is_answered_once)
{
    static uint8_t blocks[IN_FLIGHT_MAX][4096];
    board_start(&(struct kernel_board){.disk_count = 1, .disk_timing = DISK_TIMING_HDD});
    for (unsigned i = 0; i < BOARD_DISK_SECTORS * 512; i++)
        board_media(0)[i] = (uint8_t)(i / 4096);
    for (unsigned round = 1; round <= 8; round++) {
        unsigned started = 0;
        while (started < IN_FLIGHT_MAX + 1 &&
               begin(0, BLOCK_READ, (IN_FLIGHT_MAX - started) * BLOCK_SECTORS * round,
                                  blocks[started % IN_FLIGHT_MAX], 4096, started))
            started++;
        cr_assert_eq(started, IN_FLIGHT_MAX, "no room for more");
        cr_assert_eq(answers(0, true), IN_FLIGHT_MAX);
        for (unsigned i = 0; i < IN_FLIGHT_MAX; i++) {
            cr_assert_eq(owners[i], round);
            cr_assert_eq(blocks[i][4095], (uint8_t)((IN_FLIGHT_MAX - i) * round));
        }
    }
}

Test(driver_block, pieces_of_memory_are_one_request_to_the_disk)
{
    static uint8_t out[BLOCK_PIECES_MAX][4096], in[BLOCK_PIECES_MAX][4096];
    void *backwards[BLOCK_PIECES_MAX], *forwards[BLOCK_PIECES_MAX];
    board_start(&(struct kernel_board){.disk_count = 1, .disk_write_through = true});
    for (unsigned i = 0; i < BLOCK_PIECES_MAX; i++) {
        memset(out[i], (int)(i + 1), sizeof(out[i]));
        backwards[i] = out[BLOCK_PIECES_MAX - 1 - i];
        forwards[i] = in[i];
    }
    struct block_request request = {.op = BLOCK_WRITE, .sector = 64, .pieces = backwards,
                                    .count = BLOCK_PIECES_MAX, .piece_bytes = 4096,
                                    .owner = &owners[5]};
    virtio_block_start(0, &request);
    cr_assert_eq(answers(0, true), 1);
    request.op = BLOCK_READ;
    request.pieces = forwards;
    virtio_block_start(0, &request);
    cr_assert_eq(answers(0, true), 1);
    cr_assert_eq(owners[5], 2);
    for (unsigned i = 0; i < BLOCK_PIECES_MAX; i++)
        cr_assert_arr_eq(in[i], out[BLOCK_PIECES_MAX - 1 - i], 4096);
}

Test(driver_block, two_of_the_largest_requests_are_in_flight_and_then_there_is_no_room)
{
    static uint8_t data[4096];
    void *pieces[BLOCK_PIECES_MAX];
    board_start(&(struct kernel_board){.disk_count = 1, .disk_timing = DISK_TIMING_HDD});
    for (unsigned i = 0; i < BLOCK_PIECES_MAX; i++)
        pieces[i] = data;
    unsigned started = 0, room;
    while ((room = virtio_block_room(0, 1)) > 0) {
        cr_assert_leq(virtio_block_room(0, 2), room);
        virtio_block_start(0, &(struct block_request){
            .op = BLOCK_READ, .sector = 0, .pieces = pieces, .count = room, .piece_bytes = 4096,
            .owner = &owners[started]});
        cr_assert_eq(room, BLOCK_PIECES_MAX);
        started++;
    }
    cr_assert_eq(started, 2);
    cr_assert_eq(answers(0, true), 2);
    cr_assert_eq(virtio_block_room(0, 1), BLOCK_PIECES_MAX);
}

Test(driver_block, memory_that_follows_memory_is_one_part_of_a_request)
{
    static uint8_t data[BLOCK_PIECES_MAX][4096];
    void *pieces[BLOCK_PIECES_MAX];
    board_start(&(struct kernel_board){.disk_count = 1, .disk_timing = DISK_TIMING_HDD});
    for (unsigned i = 0; i < BLOCK_PIECES_MAX; i++)
        pieces[i] = data[i];
    for (unsigned started = 0; started < 8; started++) {
        cr_assert_eq(virtio_block_room(0, 1), BLOCK_PIECES_MAX);
        virtio_block_start(0, &(struct block_request){
            .op = BLOCK_READ, .sector = 0, .pieces = pieces, .count = BLOCK_PIECES_MAX,
            .piece_bytes = 4096, .owner = &owners[started]});
    }
    cr_assert_eq(answers(0, true), 8);
}

Test(driver_block, a_write_to_a_read_only_disk_is_answered_as_bad_and_reads_go_on)
{
    uint8_t block[4096] = {1};
    board_start(&(struct kernel_board){.disk_count = 1, .disk_read_only = true});
    cr_assert(begin(0, BLOCK_WRITE, 0, block, sizeof(block), 0));
    cr_assert_eq(answers(0, false), 1);
    cr_assert(begin(0, BLOCK_READ, 0, block, sizeof(block), 0));
    cr_assert_eq(answers(0, true), 1);
    cr_assert_eq(board_media(0)[0], 0);
}

Test(driver_block, a_sector_beyond_the_end_is_answered_as_bad)
{
    uint8_t block[4096];
    board_start(&(struct kernel_board){.disk_count = 1});
    cr_assert(begin(0, BLOCK_READ, BOARD_DISK_SECTORS, block, 4096, 0));
    cr_assert_eq(answers(0, false), 1);
}

Test(driver_block, a_disk_that_was_given_up_answers_everything_as_bad_once)
{
    static uint8_t blocks[4][4096];
    board_start(&(struct kernel_board){.disk_count = 2, .disk_timing = DISK_TIMING_HDD});
    for (unsigned i = 0; i < 4; i++)
        cr_assert(begin(0, BLOCK_READ, i * BLOCK_SECTORS, blocks[i], 4096,
                                     i));
    virtio_block_give_up(0);
    cr_assert_eq(answers(0, false), 4);
    for (unsigned i = 0; i < 4; i++)
        cr_assert_eq(owners[i], 1);
    cr_assert(begin(0, BLOCK_WRITE, 0, blocks[0], 4096, 0));
    cr_assert(begin(0, BLOCK_FLUSH, 0, NULL, 0, 1));
    cr_assert_eq(answers(0, false), 2);
    cr_assert(begin(1, BLOCK_READ, 0, blocks[0], 4096, 5));
    cr_assert_eq(answers(1, true), 1, "the other disk works");
}

/* A transport of our own making. Its queue memory is what the driver wrote into the registers. */

enum { QUEUE_SELECT = 0x30, QUEUE_SIZE_MAX = 0x34, QUEUE_READY = 0x44, STATUS = 0x70,
       INTERRUPT_STATUS = 0x60, USED_LOW = 0xa0, USED_HIGH = 0xa4, FEATURES = 0x10,
       FEATURES_SELECT = 0x14 };

struct rogue {
    uint32_t version, queue_size_max, features_high, id;
    bool refuses_features, never_resets;
    uint32_t status, interrupt_status, features_select;
    uint64_t used_addr;
};

static uint64_t rogue_read(void *context, uint64_t offset, unsigned size_bytes)
{
    struct rogue *rogue = context;
    (void)size_bytes;
    switch (offset) {
    case 0x000:
        return 0x74726976;
    case 0x004:
        return rogue->version;
    case 0x008:
        return rogue->id;
    case FEATURES:
        return rogue->features_select ? rogue->features_high : 0;
    case QUEUE_SIZE_MAX:
        return rogue->queue_size_max;
    case INTERRUPT_STATUS:
        return rogue->interrupt_status;
    case STATUS:
        return rogue->refuses_features ? rogue->status & ~8u : rogue->status;
    default:
        return 0;
    }
}

static void rogue_write(void *context, uint64_t offset, unsigned size_bytes, uint64_t value)
{
    struct rogue *rogue = context;
    (void)size_bytes;
    if (offset == STATUS && !(value == 0 && rogue->never_resets))
        rogue->status = (uint32_t)value;
    else if (offset == FEATURES_SELECT)
        rogue->features_select = (uint32_t)value;
    else if (offset == USED_LOW)
        rogue->used_addr = (rogue->used_addr & ~0xffffffffull) | value;
    else if (offset == USED_HIGH)
        rogue->used_addr = (rogue->used_addr & 0xffffffff) | value << 32;
}

#define ROGUE                                                                                      \
    {.version = 2, .queue_size_max = 64, .features_high = 1, .id = VIRTIO_ID_BLOCK}

static const struct fdt_device slot = {.base = BOARD_VIRTIO_BASE, .irq = BOARD_VIRTIO_IRQ};

static void rogue_start(struct rogue *rogue, struct board_double *substitute)
{
    *substitute = (struct board_double){rogue_read, rogue_write, rogue};
    board_start(&(struct kernel_board){0});
    board_replace(BOARD_INDEX_BLOCK_0, substitute);
}

/* The device answers a descriptor. */
static void rogue_answer(const struct rogue *rogue, uint16_t index, unsigned entry, uint32_t id)
{
    uint32_t *ring = (uint32_t *)(rogue->used_addr + 4);
    ring[2 * entry] = id;
    *(uint16_t *)(rogue->used_addr + 2) = index;
}

Test(driver_block, a_legacy_device_is_left_alone_and_said_so)
{
    struct rogue rogue = ROGUE;
    struct board_double substitute;
    rogue.version = 1;
    rogue.status = 0x55;
    rogue_start(&rogue, &substitute);
    cr_assert_eq(virtio_probe(&slot), 0);
    cr_assert_eq(rogue.status, 0x55, "not touched");
    cr_assert_not_null(strstr(board_seen()->kernel, "legacy interface"));
    rogue.version = 2;
    cr_assert_eq(virtio_probe(&slot), VIRTIO_ID_BLOCK);
}

Test(driver_block, a_device_that_cannot_be_agreed_with_is_refused)
{
    static const struct rogue cases[] = {
        {.queue_size_max = 64, .features_high = 0},                            /* not version 1 */
        {.queue_size_max = 64, .features_high = 1, .refuses_features = true},
        {.queue_size_max = 64, .features_high = 1, .never_resets = true, .status = 1},
        {.queue_size_max = 0, .features_high = 1},                             /* no queue */
        {.queue_size_max = 2, .features_high = 1},                             /* too short */
    };
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct rogue rogue = cases[i];
        struct board_double substitute;
        if (i == 0)
            rogue_start(&rogue, &substitute);
        substitute = (struct board_double){rogue_read, rogue_write, &rogue};
        board_replace(BOARD_INDEX_BLOCK_0, &substitute);
        cr_assert_not(virtio_block_attach(&slot), "case %u", i);
        cr_assert_eq(virtio_block_count(), 0);
    }
}

Test(driver_block, a_queue_size_is_a_power_of_two_whatever_the_device_says)
{
    static struct virtqueue queue;
    struct rogue rogue = ROGUE;
    struct board_double substitute;
    rogue_start(&rogue, &substitute);
    static const uint32_t sizes[][2] = {{1, 1}, {3, 2}, {48, 32}, {63, 32}, {64, 64}, {1000, 128}};
    for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        rogue.queue_size_max = sizes[i][0];
        cr_assert_neq(virtio_begin(&slot, 0, &queue, 1), 0);
        cr_assert_eq(queue.size, sizes[i][1]);
    }
}

/* A read of disk 0 is on its way. */
static void rogue_begin(struct rogue *rogue, struct board_double *substitute, unsigned owner)
{
    static uint8_t block[4096];
    rogue_start(rogue, substitute);
    cr_assert(virtio_block_attach(&slot));
    cr_assert(begin(0, BLOCK_READ, 0, block, sizeof(block), owner));
}

/* What comes of one request whose answer is wrong in this way: it is answered as bad, once, and the
 * device was reset. */
static void rogue_answers_with(uint16_t index, uint32_t id)
{
    uint8_t block[4096];
    struct rogue rogue = ROGUE;
    struct board_double substitute;
    rogue_begin(&rogue, &substitute, 7);
    rogue_answer(&rogue, index, 0, id);
    cr_assert_eq(answers(0, false), 1);
    cr_assert_eq(owners[7], 1);
    cr_assert_eq(rogue.status, 0x80, "reset, then marked as failed");
    cr_assert(begin(0, BLOCK_READ, 0, block, sizeof(block), 7));
    cr_assert_eq(answers(0, false), 1);
}

Test(driver_block, an_answer_for_a_descriptor_that_does_not_exist_ends_the_device)
{
    rogue_answers_with(1, 64);
}

Test(driver_block, an_answer_for_a_descriptor_that_is_not_a_head_ends_the_device)
{
    rogue_answers_with(1, 1);
}

Test(driver_block, an_answer_for_a_free_descriptor_ends_the_device)
{
    rogue_answers_with(1, 40);
}

Test(driver_block, an_index_that_runs_away_ends_the_device)
{
    rogue_answers_with(65, 0);
}

Test(driver_block, a_second_answer_to_one_request_ends_the_device)
{
    struct rogue rogue = ROGUE;
    struct board_double substitute;
    rogue_begin(&rogue, &substitute, 0);
    rogue_answer(&rogue, 1, 0, 0);
    cr_assert_eq(answers(0, false), 1, "it left the status as it was: bad");
    cr_assert_eq(rogue.status, 0xf, "but it is still a disk");
    rogue_answer(&rogue, 2, 1, 0);
    cr_assert_eq(answers(0, false), 0);
    cr_assert_eq(rogue.status, 0x80);
}

Test(driver_block, a_device_that_asks_for_a_reset_is_given_up)
{
    struct rogue rogue = ROGUE;
    struct board_double substitute;
    rogue_begin(&rogue, &substitute, 0);
    rogue.status |= 0x40;
    cr_assert(virtio_block_interrupt(slot.irq));
    cr_assert_eq(answers(0, false), 1);
    cr_assert_eq(rogue.status, 0x80);
}

Test(driver_block, random_answers_are_survived_and_no_request_is_answered_twice)
{
    struct fake_random random = {fake_random_seed()};
    cr_log_info("seed %llu", (unsigned long long)random.state);
    static uint8_t block[4096];
    struct rogue rogue = ROGUE;
    struct board_double substitute;
    unsigned started = 0, finished = 0;
    rogue_start(&rogue, &substitute);
    cr_assert(virtio_block_attach(&slot));
    for (uint64_t round = 0, index = 0; round < fake_steps(20000); round++) {
        void *owner;
        bool good;
        if (begin(0, BLOCK_READ, 0, block, sizeof(block), 0))
            started++;
        /* Mostly the truth: heads lie three apart. */
        uint32_t id = (uint32_t)fake_random_below(&random, IN_FLIGHT_MAX) * 3;
        if (fake_random_below(&random, 5000) == 0)
            id = (uint32_t)fake_random_next(&random);
        rogue_answer(&rogue, (uint16_t)(index + 1), index % 64, id);
        index++;
        while (virtio_block_finished(0, &owner, &good))
            finished++;
        cr_assert_leq(finished, started);
        cr_assert_leq(started - finished, IN_FLIGHT_MAX);
    }
    cr_assert_eq(rogue.status, 0x80, "sooner or later a lie was found out");
    cr_assert_eq(started, finished);
}
