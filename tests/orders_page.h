/* SPDX-License-Identifier: GPL-2.0-or-later */
/* orders_page.h - the page kernel/orders.md, written from the table kernel/orders.h. */
#ifndef LATCHKEY_TESTS_ORDERS_PAGE_H
#define LATCHKEY_TESTS_ORDERS_PAGE_H

#include <stdio.h>

/* orders_page_write - the whole page. */
void orders_page_write(FILE *file);

#endif
