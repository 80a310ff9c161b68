/* SPDX-License-Identifier: GPL-2.0-or-later */
/* world.h - the oracle's world, of domains on the disk: what the driver has, sets back, and looks
 * at. See main.c for who is who.
 *
 * The caller, the target and the waiter run no program but two instructions of this one's, at
 * MATRIX_CALL: an ecall and a breakpoint. Whoever comes to the breakpoint is stopped by the keeper,
 * with all its registers as they are.
 */
#ifndef LATCHKEY_DOMAINS_MATRIX_H
#define LATCHKEY_DOMAINS_MATRIX_H

#include "disks/domains/parts/oracle.h"

/* The driver's slots. */
enum matrix_slot {
    SLOT_CALLER_DOMAIN = 0,
    SLOT_TARGET = 1, /* domain keys */
    SLOT_WAITER = 2,
    SLOT_SHELF = 3, /* and 4: node keys of the nodes with the keys to invoke */
    SLOT_TOOLS = 5, /* enum tool */
    SLOT_BOX = 6,   /* enum box */
    SLOT_PLAIN = 7, /* node key of the node that is tried */
    SLOT_WORK = 8,
    SLOT_WORK_2 = 9,
    SLOT_DISCRIM = 11,
};
/* Slots of the caller, and of who gets a message. */
#define CALLER_KEY 0u
#define CALLER_SENT 1u /* to 4 */
#define TAKEN 8u       /* to 11 */

/* What is in the tools' node. */
enum tool {
    TOOL_RED = 0,        /* node key of the red node */
    TOOL_PLAIN_FULL = 1, /* fetch key: what is to be in the plain node */
    TOOL_PAGE_FULL = 2,  /* page: what is to be in the page */
    TOOL_BRAND = 3,
    TOOL_FETCH = 4, /* of the plain node */
    TOOL_FRONT_END = 5,
    TOOL_METER = 6,
    TOOL_NUMBER_1 = 7, /* what is sent as keys 1 and 2 when nobody asks for them */
    TOOL_NUMBER_2 = 8,
    TOOL_TAKEN = 9, /* to 12: what is in the target's slots TAKEN and on */
    TOOL_PRIME_METER = 13,
    TOOL_PRIORITY_HIGH = 14,
    TOOL_PRIORITY_LOW = 15,
};
/* What is in the box's. */
enum box {
    BOX_MEMORY = 0, /* the target's */
    BOX_ROOT = 1,   /* node key of the target's root */
    BOX_SLOT_0 = 2, /* what is in the target's first and last slot */
    BOX_SLOT_15 = 3,
};

/* How the receiver of a message takes its string. */
struct matrix_run {
    struct matrix_case one;
    enum string_mode take;
};

extern const struct oracle_objects objects;
#define THINGS 32u
struct matrix_thing {
    struct thing thing;
    uint8_t shelf, slot; /* where its key is; resume keys are made each time */
};
extern const struct matrix_thing things[THINGS];

/* world_begin - once. */
void world_begin(void);
/* world_put_thing - the key to invoke, and keys 0 to 2 to send, as they do not change from call to
 * call of the same order. */
void world_put_thing(const struct matrix_thing *thing, const struct matrix_case *one);
/* world_reset - everything as at the start, but for what one such call leaves alone. */
void world_reset(const struct matrix_thing *thing, const struct matrix_run *run);
/* world_call - the caller makes the call; all others run as far as they get. */
void world_call(void);
/* world_look - claims about what came of it. */
void world_look(const struct matrix_run *run, const struct expected *expected);

#endif
