/* SPDX-License-Identifier: GPL-2.0-or-later */
/* segment.c - walks segment trees and builds page tables from what it finds. Called by the trap
 * path for page faults and by gate and invoke for message strings; calls object, space, table,
 * depend.
 *
 * Invariants
 *  1. A walk changes nothing but hints and void keys; it ends after at most SEGMENT_DEPTH_MAX
 *     steps, nodes and windows together.
 *  2. A table entry is set only after every dependency that it needs is recorded (depend.h 1).
 *  3. The key of a table's part is the last on the way whose slot decides about more than the
 *     table. What is below does not depend on what is above, but for what the part says: a window
 *     in between may look into red nodes above, and a way that is long above may end too deep
 *     below; so there the part is private.
 */
#include "kernel/segment.h"

#include "kernel/checkpoint.h"
#include "kernel/depend.h"
#include "kernel/fault.h"

#define LEAF_SHIFT (4u * (SIZE_CODE_MIN + 1)) /* a node whose slots are pages spans 64 KiB */

#define DEPTH_BELOW_MAX (SIZE_CODE_MAX - SIZE_CODE_MIN + 2) /* nodes, and the page, no window */

static unsigned level_of(unsigned shift)
{
    return shift > TABLE_SHIFT(2) ? 2 : shift > TABLE_SHIFT(1) ? 1 : 0;
}

/* A slot that decides about 2^shift bytes. slot_shift: how much the slot of the same node decides
 * about through which the walk goes on. */
static void step_add(struct segment_walk *walk, struct key *slot, unsigned shift,
                     unsigned slot_shift)
{
    kassert(walk->step_count < SEGMENT_STEPS_MAX);
    walk->steps[walk->step_count++] =
        (struct segment_step){slot, (uint8_t)least(shift, walk->shift_max),
                              (uint8_t)level_of((unsigned)least(slot_shift, walk->shift_max))};
}

/* The walk is at a key: the parts that begin here. */
static void parts_begin(struct segment_walk *walk, const struct key *key, uint64_t offset,
                        unsigned depth)
{
    unsigned level = walk->step_count ? walk->steps[walk->step_count - 1].level : 2;
    bool private = depth + DEPTH_BELOW_MAX > SEGMENT_DEPTH_MAX;
    while (level-- > 0)
        walk->parts[level] =
            (struct table_part){.head = private ? 0 : key->head,
                                .count = key->count,
                                .place = (offset & ~((1ull << TABLE_SHIFT(level + 1)) - 1)) |
                                         (walk->read_only ? PART_READ_ONLY : 0) | level};
}

/* The red node's own rules: replaces the size code by the format's, notes the keeper. */
static enum memory_fault red_enter(struct segment_walk *walk, struct node_frame *node,
                                   const struct key *key, uint64_t offset, unsigned *size_code,
                                   unsigned *initial_slots)
{
    struct key *format_key = &node->slots[RED_FORMAT_SLOT];
    if (key_type(format_key) != KEY_DATA)
        return MEMORY_FORMAT_KEY;
    uint64_t format = format_key->count;
    if (format_key->head != 0 || format >> 28)
        return MEMORY_FORMAT;
    *size_code = RED_SIZE_CODE(format);
    *initial_slots = RED_INITIAL_SLOTS(format);
    if (*size_code < SIZE_CODE_MIN || *size_code > SIZE_CODE_MAX)
        return MEMORY_SIZE_CODE;
    step_add(walk, format_key, 4 * (*size_code + 1), 4 * *size_code);
    walk->window_red = node;
    if (RED_BACKGROUND_SLOT(format) != RED_NO_SLOT)
        walk->background = &node->slots[RED_BACKGROUND_SLOT(format)];
    unsigned keeper = RED_KEEPER_SLOT(format);
    if (keeper != RED_NO_SLOT && !walk->no_call) {
        walk->red = node;
        walk->red_key = key_number(0);
        if (!(RED_FLAGS(format) & RED_FLAG_NO_NODE))
            walk->red_key = key_make(KEY_NODE, key_data_byte(key), node->object_id,
                                     node->allocation_count);
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
    if (fetch != FETCH_PRESENT) {
        walk->fault = MEMORY_NO_KEY;
        return fetch;
    }
    domain_plain(node);
    if (!node->walked) {
        node->walked = true;
        domain_keys_walked(node);
    }
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
    bool leaf = size_code == SIZE_CODE_MIN && walk->shift_max >= LEAF_SHIFT;
    walk->leaf = leaf ? node : NULL;
    walk->leaf_slots = initial_slots;
    walk->leaf_read_only = walk->read_only;
    *key = &node->slots[*offset >> (4 * size_code)];
    *offset &= (1ull << (4 * size_code)) - 1;
    *size_code_above = size_code;
    step_add(walk, *key, 4 * size_code, 4 * size_code);
    return FETCH_PRESENT;
}

/* A window key: go on in another segment, at an offset that keeps the alignment of this slot's
 * span, so that page tables on both sides of the window fit. */
static void window_enter(struct segment_walk *walk, struct key **key, uint64_t *offset,
                         unsigned *size_code_above)
{
    uint64_t window = (*key)->count, start = WINDOW_OFFSET(window);
    unsigned shift = *size_code_above <= SIZE_CODE_MAX ? 4 * *size_code_above : USER_ADDRESS_BITS;
    struct key *target = walk->background;
    shift = (unsigned)least(shift, walk->shift_max);
    if (!(window & WINDOW_BACKGROUND))
        target = walk->window_red ? &walk->window_red->slots[WINDOW_SLOT(window)] : NULL;
    if (!target)
        walk->fault = MEMORY_NO_BACKGROUND;
    else if (start & ((1ull << shift) - 1))
        walk->fault = MEMORY_WINDOW_ALIGN;
    else if (start >> (4 * (SIZE_CODE_MAX + 1)))
        walk->fault = MEMORY_WINDOW_LARGE;
    if (walk->fault != MEMORY_OK)
        return;
    walk->read_only |= (window & WINDOW_READ_ONLY) != 0;
    walk->no_call |= (window & WINDOW_NO_CALL) != 0;
    walk->shift_max = shift;
    walk->leaf = NULL;
    step_add(walk, target, shift, shift);
    for (unsigned level = level_of(shift); level < 2; level++)
        walk->parts[level].head = 0;
    *key = target;
    *offset += start;
    *size_code_above = SIZE_CODE_MAX + 1;
}

static enum fetch page_enter(struct segment_walk *walk, struct key *key, uint64_t offset)
{
    walk->read_only |= (key_data_byte(key) & KEY_READ_ONLY) != 0;
    if (offset >= PAGE_BYTES) {
        walk->fault = MEMORY_OUTSIDE;
        return FETCH_PRESENT;
    }
    enum fetch fetch = key_page(key, &walk->page);
    if (fetch != FETCH_PRESENT)
        walk->fault = MEMORY_NO_KEY;
    return fetch;
}

enum fetch segment_walk(struct key *key, uint64_t offset, struct segment_walk *walk)
{
    /* Field by field: the steps are many words, and all but the first few stay unused. */
    walk->page = NULL;
    walk->read_only = walk->no_call = false;
    walk->fault = MEMORY_OK;
    walk->red = walk->window_red = NULL;
    walk->background = NULL;
    walk->leaf = NULL;
    walk->shift_max = USER_ADDRESS_BITS;
    walk->step_count = 0;
    unsigned size_code_above = SIZE_CODE_MAX + 1;
    for (unsigned depth = 0; depth < SEGMENT_DEPTH_MAX; depth++) {
        enum fetch fetch = FETCH_PRESENT;
        parts_begin(walk, key, offset, depth);
        if (key_type(key) == KEY_PAGE)
            return page_enter(walk, key, offset);
        if (key_in(key, KEY_SET_NODE_LIKE))
            fetch = node_enter(walk, &key, &offset, &size_code_above);
        else if (key_type(key) != KEY_DATA)
            walk->fault = MEMORY_KEY_TYPE;
        else if (key->head == 0 && (key->count & WINDOW_MARK))
            window_enter(walk, &key, &offset, &size_code_above);
        else
            walk->fault = MEMORY_NO_KEY;
        if (fetch != FETCH_PRESENT || walk->fault != MEMORY_OK)
            return fetch;
    }
    walk->fault = MEMORY_TOO_DEEP;
    return FETCH_PRESENT;
}

/* Record which table entries of addr's neighbourhood depend on which slots of the walk. false:
 * start again. */
static bool depend_on_walk(uint64_t addr, const struct segment_walk *walk,
                           struct table *const tables[3])
{
    bool good = true;
    for (unsigned i = 0; i < walk->step_count; i++) {
        unsigned shift = walk->steps[i].shift, level = walk->steps[i].level;
        unsigned first = 0, count = TABLE_ENTRIES;
        struct key *slot = walk->steps[i].slot;
        if (shift < TABLE_SHIFT(level + 1)) {
            first = (unsigned)(addr >> shift << shift >> TABLE_SHIFT(level)) % TABLE_ENTRIES;
            count = 1u << (shift - TABLE_SHIFT(level));
        }
        if (shift == TABLE_SHIFT(0)) {
            good &= depend_add_page(slot, &slot->built, tables[0], first);
            continue;
        }
        slot->built |= BUILT_HASHED;
        good &= depend_add(slot, tables[level], first, count);
    }
    unsigned index = (unsigned)(addr >> TABLE_SHIFT(0)) % TABLE_ENTRIES;
    return depend_add_page(walk->page, &walk->page->built, tables[0], index) && good;
}

static void segment_build(struct domain *domain, uint64_t addr, const struct segment_walk *walk)
{
    bool writable = walk->page->open && !walk->read_only;
    struct table *tables[3];
    struct space *space;
    do {
        space = domain_space(domain);
        kassert(space != NULL);
    } while (!space_tables(space, addr, walk->parts, tables) ||
             !depend_on_walk(addr, walk, tables));
    table_map(tables[0], addr, walk->page->data, writable);
    table_edited(tables[2]->part.count, addr);
    fault_note(space, tables[0], addr, walk);
}

/* What the tables know already. false: the tree must be asked. */
static bool touch_mapped(struct domain *domain, uint64_t addr, enum access access, uint8_t **data,
                         struct segment_walk *walk)
{
    const struct space *space = domain_space(domain);
    uint8_t *found = table_lookup(space->root, addr, access == ACCESS_WRITE);
    if (!found)
        return false;
    walk->page = object_page_meet(found);
    if (data)
        *data = found;
    else
        table_edited(space->root->part.count, addr); /* user mode faulted on it all the same */
    return true;
}

enum touch segment_touch(struct domain *domain, uint64_t addr, enum access access,
                         uint8_t **data, struct segment_walk *walk)
{
    walk->fault = MEMORY_OK;
    walk->red = NULL;
    if (addr >> USER_ADDRESS_BITS) {
        walk->fault = MEMORY_KERNEL;
        return TOUCH_FAULT;
    }
    if (touch_mapped(domain, addr, access, data, walk))
        return TOUCH_DONE;
    struct key *address_key = &domain->root->slots[DOMAIN_SLOT_MEMORY];
    if (segment_walk(address_key, addr, walk) == FETCH_STALL)
        return TOUCH_STALL;
    if (walk->fault == MEMORY_OK && access == ACCESS_WRITE && walk->read_only)
        walk->fault = MEMORY_READ_ONLY;
    if (walk->fault != MEMORY_OK)
        return TOUCH_FAULT;
    if (access == ACCESS_WRITE) {
        if (!walk->page->dirty && checkpoint_no_space()) {
            walk->fault = MEMORY_NO_SPACE;
            return TOUCH_FAULT;
        }
        if (object_page_writable(walk->page) == FETCH_STALL)
            return TOUCH_STALL;
        page_dirty(walk->page);
    }
    segment_build(domain, addr, walk);
    if (data)
        *data = walk->page->data + addr % PAGE_BYTES;
    return TOUCH_DONE;
}
