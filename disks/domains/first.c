/* SPDX-License-Identifier: GPL-2.0-or-later */
/* first.c - the smallest program: a line on the console, then power off. Keys: console, power. */
#include <stdio.h>

#include "disks/domains/rt/interface.h"
#include "disks/domains/rt/slots.h"

int domain_main(uint64_t argument_0, uint64_t argument_1)
{
    (void)argument_0;
    (void)argument_1;
    printf("hello from the first domain\n");
    (void)power_off(SLOT_POWER, 0);
    return 0;
}
