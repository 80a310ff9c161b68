/* SPDX-License-Identifier: GPL-2.0-or-later */
/* print.c - formats kernel lines, and stops the machine when a panic says so. Calls driver (console, power).
 * A line longer than the buffer is cut. */
#include "kernel/print.h"

#include <stdarg.h>

#include "kernel/driver/driver.h"

#define LINE_BYTES 160u

struct line {
    char text[LINE_BYTES];
    unsigned length;
};

static void put(struct line *line, char character)
{
    if (line->length < LINE_BYTES - 1)
        line->text[line->length++] = character;
}

static void put_text(struct line *line, const char *text)
{
    while (*text)
        put(line, *text++);
}

static void put_number(struct line *line, uint64_t number, unsigned base)
{
    char digits[20];
    unsigned count = 0;
    do
        digits[count++] = "0123456789abcdef"[number % base];
    while (number /= base);
    while (count-- > 0)
        put(line, digits[count]);
}

static void put_signed(struct line *line, int64_t number)
{
    if (number < 0)
        put(line, '-');
    put_number(line, number < 0 ? 0 - (uint64_t)number : (uint64_t)number, 10);
}

static void format_into(struct line *line, const char *format, va_list arguments)
{
    for (; *format; format++) {
        if (*format != '%') {
            put(line, *format);
            continue;
        }
        bool is_long = *++format == 'l';
        if (is_long)
            format++;
        switch (*format) {
        case 's':
            put_text(line, va_arg(arguments, const char *));
            break;
        case 'u':
            put_number(line, is_long ? va_arg(arguments, uint64_t) : va_arg(arguments, unsigned),
                       10);
            break;
        case 'x':
            put_number(line, is_long ? va_arg(arguments, uint64_t) : va_arg(arguments, unsigned),
                       16);
            break;
        case 'd':
            put_signed(line, va_arg(arguments, int));
            break;
        default:
            put(line, *format);
            break;
        }
    }
}

void print_line(const char *format, ...)
{
    struct line line = {.length = 0};
    va_list arguments;
    put_text(&line, "kernel: ");
    va_start(arguments, format);
    format_into(&line, format, arguments);
    va_end(arguments);
    driver_console_write((const uint8_t *)line.text, line.length);
    driver_console_write((const uint8_t *)"\n", 1);
}

_Noreturn void panic(const char *text)
{
    print_line("panic: %s", text);
    driver_power_off(1);
}

_Noreturn void panic_assert(const char *condition, const char *file, int line)
{
    print_line("panic: %s:%d: not so: %s", file, line, condition);
    driver_power_off(1);
}
