/* SPDX-License-Identifier: GPL-2.0-or-later */
/* check.h - for domains that test other domains: claims, counted; the wrong ones are printed on the
 * console. Keys: console in SLOT_CONSOLE, power in SLOT_POWER. */
#ifndef LATCHKEY_DOMAINS_CHECK_H
#define LATCHKEY_DOMAINS_CHECK_H

#include <stdbool.h>
#include <stdint.h>

/* CHECK - the expression is true. CHECK_CODE - a call gives this code; both are printed if not. */
#define CHECK(claim) check_claim(#claim, __LINE__, (claim))
#define CHECK_CODE(expected, call) check_code(#call, __LINE__, (expected), (call))

/* check_claim, check_code - what CHECK and CHECK_CODE call. True if it was so. */
bool check_claim(const char *text, int line, bool claim);
/* check_code - see above. */
bool check_code(const char *text, int line, uint64_t expected, uint64_t code);
/* check_note - what is being tried now: printed before the next wrong claim. */
void check_note(const char *format, uint64_t value);
/* check_end - say how many claims were tried and wrong, and power off: exit code 0 if none was
 * wrong. */
void check_end(const char *name);

#endif
