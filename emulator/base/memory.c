/* SPDX-License-Identifier: GPL-2.0-or-later */
/* memory.c - see memory.h. Called by everyone on the host side; calls libc. */
#include "emulator/base/memory.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#define CAPACITY_FIRST 64u

void *memory_must(void *memory)
{
    if (!memory) {
        fputs("latchkey: host memory: exhausted\n", stderr);
        abort();
    }
    return memory;
}

void *memory_zeroed(size_t count, size_t size_bytes)
{
    assert(count > 0);
    assert(size_bytes > 0);
    return memory_must(calloc(count, size_bytes));
}

void *memory_grow(void *memory, size_t count, size_t *capacity, size_t size_bytes)
{
    assert(count <= *capacity);
    if (count < *capacity)
        return memory;
    *capacity = *capacity ? 2 * *capacity : CAPACITY_FIRST;
    return memory_must(reallocarray(memory, *capacity, size_bytes));
}
