/* SPDX-License-Identifier: GPL-2.0-or-later */
/* names.h - types of keys and return codes as a person reads them. */
#ifndef LATCHKEY_DOMAINS_NAMES_H
#define LATCHKEY_DOMAINS_NAMES_H

#include <stdint.h>

/* key_name - what kind of key answered ORDER_TYPE with this; NULL: a type unknown here. */
const char *key_name(uint64_t type);
/* code_name - what a return code that every key may give means; NULL: it is the key's own. */
const char *code_name(uint64_t code);

#endif
