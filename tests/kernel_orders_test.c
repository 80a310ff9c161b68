/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kernel_orders_test.c - the matrix: every key type with every order of the kernel's table and some
 * that are in no table, every way to invoke it, every state of the domain behind it, 0 to 4 keys,
 * and strings at every boundary, each against an oracle (oracle.c); that no row of the table
 * was left out; and that the page about the table has all of it. Natively.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/check.h"
#include "kernel/counter.h"
#include "kernel/order.h"
#include "tests/kernel_matrix.h"
#include "tests/orders_page.h"

#define ORDERS_MAX 200u
#define CHECK_EVERY 256u
#define FAILURES_SHOWN 20u

static const struct {
    uint64_t length_bytes;
    enum string_mode mode;
} strings[] = {
    {0, STRING_NONE},       {0, STRING_MEMORY},     {1, STRING_MEMORY},     {32, STRING_MEMORY},
    {33, STRING_MEMORY},    {64, STRING_MEMORY},    {552, STRING_MEMORY},   {4095, STRING_MEMORY},
    {7, STRING_MEMORY},     {8, STRING_MEMORY},     {15, STRING_MEMORY},    {16, STRING_MEMORY},
    {4096, STRING_MEMORY},  {4097, STRING_MEMORY},  {0, STRING_REGISTERS},  {1, STRING_REGISTERS},
    {16, STRING_REGISTERS}, {32, STRING_REGISTERS}, {33, STRING_REGISTERS},
};
#define STRINGS (sizeof(strings) / sizeof(strings[0]))

/* The table's rows, by class; coverage is counted for each type that knows one. */
struct row {
    const char *name;
    uint32_t types;
    uint64_t first, count;
};
#define ROW(of, code, codes_in_all, function, size, demands)                                       \
    {.name = #code, .types = ORDER_OF_##of, .first = (code), .count = (codes_in_all)},
#define CLASS_ROWS(class) static const struct row rows_##class[] = {ORDERS_##class(ROW)};
ORDER_CLASSES(CLASS_ROWS)
#define CLASS_COUNT(class) count_##class = sizeof(rows_##class) / sizeof(rows_##class[0]),
enum { ORDER_CLASSES(CLASS_COUNT) count_GATE = 0, count_METER = 0 };
static const struct row *const rows_GATE = NULL, *const rows_METER = NULL;

#define TYPE_CASE(name, class, akt, weak)                                                          \
    case KEY_##name:                                                                               \
        *count = count_##class;                                                                    \
        return rows_##class;
static const struct row *rows_of(enum key_type type, unsigned *count)
{
    switch (type) {
        ORDER_TYPES(TYPE_CASE)
    case KEY_TYPE_COUNT:
        break;
    }
    abort();
}

static_assert(ORACLE_COUNTERS == COUNTER_COUNT, "the oracle knows how many counters there are");

struct run {
    struct matrix matrix;
    struct thing things[MATRIX_THINGS];
    uint64_t cases, wrong;
    /* By type and row: it came to the order itself; bit n: enum invoke_kind n. */
    uint8_t performed[KEY_TYPE_COUNT][ORDERS_MAX];
};

/* The case came to the order itself, and that did what it is for. */
static void cover(struct run *run, const struct matrix_case *one, const struct expected *expected)
{
    unsigned count;
    enum key_type type = one->thing->type;
    const struct row *rows = rows_of(type, &count);
    if (expected->outcome != OUTCOME_REPLY || expected->code == RC_BAD_ORDER ||
        expected->code == RC_READ_ONLY || expected->code == RC_FORMAT ||
        expected->code == RC_NOT_THERE)
        return;
    for (unsigned i = 0; i < count; i++)
        if ((rows[i].types >> type & 1) && one->order - rows[i].first < rows[i].count) {
            run->performed[type][i] |= (uint8_t)(1u << one->kind);
            return; /* the first that fits, as order.c has it */
        }
}

static void perform(struct run *run, const struct matrix_case *one)
{
    struct expected expected = oracle(&run->matrix.objects, one);
    matrix_reset(&run->matrix, one);
    const char *problem = matrix_call(&run->matrix, one, &expected);
    if (++run->cases % CHECK_EVERY == 0)
        check_all();
    if (!problem)
        cover(run, one, &expected);
    if (problem && run->wrong++ < FAILURES_SHOWN)
        cr_log_error("%s, order %lu, kind %d, target %d, %u keys, %lu bytes, mode %d: %s",
                     one->thing->name, one->order, one->kind, one->state, one->key_count,
                     one->length_bytes, one->mode, problem);
}

/* Every kind, number of keys and string. */
static void perform_all(struct run *run, struct matrix_case one)
{
    static const enum invoke_kind kinds[] = {INVOKE_CALL, INVOKE_RETURN, INVOKE_FORK};
    for (unsigned kind = 0; kind < 3; kind++)
        for (unsigned keys = 0; keys <= MESSAGE_KEYS; keys++)
            for (unsigned i = 0; i < STRINGS; i++) {
                one.kind = kinds[kind];
                one.key_count = keys;
                one.length_bytes = strings[i].length_bytes;
                one.mode = strings[i].mode;
                perform(run, &one);
            }
}

/* Orders that are worth trying on any key. */
static const uint64_t strange_orders[] = {
    0,   1,    2,    3,     4,     8,     9,     12,    13,    15,    16,     31,
    44,  46,   47,   63,    77,    79,    81,    127,   4095, 4097,  8192,  16383,  16384,
    KT, KT + 1, 1ull << 32, UINT64_MAX};

static void thing_perform(struct run *run, const struct thing *thing, enum domain_state state)
{
    struct matrix_case one = {.thing = thing, .state = state};
    unsigned count;
    const struct row *rows = rows_of(thing->type, &count);
    for (unsigned i = 0; i < sizeof(strange_orders) / sizeof(strange_orders[0]); i++) {
        one.order = strange_orders[i];
        perform_all(run, one);
    }
    for (unsigned i = 0; i < count; i++) {
        if (!(rows[i].types >> thing->type & 1))
            continue;
        one.order = rows[i].first;
        perform_all(run, one);
        one.order = rows[i].first + rows[i].count - 1;
        if (rows[i].count > 1 && rows[i].count < ORDER_EVERY)
            perform_all(run, one);
    }
}

static struct run *run_begin(void)
{
    struct run *run = calloc(1, sizeof(*run));
    if (!run || !freopen("/dev/null", "w", stderr)) /* the kernel's own lines: very many */
        abort();
    matrix_make(&run->matrix, run->things);
    return run;
}

static bool is_behind(const struct thing *thing)
{
    return thing->type == KEY_START || thing->type == KEY_RESUME || thing->type == KEY_DOMAIN ||
           thing->type == KEY_FRONT_END || thing->type == KEY_SEGMENT;
}

static struct run *run_state(enum domain_state state)
{
    struct run *run = run_begin();
    for (unsigned i = 0; i < MATRIX_THINGS; i++)
        if (state == DOMAIN_AVAILABLE || is_behind(&run->things[i]))
            thing_perform(run, &run->things[i], state);
    cr_log_info("%lu cases, %lu wrong", run->cases, run->wrong);
    cr_assert_eq(run->wrong, 0);
    cr_assert_gt(run->cases, 0);
    return run;
}

/* Orders that were performed, each by CALL, RETURN and FORK, of those in the table. The power key
 * has tests of its own below: no domain runs after it was heard. */
static unsigned covered(const struct run *run, unsigned *all)
{
    static const enum invoke_kind kinds[] = {INVOKE_CALL, INVOKE_RETURN, INVOKE_FORK};
    unsigned count, done = 0;
    *all = 0;
    for (unsigned type = 0; type < KEY_TYPE_COUNT; type++) {
        const struct row *rows = rows_of((enum key_type)type, &count);
        for (unsigned i = 0; i < 3 * count && type != KEY_POWER; i++) {
            const struct row *row = &rows[i / 3];
            if (!(row->types >> type & 1))
                continue;
            bool performed = run->performed[type][i / 3] >> kinds[i % 3] & 1;
            if (!performed)
                cr_log_error("key type %u: %s was never performed by kind %d", type, row->name,
                             kinds[i % 3]);
            ++*all;
            done += performed;
        }
    }
    return done;
}

Test(orders, do_what_the_oracle_says_and_none_is_left_out)
{
    struct run *run = run_state(DOMAIN_AVAILABLE);
    unsigned all, done = covered(run, &all);
    printf("%u of %u orders x invocation kinds performed\n", done, all);
    cr_assert_gt(all, 3 * 90);
    cr_assert_eq(done, all);
}

Test(orders, do_what_the_oracle_says_while_the_target_waits)
{
    (void)run_state(DOMAIN_WAITING);
}

Test(orders, do_what_the_oracle_says_while_the_target_runs)
{
    (void)run_state(DOMAIN_RUNNING);
}

/* The table says of every order what the page and this file rely on. */
Test(orders, have_rows_that_neither_overlap_nor_run_over)
{
    for (unsigned type = 0; type < KEY_TYPE_COUNT; type++) {
        unsigned count;
        const struct row *rows = rows_of((enum key_type)type, &count);
        uint64_t codes = 0;
        for (unsigned i = 0; i < count; i++)
            codes += rows[i].types >> type & 1 ? rows[i].count : 0;
        for (uint64_t code = 0; code < ORDER_EVERY; code++)
            codes -= order_find((enum key_type)type, code) != NULL;
        cr_assert_eq(codes, 0, "type %u: a code is in two rows, or in none", type);
        cr_assert_lt(count, ORDERS_MAX);
    }
}

Test(orders, page_has_the_tables_numbers_and_describes_each_order)
{
    char *page = NULL, *made = NULL;
    size_t page_bytes = 0, made_bytes = 0;
    FILE *file = fopen(LATCHKEY_SOURCE_DIR "/kernel/orders.md", "r");
    cr_assert_not_null(file);
    cr_assert_gt(getdelim(&page, &page_bytes, '\0', file), 0);
    fclose(file);
    file = open_memstream(&made, &made_bytes);
    cr_assert_not_null(file);
    orders_page_write(file, page);
    fclose(file);
    cr_assert(strcmp(page, made) == 0, "make it again: build/orders_page kernel/orders.md");
    cr_assert_null(strstr(made, " ? "), "an order, or a type, is not described");
    free(page);
    free(made);
}

/* A caller with a power key; the order ends the run, or is refused. */
static void power(uint64_t order, uint64_t word, size_t size_bytes)
{
    struct store *store = store_create(100, 100);
    uint64_t caller = calls_domain(store, DOMAIN_RUNNING);
    store_slot(store, caller, 0, store_key(KEY_POWER, 0, 0));
    calls_boot(store, caller);
    (void)calls_order(0, order, &word, size_bytes, 0);
}

Test(orders, power_off_ends_the_run_with_the_code_that_was_sent)
{
    power(POWER_OFF_ORDER, 77, 8);
    cr_assert(host_powered_off());
    cr_assert_eq(host_exit_code(), 77);
}

Test(orders, power_off_without_a_code_is_a_good_end)
{
    power(POWER_OFF_ORDER, 77, 0);
    cr_assert(host_powered_off());
    cr_assert_eq(host_exit_code(), 0);
}

Test(orders, power_off_with_too_high_a_code_is_refused)
{
    power(POWER_OFF_ORDER, 65536, 8);
    cr_assert_not(host_powered_off());
    cr_assert_eq(host_argument(0), RC_FORMAT);
}

Test(orders, power_reset_ends_the_run)
{
    power(POWER_RESET_ORDER, 0, 0);
    cr_assert(host_powered_off());
}

/* The answer goes to a third domain, whose buffer is still on disk. */
Test(orders, an_answer_that_waits_for_a_page_keeps_nobody_from_being_forgotten)
{
    struct store *store = store_create(100, 100);
    uint64_t caller = calls_domain(store, DOMAIN_RUNNING);
    uint64_t waiter = calls_domain(store, DOMAIN_WAITING);
    store_register(store, waiter, REGISTER_A0 + 2, ENTRY_CODE | TAKE_MEMORY);
    store_register(store, waiter, REGISTER_A0 + 5, CALLS_TAKE);
    store_register(store, waiter, REGISTER_A0 + 6, STRING_BYTES_MAX);
    store_slot(store, caller, 0, store_key(KEY_RETURNER, 0, 0));
    store_slot(store, caller, 1, store_key(KEY_RESUME, RESUME_RETURN, waiter));
    calls_boot(store, caller);
    uint64_t reads = host_disk_reads();
    (void)host_call(77, FORK_SLOT(0) | SEND_KEY(3, 1), 0, 0, 0, 0, 0);
    cr_assert_gt(host_disk_reads(), reads);
    cr_assert_eq(host_running_id(), caller);
    cr_assert_eq(host_domain(waiter)->registers[REGISTER_A0], 77);
    cr_assert_eq(host_domain(waiter)->locked, 0);
}

/* Sender, receiver of the answer and the domain that the order is about: all three at once. */
Test(orders, about_a_domain_find_room_in_the_smallest_cache)
{
    struct pool_sizes sizes = pools_of(8u << 20);
    struct store *store = store_create(100, 100);
    uint64_t caller = calls_domain(store, DOMAIN_RUNNING);
    uint64_t waiter = calls_domain(store, DOMAIN_WAITING);
    uint64_t other = calls_domain(store, DOMAIN_WAITING);
    store_register(store, waiter, REGISTER_A0 + 2, ENTRY_CODE);
    store_slot(store, caller, 0, store_key(KEY_DOMAIN, 0, other));
    store_slot(store, caller, 1, store_key(KEY_RESUME, RESUME_RETURN, waiter));
    store_running(store, caller);
    store_finish(store);
    sizes.domains = LIMIT_DOMAINS_MIN;
    cr_assert_null(host_boot_with(store, 8u << 20, &sizes, HOST_REQUESTS));
    (void)host_run();
    (void)host_call(DOMAIN_GET_CONTROL, FORK_SLOT(0) | SEND_KEY(3, 1), 0, 0, 0, 0, 0);
    cr_assert_eq(host_running_id(), caller);
    cr_assert_eq(host_domain(waiter)->registers[REGISTER_A0 + 4], sizeof(struct domain_control));
}
