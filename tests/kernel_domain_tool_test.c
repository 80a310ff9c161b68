/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kernel_domain_tool_test.c - the domain tool opens what carries the brand, and nothing else; the
 * data creator. Natively. */
#include <criterion/criterion.h>

#include "tests/kernel_calls.h"

#define SLOT_TOOL 0u
#define SLOT_BRAND 1u
#define SLOT_WRONG 2u /* a brand of somebody else */
#define SLOT_THING 3u
#define SLOT_CREATOR 4u

static struct world {
    struct store *store;
    uint64_t client, branded, maker;
} world;

/* The branded domain's brand is a start key of its maker with data byte 9. */
static void world_make(void)
{
    world.store = store_create(200, 150);
    world.client = calls_domain(world.store, DOMAIN_RUNNING);
    world.branded = calls_domain(world.store, DOMAIN_AVAILABLE);
    world.maker = calls_domain(world.store, DOMAIN_AVAILABLE);
    struct disk_key brand = store_key(KEY_START, 9, world.maker);
    store_node(world.store, world.branded)->slots[DOMAIN_SLOT_BRAND] = brand;
    store_slot(world.store, world.client, SLOT_TOOL, store_key(KEY_DOMAIN_TOOL, 0, 0));
    store_slot(world.store, world.client, SLOT_BRAND, brand);
    store_slot(world.store, world.client, SLOT_WRONG, store_key(KEY_START, 8, world.maker));
    store_slot(world.store, world.client, SLOT_CREATOR, store_key(KEY_DATA_CREATOR, 0, 0));
}

static void thing(struct disk_key key)
{
    store_slot(world.store, world.client, SLOT_THING, key);
}

static uint64_t tool(uint64_t order, unsigned brand)
{
    return calls_code(SLOT_TOOL, order, SEND_KEY(0, SLOT_THING) | SEND_KEY(1, brand));
}

static void expect_reply(unsigned index, enum key_type type, uint64_t id)
{
    const struct key *key = host_slot(CALLS_SLOT_REPLY + index);
    cr_assert_eq(key_type(key), type);
    cr_assert_eq(key_object_id(key), id);
    cr_assert_eq(key_data_byte(key), 0);
}

/* The order opens the thing with its brand, to the node of the branded root; no other order, and no
 * other brand, does. */
static void expect_only(uint64_t order)
{
    static const uint64_t orders[] = {0, 1, 2, 3, 5, 6, 7, 9, 10, 11};
    calls_boot(world.store, world.client);
    for (unsigned i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
        cr_assert_eq(tool(orders[i], SLOT_BRAND), orders[i] == order ? RC_OK : RC_NOT_THERE,
                     "order %lu", orders[i]);
        if (orders[i] == order)
            expect_reply(0, order == DOMAIN_TOOL_MAKE ? KEY_DOMAIN : KEY_NODE, world.branded);
        else
            cr_assert(key_is_zero(host_slot(CALLS_SLOT_REPLY)));
        cr_assert_eq(tool(orders[i], SLOT_WRONG), RC_NOT_THERE);
        cr_assert_eq(tool(orders[i], 11), RC_NOT_THERE, "no brand");
    }
    cr_assert_eq(tool(4, SLOT_BRAND), RC_BAD_ORDER);
    cr_assert_eq(tool(8, SLOT_BRAND), RC_BAD_ORDER);
    cr_assert_eq(tool(12, SLOT_BRAND), RC_BAD_ORDER);
}

/* A key to the branded domain is opened by one order alone. */
static void expect_opened(enum key_type type, uint8_t data_byte, uint64_t order)
{
    world_make();
    thing(store_key(type, data_byte, world.branded));
    expect_only(order);
}

Test(domain_tool, a_node_key_becomes_a_domain_key)
{
    expect_opened(KEY_NODE, 0, DOMAIN_TOOL_MAKE);
}

Test(domain_tool, a_read_only_node_key_does_not)
{
    expect_opened(KEY_NODE, KEY_READ_ONLY, UINT64_MAX);
}

Test(domain_tool, a_start_key_is_identified)
{
    expect_opened(KEY_START, 77, DOMAIN_TOOL_START);
}

Test(domain_tool, a_resume_key_is_identified)
{
    expect_opened(KEY_RESUME, RESUME_FAULT, DOMAIN_TOOL_RESUME);
}

Test(domain_tool, a_domain_key_is_identified)
{
    expect_opened(KEY_DOMAIN, 0, DOMAIN_TOOL_DOMAIN);
}

Test(domain_tool, a_domain_without_brand_is_not_opened_by_no_brand)
{
    world_make();
    thing(store_key(KEY_DOMAIN, 0, world.maker)); /* brand: data key 0 */
    expect_only(UINT64_MAX);
}

Test(domain_tool, a_brand_that_was_voided_opens_nothing)
{
    world_make();
    thing(store_key(KEY_DOMAIN, 0, world.branded));
    store_node(world.store, world.maker)->allocation_count = 1;
    expect_only(UINT64_MAX);
}

/* A red node whose keeper, in slot 14, is a key of this type to the branded domain. */
static uint64_t red_node(enum key_type keeper)
{
    uint64_t red = store_new_node(world.store);
    struct disk_node *node = store_node(world.store, red);
    node->slots[14] = store_key(keeper, 0, world.branded);
    node->slots[RED_FORMAT_SLOT] = store_number(0xffe043);
    return red;
}

static void expect_keeper(uint64_t order, uint64_t node)
{
    expect_only(order);
    cr_assert_eq(tool(order, SLOT_BRAND), RC_OK);
    expect_reply(0, KEY_NODE, world.branded);
    expect_reply(1, KEY_NODE, node);
}

Test(domain_tool, a_segment_is_identified_by_the_start_key_of_its_keeper)
{
    world_make();
    uint64_t red = red_node(KEY_START);
    thing(store_key(KEY_SEGMENT, 0, red));
    expect_keeper(DOMAIN_TOOL_SEGMENT, red);
}

Test(domain_tool, a_front_end_is_identified_by_the_resume_key_of_its_keeper)
{
    world_make();
    uint64_t red = red_node(KEY_RESUME);
    thing(store_key(KEY_FRONT_END, 0, red));
    expect_keeper(DOMAIN_TOOL_SEGMENT + 1, red);
}

Test(domain_tool, a_segment_is_identified_by_the_domain_key_of_its_keeper)
{
    world_make();
    uint64_t red = red_node(KEY_DOMAIN);
    thing(store_key(KEY_SEGMENT, KEY_READ_ONLY, red));
    expect_keeper(DOMAIN_TOOL_SEGMENT + 2, red);
}

Test(domain_tool, a_black_segment_has_no_keeper)
{
    world_make();
    thing(store_key(KEY_SEGMENT, 3, red_node(KEY_START)));
    expect_only(UINT64_MAX);
}

Test(domain_tool, a_meter_is_identified_by_its_keeper)
{
    world_make();
    uint64_t meter = store_new_node(world.store);
    store_node(world.store, meter)->slots[METER_SLOT_KEEPER] =
        store_key(KEY_START, 1, world.branded);
    thing(store_key(KEY_METER, 0, meter));
    expect_keeper(DOMAIN_TOOL_METER, meter);
}

Test(data_creator, makes_the_data_key_that_was_described)
{
    const uint64_t number = 0x123456789abcdef0, both[2] = {0x1122334455660000, 99};
    const uint64_t typed[2] = {KEY_START, 99};
    world_make();
    calls_boot(world.store, world.client);
    cr_assert_eq(calls_number(SLOT_CREATOR, DATA_CREATE_NUMBER, number), RC_OK);
    cr_assert_eq(host_slot(CALLS_SLOT_REPLY)->head, 0);
    cr_assert_eq(host_slot(CALLS_SLOT_REPLY)->count, number);
    cr_assert_eq(calls_order(SLOT_CREATOR, DATA_CREATE, both, 16, 0).code, RC_OK);
    cr_assert_eq(host_slot(CALLS_SLOT_REPLY)->head, both[0]);
    cr_assert_eq(host_slot(CALLS_SLOT_REPLY)->count, both[1]);
    cr_assert_eq(calls_order(SLOT_CREATOR, DATA_CREATE, typed, 16, 0).code, RC_FORMAT);
    cr_assert(key_is_zero(host_slot(CALLS_SLOT_REPLY)), "no other key can be made up");
    cr_assert_eq(calls_order(SLOT_CREATOR, DATA_CREATE, both, 15, 0).code, RC_FORMAT);
    cr_assert_eq(calls_order(SLOT_CREATOR, DATA_CREATE_NUMBER, both, 7, 0).code, RC_FORMAT);
    cr_assert_eq(calls_code(SLOT_CREATOR, 2, 0), RC_BAD_ORDER);
}
