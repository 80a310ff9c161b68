/* SPDX-License-Identifier: GPL-2.0-or-later */
/* panic.h - how the kernel stops when it is wrong, compiled natively: the text is printed on the
 * pretended console. Stands in for kernel/freestanding/panic.h. */
#ifndef LATCHKEY_TESTS_NATIVE_PANIC_H
#define LATCHKEY_TESTS_NATIVE_PANIC_H

/* panic - print "panic: TEXT" and the kernel's report, and power off. Never returns. */
_Noreturn void panic(const char *text);
/* panic_assert - the same for a condition that does not hold. */
_Noreturn void panic_assert(const char *file, int line, const char *condition);

#define kassert(condition)                                                                         \
    ((condition) ? (void)0 : panic_assert(__FILE__, __LINE__, #condition))

#endif
