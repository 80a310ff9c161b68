/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kernel_keeper_test.c - domain keepers that help, and every kind that cannot: the domain ends in a
 * defined state, the kernel goes on, and whoever has nothing to do with it has its turns. Turns and
 * priorities. Natively. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "kernel/meter.h"
#include "kernel/sched.h"
#include "tests/kernel_calls.h"

#define SLICE LIMIT_SLICE_TICKS
#define TRAP (TRAP_HARDWARE + 2) /* an illegal instruction */
#define SLOT_BACK 15u
#define SERVES                                                                                     \
    (ENTRY_CODE | ENTRY_TAKES(2, 6) | ENTRY_TAKES(3, SLOT_BACK) | ENTRY_STRING(STRING_REGISTERS))

/* A traps; B only runs; K is A's keeper, available; L and M may be keepers, too. */
static struct {
    struct store *store;
    uint64_t a, b, k, l, m;
} world;

static void keeper_of(uint64_t root, struct disk_key key)
{
    store_node(world.store, root)->slots[DOMAIN_SLOT_KEEPER] = key;
}

static struct disk_key start_of(uint64_t root)
{
    return store_key(KEY_START, 5, root);
}

static void world_make(void)
{
    world.store = store_create(600, 400);
    world.a = calls_domain(world.store, DOMAIN_RUNNING);
    world.b = calls_domain(world.store, DOMAIN_RUNNING);
    uint64_t *const keepers[] = {&world.k, &world.l, &world.m};
    for (unsigned i = 0; i < 3; i++) {
        *keepers[i] = calls_domain(world.store, DOMAIN_AVAILABLE);
        store_register(world.store, *keepers[i], REGISTER_A0 + 2, SERVES);
    }
    keeper_of(world.a, start_of(world.k));
}

/* Every tick someone else runs, until it is this one. false: it never does. */
static bool runs(uint64_t root)
{
    for (unsigned i = 0; i < 24 && host_running_id(); i++) {
        if (host_running_id() == root)
            return true;
        host_tick(1);
    }
    return false;
}

/* The running domain traps; and again, if its keeper could not be told yet. */
static void trap(uint64_t root)
{
    for (unsigned i = 0; i < 12; i++) {
        if (host_running_id() == root)
            host_trap(TRAP, 0x1234);
        else if (host_running_id() == world.b)
            host_tick(1);
    }
}

static void trap_now(void)
{
    calls_boot(world.store, world.a);
    trap(world.a);
}

/* B has its turns, and A does not run any more. */
static void expect_stopped(enum domain_state state)
{
    cr_assert(runs(world.b));
    for (unsigned i = 0; i < 20; i++) {
        host_tick(SLICE);
        cr_expect_neq(host_running_id(), world.a);
        cr_assert_neq(host_running_id(), 0);
    }
    cr_assert(runs(world.b));
    cr_expect_eq(host_domain(world.a)->state, state);
    cr_expect(host_check(), "%s", host_console());
}

Test(keeper, it_is_told_the_trap_and_may_let_the_domain_try_again)
{
    world_make();
    trap_now();
    cr_assert(runs(world.k));
    cr_expect_eq(host_argument(0), KT + TRAP);
    cr_expect_eq(host_argument(1), 5);
    cr_expect_eq(host_argument(4), REGISTER_WORDS * 8 + sizeof(struct domain_control));
    cr_expect_eq(key_type(host_slot(6)), KEY_DOMAIN);
    cr_expect_eq(key_object_id(host_slot(6)), world.a);
    cr_expect_eq(key_data_byte(host_slot(SLOT_BACK)), RESUME_FAULT);
    cr_expect_eq(host_domain(world.a)->trap_code, TRAP);
    uint64_t control[2] = {0, 0};
    host_set_string(control, sizeof(control));
    host_call(DOMAIN_PUT_CONTROL, CALL_SLOT(6) | SEND_REGISTERS, ENTRY_CODE, 0, 16, 0, 0);
    cr_assert_eq(host_argument(0), RC_OK);
    host_call(0, RETURN_SLOT(SLOT_BACK), SERVES, 0, 0, 0, 0);
    cr_assert(runs(world.a), "nothing is wrong with it any more");
    cr_expect_eq(host_domain(world.k)->state, DOMAIN_AVAILABLE);
}

Test(keeper, a_trap_that_is_not_taken_away_comes_back)
{
    world_make();
    trap_now();
    cr_assert(runs(world.k));
    host_call(0, RETURN_SLOT(SLOT_BACK), SERVES, 0, 0, 0, 0);
    cr_assert(runs(world.k));
    cr_expect_eq(host_argument(0), KT + TRAP);
}

Test(keeper, a_number_is_none)
{
    world_make();
    keeper_of(world.a, store_number(5));
    trap_now();
    expect_stopped(DOMAIN_WAITING);
    cr_expect_eq(host_domain(world.a)->trap_code, TRAP);
}

Test(keeper, a_key_that_is_no_gate_is_none)
{
    static const enum key_type types[] = {KEY_PAGE, KEY_NODE, KEY_METER, KEY_DOMAIN, KEY_RETURNER};
    world_make();
    for (unsigned i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        uint64_t root = calls_domain(world.store, DOMAIN_RUNNING);
        keeper_of(root, store_key(types[i], 0, 20));
        store_node(world.store, root)->slots[DOMAIN_SLOT_TRAP] = store_number(TRAP);
    }
    uint64_t last = world.store->next_node;
    calls_boot(world.store, world.a);
    for (unsigned i = 0; i < 30; i++)
        host_tick(1);
    for (uint64_t root = last - 7; root >= world.m + 7; root -= 7)
        cr_expect_eq(host_domain(root)->state, DOMAIN_WAITING, "%lu", root);
    cr_expect(host_check());
}

Test(keeper, a_void_start_key_is_none)
{
    struct disk_key key;
    world_make();
    key = start_of(world.k);
    key.count = 3;
    keeper_of(world.a, key);
    trap_now();
    expect_stopped(DOMAIN_WAITING);
    cr_expect(key_is_zero(&host_domain(world.a)->root->slots[DOMAIN_SLOT_KEEPER]));
}

Test(keeper, a_node_that_makes_no_domain_is_none)
{
    world_make();
    store_node(world.store, world.k)->slots[DOMAIN_SLOT_KEYS] = store_number(0);
    trap_now();
    expect_stopped(DOMAIN_WAITING);
}

Test(keeper, a_used_resume_key_is_none)
{
    struct disk_key key;
    world_make();
    key = store_key(KEY_RESUME, RESUME_RETURN, world.k);
    key.count = 3;
    keeper_of(world.a, key);
    trap_now();
    expect_stopped(DOMAIN_WAITING);
}

Test(keeper, a_resume_key_is_one_once)
{
    world_make();
    store_node(world.store, world.k)->slots[DOMAIN_SLOT_STATE] = store_number(DOMAIN_WAITING);
    keeper_of(world.a, store_key(KEY_RESUME, RESUME_RETURN, world.k));
    trap_now();
    cr_assert(runs(world.k));
    cr_expect_eq(host_argument(0), KT + TRAP);
    cr_expect_eq(host_argument(1), 0, "a reply has no data byte");
    host_call(0, RETURN_SLOT(SLOT_BACK), SERVES, 0, 0, 0, 0);
    expect_stopped(DOMAIN_WAITING);
}

Test(keeper, a_restart_key_is_none)
{
    world_make();
    store_node(world.store, world.k)->slots[DOMAIN_SLOT_STATE] = store_number(DOMAIN_WAITING);
    keeper_of(world.a, store_key(KEY_RESUME, RESUME_RESTART, world.k));
    trap_now();
    expect_stopped(DOMAIN_WAITING);
    cr_expect_eq(host_domain(world.k)->state, DOMAIN_WAITING, "it was not started by that");
}

Test(keeper, nobody_keeps_itself)
{
    world_make();
    keeper_of(world.a, start_of(world.a));
    trap_now();
    expect_stopped(DOMAIN_WAITING);
}

Test(keeper, a_busy_one_is_waited_for)
{
    world_make();
    store_node(world.store, world.k)->slots[DOMAIN_SLOT_STATE] = store_number(DOMAIN_WAITING);
    store_slot(world.store, world.b, 5, store_key(KEY_DOMAIN, 0, world.k));
    trap_now();
    expect_stopped(DOMAIN_RUNNING);
    host_call(DOMAIN_MAKE_AVAILABLE, CALL_SLOT(5), ENTRY_CODE, 0, 0, 0, 0);
    cr_assert(runs(world.a), "it tries again");
    trap(world.a);
    cr_assert(runs(world.k), "now it hears of it");
    cr_expect_eq(host_argument(0), KT + TRAP);
}

Test(keeper, one_that_traps_has_its_own_keeper)
{
    world_make();
    keeper_of(world.k, start_of(world.l));
    trap_now();
    cr_assert(runs(world.k));
    trap(world.k);
    cr_assert(runs(world.l));
    cr_expect_eq(key_object_id(host_slot(6)), world.k);
    cr_expect_eq(host_domain(world.a)->state, DOMAIN_WAITING);
}

Test(keeper, two_that_keep_each_other_stop)
{
    world_make();
    keeper_of(world.k, start_of(world.a));
    trap_now();
    cr_assert(runs(world.k));
    trap(world.k);
    expect_stopped(DOMAIN_WAITING);
    cr_expect_eq(host_domain(world.k)->state, DOMAIN_RUNNING, "it waits for its keeper");
}

Test(keeper, three_in_a_circle_stop)
{
    world_make();
    keeper_of(world.k, start_of(world.l));
    keeper_of(world.l, start_of(world.a));
    trap_now();
    cr_assert(runs(world.k));
    trap(world.k);
    cr_assert(runs(world.l));
    trap(world.l);
    expect_stopped(DOMAIN_WAITING);
}

Test(keeper, one_that_ends_without_an_answer_leaves_the_domain_waiting)
{
    world_make();
    trap_now();
    cr_assert(runs(world.k));
    host_call(0, RETURN_SLOT(9), SERVES, 0, 0, 0, 0); /* to nobody */
    expect_stopped(DOMAIN_WAITING);
    cr_expect_eq(host_domain(world.k)->state, DOMAIN_AVAILABLE);
}

Test(keeper, one_that_takes_no_codes_traps_itself)
{
    world_make();
    store_register(world.store, world.k, REGISTER_A0 + 2, ENTRY_TAKES(3, SLOT_BACK));
    trap_now();
    expect_stopped(DOMAIN_WAITING);
    cr_expect_eq(host_domain(world.k)->trap_code, TRAP_CODE_REJECTED);
    cr_expect_eq(host_domain(world.k)->state, DOMAIN_WAITING);
}

Test(keeper, a_stopped_domain_goes_on_when_someone_repairs_it)
{
    world_make();
    keeper_of(world.a, store_number(0));
    store_slot(world.store, world.b, 5, store_key(KEY_DOMAIN, 0, world.a));
    trap_now();
    expect_stopped(DOMAIN_WAITING);
    uint64_t control[2] = {0, 0};
    host_set_string(control, sizeof(control));
    host_call(DOMAIN_PUT_CONTROL, CALL_SLOT(5) | SEND_REGISTERS, ENTRY_CODE, 0, 16, 0, 0);
    host_call(DOMAIN_MAKE_FAULT, CALL_SLOT(5), ENTRY_CODE | ENTRY_TAKES(0, 6), 0, 0, 0, 0);
    host_call(0, FORK_SLOT(6), 0, 0, 0, 0, 0);
    cr_expect(runs(world.a));
}

Test(keeper, a_trap_waits_while_the_meter_is_dry_for_nobody)
{
    world_make();
    uint64_t meter = store_new_node(world.store);
    store_node(world.store, meter)->slots[METER_SLOT_SUPERIOR] =
        store_key(KEY_METER, 0, OBJECT_ID_PRIME_METER);
    store_node(world.store, world.a)->slots[DOMAIN_SLOT_METER] = store_key(KEY_METER, 0, meter);
    store_node(world.store, world.a)->slots[DOMAIN_SLOT_TRAP] = store_number(TRAP);
    calls_boot(world.store, world.b);
    cr_assert(runs(world.k), "its keeper is told of the trap, for that takes none of its cycles");
    cr_expect_eq(host_argument(0), KT + TRAP);
    host_call(0, RETURN_SLOT(9), SERVES, 0, 0, 0, 0);
    expect_stopped(DOMAIN_WAITING);
}

/* Turns. */

#define RUNNERS 5u

Test(turns, equals_take_turns_in_order_and_get_the_same)
{
    struct store *store = store_create(600, 600);
    uint64_t roots[RUNNERS], order[RUNNERS] = {0}, got[RUNNERS] = {0};
    for (unsigned i = 0; i < RUNNERS; i++)
        roots[i] = calls_domain(store, DOMAIN_RUNNING);
    calls_boot(store, roots[0]);
    for (unsigned i = 0; i < 4 * RUNNERS; i++)
        host_tick(SLICE);
    for (unsigned turn = 0; turn < 40 * RUNNERS; turn++) {
        unsigned at = turn % RUNNERS;
        if (turn < RUNNERS)
            order[at] = host_running_id();
        cr_assert_eq(host_running_id(), order[at], "turn %u", turn);
        for (unsigned i = 0; i < RUNNERS; i++)
            got[i] += roots[i] == host_running_id();
        host_tick(SLICE);
    }
    for (unsigned i = 0; i < RUNNERS; i++)
        cr_expect_eq(got[i], 40);
}

Test(turns, the_more_urgent_one_runs_alone)
{
    struct store *store = store_create(600, 600);
    uint64_t low = calls_domain(store, DOMAIN_RUNNING), high = calls_domain(store, DOMAIN_RUNNING);
    store_node(store, high)->slots[DOMAIN_SLOT_PRIORITY] = store_number(7);
    store_slot(store, high, 1, store_key(KEY_DOMAIN, 0, high));
    store_slot(store, high, 2, store_number(0));
    calls_boot(store, high);
    for (unsigned i = 0; i < 20; i++) {
        host_tick(SLICE);
        cr_assert_eq(host_running_id(), high);
    }
    host_call(DOMAIN_SWAP_ROOT + DOMAIN_SLOT_PRIORITY, CALL_SLOT(1) | SEND_KEY(0, 2), ENTRY_CODE,
              0, 0, 0, 0);
    cr_expect(runs(low), "it has made itself less urgent");
}

Test(turns, a_more_urgent_one_that_wakes_runs_at_once)
{
    struct store *store = store_create(600, 600);
    uint64_t low = calls_domain(store, DOMAIN_RUNNING), high = calls_domain(store, DOMAIN_RUNNING);
    uint64_t when = 3 * SLICE * 100;
    store_node(store, high)->slots[DOMAIN_SLOT_PRIORITY] = store_number(7);
    store_slot(store, high, 1, store_key(KEY_TIMER, 0, 0));
    calls_boot(store, high);
    host_set_string(&when, sizeof(when));
    host_call(TIMER_WAIT_UNTIL, CALL_SLOT(1) | SEND_REGISTERS, ENTRY_CODE, 0, 8, 0, 0);
    cr_assert(runs(low));
    host_tick(SLICE);
    cr_assert_eq(host_running_id(), low);
    host_tick(3 * SLICE);
    cr_expect_eq(host_running_id(), high);
}

Test(turns, a_far_alarm_does_not_lengthen_the_turns_of_others)
{
    struct store *store = store_create(600, 600);
    uint64_t waits = calls_domain(store, DOMAIN_RUNNING), when = 1ull << 50;
    uint64_t one = calls_domain(store, DOMAIN_RUNNING), two = calls_domain(store, DOMAIN_RUNNING);
    store_slot(store, waits, 1, store_key(KEY_TIMER, 0, 0));
    calls_boot(store, waits);
    host_set_string(&when, sizeof(when));
    host_call(TIMER_WAIT_UNTIL, CALL_SLOT(1) | SEND_REGISTERS, ENTRY_CODE, 0, 8, 0, 0);
    cr_assert(runs(one));
    cr_expect_leq(host_alarm(), 100 + 2 * SLICE, "%lu", host_alarm());
    host_tick(SLICE);
    cr_expect_eq(host_running_id(), two);
}
