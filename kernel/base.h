/* SPDX-License-Identifier: GPL-2.0-or-later */
/* base.h - what every kernel file needs: assertions, panic, and memory functions.
 *
 * panic("MODU-001 what is wrong") stops the machine, with an id used once in the tree; so does
 * kassert(condition), which stays on in every build. One line is printed, and the machine is
 * powered off with exit code 1: a wrong state is never carried on.
 */
#ifndef LATCHKEY_KERNEL_BASE_H
#define LATCHKEY_KERNEL_BASE_H

#include <panic.h> /* kernel/freestanding/ or, for native tests, tests/native/ */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MUST_CHECK __attribute__((warn_unused_result))
/* Not on the way of a message: small rather than fast. */
#define COLD __attribute__((cold))
/* Only before the first domain runs: unmapped then, with all that was inlined into it. */
#define BOOT __attribute__((section(".boot")))

/* string.c. Sizes in bytes; 8-byte moves when both sides are aligned. */
void *memcpy(void *target, const void *source, size_t size_bytes);
void *memset(void *target, int value, size_t size_bytes);
int memcmp(const void *left, const void *right, size_t size_bytes);
size_t strlen(const char *text);
int strcmp(const char *left, const char *right);

static inline uint64_t least(uint64_t left, uint64_t right)
{
    return left < right ? left : right;
}

/* The greatest that is not above a number; of 0, 1. */
static inline uint64_t power_of_two(uint64_t most)
{
    uint64_t power = 1;
    while (power <= most / 2)
        power *= 2;
    return power;
}

/* Groups of so many that hold them all: the last may not be full. */
static inline uint64_t groups_of(uint64_t each, uint64_t count)
{
    return (count + each - 1) / each;
}

#endif
