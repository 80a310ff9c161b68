/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pieces.h - the bytes of a string, or of a buffer for one, as pieces of kernel memory.
 *
 * Invariants
 *  1. A string crosses at most one page boundary: two pieces are enough.
 *  2. The pages under pieces that came from pieces_touch() are pinned until pieces_release().
 */
#ifndef LATCHKEY_KERNEL_PIECES_H
#define LATCHKEY_KERNEL_PIECES_H

#include "kernel/segment.h"

struct piece {
    uint8_t *data;
    uint32_t size_bytes;
};

struct pieces {
    struct piece piece[2];
    struct page_frame *pinned[2];
};

/* pieces_touch - make [addr, addr + size) of a domain accessible and pin its pages. size_bytes at
 * most 4096. On TOUCH_DONE pieces must be given back with pieces_release(). */
enum touch pieces_touch(struct domain *domain, uint64_t addr, uint64_t size_bytes,
                        enum access access, struct pieces *pieces, struct segment_walk *walk);
/* pieces_release - the pages are no longer pinned; pieces is empty. */
void pieces_release(struct pieces *pieces);
/* pieces_copy_out - copy bytes from an offset on. Returns how many there were. */
size_t pieces_copy_out(const struct pieces *pieces, size_t offset, void *target,
                       size_t size_bytes);

#endif
