/* SPDX-License-Identifier: GPL-2.0-or-later */
/* campaign_numbers.h - a heap of numbers, and how many of them are different. Used by
 * campaign_result.c and campaign_report.c. */
#ifndef LATCHKEY_EMULATOR_CAMPAIGN_NUMBERS_H
#define LATCHKEY_EMULATOR_CAMPAIGN_NUMBERS_H

#include <stddef.h>
#include <stdint.h>

struct campaign_numbers { /* zeroed: none */
    uint64_t *list;
    size_t count, capacity;
};

/* campaign_numbers_add - one more. */
void campaign_numbers_add(struct campaign_numbers *numbers, uint64_t number);
/* campaign_numbers_distinct - how many are different; they are sorted afterwards. */
uint64_t campaign_numbers_distinct(struct campaign_numbers *numbers);
void campaign_numbers_finish(struct campaign_numbers *numbers);

#endif
