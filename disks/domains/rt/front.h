/* SPDX-License-Identifier: GPL-2.0-or-later */
/* front.h - objects behind front end keys: one domain serves many objects, each of which is a node.
 *
 * Who calls a front end key calls the node's keeper, here a start key of the serving domain; the
 * kernel adds the node's key as the third one. What the object is stands in the node's other slots.
 * Nobody but the serving domain gets the node's key, and destroying the node ends the object.
 */
#ifndef LATCHKEY_DOMAINS_FRONT_H
#define LATCHKEY_DOMAINS_FRONT_H

#include "disks/domains/rt/interface.h"

#define FRONT_KEEPER_SLOT 14u
/* The number of the format key: nothing but a keeper (abi.h, RED_*). */
#define FRONT_FORMAT                                                                               \
    ((uint64_t)RED_NO_SLOT << 20 | (uint64_t)RED_NO_SLOT << 16 | FRONT_KEEPER_SLOT << 12 |         \
     SIZE_CODE_MIN)
#define FRONT_NODE 2u /* which key of a message is the node's */

/* front_make - make a node into an object: its keeper and its format, then a key to it.
 *
 * node      the node's key; keeper: start key of the serving domain; format: data key FRONT_FORMAT.
 * receive   gets the front end key.
 * Returns   a return code.
 */
static inline uint64_t front_make(unsigned node, unsigned keeper, unsigned format, unsigned receive)
{
    uint64_t code = node_swap(node, FRONT_KEEPER_SLOT, keeper, SLOT_NONE);
    if (code == RC_OK)
        code = node_swap(node, RED_FORMAT_SLOT, format, SLOT_NONE);
    return code == RC_OK ? node_make_front_end(node, receive) : code;
}

#endif
