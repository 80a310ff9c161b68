/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kernel_checkpoint_test.c - the directory; the freeze; and a restart from what was committed, with
 * a pretended disk. Each life of the system is a process of its own: its memory goes, the disk
 * stays. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernel/checkpoint.h"
#include "kernel/directory.h"
#include "tests/host_disk.h"
#include "tests/kernel_calls.h"

#define INTERVAL_MS 10u
#define INTERVAL_TICKS (INTERVAL_MS * 10000u)
#define TURNS_MAX 4000u
#define MEMORY_PAGES 200u
#define WORD_ADDR 0x2008u
#define OTHER_ADDR 0x7008u
#define SEVERED_ADDR (150 * 4096u)
#define SEVERED_WORD 7777u
#define SLOT_PAGES 0u /* range of all pages */
#define SLOT_PAGE 1u  /* the page at SEVERED_ADDR */
#define SLOT_NEW 2u

/* --- the directory --- */

static void *pool_make(uint32_t count)
{
    void *pool = aligned_alloc(4096, 1u << 20);
    cr_assert_not_null(pool);
    cr_assert_leq(directory_init((uint64_t)pool, count), (uint64_t)pool + (1u << 20));
    return pool;
}

static bool put(enum directory_which which, enum directory_kind kind, uint64_t id, uint64_t where)
{
    struct directory_entry entry = directory_entry_make(kind, id);
    entry.location = where;
    return directory_put(which, &entry);
}

Test(directory, finds_the_working_version_before_the_committed_and_pages_apart_from_nodes)
{
    void *pool = pool_make(8);
    cr_expect_null(directory_find(RANGE_PAGES, 20));
    cr_expect(put(DIRECTORY_COMMITTED, DIRECTORY_PAGE, 20, 7));
    cr_expect_null(directory_find(RANGE_NODES, 20));
    cr_expect_eq(directory_find(RANGE_PAGES, 20)->location, 7);
    cr_expect(put(DIRECTORY_WORKING, DIRECTORY_ZERO_PAGE, 20, 0));
    cr_expect_eq(directory_find(RANGE_PAGES, 20)->kind, DIRECTORY_ZERO_PAGE);
    cr_expect(put(DIRECTORY_WORKING, DIRECTORY_PAGE, 20, 9), "in its place");
    cr_expect_eq(directory_count(DIRECTORY_WORKING), 1);
    directory_clear(DIRECTORY_COMMITTED);
    directory_commit();
    cr_expect_eq(directory_count(DIRECTORY_WORKING), 0);
    cr_expect_eq(directory_find(RANGE_PAGES, 20)->location, 9);
    directory_check();
    free(pool);
}

Test(directory, gives_entries_in_the_order_of_homes_also_while_others_are_put)
{
    void *pool = pool_make(400);
    uint64_t last = 0;
    unsigned seen = 0;
    for (uint64_t id = 1; id <= 150; id++) {
        cr_assert(put(DIRECTORY_WORKING, DIRECTORY_NODE, id * 7919 % 151, id));
        cr_assert(put(DIRECTORY_WORKING, DIRECTORY_PAGE, id * 7919 % 151, id));
    }
    directory_order_begin(DIRECTORY_WORKING);
    while (!directory_order_ready())
        continue;
    const struct directory_entry *entry;
    while ((entry = directory_order_next()) != NULL) {
        uint64_t order = directory_id(entry) + (entry->kind == DIRECTORY_NODE ? 1000 : 0);
        cr_assert_gt(order, last);
        last = order;
        seen++;
        cr_assert(put(DIRECTORY_WORKING, (enum directory_kind)entry->kind, directory_id(entry), 1));
    }
    cr_expect_eq(seen, 300);
    directory_check();
    free(pool);
}

Test(directory, refuses_when_it_is_full_and_takes_again_when_one_is_dropped)
{
    void *pool = pool_make(3);
    for (uint64_t id = 1; id <= 3; id++)
        cr_assert(put(DIRECTORY_OF_DOMAINS, DIRECTORY_RUNNING, id, 0));
    cr_expect_not(put(DIRECTORY_OF_DOMAINS, DIRECTORY_RUNNING, 4, 0));
    directory_drop_running(2);
    directory_drop_running(77);
    cr_expect_eq(directory_room(), 1);
    cr_expect(put(DIRECTORY_OF_DOMAINS, DIRECTORY_RUNNING, 4, 0));
    directory_check();
    free(pool);
}

/* --- lives --- */

/* What outlasts a process. */
static struct shared {
    uint64_t root, generation, word, other, ok, writes;
    unsigned read_only, pages_max; /* 0: as many as there is memory for */
} *shared;
static struct store *store;

static void world_make(void)
{
    shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    uint64_t first_page;
    store = store_create(400, 300);
    shared->root = calls_domain(store, DOMAIN_RUNNING);
    store_node(store, shared->root)->slots[DOMAIN_SLOT_MEMORY] =
        store_segment(store, MEMORY_PAGES, &first_page);
    struct disk_key pages = store_key(KEY_PAGE_RANGE, 0, OBJECT_ID_FIRST);
    pages.count = MEMORY_PAGES;
    store_slot(store, shared->root, SLOT_PAGES, pages);
    store_slot(store, shared->root, SLOT_PAGE,
               store_key(KEY_PAGE, 0, first_page + SEVERED_ADDR / 4096));
    store_finish(store);
    store_share(store);
}

/* Run one life: boot, then what it does. It sets shared->ok when it came to its end. */
static void life(void (*does)(void))
{
    shared->ok = 0;
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        struct pool_sizes sizes = pools_of(CALLS_RAM_BYTES);
        if (shared->pages_max)
            sizes.pages_max = shared->pages_max;
        if (host_boot_with(store, CALLS_RAM_BYTES, &sizes, HOST_DISK_REQUESTS))
            _exit(1);
        if (shared->read_only)
            host_disk_read_only(0);
        checkpoint_interval(INTERVAL_MS);
        if (!host_run() || host_running_id() != shared->root)
            _exit(2);
        does();
        shared->ok = 1;
        _exit(0);
    }
    int status;
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert_eq(status, 0, "the life ended badly: %x", (unsigned)status);
    cr_assert(shared->ok);
}

static void must(bool good)
{
    if (!good)
        _exit(3);
}

/* Time passes until this generation is committed. */
static void committed(uint64_t generation)
{
    for (unsigned turn = 0; turn < TURNS_MAX && checkpoint_facts.generation < generation; turn++)
        (void)host_tick(INTERVAL_TICKS / 4);
    must(checkpoint_facts.generation >= generation);
    must(host_check());
    calls_back(shared->root);
}

static void writes_two_words(void)
{
    calls_word_set(WORD_ADDR, 1111);
    committed(2);
    calls_word_set(WORD_ADDR, 2222);
    committed(3);
    calls_word_set(WORD_ADDR, 3333);
    calls_word_set(OTHER_ADDR, 4444);
    shared->generation = checkpoint_facts.generation;
}

static void reads_two_words(void)
{
    shared->generation = checkpoint_facts.generation;
    shared->word = calls_word_get(WORD_ADDR);
    shared->other = calls_word_get(OTHER_ADDR);
}

Test(checkpoint, a_restart_finds_what_was_committed_and_nothing_of_what_came_after)
{
    world_make();
    life(writes_two_words);
    cr_expect_eq(shared->generation, 3);
    life(reads_two_words);
    cr_expect_eq(shared->generation, 3);
    cr_expect_eq(shared->word, 2222);
    cr_expect_eq(shared->other, 0);
}

static void goes_on(void)
{
    uint64_t generation = checkpoint_facts.generation;
    for (unsigned i = 0; i < 5; i++) {
        calls_word_set(WORD_ADDR, calls_word_get(WORD_ADDR) + 1);
        calls_word_set(OTHER_ADDR, 10 * calls_word_get(WORD_ADDR));
        committed(++generation);
    }
}

Test(checkpoint, many_lives_of_many_generations_go_on_where_the_last_ended)
{
    world_make();
    for (unsigned i = 0; i < 4; i++)
        life(goes_on);
    life(reads_two_words);
    cr_expect_geq(shared->generation, 21);
    cr_expect_eq(shared->word, 20);
    cr_expect_eq(shared->other, 200);
}

/* Changed again while it is being written: as of the freeze. */
static void changes_while_it_is_written(void)
{
    uint64_t dirty = 0;
    calls_word_set(WORD_ADDR, 1);
    while (object_changes.frozen_pages == 0 && dirty++ < TURNS_MAX)
        (void)host_tick(INTERVAL_TICKS);
    must(checkpoint_facts.generation == 1);
    calls_back(shared->root);
    calls_word_set(WORD_ADDR, 2);
    must(calls_word_get(WORD_ADDR) == 2);
    committed(2);
    shared->word = calls_word_get(WORD_ADDR);
}

Test(checkpoint, what_changes_while_it_is_written_is_written_as_it_was_at_the_freeze)
{
    world_make();
    life(changes_while_it_is_written);
    cr_expect_eq(shared->word, 2, "the living one");
    life(reads_two_words);
    cr_expect_eq(shared->word, 1, "the one committed");
}

static void tries(void)
{
    calls_word_set(WORD_ADDR, 5);
    for (unsigned turn = 0; turn < 20; turn++)
        (void)host_tick(INTERVAL_TICKS);
    must(checkpoint_facts.generation == 1);
    must(strstr(host_console(), "no checkpoints: a disk of the store is read-only") != NULL);
}

Test(checkpoint, of_a_store_that_cannot_be_written_there_are_none_and_one_line_says_why)
{
    world_make();
    shared->read_only = 1;
    life(tries);
    shared->read_only = 0;
    life(reads_two_words);
    cr_expect_eq(shared->word, 0);
}

/* A page whose contents became zeros again needs no block, and reads as zeros. */
static void clears(void)
{
    calls_word_set(WORD_ADDR, 5);
    committed(2);
    calls_word_set(WORD_ADDR, 0);
    committed(3);
}

Test(checkpoint, a_page_of_zeros_comes_back_as_zeros)
{
    world_make();
    life(clears);
    shared->word = 1;
    life(reads_two_words);
    cr_expect_eq(shared->word, 0);
}

/* Runs until so many blocks were written, and is cut off; what it did is numbered by generation. */
static void is_cut_off(void)
{
    uint64_t generation = 1;
    for (unsigned turn = 0; turn < TURNS_MAX; turn++) {
        if (host_disk_counters(0)->write_requests >= shared->writes)
            return;
        if (checkpoint_facts.generation >= generation && host_running_id() == shared->root) {
            uint64_t word = 1000 + generation++;
            if (host_store(WORD_ADDR, &word, sizeof(word)))
                (void)host_store(OTHER_ADDR, &word, sizeof(word));
        }
        (void)host_tick(INTERVAL_TICKS / 20);
    }
}

Test(checkpoint, a_cut_after_any_write_restarts_a_generation_and_nothing_between)
{
    unsigned generations = 0;
    world_make();
    size_t size = store->block_count * BLOCK_BYTES;
    uint8_t *first = malloc(size);
    cr_assert_not_null(first);
    memcpy(first, store->bytes, size);
    for (shared->writes = 1; shared->writes < 60; shared->writes++) {
        memcpy(store->bytes, first, size);
        life(is_cut_off);
        life(reads_two_words);
        unsigned long cut = shared->writes, generation = shared->generation;
        cr_expect_leq(shared->other, shared->word, "cut %lu", cut);
        cr_expect_leq(shared->word, 1000 + generation, "cut %lu, generation %lu", cut, generation);
        if (generation > 2)
            cr_expect_geq(shared->word, 1000 + generation - 2, "cut %lu", cut);
        generations |= 1u << generation;
    }
    cr_expect_neq(generations & 2, 0, "some cuts came before the first commit");
    cr_expect_neq(generations & 4, 0, "some cuts came after it");
    cr_expect_neq(generations & 8, 0, "and some after the second");
    free(first);
}

/* Five times as many pages as there are frames, each changed three times over. */
static void overcommits(void)
{
    for (uint64_t round = 1; round <= 3; round++)
        for (uint64_t page = 0; page < MEMORY_PAGES; page++) {
            uint64_t addr = page * 4096 + 16;
            must(calls_word_get(addr) == (round - 1) * (page + 1));
            calls_word_set(addr, round * (page + 1));
        }
    must(host_check());
    committed(checkpoint_facts.generation + 1);
    shared->generation = checkpoint_facts.generation;
}

static void finds_all_pages(void)
{
    for (uint64_t page = 0; page < MEMORY_PAGES; page++)
        must(calls_word_get(page * 4096 + 16) == 3 * (page + 1));
}

Test(checkpoint, more_that_changes_than_memory_has_is_paged_out_and_nothing_is_lost)
{
    world_make();
    shared->pages_max = 40;
    life(overcommits);
    cr_expect_lt(shared->generation, 10, "generation %lu", (unsigned long)shared->generation);
    life(finds_all_pages);
    shared->pages_max = 0;
    life(finds_all_pages);
}

static void page_is_in_a_checkpoint(void)
{
    calls_word_set(SEVERED_ADDR, SEVERED_WORD);
    committed(2);
}

static const struct key *page_key(void)
{
    return &host_domain(shared->root)->keys->slots[SLOT_PAGE];
}

static bool page_of(unsigned slot)
{
    const uint64_t part[2] = {0, 8}, word = SEVERED_WORD;
    struct reply reply = calls_order(slot, PAGE_READ, part, sizeof(part), 0);
    must(reply.back);
    must(reply.code == RC_DATA_KEY || memcmp(reply.string, &word, sizeof(word)) == 0);
    return reply.code == RC_OK;
}

static void severs(void)
{
    (void)calls_word_get(CALLS_TAKE);
    must(directory_find(RANGE_PAGES, key_object_id(page_key())) != NULL);
    must(calls_code(SLOT_PAGES, RANGE_SEVER, SEND_KEY(0, SLOT_PAGE)) == RC_OK);
    node_slot_set(host_domain(shared->root)->keys, SLOT_NEW, host_slot(CALLS_SLOT_REPLY));
    must(!page_of(SLOT_PAGE));
    must(page_of(SLOT_NEW));
}

static void severs_for_good(void)
{
    severs();
    committed(checkpoint_facts.generation + 1);
}

static void was_not_severed(void)
{
    (void)calls_word_get(CALLS_TAKE);
    must(page_of(SLOT_PAGE));
}

static void was_severed(void)
{
    (void)calls_word_get(CALLS_TAKE);
    for (unsigned i = 0; i < 3; i++) { /* also from its home */
        must(!page_of(SLOT_PAGE));
        must(page_of(SLOT_NEW));
        committed(checkpoint_facts.generation + 1);
    }
}

Test(checkpoint, a_page_that_only_a_checkpoint_holds_is_severed_by_the_next)
{
    world_make();
    life(page_is_in_a_checkpoint);
    life(severs);
    life(was_not_severed);
    life(severs_for_good);
    life(was_severed);
    life(was_severed);
}
