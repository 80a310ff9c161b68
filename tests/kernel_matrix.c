/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kernel_matrix.c - the world of kernel_matrix.h: making it, setting it back, one call. */
#include "tests/kernel_matrix.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/gate.h"
#include "kernel/sched.h"

#define KEEPER_SLOT 14u
#define RED_FORMAT (0xffull << 16 | KEEPER_SLOT << 12 | 4u << 4 | SIZE_CODE_MIN)
#define TARGET_ENTRY                                                                               \
    (ENTRY_CODE | ENTRY_STRING(STRING_MEMORY) | ENTRY_TAKES(0, MATRIX_SLOT_TAKEN) |                \
     ENTRY_TAKES(1, MATRIX_SLOT_TAKEN + 1) | ENTRY_TAKES(2, MATRIX_SLOT_TAKEN + 2) |               \
     ENTRY_TAKES(3, MATRIX_SLOT_TAKEN + 3))

static void things_fill(const struct matrix *matrix, struct thing things[MATRIX_THINGS])
{
    const struct thing all[MATRIX_THINGS] = {
        {"data", KEY_DATA, 0, 4711},
        {"page", KEY_PAGE, 0, matrix->objects.page},
        {"page, read-only", KEY_PAGE, KEY_READ_ONLY, matrix->objects.page},
        {"segment, black", KEY_SEGMENT, SIZE_CODE_MIN, matrix->objects.node},
        {"segment, black, read-only", KEY_SEGMENT, SIZE_CODE_MIN | KEY_READ_ONLY,
         matrix->objects.node},
        {"segment, red", KEY_SEGMENT, 0, matrix->objects.red},
        {"segment, red, no-call", KEY_SEGMENT, KEY_NO_CALL, matrix->objects.red},
        {"node", KEY_NODE, 0, matrix->objects.node},
        {"node, read-only", KEY_NODE, KEY_READ_ONLY | KEY_NO_CALL, matrix->objects.node},
        {"meter", KEY_METER, 0, matrix->objects.meter},
        {"fetch", KEY_FETCH, 0, matrix->objects.node},
        {"start", KEY_START, 77, matrix->objects.target},
        {"resume, restart", KEY_RESUME, RESUME_RESTART, matrix->objects.target},
        {"resume, return", KEY_RESUME, RESUME_RETURN, matrix->objects.target},
        {"resume, fault", KEY_RESUME, RESUME_FAULT, matrix->objects.target},
        {"domain", KEY_DOMAIN, 0, matrix->objects.target},
        {"domain, read-only", KEY_DOMAIN, KEY_READ_ONLY, matrix->objects.target},
        {"sense", KEY_SENSE, 0, matrix->objects.node},
        {"front end", KEY_FRONT_END, 0, matrix->objects.red},
        {"front end, no keeper", KEY_FRONT_END, 0, matrix->objects.red_alone},
        {"node range", KEY_NODE_RANGE, 0, matrix->objects.node},
        {"page range", KEY_PAGE_RANGE, 0, matrix->objects.page},
        {"returner", KEY_RETURNER, 0, 0},
        {"discrim", KEY_DISCRIM, 0, 0},
        {"domain tool", KEY_DOMAIN_TOOL, 0, 0},
        {"data creator", KEY_DATA_CREATOR, 0, 0},
        {"compare", KEY_COMPARE, 0, 0},
        {"peek", KEY_PEEK, 0, 0},
        {"timer", KEY_TIMER, 0, 0},
        {"console", KEY_CONSOLE, 0, 0},
        {"display", KEY_DISPLAY, 0, 0},
        {"input", KEY_INPUT, INPUT_BOTH, 0},
        {"checkpoint", KEY_CHECKPOINT, 0, 0},
        {"journal", KEY_JOURNAL, 0, 0},
        {"error log", KEY_ERROR_LOG, 0, 0},
    };
    memcpy(things, all, sizeof(all));
}

void matrix_make(struct matrix *matrix, struct thing things[MATRIX_THINGS])
{
    matrix->store = store_create(200, 150);
    matrix->objects.caller = calls_domain(matrix->store, DOMAIN_RUNNING);
    matrix->objects.target = calls_domain(matrix->store, DOMAIN_AVAILABLE);
    matrix->objects.waiter = calls_domain(matrix->store, DOMAIN_AVAILABLE);
    matrix->objects.node = store_new_node(matrix->store);
    matrix->objects.other_node = store_new_node(matrix->store);
    matrix->objects.red = store_new_node(matrix->store);
    matrix->objects.red_alone = store_new_node(matrix->store);
    matrix->objects.meter = store_new_node(matrix->store);
    matrix->objects.page = store_new_page(matrix->store);
    matrix->objects.other_page = store_new_page(matrix->store);
    matrix->objects.memory = matrix->objects.target + 5;
    matrix->objects.prime_meter = OBJECT_ID_PRIME_METER;
    things_fill(matrix, things);
    calls_boot(matrix->store, matrix->objects.caller);
    host_knobs(false, false); /* the tests check now and then */
    for (uint64_t id = 1; id <= matrix->store->node_count; id++)
        (void)host_node(id);
    for (uint64_t id = 1; id <= matrix->store->page_count; id++)
        (void)host_page(id); /* nothing is fetched from disk from now on */
}

/* A key as it is valid now. */
static struct key key_now(enum key_type type, uint8_t data_byte, uint64_t id)
{
    struct key key = {.head = (uint64_t)type | (uint64_t)data_byte << 8 | id << 16};
    if (type == KEY_DATA)
        return key_number(id);
    if (type == KEY_NODE_RANGE || type == KEY_PAGE_RANGE)
        key.count = MATRIX_RANGE;
    else if (key_names_node(&key))
        key.count =
            type == KEY_RESUME ? host_node(id)->call_count : host_node(id)->allocation_count;
    else if (type == KEY_PAGE)
        key.count = host_page(id)->allocation_count;
    return key;
}

static void slot_put(uint64_t node, unsigned slot, enum key_type type, uint8_t data_byte,
                     uint64_t id)
{
    struct key key = key_now(type, data_byte, id);
    node_slot_set(host_node(node), slot, &key);
}

/* Nodes of domains are numbered root, keys, registers (kernel_store.c). */
static void domain_put_back(uint64_t root, enum domain_state state, uint64_t entry)
{
    static const uint8_t parts[] = {DOMAIN_SLOT_KEYS, DOMAIN_SLOT_REGISTERS_0,
                                    DOMAIN_SLOT_REGISTERS_1, DOMAIN_SLOT_REGISTERS_2};
    struct domain *domain = host_domain(root);
    if (!domain)
        abort();
    for (unsigned i = 0; i < sizeof(parts); i++)
        if (key_object_id(&domain->root->slots[parts[i]]) != root + 1 + i)
            abort();
    queue_remove(domain->root);
    gate_grant_return(domain->root);
    slot_put(root, DOMAIN_SLOT_METER, KEY_METER, 0, OBJECT_ID_PRIME_METER);
    slot_put(root, DOMAIN_SLOT_KEEPER, KEY_DATA, 0, 0);
    slot_put(root, DOMAIN_SLOT_MEMORY, KEY_SEGMENT, 4, root + 5); /* store_segment()'s top */
    slot_put(root, DOMAIN_SLOT_SPARE_0, KEY_DATA, 0, 0);
    slot_put(root, DOMAIN_SLOT_SPARE_1, KEY_DATA, 0, 0);
    slot_put(root, DOMAIN_SLOT_PRIORITY, KEY_DATA, 0, 3);
    for (unsigned slot = 0; slot < NODE_SLOTS; slot++)
        slot_put(root + 1, slot, KEY_DATA, 0, ORACLE_SLOT_NUMBER + slot);
    domain_trap_set(domain, 0, 0);
    domain_state_set(domain, state);
    domain->registers[REGISTER_A0 + 2] = entry;
    domain->registers[REGISTER_A0 + 5] = CALLS_TAKE;
    domain->registers[REGISTER_A0 + 6] = STRING_BYTES_MAX;
    domain->restore_all = true;
    domain->unchanged = false;
    domain->space_stale = true;
    domain->meter = NULL;
    domain->gate_limit = 0;
}

static void objects_put_back(const struct matrix *matrix)
{
    for (unsigned slot = 0; slot < NODE_SLOTS; slot++) {
        slot_put(matrix->objects.node, slot, KEY_DATA, 0, ORACLE_NODE_NUMBER + slot);
        slot_put(matrix->objects.other_node, slot, KEY_DATA, 0, 200 + slot);
        slot_put(matrix->objects.red, slot, KEY_DATA, 0, 0);
    }
    slot_put(matrix->objects.node, ORACLE_NODE_START, KEY_START, 1, matrix->objects.target);
    slot_put(matrix->objects.node, ORACLE_NODE_PAGE, KEY_PAGE, 0, matrix->objects.page);
    slot_put(matrix->objects.red, KEEPER_SLOT, KEY_START, ORACLE_KEEPER_BYTE,
             matrix->objects.target);
    slot_put(matrix->objects.red, RED_FORMAT_SLOT, KEY_DATA, 0, RED_FORMAT);
    slot_put(matrix->objects.red_alone, RED_FORMAT_SLOT, KEY_DATA, 0,
             RED_FORMAT | (uint64_t)RED_NO_SLOT << 12);
    slot_put(matrix->objects.meter, METER_SLOT_SUPERIOR, KEY_METER, 0, OBJECT_ID_PRIME_METER);
    slot_put(matrix->objects.meter, METER_SLOT_KEEPER, KEY_START, 2, matrix->objects.target);
    slot_put(matrix->objects.target, DOMAIN_SLOT_BRAND, KEY_START, MATRIX_BRAND_BYTE,
             matrix->objects.waiter);
    memset(host_page(matrix->objects.page)->data, MATRIX_PAGE_BYTE, PAGE_BYTES);
    memset(host_page(matrix->objects.other_page)->data, 1, PAGE_BYTES);
}

void matrix_reset(const struct matrix *matrix, const struct matrix_case *one)
{
    uint64_t words[2], id;
    sched_switch(NULL);
    domain_put_back(matrix->objects.caller, DOMAIN_RUNNING, 0);
    domain_put_back(matrix->objects.target, one->state, TARGET_ENTRY);
    domain_put_back(matrix->objects.waiter, DOMAIN_WAITING, TARGET_ENTRY);
    objects_put_back(matrix);
    for (unsigned i = 0; i < MESSAGE_KEYS; i++) {
        enum key_type type = oracle_key(&matrix->objects, one, i, &id);
        uint8_t data_byte = 0;
        if (type == KEY_START)
            data_byte = MATRIX_BRAND_BYTE;
        else if (type == KEY_RESUME)
            data_byte = RESUME_RETURN;
        slot_put(matrix->objects.caller + 1, MATRIX_SLOT_SENT + i, type, data_byte, id);
    }
    slot_put(matrix->objects.caller + 1, MATRIX_SLOT_KEY, one->thing->type, one->thing->data_byte,
             one->thing->id);
    struct domain *caller = host_domain(matrix->objects.caller);
    caller->registers[REGISTER_PC] += 4; /* not at the ecall that was broken off */
    if (one->state == DOMAIN_RUNNING)
        sched_ready(host_domain(matrix->objects.target)->root);
    sched_ready(caller->root);
    (void)host_run();
    for (unsigned turn = 0; turn < 8 && host_running_id() != matrix->objects.caller; turn++)
        (void)host_tick(1);
    if (host_running_id() != matrix->objects.caller)
        abort();
    oracle_words(one, words);
    if (one->mode == STRING_REGISTERS)
        host_set_string(words, sizeof(words));
    else if (!host_store(CALLS_SEND, words, sizeof(words)))
        abort();
}

static const char *say(const char *format, uint64_t is, uint64_t should_be)
{
    static char text[200];
    (void)snprintf(text, sizeof(text), "%s: 0x%lx, not 0x%lx", format, is, should_be);
    return text;
}

#define EXPECT(what, is, should_be)                                                                \
    do {                                                                                           \
        uint64_t seen = (uint64_t)(is), wanted = (uint64_t)(should_be);                            \
        if (seen != wanted)                                                                        \
            return say(what, seen, wanted);                                                        \
    } while (0)

/* Where the caller is after a call that went through. */
static const char *caller_went(const struct matrix *matrix, const struct matrix_case *one,
                               enum domain_state after_call)
{
    const struct domain *caller = host_domain(matrix->objects.caller);
    enum domain_state state = one->kind == INVOKE_CALL     ? after_call
                              : one->kind == INVOKE_RETURN ? DOMAIN_AVAILABLE
                                                           : DOMAIN_RUNNING;
    EXPECT("caller's state", caller->state, state);
    EXPECT("caller's trap", caller->trap_code, 0);
    if (one->kind == INVOKE_FORK) {
        EXPECT("who runs", host_running_id(), matrix->objects.caller);
        EXPECT("result of a fork", host_argument(0), 0);
    }
    return NULL;
}

/* What a domain got as key 0, 1, 2 or 3. */
static const struct key *taken(const struct domain *domain, unsigned index)
{
    return &domain->keys->slots[MATRIX_SLOT_TAKEN + index];
}

static const char *replied(const struct matrix *matrix, const struct matrix_case *one,
                           const struct expected *expected)
{
    const char *problem = caller_went(matrix, one, DOMAIN_RUNNING);
    if (problem)
        return problem;
    bool to_waiter = one->kind != INVOKE_CALL && one->key_count == MESSAGE_KEYS;
    struct domain *waiter = host_domain(matrix->objects.waiter);
    EXPECT("waiter's state", waiter->state, to_waiter ? DOMAIN_RUNNING : DOMAIN_WAITING);
    if (one->kind != INVOKE_CALL && !to_waiter)
        return NULL;
    const struct domain *receiver = to_waiter ? waiter : host_domain(matrix->objects.caller);
    EXPECT("code", receiver->registers[REGISTER_A0], expected->code);
    if (expected->length_bytes != ORACLE_ANY)
        EXPECT("length", receiver->registers[REGISTER_A0 + 4], expected->length_bytes);
    for (unsigned i = 0; i < 3; i++) {
        const struct key *key = taken(receiver, i);
        const struct expected_key *should_be = &expected->keys[i];
        EXPECT("type of a key", key_type(key), should_be->type);
        EXPECT("object of a key", key_type(key) == KEY_DATA ? key->count : key_object_id(key),
               should_be->id);
    }
    EXPECT("data byte", receiver->registers[REGISTER_A0 + 1], 0);
    return NULL;
}

static const char *delivered(const struct matrix *matrix, const struct matrix_case *one,
                             const struct expected *expected)
{
    const char *problem = caller_went(matrix, one, DOMAIN_WAITING);
    if (problem)
        return problem;
    struct domain *target = host_domain(matrix->objects.target);
    EXPECT("target's state", target->state, DOMAIN_RUNNING);
    EXPECT("order", target->registers[REGISTER_A0], expected->code);
    EXPECT("data byte", target->registers[REGISTER_A0 + 1], expected->data_byte);
    EXPECT("length", target->registers[REGISTER_A0 + 4], expected->length_bytes);
    for (unsigned i = 0; i < MESSAGE_KEYS; i++) {
        uint64_t id = 0;
        enum key_type type = KEY_DATA;
        if (i < one->key_count)
            type = oracle_key(&matrix->objects, one, i, &id);
        if (i == 2 && expected->forwarded)
            type = KEY_NODE, id = matrix->objects.red;
        if (i == 3 && one->kind == INVOKE_CALL)
            type = KEY_RESUME, id = matrix->objects.caller;
        const struct key *key = taken(target, i);
        EXPECT("type of a key", key_type(key), type);
        EXPECT("object of a key", type == KEY_DATA ? key->count : key_object_id(key), id);
    }
    return NULL;
}

/* The target runs again and has got nothing, or has not noticed anything. */
static const char *untouched(const struct matrix *matrix, const struct matrix_case *one,
                             enum domain_state state)
{
    const char *problem = caller_went(matrix, one, DOMAIN_WAITING);
    if (problem)
        return problem;
    struct domain *target = host_domain(matrix->objects.target);
    EXPECT("target's state", target->state, state);
    for (unsigned i = 0; i < MESSAGE_KEYS; i++)
        EXPECT("a slot", taken(target, i)->count, ORACLE_SLOT_NUMBER + MATRIX_SLOT_TAKEN + i);
    return NULL;
}

static const char *held_up(const struct matrix *matrix, const struct expected *expected)
{
    const struct domain *caller = host_domain(matrix->objects.caller);
    const struct domain *target = host_domain(matrix->objects.target);
    if (expected->outcome == OUTCOME_TRAPPED) {
        EXPECT("trap", caller->trap_code, expected->code);
        EXPECT("caller's state", caller->state, DOMAIN_WAITING);
        return NULL;
    }
    EXPECT("caller's state", caller->state, DOMAIN_RUNNING);
    EXPECT("caller's queue", caller->root->link.queue == &target->root->callers, true);
    return NULL;
}

const char *matrix_call(const struct matrix *matrix, const struct matrix_case *one,
                        const struct expected *expected)
{
    uint64_t exit = EXIT_BLOCK(one->kind, MATRIX_SLOT_KEY) | EXIT_STRING(one->mode);
    for (unsigned i = 0; i < one->key_count; i++)
        exit |= EXIT_SENDS(i, MATRIX_SLOT_SENT + i);
    if (one->thing->type == KEY_CONSOLE)
        host_type("x");
    (void)host_call(one->order, exit, TARGET_ENTRY, CALLS_SEND, one->length_bytes, CALLS_TAKE,
                    STRING_BYTES_MAX);
    switch (expected->outcome) {
    case OUTCOME_REPLY:
        return replied(matrix, one, expected);
    case OUTCOME_DELIVERED:
        return delivered(matrix, one, expected);
    case OUTCOME_RESUMED:
        return untouched(matrix, one, DOMAIN_RUNNING);
    case OUTCOME_REFUSED:
        EXPECT("trap", host_domain(matrix->objects.target)->trap_code, TRAP_KEEPER_REFUSED);
        return untouched(matrix, one, one->kind == INVOKE_FORK ? DOMAIN_RUNNING : DOMAIN_WAITING);
    case OUTCOME_VANISHED:
        return untouched(matrix, one, one->state);
    case OUTCOME_STALLED:
    case OUTCOME_TRAPPED:
        break;
    }
    return held_up(matrix, expected);
}
