/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kernel_migrate_test.c - a committed checkpoint is brought home: what comes of the homes, in which
 * order, in how many requests, and what happens when a block or a disk is bad. */
#include "kernel/migrate.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "disks/checksum.h"
#include "kernel/directory.h"
#include "kernel/io.h"
#include "kernel/object.h"
#include "tests/arch_host.h"
#include "tests/host_disk.h"

#define NODES 150u
#define STORE_PAGES 600u
#define RAM_BYTES (4u << 20)
#define FIRST 20u     /* the first page and node of the checkpoint */
#define MOVED 70u     /* pages of it; the last of them all zero */
#define CHANGED 40u   /* nodes of it */
#define GENERATION 1u /* that the store is at */
#define TURNS_MAX 5000u

static struct store *store;
static uint8_t *before; /* the disk as it was */
static uint64_t flushes; /* when it was booted */

static uint8_t *block_at(uint64_t block)
{
    return store_block(store, block);
}

/* A block of the area of the newest checkpoint, behind its directory. */
static uint8_t *area_block(uint64_t index, uint64_t *location)
{
    struct volume_home home;
    *location = AREA_ID(0, 1 + index);
    cr_assert(volume_home(RANGE_CKPT_AREA, *location, 0, &home));
    return block_at(home.block);
}

static void put(struct directory_entry *entry, uint64_t location, uint64_t count, uint64_t word)
{
    entry->location = location;
    entry->allocation_count = count;
    entry->checksum_or_calls = word;
    cr_assert(directory_put(DIRECTORY_COMMITTED, entry));
}

static void page_commit(uint64_t id, uint64_t index)
{
    uint64_t location;
    uint8_t *block = area_block(index, &location);
    struct directory_entry entry = directory_entry_make(DIRECTORY_PAGE, id);
    memset(block, (int)id, BLOCK_BYTES);
    put(&entry, location, id + 1000,
        checksum64(block, BLOCK_BYTES, checksum_seed(CHECKSUM_PAGE, id)));
}

static void node_commit(uint64_t id, uint64_t index, unsigned place)
{
    uint64_t location;
    struct node_pot *pot = (struct node_pot *)area_block(index, &location);
    struct directory_entry entry = directory_entry_make(DIRECTORY_NODE, id);
    entry.index = (uint8_t)place;
    pot->generation[0] = GENERATION;
    pot->nodes[place].allocation_count = id + 2000;
    pot->nodes[place].slots[5] = store_number(id * 7);
    pot->checksum = checksum64((uint8_t *)pot + 8, BLOCK_BYTES - 8,
                               checksum_seed(CHECKSUM_AREA_POT, location));
    put(&entry, location, id + 2000, 0);
}

/* A checkpoint is in area 0: MOVED pages, the last one all zero, and CHANGED nodes. */
static void start(void)
{
    store = store_create(NODES, STORE_PAGES);
    store_finish(store);
    store_share(store);
    cr_assert_null(host_boot(store, RAM_BYTES));
    for (unsigned i = 0; i + 1 < MOVED; i++)
        page_commit(FIRST + i, i);
    struct directory_entry zero = directory_entry_make(DIRECTORY_ZERO_PAGE, FIRST + MOVED - 1);
    put(&zero, 0, 5, 0);
    for (unsigned i = 0; i < CHANGED; i++) /* in an order of their own */
        node_commit(FIRST + i * 7 % CHANGED, MOVED + i / POT_NODES, i % POT_NODES);
    size_t size = store->block_count * BLOCK_BYTES;
    before = malloc(size);
    cr_assert_not_null(before);
    memcpy(before, store->bytes, size);
    flushes = host_disk_counters(0)->flushes;
}

static uint64_t pots_of_nodes(void)
{
    return (NODES + POT_NODES - 1) / POT_NODES;
}

/* While only plex 0 of the pots was written and not flushed, plex 1 is as it was. */
static void check_order(void)
{
    if (host_disk_counters(0)->flushes > flushes)
        return;
    uint64_t at = store->node_block[1] * BLOCK_BYTES;
    cr_assert_arr_eq(store->bytes + at, before + at, pots_of_nodes() * BLOCK_BYTES);
    at = store->page_pot_block[1] * BLOCK_BYTES;
    cr_assert_arr_eq(store->bytes + at, before + at, 3 * BLOCK_BYTES);
}

static void migrate(void)
{
    migrate_begin(GENERATION);
    for (unsigned turn = 0; !migrate_step(); turn++) {
        cr_assert_lt(turn, TURNS_MAX);
        check_order();
        (void)io_poll();
    }
}

static void pot_must_be_good(const uint8_t *pot, uint64_t kind, uint64_t first_id)
{
    cr_assert(store_sealed(pot, BLOCK_BYTES, checksum_seed(kind, first_id)));
}

static void page_must_be_home(uint64_t id)
{
    uint64_t index = (id - 1) / POT_PAGES;
    const uint8_t *pots[2] = {block_at(store->page_pot_block[0] + index),
                              block_at(store->page_pot_block[1] + index)};
    cr_assert_arr_eq(pots[0], pots[1], BLOCK_BYTES);
    pot_must_be_good(pots[0], CHECKSUM_PAGE_POT, index * POT_PAGES + 1);
    const struct page_pot_entry *entry =
        &((const struct page_pot *)pots[0])->pages[(id - 1) % POT_PAGES];
    if (id == FIRST + MOVED - 1) {
        cr_assert_eq(PAGE_POT_FLAGS(entry), PAGE_POT_ZERO);
        return;
    }
    cr_assert_eq(PAGE_POT_COUNT(entry), id + 1000);
    cr_assert_eq(store_page(store, id)[9], (uint8_t)id);
    cr_assert_eq(entry->checksum, checksum64(store_page(store, id), BLOCK_BYTES,
                                             checksum_seed(CHECKSUM_PAGE, id)));
}

static void all_must_be_home(void)
{
    for (unsigned i = 0; i < MOVED; i++)
        page_must_be_home(FIRST + i);
    for (uint64_t id = 1; id <= NODES; id++) {
        bool changed = id >= FIRST && id < FIRST + CHANGED;
        uint64_t index = (id - 1) / POT_NODES;
        const uint8_t *pot = block_at(store->node_block[0] + index);
        cr_assert_arr_eq(pot, block_at(store->node_block[1] + index), BLOCK_BYTES);
        pot_must_be_good(pot, CHECKSUM_NODE_POT, index * POT_NODES + 1);
        cr_assert_eq(store_node(store, id)->allocation_count, changed ? id + 2000 : 0);
        cr_assert_eq(store_node(store, id)->slots[5].count, changed ? id * 7 : 0);
    }
}

Test(migrate, all_is_home_with_both_plexes_in_turn)
{
    start();
    migrate();
    all_must_be_home();
    cr_assert_eq(host_disk_counters(0)->flushes - flushes, 1 + 2, "in the first one of a life");
    uint64_t other = store->page_block + FIRST + MOVED - 1;
    cr_assert_arr_eq(block_at(other), before + other * BLOCK_BYTES, BLOCK_BYTES);
}

Test(migrate, once_more_gives_the_same_homes)
{
    start();
    migrate();
    memcpy(before, store->bytes, store->block_count * BLOCK_BYTES);
    migrate();
    cr_assert_arr_eq(store->bytes, before, store->block_count * BLOCK_BYTES);
}

/* Migrate so far, in a life of its own: its memory goes, the disk stays. */
static void life(unsigned turns)
{
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        migrate_begin(GENERATION);
        for (unsigned turn = 0; turn < turns && !migrate_step(); turn++)
            (void)io_poll();
        _exit(0);
    }
    int status;
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert_eq(status, 0);
}

Test(migrate, one_that_was_cut_off_is_made_good_by_the_next)
{
    start();
    for (unsigned turns = 1; turns < 40; turns++) {
        memcpy(store->bytes, before, store->block_count * BLOCK_BYTES);
        life(turns);
        life(TURNS_MAX);
        all_must_be_home();
    }
}

Test(migrate, what_lies_together_moves_in_one_request)
{
    start();
    const struct host_disk_counters *counters = host_disk_counters(0);
    uint64_t reads = counters->read_requests;
    migrate();
    /* 69 pages: 3 writes of up to 32; one page pot and four node pots, of each plex: 2 writes. */
    cr_assert_leq(counters->write_requests, 3 + 2 * 2);
    /* The same reads, one pot of page counts, four of nodes, a look at each; three of the area. */
    cr_assert_leq(counters->read_requests - reads, 3 + 2 * (1 + 4) + 3);
    cr_assert_geq(counters->depth_max, 3, "pots are read together");
}

Test(migrate, a_page_that_is_dirty_again_is_left_to_the_next_checkpoint)
{
    start();
    struct page_frame *page = host_page(FIRST + 2);
    cr_assert_eq(page->data[0], FIRST + 2, "it comes from the area");
    cr_assert_eq(object_page_writable(page), FETCH_PRESENT);
    page_dirty(page);
    page->data[0] = 0xdd;
    migrate();
    cr_assert_eq(store_page(store, FIRST + 2)[0], 0);
    page_must_be_home(FIRST + 3);
    cr_assert(page->dirty);
    cr_assert_eq(page->data[0], 0xdd);
}

Test(migrate, a_clean_frame_saves_the_read)
{
    start();
    for (unsigned i = 0; i + 1 < MOVED; i++)
        (void)host_page(FIRST + i);
    uint64_t reads = host_disk_counters(0)->read_requests;
    migrate();
    cr_assert_leq(host_disk_counters(0)->read_requests - reads, 2 * (1 + 4) + 3, "pots only");
    all_must_be_home();
}

Test(migrate, a_pot_of_which_a_copy_is_bad_is_brought_in_from_the_other)
{
    start();
    block_at(store->node_block[0] + 1)[600] ^= 8;
    host_disk_unreadable(0, store->page_pot_block[0]);
    migrate();
    all_must_be_home();
    cr_assert(strstr(host_console(), "node pot 16: copy 0 was bad; rewritten from the other"));
    cr_assert(strstr(host_console(), "page pot 1: copy 0 was bad; rewritten from the other"));
}

static struct node_pot *pot_of_18(unsigned plex, uint8_t generation)
{
    struct node_pot *pot = (struct node_pot *)block_at(store->node_block[plex] + 1);
    pot->generation[0] = generation;
    pot->checksum = checksum64((uint8_t *)pot + 8, BLOCK_BYTES - 8,
                               checksum_seed(CHECKSUM_NODE_POT, 1 + POT_NODES));
    return pot;
}

Test(migrate, a_pot_of_which_copy_0_is_older_is_brought_in_from_the_other)
{
    start();
    uint64_t was = pot_of_18(1, GENERATION)->nodes[17 - POT_NODES].slots[5].count;
    pot_of_18(0, GENERATION - 1)->nodes[17 - POT_NODES].slots[5].count = was + 99;
    (void)pot_of_18(0, GENERATION - 1);
    memcpy(before, store->bytes, store->block_count * BLOCK_BYTES);
    migrate();
    cr_assert_eq(store_node(store, 18)->slots[5].count, was);
    all_must_be_home();
    cr_assert(strstr(host_console(), "node pot 16: copy 0 was bad; rewritten from the other"));
}

Test(migrate, a_copy_1_that_only_seems_to_be_newer_is_not_taken)
{
    start();
    (void)pot_of_18(0, GENERATION - 1);
    pot_of_18(1, GENERATION - 1)->generation[5] ^= 0x80;
    migrate_begin(GENERATION);
    for (unsigned turn = 0; !migrate_step(); turn++) { /* plex 1 is rewritten at once */
        cr_assert_lt(turn, TURNS_MAX);
        (void)io_poll();
    }
    all_must_be_home();
    cr_assert(strstr(host_console(), "node pot 16: copy 1 was bad; rewritten from the other"));
}

Test(migrate, a_page_that_is_bad_in_the_area_is_lost_and_its_home_not_taken_for_it)
{
    start();
    uint64_t location;
    struct page_frame *page;
    struct key key = key_make(KEY_PAGE, 0, FIRST + 5, FIRST + 5 + 1000);
    area_block(5, &location)[77] ^= 1;
    migrate();
    for (unsigned i = 0; i < MOVED; i++)
        if (i != 5)
            page_must_be_home(FIRST + i);
    directory_clear(DIRECTORY_COMMITTED);
    object_begin();
    enum fetch fetch;
    while ((fetch = key_page(&key, &page)) == FETCH_STALL)
        (void)io_poll();
    cr_assert_eq(fetch, FETCH_VOID);
    cr_assert_eq(key_type(&key), KEY_PAGE, "the key is no other for it");
}

Test(migrate, a_disk_that_cannot_be_written_ends_the_system_if_it_is_the_last, .signal = SIGABRT)
{
    start();
    host_disk_read_only(0);
    migrate();
}
