/* SPDX-License-Identifier: GPL-2.0-or-later */
/* print.c - formatted lines on the console, and the ends of a panic and of halt. Called from
 * everywhere; calls driver/sbi.c.
 *
 * Invariants
 *  1. Nothing here allocates or waits, and a panic inside a panic powers off at once.
 */
#include "kernel/print.h"

#include <stdarg.h>

#include "kernel/driver/sbi.h"
#include "kernel/history.h"

#define DIGITS_MAX 20u /* of 2^64 - 1 in decimal */

static struct {
    bool panicking;
    uint64_t printed;          /* how many there were */
} print;
static char ring[PRINT_LOG_BYTES]; /* the last bytes, each at its number modulo the size */

static void put_character(char character)
{
    ring[print.printed++ % PRINT_LOG_BYTES] = character;
    sbi_put(character);
}

uint64_t print_log(uint64_t from, const char **bytes, size_t *size_bytes)
{
    uint64_t oldest = print.printed > PRINT_LOG_BYTES ? print.printed - PRINT_LOG_BYTES : 0;
    if (from < oldest)
        from = oldest;
    if (from > print.printed)
        from = print.printed;
    uint64_t at = from % PRINT_LOG_BYTES, count = print.printed - from;
    *bytes = ring + at;
    *size_bytes = count < PRINT_LOG_BYTES - at ? count : PRINT_LOG_BYTES - at;
    return from;
}

static void put_text(const char *text)
{
    for (; *text; text++)
        put_character(*text);
}

static void put_number(uint64_t value, unsigned base)
{
    char digits[DIGITS_MAX];
    unsigned count = 0;
    do {
        digits[count++] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value);
    while (count)
        put_character(digits[--count]);
}

/* One conversion, format just after the percent sign; returns the format after it. */
static const char *put_conversion(const char *format, va_list *arguments)
{
    bool wide = *format == 'l';
    if (wide)
        format++;
    switch (*format) {
    case 's':
        put_text(va_arg(*arguments, const char *));
        break;
    case 'u':
        put_number(wide ? va_arg(*arguments, uint64_t) : va_arg(*arguments, uint32_t), 10);
        break;
    case 'x':
        put_number(wide ? va_arg(*arguments, uint64_t) : va_arg(*arguments, uint32_t), 16);
        break;
    case '\0':
        return format;
    default:
        put_character(*format);
        break;
    }
    return format + 1;
}

static void put_formatted(const char *format, va_list *arguments)
{
    while (*format) {
        if (*format != '%') {
            put_character(*format++);
            continue;
        }
        format = put_conversion(format + 1, arguments);
    }
    put_character('\n');
}

void print_line(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    put_formatted(format, &arguments);
    va_end(arguments);
}

void halt(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    put_text("latchkey: ");
    put_formatted(format, &arguments);
    va_end(arguments);
    sbi_power_off(HALT_EXIT_CODE);
}

void panic_end(void)
{
    if (!print.panicking) {
        print.panicking = true;
        history_print();
    }
    sbi_power_off(PANIC_EXIT_CODE);
}
