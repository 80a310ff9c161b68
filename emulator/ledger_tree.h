/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ledger_tree.h - which function of the kernel an address is in, and who called whom.
 *
 * Used by the ledger and its writers. Calls elf_file.h.
 *
 * Who called whom is seen from the blocks alone: one that begins where a function begins, after one
 * of another function, was called (or jumped to) from there; any other block of another function is
 * a return to the nearest caller of that name or, when there is none, a jump that replaces what was
 * on top. A block is where it begins, so code that runs on into the next function, as assembler
 * code does, counts as the first one's up to the next branch. A function that calls itself,
 * directly or not, stands in the tree once.
 *
 * Invariants
 *  1. A node comes after its parent. Node 0 is the root of all, which has no function.
 */
#ifndef LATCHKEY_EMULATOR_LEDGER_TREE_H
#define LATCHKEY_EMULATOR_LEDGER_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "emulator/base/elf_file.h"

/* Function 0 is what has no name. */
struct ledger_functions {
    struct elf_function *functions;
    size_t count;
    uint16_t *at;      /* of each half-word from base on: its function */
    uint64_t base, size_bytes;
    uint64_t physical_offset; /* virtual address - physical address */
};

struct ledger_node {
    uint32_t parent, child, sibling; /* 0: none */
    uint16_t function;
    uint64_t instructions, cycles, calls; /* its own, without those of its children */
};

struct ledger_tree {
    struct ledger_node *nodes;
    size_t count, capacity;
};

/* ledger_functions_read - those of a kernel. One that is no ELF file, or names nothing, has none:
 * then all of it is function 0. */
void ledger_functions_read(struct ledger_functions *functions, const struct elf_file *elf);
void ledger_functions_finish(struct ledger_functions *functions);
const char *ledger_function_name(const struct ledger_functions *functions, unsigned function);

/* ledger_tree_init - the root alone; until ledger_tree_finish(). */
void ledger_tree_init(struct ledger_tree *tree);
void ledger_tree_finish(struct ledger_tree *tree); /* a zeroed one is fine */
/* ledger_tree_add - a new node. */
uint32_t ledger_tree_add(struct ledger_tree *tree, uint32_t parent, unsigned function);
/* ledger_tree_child - the child of a node that stands for this function, made if need be. */
uint32_t ledger_tree_child(struct ledger_tree *tree, uint32_t parent, unsigned function);
/* ledger_tree_move - all that is at a node and below it goes to another; from is empty then. */
void ledger_tree_move(struct ledger_tree *tree, uint32_t from, uint32_t to);
/* ledger_tree_go - a block begins at pc, below root. Returns its node. */
uint32_t ledger_tree_go(struct ledger_tree *tree, const struct ledger_functions *functions,
                        uint32_t root, uint32_t node, uint64_t pc);

#endif
