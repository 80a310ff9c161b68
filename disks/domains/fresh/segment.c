/* SPDX-License-Identifier: GPL-2.0-or-later */
/* segment.c - the tree of a fresh segment. Called by main.c; calls the kernel's node and page keys
 * and the segment's bank. Invariants: segment.h. */
#include "disks/domains/fresh/segment.h"

#define RED_DEPTH 8u /* size codes 2..9: nodes on a way down, the red one included */

/* What a slot holds. */
#define NOTHING 0u /* else a size code; SIZE_CODE_PAGE: a page */

unsigned segment_size_code(uint64_t limit)
{
    for (unsigned size_code = SIZE_CODE_MIN; size_code <= SIZE_CODE_MAX; size_code++)
        if (limit <= segment_capacity(size_code))
            return size_code;
    return 0;
}

uint64_t segment_capacity(unsigned size_code)
{
    uint64_t bytes = SEGMENT_SLOTS * segment_span(size_code - 1);
    return bytes < 1ull << USER_ADDRESS_BITS ? bytes : 1ull << USER_ADDRESS_BITS;
}

/* The size of what is in SLOT_CHILD. */
static unsigned child_size(void)
{
    uint64_t type = key_type_of(SLOT_CHILD);
    if (type == RC_DATA_KEY)
        return NOTHING;
    if (type == AKT_NODE)
        return (unsigned)node_data_byte(SLOT_CHILD) & KEY_SIZE_CODE;
    return SIZE_CODE_PAGE;
}

/* The least size code of what reaches to an offset. */
static unsigned size_for(uint64_t offset)
{
    unsigned size_code = SIZE_CODE_PAGE;
    while (segment_span(size_code) <= offset)
        size_code++;
    return size_code;
}

/* A new node of a size code goes into slot index of the node in SLOT_AT, with what is there, in
 * SLOT_CHILD, as its slot 0. It is then in SLOT_CHILD itself. */
static uint64_t node_put(unsigned index, unsigned size_code)
{
    uint64_t code = bank_create_node(SLOT_BANK, SLOT_NEW);
    if (code != RC_OK)
        return code;
    (void)node_swap(SLOT_NEW, 0, SLOT_CHILD, SLOT_NONE);
    (void)node_make_node(SLOT_NEW, (uint8_t)size_code, SLOT_CHILD);
    return node_swap(SLOT_AT, index, SLOT_CHILD, SLOT_NONE);
}

static uint64_t page_put(unsigned index)
{
    uint64_t code = bank_create_page(SLOT_BANK, SLOT_CHILD);
    return code == RC_OK ? node_swap(SLOT_AT, index, SLOT_CHILD, SLOT_NONE) : code;
}

uint64_t segment_add(unsigned size_code, uint64_t offset)
{
    uint64_t code = node_make_node(SLOT_RED, 0, SLOT_AT);
    while (code == RC_OK) {
        unsigned index = (unsigned)(offset / segment_span(size_code - 1));
        offset %= segment_span(size_code - 1);
        code = node_fetch(SLOT_AT, index, SLOT_CHILD);
        unsigned size = child_size(), wanted = size_for(offset);
        if (size == SIZE_CODE_PAGE && wanted == SIZE_CODE_PAGE)
            return RC_OK; /* somebody else was first */
        if (size == NOTHING && wanted == SIZE_CODE_PAGE)
            return page_put(index);
        if (size == NOTHING) {
            size = wanted;
            code = node_put(index, size);
        }
        while (size < wanted && code == RC_OK)
            code = node_put(index, ++size);
        size_code = size;
        if (code == RC_OK)
            code = node_make_node(SLOT_CHILD, (uint8_t)size, SLOT_AT);
    }
    return code;
}

/* Where a walk over the tree stands: the slot in each node on the way down. */
struct walk {
    unsigned depth; /* of the node that is looked at; 0: the red one */
    unsigned index[RED_DEPTH], size[RED_DEPTH];
};

/* The child in the slot where the walk stands into SLOT_CHILD, its node into SLOT_AT. */
static unsigned walk_look(const struct walk *walk)
{
    (void)node_make_node(SLOT_RED, 0, SLOT_AT);
    for (unsigned i = 0; i < walk->depth; i++)
        (void)node_fetch(SLOT_AT, walk->index[i], SLOT_AT);
    (void)node_fetch(SLOT_AT, walk->index[walk->depth], SLOT_CHILD);
    return child_size();
}

static unsigned walk_slots(const struct walk *walk)
{
    return walk->depth == 0 ? SEGMENT_SLOTS : NODE_SLOTS;
}

static uint64_t walk_offset(const struct walk *walk)
{
    uint64_t offset = 0;
    for (unsigned i = 0; i <= walk->depth; i++)
        offset += walk->index[i] * segment_span(walk->size[i] - 1);
    return offset;
}

bool segment_find(unsigned size_code, uint64_t *offset)
{
    struct walk walk = {.size = {size_code}};
    for (;;) {
        if (walk.index[walk.depth] >= walk_slots(&walk)) {
            if (walk.depth == 0)
                return false;
            walk.index[--walk.depth]++;
            continue;
        }
        uint64_t at = walk_offset(&walk), end = at + segment_span(walk.size[walk.depth] - 1);
        unsigned size = end > *offset ? walk_look(&walk) : NOTHING;
        if (size == SIZE_CODE_PAGE && at >= *offset) {
            *offset = at;
            return true;
        }
        if (size == NOTHING || size == SIZE_CODE_PAGE) {
            walk.index[walk.depth]++;
            continue;
        }
        walk.depth++;
        walk.size[walk.depth] = size;
        walk.index[walk.depth] = 0;
    }
}

static void page_clear_from(unsigned slot, uint64_t from)
{
    static const uint8_t zeros[PAGE_BYTES];
    (void)key_order_string(slot, PAGE_WRITE + from, zeros, PAGE_BYTES - from, NULL, NULL);
}

/* Cut the node where the walk stands, from an offset in it on. */
static void node_cut(struct walk *walk, uint64_t from)
{
    uint64_t span = segment_span(walk->size[walk->depth] - 1);
    for (uint64_t index = from / span; index < walk_slots(walk); index++) {
        uint64_t child_from = index == from / span ? from % span : 0;
        walk->index[walk->depth] = (unsigned)index;
        unsigned size = walk_look(walk);
        if (size == NOTHING || segment_span(size) <= child_from)
            continue;
        if (size == SIZE_CODE_PAGE && child_from > 0) {
            page_clear_from(SLOT_CHILD, child_from);
            continue;
        }
        if (size > SIZE_CODE_PAGE) {
            walk->size[++walk->depth] = size;
            node_cut(walk, child_from);
            walk->depth--;
            (void)walk_look(walk);
        }
        if (child_from > 0)
            continue;
        (void)node_swap(SLOT_AT, (unsigned)index, SLOT_VOID, SLOT_NONE);
        (void)(size == SIZE_CODE_PAGE ? bank_destroy_page(SLOT_BANK, SLOT_CHILD)
                                      : bank_destroy_node(SLOT_BANK, SLOT_CHILD));
    }
}

void segment_cut(unsigned size_code, uint64_t from)
{
    struct walk walk = {.size = {size_code}};
    node_cut(&walk, from);
}
