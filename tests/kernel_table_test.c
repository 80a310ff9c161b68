/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kernel_table_test.c - page tables that several address spaces share, and what happens when there
 * are too few: made cases, and random trees that are changed at random, whose every reading must be
 * the same whatever is cached. Natively.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "disks/checksum.h"
#include "kernel/counter.h"
#include "kernel/depend.h"
#include "kernel/sched.h"
#include "tests/arch_host.h"

#define RAM_BYTES (8u << 20)
#define DOMAINS 8u
#define POOL_NODES 70u
#define POOL_PAGES 40u
#define STEPS 1000u
#define SEEDS 3u
#define MIB16 (1ull << 24)
#define GIB4 (1ull << 32)

static struct world {
    struct store *store;
    uint64_t random;
    uint64_t roots[DOMAINS];
    uint64_t node, page; /* the first of the pool */
    uint64_t told;       /* checksum of all that was read, and of every fault */
} world;

static uint64_t pick(uint64_t count)
{
    world.random ^= world.random << 13;
    world.random ^= world.random >> 7;
    world.random ^= world.random << 17;
    return (world.random >> 16) % count;
}

static void world_boot(size_t ram_bytes, const struct pool_sizes *sizes)
{
    world.store = store_create(200, 150);
    for (unsigned i = 0; i < DOMAINS; i++)
        world.roots[i] = store_domain(world.store, DOMAIN_AVAILABLE);
    world.node = world.store->next_node;
    world.page = world.store->next_page;
    store_finish(world.store);
    const char *problem = sizes ? host_boot_with(world.store, ram_bytes, sizes, HOST_REQUESTS)
                                : host_boot(world.store, ram_bytes);
    cr_assert_null(problem, "%s", problem);
    host_knobs(false, true);
}

static void put(unsigned node, unsigned slot, struct key key)
{
    node_slot_set(host_node(world.node + node), slot, &key);
}

static struct key segment(unsigned node, uint8_t data_byte)
{
    return key_make(KEY_SEGMENT, data_byte, world.node + node, 0);
}

static struct key page(unsigned number, uint8_t data_byte)
{
    return key_make(KEY_PAGE, data_byte, world.page + number, 0);
}

/* The domain alone runs, past whatever it was at. */
static struct domain *run_alone(unsigned number)
{
    struct domain *domain;
    sched_switch(NULL);
    for (unsigned i = 0; i < DOMAINS; i++) {
        domain = host_domain(world.roots[i]);
        queue_remove(domain->root);
        domain_state_set(domain, DOMAIN_AVAILABLE);
    }
    domain = host_domain(world.roots[number]);
    domain_trap_set(domain, 0, 0);
    domain_state_set(domain, DOMAIN_RUNNING);
    domain->restore_all = true;
    sched_ready(domain->root);
    domain = host_run();
    cr_assert_eq(host_running_id(), world.roots[number]);
    return domain;
}

static void memory_set(unsigned number, struct key key)
{
    struct domain *domain = host_domain(world.roots[number]);
    node_slot_set(domain->root, DOMAIN_SLOT_MEMORY, &key);
    domain->space_stale = true;
}

/* What the domain reads there; a fault: its trap code, which no byte is. */
static uint64_t byte_at(unsigned number, uint64_t addr)
{
    uint8_t byte = 0;
    (void)run_alone(number);
    return host_load(addr, &byte, 1) ? byte : host_domain(world.roots[number])->trap_code;
}

static bool byte_put(unsigned number, uint64_t addr, uint8_t byte)
{
    (void)run_alone(number);
    return host_store(addr, &byte, 1);
}

static struct table *table_of(unsigned number, uint64_t addr, unsigned level)
{
    struct space *space = domain_space(run_alone(number));
    return table_at(space->root, addr, level);
}

/* Node 20 shows 16 pages, node 21 16 of those; each domain has a page of its own in its slot 0 and
 * the shared tree in slot 1, at 16 MiB or, with a top of size code 8, at 4 GiB. */
static void share(uint8_t size_code, bool (*is_read_only)(unsigned number))
{
    for (unsigned i = 0; i < NODE_SLOTS; i++)
        put(20, i, page(i, 0));
    put(21, 0, segment(20, SIZE_CODE_MIN));
    put(21, 1, segment(20, SIZE_CODE_MIN));
    for (unsigned i = 0; i < DOMAINS; i++) {
        put(i, 0, page(20 + i, 0));
        put(i, 1, segment(21, SIZE_CODE_MIN + 1 + (is_read_only(i) ? KEY_READ_ONLY : 0)));
        memory_set(i, segment(i, size_code));
    }
}

static bool nobody(unsigned number)
{
    (void)number;
    return false;
}

static bool every_second(unsigned number)
{
    return number % 2;
}

Test(table, domains_that_share_a_segment_share_its_tables)
{
    world_boot(RAM_BYTES, NULL);
    share(6, nobody);
    cr_assert_eq(byte_at(0, MIB16 + 0x5000), 0);
    uint64_t built = counters[COUNTER_MAP], tables = counters[COUNTER_TABLE];
    for (unsigned i = 1; i < DOMAINS; i++) {
        cr_assert_eq(byte_at(i, MIB16 + 0x5000), 0);
        cr_expect_eq(table_of(i, MIB16, 0), table_of(0, MIB16, 0));
        cr_expect_neq(table_of(i, MIB16, 1), table_of(0, MIB16, 1), "slot 0 is different");
    }
    cr_expect_eq(table_of(0, MIB16, 0)->links, DOMAINS);
    cr_expect_eq(counters[COUNTER_MAP], built, "what one domain mapped is there for all");
    cr_expect_eq(counters[COUNTER_TABLE] - tables, 2 * (DOMAINS - 1), "a root, and level 1");
    cr_expect(host_check(), "%s", host_console());
}

Test(table, a_whole_gib_that_is_shared_shares_the_table_above_too)
{
    world_boot(RAM_BYTES, NULL);
    share(8, nobody);
    cr_assert_eq(byte_at(0, GIB4), 0);
    uint64_t tables = counters[COUNTER_TABLE];
    for (unsigned i = 1; i < DOMAINS; i++) {
        cr_assert_eq(byte_at(i, GIB4), 0);
        cr_expect_eq(table_of(i, GIB4, 1), table_of(0, GIB4, 1));
    }
    cr_expect_eq(counters[COUNTER_TABLE] - tables, DOMAINS - 1, "a root each");
    cr_expect_eq(table_of(0, GIB4, 0)->links, 1);
}

Test(table, a_change_in_a_shared_tree_is_seen_by_all)
{
    world_boot(RAM_BYTES, NULL);
    share(6, nobody);
    for (unsigned round = 0; round < 20; round++) {
        unsigned writer = round % DOMAINS;
        cr_assert(byte_put(writer, MIB16 + 0x3000, (uint8_t)(round + 1)));
        for (unsigned i = 0; i < DOMAINS; i++)
            cr_assert_eq(byte_at(i, MIB16 + 0x3000), round + 1);
        put(20, 3, round % 2 ? page(30, 0) : page(3, 0));
        uint8_t now = host_page(world.page + (round % 2 ? 30 : 3))->data[0];
        for (unsigned i = 0; i < DOMAINS; i++)
            cr_assert_eq(byte_at(i, MIB16 + 0x3000), now, "round %u, domain %u", round, i);
    }
    put(21, 0, key_number(0));
    for (unsigned i = 0; i < DOMAINS; i++)
        cr_assert_eq(byte_at(i, MIB16 + 0x3000), TRAP_MEMORY + 4 * MEMORY_NO_KEY);
}

Test(table, rights_that_differ_do_not_share)
{
    world_boot(RAM_BYTES, NULL);
    share(6, every_second);
    for (unsigned i = 0; i < DOMAINS; i++) {
        cr_expect_eq(byte_put(i, MIB16 + 0x2000, 7), !every_second(i), "domain %u", i);
        cr_expect_eq(byte_at(i, MIB16 + 0x2000), 7);
        cr_expect_eq(table_of(i, MIB16, 0), table_of(i % 2, MIB16, 0));
    }
    cr_expect_neq(table_of(0, MIB16, 0), table_of(1, MIB16, 0));
    cr_expect_eq(table_of(1, MIB16, 0)->links, DOMAINS / 2);
    cr_expect(host_check(), "%s", host_console());
}

/* The shared tree is red, and its slot 2 shows what the red node above has in slot 3: another page
 * for each domain. */
Test(table, a_window_into_what_is_above_is_not_shared)
{
    world_boot(RAM_BYTES, NULL);
    share(6, nobody);
    put(21, 2, key_number(WINDOW_MARK | WINDOW_BACKGROUND));
    for (unsigned i = 0; i < DOMAINS; i++) {
        put(40 + i, 0, segment(i, 6));
        put(40 + i, 3, page(20 + i, 0));
        put(40 + i, RED_FORMAT_SLOT,
            key_number(0xfull << 20 | 3ull << 16 | (uint64_t)RED_NO_SLOT << 12 | 15u << 4 | 7));
        memory_set(i, segment(40 + i, 0));
        host_page(world.page + 20 + i)->data[0] = (uint8_t)(100 + i);
        cr_assert_eq(byte_at(i, MIB16), 0);
    }
    cr_expect_eq(table_of(0, MIB16, 0)->links, DOMAINS);
    for (unsigned round = 0; round < 2; round++)
        for (unsigned i = 0; i < DOMAINS; i++) {
            cr_expect_eq(byte_at(i, MIB16 + 0x20000), 100 + i);
            cr_expect_eq(byte_at(i, MIB16), 0);
            cr_expect_eq(table_of(i, MIB16, 0)->links, 1);
        }
}

/* Fences */

struct fences {
    uint64_t addr, space, all;
};

/* How many there were since the last look; the kernel has run since then. */
static struct fences fences_since(struct fences *before)
{
    table_fence();
    struct fences now = {host_fences(HOST_FENCE_ADDR), host_fences(HOST_FENCE_SPACE),
                         host_fences(HOST_FENCE_ALL)};
    struct fences since = {now.addr - before->addr, now.space - before->space,
                           now.all - before->all};
    *before = now;
    return since;
}

Test(table, a_fence_is_as_small_as_the_edit)
{
    struct fences before = {0}, since;
    world_boot(RAM_BYTES, NULL);
    share(6, nobody);
    cr_assert_eq(byte_at(0, 0), 0);
    cr_assert_eq(byte_at(1, 0), 0);
    (void)fences_since(&before);
    for (unsigned i = 0; i < 10; i++)
        cr_assert_eq(byte_at(i % 2, 0), 0);
    since = fences_since(&before);
    cr_expect_eq(since.addr + since.space + since.all, 0, "to enter a space needs none");
    put(0, 0, page(30, 0));
    since = fences_since(&before);
    cr_expect_eq(since.space, 1, "a table of one space");
    cr_expect_eq(since.addr + since.all, 0);
    cr_assert_eq(byte_at(0, MIB16), 0);
    cr_assert_eq(byte_at(0, MIB16 + 0x1000), 0);
    cr_assert_eq(byte_at(0, MIB16 + 0x2000), 0);
    (void)fences_since(&before);
    put(20, 2, page(31, 0));
    since = fences_since(&before);
    cr_expect_eq(since.addr, 1, "one entry of one space");
    cr_expect_eq(since.space + since.all, 0);
    put(21, 0, key_number(0));
    since = fences_since(&before);
    cr_expect_eq(since.space, 1, "two entries of one space");
    cr_expect_eq(since.addr + since.all, 0);
    put(21, 0, segment(20, SIZE_CODE_MIN));
    cr_assert_eq(byte_at(0, MIB16), 0);
    cr_assert_eq(byte_at(1, MIB16), 0);
    (void)fences_since(&before);
    put(20, 0, key_number(0));
    since = fences_since(&before);
    cr_expect_eq(since.all, 1, "one entry that two spaces have");
    cr_expect_eq(since.addr + since.space, 0);
}

/* More spaces than there are places for, again and again: all ASIDs are given several times over,
 * and arch_host.c looks at every access. */
Test(table, asids_come_round_and_nobody_sees_what_another_saw)
{
    struct pool_sizes sizes = pools_of(RAM_BYTES);
    sizes.spaces = 3;
    world_boot(RAM_BYTES, &sizes);
    share(6, nobody);
    for (unsigned i = 0; i < DOMAINS; i++)
        host_page(world.page + 20 + i)->data[0] = (uint8_t)(100 + i);
    struct fences before = {0};
    (void)fences_since(&before);
    for (unsigned round = 0; round < 600; round++) {
        unsigned i = (unsigned)(round * 5 + round / 7) % DOMAINS;
        cr_assert_eq(byte_at(i, 0), 100 + i, "round %u", round);
    }
    struct fences since = fences_since(&before);
    cr_expect_gt(since.all, 3, "%lu", since.all);
    cr_expect_lt(since.all, 12, "%lu", since.all);
}

/* Too few tables, too few dependencies */

#define REGIONS 18u /* of 2 MiB each, 16 pages in each */
#define REGIONS_HOT 8u
#define TURNS 20000u
#define WINDOW 64u

/* Nodes 60 to 62 show 8 regions of 2 MiB each, all with the same 16 pages. */
static void regions_make(void)
{
    share(6, nobody);
    for (unsigned i = 0; i < 3; i++) {
        for (unsigned slot = 0; slot < NODE_SLOTS; slot += 2)
            put(60 + i, slot, segment(21, SIZE_CODE_MIN + 1));
        put(0, 1 + i, segment(60 + i, 5));
    }
}

static void region_touch(struct domain *domain, unsigned region, unsigned pages)
{
    uint8_t byte;
    uint64_t addr = (1 + region / 8) * MIB16 + ((uint64_t)(region % 8) << 21);
    cr_assert_eq(host_running_id(), domain->root->object_id);
    cr_assert(host_load(addr + pick(pages) * PAGE_BYTES, &byte, 1));
}

/* 31 of 32 accesses are to some pages of 8 regions, the others of 10 more in turn. Returns how many
 * faults there were and entries were built; burst: at most in WINDOW accesses. When everything was
 * dropped at once these were 26 for each access to what was not there, and 89. */
static uint64_t regions_run(const struct pool_sizes *sizes, unsigned pages, unsigned *cold,
                            unsigned *burst)
{
    world.random = 1;
    world_boot(RAM_BYTES, sizes);
    host_knobs(false, false);
    host_quick_faults(true);
    regions_make();
    struct domain *domain = run_alone(0);
    uint64_t before = 0, window = 0;
    for (unsigned turn = 0; turn < 2 * TURNS; turn++) {
        uint64_t now = counters[COUNTER_MAP] + counters[COUNTER_FAULT];
        if (turn == TURNS)
            before = now;
        if (turn % WINDOW == 0) {
            if (turn > TURNS && now - window > *burst)
                *burst = (unsigned)(now - window);
            window = now;
        }
        bool hot = pick(32);
        *cold += !hot && turn >= TURNS;
        region_touch(domain,
                     hot ? (unsigned)pick(REGIONS_HOT)
                         : REGIONS_HOT + *cold % (REGIONS - REGIONS_HOT),
                     pages);
    }
    cr_expect(host_check(), "%s", host_console());
    return counters[COUNTER_MAP] + counters[COUNTER_FAULT] - before;
}

Test(table, a_working_set_larger_than_the_tables_costs_little_more_for_each_fault)
{
    struct pool_sizes sizes = pools_of(RAM_BYTES);
    unsigned cold = 0, burst = 0;
    sizes.table_bytes = 16 * (PAGE_BYTES + sizeof(struct table));
    uint64_t built = regions_run(&sizes, 16, &cold, &burst),
             evicted = counters[COUNTER_TABLE_EVICT];
    cr_expect_lt(built, 5 * cold, "%lu for %u accesses to what was not there", built, cold);
    cr_expect_lt(burst, 40, "%u", burst);
    cr_expect_gt(evicted, 100);
}

Test(table, a_working_set_larger_than_the_dependencies_costs_little_more_for_each_fault)
{
    struct pool_sizes sizes = pools_of(RAM_BYTES);
    unsigned cold = 0, burst = 0;
    sizes.depend_bytes = 0;
    uint64_t built = regions_run(&sizes, 10, &cold, &burst),
             evicted = counters[COUNTER_DEPEND_EVICT];
    cr_expect_lt(built, 6 * cold, "%lu for %u accesses to what was not there", built, cold);
    cr_expect_lt(burst, 60, "%u", burst);
    cr_expect_gt(evicted, 100);
}

/* Random trees. Node n of the pool is meant to have size code 3 + n % 7. */

static unsigned code_of(unsigned node)
{
    return SIZE_CODE_MIN + node % (SIZE_CODE_MAX - SIZE_CODE_MIN + 1);
}

static uint8_t random_rights(void)
{
    return (pick(4) ? 0 : KEY_READ_ONLY) | (pick(8) ? 0 : KEY_NO_CALL);
}

/* A key to show below a node of this size code. */
static struct key random_key(unsigned above)
{
    static const enum key_type types[] = {KEY_SEGMENT, KEY_SEGMENT, KEY_SEGMENT,
                                          KEY_NODE, KEY_FETCH, KEY_SENSE};
    unsigned node = (unsigned)pick(POOL_NODES);
    while (code_of(node) >= above && pick(20))
        node = (unsigned)pick(POOL_NODES);
    switch (pick(12)) {
    case 0:
        return key_number(0);
    case 1:
        return key_number(WINDOW_MARK | (pick(2) ? WINDOW_BACKGROUND : pick(4) << 4) |
                          (pick(3) ? 0 : WINDOW_READ_ONLY) |
                          pick(2) << (4 * (SIZE_CODE_MIN + pick(6))));
    default:
        if (above == SIZE_CODE_MIN)
            return page((unsigned)pick(POOL_PAGES), pick(4) ? 0 : KEY_READ_ONLY);
        return key_make(types[pick(6)],
                        random_rights() | (uint8_t)(pick(4) ? code_of(node) : 0),
                        world.node + node, 0);
    }
}

static void tree_change(void)
{
    unsigned node = (unsigned)pick(POOL_NODES), slot = (unsigned)pick(4);
    if (pick(10) == 0)
        put(node, RED_FORMAT_SLOT,
            key_number(0xfull << 20 | pick(4) << 16 | (uint64_t)RED_NO_SLOT << 12 |
                       (pick(4) ? 15ull : 2ull) << 4 | (pick(10) ? code_of(node) : 5)));
    else if (pick(30) == 0)
        memory_set((unsigned)pick(DOMAINS), random_key(SIZE_CODE_MAX + 1));
    else
        put(node, slot, random_key(code_of(node)));
}

/* Few addresses, but at every distance of each other. */
static uint64_t random_addr(void)
{
    uint64_t addr = 0;
    for (unsigned nibble = SIZE_CODE_MIN; nibble <= SIZE_CODE_MAX; nibble++)
        addr |= (pick(3) ? 0 : pick(nibble == SIZE_CODE_MIN ? 4 : 2)) << (4 * nibble);
    return addr;
}

static void told(uint64_t word)
{
    world.told = checksum64(&word, sizeof(word), world.told);
}

static uint64_t random_run(uint64_t seed, const struct pool_sizes *sizes, size_t ram_bytes,
                           bool amnesia, bool quick)
{
    world.random = seed * 77 + 1;
    world_boot(ram_bytes, sizes);
    host_knobs(amnesia, true);
    host_quick_faults(quick);
    for (unsigned i = 0; i < 600; i++)
        tree_change();
    for (unsigned i = 0; i < DOMAINS; i++)
        memory_set(i, segment((unsigned)pick(10) * 7 + 3 + i % 4, 6 + i % 4));
    unsigned good = 0;
    for (unsigned i = 0; i < STEPS; i++) {
        unsigned number = (unsigned)pick(DOMAINS);
        uint64_t addr = random_addr();
        if (pick(3) == 0)
            tree_change();
        else if (pick(3) == 0)
            told(byte_put(number, addr, (uint8_t)pick(256)));
        uint64_t byte = byte_at(number, addr);
        good += byte < 256;
        told(byte);
    }
    cr_assert_gt(good, STEPS / 50, "only %u of %u were anywhere", good, STEPS);
    uint64_t words[2] = {world.told, host_digest()};
    return checksum64(words, sizeof(words), 1);
}

struct run {
    uint64_t seed;
    const struct pool_sizes *sizes; /* NULL: as the kernel does it */
    bool amnesia, quick;
    bool few;       /* of ASIDs: */
    unsigned asids; /* the largest there is */
};

static uint64_t run_one(const void *argument)
{
    const struct run *run = argument;
    if (run->few)
        host_asid_max(run->asids);
    return random_run(run->seed, run->sizes, RAM_BYTES, run->amnesia, run->quick);
}

static uint64_t run_apart(uint64_t seed, const struct pool_sizes *sizes, bool amnesia, bool quick)
{
    struct run run = {.seed = seed, .sizes = sizes, .amnesia = amnesia, .quick = quick};
    return host_apart(run_one, &run);
}

Test(table, random_trees_read_the_same_whatever_is_cached)
{
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        uint64_t plain = run_apart(seed, NULL, false, false);
        cr_assert_neq(plain, 0, "seed %lu", seed);
        cr_expect_eq(run_apart(seed, NULL, false, true), plain, "seed %lu: quick", seed);
        cr_expect_eq(run_apart(seed, NULL, true, false), plain, "seed %lu: amnesia",
                     seed);
        for (unsigned least = 1; least < 8; least++) {
            struct pool_sizes sizes = pools_of(RAM_BYTES);
            if (least & 1)
                sizes.table_bytes = 0;
            if (least & 2)
                sizes.depend_bytes = 0;
            if (least & 4)
                sizes.spaces = LIMIT_SPACES_MIN;
            cr_expect_eq(run_apart(seed, &sizes, false, true), plain,
                         "seed %lu: pools %u", seed, least);
        }
    }
}

/* A hart with fewer ASIDs than there are spaces, down to none. */
Test(table, any_number_of_asids_will_do)
{
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        uint64_t plain = run_apart(seed, NULL, false, false);
        cr_assert_neq(plain, 0, "seed %lu", seed);
        for (unsigned asids = 0; asids < 5; asids++) {
            struct run run = {.seed = seed, .quick = asids % 2, .few = true, .asids = asids};
            cr_expect_eq(host_apart(run_one, &run), plain, "seed %lu: %u", seed, asids);
        }
    }
}
