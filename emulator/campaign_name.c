/* SPDX-License-Identifier: GPL-2.0-or-later */
/* campaign_name.c - cases as words, and back. Contract: campaign_case.h. */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "devices/board.h"
#include "devices/disk.h"
#include "emulator/campaign_fault.h"

#define ORDER_MAX (1ull << 40) /* of sectors that a run writes */
#define FAULT_SECTOR_MAX (4ull << 30 >> 9) /* no image is larger */

static const char *const policy_names[CAMPAIGN_POLICY_COUNT] = {
    "keep", "drop", "prefix", "subset", "torn", "garbage", "misreport"};
static const char *const choice_names[CHOICE_COUNT] = {"mask", "requests", "lose",
                                                       "only", "draw",     "draw-requests",
                                                       "halves"};

const char *campaign_policy_name(enum campaign_policy policy)
{
    return policy < CAMPAIGN_POLICY_COUNT ? policy_names[policy] : NULL;
}

static const char *const argument_names[1 + DISK_FAULT_KINDS] = {
    [1 + DISK_FAULT_FLIP] = "bit", [1 + DISK_FAULT_MISDIRECTED] = "to"};

static bool is_prefix(const struct campaign_case *which)
{
    return which->policy == CAMPAIGN_PREFIX || which->policy == CAMPAIGN_TORN ||
           which->policy == CAMPAIGN_GARBAGE;
}

static bool is_choice(const struct campaign_case *which)
{
    return which->policy == CAMPAIGN_SUBSET || which->policy == CAMPAIGN_MISREPORT;
}

/* "apart=12-7-0-0". */
static void orders_name(const struct campaign_case *which, char *end, size_t left)
{
    for (unsigned disk = 0; disk < BOARD_DISK_COUNT_MAX; disk++) {
        int used = snprintf(end, left, "%s%" PRIu64, disk ? "-" : ",apart=", which->orders[disk]);
        assert(used > 0);
        assert((size_t)used < left);
        end += used;
        left -= (size_t)used;
    }
}

static bool orders_read(struct campaign_case *which, const char *value)
{
    char *end = NULL;
    which->apart = true;
    for (unsigned disk = 0; disk < BOARD_DISK_COUNT_MAX; disk++, value = end + 1) {
        if (*value < '0' || *value > '9')
            return false;
        which->orders[disk] = strtoull(value, &end, 10);
        if (which->orders[disk] > ORDER_MAX || *end != (disk + 1 < BOARD_DISK_COUNT_MAX ? '-' : 0))
            return false;
    }
    return true;
}

static void fault_name(const struct campaign_case *which, char *end, size_t left)
{
    const char *kind = disk_fault_name((enum disk_fault_kind)(which->fault - 1));
    int used = snprintf(end, left, ",fault=%s,on=%u", kind, which->fault_disk);
    assert(used > 0);
    assert((size_t)used < left);
    end += used;
    left -= (size_t)used;
    if (which->fault != 1 + DISK_FAULT_DEAD && argument_names[which->fault])
        (void)snprintf(end, left, ",sector=%" PRIu64 ",%s=%" PRIu64, which->fault_sector,
                       argument_names[which->fault], which->fault_argument);
    else if (which->fault != 1 + DISK_FAULT_DEAD)
        (void)snprintf(end, left, ",sector=%" PRIu64, which->fault_sector);
}

void campaign_case_name(const struct campaign_case *which, char name[CAMPAIGN_NAME_BYTES])
{
    int used = snprintf(name, CAMPAIGN_NAME_BYTES, "event=%" PRIu32 ",policy=%s", which->event,
                        campaign_policy_name(which->policy));
    assert(used > 0);
    assert(used < (int)CAMPAIGN_NAME_BYTES / 2);
    char *end = name + used;
    size_t left = CAMPAIGN_NAME_BYTES - (size_t)used;
    if (which->apart)
        orders_name(which, end, left);
    else if (which->policy == CAMPAIGN_PREFIX)
        (void)snprintf(end, left, ",disk=%u,others=%u,order=%" PRIu64, which->disk, which->others,
                       which->argument);
    else if (is_prefix(which))
        (void)snprintf(end, left, ",disk=%u,others=%u,order=%" PRIu64 ",bytes=%" PRIu32,
                       which->disk, which->others, which->argument, which->bytes);
    else if (is_choice(which))
        (void)snprintf(end, left, ",%s=%" PRIu64, choice_names[which->choice], which->argument);
    if (which->fault)
        fault_name(which, name + strlen(name), CAMPAIGN_NAME_BYTES - strlen(name));
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

/* Faults have sectors that a disk may have, and whole blocks. */
static bool fault_word_read(struct campaign_case *which, const char *word, const char *value)
{
    uint64_t number = 0;
    bool block = which->fault == 1 + DISK_FAULT_LOST || which->fault == 1 + DISK_FAULT_MISDIRECTED;
    if (strcmp(word, "fault") == 0) {
        while (which->fault < DISK_FAULT_KINDS &&
               strcmp(value, disk_fault_name((enum disk_fault_kind)which->fault)) != 0)
            which->fault++;
        return which->fault++ < DISK_FAULT_KINDS;
    }
    const char *argument = argument_names[which->fault];
    if (!which->fault || !number_read(value, FAULT_SECTOR_MAX, &number))
        return false;
    if (strcmp(word, "on") == 0 && number < BOARD_DISK_COUNT_MAX)
        which->fault_disk = (uint8_t)number;
    else if (strcmp(word, "sector") == 0 && (!block || number % CAMPAIGN_FAULT_SECTORS == 0))
        which->fault_sector = number;
    else if (argument && strcmp(word, argument) == 0 &&
             (block ? number % CAMPAIGN_FAULT_SECTORS == 0 : number < 8 * DISK_SECTOR_BYTES))
        which->fault_argument = number;
    else
        return false;
    return true;
}

static bool word_read(struct campaign_case *which, const char *word, const char *value)
{
    uint64_t number = 0;
    if (which->fault || strcmp(word, "fault") == 0)
        return fault_word_read(which, word, value);
    if (strcmp(word, "apart") == 0)
        return which->policy == CAMPAIGN_PREFIX && orders_read(which, value);
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
