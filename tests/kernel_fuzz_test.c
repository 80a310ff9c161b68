/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kernel_fuzz_test.c - random invocations of random keys with random everything, natively, with
 * every invariant checked after every call; and the same run under amnesia, in little memory and
 * with single pools and pairs of them at their minima, which must all end in the same state:
 * nothing that the kernel caches may matter.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/gate.h"
#include "kernel/sched.h"
#include "tests/arch_host.h"

#define DOMAINS 6u
#define PAGES_EACH 5u
#define STEPS 4000u
#define SEEDS 8u
#define EXTREME_SEEDS 2u
#define LITTLE_BYTES (540u << 10) /* for the least pools that limits.h allows */

/* What can be set to its minimum. */
enum pool {
    POOL_NODES,
    POOL_PAGES,
    POOL_TABLES,
    POOL_DEPENDS,
    POOL_SPACES,
    POOL_DOMAINS,
    POOL_POTS,
    POOL_METERS,
    POOL_REGIONS,
    POOL_REQUESTS,
    POOL_COUNT
};

/* What may not change the outcome of a run. */
struct variant {
    const char *name;
    size_t ram_bytes;
    bool amnesia;
    unsigned least; /* bit n: enum pool n is at its minimum */
    bool walks;     /* no page fault takes the short way */
};
static const struct variant variants[] = {
    {"plain", 8u << 20, false, 0, false},
    {"once more", 8u << 20, false, 0, false},
    {"every fault walks", 8u << 20, false, 0, true},
    {"amnesia", 8u << 20, true, 0, false},
    {"little memory", LITTLE_BYTES, false, 0, false},
    {"little memory, amnesia", LITTLE_BYTES, true, 0, false},
};
#define VARIANTS (sizeof(variants) / sizeof(variants[0]))

struct world {
    struct store *store;
    uint64_t random;
    uint64_t roots[DOMAINS];
    bool forks; /* several processes at once: then the order depends on what is cached */
};

static uint64_t draw(struct world *world)
{
    /* xorshift64* (Vigna 2016): any generator would do, the seed is printed. */
    world->random ^= world->random >> 12;
    world->random ^= world->random << 25;
    world->random ^= world->random >> 27;
    return world->random * 0x2545f4914f6cdd1dull;
}

static uint64_t pick(struct world *world, uint64_t count)
{
    return draw(world) % count;
}

/* A range of some of the objects of all domains. */
static struct disk_key random_range(struct world *world)
{
    bool nodes = pick(world, 2);
    uint64_t count = DOMAINS * (nodes ? 7 : PAGES_EACH), first = pick(world, count);
    struct disk_key key =
        store_key(nodes ? KEY_NODE_RANGE : KEY_PAGE_RANGE, 0, OBJECT_ID_FIRST + first);
    key.count = 1 + pick(world, count - first);
    return key;
}

/* A key without an object. What the kernel's log and counters say depends on what is cached: they
 * are looked at only where nothing is compared. */
static struct disk_key random_tool(struct world *world)
{
    static const enum key_type types[] = {KEY_RETURNER,     KEY_DISCRIM,    KEY_COMPARE,
                                          KEY_DOMAIN_TOOL,  KEY_CHECKPOINT, KEY_JOURNAL,
                                          KEY_DATA_CREATOR, KEY_PEEK,       KEY_ERROR_LOG};
    uint64_t count = sizeof(types) / sizeof(types[0]);
    return store_key(types[pick(world, world->forks ? count : count - 2)], 0, 0);
}

/* A key to something of a domain, or to nothing. */
static struct disk_key random_key(struct world *world, uint64_t root)
{
    uint64_t node = root + pick(world, 5);
    uint64_t page = OBJECT_ID_FIRST + pick(world, DOMAINS * PAGES_EACH);
    uint8_t data_byte = (uint8_t)draw(world);
    switch (pick(world, 14)) {
    case 0:
        return store_key(KEY_PAGE, data_byte & KEY_READ_ONLY, page);
    case 1:
        return store_key(KEY_NODE, pick(world, 2) ? data_byte : 0, node);
    case 2:
        return store_key(KEY_SENSE, data_byte, node);
    case 3:
        return store_key(KEY_FETCH, data_byte, node);
    case 4:
        return store_key(KEY_SEGMENT, data_byte, root + 5 + pick(world, 2));
    case 5:
    case 6:
        return store_key(KEY_START, data_byte, world->roots[pick(world, DOMAINS)]);
    case 7:
        return store_key(KEY_DOMAIN, data_byte & KEY_READ_ONLY, root);
    case 8:
    case 9:
        return random_tool(world);
    case 10:
        return pick(world, 4) ? store_key(KEY_FRONT_END, 0, node) : random_range(world);
    case 11:
        return store_key(KEY_NODE, 0, root + 5 + pick(world, 2));
    case 12:
        return store_key(KEY_METER, 0, OBJECT_ID_PRIME_METER);
    default:
        return store_number(draw(world));
    }
}

static void world_make(struct world *world, uint64_t seed)
{
    world->store = store_create(200, 200);
    world->random = seed * 2 + 1;
    for (unsigned i = 0; i < DOMAINS; i++) {
        uint64_t first_page;
        world->roots[i] = store_domain(world->store, i == 0 ? DOMAIN_RUNNING : DOMAIN_AVAILABLE);
        store_node(world->store, world->roots[i])->slots[DOMAIN_SLOT_MEMORY] =
            store_segment(world->store, PAGES_EACH, &first_page);
    }
    for (unsigned i = 0; i < DOMAINS; i++) {
        uint64_t root = world->roots[i];
        for (unsigned slot = 0; slot < NODE_SLOTS; slot++)
            store_slot(world->store, root, slot,
                       random_key(world, world->roots[pick(world, DOMAINS)]));
        if (i % 2)
            store_node(world->store, root)->slots[DOMAIN_SLOT_KEEPER] =
                store_key(KEY_START, 0xee, world->roots[(i + 1) % DOMAINS]);
        store_register(world->store, root, REGISTER_A0 + 2, draw(world) & ~ENTRY_STRING(3));
        store_register(world->store, root, REGISTER_A0 + 5, pick(world, 0x9000));
        store_register(world->store, root, REGISTER_A0 + 6, pick(world, 5000));
    }
    store_running(world->store, world->roots[0]);
    store_finish(world->store);
}

static uint64_t random_order(struct world *world)
{
    switch (pick(world, 8)) {
    case 0:
        return draw(world);
    case 1:
        return ORDER_TYPE;
    case 2:
        return pick(world, 8192);
    default:
        return pick(world, 100);
    }
}

static uint64_t random_addr(struct world *world)
{
    return pick(world, 10) ? pick(world, PAGES_EACH * PAGE_BYTES) : draw(world);
}

static uint64_t random_length(struct world *world)
{
    static const uint64_t lengths[] = {0, 1, 7, 8, 32, 33, 64, 4095, 4096, 4097, UINT64_MAX};
    return pick(world, 2) ? lengths[pick(world, sizeof(lengths) / sizeof(lengths[0]))]
                          : pick(world, 600);
}

/* Blocks that are mostly legal. */
static uint64_t random_exit(struct world *world)
{
    uint64_t exit = draw(world);
    if (pick(world, 20) == 0)
        return exit;
    exit &= ~(3ull | EXIT_STRING(3));
    uint64_t kind = INVOKE_CALL;
    if (pick(world, 4) == 0)
        kind = INVOKE_RETURN;
    else if (world->forks && pick(world, 4) == 0)
        kind = INVOKE_FORK;
    return exit | kind | EXIT_STRING(pick(world, 3));
}

static uint64_t random_entry(struct world *world)
{
    uint64_t entry = draw(world);
    if (pick(world, 20) == 0)
        return entry;
    entry &= ~ENTRY_STRING(3);
    if (pick(world, 8))
        entry |= ENTRY_CODE;
    return entry | ENTRY_STRING(pick(world, 3));
}

/* Nobody runs: somebody is set going again, past whatever it was at. */
static void revive(struct world *world)
{
    for (unsigned tries = 0; tries < 4 * DOMAINS; tries++) {
        struct domain *domain = host_domain(world->roots[pick(world, DOMAINS)]);
        if (!domain || domain->state == DOMAIN_RUNNING)
            continue;
        domain_trap_set(domain, 0, 0);
        domain->registers[REGISTER_PC] += 4;
        gate_resume(domain);
        sched_ready(domain->root);
        (void)host_run();
        return;
    }
}

/* Keys wear out: most calls drop some and void others. Now and then a domain finds a new one. */
static void nurse(struct world *world)
{
    uint64_t root = world->roots[pick(world, DOMAINS)];
    struct disk_key disk = random_key(world, world->roots[pick(world, DOMAINS)]);
    unsigned slot = (unsigned)pick(world, NODE_SLOTS);
    struct key key = {0};
    struct domain *domain = host_domain(root);
    memcpy(&key, &disk, sizeof(disk));
    if (domain)
        node_slot_set(domain->keys, slot, &key);
}

/* A message as programs send them: through a gate key if there is one, blocks and lengths legal. */
static void plain_call(struct world *world)
{
    unsigned slot = (unsigned)pick(world, NODE_SLOTS);
    for (unsigned i = 0; i < NODE_SLOTS; i++)
        if (key_in(host_slot((slot + i) % NODE_SLOTS), KEY_SET(KEY_START) | KEY_SET(KEY_RESUME))) {
            slot = (slot + i) % NODE_SLOTS;
            break;
        }
    uint64_t words[4] = {draw(world), draw(world), draw(world), draw(world)};
    uint64_t kind = pick(world, 2) ? INVOKE_CALL : INVOKE_RETURN;
    uint64_t mode = pick(world, 2) ? STRING_NONE : STRING_REGISTERS;
    uint64_t keys = (draw(world) & 0xffff0000) | pick(world, 16) << EXIT_MASK_SHIFT;
    uint64_t entry =
        ENTRY_CODE | (draw(world) & ~ENTRY_STRING(3)) | ENTRY_STRING(pick(world, 3));
    host_set_string(words, sizeof(words));
    (void)host_call(pick(world, 100), EXIT_BLOCK(kind, slot) | EXIT_STRING(mode) | keys,
                    entry, 0, pick(world, STRING_REGISTER_BYTES + 1),
                    pick(world, (PAGES_EACH - 1) * PAGE_BYTES), pick(world, 200));
}

static void step(struct world *world)
{
    uint64_t word = draw(world);
    if (pick(world, 2)) {
        plain_call(world);
        return;
    }
    switch (pick(world, 24)) {
    case 0:
        (void)host_fault(random_addr(world), (enum access)pick(world, 3));
        break;
    case 1:
        (void)host_trap(TRAP_HARDWARE + 2, word);
        break;
    case 2:
        (void)host_store(pick(world, PAGES_EACH * PAGE_BYTES), &word, sizeof(word));
        break;
    default: {
        uint64_t a[7] = {random_order(world),  random_exit(world),   random_entry(world),
                         random_addr(world),   random_length(world), random_addr(world),
                         random_length(world)};
        (void)host_call(a[0], a[1], a[2], a[3], a[4], a[5], a[6]);
        break;
    }
    }
}

static const char *world_boot(const struct world *world, const struct variant *variant)
{
    struct pool_sizes sizes = pools_of(variant->ram_bytes);
    unsigned least = variant->least, requests = HOST_REQUESTS;
    if (least & 1u << POOL_NODES)
        sizes.node_bytes = 0;
    if (least & 1u << POOL_PAGES)
        sizes.pages_max = LIMIT_PAGES_MIN;
    if (least & 1u << POOL_TABLES)
        sizes.table_bytes = 0;
    if (least & 1u << POOL_DEPENDS)
        sizes.depend_bytes = 0;
    if (least & 1u << POOL_SPACES)
        sizes.spaces = LIMIT_SPACES_MIN;
    if (least & 1u << POOL_DOMAINS)
        sizes.domains = LIMIT_DOMAINS_MIN;
    if (least & 1u << POOL_POTS)
        sizes.pots = LIMIT_POTS_MIN;
    if (least & 1u << POOL_METERS)
        sizes.meters = LIMIT_METERS_MIN;
    if (least & 1u << POOL_REGIONS)
        sizes.region_bytes = 0;
    if (least & 1u << POOL_REQUESTS)
        requests = 1;
    return host_boot_with(world->store, variant->ram_bytes, &sizes, requests);
}

static uint64_t world_run(uint64_t seed, const struct variant *variant, bool forks)
{
    struct world world = {.forks = forks};
    world_make(&world, seed);
    if (world_boot(&world, variant))
        abort();
    host_knobs(variant->amnesia, true);
    host_quick_faults(!variant->walks);
    (void)host_run();
    for (unsigned i = 0; i < STEPS; i++) {
        if (pick(&world, 4) == 0)
            nurse(&world);
        if (host_running_id() == 0)
            revive(&world);
        if (host_running_id() != 0)
            step(&world);
    }
    return host_digest();
}

struct run {
    uint64_t seed;
    const struct variant *variant;
    bool forks;
};

static uint64_t run_one(const void *argument)
{
    const struct run *run = argument;
    return world_run(run->seed, run->variant, run->forks);
}

/* Returns the digest; 0: it crashed or panicked. */
static uint64_t world_run_apart(uint64_t seed, const struct variant *variant, bool forks)
{
    struct run run = {seed, variant, forks};
    return host_apart(run_one, &run);
}

Test(fuzz, no_call_breaks_an_invariant_and_no_cache_changes_the_outcome)
{
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        uint64_t plain = world_run_apart(seed, &variants[0], false);
        cr_assert_neq(plain, 0, "seed %lu", seed);
        for (unsigned i = 1; i < VARIANTS; i++)
            cr_assert_eq(world_run_apart(seed, &variants[i], false), plain, "seed %lu: %s", seed,
                         variants[i].name);
    }
}

Test(fuzz, pools_at_their_minima_one_by_one_and_in_pairs_do_not_change_the_outcome)
{
    for (uint64_t seed = 200; seed < 200 + EXTREME_SEEDS; seed++) {
        uint64_t plain = world_run_apart(seed, &variants[0], false);
        cr_assert_neq(plain, 0, "seed %lu", seed);
        for (unsigned one = 0; one < POOL_COUNT; one++)
            for (unsigned other = one; other < POOL_COUNT; other++) {
                struct variant variant = {"pools at their minima", 8u << 20, false,
                                          1u << one | 1u << other, false};
                cr_expect_eq(world_run_apart(seed, &variant, false), plain,
                             "seed %lu: pools %u and %u", seed, one, other);
            }
        struct variant all = {"all", LITTLE_BYTES, true, (1u << POOL_COUNT) - 1, false};
        cr_expect_eq(world_run_apart(seed, &all, false), plain, "seed %lu: all pools", seed);
    }
}

Test(fuzz, many_processes_at_once_break_no_invariant)
{
    for (uint64_t seed = 100; seed < 100 + SEEDS; seed++)
        for (unsigned i = 0; i < VARIANTS; i++)
            cr_assert_neq(world_run_apart(seed, &variants[i], true), 0, "seed %lu: %s", seed,
                          variants[i].name);
}
