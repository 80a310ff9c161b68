/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kernel_forward_test.c - front end keys and red segment keys, when called: their keeper gets the
 * message, with the node's key. Natively. */
#include <criterion/criterion.h>

#include "kernel/gate.h"
#include "tests/arch_host.h"

#define RAM_BYTES (4u << 20)
#define SLOT_FRONT 1u
#define SLOT_BACK 15u
#define KEEPER_SLOT 14u
#define FORMAT (0xfull << 20 | 0xfull << 16 | KEEPER_SLOT << 12 | 4u << 4 | SIZE_CODE_MIN)

/* A client, a server that takes everything into slots 12 to 15, and a node with it as keeper. */
struct front {
    struct store *store;
    uint64_t client, server, node;
};

static struct front front_make(enum key_type type, uint8_t data_byte, uint64_t format)
{
    struct front front = {.store = store_create(200, 100)};
    front.client = store_domain(front.store, DOMAIN_RUNNING);
    front.server = store_domain(front.store, DOMAIN_AVAILABLE);
    front.node = store_new_node(front.store);
    store_node(front.store, front.node)->slots[KEEPER_SLOT] =
        store_key(KEY_START, 9, front.server);
    store_node(front.store, front.node)->slots[RED_FORMAT_SLOT] = store_number(format);
    store_slot(front.store, front.client, SLOT_FRONT, store_key(type, data_byte, front.node));
    for (unsigned i = 2; i < 5; i++)
        store_slot(front.store, front.client, i, store_number(i));
    uint64_t entry = ENTRY_CODE | ENTRY_STRING(STRING_REGISTERS);
    for (unsigned i = 0; i < MESSAGE_KEYS; i++)
        entry |= ENTRY_TAKES(i, SLOT_BACK - 3 + i);
    store_register(front.store, front.server, REGISTER_A0 + 2, entry);
    store_running(front.store, front.client);
    return front;
}

/* The client calls with keys 2, 3, 4 and the string 77. */
static void call(struct front *front, uint64_t order)
{
    const uint64_t word = 77;
    store_finish(front->store);
    cr_assert_null(host_boot(front->store, RAM_BYTES));
    host_knobs(false, true);
    cr_assert_not_null(host_run());
    host_set_string(&word, sizeof(word));
    host_call(order,
              EXIT_BLOCK(INVOKE_CALL, SLOT_FRONT) | EXIT_STRING(STRING_REGISTERS) |
                  EXIT_SENDS(0, 2) | EXIT_SENDS(1, 3) | EXIT_SENDS(2, 4),
              ENTRY_CODE, 0, sizeof(word), 0, 0);
}

static void expect_forwarded(const struct front *front, uint64_t order, uint8_t data_byte)
{
    cr_assert_eq(host_running_id(), front->server);
    cr_expect_eq(host_argument(0), order);
    cr_expect_eq(host_argument(1), 9);
    cr_expect_eq(host_argument(4), 8);
    cr_expect_eq(host_string(0), 77);
    cr_expect_eq(host_slot(12)->count, 2);
    cr_expect_eq(host_slot(13)->count, 3);
    cr_expect_eq(key_type(host_slot(14)), KEY_NODE);
    cr_expect_eq(key_data_byte(host_slot(14)), data_byte);
    cr_expect_eq(key_object_id(host_slot(14)), front->node);
    cr_expect_eq(key_type(host_slot(SLOT_BACK)), KEY_RESUME);
}

Test(forward, a_front_end_key_calls_the_keeper_with_the_node)
{
    struct front front = front_make(KEY_FRONT_END, 0, FORMAT);
    call(&front, 5);
    expect_forwarded(&front, 5, 0);
}

Test(forward, every_order_is_the_keepers_also_that_for_the_type)
{
    struct front front = front_make(KEY_FRONT_END, 0, FORMAT);
    call(&front, ORDER_TYPE);
    expect_forwarded(&front, ORDER_TYPE, 0);
}

Test(forward, a_red_segment_key_does_too_and_what_it_may_not_the_node_key_may_not)
{
    struct front front = front_make(KEY_SEGMENT, KEY_READ_ONLY, FORMAT);
    call(&front, 5);
    expect_forwarded(&front, 5, KEY_READ_ONLY);
}

Test(forward, without_the_node_if_the_format_says_so)
{
    struct front front = front_make(KEY_FRONT_END, 0, FORMAT | (uint64_t)RED_FLAG_NO_NODE << 24);
    call(&front, 5);
    cr_assert_eq(host_running_id(), front.server);
    cr_expect_eq(host_slot(14)->count, 4);
    cr_expect_eq(key_type(host_slot(14)), KEY_DATA);
}

static void expect_answered(struct front front, uint64_t order, uint64_t code)
{
    call(&front, order);
    cr_assert_eq(host_running_id(), front.client);
    cr_expect_eq(host_argument(0), code);
}

Test(forward, a_segment_key_that_may_not_call_does_not)
{
    expect_answered(front_make(KEY_SEGMENT, KEY_NO_CALL, FORMAT), ORDER_TYPE, AKT_SEGMENT);
}

Test(forward, a_black_segment_key_does_not)
{
    expect_answered(front_make(KEY_SEGMENT, SIZE_CODE_MIN, FORMAT), ORDER_TYPE,
                    AKT_SEGMENT | SIZE_CODE_MIN << 8);
}

Test(forward, a_front_end_without_a_keeper_is_as_void)
{
    expect_answered(front_make(KEY_FRONT_END, 0, 0xffull << 16 | 0xfull << 12), 5, RC_DATA_KEY);
}

Test(forward, a_keeper_that_is_no_start_key_is_none)
{
    struct front front = front_make(KEY_FRONT_END, 0, FORMAT);
    store_node(front.store, front.node)->slots[KEEPER_SLOT] = store_number(3);
    expect_answered(front, ORDER_TYPE, RC_DATA_KEY);
}

/* A chain of so many front ends and red segments, one in front of the other, the last before the
 * server. */
static struct front chain_make(unsigned count)
{
    struct front front = front_make(KEY_FRONT_END, 0, FORMAT);
    uint64_t next = front.node;
    for (unsigned i = 1; i < count; i++) {
        uint64_t node = store_new_node(front.store);
        store_node(front.store, node)->slots[KEEPER_SLOT] =
            store_key(i % 2 ? KEY_FRONT_END : KEY_SEGMENT, 0, next);
        store_node(front.store, node)->slots[RED_FORMAT_SLOT] = store_number(FORMAT);
        next = node;
    }
    store_slot(front.store, front.client, SLOT_FRONT, store_key(KEY_FRONT_END, 0, next));
    return front;
}

Test(forward, through_20_front_ends_a_message_arrives_with_the_last_node)
{
    struct front front = chain_make(FRONT_END_DEPTH_MAX);
    call(&front, 5);
    expect_forwarded(&front, 5, 0);
}

Test(forward, through_21_it_traps)
{
    struct front front = chain_make(FRONT_END_DEPTH_MAX + 1);
    call(&front, 5);
    cr_assert_eq(host_domain(front.client)->trap_code, TRAP_FRONT_END_LOOP);
    cr_assert_eq(host_domain(front.server)->state, DOMAIN_AVAILABLE);
}

Test(forward, a_front_end_of_itself_traps)
{
    struct front front = front_make(KEY_FRONT_END, 0, FORMAT);
    store_node(front.store, front.node)->slots[KEEPER_SLOT] =
        store_key(KEY_FRONT_END, 0, front.node);
    call(&front, 5);
    cr_assert_eq(host_domain(front.client)->trap_code, TRAP_FRONT_END_LOOP);
}

Test(forward, a_front_end_of_a_kernel_key_is_that_key)
{
    struct front front = front_make(KEY_FRONT_END, 0, FORMAT);
    store_node(front.store, front.node)->slots[KEEPER_SLOT] = store_key(KEY_RETURNER, 0, 0);
    expect_answered(front, 1234, 1234);
}

Test(forward, a_front_end_of_a_node_fetches_from_that_node)
{
    struct front front = front_make(KEY_FRONT_END, 0, FORMAT);
    uint64_t node = store_new_node(front.store);
    store_node(front.store, front.node)->slots[KEEPER_SLOT] = store_key(KEY_NODE, 3, node);
    expect_answered(front, NODE_DATA_BYTE, 3);
}

Test(forward, a_void_keeper_is_a_data_key)
{
    struct front front = front_make(KEY_FRONT_END, 0, FORMAT);
    store_node(front.store, front.server)->allocation_count = 1;
    expect_answered(front, 5, RC_DATA_KEY);
}
