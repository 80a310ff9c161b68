/* SPDX-License-Identifier: GPL-2.0-or-later */
/* calendar.h - dates of the Gregorian calendar from nanoseconds since 1970-01-01 UTC. */
#ifndef LATCHKEY_DOMAINS_CALENDAR_H
#define LATCHKEY_DOMAINS_CALENDAR_H

#include <stdint.h>

#define CALENDAR_TEXT_BYTES 72u /* for any 64-bit fields, as the compiler wants it */

/* calendar_text - "2026-01-31 12:00:00 UTC"; years have as many digits as they need. */
void calendar_text(uint64_t ns, char text[CALENDAR_TEXT_BYTES]);

#endif
