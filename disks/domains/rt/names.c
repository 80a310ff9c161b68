/* SPDX-License-Identifier: GPL-2.0-or-later */
/* names.c - key types and return codes by their names. Called by the console and the shell. */
#include "disks/domains/rt/names.h"

#include <stddef.h>

#include "disks/domains/rt/fresh.h"
#include "disks/domains/rt/integers.h"
#include "disks/domains/rt/protocol.h"
#include "disks/domains/rt/queue.h"
#include "disks/domains/rt/wait.h"

struct type_name {
    uint64_t type;
    const char *name;
};

static const struct type_name type_names[] = {
    {AKT_SENSE, "sense key"},
    {AKT_NODE, "node"},
    {AKT_FETCH, "fetch key"},
    {AKT_METER, "meter"},
    {AKT_DOMAIN, "domain"},
    {AKT_PAGE, "page"},
    {AKT_PAGE | AKT_READ_ONLY, "page, read only"},
    {AKT_DOMAIN_TOOL, "domain tool"},
    {AKT_RETURNER, "returner"},
    {AKT_DATA_CREATOR, "data creator"},
    {AKT_DISCRIM, "discrim"},
    {AKT_TIMER, "timer"},
    {AKT_PEEK, "peek"},
    {AKT_JOURNAL, "journal"},
    {AKT_CONSOLE, "console"},
    {AKT_COMPARE, "key compare"},
    {AKT_CHECKPOINT, "checkpoint"},
    {AKT_DISPLAY, "display"},
    {AKT_INPUT, "input"},
    {AKT_POWER, "power"},
    {AKT_ERROR_LOG, "error log"},
    {AKT_NODE_RANGE, "node range"},
    {AKT_PAGE_RANGE, "page range"},
    {AKT_BANK, "space bank"},
    {AKT_BANK_TOOL, "space bank tool"},
    {AKT_CREATOR, "domain creator"},
    {AKT_CREATORS, "creator of domain creators"},
    {AKT_FRESH, "fresh segment"},
    {AKT_FRESH | AKT_READ_ONLY, "fresh segment, read only"},
    {AKT_FRESH_FACTORY, "fresh segment factory"},
    {AKT_WAIT, "alarm"},
    {AKT_INTEGERS, "integer allocator"},
    {TYPE_QUEUE, "queue"},
    {TYPE_PONG, "start key of a pong"},
    {TYPE_COUNTER, "start key of a counter"},
    {TYPE_SCREEN, "start key of a screen"},
    {TYPE_FAULTY, "start key of a domain that traps"},
    {TYPE_KEEPER, "start key of a keeper"},
    {TYPE_SHELL, "start key of a shell"},
    {TYPE_BYSTANDER, "start key of a bystander"},
};

static const struct type_name code_names[] = {
    {RC_OK, "ok"},
    {RC_DATA_KEY, "a data key, or a void one"},
    {RC_BAD_ORDER, "no such order"},
    {RC_FORMAT, "string or keys of the wrong shape"},
    {RC_NO_NODES, "no nodes"},
    {RC_NO_PAGES, "no pages"},
    {RC_READ_ONLY, "read only"},
    {RC_NOT_YET, "not available yet"},
    {RC_DEVICE, "the device failed or is absent"},
    {RC_RESTARTED, "the system restarted meanwhile"},
    {RC_NOT_THERE, "not there"},
};

static const char *name_find(const struct type_name *names, size_t count, uint64_t type)
{
    for (size_t i = 0; i < count; i++)
        if (names[i].type == type)
            return names[i].name;
    return NULL;
}

const char *key_name(uint64_t type)
{
    const char *name = name_find(type_names, sizeof(type_names) / sizeof(type_names[0]), type);
    if (!name && (type & 0xff) == AKT_SEGMENT && type >> 16 == 0)
        return type & AKT_READ_ONLY ? "segment, read only" : "segment";
    return name;
}

const char *code_name(uint64_t code)
{
    return name_find(code_names, sizeof(code_names) / sizeof(code_names[0]), code);
}
