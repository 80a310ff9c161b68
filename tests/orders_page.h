/* SPDX-License-Identifier: GPL-2.0-or-later */
/* orders_page.h - the page kernel/orders.md: what is in the table kernel/orders.h comes from there,
 * what is in words from the page itself. */
#ifndef LATCHKEY_TESTS_ORDERS_PAGE_H
#define LATCHKEY_TESTS_ORDERS_PAGE_H

#include <stdio.h>

/* orders_page_write - the whole page anew. old: its text; "?" stands where that has no words for an
 * order of the table. */
void orders_page_write(FILE *file, const char *old);

#endif
