/* SPDX-License-Identifier: GPL-2.0-or-later */
/* segment.h - the tree of a fresh segment: finding, adding and cutting off pages. Used by fresh/
 * main.c.
 *
 * A segment is a red node. Its first SEGMENT_SLOTS slots hold the memory: in each a page, or a node
 * key with its size code as data byte, no larger than what is in it needs. Slot SEGMENT_STATE holds
 * the key of the state node: the bank, which is the segment's own, and numbers.
 *
 * Invariants
 *  1. After every call the tree is one that the kernel can walk, and every object in it was bought
 *     from the segment's bank.
 *  2. All here knows the segment by the node key in SLOT_RED and the bank in SLOT_BANK, and uses
 *     SLOT_AT, SLOT_CHILD and SLOT_NEW.
 */
#ifndef LATCHKEY_DOMAINS_FRESH_SEGMENT_H
#define LATCHKEY_DOMAINS_FRESH_SEGMENT_H

#include "disks/domains/rt/fresh.h"

#define SEGMENT_SLOTS 12u
#define SEGMENT_STATE 12u
#define SEGMENT_KEEPER 14u

enum fresh_slot {
    SLOT_BANK_TOOL = 0, /* to verify banks */
    SLOT_SELF = 1,      /* start key of this domain with FRESH_KEEPER */
    SLOT_DATA = 2,      /* data creator */
    SLOT_DISCRIM = 3,
    SLOT_KEY = 4,       /* first key of a message */
    SLOT_NODE = 5,      /* third one: the red node, perhaps read-only */
    SLOT_RED = 6,       /* the red node with all rights */
    SLOT_STATE = 7,
    SLOT_BANK = 8,
    SLOT_AT = 9,
    SLOT_CHILD = 10,
    SLOT_NEW = 11,
    SLOT_SOURCE = 12,   /* page that is copied */
};

/* segment_span - bytes that a node of a size code spans; of SIZE_CODE_PAGE: a page. */
static inline uint64_t segment_span(unsigned size_code)
{
    return 1ull << (4 * (size_code + 1));
}

/* segment_size_code - the size code of the red node of a segment with a limit. 0: too large. */
unsigned segment_size_code(uint64_t limit);
/* segment_capacity - the highest limit of a segment whose red node has a size code. */
uint64_t segment_capacity(unsigned size_code);

/* segment_add - see that there is a page at an offset, below the capacity.
 *
 * size_code   of the red node.
 * Returns     RC_OK, the page is in SLOT_CHILD; else the bank's code: the tree may have grown by
 *             empty nodes.
 */
uint64_t segment_add(unsigned size_code, uint64_t offset);
/* segment_find - the next page at an offset or after it, into SLOT_CHILD. false: there is none. */
bool segment_find(unsigned size_code, uint64_t *offset);
/* segment_cut - free everything from an offset on, and clear what remains of the page there. */
void segment_cut(unsigned size_code, uint64_t from);

#endif
