/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kernel_malformed_test.c - roots whose nodes make no domain, and nodes that overlap: such a domain
 * is as a data key to its callers, refuses orders on its domain key, and never runs. Natively. */
#include <criterion/criterion.h>
#include <string.h>

#include "kernel/gate.h"
#include "kernel/sched.h"
#include "tests/kernel_calls.h"

#define SLOT_START 0u
#define SLOT_RESUME 1u
#define SLOT_DOMAIN 2u
#define SLOT_OWN_ROOT 3u /* node keys to what the caller is made of */
#define SLOT_OWN_KEYS 4u
#define SLOT_OWN_REGISTERS 5u
#define SLOT_NODE 6u

static struct world {
    struct store *store;
    uint64_t caller, target, other;
} world;

static void world_boot(void)
{
    world.store = store_create(200, 150);
    world.caller = calls_domain(world.store, DOMAIN_RUNNING);
    world.target = calls_domain(world.store, DOMAIN_AVAILABLE);
    world.other = calls_domain(world.store, DOMAIN_AVAILABLE);
    store_slot(world.store, world.caller, SLOT_START, store_key(KEY_START, 1, world.target));
    store_slot(world.store, world.caller, SLOT_RESUME,
               store_key(KEY_RESUME, RESUME_RETURN, world.target));
    store_slot(world.store, world.caller, SLOT_DOMAIN, store_key(KEY_DOMAIN, 0, world.target));
    store_slot(world.store, world.caller, SLOT_OWN_ROOT, store_key(KEY_NODE, 0, world.caller));
    store_slot(world.store, world.caller, SLOT_OWN_KEYS,
               store_key(KEY_NODE, 0, world.caller + 1));
    store_slot(world.store, world.caller, SLOT_OWN_REGISTERS,
               store_key(KEY_NODE, 0, world.caller + 2));
    store_slot(world.store, world.caller, SLOT_NODE,
               store_key(KEY_NODE, 0, store_new_node(world.store)));
    calls_boot(world.store, world.caller);
}

static struct key node_key(uint64_t id, uint64_t count)
{
    return key_make(KEY_NODE, 0, id, count);
}

/* What is put into a slot of the target's root. */
static struct key damage(unsigned which)
{
    switch (which) {
    case 0:
        return key_number(0);
    case 1:
        return key_make(KEY_FETCH, 0, world.other + 1, 0);
    case 2:
        return key_make(KEY_PAGE, 0, OBJECT_ID_FIRST, 0);
    case 3:
        return node_key(world.other + 1, 5); /* void */
    case 4:
        return node_key(1000, 0); /* no such node */
    case 5:
        return node_key(world.target, 0); /* its own root */
    case 6:
        return node_key(world.caller, 0); /* the caller's root, which is in use */
    default:
        return node_key(world.caller + 2, 0); /* the caller's registers */
    }
}
#define DAMAGES 8u

static void expect_no_domain(const char *what, unsigned detail)
{
    cr_assert_eq(calls_code(SLOT_START, 5, 0), RC_DATA_KEY, "%s %u", what, detail);
    cr_assert_eq(calls_code(SLOT_RESUME, 5, 0), RC_DATA_KEY, "%s %u", what, detail);
    cr_assert_eq(calls_code(SLOT_DOMAIN, ORDER_TYPE, 0), AKT_DOMAIN);
    cr_assert_eq(calls_code(SLOT_DOMAIN, DOMAIN_GET_CONTROL, 0), RC_FORMAT, "%s %u", what,
                 detail);
    cr_assert_eq(calls_code(SLOT_DOMAIN, DOMAIN_MAKE_BUSY, 0), RC_FORMAT);
    cr_assert_eq(calls_code(SLOT_DOMAIN, DOMAIN_FETCH, 0), RC_FORMAT);
}

/* Keys that a void one replaced are put back, as the slot was. */
static void keys_put_back(void)
{
    struct domain *caller = host_domain(world.caller);
    const struct node_frame *root = host_node(world.target);
    struct key start = key_make(KEY_START, 1, world.target, root->allocation_count);
    struct key resume = key_make(KEY_RESUME, RESUME_RETURN, world.target, root->call_count);
    node_slot_set(caller->keys, SLOT_START, &start);
    node_slot_set(caller->keys, SLOT_RESUME, &resume);
}

Test(malformed, a_root_with_a_wrong_part_is_no_domain)
{
    static const unsigned slots[] = {DOMAIN_SLOT_KEYS, DOMAIN_SLOT_REGISTERS_0,
                                     DOMAIN_SLOT_REGISTERS_1, DOMAIN_SLOT_REGISTERS_2};
    world_boot();
    for (unsigned i = 0; i < sizeof(slots) / sizeof(slots[0]); i++)
        for (unsigned which = 0; which < DAMAGES; which++) {
            struct node_frame *root = host_node(world.target);
            domain_plain(root);
            struct key before = root->slots[slots[i]], bad = damage(which);
            node_slot_set(root, slots[i], &bad);
            keys_put_back();
            expect_no_domain("part", i * 100 + which);
            root = host_node(world.target);
            node_slot_set(root, slots[i], &before);
            cr_assert_not_null(host_domain(world.target));
        }
}

Test(malformed, a_part_that_is_there_twice_is_no_part)
{
    world_boot();
    struct node_frame *root = host_node(world.target);
    domain_plain(root);
    node_slot_set(root, DOMAIN_SLOT_REGISTERS_1, &root->slots[DOMAIN_SLOT_REGISTERS_0]);
    expect_no_domain("twice", 1);
    node_slot_set(root, DOMAIN_SLOT_REGISTERS_1, &root->slots[DOMAIN_SLOT_KEYS]);
    expect_no_domain("twice", 2);
}

Test(malformed, state_and_trap_must_be_numbers)
{
    static const struct {
        unsigned slot;
        uint64_t head, count;
    } bad[] = {
        {DOMAIN_SLOT_STATE, 0, DOMAIN_RUNNING + 1},
        {DOMAIN_SLOT_STATE, 1ull << 16, 0},
        {DOMAIN_SLOT_TRAP, KEY_RETURNER, 0},
        {DOMAIN_SLOT_TRAP_VALUE, 1ull << 20, 0},
    };
    world_boot();
    for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct node_frame *root = host_node(world.target);
        struct key key = {.head = bad[i].head, .count = bad[i].count};
        domain_plain(root);
        struct key before = root->slots[bad[i].slot];
        node_slot_set(root, bad[i].slot, &key);
        keys_put_back();
        expect_no_domain("number", i);
        node_slot_set(host_node(world.target), bad[i].slot, &before);
    }
}

Test(malformed, a_domain_that_is_taken_apart_while_it_waits_to_run_does_not_run)
{
    world_boot();
    (void)host_call(0, FORK_SLOT(SLOT_START), 0, 0, 0, 0, 0);
    cr_assert_eq(host_running_id(), world.caller);
    struct node_frame *root = host_node(world.target);
    struct key zero = key_number(0);
    domain_plain(root);
    node_slot_set(root, DOMAIN_SLOT_REGISTERS_0, &zero);
    cr_assert_null(host_call(0, RETURN_SLOT(11), 0, 0, 0, 0, 0));
    cr_assert_null(host_node(world.target)->link.queue);
    cr_assert_not_null(strstr(host_console(), "its nodes do not make a domain; stopped"));
}

/* Two roots that share a node are one domain at a time: the one that was used last. */
Test(malformed, a_shared_part_belongs_to_who_uses_it)
{
    world_boot();
    struct node_frame *root = host_node(world.other);
    domain_plain(root);
    node_slot_set(root, DOMAIN_SLOT_REGISTERS_0,
                  &host_node(world.target)->slots[DOMAIN_SLOT_REGISTERS_0]);
    struct domain *target = host_domain(world.target);
    cr_assert_not_null(target);
    target->registers[5] = 1234;
    target->unchanged = false;
    struct domain *other = host_domain(world.other);
    cr_assert_not_null(other);
    cr_assert_null(host_node(world.target)->domain, "written back and dissolved");
    cr_assert_eq(other->registers[5], 1234);
}

Test(malformed, orders_on_a_node_that_the_caller_is_made_of_trap)
{
    static const struct {
        unsigned slot;
        uint64_t order;
    } traps[] = {
        {SLOT_OWN_ROOT, NODE_FETCH},          {SLOT_OWN_ROOT, NODE_SWAP + 1},
        {SLOT_OWN_ROOT, NODE_CLEAR},          {SLOT_OWN_ROOT, NODE_CLONE},
        {SLOT_OWN_REGISTERS, NODE_FETCH + 3}, {SLOT_OWN_REGISTERS, NODE_SWAP},
        {SLOT_OWN_REGISTERS, NODE_CLEAR},
    };
    world_boot();
    for (unsigned i = 0; i < sizeof(traps) / sizeof(traps[0]); i++) {
        (void)host_call(traps[i].order, CALL_SLOT(traps[i].slot) | SEND_KEY(0, SLOT_NODE),
                        TAKE_ALL, 0, 0, 0, 0);
        struct domain *caller = host_domain(world.caller);
        cr_assert_eq(caller->trap_code, TRAP_DOMAIN_OVERLAP, "case %u", i);
        cr_assert_eq(caller->state, DOMAIN_WAITING);
        domain_trap_set(caller, 0, 0);
        caller->registers[REGISTER_PC] += 4;
        gate_resume(caller);
        sched_ready(caller->root);
        (void)host_run();
        cr_assert_eq(host_running_id(), world.caller);
    }
    /* What does not look at the slots is fine; so is the node of its keys. */
    cr_assert_eq(calls_code(SLOT_OWN_ROOT, NODE_MAKE_FETCH, 0), RC_OK);
    cr_assert_eq(calls_code(SLOT_OWN_KEYS, NODE_SWAP + 9, SEND_KEY(0, SLOT_NODE)), RC_OK);
    cr_assert_eq(key_type(host_slot(9)), KEY_NODE);
    cr_assert_eq(calls_code(SLOT_NODE, NODE_CLONE, SEND_KEY(0, SLOT_OWN_ROOT)), RC_FORMAT);
}

Test(malformed, a_domain_may_not_stop_or_set_itself)
{
    static const uint64_t orders[] = {DOMAIN_MAKE_AVAILABLE, DOMAIN_MAKE_BUSY,
                                      DOMAIN_PUT_REGISTERS, DOMAIN_PUT_ALL,
                                      DOMAIN_REPLACE_MEMORY};
    const uint64_t word = 0;
    world_boot();
    struct key key = key_make(KEY_DOMAIN, 0, world.caller, 0);
    node_slot_set(host_domain(world.caller)->keys, SLOT_DOMAIN, &key);
    for (unsigned i = 0; i < sizeof(orders) / sizeof(orders[0]); i++)
        cr_assert_eq(calls_order(SLOT_DOMAIN, orders[i], &word, sizeof(word), 0).code, RC_FORMAT,
                     "order %lu", orders[i]);
    cr_assert_eq(calls_code(SLOT_DOMAIN, DOMAIN_MAKE_FAULT, 0), RC_OK);
    cr_assert_eq(calls_code(SLOT_DOMAIN, DOMAIN_GET_REGISTERS, 0), RC_OK);
}
