/* SPDX-License-Identifier: GPL-2.0-or-later */
/* orders_page_main.c - prints what kernel/orders.md is to hold; see orders_page.h. */
#include "tests/orders_page.h"

int main(void)
{
    orders_page_write(stdout);
    return ferror(stdout) || fflush(stdout) != 0;
}
