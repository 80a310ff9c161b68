/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kernel_log_test.c - what domains learn about the kernel: its counters by name, and what it
 * printed. Natively. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "kernel/counter.h"
#include "kernel/print.h"
#include "tests/kernel_calls.h"

#define SLOT_PEEK 0u
#define SLOT_LOG 1u
#define LINE_BYTES 10u /* of each line printed here, with its end */

static void world_boot(void)
{
    struct store *store = store_create(100, 100);
    uint64_t caller = calls_domain(store, DOMAIN_RUNNING);
    store_slot(store, caller, SLOT_PEEK, store_key(KEY_PEEK, 0, 0));
    store_slot(store, caller, SLOT_LOG, store_key(KEY_ERROR_LOG, 0, 0));
    calls_boot(store, caller);
}

static uint64_t counter(unsigned index)
{
    uint64_t first = index, value;
    struct reply reply = calls_order(SLOT_PEEK, PEEK_READ, &first, sizeof(first), 0);
    cr_assert_eq(reply.code, RC_OK);
    cr_assert_eq(reply.length_bytes, (COUNTER_COUNT - index) * sizeof(uint64_t));
    memcpy(&value, reply.string, sizeof(value));
    return value;
}

Test(peek, every_counter_has_a_name_of_its_own)
{
    static char names[COUNTER_COUNT][64];
    world_boot();
    cr_assert_eq(calls_code(SLOT_PEEK, PEEK_COUNT, 0), COUNTER_COUNT);
    for (uint64_t i = 0; i < COUNTER_COUNT; i++) {
        struct reply reply = calls_order(SLOT_PEEK, PEEK_NAME, &i, sizeof(i), 0);
        cr_assert_eq(reply.code, RC_OK);
        cr_assert_gt(reply.length_bytes, 0);
        cr_assert_lt(reply.length_bytes, sizeof(names[i]));
        memcpy(names[i], reply.string, reply.length_bytes);
        for (uint64_t k = 0; k < i; k++)
            cr_assert_str_neq(names[k], names[i]);
    }
    cr_assert_str_eq(names[COUNTER_KERNEL_KEY], "orders on kernel keys");
    cr_assert_str_eq(names[COUNTER_COUNT - 1], "pages written to the journal");
    cr_assert_eq(calls_number(SLOT_PEEK, PEEK_NAME, COUNTER_COUNT), RC_NOT_THERE);
    cr_assert_eq(calls_number(SLOT_PEEK, PEEK_READ, COUNTER_COUNT), RC_NOT_THERE);
    cr_assert_eq(calls_number(SLOT_PEEK, PEEK_READ, UINT64_MAX), RC_NOT_THERE);
}

Test(peek, counters_count)
{
    world_boot();
    (void)counter(0);
    uint64_t before = counter(COUNTER_KERNEL_KEY);
    cr_assert_eq(counter(COUNTER_KERNEL_KEY), before + 1);
    cr_assert_gt(counter(COUNTER_FAULT), 0, "the caller's own string was not mapped at first");
    cr_assert_gt(counter(COUNTER_DOMAIN_LOAD), 0);
    cr_assert_gt(counter(COUNTER_MAP), 0);
    cr_assert_gt(counter(COUNTER_STALL), 0, "its pages came from disk");
    cr_assert_eq(counter(COUNTER_CHECKPOINT), 0);
    uint64_t traps = counter(COUNTER_TRAP);
    cr_assert_null(host_trap(TRAP_HARDWARE + 2, 0));
    cr_assert_eq(counters[COUNTER_TRAP], traps + 1);
    cr_assert_gt(counters[COUNTER_STOP], 0);
}

/* The log from a number on: its bytes, and the number of the first. */
static uint64_t log_read(uint64_t from, char *text, size_t *size_bytes)
{
    uint64_t first;
    struct reply reply = calls_order(SLOT_LOG, ERROR_LOG_READ, &from, sizeof(from), 0);
    cr_assert_eq(reply.code, RC_OK);
    cr_assert_geq(reply.length_bytes, sizeof(first));
    memcpy(&first, reply.string, sizeof(first));
    cr_assert_leq(reply.length_bytes, STRING_BYTES_MAX);
    *size_bytes = reply.length_bytes - sizeof(first);
    memcpy(text, reply.string + sizeof(first), *size_bytes);
    return first;
}

static void expect_lines(uint64_t lines)
{
    static char all[2 * STRING_BYTES_MAX];
    char part[STRING_BYTES_MAX], line[16];
    size_t got = 0, size_bytes;
    uint64_t total = lines * LINE_BYTES;
    uint64_t oldest = total > PRINT_LOG_BYTES ? total - PRINT_LOG_BYTES : 0, at = 0;
    for (;;) {
        uint64_t first = log_read(at, part, &size_bytes);
        cr_assert_eq(first, at < oldest ? oldest : at);
        if (size_bytes == 0)
            break;
        memcpy(all + got, part, size_bytes);
        got += size_bytes;
        at = first + size_bytes;
    }
    cr_assert_eq(at, total);
    cr_assert_eq(got, total - oldest);
    for (uint64_t number = oldest; number < total; number++) {
        (void)snprintf(line, sizeof(line), "line %04lu\n", number / LINE_BYTES);
        cr_assert_eq(all[number - oldest], line[number % LINE_BYTES], "byte %lu", number);
    }
    cr_assert_eq(log_read(total + 1000, part, &size_bytes), total, "nothing from the future");
    cr_assert_eq(size_bytes, 0);
}

static void print_lines(unsigned first, unsigned count)
{
    for (unsigned i = first; i < first + count; i++)
        print_line("line %u%u%u%u", i / 1000, i / 100 % 10, i / 10 % 10, i % 10);
}

Test(error_log, holds_what_the_kernel_printed_from_the_first_byte_on)
{
    world_boot();
    print_lines(0, 12);
    expect_lines(12);
}

Test(error_log, forgets_the_oldest_bytes_when_it_is_full)
{
    world_boot();
    print_lines(0, 409);
    expect_lines(409);
    print_lines(409, 700);
    expect_lines(1109);
}
