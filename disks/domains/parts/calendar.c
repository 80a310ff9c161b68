/* SPDX-License-Identifier: GPL-2.0-or-later */
/* calendar.c - dates. Called by the console and by wait/. */
#include "disks/domains/parts/calendar.h"

#include <stdio.h>

#define NS_PER_SECOND 1000000000ul
#define SECONDS_PER_DAY 86400ul
#define DAYS_PER_ERA 146097u /* 400 years */

/* Counted from 0000-03-01 in eras of 400 years, so that leap days come last. */
void calendar_text(uint64_t ns, char text[CALENDAR_TEXT_BYTES])
{
    uint64_t seconds = ns / NS_PER_SECOND, second = seconds % SECONDS_PER_DAY;
    uint64_t from_march = seconds / SECONDS_PER_DAY + 719468;
    uint64_t era = from_march / DAYS_PER_ERA, day = from_march % DAYS_PER_ERA;
    uint64_t year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
    day -= 365 * year + year / 4 - year / 100;
    uint64_t month = (5 * day + 2) / 153;
    day = day - (153 * month + 2) / 5 + 1;
    month = month < 10 ? month + 3 : month - 9;
    (void)snprintf(text, CALENDAR_TEXT_BYTES, "%04lu-%02lu-%02lu %02lu:%02lu:%02lu UTC",
                   (unsigned long)(era * 400 + year + (month <= 2)), (unsigned long)month,
                   (unsigned long)day, (unsigned long)(second / 3600),
                   (unsigned long)(second / 60 % 60), (unsigned long)(second % 60));
}
