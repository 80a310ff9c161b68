/* SPDX-License-Identifier: GPL-2.0-or-later */
/* shelf.h - the keys that a person has given names to.
 *
 * They lie in four nodes; the last places of the last one are the shell's own. What a key is was
 * found out by the hand (hand.h), or is not known: the shell itself asks only the keys that the
 * recipe gave it.
 *
 * Invariants
 *  1. Names are unique; a place without a name holds data key 0.
 */
#ifndef LATCHKEY_DOMAINS_SHELL_SHELF_H
#define LATCHKEY_DOMAINS_SHELL_SHELF_H

#include <stdbool.h>
#include <stddef.h>

#include "disks/domains/shell/hand.h"

#define SHELF_NODES 4u
#define SHELF_OWN 5u /* the shell's own: enum shelf_own */
#define SHELF_PLACES (SHELF_NODES * NODE_SLOTS - SHELF_OWN)
#define SHELF_NAME_BYTES 24u
#define SHELF_NONE SHELF_PLACES

enum shell_slot {
    SLOT_SHELF = 0,   /* 0..3: the nodes */
    SLOT_TARGET = 4,  /* the key that is called */
    SLOT_SEND = 5,    /* 5, 6, 7: keys that are sent */
    SLOT_GOT = 8,     /* 8, 9, 10: keys that came */
    SLOT_DISCRIM = 11
};

enum shelf_own {
    SHELF_PUMP_DOMAIN = SHELF_PLACES, /* domain key of the pump, slot 11 of the last node */
    SHELF_PUMP,                       /* its start key */
    SHELF_HAND_DOMAIN,
    SHELF_HAND,
    SHELF_CLIENT                      /* resume key of who called the shell */
};

/* shelf_begin - name the keys that lie there from the start, by a text with a name a line; lines
 * that begin with '#' are none, and "-" leaves a place without. */
void shelf_begin(const char *text, size_t size_bytes);
/* shelf_find - the place of a name; SHELF_NONE: there is none. */
unsigned shelf_find(const char *name);
/* shelf_put - name the key in a slot, of which that is known; a key of that name is replaced.
 * Returns NULL, or what is wrong. */
const char *shelf_put(const char *name, unsigned slot, struct look look);
/* shelf_put_some - the same under a name that is free: k1, k2, ... Returns the place; SHELF_NONE:
 * no place is free. */
unsigned shelf_put_some(unsigned slot, struct look look);
/* shelf_learn - this is known of a place's key now. */
void shelf_learn(unsigned place, struct look look);
/* shelf_take - a copy of the key in a place into a slot. */
void shelf_take(unsigned place, unsigned slot);
void shelf_drop(unsigned place);

/* shelf_keep - put the key in a slot into one of the shell's own places. */
void shelf_keep(enum shelf_own place, unsigned slot);

/* shelf_name, shelf_look - a place's name, NULL if it is empty; what is known of its key. */
const char *shelf_name(unsigned place);
struct look shelf_look(unsigned place);
/* look_describe - that as text. */
void look_describe(struct look look, char text[64]);

#endif
