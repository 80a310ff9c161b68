/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tree.h - builds segment trees of black nodes (abi.h, "size code") from what lies where. Used by
 * make.c. */
#ifndef LATCHKEY_DISKS_TREE_H
#define LATCHKEY_DISKS_TREE_H

#include "disks/image.h"

/* A key with the size code that says how much it spans: SIZE_CODE_PAGE for a page. */
struct tree_part {
    struct disk_key key;
    unsigned size_code;
    uint64_t index; /* address / span */
};

struct tree {
    struct tree_part *parts;
    size_t count, capacity;
};

/* tree_add - put a part at an address, which must be a multiple of its span. A zeroed tree is
 * empty. */
void tree_add(struct tree *tree, uint64_t addr, unsigned size_code, struct disk_key key);
void tree_finish(struct tree *tree);
/* tree_build - make the nodes. root: the key to all of it; KEY_PAGE when one page at 0 is all.
 *
 * Returns   NULL, or what is wrong: nothing in it, two parts overlap, no node is left.
 */
const char *tree_build(struct tree *tree, struct image *image, struct tree_part *root);

/* tree_span - bytes that a key of this size code spans. */
uint64_t tree_span(unsigned size_code);

#endif
