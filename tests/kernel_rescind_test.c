/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kernel_rescind_test.c - keys that are void: copies of a used resume key and of keys to a severed
 * object, wherever they lie: in slots, in messages, in nodes that are still on disk. Natively. */
#include <criterion/criterion.h>
#include <string.h>

#include "tests/kernel_calls.h"

#define SLOT_SERVER 0u
#define SLOT_NODES 1u   /* range of all nodes */
#define SLOT_PAGES 2u
#define SLOT_CHEST 3u   /* node key of a node in which keys are kept */
#define SLOT_THING 4u   /* key to the object that is severed */
#define SLOT_BACK 15u
#define COPIES 40u      /* nodes with copies in every slot, each in a pot of its own or nearly */

static struct world {
    struct store *store;
    uint64_t client, server, chest, thing_node, thing_page;
} world;

static struct disk_key range(enum key_type type, uint64_t count)
{
    struct disk_key key = store_key(type, 0, OBJECT_ID_FIRST);
    key.count = count + 1 - OBJECT_ID_FIRST;
    return key;
}

static void world_make(void)
{
    world.store = store_create(1200, 150);
    world.client = calls_domain(world.store, DOMAIN_RUNNING);
    world.server = calls_domain(world.store, DOMAIN_AVAILABLE);
    world.chest = store_new_node(world.store);
    world.thing_node = store_new_node(world.store);
    world.thing_page = store_new_page(world.store);
    const uint64_t both[] = {world.client, world.server};
    for (unsigned i = 0; i < 2; i++) {
        store_slot(world.store, both[i], SLOT_NODES, range(KEY_NODE_RANGE, 1200));
        store_slot(world.store, both[i], SLOT_PAGES, range(KEY_PAGE_RANGE, 150));
        store_slot(world.store, both[i], SLOT_CHEST, store_key(KEY_NODE, 0, world.chest));
    }
    store_slot(world.store, world.client, SLOT_SERVER, store_key(KEY_START, 1, world.server));
    store_register(world.store, world.server, REGISTER_A0 + 2,
                   ENTRY_CODE | ENTRY_TAKES(3, SLOT_BACK));
}

static void call_server(void)
{
    (void)host_call(7, CALL_SLOT(SLOT_SERVER), TAKE_ALL | TAKE_KEY(0, 9), 0, 0, 0, 0);
    cr_assert_eq(host_running_id(), world.server);
    cr_assert_eq(key_type(host_slot(SLOT_BACK)), KEY_RESUME);
}

/* Copies of a key in nodes that stay on disk until they are asked for. The key is as it will be. */
static uint64_t copies_make(struct disk_key key)
{
    uint64_t first = 0;
    for (unsigned i = 0; i < COPIES; i++) {
        uint64_t node = store_new_node(world.store);
        first = first ? first : node;
        for (unsigned slot = 0; slot < NODE_SLOTS; slot++)
            store_node(world.store, node)->slots[slot] = key;
    }
    return first;
}

static void expect_copies_void(uint64_t first)
{
    for (unsigned i = 0; i < COPIES; i++)
        for (unsigned slot = 0; slot < NODE_SLOTS; slot++) {
            struct key key = host_node(first + i)->slots[slot];
            node_slot_set(host_domain(host_running_id())->keys, 10, &key);
            cr_assert_eq(calls_code(10, ORDER_TYPE, 0), RC_DATA_KEY, "copy %u, slot %u", i, slot);
        }
}

Test(rescind, copies_of_a_used_resume_key_are_void_also_those_on_disk)
{
    world_make();
    /* The client waits with call count 0, when the server has its resume key. */
    uint64_t first = copies_make(store_key(KEY_RESUME, RESUME_RETURN, world.client));
    calls_boot(world.store, world.client);
    call_server();
    struct key copy = *host_slot(SLOT_BACK);
    for (unsigned slot = 5; slot < 9; slot++)
        node_slot_set(host_domain(world.server)->keys, slot, &copy);
    node_slot_set(host_node(world.chest), 3, &copy);
    /* It goes to the client as a key of the very message that uses it up. */
    (void)host_call(1, RETURN_SLOT(SLOT_BACK) | SEND_KEY(0, 5), TAKE_ALL, 0, 0, 0, 0);
    cr_assert_eq(host_running_id(), world.client);
    cr_assert_eq(calls_code(9, ORDER_TYPE, 0), RC_DATA_KEY, "in the message");
    cr_assert_eq(calls_code(SLOT_CHEST, NODE_FETCH + 3, 0), RC_OK);
    cr_assert_eq(calls_code(CALLS_SLOT_REPLY, ORDER_TYPE, 0), RC_DATA_KEY, "in a node");
    expect_copies_void(first);
    for (unsigned slot = 5; slot < 9; slot++) {
        struct key left = host_domain(world.server)->keys->slots[slot];
        node_slot_set(host_domain(world.client)->keys, 10, &left);
        cr_assert_eq(calls_code(10, ORDER_TYPE, 0), RC_DATA_KEY, "with the server");
    }
}

Test(rescind, one_of_many_copies_is_as_good_as_any)
{
    world_make();
    uint64_t first = copies_make(store_key(KEY_RESUME, RESUME_RETURN, world.client));
    calls_boot(world.store, world.client);
    call_server();
    struct key copy = host_node(first + 7)->slots[3];
    node_slot_set(host_domain(world.server)->keys, 5, &copy);
    (void)host_call(99, FORK_SLOT(5), 0, 0, 0, 0, 0);
    cr_assert_eq(host_running_id(), world.server);
    cr_assert_eq(host_domain(world.client)->state, DOMAIN_RUNNING);
    cr_assert_eq(calls_code(SLOT_BACK, ORDER_TYPE, 0), RC_DATA_KEY);
    (void)host_call(0, RETURN_SLOT(11), 0, 0, 0, 0, 0);
    cr_assert_eq(host_running_id(), world.client);
    cr_assert_eq(host_argument(0), 99, "the first answer, and no other");
}

Test(rescind, taking_a_process_away_voids_its_resume_keys)
{
    world_make();
    store_slot(world.store, world.server, SLOT_THING, store_key(KEY_DOMAIN, 0, world.client));
    uint64_t first = copies_make(store_key(KEY_RESUME, RESUME_RETURN, world.client));
    calls_boot(world.store, world.client);
    call_server();
    cr_assert_eq(calls_code(SLOT_THING, DOMAIN_MAKE_BUSY, 0), RC_OK);
    cr_assert_eq(calls_code(SLOT_BACK, ORDER_TYPE, 0), RC_DATA_KEY);
    expect_copies_void(first);
    cr_assert_eq(host_domain(world.client)->state, DOMAIN_WAITING);
}

/* Sever what SLOT_THING names; every copy on disk is void, and the new key is good. */
static void expect_severed(unsigned range_slot, struct disk_key key, struct disk_key weak)
{
    store_slot(world.store, world.client, SLOT_THING, key);
    uint64_t first = copies_make(key), first_weak = copies_make(weak);
    calls_boot(world.store, world.client);
    struct key seen = host_node(first + 2)->slots[2]; /* one that was used before */
    node_slot_set(host_domain(world.client)->keys, 10, &seen);
    cr_assert_neq(calls_code(10, ORDER_TYPE, 0), RC_DATA_KEY);
    cr_assert_eq(calls_code(range_slot, RANGE_SEVER, SEND_KEY(0, SLOT_THING)), RC_OK);
    struct key good = *host_slot(CALLS_SLOT_REPLY);
    cr_assert_eq(calls_code(SLOT_THING, ORDER_TYPE, 0), RC_DATA_KEY);
    expect_copies_void(first);
    expect_copies_void(first_weak);
    node_slot_set(host_domain(world.client)->keys, 10, &good);
    cr_assert_neq(calls_code(10, ORDER_TYPE, 0), RC_DATA_KEY);
}

Test(rescind, copies_of_keys_to_a_severed_node_are_void)
{
    world_make();
    expect_severed(SLOT_NODES, store_key(KEY_NODE, 0, world.thing_node),
                   store_key(KEY_SEGMENT, SIZE_CODE_MIN, world.thing_node));
}

Test(rescind, copies_of_keys_to_a_severed_page_are_void)
{
    world_make();
    expect_severed(SLOT_PAGES, store_key(KEY_PAGE, 0, world.thing_page),
                   store_key(KEY_PAGE, KEY_READ_ONLY, world.thing_page));
}

Test(rescind, copies_of_keys_to_a_severed_domain_are_void)
{
    world_make();
    expect_severed(SLOT_NODES, store_key(KEY_NODE, 0, world.server),
                   store_key(KEY_START, 5, world.server));
}

Test(rescind, keys_do_not_come_back_when_their_object_leaves_memory_and_returns)
{
    world_make();
    store_slot(world.store, world.client, SLOT_THING, store_key(KEY_NODE, 0, world.thing_node));
    uint64_t first = copies_make(store_key(KEY_NODE, 0, world.thing_node));
    calls_boot(world.store, world.client);
    host_knobs(true, true); /* amnesia: nothing that is only derived survives a kernel exit */
    cr_assert_eq(calls_code(SLOT_NODES, RANGE_SEVER, SEND_KEY(0, SLOT_THING)), RC_OK);
    uint64_t reads = host_disk_reads();
    for (uint64_t id = OBJECT_ID_FIRST; id <= 1200; id++) {
        object_begin();
        (void)host_node(id); /* more than there are frames for */
    }
    cr_assert_gt(host_disk_reads(), reads);
    expect_copies_void(first);
}
