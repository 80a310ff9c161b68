/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kernel_fault_test.c - page faults that need no walk end as those that are walked: the same
 * random run, with fault_quick() and without it, has one digest and tells the keeper the same.
 * Natively. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "disks/checksum.h"
#include "kernel/fault.h"
#include "kernel/object.h"
#include "tests/arch_host.h"

#define RAM_BYTES (4u << 20)
#define STEPS 3000u
#define PAGES 20u /* one leaf is full, the other has 4 */
#define RED_KEEPER 14u
#define SLOT_BACK 12u
#define SLOT_RED 11u

struct world {
    struct store *store;
    uint64_t client, keeper, red, top, pages, random;
    uint64_t told; /* checksum of everything the keeper was told */
};

static uint64_t pick(struct world *world, uint64_t count)
{
    world->random ^= world->random << 13;
    world->random ^= world->random >> 7;
    world->random ^= world->random << 17;
    return (world->random >> 16) % count;
}

static void world_make(struct world *world, uint64_t seed)
{
    *world = (struct world){.store = store_create(60, 60), .random = seed * 77 + 1};
    world->client = store_domain(world->store, DOMAIN_RUNNING);
    world->keeper = store_domain(world->store, DOMAIN_AVAILABLE);
    uint64_t keeper_pages;
    struct disk_key tree = store_segment(world->store, PAGES, &world->pages);
    store_node(world->store, world->keeper)->slots[DOMAIN_SLOT_MEMORY] =
        store_segment(world->store, 2, &keeper_pages);
    world->top = 0;
    memcpy(&world->top, tree.object_id, sizeof(tree.object_id));
    world->red = store_new_node(world->store);
    struct disk_node *red = store_node(world->store, world->red);
    red->slots[0] = tree;
    red->slots[RED_KEEPER] = store_key(KEY_START, 0xdd, world->keeper);
    red->slots[RED_FORMAT_SLOT] = store_number(0xff0015 | RED_KEEPER << 12);
    store_node(world->store, world->client)->slots[DOMAIN_SLOT_MEMORY] =
        store_key(KEY_SEGMENT, 0, world->red);
    store_register(world->store, world->keeper, REGISTER_A0 + 2,
                   ENTRY_CODE | ENTRY_TAKES(3, SLOT_BACK) | ENTRY_STRING(STRING_REGISTERS));
    store_running(world->store, world->client);
    store_finish(world->store);
}

static uint64_t leaf_id(const struct world *world, unsigned index)
{
    const struct key *key = &host_node(world->top)->slots[index];
    return key_object_id(key);
}

/* The keeper has the message: it notes it, and lets the client go on. */
static void keeper_answers(struct world *world)
{
    uint64_t words[7] = {world->told,      host_argument(0), host_argument(1), host_argument(4),
                         host_string(0), host_string(1),
                         key_object_id(host_slot(SLOT_RED)) + key_type(host_slot(SLOT_RED))};
    world->told = checksum64(words, sizeof(words), 1);
    uint64_t entry = ENTRY_CODE | ENTRY_TAKES(3, SLOT_BACK) | ENTRY_STRING(pick(world, 3));
    if (pick(world, 2))
        entry |= ENTRY_TAKES(2, SLOT_RED);
    (void)host_call(0, EXIT_BLOCK(INVOKE_RETURN, SLOT_BACK), entry, 0, 0, 0x1000, 64);
}

/* Put a page, or a read-only key to it, or nothing, where a page is or may be; or change something
 * above. */
static void tree_change(struct world *world)
{
    unsigned index = (unsigned)pick(world, PAGES + 3);
    struct node_frame *leaf = host_node(leaf_id(world, index / 16));
    struct key key = key_make(KEY_PAGE, pick(world, 4) ? 0 : KEY_READ_ONLY,
                              world->pages + pick(world, PAGES), 0);
    struct node_frame *top = host_node(world->top);
    struct key above = top->slots[index / 16];
    switch (pick(world, 20)) {
    case 0:
        above.head ^= (uint64_t)KEY_READ_ONLY << 8;
        node_slot_set(top, index / 16, &above);
        break;
    default:
        if (pick(world, 2))
            key = key_number(0);
        node_slot_set(leaf, index % 16, &key);
        break;
    }
}

/* No address of the kernel's, or of nobody's, is taken for one in this space or in another. */
static void strange_addresses(struct domain *domain)
{
    for (unsigned shift = USER_ADDRESS_BITS; domain->space && shift < 64; shift++)
        for (uint64_t multiple = 0; multiple < 5; multiple++)
            for (uint64_t near = 0; near < 200; near++) {
                uint64_t addr = ((multiple - 2) << shift) + ((near - 100) << 16) + PAGE_BYTES;
                if (addr >> USER_ADDRESS_BITS && fault_quick(domain, addr, 0))
                    abort();
            }
}

static uint64_t world_run(uint64_t seed, bool quick, uint64_t *quick_count)
{
    struct world world;
    world_make(&world, seed);
    if (host_boot(world.store, RAM_BYTES))
        abort();
    host_knobs(false, true);
    host_quick_faults(quick);
    (void)host_run();
    for (unsigned i = 0; i < STEPS; i++) {
        uint64_t value = pick(&world, UINT64_MAX), addr = pick(&world, PAGES + 3) * PAGE_BYTES;
        if (host_running_id() == world.keeper) {
            keeper_answers(&world);
            continue;
        }
        if (host_running_id() != world.client)
            abort();
        if (quick && i % 100 == 0) {
            strange_addresses(host_domain(world.client));
            strange_addresses(host_domain(world.keeper));
        }
        if (pick(&world, 2))
            tree_change(&world);
        if (pick(&world, 2))
            (void)host_store(addr, &value, sizeof(value));
        else
            (void)host_load(addr, &value, sizeof(value));
        world.told = checksum64(&value, sizeof(value), world.told);
    }
    *quick_count = host_quick_fault_count();
    return checksum64(&world.told, sizeof(world.told), host_digest());
}

/* In a process of its own, as a kernel boots once. [0]: the digest; 0: it crashed. [1]: how many
 * faults went the short way. */
static void run_apart(uint64_t seed, bool quick, uint64_t result[2])
{
    int ends[2], status;
    result[0] = result[1] = 0;
    cr_assert_eq(pipe(ends), 0);
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        uint64_t words[2];
        words[0] = world_run(seed, quick, &words[1]);
        _exit(write(ends[1], words, sizeof(words)) == sizeof(words) ? 0 : 1);
    }
    close(ends[1]);
    if (read(ends[0], result, 2 * sizeof(uint64_t)) != 2 * sizeof(uint64_t))
        result[0] = 0;
    close(ends[0]);
    cr_assert_eq(waitpid(child, &status, 0), child);
}

Test(fault, the_short_way_of_a_fault_ends_as_the_long_one)
{
    for (uint64_t seed = 1; seed <= 5; seed++) {
        uint64_t quick[2], slow[2];
        run_apart(seed, true, quick);
        run_apart(seed, false, slow);
        cr_assert_neq(quick[0], 0, "seed %lu", seed);
        cr_assert_eq(quick[0], slow[0], "seed %lu", seed);
        cr_assert_eq(slow[1], 0);
        cr_assert_gt(quick[1], STEPS / 10, "seed %lu: only %lu", seed, quick[1]);
    }
}
