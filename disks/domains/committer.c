/* SPDX-License-Identifier: GPL-2.0-or-later */
/* committer.c - changes a page and commits it to the journal, as often as argument 0 says, then
 * says that it has done so: one of many who do that at the same time (bench/store_bench.c). Keys:
 * 0 the page, 1 journal; console. */
#include "disks/domains/rt/interface.h"
#include "disks/domains/rt/slots.h"

enum committer_slot { SLOT_PAGE = 0, SLOT_JOURNAL = 1 };

int domain_main(uint64_t steps, uint64_t argument_1)
{
    (void)argument_1;
    for (uint64_t step = 1; step <= steps; step++) {
        uint64_t code =
            key_order_string(SLOT_PAGE, PAGE_WRITE, &step, sizeof(step), NULL, NULL);
        if (code == RC_OK)
            code = journal_write(SLOT_JOURNAL, SLOT_PAGE);
        if (code != RC_OK)
            return 1;
    }
    (void)console_write(SLOT_CONSOLE, "\a", 1);
    return 0;
}
