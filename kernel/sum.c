/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sum.c - checksums. Called by all that read or write blocks; calls nothing. A
 * checkpoint passes every changed page through it. */
#include "kernel/sum.h"

#include "disks/checksum.h"

uint64_t sum_of(const void *source, size_t size_bytes, uint64_t seed)
{
    kassert((uintptr_t)source % sizeof(uint64_t) == 0);
    /* Said to the compiler, which else reads byte by byte: this hart need not load across words. */
    return checksum64(__builtin_assume_aligned(source, sizeof(uint64_t)), size_bytes, seed);
}

uint64_t sum_after_own(const void *block, size_t size_bytes, uint64_t seed)
{
    return sum_of((const uint8_t *)block + sizeof(uint64_t), size_bytes - sizeof(uint64_t), seed);
}
