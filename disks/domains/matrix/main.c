/* SPDX-License-Identifier: GPL-2.0-or-later */
/* main.c - the matrix of all calls, in the system: every type of key, every order of the kernel's
 * table and some that are in none, every way to invoke it, 0 to 4 keys, strings at every boundary,
 * strings taken into memory, registers or not at all, and the domain behind the key in each of its
 * states; what comes of each is compared with what the oracle says (parts/oracle.h).
 *
 * One program, five domains. Argument 0: 0 the driver, 1 the keeper; the caller, the target and the
 * waiter have no process of their own (world.h). Argument 1 of the driver: how many cases are left
 * out between two that are tried.
 * The keys of devices, and the one that ends the run, are not tried here, but for the timer.
 */
#include <stdio.h>

#include "disks/domains/matrix/world.h"
#include "disks/domains/rt/check.h"
#include "disks/domains/rt/interface.h"
#include "disks/domains/rt/slots.h"

#define KEY_SET(type) (1u << (type))
#include "kernel/orders.h"

#define ROLE_KEEPER 1u

struct row {
    uint32_t types;
    uint64_t first, count;
};
#define ROW(of, code, codes_in_all, function, size, demands)                                       \
    {.types = ORDER_OF_##of, .first = (code), .count = (codes_in_all)},
#define CLASS_ROWS(class) static const struct row rows_##class[] = {ORDERS_##class(ROW)};
ORDER_CLASSES(CLASS_ROWS)
#define CLASS_COUNT(class) count_##class = sizeof(rows_##class) / sizeof(rows_##class[0]),
enum { ORDER_CLASSES(CLASS_COUNT) count_GATE = 0, count_METER = 0 };
#define rows_GATE NULL
#define rows_METER NULL

static const struct {
    const struct row *rows;
    unsigned count;
} types[] = {
#define TYPE(name, class, akt, weak) [KEY_##name] = {rows_##class, count_##class},
    ORDER_TYPES(TYPE)};

static const struct {
    uint64_t length_bytes;
    enum string_mode mode;
} strings[] = {
    {0, STRING_NONE},       {1, STRING_MEMORY},    {32, STRING_MEMORY},    {33, STRING_MEMORY},
    {64, STRING_MEMORY},    {552, STRING_MEMORY},  {4095, STRING_MEMORY},  {4096, STRING_MEMORY},
    {4097, STRING_MEMORY},  {0, STRING_REGISTERS}, {16, STRING_REGISTERS}, {32, STRING_REGISTERS},
    {33, STRING_REGISTERS},
};
#define STRINGS (sizeof(strings) / sizeof(strings[0]))

static const uint64_t strange_orders[] = {4, 15, 31, 47, 79, 8192, KT, KT + 1, UINT64_MAX};

static struct {
    uint64_t cases, stride;
} driver;

static void perform(const struct matrix_thing *thing, const struct matrix_run *run)
{
    struct expected expected = oracle(&objects, &run->one);
    if (driver.cases++ % driver.stride)
        return;
    world_reset(thing, run);
    world_call();
    check_note("case %lu: ", driver.cases);
    world_look(run, &expected);
}

/* Gates and what the short path serves are tried with every way to take a string. */
static bool takes_vary(enum key_type type)
{
    return type == KEY_START || type == KEY_RESUME || type == KEY_DATA || type == KEY_NODE ||
           type == KEY_FETCH;
}

static void perform_order(const struct matrix_thing *thing, uint64_t order, enum domain_state state)
{
    static const enum string_mode takes[] = {STRING_MEMORY, STRING_REGISTERS, STRING_NONE};
    struct matrix_run run = {.one = {.thing = &thing->thing, .order = order, .state = state}};
    world_put_thing(thing, &run.one);
    for (unsigned take = 0; take < (takes_vary(thing->thing.type) ? 3u : 1u); take++)
        for (unsigned kind = INVOKE_CALL; kind <= INVOKE_FORK; kind++)
            for (unsigned keys = 0; keys <= MESSAGE_KEYS; keys++)
                for (unsigned i = 0; i < STRINGS; i++) {
                    run.take = takes[take];
                    run.one.kind = (enum invoke_kind)kind;
                    run.one.key_count = keys;
                    run.one.length_bytes = strings[i].length_bytes;
                    run.one.mode = strings[i].mode;
                    perform(thing, &run);
                }
}

static void perform_thing(const struct matrix_thing *thing, enum domain_state state)
{
    const struct row *rows = types[thing->thing.type].rows;
    for (unsigned i = 0; i < sizeof(strange_orders) / sizeof(strange_orders[0]); i++)
        perform_order(thing, strange_orders[i], state);
    for (unsigned i = 0; i < types[thing->thing.type].count; i++) {
        if (!(rows[i].types >> thing->thing.type & 1))
            continue;
        perform_order(thing, rows[i].first, state);
        if (rows[i].count > 1 && rows[i].count < ORDER_EVERY)
            perform_order(thing, rows[i].first + rows[i].count - 1, state);
    }
}

/* Who comes to the breakpoint is left as it is; the keeper forgets it. */
static void keep(void)
{
    struct message message = MESSAGE(0);
    for (;;)
        (void)key_return(SLOT_VOID, &message);
}

int domain_main(uint64_t role, uint64_t left_out)
{
    if (role == ROLE_KEEPER)
        keep();
    driver.stride = left_out + 1;
    world_begin();
    for (unsigned i = 0; i < THINGS; i++) {
        enum key_type type = things[i].thing.type;
        bool behind = type == KEY_START || type == KEY_RESUME || type == KEY_DOMAIN ||
                      type == KEY_FRONT_END || type == KEY_SEGMENT;
        perform_thing(&things[i], DOMAIN_AVAILABLE);
        if (behind) {
            perform_thing(&things[i], DOMAIN_WAITING);
            perform_thing(&things[i], DOMAIN_RUNNING);
        }
    }
    printf("matrix: %lu cases\n", driver.cases / driver.stride);
    check_end("matrix");
    return 0;
}
