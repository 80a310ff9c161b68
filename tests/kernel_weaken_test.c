/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kernel_weaken_test.c - what a sense key hands out for a key of every type, by fetching and by
 * cloning; that it is the same the second time; and that discrim calls exactly that discreet.
 * Natively. Source: KeyKOS jsensec.c. */
#include <criterion/criterion.h>

#include "tests/kernel_calls.h"

#define SLOT_SENSE 0u
#define SLOT_BOX 1u   /* node key of the node that the sense key names */
#define SLOT_COPY 2u  /* node key of another node */
#define SLOT_DISCRIM 3u
#define SLOT_KEY 4u
#define BOX_SLOT 5u

static struct world {
    struct store *store;
    uint64_t caller, box, copy, node, page;
} world;

static void world_boot(void)
{
    world.store = store_create(200, 150);
    world.caller = calls_domain(world.store, DOMAIN_RUNNING);
    world.box = store_new_node(world.store);
    world.copy = store_new_node(world.store);
    world.node = store_new_node(world.store);
    world.page = store_new_page(world.store);
    store_slot(world.store, world.caller, SLOT_SENSE, store_key(KEY_SENSE, 0, world.box));
    store_slot(world.store, world.caller, SLOT_BOX, store_key(KEY_NODE, 0, world.box));
    store_slot(world.store, world.caller, SLOT_COPY, store_key(KEY_NODE, 0, world.copy));
    store_slot(world.store, world.caller, SLOT_DISCRIM, store_key(KEY_DISCRIM, 0, 0));
    calls_boot(world.store, world.caller);
}

/* A good key of the type. */
static struct key key_of(enum key_type type, uint8_t data_byte)
{
    struct key key = {.head = (uint64_t)type | (uint64_t)data_byte << 8};
    if (type == KEY_DATA)
        return key_number(0x1234567);
    if (type == KEY_PAGE)
        key.head |= world.page << 16;
    else if (type == KEY_START || type == KEY_RESUME || type == KEY_DOMAIN)
        key.head |= world.caller << 16;
    else if (type == KEY_METER)
        key.head |= (uint64_t)OBJECT_ID_PRIME_METER << 16;
    else if (key_names_node(&key))
        key.head |= world.node << 16;
    else if (type == KEY_NODE_RANGE || type == KEY_PAGE_RANGE)
        key = (struct key){.head = key.head | (uint64_t)OBJECT_ID_FIRST << 16, .count = 9};
    return key;
}

/* What it becomes. */
static struct key weak(struct key key)
{
    const uint64_t both = (uint64_t)(KEY_READ_ONLY | KEY_NO_CALL) << 8;
    switch ((unsigned)key_type(&key)) {
    case KEY_DATA:
    case KEY_RETURNER:
    case KEY_DISCRIM:
    case KEY_DATA_CREATOR:
    case KEY_COMPARE:
        return key;
    case KEY_PAGE:
        key.head |= (uint64_t)KEY_READ_ONLY << 8;
        return key;
    case KEY_SEGMENT:
        key.head |= both;
        return key;
    case KEY_NODE:
    case KEY_FETCH:
    case KEY_SENSE:
        key.head = ((key.head | both) & ~0xffull) | KEY_SENSE;
        return key;
    default:
        return key_number(0);
    }
}

static void expect_weak(enum key_type type, uint8_t data_byte)
{
    struct key key = key_of(type, data_byte), should_be = weak(key);
    node_slot_set(host_node(world.box), BOX_SLOT, &key);
    cr_assert_eq(calls_code(SLOT_SENSE, NODE_FETCH + BOX_SLOT, 0), RC_OK);
    struct key fetched = *host_slot(CALLS_SLOT_REPLY);
    cr_assert(key_equal(&fetched, &should_be), "type %u: 0x%lx, not 0x%lx", type, fetched.head,
              should_be.head);
    cr_assert_eq(calls_code(SLOT_COPY, NODE_CLONE, SEND_KEY(0, SLOT_SENSE)), RC_OK);
    cr_assert(key_equal(&host_node(world.copy)->slots[BOX_SLOT], &should_be), "type %u", type);
    /* The second time nothing is left to weaken. */
    struct key again = weak(should_be);
    cr_assert(key_equal(&again, &should_be));
    node_slot_set(host_node(world.box), BOX_SLOT, &fetched);
    cr_assert_eq(calls_code(SLOT_SENSE, NODE_FETCH + BOX_SLOT, 0), RC_OK);
    cr_assert(key_equal(host_slot(CALLS_SLOT_REPLY), &should_be), "type %u: twice", type);
    node_slot_set(host_domain(world.caller)->keys, SLOT_KEY, &key);
    cr_assert_eq(calls_code(SLOT_DISCRIM, DISCRIM_DISCREET, SEND_KEY(0, SLOT_KEY)),
                 !key_equal(&key, &should_be), "type %u: discreet", type);
}

Test(weaken, every_type_is_handed_out_as_the_table_says)
{
    static const uint8_t bytes[] = {0, KEY_READ_ONLY, KEY_NO_CALL, KEY_READ_ONLY | KEY_NO_CALL, 3};
    world_boot();
    for (unsigned type = 0; type < KEY_TYPE_COUNT; type++) {
        bool any_byte = type == KEY_SEGMENT || type == KEY_NODE || type == KEY_FETCH ||
                        type == KEY_SENSE;
        expect_weak((enum key_type)type, 0);
        for (unsigned i = 0; any_byte && i < sizeof(bytes); i++)
            expect_weak((enum key_type)type, bytes[i]);
    }
    expect_weak(KEY_PAGE, KEY_READ_ONLY);
}

Test(weaken, nothing_that_can_be_had_through_a_sense_key_writes)
{
    world_boot();
    struct key inner = key_of(KEY_NODE, 0), page = key_of(KEY_PAGE, 0);
    node_slot_set(host_node(world.box), 0, &inner);
    node_slot_set(host_node(world.node), 0, &page);
    /* sense -> node becomes sense -> page becomes read-only */
    cr_assert_eq(calls_code(SLOT_SENSE, NODE_FETCH, 0), RC_OK);
    node_slot_set(host_domain(world.caller)->keys, SLOT_KEY, host_slot(CALLS_SLOT_REPLY));
    cr_assert_eq(calls_code(SLOT_KEY, NODE_SWAP, 0), RC_BAD_ORDER);
    cr_assert_eq(calls_code(SLOT_KEY, NODE_MAKE_NODE, 0), RC_BAD_ORDER);
    cr_assert_eq(calls_code(SLOT_KEY, NODE_MAKE_SEGMENT, 0), RC_BAD_ORDER);
    cr_assert_eq(calls_code(SLOT_KEY, NODE_MAKE_FETCH, 0), RC_OK);
    cr_assert_eq(key_type(host_slot(CALLS_SLOT_REPLY)), KEY_SENSE);
    cr_assert_eq(calls_code(SLOT_KEY, NODE_FETCH, 0), RC_OK);
    node_slot_set(host_domain(world.caller)->keys, SLOT_KEY, host_slot(CALLS_SLOT_REPLY));
    cr_assert_eq(calls_code(SLOT_KEY, PAGE_CLEAR, 0), RC_READ_ONLY);
    cr_assert_eq(calls_code(SLOT_KEY, PAGE_TEST_ZERO, 0), 0);
}

Test(weaken, restrictions_of_a_made_key_only_grow)
{
    static const uint64_t orders[] = {NODE_MAKE_FETCH, NODE_MAKE_SEGMENT, NODE_MAKE_NODE,
                                      NODE_MAKE_SENSE};
    world_boot();
    for (unsigned own = 0; own < 4; own++)
        for (unsigned given = 0; given < 4; given++)
            for (unsigned i = 0; i < 4; i++) {
                uint8_t own_bits = (uint8_t)(own << 6), byte = (uint8_t)(given << 6 | 5);
                struct key key = key_of(KEY_NODE, own_bits | 3);
                node_slot_set(host_domain(world.caller)->keys, SLOT_KEY, &key);
                cr_assert_eq(calls_order(SLOT_KEY, orders[i], &byte, 1, 0).code, RC_OK);
                cr_assert_eq(key_data_byte(host_slot(CALLS_SLOT_REPLY)), byte | own_bits);
                cr_assert_eq(calls_code(SLOT_KEY, orders[i], 0), RC_OK);
                cr_assert_eq(key_data_byte(host_slot(CALLS_SLOT_REPLY)), own_bits | 3);
            }
    /* A segment key does not change its shape either. */
    uint8_t byte = KEY_READ_ONLY | 9;
    struct key red = key_of(KEY_SEGMENT, 4);
    node_slot_set(host_domain(world.caller)->keys, SLOT_KEY, &red);
    cr_assert_eq(calls_order(SLOT_KEY, NODE_MAKE_SEGMENT, &byte, 1, 0).code, RC_OK);
    cr_assert_eq(key_data_byte(host_slot(CALLS_SLOT_REPLY)), KEY_READ_ONLY | 4);
}
