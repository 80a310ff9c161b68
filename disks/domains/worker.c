/* SPDX-License-Identifier: GPL-2.0-or-later */
/* worker.c - uses all the processor time that it can get, and counts. No keys. */
#include "disks/domains/rt/key.h"

static struct {
    volatile uint64_t count;
} worker;

int domain_main(uint64_t argument_0, uint64_t argument_1)
{
    (void)argument_0;
    (void)argument_1;
    for (;;)
        worker.count++;
}
