/* SPDX-License-Identifier: GPL-2.0-or-later */
/* check.c - claims of test domains. Called by programs whose names end in _check. */
#include "disks/domains/rt/check.h"

#include <stdio.h>

#include "disks/domains/rt/interface.h"
#include "disks/domains/rt/slots.h"

#define WRONG_PRINTED_MAX 40u

static struct {
    uint64_t tried, wrong;
    const char *note;
    uint64_t note_value;
} check;

static bool wrong_begin(int line)
{
    if (++check.wrong > WRONG_PRINTED_MAX)
        return false;
    if (check.note)
        printf(check.note, check.note_value);
    check.note = NULL;
    printf("wrong: line %d: ", line);
    return true;
}

bool check_claim(const char *text, int line, bool claim)
{
    check.tried++;
    if (!claim && wrong_begin(line))
        printf("%s\n", text);
    return claim;
}

bool check_code(const char *text, int line, uint64_t expected, uint64_t code)
{
    check.tried++;
    if (code != expected && wrong_begin(line))
        printf("%s: 0x%lx, not 0x%lx\n", text, code, expected);
    return code == expected;
}

void check_note(const char *format, uint64_t value)
{
    check.note = format;
    check.note_value = value;
}

void check_end(const char *name)
{
    printf("%s: %lu claims, %lu wrong\n", name, check.tried, check.wrong);
    (void)power_off(SLOT_POWER, check.wrong != 0);
}
