/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tree.c - from the pages up: parts of one size code that share their upper address digits become
 * the slots of a node of the next, until one node holds everything. Called by make.c. */
#include "disks/tree.h"

#include <assert.h>
#include <stdlib.h>

#include "emulator/base/memory.h"
#include "kernel/abi.h"

uint64_t tree_span(unsigned size_code)
{
    return 1ull << (4 * (size_code + 1));
}

void tree_add(struct tree *tree, uint64_t addr, unsigned size_code, struct disk_key key)
{
    assert(addr % tree_span(size_code) == 0);
    tree->parts = memory_grow(tree->parts, tree->count, &tree->capacity, sizeof(*tree->parts));
    tree->parts[tree->count++] =
        (struct tree_part){.key = key, .size_code = size_code,
                           .index = addr / tree_span(size_code)};
}

void tree_finish(struct tree *tree)
{
    free(tree->parts);
    *tree = (struct tree){0};
}

/* By size code, then by index: the order in which nodes are filled. */
static int part_order(const void *left, const void *right)
{
    const struct tree_part *a = left, *b = right;
    if (a->size_code != b->size_code)
        return a->size_code < b->size_code ? -1 : 1;
    return a->index < b->index ? -1 : a->index > b->index;
}

/* Parts [from, to) of one size code become nodes of the next, which are appended. */
static const char *level_up(struct tree *tree, struct image *image, size_t from, size_t to)
{
    unsigned size_code = tree->parts[from].size_code;
    uint64_t node_id = 0, node_index = 0;
    for (size_t i = from; i < to; i++) {
        const struct tree_part part = tree->parts[i];
        if (i > from && tree->parts[i - 1].index == part.index)
            return "two parts lie at the same address";
        if (node_id == 0 || part.index / NODE_SLOTS != node_index) {
            node_index = part.index / NODE_SLOTS;
            node_id = image_node_new(image);
            if (node_id == 0)
                return "no node is left in the store";
            struct disk_key key =
                disk_key_object(KEY_SEGMENT, (uint8_t)(size_code + 1), node_id, 0);
            tree_add(tree, node_index * tree_span(size_code + 1), size_code + 1, key);
        }
        image_node(image, node_id)->slots[part.index % NODE_SLOTS] = part.key;
    }
    return NULL;
}

const char *tree_build(struct tree *tree, struct image *image, struct tree_part *root)
{
    if (tree->count == 0)
        return "nothing is in it";
    for (size_t from = 0;;) {
        qsort(tree->parts + from, tree->count - from, sizeof(*tree->parts), part_order);
        if (tree->count - from == 1 && tree->parts[from].index == 0) {
            *root = tree->parts[from];
            return NULL;
        }
        size_t to = from;
        while (to < tree->count && tree->parts[to].size_code == tree->parts[from].size_code)
            to++;
        if (tree->parts[from].size_code == SIZE_CODE_MAX)
            return "it reaches beyond the address space";
        const char *problem = level_up(tree, image, from, to);
        if (problem)
            return problem;
        from = to;
    }
}
