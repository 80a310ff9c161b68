/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ping.c - calls pong a number of times and checks every answer, then a string and keys, and powers
 * off: with code 0 if all was right. What it prints is the same on every machine. Argument: how
 * many calls. Keys: 0 pong, 1 number 17, power, console. */
#include <stdio.h>
#include <string.h>

#include "disks/domains/rt/interface.h"
#include "disks/domains/rt/slots.h"

#define SLOT_PONG 0u
#define SLOT_NUMBER 1u
#define NUMBER 17u

/* A string goes there and comes back with every byte one more. */
static bool string_comes_back(void)
{
    static const char text[] = "HAL";
    char answer[8] = {0};
    size_t answer_bytes = sizeof(answer);
    uint64_t code = key_order_string(SLOT_PONG, 7, text, 3, answer, &answer_bytes);
    return code == 8 && answer_bytes == 3 && memcmp(answer, "IBM", 3) == 0;
}

/* A key goes there and back, into another slot, and is what it was. */
static bool key_comes_back(void)
{
    uint64_t number = 0;
    return key_order_keys(SLOT_PONG, 1, SLOT_NUMBER, SLOT_TEMPORARY) == 2 &&
           number_read(SLOT_TEMPORARY, &number) == RC_DATA_KEY && number == NUMBER;
}

int domain_main(uint64_t rounds, uint64_t argument_1)
{
    (void)argument_1;
    uint64_t bad = 0;
    printf("ping: %lu calls\n", rounds);
    for (uint64_t i = 0; i < rounds; i++)
        if (key_order(SLOT_PONG, i) != i + 1)
            bad++;
    bad += !string_comes_back();
    bad += !key_comes_back();
    printf("ping: %lu bad answers\n", bad);
    (void)power_off(SLOT_POWER, bad != 0);
    return 0;
}
