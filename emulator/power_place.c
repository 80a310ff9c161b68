/* SPDX-License-Identifier: GPL-2.0-or-later */
/* power_place.c - see power_place.h. */
#include "emulator/power_place.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/machine.h"

#define TEXT_BYTES 128u

static bool number_read(const char *text, uint64_t *number)
{
    char *end;
    errno = 0;
    if (*text < '0' || *text > '9')
        return false;
    *number = strtoull(text, &end, 10);
    return errno == 0 && *end == '\0';
}

static bool phase_read(char *text, struct power_place *place)
{
    char *plus = strchr(text, '+');
    if (plus)
        *plus++ = '\0';
    place->kind = POWER_PLACE_PHASE;
    return machine_phase_find(text, &place->phase) &&
           (!plus || number_read(plus, &place->count));
}

static bool where_read(char *text, struct power_place *place)
{
    if (strncmp(text, "phase=", 6) == 0)
        return phase_read(text + 6, place);
    if (strncmp(text, "insn=", 5) == 0) {
        place->kind = POWER_PLACE_INSTRUCTIONS;
        return number_read(text + 5, &place->count);
    }
    if (strncmp(text, "disk", 4) != 0 || strncmp(text + 4 + (text[4] != '\0'), ".write=", 7) != 0)
        return false;
    place->kind = POWER_PLACE_WRITE;
    place->disk = (unsigned)(text[4] - '0');
    return text[4] >= '0' && place->disk < BOARD_DISK_COUNT_MAX &&
           number_read(text + 12, &place->count) && place->count > 0;
}

static bool how_read(const char *word, struct power_cut *cut)
{
    if (strncmp(word, "seed=", 5) == 0)
        return number_read(word + 5, &cut->seed);
    if (strncmp(word, "policy=", 7) != 0)
        return false;
    for (unsigned policy = 0; policy < POWER_POLICY_COUNT; policy++)
        if (strcmp(word + 7, power_policy_name((enum power_policy)policy)) == 0) {
            cut->policy = (enum power_policy)policy;
            return true;
        }
    return false;
}

bool power_place_parse(const char *text, struct power_place *place, struct error *error)
{
    char words[TEXT_BYTES], *rest = words;
    *place = (struct power_place){.cut = {.policy = POWER_DROP}};
    bool good = strlen(text) < sizeof(words);
    (void)snprintf(words, sizeof(words), "%s", text);
    good = good && where_read(strsep(&rest, ","), place);
    while (good && rest)
        good = how_read(strsep(&rest, ","), &place->cut);
    return good ||
           error_set(error, ERROR_USAGE,
                     "--power-cut %.80s: expected insn=N, phase=NAME[+WRITES] or diskN.write=N, "
                     "and ,policy=keep|drop|prefix|subset|torn ,seed=N", text);
}
