/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kernel_crash_test.c - what a crash, a torn write or a disk that went left on the store, and what
 * the next life makes of it: pots and their shadows, blocks of an area, the journal's ring, disks
 * that are not in step; and stores that a restart refuses. The disks are pretended; each life is a
 * process of its own, and the first disk is what they share. */
#include "kernel/migrate.h"

#include <criterion/criterion.h>
#include <string.h>

#include "disks/checksum.h"
#include "kernel/checkpoint.h"
#include "kernel/directory.h"
#include "kernel/io.h"
#include "kernel/object.h"
#include "kernel/resync.h"
#include "tests/host_disk.h"
#include "tests/kernel_calls.h"

#define NODES 1200u
#define STORE_PAGES 600u
#define RAM_BYTES (4u << 20)
#define TURNS_MAX 5000u
#define BATCH 16u          /* pots that migration writes together */
#define POTS (3u * BATCH)  /* in which something changed */
#define FIRST_POT 2u       /* of them */
#define RING 40u           /* blocks of the journal, of all its plexes */
#define OTHER_BLOCKS 1000u /* of another disk */
#define INTERVAL_MS 10u
#define SLOT_JOURNAL 1u
#define SLOT_PAGE 2u       /* and the next: pages of its memory that the domain journals */
#define PAGE_ADDR 0x6000u  /* where the first of them is */

static struct store *store;
static uint8_t other[OTHER_BLOCKS * BLOCK_BYTES] __attribute__((aligned(16)));

static void store_begin(uint64_t page_count)
{
    store = store_create(NODES, page_count);
    store_finish(store);
}

static void booted(void)
{
    const char *problem = host_boot(store, RAM_BYTES);
    cr_assert_null(problem, "%s", problem);
}

/* --- pots, and their shadows --- */

/* The last node of a pot: what changes is not only in the pot's first sectors. */
static uint64_t changed_id(unsigned i)
{
    return POT_NODES * (FIRST_POT + i + 1);
}

static bool pot_good(const uint8_t *home, unsigned i)
{
    return store_sealed(home, BLOCK_BYTES,
                        checksum_seed(CHECKSUM_NODE_POT, changed_id(i) - POT_NODES + 1));
}

static uint8_t *pot_home(unsigned i)
{
    return store_block(store, store->node_block[0] + FIRST_POT + i);
}

/* Node i is in the newest checkpoint: one of each of so many pots. */
static void node_commit(unsigned i)
{
    uint64_t location = AREA_ID(0, 1 + i / POT_NODES);
    struct node_pot *pot =
        (struct node_pot *)store_block(store, store->directory_block + 1 + i / POT_NODES);
    struct directory_entry entry = directory_entry_make(DIRECTORY_NODE, changed_id(i));
    pot->generation[0] = 1;
    pot->nodes[i % POT_NODES].allocation_count = changed_id(i) + 2000;
    store_seal(pot, BLOCK_BYTES, checksum_seed(CHECKSUM_AREA_POT, location));
    entry.index = (uint8_t)(i % POT_NODES);
    entry.location = location;
    entry.allocation_count = changed_id(i) + 2000;
    cr_assert(directory_put(DIRECTORY_COMMITTED, &entry));
}

/* A life that migrates; if it is told a pot, until that is written, else to the end. 0: neither. */
static uint64_t migrates(const void *pot)
{
    if (host_boot(store, RAM_BYTES))
        return 0;
    for (unsigned i = 0; i < POTS; i++)
        node_commit(i);
    migrate_begin(1);
    for (unsigned turn = 0; turn < TURNS_MAX; turn++) {
        bool home = migrate_step();
        if (pot ? ((const struct node_pot *)pot)->generation[0] != 0 : home)
            return 1;
        (void)io_poll();
    }
    return 0;
}

/* The power is cut while pot i is written: of its sectors only the later ones got there. */
static void cut_at(unsigned i)
{
    uint8_t *home = pot_home(i), old[BLOCK_BYTES];
    memcpy(old, home, BLOCK_BYTES);
    cr_assert(host_apart(migrates, home));
    memcpy(home, old, BLOCK_BYTES / 4);
    cr_assert_not(pot_good(home, i));
}

static void all_must_be_home(unsigned torn)
{
    for (unsigned i = 0; i < POTS; i++) {
        cr_assert(pot_good(pot_home(i), i), "pot %u is bad after pot %u was torn", i, torn);
        cr_assert_eq(store_node(store, changed_id(i))->allocation_count, changed_id(i) + 2000);
    }
}

Test(crash, a_pot_torn_in_a_later_batch_is_made_whole_from_its_shadow)
{
    for (unsigned torn = BATCH / 2; torn < POTS; torn += BATCH / 2) {
        store_begin(STORE_PAGES);
        (void)store_shadows(store);
        store_one_plex(store, RANGE_NODES);
        store_share(store);
        cut_at(torn);
        cr_assert(host_apart(migrates, NULL), "the life after pot %u was torn ended badly", torn);
        all_must_be_home(torn);
        store_destroy(store);
    }
}

/* Of the pots of pages the first 20 have plex 0 only, the others plex 1. */
static void page_pots_split(void)
{
    struct volume_range *first = store_range(store, RANGE_PAGE_POTS, 0, 1);
    struct volume_range *second = store_range(store, RANGE_PAGE_POTS, 1, 1);
    first->block_count = second->block_count = 20;
    first->object_count = second->object_count = 20 * POT_PAGES;
    second->first_id += 20 * POT_PAGES;
    second->start_block += 20;
    store_volume_seal(store);
}

/* Three batches of a pass: pots of pages that need shadows, some that need none, pots of nodes that
 * need them again. */
Test(crash, a_shadow_is_written_over_only_after_what_it_shadows_is_durable)
{
    store_begin(40 * POT_PAGES);
    const uint8_t *shadow = store_block(store, store_shadows(store));
    const struct page_pot *home =
        (const struct page_pot *)store_block(store, store->page_pot_block[0] + 4);
    store_one_plex(store, RANGE_NODES);
    page_pots_split();
    booted();
    for (unsigned pot = 4; pot < 4 + 2 * BATCH; pot++) {
        struct directory_entry zero =
            directory_entry_make(DIRECTORY_ZERO_PAGE, 1 + pot * POT_PAGES);
        cr_assert(directory_put(DIRECTORY_COMMITTED, &zero));
    }
    for (unsigned i = 0; i < BATCH; i++)
        node_commit(i);
    uint64_t written_at = 0, looks = 0;
    migrate_begin(1);
    for (unsigned turn = 0; !migrate_step(); turn++) {
        uint64_t flushes = host_disk_counters(0)->flushes;
        cr_assert_lt(turn, TURNS_MAX);
        if (home->generation[0] == 0) {
            written_at = flushes;
        } else if (flushes == written_at) {
            cr_assert_arr_eq(shadow, home, BLOCK_BYTES);
            looks++;
        }
        (void)io_poll();
    }
    cr_assert_gt(looks, 0);
}

Test(crash, a_block_of_an_area_that_one_plex_has_not_got_is_read_from_the_other)
{
    store_begin(STORE_PAGES);
    uint64_t twin = store_range_cut(store_range(store, RANGE_CKPT_AREA, 0, AREA_ID(1, 0)), 100);
    store_range_add(store, &(struct volume_range){.kind = RANGE_CKPT_AREA, .plex = 1,
                                                  .first_id = AREA_ID(0, 0), .object_count = 100,
                                                  .block_count = 100, .start_block = twin});
    memcpy(store_block(store, twin), store_block(store, store->directory_block), BLOCK_BYTES);
    booted();
    node_commit(0);
    struct node_pot *lost = (struct node_pot *)store_block(store, store->directory_block + 1);
    memcpy(store_block(store, twin + 1), lost, BLOCK_BYTES);
    memset(lost, 0, BLOCK_BYTES); /* as it was two generations before: it passes its checksum */
    store_seal(lost, BLOCK_BYTES, checksum_seed(CHECKSUM_AREA_POT, AREA_ID(0, 1)));
    object_begin();
    const struct node_frame *node = host_node(changed_id(0));
    cr_assert(node);
    cr_assert_eq(node->allocation_count, changed_id(0) + 2000);
    cr_assert_arr_eq(lost, store_block(store, twin + 1), BLOCK_BYTES, "and is rewritten");
}

/* --- the ring, as it was found --- */

/* A ring with so many plexes takes the end of an area. Returns its first block. */
static uint64_t ring_add(uint8_t plexes)
{
    uint64_t size = RING / plexes;
    uint64_t block = store_range_cut(store_range(store, RANGE_CKPT_AREA, 0, AREA_ID(1, 0)), RING);
    for (uint8_t plex = 0; plex < plexes; plex++)
        store_range_add(store, &(struct volume_range){.kind = RANGE_JOURNAL, .plex = plex,
                                                      .object_count = size, .block_count = size,
                                                      .start_block = block + plex * size});
    return block;
}

/* A store of which the journal went on at this block of its ring; returns the block of the ring. */
static uint64_t ring_begin(uint64_t at)
{
    store_begin(STORE_PAGES);
    uint64_t ring = ring_add(1);
    store_ckpt(store)->journal_block = at;
    store_ckpt(store)->journal_sequence = 1;
    store_ckpt(store)->restart_count = 1;
    store_ckpt_seal(store);
    (void)store_shadows(store);
    return ring;
}

/* The first group after the checkpoint, written by this life, is there. */
static void group_write(uint64_t block, unsigned pages, uint64_t first_id, uint64_t restarts)
{
    struct journal_block *list = (struct journal_block *)store_block(store, block);
    *list = (struct journal_block){.sequence = 1, .generation = 1, .restart_count = restarts,
                                   .entry_count = pages};
    for (unsigned i = 0; i < pages; i++) {
        uint8_t *page = store_block(store, block + 1 + i);
        uint64_t seed = checksum_seed(CHECKSUM_PAGE, first_id + i);
        memset(page, (int)(first_id + i), BLOCK_BYTES);
        list->entries[i] = (struct journal_entry){
            .object_id = first_id + i, .checksum = checksum64(page, BLOCK_BYTES, seed)};
    }
    store_seal(list, BLOCK_BYTES, checksum_seed(CHECKSUM_JOURNAL, 1));
}

static void must_be_laid(uint64_t page_id)
{
    struct page_frame *page = host_page(page_id);
    cr_assert(directory_find_in(DIRECTORY_COMMITTED, RANGE_PAGES, page_id));
    cr_assert_not_null(page);
    cr_assert_eq(page->data[7], (uint8_t)page_id);
}

/* Life 1 was cut off within its first group, at the end of the ring. Life 2 found none, so its own
 * first one has the same number; it had to begin at block 0, and was answered. */
Test(crash, a_torn_group_does_not_hide_that_of_a_later_life)
{
    uint64_t ring = ring_begin(RING - 10);
    group_write(ring + RING - 10, 2, 20, 1);
    store_block(store, ring + RING - 9)[5] ^= 1;
    group_write(ring, 12, 30, 2);
    booted();
    must_be_laid(30);
    must_be_laid(41);
    cr_assert_null(directory_find_in(DIRECTORY_COMMITTED, RANGE_PAGES, 20));
}

/* A pot of pages was torn at home while its checkpoint was migrated: replay needs its counts. */
Test(crash, a_page_of_the_journal_is_laid_though_its_pot_is_only_in_its_shadow)
{
    uint64_t ring = ring_begin(0);
    group_write(ring, 2, 30, 1);
    store_one_plex(store, RANGE_PAGE_POTS);
    uint8_t *home = store_block(store, store->page_pot_block[0]);
    ((struct page_pot *)home)->generation[0] = 1;
    store_seal(home, BLOCK_BYTES, checksum_seed(CHECKSUM_PAGE_POT, 1));
    memcpy(store_block(store, store_shadows(store)), home, BLOCK_BYTES);
    home[2000] ^= 1;
    booted();
    must_be_laid(30);
    must_be_laid(31);
    cr_assert(store_sealed(home, BLOCK_BYTES, checksum_seed(CHECKSUM_PAGE_POT, 1)));
}

/* --- the ring, life after life --- */

static uint64_t journal_root, journal_ring;

/* A domain that holds the journal key and two pages of its memory. */
static void journal_world(uint8_t plexes)
{
    store = store_create(NODES, STORE_PAGES);
    uint64_t first_page = store->next_page;
    journal_root = calls_domain(store, DOMAIN_RUNNING);
    store_slot(store, journal_root, SLOT_JOURNAL, store_key(KEY_JOURNAL, 0, 0));
    for (unsigned i = 0; i < 2; i++)
        store_slot(store, journal_root, SLOT_PAGE + i,
                   store_key(KEY_PAGE, 0, first_page + PAGE_ADDR / PAGE_BYTES + i));
    store_finish(store);
    (void)store_shadows(store);
    journal_ring = ring_add(plexes);
    store_share(store);
}

static bool journal_life(void)
{
    if (host_boot(store, CALLS_RAM_BYTES))
        return false;
    checkpoint_interval(INTERVAL_MS);
    return host_run() && host_running_id() == journal_root;
}

/* The domain asks that the page in a slot survives, and is answered. */
static uint64_t journal_write(unsigned slot)
{
    (void)host_call(JOURNAL_WRITE, CALL_SLOT(SLOT_JOURNAL) | SEND_KEY(0, slot), TAKE_ALL, 0, 0, 0,
                    0);
    calls_back(journal_root);
    return host_argument(0);
}

struct wish {
    unsigned page; /* of the two */
    uint64_t word; /* that it is to hold */
};

/* Returns the generation that was the newest when it was answered. 0: it was not. */
static uint64_t journals(const void *argument)
{
    const struct wish *wish = argument;
    if (!journal_life())
        return 0;
    calls_word_set(PAGE_ADDR + wish->page * PAGE_BYTES, wish->word);
    return journal_write(SLOT_PAGE + wish->page) == RC_OK ? checkpoint_facts.generation : 0;
}

/* Returns the words of both pages. */
static uint64_t reads_both(const void *unused)
{
    (void)unused;
    if (!journal_life())
        return 0;
    return calls_word_get(PAGE_ADDR) << 8 | calls_word_get(PAGE_ADDR + PAGE_BYTES);
}

Test(crash, a_life_sends_no_group_before_its_first_commit_unless_the_store_is_new)
{
    const struct wish wish = {0, 7}, later = {0, 9};
    journal_world(1);
    const struct journal_block *list =
        (const struct journal_block *)store_block(store, journal_ring);
    cr_assert_eq(host_apart(journals, &wish), 1, "the store is new: at once");
    cr_assert_eq(list->entry_count, 1);
    cr_assert_eq(host_apart(journals, &later), 2, "only after a checkpoint");
    cr_assert_eq(host_apart(reads_both, NULL), later.word << 8);
}

/* What one plex has not got of the first life's group must not be what the second's hangs on. */
Test(crash, what_was_answered_survives_a_plex_of_the_ring_though_the_other_missed_a_group_before)
{
    const struct wish wish = {0, 7}, later = {1, 9};
    journal_world(2);
    uint8_t *plexes[2] = {store_block(store, journal_ring),
                          store_block(store, journal_ring + RING / 2)};
    cr_assert_neq(host_apart(journals, &wish), 0);
    cr_assert_arr_eq(plexes[0], plexes[1], BLOCK_BYTES);
    memset(plexes[1], 0, BLOCK_BYTES); /* the power was cut between the two */
    cr_assert_neq(host_apart(journals, &later), 0);
    memset(plexes[0], 0, RING / 2 * BLOCK_BYTES);
    cr_assert_eq(host_apart(reads_both, NULL), wish.word << 8 | later.word);
}

static uint64_t journals_a_list(const void *list)
{
    const uint64_t *words = list;
    if (!journal_life())
        return 0;
    for (unsigned i = 0; i < PAGE_BYTES / sizeof(*words); i++)
        calls_word_set(PAGE_ADDR + i * sizeof(*words), words[i]);
    if (journal_write(SLOT_PAGE) != RC_DEVICE)
        return 1;
    calls_word_set(PAGE_ADDR, words[0] + 1);
    return journal_write(SLOT_PAGE) == RC_OK ? 2 : 0;
}

/* It would say of another's page what that holds, wherever in the ring a list may be. */
Test(crash, a_page_that_would_pass_as_a_list_is_not_journalled)
{
    struct journal_block list __attribute__((aligned(16))) = {
        .sequence = 2, .restart_count = 1u << 30, .entry_count = 1};
    list.entries[0] = (struct journal_entry){.object_id = 500, .checksum = 77};
    store_seal(&list, sizeof(list), checksum_seed(CHECKSUM_JOURNAL, list.sequence));
    journal_world(1);
    cr_assert_eq(host_apart(journals_a_list, &list), 2);
}

/* --- disks --- */

/* Another disk of the store, with such ranges, that a header of this generation describes. */
static void other_disk(uint8_t index, uint64_t generation, const struct volume_range *ranges,
                       unsigned range_count)
{
    struct volume_header *header = (struct volume_header *)other;
    *header = (struct volume_header){.magic = VOLUME_MAGIC, .version = FORMAT_VERSION,
                                     .store_id = "kernel test", .disk_index = index,
                                     .disk_count = 2, .block_count = OTHER_BLOCKS,
                                     .generation = generation, .range_count = range_count};
    memcpy(header->ranges, ranges, range_count * sizeof(*ranges));
    store_seal(header, BLOCK_BYTES, CHECKSUM_VOLUME);
    memcpy(other + (OTHER_BLOCKS - 1) * BLOCK_BYTES, header, BLOCK_BYTES);
    cr_assert_eq(host_disk_add(other, OTHER_BLOCKS), 0);
}

static const struct volume_range pages_again = {.kind = RANGE_PAGES, .plex = 1, .first_id = 1,
                                                .object_count = STORE_PAGES, .start_block = 10,
                                                .block_count = STORE_PAGES};

/* It took the place of one that was lost while the power was off. */
Test(crash, a_disk_that_was_made_after_the_newest_checkpoint_is_not_in_step)
{
    store_begin(STORE_PAGES);
    memset(store_page(store, 20), 0x44, BLOCK_BYTES);
    store_finish(store);
    store_ckpt(store)->disks_in_step = 3;
    store_ckpt_seal(store);
    other_disk(1, 2, &pages_again, 1);
    booted();
    cr_assert_eq(volume_in_step(), 1);
    cr_assert_eq(host_page(20)->data[9], 0x44);
    for (unsigned turn = 0; turn < TURNS_MAX && volume_in_step() == 1; turn++) {
        resync_step();
        (void)io_poll();
    }
    cr_assert_eq(volume_in_step(), 3);
    cr_assert_arr_eq(other + 10 * BLOCK_BYTES, store_page(store, 1), STORE_PAGES * BLOCK_BYTES);
}

/* Disk 1 has pages that are nowhere else, and one more plex that is being filled. */
static void filled_disk(void)
{
    struct volume_range ranges[4] = {
        {.kind = RANGE_PAGES, .first_id = STORE_PAGES + 1, .object_count = 100, .start_block = 700,
         .block_count = 100}};
    for (uint8_t plex = 0; plex < 2; plex++) {
        ranges[1 + plex] = (struct volume_range){
            .kind = RANGE_PAGE_POTS, .plex = plex, .first_id = STORE_PAGES + 1,
            .object_count = 100, .start_block = 1 + plex, .block_count = 1};
        store_seal(other + (1 + plex) * BLOCK_BYTES, BLOCK_BYTES,
                   checksum_seed(CHECKSUM_PAGE_POT, STORE_PAGES + 1));
    }
    ranges[3] = pages_again;
    other_disk(1, 1, ranges, 4);
}

/* It was never in step as a whole: that it left must be noticed by its ranges. */
Test(crash, what_was_for_a_disk_that_died_while_it_was_filled_goes_into_the_next_checkpoint)
{
    const uint64_t id = STORE_PAGES + 10, location = AREA_ID(0, 1);
    store_begin(STORE_PAGES);
    filled_disk();
    booted();
    uint8_t *block = store_block(store, store->directory_block + 1);
    struct directory_entry entry = directory_entry_make(DIRECTORY_PAGE, id);
    memset(block, 0x77, BLOCK_BYTES);
    entry.location = location;
    entry.checksum_or_calls = checksum64(block, BLOCK_BYTES, checksum_seed(CHECKSUM_PAGE, id));
    cr_assert(directory_put(DIRECTORY_COMMITTED, &entry));
    migrate_begin(1);
    host_disk_fail(0);
    for (unsigned turn = 0; !migrate_step(); turn++) {
        cr_assert_lt(turn, TURNS_MAX);
        (void)io_poll();
    }
    const struct page_frame *page = object_page_present(id);
    cr_assert(page);
    cr_assert(page->dirty);
    cr_assert_eq(page->data[9], 0x77);
}

/* --- refused --- */

Test(crash, two_disks_with_one_place_in_the_store_are_refused)
{
    store_begin(STORE_PAGES);
    other_disk(0, 1, &pages_again, 1);
    const char *problem = host_boot(store, RAM_BYTES);
    cr_assert(problem);
    cr_assert(strstr(problem, "two disks"), "%s", problem);
}

Test(crash, more_running_domains_than_frames_of_nodes_are_refused, .timeout = 20)
{
    const unsigned count = LIMIT_NODES_MIN + 40;
    struct pool_sizes sizes = pools_of(0);
    store = store_create(NODES, STORE_PAGES);
    for (unsigned i = 0; i < count; i++)
        store_running(store, store_domain(store, DOMAIN_RUNNING));
    store_finish(store);
    const char *problem = host_boot_with(store, RAM_BYTES, &sizes, HOST_REQUESTS);
    cr_assert(problem);
    cr_assert(strstr(problem, "domains"), "%s", problem);
}
