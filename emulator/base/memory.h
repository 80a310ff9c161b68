/* SPDX-License-Identifier: GPL-2.0-or-later */
/* memory.h - memory of the host, which either is there or ends the program.
 *
 * Called by everyone on the host side. What a run needs is small against a host's memory, so nobody
 * goes on without it: running out is one line on stderr and abort(), no error to be handled.
 */
#ifndef LATCHKEY_BASE_MEMORY_H
#define LATCHKEY_BASE_MEMORY_H

#include <stddef.h>

/* memory_must - what an allocating function returned, which is not NULL. */
void *memory_must(void *memory);
/* memory_zeroed - an array of zeros; the caller frees it.
 *
 * count        elements, at least 1.
 * size_bytes   of one.
 */
void *memory_zeroed(size_t count, size_t size_bytes);
/* memory_grow - room for one more element of an array.
 *
 * memory       the array, NULL as long as it has no elements.
 * count        elements in use.
 * capacity     in and out: elements there is room for.
 * size_bytes   of one.
 * Returns      the array, maybe moved; the caller frees it.
 */
void *memory_grow(void *memory, size_t count, size_t *capacity, size_t size_bytes);

#endif
