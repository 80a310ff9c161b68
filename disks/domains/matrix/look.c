/* SPDX-License-Identifier: GPL-2.0-or-later */
/* look.c - what came of a call in the world of world.h, seen through domain keys. */
#include <string.h>

#include "disks/domains/matrix/world.h"
#include "disks/domains/rt/check.h"
#include "disks/domains/rt/interface.h"
#include "disks/domains/rt/layout.h"

#define TRAP_BREAKPOINT (TRAP_HARDWARE + 3) /* RISC-V privileged specification, scause */

/* What DISCRIM_TYPE answers. */
enum { CLASS_DATA = 1, CLASS_RESUME, CLASS_MEMORY, CLASS_METER, CLASS_OTHER };

static struct domain_control control_of(unsigned slot)
{
    struct domain_control control = {.trap_code = 0};
    CHECK_CODE(RC_OK, domain_get_control(slot, &control));
    return control;
}

static bool claim_state(const char *whose, unsigned slot, enum domain_state state, uint64_t trap)
{
    struct domain_control control = control_of(slot);
    return check_code(whose, __LINE__, state, control.state) &&
           check_code(whose, __LINE__, trap, control.trap_code);
}

static unsigned class_of(enum key_type type)
{
    switch ((unsigned)type) {
    case KEY_DATA:
        return CLASS_DATA;
    case KEY_RESUME:
        return CLASS_RESUME;
    case KEY_PAGE:
    case KEY_SEGMENT:
    case KEY_NODE:
    case KEY_FETCH:
    case KEY_SENSE:
        return CLASS_MEMORY;
    case KEY_METER:
        return CLASS_METER;
    default:
        return CLASS_OTHER;
    }
}

/* The answer to ORDER_TYPE; 0 for keys that may pass it on. */
static uint64_t alleged_type(enum key_type type)
{
    switch ((unsigned)type) {
    case KEY_PAGE:
        return AKT_PAGE;
    case KEY_NODE:
        return AKT_NODE;
    case KEY_FETCH:
        return AKT_FETCH;
    case KEY_SENSE:
        return AKT_SENSE;
    case KEY_METER:
        return AKT_METER;
    case KEY_DOMAIN:
        return AKT_DOMAIN;
    case KEY_NODE_RANGE:
        return AKT_NODE_RANGE;
    case KEY_PAGE_RANGE:
        return AKT_PAGE_RANGE;
    default:
        return 0;
    }
}

/* A key that a domain has got is of this type; and, if it is a number, this one. Numbers in slots
 * of the target are this world's own, not the oracle's: ORACLE_ANY. */
static void claim_key(unsigned domain_slot, unsigned slot, enum key_type type, uint64_t number)
{
    uint64_t seen;
    CHECK_CODE(RC_OK, domain_fetch(domain_slot, slot, SLOT_WORK));
    CHECK_CODE(class_of(type), discrim_type(SLOT_DISCRIM, SLOT_WORK));
    if (alleged_type(type))
        CHECK_CODE(alleged_type(type), key_type_of(SLOT_WORK) & ~(uint64_t)AKT_READ_ONLY);
    if (type == KEY_DATA && number != ORACLE_ANY)
        CHECK_CODE(number, number_read(SLOT_WORK, &seen) == RC_DATA_KEY ? seen : RC_NOT_THERE);
}

/* The message registers of a domain; a0 at 0. */
static void message_of(unsigned slot, uint64_t a[7])
{
    struct domain_registers registers = {.pc = 0};
    CHECK_CODE(RC_OK, domain_get_registers(slot, &registers));
    memcpy(a, &registers.x[REGISTER_A0], 7 * sizeof(a[0]));
}

static bool caller_went(const struct matrix_run *run, enum domain_state after_call)
{
    uint64_t a[7];
    if (run->one.kind == INVOKE_RETURN)
        return claim_state("caller", SLOT_CALLER_DOMAIN, DOMAIN_AVAILABLE, 0);
    if (run->one.kind == INVOKE_CALL && after_call == DOMAIN_WAITING)
        return claim_state("caller", SLOT_CALLER_DOMAIN, DOMAIN_WAITING, 0);
    if (!claim_state("caller", SLOT_CALLER_DOMAIN, DOMAIN_WAITING, TRAP_BREAKPOINT))
        return false;
    message_of(SLOT_CALLER_DOMAIN, a);
    return run->one.kind != INVOKE_FORK || CHECK(a[0] == 0 && a[1] == 0 && a[4] == 0);
}

static void look_at_reply(const struct matrix_run *run, const struct expected *expected)
{
    const struct matrix_case *one = &run->one;
    uint64_t a[7];
    bool to_waiter = one->kind != INVOKE_CALL && one->key_count == MESSAGE_KEYS;
    if (!caller_went(run, DOMAIN_RUNNING) ||
        !claim_state("waiter", SLOT_WAITER, DOMAIN_WAITING, to_waiter ? TRAP_BREAKPOINT : 0) ||
        (one->kind != INVOKE_CALL && !to_waiter))
        return;
    unsigned receiver = to_waiter ? SLOT_WAITER : SLOT_CALLER_DOMAIN;
    message_of(receiver, a);
    CHECK_CODE(expected->code, a[0]);
    CHECK_CODE(0, a[1]);
    if (expected->length_bytes != ORACLE_ANY)
        CHECK_CODE(expected->length_bytes, a[4]);
    for (unsigned i = 0; i < 3; i++)
        claim_key(receiver, TAKEN + i, expected->keys[i].type,
                  one->thing->type == KEY_DOMAIN ? ORACLE_ANY : expected->keys[i].id);
}

static void look_at_delivery(const struct matrix_run *run, const struct expected *expected)
{
    const struct matrix_case *one = &run->one;
    uint64_t a[7];
    if (!caller_went(run, DOMAIN_WAITING) ||
        !claim_state("target", SLOT_TARGET, DOMAIN_WAITING, TRAP_BREAKPOINT))
        return;
    message_of(SLOT_TARGET, a);
    CHECK_CODE(expected->code, a[0]);
    CHECK_CODE(expected->data_byte, a[1]);
    CHECK_CODE(expected->length_bytes, a[4]);
    for (unsigned i = 0; i < MESSAGE_KEYS; i++) {
        uint64_t id = 0;
        enum key_type type = KEY_DATA;
        if (i < one->key_count)
            type = oracle_key(&objects, one, i, &id);
        if (i == 2 && expected->forwarded)
            type = KEY_NODE;
        if (i == 3 && one->kind == INVOKE_CALL)
            type = KEY_RESUME;
        claim_key(SLOT_TARGET, TAKEN + i, type, id);
    }
}

static void look_at_target(const struct matrix_run *run, enum domain_state state, uint64_t trap)
{
    if (!caller_went(run, DOMAIN_WAITING) || !claim_state("target", SLOT_TARGET, state, trap))
        return;
    for (unsigned i = 0; i < MESSAGE_KEYS; i++)
        claim_key(SLOT_TARGET, TAKEN + i, KEY_DATA, ORACLE_SLOT_NUMBER + TAKEN + i);
}

void world_look(const struct matrix_run *run, const struct expected *expected)
{
    switch (expected->outcome) {
    case OUTCOME_REPLY:
        look_at_reply(run, expected);
        break;
    case OUTCOME_DELIVERED:
        look_at_delivery(run, expected);
        break;
    case OUTCOME_RESUMED:
        look_at_target(run, DOMAIN_WAITING, TRAP_BREAKPOINT);
        break;
    case OUTCOME_REFUSED:
        look_at_target(run, DOMAIN_WAITING, TRAP_KEEPER_REFUSED);
        break;
    case OUTCOME_VANISHED:
        look_at_target(run, run->one.state, 0);
        break;
    case OUTCOME_STALLED:
        (void)claim_state("caller", SLOT_CALLER_DOMAIN, DOMAIN_RUNNING, 0);
        break;
    case OUTCOME_TRAPPED:
        (void)claim_state("caller", SLOT_CALLER_DOMAIN, DOMAIN_WAITING, expected->code);
        break;
    }
}
