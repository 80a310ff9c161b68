/* SPDX-License-Identifier: GPL-2.0-or-later */
/* emulator_sbi_test.c - firmware calls against the SBI specification. */
#include "emulator/sbi.h"

#include <criterion/criterion.h>
#include <string.h>

struct host {
    uint64_t timer;
    bool soft, failed, reset_asked;
    enum sbi_reset reset;
    char printed[64];
    size_t printed_bytes;
    uint8_t memory[64]; /* at address 0x1000 */
    const char *typed;
};

static void timer_set(void *context, uint64_t ticks)
{
    ((struct host *)context)->timer = ticks;
}

static void soft_set(void *context, bool level)
{
    ((struct host *)context)->soft = level;
}

static void console_put(void *context, uint8_t byte)
{
    struct host *host = context;
    cr_assert_lt(host->printed_bytes, sizeof(host->printed));
    host->printed[host->printed_bytes++] = (char)byte;
}

static bool console_take(void *context, uint8_t *byte)
{
    struct host *host = context;
    if (!host->typed || !*host->typed)
        return false;
    *byte = (uint8_t)*host->typed++;
    return true;
}

static bool inside(uint64_t addr, size_t size_bytes)
{
    return addr >= 0x1000 && addr <= 0x1040 && size_bytes <= 0x1040 - addr;
}

static bool memory_read(void *context, uint64_t addr, void *target, size_t size_bytes)
{
    if (!inside(addr, size_bytes))
        return false;
    memcpy(target, ((struct host *)context)->memory + (addr - 0x1000), size_bytes);
    return true;
}

static bool memory_write(void *context, uint64_t addr, const void *source, size_t size_bytes)
{
    if (!inside(addr, size_bytes))
        return false;
    memcpy(((struct host *)context)->memory + (addr - 0x1000), source, size_bytes);
    return true;
}

static void reset(void *context, enum sbi_reset kind, bool failure)
{
    struct host *host = context;
    host->reset_asked = true;
    host->reset = kind;
    host->failed = failure;
}

struct answer {
    int64_t error;
    uint64_t value;
};

static struct answer call(struct host *host, uint64_t extension, uint64_t function, uint64_t a0,
                          uint64_t a1, uint64_t a2)
{
    const struct sbi_host ops = {host, timer_set, soft_set, console_put, console_take,
                                 memory_read, memory_write, reset};
    uint64_t args[8] = {a0, a1, a2, 0, 0, 0, function, extension};
    uint64_t result[2] = {a0, a1};
    sbi_call(&ops, args, result);
    return (struct answer){(int64_t)result[0], result[1]};
}

Test(sbi, base_tells_version_and_extensions)
{
    struct host host = {0};
    cr_assert_eq(call(&host, 0x10, 0, 0, 0, 0).value, 1u << 24);
    cr_assert_eq(call(&host, 0x10, 3, 0x54494d45, 0, 0).value, 1, "TIME");
    cr_assert_eq(call(&host, 0x10, 3, 0x4442434e, 0, 0).value, 1, "DBCN");
    cr_assert_eq(call(&host, 0x10, 3, 0x12345678, 0, 0).value, 0);
    cr_assert_eq(call(&host, 0x10, 99, 0, 0, 0).error, -2);
    cr_assert_eq(call(&host, 0x12345678, 0, 0, 0, 0).error, -2);
}

Test(sbi, timer_and_its_legacy_twin_set_the_same_timer)
{
    struct host host = {0};
    cr_assert_eq(call(&host, 0x54494d45, 0, 777, 0, 0).error, 0);
    cr_assert_eq(host.timer, 777);
    cr_assert_eq(call(&host, 0, 0, 888, 5, 0).error, 0);
    cr_assert_eq(host.timer, 888);
    cr_assert_eq(call(&host, 0, 0, 888, 5, 0).value, 5, "legacy calls leave a1 alone");
}

Test(sbi, console_calls_move_bytes_and_bound_addresses)
{
    struct host host = {.typed = "ok"};
    memcpy(host.memory, "hello", 5);
    struct answer answer = call(&host, 0x4442434e, 0, 5, 0x1000, 0);
    cr_assert_eq(answer.error, 0);
    cr_assert_eq(answer.value, 5);
    cr_assert_arr_eq(host.printed, "hello", 5);
    cr_assert_eq(call(&host, 0x4442434e, 0, 100, 0x1000, 0).error, -3, "runs out of memory");
    cr_assert_eq(call(&host, 0x4442434e, 0, 5, 0x1000, 1).error, -3, "above 64 bits");
    cr_assert_eq(call(&host, 0x4442434e, 0, 5, UINT64_MAX - 1, 0).error, -3);
    answer = call(&host, 0x4442434e, 1, 10, 0x1010, 0);
    cr_assert_eq(answer.error, 0);
    cr_assert_eq(answer.value, 2);
    cr_assert_arr_eq(host.memory + 0x10, "ok", 2);
    cr_assert_eq(call(&host, 0x4442434e, 1, 10, 0x2000, 0).error, -3);
    cr_assert_eq(call(&host, 2, 0, 0, 0, 0).error, -1, "legacy getchar with nothing typed");
}

Test(sbi, resets_and_harts_answer_as_the_specification_says)
{
    struct host host = {0};
    cr_assert_eq(call(&host, 0x53525354, 0, 9, 0, 0).error, -3);
    cr_assert_not(host.reset_asked);
    cr_assert_eq(call(&host, 0x53525354, 0, 0, 1, 0).error, 0);
    cr_assert(host.reset_asked && host.failed && host.reset == SBI_RESET_SHUTDOWN);
    cr_assert_eq(call(&host, 0x53525354, 0, 1, 0, 0).error, 0);
    cr_assert_eq(host.reset, SBI_RESET_REBOOT);
    cr_assert_eq(call(&host, 0x48534d, 0, 0, 0, 0).error, -6, "hart 0 has started");
    cr_assert_eq(call(&host, 0x48534d, 0, 1, 0, 0).error, -3, "there is no hart 1");
    cr_assert_eq(call(&host, 0x735049, 0, 1, 0, 0).error, 0);
    cr_assert(host.soft);
    cr_assert_eq(call(&host, 0x735049, 0, 2, 0, 0).error, -3);
}
