/* SPDX-License-Identifier: GPL-2.0-or-later */
/* print.c - formatted lines on the console, panic and halt. Called from everywhere; calls
 * driver/sbi.c.
 *
 * Invariants
 *  1. Nothing here allocates or waits, and a panic inside a panic powers off at once.
 */
#include "kernel/print.h"

#include <stdarg.h>

#include "kernel/driver/sbi.h"

#define DIGITS_MAX 20u /* of 2^64 - 1 in decimal */

static struct {
    bool panicking;
} print;

static void put_text(const char *text)
{
    for (; *text; text++)
        sbi_put(*text);
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
        sbi_put(digits[--count]);
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
    case 'c':
        sbi_put((char)va_arg(*arguments, int));
        break;
    case 'd':
    case 'u':
        put_number(wide ? va_arg(*arguments, uint64_t) : va_arg(*arguments, uint32_t), 10);
        break;
    case 'x':
        put_number(wide ? va_arg(*arguments, uint64_t) : va_arg(*arguments, uint32_t), 16);
        break;
    case '\0':
        return format;
    default:
        sbi_put(*format);
        break;
    }
    return format + 1;
}

static void put_formatted(const char *format, va_list *arguments)
{
    while (*format) {
        if (*format != '%') {
            sbi_put(*format++);
            continue;
        }
        format = put_conversion(format + 1, arguments);
    }
    sbi_put('\n');
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

void panic(const char *text)
{
    if (!print.panicking) {
        print.panicking = true;
        print_line("panic: %s", text);
    }
    sbi_power_off(PANIC_EXIT_CODE);
}

void panic_assert(const char *condition, const char *file, int line)
{
    if (!print.panicking) {
        print.panicking = true;
        print_line("panic: PRIN-001 %s:%d: not %s", file, line, condition);
    }
    sbi_power_off(PANIC_EXIT_CODE);
}
