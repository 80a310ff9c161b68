/* SPDX-License-Identifier: GPL-2.0-or-later */
/* devices_finisher_test.c - a guest ends its run. */
#include "devices/finisher.h"

#include <criterion/criterion.h>

#include "tests/support_device.h"

struct bench {
    struct fake_board *board;
    struct fake_device device;
    struct finisher_config config;
    struct finisher_request last;
    unsigned notified;
};

static void bench_notify(void *context, struct finisher_request request)
{
    struct bench *bench = context;
    bench->last = request;
    bench->notified++;
}

static void bench_start(struct bench *bench)
{
    *bench = (struct bench){.board = fake_board_create(4096)};
    bench->config = (struct finisher_config){.context = bench, .notify = bench_notify};
    fake_device_init(&bench->device, bench->board, &finisher_ops, 0, &bench->config);
}

static void bench_end(struct bench *bench)
{
    fake_device_finish(&bench->device);
    fake_board_destroy(bench->board);
}

Test(finisher, a_failure_carries_its_exit_code)
{
    struct bench bench;
    bench_start(&bench);
    cr_assert_eq(finisher_request(bench.device.state).kind, 0);
    fake_set(&bench.device, 0, 4, 42u << 16 | FINISHER_FAIL);
    cr_assert_eq(bench.notified, 1);
    cr_assert_eq(bench.last.kind, FINISHER_FAIL);
    cr_assert_eq(bench.last.code, 42);
    cr_assert_eq(finisher_request(bench.device.state).code, 42);
    bench_end(&bench);
}

Test(finisher, pass_and_reset_have_no_code)
{
    struct bench bench;
    bench_start(&bench);
    fake_set(&bench.device, 0, 4, 9u << 16 | FINISHER_PASS);
    cr_assert_eq(bench.last.kind, FINISHER_PASS);
    cr_assert_eq(bench.last.code, 0);
    fake_set(&bench.device, 0, 2, FINISHER_RESET);
    cr_assert_eq(bench.last.kind, FINISHER_RESET);
    cr_assert_eq(bench.notified, 2);
    bench_end(&bench);
}

Test(finisher, anything_else_changes_nothing)
{
    struct bench bench;
    uint64_t value = 1;
    bench_start(&bench);
    fake_set(&bench.device, 0, 4, 0x1234);
    fake_set(&bench.device, 0, 4, 0);
    cr_assert_not(fake_write(&bench.device, 0, 8, FINISHER_PASS));
    cr_assert_not(fake_write(&bench.device, 0, 1, 0x55));
    cr_assert_not(fake_write(&bench.device, 4, 4, FINISHER_PASS));
    cr_assert_not(fake_read(&bench.device, 4, 4, &value));
    cr_assert(fake_read(&bench.device, 0, 4, &value));
    cr_assert_eq(value, 0);
    cr_assert_eq(bench.notified, 0);
    cr_assert_eq(finisher_request(bench.device.state).kind, 0);
    bench_end(&bench);
}

Test(finisher, state_survives_save_and_load_and_ends_at_reset)
{
    struct bench bench;
    bench_start(&bench);
    fake_set(&bench.device, 0, 4, 7u << 16 | FINISHER_FAIL);
    cr_assert(fake_round_trip(&bench.device));
    struct byte_writer saved = fake_save(&bench.device);
    saved.data[0] = 0x34; /* no such kind */
    cr_assert_not(fake_load(&bench.device, saved.data, saved.size_bytes));
    writer_finish(&saved);
    cr_assert_eq(finisher_request(bench.device.state).code, 7, "a refused load changes nothing");
    bench.device.ops->reset(bench.device.state);
    cr_assert_eq(finisher_request(bench.device.state).kind, 0);
    bench_end(&bench);
}
