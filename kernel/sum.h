/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sum.h - the checksum of disks/checksum.h, for the kernel: one copy of it, and a fast one. */
#ifndef LATCHKEY_KERNEL_SUM_H
#define LATCHKEY_KERNEL_SUM_H

#include "kernel/base.h"

/* sum_of - checksum64() of memory that is aligned to 8 bytes. */
uint64_t sum_of(const void *source, size_t size_bytes, uint64_t seed);
/* sum_after_own - that of a block but for its first 8 bytes, where its own checksum is. */
uint64_t sum_after_own(const void *block, size_t size_bytes, uint64_t seed);

#endif
