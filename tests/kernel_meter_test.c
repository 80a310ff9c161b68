/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kernel_meter_test.c - meters: what is charged to whom, what happens at 0, and meters that are
 * none. Natively. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "kernel/meter.h"
#include "kernel/sched.h"
#include "tests/kernel_calls.h"

#define SLICE LIMIT_SLICE_TICKS
#define SLOT_NODE 4u /* of the manager: node key of the meter */

static struct disk_key meter_key(uint64_t id)
{
    return store_key(KEY_METER, 0, id);
}

static uint64_t meter_below(struct store *store, uint64_t superior, uint64_t left)
{
    uint64_t id = store_new_node(store);
    store_node(store, id)->slots[METER_SLOT_SUPERIOR] = meter_key(superior);
    store_node(store, id)->slots[METER_SLOT_COUNTER] = store_number(left);
    return id;
}

static uint64_t domain_with_meter(struct store *store, enum domain_state state, uint64_t id)
{
    uint64_t root = calls_domain(store, state);
    store_node(store, root)->slots[DOMAIN_SLOT_METER] = meter_key(id);
    return root;
}

static uint64_t slot_of(uint64_t id, unsigned slot)
{
    struct node_frame *node = host_node(id);
    cr_assert_eq(node->role, NODE_PLAIN, "returned");
    return node->slots[slot].count;
}

/* Two domains, each with a meter below a common one; a third waits for messages. */
struct world {
    struct store *store;
    uint64_t group, meter_a, meter_b, a, b, server;
};

static struct world world_make(uint64_t left_a, uint64_t left_b)
{
    struct world world = {.store = store_create(900, 600)};
    world.group = meter_below(world.store, OBJECT_ID_PRIME_METER, 1ull << 60);
    world.meter_a = meter_below(world.store, world.group, left_a);
    world.meter_b = meter_below(world.store, world.group, left_b);
    world.a = domain_with_meter(world.store, DOMAIN_RUNNING, world.meter_a);
    world.b = domain_with_meter(world.store, DOMAIN_RUNNING, world.meter_b);
    world.server = domain_with_meter(world.store, DOMAIN_AVAILABLE, world.meter_b);
    store_register(world.store, world.server, REGISTER_A0 + 2,
                   ENTRY_CODE | ENTRY_TAKES(2, 6) | ENTRY_TAKES(3, 15) |
                       ENTRY_STRING(STRING_REGISTERS));
    store_slot(world.store, world.a, 1, store_key(KEY_START, 7, world.server));
    store_slot(world.store, world.server, SLOT_NODE, store_key(KEY_NODE, 0, world.meter_a));
    store_slot(world.store, world.b, SLOT_NODE, store_key(KEY_NODE, 0, world.meter_a));
    return world;
}

/* Every domain has run once, and all meters are decoded. */
static void world_warm(const struct world *world)
{
    calls_boot(world->store, world->a);
    for (unsigned i = 0; i < 8; i++)
        cr_assert_not_null(host_tick(1));
    while (host_running_id() != world->a)
        cr_assert_not_null(host_tick(1));
}

struct counts {
    uint64_t cycles, prime, group, a, b, prime_left, group_left;
};

static struct counts counts_now(const struct world *world)
{
    struct counts counts = {0};
    meter_return_all();
    counts.cycles = host_cycles();
    counts.prime = slot_of(OBJECT_ID_PRIME_METER, METER_SLOT_USED);
    counts.prime_left = slot_of(OBJECT_ID_PRIME_METER, METER_SLOT_COUNTER);
    counts.group = slot_of(world->group, METER_SLOT_USED);
    counts.group_left = slot_of(world->group, METER_SLOT_COUNTER);
    counts.a = slot_of(world->meter_a, METER_SLOT_USED);
    counts.b = slot_of(world->meter_b, METER_SLOT_USED);
    (void)host_run();
    return counts;
}

static void activity(unsigned kind)
{
    if (kind % 4 == 0)
        host_tick(1 + kind % 97);
    else if (host_running_id() && host_slot(1)->count == 0 && key_type(host_slot(1)) == KEY_START)
        host_call(1, CALL_SLOT(1), ENTRY_CODE, 0, 0, 0, 0);
    else if (key_type(host_slot(15)) == KEY_RESUME)
        host_call(1, RETURN_SLOT(15),
                  ENTRY_CODE | ENTRY_TAKES(3, 15) | ENTRY_STRING(STRING_REGISTERS), 0, 0, 0, 0);
    else
        host_call(ORDER_TYPE, CALL_SLOT(9), ENTRY_CODE, 0, 0, 0, 0);
}

static void charge_random(bool amnesia)
{
    struct world world = world_make(1ull << 50, 1ull << 50);
    unsigned seed = 7;
    cr_log_info("seed %u", seed);
    world_warm(&world);
    host_knobs(amnesia, true);
    struct counts before = counts_now(&world);
    for (unsigned i = 0; i < 3000; i++) {
        host_work((uint64_t)(rand_r(&seed) % 5000));
        activity((unsigned)rand_r(&seed));
        cr_assert_neq(host_running_id(), 0);
    }
    struct counts after = counts_now(&world);
    uint64_t a = after.a - before.a, b = after.b - before.b, cycles = after.cycles - before.cycles;
    cr_expect_gt(a, cycles / 10);
    cr_expect_gt(b, cycles / 10);
    cr_expect_eq(after.group - before.group, a + b, "all leaves below it");
    cr_expect_eq(before.group_left - after.group_left, a + b);
    if (!amnesia)
        cr_expect_eq(a + b, cycles, "what ran");
    cr_expect_eq(after.prime - before.prime, cycles);
    cr_expect_eq(before.prime_left - after.prime_left, cycles);
}

Test(meter, leaves_add_up_to_the_prime_meter_and_to_the_cycles_that_ran)
{
    charge_random(false);
}

Test(meter, with_every_cache_dropped_at_each_exit_nothing_is_lost)
{
    charge_random(true);
}

static void slot_number(unsigned slot, uint64_t number)
{
    struct key key = key_number(number);
    node_slot_set(host_domain(host_running_id())->keys, slot, &key);
}

/* Others get their turns meanwhile. */
static void run_until(uint64_t root)
{
    for (unsigned i = 0; i < 16 && host_running_id() != root; i++)
        cr_assert_not_null(host_tick(1));
    cr_assert_eq(host_running_id(), root);
}

Test(meter, work_is_charged_to_the_one_who_did_it)
{
    struct world world = world_make(1000000, 1000000);
    world_warm(&world);
    struct counts before = counts_now(&world);
    host_work(5000);
    host_call(1, CALL_SLOT(1), ENTRY_CODE, 0, 0, 0, 0);
    run_until(world.server);
    host_work(300);
    struct counts after = counts_now(&world);
    cr_expect_geq(after.a - before.a, 5000);
    cr_expect_leq(after.a - before.a, 5010);
    cr_expect_geq(after.b - before.b, 300);
    cr_expect_leq(after.b - before.b, 310);
}

Test(meter, idle_time_is_nobodys)
{
    struct world world = world_make(1ull << 50, 1ull << 50);
    store_slot(world.store, world.a, 2, store_key(KEY_TIMER, 0, 0));
    store_node(world.store, world.b)->slots[DOMAIN_SLOT_STATE] = store_number(DOMAIN_WAITING);
    calls_boot(world.store, world.a);
    struct counts before = counts_now(&world);
    uint64_t when = 1000000000;
    host_set_string(&when, sizeof(when));
    host_call(TIMER_WAIT_UNTIL, CALL_SLOT(2) | SEND_REGISTERS, ENTRY_CODE, 0, 8, 0, 0);
    cr_assert_eq(host_running_id(), world.a);
    struct counts after = counts_now(&world);
    cr_expect_leq(after.a - before.a, 20, "%lu", after.a - before.a);
}

Test(meter, a_dry_meter_calls_its_keeper_who_refills_it)
{
    struct world world = world_make(2000, 1ull << 50);
    store_node(world.store, world.meter_a)->slots[METER_SLOT_KEEPER] =
        store_key(KEY_START, 9, world.server);
    calls_boot(world.store, world.a);
    cr_expect_leq(host_alarm(), 2000 / LIMIT_CYCLES_PER_TICK + 1, "the timer knows");
    host_work(2500);
    host_tick(0);
    run_until(world.b);
    run_until(world.server);
    cr_expect_eq(host_argument(0), ORDER_KEEPER);
    cr_expect_eq(host_argument(1), 9);
    cr_expect_eq(host_argument(4), 8);
    cr_expect_geq(host_string(0), 2500, "used so far");
    cr_expect_leq(host_string(0), 2600);
    cr_expect_eq(key_type(host_slot(6)), KEY_NODE);
    cr_expect_eq(key_object_id(host_slot(6)), world.meter_a);
    cr_expect_eq(key_type(host_slot(15)), KEY_RESUME);
    cr_expect_eq(key_data_byte(host_slot(15)), RESUME_RESTART);
    cr_expect_eq(host_domain(world.a)->state, DOMAIN_WAITING);
    slot_number(3, 700);
    host_call(NODE_SWAP + METER_SLOT_COUNTER, CALL_SLOT(6) | SEND_KEY(0, 3), ENTRY_CODE, 0, 0, 0,
              0);
    cr_assert_eq(host_argument(0), RC_OK);
    host_call(0, RETURN_SLOT(15), ENTRY_CODE | ENTRY_TAKES(3, 15), 0, 0, 0, 0);
    cr_assert_eq(host_running_id(), world.a, "it goes on");
    meter_return_all();
    cr_expect_geq(slot_of(world.meter_a, METER_SLOT_COUNTER), 600);
    cr_expect_lt(slot_of(world.meter_a, METER_SLOT_COUNTER), 700);
}

Test(meter, the_nearest_dry_meter_is_the_one_whose_keeper_is_called)
{
    struct world world = world_make(0, 1ull << 50);
    uint64_t spare = calls_domain(world.store, DOMAIN_AVAILABLE);
    store_register(world.store, spare, REGISTER_A0 + 2, ENTRY_CODE);
    store_node(world.store, world.group)->slots[METER_SLOT_COUNTER] = store_number(0);
    store_node(world.store, world.group)->slots[METER_SLOT_KEEPER] =
        store_key(KEY_START, 1, spare);
    store_node(world.store, world.meter_a)->slots[METER_SLOT_KEEPER] =
        store_key(KEY_START, 2, spare);
    store_finish(world.store);
    cr_assert_null(host_boot(world.store, CALLS_RAM_BYTES));
    cr_assert_not_null(host_run());
    cr_assert_eq(host_running_id(), spare);
    cr_expect_eq(host_argument(1), 2);
}

/* A is out of cycles and no keeper helps: it does not run, whatever time passes. */
static struct world world_stopped(struct disk_key keeper)
{
    struct world world = world_make(0, 1ull << 50);
    store_node(world.store, world.meter_a)->slots[METER_SLOT_KEEPER] = keeper;
    store_slot(world.store, world.b, 5, store_key(KEY_DOMAIN, 0, world.a));
    store_slot(world.store, world.b, 7, meter_key(world.meter_b));
    store_slot(world.store, world.b, 8, store_key(KEY_NODE, 0, world.a));
    calls_boot(world.store, world.b);
    for (unsigned i = 0; i < 10; i++) {
        host_tick(SLICE);
        cr_assert_eq(host_running_id(), world.b);
    }
    cr_assert_eq(host_domain(world.a)->state, DOMAIN_RUNNING);
    return world;
}

Test(meter, without_a_keeper_the_domain_stops_until_the_counter_is_written)
{
    struct world world = world_stopped(store_number(0));
    slot_number(3, 5000);
    host_call(NODE_SWAP + METER_SLOT_COUNTER, CALL_SLOT(SLOT_NODE) | SEND_KEY(0, 3), ENTRY_CODE, 0,
              0, 0, 0);
    host_tick(1);
    cr_expect_eq(host_running_id(), world.a);
}

Test(meter, a_stopped_domain_goes_on_with_another_meter)
{
    struct world world = world_stopped(store_number(0));
    host_call(DOMAIN_SWAP_ROOT + DOMAIN_SLOT_METER, CALL_SLOT(5) | SEND_KEY(0, 7), ENTRY_CODE, 0,
              0, 0, 0);
    host_tick(1);
    cr_expect_eq(host_running_id(), world.a);
}

Test(meter, a_stopped_domain_goes_on_when_its_root_is_written_as_a_node)
{
    struct world world = world_stopped(store_number(0));
    host_call(NODE_SWAP + DOMAIN_SLOT_METER, CALL_SLOT(8) | SEND_KEY(0, 7), ENTRY_CODE, 0, 0, 0,
              0);
    cr_assert_eq(host_argument(0), RC_OK);
    host_tick(1);
    cr_expect_eq(host_running_id(), world.a);
}

Test(meter, a_keeper_given_to_a_dry_meter_is_called)
{
    struct world world = world_stopped(store_number(0));
    struct domain *server = host_domain(world.server);
    struct key key = key_make(KEY_START, 3, world.server, server->root->allocation_count);
    node_slot_set(host_domain(world.b)->keys, 3, &key);
    host_call(NODE_SWAP + METER_SLOT_KEEPER, CALL_SLOT(SLOT_NODE) | SEND_KEY(0, 3), ENTRY_CODE, 0,
              0, 0, 0);
    host_tick(1);
    cr_expect_eq(host_running_id(), world.server);
    cr_expect_eq(host_argument(0), ORDER_KEEPER);
}

Test(meter, a_number_is_no_keeper)
{
    (void)world_stopped(store_number(77));
}

Test(meter, a_key_that_is_no_gate_is_no_keeper)
{
    (void)world_stopped(store_key(KEY_RETURNER, 0, 0));
}

Test(meter, a_void_start_key_is_no_keeper)
{
    struct disk_key keeper = store_key(KEY_START, 0, 30);
    keeper.count = 5;
    (void)world_stopped(keeper);
}

Test(meter, a_node_that_makes_no_domain_is_no_keeper)
{
    (void)world_stopped(store_key(KEY_START, 0, OBJECT_ID_PRIME_METER + 1));
}

Test(meter, a_resume_key_that_was_used_is_no_keeper)
{
    struct disk_key keeper = store_key(KEY_RESUME, RESUME_RETURN, 30);
    keeper.count = 99;
    (void)world_stopped(keeper);
}

Test(meter, a_keeper_that_pays_by_the_dry_meter_does_not_run_either)
{
    struct world world = world_make(0, 1ull << 50);
    store_node(world.store, world.server)->slots[DOMAIN_SLOT_METER] = meter_key(world.meter_a);
    store_node(world.store, world.meter_a)->slots[METER_SLOT_KEEPER] =
        store_key(KEY_START, 0, world.server);
    calls_boot(world.store, world.b);
    for (unsigned i = 0; i < 10; i++) {
        host_tick(SLICE);
        cr_assert_eq(host_running_id(), world.b);
    }
    cr_expect_eq(host_domain(world.a)->state, DOMAIN_WAITING, "its keeper has the message");
    cr_expect_eq(host_domain(world.server)->state, DOMAIN_RUNNING, "and waits for cycles");
}

/* The domain keeper of a domain with this meter key is told the trap. */
static uint64_t trap_of(struct store *store, struct disk_key key)
{
    uint64_t keeper = calls_domain(store, DOMAIN_AVAILABLE);
    uint64_t root = calls_domain(store, DOMAIN_RUNNING);
    store_node(store, root)->slots[DOMAIN_SLOT_METER] = key;
    store_node(store, root)->slots[DOMAIN_SLOT_KEEPER] = store_key(KEY_START, 0, keeper);
    store_register(store, keeper, REGISTER_A0 + 2, ENTRY_CODE);
    store_finish(store);
    cr_assert_null(host_boot(store, CALLS_RAM_BYTES));
    host_knobs(false, true);
    cr_assert_not_null(host_run());
    return host_running_id() == keeper ? host_argument(0) - KT : 0;
}

Test(meter, a_key_that_is_no_meter_key_traps)
{
    cr_expect_eq(trap_of(store_create(300, 100), store_number(0)), TRAP_METER_KEY);
}

Test(meter, a_void_meter_key_traps)
{
    struct disk_key key = meter_key(OBJECT_ID_PRIME_METER);
    key.count = 5;
    cr_expect_eq(trap_of(store_create(300, 100), key), TRAP_METER_KEY);
}

Test(meter, a_counter_that_is_no_number_traps)
{
    struct store *store = store_create(300, 100);
    uint64_t id = meter_below(store, OBJECT_ID_PRIME_METER, 5);
    store_node(store, id)->slots[METER_SLOT_COUNTER] = store_key(KEY_TIMER, 0, 0);
    cr_expect_eq(trap_of(store, meter_key(id)), TRAP_METER_SHAPE);
}

Test(meter, a_use_count_that_is_no_number_traps)
{
    struct store *store = store_create(300, 100);
    uint64_t id = meter_below(store, OBJECT_ID_PRIME_METER, 5);
    store_node(store, id)->slots[METER_SLOT_USED] = store_key(KEY_TIMER, 0, 0);
    cr_expect_eq(trap_of(store, meter_key(id)), TRAP_METER_SHAPE);
}

Test(meter, a_superior_that_is_no_meter_traps)
{
    struct store *store = store_create(300, 100);
    uint64_t id = meter_below(store, OBJECT_ID_PRIME_METER, 5);
    store_node(store, id)->slots[METER_SLOT_SUPERIOR] = store_number(0);
    cr_expect_eq(trap_of(store, meter_key(id)), TRAP_METER_SHAPE);
}

Test(meter, meters_in_a_circle_are_too_deep)
{
    struct store *store = store_create(300, 100);
    uint64_t id = meter_below(store, OBJECT_ID_PRIME_METER, 5);
    store_node(store, id)->slots[METER_SLOT_SUPERIOR] = meter_key(meter_below(store, id, 5));
    cr_expect_eq(trap_of(store, meter_key(id)), TRAP_METER_DEPTH);
}

static uint64_t meters_deep(struct store *store, unsigned depth)
{
    uint64_t id = OBJECT_ID_PRIME_METER;
    for (unsigned i = 1; i < depth; i++)
        id = meter_below(store, id, 1000);
    return id;
}

Test(meter, a_chain_of_20_meters_is_good)
{
    struct store *store = store_create(300, 100);
    cr_expect_eq(trap_of(store, meter_key(meters_deep(store, METER_DEPTH_MAX))), 0);
}

Test(meter, a_chain_of_21_meters_is_too_deep)
{
    struct store *store = store_create(300, 100);
    cr_expect_eq(trap_of(store, meter_key(meters_deep(store, METER_DEPTH_MAX + 1))),
                 TRAP_METER_DEPTH);
}

Test(meter, a_chain_is_too_deep_though_its_upper_part_is_in_use)
{
    struct store *store = store_create(400, 200);
    uint64_t id = meters_deep(store, METER_DEPTH_MAX);
    (void)domain_with_meter(store, DOMAIN_RUNNING, id);
    uint64_t root = domain_with_meter(store, DOMAIN_RUNNING, meter_below(store, id, 1000));
    store_finish(store);
    cr_assert_null(host_boot(store, CALLS_RAM_BYTES));
    host_knobs(false, true);
    (void)host_run();
    for (unsigned i = 0; i < 8; i++)
        host_tick(1);
    cr_expect_eq(host_domain(root)->trap_code, TRAP_METER_DEPTH);
    cr_expect_eq(host_domain(root)->state, DOMAIN_WAITING, "stopped, without a keeper");
}

Test(meter, a_domains_own_root_is_no_meter)
{
    struct store *store = store_create(300, 100);
    uint64_t root = calls_domain(store, DOMAIN_RUNNING);
    store_node(store, root)->slots[DOMAIN_SLOT_METER] = meter_key(root);
    store_finish(store);
    cr_assert_null(host_boot(store, CALLS_RAM_BYTES));
    host_knobs(false, true);
    cr_assert_null(host_run());
    cr_expect_eq(host_domain(root)->trap_code, TRAP_METER_OVERLAP);
}

Test(meter, a_node_key_shows_what_was_used_until_now)
{
    struct world world = world_make(1ull << 40, 1ull << 40);
    store_slot(world.store, world.a, SLOT_NODE, store_key(KEY_FETCH, 0, world.meter_a));
    world_warm(&world);
    struct counts before = counts_now(&world);
    host_work(777);
    host_call(NODE_FETCH + METER_SLOT_USED, CALL_SLOT(SLOT_NODE), ENTRY_CODE | ENTRY_TAKES(0, 5),
              0, 0, 0, 0);
    uint64_t used = host_slot(5)->count - before.a;
    cr_expect_geq(used, 777);
    cr_expect_leq(used, 787, "%lu", used);
}

static uint64_t used_of(uint64_t id)
{
    meter_return_all();
    return slot_of(id, METER_SLOT_USED);
}

#define MANY (LIMIT_METERS + 16u)

Test(meter, more_meters_than_are_decoded_at_once_lose_nothing)
{
    struct store *store = store_create(2000, 2000);
    uint64_t ids[MANY], first = 0, sum = 0;
    for (unsigned i = 0; i < MANY; i++) {
        ids[i] = meter_below(store, OBJECT_ID_PRIME_METER, 1ull << 40);
        uint64_t root = store_domain(store, DOMAIN_RUNNING);
        store_node(store, root)->slots[DOMAIN_SLOT_METER] = meter_key(ids[i]);
        store_running(store, root);
        first = first ? first : root;
    }
    store_finish(store);
    cr_assert_null(host_boot(store, 16u << 20));
    host_knobs(false, true);
    cr_assert_not_null(host_run());
    for (unsigned i = 0; i < 2 * MANY; i++)
        cr_assert_not_null(host_tick(SLICE));
    uint64_t before[MANY], prime = used_of(OBJECT_ID_PRIME_METER), cycles = host_cycles();
    for (unsigned i = 0; i < MANY; i++)
        before[i] = used_of(ids[i]);
    (void)host_run();
    for (unsigned i = 0; i < 3 * MANY; i++) {
        host_work(1000);
        cr_assert_not_null(host_tick(SLICE));
    }
    prime = used_of(OBJECT_ID_PRIME_METER) - prime;
    cycles = host_cycles() - cycles;
    for (unsigned i = 0; i < MANY; i++) {
        uint64_t used = used_of(ids[i]) - before[i];
        cr_expect_geq(used, 3000, "meter %u: %lu", i, used);
        cr_expect_leq(used, 3050, "meter %u: %lu", i, used);
        sum += used;
    }
    cr_expect_eq(prime, sum);
    cr_expect_eq(prime, cycles);
}
