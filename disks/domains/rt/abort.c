/* SPDX-License-Identifier: GPL-2.0-or-later */
/* abort.c - where a failed assertion ends: in a breakpoint, which is for the domain's keeper. */
#include <stdlib.h>

_Noreturn void abort(void)
{
    for (;;)
        __asm__ volatile("ebreak");
}
