/* SPDX-License-Identifier: GPL-2.0-or-later */
/* devices_rtc_test.c - the clock: calendar time is base plus virtual time, and one alarm. */
#include "devices/rtc.h"

#include <criterion/criterion.h>

#include "tests/support_device.h"

#define TIME_LOW 0x0u
#define TIME_HIGH 0x4u
#define ALARM_LOW 0x8u
#define ALARM_HIGH 0xcu
#define IRQ_ENABLED 0x10u
#define CLEAR_ALARM 0x14u
#define ALARM_STATUS 0x18u
#define CLEAR_INTERRUPT 0x1cu
#define BASE_NS 1735689600000000000u /* 2025-01-01 */

static const struct rtc_config base_config = {.base_time_ns = BASE_NS};

static void clock_start(struct fake_device *device)
{
    fake_device_init(device, fake_board_create(4096), &rtc_ops, BOARD_RTC_IRQ, &base_config);
}

static void clock_end(struct fake_device *device)
{
    struct fake_board *board = device->board;
    fake_device_finish(device);
    fake_board_destroy(board);
}

static uint64_t clock_get(struct fake_device *device)
{
    uint64_t low = fake_get(device, TIME_LOW, 4);
    return fake_get(device, TIME_HIGH, 4) << 32 | low;
}

static void clock_alarm(struct fake_device *device, uint64_t time_ns)
{
    fake_set(device, ALARM_HIGH, 4, time_ns >> 32);
    fake_set(device, ALARM_LOW, 4, time_ns & UINT32_MAX);
}

Test(rtc, time_is_the_base_plus_virtual_time)
{
    struct fake_device device;
    clock_start(&device);
    cr_assert_eq(clock_get(&device), BASE_NS);
    fake_advance(&device, 12345678901234u);
    cr_assert_eq(clock_get(&device), BASE_NS + 12345678901234u);
    clock_end(&device);
}

Test(rtc, the_high_word_is_latched_by_the_low_word)
{
    struct fake_device device;
    clock_start(&device);
    uint64_t until_carry = 0x100000000u - (BASE_NS & UINT32_MAX);
    fake_advance(&device, until_carry - 1);
    cr_assert_eq(fake_get(&device, TIME_LOW, 4), UINT32_MAX);
    fake_advance(&device, until_carry + 5);
    cr_assert_eq(fake_get(&device, TIME_HIGH, 4), BASE_NS >> 32);
    clock_end(&device);
}

Test(rtc, the_guest_can_set_the_clock_and_reset_restores_it)
{
    struct fake_device device;
    clock_start(&device);
    fake_advance(&device, 1000);
    fake_set(&device, TIME_HIGH, 4, 7);
    fake_set(&device, TIME_LOW, 4, 9);
    cr_assert_eq(clock_get(&device), ((uint64_t)7 << 32) + 9);
    device.ops->reset(device.state);
    cr_assert_eq(clock_get(&device), BASE_NS + 1000);
    clock_end(&device);
}

Test(rtc, an_alarm_goes_off_once_at_its_time)
{
    struct fake_device device;
    clock_start(&device);
    fake_set(&device, IRQ_ENABLED, 4, 1);
    clock_alarm(&device, BASE_NS + 500);
    cr_assert_eq(fake_get(&device, ALARM_STATUS, 4), 1);
    cr_assert_eq(fake_deadline(&device), 500);
    cr_assert_eq(fake_advance(&device, 499), 0);
    cr_assert_not(device.board->line[BOARD_RTC_IRQ]);
    cr_assert_eq(fake_advance(&device, 600), 1);
    cr_assert(device.board->line[BOARD_RTC_IRQ]);
    cr_assert_eq(fake_get(&device, ALARM_STATUS, 4), 0);
    fake_set(&device, CLEAR_INTERRUPT, 4, 1);
    cr_assert_not(device.board->line[BOARD_RTC_IRQ]);
    cr_assert_eq(fake_deadline(&device), DEVICE_NEVER);
    clock_end(&device);
}

Test(rtc, an_alarm_in_the_past_goes_off_at_once)
{
    struct fake_device device;
    clock_start(&device);
    fake_set(&device, IRQ_ENABLED, 4, 1);
    fake_advance(&device, 1000);
    clock_alarm(&device, BASE_NS + 10);
    cr_assert(device.board->line[BOARD_RTC_IRQ]);
    cr_assert_eq(fake_get(&device, ALARM_STATUS, 4), 0);
    clock_end(&device);
}

Test(rtc, a_disabled_interrupt_stays_pending_and_a_cleared_alarm_is_silent)
{
    struct fake_device device;
    clock_start(&device);
    clock_alarm(&device, BASE_NS + 10);
    fake_advance(&device, 20);
    cr_assert_not(device.board->line[BOARD_RTC_IRQ]);
    fake_set(&device, IRQ_ENABLED, 4, 1);
    cr_assert(device.board->line[BOARD_RTC_IRQ]);
    fake_set(&device, CLEAR_INTERRUPT, 4, 1);
    clock_alarm(&device, BASE_NS + 100);
    fake_set(&device, CLEAR_ALARM, 4, 1);
    fake_advance(&device, 200);
    cr_assert_not(device.board->line[BOARD_RTC_IRQ]);
    clock_end(&device);
}

Test(rtc, an_alarm_at_the_end_of_time_never_ticks)
{
    struct fake_device device;
    clock_start(&device);
    clock_alarm(&device, UINT64_MAX);
    cr_assert_geq(fake_deadline(&device), UINT64_MAX - BASE_NS);
    fake_set(&device, TIME_HIGH, 4, 0);
    fake_set(&device, TIME_LOW, 4, 0);
    cr_assert_eq(fake_deadline(&device), DEVICE_NEVER);
    clock_end(&device);
}

Test(rtc, other_widths_and_registers_are_access_faults)
{
    struct fake_device device;
    uint64_t value;
    clock_start(&device);
    cr_assert_not(fake_read(&device, TIME_LOW, 8, &value));
    cr_assert_not(fake_read(&device, TIME_LOW, 1, &value));
    cr_assert_not(fake_read(&device, 0x20, 4, &value));
    cr_assert_not(fake_write(&device, 0x20, 4, 0));
    cr_assert_not(fake_write(&device, TIME_LOW, 2, 0));
    clock_end(&device);
}

Test(rtc, state_survives_save_and_load)
{
    struct fake_device device;
    clock_start(&device);
    fake_set(&device, IRQ_ENABLED, 4, 1);
    clock_alarm(&device, BASE_NS + 10000);
    fake_get(&device, TIME_LOW, 4);
    cr_assert(fake_round_trip(&device));
    struct byte_writer saved = fake_save(&device);
    saved.data[saved.size_bytes - 1] = 2;
    cr_assert_not(fake_load(&device, saved.data, saved.size_bytes));
    writer_finish(&saved);
    clock_end(&device);
}
