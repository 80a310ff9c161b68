/* SPDX-License-Identifier: GPL-2.0-or-later */
/* order.h - finding the function behind an order; see orders.h for the table. */
#ifndef LATCHKEY_KERNEL_ORDER_H
#define LATCHKEY_KERNEL_ORDER_H

#include "kernel/invoke.h"
#include "kernel/orders.h"

struct order {
    enum invoked (*perform)(struct invocation *invocation);
    uint32_t types; /* set of key types that know it */
    uint32_t first : 14, last : 14;
    uint32_t words : 2; /* the string has at least so many */
    uint32_t needs : 2; /* CHANGES, LOADS */
};

/* order_find - the row of a key type's order; NULL: it has no such order. */
const struct order *order_find(enum key_type key_type, uint64_t code);
/* order_invoke - carry out an order on a kernel key. */
enum invoked order_invoke(struct invocation *invocation);

#endif
