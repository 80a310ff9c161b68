/* SPDX-License-Identifier: GPL-2.0-or-later */
/* devices_plic_test.c - the interrupt controller against the PLIC specification. */
#include "devices/plic.h"

#include <criterion/criterion.h>

#include "tests/support_device.h"

#define ENABLE_S 0x2080u
#define THRESHOLD_S 0x201000u
#define CLAIM_S 0x201004u

struct bench {
    struct fake_board *board;
    struct fake_device device;
    struct plic_config config;
    bool output[BOARD_PLIC_CONTEXTS];
    unsigned changes;
};

static void bench_output(void *context, unsigned plic_context, bool level)
{
    struct bench *bench = context;
    bench->output[plic_context] = level;
    bench->changes++;
}

static void bench_start(struct bench *bench)
{
    *bench = (struct bench){.board = fake_board_create(4096)};
    bench->config = (struct plic_config){.context = bench, .output = bench_output};
    fake_device_init(&bench->device, bench->board, &plic_ops, 0, &bench->config);
}

static void bench_end(struct bench *bench)
{
    fake_device_finish(&bench->device);
    fake_board_destroy(bench->board);
}

/* Give a source a priority and enable it for context S. */
static void bench_enable(struct bench *bench, uint32_t source, uint32_t priority)
{
    uint64_t word = ENABLE_S + 4u * (source / 32);
    fake_set(&bench->device, 4u * source, 4, priority);
    uint64_t old = fake_get(&bench->device, word, 4);
    fake_set(&bench->device, word, 4, old | (uint64_t)1 << (source % 32));
}

static bool bench_is_pending(struct bench *bench, uint32_t source)
{
    uint64_t word = fake_get(&bench->device, 0x1000u + 4u * (source / 32), 4);
    return (word >> (source % 32) & 1) != 0;
}

Test(plic, a_high_line_raises_the_output_until_it_is_claimed)
{
    struct bench bench;
    bench_start(&bench);
    bench_enable(&bench, 10, 1);
    plic_line_set(bench.device.state, 10, true);
    cr_assert(bench.output[1]);
    cr_assert_not(bench.output[0], "context M was not enabled");
    cr_assert(bench_is_pending(&bench, 10));
    cr_assert_eq(fake_get(&bench.device, CLAIM_S, 4), 10);
    cr_assert_not(bench.output[1]);
    cr_assert_not(bench_is_pending(&bench, 10));
    cr_assert_eq(fake_get(&bench.device, CLAIM_S, 4), 0, "one claim a request");
    bench_end(&bench);
}

Test(plic, completion_asks_again_while_the_line_is_high)
{
    struct bench bench;
    bench_start(&bench);
    bench_enable(&bench, 3, 2);
    plic_line_set(bench.device.state, 3, true);
    cr_assert_eq(fake_get(&bench.device, CLAIM_S, 4), 3);
    fake_set(&bench.device, CLAIM_S, 4, 3);
    cr_assert(bench.output[1]);
    cr_assert_eq(fake_get(&bench.device, CLAIM_S, 4), 3);
    plic_line_set(bench.device.state, 3, false);
    fake_set(&bench.device, CLAIM_S, 4, 3);
    cr_assert_not(bench.output[1]);
    bench_end(&bench);
}

Test(plic, a_request_survives_the_fall_of_its_line)
{
    struct bench bench;
    bench_start(&bench);
    bench_enable(&bench, 5, 1);
    plic_line_set(bench.device.state, 5, true);
    plic_line_set(bench.device.state, 5, false);
    cr_assert(bench.output[1]);
    cr_assert_eq(fake_get(&bench.device, CLAIM_S, 4), 5);
    bench_end(&bench);
}

Test(plic, the_highest_priority_is_claimed_first_then_the_lowest_number)
{
    struct bench bench;
    bench_start(&bench);
    bench_enable(&bench, 9, 3);
    bench_enable(&bench, 4, 3);
    bench_enable(&bench, 95, 7);
    plic_line_set(bench.device.state, 9, true);
    plic_line_set(bench.device.state, 4, true);
    plic_line_set(bench.device.state, 95, true);
    cr_assert_eq(fake_get(&bench.device, CLAIM_S, 4), 95);
    cr_assert_eq(fake_get(&bench.device, CLAIM_S, 4), 4);
    cr_assert_eq(fake_get(&bench.device, CLAIM_S, 4), 9);
    bench_end(&bench);
}

Test(plic, the_threshold_masks_the_output_but_not_the_claim)
{
    struct bench bench;
    bench_start(&bench);
    bench_enable(&bench, 6, 2);
    fake_set(&bench.device, THRESHOLD_S, 4, 2);
    plic_line_set(bench.device.state, 6, true);
    cr_assert_not(bench.output[1]);
    fake_set(&bench.device, THRESHOLD_S, 4, 1);
    cr_assert(bench.output[1]);
    fake_set(&bench.device, THRESHOLD_S, 4, 0xff);
    cr_assert_eq(fake_get(&bench.device, THRESHOLD_S, 4), 7);
    cr_assert_not(bench.output[1]);
    cr_assert_eq(fake_get(&bench.device, CLAIM_S, 4), 6, "specification section 8");
    bench_end(&bench);
}

Test(plic, priority_zero_never_interrupts)
{
    struct bench bench;
    bench_start(&bench);
    bench_enable(&bench, 6, 0);
    plic_line_set(bench.device.state, 6, true);
    cr_assert_not(bench.output[1]);
    cr_assert_eq(fake_get(&bench.device, CLAIM_S, 4), 0);
    fake_set(&bench.device, 4 * 6, 4, 1);
    cr_assert(bench.output[1]);
    bench_end(&bench);
}

Test(plic, completion_of_what_is_not_enabled_or_not_claimed_is_ignored)
{
    struct bench bench;
    bench_start(&bench);
    bench_enable(&bench, 7, 1);
    plic_line_set(bench.device.state, 7, true);
    cr_assert_eq(fake_get(&bench.device, CLAIM_S, 4), 7);
    fake_set(&bench.device, CLAIM_S, 4, 8);
    fake_set(&bench.device, CLAIM_S, 4, 0);
    fake_set(&bench.device, CLAIM_S, 4, 0xffffffffu);
    cr_assert_not(bench.output[1]);
    fake_set(&bench.device, ENABLE_S, 4, 0);
    fake_set(&bench.device, CLAIM_S, 4, 7);
    fake_set(&bench.device, ENABLE_S, 4, 1u << 7);
    cr_assert_not(bench.output[1], "the completion while disabled did not count");
    fake_set(&bench.device, CLAIM_S, 4, 7);
    cr_assert(bench.output[1]);
    bench_end(&bench);
}

Test(plic, registers_keep_only_the_bits_that_exist)
{
    struct bench bench;
    bench_start(&bench);
    fake_set(&bench.device, 0, 4, 7);
    cr_assert_eq(fake_get(&bench.device, 0, 4), 0, "source 0 does not exist");
    fake_set(&bench.device, 4, 4, 0xffffffffu);
    cr_assert_eq(fake_get(&bench.device, 4, 4), 7);
    fake_set(&bench.device, ENABLE_S, 4, 0xffffffffu);
    cr_assert_eq(fake_get(&bench.device, ENABLE_S, 4), 0xfffffffeu);
    fake_set(&bench.device, ENABLE_S + 12, 4, 0xffffffffu);
    cr_assert_eq(fake_get(&bench.device, ENABLE_S + 12, 4), 0, "sources from 96 on do not exist");
    fake_set(&bench.device, 4 * 1023, 4, 5);
    cr_assert_eq(fake_get(&bench.device, 4 * 1023, 4), 0);
    fake_set(&bench.device, 0x1000, 4, 0xffffffffu);
    cr_assert_eq(fake_get(&bench.device, 0x1000, 4), 0, "pending bits are read-only");
    bench_end(&bench);
}

Test(plic, other_widths_and_unknown_registers_are_access_faults)
{
    struct bench bench;
    uint64_t value;
    bench_start(&bench);
    cr_assert_not(fake_read(&bench.device, 4, 1, &value));
    cr_assert_not(fake_read(&bench.device, 8, 8, &value));
    cr_assert_not(fake_write(&bench.device, 4, 2, 1));
    cr_assert_not(fake_read(&bench.device, 0x2100, 4, &value), "context 2 does not exist");
    cr_assert_not(fake_read(&bench.device, 0x201008, 4, &value));
    cr_assert_not(fake_write(&bench.device, 0x202000, 4, 0));
    cr_assert_not(fake_read(&bench.device, BOARD_PLIC_SIZE - 4, 4, &value));
    bench_end(&bench);
}

Test(plic, lines_that_do_not_exist_are_ignored)
{
    struct bench bench;
    bench_start(&bench);
    plic_line_set(bench.device.state, 0, true);
    plic_line_set(bench.device.state, 96, true);
    plic_line_set(bench.device.state, UINT32_MAX, true);
    cr_assert_eq(bench.changes, 0);
    bench_end(&bench);
}

Test(plic, state_survives_save_and_load_and_reset_lowers_the_output)
{
    struct bench bench;
    bench_start(&bench);
    bench_enable(&bench, 10, 4);
    bench_enable(&bench, 11, 5);
    bench_enable(&bench, 40, 1);
    plic_line_set(bench.device.state, 10, true);
    plic_line_set(bench.device.state, 11, true);
    plic_line_set(bench.device.state, 40, true);
    cr_assert_eq(fake_get(&bench.device, CLAIM_S, 4), 11);
    cr_assert(fake_round_trip(&bench.device));
    bench.device.ops->reset(bench.device.state);
    cr_assert_not(bench.output[1]);
    cr_assert_eq(fake_get(&bench.device, 4 * 10, 4), 0);
    cr_assert_not(bench_is_pending(&bench, 10));
    bench_end(&bench);
}

Test(plic, load_refuses_a_source_both_pending_and_claimed)
{
    struct bench bench;
    bench_start(&bench);
    struct byte_writer saved = fake_save(&bench.device);
    saved.data[12] |= 2; /* pending, word 0 */
    cr_assert(fake_load(&bench.device, saved.data, saved.size_bytes));
    saved.data[24] |= 2; /* claimed, word 0 */
    cr_assert_not(fake_load(&bench.device, saved.data, saved.size_bytes));
    saved.data[24] = 0;
    saved.data[0] |= 1; /* source 0 */
    cr_assert_not(fake_load(&bench.device, saved.data, saved.size_bytes));
    writer_finish(&saved);
    bench_end(&bench);
}
