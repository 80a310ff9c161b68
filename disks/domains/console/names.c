/* SPDX-License-Identifier: GPL-2.0-or-later */
/* names.c - key types by their names. Called by commands.c. */
#include <stddef.h>

#include "disks/domains/console/commands.h"
#include "disks/domains/rt/protocol.h"
#include "kernel/abi.h"

struct type_name {
    uint32_t type;
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
    {TYPE_PONG, "start key of a pong"},
    {TYPE_COUNTER, "start key of a counter"},
    {TYPE_SCREEN, "start key of a screen"},
    {TYPE_FAULTY, "start key of a domain that traps"},
    {TYPE_KEEPER, "start key of a keeper"},
    {TYPE_BYSTANDER, "start key of a bystander"},
};

const char *key_name(uint64_t type)
{
    for (size_t i = 0; i < sizeof(type_names) / sizeof(type_names[0]); i++)
        if (type_names[i].type == type)
            return type_names[i].name;
    if ((type & 0xff) == AKT_SEGMENT && type >> 16 == 0)
        return type & AKT_READ_ONLY ? "segment, read only" : "segment";
    return "of a type unknown here";
}
