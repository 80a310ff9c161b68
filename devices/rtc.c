/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rtc.c - google,goldfish-rtc: calendar time in nanoseconds, and one alarm. Called by the bus;
 * calls its device_env.
 *
 * Invariants
 *  1. Calendar time = virtual time + offset_ns (modulo 2^64); offset_ns is the config's base time
 *     until the guest sets the clock.
 *  2. The interrupt line is high exactly when irq_pending and irq_enabled hold.
 *  3. While alarm_running, the alarm lies in the future; it goes off once.
 *
 * Source: Android's GOLDFISH-VIRTUAL-HARDWARE.TXT, "Goldfish real-time clock", and the behaviour of
 * QEMU's model for the registers that the text leaves open (writing the time; the order LOW then
 * HIGH on reads, HIGH then LOW on writes).
 */
#include "devices/rtc.h"

#include <assert.h>

enum rtc_register {
    RTC_TIME_LOW = 0x00, /* R: low word, latches the high word. W: set low word of the clock */
    RTC_TIME_HIGH = 0x04,
    RTC_ALARM_LOW = 0x08, /* W: with ALARM_HIGH written before, arms the alarm */
    RTC_ALARM_HIGH = 0x0c,
    RTC_IRQ_ENABLED = 0x10,
    RTC_CLEAR_ALARM = 0x14,     /* W: disarm */
    RTC_ALARM_STATUS = 0x18,    /* R: 1 while armed */
    RTC_CLEAR_INTERRUPT = 0x1c, /* W: lower the pending interrupt */
};

struct rtc {
    const struct device_env *env;
    const struct rtc_config *config;
    uint64_t offset_ns;
    uint64_t alarm_ns; /* calendar time */
    uint32_t time_high_latched;
    bool alarm_running, irq_pending, irq_enabled;
};

static uint64_t rtc_time_ns(const struct rtc *rtc)
{
    return rtc->env->now_ns(rtc->env->context) + rtc->offset_ns;
}

static void rtc_irq_update(struct rtc *rtc)
{
    rtc->env->irq_set(rtc->env->context, rtc->env->irq, rtc->irq_pending && rtc->irq_enabled);
}

/* Let an armed alarm that has been reached go off. */
static void rtc_alarm_check(struct rtc *rtc)
{
    if (rtc->alarm_running && rtc_time_ns(rtc) >= rtc->alarm_ns) {
        rtc->alarm_running = false;
        rtc->irq_pending = true;
    }
    rtc_irq_update(rtc);
}

static void rtc_time_set(struct rtc *rtc, uint64_t time_ns)
{
    rtc->offset_ns = time_ns - rtc->env->now_ns(rtc->env->context);
    rtc_alarm_check(rtc);
}

static void rtc_reset(void *state)
{
    struct rtc *rtc = state;
    rtc->offset_ns = rtc->config->base_time_ns;
    rtc->alarm_ns = 0;
    rtc->time_high_latched = 0;
    rtc->alarm_running = rtc->irq_pending = rtc->irq_enabled = false;
    rtc_irq_update(rtc);
}

static void rtc_init(void *state, const struct device_env *env, const void *config)
{
    struct rtc *rtc = state;
    assert(env != NULL);
    assert(config != NULL);
    rtc->env = env;
    rtc->config = config;
    rtc->offset_ns = rtc->config->base_time_ns;
}

static bool rtc_read(void *state, uint64_t offset, unsigned size_bytes, uint64_t *value)
{
    struct rtc *rtc = state;
    if (size_bytes != 4)
        return false;
    *value = 0;
    switch (offset) {
    case RTC_TIME_LOW:
        rtc->time_high_latched = (uint32_t)(rtc_time_ns(rtc) >> 32);
        *value = rtc_time_ns(rtc) & UINT32_MAX;
        return true;
    case RTC_TIME_HIGH:
        *value = rtc->time_high_latched;
        return true;
    case RTC_ALARM_LOW:
        *value = rtc->alarm_ns & UINT32_MAX;
        return true;
    case RTC_ALARM_HIGH:
        *value = rtc->alarm_ns >> 32;
        return true;
    case RTC_IRQ_ENABLED:
        *value = rtc->irq_enabled;
        return true;
    case RTC_ALARM_STATUS:
        *value = rtc->alarm_running;
        return true;
    case RTC_CLEAR_ALARM:
    case RTC_CLEAR_INTERRUPT:
        return true;
    default:
        return false;
    }
}

static uint64_t word_low_set(uint64_t old, uint64_t value)
{
    return (old & ~(uint64_t)UINT32_MAX) | (value & UINT32_MAX);
}

static uint64_t word_high_set(uint64_t old, uint64_t value)
{
    return (old & UINT32_MAX) | value << 32;
}

static bool rtc_write(void *state, uint64_t offset, unsigned size_bytes, uint64_t value)
{
    struct rtc *rtc = state;
    if (size_bytes != 4)
        return false;
    switch (offset) {
    case RTC_TIME_LOW:
        rtc_time_set(rtc, word_low_set(rtc_time_ns(rtc), value));
        return true;
    case RTC_TIME_HIGH:
        rtc_time_set(rtc, word_high_set(rtc_time_ns(rtc), value));
        return true;
    case RTC_ALARM_LOW:
        rtc->alarm_ns = word_low_set(rtc->alarm_ns, value);
        rtc->alarm_running = true;
        break;
    case RTC_ALARM_HIGH:
        rtc->alarm_ns = word_high_set(rtc->alarm_ns, value);
        break;
    case RTC_IRQ_ENABLED:
        rtc->irq_enabled = (value & 1) != 0;
        break;
    case RTC_CLEAR_ALARM:
        rtc->alarm_running = false;
        break;
    case RTC_CLEAR_INTERRUPT:
        rtc->irq_pending = false;
        break;
    case RTC_ALARM_STATUS:
        break;
    default:
        return false;
    }
    rtc_alarm_check(rtc);
    return true;
}

static uint64_t rtc_deadline_ns(const void *state)
{
    const struct rtc *rtc = state;
    if (!rtc->alarm_running)
        return DEVICE_NEVER;
    uint64_t now_ns = rtc->env->now_ns(rtc->env->context);
    if (rtc->alarm_ns <= rtc_time_ns(rtc))
        return now_ns;
    uint64_t left_ns = rtc->alarm_ns - rtc_time_ns(rtc);
    return left_ns < DEVICE_NEVER - now_ns ? now_ns + left_ns : DEVICE_NEVER;
}

static void rtc_tick(void *state)
{
    rtc_alarm_check(state);
}

static void rtc_save(const void *state, struct byte_writer *writer)
{
    const struct rtc *rtc = state;
    write_u64(writer, rtc->offset_ns);
    write_u64(writer, rtc->alarm_ns);
    write_u32(writer, rtc->time_high_latched);
    write_u8(writer, rtc->alarm_running);
    write_u8(writer, rtc->irq_pending);
    write_u8(writer, rtc->irq_enabled);
}

static void rtc_load(void *state, struct byte_reader *reader)
{
    struct rtc *rtc = state;
    struct rtc loaded = *rtc;
    loaded.offset_ns = read_u64(reader);
    loaded.alarm_ns = read_u64(reader);
    loaded.time_high_latched = read_u32(reader);
    uint8_t flags[3];
    read_bytes(reader, flags, sizeof(flags));
    if (flags[0] > 1 || flags[1] > 1 || flags[2] > 1)
        reader_fail(reader);
    loaded.alarm_running = flags[0] == 1;
    loaded.irq_pending = flags[1] == 1;
    loaded.irq_enabled = flags[2] == 1;
    if (!reader->failed)
        *rtc = loaded;
}

const struct device_ops rtc_ops = {
    .name = "rtc",
    .compatible = "google,goldfish-rtc",
    .state_bytes = sizeof(struct rtc),
    .init = rtc_init,
    .reset = rtc_reset,
    .read = rtc_read,
    .write = rtc_write,
    .deadline_ns = rtc_deadline_ns,
    .tick = rtc_tick,
    .save = rtc_save,
    .load = rtc_load,
};
