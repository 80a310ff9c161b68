/* SPDX-License-Identifier: GPL-2.0-or-later */
/* check_tables.c - every page-table entry against the segment tree that it was built from, by a
 * walk of its own that changes nothing: what is mapped must be what the tree says now, and must go
 * when any slot on the way changes. Called by space_check(). The rules are segment.c's. */
#include "kernel/check.h"

#include "kernel/depend.h"
#include "kernel/object.h"
#include "kernel/space.h"
#include "kernel/table.h"

struct look {
    struct table *top;     /* of level 2 or less: where the looking begins */
    uint64_t addr, offset; /* of the entry, below top; of what is left below the key */
    const struct key *key;
    const struct key *background;
    const struct node_frame *red;
    unsigned above, shift_max, depth;
    unsigned level; /* of the tables that the last slot decides about */
    bool read_only;
    struct table_part parts[2]; /* of level 0 and 1, as they should be */
};

static void stale(void)
{
    panic("CHEC-021 a page-table entry is not what its segment says");
}

/* This slot, or the one of the same node that leads on, decides about 2^shift bytes around the
 * address: a change of it must undo the entry. */
static void step_check(struct look *look, const struct key *slot, unsigned shift)
{
    shift = (unsigned)least(shift, look->shift_max);
    look->level = shift > TABLE_SHIFT(2) ? 2 : shift > TABLE_SHIFT(1) ? 1 : 0;
    if (look->level > look->top->level)
        stale();
    const struct table *table = table_at(look->top, look->addr, look->level);
    unsigned index = (unsigned)(look->addr >> TABLE_SHIFT(look->level)) % TABLE_ENTRIES;
    if (!depend_covers(slot, slot->built, table, index))
        panic("CHEC-022 a page-table entry would outlive a change of its segment");
}

/* What the tables are parts of that begin at this key. */
static void parts_look(struct look *look)
{
    const struct key *key = look->key;
    bool deep = look->depth + (SIZE_CODE_MAX - SIZE_CODE_MIN + 2) > SEGMENT_DEPTH_MAX;
    for (unsigned level = 0; level < look->level; level++) {
        look->parts[level].head = deep ? 0 : key->head;
        look->parts[level].count = key->count;
        look->parts[level].place = look->offset & ~0ull << TABLE_SHIFT(level + 1);
        look->parts[level].place += level + look->read_only * PART_READ_ONLY;
    }
}

static void window_step(struct look *look)
{
    uint64_t window = look->key->count;
    const struct key *target = look->background;
    if (!(window & WINDOW_BACKGROUND))
        target = look->red ? &look->red->slots[WINDOW_SLOT(window)] : NULL;
    if (look->key->head || !(window & WINDOW_MARK) || !target)
        stale();
    look->read_only |= (window & WINDOW_READ_ONLY) != 0;
    /* It is more than shift_max below a key that spans all. */
    look->shift_max = (unsigned)least(4 * look->above, look->shift_max);
    step_check(look, target, look->shift_max);
    look->parts[1].head = look->level < 2 ? 0 : look->parts[1].head;
    look->parts[0].head = look->level < 1 ? 0 : look->parts[0].head;
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
        step_check(look, &node->slots[RED_FORMAT_SLOT], 4 * size_code);
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

/* The entry of a page, from the key at the top on. */
COLD static void entry_check(struct look *look, const struct table *leaf, const uint64_t *entry)
{
    const struct page_frame *page = object_page_frame(table_target(*entry));
    for (; look->depth < SEGMENT_DEPTH_MAX && key_type(look->key) != KEY_PAGE; look->depth++) {
        parts_look(look);
        if (key_in(look->key, KEY_SET_NODE_LIKE))
            node_step(look);
        else
            window_step(look);
    }
    parts_look(look);
    if (key_type(look->key) != KEY_PAGE || look->offset >= PAGE_BYTES ||
        key_object_id(look->key) != page->object_id || look->key->count != page->allocation_count)
        stale();
    look->read_only |= (key_data_byte(look->key) & KEY_READ_ONLY) != 0;
    if ((*entry & TABLE_LEAF_WRITE) && (look->read_only || !page->open))
        panic("CHEC-023 a page-table entry allows writing what is not to be written");
    if (!depend_covers(page, page->built, leaf, (unsigned)(entry - leaf->entries)))
        panic("CHEC-024 a page-table entry would outlive its page");
    for (unsigned level = 0; level < look->top->level; level++) {
        const struct table *table = table_at(look->top, look->addr, level);
        if (table->part.head && memcmp(&table->part, &look->parts[level], sizeof(table->part)) != 0)
            panic("CHEC-025 a page table is not of the part that belongs there");
    }
}

/* Every entry below a table, of which begin says where it is, and which has addresses of so many
 * bits, from where it was left. Three levels, so no recursion is needed: what lies at the next
 * address is found from the top; only what is empty, most of it, is passed over where it is. */
COLD static void entries_check(const struct look *begin, unsigned bits)
{
    for (uint64_t addr = checking.from; addr >> bits == 0;) {
        const struct table *table;
        unsigned level = 0;
        while (!(table = table_at(begin->top, addr, level)))
            level++;
        uint64_t step = 1ull << TABLE_SHIFT(level);
        const uint64_t *entry = &table->entries[addr / step % TABLE_ENTRIES];
        if (*entry) {
            struct look look = *begin;
            look.addr = addr;
            look.offset += addr;
            entry_check(&look, table, entry);
        }
        do
            addr += step;
        while ((uintptr_t)++entry % PAGE_BYTES && !*entry);
        if (check_leaves(addr))
            return;
    }
}

COLD void check_space(struct space *space)
{
    struct look begin = {.top = space->root, .key = &space->key, .above = SIZE_CODE_MAX + 1,
                         .shift_max = USER_ADDRESS_BITS, .level = 2};
    entries_check(&begin, USER_ADDRESS_BITS);
}

COLD void check_part(struct table *table)
{
    struct key key = {.head = table->part.head, .count = table->part.count};
    struct look begin = {.top = table, .key = &key, .above = SIZE_CODE_MAX + 1,
                         .shift_max = USER_ADDRESS_BITS, .level = table->level,
                         .read_only = table->part.place & PART_READ_ONLY,
                         .offset = table->part.place & ~(uint64_t)(PAGE_BYTES - 1)};
    entries_check(&begin, TABLE_SHIFT(table->level + 1u));
}
