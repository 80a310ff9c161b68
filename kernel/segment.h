/* SPDX-License-Identifier: GPL-2.0-or-later */
/* segment.h - segment trees: from an address key and an offset to a page.
 *
 * The rules of KeyKOS memoryc.c: a black node's size code L is in the key; slot = address nibble L;
 * a red node's (code 0) is in its format key; codes fall strictly on the way down; read-only and
 * no-call accumulate; the nearest red node with a keeper takes faults.
 */
#ifndef LATCHKEY_KERNEL_SEGMENT_H
#define LATCHKEY_KERNEL_SEGMENT_H

#include "kernel/domain.h"
#include "kernel/space.h"

struct segment_step {
    struct key *slot;
    uint8_t shift; /* the slot decides about 2^shift bytes around the address */
    uint8_t level; /* of the tables whose parts begin above the slot and do not end there */
};

/* A node adds its slot and, if it is red, its format. */
#define SEGMENT_STEPS_MAX (2u * SEGMENT_DEPTH_MAX)

struct segment_walk {
    struct page_frame *page;    /* when fault is MEMORY_OK */
    bool read_only, no_call;
    enum memory_fault fault;
    struct node_frame *red;     /* nearest red node with a keeper; NULL: none */
    struct key red_key;         /* to it, for its keeper */
    unsigned keeper_slot;
    uint64_t red_offset;        /* the address within that red segment */
    struct key *background;     /* of the nearest red node that has one; NULL: none */
    struct node_frame *window_red; /* nearest red node: local windows look into it */
    struct node_frame *leaf;    /* node whose slots are pages of addr's whole 64 KiB; NULL: none */
    unsigned leaf_slots;        /* so many of its slots count */
    bool leaf_read_only;        /* above it */
    unsigned shift_max;         /* no step decides about more: the widest window crossed */
    struct table_part parts[2]; /* of the tables of level 0 and 1 for the address */
    unsigned step_count;
    struct segment_step steps[SEGMENT_STEPS_MAX];
};

/* segment_walk - walk from key to the page at offset.
 * Returns FETCH_STALL, or else walk->fault says whether there is a page. */
enum fetch segment_walk(struct key *key, uint64_t offset, struct segment_walk *walk);

/* How touching an address of a domain ended. */
enum touch {
    TOUCH_DONE,
    TOUCH_STALL, /* the domain was queued */
    TOUCH_FAULT, /* walk says why; the caller decides who is told */
};

/* segment_touch - make addr of the domain accessible: find its page, build the table entry.
 * data    out: kernel address of the byte (TOUCH_DONE); NULL if not wanted. */
enum touch segment_touch(struct domain *domain, uint64_t addr, enum access access,
                         uint8_t **data, struct segment_walk *walk);

#endif
