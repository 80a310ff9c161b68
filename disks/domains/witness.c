/* SPDX-License-Identifier: GPL-2.0-or-later */
/* witness.c - knows what its memory and its keys must be, looks at them all the time, and traps
 * when they are not: for power-fail campaigns, which find by it what is wrong inside a state that
 * is whole. Both ends of each page at MEMORY count the rounds. A key to a page that was severed
 * must stay void, and the key to what the page is since must not. Argument: pages. Keys: 0 a range
 * of pages; console. */
#include <stdio.h>

#include "disks/domains/rt/interface.h"
#include "disks/domains/rt/slots.h"

enum witness_slot { SLOT_PAGES = 0, SLOT_SEVERED = 1, SLOT_KEPT = 2 };

#define MEMORY 0x50000000u
#define PAGE_WORDS 512u

static void expect(uint64_t found, uint64_t expected, const char *what, uint64_t index)
{
    if (found == expected)
        return;
    printf("witness: %s %lu: %lu, where %lu was left\n", what, (unsigned long)index,
           (unsigned long)found, (unsigned long)expected);
    __builtin_trap();
}

int domain_main(uint64_t pages, uint64_t argument_1)
{
    volatile uint64_t *memory = (volatile uint64_t *)(uintptr_t)MEMORY;
    (void)argument_1;
    (void)range_create(SLOT_PAGES, 0, SLOT_SEVERED);
    (void)range_create(SLOT_PAGES, 0, SLOT_KEPT);
    for (uint64_t round = 0;; round++) {
        for (uint64_t page = 0; page < pages; page++) {
            volatile uint64_t *first = &memory[page * PAGE_WORDS], *last = first + PAGE_WORDS - 1;
            expect(*first, round, "begin of page", page);
            expect(*last, round, "end of page", page);
            *first = *last = round + 1;
        }
        expect(key_type_of(SLOT_KEPT), AKT_PAGE, "type of key", SLOT_KEPT);
        expect(key_type_of(SLOT_SEVERED) == AKT_PAGE, false, "a page behind key", SLOT_SEVERED);
    }
}
