/* SPDX-License-Identifier: GPL-2.0-or-later */
/* check_tables.c - every page-table entry against the segment tree that it was built from, by a
 * walk of its own that changes nothing: what is mapped must be what the tree says now, and must go
 * when any slot on the way changes. Called by space_check(). The rules are segment.c's. */
#include "kernel/check.h"

#include "kernel/depend.h"
#include "kernel/object.h"
#include "kernel/space.h"

struct look {
    const struct space *space;
    uint64_t addr, offset; /* of the entry; of what is left below the key */
    const struct key *key;
    const struct key *background;
    const struct node_frame *red;
    unsigned above, shift_max;
    bool read_only;
};

static void stale(void)
{
    panic("CHEC-021 a page-table entry is not what its segment says");
}

/* A slot decides about 2^shift bytes around the address: a change of it must undo the entry. */
static void step_check(const struct look *look, const struct key *slot, unsigned shift)
{
    if (shift > look->shift_max)
        shift = look->shift_max;
    unsigned level = shift > 30 ? 2 : shift > 21 ? 1 : 0;
    const struct table *table = space_table_present(look->space, look->addr, level);
    unsigned index = (unsigned)(look->addr >> (12 + 9 * level)) & 511;
    if (!depend_covers(slot, slot->built, table, index))
        panic("CHEC-022 a page-table entry would outlive a change of its segment");
}

static void window_step(struct look *look)
{
    uint64_t window = look->key->count;
    unsigned shift = look->above <= SIZE_CODE_MAX ? 4 * look->above : USER_ADDRESS_BITS;
    const struct key *target = look->background;
    if (!(window & WINDOW_BACKGROUND))
        target = look->red ? &look->red->slots[WINDOW_SLOT(window)] : NULL;
    if (look->key->head || !(window & WINDOW_MARK) || !target)
        stale();
    look->read_only |= (window & WINDOW_READ_ONLY) != 0;
    if (shift < look->shift_max)
        look->shift_max = shift;
    step_check(look, target, shift);
    look->key = target;
    look->offset += WINDOW_OFFSET(window);
    look->above = SIZE_CODE_MAX + 1;
}

static void node_step(struct look *look)
{
    const struct key *key = look->key;
    const struct node_frame *node = object_node_present(key_object_id(key));
    if (!node || node->allocation_count != key->count)
        stale();
    unsigned size_code = key_data_byte(key) & KEY_SIZE_CODE;
    if (size_code == 0) {
        uint64_t format = node->slots[RED_FORMAT_SLOT].count;
        size_code = RED_SIZE_CODE(format);
        look->red = node;
        step_check(look, &node->slots[RED_FORMAT_SLOT], 4 * (size_code + 1));
        if (RED_BACKGROUND_SLOT(format) != RED_NO_SLOT)
            look->background = &node->slots[RED_BACKGROUND_SLOT(format)];
    }
    if (size_code >= look->above || look->offset >> (4 * (size_code + 1)))
        stale();
    look->read_only |= (key_data_byte(key) & KEY_READ_ONLY) ||
                       key_in(key, KEY_SET(KEY_FETCH) | KEY_SET(KEY_SENSE));
    look->key = &node->slots[look->offset >> (4 * size_code)];
    look->offset &= (1ull << (4 * size_code)) - 1;
    look->above = size_code;
    step_check(look, look->key, 4 * size_code);
}

void check_entry(const struct space *space, uint64_t addr, const uint8_t *data, bool writable)
{
    struct look look = {.space = space, .addr = addr, .offset = addr, .key = &space->key,
                        .above = SIZE_CODE_MAX + 1, .shift_max = USER_ADDRESS_BITS};
    for (unsigned depth = 0; depth < SEGMENT_DEPTH_MAX && key_type(look.key) != KEY_PAGE; depth++)
        if (key_in(look.key, KEY_SET_NODE_LIKE))
            node_step(&look);
        else
            window_step(&look);
    const struct page_frame *page = object_page_frame(data);
    if (key_type(look.key) != KEY_PAGE || look.offset >= PAGE_BYTES ||
        key_object_id(look.key) != page->object_id || look.key->count != page->allocation_count)
        stale();
    look.read_only |= (key_data_byte(look.key) & KEY_READ_ONLY) != 0;
    if (writable && (look.read_only || !page->dirty))
        panic("CHEC-023 a page-table entry allows writing what is not to be written");
    const struct table *leaf = space_table_present(space, addr, 0);
    if (!depend_covers(page, page->built, leaf, (unsigned)(addr >> 12) & 511))
        panic("CHEC-024 a page-table entry would outlive its page");
}
