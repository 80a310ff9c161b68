/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kernel_world.c - see kernel_world.h. Called by kernel tests; calls arch_host. */
#include "tests/kernel_world.h"

#include <stdlib.h>
#include <string.h>

#include "kernel/gate.h"
#include "kernel/sched.h"

#define DOMAINS WORLD_DOMAINS
#define PAGES_EACH 5u

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

void world_make(struct world *world, uint64_t seed)
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

/* It goes on after whatever it was at. */
static void go_on(struct domain *domain)
{
    domain_trap_set(domain, 0, 0);
    domain->registers[REGISTER_PC] += 4;
    if (domain->state == DOMAIN_RUNNING) {
        queue_remove(domain->root);
        gate_grant_return(domain->root);
    } else {
        gate_resume(domain);
    }
    sched_ready(domain->root);
    (void)host_run();
}

/* Nobody runs: who waits for another that will never be free gives up; else somebody is set going
 * again. There is one process still. */
static void revive(struct world *world)
{
    for (unsigned i = 0; i < DOMAINS; i++) {
        struct domain *domain = host_domain(world->roots[i]);
        if (domain && domain->state == DOMAIN_RUNNING) {
            go_on(domain);
            return;
        }
    }
    for (unsigned tries = 0; tries < 4 * DOMAINS; tries++) {
        struct domain *domain = host_domain(world->roots[pick(world, DOMAINS)]);
        if (!domain)
            continue;
        go_on(domain);
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
    uint64_t entry = ENTRY_CODE | (draw(world) & ~ENTRY_STRING(3)) | ENTRY_STRING(pick(world, 3));
    host_set_string(words, sizeof(words));
    (void)host_call(pick(world, 100), EXIT_BLOCK(kind, slot) | EXIT_STRING(mode) | keys, entry, 0,
                    pick(world, STRING_REGISTER_BYTES + 1),
                    pick(world, (PAGES_EACH - 1) * PAGE_BYTES), pick(world, 200));
}

/* What the running domain does happens again when the kernel had to put it off and comes back to
 * it. */
static bool happens_again(const struct world *world, uint64_t root_id)
{
    return world->put_off && world->put_off() && host_running_id() == root_id;
}

static void fault(const struct world *world, uint64_t addr, enum access access)
{
    uint64_t root_id = host_running_id();
    do
        (void)host_fault(addr, access);
    while (happens_again(world, root_id));
}

static void trap(const struct world *world, uint64_t value)
{
    uint64_t root_id = host_running_id();
    do
        (void)host_trap(TRAP_HARDWARE + 2, value);
    while (happens_again(world, root_id));
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
        fault(world, random_addr(world), (enum access)pick(world, 3));
        break;
    case 1:
        trap(world, word);
        break;
    case 2:
        (void)host_store(pick(world, PAGES_EACH * PAGE_BYTES), &word, sizeof(word));
        break;
    default: {
        uint64_t a[7] = {random_order(world), random_exit(world),   random_entry(world),
                         random_addr(world),  random_length(world), random_addr(world),
                         random_length(world)};
        (void)host_call(a[0], a[1], a[2], a[3], a[4], a[5], a[6]);
        break;
    }
    }
}

void world_steps(struct world *world, unsigned steps)
{
    for (unsigned i = 0; i < steps; i++) {
        if (pick(world, 4) == 0)
            nurse(world);
        if (host_running_id() == 0)
            revive(world);
        if (host_running_id() != 0)
            step(world);
    }
}
