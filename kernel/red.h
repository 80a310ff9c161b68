/* SPDX-License-Identifier: GPL-2.0-or-later */
/* red.h - the format key of a red segment node (abi.h, RED_*). */
#ifndef LATCHKEY_KERNEL_RED_H
#define LATCHKEY_KERNEL_RED_H

#include "kernel/object.h"

/* red_keeper - the slot with a red node's keeper; NULL: the node is no red one, or has none. */
static inline struct key *red_keeper(struct node_frame *node)
{
    const struct key *format = &node->slots[RED_FORMAT_SLOT];
    unsigned size_code = RED_SIZE_CODE(format->count);
    if (format->head != 0 || format->count >> 28 || size_code < SIZE_CODE_MIN ||
        size_code > SIZE_CODE_MAX || RED_KEEPER_SLOT(format->count) == RED_NO_SLOT)
        return NULL;
    return &node->slots[RED_KEEPER_SLOT(format->count)];
}

#endif
