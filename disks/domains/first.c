/* SPDX-License-Identifier: GPL-2.0-or-later */
/* first.c - the smallest program: a line on the console, then power off. Keys: console, power. */
#include <stdio.h>

#include "disks/domains/rt/key.h"
#include "disks/domains/rt/slots.h"

int domain_main(uint64_t argument, uint64_t argument_1)
{
    (void)argument;
    (void)argument_1;
    printf("hello from the first domain\n");
    (void)key_order_word(SLOT_POWER, POWER_OFF_ORDER, 0, NULL);
    return 0;
}
