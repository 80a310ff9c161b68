/* SPDX-License-Identifier: GPL-2.0-or-later */
/* campaign_numbers.c - see campaign_numbers.h. */
#include "emulator/campaign_numbers.h"

#include <stdlib.h>

#include "emulator/base/memory.h"

void campaign_numbers_add(struct campaign_numbers *numbers, uint64_t number)
{
    numbers->list = memory_grow(numbers->list, numbers->count, &numbers->capacity,
                                sizeof(*numbers->list));
    numbers->list[numbers->count++] = number;
}

static int number_order(const void *left, const void *right)
{
    const uint64_t *a = left, *b = right;
    return *a < *b ? -1 : *a > *b;
}

uint64_t campaign_numbers_distinct(struct campaign_numbers *numbers)
{
    uint64_t distinct = 0;
    if (numbers->count > 0)
        qsort(numbers->list, numbers->count, sizeof(*numbers->list), number_order);
    for (size_t i = 0; i < numbers->count; i++)
        distinct += i == 0 || numbers->list[i] != numbers->list[i - 1];
    return distinct;
}

void campaign_numbers_finish(struct campaign_numbers *numbers)
{
    free(numbers->list);
    *numbers = (struct campaign_numbers){0};
}
