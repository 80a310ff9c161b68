/* SPDX-License-Identifier: GPL-2.0-or-later */
/* string.c - the memory functions that the compiler and everyone else calls. Freestanding. */
#include "kernel/base.h"

static bool all_aligned(const void *left, const void *right)
{
    return (((uint64_t)left | (uint64_t)right) & 7) == 0;
}

void *memcpy(void *target, const void *source, size_t size_bytes)
{
    uint8_t *to = target;
    const uint8_t *from = source;
    if (all_aligned(target, source)) {
        for (; size_bytes >= 32; size_bytes -= 32, to += 32, from += 32) {
            uint64_t *to_words = (uint64_t *)to;
            const uint64_t *from_words = (const uint64_t *)from;
            uint64_t a = from_words[0], b = from_words[1], c = from_words[2], d = from_words[3];
            to_words[0] = a;
            to_words[1] = b;
            to_words[2] = c;
            to_words[3] = d;
        }
        for (; size_bytes >= 8; size_bytes -= 8, to += 8, from += 8)
            *(uint64_t *)to = *(const uint64_t *)from;
    }
    while (size_bytes-- > 0)
        *to++ = *from++;
    return target;
}

void *memmove(void *target, const void *source, size_t size_bytes)
{
    uint8_t *to = target;
    const uint8_t *from = source;
    if (to <= from || to >= from + size_bytes)
        return memcpy(target, source, size_bytes);
    while (size_bytes-- > 0)
        to[size_bytes] = from[size_bytes];
    return target;
}

void *memset(void *target, int value, size_t size_bytes)
{
    uint8_t *to = target;
    uint64_t word = (uint8_t)value * 0x0101010101010101ull;
    for (; ((uint64_t)to & 7) && size_bytes > 0; size_bytes--)
        *to++ = (uint8_t)value;
    for (; size_bytes >= 8; size_bytes -= 8, to += 8)
        *(uint64_t *)to = word;
    while (size_bytes-- > 0)
        *to++ = (uint8_t)value;
    return target;
}

int memcmp(const void *left, const void *right, size_t size_bytes)
{
    const uint8_t *a = left, *b = right;
    for (size_t i = 0; i < size_bytes; i++)
        if (a[i] != b[i])
            return a[i] < b[i] ? -1 : 1;
    return 0;
}

size_t strlen(const char *text)
{
    size_t length = 0;
    while (text[length])
        length++;
    return length;
}

int strcmp(const char *left, const char *right)
{
    while (*left && *left == *right)
        left++, right++;
    return (uint8_t)*left - (uint8_t)*right;
}
