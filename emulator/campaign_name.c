/* SPDX-License-Identifier: GPL-2.0-or-later */
/* campaign_name.c - cases as words, and back. Contract: campaign_case.h. */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "devices/board.h"
#include "devices/disk.h"
#include "emulator/campaign_case.h"

static const char *const policy_names[CAMPAIGN_POLICY_COUNT] = {
    "keep", "drop", "prefix", "subset", "torn", "garbage", "misreport"};
static const char *const choice_names[CHOICE_COUNT] = {"mask", "requests", "lose",
                                                       "only", "draw",     "draw-requests"};

const char *campaign_policy_name(enum campaign_policy policy)
{
    return policy < CAMPAIGN_POLICY_COUNT ? policy_names[policy] : NULL;
}

static bool is_prefix(const struct campaign_case *which)
{
    return which->policy == CAMPAIGN_PREFIX || which->policy == CAMPAIGN_TORN ||
           which->policy == CAMPAIGN_GARBAGE;
}

static bool is_choice(const struct campaign_case *which)
{
    return which->policy == CAMPAIGN_SUBSET || which->policy == CAMPAIGN_MISREPORT;
}

void campaign_case_name(const struct campaign_case *which, char name[CAMPAIGN_NAME_BYTES])
{
    int used = snprintf(name, CAMPAIGN_NAME_BYTES, "event=%" PRIu32 ",policy=%s", which->event,
                        campaign_policy_name(which->policy));
    assert(used > 0);
    assert(used < (int)CAMPAIGN_NAME_BYTES / 2);
    char *end = name + used;
    size_t left = CAMPAIGN_NAME_BYTES - (size_t)used;
    if (is_prefix(which) && which->policy == CAMPAIGN_PREFIX)
        (void)snprintf(end, left, ",disk=%u,others=%u,order=%" PRIu64, which->disk, which->others,
                       which->argument);
    else if (is_prefix(which))
        (void)snprintf(end, left, ",disk=%u,others=%u,order=%" PRIu64 ",bytes=%" PRIu32,
                       which->disk, which->others, which->argument, which->bytes);
    else if (is_choice(which))
        (void)snprintf(end, left, ",%s=%" PRIu64, choice_names[which->choice], which->argument);
}

static bool number_read(const char *text, uint64_t max, uint64_t *number)
{
    char *end;
    if (*text < '0' || *text > '9')
        return false;
    *number = strtoull(text, &end, 10);
    return *end == '\0' && *number <= max;
}

static bool name_find(const char *const *names, unsigned count, const char *word, uint8_t *found)
{
    for (unsigned i = 0; i < count; i++)
        if (strcmp(names[i], word) == 0) {
            *found = (uint8_t)i;
            return true;
        }
    return false;
}

static bool word_read(struct campaign_case *which, const char *word, const char *value)
{
    uint64_t number = 0;
    if (strcmp(word, "policy") == 0)
        return name_find(policy_names, CAMPAIGN_POLICY_COUNT, value, &which->policy);
    if (!number_read(value, UINT64_MAX, &number))
        return false;
    if (strcmp(word, "event") == 0 && number <= UINT32_MAX)
        which->event = (uint32_t)number;
    else if (strcmp(word, "disk") == 0 && number < BOARD_DISK_COUNT_MAX)
        which->disk = (uint8_t)number;
    else if (strcmp(word, "others") == 0 && number <= 1)
        which->others = number != 0;
    else if (strcmp(word, "order") == 0)
        which->argument = number;
    else if (strcmp(word, "bytes") == 0 && number < DISK_SECTOR_BYTES)
        which->bytes = (uint32_t)number;
    else if (name_find(choice_names, CHOICE_COUNT, word, &which->choice))
        which->argument = number;
    else
        return false;
    return true;
}

/* A case is its name and nothing else, so what reads back differently was none. */
bool campaign_case_parse(const char *name, struct campaign_case *which, struct error *error)
{
    char words[CAMPAIGN_NAME_BYTES], again[CAMPAIGN_NAME_BYTES], *rest = words;
    *which = (struct campaign_case){0};
    bool good = strlen(name) < sizeof(words);
    (void)snprintf(words, sizeof(words), "%s", name);
    while (good && rest) {
        char *word = strsep(&rest, ",");
        char *value = strchr(word, '=');
        if (value)
            *value++ = '\0';
        good = value && word_read(which, word, value);
    }
    if (good)
        campaign_case_name(which, again);
    if (good && strcmp(again, name) == 0)
        return true;
    return error_set(error, ERROR_USAGE, "case %.100s: not the name of a case", name);
}
