/* SPDX-License-Identifier: GPL-2.0-or-later */
/* world.c - making, setting back and starting the world of world.h. */
#include "disks/domains/matrix/world.h"

#include <string.h>

#include "disks/domains/rt/check.h"
#include "disks/domains/rt/interface.h"
#include "disks/domains/rt/layout.h"
#include "disks/domains/rt/slots.h"

/* All four programs are this one, so that addresses are the same everywhere. */
__asm__(".section .text.matrix_call, \"ax\"\n"
        ".balign 4\n"
        ".globl matrix_call\n"
        "matrix_call: ecall\n"
        ".globl matrix_done\n"
        "matrix_done: ebreak\n"
        ".balign 4\n"
        ".globl matrix_loop\n"
        "matrix_loop: j matrix_loop\n"
        ".previous\n");
extern const char matrix_call[], matrix_done[], matrix_loop[];

/* Each buffer crosses a page, in the segment that all see. */
#define WARM_UP_NS 200000000u
#define THING_START 11u
#define THING_RETURNER 19u
#define SHARED 0x50000000ull
#define STRING_SENT (SHARED + 0xf00)
#define BUFFER_CALLER (SHARED + 0x3f00)
#define BUFFER_TARGET (SHARED + 0x6f00)
#define BUFFER_WAITER (SHARED + 0x9f00)

enum {
    CALLER = 1,
    TARGET,
    WAITER,
    MEMORY,
    PLAIN,
    OTHER_NODE,
    RED,
    RED_ALONE,
    PAGE,
    OTHER_PAGE,
    METER,
    PRIME_METER
};
const struct oracle_objects objects = {.caller = CALLER,
                                       .target = TARGET,
                                       .waiter = WAITER,
                                       .memory = MEMORY,
                                       .node = PLAIN,
                                       .other_node = OTHER_NODE,
                                       .red = RED,
                                       .red_alone = RED_ALONE,
                                       .page = PAGE,
                                       .other_page = OTHER_PAGE,
                                       .meter = METER,
                                       .prime_meter = PRIME_METER};

const struct matrix_thing things[THINGS] = {
    {{"data", KEY_DATA, 0, 4711}, 0, 0},
    {{"page", KEY_PAGE, 0, PAGE}, 0, 1},
    {{"page, read-only", KEY_PAGE, KEY_READ_ONLY, PAGE}, 0, 2},
    {{"segment, black", KEY_SEGMENT, SIZE_CODE_MIN, PLAIN}, 0, 3},
    {{"segment, black, read-only", KEY_SEGMENT, SIZE_CODE_MIN | KEY_READ_ONLY, PLAIN}, 0, 4},
    {{"segment, red", KEY_SEGMENT, 0, RED}, 0, 5},
    {{"segment, red, no-call", KEY_SEGMENT, KEY_NO_CALL, RED}, 0, 6},
    {{"node, read-only", KEY_NODE, KEY_READ_ONLY | KEY_NO_CALL, PLAIN}, 0, 7},
    {{"node", KEY_NODE, 0, PLAIN}, 0, 8},
    {{"meter", KEY_METER, 0, METER}, 0, 9},
    {{"fetch", KEY_FETCH, 0, PLAIN}, 0, 10},
    {{"start", KEY_START, 77, TARGET}, 0, 11},
    {{"domain", KEY_DOMAIN, 0, TARGET}, 0, 12},
    {{"domain, read-only", KEY_DOMAIN, KEY_READ_ONLY, TARGET}, 0, 13},
    {{"sense", KEY_SENSE, 0, PLAIN}, 0, 14},
    {{"front end", KEY_FRONT_END, 0, RED}, 0, 15},
    {{"front end, no keeper", KEY_FRONT_END, 0, RED_ALONE}, 1, 0},
    {{"node range", KEY_NODE_RANGE, 0, OTHER_NODE}, 1, 1},
    {{"page range", KEY_PAGE_RANGE, 0, OTHER_PAGE}, 1, 2},
    {{"returner", KEY_RETURNER, 0, 0}, 1, 3},
    {{"discrim", KEY_DISCRIM, 0, 0}, 1, 4},
    {{"domain tool", KEY_DOMAIN_TOOL, 0, 0}, 1, 5},
    {{"data creator", KEY_DATA_CREATOR, 0, 0}, 1, 6},
    {{"compare", KEY_COMPARE, 0, 0}, 1, 7},
    {{"peek", KEY_PEEK, 0, 0}, 1, 8},
    {{"timer", KEY_TIMER, 0, 0}, 1, 9},
    {{"checkpoint", KEY_CHECKPOINT, 0, 0}, 1, 12},
    {{"journal", KEY_JOURNAL, 0, 0}, 1, 13},
    {{"error log", KEY_ERROR_LOG, 0, 0}, 1, 14},
    {{"resume, restart", KEY_RESUME, RESUME_RESTART, TARGET}, 0, 0},
    {{"resume, return", KEY_RESUME, RESUME_RETURN, TARGET}, 0, 0},
    {{"resume, fault", KEY_RESUME, RESUME_FAULT, TARGET}, 0, 0},
};

static void make_segment(unsigned node_slot, uint8_t data_byte, unsigned shelf_slot)
{
    CHECK_CODE(RC_OK, node_make_segment(node_slot, data_byte, SLOT_WORK_2));
    CHECK_CODE(RC_OK, node_swap(SLOT_SHELF, shelf_slot, SLOT_WORK_2, SLOT_NONE));
}

/* Keys that no recipe can name. */
static void shelf_fill(void)
{
    make_segment(SLOT_PLAIN, SIZE_CODE_MIN, 3);
    make_segment(SLOT_PLAIN, SIZE_CODE_MIN | KEY_READ_ONLY, 4);
    CHECK_CODE(RC_OK, node_fetch(SLOT_TOOLS, TOOL_RED, SLOT_WORK));
    make_segment(SLOT_WORK, 0, 5);
    make_segment(SLOT_WORK, KEY_NO_CALL, 6);
    CHECK_CODE(RC_OK, node_make_node(SLOT_PLAIN, KEY_READ_ONLY | KEY_NO_CALL, SLOT_WORK));
    CHECK_CODE(RC_OK, node_swap(SLOT_SHELF, 7, SLOT_WORK, SLOT_NONE));
    CHECK_CODE(RC_OK, key_order_keys(SLOT_TARGET, DOMAIN_WEAKEN, SLOT_NONE, SLOT_WORK));
    CHECK_CODE(RC_OK, node_swap(SLOT_SHELF, 13, SLOT_WORK, SLOT_NONE));
}

/* Have everything that calls touch brought in from disk, so that none stalls for that later. */
static void warm_up(void)
{
    const struct matrix_thing *via[] = {&things[THING_START], &things[THING_RETURNER]};
    for (unsigned i = 0; i < 2; i++) {
        struct matrix_run run = {.one = {.thing = &via[i]->thing,
                                         .kind = INVOKE_FORK,
                                         .key_count = MESSAGE_KEYS,
                                         .length_bytes = STRING_BYTES_MAX,
                                         .mode = STRING_MEMORY},
                                 .take = STRING_MEMORY};
        uint64_t now_ns = 0;
        world_put_thing(via[i], &run.one);
        world_reset(via[i], &run);
        world_call();
        CHECK_CODE(RC_OK, node_fetch(SLOT_SHELF + 1, 9, SLOT_WORK)); /* the timer */
        CHECK_CODE(RC_OK, timer_now(SLOT_WORK, &now_ns));
        CHECK_CODE(RC_OK, timer_wait_until(SLOT_WORK, now_ns + WARM_UP_NS));
    }
}

void world_begin(void)
{
    const uint8_t target_and_brand[MESSAGE_KEYS] = {SLOT_TARGET, SLOT_WORK_2, SLOT_NONE, SLOT_NONE};
    const uint8_t root[MESSAGE_KEYS] = {SLOT_WORK, SLOT_NONE, SLOT_NONE, SLOT_NONE};
    const char mark[] = "not all zero";
    shelf_fill();
    CHECK_CODE(RC_OK, domain_fetch_root(SLOT_TARGET, DOMAIN_SLOT_MEMORY, SLOT_WORK));
    CHECK_CODE(RC_OK, node_swap(SLOT_BOX, BOX_MEMORY, SLOT_WORK, SLOT_NONE));
    CHECK_CODE(RC_OK, node_fetch(SLOT_TOOLS, TOOL_BRAND, SLOT_WORK_2));
    CHECK_CODE(RC_OK, node_fetch(SLOT_SHELF + 1, 5, SLOT_WORK)); /* the domain tool */
    CHECK_CODE(RC_OK, domain_tool_domain(SLOT_WORK, target_and_brand, root));
    CHECK_CODE(RC_OK, node_swap(SLOT_BOX, BOX_ROOT, SLOT_WORK, SLOT_NONE));
    CHECK_CODE(RC_OK, node_fetch(SLOT_TOOLS, TOOL_PAGE_FULL, SLOT_WORK));
    CHECK_CODE(RC_OK,
               key_order_string(SLOT_WORK, PAGE_WRITE + 100, mark, sizeof(mark), NULL, NULL));
    warm_up();
}

/* A resume key of a kind to the domain in a slot. */
static void make_resume(unsigned domain_slot, uint8_t kind, unsigned slot)
{
    uint64_t order = kind == RESUME_RETURN  ? DOMAIN_MAKE_RESUME
                     : kind == RESUME_FAULT ? DOMAIN_MAKE_FAULT
                                            : DOMAIN_MAKE_RESTART;
    CHECK_CODE(RC_OK, key_order_keys(domain_slot, order, SLOT_NONE, slot));
}

static void tool_get(enum tool tool, unsigned slot)
{
    CHECK_CODE(RC_OK, node_fetch(SLOT_TOOLS, tool, slot));
}

/* The second object of a range. */
static void range_second(unsigned shelf_slot, unsigned slot)
{
    CHECK_CODE(RC_OK, node_fetch(SLOT_SHELF + 1, shelf_slot, slot));
    CHECK_CODE(RC_OK, range_make(slot, 1, slot));
}

/* A key as the oracle wants it sent, in SLOT_WORK. */
static void key_get(enum key_type type, uint64_t id, unsigned index)
{
    switch ((unsigned)type) {
    case KEY_DATA:
        tool_get(index == 1 ? TOOL_NUMBER_1 : TOOL_NUMBER_2, SLOT_WORK);
        break;
    case KEY_PAGE:
        range_second(2, SLOT_WORK);
        break;
    case KEY_NODE:
        if (id == OTHER_NODE)
            range_second(1, SLOT_WORK);
        else
            CHECK_CODE(RC_OK, node_fetch(SLOT_BOX, BOX_ROOT, SLOT_WORK));
        break;
    case KEY_DOMAIN:
        CHECK_CODE(RC_OK, node_fetch(SLOT_SHELF, 12, SLOT_WORK));
        break;
    case KEY_START:
        if (id == TARGET)
            CHECK_CODE(RC_OK, node_fetch(SLOT_SHELF, 11, SLOT_WORK));
        else
            tool_get(TOOL_BRAND, SLOT_WORK);
        break;
    case KEY_RESUME:
        make_resume(id == TARGET ? SLOT_TARGET : SLOT_WAITER, RESUME_RETURN, SLOT_WORK);
        break;
    case KEY_METER:
        tool_get(TOOL_METER, SLOT_WORK);
        break;
    case KEY_FRONT_END:
        tool_get(TOOL_FRONT_END, SLOT_WORK);
        break;
    default: /* a fetch key */
        tool_get(TOOL_FETCH, SLOT_WORK);
    }
}

static void key_send(const struct matrix_case *one, unsigned index)
{
    uint64_t id;
    enum key_type type = oracle_key(&objects, one, index, &id);
    key_get(type, id, index);
    CHECK_CODE(RC_OK, domain_swap(SLOT_CALLER_DOMAIN, CALLER_SENT + index, SLOT_WORK, SLOT_NONE));
}

void world_put_thing(const struct matrix_thing *thing, const struct matrix_case *one)
{
    CHECK_CODE(RC_OK, node_fetch(SLOT_SHELF + thing->shelf, thing->slot, SLOT_WORK));
    CHECK_CODE(RC_OK, domain_swap(SLOT_CALLER_DOMAIN, CALLER_KEY, SLOT_WORK, SLOT_NONE));
    for (unsigned i = 0; i < 3; i++)
        key_send(one, i);
}

/* Take a domain's process away and let its pc and message registers be these. */
static void domain_put_back(unsigned slot, const void *pc, uint64_t entry, uint64_t buffer,
                            const struct matrix_run *call)
{
    struct domain_registers registers = {.pc = (uint64_t)pc};
    const struct domain_control no_trap = {.trap_code = 0};
    uint64_t *a = &registers.x[REGISTER_A0], words[2];
    a[2] = entry;
    a[5] = buffer;
    a[6] = STRING_BYTES_MAX;
    if (call) {
        const struct matrix_case *one = &call->one;
        a[0] = one->order;
        a[1] = EXIT_BLOCK(one->kind, CALLER_KEY) | EXIT_STRING(one->mode);
        for (unsigned i = 0; i < one->key_count; i++)
            a[1] |= EXIT_SENDS(i, CALLER_SENT + i);
        a[3] = STRING_SENT;
        a[4] = one->length_bytes;
        oracle_words(one, words);
        memcpy(&registers.x[27], words, sizeof(words)); /* t3, t4 */
        memcpy((void *)STRING_SENT, words, sizeof(words));
    }
    CHECK_CODE(RC_OK, domain_make_busy(slot, SLOT_NONE));
    CHECK_CODE(RC_OK, domain_put_registers(slot, &registers));
    CHECK_CODE(RC_OK, domain_put_control(slot, &no_trap));
}

static uint64_t entry_of(const struct matrix_run *run)
{
    uint64_t entry = ENTRY_CODE | ENTRY_STRING(run->take);
    for (unsigned i = 0; i < MESSAGE_KEYS; i++)
        entry |= ENTRY_TAKES(i, TAKEN + i);
    return entry;
}

static void root_put(unsigned root_slot)
{
    CHECK_CODE(RC_OK, domain_swap_root(SLOT_TARGET, root_slot, SLOT_WORK, SLOT_NONE));
}

/* What orders on its domain key have done to the target's slots. */
static void target_slots_put_back(void)
{
    tool_get(TOOL_PRIME_METER, SLOT_WORK);
    root_put(DOMAIN_SLOT_METER);
    CHECK_CODE(RC_OK, node_fetch(SLOT_BOX, BOX_MEMORY, SLOT_WORK));
    root_put(DOMAIN_SLOT_MEMORY);
    CHECK_CODE(RC_OK, domain_swap_root(SLOT_TARGET, DOMAIN_SLOT_SPARE_0, SLOT_VOID, SLOT_NONE));
    CHECK_CODE(RC_OK, node_fetch(SLOT_BOX, BOX_SLOT_0, SLOT_WORK));
    CHECK_CODE(RC_OK, domain_swap(SLOT_TARGET, 0, SLOT_WORK, SLOT_NONE));
    CHECK_CODE(RC_OK, node_fetch(SLOT_BOX, BOX_SLOT_15, SLOT_WORK));
    CHECK_CODE(RC_OK, domain_swap(SLOT_TARGET, 15, SLOT_WORK, SLOT_NONE));
}

static void target_taken_put_back(void)
{
    for (unsigned i = 0; i < MESSAGE_KEYS; i++) {
        tool_get(TOOL_TAKEN + i, SLOT_WORK);
        CHECK_CODE(RC_OK, domain_swap(SLOT_TARGET, TAKEN + i, SLOT_WORK, SLOT_NONE));
    }
}

/* In the right state; while it runs it does so below everyone. */
static void target_put_back(const struct matrix_run *run)
{
    const struct message go = MESSAGE(0);
    struct message message = go;
    bool runs = run->one.state == DOMAIN_RUNNING;
    if (run->one.thing->type == KEY_DOMAIN)
        target_slots_put_back();
    if (run->one.thing->type == KEY_RESUME)
        target_taken_put_back();
    tool_get(runs ? TOOL_PRIORITY_LOW : TOOL_PRIORITY_HIGH, SLOT_WORK);
    root_put(DOMAIN_SLOT_PRIORITY);
    domain_put_back(SLOT_TARGET, runs ? matrix_loop : matrix_done, entry_of(run), BUFFER_TARGET,
                    NULL);
    if (run->one.state == DOMAIN_AVAILABLE)
        CHECK_CODE(RC_OK, domain_make_available(SLOT_TARGET));
    if (runs) {
        make_resume(SLOT_TARGET, RESUME_FAULT, SLOT_WORK);
        (void)key_fork(SLOT_WORK, &message);
    }
}

static void objects_put_back(enum key_type type)
{
    if (type == KEY_NODE) {
        tool_get(TOOL_PLAIN_FULL, SLOT_WORK);
        CHECK_CODE(RC_OK, node_clone(SLOT_PLAIN, SLOT_WORK));
    }
    if (type == KEY_PAGE) {
        tool_get(TOOL_PAGE_FULL, SLOT_WORK);
        CHECK_CODE(RC_OK, node_fetch(SLOT_SHELF, 1, SLOT_WORK_2));
        CHECK_CODE(RC_OK, page_copy(SLOT_WORK_2, SLOT_WORK));
    }
}

void world_reset(const struct matrix_thing *thing, const struct matrix_run *run)
{
    enum key_type type = thing->thing.type;
    domain_put_back(SLOT_CALLER_DOMAIN, matrix_call, entry_of(run), BUFFER_CALLER, run);
    domain_put_back(SLOT_WAITER, matrix_done, entry_of(run), BUFFER_WAITER, NULL);
    target_put_back(run);
    objects_put_back(type);
    if (type == KEY_NODE_RANGE || type == KEY_PAGE_RANGE || type == KEY_DOMAIN_TOOL)
        key_send(&run->one, 0); /* it may be void by now */
    key_send(&run->one, 3);
    if (type != KEY_RESUME)
        return;
    make_resume(SLOT_TARGET, thing->thing.data_byte, SLOT_WORK);
    CHECK_CODE(RC_OK, domain_swap(SLOT_CALLER_DOMAIN, CALLER_KEY, SLOT_WORK, SLOT_NONE));
}

void world_call(void)
{
    struct message message = MESSAGE(0);
    make_resume(SLOT_CALLER_DOMAIN, RESUME_FAULT, SLOT_WORK);
    (void)key_fork(SLOT_WORK, &message); /* all of them are more urgent than the driver */
}
