/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pieces.c - strings and buffers of messages as pieces of kernel memory. Called by invoke.c,
 * gate.c, keeper.c and the keys that take strings. Calls segment. Invariants: pieces.h. */
#include "kernel/pieces.h"

size_t pieces_copy_out(const struct pieces *pieces, size_t offset, void *target, size_t size_bytes)
{
    size_t copied = 0;
    for (unsigned i = 0; i < 2 && copied < size_bytes; i++) {
        const struct piece *piece = &pieces->piece[i];
        if (offset >= piece->size_bytes) {
            offset -= piece->size_bytes;
            continue;
        }
        size_t part = least(piece->size_bytes - offset, size_bytes - copied);
        memcpy((uint8_t *)target + copied, piece->data + offset, part);
        copied += part;
        offset = 0;
    }
    return copied;
}

void pieces_release(struct pieces *pieces)
{
    for (unsigned i = 0; i < 2; i++)
        if (pieces->pinned[i])
            pieces->pinned[i]->pinned--;
    *pieces = (struct pieces){0};
}

enum touch pieces_touch(struct domain *domain, uint64_t addr, uint64_t size_bytes,
                        enum access access, struct pieces *pieces, struct segment_walk *walk)
{
    kassert(size_bytes <= STRING_BYTES_MAX);
    *pieces = (struct pieces){0};
    for (unsigned i = 0; size_bytes > 0; i++) {
        kassert(i < 2);
        uint64_t part = least(PAGE_BYTES - addr % PAGE_BYTES, size_bytes);
        uint8_t *data;
        enum touch touch = segment_touch(domain, addr, access, &data, walk);
        if (touch != TOUCH_DONE) {
            pieces_release(pieces);
            return touch;
        }
        pieces->piece[i] = (struct piece){data, (uint32_t)part};
        pieces->pinned[i] = walk->page;
        walk->page->pinned++;
        addr += part;
        size_bytes -= part;
    }
    return TOUCH_DONE;
}
