/* SPDX-License-Identifier: GPL-2.0-or-later */
/* orders.h - the orders of known types of keys, by name. */
#ifndef LATCHKEY_DOMAINS_SHELL_ORDERS_H
#define LATCHKEY_DOMAINS_SHELL_ORDERS_H

#include <stdbool.h>
#include <stdint.h>

/* order_find - the code of an order that keys of a type know by this name; UINT64_MAX: of a type
 * that is not known, so only what every key knows. false: there is none. */
bool order_find(uint64_t type, const char *name, uint64_t *code);
/* orders_print - all that are known of a type; those of every key too. */
void orders_print(uint64_t type);

#endif
