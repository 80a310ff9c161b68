/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ledger_tree.c - functions and the tree of their calls. Called by the ledger for every block of
 * the kernel, so the usual case, the same function as before, comes first. */
#include "emulator/ledger_tree.h"

#include <assert.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/base/memory.h"

#define CODE_BYTES_MAX (64ull << 20) /* of a kernel whose functions are told apart */
#define FUNCTIONS_MAX UINT16_MAX

static bool code_find(struct ledger_functions *functions, const struct elf_file *elf)
{
    uint64_t first = UINT64_MAX, end = 0;
    for (unsigned i = 0; i < elf->segment_count; i++) {
        const struct elf_segment *segment = &elf->segments[i];
        if (!segment->executable)
            continue;
        if (segment->virtual_addr < first) {
            first = segment->virtual_addr;
            functions->physical_offset = first - segment->physical_addr;
        }
        if (segment->virtual_addr + segment->memory_bytes > end)
            end = segment->virtual_addr + segment->memory_bytes;
    }
    functions->base = first;
    functions->size_bytes = end > first ? end - first : 0;
    return functions->size_bytes > 0 && functions->size_bytes <= CODE_BYTES_MAX;
}

/* A name is a word in many formats: nothing in it may end one. */
static void name_clean(char *name)
{
    for (; *name; name++)
        if (!isalnum((unsigned char)*name) && !strchr("_.$@<>~-", *name))
            *name = '?';
}

void ledger_functions_read(struct ledger_functions *functions, const struct elf_file *elf)
{
    *functions = (struct ledger_functions){.count = 0};
    if (!elf || !code_find(functions, elf))
        return;
    size_t count = elf_functions(elf, &functions->functions);
    if (count == 0 || count >= FUNCTIONS_MAX) {
        ledger_functions_finish(functions);
        return;
    }
    functions->count = count;
    functions->at = memory_zeroed(functions->size_bytes / 2 + 1, sizeof(*functions->at));
    for (size_t i = 0; i < count; i++) {
        name_clean(functions->functions[i].name);
        uint64_t from = functions->functions[i].addr - functions->base;
        uint64_t end = i + 1 < count ? functions->functions[i + 1].addr - functions->base
                                     : functions->size_bytes;
        for (uint64_t at = from / 2; at < end / 2; at++)
            functions->at[at] = (uint16_t)(i + 1);
    }
}

void ledger_functions_finish(struct ledger_functions *functions)
{
    free(functions->functions);
    free(functions->at);
    *functions = (struct ledger_functions){.count = 0};
}

const char *ledger_function_name(const struct ledger_functions *functions, unsigned function)
{
    assert(function <= functions->count);
    return function ? functions->functions[function - 1].name : "unknown";
}

/* The function at an address; code that runs before the MMU is on has physical ones. */
static unsigned function_at(const struct ledger_functions *functions, uint64_t pc, bool *begins)
{
    uint64_t offset = pc - functions->base;
    if (offset >= functions->size_bytes)
        offset = pc + functions->physical_offset - functions->base;
    *begins = false;
    if (!functions->at || offset >= functions->size_bytes)
        return 0;
    unsigned function = functions->at[offset / 2];
    *begins = function && functions->functions[function - 1].addr - functions->base == offset;
    return function;
}

void ledger_tree_init(struct ledger_tree *tree)
{
    *tree = (struct ledger_tree){.count = 1};
    tree->nodes = memory_grow(NULL, 0, &tree->capacity, sizeof(*tree->nodes));
    tree->nodes[0] = (struct ledger_node){.parent = 0};
}

void ledger_tree_finish(struct ledger_tree *tree)
{
    free(tree->nodes);
    *tree = (struct ledger_tree){.count = 0};
}

uint32_t ledger_tree_add(struct ledger_tree *tree, uint32_t parent, unsigned function)
{
    assert(tree->count < UINT32_MAX);
    tree->nodes = memory_grow(tree->nodes, tree->count, &tree->capacity, sizeof(*tree->nodes));
    uint32_t made = (uint32_t)tree->count++;
    tree->nodes[made] = (struct ledger_node){.parent = parent,
                                             .sibling = tree->nodes[parent].child,
                                             .function = (uint16_t)function};
    tree->nodes[parent].child = made;
    return made;
}

uint32_t ledger_tree_child(struct ledger_tree *tree, uint32_t parent, unsigned function)
{
    for (uint32_t at = tree->nodes[parent].child; at; at = tree->nodes[at].sibling)
        if (tree->nodes[at].function == function)
            return at;
    return ledger_tree_add(tree, parent, function);
}

static void node_move(struct ledger_tree *tree, uint32_t from, uint32_t to)
{
    struct ledger_node *source = &tree->nodes[from], *target = &tree->nodes[to];
    assert(from != to);
    target->instructions += source->instructions;
    target->cycles += source->cycles;
    target->calls += source->calls;
    source->instructions = source->cycles = source->calls = 0;
}

/* A node comes after its parent, so one pass over those that are there does; where each went is
 * noted by its number, 0: it stays. */
void ledger_tree_move(struct ledger_tree *tree, uint32_t from, uint32_t to)
{
    size_t count = tree->count;
    uint32_t *moved = memory_zeroed(count, sizeof(*moved));
    moved[from] = to;
    node_move(tree, from, to);
    for (uint32_t i = from + 1; i < count; i++) {
        uint32_t parent = moved[tree->nodes[i].parent];
        if (!parent)
            continue;
        moved[i] = ledger_tree_child(tree, parent, tree->nodes[i].function);
        node_move(tree, i, moved[i]);
    }
    tree->nodes[from].child = 0;
    free(moved);
}

uint32_t ledger_tree_go(struct ledger_tree *tree, const struct ledger_functions *functions,
                        uint32_t root, uint32_t node, uint64_t pc)
{
    bool begins;
    unsigned function = function_at(functions, pc, &begins);
    if (node != root && tree->nodes[node].function == function)
        return node; /* also a loop to its first instruction, or a call of itself */
    uint32_t above = node == root ? root : tree->nodes[node].parent, found = root;
    for (uint32_t at = above; at != root && found == root; at = tree->nodes[at].parent)
        if (tree->nodes[at].function == function)
            found = at;
    if (found == root)
        found = ledger_tree_child(tree, begins ? node : above, function);
    tree->nodes[found].calls += begins || node == root;
    return found;
}
