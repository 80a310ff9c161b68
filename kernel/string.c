/* SPDX-License-Identifier: GPL-2.0-or-later */
/* string.c - memory and text functions, which a freestanding compiler expects to exist. Called by
 * everything, also by code the compiler makes; calls nothing.
 *
 * Copies move eight bytes at a time when source and target are equally aligned, which page-aligned
 * buffers always are: one load and one store for each eight bytes of a message string. The loops
 * are unrolled by four so that the counting costs little.
 */
#include "kernel/base.h"

#define WORD_BYTES 8u

/* Memory seen as words, whatever it was declared as. */
typedef uint64_t __attribute__((may_alias)) word_alias;

/* Copy upwards whole words; both sides aligned. Returns the bytes copied. */
static size_t copy_words(uint8_t *target, const uint8_t *source, size_t size_bytes)
{
    size_t done = 0;
    for (; size_bytes - done >= 4 * WORD_BYTES; done += 4 * WORD_BYTES) {
        word_alias *to = (word_alias *)(target + done);
        const word_alias *from = (const word_alias *)(source + done);
        uint64_t a = from[0], b = from[1], c = from[2], d = from[3];
        to[0] = a;
        to[1] = b;
        to[2] = c;
        to[3] = d;
    }
    for (; size_bytes - done >= WORD_BYTES; done += WORD_BYTES)
        *(word_alias *)(target + done) = *(const word_alias *)(source + done);
    return done;
}

void *memcpy(void *target, const void *source, size_t size_bytes)
{
    uint8_t *to = target;
    const uint8_t *from = source;
    if ((((uintptr_t)to ^ (uintptr_t)from) & (WORD_BYTES - 1)) == 0) {
        while (size_bytes && ((uintptr_t)to & (WORD_BYTES - 1))) {
            *to++ = *from++;
            size_bytes--;
        }
        size_t done = copy_words(to, from, size_bytes);
        to += done;
        from += done;
        size_bytes -= done;
    }
    while (size_bytes--)
        *to++ = *from++;
    return target;
}

void *memset(void *target, int value, size_t size_bytes)
{
    uint8_t *to = target;
    uint64_t word = 0x0101010101010101ull * (uint8_t)value;
    while (size_bytes && ((uintptr_t)to & (WORD_BYTES - 1))) {
        *to++ = (uint8_t)value;
        size_bytes--;
    }
    for (; size_bytes >= 4 * WORD_BYTES; size_bytes -= 4 * WORD_BYTES, to += 4 * WORD_BYTES) {
        word_alias *words = (word_alias *)to;
        words[0] = word;
        words[1] = word;
        words[2] = word;
        words[3] = word;
    }
    for (; size_bytes >= WORD_BYTES; size_bytes -= WORD_BYTES, to += WORD_BYTES)
        *(word_alias *)to = word;
    while (size_bytes--)
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
    while (*left && *left == *right) {
        left++;
        right++;
    }
    return (uint8_t)*left - (uint8_t)*right;
}
