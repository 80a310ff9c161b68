/* SPDX-License-Identifier: GPL-2.0-or-later */
/* print.h - the kernel's own lines on the console.
 *
 * Formats: %s string, %u 32-bit decimal, %lu uint64_t decimal, %x and %lx
 * hexadecimal, %% a percent sign; nothing else, no widths: an unknown one is printed as it stands.
 */
#ifndef LATCHKEY_KERNEL_PRINT_H
#define LATCHKEY_KERNEL_PRINT_H

#include "kernel/base.h"

/* print_line - write one formatted line; the line end is added. */
void print_line(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* panic_end - print history_print() and power off with exit code PANIC_EXIT_CODE. */
_Noreturn void panic_end(void);

#define PRINT_LOG_BYTES 4096u
/* print_log - the bytes printed from number `from` on, or from the oldest that is kept, as far as
 * they lie together. Returns the number of the first. */
uint64_t print_log(uint64_t from, const char **bytes, size_t *size_bytes);

/* halt - the outside world is unusable (no disk, corrupt store): "WHAT: WHY" in one line, then
 * power off with exit code HALT_EXIT_CODE. */
_Noreturn void halt(const char *format, ...) __attribute__((format(printf, 1, 2)));

#define HALT_EXIT_CODE 3u
#define PANIC_EXIT_CODE 1u

#endif
