/* SPDX-License-Identifier: GPL-2.0-or-later */
/* wait_pump.c - waits for one time and says so to wait/, which starts it again for the next.
 * Argument 0: the system time, in nanoseconds. Keys: 0 start key of wait/ with WAIT_PUMP; timer. */
#include "disks/domains/rt/slots.h"
#include "disks/domains/rt/wait.h"

#define SLOT_SERVER 0u

int domain_main(uint64_t due_ns, uint64_t argument_1)
{
    (void)argument_1;
    (void)timer_wait_until(SLOT_TIMER, due_ns);
    (void)wait_wait(SLOT_SERVER);
    return 0;
}
