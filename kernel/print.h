/* SPDX-License-Identifier: GPL-2.0-or-later */
/* print.h - the kernel's own lines on the console, through SBI. Domains have console keys instead. */
#ifndef LATCHKEY_KERNEL_PRINT_H
#define LATCHKEY_KERNEL_PRINT_H

#include "kernel/base.h"

/* print_line - one line, prefixed "kernel: ". Knows %s %u %d %lu %x %lx %%; nothing else. */
void print_line(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
