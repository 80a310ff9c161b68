/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hasty.c - commits pages of others to the journal, again and again, whatever is in them: after a
 * restart they are newer than all that belongs to them. So a test sees that a workload would notice
 * (tests/campaign_workload_test.c). Argument: how many, 1..8. Keys: 0.. the pages, 8 journal. */
#include "disks/domains/rt/interface.h"

#define SLOT_JOURNAL 8u

int domain_main(uint64_t pages, uint64_t argument_1)
{
    (void)argument_1;
    for (uint64_t page = 0;; page = (page + 1) % pages)
        (void)journal_write(SLOT_JOURNAL, (unsigned)page);
}
