/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kernel_meter_fuzz_test.c - a manager does random things to a handful of meters (circles, counters
 * that are no numbers, meters above that are none, keepers that are none) while domains pay by
 * them. After every kernel exit everything is checked; in the end the prime meter has been charged
 * for exactly the cycles that ran. Natively. */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdlib.h>

#include "kernel/meter.h"
#include "kernel/sched.h"
#include "tests/kernel_calls.h"

#define METERS 5u
#define PAYERS 4u
#define STEPS 3000u
#define RUNS 12u
#define SLOT_DOMAINS 5u  /* of the manager: domain keys of the payers; nodes of the meters before */
#define SLOT_KEEPER 9u   /* start key of the server */
#define SLOT_METER 10u   /* some meter key */
#define SLOT_NOTHING 11u /* a number */
#define SLOT_BACK 15u

static struct {
    struct store *store;
    uint64_t meters[METERS], payers[PAYERS], manager, server;
    unsigned seed;
    unsigned managed, kept, paid; /* turns of the manager, the server, the payers */
} world;

static unsigned pick(unsigned count)
{
    return (unsigned)rand_r(&world.seed) / 7 % count;
}

static void world_make(void)
{
    world.store = store_create(600, 500);
    for (unsigned i = 0; i < METERS; i++) {
        world.meters[i] = store_new_node(world.store);
        struct disk_node *node = store_node(world.store, world.meters[i]);
        node->slots[METER_SLOT_SUPERIOR] = store_key(KEY_METER, 0, OBJECT_ID_PRIME_METER);
        node->slots[METER_SLOT_COUNTER] = store_number(100000);
    }
    world.manager = calls_domain(world.store, DOMAIN_RUNNING);
    world.server = calls_domain(world.store, DOMAIN_AVAILABLE);
    store_register(world.store, world.server, REGISTER_A0 + 2,
                   ENTRY_CODE | ENTRY_TAKES(2, 6) | ENTRY_TAKES(3, SLOT_BACK));
    for (unsigned i = 0; i < METERS; i++)
        store_slot(world.store, world.manager, i, store_key(KEY_NODE, 0, world.meters[i]));
    for (unsigned i = 0; i < PAYERS; i++) {
        world.payers[i] = calls_domain(world.store, DOMAIN_RUNNING);
        struct disk_node *root = store_node(world.store, world.payers[i]);
        root->slots[DOMAIN_SLOT_METER] = store_key(KEY_METER, 0, world.meters[i]);
        root->slots[DOMAIN_SLOT_KEEPER] = store_key(KEY_START, 1, world.server);
        store_slot(world.store, world.manager, SLOT_DOMAINS + i,
                   store_key(KEY_DOMAIN, 0, world.payers[i]));
        store_slot(world.store, world.payers[i], 1, store_key(KEY_START, 2, world.server));
    }
    store_slot(world.store, world.manager, SLOT_KEEPER, store_key(KEY_START, 0, world.server));
    store_slot(world.store, world.manager, SLOT_METER,
               store_key(KEY_METER, 0, OBJECT_ID_PRIME_METER));
}

static void call(uint64_t order, unsigned slot, uint64_t more)
{
    host_call(order, CALL_SLOT(slot) | more, ENTRY_CODE | ENTRY_TAKES(0, SLOT_BACK), 0, 16, 0, 0);
}

/* A stopped domain gets a good meter, its trap is forgotten, and it goes on. */
static void revive(unsigned domain)
{
    static const uint64_t control[2] = {0, 0};
    host_set_string(control, sizeof(control));
    call(DOMAIN_PUT_CONTROL, domain, SEND_REGISTERS);
    if (host_running_id() == world.manager && pick(2))
        call(DOMAIN_SWAP_ROOT + DOMAIN_SLOT_METER, domain, SEND_KEY(0, SLOT_METER));
    if (host_running_id() == world.manager)
        call(pick(2) ? DOMAIN_MAKE_BUSY : DOMAIN_MAKE_FAULT, domain, 0);
    if (host_running_id() == world.manager && key_type(host_slot(SLOT_BACK)) == KEY_RESUME)
        host_call(0, FORK_SLOT(SLOT_BACK), 0, 0, 0, 0, 0);
}

static void manage(void)
{
    unsigned meter = pick(METERS), domain = SLOT_DOMAINS + pick(PAYERS);
    const uint64_t words[2] = {pick(3) ? METER_SLOT_COUNTER : pick(NODE_SLOTS), pick(200000)};
    static const uint8_t put[] = {SLOT_KEEPER, SLOT_METER, SLOT_NOTHING, 0};
    uint64_t key = SEND_KEY(0, put[pick(sizeof(put))]);
    switch (pick(10)) {
    case 0:
    case 1:
        host_set_string(words, sizeof(words));
        call(NODE_WRITE_DATA, meter, SEND_REGISTERS);
        break;
    case 2:
        call(NODE_SWAP + METER_SLOT_SUPERIOR, meter, key);
        break;
    case 3:
        call(NODE_SWAP + METER_SLOT_KEEPER, meter, key);
        break;
    case 4:
        call(pick(8) ? NODE_FETCH + pick(NODE_SLOTS) : NODE_CLEAR, meter, 0);
        break;
    case 5:
        host_call(NODE_MAKE_METER, CALL_SLOT(meter), ENTRY_CODE | ENTRY_TAKES(0, SLOT_METER), 0, 0,
                  0, 0);
        break;
    case 6:
        call(DOMAIN_SWAP_ROOT + DOMAIN_SLOT_METER, domain, pick(4) ? SEND_KEY(0, SLOT_METER) : key);
        break;
    default:
        revive(domain);
        break;
    }
}

static void step(void)
{
    uint64_t running = host_running_id();
    host_work(pick(3000));
    world.managed += running == world.manager;
    world.kept += running == world.server && host_argument(0) != 1;
    world.paid += running != world.manager && running != world.server;
    if (pick(3) == 0)
        host_tick(pick(20000));
    else if (running == world.manager)
        manage();
    else if (running == world.server)
        host_call(0, RETURN_SLOT(pick(3) ? SLOT_BACK : 9),
                  ENTRY_CODE | ENTRY_TAKES(2, 6) | ENTRY_TAKES(3, SLOT_BACK), 0, 0, 0, 0);
    else
        call(1, 1, 0);
}

ParameterizedTestParameters(meter_fuzz, no_meter_breaks_the_kernel_or_loses_a_cycle)
{
    static unsigned runs[RUNS];
    for (unsigned i = 0; i < RUNS; i++)
        runs[i] = i;
    return cr_make_param_array(unsigned, runs, RUNS);
}

static uint64_t prime_used(void)
{
    meter_return_all();
    return host_node(OBJECT_ID_PRIME_METER)->slots[METER_SLOT_USED].count + meters.owed_cycles;
}

ParameterizedTest(unsigned *run, meter_fuzz, no_meter_breaks_the_kernel_or_loses_a_cycle)
{
    world.seed = 1000 + *run;
    cr_log_info("seed %u", world.seed);
    world_make();
    calls_boot(world.store, world.manager);
    host_knobs(*run % 2, true);
    uint64_t used = prime_used(), cycles = host_cycles();
    (void)host_run();
    for (unsigned i = 0; i < STEPS; i++) {
        step();
        cr_assert_neq(host_running_id(), 0, "seed %u, step %u: %s", 1000 + *run, i,
                      host_console());
    }
    cr_expect_gt(world.managed, STEPS / 20, "%u", world.managed);
    cr_expect_gt(world.kept, 0);
    cr_expect_gt(world.paid, 2, "%u", world.paid);
    used = prime_used() - used;
    cr_expect_eq(used, host_cycles() - cycles, "seed %u: %lu of %lu", 1000 + *run, used,
                 host_cycles() - cycles);
}
