/* SPDX-License-Identifier: GPL-2.0-or-later */
/* full.c - changes pages and nodes until there is no space for more, says so, and goes on: what it
 * wrote is there, and what has changed may change again. Powers off with code 0 if so. Keys: 0 a
 * range of pages, 1 a range of nodes, 4 data-creator; console, power. */
#include <stdio.h>

#include "disks/domains/rt/interface.h"
#include "disks/domains/rt/slots.h"

enum full_slot { SLOT_PAGES = 0, SLOT_NODES = 1, SLOT_OBJECT = 2, SLOT_VALUE = 3,
                 SLOT_CREATOR = 4 };

static uint64_t page_write(uint64_t index, uint64_t word)
{
    uint64_t code = range_make(SLOT_PAGES, index, SLOT_OBJECT);
    if (code != RC_OK)
        return code;
    return key_order_string(SLOT_OBJECT, PAGE_WRITE, &word, sizeof(word), NULL, NULL);
}

static uint64_t page_read(uint64_t index)
{
    const uint64_t where[2] = {0, sizeof(uint64_t)};
    uint64_t word = 0;
    size_t size_bytes = sizeof(word);
    if (range_make(SLOT_PAGES, index, SLOT_OBJECT) == RC_OK)
        (void)key_order_string(SLOT_OBJECT, PAGE_READ, where, sizeof(where), &word, &size_bytes);
    return word;
}

static uint64_t node_write(uint64_t index)
{
    uint64_t code = range_make(SLOT_NODES, index, SLOT_OBJECT);
    if (code != RC_OK)
        return code;
    (void)data_create_number(SLOT_CREATOR, index, SLOT_VALUE);
    return node_swap(SLOT_OBJECT, 3, SLOT_VALUE, SLOT_NONE);
}

static const char *code_name(uint64_t code)
{
    if (code == RC_NO_PAGES)
        return "no space for pages";
    if (code == RC_NO_NODES)
        return "no space for nodes";
    return code == RC_NOT_THERE ? "no more of them" : "?";
}

int domain_main(uint64_t argument_0, uint64_t argument_1)
{
    uint64_t pages = 0, nodes = 0, code, wrong = 0;
    (void)argument_0;
    (void)argument_1;
    printf("it begins\n"); /* what this needs has then changed, and may change again */
    while ((code = page_write(pages, pages + 1)) == RC_OK)
        pages++;
    printf("pages: %s\n", code_name(code));
    while ((code = node_write(nodes)) == RC_OK)
        nodes++;
    printf("nodes: %s\n", code_name(code));
    printf("create: %s\n", code_name(range_create(SLOT_PAGES, pages, SLOT_OBJECT)));
    for (uint64_t index = 0; index < pages; index++)
        wrong += page_read(index) != index + 1;
    printf("%llu pages and %llu nodes, %llu wrong\n", (unsigned long long)pages,
           (unsigned long long)nodes, (unsigned long long)wrong);
    return (int)power_off(SLOT_POWER, pages == 0 || wrong);
}
