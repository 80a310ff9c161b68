/* SPDX-License-Identifier: GPL-2.0-or-later */
/* keys.h - the functions behind the orders of the kernel's own keys; order.c dispatches to them by
 * the table of orders.h, which also says what each takes and gives.
 *
 * Each takes an invocation whose key is prepared and whose replyee's buffer is ready, and either
 * performs it (INVOKED_DONE, committed, reply set) or stalls the sender having changed nothing. */
#ifndef LATCHKEY_KERNEL_KEYS_H
#define LATCHKEY_KERNEL_KEYS_H

#include "kernel/invoke.h"
#include "kernel/orders.h"

#define ORDER_DECLARE(of, code, count, function, size, demands)                                    \
    enum invoked function(struct invocation *invocation);
#define CLASS_DECLARE(class) ORDERS_##class(ORDER_DECLARE)
ORDER_CLASSES(CLASS_DECLARE)

/* node_key - a key to a node. */
static inline struct key node_key(enum key_type type, uint8_t data_byte,
                                  const struct node_frame *node)
{
    return key_make(type, data_byte, node->object_id, node->allocation_count);
}
/* key_settle - a void key becomes data key 0. false: its object had to be fetched, the sender
 * stalled. */
MUST_CHECK bool key_settle(struct key *key);
/* timer_system_ns - system time: nanoseconds that this store's system has run, in all its lives. */
uint64_t timer_system_ns(void);
/* display_release - a page is about to become someone else's. false: it is on the screen, which is
 * being taken down; the sender stalled. */
MUST_CHECK bool display_release(const struct page_frame *page);

#endif
