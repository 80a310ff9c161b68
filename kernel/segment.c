/* SPDX-License-Identifier: GPL-2.0-or-later */
/* segment.c - walks segment trees and builds page tables from what it finds. Called by the trap path for
 * page faults and by gate and invoke for message strings; calls object, space, depend.
 *
 * Invariants
 *  1. A walk changes nothing but hints and void keys; it ends after at most SEGMENT_DEPTH_MAX nodes.
 *  2. A table entry is set only after every dependency that it needs is recorded (depend.h 1).
 */
#include "kernel/segment.h"

#include "kernel/depend.h"

/* The red node's own rules: replaces the size code by the format's, notes the keeper. */
static enum memory_fault red_enter(struct segment_walk *walk, struct node_frame *node,
                                   const struct key *key, uint64_t offset, unsigned *size_code,
                                   unsigned *initial_slots)
{
    const struct key *format_key = &node->slots[RED_FORMAT_SLOT];
    if (key_type(format_key) != KEY_DATA)
        return MEMORY_FORMAT_KEY;
    uint64_t format = format_key->count;
    if (format_key->head != 0 || format >> 28)
        return MEMORY_FORMAT;
    *size_code = RED_SIZE_CODE(format);
    *initial_slots = RED_INITIAL_SLOTS(format);
    if (*size_code < SIZE_CODE_MIN || *size_code > SIZE_CODE_MAX)
        return MEMORY_SIZE_CODE;
    unsigned keeper = RED_KEEPER_SLOT(format);
    if (keeper != RED_NO_SLOT && !walk->no_call) {
        walk->red = node;
        walk->red_key = *key;
        walk->keeper_slot = keeper;
        walk->red_offset = offset;
    }
    return MEMORY_OK;
}

/* One node down: *key and *offset move to the slot's. */
static enum fetch node_enter(struct segment_walk *walk, struct key **key, uint64_t *offset,
                             unsigned *size_code_above)
{
    struct node_frame *node;
    enum fetch fetch = key_node(*key, &node);
    if (fetch == FETCH_STALL)
        return fetch;
    if (fetch == FETCH_VOID) {
        walk->fault = MEMORY_NO_KEY;
        return FETCH_PRESENT;
    }
    domain_plain(node);
    uint8_t data_byte = key_data_byte(*key);
    bool weak = key_type(*key) == KEY_SENSE;
    walk->read_only |= (data_byte & KEY_READ_ONLY) || key_type(*key) == KEY_FETCH || weak;
    walk->no_call |= (data_byte & KEY_NO_CALL) || weak;
    unsigned size_code = data_byte & KEY_SIZE_CODE, initial_slots = NODE_SLOTS;
    if (size_code == 0)
        walk->fault = red_enter(walk, node, *key, *offset, &size_code, &initial_slots);
    if (walk->fault != MEMORY_OK)
        return FETCH_PRESENT;
    if (size_code < SIZE_CODE_MIN || size_code > SIZE_CODE_MAX)
        walk->fault = MEMORY_SIZE_CODE;
    else if (size_code >= *size_code_above)
        walk->fault = MEMORY_OVERLAP;
    else if (*offset >> (4 * (size_code + 1)))
        walk->fault = MEMORY_OUTSIDE;
    else if (*offset >> (4 * size_code) >= initial_slots)
        walk->fault = MEMORY_OUTSIDE;
    if (walk->fault != MEMORY_OK)
        return FETCH_PRESENT;
    *key = &node->slots[*offset >> (4 * size_code)];
    *offset &= (1ull << (4 * size_code)) - 1;
    *size_code_above = size_code;
    walk->steps[walk->step_count++] = (struct segment_step){*key, 4 * size_code};
    return FETCH_PRESENT;
}

static enum fetch page_enter(struct segment_walk *walk, struct key *key, uint64_t offset)
{
    walk->read_only |= (key_data_byte(key) & KEY_READ_ONLY) != 0;
    if (offset >= PAGE_BYTES) {
        walk->fault = MEMORY_OUTSIDE;
        return FETCH_PRESENT;
    }
    enum fetch fetch = key_page(key, &walk->page);
    if (fetch == FETCH_STALL)
        return fetch;
    if (fetch == FETCH_VOID)
        walk->fault = MEMORY_NO_KEY;
    return FETCH_PRESENT;
}

enum fetch segment_walk(struct key *key, uint64_t offset, struct segment_walk *walk)
{
    *walk = (struct segment_walk){.fault = MEMORY_OK};
    unsigned size_code_above = SIZE_CODE_MAX + 1;
    for (;;) {
        if (key_type(key) == KEY_PAGE)
            return page_enter(walk, key, offset);
        if (!key_in(key, KEY_SET_NODE_LIKE)) {
            walk->fault = key_type(key) == KEY_DATA ? MEMORY_NO_KEY : MEMORY_KEY_TYPE;
            return FETCH_PRESENT;
        }
        if (walk->step_count == SEGMENT_DEPTH_MAX) {
            walk->fault = MEMORY_TOO_DEEP;
            return FETCH_PRESENT;
        }
        enum fetch fetch = node_enter(walk, &key, &offset, &size_code_above);
        if (fetch != FETCH_PRESENT || walk->fault != MEMORY_OK)
            return fetch;
    }
}

/* Record that the table entries of addr's neighbourhood depend on every slot of the walk. */
static bool depend_on_walk(struct space *space, uint64_t addr, const struct segment_walk *walk,
                           struct table *leaf)
{
    for (unsigned i = 0; i < walk->step_count; i++) {
        unsigned shift = walk->steps[i].shift;
        unsigned level = shift > 30 ? 2 : shift > 21 ? 1 : 0;
        struct table *table = level == 0 ? leaf : space_table(space, addr, level);
        if (!table)
            return false;
        unsigned entry_shift = 12 + 9 * level;
        uint64_t base = addr & ~((1ull << shift) - 1);
        unsigned first = (unsigned)(base >> entry_shift) & 511;
        depend_add(walk->steps[i].slot, table, first, 1u << (shift - entry_shift));
    }
    depend_add(walk->page, leaf, (unsigned)(addr >> 12) & 511, 1);
    return true;
}

static void segment_build(struct domain *domain, uint64_t addr, enum access access,
                          const struct segment_walk *walk)
{
    for (;;) {
        uint64_t drops = space_drops();
        struct space *space = domain_space(domain);
        kassert(space != NULL);
        if (space_drops() != drops)
            continue;
        struct table *leaf = space_table(space, addr, 0);
        if (!leaf || !depend_on_walk(space, addr, walk, leaf) || space_drops() != drops)
            continue; /* the pools were emptied; there is room now */
        space_map(leaf, addr, walk->page->data, access);
        return;
    }
}

enum touch segment_touch(struct domain *domain, uint64_t addr, enum access access,
                         uint8_t **data, struct segment_walk *walk)
{
    *walk = (struct segment_walk){.fault = MEMORY_OK};
    if (addr >> USER_ADDRESS_BITS) {
        walk->fault = MEMORY_KERNEL;
        return TOUCH_FAULT;
    }
    struct key *address_key = &domain->root->slots[DOMAIN_SLOT_MEMORY];
    if (segment_walk(address_key, addr, walk) == FETCH_STALL)
        return TOUCH_STALL;
    if (walk->fault == MEMORY_OK && access == ACCESS_WRITE && walk->read_only)
        walk->fault = MEMORY_READ_ONLY;
    if (walk->fault != MEMORY_OK)
        return TOUCH_FAULT;
    if (access == ACCESS_WRITE)
        page_dirty(walk->page);
    segment_build(domain, addr, access, walk);
    if (data)
        *data = walk->page->data + addr % PAGE_BYTES;
    return TOUCH_DONE;
}
