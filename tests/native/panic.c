/* SPDX-License-Identifier: GPL-2.0-or-later */
/* panic.c - a panic of the kernel in a native test. Called by kernel modules; calls print.c. */
#include "kernel/print.h"

void panic(const char *text)
{
    print_line("panic: %s", text);
    panic_end();
}

void panic_assert(const char *file, int line, const char *condition)
{
    print_line("panic: %s:%d: what must hold does not: %s", file, line, condition);
    panic_end();
}
