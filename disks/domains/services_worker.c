/* SPDX-License-Identifier: GPL-2.0-or-later */
/* services_worker.c - takes work from a queue, for services_check.c, and puts what came of it into
 * another: a number is answered with its double and the key that came with it; with the top bit
 * set, it is microseconds to be waited before that.
 *
 * Argument 0: which alarm it is given, for the record; 1: how many it takes, 0 for no end. Keys: 0
 * queue of work, 1 queue of answers, 2 alarm. */
#include "disks/domains/rt/queue.h"
#include "disks/domains/rt/slots.h"
#include "disks/domains/rt/wait.h"

#define SLOT_WORK 0u
#define SLOT_ANSWERS 1u
#define SLOT_ALARM 2u
#define TO_BE_WAITED (1ull << 63)

int domain_main(uint64_t argument_0, uint64_t count)
{
    (void)argument_0;
    for (uint64_t done = 0; count == 0 || done < count; done++) {
        uint64_t work = 0;
        size_t size_bytes = sizeof(work);
        if (queue_take(SLOT_WORK, QUEUE_TAKE, &work, &size_bytes, SLOT_TEMPORARY) != RC_OK)
            return 0;
        if (work & TO_BE_WAITED)
            (void)wait_interval_and_wait(SLOT_ALARM, work & ~TO_BE_WAITED);
        work = 2 * (work & ~TO_BE_WAITED);
        if (queue_put(SLOT_ANSWERS, QUEUE_PUT, &work, sizeof(work), SLOT_TEMPORARY) != RC_OK)
            return 0;
    }
    return 0;
}
