/* SPDX-License-Identifier: GPL-2.0-or-later */
/* devices_trace_port_test.c - the guest's announcements. */
#include "devices/trace_port.h"

#include <criterion/criterion.h>

#include "tests/support_device.h"

struct bench {
    struct fake_board *board;
    struct fake_device device;
    struct trace_port_config config;
    uint32_t kind;
    uint64_t argument;
    unsigned announced;
};

static void bench_announce(void *context, uint32_t kind, uint64_t argument)
{
    struct bench *bench = context;
    bench->kind = kind;
    bench->argument = argument;
    bench->announced++;
}

static void bench_start(struct bench *bench)
{
    *bench = (struct bench){.board = fake_board_create(4096)};
    bench->config = (struct trace_port_config){.context = bench, .announce = bench_announce};
    fake_device_init(&bench->device, bench->board, &trace_port_ops, 0, &bench->config);
}

static void bench_end(struct bench *bench)
{
    fake_device_finish(&bench->device);
    fake_board_destroy(bench->board);
}

Test(trace_port, a_pair_is_announced_at_the_write_of_its_kind)
{
    struct bench bench;
    bench_start(&bench);
    fake_set(&bench.device, TRACE_ARGUMENT, 8, 0x123456789abcdef0u);
    cr_assert_eq(bench.announced, 0);
    fake_set(&bench.device, TRACE_KIND, 4, TRACE_COMMITTED);
    cr_assert_eq(bench.announced, 1);
    cr_assert_eq(bench.kind, TRACE_COMMITTED);
    cr_assert_eq(bench.argument, 0x123456789abcdef0u);
    bench_end(&bench);
}

Test(trace_port, unknown_kinds_are_dropped)
{
    struct bench bench;
    bench_start(&bench);
    fake_set(&bench.device, TRACE_KIND, 4, 0);
    fake_set(&bench.device, TRACE_KIND, 4, TRACE_KIND_COUNT);
    fake_set(&bench.device, TRACE_KIND, 4, 0xffffffffu);
    cr_assert_eq(bench.announced, 0);
    bench_end(&bench);
}

Test(trace_port, reads_and_other_widths_are_access_faults)
{
    struct bench bench;
    uint64_t value;
    bench_start(&bench);
    cr_assert_not(fake_read(&bench.device, TRACE_KIND, 4, &value));
    cr_assert_not(fake_read(&bench.device, TRACE_ARGUMENT, 8, &value));
    cr_assert_not(fake_write(&bench.device, TRACE_ARGUMENT, 4, 1));
    cr_assert_not(fake_write(&bench.device, TRACE_KIND, 8, TRACE_MARK));
    cr_assert_not(fake_write(&bench.device, 0x10, 4, 1));
    cr_assert_eq(bench.announced, 0);
    bench_end(&bench);
}

Test(trace_port, the_argument_survives_save_and_load)
{
    struct bench bench;
    bench_start(&bench);
    fake_set(&bench.device, TRACE_ARGUMENT, 8, 77);
    cr_assert(fake_round_trip(&bench.device));
    struct byte_writer saved = fake_save(&bench.device);
    bench.device.ops->reset(bench.device.state);
    cr_assert(fake_load(&bench.device, saved.data, saved.size_bytes));
    fake_set(&bench.device, TRACE_KIND, 4, TRACE_MARK);
    cr_assert_eq(bench.argument, 77);
    writer_finish(&saved);
    bench_end(&bench);
}
