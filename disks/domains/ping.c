/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ping.c - calls pong a number of times and checks every answer, then powers off. Argument: how many calls.
 * Keys: 0 pong, console, power. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "disks/domains/rt/key.h"
#include "disks/domains/rt/slots.h"

#define SLOT_PONG 0u

/* A string goes there and comes back with every byte one more. */
static int string_round_trip(void)
{
    static const char text[] = "HAL";
    char answer[8] = {0};
    size_t answer_bytes = sizeof(answer);
    uint64_t code = key_order_string(SLOT_PONG, 7, text, 3, answer, &answer_bytes);
    return code == 8 && answer_bytes == 3 && memcmp(answer, "IBM", 3) == 0;
}

int domain_main(uint64_t rounds, uint64_t argument_1)
{
    (void)argument_1;
    uint64_t bad = 0;
    printf("ping: %lu calls\n", rounds);
    for (uint64_t i = 0; i < rounds; i++)
        if (key_order(SLOT_PONG, i) != i + 1)
            bad++;
    if (!string_round_trip())
        bad++;
    printf("ping: %lu bad answers\n", bad);
    (void)key_order_word(SLOT_POWER, POWER_OFF_ORDER, bad != 0, NULL);
    return 0;
}
