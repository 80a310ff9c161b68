/* SPDX-License-Identifier: GPL-2.0-or-later */
/* shelf.h - the keys that a person has given names to.
 *
 * They lie in four nodes. What a key is, is asked once, when it is named: a key that is asked
 * later may have become another domain's to keep waiting.
 *
 * Invariants
 *  1. A resume key is never asked anything, since that would use it up.
 *  2. Names are unique; a place without a name holds data key 0.
 */
#ifndef LATCHKEY_DOMAINS_SHELL_SHELF_H
#define LATCHKEY_DOMAINS_SHELL_SHELF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/abi.h"

#define SHELF_NODES 4u
#define SHELF_PLACES (SHELF_NODES * NODE_SLOTS)
#define SHELF_NAME_BYTES 24u
#define SHELF_NONE SHELF_PLACES

enum shell_slot {
    SLOT_SHELF = 0,   /* 0..3: the nodes */
    SLOT_TARGET = 4,  /* the key that is called */
    SLOT_SEND = 5,    /* 5, 6, 7: keys that are sent */
    SLOT_GOT = 8,     /* 8, 9, 10: keys that came */
    SLOT_DISCRIM = 11
};

/* How a key is known. */
enum shelf_kind { SHELF_OTHER, SHELF_DATA, SHELF_RESUME };

/* shelf_begin - name the keys that lie there from the start, by a text with a name a line; lines
 * that begin with '#' are none, and "-" leaves a place without. */
void shelf_begin(const char *text, size_t size_bytes);
/* shelf_find - the place of a name; SHELF_NONE: there is none. */
unsigned shelf_find(const char *name);
/* shelf_put - name the key in a slot; a key of that name is replaced. Returns NULL, or what is
 * wrong. */
const char *shelf_put(const char *name, unsigned slot);
/* shelf_put_some - the same under a name that is free: k1, k2, ... Returns the place; SHELF_NONE:
 * no place is free. */
unsigned shelf_put_some(unsigned slot);
/* shelf_take - a copy of the key in a place into a slot. */
void shelf_take(unsigned place, unsigned slot);
void shelf_drop(unsigned place);

/* What is known of a place: its name, NULL if it is empty; what its key is; its answer to
 * ORDER_TYPE, or the number of a data key. */
const char *shelf_name(unsigned place);
enum shelf_kind shelf_kind(unsigned place);
uint64_t shelf_value(unsigned place);

/* key_look - what the key in a slot is, as above, without naming it. */
enum shelf_kind key_look(unsigned slot, uint64_t *value);
/* key_describe - that as text. */
void key_describe(enum shelf_kind kind, uint64_t value, char text[64]);

#endif
