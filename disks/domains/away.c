/* SPDX-License-Identifier: GPL-2.0-or-later */
/* away.c - looks at two pages whose disk comes and goes, and tells what it finds; after each step
 * it waits for a checkpoint. It counts in the first page, and leaves the second as it is once it
 * has marked it. Keys: 0 a node with keys to the pages in slots 0 and 1, 2 checkpoint; console. */
#include <stdio.h>

#include "disks/domains/rt/interface.h"
#include "disks/domains/rt/slots.h"

enum away_slot { SLOT_BOX = 0, SLOT_CHECKPOINT = 2, SLOT_PAGE = 3 };

#define MARK 77u

/* The page whose key is in this slot of the node, and the number that it holds. */
static uint64_t page_look(unsigned index, uint64_t *number)
{
    const uint64_t where[2] = {0, sizeof(*number)};
    size_t size_bytes = sizeof(*number);
    *number = 0;
    uint64_t code = node_fetch(SLOT_BOX, index, SLOT_PAGE);
    return code ? code : key_order_string(SLOT_PAGE, PAGE_READ, where, sizeof(where), number,
                                          &size_bytes);
}

static uint64_t page_put(uint64_t number)
{
    return key_order_string(SLOT_PAGE, PAGE_WRITE, &number, sizeof(number), NULL, NULL);
}

/* KT + n as -n, so that it is one number whatever it is. */
static int told(uint64_t code)
{
    return code >= KT ? -(int)(code - KT) : (int)code;
}

int domain_main(uint64_t argument_0, uint64_t argument_1)
{
    uint64_t count, mark, generation = 0;
    (void)argument_0;
    (void)argument_1;
    for (unsigned step = 1;; step++) {
        uint64_t first = page_look(0, &count);
        if (first == RC_OK)
            first = page_put(++count);
        uint64_t second = page_look(1, &mark);
        if (second == RC_OK && mark == 0)
            second = page_put(MARK);
        printf("step %u: count %u code %d, mark %u code %d\n", step, (unsigned)count, told(first),
               (unsigned)mark, told(second));
        if (checkpoint_force(SLOT_CHECKPOINT, &generation) == RC_OK)
            (void)checkpoint_wait(SLOT_CHECKPOINT, generation);
    }
}
