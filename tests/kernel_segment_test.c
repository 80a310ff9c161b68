/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kernel_segment_test.c - faults in segment trees: every code, with keepers near and far, read-only
 * and no-call adding up on the way, and how deep a tree may be. Natively. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "kernel/gate.h"
#include "kernel/sched.h"
#include "tests/kernel_calls.h"

#define LEAF 20u      /* nodes for the segment under test, from this one of the pool on */
#define NEAR 0u       /* red node around it, size code 5: the leaf is in its slot 0 */
#define FAR 1u        /* red node around that, size code 6: the near one is in its slot 1 */
#define FAR_OFFSET (1ull << 24)
#define KEEPER_SLOT 14u
#define POOL 60u
#define NEAR_BYTE 1u  /* of the start keys of the keeper: which red node called */
#define FAR_BYTE 2u
#define DOMAIN_BYTE 3u
#define SLOT_TAKEN 8u
#define KEEPER_ENTRY                                                                               \
    (ENTRY_CODE | ENTRY_STRING(STRING_REGISTERS) | ENTRY_TAKES(2, SLOT_TAKEN + 2) |                \
     ENTRY_TAKES(3, SLOT_TAKEN + 3))

static struct world {
    uint64_t domain, keeper, pool, page;
} world;

static void world_boot(void)
{
    struct store *store = store_create(200, 150);
    world.domain = calls_domain(store, DOMAIN_RUNNING);
    world.keeper = calls_domain(store, DOMAIN_AVAILABLE);
    world.pool = store->next_node;
    world.page = store_new_page(store);
    calls_boot(store, world.domain);
    for (uint64_t id = 1; id <= store->node_count; id++)
        (void)host_node(id);
    (void)host_page(world.page);
}

static struct key key_to(enum key_type type, uint8_t data_byte, uint64_t id)
{
    return key_make(type, data_byte, id, 0);
}

static void put(unsigned node, unsigned slot, struct key key)
{
    node_slot_set(host_node(world.pool + node), slot, &key);
}

static struct key segment(unsigned node, uint8_t data_byte)
{
    return key_to(KEY_SEGMENT, data_byte, world.pool + node);
}

static uint64_t format(unsigned size_code, unsigned keeper_slot, unsigned background_slot)
{
    return 0xfull << 20 | (uint64_t)background_slot << 16 | (uint64_t)keeper_slot << 12 |
           15u << 4 | size_code;
}

static void put_number(unsigned node, unsigned slot, uint64_t number)
{
    put(node, slot, key_number(number));
}

static struct key page_key(void)
{
    return key_to(KEY_PAGE, 0, world.page);
}

/* Everything as at the start, and nothing in the nodes of the pool. */
static void world_reset(void)
{
    sched_switch(NULL);
    for (unsigned node = 0; node < POOL; node++)
        for (unsigned slot = 0; slot < NODE_SLOTS; slot++)
            put_number(node, slot, 0);
    const uint64_t roots[] = {world.domain, world.keeper};
    for (unsigned i = 0; i < 2; i++) {
        struct domain *domain = host_domain(roots[i]);
        queue_remove(domain->root);
        domain_trap_set(domain, 0, 0);
        domain_state_set(domain, i == 0 ? DOMAIN_RUNNING : DOMAIN_AVAILABLE);
        domain->unchanged = false;
        domain->space_stale = true;
        domain->restore_all = true;
    }
    struct domain *keeper = host_domain(world.keeper);
    keeper->registers[REGISTER_A0 + 2] = KEEPER_ENTRY;
    struct key zero = key_number(0);
    node_slot_set(host_node(world.domain), DOMAIN_SLOT_KEEPER, &zero);
}

static void memory_set(struct key key)
{
    node_slot_set(host_node(world.domain), DOMAIN_SLOT_MEMORY, &key);
    host_domain(world.domain)->space_stale = true;
    host_domain(world.domain)->space_stale = true;
    sched_ready(host_node(world.domain));
    (void)host_run();
    cr_assert_eq(host_running_id(), world.domain);
}

/* A segment that has a fault at an address, as a key in the leaf's place. */
struct fault_case {
    const char *name;
    struct key (*build)(void);
    uint64_t addr;
    enum access access;
    enum memory_fault fault;
};

static struct key black(unsigned slot, struct key key)
{
    put(LEAF, slot, key);
    return segment(LEAF, SIZE_CODE_MIN);
}

static struct key build_read_only(void)
{
    return black(0, key_to(KEY_PAGE, KEY_READ_ONLY, world.page));
}

static struct key build_key_type(void)
{
    return black(0, key_to(KEY_START, 0, world.keeper));
}

static struct key build_nothing(void)
{
    return black(1, page_key());
}

static struct key build_overlap(void)
{
    put(LEAF + 1, 0, page_key());
    return black(0, segment(LEAF + 1, SIZE_CODE_MIN));
}

static struct key build_void(void)
{
    struct key key = page_key();
    key.count = 1;
    return black(0, key);
}

static struct key build_void_node(void)
{
    struct key key = segment(LEAF, SIZE_CODE_MIN);
    key.count = 1;
    return key;
}

static struct key build_red(struct key format_key)
{
    put(LEAF, 0, page_key());
    put(LEAF, RED_FORMAT_SLOT, format_key);
    return segment(LEAF, 0);
}

static struct key build_format_key(void)
{
    return build_red(page_key());
}

static struct key build_format(void)
{
    return build_red(key_number(1ull << 28 | format(SIZE_CODE_MIN, RED_NO_SLOT, RED_NO_SLOT)));
}

static struct key build_format_size_code(void)
{
    return build_red(key_number(format(SIZE_CODE_PAGE, RED_NO_SLOT, RED_NO_SLOT)));
}

static struct key build_size_code(void)
{
    put(LEAF, 0, page_key());
    return segment(LEAF, SIZE_CODE_PAGE);
}

static struct key build_window(uint64_t window, unsigned background_slot)
{
    put(LEAF + 1, 0, page_key());
    put(LEAF, 3, segment(LEAF + 1, SIZE_CODE_MIN));
    put_number(LEAF, 0, window);
    put_number(LEAF, RED_FORMAT_SLOT, format(4, RED_NO_SLOT, background_slot));
    return segment(LEAF, 0);
}

static struct key build_window_align(void)
{
    return build_window(WINDOW_MARK | WINDOW_BACKGROUND | 0x1000, 3);
}

static struct key build_no_background(void)
{
    return build_window(WINDOW_MARK | WINDOW_BACKGROUND, RED_NO_SLOT);
}

static struct key build_window_large(void)
{
    return build_window(WINDOW_MARK | WINDOW_BACKGROUND | 1ull << 40, 3);
}

static struct key build_circle(void)
{
    put(LEAF, 3, segment(LEAF, 0));
    put_number(LEAF, 0, WINDOW_MARK | 3u << 4);
    put_number(LEAF, RED_FORMAT_SLOT, format(SIZE_CODE_MIN, RED_NO_SLOT, RED_NO_SLOT));
    return segment(LEAF, 0);
}

static const struct fault_case faults[] = {
    {"write to read-only", build_read_only, 8, ACCESS_WRITE, MEMORY_READ_ONLY},
    {"a gate key", build_key_type, 0, ACCESS_READ, MEMORY_KEY_TYPE},
    {"beyond the span", build_read_only, 0x10000, ACCESS_READ, MEMORY_OUTSIDE},
    {"a node as large as the slot", build_overlap, 0, ACCESS_READ, MEMORY_OVERLAP},
    {"nothing", build_nothing, 16, ACCESS_READ, MEMORY_NO_KEY},
    {"a void page key", build_void, 0, ACCESS_READ, MEMORY_NO_KEY},
    {"a void node key", build_void_node, 0, ACCESS_READ, MEMORY_NO_KEY},
    {"a circle", build_circle, 0, ACCESS_READ, MEMORY_TOO_DEEP},
    {"format is no number", build_format_key, 0, ACCESS_READ, MEMORY_FORMAT_KEY},
    {"a bad format", build_format, 0, ACCESS_READ, MEMORY_FORMAT},
    {"size code of a format", build_format_size_code, 0, ACCESS_READ, MEMORY_SIZE_CODE},
    {"size code of a key", build_size_code, 0, ACCESS_READ, MEMORY_SIZE_CODE},
    {"a window askew", build_window_align, 0, ACCESS_READ, MEMORY_WINDOW_ALIGN},
    {"no background", build_no_background, 0, ACCESS_READ, MEMORY_NO_BACKGROUND},
    {"a window too far away", build_window_large, 0, ACCESS_READ, MEMORY_WINDOW_LARGE},
};
#define FAULTS (sizeof(faults) / sizeof(faults[0]))

/* What is around the leaf, and who is told. */
static const struct surroundings {
    bool near, far;               /* there is such a red node */
    bool near_keeper, far_keeper; /* it has a keeper */
    uint8_t near_byte, far_byte;  /* of the key to it */
    uint8_t told;                 /* data byte; DOMAIN_BYTE: the domain's keeper */
} surroundings[] = {
    {.told = DOMAIN_BYTE},
    {.near = true, .told = DOMAIN_BYTE},
    {.near = true, .near_keeper = true, .told = NEAR_BYTE},
    {.near = true, .near_keeper = true, .near_byte = KEY_NO_CALL, .told = DOMAIN_BYTE},
    {.near = true, .far = true, .near_keeper = true, .far_keeper = true, .told = NEAR_BYTE},
    {.near = true, .far = true, .far_keeper = true, .told = FAR_BYTE},
    {.near = true, .far = true, .near_keeper = true, .far_keeper = true,
     .near_byte = KEY_NO_CALL, .told = FAR_BYTE},
    {.near = true, .far = true, .near_keeper = true, .far_keeper = true,
     .far_byte = KEY_NO_CALL, .told = DOMAIN_BYTE},
};
#define SURROUNDINGS (sizeof(surroundings) / sizeof(surroundings[0]))

static struct key surround(const struct surroundings *around, struct key leaf)
{
    if (!around->near)
        return leaf;
    put(NEAR, 0, leaf);
    put(NEAR, KEEPER_SLOT, key_to(KEY_START, NEAR_BYTE, world.keeper));
    put_number(NEAR, RED_FORMAT_SLOT,
               format(5, around->near_keeper ? KEEPER_SLOT : RED_NO_SLOT, RED_NO_SLOT));
    if (!around->far)
        return segment(NEAR, around->near_byte);
    put(FAR, 1, segment(NEAR, around->near_byte));
    put(FAR, KEEPER_SLOT, key_to(KEY_START, FAR_BYTE, world.keeper));
    put_number(FAR, RED_FORMAT_SLOT,
               format(6, around->far_keeper ? KEEPER_SLOT : RED_NO_SLOT, RED_NO_SLOT));
    return segment(FAR, around->far_byte);
}

static void expect_told(const struct fault_case *fault, const struct surroundings *around)
{
    uint64_t addr = fault->addr + (around->far ? FAR_OFFSET : 0);
    cr_assert_eq(host_running_id(), world.keeper, "%s, %u", fault->name, around->told);
    cr_assert_eq(host_argument(1), around->told, "%s: %lu", fault->name, host_argument(1));
    cr_assert_eq(host_domain(world.domain)->state, DOMAIN_WAITING);
    if (around->told == DOMAIN_BYTE) {
        cr_assert_eq(host_argument(0), KT + TRAP_MEMORY + 4 * fault->fault, "%s", fault->name);
        cr_assert_eq(key_type(host_slot(SLOT_TAKEN + 2)), KEY_DOMAIN);
        cr_assert_eq(key_data_byte(host_slot(SLOT_TAKEN + 3)), RESUME_FAULT);
        cr_assert_eq(host_domain(world.domain)->trap_value, addr);
        return;
    }
    bool near = around->told == NEAR_BYTE;
    cr_assert_eq(host_argument(0), ORDER_KEEPER);
    cr_assert_eq(host_string(0), near ? fault->addr : addr, "%s: offset", fault->name);
    cr_assert_eq(host_string(1), fault->fault, "%s: %lu", fault->name, host_string(1));
    cr_assert_eq(key_type(host_slot(SLOT_TAKEN + 2)), KEY_NODE);
    cr_assert_eq(key_object_id(host_slot(SLOT_TAKEN + 2)), world.pool + (near ? NEAR : FAR));
    cr_assert_eq(key_data_byte(host_slot(SLOT_TAKEN + 3)), RESUME_RESTART);
}

Test(segment, every_fault_is_told_to_the_nearest_keeper_that_may_be_called)
{
    world_boot();
    for (unsigned i = 0; i < FAULTS; i++)
        for (unsigned k = 0; k < SURROUNDINGS; k++) {
            world_reset();
            struct key keeper = key_to(KEY_START, DOMAIN_BYTE, world.keeper);
            node_slot_set(host_node(world.domain), DOMAIN_SLOT_KEEPER, &keeper);
            memory_set(surround(&surroundings[k], faults[i].build()));
            (void)host_fault(faults[i].addr + (surroundings[k].far ? FAR_OFFSET : 0),
                             faults[i].access);
            expect_told(&faults[i], &surroundings[k]);
        }
}

Test(segment, addresses_of_the_kernel_are_nobodys)
{
    world_boot();
    world_reset();
    memory_set(black(0, page_key()));
    (void)host_fault(1ull << USER_ADDRESS_BITS, ACCESS_READ);
    cr_assert_eq(host_domain(world.domain)->trap_code, TRAP_MEMORY + 4 * MEMORY_KERNEL);
    cr_assert_eq(host_domain(world.domain)->state, DOMAIN_WAITING);
}

/* Page in leaf in near in far: each key on the way, and the page's, may be read-only. */
Test(segment, read_only_anywhere_on_the_way_is_read_only)
{
    world_boot();
    for (unsigned set = 0; set < 16; set++) {
        uint8_t byte = 1;
        struct surroundings around = {.near = true, .far = true,
                                      .near_byte = set & 1 ? KEY_READ_ONLY : 0,
                                      .far_byte = set & 2 ? KEY_READ_ONLY : 0};
        world_reset();
        struct key leaf =
            black(0, key_to(KEY_PAGE, set & 4 ? KEY_READ_ONLY : 0, world.page));
        leaf.head |= (uint64_t)(set & 8 ? KEY_READ_ONLY : 0) << 8;
        memory_set(surround(&around, leaf));
        cr_assert(host_load(FAR_OFFSET, &byte, 1), "set %u", set);
        cr_assert_eq(host_store(FAR_OFFSET, &byte, 1), set == 0, "set %u", set);
        if (set)
            cr_assert_eq(host_domain(world.domain)->trap_code,
                         TRAP_MEMORY + 4 * MEMORY_READ_ONLY, "set %u", set);
    }
}

Test(segment, fetch_and_sense_keys_show_memory_read_only)
{
    static const enum key_type types[] = {KEY_FETCH, KEY_SENSE};
    world_boot();
    for (unsigned i = 0; i < 2; i++) {
        uint8_t byte = 1;
        world_reset();
        (void)black(0, page_key());
        memory_set(key_to(types[i], SIZE_CODE_MIN, world.pool + LEAF));
        cr_assert(host_load(0, &byte, 1));
        cr_assert_not(host_store(0, &byte, 1));
    }
}

/* A chain of red nodes, each with a local window on the next: two steps each; then black nodes. */
static struct key chain(unsigned windows, unsigned blacks)
{
    for (unsigned i = 0; i < blacks; i++)
        put(LEAF + i, 0, i ? segment(LEAF + i - 1, (uint8_t)(SIZE_CODE_MIN + i - 1)) : page_key());
    struct key next = segment(LEAF + blacks - 1, (uint8_t)(SIZE_CODE_MIN + blacks - 1));
    for (unsigned i = 0; i < windows; i++) {
        unsigned node = LEAF + 10 + i;
        put(node, 3, next);
        put_number(node, 0, WINDOW_MARK | 3u << 4);
        put_number(node, RED_FORMAT_SLOT, format(9, RED_NO_SLOT, RED_NO_SLOT));
        next = segment(node, 0);
    }
    return next;
}

Test(segment, trees_may_be_so_deep_and_no_deeper)
{
    uint8_t byte;
    world_boot();
    world_reset();
    memory_set(chain(9, 1)); /* 18 + 1 steps, and the page: 20 */
    cr_assert(host_load(0, &byte, 1));
    world_reset();
    memory_set(chain(9, 2));
    cr_assert_not(host_load(0, &byte, 1));
    cr_assert_eq(host_domain(world.domain)->trap_code, TRAP_MEMORY + 4 * MEMORY_TOO_DEEP);
}

Test(segment, windows_show_the_background_and_the_local_segment_and_may_be_read_only)
{
    static const uint64_t windows[] = {WINDOW_BACKGROUND, 3u << 4};
    world_boot();
    for (unsigned i = 0; i < 4; i++) {
        uint8_t byte = (uint8_t)(0x40 + i), seen = 0;
        bool read_only = i >= 2;
        world_reset();
        memory_set(build_window(WINDOW_MARK | windows[i % 2] | (read_only ? WINDOW_READ_ONLY : 0),
                                3));
        host_page(world.page)->data[5] = byte;
        cr_assert(host_load(5, &seen, 1));
        cr_assert_eq(seen, byte);
        cr_assert_eq(host_store(5, &byte, 1), !read_only);
    }
}
