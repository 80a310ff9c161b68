/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kernel_range_test.c - range keys: making keys, and making all keys to an object void whatever the
 * kernel has cached about it. Natively. */
#include <criterion/criterion.h>
#include <string.h>

#include "kernel/gate.h"
#include "kernel/sched.h"
#include "tests/kernel_calls.h"
#include "tests/kernel_screen.h"

#define SLOT_NODES 0u  /* range of all nodes of the store but the first 15 */
#define SLOT_PAGES 1u
#define SLOT_OTHER 2u  /* start key of the other domain */
#define SLOT_COPY 3u
#define SLOT_DISPLAY 4u
#define SLOT_WORK 5u
#define NODE_COUNT 200u
#define PAGE_COUNT 150u
#define MAP_ADDR 0x20000u /* where another segment is mapped */

static struct world {
    struct store *store;
    uint64_t client, other;
    uint64_t first_page; /* of the segment at MAP_ADDR */
    struct disk_key segment;
} world;

static struct disk_key range(enum key_type type, uint64_t count)
{
    struct disk_key key = store_key(type, 0, OBJECT_ID_FIRST);
    key.count = count + 1 - OBJECT_ID_FIRST;
    return key;
}

static uint64_t id_of(const struct disk_key *key)
{
    uint64_t id = 0;
    memcpy(&id, key->object_id, sizeof(key->object_id));
    return id;
}

static uint64_t id_in(struct store *store, uint64_t node, unsigned slot)
{
    return id_of(&store_node(store, node)->slots[slot]);
}

static void world_make(void)
{
    world.store = store_create(NODE_COUNT, PAGE_COUNT);
    world.client = calls_domain(world.store, DOMAIN_RUNNING);
    world.other = calls_domain(world.store, DOMAIN_AVAILABLE);
    store_slot(world.store, world.client, SLOT_NODES, range(KEY_NODE_RANGE, NODE_COUNT));
    store_slot(world.store, world.client, SLOT_PAGES, range(KEY_PAGE_RANGE, PAGE_COUNT));
    store_slot(world.store, world.client, SLOT_OTHER, store_key(KEY_START, 0, world.other));
    store_slot(world.store, world.client, SLOT_DISPLAY, store_key(KEY_DISPLAY, 0, 0));
    world.segment = store_segment(world.store, 4, &world.first_page);
    /* Both domains see it: a node above their memory, with it in slot 2 (128 KiB). */
    const uint64_t roots[] = {world.client, world.other};
    for (unsigned i = 0; i < 2; i++) {
        struct disk_node *root = store_node(world.store, roots[i]);
        uint64_t top = store_new_node(world.store);
        uint64_t mine = id_in(world.store, roots[i], DOMAIN_SLOT_MEMORY);
        /* store_segment() makes a node of size code 4 over one of size code 3: use the latter. */
        store_node(world.store, top)->slots[0] = store_node(world.store, mine)->slots[0];
        store_node(world.store, top)->slots[2] =
            store_node(world.store, id_of(&world.segment))->slots[0];
        root->slots[DOMAIN_SLOT_MEMORY] = store_key(KEY_SEGMENT, 4, top);
    }
}

static void world_start(void)
{
    calls_boot(world.store, world.client);
}

static uint64_t make_node(uint64_t id)
{
    return calls_number(SLOT_NODES, RANGE_MAKE, id - OBJECT_ID_FIRST);
}

static uint64_t create_node(uint64_t id)
{
    return calls_number(SLOT_NODES, RANGE_CREATE, id - OBJECT_ID_FIRST);
}

/* The key that came back, kept in a slot. */
static void keep(unsigned slot)
{
    node_slot_set(host_domain(world.client)->keys, slot, host_slot(CALLS_SLOT_REPLY));
}

Test(range, makes_keys_to_its_objects_and_to_no_others)
{
    world_make();
    world_start();
    for (unsigned slot = SLOT_NODES; slot <= SLOT_PAGES; slot++) {
        uint64_t count = (slot == SLOT_NODES ? NODE_COUNT : PAGE_COUNT) + 1 - OBJECT_ID_FIRST;
        struct reply reply = calls_order(slot, RANGE_COUNT, NULL, 0, 0);
        cr_assert_eq(reply.code, RC_OK);
        cr_assert_eq(reply.length_bytes, 8);
        cr_assert_arr_eq(reply.string, &count, 8);
        cr_assert_eq(calls_number(slot, RANGE_MAKE, count - 1), RC_OK);
        cr_assert_eq(key_object_id(host_slot(CALLS_SLOT_REPLY)), OBJECT_ID_FIRST + count - 1);
        cr_assert_eq(key_type(host_slot(CALLS_SLOT_REPLY)),
                     slot == SLOT_NODES ? KEY_NODE : KEY_PAGE);
        cr_assert_eq(calls_number(slot, RANGE_MAKE, count), RC_NOT_THERE);
        cr_assert(key_is_zero(host_slot(CALLS_SLOT_REPLY)));
        cr_assert_eq(calls_number(slot, RANGE_MAKE, UINT64_MAX), RC_NOT_THERE);
        cr_assert_eq(calls_code(slot, RANGE_MAKE, 0), RC_FORMAT);
        cr_assert_eq(calls_code(slot, 3, 0), RC_BAD_ORDER);
    }
}

Test(range, identifies_its_own_keys_only)
{
    world_make();
    uint64_t node = store_new_node(world.store);
    struct disk_key read_only = store_key(KEY_NODE, KEY_READ_ONLY, node);
    store_slot(world.store, world.client, 6, store_key(KEY_NODE, 3, node));
    store_slot(world.store, world.client, 7, read_only);
    store_slot(world.store, world.client, 8, store_key(KEY_NODE, 0, OBJECT_ID_PRIME_METER));
    store_slot(world.store, world.client, 9, store_key(KEY_PAGE, 0, node));
    store_slot(world.store, world.client, 10, store_key(KEY_FETCH, 0, node));
    world_start();
    uint64_t offset = node - OBJECT_ID_FIRST;
    struct reply reply = calls_order(SLOT_NODES, RANGE_IDENTIFY, NULL, 0, SEND_KEY(0, 6));
    cr_assert_eq(reply.code, RC_OK);
    cr_assert_arr_eq(reply.string, &offset, 8);
    for (unsigned slot = 7; slot <= 11; slot++)
        cr_assert_eq(calls_code(SLOT_NODES, RANGE_IDENTIFY, SEND_KEY(0, slot)), RC_NOT_THERE,
                     "slot %u", slot);
    cr_assert_eq(calls_code(SLOT_PAGES, RANGE_IDENTIFY, SEND_KEY(0, 9)), RC_OK);
    cr_assert_eq(calls_code(SLOT_PAGES, RANGE_IDENTIFY, SEND_KEY(0, 6)), RC_NOT_THERE);
}

Test(range, a_subrange_is_a_range_within)
{
    const uint64_t good[2] = {10, 5};
    const uint64_t bad[][2] = {{0, 0}, {0, NODE_COUNT}, {NODE_COUNT, 1}, {1, UINT64_MAX},
                               {UINT64_MAX, 2}};
    world_make();
    world_start();
    cr_assert_eq(calls_order(SLOT_NODES, RANGE_SUBRANGE, good, 16, 0).code, RC_OK);
    keep(SLOT_WORK);
    cr_assert_eq(calls_number(SLOT_WORK, RANGE_MAKE, 4), RC_OK);
    cr_assert_eq(key_object_id(host_slot(CALLS_SLOT_REPLY)), OBJECT_ID_FIRST + 14);
    cr_assert_eq(calls_number(SLOT_WORK, RANGE_MAKE, 5), RC_NOT_THERE);
    for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        cr_assert_eq(calls_order(SLOT_NODES, RANGE_SUBRANGE, bad[i], 16, 0).code, RC_NOT_THERE);
    cr_assert_eq(calls_order(SLOT_NODES, RANGE_SUBRANGE, good, 15, 0).code, RC_FORMAT);
}

Test(range, severing_voids_every_other_key_and_keeps_the_contents)
{
    world_make();
    uint64_t node = store_new_node(world.store);
    store_node(world.store, node)->slots[3] = store_number(33);
    store_slot(world.store, world.client, 6, store_key(KEY_NODE, 0, node));
    store_slot(world.store, world.client, SLOT_COPY, store_key(KEY_FETCH, 0, node));
    world_start();
    cr_assert_eq(calls_code(SLOT_COPY, NODE_FETCH + 3, 0), RC_OK);
    cr_assert_eq(calls_code(SLOT_NODES, RANGE_SEVER, SEND_KEY(0, 6)), RC_OK);
    keep(SLOT_WORK);
    cr_assert_eq(calls_code(6, ORDER_TYPE, 0), RC_DATA_KEY);
    cr_assert_eq(calls_code(SLOT_COPY, ORDER_TYPE, 0), RC_DATA_KEY);
    cr_assert_eq(calls_code(SLOT_WORK, NODE_FETCH + 3, 0), RC_OK);
    cr_assert_eq(host_slot(CALLS_SLOT_REPLY)->count, 33);
    cr_assert_eq(create_node(node), RC_OK);
    struct key created = *host_slot(CALLS_SLOT_REPLY);
    cr_assert_eq(calls_code(SLOT_WORK, ORDER_TYPE, 0), RC_DATA_KEY);
    node_slot_set(host_domain(world.client)->keys, SLOT_WORK, &created);
    cr_assert_eq(calls_code(SLOT_WORK, NODE_FETCH + 3, 0), RC_OK);
    cr_assert(key_is_zero(host_slot(CALLS_SLOT_REPLY)), "created nodes are clear");
    cr_assert_eq(calls_code(SLOT_NODES, RANGE_SEVER, SEND_KEY(0, 6)), RC_NOT_THERE);
}

Test(range, a_severed_page_is_no_longer_mapped_anywhere)
{
    uint8_t byte = 7;
    world_make();
    world_start();
    cr_assert(host_store(MAP_ADDR, &byte, 1));
    uint64_t offset = world.first_page - OBJECT_ID_FIRST;
    cr_assert_eq(calls_number(SLOT_PAGES, RANGE_CREATE, offset), RC_OK);
    cr_assert_not(host_load(MAP_ADDR, &byte, 1), "it faults, and nobody keeps this domain");
    cr_assert_eq(host_domain(world.client)->trap_code, TRAP_MEMORY + 4 * MEMORY_NO_KEY);
}

Test(range, a_severed_node_on_the_way_to_a_page_unmaps_what_is_below)
{
    uint8_t byte = 7;
    world_make();
    uint64_t leaf = id_in(world.store, id_of(&world.segment), 0);
    store_slot(world.store, world.client, 6, store_key(KEY_NODE, 0, leaf));
    world_start();
    cr_assert(host_store(MAP_ADDR, &byte, 1));
    cr_assert_eq(calls_code(SLOT_NODES, RANGE_SEVER, SEND_KEY(0, 6)), RC_OK);
    cr_assert_not(host_load(MAP_ADDR, &byte, 1));
    cr_assert_eq(host_domain(world.client)->trap_code, TRAP_MEMORY + 4 * MEMORY_NO_KEY);
}

/* Let the other domain run, called by the client, which then waits for it. */
static void other_runs(void)
{
    (void)host_call(0, CALL_SLOT(SLOT_OTHER), TAKE_ALL, 0, 0, 0, 0);
    cr_assert_eq(host_running_id(), world.other);
}

Test(range, parts_of_a_cached_domain_take_it_apart)
{
    static const unsigned slots[] = {DOMAIN_SLOT_KEYS, DOMAIN_SLOT_REGISTERS_0,
                                     DOMAIN_SLOT_REGISTERS_1, DOMAIN_SLOT_REGISTERS_2};
    world_make();
    world_start();
    for (unsigned i = 0; i < sizeof(slots) / sizeof(slots[0]); i++) {
        struct domain *other = host_domain(world.other);
        cr_assert_not_null(other);
        struct key part = other->root->slots[slots[i]], again;
        cr_assert_eq(create_node(key_object_id(&part)), RC_OK, "slot %u", slots[i]);
        again = *host_slot(CALLS_SLOT_REPLY);
        cr_assert_null(host_domain(world.other), "a register or keys node is void");
        cr_assert_eq(calls_code(SLOT_OTHER, 0, 0), RC_DATA_KEY);
        struct node_frame *root = host_node(world.other);
        node_slot_set(root, slots[i], &again);
    }
    cr_assert_not_null(host_domain(world.other), "whole again");
}

Test(range, severing_a_root_leaves_the_process_and_creating_takes_it)
{
    world_make();
    store_slot(world.store, world.client, 6, store_key(KEY_NODE, 0, world.other));
    world_start();
    (void)host_call(0, FORK_SLOT(SLOT_OTHER), 0, 0, 0, 0, 0);
    cr_assert_eq(host_running_id(), world.client);
    cr_assert_eq(calls_code(SLOT_NODES, RANGE_SEVER, SEND_KEY(0, 6)), RC_OK);
    cr_assert_eq(calls_code(SLOT_OTHER, 0, 0), RC_DATA_KEY, "the start key is void");
    cr_assert_eq(host_domain(world.other)->state, DOMAIN_RUNNING);
    cr_assert_not_null(host_node(world.other)->link.queue);
    cr_assert_eq(create_node(world.other), RC_OK);
    cr_assert_null(host_node(world.other)->link.queue);
    cr_assert_null(host_domain(world.other));
    cr_assert_null(host_call(0, RETURN_SLOT(11), 0, 0, 0, 0, 0), "nobody else runs");
}

Test(range, callers_stalled_on_a_severed_domain_are_told)
{
    world_make();
    uint64_t third = calls_domain(world.store, DOMAIN_AVAILABLE);
    store_slot(world.store, third, SLOT_OTHER, store_key(KEY_START, 0, world.other));
    store_slot(world.store, world.other, SLOT_WORK, store_key(KEY_START, 0, third));
    store_slot(world.store, world.other, SLOT_NODES, range(KEY_NODE_RANGE, NODE_COUNT));
    store_slot(world.store, world.other, 6, store_key(KEY_NODE, 0, world.other));
    world_start();
    other_runs();
    (void)host_call(0, FORK_SLOT(SLOT_WORK), 0, 0, 0, 0, 0);
    cr_assert_eq(host_running_id(), world.other);
    (void)host_tick(1);
    while (host_running_id() != third)
        (void)host_tick(1);
    (void)host_call(0, CALL_SLOT(SLOT_OTHER), TAKE_ALL, 0, 0, 0, 0);
    cr_assert_eq(host_running_id(), world.other);
    cr_assert_not_null(host_node(world.other)->callers.first);
    /* A domain may not take itself apart: it traps, and nothing has changed. */
    uint64_t offset = world.other - OBJECT_ID_FIRST;
    host_set_string(&offset, sizeof(offset));
    (void)host_call(RANGE_CREATE, CALL_SLOT(SLOT_NODES) | SEND_REGISTERS, TAKE_ALL, 0, 8, 0, 0);
    cr_assert_eq(host_domain(world.other)->trap_code, TRAP_DOMAIN_OVERLAP);
    /* The client does it, woken by hand. */
    struct domain *client = host_domain(world.client);
    gate_resume(client);
    sched_ready(client->root);
    (void)host_run();
    cr_assert_eq(host_running_id(), world.client);
    cr_assert_eq(create_node(world.other), RC_OK);
    cr_assert_null(host_node(world.other)->callers.first);
    (void)host_call(0, RETURN_SLOT(11), 0, 0, 0, 0, 0);
    cr_assert_eq(host_running_id(), third);
    cr_assert_eq(host_argument(0), RC_DATA_KEY);
}

Test(range, resume_keys_to_a_severed_domain_are_void)
{
    world_make();
    store_slot(world.store, world.other, SLOT_NODES, range(KEY_NODE_RANGE, NODE_COUNT));
    store_slot(world.store, world.other, 6, store_key(KEY_NODE, 0, world.client));
    store_register(world.store, world.other, REGISTER_A0 + 2, TAKE_KEY(3, SLOT_WORK));
    world_start();
    other_runs();
    cr_assert_eq(key_type(host_slot(SLOT_WORK)), KEY_RESUME);
    cr_assert_eq(calls_code(SLOT_NODES, RANGE_SEVER, SEND_KEY(0, 6)), RC_OK);
    cr_assert_eq(calls_code(SLOT_WORK, ORDER_TYPE, 0), RC_DATA_KEY);
    cr_assert_eq(host_domain(world.client)->state, DOMAIN_WAITING);
}

Test(range, a_page_on_the_screen_is_taken_down_first)
{
    world_make();
    uint64_t segment_first;
    struct disk_key picture = store_segment(world.store, 4, &segment_first);
    store_slot(world.store, world.client, 6, picture);
    screen_set(64, 64); /* 16384 bytes: 4 pages */
    world_start();
    (void)host_call(DISPLAY_ATTACH, CALL_SLOT(SLOT_DISPLAY) | SEND_KEY(0, 6), TAKE_ALL, 0, 0, 0, 0);
    screen_finish(true);
    (void)host_run();
    cr_assert_eq(host_running_id(), world.client);
    cr_assert_eq(host_argument(0), RC_OK);
    const uint8_t *shown = screen_backing(1);
    cr_assert_not_null(shown);
    uint64_t offset = segment_first + 1 - OBJECT_ID_FIRST;
    struct reply reply = calls_order(SLOT_PAGES, RANGE_CREATE, &offset, 8, 0);
    cr_assert_not(reply.back, "it waits for the device to let go");
    cr_assert_eq(screen_command(), SCREEN_COMMAND_HIDE);
    screen_finish(true);
    (void)host_run();
    cr_assert_eq(host_running_id(), world.client);
    cr_assert_eq(host_argument(0), RC_OK);
    cr_assert_null(screen_backing(1));
    cr_assert_eq(object_page_meet(shown)->pinned, 0);
}

Test(range, an_object_whose_count_is_used_up_is_retired_and_the_bank_is_told)
{
    world_make();
    uint64_t node = store_new_node(world.store), other_node = store_new_node(world.store);
    store_node(world.store, node)->allocation_count = ALLOCATION_COUNT_MAX - 1;
    store_node(world.store, other_node)->allocation_count = ALLOCATION_COUNT_MAX;
    struct disk_key key = store_key(KEY_NODE, 0, node);
    key.count = ALLOCATION_COUNT_MAX - 1;
    store_slot(world.store, world.client, 6, key);
    world_start();
    cr_assert_eq(make_node(node), RC_OK, "the last count is good");
    cr_assert_eq(make_node(other_node), RC_NO_NODES);
    cr_assert_eq(create_node(other_node), RC_NO_NODES);
    cr_assert_eq(calls_code(SLOT_NODES, RANGE_SEVER, SEND_KEY(0, 6)), RC_NO_NODES);
    cr_assert(key_is_zero(host_slot(CALLS_SLOT_REPLY)), "no key to it is made");
    cr_assert_eq(calls_code(6, ORDER_TYPE, 0), RC_DATA_KEY, "and the last one is void");
    cr_assert_eq(make_node(node), RC_NO_NODES);
    cr_assert_eq(host_node(node)->allocation_count, ALLOCATION_COUNT_MAX);
}

Test(range, a_page_whose_count_is_used_up_is_retired_too)
{
    world_make();
    uint64_t page = store_new_page(world.store), other = store_new_page(world.store);
    store_page_count(world.store, page, ALLOCATION_COUNT_MAX - 1);
    store_page_count(world.store, other, ALLOCATION_COUNT_MAX);
    struct disk_key key = store_key(KEY_PAGE, 0, page);
    key.count = ALLOCATION_COUNT_MAX - 1;
    store_slot(world.store, world.client, 6, key);
    world_start();
    cr_assert_eq(calls_number(SLOT_PAGES, RANGE_MAKE, page - OBJECT_ID_FIRST), RC_OK);
    cr_assert_eq(calls_number(SLOT_PAGES, RANGE_MAKE, other - OBJECT_ID_FIRST), RC_NO_PAGES);
    cr_assert_eq(calls_number(SLOT_PAGES, RANGE_CREATE, page - OBJECT_ID_FIRST), RC_NO_PAGES);
    cr_assert(key_is_zero(host_slot(CALLS_SLOT_REPLY)));
    cr_assert_eq(calls_code(6, ORDER_TYPE, 0), RC_DATA_KEY);
    cr_assert_eq(host_page(page)->allocation_count, ALLOCATION_COUNT_MAX);
    cr_assert_eq(calls_number(SLOT_PAGES, RANGE_CREATE, page - OBJECT_ID_FIRST), RC_NO_PAGES);
    cr_assert_eq(host_page(page)->allocation_count, ALLOCATION_COUNT_MAX, "it does not wrap");
}

Test(range, a_domain_whose_call_count_is_used_up_is_a_domain_no_more)
{
    world_make();
    store_node(world.store, world.other)->call_count = CALL_COUNT_MAX;
    world_start();
    cr_assert_eq(calls_code(SLOT_OTHER, 0, 0), RC_DATA_KEY);
    cr_assert_eq(host_node(world.other)->call_count, CALL_COUNT_MAX);
}
